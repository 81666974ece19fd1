"""Quantiles of resampled rows, by the law of their order statistics.

The k-th smallest of m rows drawn from n is the j-th smallest of the data or less if at
least k draws are, which has the probability of a binomial tail. So a replicate of a
median costs one number looked up in a table, whatever n is (Efron 1979, section 3).
"""

from __future__ import annotations

from typing import final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._statistics._base import BoundStatistic, compiled_loops
from ensembles.inference._statistics._neighbours import NeighbourLaw, neighbour_law
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions
from ensembles.resampling._draws import BoundDraws

__all__ = ["Quantile"]


@final
class Quantile(BoundStatistic):
    """The q-quantile by linear interpolation, ``numpy.quantile``'s default."""

    shape = ()

    def __init__(self, x: FloatArray, q: float, name: str) -> None:
        self.order = np.argsort(x, kind="stable")
        self.sorted = np.asarray(x, dtype=np.float64)[self.order]
        self.q = q
        self.names = [name]
        self._laws: dict[int, NeighbourLaw] = {}

    def estimate(self) -> FloatArray:
        """The quantile of the data."""
        return np.asarray(np.quantile(self.sorted, [self.q]))

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The quantile of rows that stand as often as their weights say."""
        cumulated = np.cumsum(weights[:, self.order], axis=1)
        totals = cumulated[:, -1]
        position = np.maximum(self.q * (totals - 1), 0.0)
        below = np.floor(position)
        values = np.empty((len(weights), 1))
        for i, (sums, total) in enumerate(zip(cumulated, totals, strict=True)):
            if total <= 0:
                values[i] = np.nan
                continue
            # The middle of a unit of weight, so that both tails count alike where
            # weights are no whole numbers.
            ends = np.minimum(below[i] + [0.5, 1.5], np.nextafter(total, 0))
            low, high = self.sorted[np.searchsorted(sums, ends, side="right")]
            values[i] = low + (position[i] - below[i]) * (high - low)
        return values

    def replicates(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """From the law of order statistics where rows are independent."""
        if not _are_independent(bound):
            return self.of_rows_drawn(bound, seeds)
        n_draws = int(bound.total or 0)
        if n_draws not in self._laws:
            self._laws[n_draws] = neighbour_law(len(self.sorted), n_draws, self.q)
        law = self._laws[n_draws]
        neighbours = np.empty((2, len(seeds)), dtype=np.int64)
        compiled_loops().draw_neighbours(np.asarray(seeds), law, neighbours)
        low, high = self.sorted[neighbours]
        return np.asarray(low + law.fraction * (high - low))[:, None]

    def numbers_held(self, bound: BoundScheme) -> int:
        """One value by the law, the weights of all rows otherwise."""
        return 1 if _are_independent(bound) else bound.n_samples

    def take(self, rows: IntArray) -> Quantile:
        """The quantile of some of the rows."""
        x = np.empty_like(self.sorted)
        x[self.order] = self.sorted
        return Quantile(x[rows], self.q, self.names[0])

    def leaves_out_at_once(self, deletions: Deletions) -> bool:
        """Where units are rows."""
        return deletions.n_units == len(self.sorted)

    def without(self, deletions: Deletions) -> FloatArray:
        """The quantile without each row in turn, from two neighbours in order."""
        n = len(self.sorted)
        if not self.leaves_out_at_once(deletions):
            return super().without(deletions)
        position = self.q * (n - 2)
        below = int(position)
        left_out = np.empty(n, dtype=np.intp)
        left_out[self.order] = np.arange(n)
        low = self.sorted[below + (left_out <= below)]
        above = min(below + 1, n - 2)
        high = self.sorted[above + (left_out <= above)]
        return np.asarray(low + (position - below) * (high - low))[:, None]


def _are_independent(bound: BoundScheme) -> bool:
    """Whether rows are drawn from all, each by itself."""
    return isinstance(bound, BoundDraws) and len(bound.sizes) == 1
