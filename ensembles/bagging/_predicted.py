"""Rows predicted by the members that did not see them, as members come."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import hadamard

from ensembles._combine import CoveredCombiner
from ensembles._compat import take_rows
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._predict import Output
from ensembles._parallel import map_members
from ensembles._typing import BoolArray, FloatArray, IntArray, Table
from ensembles._validation import n_rows_of
from ensembles.bagging._grow import Grown
from ensembles.bagging._sampling import MemberPlan, Resample, Sampler

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

__all__ = ["HALVES", "N_GROUPS", "Predicted", "covered"]

N_GROUPS = 16
# Fifteen orthogonal halves of the groups.
HALVES = hadamard(N_GROUPS)[1:] > 0


class Predicted:
    """What members say of rows that they did not see, combined as members come.

    Parameters
    ----------
    bag : bagging estimator
        That knows its classes and rule; its members may not be there yet.
    seen : table
        The training data as members see them.
    in_groups : bool, default=False
        Whether halves of members are to be told apart.
    """

    def __init__(self, bag: BaseBag, seen: Table, *, in_groups: bool = False) -> None:
        self._bag = bag
        self._seen = seen
        self._rule = bag._rule()
        self._output: Output = bag._main_output({})
        self._n_groups = N_GROUPS if in_groups else 0
        self._all: list[CoveredCombiner] = []
        self._groups: list[list[CoveredCombiner]] = []
        self.n_members = 0

    def take(self, grown: Grown) -> Iterator[int]:
        """Take the members that have come since the last call, yielding their number.

        Parameters
        ----------
        grown : Grown
            Members so far; those taken before are the first of them.
        """
        new = slice(self.n_members, None)
        columns = zip(grown.estimators[new], grown.columns[new], strict=True)
        members = [FittedMember(*both) for both in columns]
        if not members:
            return
        if not self._all:
            self._begin(members[0])
        tasks = list(zip(members, grown.draws[new], strict=True))
        outside = partial(_outside, self._seen, self._output)
        predicted = map_members(
            outside, tasks, n_jobs=self._bag.n_jobs, prefer="threads"
        )
        for rows, arrays in predicted:
            self._add(rows, arrays)
            yield self.n_members

    def combined(self) -> list[FloatArray]:
        """Predictions, an array for each output; NaN where every member saw the row."""
        return [combiner.result() for combiner in self._all]

    def of_halves(self) -> list[list[FloatArray]]:
        """Predictions of each half of the members."""
        groups = np.array(self._groups, dtype=object).T
        return [
            [CoveredCombiner.of_all(of_output[half]).result() for of_output in groups]
            for half in HALVES
        ]

    def _begin(self, member: FittedMember) -> None:
        """Make room for outputs of the shape that a member's has."""
        shapes = [
            (n_rows_of(self._seen), *array.shape[1:])
            for array in self._output(member, take_rows(self._seen, np.arange(1)))
        ]
        self._all, *self._groups = (
            [CoveredCombiner(self._rule, shape) for shape in shapes]
            for _ in range(1 + self._n_groups)
        )

    def _add(self, rows: IntArray, arrays: list[FloatArray]) -> None:
        """Take the output of the next member."""
        takers = [self._all]
        if self._groups:
            takers.append(self._groups[self.n_members % N_GROUPS])
        for combiners in takers:
            for combiner, array in zip(combiners, arrays, strict=False):
                combiner.add(rows, array)
        self.n_members += 1


def _outside(
    X: Table,
    output: Output,
    member: FittedMember,
    draw: tuple[Sampler, Resample, MemberPlan],
) -> tuple[IntArray, list[FloatArray]]:
    """Rows that one member did not see and its output there."""
    sampler, resample, plan = draw
    in_bag = sampler.in_bag(plan, resample) > 0
    rows = np.flatnonzero(sampler.out_of_bag(in_bag))
    return rows, output(member, take_rows(X, rows)) if len(rows) else []


def covered(combined: list[FloatArray]) -> BoolArray:
    """Rows that some member predicts."""
    first = combined[0]
    return np.asarray(~np.isnan(first.reshape(len(first), -1)).any(axis=1))
