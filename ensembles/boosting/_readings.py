"""What sums over members say of classes: probabilities, decisions, the likeliest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.special import log_expit, log_softmax, logsumexp

from ensembles._typing import FloatArray, IntArray

__all__ = [
    "AgainstRest",
    "OneClass",
    "Reading",
    "Softmax",
    "TwoClasses",
    "Votes",
]


class Reading(ABC):
    """Reads sums over members, of shape (n_rows, n_columns).

    For two classes there is one column, positive for the second class; else there is
    one for each class.
    """

    @abstractmethod
    def log_shares(self, sums: FloatArray) -> FloatArray:
        """Logarithms of probabilities, (n_rows, n_classes)."""

    @abstractmethod
    def decision(self, sums: FloatArray, total: float) -> FloatArray:
        """What `decision_function` returns, given the sum of members' weights."""

    def codes(self, sums: FloatArray) -> IntArray:
        """Number of the likeliest class of each row; of equal ones, the first."""
        if sums.shape[1] == 1:
            return (sums[:, 0] > 0.0).astype(np.intp)
        return np.asarray(sums.argmax(axis=1))

    def log_loss(
        self, sums: FloatArray, codes: IntArray, weights: FloatArray | None
    ) -> float:
        """Mean of minus the logarithm of the probability of each row's class.

        Parameters
        ----------
        sums : ndarray of shape (n_rows, n_columns)
            Of what members say.
        codes : ndarray of shape (n_rows,)
            Numbers of the classes.
        weights : ndarray of shape (n_rows,) or None
            How much each row counts.
        """
        logs = self._own_log_shares(sums, codes)
        return -float(np.average(logs, weights=weights))

    def _own_log_shares(self, sums: FloatArray, codes: IntArray) -> FloatArray:
        """Logarithm of the probability of each row's class."""
        return np.asarray(self.log_shares(sums)[np.arange(len(sums)), codes])


@final
@dataclass(frozen=True)
class OneClass(Reading):
    """There is one class alone."""

    def log_shares(self, sums: FloatArray) -> FloatArray:
        """Nothing else is possible."""
        return np.zeros((len(sums), 1))

    def decision(self, sums: FloatArray, total: float) -> FloatArray:
        """Nothing is to be decided."""
        return np.zeros((len(sums), 1))

    def codes(self, sums: FloatArray) -> IntArray:
        """The only class."""
        return np.zeros(len(sums), np.intp)


@final
@dataclass(frozen=True)
class Votes(Reading):
    """Weights of votes, which are logarithms of probabilities up to a constant.

    J. Zhu, H. Zou, S. Rosset & T. Hastie, "Multi-class AdaBoost", Statistics and Its
    Interface 2, 349-360, 2009, equation 7.
    """

    def log_shares(self, sums: FloatArray) -> FloatArray:
        """Of two classes the difference of votes is the log-odds."""
        if sums.shape[1] == 1:
            return TwoClasses(1.0).log_shares(sums)
        return np.asarray(log_softmax(sums, axis=1))

    def _own_log_shares(self, sums: FloatArray, codes: IntArray) -> FloatArray:
        if sums.shape[1] == 1:
            return TwoClasses(1.0)._own_log_shares(sums, codes)
        return super()._own_log_shares(sums, codes)

    def decision(self, sums: FloatArray, total: float) -> FloatArray:
        """Shares of votes for a class, less the mean of those for others."""
        if sums.shape[1] == 1:
            return np.asarray(sums[:, 0] / total * 2.0)
        return np.asarray((sums - (total - sums) / (sums.shape[1] - 1)) / total)


@final
@dataclass(frozen=True)
class TwoClasses(Reading):
    """Log-odds of the second class, in some unit."""

    unit: float

    def log_shares(self, sums: FloatArray) -> FloatArray:
        """Exact in both tails."""
        log_odds = self.unit * sums
        return np.asarray(log_expit(np.hstack([-log_odds, log_odds])))

    def _own_log_shares(self, sums: FloatArray, codes: IntArray) -> FloatArray:
        """Half of the logarithms need not be taken."""
        log_odds = self.unit * sums[:, 0]
        return np.asarray(log_expit(np.where(codes == 1, log_odds, -log_odds)))

    def decision(self, sums: FloatArray, total: float) -> FloatArray:
        """Log-odds."""
        return np.asarray(self.unit * sums[:, 0])


@final
@dataclass(frozen=True)
class AgainstRest(Reading):
    """Log-odds of each class against the others, in some unit."""

    unit: float

    def log_shares(self, sums: FloatArray) -> FloatArray:
        """Probabilities of each class against the others, made to add up to one."""
        logs = log_expit(self.unit * sums)
        return np.asarray(logs - logsumexp(logs, axis=1, keepdims=True))

    def decision(self, sums: FloatArray, total: float) -> FloatArray:
        """Log-odds."""
        return self.unit * sums


@final
@dataclass(frozen=True)
class Softmax(Reading):
    """Logarithms of probabilities up to a constant."""

    def log_shares(self, sums: FloatArray) -> FloatArray:
        """Shares of exponentials."""
        return np.asarray(log_softmax(sums, axis=1))

    def decision(self, sums: FloatArray, total: float) -> FloatArray:
        """Log-probabilities, whose constant makes their mean zero."""
        return np.asarray(sums - sums.mean(axis=1, keepdims=True))
