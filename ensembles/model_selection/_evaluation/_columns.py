"""Columns of classes, where folds were trained on different ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import FloatArray
from ensembles._validation import warn_user
from ensembles.model_selection._evaluation._chains import Answer

__all__ = ["PER_CLASS", "classes_of", "joined"]

# What a class gets that a model never saw; minus infinity would not survive a sum.
PER_CLASS = {
    "predict_proba": 0.0,
    "predict_log_proba": np.finfo(np.float64).min,
    "decision_function": np.finfo(np.float64).min,
}

Classes = NDArray[Any] | list[NDArray[Any]] | None


def classes_of(y: Any) -> Classes:
    """Classes of a classifier's target, of each output where it has several."""
    target = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
    if target.ndim == 1 or target.shape[1] == 1:
        return np.unique(target)
    return [np.unique(column) for column in target.T]


def joined(answers: Sequence[Answer], method: str, classes: Classes) -> Any:
    """Answers of all folds one after the other, with a column for every class.

    Warns
    -----
    RuntimeWarning
        If folds were not trained on all classes.
    """
    outputs = [answer.output for answer in answers]
    if isinstance(outputs[0], list):
        return [
            _joined(
                [output[i] for output in outputs],
                [_of_output(answer.classes, i) for answer in answers],
                method,
                _of_output(classes, i),
            )
            for i in range(len(outputs[0]))
        ]
    return _joined(outputs, [answer.classes for answer in answers], method, classes)


def _of_output(classes: Any, number: int) -> Any:
    """Classes of one output."""
    return classes[number] if isinstance(classes, list) else classes


def _joined(
    outputs: list[NDArray[Any]], known: list[Any], method: str, classes: Classes
) -> NDArray[Any]:
    """Answers of all folds about one output."""
    if method in PER_CLASS and isinstance(classes, np.ndarray):
        short = [
            fold
            for fold, one in enumerate(known)
            if isinstance(one, np.ndarray) and len(one) < len(classes)
        ]
        for fold in short:
            outputs[fold] = _widened(outputs[fold], known[fold], method, classes, fold)
        if short:
            warn_user(
                f"Folds {short} were trained on fewer than the {len(classes)} classes "
                "of y; the others count as impossible there. Take folds that hold all "
                "classes, for example larger or stratified ones.",
                RuntimeWarning,
            )
    return np.concatenate(outputs)


def _widened(
    output: FloatArray,
    known: NDArray[Any],
    method: str,
    classes: NDArray[Any],
    fold: int,
) -> FloatArray:
    """Answers with a column for every class."""
    if output.ndim != 2 or output.shape[1] != len(known):
        raise ValueError(
            f"Fold {fold} was trained on {len(known)} of {len(classes)} classes, and "
            f"{method} returned shape {output.shape} there, whose columns are no "
            "classes. Take method='predict_proba', or folds that hold all classes."
        )
    wide = np.full((len(output), len(classes)), PER_CLASS[method])
    wide[:, np.searchsorted(classes, known)] = output
    return wide
