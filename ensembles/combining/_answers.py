"""What a fitted member answers by the method that it is asked, in codes of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ensembles._ensemble._outputs import (
    FittedMember,
    decisions,
    one_per_output,
    predicted_codes,
    probabilities,
)
from ensembles._ensemble._targets import ClassTarget
from ensembles._typing import Estimator, FloatArray, IntArray, Table

__all__ = ["METHODS", "answers_of", "as_columns", "method_of", "rows_of"]

METHODS = ("predict_proba", "decision_function", "predict")


def method_of(name: str, estimator: Estimator, wanted: str) -> str:
    """The method by which a member is asked; "auto" is the first that it has.

    Raises
    ------
    ValueError
        If it has none of them.
    """
    for method in METHODS if wanted == "auto" else (wanted,):
        if hasattr(estimator, method):
            return method
    named = list(METHODS) if wanted == "auto" else wanted
    raise ValueError(
        f"Underlying estimator {name} does not implement the method {named}."
    )


def answers_of(
    estimator: Estimator, X: Table, method: str, target: ClassTarget | None
) -> Any:
    """Answers of a fitted member: an array, or for several outputs a list.

    Classes of classifiers are codes, and all classes have columns, whatever labels the
    member was fitted to and however many of them.
    """
    if target is None or not is_classifier(estimator):
        return np.asarray(getattr(estimator, method)(X))
    member = FittedMember(estimator)
    if method == "predict_proba":
        said = probabilities(member, X, {}, target)
        return said[0] if target.single else said
    if method == "predict":
        codes = predicted_codes(member, X, {}, target)
        return codes[:, 0] if target.single else codes
    if target.single:
        return decisions(member, X, {}, target)[0]
    return np.asarray(estimator.decision_function(X))


def rows_of(answers: Any, rows: IntArray) -> Any:
    """Answers for some of the rows."""
    if isinstance(answers, list):
        return [one[rows] for one in answers]
    return answers[rows]


def as_columns(answers: Any, method: str, target: ClassTarget | None) -> FloatArray:
    """Answers as a table for another estimator to learn from.

    Of two classes, and of each of several outputs, the first column is left out: it is
    one less the others.
    """
    if target is None or method != "predict_proba":
        return np.asarray(answers).reshape(len(answers), -1)
    parts = one_per_output(answers, target)
    if target.single and target.n_classes[0] > 2:
        return parts[0]
    return np.hstack([part[:, 1:] for part in parts])
