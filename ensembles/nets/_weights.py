"""The skorch callback that drives the cycles and copies the weights at their ends."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, TypeAlias

import torch
from skorch.callbacks import Callback
from torch import nn

from ensembles.nets._schedules import cosine_share, cycle_ends

__all__ = ["CyclicCosine", "Snapshot", "load_snapshot", "take_snapshot"]

# State dict of each module of a net, by the name of the net's attribute.
Snapshot: TypeAlias = dict[str, dict[str, Any]]


class CyclicCosine(Callback):
    """Let the learning rate fall along cosines and keep the weights at their ends.

    Iterations are counted here, one for each training minibatch, because skorch's own
    schedulers count epochs when training is resumed. The optimiser goes on from cycle
    to cycle with its state (momentum, second moments); only the rate restarts.

    Parameters
    ----------
    n_cycles : int, default=5
        Number of cycles M.
    lr_max : float or None, default=None
        Rate in the first iteration of a cycle of a parameter group that has the
        optimiser's own rate; None takes that rate. Groups with another rate keep their
        ratio to it.
    lr_min : float, default=0.0
        Rate that a cycle falls towards, scaled for other groups in the same way.

    Attributes
    ----------
    cycle_ends_ : list of int
        Last iteration of each cycle, counted from 1; empty before the first epoch.
    bounds_ : list of tuple
        Each parameter group with its lowest and highest rate.
    iteration_ : int
        Number of iterations so far.
    snapshots_ : list of dict
        Weights and buffers after the last iteration of each finished cycle, on the CPU.
    """

    def __init__(
        self, n_cycles: int = 5, lr_max: float | None = None, lr_min: float = 0.0
    ) -> None:
        self.n_cycles = n_cycles
        self.lr_max = lr_max
        self.lr_min = lr_min

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an earlier training."""
        self.cycle_ends_: list[int] = []
        self.iteration_ = 0
        self.snapshots_: list[Snapshot] = []

    def on_epoch_begin(
        self,
        net: Any,
        dataset_train: Any = None,
        dataset_valid: Any = None,
        **kwargs: Any,
    ) -> None:
        """Plan the cycles, once it is known which rows are trained on.

        Raises
        ------
        ValueError
            If there are fewer iterations than cycles, or `lr_min` exceeds `lr_max`.
        """
        if self.cycle_ends_:
            return
        n_batches = len(net.get_iterator(dataset_train, training=True))
        self.cycle_ends_ = cycle_ends(net.max_epochs * n_batches, self.n_cycles)
        reference = float(net.optimizer_.defaults["lr"])
        highest = reference if self.lr_max is None else self.lr_max
        if self.lr_min > highest:
            raise ValueError(
                f"lr_min={self.lr_min} is above the highest learning rate of a cycle, "
                f"{highest}. Lower lr_min or raise lr_max."
            )
        # Ratios first: with lr_max=None the upper is 1, and a group's own rate stays
        # what it is to the last bit.
        low, high = self.lr_min / reference, highest / reference
        self.bounds_ = [
            (group, group["lr"] * low, group["lr"] * high)
            for group in _parameter_groups(net)
        ]

    def on_batch_begin(
        self, net: Any, batch: Any = None, training: bool | None = False, **kwargs: Any
    ) -> None:
        """Set the learning rates of the iteration that begins."""
        if not training:
            return
        self.iteration_ += 1
        share = cosine_share(self.iteration_, self.cycle_ends_)
        for group, lowest, highest in self.bounds_:
            group["lr"] = lowest + (highest - lowest) * share

    def on_batch_end(
        self, net: Any, batch: Any = None, training: bool | None = False, **kwargs: Any
    ) -> None:
        """Keep the weights where a cycle ends, before the next one restarts."""
        if training and self.iteration_ in self.cycle_ends_:
            self.snapshots_.append(take_snapshot(net))


def take_snapshot(net: Any) -> Snapshot:
    """Copies of all weights and buffers of a net, on the CPU."""
    return {
        name: {key: _copied(value) for key, value in module.state_dict().items()}
        for name, module in _modules(net)
    }


def load_snapshot(net: Any, snapshot: Snapshot) -> None:
    """Give a net, on whatever device, the weights and buffers of a snapshot."""
    for name, module in _modules(net):
        module.load_state_dict(snapshot[name])


def _modules(net: Any) -> Iterator[tuple[str, nn.Module]]:
    """Fitted modules of a net; its criterion, which may have weights, is one."""
    for name, value in vars(net).items():
        if name.endswith("_") and isinstance(value, nn.Module):
            yield name, value


def _parameter_groups(net: Any) -> list[dict[str, Any]]:
    """Parameter groups of all optimisers of a net."""
    return [
        group
        for value in vars(net).values()
        if isinstance(value, torch.optim.Optimizer)
        for group in value.param_groups
    ]


def _copied(value: Any) -> Any:
    """A tensor's copy on the CPU; a deep copy of what `get_extra_state` may hold."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    return copy.deepcopy(value)
