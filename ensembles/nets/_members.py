"""Training one member of several, in any worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, final

from sklearn.base import clone
from skorch import NeuralNet
from skorch.callbacks import Checkpoint
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from skorch.history import History

from ensembles._ensemble._nets import seeded_run
from ensembles._typing import IntArray
from ensembles.nets._base import BaseNetEnsemble, epochs_only
from ensembles.nets._training import first_output, is_lazy, run, start
from ensembles.nets._weights import Snapshot, take_snapshot
from ensembles.nets._wrap import reset_weights

__all__ = ["Member", "MemberJob", "begin", "template_of", "train_member"]


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

    def part(self, rows: IntArray | None) -> tuple[Any, Any]:
        """Some rows, with their repetitions, and their targets; all for None."""
        return (self.X, self.y) if rows is None else (self.X[rows], self.y[rows])


@final
class Member(NamedTuple):
    """What a member has of its own."""

    number: int | None
    """Counted from zero; files of its callbacks are named after it. None for the only
    one."""
    seed: int
    """Of torch's generators: weights, batches and dropout follow from it."""
    rows: IntArray | None = None
    """Numbers of the rows that it learns from, with their repetitions; None for all."""
    scored: IntArray | None = None
    """Those that are set aside; None leaves that to the net's own split."""


def train_member(job: MemberJob, member: Member) -> tuple[Snapshot, History]:
    """Train a net from weights of its own.

    Parameters
    ----------
    job : MemberJob
        What is trained, and on what.
    member : Member
        The member.

    Returns
    -------
    snapshot : dict
        Its weights, on the CPU.
    history : History
        Of its epochs.
    """
    X, y = job.part(member.rows)
    with seeded_run(member.seed, job.net.device):
        net = begin(job, member, X, y)
        run(net, X, y)
    return take_snapshot(net), epochs_only(net.history_)


def begin(job: MemberJob, member: Member, X: Any, y: Any) -> NeuralNet:
    """A member's net with weights of its own from torch's generator, about to train.

    Parameters
    ----------
    job : MemberJob
        What is trained.
    member : Member
        The member.
    X, y : ndarray of shape (n_samples, ...)
        Its rows and their targets.
    """
    net: NeuralNet = clone(job.net)
    if member.scored is not None:
        aside = Dataset(*job.part(member.scored))
        net.set_params(train_split=predefined_split(aside))
    reset_weights(net, net)
    start(net)
    if member.number is not None:
        _name_files(net, member.number)
    net.notify("on_train_begin", X=X, y=y)
    if is_lazy(net):
        first_output(net, X)
    return net


def _name_files(net: NeuralNet, number: int) -> None:
    """Let members that write to files not write to those of others."""
    for _, callback in net.callbacks_:
        kept = getattr(callback, "checkpoint_", callback)
        if isinstance(kept, Checkpoint):
            kept.fn_prefix = f"{kept.fn_prefix}member_{number}_"


def template_of(
    owner: BaseNetEnsemble, net: NeuralNet, seed: int, X: Any, target: Any
) -> tuple[NeuralNet, MemberJob]:
    """A net that is initialised, to hold members' weights, and what these learn from.

    Parameters
    ----------
    owner : BaseNetEnsemble
        Whose target it is.
    net : NeuralNet
        Not initialised; it is cloned.
    seed : int
        Of its weights.
    X : ndarray of shape (n_samples, ...)
        Rows.
    target : ndarray
        As the ensemble encodes it.

    Returns
    -------
    template : NeuralNet
        Initialised.
    job : MemberJob
        Rows and targets as members take them.
    """
    template: NeuralNet = clone(net)
    with seeded_run(seed, net.device):
        reset_weights(owner, template)
        start(template)
        X = owner._cast(template, X)
        template.notify("on_train_begin", X=X, y=target)  # which may set sizes
        y = owner._shape_target(template, target, first_output(template, X))
        template.check_data(X, y)
    return template, MemberJob(net, X, y)
