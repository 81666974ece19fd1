"""Predictions made before, in the place of the estimator that a scorer asks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

from ensembles._compat import parts_of_scorer
from ensembles._validation import invalid_parameter

__all__ = ["Metric", "resolve_metric"]

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
        if name == "predict" and self._method in {"predict_proba", "decision_function"}:
            return self._answer(name, lambda X: self._labels())
        raise AttributeError(name)

    def _answer(self, name: str, function: Callable[[Any], Any]) -> Any:
        """A function of this name, by which scorers go."""
        function.__name__ = name
        return function

    def _labels(self) -> Any:
        """Classes of the largest answers."""
        said = self._said
        if isinstance(said, list):
            each = zip(said, self.classes_, strict=True)
            return np.column_stack([known[one.argmax(axis=1)] for one, known in each])
        if said.ndim == 1:
            return self.classes_[(said > 0).astype(int)]
        return self.classes_[said.argmax(axis=1)]

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
    if not callable(metric):
        raise invalid_parameter(owner, "metric", metric, _ALLOWED)
    stand_in = _Regressor if classes is None else _Classifier
    response = parts_of_scorer(metric)[3]  # type: ignore[index]
    wanted = [response] if isinstance(response, str) else list(response)
    said_nothing = stand_in(method, None, classes)
    if not any(hasattr(said_nothing, name) for name in wanted):
        raise ValueError(
            f"{metric!r} asks for {' or '.join(wanted)}, and the out-of-fold "
            f"predictions are of {method!r}. Make them with method={wanted[0]!r}."
        )

    def of_scorer(y: Any, said: Any, **weights: Any) -> float:
        n_rows = np.empty((len(y), 1))
        return float(metric(stand_in(method, said, classes), n_rows, y, **weights))

    return of_scorer


def _checked_metric(owner: str, metric: Callable[..., Any]) -> Metric:
    """The metric itself, unless it asks for an estimator first."""
    try:
        first = next(iter(inspect.signature(metric).parameters), "")
    except (TypeError, ValueError):
        first = "y_true"  # a builtin that does not say
    if not first.startswith("y"):
        raise invalid_parameter(
            owner,
            "metric",
            metric,
            _ALLOWED,
            "Functions of an estimator and X cannot score predictions made before.",
        )
    return lambda y, said, **weights: float(metric(y, said, **weights))


_ALLOWED = "the name of a score, a scorer of make_scorer or a metric(y_true, y_pred)"
