"""Normal and lognormal distributions, whose location and scale are predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import stats

from ensembles._typing import FloatArray
from ensembles.losses._distribution import DistributionLoss, exp_of, log_step
from ensembles.losses._means import exact_mean

__all__ = ["LogNormalLoss", "NormalLoss", "log_of_scale"]

_HALF_LOG_TAU = 0.5 * float(np.log(2.0 * np.pi))
# Where all targets are one, but for rounding, their scale is this share of it.
_LEAST_SCALE = 1e-6
_ROUNDING = 1e-13


@final
@dataclass(frozen=True)
class NormalLoss(DistributionLoss):
    """Negative log-likelihood of normal distributions.

    The one to start with for targets of any sign: a mean, and how far targets spread
    about it, both as functions of the features. A row far off counts as the square of
    its distance, for the spread as for the mean: take `StudentLoss` where some are, and
    `LogNormalLoss` for positive amounts, whose spread grows with their size.

    Attributes
    ----------
    parameters : tuple of str
        Mean and logarithm of the standard deviation.
    spread : int
        1, the second.
    n_raw : int
        Two raw predictions a row.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    See Also
    --------
    StudentLoss : The same with heavy tails.
    LaplaceLoss : The same for medians.

    References
    ----------
    .. [1] T. Duan et al., "NGBoost: natural gradient boosting for probabilistic
       prediction", International Conference on Machine Learning, 2020, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import NormalLoss
    >>> loss, y = NormalLoss(), np.array([1.0, 2.0, 6.0])
    >>> raw = np.tile(loss.initial_value(y, None), (3, 1))
    >>> loss.distribution(raw).std().round(3)
    array([2.16, 2.16, 2.16])
    """

    parameters = ("loc", "log scale")
    spread = 1

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        far = (y - raw[:, 0]) / exp_of(raw[:, 1])
        return np.asarray(_HALF_LOG_TAU + raw[:, 1] + 0.5 * far**2)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        one_over = exp_of(-raw[:, 1])
        far = (y - raw[:, 0]) * one_over
        gradient[:, 0], hessian[:, 0] = -far * one_over, one_over**2
        gradient[:, 1], hessian[:, 1] = 1.0 - far**2, 2.0

    def initial_value(
        self, y: FloatArray, sample_weight: FloatArray | None
    ) -> FloatArray:
        mean = exact_mean(y, sample_weight)
        variance = exact_mean((y - mean) ** 2, sample_weight)
        return np.array([mean, log_of_scale(np.sqrt(variance), mean)])

    def distribution(self, raw: FloatArray) -> Any:
        return stats.norm(raw[..., 0], exp_of(raw[..., 1]))

    def prediction(self, raw: FloatArray) -> FloatArray:
        return np.asarray(raw[..., 0])

    def step(self, parameter: int, steps: FloatArray) -> FloatArray:
        return log_step(steps, 2.0) if parameter == 1 else steps


@final
@dataclass(frozen=True)
class LogNormalLoss(DistributionLoss):
    """Negative log-likelihood of lognormal distributions, for positive amounts.

    Logarithms of targets are normal: errors multiply, and the spread grows with the
    size, as with prices and durations. The upper tail is long, and so is the upper end
    of intervals. Where some targets are zero, none of this holds: part these from the
    others by a classifier.

    Attributes
    ----------
    parameters : tuple of str
        Mean of the logarithm, and logarithm of its standard deviation.
    spread : int
        1, the second.
    n_raw : int
        Two raw predictions a row.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    ValueError
        From `check_range`, if a target is not positive.

    See Also
    --------
    NormalLoss : The same of the logarithms.
    GammaLoss : For means of positive amounts alone.

    References
    ----------
    .. [1] N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate
       Distributions", volume 1, 2nd edition, Wiley, 1994, chapter 14.

    Examples
    --------
    The mean lies above the median, the more so the further amounts spread:

    >>> import numpy as np
    >>> from ensembles.losses import LogNormalLoss
    >>> raw = np.array([[0.0, np.log(0.1)], [0.0, np.log(1.0)]])
    >>> LogNormalLoss().prediction(raw).round(3)
    array([1.005, 1.649])
    """

    parameters = ("loc", "log scale")
    spread = 1

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        log_y = np.log(y)
        return log_y + NormalLoss().value(log_y, raw)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        NormalLoss().gradient_hessian(np.log(y), raw, gradient, hessian)

    def initial_value(
        self, y: FloatArray, sample_weight: FloatArray | None
    ) -> FloatArray:
        return NormalLoss().initial_value(np.log(y), sample_weight)

    def check_range(self, y: FloatArray) -> None:
        if not np.all(y > 0):
            raise ValueError("distribution='lognormal' requires strictly positive y.")

    def distribution(self, raw: FloatArray) -> Any:
        return stats.lognorm(s=exp_of(raw[..., 1]), scale=exp_of(raw[..., 0]))

    def prediction(self, raw: FloatArray) -> FloatArray:
        return exp_of(raw[..., 0] + 0.5 * exp_of(raw[..., 1]) ** 2)

    def step(self, parameter: int, steps: FloatArray) -> FloatArray:
        return NormalLoss().step(parameter, steps)


def log_of_scale(scale: float, location: float) -> float:
    """Logarithm of a scale that may be zero.

    Parameters
    ----------
    scale : float
        Not negative.
    location : float
        About which it is.

    Returns
    -------
    float
        Of zero, and of what rounding makes of it, that of a small share of the
        location.
    """
    is_zero = scale <= _ROUNDING * abs(location)
    return float(np.log(_LEAST_SCALE * (abs(location) or 1.0) if is_zero else scale))
