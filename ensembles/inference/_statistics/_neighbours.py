"""The joint law of two neighbouring order statistics of drawn rows, as tables."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, gammaln, xlog1py, xlogy

from ensembles._typing import FloatArray, IntArray

__all__ = ["NeighbourLaw", "neighbour_law"]

# Standard deviations of an order statistic that its table reaches, and ranks besides:
# near the ends of the data its law is exponential. Beyond both lies less than 2**-53.
_REACH = 12
_RANKS = 40
# Fine enough that a rank drawn is mostly the guide's own.
_GUIDES = 1024


class NeighbourLaw(NamedTuple):
    """Law of the k-th and the next smallest of m rows drawn from n.

    Attributes
    ----------
    fraction : float
        How far the quantile lies from the first of them to the second.
    ranks : ndarray of shape (n_ranks,)
        Ranks that the first may have in the data.
    cumulated : ndarray of shape (1, n_ranks)
        Probabilities of these ranks and lower ones.
    moves_on : ndarray of shape (n_ranks,)
        Probability that the second is of a higher rank, given the first.
    guides : ndarray of shape (1024,)
        First rank, counted from 0, whose probability exceeds ``i / 1024``.
    n_rows, n_above : int
        Rows of the data, and rows drawn above the first neighbour.
    """

    fraction: float
    ranks: IntArray
    cumulated: FloatArray
    moves_on: FloatArray
    guides: IntArray
    n_rows: int
    n_above: int


def neighbour_law(n_rows: int, n_draws: int, q: float) -> NeighbourLaw:
    """Law of the neighbours of the q-quantile of `n_draws` rows of `n_rows`."""
    position = q * (n_draws - 1)
    k = int(position) + 1
    n_above, share = n_draws - k, k / n_draws
    reach = (
        _REACH * n_rows * math.sqrt(share * (1 - share) / n_draws)
        + _RANKS * n_rows / n_draws
    )
    first = max(1, math.floor(share * n_rows - reach))
    last = min(n_rows, math.ceil(share * n_rows + reach))
    ranks = np.arange(first, last + 1)
    p = ranks / n_rows
    cumulated = betainc(k, n_above + 1, p) if n_above else p**k
    cumulated[-1] = 1.0
    likelihood = np.diff(cumulated, prepend=0.0)
    # That exactly k draws are of this rank or less: then the next ranks higher.
    log_choose = gammaln(n_draws + 1) - gammaln(k + 1) - gammaln(n_above + 1)
    log_exactly = log_choose + xlogy(k, p) + xlog1py(n_above, -p)
    with np.errstate(divide="ignore", invalid="ignore"):
        exactly = np.exp(log_exactly) * -np.expm1(k * np.log1p(-1 / ranks))
        moves_on = np.where(likelihood > 0, exactly / likelihood, 0.0)
    guides = np.searchsorted(cumulated, np.arange(_GUIDES) / _GUIDES, side="right")
    fraction = position - int(position)
    return NeighbourLaw(
        fraction, ranks, cumulated[None], moves_on, guides, n_rows, n_above
    )
