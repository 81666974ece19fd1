"""Straight lines through the mean of a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._componentwise._learners import LearnerRows, Learners

__all__ = ["Lines"]

# What rounding leaves of a constant column, as a share of its values.
_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)


@final
@dataclass(frozen=True, slots=True)
class LineRows(LearnerRows):
    """Centred columns."""

    columns: FloatArray
    """(n_rows, n_learners)."""

    def products(self, residuals: FloatArray) -> FloatArray:
        """Sums of products of each column, as one of rows."""
        return np.asarray(residuals @ self.columns)[:, None]

    def answer(self, learner: int, coefficients: FloatArray) -> FloatArray:
        """Slope times the distance from the mean."""
        return np.asarray(coefficients[0] * self.columns[:, learner])

    def answers(self, coefficients: FloatArray) -> FloatArray:
        """Slopes times distances from means."""
        return np.asarray(coefficients * self.columns.T)


@final
@dataclass(frozen=True)
class Lines(Learners):
    """A line for each of some features."""

    kind = "linear"
    n_coefficients = 1

    features: IntArray
    means: FloatArray
    squares: FloatArray
    """Sums of squared distances from the means; infinite for constants."""

    @classmethod
    def fitted_to(
        cls, X: FloatArray, weights: FloatArray | None, features: IntArray
    ) -> Lines:
        """Lines for features of training rows."""
        columns = X[:, features]
        means = np.average(columns, axis=0, weights=weights)
        squares = (columns - means) ** 2
        squares = squares.sum(axis=0) if weights is None else weights @ squares
        largest = np.abs(columns).max(axis=0)
        total = len(X) if weights is None else weights.sum()
        is_constant = squares <= total * (_ROUNDING * largest) ** 2
        return cls(features, means, np.where(is_constant, np.inf, squares))

    def of(self, learners: IntArray) -> Lines:
        """Some of the lines."""
        own: Any = self.features, self.means, self.squares
        return Lines(*(values[learners] for values in own))

    def rows(self, X: FloatArray) -> LineRows:
        """Distances of rows from the means."""
        return LineRows(np.asfortranarray(X[:, self.features] - self.means))

    def gains(self, products: FloatArray) -> FloatArray:
        """Squared products over squares."""
        return np.asarray(products[:, 0] ** 2 / self.squares)

    def coefficients(self, learner: int, products: FloatArray) -> FloatArray:
        """Slope of one line."""
        return np.asarray(products / self.squares[learner])
