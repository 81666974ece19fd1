"""Discrete boosting: members fitted in turn, each to what those before got wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ensembles._typing import FloatArray
from ensembles._validation import warn_user
from ensembles.boosting._fitted import FittedLearners
from ensembles.boosting._no_help import NoHelp
from ensembles.boosting._stage_judge import StageJudge

__all__ = ["WeakLearner", "boost"]


class WeakLearner(ABC):
    """What is fitted again and again to rows whose weights change."""

    n_classes: int
    is_fixed: bool
    """Whether another try at a round would give the same member."""

    @abstractmethod
    def fit_next(self, number: int) -> float:
        """Fit one more member; weight of the rows that it gets wrong, as a share."""

    @abstractmethod
    def drop_last(self) -> None:
        """Forget the last member."""

    @abstractmethod
    def raise_wrong(self, log_factor: float) -> bool:
        """Multiply weights of the rows that the last member gets wrong.

        Returns whether all weights are finite.
        """

    @abstractmethod
    def ask_last(self, X: Any) -> FloatArray:
        """Votes of the last member for rows as members take them, of weight one."""

    @abstractmethod
    def fitted(self, weights: list[float]) -> FittedLearners:
        """The members, with the weights of their votes."""


def boost(
    learner: WeakLearner,
    n_estimators: int,
    learning_rate: float,
    no_help: NoHelp,
    judge: StageJudge | None,
) -> tuple[list[float], list[float]]:
    """Fit members until there are enough, one is perfect, or one is no help.

    Parameters
    ----------
    learner : WeakLearner
        What is fitted.
    n_estimators : int
        Largest number of members.
    learning_rate : float
        What weights of votes are multiplied by.
    no_help : NoHelp
        What becomes of a member that is no better than chance.
    judge : StageJudge or None
        What tells when to stop.

    Returns
    -------
    weights, errors : list of float
        Weight of each member's vote, and its error.

    Raises
    ------
    ValueError
        If a member is no better than chance, and it is the first or an error is
        wanted.

    Notes
    -----
    Weights are ``log((1 - e) / e) + log(K - 1)`` for the error e and K classes: J. Zhu,
    H. Zou, S. Rosset & T. Hastie, "Multi-class AdaBoost", Statistics and Its Interface
    2, 349-360, 2009, algorithm 2.
    """
    weights: list[float] = []
    errors: list[float] = []
    for number in range(n_estimators):
        error = learner.fit_next(number)
        if error > 0.0 and error >= 1.0 - 1.0 / learner.n_classes:
            learner.drop_last()
            if no_help.goes_on(number, len(weights), is_fixed=learner.is_fixed):
                continue
            break
        weights.append(_weight_of(error, learner.n_classes, learning_rate))
        errors.append(error)
        is_enough = judge is not None and judge.stops(
            learner.ask_last(judge.seen), weights[-1]
        )
        if is_enough or error <= 0.0:
            break
        if number < n_estimators - 1 and not learner.raise_wrong(weights[-1]):
            warn_user(
                "Sample weights have reached infinite values, at iteration "
                f"{number}, causing overflow. Iterations stopped. Try lowering the "
                "learning rate."
            )
            break
    no_help.tell()
    return weights, errors


def _weight_of(error: float, n_classes: int, learning_rate: float) -> float:
    """Weight of a member's vote; one if it makes no error."""
    if error <= 0.0:
        return 1.0
    log_odds = np.log((1.0 - error) / error) + np.log(n_classes - 1.0)
    return float(learning_rate * log_odds)
