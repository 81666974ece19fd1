"""Quantiles of replicates smeared out by a kernel, their variance kept.

The median of n rows takes few values, so its replicates pile up on them and their
quantiles jump. A normal kernel of width s / sqrt(n) fills the gaps, where s is the
standard deviation of the replicates: values of a median in the middle of a sample lie
two such widths apart. The smear alone would raise the variance by s^2 / n, so that
replicates are first drawn in towards their mean m,

    x -> m + (x - m) sqrt(1 - 1 / n)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.special import ndtr

from ensembles._typing import FloatArray

__all__ = ["SmoothedLaw", "smoothed_law"]

# Nodes a kernel width, and at most: a quantile is right to a three-hundredth of the
# width, or to the range / 65536 where that is more.
_NODES_A_WIDTH = 16
_MOST_NODES = 2**16
# A normal kernel has 1e-15 of its mass beyond eight widths.
_REACH = 8


@final
@dataclass(frozen=True, slots=True)
class SmoothedLaw:
    """A distribution function known on equidistant nodes and linear in between.

    Attributes
    ----------
    nodes : ndarray of shape (n_nodes,)
        Values, ascending.
    probabilities : ndarray of shape (n_nodes,)
        Probability of lying below each.
    """

    nodes: FloatArray
    probabilities: FloatArray

    def quantile(self, p: FloatArray) -> FloatArray:
        """Values that the law lies below with probability p, shape of p."""
        return np.asarray(np.interp(p, self.probabilities, self.nodes))


def smoothed_law(replicates: FloatArray, n_units: int) -> SmoothedLaw:
    """Smooth the law of replicates with a normal kernel, keeping mean and variance.

    Use it for statistics with few distinct values. Where there are many, the smoothed
    quantiles are those of the replicates, but for what is drawn in.

    Parameters
    ----------
    replicates : ndarray of shape (n_resamples,)
        Replicates of one number in any order, not all equal.
    n_units : int
        Number of independent units behind the estimate, at least two.

    Returns
    -------
    SmoothedLaw
        Its ``quantile(p)`` is that of the smoothed replicates.

    References
    ----------
    .. [1] B. W. Silverman, G. A. Young, "The bootstrap: to smooth or not to smooth?",
       Biometrika 74(3), 469-479, 1987, section 2 (the shrunk kernel).
    .. [2] A. M. Polansky, W. R. Schucany, "Kernel smoothing to improve bootstrap
       confidence intervals", Journal of the Royal Statistical Society B 59(4),
       821-838, 1997.

    Examples
    --------
    >>> import numpy as np
    >>> law = smoothed_law(np.array([0.0, 1.0, 1.0, 2.0]), n_units=9)
    >>> law.quantile(np.array([0.4, 0.5, 0.6])).round(2)
    array([0.88, 1.  , 1.12])
    """
    # In units of the standard deviation, the kernel's width is 1 / sqrt(n).
    mean, spread = float(replicates.mean()), float(replicates.std())
    drawn_in = (replicates - mean) / spread * np.sqrt(1 - 1 / n_units)
    width = 1 / np.sqrt(n_units)
    low, high = float(drawn_in.min()), float(drawn_in.max())
    step = max(width / _NODES_A_WIDTH, (high - low) / _MOST_NODES)
    first = np.floor(low / step)
    mass = _shared_out(drawn_in / step - first)
    # P(below node k) = sum over j of mass[j] Phi((k - j) step / width), as a running
    # sum of what the kernel adds from one node to the next.
    reach = int(np.ceil(_REACH * width / step))
    added = np.diff(ndtr(np.arange(-reach - 1, reach + 1) * step / width))
    probabilities = np.cumsum(np.convolve(mass, added))
    at = step * (first + np.arange(-reach, len(probabilities) - reach))
    return SmoothedLaw(mean + spread * at, probabilities)


def _shared_out(at: FloatArray) -> FloatArray:
    """Share of the values at each whole number, each split between its neighbours.

    A value goes to its two neighbours in parts that keep the mean.
    """
    left = at.astype(np.intp)
    to_the_right = np.bincount(left, weights=at - left)
    mass = np.append(np.bincount(left) - to_the_right, 0.0)
    mass[1:] += to_the_right
    return np.asarray(mass / len(at))
