"""One training run of a skorch net under one seed, with a schedule in charge.

With seed s, the run draws from torch's generator exactly what these lines draw,

    torch.manual_seed(s)
    net.fit(X, y)

so with a single cycle it ends, bit for bit, where a plain cosine schedule ends.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any
from warnings import warn

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, LRScheduler
from torch.nn.parameter import UninitializedParameter

from ensembles._typing import FloatArray
from ensembles.nets._snapshots import CyclicCosine

__all__ = ["attach", "check_run", "first_output", "run"]


def attach(net: NeuralNet, cycles: CyclicCosine) -> None:
    """Put `cycles` in charge of an initialised net's learning rate.

    Warns
    -----
    UserWarning
        If callbacks that would break the cycles are taken out.
    """
    rivals = [
        name
        for name, callback in net.callbacks_
        if isinstance(callback, EarlyStopping | LRScheduler)
    ]
    if rivals:
        warn(
            f"The callbacks {rivals} of the net are left out: a snapshot ensemble sets "
            "the learning rate itself and has to reach the end of its last cycle.",
            stacklevel=3,
        )
    kept = [(name, cb) for name, cb in net.callbacks_ if name not in rivals]
    net.callbacks_ = [("cyclic_cosine", cycles), *kept]


def first_output(net: NeuralNet, X: Any) -> FloatArray:
    """What a net predicts for the first two rows; lazy layers learn their size by it.

    Torch's generator does not move, unless lazy layers draw their weights.
    """
    lazy = any(isinstance(p, UninitializedParameter) for p in net.module_.parameters())
    with nullcontext() if lazy else torch.random.fork_rng(devices=[]):
        output: FloatArray = net.predict_proba(X[:2])
    return output


def run(net: NeuralNet, X: Any, y: Any) -> None:
    """Train an initialised net whose training has begun.

    `NeuralNet.fit` would swallow an interruption and leave cycles out in silence.
    """
    net.fit_loop(X, y)
    net.notify("on_train_end", X=X, y=y)


def check_run(cycles: CyclicCosine) -> None:
    """Raise unless all cycles were run to their end with finite weights.

    Raises
    ------
    RuntimeError
        If the net's iterator gave another number of batches than it announced.
    ValueError
        If the training diverged.
    """
    planned = cycles.cycle_ends_[-1]
    if cycles.iteration_ != planned:
        raise RuntimeError(
            f"The net ran {cycles.iteration_} iterations where the length of its "
            f"iterator_train announced {planned}, so the cycles do not end where they "
            "should. Give an iterator_train with the right length."
        )
    for number, snapshot in enumerate(cycles.snapshots_, start=1):
        values = (value for state in snapshot.values() for value in state.values())
        tensors = (value for value in values if isinstance(value, torch.Tensor))
        # A sum is not finite as soon as one term is not.
        if not all(math.isfinite(tensor.double().sum().item()) for tensor in tensors):
            raise ValueError(
                f"Training diverged: the weights of snapshot {number} of "
                f"{len(cycles.snapshots_)} are not finite. Try a lower lr_max, or "
                "scale X with a StandardScaler."
            )
