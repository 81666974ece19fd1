"""Laplace distributions, whose location and scale are predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import stats

from ensembles._typing import FloatArray
from ensembles.losses._distribution import DistributionLoss, exp_of, log_step
from ensembles.losses._means import exact_mean
from ensembles.losses._normal import log_of_scale
from ensembles.losses._quantiles import median

__all__ = ["LaplaceLoss"]

_LOG_TWO = float(np.log(2.0))


@final
@dataclass(frozen=True)
class LaplaceLoss(DistributionLoss):
    """Negative log-likelihood of Laplace distributions.

    Locations are medians, and scales mean absolute distances from them: rows far off
    count as their distance, where a normal distribution takes its square. Tails are
    exponential; `StudentLoss` has heavier ones, and learns how heavy.

    Attributes
    ----------
    parameters : tuple of str
        Median and logarithm of the scale.
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
    AbsoluteError : The same for medians alone.

    References
    ----------
    .. [1] S. Kotz, T. J. Kozubowski, K. Podgórski, "The Laplace Distribution and
       Generalizations", Birkhäuser, 2001, section 2.6.

    Examples
    --------
    One target far off moves the median nowhere:

    >>> import numpy as np
    >>> from ensembles.losses import LaplaceLoss
    >>> loss, y = LaplaceLoss(), np.array([1.0, 2.0, 3.0, 4.0, 99.0])
    >>> float(loss.initial_value(y, None)[0])
    3.0
    """

    parameters = ("loc", "log scale")
    spread = 1

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        far = np.abs(y - raw[:, 0]) / exp_of(raw[:, 1])
        return np.asarray(_LOG_TWO + raw[:, 1] + far)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        one_over = exp_of(-raw[:, 1])
        far = (y - raw[:, 0]) * one_over
        gradient[:, 0], hessian[:, 0] = -np.sign(far) * one_over, one_over**2
        gradient[:, 1], hessian[:, 1] = 1.0 - np.abs(far), 1.0

    def initial_value(
        self, y: FloatArray, sample_weight: FloatArray | None
    ) -> FloatArray:
        middle = median(y, sample_weight)
        scale = exact_mean(np.abs(y - middle), sample_weight)
        return np.array([middle, log_of_scale(scale, middle)])

    def distribution(self, raw: FloatArray) -> Any:
        return stats.laplace(raw[..., 0], exp_of(raw[..., 1]))

    def prediction(self, raw: FloatArray) -> FloatArray:
        return np.asarray(raw[..., 0])

    def step(self, parameter: int, steps: FloatArray) -> FloatArray:
        return log_step(steps, 1.0) if parameter == 1 else steps
