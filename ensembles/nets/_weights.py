"""Weights of a net: copies of them, and nets that get them back."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import torch
from torch import nn

__all__ = ["Snapshot", "are_finite", "load_snapshot", "modules_of", "take_snapshot"]

# State dict of each module of a net, by the name of the net's attribute.
Snapshot: TypeAlias = dict[str, dict[str, Any]]


def take_snapshot(net: Any) -> Snapshot:
    """Copies of all weights and buffers of a net, on the CPU."""
    return {
        name: {key: _copied(value) for key, value in module.state_dict().items()}
        for name, module in modules_of(net)
    }


def load_snapshot(net: Any, snapshot: Snapshot) -> None:
    """Give a net, on whatever device, the weights and buffers of a snapshot."""
    for name, module in modules_of(net):
        module.load_state_dict(snapshot[name])


def are_finite(snapshot: Snapshot) -> bool:
    """Whether all weights and buffers are numbers."""
    values = (value for state in snapshot.values() for value in state.values())
    tensors = (value for value in values if isinstance(value, torch.Tensor))
    # A sum is not finite as soon as one term is not.
    return all(math.isfinite(tensor.double().sum().item()) for tensor in tensors)


def modules_of(net: Any) -> Iterator[tuple[str, nn.Module]]:
    """Fitted modules of a net; its criterion, which may have weights, is one."""
    for name, value in vars(net).items():
        if name.endswith("_") and isinstance(value, nn.Module):
            yield name, value


def _copied(value: Any) -> Any:
    """A tensor's copy on the CPU; a deep copy of what `get_extra_state` may hold."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    return copy.deepcopy(value)
