"""Discrete boosting: members fitted in turn, each to what those before got wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles._validation import warn_user

__all__ = ["FittedLearners", "WeakLearner", "boost"]


class WeakLearner(ABC):
    """What is fitted again and again to rows whose weights change."""

    n_classes: int

    @abstractmethod
    def fit_next(self) -> float:
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
    def fitted(self, weights: list[float]) -> FittedLearners:
        """The members, with the weights of their votes."""


class FittedLearners(ABC):
    """Members and the weights of their votes.

    Votes are counted in one column for two classes, those for the second class as
    positive and those for the first as negative; else in a column for each class.
    """

    weights: FloatArray
    """As votes are counted by."""

    @property
    @abstractmethod
    def members(self) -> list[Estimator]:
        """Fitted classifiers."""

    @abstractmethod
    def count(self, X: Table) -> FloatArray:
        """Votes of all members for rows, (n_rows, n_columns)."""

    @abstractmethod
    def staged(self, X: Table) -> Iterator[FloatArray]:
        """Votes after each member; the last are those of `count`."""

    @abstractmethod
    def said(self, X: Table) -> IntArray:
        """Number of the class that each member votes for, (n_members, n_rows)."""

    @abstractmethod
    def importances(self) -> FloatArray:
        """Importances of features by each member, (n_members, n_features)."""


def boost(
    learner: WeakLearner, n_estimators: int, learning_rate: float
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

    Returns
    -------
    weights, errors : list of float
        Weight of each member's vote, and its error.

    Raises
    ------
    ValueError
        If the first member is no better than chance.

    Notes
    -----
    Weights are ``log((1 - e) / e) + log(K - 1)`` for the error e and K classes: J. Zhu,
    H. Zou, S. Rosset & T. Hastie, "Multi-class AdaBoost", Statistics and Its Interface
    2, 349-360, 2009, algorithm 2.
    """
    weights: list[float] = []
    errors: list[float] = []
    for number in range(n_estimators):
        error = learner.fit_next()
        if error <= 0.0:
            return [*weights, 1.0], [*errors, 0.0]
        if error >= 1.0 - 1.0 / learner.n_classes:
            learner.drop_last()
            if not weights:
                raise ValueError(
                    "BaseClassifier in AdaBoostClassifier ensemble is worse than "
                    "random, ensemble can not be fit."
                )
            break
        log_odds = np.log((1.0 - error) / error) + np.log(learner.n_classes - 1.0)
        weights.append(float(learning_rate * log_odds))
        errors.append(error)
        if number < n_estimators - 1 and not learner.raise_wrong(weights[-1]):
            warn_user(
                "Sample weights have reached infinite values, at iteration "
                f"{number}, causing overflow. Iterations stopped. Try lowering the "
                "learning rate."
            )
            break
    return weights, errors
