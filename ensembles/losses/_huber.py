"""Huber's loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from ensembles._typing import FloatArray
from ensembles._validation import (
    check_positive,
    invalid_parameter,
    is_real,
)
from ensembles.losses._base import Loss
from ensembles.losses._means import exact_mean
from ensembles.losses._quantiles import lower_quantile, median

__all__ = ["HuberLoss"]


@final
@dataclass(frozen=True)
class HuberLoss(Loss):
    """Half the squared error of near rows, the absolute error of those far off.

    Nearly as precise as `SquaredError` where errors are normal, and as safe as
    `AbsoluteError` where some are gross. Its predictions are those of neither mean nor
    median where errors are skewed: take it against outliers, not for skewed targets.

    Parameters
    ----------
    alpha : float, default=0.9
        Share of the rows that count as near, in (0, 1).
    delta : float or None, default=None
        From where on rows are far off. None takes the `alpha`-quantile of the absolute
        residuals, anew in each round.

    Attributes
    ----------
    alpha : float
        As given.
    delta : float or None
        As given; a number in what `adapted` returns.
    n_raw : int
        One raw prediction a row.
    has_constant_hessian : bool
        True: it is zero for rows far off, and one is taken for it.
    renews_leaves : bool
        True: a leaf predicts the median of its residuals and, from there, the mean of
        what they are clipped to.

    Raises
    ------
    InvalidParameterError
        If `alpha` is not a float in (0, 1), or `delta` is negative.

    See Also
    --------
    AbsoluteError : All rows far off.
    SquaredError : All rows near.

    References
    ----------
    .. [1] P. J. Huber, "Robust estimation of a location parameter", Annals of
       Mathematical Statistics 35(1), 1964.
    .. [2] J. H. Friedman, "Greedy function approximation: a gradient boosting machine",
       Annals of Statistics 29(5), 2001, algorithm 4.

    Examples
    --------
    Of five errors one is gross; its pull ends where those of the others do:

    >>> import numpy as np
    >>> from ensembles.losses import HuberLoss
    >>> y, raw = np.array([-1.0, 0.5, 0.0, 2.0, 99.0]), np.zeros(5)
    >>> loss = HuberLoss(alpha=0.8).adapted(y, raw, None)
    >>> loss
    HuberLoss(alpha=0.8, delta=2.0)
    >>> gradient = np.empty(5)
    >>> loss.gradient_hessian(y, raw, gradient, np.ones(5))
    >>> gradient
    array([ 1. , -0.5,  0. , -2. , -2. ])
    """

    alpha: float = 0.9
    delta: float | None = None

    has_constant_hessian = True
    renews_leaves = True

    def __post_init__(self) -> None:
        if not (is_real(self.alpha) and 0 < self.alpha < 1):
            allowed = "a float in the range (0.0, 1.0)"
            raise invalid_parameter(self, "alpha", self.alpha, allowed)
        check_positive(self, "delta", self.delta, zero=True, none=True)

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        delta = self._delta(y - raw, None)
        distance = np.abs(y - raw)
        near = np.minimum(distance, delta)
        return np.asarray(near * (distance - 0.5 * near))

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        delta = self._delta(y - raw, None)
        np.subtract(raw, y, out=gradient)
        np.clip(gradient, -delta, delta, out=gradient)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        middle = median(y, sample_weight)
        residuals = y - middle
        delta = self._delta(residuals, sample_weight)
        clipped = np.clip(residuals, -delta, delta)
        return float(middle + exact_mean(clipped, sample_weight))

    def leaf_value(
        self, y: FloatArray, raw: FloatArray, sample_weight: FloatArray | None
    ) -> float:
        return self.initial_value(y - raw, sample_weight)

    def adapted(
        self, y: FloatArray, raw: FloatArray, sample_weight: FloatArray | None
    ) -> HuberLoss:
        return replace(self, delta=self._delta(y - raw, sample_weight))

    def _delta(self, residuals: FloatArray, sample_weight: FloatArray | None) -> float:
        """From where on rows are far off."""
        if self.delta is not None:
            return self.delta
        return lower_quantile(np.abs(residuals), sample_weight, self.alpha)
