"""A trained net made fit to hold one snapshot after another and predict with each."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from skorch import NeuralNet
from skorch.history import History
from torch import nn

from ensembles._ensemble._nets import still_torch
from ensembles.nets._lean import lean_batches, still_batches, wide_batches
from ensembles.nets._weights import Snapshot, copy_module, load_snapshot

__all__ = ["copy_net", "nets_of", "proba_of", "trim"]


def trim(net: NeuralNet) -> NeuralNet:
    """Drop what only training needs from a net, in place.

    `NeuralNet.trim_for_prediction` would drop the criterion too, from which skorch
    tells whether outputs are logits.
    """
    for name, value in list(vars(net).items()):
        if isinstance(value, torch.optim.Optimizer):
            setattr(net, name, None)
        elif name.endswith("_") and isinstance(value, nn.Module):
            value.zero_grad(set_to_none=True)
            value.eval()
    net.callbacks = None
    net.callbacks_ = []
    net.train_split = None
    net.history_ = History()
    if net.iterator_valid is lean_batches:
        is_set = "batch_size" in net.get_params_for("iterator_valid")
        net.iterator_valid = still_batches if is_set else wide_batches
    return net


def nets_of(net: NeuralNet, snapshots: Iterable[Snapshot]) -> Iterator[NeuralNet]:
    """Yield one net, a copy of `net`, with the weights of one snapshot after another.

    One copy for all keeps the memory of the device to one net, and `net` itself is
    never written to, so threads may predict at the same time.
    """
    copied = copy_net(net)
    for snapshot in snapshots:
        load_snapshot(copied, snapshot)
        yield copied


def proba_of(net: NeuralNet, X: Any) -> Any:
    """What a net says of rows; torch's generators do not move, whatever draws in it."""
    with still_torch(net.device):
        return net.predict_proba(X)


def copy_net(net: NeuralNet) -> NeuralNet:
    """A net with modules and containers of its own.

    `copy.deepcopy` would pickle the modules, which fails for those of local classes.
    """
    copied: NeuralNet = object.__new__(type(net))
    memo: dict[int, Any] = {}
    for name, value in vars(net).items():
        if isinstance(value, nn.Module):
            # One memo for all: a criterion may refer to the module.
            vars(copied)[name] = copy_module(value, memo)
        else:
            is_container = isinstance(value, list | dict | set)
            vars(copied)[name] = copy.copy(value) if is_container else value
    return copied
