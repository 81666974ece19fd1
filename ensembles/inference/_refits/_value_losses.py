"""Losses of regression, and their means over all pairs in O(n log n).

Squared error needs the moments alone,

    mean_ij (y_i - f_j)² = var y + var f + (mean y - mean f)²,

absolute error a sort and running sums, and a deviance is a sum of products a(y) +
y b(f) + c(f), of which each factor is averaged for itself. Several outputs count
equally.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from ensembles._typing import FloatArray, IntArray, Table
from ensembles.inference._refits._refit import Fitted
from ensembles.inference._refits._row_loss import RowLoss

__all__ = [
    "AbsoluteError",
    "Deviance",
    "PercentageError",
    "SquaredError",
    "SquaredLogError",
    "UnexplainedVariance",
    "ValueLoss",
]


class Formula(ABC):
    """A loss of one output, of two arrays of shape (n,)."""

    @abstractmethod
    def of_rows(self, y: FloatArray, f: FloatArray) -> FloatArray:
        """Loss of each row."""

    @abstractmethod
    def over_pairs(self, y: FloatArray, f: FloatArray, w: FloatArray) -> float:
        """Mean over all pairs, weighted with w_i w_j; w sums to one."""

    def influence(self, y: FloatArray, q: FloatArray, w: FloatArray) -> FloatArray:
        """How the mean of the losses q moves with the weight of each row."""
        return np.asarray(q - w @ q)


@final
@dataclass(frozen=True)
class ValueLoss(RowLoss):
    """One formula for each output; the loss is their mean."""

    y: FloatArray
    """Shape (n_samples, n_outputs)."""
    formulas: tuple[Formula, ...]

    def answers(self, fitted: Fitted, X: Table, rows: IntArray | None) -> NDArray[Any]:
        """Predictions, shape (n_rows, n_outputs)."""
        said = fitted.estimator.predict(fitted.table(X, rows))
        said = np.asarray(said, dtype=np.float64)
        return said.reshape(len(said), -1)

    def of_rows(self, answers: NDArray[Any], rows: IntArray | slice) -> FloatArray:
        """Mean over outputs."""
        pairs = zip(self.formulas, self.y[rows].T, answers.T, strict=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            losses = [formula.of_rows(y, f) for formula, y, f in pairs]
        return np.asarray(np.mean(losses, axis=0))

    def over_pairs(self, answers: NDArray[Any]) -> float:
        """Mean over outputs."""
        pairs = zip(self.formulas, self.y.T, answers.T, strict=True)
        w = self.weights / self.weights.sum()
        return float(np.mean([formula.over_pairs(y, f, w) for formula, y, f in pairs]))

    def influence(self, per_row: FloatArray, weights: FloatArray) -> FloatArray:
        """The formula's, of one output."""
        if len(self.formulas) > 1:
            return super().influence(per_row, weights)
        return self.formulas[0].influence(self.y[:, 0], per_row, weights)


@final
class SquaredError(Formula):
    """Squared error."""

    def of_rows(self, y: FloatArray, f: FloatArray) -> FloatArray:
        """(y - f)²."""
        return np.asarray((y - f) ** 2)

    def over_pairs(self, y: FloatArray, f: FloatArray, w: FloatArray) -> float:
        """Moments of y and of f."""
        spread = w @ (y - w @ y) ** 2 + w @ (f - w @ f) ** 2
        return float(spread + (w @ y - w @ f) ** 2)


@final
@dataclass(frozen=True)
class UnexplainedVariance(Formula):
    """Squared error as a share of the variance of all targets: 1 - R²."""

    variance: float

    def of_rows(self, y: FloatArray, f: FloatArray) -> FloatArray:
        """(y - f)² / variance."""
        return SquaredError().of_rows(y, f) / self.variance

    def over_pairs(self, y: FloatArray, f: FloatArray, w: FloatArray) -> float:
        """Moments of y and of f."""
        return SquaredError().over_pairs(y, f, w) / self.variance

    def influence(self, y: FloatArray, q: FloatArray, w: FloatArray) -> FloatArray:
        """A ratio's: a row far from the mean of y enlarges the variance too."""
        return np.asarray(q - (w @ q) * (y - w @ y) ** 2 / self.variance)


@final
class SquaredLogError(Formula):
    """Squared error of log(1 + value)."""

    def of_rows(self, y: FloatArray, f: FloatArray) -> FloatArray:
        """Squared error of the logs."""
        return SquaredError().of_rows(np.log1p(y), np.log1p(f))

    def over_pairs(self, y: FloatArray, f: FloatArray, w: FloatArray) -> float:
        """Squared error of the logs."""
        return SquaredError().over_pairs(np.log1p(y), np.log1p(f), w)


@final
@dataclass(frozen=True)
class AbsoluteError(Formula):
    """Error below and above the target, each at its price; (alpha, 1 - alpha) pinball.

    `below` is the price of a prediction below the target.
    """

    below: float = 1.0
    above: float = 1.0

    def of_rows(self, y: FloatArray, f: FloatArray) -> FloatArray:
        """Price times distance."""
        return np.where(f < y, self.below * (y - f), self.above * (f - y))

    def over_pairs(self, y: FloatArray, f: FloatArray, w: FloatArray) -> float:
        """Mean distances by a sort."""
        below, above = _distances(y, f, w)
        return float(w @ (self.below * below + self.above * above))


@final
class PercentageError(Formula):
    """Absolute error as a share of the target, kept from zero as in sklearn."""

    def of_rows(self, y: FloatArray, f: FloatArray) -> FloatArray:
        """|y - f| / |y|."""
        return np.asarray(np.abs(y - f) / _not_zero(y))

    def over_pairs(self, y: FloatArray, f: FloatArray, w: FloatArray) -> float:
        """Mean distances by a sort."""
        below, above = _distances(y, f, w)
        return float(w @ ((below + above) / _not_zero(y)))


def _not_zero(y: FloatArray) -> FloatArray:
    """|y|, at least the spacing of numbers at one."""
    return np.maximum(np.abs(y), np.finfo(np.float64).eps)


def _distances(
    y: FloatArray, f: FloatArray, w: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean over j of max(y_i - f_j, 0) and of max(f_j - y_i, 0), each of shape (n,).

    With F and S the weight and the weighted sum of the f_j up to y_i they are
    y_i F - S and (S_all - S) - y_i (1 - F).
    """
    centre = w @ f  # sums of what is near zero lose no digits
    y, f = y - centre, f - centre
    order = np.argsort(f)
    weight = np.concatenate([[0.0], np.cumsum(w[order])])
    total = np.concatenate([[0.0], np.cumsum((w * f)[order])])
    upto = np.searchsorted(f[order], y, side="right")
    below = y * weight[upto] - total[upto]
    above = (total[-1] - total[upto]) - y * (weight[-1] - weight[upto])
    return np.maximum(below, 0.0), np.maximum(above, 0.0)


@final
@dataclass(frozen=True)
class Deviance(Formula):
    """Tweedie deviance: 0 squared error, 1 Poisson, 2 gamma, 3 inverse Gaussian."""

    power: float

    def of_rows(self, y: FloatArray, f: FloatArray) -> FloatArray:
        """a(y) + y b(f) + c(f)."""
        a, b, c = self._parts(y, f)
        return a + y * b + c

    def over_pairs(self, y: FloatArray, f: FloatArray, w: FloatArray) -> float:
        """Mean of each factor."""
        a, b, c = self._parts(y, f)
        return float(w @ a + (w @ y) * (w @ b) + w @ c)

    def _parts(
        self, y: FloatArray, f: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """a(y), b(f) and c(f)."""
        p = self.power
        if p == 1:
            return 2 * (xlogy(y, y) - y), -2 * np.log(f), 2 * f
        if p == 2:
            return -2 * (np.log(y) + 1), 2 / f, 2 * np.log(f)
        a = 2 * np.maximum(y, 0) ** (2 - p) / ((1 - p) * (2 - p))
        return a, -2 * f ** (1 - p) / (1 - p), 2 * f ** (2 - p) / (2 - p)
