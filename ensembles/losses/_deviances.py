"""Deviances of positive means, which are predicted by their logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import stats
from scipy.special import gammaln

from ensembles._typing import FloatArray
from ensembles._validation import invalid_parameter, is_real
from ensembles.losses._base import Loss
from ensembles.losses._constants import LARGEST
from ensembles.losses._derivatives import write_derivatives
from ensembles.losses._distribution import DistributionLoss, log_step
from ensembles.losses._means import exact_mean
from ensembles.losses._squared import SquaredError

__all__ = ["GammaLoss", "PoissonLoss", "TweedieLoss"]

# What a mean of zero is taken for: zero has no log.
_LEAST_MEAN = 10 * float(np.finfo(np.float64).eps)


@final
@dataclass(frozen=True)
class PoissonLoss(DistributionLoss):
    """Half the Poisson deviance, for counts and rates.

    Predictions are positive, and effects multiply. Any target does that is not negative
    and whose variance grows about as its mean. For rates, divide counts by exposure and
    take the exposure as weights. For amounts, of which none is zero, take `GammaLoss`;
    for amounts of which many are, `TweedieLoss`.

    Attributes
    ----------
    parameters : tuple of str
        Logarithm of the mean.
    spread : None
        How far counts spread follows from their mean.
    n_raw : int
        One raw prediction a row: the log of the mean.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    ValueError
        From `check_target`, if a target is negative or all are zero.

    See Also
    --------
    TweedieLoss : Between this loss and `GammaLoss`.
    NegativeBinomialLoss : For counts that spread further.

    Notes
    -----
    What does not depend on predictions is left out, ``y * log(y) - y``, so that values
    can be negative.

    References
    ----------
    .. [1] P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd edition, Chapman
       and Hall, 1989, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import PoissonLoss
    >>> loss, y = PoissonLoss(), np.array([0.0, 0.0, 3.0])
    >>> raw = np.full(3, loss.initial_value(y, None))
    >>> loss.prediction(raw)
    array([1., 1., 1.])

    However low raw predictions go, means stay positive:

    >>> loss.prediction(raw - 3.0).round(2)
    array([0.05, 0.05, 0.05])
    """

    parameters = ("log mean",)

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        return np.asarray(_exp(raw) - y * raw)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        write_derivatives("poisson", y, raw, gradient, hessian)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        return _log_of_mean(y, sample_weight)

    def prediction(self, raw: FloatArray) -> FloatArray:
        return _exp(raw)

    def link(self, prediction: FloatArray) -> FloatArray:
        return _log(prediction)

    def check_range(self, y: FloatArray) -> None:
        if not np.all(y >= 0):
            raise ValueError("loss='poisson' requires non-negative y and sum(y) > 0.")

    def check_target(self, y: FloatArray) -> None:
        self.check_range(y if np.sum(y) > 0 else np.full(1, np.nan))

    def distribution(self, raw: FloatArray) -> Any:
        return stats.poisson(_exp(raw))

    def log_likelihood(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        return np.asarray(-self.value(y, raw) - gammaln(y + 1.0))

    def step(self, parameter: int, steps: FloatArray) -> FloatArray:
        return log_step(steps, 1.0)


@final
@dataclass(frozen=True)
class GammaLoss(Loss):
    """Half the gamma deviance, for positive amounts.

    Counts errors relative to the mean: ten percent too much costs the same for small
    amounts and large ones. So it fits where the standard deviation grows as the mean
    does, as costs and durations have it. Targets of zero are not allowed; `TweedieLoss`
    takes them.

    Attributes
    ----------
    n_raw : int
        One raw prediction a row: the log of the mean.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    ValueError
        From `check_target`, if a target is not positive.

    See Also
    --------
    PoissonLoss : Where the variance grows as the mean does.

    Notes
    -----
    What does not depend on predictions is left out, ``-log(y) - 1``, so that values can
    be negative.

    References
    ----------
    .. [1] P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd edition, Chapman
       and Hall, 1989, section 2.3.

    Examples
    --------
    Predictions of twice the target cost the same, whatever its size:

    >>> import numpy as np
    >>> from ensembles.losses import GammaLoss
    >>> y = np.array([1.0, 1000.0])
    >>> loss = GammaLoss()
    >>> (loss.value(y, np.log(2.0 * y)) - loss.value(y, np.log(y))).round(6)
    array([0.193147, 0.193147])
    """

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):
            return np.asarray(raw + y * _exp(-raw))

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        write_derivatives("gamma", y, raw, gradient, hessian)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        return _log_of_mean(y, sample_weight)

    def prediction(self, raw: FloatArray) -> FloatArray:
        return _exp(raw)

    def link(self, prediction: FloatArray) -> FloatArray:
        return _log(prediction)

    def check_range(self, y: FloatArray) -> None:
        if not np.all(y > 0):
            raise ValueError("loss='gamma' requires strictly positive y.")


@final
@dataclass(frozen=True)
class TweedieLoss(Loss):
    """Half a Tweedie deviance, for amounts of which many are zero.

    The variance grows as `power` of the mean. Powers in (1, 2) are for sums of a random
    number of amounts, as the claims of a year: zero where there was none. 1 is
    `PoissonLoss`, 2 `GammaLoss`, and powers above 2 are for heavier tails. Where zeros
    have causes of their own, model them by themselves: a Tweedie model knows one mean.

    Parameters
    ----------
    power : float, default=1.5
        How fast the variance grows.

    Attributes
    ----------
    power : float
        As given.
    n_raw : int
        One raw prediction a row: the log of the mean.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    InvalidParameterError
        If the power is not a finite number.
    ValueError
        From `check_target`, if a target is out of range: it may be negative for powers
        up to 0, must not be for those up to 2, and must be positive from 2 on.

    See Also
    --------
    PoissonLoss : Power 1.
    GammaLoss : Power 2.

    Notes
    -----
    What does not depend on predictions is left out. For powers that are not in [1, 2]
    the deviance is not convex in the log of the mean. Their hessian is the one that is
    expected if predictions are right, which is always positive.

    References
    ----------
    .. [1] B. Jørgensen, "Exponential dispersion models", Journal of the Royal
       Statistical Society B 49(2), 1987.
    .. [2] Y. Yang, W. Qian, H. Zou, "Insurance premium prediction via gradient
       tree-boosted Tweedie compound Poisson models", Journal of Business and Economic
       Statistics 36(3), 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import GammaLoss, TweedieLoss
    >>> y = np.array([0.0, 0.0, 0.0, 12.0])
    >>> loss = TweedieLoss(power=1.5)
    >>> loss.check_target(y)
    >>> round(float(np.exp(loss.initial_value(y, None))), 6)
    3.0

    A gamma deviance knows no zeros:

    >>> GammaLoss().check_target(y)
    Traceback (most recent call last):
    ...
    ValueError: loss='gamma' requires strictly positive y.
    """

    power: float = 1.5

    def __post_init__(self) -> None:
        if not (is_real(self.power) and np.isfinite(self.power)):
            allowed = "a float in the range (-inf, inf)"
            raise invalid_parameter(self, "power", self.power, allowed)

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        if self.power == 1:
            return PoissonLoss().value(y, raw)
        if self.power == 2:
            return GammaLoss().value(y, raw)
        with np.errstate(over="ignore"):
            if self.power == 0:
                return SquaredError().value(y, _exp(raw))
            first, second = 1.0 - self.power, 2.0 - self.power
            pull = y * _exp(first * raw) / first
            return np.asarray(_exp(second * raw) / second - pull)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        power = float(self.power)
        is_convex = 1.0 <= power <= 2.0
        write_derivatives("tweedie", y, raw, gradient, hessian, power, is_convex)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        return _log_of_mean(y, sample_weight)

    def prediction(self, raw: FloatArray) -> FloatArray:
        return _exp(raw)

    def link(self, prediction: FloatArray) -> FloatArray:
        return _log(prediction)

    def check_range(self, y: FloatArray) -> None:
        if self.power >= 2 and not np.all(y > 0):
            raise ValueError(
                f"loss='tweedie' of power {self.power} requires strictly positive y."
            )
        if self.power > 0 and not np.all(y >= 0):
            raise ValueError(
                f"loss='tweedie' of power {self.power} requires non-negative y and "
                "sum(y) > 0."
            )

    def check_target(self, y: FloatArray) -> None:
        has_mean = self.power <= 0 or np.sum(y) > 0
        self.check_range(y if has_mean else np.full(1, np.nan))


def _log(mean: FloatArray) -> FloatArray:
    """Logarithm of means; of those that are not positive, of the least that is one."""
    return np.asarray(np.log(np.maximum(mean, _LEAST_MEAN)))


def _exp(x: FloatArray) -> FloatArray:
    """Exponential, a positive finite number."""
    return np.asarray(np.exp(np.clip(x, -LARGEST, LARGEST)))


def _log_of_mean(y: FloatArray, sample_weight: FloatArray | None) -> float:
    """Log of the weighted mean, a finite number where it is zero too."""
    return float(np.log(max(exact_mean(y, sample_weight), _LEAST_MEAN)))
