"""Losses of members on their batches, from the outputs of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, final

import torch
from skorch import NeuralNet, NeuralNetBinaryClassifier
from torch import Tensor, nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
    nll_loss,
)

from ensembles.nets.modules._gaussian_nll import GaussianNLL

__all__ = ["BatchLoss", "is_mean_of_rows"]

_OfRows: TypeAlias = Callable[[Tensor, Tensor], Tensor]


@final
class BatchLoss:
    """Losses whose means are what ``get_loss`` has for one member after another.

    Parameters
    ----------
    net : NeuralNet
        Any member.
    targets : Tensor of shape (n_members, n_rows, ...)
        Codes or values.
    """

    def __init__(self, net: NeuralNet, targets: Tensor) -> None:
        self._net, self._targets = net, targets
        is_plain = is_mean_of_rows(net.criterion_, targets)
        self._kind = type(net.criterion_) if is_plain else None
        self._by_row = _by_row(net.criterion_) if is_plain else None
        self._is_flat = isinstance(net, NeuralNetBinaryClassifier)

    def of_rows(self, outputs: Tensor) -> Tensor:
        """Losses, for torch to find gradients of.

        Parameters
        ----------
        outputs : Tensor of shape (n_members, n_rows, ...)
            Of the module.

        Returns
        -------
        Tensor of shape (n_members, n_losses)
            Of rows, or one for all of them.
        """
        if self._is_flat:
            outputs = outputs.flatten(1)
        if self._by_row is not None:
            return self._by_row(outputs, self._targets).reshape(len(outputs), -1)
        # Whatever else it is, for some tenths of a millisecond.
        mapped: _OfRows = torch.vmap(partial(self._net.get_loss, training=True))
        return mapped(outputs, self._targets)[:, None]

    def add_gradients(self, outputs: Tensor) -> Tensor:
        """Losses, once torch has added the gradients of their means up.

        Parameters
        ----------
        outputs : Tensor of shape (n_members, n_rows, ...)
            Of the module, with what they come from.
        """
        losses = self.of_rows(outputs)
        each = torch.full_like(losses, 1.0 / losses.shape[1])
        torch.autograd.backward(losses, each)
        return losses.detach()

    def with_gradients(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Losses, and gradients of their means by outputs alone.

        Parameters
        ----------
        outputs : Tensor of shape (n_members, n_rows, ...)
            Of the module.

        Returns
        -------
        losses : Tensor of shape (n_members, n_losses)
            Of rows, or one for all of them.
        gradients : Tensor of the shape of `outputs`
            To be written over.
        """
        if self._kind is nn.CrossEntropyLoss and not self._targets.is_floating_point():
            return _of_codes(outputs, self._targets)
        if self._kind is nn.MSELoss:
            return _of_values(outputs, self._targets)
        outputs.requires_grad_()
        losses = self.add_gradients(outputs)
        assert outputs.grad is not None
        return losses, outputs.grad


def is_mean_of_rows(criterion: Any, targets: Tensor) -> bool:
    """Whether a criterion is a mean over rows that all count the same.

    Parameters
    ----------
    criterion : Module
        Of a net.
    targets : Tensor of shape (n_members, n_rows, ...)
        Codes or values.
    """
    if type(criterion) is GaussianNLL:
        return True
    if _by_row(criterion) is None:
        return False
    options = {"weight": None, "pos_weight": None, "label_smoothing": 0.0}
    return (
        criterion.reduction == "mean"
        and all(getattr(criterion, key, kept) == kept for key, kept in options.items())
        and (targets.is_floating_point() or targets.ndim == 2)
        and getattr(criterion, "ignore_index", -1) < 0
    )


def _by_row(criterion: Any) -> _OfRows | None:
    """Losses of rows by a criterion that is their mean; None if it is not known."""
    if type(criterion) is GaussianNLL:
        return criterion.of_rows
    return _BY_ROW.get(type(criterion))


def _of_codes(logits: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """-log p_y, with the gradients p - 1_y."""
    logs, at = torch.log_softmax(logits, -1), codes[..., None]
    losses = -logs.gather(-1, at)[..., 0]
    ones = torch.ones(at.shape, dtype=logs.dtype, device=logs.device)
    gradients = logs.exp_().scatter_add_(-1, at, ones.neg_())
    return losses, gradients.div_(codes.shape[1])


def _of_values(values: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """(f - y)^2, with the gradients 2 (f - y)."""
    differences = values - targets
    losses = differences.square().reshape(len(values), -1)
    return losses, differences.mul_(2.0 / losses.shape[1])


def _cross_entropy(logits: Tensor, codes: Tensor) -> Tensor:
    return cross_entropy(logits.flatten(0, 1), codes.flatten(0, 1), reduction="none")


def _log_loss(probabilities: Tensor, codes: Tensor) -> Tensor:
    """As skorch has it, which takes the logarithm."""
    logs = torch.log(probabilities + torch.finfo(probabilities.dtype).eps)
    return nll_loss(logs.flatten(0, 1), codes.flatten(), reduction="none")


_BY_ROW: dict[type[nn.Module], _OfRows] = {
    nn.BCEWithLogitsLoss: partial(binary_cross_entropy_with_logits, reduction="none"),
    nn.CrossEntropyLoss: _cross_entropy,
    nn.MSELoss: partial(mse_loss, reduction="none"),
    nn.NLLLoss: _log_loss,
}
