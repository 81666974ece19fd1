"""Real-valued boosting: each round adds steps that lower a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ensembles._typing import FloatArray
from ensembles.boosting._fitted import FittedLearners
from ensembles.boosting._no_help import NoHelp
from ensembles.boosting._outputs import PerOutput, as_loss_takes
from ensembles.boosting._samples import Sample
from ensembles.boosting._stage_judge import StageJudge
from ensembles.losses import Loss

__all__ = ["AdditiveLearner", "boost_additive"]

# A step that overshoots is halved so many times at most: then it leads nowhere.
_MOST_HALVINGS = 10
# Weights that change no more than this from a round to the next are the same.
_SAME = 1e-12


class AdditiveLearner(ABC):
    """What adds the steps of one round after the other to raw predictions."""

    loss: Loss
    """What is to fall."""
    sample: Sample
    """Rows to learn from."""
    raw: FloatArray
    """Their raw predictions, (n_raw, n_rows)."""
    is_fixed: bool
    """Whether another try at a round would give the same members."""

    @abstractmethod
    def fit_next(self, number: int, gradient: FloatArray, hessian: FloatArray) -> None:
        """Fit the members of a round and add their steps to `raw`."""

    @abstractmethod
    def scale_last(self, factors: FloatArray) -> None:
        """Let the members of the last round count less, by the factor of each loss."""

    @abstractmethod
    def drop_last(self) -> None:
        """Forget the members of the last round."""

    @abstractmethod
    def ask_last(self, X: Any) -> FloatArray:
        """Steps of the last round for rows as members take them, (n_rows, n_raw)."""

    @abstractmethod
    def fitted(self) -> FittedLearners:
        """The members."""


def boost_additive(
    learner: AdditiveLearner,
    n_estimators: int,
    no_help: NoHelp,
    judge: StageJudge | None,
) -> list[float]:
    """Add rounds until there are enough, or nothing is left to learn.

    Parameters
    ----------
    learner : AdditiveLearner
        What is fitted.
    n_estimators : int
        Largest number of rounds.
    no_help : NoHelp
        What becomes of a round that cannot lower the loss.
    judge : StageJudge or None
        What tells when to stop.

    Returns
    -------
    list of float
        Weight of the rows whose steps lead away from their class, as a share, for each
        round that was kept.

    Raises
    ------
    ValueError
        If a round is no help, and it is the first or an error is wanted.
    """
    errors: list[float] = []
    weights = learner.sample.weights
    last, losses = None, _losses(learner)
    for number in range(n_estimators):
        now = _derivatives(learner)
        if not now[1].any() or _are_same(now, last):
            break
        before = learner.raw.copy()
        learner.fit_next(number, *now)
        slopes = now[0] if weights is None else now[0] * weights
        risen, losses = losses, _shorten(learner, before, slopes, losses)
        if (losses >= risen).all():
            learner.drop_last()
            if no_help.goes_on(number, len(errors), is_fixed=learner.is_fixed):
                continue
            break
        errors.append(_error(learner.raw - before, *now, weights))
        last = now
        if judge is not None and judge.stops(learner.ask_last(judge.seen), 1.0):
            break
    no_help.tell()
    return errors


def _shorten(
    learner: AdditiveLearner, before: FloatArray, slopes: FloatArray, losses: FloatArray
) -> FloatArray:
    """Halve the steps of the last round until losses fall; the losses after that.

    Members that are too sure of themselves, and Newton steps where the loss is far from
    a parabola, lead the right way and too far. Steps that lead the wrong way are left
    out.
    """
    steps, now = learner.raw - before, _losses(learner)
    if not np.isfinite(steps).all():
        raise ValueError(
            "Steps of a round are beyond what floats hold. Pass a smaller "
            "learning_rate, or a learner that is restrained more."
        )
    goes_down = np.einsum("ij,ij->i", slopes, steps) < 0.0
    if len(losses) == 1:
        goes_down = goes_down.any(keepdims=True)
    factors = np.ones(len(losses))
    for halvings in range(_MOST_HALVINGS + 1):
        is_high = ~(now < losses) & (factors > 0.0)
        if not is_high.any():
            break
        goes_down &= halvings < _MOST_HALVINGS
        factors[is_high] = np.where(goes_down, factors * 0.5, 0.0)[is_high]
        learner.raw[:] = before + factors[:, None] * steps
        now = _losses(learner)
    learner.scale_last(factors)
    return now


def _are_same(
    now: tuple[FloatArray, FloatArray], last: tuple[FloatArray, FloatArray] | None
) -> bool:
    """Whether the next members would be fitted to what the last ones were."""
    if last is None:
        return False
    scales = [arrays[1].max(axis=1, keepdims=True) for arrays in (now, last)]
    return all(s.all() for s in scales) and all(
        np.allclose(one / scales[0], other / scales[1], rtol=_SAME, atol=0.0)
        for one, other in zip(now, last, strict=True)
    )


def _error(
    steps: FloatArray,
    gradient: FloatArray,
    hessian: FloatArray,
    weights: FloatArray | None,
) -> float:
    """Share of the weight of rows that have rows whose steps do not lower the loss."""
    counts = hessian if weights is None else hessian * weights
    return float(np.average(steps * gradient >= 0.0, weights=counts))


def _derivatives(learner: AdditiveLearner) -> tuple[FloatArray, FloatArray]:
    """Gradient and hessian of training rows, (n_raw, n_rows)."""
    gradient, hessian = np.empty_like(learner.raw), np.ones_like(learner.raw)
    views = [as_loss_takes(array) for array in (learner.raw, gradient, hessian)]
    learner.loss.gradient_hessian(learner.sample.y, *views)
    return gradient, hessian


def _losses(learner: AdditiveLearner) -> FloatArray:
    """Mean losses of training rows, one for each raw prediction that has its own."""
    loss, raw, (_, y, weights) = learner.loss, learner.raw, learner.sample
    if isinstance(loss, PerOutput):
        parts = zip(loss.losses, y.T, raw, strict=True)
        return np.array([one.mean(own, row, weights) for one, own, row in parts])
    return np.array([loss.mean(y, as_loss_takes(raw), weights)])
