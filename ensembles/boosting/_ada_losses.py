"""What the real-valued kinds of AdaBoost make small, round by round.

J. Friedman, T. Hastie & R. Tibshirani, "Additive logistic regression: a statistical
view of boosting", Annals of Statistics 28(2), 2000, derive all of them as steps in a
loss: gentle AdaBoost (algorithm 4) takes Newton steps in the exponential loss, real
AdaBoost (algorithm 2) the best steps, LogitBoost (algorithms 3 and 6) Newton steps in
log loss. More than two classes are, but for LogitBoost, one problem for each class
(algorithm 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._typing import FloatArray
from ensembles.losses import BinomialLoss, ExponentialLoss, Loss, MultinomialLoss

__all__ = ["EvenLoss", "LogitLoss", "half_log_odds"]

# Real AdaBoost believes in no smaller probability.
_LEAST_SHARE = 1e-3
# Working responses of rows are between -4 and 4: section 5 of the paper.
_LARGEST_RESPONSE = 4.0


def half_log_odds(step: FloatArray) -> FloatArray:
    """The step of real AdaBoost, from that of gentle AdaBoost.

    Half the log-odds of a share p are artanh(p - (1 - p)). Of a share of zero they are
    infinite: R. Schapire & Y. Singer, "Improved boosting algorithms using
    confidence-rated predictions", Machine Learning 37, 1999, section 4.2, hold shares
    up by about one over the number of rows. Here it is a constant, so that rows may be
    repeated, or weighed; how large matters little.

    Parameters
    ----------
    step : ndarray
        Probability of the second class less that of the first.
    """
    most = 1.0 - 2.0 * _LEAST_SHARE
    return np.asarray(np.arctanh(np.clip(step, -most, most)))


def _even_out(gradient: FloatArray, hessian: FloatArray) -> None:
    """Let the hessians of a column, which are weights of rows, be about one on average.

    Steps are ratios and do not change: all is multiplied by a power of two. Where all
    hessians are zero, nothing is left to learn.
    """
    means = hessian.mean(axis=0)
    exponents = np.where(means > 0.0, -np.frexp(means)[1], 0)
    for array in (gradient, hessian):
        np.ldexp(array, exponents, out=array)


@final
@dataclass(frozen=True)
class EvenLoss(Loss):
    """Exponential loss, with weights of rows that stay about one on average."""

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        """Exponential loss."""
        return ExponentialLoss().value(y, raw)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        """Weights of rows, with the sign of their classes and without."""
        ExponentialLoss().gradient_hessian(y, raw, gradient, hessian)
        _even_out(gradient, hessian)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        """Zero: all rows weigh the same at first."""
        return 0.0


@final
@dataclass(frozen=True)
class LogitLoss(Loss):
    """Log loss whose Newton steps LogitBoost takes, none of a row larger than four.

    Where the paper cuts the working response of a row, its weight is raised here by as
    much. So the gradient stays that of log loss, and rounds lower it, whatever the
    labels are.
    """

    n_classes: int
    """Two are one problem, as one is; more have a raw prediction each."""

    def __post_init__(self) -> None:
        n_raw = self.n_classes if self.n_classes > 2 else 1
        object.__setattr__(self, "n_raw", n_raw)

    @property
    def _inner(self) -> Loss:
        return MultinomialLoss(self.n_raw) if self.n_raw > 1 else BinomialLoss()

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        """Log loss."""
        return self._inner.value(y, raw)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        """Derivatives, with hessians of at least a quarter of the gradient."""
        self._inner.gradient_hessian(y, raw, gradient, hessian)
        np.maximum(hessian, np.abs(gradient) / _LARGEST_RESPONSE, out=hessian)
        _even_out(gradient, hessian)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> Any:
        """Zero: all classes are as likely at first."""
        return np.zeros(self.n_raw)
