"""Rounds of gradient boosting one after the other: scores, stopping, progress."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from ensembles._ensemble._outputs import FittedMember
from ensembles._typing import FloatArray
from ensembles.boosting._learner_rounds import LearnerRounds, RoundPlan, answers
from ensembles.boosting._outputs import as_loss_takes
from ensembles.boosting._samples import Sample
from ensembles.losses import BinomialLoss, SquaredError

__all__ = ["OutOfBag", "Progress", "Reporter", "Stopping", "Validation", "run"]


@final
@dataclass
class Progress:
    """What rounds have left behind so far."""

    members: list[list[FittedMember]] = field(default_factory=list)
    """Of each round, one for each raw prediction."""
    rates: list[FloatArray] = field(default_factory=list)
    """What their answers are multiplied by."""
    train_scores: list[float] = field(default_factory=list)
    """Loss of the rows that each round learned from."""
    oob_scores: list[float | None] = field(default_factory=list)
    """Loss of the rows that it did not; None where it learned from all."""
    oob_improvements: list[float] = field(default_factory=list)
    """How much lower that is than before the round."""

    def copy(self) -> Progress:
        """The same, to be added to."""
        return self.first(len(self.members))

    def first(self, n_rounds: int) -> Progress:
        """What the first rounds have left behind."""
        return Progress(*(list(of_all[:n_rounds]) for of_all in vars(self).values()))


class Stopping(ABC):
    """What tells when to stop."""

    @abstractmethod
    def stops(self, plan: RoundPlan, number: int, progress: Progress) -> bool:
        """Whether none of the last rounds has brought a gain.

        Parameters
        ----------
        plan : RoundPlan
            What rounds have in common.
        number : int
            Of the last round.
        progress : Progress
            What rounds have left behind.
        """


@final
class OutOfBag(Stopping):
    """Rows that rounds have not learned from.

    What rounds take off the loss of the rows that each leaves out adds up to how much
    lower that loss is by now than it was for the first.

    Parameters
    ----------
    patience : int
        Rounds without gain that boosting stands.
    tol : float
        What counts as gain.
    """

    def __init__(self, patience: int, tol: float) -> None:
        self._patience, self._tol = patience, tol

    def stops(self, plan: RoundPlan, number: int, progress: Progress) -> bool:
        """Whether the sum is no greater than it was."""
        gains = np.cumsum([0.0, *progress.oob_improvements])
        if len(gains) <= self._patience:
            return False
        last, before = gains[-self._patience :], gains[: -self._patience]
        return bool(last.max() <= before.max() + self._tol)


@final
class Validation(Stopping):
    """Rows that tell when to stop.

    Parameters
    ----------
    sample : Sample
        The rows.
    raw : ndarray of shape (n_rows, n_raw)
        Raw predictions to start from.
    patience : int
        Rounds without gain that boosting stands.
    tol : float
        What counts as gain.
    """

    def __init__(
        self, sample: Sample, raw: FloatArray, patience: int, tol: float
    ) -> None:
        self._sample, self._start, self._tol = sample, raw, tol
        self._answers: list[FloatArray] = []
        self._losses = np.full(patience, np.inf)

    def add(self, plan: RoundPlan, members: list[FittedMember]) -> None:
        """Ask the members of a round."""
        self._answers.append(answers(plan.step, members, self._sample.X))

    def raw(self, rates: list[FloatArray]) -> FloatArray:
        """Raw predictions of all rounds, whose rates dropout changes later."""
        pairs = zip(self._answers, rates, strict=True)
        return self._start + sum(answer * own for answer, own in pairs)

    def take(self, plan: RoundPlan, rates: list[FloatArray]) -> None:
        """Add the last answers for good, unless dropout may change their rates."""
        if not plan.dropout:
            self._start = self._start + self._answers.pop() * rates[-1]

    def stops(self, plan: RoundPlan, number: int, progress: Progress) -> bool:
        """Whether the loss is no lower than in any of the last rounds."""
        rates = progress.rates
        self.add(plan, progress.members[-1])
        self.take(plan, rates)
        at = as_loss_takes((self.raw(rates) if plan.dropout else self._start).T)
        loss = loss_factor(plan.loss) * plan.loss.mean(
            self._sample.y, at, self._sample.weights
        )
        if not (loss + self._tol < self._losses).any():
            return True
        self._losses[number % len(self._losses)] = loss
        return False


@final
class Reporter:
    """Writes a line on some rounds, as scikit-learn's boosters do.

    Parameters
    ----------
    verbose : int
        Zero keeps silent; one writes ever more seldom, more writes of each round.
    n_estimators : int
        Largest number of rounds.
    first : int
        Number of the first one.
    has_oob : bool
        Whether there are rows that rounds do not learn from.
    """

    def __init__(
        self, verbose: int, n_estimators: int, first: int, *, has_oob: bool
    ) -> None:
        self._verbose, self._n_estimators = verbose, n_estimators
        self._first, self._has_oob, self._every = first, has_oob, 1
        self._start = time.perf_counter()
        if verbose:
            names = ["Iter", "Train Loss", *["OOB Improve"] * has_oob, "Remaining Time"]
            self._write([f"{names[0]:>10}", *(f"{name:>16}" for name in names[1:])])

    def _write(self, parts: list[str]) -> None:
        sys.stdout.write(" ".join(parts) + "\n")

    def report(self, number: int, progress: Progress) -> None:
        """Tell of a round, if it is one of those that are told of."""
        done = number - self._first + 1
        if not self._verbose or done % self._every:
            return
        passed = time.perf_counter() - self._start
        rest = (self._n_estimators - number - 1) * passed / done
        parts = [f"{number + 1:>10d}", f"{progress.train_scores[-1]:>16.4f}"]
        if self._has_oob:
            parts.append(f"{progress.oob_improvements[-1]:>16.4f}")
        left = f"{rest / 60.0:.2f}m" if rest > 60.0 else f"{rest:.2f}s"
        self._write([*parts, f"{left:>16}"])
        if self._verbose == 1 and done // (self._every * 10):
            self._every *= 10


def loss_factor(loss: Any) -> float:
    """What scikit-learn multiplies losses by, which are half of theirs, in scores."""
    return 2.0 if isinstance(loss, BinomialLoss | SquaredError) else 1.0


def run(
    plan: RoundPlan,
    rounds: LearnerRounds,
    progress: Progress,
    stopping: Stopping | None,
    reporter: Reporter,
    monitor: Callable[[int, Progress, FloatArray], bool],
) -> None:
    """Boost until there are enough rounds or something says to stop.

    Parameters
    ----------
    plan : RoundPlan
        What rounds have in common.
    rounds : LearnerRounds
        Where the raw predictions of training rows are.
    progress : Progress
        Is added to.
    stopping : Stopping or None
        What tells when to stop.
    reporter : Reporter
        Tells of rounds.
    monitor : callable
        Gets the number of a round, the progress and raw predictions; boosting stops
        where it returns true.
    """
    factor = loss_factor(plan.loss)
    for number in range(len(progress.members), plan.n_estimators):
        rows = rounds.draw_rows()
        has_oob = not isinstance(rows, slice)
        before = progress.oob_scores[-1] if progress.oob_scores else None
        if has_oob and before is None:
            before = factor * rounds.mean_loss(~rows)
        progress.members.append(rounds.boost(number, rows))
        progress.rates[:] = rounds.rates
        progress.train_scores.append(factor * rounds.mean_loss(rows))
        after = factor * rounds.mean_loss(~rows) if has_oob else None
        progress.oob_scores.append(after)
        gain = 0.0 if after is None or before is None else before - after
        progress.oob_improvements.append(gain)
        reporter.report(number, progress)
        if monitor(number, progress, rounds.raw_view):
            break
        if stopping is not None and stopping.stops(plan, number, progress):
            break
