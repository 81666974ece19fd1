"""Acceleration: how fast the error of a statistic changes with its value.

For influence values l of independent samples j of n_j units each, per number,

    a = (1/6) sum_j (sum_i l_ji^3 / n_j^3) / (sum_j sum_i l_ji^2 / n_j^2)^(3/2)

which for one sample is the sixth of the skewness of the influence over sqrt(n).
Efron & Tibshirani (1993), equation 14.15; Davison & Hinkley (1997), section 5.3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ensembles._typing import FloatArray

__all__ = ["influence_acceleration", "jackknife_acceleration"]

Samples: TypeAlias = FloatArray | Sequence[FloatArray]


def influence_acceleration(influence: Samples) -> FloatArray:
    """Return the acceleration from the influence of each unit on the statistic.

    Parameters
    ----------
    influence : ndarray of shape (n,) or (n, p), or list of such arrays
        Empirical influence values of n units on one number or on p of them; a list has
        one array for each of several independent samples, or strata.

    Returns
    -------
    ndarray of shape () or (p,)
        nan for numbers that no unit has an influence on, or whose influence is not
        finite.

    References
    ----------
    .. [1] B. Efron, "Better bootstrap confidence intervals", Journal of the American
       Statistical Association 82(397), 171-185, 1987, section 7.
    .. [2] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997, section 5.3.2.

    Examples
    --------
    The influence on a mean is the distance from it:

    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 3.0, 10.0])
    >>> round(float(influence_acceleration(x - x.mean())), 4)
    0.0849
    """
    samples = influence if isinstance(influence, Sequence) else [influence]
    # One scale for all: a is free of it, and powers of huge values stay finite.
    scale = np.max([np.abs(sample).max(axis=0) for sample in samples], axis=0)
    third, second = np.zeros_like(scale), np.zeros_like(scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        for sample in samples:
            share = sample / scale / len(sample)
            third = third + (share**3).sum(axis=0)
            second = second + (share**2).sum(axis=0)
        return np.asarray(third / (6 * second**1.5))


def jackknife_acceleration(values: Samples) -> FloatArray:
    """Return the acceleration from the statistic without each unit in turn.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, p), or list of such arrays
        Entry i is the statistic, of one number or of p, without unit i; units may be
        rows or groups of rows. A list has one array for each of several independent
        samples, or strata, with the other samples whole.

    Returns
    -------
    ndarray of shape () or (p,)
        nan for numbers that no unit changes, or that have no value without one.

    References
    ----------
    .. [1] B. Efron, "Better bootstrap confidence intervals", Journal of the American
       Statistical Association 82(397), 171-185, 1987, section 7.

    Examples
    --------
    Two accelerations, one for each number; they are not mixed:

    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 3.0, 10.0])
    >>> means = np.array([np.delete(x, i).mean() for i in range(4)])
    >>> jackknife_acceleration(np.stack([means, 100 - means], axis=1)).round(4)
    array([ 0.0849, -0.0849])
    """
    samples = values if isinstance(values, Sequence) else [values]
    with np.errstate(invalid="ignore"):
        return influence_acceleration(
            [(len(t) - 1) * (t.mean(axis=0) - t) for t in samples]
        )
