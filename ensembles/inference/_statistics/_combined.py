"""Statistics made of statistics: several at once, linear in them, of distinct rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.inference._statistics._moments import Moments
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions, EachUnit
from ensembles.resampling._draws import BoundDraws

__all__ = ["OfDistinctRows", "joined", "linear"]

# Memory that columns of codes, or numbers less one row, may take at a time.
_COLUMN_BYTES = 32 * 2**20


def joined(statistics: Sequence[BoundStatistic]) -> BoundStatistic:
    """Several statistics of the same rows, on the same replicates."""
    if len(statistics) == 1:
        return statistics[0]
    moments = [one for one in statistics if isinstance(one, Moments)]
    if len(moments) == len(statistics):
        return _JoinedMoments(moments)
    return _Joined(statistics)


@final
class _JoinedMoments(Moments):
    """Functions of means of columns, with all columns in one table."""

    def __init__(self, parts: Sequence[Moments]) -> None:
        self.parts = [one.without_data() for one in parts]
        self.edges = np.cumsum([len(one.columns) for one in parts])[:-1]
        names = [name for one in parts for name in one.names]
        columns = np.concatenate([one.columns for one in parts])
        origins = [np.broadcast_to(one.origin, len(one.names)) for one in parts]
        super().__init__(columns, names, (len(names),), np.concatenate(origins))

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """The values of all, side by side."""
        means = np.split(m, self.edges, axis=-1)
        pairs = zip(self.parts, means, strict=True)
        return np.concatenate([one.finish(own, n) for one, own in pairs], axis=-1)


@final
class _Joined(BoundStatistic):
    """Any statistics of the same rows."""

    def __init__(self, parts: Sequence[BoundStatistic]) -> None:
        self.parts = parts
        self.names = [name for one in parts for name in one.names]
        self.shape = (len(self.names),)

    def estimate(self) -> FloatArray:
        """The values of all, side by side."""
        return np.concatenate([one.estimate() for one in self.parts])

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The values of all under each row of weights."""
        return np.concatenate([one.weighted(weights) for one in self.parts], axis=1)

    def numbers_held(self, bound: BoundScheme) -> int:
        """Those of the part that holds most."""
        return max(one.numbers_held(bound) for one in self.parts)

    def of_rows_drawn(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The values of all in each replicate, of the same rows."""
        values = [one.of_rows_drawn(bound, seeds) for one in self.parts]
        return np.concatenate(values, axis=1)

    def take(self, rows: IntArray) -> _Joined:
        """All of some of the rows."""
        return _Joined([one.take(rows) for one in self.parts])

    def leaves_out_at_once(self, deletions: Deletions) -> bool:
        """Where all of them do."""
        return all(one.leaves_out_at_once(deletions) for one in self.parts)

    def towards(self, deletions: EachUnit, shares: FloatArray) -> FloatArray | None:
        """The values of all with weight moved to each unit in turn."""
        values = [one.towards(deletions, shares) for one in self.parts]
        known = [one for one in values if one is not None]
        return np.concatenate(known, axis=1) if len(known) == len(values) else None

    def without(self, deletions: Deletions) -> FloatArray:
        """The values of all without each unit in turn."""
        return np.concatenate([one.without(deletions) for one in self.parts], axis=1)


def linear(
    statistic: BoundStatistic, matrix: FloatArray, names: Sequence[str]
) -> BoundStatistic:
    """Linear combinations ``matrix @ values`` of the components of a statistic."""
    shape = (len(names),) if len(names) > 1 else ()
    if isinstance(statistic, Moments):
        return _LinearMoments(statistic, matrix, names, shape)
    return _Linear(statistic, matrix, names, shape)


@final
class _LinearMoments(Moments):
    """Linear combinations of functions of means."""

    def __init__(
        self,
        of: Moments,
        matrix: FloatArray,
        names: Sequence[str],
        shape: tuple[int, ...],
    ) -> None:
        self.of = of.without_data()
        self.matrix = matrix
        origin = matrix @ np.broadcast_to(of.origin, matrix.shape[1])
        super().__init__(of.columns, names, shape, origin)

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """Combinations of the values."""
        return np.asarray(self.of.finish(m, n) @ self.matrix.T)


@final
class _Linear(BoundStatistic):
    """Linear combinations of any statistic."""

    def __init__(
        self,
        of: BoundStatistic,
        matrix: FloatArray,
        names: Sequence[str],
        shape: tuple[int, ...],
    ) -> None:
        self.of = of
        self.matrix = matrix
        self.names = names
        self.shape = shape

    def estimate(self) -> FloatArray:
        """Combinations of the values."""
        return np.asarray(self.matrix @ self.of.estimate())

    def weighted(self, weights: FloatArray) -> FloatArray:
        """Combinations under each row of weights."""
        return np.asarray(self.of.weighted(weights) @ self.matrix.T)

    def numbers_held(self, bound: BoundScheme) -> int:
        """Those of the statistic."""
        return self.of.numbers_held(bound)

    def replicates(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """Combinations in each replicate."""
        return np.asarray(self.of.replicates(bound, seeds) @ self.matrix.T)

    def of_rows_drawn(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """Combinations of the values of the very rows drawn."""
        return np.asarray(self.of.of_rows_drawn(bound, seeds) @ self.matrix.T)

    def take(self, rows: IntArray) -> _Linear:
        """The same of some of the rows."""
        return _Linear(self.of.take(rows), self.matrix, self.names, self.shape)

    def leaves_out_at_once(self, deletions: Deletions) -> bool:
        """Where the statistic does."""
        return self.of.leaves_out_at_once(deletions)

    def towards(self, deletions: EachUnit, shares: FloatArray) -> FloatArray | None:
        """Combinations with weight moved to each unit in turn."""
        values = self.of.towards(deletions, shares)
        return None if values is None else values @ self.matrix.T

    def without(self, deletions: Deletions) -> FloatArray:
        """Combinations without each unit in turn."""
        return np.asarray(self.of.without(deletions) @ self.matrix.T)


@final
class OfDistinctRows(BoundStatistic):
    """A statistic of few distinct rows, each with the number of times it stands.

    A draw of rows is then a multinomial draw of these numbers, and what a replicate
    costs hardly depends on how many rows there are. Where rows have weights of their
    own, sums of weights take the place of numbers.

    Parameters
    ----------
    statistic : BoundStatistic
        Bound to the distinct rows.
    codes : ndarray of shape (n_samples,)
        Number of the distinct row that each row is.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weight of each row.
    width : int, default=0
        Numbers that the statistic makes of each set of weights.
    """

    def __init__(
        self,
        statistic: BoundStatistic,
        codes: IntArray,
        sample_weight: FloatArray | None = None,
        width: int = 0,
    ) -> None:
        self.statistic = statistic
        self.codes = codes
        self.sample_weight = sample_weight
        self.names = statistic.names
        self.shape = statistic.shape
        self.n_distinct = int(codes.max()) + 1
        self.width = width

    def _by_code(self, sums_of: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Sums over the rows of each code, by a function that sums columns of rows.

        Columns that say which rows have a code are made for a few codes at a time.
        """
        size = max(1, _COLUMN_BYTES // (8 * len(self.codes)))
        parts = []
        for start in range(0, self.n_distinct, size):
            some = np.arange(start, min(start + size, self.n_distinct))
            columns = np.equal.outer(some, self.codes).astype(np.float64)
            if self.sample_weight is not None:
                columns *= self.sample_weight
            parts.append(sums_of(columns))
        return np.concatenate(parts, axis=1)

    def _of_data(self) -> FloatArray:
        """Number of rows of each code, or the sum of their weights."""
        sums = np.bincount(self.codes, self.sample_weight, minlength=self.n_distinct)
        return np.asarray(sums, dtype=np.float64)

    def estimate(self) -> FloatArray:
        """The statistic of the numbers in the data."""
        return np.asarray(self.statistic.weighted(self._of_data()[None])[0])

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The statistic of sums of weights."""
        return self.statistic.weighted(self._by_code(lambda c: weights @ c.T))

    def numbers_held(self, bound: BoundScheme) -> int:
        """Numbers of each distinct row, as drawn and as floats, and what they make."""
        return 2 * (self.n_distinct + self.width)

    def replicates(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The statistic of numbers drawn, where draws are independent."""
        if isinstance(bound, BoundDraws):
            return self.statistic.weighted(
                bound.code_sums(seeds, self.codes, self.sample_weight)
            )
        return self.of_rows_drawn(bound, seeds)

    def of_rows_drawn(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The statistic of the very rows drawn, with no weights in between."""
        return self.statistic.weighted(self._by_code(lambda c: bound.sums(seeds, c)))

    def take(self, rows: IntArray) -> OfDistinctRows:
        """The same of some of the rows."""
        kept, codes = np.unique(self.codes[rows], return_inverse=True)
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return OfDistinctRows(self.statistic.take(kept), codes, weight, self.width)

    def leaves_out_at_once(self, deletions: Deletions) -> bool:
        """Where rows of one code are alike, or units are few."""
        return self.sample_weight is None or deletions.n_units < len(self.codes)

    def without(self, deletions: Deletions) -> FloatArray:
        """The statistic of the numbers without each unit in turn."""
        of_data = self._of_data()
        if self.sample_weight is None and deletions.n_units == len(self.codes):
            size = max(1, _COLUMN_BYTES // (8 * (self.n_distinct + self.width)))
            values = []
            for start in range(0, self.n_distinct, size):
                some = np.arange(start, min(start + size, self.n_distinct))
                one_less = np.tile(of_data, (len(some), 1))
                one_less[np.arange(len(some)), some] -= 1
                values.append(self.statistic.weighted(one_less))
            return np.concatenate(values)[self.codes]
        if not isinstance(deletions, EachUnit):
            return self.statistic.weighted(of_data - self._by_code(deletions.sums))
        pairs = deletions.codes * self.n_distinct + self.codes
        shape = deletions.n_units, self.n_distinct
        of_units = np.bincount(pairs, self.sample_weight, shape[0] * shape[1])
        return self.statistic.weighted(of_data - of_units.reshape(shape))
