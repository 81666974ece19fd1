"""Losses that quantiles minimise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles._validation import invalid_parameter, is_real
from ensembles.losses._base import Loss
from ensembles.losses._leaves import medians_of_leaves, quantiles_of_leaves
from ensembles.losses._quantiles import lower_quantile, median

__all__ = ["AbsoluteError", "PinballLoss"]


@final
@dataclass(frozen=True)
class AbsoluteError(Loss):
    """Absolute error, whose best prediction is the median.

    Takes no notice of how far off a row is, so that gross errors in the target do no
    harm. Where errors are but now and then large, `HuberLoss` needs fewer rows for the
    same precision. For expected values take `SquaredError`: means and medians of skewed
    targets differ.

    Attributes
    ----------
    n_raw : int
        One raw prediction a row: the median.
    has_constant_hessian : bool
        True: it is zero nearly everywhere, and one is taken for it.
    renews_leaves : bool
        True: a leaf predicts the median of its residuals.

    See Also
    --------
    PinballLoss : The same for any quantile.

    References
    ----------
    .. [1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine",
       Annals of Statistics 29(5), 2001, algorithm 3.

    Examples
    --------
    One typing error moves the mean to 21.9, and the median nowhere:

    >>> import numpy as np
    >>> from ensembles.losses import AbsoluteError
    >>> y = np.array([1.0, 2.0, 3.0, 4.0, 99.5])
    >>> AbsoluteError().initial_value(y, None)
    3.0
    """

    has_constant_hessian = True
    renews_leaves = True

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        return np.asarray(np.abs(raw - y))

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        gradient[...] = np.where(raw > y, 1.0, -1.0)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        return median(y, sample_weight)

    def leaf_value(
        self, y: FloatArray, raw: FloatArray, sample_weight: FloatArray | None
    ) -> float:
        return median(y - raw, sample_weight)

    def leaf_values(
        self,
        y: FloatArray,
        raw: FloatArray,
        sample_weight: FloatArray | None,
        order: IntArray,
        bounds: IntArray,
    ) -> FloatArray:
        if sample_weight is not None:
            return super().leaf_values(y, raw, sample_weight, order, bounds)
        return medians_of_leaves(y - raw, order, bounds)


@final
@dataclass(frozen=True)
class PinballLoss(Loss):
    """Loss that costs errors on one side more, so that a quantile is its best answer.

    Two of them, of a low and a high quantile, make an interval for new values. They are
    two models and may cross; a `HistForestRegressor` gives all quantiles from one fit.
    Quantiles far out in the tails need many rows in each leaf.

    Parameters
    ----------
    quantile : float, default=0.5
        Share of the rows that are to lie below predictions, in (0, 1).

    Attributes
    ----------
    quantile : float
        As given.
    n_raw : int
        One raw prediction a row: the quantile.
    has_constant_hessian : bool
        True: it is zero nearly everywhere, and one is taken for it.
    renews_leaves : bool
        True: a leaf predicts the quantile of its residuals.

    Raises
    ------
    InvalidParameterError
        If the quantile is not a float in (0, 1).

    See Also
    --------
    AbsoluteError : Twice this loss of the median.

    References
    ----------
    .. [1] R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46(1), 1978,
       pp. 33-50.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import PinballLoss
    >>> y = np.arange(101.0)
    >>> PinballLoss(quantile=0.9).initial_value(y, None)
    90.0

    To be ten too low costs nine times as much as to be ten too high:

    >>> PinballLoss(quantile=0.9).value(np.array([10.0, -10.0]), np.zeros(2))
    array([9., 1.])
    """

    quantile: float = 0.5

    has_constant_hessian = True
    renews_leaves = True

    def __post_init__(self) -> None:
        if not (is_real(self.quantile) and 0 < self.quantile < 1):
            allowed = "a float in the range (0.0, 1.0)"
            raise invalid_parameter(self, "quantile", self.quantile, allowed)

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        below = y - raw
        return np.maximum(self.quantile * below, (self.quantile - 1.0) * below)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        gradient[...] = np.where(raw > y, 1.0 - self.quantile, -self.quantile)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        if sample_weight is None:
            return float(np.quantile(y, self.quantile))
        return lower_quantile(y, sample_weight, self.quantile)

    def leaf_value(
        self, y: FloatArray, raw: FloatArray, sample_weight: FloatArray | None
    ) -> float:
        return self.initial_value(y - raw, sample_weight)

    def leaf_values(
        self,
        y: FloatArray,
        raw: FloatArray,
        sample_weight: FloatArray | None,
        order: IntArray,
        bounds: IntArray,
    ) -> FloatArray:
        if sample_weight is not None:
            return super().leaf_values(y, raw, sample_weight, order, bounds)
        return quantiles_of_leaves(y - raw, order, bounds, float(self.quantile))
