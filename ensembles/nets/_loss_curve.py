"""Losses of a training run by epoch, wherever they are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet, NeuralNetBinaryClassifier
from torch import nn

from ensembles._typing import FloatArray

__all__ = ["LossCurve", "curve_of"]

_OF_CLASSES = (nn.CrossEntropyLoss, nn.NLLLoss)
_OF_TWO = (nn.BCELoss, nn.BCEWithLogitsLoss)


class LossCurve(NamedTuple):
    """Losses of a run, or the means of several runs."""

    train: FloatArray
    """Of each epoch, shape (n_epochs,)."""
    valid: FloatArray | None
    """Of rows set aside, shape (n_epochs,); None where there are none."""
    first: float | None
    """Of the first batch, before any step; None where it is not kept."""
    unknowing: float | None
    """Of a net that finds all classes equally probable; None for values."""
    is_corrected: bool = False
    """Whether it is of stages, some of which train all nets together."""


def curve_of(source: Any) -> LossCurve:
    """Read the losses of a run.

    Parameters
    ----------
    source : skorch net, History, ensemble of nets or Pipeline
        Fitted. Of several runs the means over all, up to the end of the shortest.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If there are no epochs.
    """
    source = _innermost(source)
    histories = _histories_of(source)
    runs = [_losses(history, "train_loss") for history in histories]
    aside = [_losses(history, "valid_loss") for history in histories]
    n_epochs = min(map(len, runs))
    if not n_epochs:
        raise ValueError("There are no epochs to look at: the net is not trained yet.")
    valid = None
    if min(map(len, aside)) >= n_epochs:
        valid = np.mean([losses[:n_epochs] for losses in aside], axis=0)
    firsts = [_first_loss(history) for history in histories]
    first = None if None in firsts else float(np.mean(firsts))  # type: ignore[arg-type]
    train = np.mean([losses[:n_epochs] for losses in runs], axis=0)
    is_corrected = any("corrected" in row for row in histories[0])
    return LossCurve(train, valid, first, _unknowing(source), is_corrected)


def _innermost(source: Any) -> Any:
    """The net or ensemble within pipelines, searches and wrappers."""
    while not (isinstance(source, list | NeuralNet) or _has_history(source)):
        if hasattr(source, "steps"):
            source = source.steps[-1][1]
        elif hasattr(source, "best_estimator_"):
            source = source.best_estimator_
        elif hasattr(source, "estimator_"):
            source = source.estimator_
        else:
            break
    return source


def _has_history(source: Any) -> bool:
    return hasattr(source, "histories_") or hasattr(source, "history_")


def _histories_of(source: Any) -> Sequence[Any]:
    """Rows of epochs, for each run."""
    if isinstance(source, NeuralNet):
        return [getattr(source, "history_", None) or []]
    if isinstance(source, list):
        return [source]
    if hasattr(source, "fit"):
        check_is_fitted(source)
    for name in "histories_", "history_":
        if hasattr(source, name):
            found = getattr(source, name)
            return found if name == "histories_" else [found]
    raise TypeError(
        "Losses are read from a skorch net, its history or an ensemble of nets, and "
        f"this is a {type(source).__name__}."
    )


def _losses(history: Any, name: str) -> FloatArray:
    """One loss of all epochs that have it, up to the first that has not."""
    losses = []
    for row in history:
        if name not in row:
            break
        losses.append(float(row[name]))
    return np.array(losses)


def _first_loss(history: Any) -> float | None:
    batches = history[0].get("batches") if len(history) else None
    found = batches[0].get("train_loss") if batches else None
    return None if found is None else float(found)


def _unknowing(source: Any) -> float | None:
    """Log C, where the loss is the mean of the cross entropies of C classes."""
    net = source if isinstance(source, NeuralNet) else getattr(source, "net_", None)
    criterion = getattr(net, "criterion_", None)
    if getattr(criterion, "reduction", None) != "mean":
        return None
    if isinstance(net, NeuralNetBinaryClassifier) or isinstance(criterion, _OF_TWO):
        weights = (getattr(criterion, name, None) for name in ("weight", "pos_weight"))
        return math.log(2.0) if all(one is None for one in weights) else None
    labels = getattr(source, "classes_", None)
    if not isinstance(criterion, _OF_CLASSES) or labels is None or len(labels) < 2:
        return None
    return math.log(len(labels))
