"""Metrics that are functions of means over rows, mostly of one loss a row.

Definitions are those of scikit-learn's functions of the same names, for one output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, final

import numpy as np
from scipy.special import xlogy
from sklearn import metrics

from ensembles._typing import FloatArray
from ensembles.inference._statistics._moments import Moments

__all__ = ["LOSSES", "OF_NUMBERS", "SHARES", "MeanLoss", "ShareOfVariance"]

Loss: TypeAlias = Callable[..., FloatArray]


@final
class MeanLoss(Moments):
    """Mean of a loss over rows, or its root; rows may have weights of their own."""

    def __init__(
        self,
        losses: FloatArray,
        power: float,
        sample_weight: FloatArray | None,
        name: str,
    ) -> None:
        self.power = power
        columns = np.stack([losses])
        if sample_weight is not None:
            columns = np.stack([losses * sample_weight, sample_weight])
        super().__init__(columns, [name], ())

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """The mean, to its power."""
        mean = m if m.shape[-1] == 1 else m[..., :1] / m[..., 1:]
        return np.asarray(mean**self.power)


@final
class ShareOfVariance(Moments):
    """One less the mean square of residuals over the variance of the target.

    With ``centred``, the variance of residuals takes the place of their mean square.
    """

    def __init__(
        self,
        y_true: FloatArray,
        y_pred: FloatArray,
        centred: bool,
        sample_weight: FloatArray | None,
        name: str,
    ) -> None:
        self.centred = centred
        w = np.ones(len(y_true)) if sample_weight is None else sample_weight
        y, residuals = y_true - np.average(y_true, weights=w), y_true - y_pred
        columns = np.stack([y, y**2, residuals, residuals**2, np.ones(len(y))]) * w
        super().__init__(columns, [name], ())

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """The share; nan where the target is constant."""
        y, squares, residuals, errors, w = np.moveaxis(m, -1, 0)
        variance = squares / w - (y / w) ** 2
        left = errors / w - (residuals / w) ** 2 * self.centred
        varies = variance > 1e-14 * squares / w
        share = 1 - left / np.where(varies, variance, 1.0)
        return np.asarray(np.where(varies, share, np.nan))[..., None]


def squared(y: FloatArray, p: FloatArray) -> FloatArray:
    """Square of the difference."""
    return np.asarray((y - p) ** 2)


def absolute(y: FloatArray, p: FloatArray) -> FloatArray:
    """Size of the difference."""
    return np.abs(y - p)


def absolute_percentage(y: FloatArray, p: FloatArray) -> FloatArray:
    """Size of the difference as a share of the target."""
    return np.abs(y - p) / np.maximum(np.abs(y), np.finfo(np.float64).eps)


def squared_log(y: FloatArray, p: FloatArray) -> FloatArray:
    """Square of the difference of logarithms."""
    return np.asarray((np.log1p(y) - np.log1p(p)) ** 2)


def pinball(y: FloatArray, p: FloatArray, *, alpha: float = 0.5) -> FloatArray:
    """Loss whose mean is least at the alpha-quantile."""
    return np.asarray(np.maximum(alpha * (y - p), (alpha - 1) * (y - p)))


def poisson_deviance(y: FloatArray, p: FloatArray) -> FloatArray:
    """Deviance of the Poisson law."""
    return np.asarray(2 * (xlogy(y, y / p) - y + p))


def gamma_deviance(y: FloatArray, p: FloatArray) -> FloatArray:
    """Deviance of the gamma law."""
    return np.asarray(2 * (np.log(p / y) + y / p - 1))


# Loss of a row, and the power of its mean that the metric is.
LOSSES: Mapping[Callable[..., Any], tuple[Loss, float]] = {
    metrics.mean_absolute_error: (absolute, 1.0),
    metrics.mean_absolute_percentage_error: (absolute_percentage, 1.0),
    metrics.mean_gamma_deviance: (gamma_deviance, 1.0),
    metrics.mean_pinball_loss: (pinball, 1.0),
    metrics.mean_poisson_deviance: (poisson_deviance, 1.0),
    metrics.mean_squared_error: (squared, 1.0),
    metrics.mean_squared_log_error: (squared_log, 1.0),
    metrics.root_mean_squared_error: (squared, 0.5),
    metrics.root_mean_squared_log_error: (squared_log, 0.5),
}
# Whether residuals are centred.
SHARES: Mapping[Callable[..., Any], bool] = {
    metrics.explained_variance_score: True,
    metrics.r2_score: False,
}
# Metrics of targets that are numbers, even where these are whole ones.
OF_NUMBERS = (
    frozenset(LOSSES)
    | frozenset(SHARES)
    | {
        metrics.d2_absolute_error_score,
        metrics.d2_pinball_score,
        metrics.d2_tweedie_score,
        metrics.max_error,
        metrics.mean_tweedie_deviance,
        metrics.median_absolute_error,
    }
)
