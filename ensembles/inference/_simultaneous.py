"""The level at which the intervals of several numbers hold all at once.

A resample is inside the band of level c if each of its numbers lies between the order
statistics of that level. The level at which the wanted share of resamples is inside is
the one for the intervals, by whatever method: each number is then left out as often as
every other, whatever its scale, and their dependence is that of the replicates.
"""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._levels import check_level

__all__ = ["simultaneous_level"]


def simultaneous_level(
    replicates: FloatArray,
    confidence_level: float = 0.95,
    alternative: str = "two-sided",
) -> float:
    """Return the level of single intervals that together hold with the wanted level.

    Use it for a band: points of a curve, coefficients of one model, all differences
    between models. It is sharper than Bonferroni's, as it takes the dependence between
    the numbers into account.

    Parameters
    ----------
    replicates : ndarray of shape (n_resamples, p)
        Replicates of p numbers; the numbers of one row come from one resample.
    confidence_level : float, default=0.95
        Wanted probability that all p intervals hold.
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        Which ends the intervals have.

    Returns
    -------
    float
        Between `confidence_level`, for one number, and 1.

    Raises
    ------
    ValueError
        If there are too few replicates to tell the level, with about how many to take.

    References
    ----------
    .. [1] R. Beran, "Balanced simultaneous confidence sets", Journal of the American
       Statistical Association 83(403), 679-686, 1988.
    .. [2] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997, section 4.2.4.

    Examples
    --------
    Ten independent numbers want 0.95 ** (1 / 10); ten copies of one no more than one:

    >>> import numpy as np
    >>> one = np.random.default_rng(0).normal(size=(9999, 10))
    >>> f"{simultaneous_level(one):.3f} {simultaneous_level(one[:, [0] * 10]):.3f}"
    '0.995 0.950'
    """
    check_level("simultaneous_level", confidence_level, alternative)
    if replicates.ndim != 2 or 0 in replicates.shape:
        raise ValueError(
            "replicates must have shape (n_resamples, p), neither of them 0, got "
            f"{replicates.shape}."
        )
    if not np.isfinite(replicates).all():
        raise ValueError("replicates must be finite.")
    n_sides = 2 if alternative == "two-sided" else 1
    n = len(replicates)
    # Number of resamples outside where the band ends at each order statistic.
    outside = np.cumsum(np.bincount(_depths(replicates, alternative), minlength=n + 2))
    allowed = (1 - confidence_level) * (n + 1)
    if outside[1] > allowed + 1e-8:
        fewest = int(np.ceil(outside[1] / (1 - confidence_level)))
        raise ValueError(
            f"n_resamples={n} is too few for {100 * confidence_level:.12g} % intervals "
            f"of {replicates.shape[1]} numbers at once; take about {fewest}."
        )
    k = int(np.searchsorted(outside, allowed + 1e-8, side="right")) - 1
    if k >= n // n_sides:  # nothing varies, so that nothing is ever outside
        return float(confidence_level)
    number = k + max(0.0, allowed - outside[k]) / (outside[k + 1] - outside[k])
    return max(float(confidence_level), float(1 - n_sides * number / (n + 1)))


def _depths(replicates: FloatArray, alternative: str) -> IntArray:
    """How far inside all others a resample lies in its outermost number.

    The count is of resamples at or beyond it, itself among them, shape (n_resamples,).
    An upper end fails where the estimate is too low, so it looks at low replicates.
    """
    n = len(replicates)
    depths = np.full(n, n, dtype=np.intp)
    for column in replicates.T:
        order = np.argsort(column)
        in_order = column[order]
        ends = np.append(np.flatnonzero(in_order[1:] != in_order[:-1]) + 1, n)
        n_equal = np.diff(ends, prepend=0)
        if alternative != "greater":
            at_or_below = np.repeat(ends, n_equal)
            depths[order] = np.minimum(depths[order], at_or_below)
        if alternative != "less":
            at_or_above = n - np.repeat(ends - n_equal, n_equal)
            depths[order] = np.minimum(depths[order], at_or_above)
    return depths
