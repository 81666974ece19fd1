"""Real-valued boosting of learners of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._parallel import map_where_worth, preferred_workers
from ensembles._random import MAX_SEED
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles._validation import warn_user
from ensembles.boosting._additive import AdditiveLearner
from ensembles.boosting._fitted import FittedLearners
from ensembles.boosting._handing import Handing
from ensembles.boosting._member import fit_and_ask, has_random_state, naming_round
from ensembles.boosting._readings import Reading
from ensembles.boosting._samples import Sample, codes_for
from ensembles.boosting._steps import Step
from ensembles.losses import Loss
from ensembles.trees import BinnedMatrix

__all__ = ["FittedSum", "LearnerSum", "SumPlan"]


@final
@dataclass(frozen=True)
class SumPlan:
    """What all rounds have in common."""

    estimator: Estimator
    """Not fitted; it is cloned."""
    step: Step
    """What members are fitted to, and what their answers are."""
    loss: Loss
    handing: Handing
    """How rows reach members."""
    reading: Reading
    """What sums of steps say of classes."""
    learning_rate: float
    """What steps are multiplied by."""
    n_estimators: int
    n_jobs: int | None
    """Workers that share the members of a round."""


@final
class LearnerSum(AdditiveLearner):
    """Fits one estimator for each raw prediction in a round.

    Parameters
    ----------
    plan : SumPlan
        What is fitted, and how.
    sample : Sample
        Rows to learn from, all with a weight. Targets have the shape (n_rows,), or
        (n_rows, n_raw) where each raw prediction has its own.
    rng : RandomState
        Gives each member its own random numbers.
    """

    def __init__(
        self, plan: SumPlan, sample: Sample, rng: np.random.RandomState
    ) -> None:
        self._plan, self._rng = plan, rng
        self.loss, self.sample = plan.loss, sample
        self.raw = np.zeros((plan.loss.n_raw, len(sample.y)))
        self.is_fixed = not (plan.handing.is_random or has_random_state(plan.estimator))
        self._members: list[list[Estimator]] = []
        self._rates: list[FloatArray] = []
        self._last_steps: FloatArray = np.zeros(0)

    def fit_next(self, number: int, gradient: FloatArray, hessian: FloatArray) -> None:
        plan, sample = self._plan, self.sample
        weights = self._row_weights(hessian)
        tasks = [
            (
                plan,
                sample.X,
                plan.step.target(self._own_target(k), gradient[k], hessian[k]),
                weights[k],
                *self._rng.randint(MAX_SEED, size=2).tolist(),
            )
            for k in range(len(self.raw))
        ]
        prefer = preferred_workers(plan.estimator)
        with naming_round(number, plan.n_estimators, plan.estimator):
            mapped = map_where_worth(
                _fit_and_step, tasks, n_jobs=plan.n_jobs, prefer=prefer
            )
            results = list(mapped)
        steps = np.array([own for _, own in results])
        self._check(steps, number)
        self._members.append([member for member, _ in results])
        self._rates.append(np.full(len(self.raw), plan.learning_rate))
        self.raw += plan.learning_rate * steps
        self._last_steps = steps

    def _row_weights(self, hessian: FloatArray) -> FloatArray:
        """Hessians as weights of rows, which add up to what rows have counted."""
        counts = self.sample.weights
        weights: FloatArray = hessian if counts is None else hessian * counts
        total = float(hessian.shape[1] if counts is None else counts.sum())
        sums = weights.sum(axis=1, keepdims=True)
        factors = np.divide(total, sums, out=np.zeros_like(sums), where=sums > 0.0)
        return np.asarray(weights * factors)

    def _own_target(self, k: int) -> FloatArray:
        """The target of a raw prediction; of a loss for all together, that of all."""
        y: FloatArray = self.sample.y
        return y[:, k] if y.ndim == 2 else y

    def _check(self, steps: FloatArray, number: int) -> None:
        """Raise for steps that are no numbers; warn of steps that are the last ones."""
        estimator = self._plan.estimator
        if not np.isfinite(steps).all():
            raise ValueError(
                f"Round {number + 1} of {self._plan.n_estimators}: {estimator!r} "
                "predicts values that are not finite. Pass a smaller learning_rate, "
                "or a learner that is restrained more."
            )
        if number == 1 and np.array_equal(steps, self._last_steps):
            warn_user(
                f"{estimator!r} predicts the same in the second round as in the first, "
                "though rows had other weights. If it takes no notice of sample_weight,"
                " pass resample=True to draw rows by their weights."
            )

    def scale_last(self, factors: FloatArray) -> None:
        self._rates[-1] = self._rates[-1] * factors

    def drop_last(self) -> None:
        self._members.pop()
        self._rates.pop()
        self._last_steps = np.zeros(0)

    def ask_last(self, X: Table) -> FloatArray:
        return _steps(self._plan.step, self._members[-1], self._rates[-1], X)

    def fitted(self) -> FittedLearners:
        X, plan = self.sample.X, self._plan
        binner = X.binner if isinstance(X, BinnedMatrix) else None
        rates = np.array(self._rates)
        return FittedSum(self._members, rates, plan.step, plan.reading, binner)


@final
class FittedSum(FittedLearners):
    """Members whose steps are added up.

    Parameters
    ----------
    members : list of list of estimators
        Of each round, one for each raw prediction.
    rates : ndarray of shape (n_rounds, n_raw)
        What steps are multiplied by.
    step : Step
        What their answers are.
    reading : Reading
        What sums say.
    binner : Binner or None
        What makes the codes that members take in place of a table, if they do.
    """

    def __init__(
        self,
        members: list[list[Estimator]],
        rates: FloatArray,
        step: Step,
        reading: Reading,
        binner: Any,
    ) -> None:
        self._members, self._rates = members, rates
        self._step, self.reading, self._binner = step, reading, binner

    @property
    def weights(self) -> FloatArray:
        return np.asarray(self._rates.mean(axis=1))

    @property
    def members(self) -> list[Any]:
        return [own[0] if len(own) == 1 else list(own) for own in self._members]

    def first(self, n_rounds: int) -> FittedLearners:
        own = self._members[:n_rounds], self._rates[:n_rounds]
        return FittedSum(*own, self._step, self.reading, self._binner)

    def count(self, X: Table) -> FloatArray:
        sums: FloatArray = np.zeros(0)
        for sums in self.staged(X):  # noqa: B007 - the last is wanted
            pass
        return sums

    def staged(self, X: Table) -> Iterator[FloatArray]:
        sums: Any = 0.0
        for steps in self._steps(X):
            sums = sums + steps
            yield sums

    def said(self, X: Table) -> IntArray:
        return np.array([self.reading.codes(steps) for steps in self._steps(X)])

    def importances(self) -> FloatArray:
        rounds = []
        for own, rates in zip(self._members, self._rates, strict=True):
            shares = [member.feature_importances_ for member in own]
            rounds.append(np.average(shares, axis=0, weights=rates))
        return np.array(rounds)

    def _steps(self, X: Table) -> Iterator[FloatArray]:
        """Steps of each round, (n_rows, n_raw)."""
        seen = codes_for(self._binner, X)
        for own, rates in zip(self._members, self._rates, strict=True):
            yield _steps(self._step, own, rates, seen)


def _steps(
    step: Step, members: list[Estimator], rates: FloatArray, X: Table
) -> FloatArray:
    """Steps of a round, (n_rows, n_raw)."""
    return np.column_stack([step.of(member, X) for member in members]) * rates


def _fit_and_step(
    plan: SumPlan, X: Table, target: Any, weights: FloatArray, seed: int, key: int
) -> tuple[Estimator, FloatArray]:
    """A fitted member and its steps for the rows it was fitted to."""
    rng = np.random.default_rng(key)
    how = plan.handing, seed, rng, plan.step.of
    return fit_and_ask(plan.estimator, X, target, weights, *how)
