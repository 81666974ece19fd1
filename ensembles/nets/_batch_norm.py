"""What batch normalisation knows of its inputs, found again for other weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, final

import torch
from skorch import NeuralNet
from skorch.dataset import get_len, unpack_data
from torch import nn

from ensembles.nets._lean import lean_batches, wide_batches

__all__ = ["renew_batch_norm"]

_Layer: TypeAlias = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.SyncBatchNorm


def renew_batch_norm(net: NeuralNet, dataset: Any) -> None:
    """Give layers of batch normalisation the means and variances of their inputs.

    Rows go through the net once, many at a time; layers that come later see what those
    before make of the rows that go together. Means and variances are those of all rows.
    Nothing happens in a net without such layers, nor to layers that training leaves as
    they are.

    Parameters
    ----------
    net : NeuralNet
        Fitted; running statistics of its module are written to, and nothing else.
    dataset : Dataset
        Rows that it was trained on.

    Notes
    -----
    :func:`torch.optim.swa_utils.update_bn` gives each batch the same weight, which is
    off where the last one is smaller, fails where that has one row, and lets dropout
    draw.
    """
    with torch.no_grad(), _normalising(net.module_) as seen:
        if seen and len(dataset) > 1:
            options = net.get_params_for("iterator_valid")
            options.setdefault("batch_size", net.batch_size)
            is_ours = net.iterator_valid is lean_batches
            make = wide_batches if is_ours else net.iterator_valid
            if options["batch_size"] == -1:
                options["batch_size"] = len(dataset)
            for rows in _none_alone(make(dataset, **options)):
                net.infer(rows)
            for layer, moments in seen.items():
                moments.write_to(layer)


def _none_alone(batches: Iterable[Any]) -> Iterator[Any]:
    """Rows of batches, where a single one goes with those before it."""
    held: Any = None
    for batch in batches:
        rows, _ = unpack_data(batch)
        if held is None:
            held = rows
        elif get_len(rows) == 1 and isinstance(rows, torch.Tensor):
            held = torch.cat([held, rows])
        else:
            yield held
            held = rows
    if held is not None and get_len(held) > 1:
        yield held


@contextmanager
def _normalising(module: nn.Module) -> Iterator[dict[_Layer, _Moments]]:
    """Let layers alone normalise by batches, and note what they see."""
    modes = [(part, part.training) for part in module.modules()]
    module.train()
    seen = {
        layer: _Moments()
        for layer in module.modules()
        if isinstance(layer, _Layer)
        and layer.running_mean is not None
        and layer.training  # others are frozen
    }
    kept = [
        {name: value.clone() for name, value in layer.named_buffers(recurse=False)}
        for layer in seen
    ]
    hooks = [
        layer.register_forward_pre_hook(moments.note, with_kwargs=True)
        for layer, moments in seen.items()
    ]
    module.eval()
    for layer in seen:
        layer.train()
    try:
        yield seen
    except BaseException:
        for layer, buffers in zip(seen, kept, strict=True):
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

    def note(
        self, layer: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        """Add the rows of a batch, by the formula of Chan, Golub and LeVeque (1979)."""
        (given,) = inputs or named.values()
        values = given.detach()
        if values.device.type != "mps":  # which knows no double precision
            values = values.double()
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
