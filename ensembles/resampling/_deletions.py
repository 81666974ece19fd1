"""What a jackknife leaves out: the units that a scheme takes for independent.

A row, a group, or a block of neighbouring rows. A statistic of sums needs only the sums
over each unit; any other is computed on the rows that remain.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray

__all__ = ["Deletions", "EachBlock", "EachUnit"]


class Deletions(ABC):
    """Units that a jackknife leaves out in turn."""

    n_samples: int
    n_units: int
    n_independent: float
    """Number of units that would not overlap."""
    strata: IntArray | None = None
    """Stratum of each unit; None means one stratum."""

    @property
    def overlap(self) -> float:
        """In how many units a row is left out."""
        return self.n_units / self.n_independent

    def by_stratum(self, values: FloatArray) -> list[FloatArray]:
        """Values of the units, an array for each stratum."""
        if self.strata is None:
            return [values]
        return [values[self.strata == label] for label in np.unique(self.strata)]

    @abstractmethod
    def units(self) -> IntArray | None:
        """Number of each row's unit, of units that part the rows; None for rows."""

    @abstractmethod
    def sums(self, columns: FloatArray) -> FloatArray:
        """Sums of columns over the rows of each unit, shape (n_units, n_columns)."""

    @abstractmethod
    def keeps(self, unit: int) -> BoolArray:
        """Rows that remain, shape (n_samples,)."""

    @abstractmethod
    def coarsened(self, n_units: int) -> Deletions:
        """Hardly more than `n_units` units that say the same, for costly statistics."""


@final
class EachUnit(Deletions):
    """Units that part the rows: `codes` numbers the unit of each row."""

    def __init__(self, codes: IntArray, strata: IntArray | None = None) -> None:
        self.codes = codes
        self.strata = strata
        self.n_samples = len(codes)
        self.n_units = int(codes.max()) + 1
        self.n_independent = float(self.n_units)

    def units(self) -> IntArray | None:
        """Codes of the units."""
        return None if self.n_units == self.n_samples else self.codes

    def sums(self, columns: FloatArray) -> FloatArray:
        """Sums over the rows of each unit."""
        if self.n_units == self.n_samples:
            by_unit = np.empty((self.n_units, len(columns)))
            by_unit[self.codes] = columns.T
            return by_unit
        sums = [np.bincount(self.codes, column, self.n_units) for column in columns]
        return np.stack(sums, axis=1)

    def keeps(self, unit: int) -> BoolArray:
        """Rows of the other units."""
        return np.asarray(self.codes != unit)

    def coarsened(self, n_units: int) -> EachUnit:
        """Random sets of these units, the same at every call.

        Sets lie within strata, each stratum having its share of them. Where there are
        too many strata for that, sets go across.
        """
        if self.n_units <= n_units:
            return self
        order = np.random.default_rng(0).permutation(self.n_units)
        strata = np.zeros(self.n_units, dtype=np.intp)
        if self.strata is not None and 2 * len(set(self.strata)) <= n_units:
            strata = self.strata
        order = order[np.argsort(strata[order], kind="stable")]
        sizes = np.bincount(strata)
        shares = np.round(n_units * sizes / self.n_units).astype(np.intp)
        n_sets = np.minimum(np.maximum(shares, 2), sizes)
        number = np.arange(self.n_units) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        joined = np.empty(self.n_units, dtype=np.intp)
        joined[order] = number % np.repeat(n_sets, sizes)
        joined += (np.cumsum(n_sets) - n_sets)[strata]
        labels = np.repeat(np.arange(len(sizes)), n_sets)
        return EachUnit(joined[self.codes], labels if len(sizes) > 1 else None)


@final
class EachBlock(Deletions):
    """Blocks of `length` neighbouring rows that start `step` rows apart (Künsch 1989).

    A step of one row gives all blocks there are.
    """

    def __init__(self, n_samples: int, length: int, step: int = 1) -> None:
        self.n_samples = n_samples
        self.length = length
        self.step = step
        self.n_units = (n_samples - length) // step + 1
        self.n_independent = n_samples / length

    def units(self) -> IntArray | None:
        """Blocks one after another."""
        return None if self.length == 1 else np.arange(self.n_samples) // self.length

    def sums(self, columns: FloatArray) -> FloatArray:
        """Differences of cumulated sums."""
        cumulated = np.zeros((self.n_samples + 1, len(columns)))
        np.cumsum(columns.T, axis=0, out=cumulated[1:])
        blocks = cumulated[self.length :] - cumulated[: -self.length]
        return np.asarray(blocks[:: self.step])

    def keeps(self, unit: int) -> BoolArray:
        """Rows before and after the block."""
        keeps = np.ones(self.n_samples, dtype=np.bool_)
        start = unit * self.step
        keeps[start : start + self.length] = False
        return keeps

    def coarsened(self, n_units: int) -> EachBlock:
        """Blocks at a larger step."""
        step = -(-self.n_units // n_units) * self.step
        return EachBlock(self.n_samples, self.length, step)
