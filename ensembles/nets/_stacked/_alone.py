"""What in a net, its rows or its callbacks makes members train alone."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import (
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
)
from skorch.dataset import Dataset
from torch import nn
from torch.optim import Optimizer

from ensembles.nets._lean import lean_batches
from ensembles.nets._members import MemberJob
from ensembles.nets._stacked._batches import OPTIONS
from ensembles.nets._stacked._steps import STACKABLE
from ensembles.nets._weights import modules_of

__all__ = ["why_alone"]

# What a net may do in its own way: what is done before training and after it.
_FREE = {
    "fit",
    "forward",
    "forward_iter",
    "get_default_callbacks",
    "get_params",
    "initialize_callbacks",
    "initialize_criterion",
    "initialize_history",
    "initialize_module",
    "initialize_optimizer",
    "load_params",
    "partial_fit",
    "predict",
    "predict_proba",
    "save_params",
    "score",
    "set_params",
}
_HOMES = ("skorch.net", "skorch.classifier", "skorch.regressor")
# They look at epochs, not at batches, or are done for all members here.
_CALLBACKS = (
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
)
_TYPES = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64))


def why_alone(net: NeuralNet, job: MemberJob) -> str | None:
    """Why members of this kind cannot be trained together, in words; None if they can.

    Parameters
    ----------
    net : NeuralNet
        One of them, initialised.
    job : MemberJob
        What they learn from.
    """
    return next(_reasons(net, job), None)


def _reasons(net: NeuralNet, job: MemberJob) -> Iterator[str]:
    yield from _of_net(net)
    yield from _of_steps(net)
    yield from _of_rows(net, job)
    yield from _of_callbacks(net)
    yield from _of_module(net.module_)


def _of_net(net: NeuralNet) -> Iterator[str]:
    kind = type(net).__name__
    if torch.device(net.device or "cpu").type != "cpu":
        yield f"nets on {net.device} are trained one after another"
    for name in _methods():
        home = getattr(getattr(type(net), name), "__module__", "")
        if home not in _HOMES or name in vars(net):
            yield f"{kind} has a {name} of its own"
    if [name for name, _ in modules_of(net)] != ["module_", "criterion_"]:
        yield f"{kind} has more than a module and a criterion"
    if net.compile:
        yield "it is compiled"


def _methods() -> list[str]:
    """Names of all that skorch's nets do but for what is free."""
    return [
        name
        for name, value in vars(NeuralNet).items()
        if inspect.isfunction(value) and not name.startswith("__") and name not in _FREE
    ]


def _of_steps(net: NeuralNet) -> Iterator[str]:
    if any(True for _ in net.criterion_.parameters()):
        yield "its criterion has weights"
    if type(net.optimizer_) not in STACKABLE:
        yield f"steps of {type(net.optimizer_).__name__} are not those of each weight"
    names = [name for name, one in vars(net).items() if isinstance(one, Optimizer)]
    if names != ["optimizer_"]:
        yield f"it has the optimisers {names}"
    stepped = [one for group in net.optimizer_.param_groups for one in group["params"]]
    if {*map(id, stepped)} != {*map(id, net.module_.parameters())}:
        yield "its optimiser has not all weights"
    yield from _hooks_of(net.optimizer_)


def _of_rows(net: NeuralNet, job: MemberJob) -> Iterator[str]:
    if net.dataset is not Dataset:
        yield "it has a dataset of its own"
    options = net.get_params_for("iterator_train")
    if net.iterator_train is not lean_batches or not OPTIONS.issuperset(options):
        yield "it has an iterator_train of its own"
    for values in job.X, job.y:
        kind = getattr(values, "dtype", None)
        if not (isinstance(values, np.ndarray) and kind in _TYPES):
            yield f"rows or targets are of type {kind or type(values).__name__}"


def _of_callbacks(net: NeuralNet) -> Iterator[str]:
    for name, callback in net.callbacks_:
        if type(callback) not in _CALLBACKS:
            yield f"the callback {name} ({type(callback).__name__}) may look at batches"
        if type(callback) is EpochScoring and callback.on_train:
            yield f"the callback {name} scores batches that are trained on"
        if type(callback) is LRScheduler and callback.step_every != "epoch":
            yield f"the callback {name} changes the rate with every batch"


def _of_module(module: nn.Module) -> Iterator[str]:
    if any(parameter.is_complex() for parameter in module.parameters()):
        yield "its module has complex weights"
    for parameter in module.parameters():
        if parameter._backward_hooks or parameter._post_accumulate_grad_hooks:
            yield "its weights have hooks"
    for part in module.modules():
        yield from _hooks_of(part)
        if getattr(part, "padding_idx", None) is not None:
            yield f"{type(part).__name__} has rows for padding"


def _hooks_of(owner: Any) -> Iterator[str]:
    """Code of the user's that runs beside a pass or a step."""
    for name, hooks in vars(owner).items():
        is_saved = "state_dict" in name
        if name.endswith(("_hooks", "_hooks_with_kwargs")) and hooks and not is_saved:
            yield f"{type(owner).__name__} has hooks"
