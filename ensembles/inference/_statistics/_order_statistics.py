"""Quantiles of resampled rows, by the law of their order statistics.

The k-th smallest of m rows drawn from n is the j-th smallest of the data or less if at
least k draws are, which has the probability of a binomial tail. So a replicate of a
median costs one number looked up in a table, whatever n is (Efron 1979, section 3).
"""

from __future__ import annotations

import math
from typing import final

import numpy as np
from scipy.special import betainc, gammaln, xlog1py, xlogy

from ensembles._random import GOLDEN, words_of
from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions
from ensembles.resampling._draws import BoundDraws

__all__ = ["Quantile"]

# Standard deviations of an order statistic that its table reaches, and ranks besides:
# near the ends of the data its law is exponential. Beyond both lies less than 2**-53.
_REACH = 12
_RANKS = 40


@final
class Quantile(BoundStatistic):
    """The q-quantile by linear interpolation, ``numpy.quantile``'s default."""

    shape = ()

    def __init__(self, x: FloatArray, q: float, name: str) -> None:
        self.order = np.argsort(x, kind="stable")
        self.sorted = np.asarray(x, dtype=np.float64)[self.order]
        self.q = q
        self.names = [name]

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
        if isinstance(bound, BoundDraws) and len(bound.plan.n_draws) == 1:
            law = _NeighbourLaw(len(self.sorted), int(bound.total), self.q)
            low, high = law.draw(np.asarray(seeds))
            low_value, high_value = self.sorted[low], self.sorted[high]
            return (low_value + law.fraction * (high_value - low_value))[:, None]
        return super().replicates(bound, seeds)

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


class _NeighbourLaw:
    """Joint law of two neighbouring order statistics of m rows drawn from n.

    Attributes
    ----------
    fraction : float
        How far the quantile lies from the first of them to the second.
    """

    def __init__(self, n_rows: int, n_draws: int, q: float) -> None:
        position = q * (n_draws - 1)
        k = int(position) + 1
        self.fraction = position - int(position)
        self.n_rows, self.n_above = n_rows, n_draws - k
        share = k / n_draws
        reach = (
            _REACH * n_rows * math.sqrt(share * (1 - share) / n_draws)
            + _RANKS * n_rows / n_draws
        )
        first = max(1, math.floor(share * n_rows - reach))
        last = min(n_rows, math.ceil(share * n_rows + reach))
        self.ranks = np.arange(first, last + 1)
        p = self.ranks / n_rows
        self.cumulated = betainc(k, n_draws - k + 1, p) if k < n_draws else p**k
        self.cumulated[-1] = 1.0
        likelihood = np.diff(self.cumulated, prepend=0.0)
        # That exactly k draws are of this rank or less: then the next ranks higher.
        log_choose = gammaln(n_draws + 1) - gammaln(k + 1) - gammaln(self.n_above + 1)
        log_exactly = log_choose + xlogy(k, p) + xlog1py(self.n_above, -p)
        with np.errstate(divide="ignore", invalid="ignore"):
            exactly = np.exp(log_exactly) * -np.expm1(k * np.log1p(-1 / self.ranks))
            self.moves_on = np.where(likelihood > 0, exactly / likelihood, 0.0)

    def draw(self, keys: KeyArray) -> tuple[IntArray, IntArray]:
        """Positions of both in the sorted data, shape (n_replicates,) each."""
        first, second, third = (_uniforms(keys, number) for number in (1, 2, 3))
        at = np.searchsorted(self.cumulated, first, side="right")
        rank = self.ranks[at]
        if not self.n_above:
            return rank - 1, rank - 1
        moves_on = (second < self.moves_on[at]) & (rank < self.n_rows)
        left = self.n_rows - rank
        # The least of n_above ranks, each equally likely among those left.
        step = np.ceil(left * -np.expm1(np.log1p(-third) / self.n_above))
        steps = np.where(moves_on, np.clip(step, 1, left), 0).astype(np.intp)
        return rank - 1, rank - 1 + steps


def _uniforms(keys: KeyArray, number: int) -> FloatArray:
    """The uniform at this place in the stream of each key."""
    words = words_of(keys + np.array([number], dtype=np.uint64) * GOLDEN)
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
