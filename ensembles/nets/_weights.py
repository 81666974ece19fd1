"""Weights of a net: copies of them, and nets that get them back."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, TypeAlias

import torch
from torch import nn

__all__ = [
    "Snapshot",
    "are_finite",
    "copy_module",
    "load_snapshot",
    "modules_of",
    "optimizers_of",
    "take_snapshot",
]

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


def are_finite(net: Any, snapshot: Snapshot) -> bool:
    """Whether all parameters of a net are numbers; a buffer may be a mask of others."""
    return all(
        bool(torch.isfinite(snapshot[attribute][name]).all())
        for attribute, module in modules_of(net)
        for name, _ in module.named_parameters()
    )


def copy_module(module: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """A deep copy, also of a module that keeps what it has computed.

    Parameters
    ----------
    module : Module
        Not changed.
    memo : dict
        As of `copy.deepcopy`, for modules that refer to each other.
    """
    for part in module.modules():
        for value in vars(part).values():
            if isinstance(value, torch.Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    return copy.deepcopy(module, memo)


def modules_of(net: Any) -> Iterator[tuple[str, nn.Module]]:
    """Fitted modules of a net; its criterion, which may have weights, is one."""
    for name, value in vars(net).items():
        if name.endswith("_") and isinstance(value, nn.Module):
            yield name, value


def optimizers_of(net: Any) -> list[torch.optim.Optimizer]:
    """Optimisers of a net, which may have one of its own for each module."""
    return [one for one in vars(net).values() if isinstance(one, torch.optim.Optimizer)]


def _copied(value: Any) -> Any:
    """A tensor's copy on the CPU; a deep copy of what `get_extra_state` may hold."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    return copy.deepcopy(value)
