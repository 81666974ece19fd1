"""Quantiles of replicates, read from their order statistics.

Of R replicates and one value more from the same law, the k-th smallest replicate lies
above that value with probability k / (R + 1). So the p-quantile is the order statistic
number (R + 1) p, and where that is no whole number, one interpolates between two
neighbours: on the normal scale, since replicates are nearly normal in the tails
(Davison & Hinkley 1997, equation 5.8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import ndtri

from ensembles._typing import FloatArray, IntArray

__all__ = ["QUANTILE_METHODS", "ascending", "quantile", "share_below"]

# (R + 1) p of a p that was itself computed, as 1 - 0.95, misses whole numbers by this.
_ROUNDING = 1e-8


def ascending(values: FloatArray) -> FloatArray:
    """Sort, in one pass where the values are in order already."""
    in_order = bool(np.all(values[1:] >= values[:-1]))
    return values if in_order else np.sort(values)


def share_below(values: FloatArray, value: float, rounding: float = 0.0) -> float:
    """Share of ascending `values` below `value`, those within `rounding` counted half.

    A resample that holds every row once gives the estimate, but for the order of sums.
    """
    below = np.searchsorted(values, value - rounding, side="left")
    not_above = np.searchsorted(values, value + rounding, side="right")
    return float(below + not_above) / (2 * len(values))


def _normal_fraction(p: FloatArray, k: IntArray, n: int) -> FloatArray:
    """How far p lies from k / (n + 1) to (k + 1) / (n + 1) on the normal scale."""
    here, there = ndtri(k / (n + 1)), ndtri((k + 1) / (n + 1))
    return np.asarray((ndtri(p) - here) / (there - here))


def _weibull_fraction(p: FloatArray, k: IntArray, n: int) -> FloatArray:
    """How far p lies from k / (n + 1) to (k + 1) / (n + 1)."""
    return np.asarray((n + 1) * p - k)


def _linear_fraction(p: FloatArray, k: IntArray, n: int) -> FloatArray:
    """How far p lies from (k - 1) / (n - 1) to k / (n - 1)."""
    return np.asarray((n - 1) * p + 1 - k)


def _outer_position(p: FloatArray, n: int) -> FloatArray:
    """Number of the order statistic where the sample leaves room beyond its ends."""
    return np.asarray((n + 1) * p)


def _inner_position(p: FloatArray, n: int) -> FloatArray:
    """Number of the order statistic where the ends are the 0 and 1 quantiles."""
    return np.asarray((n - 1) * p + 1)


_Position = Callable[[FloatArray, int], FloatArray]
_Fraction = Callable[[FloatArray, IntArray, int], FloatArray]

# "normal" is R's package boot; "weibull" and "linear" are numpy's of these names.
QUANTILE_METHODS: Mapping[str, tuple[_Position, _Fraction]] = {
    "normal": (_outer_position, _normal_fraction),
    "weibull": (_outer_position, _weibull_fraction),
    "linear": (_inner_position, _linear_fraction),
}


def quantile(values: FloatArray, p: FloatArray, method: str = "normal") -> FloatArray:
    """Return the p-quantiles of ascending values.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Ascending, at least two. Infinite values stay at the ends.
    p : ndarray of any shape
        Probabilities in [0, 1]. One that lies beyond the outermost order statistic
        gives that order statistic.
    method : {"normal", "weibull", "linear"}, default="normal"
        "normal" takes the order statistic (n + 1) p and interpolates on the normal
        scale, "weibull" the same linearly, "linear" the order statistic
        (n - 1) p + 1 linearly, numpy's default.

    Returns
    -------
    ndarray of the shape of p
        Not a number where p is not.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997, equation 5.8.

    Examples
    --------
    With 999 replicates the 0.025-quantile is the 25th:

    >>> import numpy as np
    >>> values = np.arange(1.0, 1000.0)
    >>> float(quantile(values, np.array(0.025)))
    25.0
    """
    n = len(values)
    position_of, fraction_of = QUANTILE_METHODS[method]
    p = np.asarray(p, dtype=np.float64)
    position = position_of(p, n)
    whole = np.rint(position)
    position = np.where(np.abs(position - whole) < _ROUNDING, whole, position)
    position = np.clip(np.where(np.isnan(position), 1, position), 1, n)
    k = np.minimum(position.astype(np.intp), n - 1)
    lower, upper = values[k - 1], values[k]
    with np.errstate(invalid="ignore"):
        between = lower + fraction_of(p, k, n) * (upper - lower)
    # Next to an infinite neighbour there is no in-between: the endpoint is unbounded.
    between = np.where(np.isinf(upper), upper, between)
    between = np.where(np.isinf(lower), lower, between)
    between = np.where(position == k, lower, between)
    between = np.where(position == n, upper, between)
    return np.asarray(np.where(np.isnan(p), np.nan, between))
