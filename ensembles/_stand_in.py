"""Predictions made before, in the place of the estimator that a scorer asks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, make_scorer, roc_auc_score

from ensembles._compat import parts_of_scorer
from ensembles._validation import invalid_parameter

__all__ = ["Metric", "is_metric", "resolve_metric"]

Metric = Callable[..., float]


class _StandIn(BaseEstimator):
    """Answers by one method, whatever it is asked about."""

    def __init__(self, method: str, said: Any, classes: Any) -> None:
        self._said = said
        self._method = method
        if classes is not None:
            self.classes_ = classes

    def __getattr__(self, name: str) -> Any:
        if name == self.__dict__.get("_method"):
            return self._answer(name, lambda X: self._said)
        if name == "predict" and self._has_labels():
            return self._answer(name, lambda X: self._labels())
        raise AttributeError(name)

    def _answer(self, name: str, function: Callable[[Any], Any]) -> Any:
        """A function of this name, by which scorers go."""
        function.__name__ = name
        return function

    def _has_labels(self) -> bool:
        """Whether labels follow from what was said.

        Of several columns of decisions it is not known whether they are of classes or
        of pairs of them.
        """
        if "classes_" not in self.__dict__:
            return False
        if self._method == "decision_function":
            return bool(np.ndim(self._said) == 1)
        return bool(self._method == "predict_proba")

    def _labels(self) -> Any:
        """Classes of the largest answers."""
        said, known = self._said, self.classes_
        if isinstance(said, list):
            pairs = zip(said, known, strict=True)
            return np.column_stack([names[one.argmax(axis=1)] for one, names in pairs])
        if isinstance(known, list):  # several labels at once: a column for each
            return (said > 0.5).astype(int)
        if said.ndim == 1:
            return known[(said > 0).astype(int)]
        return known[said.argmax(axis=1)]

    def fit(self, X: Any, y: Any) -> _StandIn:
        """Do nothing; scorers want to see the method."""
        return self


class _Classifier(ClassifierMixin, _StandIn):
    """Stands in for a classifier."""


class _Regressor(RegressorMixin, _StandIn):
    """Stands in for anything else."""


def resolve_metric(owner: str, metric: Any, method: str, classes: Any) -> Metric:
    """Return a function of target, predictions and weights.

    Raises
    ------
    ValueError
        If a scorer asks for what the estimator was not asked.
    InvalidParameterError
        If it is no name, no scorer of `make_scorer` and no metric.
    """
    if metric is None:
        metric = get_scorer("r2" if classes is None else "accuracy")
    elif isinstance(metric, str):
        metric = get_scorer(metric)
    elif callable(metric) and parts_of_scorer(metric) is None:
        return _checked_metric(owner, metric)
    parts = parts_of_scorer(metric)
    if parts is None:
        raise invalid_parameter(owner, "metric", metric, _ALLOWED)
    scorer = _of_all_classes(metric, parts, classes)
    stand_in = _Regressor if classes is None else _Classifier
    wanted = [parts[3]] if isinstance(parts[3], str) else list(parts[3])

    def of_scorer(y: Any, said: Any, **weights: Any) -> float:
        answering = stand_in(method, said, classes)
        if not any(hasattr(answering, name) for name in wanted):
            raise ValueError(
                f"{metric!r} asks for {' or '.join(wanted)}, and the "
                f"predictions are of {method!r}. Make them with method={wanted[0]!r}."
            )
        return float(scorer(answering, np.empty((len(y), 1)), y, **weights))

    return of_scorer


def is_metric(scoring: Callable[..., float]) -> bool:
    """Whether it is a metric (y_true, y_pred) and no scorer (estimator, X, y)."""
    names = list(inspect.signature(scoring).parameters)
    return bool(names) and names[0].startswith("y")


def _of_all_classes(scorer: Any, parts: Any, classes: Any) -> Any:
    """The scorer, told of all classes where it scores probabilities.

    The rows of a fold may hold fewer of them than there are columns.
    """
    metric, sign, arguments, response = parts
    takes_labels = "labels" in inspect.signature(metric).parameters
    several = isinstance(classes, np.ndarray) and response != "predict"
    if not (several and takes_labels) or arguments.get("labels") is not None:
        return scorer
    if metric is roc_auc_score and len(classes) == 2:
        return scorer
    return make_scorer(
        metric,
        response_method=response,
        greater_is_better=sign > 0,
        **{**arguments, "labels": classes},
    )


def _checked_metric(owner: str, metric: Callable[..., Any]) -> Metric:
    """The metric itself, unless it asks for an estimator."""
    try:
        parameters = list(inspect.signature(metric).parameters.values())
    except (TypeError, ValueError):
        parameters = []  # a builtin that does not say
    needed = [one for one in parameters if one.default is one.empty and one.kind < 2]
    if len(needed) > 2 or (needed and needed[0].name in _ESTIMATORS):
        raise invalid_parameter(
            owner,
            "metric",
            metric,
            _ALLOWED,
            "Functions of an estimator and X cannot score predictions made before.",
        )
    return lambda y, said, **weights: float(metric(y, said, **weights))


_ESTIMATORS = {"estimator", "est", "clf", "model", "self"}
_ALLOWED = "the name of a score, a scorer of make_scorer or a metric(y_true, y_pred)"
