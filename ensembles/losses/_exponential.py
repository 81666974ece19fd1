"""Exponential loss of two classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.special import expit, logit

from ensembles._typing import FloatArray
from ensembles.losses._base import Loss
from ensembles.losses._derivatives import write_derivatives
from ensembles.losses._means import EPS, share_of_ones

__all__ = ["ExponentialLoss"]


@final
@dataclass(frozen=True)
class ExponentialLoss(Loss):
    """Exponential loss of two classes, which AdaBoost makes small.

    Half the log-odds are its best prediction, as `BinomialLoss` has the log-odds
    themselves. A row that is predicted with confidence and wrong costs far more here:
    take it to compare with AdaBoost, and `BinomialLoss` where labels may be mistaken.

    Attributes
    ----------
    n_raw : int
        One raw prediction a row: half the log-odds of the second class.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    ValueError
        From `check_target`, if a target is neither 0 nor 1.

    See Also
    --------
    BinomialLoss : Grows with the margin of wrong rows, not with its exponential.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, "Additive logistic regression: a
       statistical view of boosting", Annals of Statistics 28(2), 2000, section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import BinomialLoss, ExponentialLoss
    >>> loss, y = ExponentialLoss(), np.array([0.0, 0.0, 0.0, 1.0])
    >>> raw = np.full(4, loss.initial_value(y, None))
    >>> loss.prediction(raw)
    array([0.25, 0.25, 0.25, 0.25])

    A row that is 99.99 % sure to be of the other class:

    >>> sure = np.full(1, np.log(9999.0))
    >>> print(f"{ExponentialLoss().value(np.zeros(1), sure / 2)[0]:.0f}")
    100
    >>> print(f"{BinomialLoss().value(np.zeros(1), sure)[0]:.0f}")
    9
    """

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):
            return np.exp((1.0 - 2.0 * y) * raw)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        write_derivatives("exponential", y, raw, gradient, hessian)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        return float(0.5 * logit(share_of_ones(y, sample_weight)))

    def prediction(self, raw: FloatArray) -> FloatArray:
        return np.asarray(expit(2.0 * raw))

    def link(self, prediction: FloatArray) -> FloatArray:
        return np.asarray(0.5 * logit(np.clip(prediction, EPS, 1.0 - EPS)))

    def check_target(self, y: FloatArray) -> None:
        if not np.all((y == 0) | (y == 1)):
            raise ValueError("loss='exponential' requires y of 0 and 1.")
