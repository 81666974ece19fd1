"""AdaBoost for values: members fitted in turn, to what those before missed most."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np

from ensembles._typing import Estimator, FloatArray, Table
from ensembles.boosting._ada_rules import ErrorRule
from ensembles.boosting._handing import Handing
from ensembles.boosting._member import fit_and_ask, has_random_state, naming_round
from ensembles.boosting._no_help import NoHelp
from ensembles.boosting._samples import Sample
from ensembles.boosting._stage_judge import StageJudge

__all__ = ["ValueBoost", "ValuePlan", "boost_values"]

_EPSILON = np.finfo(np.float64).eps


@final
@dataclass
class ValueBoost:
    """Members, and what came of each round."""

    members: list[Estimator] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    """Of members, in medians or means."""
    errors: list[float] = field(default_factory=list)
    """Mean losses of weighted rows."""

    def add(self, member: Estimator, weight: float, error: float) -> None:
        """Keep a member."""
        self.members.append(member)
        self.weights.append(weight)
        self.errors.append(error)


@final
@dataclass(frozen=True)
class ValuePlan:
    """What is fitted, and how."""

    estimator: Estimator
    """Not fitted; it is cloned."""
    handing: Handing
    """How rows reach members."""
    rule: ErrorRule
    """What errors count."""
    learning_rate: float
    """What weights of members are multiplied by."""
    n_estimators: int

    @property
    def is_fixed(self) -> bool:
        """Whether another try at a round would give the same member."""
        return not (self.handing.is_random or has_random_state(self.estimator))


def boost_values(
    plan: ValuePlan,
    sample: Sample,
    no_help: NoHelp,
    rng: np.random.RandomState,
    judge: StageJudge | None,
) -> ValueBoost:
    """Fit members until there are enough, one is perfect, or one is no help.

    Parameters
    ----------
    plan : ValuePlan
        What is fitted, and how.
    sample : Sample
        Rows to learn from, all with a weight.
    no_help : NoHelp
        What becomes of a member that is no better than chance.
    rng : RandomState
        All that is random follows from it.
    judge : StageJudge or None
        What tells when to stop.

    Returns
    -------
    ValueBoost
        At least one member.

    Raises
    ------
    ValueError
        If a member is no better than chance where that is an error, or predicts what is
        no number.
    """
    result = ValueBoost()
    weights = np.ones(len(sample.y)) if sample.weights is None else sample.weights
    whole = weights.sum()
    for number in range(plan.n_estimators):
        weights = weights.clip(whole * _EPSILON)
        member, losses = _fit(plan, sample, weights, number, rng)
        error = float((weights * losses).sum() / whole)
        if error >= plan.rule.chance:
            if no_help.choice == "stop" and not result.members:
                result.add(member, 0.0, 1.0)  # as scikit-learn does
                _hear(judge, member, 1.0)
                break
            kept = len(result.members)
            if no_help.goes_on(number, kept, is_fixed=plan.is_fixed):
                continue
            break
        beta, is_perfect = plan.rule.beta(error), error <= 0.0
        log_odds = 0.0 if is_perfect else np.log(1.0 / beta)
        weight = 1.0 if is_perfect else float(plan.learning_rate * log_odds)
        result.add(member, weight, error)
        if _hear(judge, member, weight) or is_perfect:
            break
        weights = weights * beta ** ((1.0 - losses) * plan.learning_rate)
        if not weights.any():  # a huge learning rate leaves none
            break
        weights *= whole / weights.sum()
    no_help.tell()
    return result


def _hear(judge: StageJudge | None, member: Estimator, weight: float) -> bool:
    """Let rows set aside be scored with one member more; whether that is enough."""
    if judge is None:
        return False
    return judge.stops(_values(member, judge.seen).ravel(), weight)


def _fit(
    plan: ValuePlan,
    sample: Sample,
    weights: FloatArray,
    number: int,
    rng: np.random.RandomState,
) -> tuple[Estimator, FloatArray]:
    """The member of a round, and the loss of each row."""
    estimator = plan.estimator
    with naming_round(number, plan.n_estimators, estimator):
        how = weights, plan.handing, rng, rng, _values
        member, predicted = fit_and_ask(estimator, sample.X, sample.y, *how)
    if predicted.size != len(sample.y):
        raise ValueError(
            f"{estimator!r} predicts an array of shape {predicted.shape} for "
            f"{len(sample.y)} rows of one target. Pass a regressor of one value a row."
        )
    if not np.isfinite(predicted).all():
        raise ValueError(
            f"Round {number + 1} of {plan.n_estimators}: {estimator!r} predicts values "
            "that are not finite. Pass a learner that is restrained more."
        )
    return member, plan.rule.losses(np.abs(predicted.ravel() - sample.y), sample.y)


def _values(member: Estimator, X: Table) -> FloatArray:
    """What a regressor predicts for rows."""
    return np.asarray(member.predict(X), dtype=np.float64)
