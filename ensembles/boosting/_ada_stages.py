"""AdaBoost as it is after some rounds, for the rows that tell when to stop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, final

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import mean_absolute_error, mean_squared_error

from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._medians import RunningMedian
from ensembles.boosting._readings import Reading

__all__ = ["ClassStage", "MeanStage", "MedianStage", "Stage"]


class Stage(ABC):
    """What rounds have come to; scorers ask it as they would ask the booster.

    Parameters
    ----------
    booster : estimator
        Not fitted; it says what kind this is.
    X : table of shape (n_rows, n_features)
        The rows, the only ones that it can be asked about.
    """

    def __init__(self, booster: Any, X: Any) -> None:
        self._booster, self._X = booster, X

    def __sklearn_tags__(self) -> Any:
        return self._booster.__sklearn_tags__()

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def _check(self, X: Any) -> None:
        """Raise for other rows than those that stages are known of."""
        if X is not self._X:
            raise ValueError(
                "A scorer for early stopping may ask of the rows set aside alone, as "
                "they are handed to it: not of some of them, in another order or in "
                "another table."
            )

    @abstractmethod
    def add(self, answers: FloatArray, weight: float) -> None:
        """Add the members of a round.

        Parameters
        ----------
        answers : ndarray of shape (n_rows, n_columns) or (n_rows,)
            What they say of the rows.
        weight : float
            How much that counts.
        """

    @abstractmethod
    def predict(self, X: Any) -> Any:
        """Labels or values."""

    @abstractmethod
    def loss(self, y: Any, weights: FloatArray | None) -> float:
        """What the booster's `staged_loss` has for the rows.

        Parameters
        ----------
        y : ndarray of shape (n_rows,)
            Their targets: numbers of classes, or values.
        weights : ndarray of shape (n_rows,) or None
            How much each counts.
        """


@final
class ClassStage(Stage, ClassifierMixin):
    """Sums of what members say for classes.

    Parameters
    ----------
    booster : AdaBoostClassifier
        Not fitted.
    X : table of shape (n_rows, n_features)
        The rows.
    classes : ndarray of shape (n_classes,)
        Labels.
    reading : Reading
        What sums say.
    """

    def __init__(self, booster: Any, X: Any, classes: Any, reading: Reading) -> None:
        super().__init__(booster, X)
        self.classes_, self._reading = classes, reading
        self._sums: FloatArray = np.zeros(())
        self._total = 0.0

    def add(self, answers: FloatArray, weight: float) -> None:
        """Add votes or steps."""
        self._sums = self._sums + answers * weight
        self._total += weight

    def predict(self, X: Any) -> Any:
        """Labels."""
        self._check(X)
        return self.classes_[self._reading.codes(self._sums)]

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Logarithms of probabilities."""
        self._check(X)
        return self._reading.log_shares(self._sums)

    def decision_function(self, X: Any) -> FloatArray:
        """What is said for each class, less what is said for others."""
        self._check(X)
        return self._reading.decision(self._sums, self._total)

    def loss(self, y: IntArray, weights: FloatArray | None) -> float:
        """Log loss."""
        return self._reading.log_loss(self._sums, y, weights)


class _ValueStage(Stage, RegressorMixin):
    """Predictions so far."""

    _predicted: FloatArray

    def predict(self, X: Any) -> FloatArray:
        """Values."""
        self._check(X)
        return self._predicted


@final
class MeanStage(_ValueStage):
    """Weighted means of what members predict.

    Parameters
    ----------
    booster : AdaBoostRegressor
        Not fitted.
    X : table of shape (n_rows, n_features)
        The rows.
    """

    def __init__(self, booster: Any, X: Any) -> None:
        super().__init__(booster, X)
        self._sums: FloatArray = np.zeros(())
        self._total = 0.0

    def add(self, answers: FloatArray, weight: float) -> None:
        """Add predictions."""
        self._sums = self._sums + weight * answers
        self._total += weight
        self._predicted = self._sums / self._total

    def loss(self, y: FloatArray, weights: FloatArray | None) -> float:
        """Squared error, which means make least."""
        return float(mean_squared_error(y, self._predicted, sample_weight=weights))


@final
class MedianStage(_ValueStage):
    """Weighted medians of what members predict.

    Parameters
    ----------
    booster : AdaBoostRegressor
        Not fitted.
    X : table of shape (n_rows, n_features)
        The rows.
    """

    def __init__(self, booster: Any, X: Any) -> None:
        super().__init__(booster, X)
        self._medians = RunningMedian()

    def add(self, answers: FloatArray, weight: float) -> None:
        """Add predictions."""
        self._predicted = self._medians.add(answers, weight)

    def loss(self, y: FloatArray, weights: FloatArray | None) -> float:
        """Absolute error, which medians make least."""
        return float(mean_absolute_error(y, self._predicted, sample_weight=weights))
