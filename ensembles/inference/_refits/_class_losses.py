"""Losses of classification: a table of n predictions by K classes.

An entry is the loss of one prediction if its row were of that class. The loss of row i
is the entry at its own class; the mean over all pairs weights the columns with the
shares p_k of the classes,

    gamma = sum_k p_k mean_j table[j, k],

for zero-one loss the sum of p_k (1 - q_k) with q_k the shares of predicted classes.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import FloatArray, IntArray, Table
from ensembles.inference._probabilities import brier_table, log_table
from ensembles.inference._refits._refit import Fitted
from ensembles.inference._refits._row_loss import RowLoss

__all__ = ["BalancedLoss", "BrierLoss", "ClassLoss", "LogLoss", "ZeroOneLoss"]


@dataclass(frozen=True)
class ClassLoss(RowLoss):
    """Base: a loss adds its table."""

    classes: NDArray[Any]
    codes: IntArray
    """Position in `classes` of each row's class."""

    def by_class(self, weights: FloatArray) -> FloatArray:
        """Sum of the weights of each class, shape (n_classes,)."""
        sums = np.bincount(self.codes, weights, minlength=len(self.classes))
        return np.asarray(sums, dtype=np.float64)

    @abstractmethod
    def answers(self, fitted: Fitted, X: Table, rows: IntArray | None) -> FloatArray:
        """The table, shape (n_rows, n_classes)."""

    def of_rows(self, answers: NDArray[Any], rows: IntArray | slice) -> FloatArray:
        """Entry of each row at its own class."""
        codes = self.codes[rows]
        return np.asarray(answers[np.arange(len(codes)), codes])

    def over_pairs(self, answers: NDArray[Any]) -> float:
        """Mean of the columns, weighted with the shares of the classes."""
        columns = self.weights @ answers
        return float(columns @ self.by_class(self.weights) / self.weights.sum() ** 2)


@final
@dataclass(frozen=True)
class ZeroOneLoss(ClassLoss):
    """One for a wrong class."""

    def answers(self, fitted: Fitted, X: Table, rows: IntArray | None) -> FloatArray:
        """One but for the predicted class."""
        return _wrong(self, fitted, X, rows)


@final
@dataclass(frozen=True)
class BalancedLoss(ClassLoss):
    """A wrong class counts more where its class is rare; the mean is 1 - mean recall.

    A row of class k counts 1 / (K p_k), with the shares of all rows, so that it is a
    loss of rows.
    """

    def answers(self, fitted: Fitted, X: Table, rows: IntArray | None) -> FloatArray:
        """Zero-one loss with columns weighted."""
        shares = self.by_class(self.weights) / self.weights.sum()
        return np.asarray(_wrong(self, fitted, X, rows) / (len(shares) * shares))

    def influence(self, per_row: FloatArray, weights: FloatArray) -> FloatArray:
        """A row against the mean of its class, whose share has no say."""
        lost = self.by_class(weights * per_row)
        means = np.divide(lost, self.by_class(weights), out=lost, where=lost > 0)
        return np.asarray(per_row - means[self.codes])


def _wrong(
    loss: ClassLoss, fitted: Fitted, X: Table, rows: IntArray | None
) -> FloatArray:
    """One where a class is not the predicted one, shape (n_rows, n_classes)."""
    labels = np.asarray(fitted.estimator.predict(fitted.table(X, rows))).reshape(-1, 1)
    return np.asarray(labels != loss.classes, dtype=np.float64)


@final
@dataclass(frozen=True)
class LogLoss(ClassLoss):
    """Minus the log of the probability of the class."""

    def answers(self, fitted: Fitted, X: Table, rows: IntArray | None) -> FloatArray:
        """Minus the log of each probability."""
        return log_table(_probabilities(self, fitted, X, rows))


@final
@dataclass(frozen=True)
class BrierLoss(ClassLoss):
    """Squared distance of the probabilities to the class."""

    def answers(self, fitted: Fitted, X: Table, rows: IntArray | None) -> FloatArray:
        """Sum over classes c of (p_c - [c is k])² for each class k."""
        return brier_table(_probabilities(self, fitted, X, rows))


def _probabilities(
    loss: ClassLoss, fitted: Fitted, X: Table, rows: IntArray | None
) -> FloatArray:
    """Probabilities of all classes; zero for those that the estimator never saw."""
    estimator = fitted.estimator
    said = np.asarray(estimator.predict_proba(fitted.table(X, rows)))
    if np.array_equal(estimator.classes_, loss.classes):
        return said
    aligned = np.zeros((len(said), len(loss.classes)), dtype=said.dtype)
    aligned[:, np.searchsorted(loss.classes, estimator.classes_)] = said
    return aligned
