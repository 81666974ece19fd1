"""Nets one after another, each for what those before it have left undone.

A net is trained by the Taylor polynomial of the loss around the sum so far, whose
outputs are kept: a stage costs its own training and no pass of another. When there are
2, 4, 8, ... nets, and at the end, all are trained together by the loss itself, which
takes passes of all: 2 + 4 + 8 + ... + T < 3 T passes of one net, where a correction
after each of T stages would take T^2 / 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from skorch import NeuralNet

from ensembles._ensemble._nets import seeded_run
from ensembles._typing import FloatArray
from ensembles.losses import Loss
from ensembles.nets._additive import LossOfSum, SumOfNets, derivatives_of
from ensembles.nets._members import Member, MemberJob, train_member
from ensembles.nets._prediction import proba_of
from ensembles.nets._training import run, start
from ensembles.nets._weights import (
    Snapshot,
    copy_module,
    load_snapshot,
    take_snapshot,
)
from ensembles.nets._wrap import input_dtype, with_parts

__all__ = ["Boosting", "Rows", "Sum"]


@final
class Sum(NamedTuple):
    """Nets with their rates."""

    snapshots: tuple[Snapshot, ...]
    """Weights of the nets."""
    rates: FloatArray
    """Shape (n_nets,)."""


@final
@dataclass
class Rows:
    """Rows, and what the sum says of them."""

    X: Any
    """As the module takes them."""
    y: FloatArray
    """Targets of the loss, shape (n_samples,)."""
    raw: FloatArray
    """Raw predictions so far, shape (n_samples, n_raw)."""


@final
class _Kept:
    """Makes a module that there is, whatever settings callbacks have for a new one."""

    def __init__(self, module: SumOfNets) -> None:
        self._module = module

    def __call__(self, **settings: Any) -> SumOfNets:
        """The module itself."""
        return self._module


@final
@dataclass(frozen=True)
class Boosting:
    """What stages have in common."""

    net: NeuralNet
    """Of a stage, not initialised; it is cloned."""
    template: NeuralNet
    """Initialised, to hold the weights of one net after another."""
    loss: Loss
    """That the sum is to make small."""
    base: FloatArray
    """What the sum begins with, shape (n_raw,)."""
    scale: float
    """What outputs of nets are multiplied by."""
    learning_rate: float
    """Rate of a new net."""
    corrective_epochs: int
    """Epochs of a correction; 0 is none."""
    corrective_lr: float
    """Learning rate of a correction, as a share of the net's."""

    def stages(
        self, seeds: list[tuple[int, int]], learned: Rows, aside: Rows | None
    ) -> Iterator[tuple[Sum, dict[str, Any]]]:
        """Yield the sum after each stage, and its losses.

        Parameters
        ----------
        seeds : list of pairs of int
            For each stage that of its net, and that of a correction.
        learned : Rows
            To learn from; what the sum says of them is written to.
        aside : Rows or None
            To be judged by.
        """
        found = Sum((), np.empty(0))
        both = [learned] if aside is None else [learned, aside]
        for number, (seed, other) in enumerate(seeds):
            found = self._grown(found, number, seed, learned)
            self._add_last(found, both)
            is_corrected = self._corrects(number + 1, len(seeds))
            if is_corrected:
                found = self._corrected(found, other, learned)
                self._add_all(found, both)
            said = {"train_loss": self._mean_loss(learned), "corrected": is_corrected}
            if aside is not None:
                said["valid_loss"] = self._mean_loss(aside)
            yield found, said

    def _grown(self, found: Sum, number: int, seed: int, rows: Rows) -> Sum:
        """The sum with one more net."""
        derivatives = derivatives_of(self.loss, rows.y, rows.raw)
        derivatives[:, 0] /= self.scale
        dtype = input_dtype(self.template.module_)
        job = MemberJob(self.net, rows.X, derivatives.astype(dtype))
        snapshot, _ = train_member(job, Member(number, seed))
        rates = np.append(found.rates, self.learning_rate)
        return Sum((*found.snapshots, snapshot), rates)

    def _corrects(self, n_nets: int, n_stages: int) -> bool:
        """Whether all nets are trained together once there are so many."""
        is_due = n_nets == n_stages or n_nets & (n_nets - 1) == 0
        return bool(self.corrective_epochs and n_nets > 1 and is_due)

    def _corrected(self, found: Sum, seed: int, rows: Rows) -> Sum:
        """The same nets, trained together by the loss itself."""
        members = []
        for snapshot in found.snapshots:
            load_snapshot(self.template, snapshot)
            members.append(copy_module(self.template.module_, {}))
        net = with_parts(
            self.net,
            module=_Kept(SumOfNets(members, found.rates, self.base, self.scale)),
            criterion=LossOfSum(self.loss, self.scale),
            max_epochs=self.corrective_epochs,
            lr=self.corrective_lr * self.net.lr,
        )
        y = rows.y[:, None].astype(input_dtype(self.template.module_))
        with seeded_run(seed, net.device):
            start(net)
            net.notify("on_train_begin", X=rows.X, y=y)
            run(net, rows.X, y)
        state = take_snapshot(net)["module_"]
        return Sum(
            tuple(
                {**snapshot, "module_": _part(state, f"members.{number}.")}
                for number, snapshot in enumerate(found.snapshots)
            ),
            state["rates"].numpy().astype(np.float64),
        )

    def _add_last(self, found: Sum, both: list[Rows]) -> None:
        """Add what the last net says of rows."""
        load_snapshot(self.template, found.snapshots[-1])
        for rows in both:
            output = proba_of(self.template, rows.X).reshape(rows.raw.shape)
            rows.raw = rows.raw + self.scale * found.rates[-1] * output

    def _add_all(self, found: Sum, both: list[Rows]) -> None:
        """Add up anew what all nets say of rows."""
        for rows in both:
            rows.raw = np.tile(self.base, (len(rows.y), 1))
        for number in range(len(found.snapshots)):
            one = Sum(found.snapshots[: number + 1], found.rates[: number + 1])
            self._add_last(one, both)

    def _mean_loss(self, rows: Rows) -> float:
        raw = rows.raw[:, 0] if rows.raw.shape[1] == 1 else rows.raw
        return float(self.loss.value(rows.y, raw).mean())


def _part(state: dict[str, Any], prefix: str) -> dict[str, Any]:
    """State of one member of a sum."""
    return {
        key.removeprefix(prefix): value
        for key, value in state.items()
        if key.startswith(prefix)
    }
