"""One training run of a skorch net under one seed, with a schedule in charge.

With seed s, the run draws from torch's generator exactly what these lines draw,

    torch.manual_seed(s)
    net.fit(X, y)

so with a single cycle it ends, bit for bit, where a plain cosine schedule ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any
from warnings import warn

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, LRScheduler, PrintLog
from torch.nn.parameter import UninitializedParameter

from ensembles._typing import FloatArray
from ensembles.nets._course import Course
from ensembles.nets._weights import Snapshot, are_finite

__all__ = [
    "attach",
    "check_finite",
    "check_run",
    "first_output",
    "has_stopped",
    "is_lazy",
    "run",
    "start",
]


def attach(net: NeuralNet, course: Course) -> None:
    """Put `course` in charge of an initialised net's learning rate.

    Warns
    -----
    UserWarning
        If callbacks that would break it are taken out.
    """
    rivals = [
        name
        for name, callback in net.callbacks_
        if isinstance(callback, EarlyStopping | LRScheduler | Course)
    ]
    if rivals:
        warn(
            f"The callbacks {rivals} of the net are left out: this ensemble sets the "
            "learning rate itself and has to reach the end of its run.",
            stacklevel=3,
        )
    kept = [(name, cb) for name, cb in net.callbacks_ if name not in rivals]
    net.callbacks_ = [("course", course), *kept]


def start(net: NeuralNet) -> None:
    """Initialise a net without what would fail, or prepare a print that is not asked.

    An optimiser does not fuse steps of complex parameters, and skorch makes its table
    of epochs also where it does not print it.
    """
    net.initialize()
    if not net.verbose:
        net.callbacks_ = [
            (name, callback)
            for name, callback in net.callbacks_
            if not (type(callback) is PrintLog and callback.sink is print)
        ]
    is_fused = net.get_params_for("optimizer").get("fused")
    if is_fused and any(p.is_complex() for _, p in net.get_all_learnable_params()):
        net.set_params(optimizer__fused=False)


def first_output(net: NeuralNet, X: Any) -> FloatArray:
    """What a net predicts for the first two rows; lazy layers learn their size by it.

    Torch's generator does not move, unless lazy layers draw their weights.
    """
    with nullcontext() if is_lazy(net) else torch.random.fork_rng(devices=[]):
        output: FloatArray = net.predict_proba(X[:2])
    return output


def is_lazy(net: NeuralNet) -> bool:
    """Whether layers have no size before a first pass."""
    return any(isinstance(p, UninitializedParameter) for p in net.module_.parameters())


def run(net: NeuralNet, X: Any, y: Any) -> None:
    """Train an initialised net whose training has begun.

    `NeuralNet.fit` would swallow the user's interruption, too, and leave what is
    missing out in silence.
    """
    try:
        net.fit_loop(X, y)
    except KeyboardInterrupt:
        if not has_stopped(net):
            raise
    net.notify("on_train_end", X=X, y=y)


def has_stopped(net: NeuralNet) -> bool:
    """Whether a callback has stopped the training, which it does by an interruption."""
    return any(
        isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience
        for _, callback in net.callbacks_
    )


def check_run(net: NeuralNet, course: Course, snapshots: Sequence[Snapshot]) -> None:
    """Raise unless a run came to its end with finite weights.

    Parameters
    ----------
    net : NeuralNet
        That was trained.
    course : Course
        What was in charge.
    snapshots : sequence of dict
        Weights that are wanted of it.

    Raises
    ------
    RuntimeError
        If the net's iterator gave another number of batches than it announced.
    ValueError
        If the training diverged.
    """
    if course.iteration_ != course.n_iterations_:
        raise RuntimeError(
            f"The net ran {course.iteration_} iterations where the length of its "
            f"iterator_train announced {course.n_iterations_}, so the run does not end "
            "where it should. Give an iterator_train with the right length."
        )
    check_finite(net, snapshots)


def check_finite(net: NeuralNet, snapshots: Sequence[Snapshot]) -> None:
    """Raise unless all weights are numbers.

    Raises
    ------
    ValueError
        If the training diverged.
    """
    for number, snapshot in enumerate(snapshots, start=1):
        if not are_finite(net, snapshot):
            raise ValueError(
                f"Training diverged: the weights of member {number} of "
                f"{len(snapshots)} are not finite. Try a lower learning rate, or scale "
                "X with a StandardScaler."
            )
