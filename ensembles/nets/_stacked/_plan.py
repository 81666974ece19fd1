"""Which members are trained together, by what, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, final

import numpy as np
import torch
from skorch import NeuralNet
from skorch.history import History

from ensembles._parallel import map_members
from ensembles.nets._members import Member, MemberJob, train_member
from ensembles.nets._stacked._alone import why_alone
from ensembles.nets._stacked._chain import Chain
from ensembles.nets._stacked._group import train_group, train_group_or_alone
from ensembles.nets._stacked._mapped import Mapped
from ensembles.nets._stacked._probe import checked_program
from ensembles.nets._stacked._products import Products
from ensembles.nets._stacked._program import NoProgramError, Program
from ensembles.nets._stacked._trainee import Trainee
from ensembles.nets._stacked._worth import check_worth
from ensembles.nets._weights import Snapshot

__all__ = ["Plan", "planned"]

# More do not fit caches, and gain no more.
_PARAMETERS_OF_A_GROUP = 1_000_000


@final
@dataclass(frozen=True)
class Plan:
    """How members are trained."""

    program: Program | None
    """What computes the outputs of a group; None trains members one after another."""
    groups: list[list[Member]]
    """Those that are trained together."""
    reason: str
    """Why, in words."""
    is_asked_for: bool = False
    """Whether the user insists on it."""

    def train(self, job: MemberJob, n_jobs: int | None, verbose: int) -> Outcome:
        """Train all members.

        Parameters
        ----------
        job : MemberJob
            What is trained, and on what.
        n_jobs : int or None
            Workers among whom groups are shared out.
        verbose : int
            Of joblib.
        """
        options: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose}
        if self.program is None:
            tasks = [(job, member) for (member,) in self.groups]
            members = list(map_members(train_member, tasks, **options))
            return Outcome(members, "loop", self.reason)
        train = train_group if self.is_asked_for else train_group_or_alone
        parts = [(job, group, self.program) for group in self.groups]
        trained = list(map_members(train, parts, **options))
        members = [member for part in trained for member in part.members]
        for part in trained:
            if part.reason is not None:
                return Outcome(members, "loop", part.reason)
        return Outcome(members, "stacked", self.reason)


@final
class Outcome(NamedTuple):
    """What has become of all members."""

    members: list[tuple[Snapshot, History]]
    """Weights and history of each."""
    engine: Literal["loop", "stacked"]
    """How they were trained."""
    reason: str
    """Why, in words."""


def planned(
    net: NeuralNet,
    job: MemberJob,
    members: Sequence[Member],
    engine: Literal["auto", "loop", "stacked"],
) -> Plan:
    """Decide how members are trained.

    The decision depends on the net, the rows and the seeds alone, never on times: the
    same fit gives the same members.

    Parameters
    ----------
    net : NeuralNet
        One of them, initialised.
    job : MemberJob
        What is trained, and on what.
    members : sequence of Member
        The members.
    engine : {"auto", "loop", "stacked"}
        What the user asks for.

    Raises
    ------
    ValueError
        If `engine` is "stacked" and members cannot be.
    """
    try:
        program = _program(net, job, members, engine)
    except NoProgramError as error:
        if engine == "stacked":
            raise ValueError(
                f"engine='stacked' cannot train these nets together: {error}. Pass "
                "engine='auto', which trains them one after another where it must."
            ) from error
        return Plan(None, [[member] for member in members], str(error))
    n_parameters = sum(one.numel() for one in net.module_.parameters())
    most = max(2, _PARAMETERS_OF_A_GROUP // max(1, n_parameters))
    n_groups = -(-len(members) // most)
    parts = np.array_split(np.arange(len(members)), n_groups)
    groups = [[members[at] for at in part] for part in parts]
    return Plan(program, groups, program.words, engine == "stacked")


def _program(
    net: NeuralNet, job: MemberJob, members: Sequence[Member], engine: str
) -> Program:
    """The first program that does what the nets do."""
    if engine == "loop":
        raise NoProgramError("engine='loop'")
    if engine == "auto" and len(members) == 1:
        raise NoProgramError("there is one member")
    reason = why_alone(net, job)
    if reason is not None:
        raise NoProgramError(reason)
    trainees = [Trainee(job, member) for member in members[:2]]
    why: dict[str, NoProgramError] = {}
    for kind in (Chain, Products, Mapped):
        try:
            if engine == "auto":
                X = torch.from_numpy(job.X)
                check_worth(kind, trainees[0], X, len(members))
            return checked_program(kind, job, trainees)
        except NoProgramError as error:
            why[kind.words] = error
    raise NoProgramError("; ".join(f"{words}: {why[words]}" for words in why))
