"""Classes as numbers, losses of these, and what raw predictions say of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.losses import BinomialLoss, ExponentialLoss, Loss, MultinomialLoss

__all__ = ["class_codes", "class_loss_of", "flat", "likeliest", "probabilities"]


def class_codes(y: Any, weights: Any, known: Any) -> tuple[Any, FloatArray]:
    """Classes, and the number of each row's as the losses take it.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    weights : ndarray of shape (n_samples,) or None
        How much each row counts.
    known : ndarray of shape (n_classes,) or None
        Classes, where they are known.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        In order.
    codes : ndarray of shape (n_samples,)
        Their numbers, as floats.

    Raises
    ------
    ValueError
        If rows with a weight have one class alone, or labels are not known.
    """
    if known is None:
        classes, codes = np.unique(y, return_inverse=True)
        n_used = len(np.unique(codes if weights is None else codes[weights > 0.0]))
        if n_used < 2:
            raise ValueError(
                f"y contains {n_used} class after sample_weight trimmed classes "
                "with zero weights, while a minimum of 2 classes are required."
            )
        return classes, codes.astype(np.float64)
    unknown = np.setdiff1d(y, known)
    if len(unknown):
        raise ValueError(
            f"y has classes that the booster was not fitted to: {unknown.tolist()}."
            f" Known are {known.tolist()}. Leave these rows out, or fit anew."
        )
    return known, np.searchsorted(known, y).astype(np.float64)


def class_loss_of(loss: Any, n_classes: int) -> Loss:
    """The loss of so many classes that a name, or the loss itself, stands for.

    Raises
    ------
    ValueError
        If the loss is not one of so many classes.
    """
    n_raw = 1 if n_classes == 2 else n_classes
    if isinstance(loss, Loss):
        if loss.n_raw != n_raw:
            raise ValueError(
                f"loss={loss!r} has {loss.n_raw} raw predictions for a "
                f"row, and {n_classes} classes need {n_raw}."
            )
        return loss
    if loss == "log_loss":
        return BinomialLoss() if n_raw == 1 else MultinomialLoss(n_classes)
    if n_raw > 1:
        raise ValueError(
            f"loss='{loss}' is only suitable for a binary classification "
            f"problem, you have n_classes={n_classes}. Please use loss='log_loss' "
            "instead."
        )
    return ExponentialLoss()


def flat(raw: FloatArray) -> FloatArray:
    """Raw predictions, (n_samples, n_raw), without the axis where there is one."""
    return raw[:, 0] if raw.shape[1] == 1 else raw


def probabilities(loss: Loss, raw: FloatArray) -> FloatArray:
    """Probabilities of all classes, (n_samples, n_classes)."""
    shares = np.asarray(loss.prediction(flat(raw)))
    return shares if shares.ndim == 2 else np.column_stack([1.0 - shares, shares])


def likeliest(loss: Loss, raw: FloatArray) -> IntArray:
    """Numbers of the classes of the largest probabilities; of equal ones, the first."""
    if raw.shape[1] > 1:
        return np.asarray(raw.argmax(axis=1))
    shares = np.asarray(loss.prediction(raw[:, 0]))
    return np.asarray((shares > 0.5).astype(np.intp))
