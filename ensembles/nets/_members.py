"""Training one member of several, in any worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from sklearn.base import clone
from skorch import NeuralNet
from skorch.callbacks import InputShapeSetter
from skorch.history import History

from ensembles._ensemble._nets import seeded_torch
from ensembles._typing import IntArray
from ensembles.nets._base import epochs_only
from ensembles.nets._training import first_output, run
from ensembles.nets._weights import Snapshot, take_snapshot
from ensembles.nets._wrap import reset_weights

__all__ = ["MemberJob", "template_of", "train_member"]


@final
@dataclass(frozen=True)
class MemberJob:
    """What all members have in common."""

    net: NeuralNet
    """Not initialised; it is cloned."""
    X: Any
    """Rows as the module takes them."""
    y: Any
    """Their targets, in the shape of the module's output."""


def train_member(
    job: MemberJob, seed: int, rows: IntArray | None
) -> tuple[Snapshot, History]:
    """Train a net from weights of its own.

    Parameters
    ----------
    job : MemberJob
        What is trained, and on what.
    seed : int
        Of torch's generators: weights, batches and dropout follow from it.
    rows : ndarray or None
        Numbers of the rows that it learns from, with their repetitions; None for all.

    Returns
    -------
    snapshot : dict
        Its weights, on the CPU.
    history : History
        Of its epochs.
    """
    net = clone(job.net)
    X, y = (job.X, job.y) if rows is None else (job.X[rows], job.y[rows])
    with seeded_torch(seed, net.device):
        reset_weights(net, net)
        net.initialize()
        net.notify("on_train_begin", X=X, y=y)
        first_output(net, X)
        run(net, X, y)
    return take_snapshot(net), epochs_only(net.history_)


def template_of(
    owner: object, net: NeuralNet, seed: int, X: Any, target: Any
) -> NeuralNet:
    """A net that is initialised, to look at and to hold members' weights.

    Parameters
    ----------
    owner : estimator
        Named in errors.
    net : NeuralNet
        Not initialised; it is cloned.
    seed : int
        Of its weights.
    X, target : ndarray
        What a callback may set the module's sizes by.
    """
    template: NeuralNet = clone(net)
    with seeded_torch(seed, net.device):
        reset_weights(owner, template)
        template.initialize()
        for _, callback in template.callbacks_:
            if isinstance(callback, InputShapeSetter):
                callback.on_train_begin(template, X, target)
    return template
