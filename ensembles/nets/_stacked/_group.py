"""Members that are trained together, batch for batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple, final

import numpy as np
import torch
from skorch.history import History
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ensembles._ensemble._nets import seeded_run
from ensembles._typing import FloatArray, IntArray
from ensembles.nets._members import Member, MemberJob, train_member
from ensembles.nets._stacked._footprint import architecture_of
from ensembles.nets._stacked._losses import BatchLoss
from ensembles.nets._stacked._program import Program, quiet_torch
from ensembles.nets._stacked._stack import Stack
from ensembles.nets._stacked._steps import Steps
from ensembles.nets._stacked._trainee import Trainee
from ensembles.nets._weights import Snapshot

__all__ = ["Trained", "train_group", "train_group_or_alone"]


@final
class Trained(NamedTuple):
    """What has become of a group."""

    members: list[tuple[Snapshot, History]]
    """Weights and history of each, as of `train_member`."""
    reason: str | None
    """Why they were trained one after another after all; None if they were not."""


def train_group(job: MemberJob, members: Sequence[Member], program: Program) -> Trained:
    """Train members together.

    Parameters
    ----------
    job : MemberJob
        What is trained, and on what.
    members : sequence of Member
        The members.
    program : Program
        What computes their outputs.

    Returns
    -------
    Trained
        Weights and history of each, as of `train_member`.
    """
    # Each draws from generators of its own, which take turns in the process's place.
    with seeded_run(0, "cpu"), quiet_torch():
        trainees = [
            Trainee(job, member, prints=place == 0)
            for place, member in enumerate(members)
        ]
        like_the_first = architecture_of(trainees[0].net)
        own = [architecture_of(one.net) != like_the_first for one in trainees]
        # Steps are counted for a whole stack: an epoch has as many for each of it.
        by_length = sorted(
            (one for one, is_own in zip(trainees, own, strict=True) if not is_own),
            key=_n_batches,
        )
        for _, alike in groupby(by_length, _n_batches):
            _Group(job, list(alike), program).run()
        found = [
            train_member(job, member) if is_own else trainee.end()
            for member, trainee, is_own in zip(members, trainees, own, strict=True)
        ]
    return Trained(found, None)


def train_group_or_alone(
    job: MemberJob, members: Sequence[Member], program: Program
) -> Trained:
    """The same, or each by itself where something comes up that no trial has seen.

    Parameters
    ----------
    job : MemberJob
        What is trained, and on what.
    members : sequence of Member
        The members.
    program : Program
        What computes their outputs.

    Returns
    -------
    Trained
        Weights and history of each, and what came up.
    """
    try:
        return train_group(job, members, program)
    except Exception as error:  # the loop goes on, or fails of it in its own words
        found = [train_member(job, member) for member in members]
        return Trained(found, f"{type(error).__name__}: {error}")


def _n_batches(trainee: Trainee) -> int:
    return trainee.n_batches


@final
class _Group:
    """Members with as many batches in an epoch."""

    def __init__(
        self, job: MemberJob, trainees: Sequence[Trainee], program: Program
    ) -> None:
        self._X, self._y = torch.from_numpy(job.X), torch.from_numpy(job.y)
        self._trainees, self._program = list(trainees), program
        self._is_watched = trainees[0].is_watched
        modules = [one.net.module_ for one in trainees]
        generators = [one.generator for one in trainees]
        self._stack = Stack(modules, generators, program.turned)
        self._steps = Steps([one.net for one in trainees], self._stack)

    def run(self) -> None:
        """Train until all epochs are over or all members have stopped."""
        for _ in range(self._trainees[0].net.max_epochs):
            orders = [trainee.begin_epoch() for trainee in self._trainees]
            if self._is_watched:
                self._stack.read()
                self._steps.read_settings()
            losses, sizes = self._epoch(orders)
            if self._is_watched:
                self._stack.write()
            for place, trainee in enumerate(self._trainees):
                trainee.end_epoch(losses[:, place], sizes[:, place])
            if not self._go_on():
                break
        self._stack.write()

    def _epoch(self, orders: Sequence[Tensor]) -> tuple[FloatArray, IntArray]:
        """Losses and sizes of all batches, a column for each member."""
        lengths = np.array([len(order) for order in orders])
        rows = pad_sequence(list(orders), batch_first=True)
        firsts = np.arange(0, rows.shape[1], self._trainees[0].batches.size)
        sizes = np.diff(np.append(firsts, rows.shape[1]))
        sizes = np.minimum(sizes[:, None], lengths - firsts[:, None])
        losses = np.empty(sizes.shape)
        for number, first in enumerate(firsts.tolist()):
            # Only the last batches of an epoch may be of unlike sizes.
            own = sizes[number]
            alike = own[:1] if (own == own[0]).all() else np.unique(own)
            for size in alike.tolist():
                (at,) = np.nonzero(own == size)
                batch = rows[:, first : first + size]
                losses[number, at] = self._add_gradients(batch, at)
            self._steps()
        return losses, sizes

    def _add_gradients(self, rows: Tensor, members: IntArray) -> FloatArray:
        """Gradients by batches of some members; returns losses."""
        if len(members) < len(rows):
            rows = rows[torch.from_numpy(members)]
        state = self._stack.part(members)
        loss = BatchLoss(self._trainees[0].net, _taken(self._y, rows))
        losses = self._program.add_gradients(state, _taken(self._X, rows), loss)
        self._stack.put_back(state, members)
        found: FloatArray = losses.mean(1).numpy()
        return found

    def _go_on(self) -> bool:
        """Leave members that have stopped; whether any remain."""
        going = [place for place, one in enumerate(self._trainees) if not one.is_done]
        if going and len(going) < len(self._trainees):
            self._stack.keep(going)
            self._steps.keep(going)
            self._trainees = [self._trainees[place] for place in going]
        return bool(going)


def _taken(values: Tensor, rows: Tensor) -> Tensor:
    """Rows of members from what they share, shape (n_members, n_rows, ...)."""
    found = values.index_select(0, rows.flatten())
    return found.view(*rows.shape, *values.shape[1:])
