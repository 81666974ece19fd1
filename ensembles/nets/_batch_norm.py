"""What batch normalisation knows of its inputs, found again for other weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, final

import numpy as np
import torch
from skorch import NeuralNet
from skorch.utils import to_tensor
from torch import nn

__all__ = ["renew_batch_norm"]

_Layer: TypeAlias = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.SyncBatchNorm
# Values of rows that go through the net at once, at most.
_MOST_VALUES = 2**22


def renew_batch_norm(net: NeuralNet, X: Any) -> None:
    """Give layers of batch normalisation the means and variances of their inputs.

    Rows go through the net once, many at a time; layers that come later see what those
    before make of these rows. Means and variances are those of all rows, however many
    went at a time. Nothing happens in a net without such layers.

    Parameters
    ----------
    net : NeuralNet
        Fitted; running statistics of its module are written to, and nothing else.
    X : ndarray of shape (n_samples, ...)
        Rows that it was trained on, as the module takes them.

    Notes
    -----
    :func:`torch.optim.swa_utils.update_bn` gives each batch the same weight, which is
    off where the last one is smaller, fails where that has one row, and lets dropout
    draw.
    """
    layers = [
        layer
        for layer in net.module_.modules()
        if isinstance(layer, _Layer) and layer.running_mean is not None
    ]
    if not layers or len(X) < 2:
        return
    size = max(2, _MOST_VALUES // max(1, int(np.prod(X.shape[1:]))))
    # As even as can be, so that none has one row alone.
    parts = np.array_split(X, -(-len(X) // size))
    with torch.no_grad(), _normalising(net.module_, layers) as seen:
        for part in parts:
            net.infer(to_tensor(part, device=net.device))
        for layer, moments in zip(layers, seen, strict=True):
            moments.write_to(layer)


@contextmanager
def _normalising(module: nn.Module, layers: list[_Layer]) -> Iterator[list[Any]]:
    """Let layers alone normalise by batches, and note what they see."""
    modes = [(part, part.training) for part in module.modules()]
    seen = [_Moments() for _ in layers]
    kept = [
        {name: value.clone() for name, value in layer.named_buffers(recurse=False)}
        for layer in layers
    ]
    hooks = [
        layer.register_forward_pre_hook(moments.note)
        for layer, moments in zip(layers, seen, strict=True)
    ]
    module.eval()
    for layer in layers:
        layer.train()
    try:
        yield seen
    except BaseException:
        for layer, buffers in zip(layers, kept, strict=True):
            for name, value in buffers.items():
                getattr(layer, name).copy_(value)
        raise
    finally:
        for hook in hooks:
            hook.remove()
        for part, mode in modes:
            part.training = mode


@final
class _Moments:
    """Mean and variance of each channel of all rows so far."""

    def __init__(self) -> None:
        self._n = 0
        self._mean: Any = 0.0
        self._squares: Any = 0.0

    def note(self, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        """Add the rows of a batch, by the formula of Chan, Golub and LeVeque (1979)."""
        values = inputs[0].detach().double()
        axes = [axis for axis in range(values.ndim) if axis != 1]
        variance, mean = torch.var_mean(values, axes, correction=0)
        n = values.numel() // values.shape[1]
        total, step = self._n + n, mean - self._mean
        self._squares = self._squares + n * variance + step**2 * (self._n * n / total)
        self._mean, self._n = self._mean + step * (n / total), total

    def write_to(self, layer: _Layer) -> None:
        """Set running statistics; a layer that no row came to keeps its own."""
        if self._n < 2:
            return
        assert layer.running_mean is not None
        assert layer.running_var is not None
        layer.running_mean.copy_(self._mean)
        layer.running_var.copy_(self._squares / (self._n - 1))
