"""Sums of monomials over rows: of the data, and of each replicate by Poisson weights.

They are all that a stream leaves behind. Sums of two parts add up, once they are about
the same origin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, final

import numpy as np
from joblib import effective_n_jobs

from ensembles._parallel import map_members
from ensembles._typing import FloatArray, KeyArray
from ensembles.inference._large._monomials import Monomials
from ensembles.resampling._weights import POISSON_1

__all__ = ["N_FIRST", "Sums"]

# A word's upper 53 bits are the uniform number that `count_poisson` compares with.
_THRESHOLDS = np.ceil(POISSON_1 * 2.0**53).astype(np.int64)
# Rows that say where the data are.
N_FIRST = 64
# Memory that monomials of the rows of one pass may take.
_PASS_BYTES = 4 * 2**20
# Draws for which another thread is worth its start.
_DRAWS_A_THREAD = 2**21


@final
@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the rows seen so far.

    Attributes
    ----------
    origin : ndarray of shape (n_columns,)
        What columns are measured from.
    of_data, of_replicates : Monomials
        Which sums there are; those of replicates are among those of the data.
    data : ndarray of shape (n_of_data,)
        Sums over all rows, their number first.
    replicates : ndarray of shape (n_replicates, n_of_replicates)
        Sums over the rows of each replicate, their number first.
    """

    origin: FloatArray
    of_data: Monomials
    of_replicates: Monomials
    data: FloatArray
    replicates: FloatArray

    @classmethod
    def empty(
        cls, of_data: Monomials, of_replicates: Monomials, n_replicates: int
    ) -> Sums:
        """Sums over no rows, whose origin is that of the first ones to come."""
        return cls(
            np.empty(0),
            of_data,
            of_replicates,
            np.zeros(len(of_data)),
            np.zeros((n_replicates, len(of_replicates))),
        )

    @property
    def n_rows(self) -> float:
        """Number of rows."""
        return float(self.data[0])

    def with_rows(
        self,
        columns: FloatArray,
        keys: KeyArray,
        first_row: int,
        n_jobs: int | None = None,
    ) -> Sums:
        """Sums over the rows so far and these; their bits do not depend on the cut.

        But for the first rows: the median of as many as `N_FIRST` is the origin, which
        no row far outside moves away from the others.
        """
        data, replicates, origin = self.data, self.replicates, self.origin
        if not self.n_rows:
            origin = np.median(columns[:, :N_FIRST], axis=1)
        both = self.of_data.numbers_of(self.of_replicates.members)
        size = max(1, _PASS_BYTES // (8 * len(self.of_data)))
        for start in range(0, columns.shape[1], size):
            here = columns[:, start : start + size] - origin[:, None]
            values = self.of_data.values(here)
            terms = np.concatenate([data[:, None], values], axis=1)
            # Row after row, which a sum would not be.
            data = np.add.accumulate(terms, axis=1)[:, -1]
            if len(both) < len(values):
                values = values[both]
            if len(keys):
                at = first_row + start
                replicates = _added(keys, at, values, replicates, n_jobs)
        return replace(self, origin=origin, data=data, replicates=replicates)

    def about(self, origin: FloatArray) -> Sums:
        """The same sums of columns measured from another origin."""
        by = self.origin - origin
        return replace(
            self,
            origin=origin,
            data=self.of_data.moved(self.data, by),
            replicates=self.of_replicates.moved(self.replicates, by),
        )

    def plus(self, other: Sums) -> Sums:
        """Sums over the rows of both."""
        moved = other.about(self.origin)
        return replace(
            self,
            data=self.data + moved.data,
            replicates=self.replicates + moved.replicates,
        )


def _added(
    keys: KeyArray,
    first_row: int,
    values: FloatArray,
    sums: FloatArray,
    n_jobs: int | None,
) -> FloatArray:
    """Sums of all replicates with the rows added, by threads where these pay."""
    most = max(1, len(keys) * values.shape[1] // _DRAWS_A_THREAD)
    n_workers = min(effective_n_jobs(n_jobs), most)
    if n_workers == 1:
        return _add(keys, first_row, values, sums)
    tasks = [
        (part, first_row, values, of_part)
        for part, of_part in zip(
            np.array_split(keys, n_workers),
            np.array_split(sums, n_workers),
            strict=True,
        )
    ]
    results = map_members(_add, tasks, n_jobs=n_jobs, prefer="threads")
    return np.concatenate(list(results))


def _add(
    keys: KeyArray, first_row: int, values: FloatArray, sums: FloatArray
) -> FloatArray:
    """Sums of some replicates with the rows added."""
    added = sums.copy()
    _compiled().add_poisson(keys, np.uint64(first_row), _THRESHOLDS, values, added)
    return added


def _compiled() -> Any:
    """The compiled kernels, imported when they are first needed."""
    return import_module("ensembles.inference._large._kernels")
