"""Losses of single rows, and their mean where targets and predictions are unrelated.

Efron and Tibshirani's no-information error is the mean loss over all n² pairs of a
target and a prediction,

    gamma = sum_i sum_j Q(y_i, f(x_j)) / n²,

the error of the rule if it had nothing to do with the targets. A loss here knows a way
to that mean that holds n numbers or n K, never n².
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import FloatArray, IntArray, Table
from ensembles.inference._refits._refit import Fitted

__all__ = ["FunctionLoss", "RowLoss", "shifts"]

# Pairs that the mean over pairs is taken over at most where only the loss is known.
_MAX_PAIRS = 10**8


@dataclass(frozen=True)
class RowLoss(ABC):
    """A loss bound to the targets of n rows."""

    weights: FloatArray
    """Ones, or the user's; whole numbers keep means of zeros and ones exact."""

    @abstractmethod
    def answers(self, fitted: Fitted, X: Table, rows: IntArray | None) -> NDArray[Any]:
        """What the estimator says of these rows (None: all), one row each."""

    @abstractmethod
    def of_rows(self, answers: NDArray[Any], rows: IntArray | slice) -> FloatArray:
        """Loss of each of these rows, shape (n_rows,)."""

    @abstractmethod
    def over_pairs(self, answers: NDArray[Any]) -> float:
        """Mean loss over all pairs of a target and an answer; answers of all rows."""

    def influence(self, per_row: FloatArray, weights: FloatArray) -> FloatArray:
        """How the mean loss moves with the weight of each row, shape (n_samples,).

        Weights sum to one. A loss with a scale that the data decide adds how the scale
        moves.
        """
        return np.asarray(per_row - weights @ per_row)


@final
@dataclass(frozen=True)
class FunctionLoss(RowLoss):
    """Whatever a function of targets and predictions returns, one number a row."""

    function: Callable[[Any, Any], Any]
    y: NDArray[Any]

    def answers(self, fitted: Fitted, X: Table, rows: IntArray | None) -> NDArray[Any]:
        """Predictions."""
        return np.asarray(fitted.estimator.predict(fitted.table(X, rows)))

    def of_rows(self, answers: NDArray[Any], rows: IntArray | slice) -> FloatArray:
        """Loss of each row, checked to be one number a row."""
        return self._losses(self.y[rows], answers)

    def over_pairs(self, answers: NDArray[Any]) -> float:
        """Mean over the targets paired with shifted answers.

        All n shifts hold each pair once. Beyond 10,000 rows the shifts are as many as
        hold 10⁸ pairs, of answers in an order shuffled once.
        """
        n = len(self.y)
        order, offsets = shifts(n, _MAX_PAIRS)
        total = 0.0
        mass = 0.0
        for offset in offsets:
            partner = np.roll(order, offset)
            pair_weights = self.weights[order] * self.weights[partner]
            losses = self._losses(self.y[order], answers[partner])
            total += float(pair_weights @ losses)
            mass += float(pair_weights.sum())
        return total / mass

    def _losses(self, y: NDArray[Any], answers: NDArray[Any]) -> FloatArray:
        losses = np.asarray(self.function(y, answers), dtype=np.float64)
        if losses.shape != (len(y),):
            raise ValueError(
                f"scoring={self.function!r} takes (y_true, y_pred), so it is read as a "
                f"loss of rows and must return {len(y)} numbers for {len(y)} rows, got "
                f"shape {losses.shape}. Wrap a metric of all rows: "
                "sklearn.metrics.make_scorer(metric, greater_is_better=False)."
            )
        return losses


def shifts(n: int, max_pairs: int) -> tuple[IntArray, range]:
    """An order of n rows and offsets such that rolling by them pairs rows evenly.

    All n offsets, the rows as they are, where that is few enough pairs: each pair of
    rows then comes once. Otherwise fewer offsets of a fixed random order, so that rows
    that stand near each other are not favoured.
    """
    if n * n <= max_pairs:
        return np.arange(n), range(n)
    order = np.random.default_rng(n).permutation(n)
    return order, range(1, 1 + max(1, max_pairs // n))
