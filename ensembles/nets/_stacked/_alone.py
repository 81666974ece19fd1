"""What in a net, its rows or its callbacks makes members train alone."""

from __future__ import annotations

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

from ensembles.nets._lean import lean_batches
from ensembles.nets._members import MemberJob
from ensembles.nets._stacked._batches import OPTIONS
from ensembles.nets._stacked._steps import STACKABLE
from ensembles.nets._weights import modules_of

__all__ = ["why_alone"]

# What a net does with its batches, which here is done for all members at once.
_METHODS = (
    "check_data",
    "evaluation_step",
    "fit_loop",
    "get_dataset",
    "get_iterator",
    "get_loss",
    "get_split_datasets",
    "infer",
    "notify",
    "on_batch_begin",
    "on_batch_end",
    "on_grad_computed",
    "run_single_epoch",
    "train_step",
    "train_step_single",
    "validation_step",
)
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
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre")
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
    for name in _METHODS:
        home = getattr(getattr(type(net), name), "__module__", "")
        if home not in _HOMES or name in vars(net):
            yield f"{kind} has a {name} of its own"
    if [name for name, _ in modules_of(net)] != ["module_", "criterion_"]:
        yield f"{kind} has more than a module and a criterion"
    if net.compile:
        yield "it is compiled"


def _of_steps(net: NeuralNet) -> Iterator[str]:
    if any(True for _ in net.criterion_.parameters()):
        yield "its criterion has weights"
    if type(net.optimizer_) not in STACKABLE:
        yield f"steps of {type(net.optimizer_).__name__} are not those of each weight"


def _of_rows(net: NeuralNet, job: MemberJob) -> Iterator[str]:
    if net.dataset is not Dataset:
        yield "it has a dataset of its own"
    options = net.get_params_for("iterator_train")
    if net.iterator_train is not lean_batches or not OPTIONS.issuperset(options):
        yield "it has an iterator_train of its own"
    if not all(_is_array(values) for values in (job.X, job.y)):
        yield f"rows and targets are of types {job.X.dtype} and {job.y.dtype}"


def _is_array(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.dtype in _TYPES


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
    for part in module.modules():
        for name, hooks in vars(part).items():
            if hooks and name.startswith(_HOOKS):
                yield f"{type(part).__name__} has hooks"
