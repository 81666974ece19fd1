"""Losses of members on their batches, from the outputs of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from skorch import NeuralNet, NeuralNetBinaryClassifier
from torch import Tensor, nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
    nll_loss,
)

__all__ = ["row_losses"]


def row_losses(net: NeuralNet, outputs: Tensor, targets: Tensor) -> Tensor:
    """Losses whose means are what ``get_loss`` has for one member after another.

    Parameters
    ----------
    net : NeuralNet
        Any member.
    outputs : Tensor of shape (n_members, n_rows, ...)
        Of the module.
    targets : Tensor of shape (n_members, n_rows, ...)
        Codes or values.

    Returns
    -------
    Tensor of shape (n_members, n_losses)
        Of rows, or one for all of them.
    """
    if isinstance(net, NeuralNetBinaryClassifier):
        outputs = outputs.flatten(1)
    by_row = _BY_ROW.get(type(net.criterion_))
    if by_row is not None and _is_plain(net.criterion_, targets):
        return by_row(outputs, targets).view(len(outputs), -1)
    # Whatever else it is, for some tenths of a millisecond.
    mapped: Callable[..., Tensor] = torch.vmap(partial(net.get_loss, training=True))
    return mapped(outputs, targets)[:, None]


def _is_plain(criterion: Any, targets: Tensor) -> bool:
    """Whether it is a mean over rows that all count the same."""
    options = {"weight": None, "pos_weight": None, "label_smoothing": 0.0}
    return (
        criterion.reduction == "mean"
        and all(getattr(criterion, key, kept) == kept for key, kept in options.items())
        and (targets.is_floating_point() or targets.ndim == 2)
    )


def _cross_entropy(logits: Tensor, codes: Tensor) -> Tensor:
    return cross_entropy(logits.flatten(0, 1), codes.flatten(0, 1), reduction="none")


def _log_loss(probabilities: Tensor, codes: Tensor) -> Tensor:
    """As skorch has it, which takes the logarithm."""
    logs = torch.log(probabilities + torch.finfo(probabilities.dtype).eps)
    return nll_loss(logs.flatten(0, 1), codes.flatten(), reduction="none")


def _squared(values: Tensor, targets: Tensor) -> Tensor:
    return mse_loss(values, targets, reduction="none")


def _binary(logits: Tensor, codes: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, codes, reduction="none")


_BY_ROW: dict[type[nn.Module], Callable[[Tensor, Tensor], Tensor]] = {
    nn.CrossEntropyLoss: _cross_entropy,
    nn.NLLLoss: _log_loss,
    nn.MSELoss: _squared,
    nn.BCEWithLogitsLoss: _binary,
}
