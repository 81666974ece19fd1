"""Log losses of classes."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import final

import numpy as np
from scipy.special import expit, logit

from ensembles._typing import FloatArray
from ensembles._validation import check_count
from ensembles.losses._base import Loss
from ensembles.losses._derivatives import write_derivatives
from ensembles.losses._means import EPS, share_of_ones

__all__ = ["BinomialLoss", "MultinomialLoss"]


@final
@dataclass(frozen=True)
class BinomialLoss(Loss):
    """Log loss of two classes.

    Its best predictions are probabilities, so that cutoffs can be set by costs. One raw
    prediction serves both classes; for more than two take `MultinomialLoss`. A row that
    is predicted with confidence and wrong costs much, so mistaken labels do harm.

    Attributes
    ----------
    n_raw : int
        One raw prediction a row: the log-odds of the second class.
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
    MultinomialLoss : For more than two classes.
    ExponentialLoss : What AdaBoost makes small.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, "Additive logistic regression: a
       statistical view of boosting", Annals of Statistics 28(2), 2000, algorithm 3.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import BinomialLoss
    >>> loss, y = BinomialLoss(), np.array([0.0, 0.0, 0.0, 1.0])
    >>> raw = np.full(4, loss.initial_value(y, None))
    >>> loss.prediction(raw)
    array([0.25, 0.25, 0.25, 0.25])

    Derivatives keep their digits however sure a prediction is:

    >>> gradient, hessian = np.empty(1), np.empty(1)
    >>> loss.gradient_hessian(np.ones(1), np.full(1, 50.0), gradient, hessian)
    >>> gradient, hessian
    (array([-1.92874985e-22]), array([1.92874985e-22]))
    """

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        linear = np.where(raw > 0, 1.0 - y, -y) * raw
        return np.asarray(linear + np.log1p(np.exp(-np.abs(raw))))

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        write_derivatives("binomial", y, raw, gradient, hessian)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        return float(logit(share_of_ones(y, sample_weight)))

    def prediction(self, raw: FloatArray) -> FloatArray:
        return np.asarray(expit(raw))

    def link(self, prediction: FloatArray) -> FloatArray:
        return np.asarray(logit(np.clip(prediction, EPS, 1.0 - EPS)))

    def check_target(self, y: FloatArray) -> None:
        if not np.all((y == 0) | (y == 1)):
            raise ValueError("loss='log_loss' of two classes requires y of 0 and 1.")


@final
@dataclass(frozen=True)
class MultinomialLoss(Loss):
    """Log loss of several classes.

    One raw prediction for each class, which become probabilities by a softmax. All
    classes are treated alike. That takes a tree for each class and round: two classes
    are done in half the time by `BinomialLoss`.

    Parameters
    ----------
    n_classes : int
        Number of classes, at least 2.

    Attributes
    ----------
    n_classes : int
        As given.
    n_raw : int
        `n_classes` raw predictions a row: logs of probabilities up to a constant.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    InvalidParameterError
        If `n_classes` is not an int of at least 2.
    ValueError
        From `check_target`, if a target is not the number of a class.

    See Also
    --------
    BinomialLoss : For two classes.

    Notes
    -----
    The hessian of a row is a matrix; its diagonal is taken.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, "Additive logistic regression: a
       statistical view of boosting", Annals of Statistics 28(2), 2000, algorithm 6.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import MultinomialLoss
    >>> loss, y = MultinomialLoss(3), np.array([0.0, 1.0, 1.0, 2.0])
    >>> start = loss.initial_value(y, None)
    >>> loss.prediction(np.tile(start, (2, 1)))
    array([[0.25, 0.5 , 0.25],
           [0.25, 0.5 , 0.25]])
    """

    n_classes: int

    def __post_init__(self) -> None:
        check_count(self, "n_classes", self.n_classes, low=2)
        object.__setattr__(self, "n_raw", int(self.n_classes))

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        below = raw - raw.max(axis=1, keepdims=True)
        own = below[np.arange(len(y)), y.astype(np.intp)]
        return np.asarray(np.log(np.exp(below).sum(axis=1)) - own)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        if raw.shape[1:] != (self.n_raw,):
            raise ValueError(
                f"Raw predictions must have the shape (n_samples, {self.n_raw}), got "
                f"{raw.shape}."
            )
        write_derivatives("multinomial", y, raw.T, gradient.T, hessian.T)

    def initial_value(
        self, y: FloatArray, sample_weight: FloatArray | None
    ) -> FloatArray:
        codes = y.astype(np.intp)
        if sample_weight is None:
            shares = np.bincount(codes, minlength=self.n_raw) / len(y)
        else:
            own = [fsum(sample_weight[codes == k]) for k in range(self.n_raw)]
            shares = np.array(own) / fsum(sample_weight)
        logs = np.log(np.clip(shares, EPS, 1.0 - EPS))
        return np.asarray(logs - logs.mean())

    def prediction(self, raw: FloatArray) -> FloatArray:
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def link(self, prediction: FloatArray) -> FloatArray:
        logs = np.log(np.clip(prediction, EPS, 1.0 - EPS))
        return np.asarray(logs - logs.mean(axis=1, keepdims=True))

    def check_target(self, y: FloatArray) -> None:
        if not np.all((y >= 0) & (y < self.n_raw) & (y == np.floor(y))):
            raise ValueError(
                f"loss='log_loss' of {self.n_raw} classes requires y of the whole "
                f"numbers 0 to {self.n_raw - 1}."
            )
