"""Callbacks that put other rows in place of those of a training batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import Tensor

__all__ = ["BatchEdit"]


class BatchEdit(Callback, ABC):
    """Changes batches before the net learns from them, and none that it is scored by.

    skorch hands callbacks the very list that it trains on next.
    """

    def on_batch_begin(
        self, net: Any, batch: Any = None, training: bool | None = None, **kwargs: Any
    ) -> None:
        """Put other rows in place of those of a training batch."""
        if not training:
            return
        is_pair = isinstance(batch, list) and len(batch) == 2
        if not (is_pair and all(isinstance(part, Tensor) for part in batch)):
            raise TypeError(
                f"{type(self).__name__} changes batches that are a list of two "
                f"tensors, rows and targets, and this one is {_described(batch)}. Put "
                "all inputs into one array, or leave the callback out."
            )
        if not batch[0].dtype.is_floating_point:
            raise TypeError(
                f"{type(self).__name__} changes rows of floats, and these are of "
                f"{batch[0].dtype}. Pass X as floats."
            )
        with torch.no_grad():
            batch[:] = self._edited(net, *batch)

    @abstractmethod
    def _edited(self, net: NeuralNet, X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and targets to learn from."""


def _described(batch: Any) -> str:
    """What a batch is, in words."""
    if not isinstance(batch, list | tuple):
        return f"a {type(batch).__name__}"
    parts = ", ".join(type(part).__name__ for part in batch)
    return f"a {type(batch).__name__} of {parts}"
