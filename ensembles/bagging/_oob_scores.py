"""Scores of predictions of rows that members did not see."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, get_scorer, r2_score
from sklearn.utils.multiclass import type_of_target

from ensembles._compat import take_rows
from ensembles._stand_in import is_metric
from ensembles._typing import BoolArray, FloatArray, Table
from ensembles._validation import invalid_parameter

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

# Second parameters of metrics that want more than predictions.
_NOT_LABELS = ("y_proba", "y_prob", "y_score", "probas_pred")

__all__ = ["check_oob_score", "score_classes", "score_values"]


def check_oob_score(bag: BaseBag, oob_score: Any) -> Callable[..., float] | None:
    """Return the scorer or metric that `oob_score` asks for; None for the default.

    Raises
    ------
    ValueError
        If it is a string that scikit-learn does not know as a scorer, or a metric of
        probabilities, which only a scorer can pass on.
    InvalidParameterError
        If it is neither boolean, string nor callable.
    """
    if isinstance(oob_score, bool | np.bool_):
        return None
    if isinstance(oob_score, str):
        return get_scorer(oob_score)  # type: ignore[no-any-return]
    if not callable(oob_score):
        raise invalid_parameter(
            bag,
            "oob_score",
            oob_score,
            "a bool, the name of a scorer, a scorer or a metric(y_true, y_pred)",
        )
    names = list(inspect.signature(oob_score).parameters)
    if is_metric(oob_score) and len(names) > 1 and names[1] in _NOT_LABELS:
        raise ValueError(
            f"oob_score={oob_score!r} is a metric of {names[1]}, and metrics get the "
            "predictions. Give the name of a scorer, such as 'neg_log_loss' or "
            "'roc_auc', or sklearn.metrics.make_scorer(...)."
        )
    return oob_score  # type: ignore[no-any-return]


def score_classes(
    scoring: Callable[..., float] | None,
    X: Table,
    y: NDArray[Any],
    labels: NDArray[Any],
    probabilities: NDArray[Any] | list[FloatArray],
    classes: NDArray[Any] | list[NDArray[Any]],
    seen: BoolArray,
) -> float:
    """Score of the covered rows; accuracy where no scorer is given."""
    if not seen.any():
        return np.nan
    if scoring is None:
        return _accuracy(y[seen], labels[seen])
    if is_metric(scoring):
        return float(scoring(y[seen], labels[seen]))
    if isinstance(probabilities, list):
        kept: Any = [p[seen] for p in probabilities]
    else:
        kept = probabilities[seen]
    stand_in = _OutOfBagClassifier(labels[seen], kept, classes)
    return float(scoring(stand_in, take_rows(X, np.flatnonzero(seen)), y[seen]))


def _accuracy(y: NDArray[Any], labels: NDArray[Any]) -> float:
    """Share of rows that are right; of entries where several outputs have classes."""
    if type_of_target(y) == "multiclass-multioutput":
        return float(np.mean(y == labels))
    return float(accuracy_score(y, labels))


def score_values(
    scoring: Callable[..., float] | None,
    X: Table,
    y: FloatArray,
    predicted: FloatArray,
    seen: BoolArray,
) -> float:
    """Score of the covered rows; R² where no scorer is given."""
    if not seen.any():
        return np.nan
    if scoring is None:
        return float(r2_score(y[seen], predicted[seen]))
    if is_metric(scoring):
        return float(scoring(y[seen], predicted[seen]))
    stand_in = _OutOfBagRegressor(predicted[seen])
    return float(scoring(stand_in, take_rows(X, np.flatnonzero(seen)), y[seen]))


class _OutOfBagClassifier(ClassifierMixin, BaseEstimator):
    """Gives a scorer the out-of-bag predictions whatever X it passes."""

    def __init__(self, labels: Any, probabilities: Any, classes: Any) -> None:
        self.labels = labels
        self.probabilities = probabilities
        self.classes_ = classes

    def fit(self, X: Table, y: Any) -> _OutOfBagClassifier:
        """Do nothing; scorers want to see the method."""
        return self

    def predict(self, X: Table) -> Any:
        """Out-of-bag labels."""
        return self.labels

    def predict_proba(self, X: Table) -> Any:
        """Out-of-bag probabilities."""
        return self.probabilities


class _OutOfBagRegressor(RegressorMixin, BaseEstimator):
    """Gives a scorer the out-of-bag predictions whatever X it passes."""

    def __init__(self, predicted: Any) -> None:
        self.predicted = predicted

    def fit(self, X: Table, y: Any) -> _OutOfBagRegressor:
        """Do nothing; scorers want to see the method."""
        return self

    def predict(self, X: Table) -> Any:
        """Out-of-bag values."""
        return self.predicted
