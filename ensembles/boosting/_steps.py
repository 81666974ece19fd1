"""What learners of a round are fitted to, and how their answers become steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._typing import Estimator, FloatArray, Table
from ensembles.boosting._ada_losses import half_log_odds

__all__ = [
    "GradientStep",
    "HalfLogOddsStep",
    "NewtonStep",
    "ShareStep",
    "Step",
    "is_cast",
]


class Step(ABC):
    """A kind of step that raw predictions take by what a learner answers."""

    weighs_rows = True
    """Whether hessians are weights of rows."""

    @abstractmethod
    def target(self, y: FloatArray, gradient: FloatArray, hessian: FloatArray) -> Any:
        """What a learner is fitted to.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Target of the raw prediction, as the loss takes it.
        gradient, hessian : ndarray of shape (n_samples,)
            Of the loss.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels or values.
        """

    @abstractmethod
    def of(self, learner: Estimator, X: Table) -> FloatArray:
        """Steps of rows by a fitted learner, (n_rows,)."""


@final
@dataclass(frozen=True)
class NewtonStep(Step):
    """A regressor is fitted to Newton steps of rows."""

    def target(self, y: FloatArray, gradient: FloatArray, hessian: FloatArray) -> Any:
        """Newton steps; zero where there is no hessian, which has no weight either."""
        steps = np.zeros_like(gradient)
        return np.divide(-gradient, hessian, out=steps, where=hessian > 0.0)

    def of(self, learner: Estimator, X: Table) -> FloatArray:
        """What the regressor predicts."""
        if is_cast(X) and type(learner).__module__.startswith("sklearn.tree."):
            return np.asarray(learner.tree_.predict(X)[:, 0])
        return np.asarray(learner.predict(X), dtype=np.float64).ravel()


@final
@dataclass(frozen=True)
class GradientStep(Step):
    """A regressor is fitted to negative gradients of rows."""

    weighs_rows = False

    def target(self, y: FloatArray, gradient: FloatArray, hessian: FloatArray) -> Any:
        """Negative gradients."""
        return -gradient

    def of(self, learner: Estimator, X: Table) -> FloatArray:
        """What the regressor predicts."""
        return NewtonStep().of(learner, X)


@final
@dataclass(frozen=True)
class ShareStep(Step):
    """A classifier's probability of the second class less that of the first."""

    def target(self, y: FloatArray, gradient: FloatArray, hessian: FloatArray) -> Any:
        """Classes 0 and 1."""
        return y.astype(np.int64)

    def of(self, learner: Estimator, X: Table) -> FloatArray:
        """Difference of probabilities."""
        return 2.0 * _second_share(learner, X) - 1.0


@final
@dataclass(frozen=True)
class HalfLogOddsStep(Step):
    """Half the log-odds of a classifier's probabilities."""

    def target(self, y: FloatArray, gradient: FloatArray, hessian: FloatArray) -> Any:
        """Classes 0 and 1."""
        return ShareStep().target(y, gradient, hessian)

    def of(self, learner: Estimator, X: Table) -> FloatArray:
        """Half the log-odds."""
        return half_log_odds(ShareStep().of(learner, X))


def is_cast(X: Table) -> bool:
    """Whether rows are as trees of scikit-learn would cast them."""
    return isinstance(X, np.ndarray) and X.dtype == np.float32 and X.flags.c_contiguous


def _second_share(learner: Estimator, X: Table) -> FloatArray:
    """Probability of class 1, which a learner may not have seen, or seen alone."""
    shares = np.asarray(learner.predict_proba(X), dtype=np.float64)
    (columns,) = np.nonzero(np.asarray(learner.classes_) == 1)
    return shares[:, columns[0]] if len(columns) else np.zeros(len(shares))
