"""What a fitted member says of X, brought to the ensemble's classes.

Every function here takes a `FittedMember` and returns a list with one array for each
output of the target: probabilities of shape (n, k), decisions of shape (n,) or (n, k),
values of shape (n,) or (n, q). A class that a member never saw has probability zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._compat import take_columns
from ensembles._ensemble._targets import ClassTarget
from ensembles._typing import Estimator, FloatArray, IntArray, Table

__all__ = [
    "FittedMember",
    "as_values",
    "decisions",
    "log_probabilities",
    "one_per_output",
    "predicted_codes",
    "probabilities",
    "values",
    "votes",
]


@dataclass(frozen=True, slots=True)
class FittedMember:
    """A fitted estimator and the columns it was fitted on; None means all."""

    estimator: Estimator
    columns: IntArray | None = None

    def sees(self, X: Table) -> Table:
        """The part of `X` that this member takes; `X` itself where that is all."""
        return X if self.columns is None else take_columns(X, self.columns)


def values(member: FittedMember, X: Table, params: dict[str, Any]) -> list[FloatArray]:
    """Predicted values, shape (n,) or (n, q)."""
    predicted = member.estimator.predict(member.sees(X), **params)
    return [as_values(predicted)]


def as_values(predicted: Any) -> FloatArray:
    """Predictions as floats; a single column, as some regressors give it, as a row."""
    array = np.asarray(predicted, dtype=np.float64)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def probabilities(
    member: FittedMember, X: Table, params: dict[str, Any], target: ClassTarget
) -> list[FloatArray]:
    """Class probabilities; one for the predicted class where a member gives none."""
    estimator = member.estimator
    if not hasattr(estimator, "predict_proba"):
        return votes(member, X, params, target)
    raw = estimator.predict_proba(member.sees(X), **params)
    return [
        _aligned(estimator, given, target, output, fill=0.0)
        for output, given in enumerate(one_per_output(raw, target))
    ]


def votes(
    member: FittedMember, X: Table, params: dict[str, Any], target: ClassTarget
) -> list[FloatArray]:
    """One for the class that ``predict`` names, zero for the others."""
    codes = predicted_codes(member, X, params, target)
    return [
        np.eye(k)[column] for k, column in zip(target.n_classes, codes.T, strict=True)
    ]


def predicted_codes(
    member: FittedMember, X: Table, params: dict[str, Any], target: ClassTarget
) -> IntArray:
    """Codes of the labels that ``predict`` gives, shape (n, n_outputs)."""
    estimator = member.estimator
    predicted = np.asarray(estimator.predict(member.sees(X), **params))
    columns = predicted.reshape(len(predicted), -1).T
    return np.column_stack(
        [target.codes_of(column, j, estimator) for j, column in enumerate(columns)]
    )


def log_probabilities(
    member: FittedMember, X: Table, params: dict[str, Any], target: ClassTarget
) -> list[FloatArray]:
    """Logarithms of class probabilities as the member gives them."""
    estimator = member.estimator
    raw = estimator.predict_log_proba(member.sees(X), **params)
    return [
        _aligned(estimator, given, target, output, fill=-np.inf)
        for output, given in enumerate(one_per_output(raw, target))
    ]


def decisions(
    member: FittedMember, X: Table, params: dict[str, Any], target: ClassTarget
) -> list[FloatArray]:
    """Decision values, shape (n,) for two classes and (n, k) for more.

    A class that the member never saw gets the member's lowest value of that row: no
    evidence for it, and no infinity in the mean.
    """
    estimator = member.estimator
    raw = np.asarray(
        estimator.decision_function(member.sees(X), **params), dtype=np.float64
    )
    (n_classes,) = target.n_classes
    known = target.positions(estimator, 0, n_classes)
    if len(known) == n_classes:
        return [raw]
    by_class = np.column_stack([-raw, raw]) if raw.ndim == 1 else raw
    aligned = np.repeat(by_class.min(axis=1, keepdims=True), n_classes, axis=1)
    aligned[:, known] = by_class[:, : len(known)]
    return [aligned]


def one_per_output(raw: Any, target: ClassTarget) -> list[FloatArray]:
    """What a classifier returned, as one array of columns by class for each output.

    For several outputs scikit-learn's classifiers return either a list of arrays or,
    for labels that are present or not, one column of P(present) for each label.
    """
    if target.single:
        return [np.asarray(raw, dtype=np.float64)]
    if isinstance(raw, list):
        return [np.asarray(given, dtype=np.float64) for given in raw]
    present = np.asarray(raw, dtype=np.float64)
    return [  # a label that is always absent, or always present, is one class
        np.column_stack([1 - p, p])[:, :k]
        for p, k in zip(present.T, target.n_classes, strict=True)
    ]


def _aligned(
    estimator: Estimator,
    given: FloatArray,
    target: ClassTarget,
    output: int,
    *,
    fill: float,
) -> FloatArray:
    """Columns of the classes a member knows set among all classes, others `fill`."""
    k = target.n_classes[output]
    if given.shape[1] == k:  # all classes, in the order that sorting gives them
        return given
    known = target.positions(estimator, output, given.shape[1])
    aligned = np.full((len(given), k), fill)
    aligned[:, known] = given[:, : len(known)]
    return aligned
