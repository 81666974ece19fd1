"""Rounds of gradient boosting of learners of any kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._compat import take_columns
from ensembles._ensemble._outputs import FittedMember
from ensembles._parallel import map_where_worth, preferred_workers
from ensembles._random import MAX_SEED
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles.boosting._handing import Handing
from ensembles.boosting._line_search import Line, LineSearch
from ensembles.boosting._member import fit_and_ask, naming_round
from ensembles.boosting._outputs import as_loss_takes
from ensembles.boosting._samples import Sample, rows_of
from ensembles.boosting._steps import Step
from ensembles.losses import Loss, MultinomialLoss

__all__ = ["LearnerRounds", "RoundPlan", "answers"]


@final
@dataclass(frozen=True)
class RoundPlan:
    """What all rounds have in common."""

    estimator: Estimator
    """Not fitted; it is cloned."""
    loss: Loss
    """What is to fall."""
    step: Step
    """What learners are fitted to."""
    search: LineSearch
    """How far to go."""
    handing: Handing
    """How rows reach learners."""
    learning_rate: float
    """What steps are multiplied by."""
    n_rows: int
    """Rows that a round learns from, drawn without replacement."""
    n_columns: int | None
    """Columns that a learner sees; None for all."""
    dropout: float
    """Probability that a round before is left out while the next is fitted."""
    n_estimators: int
    n_jobs: int | None


@final
class LearnerRounds:
    """Boosts raw predictions of training rows, one round after the other.

    Parameters
    ----------
    plan : RoundPlan
        What is fitted, and how.
    sample : Sample
        Rows to learn from, all with a weight.
    raw : ndarray of shape (n_rows, n_raw)
        Raw predictions to start from.
    rng : RandomState
        All that is random follows from it.
    """

    def __init__(
        self,
        plan: RoundPlan,
        sample: Sample,
        raw: FloatArray,
        rng: np.random.RandomState,
    ) -> None:
        self._plan, self._sample, self._rng = plan, sample, rng
        self.raw = np.ascontiguousarray(raw.T)
        self._loss = plan.loss
        self._answers: list[FloatArray] = []
        self.rates: list[FloatArray] = []
        """What answers of each round are multiplied by, (n_raw,) each."""

    @property
    def raw_view(self) -> FloatArray:
        """Raw predictions, (n_rows, n_raw), which nobody can write to."""
        view = self.raw.T
        view.flags.writeable = False
        return view

    def resume(self, answers: FloatArray, rates: FloatArray) -> None:
        """Add a round that was fitted before, by its answers, (n_rows, n_raw)."""
        self._remember(np.ascontiguousarray(answers.T), rates)

    def _remember(self, answers: FloatArray, rates: FloatArray) -> None:
        """Add a round; dropout needs its answers later."""
        self.rates.append(rates)
        self.raw += rates[:, None] * answers
        if self._plan.dropout:
            self._answers.append(answers)

    def mean_loss(self, rows: Any) -> float:
        """Mean loss of some rows, the loss as it was in the last round."""
        _, y, weights = self._sample
        own = None if weights is None else weights[rows]
        values = self._loss.value(y[rows], as_loss_takes(self.raw)[rows])
        with np.errstate(over="ignore"):  # the next gradient tells of that
            return float(np.average(values, weights=own))

    def draw_rows(self) -> Any:
        """Rows of a round, as a mask; a slice where these are all."""
        n_rows, wanted = len(self._sample.y), self._plan.n_rows
        if wanted >= n_rows:
            return slice(None)
        return np.array(_drawn(self._rng.uniform(size=n_rows).tolist(), wanted))

    def boost(self, number: int, rows: Any) -> list[FittedMember]:
        """Fit the learners of a round and add their steps to the raw predictions.

        Parameters
        ----------
        number : int
            Of the round, from zero.
        rows : slice or ndarray of shape (n_rows,)
            Which rows to learn from, as `draw_rows` gives them.

        Returns
        -------
        list of FittedMember
            One for each raw prediction.
        """
        plan, sample = self._plan, self._sample
        dropped = self._drop_out()
        raw = self.raw.copy() if dropped else self.raw
        for one in dropped:
            raw -= self.rates[one][:, None] * self._answers[one]
        line = self._line(raw, rows)
        if not (np.isfinite(line.gradient).all() and np.isfinite(line.hessian).all()):
            raise ValueError(
                f"Round {number + 1} of {plan.n_estimators}: gradients are not finite, "
                "as raw predictions have grown beyond what the loss can be computed "
                "for. Pass a smaller learning_rate, or line_search='auto'."
            )
        n_raw = len(raw)
        tasks = [(plan, sample.X, line, k, *self._random()) for k in range(n_raw)]
        prefer = preferred_workers(plan.estimator)
        with naming_round(number, plan.n_estimators, plan.estimator):
            mapped = map_where_worth(
                _fit_and_search, tasks, n_jobs=plan.n_jobs, prefer=prefer
            )
            results = list(mapped)
        members = [member for member, _, _ in results]
        answers = np.array([answer for _, answer, _ in results])
        lengths = np.array([length for _, _, length in results])
        steps = lengths[:, None] * answers
        if not np.isfinite(steps).all():
            raise ValueError(
                f"Round {number + 1} of {plan.n_estimators}: steps of "
                f"{plan.estimator!r} are not finite. Pass a smaller learning_rate, or "
                "a learner that is restrained more."
            )
        self._add(answers, lengths, dropped)
        return members

    def _random(self) -> tuple[int, IntArray | None]:
        """Seed of a learner, drawn as scikit-learn does, and columns that it sees."""
        seed, wanted = int(self._rng.randint(MAX_SEED)), self._plan.n_columns
        if wanted is None:
            return seed, None
        n_columns = self._sample.X.shape[1]
        return seed, np.sort(self._rng.permutation(n_columns)[:wanted])

    def _drop_out(self) -> list[int]:
        """Numbers of rounds that are left out while the next is fitted."""
        if not self._plan.dropout or not self.rates:
            return []
        is_out = self._rng.random_sample(len(self.rates)) < self._plan.dropout
        if not is_out.any():
            is_out[self._rng.randint(len(is_out))] = True
        return np.flatnonzero(is_out).tolist()

    def _line(self, raw: FloatArray, rows: Any) -> Line:
        """Derivatives of the loss at raw predictions."""
        _, y, weights = self._sample
        own = None if weights is None else weights[rows]
        at = as_loss_takes(raw)
        loss = self._loss = self._plan.loss.adapted(y[rows], at[rows], own)
        gradient, hessian = np.empty_like(raw), np.ones_like(raw)
        views = [as_loss_takes(one) for one in (gradient, hessian)]
        loss.gradient_hessian(y, at, *views)
        return Line(loss, y, raw, gradient, hessian, weights, rows)

    def _add(
        self, answers: FloatArray, lengths: FloatArray, dropped: list[int]
    ) -> None:
        """Add a round; where others were left out, it shares their place with them.

        K. V. Rashmi & R. Gilad-Bachrach, "DART: dropouts meet multiple additive
        regression trees", AISTATS 2015, algorithm 1, gives one of k + 1 shares to the
        new round. As in XGBoost, the learning rate is what its share counts.
        """
        rate, n_dropped = self._plan.learning_rate, len(dropped)
        for one in dropped:
            self.raw -= self.rates[one][:, None] * self._answers[one]
            self.rates[one] = self.rates[one] * (n_dropped / (n_dropped + rate))
            self.raw += self.rates[one][:, None] * self._answers[one]
        share = rate / (n_dropped + rate) if n_dropped else rate
        self._remember(answers, share * lengths)


def _drawn(points: list[float], wanted: int) -> list[bool]:
    """Whether each row is drawn, by as many points between zero and one.

    D. E. Knuth, "The art of computer programming" 2, section 3.4.2, algorithm S, by
    which scikit-learn draws the same rows.
    """
    drawn, left = [], len(points)
    for point in points:
        is_drawn = point * left < wanted
        drawn.append(is_drawn)
        wanted -= is_drawn
        left -= 1
    return drawn


def _fit_and_search(
    plan: RoundPlan,
    X: Table,
    line: Line,
    k: int,
    seed: int,
    columns: IntArray | None,
) -> tuple[FittedMember, FloatArray, float]:
    """A fitted learner, its answers for all rows, and how far to go along them."""
    seen = X if columns is None else take_columns(X, columns)
    y = line.y if line.y.ndim == 1 else line.y[:, k]
    if isinstance(line.loss, MultinomialLoss):
        y = (line.y == k).astype(np.float64)
    target = plan.step.target(y, line.gradient[k], line.hessian[k])
    weights = np.ones(len(y)) if line.weights is None else line.weights
    if plan.step.weighs_rows:
        weights = weights * line.hessian[k]
    rows, rng = line.rows, np.random.default_rng(seed)
    X_in = seen if isinstance(rows, slice) else rows_of(seen, np.flatnonzero(rows))

    def ask(learner: Estimator, _: Table) -> FloatArray:
        answer = plan.step.of(learner, seen)
        if answer.shape != y.shape:
            raise ValueError(
                f"{plan.estimator!r} predicts an array of shape {answer.shape} for "
                f"{len(y)} rows of one target. Pass a regressor of one value a row."
            )
        return answer

    parts = X_in, target[rows], weights[rows], plan.handing, seed, rng, ask
    learner, answer = fit_and_ask(plan.estimator, *parts)
    length = plan.search.length(line, k, learner, seen, answer)
    return FittedMember(learner, columns), answer, length


def answers(step: Step, members: list[FittedMember], X: Table) -> FloatArray:
    """What the learners of a round say of rows, (n_rows, n_raw)."""
    own = [step.of(member.estimator, member.sees(X)) for member in members]
    return np.column_stack(own)
