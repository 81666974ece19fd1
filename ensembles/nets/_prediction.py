"""A trained net made fit to hold one snapshot after another and predict with each."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.dataset import Dataset
from skorch.history import History
from torch import nn
from torch.utils.data import DataLoader

from ensembles.nets._snapshots import Snapshot, load_snapshot

__all__ = ["copy_net", "nets_of", "row_batches", "trim"]


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
    net.callbacks = None
    net.callbacks_ = []
    net.train_split = None
    net.history_ = History()
    if net.iterator_valid is DataLoader:
        net.iterator_valid = row_batches
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


def copy_net(net: NeuralNet) -> NeuralNet:
    """A net with modules and containers of its own.

    `copy.deepcopy` would pickle the modules, which fails for those of local classes.
    """
    copied: NeuralNet = object.__new__(type(net))
    memo: dict[int, Any] = {}
    for name, value in vars(net).items():
        if isinstance(value, nn.Module):
            # One memo for all: a criterion may refer to the module.
            vars(copied)[name] = copy.deepcopy(value, memo)
        else:
            is_container = isinstance(value, list | dict | set)
            vars(copied)[name] = copy.copy(value) if is_container else value
    return copied


def row_batches(
    dataset: Any, batch_size: int | None = 1, **kwargs: Any
) -> Iterable[Any]:
    """Batches of consecutive rows, as a DataLoader makes them from one row at a time.

    Where the dataset is not skorch's own around an array, or the user asks the loader
    for more than a batch size, this is a DataLoader.
    """
    plain = type(dataset) is Dataset and isinstance(dataset.X, np.ndarray)
    if kwargs or not plain or not batch_size:
        return DataLoader(dataset, batch_size=batch_size, **kwargs)
    # Copies, as a DataLoader makes: a module may write into its input.
    return (
        (torch.tensor(dataset.X[start : start + batch_size]), None)
        for start in range(0, len(dataset), batch_size)
    )
