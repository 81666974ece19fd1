"""Stumps: two values of a feature's bins, one below a cut and one above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._componentwise._learners import LearnerRows, Learners
from ensembles.trees import Binner

__all__ = ["Stumps"]


@final
@dataclass(frozen=True, slots=True)
class StumpRows(LearnerRows):
    """Bins of each feature, of which one is not zero for a row."""

    codes: IntArray
    """(n_learners, n_rows)."""
    n_bins: int

    def products(self, residuals: FloatArray) -> FloatArray:
        """Sums of residuals in each bin."""
        return np.array(
            [np.bincount(own, residuals, self.n_bins) for own in self.codes]
        )

    def answer(self, learner: int, coefficients: FloatArray) -> FloatArray:
        """The value of each row's bin."""
        return np.asarray(coefficients[self.codes[learner]])

    def answers(self, coefficients: FloatArray) -> FloatArray:
        """The values of bins of all features."""
        return np.take_along_axis(coefficients, self.codes, axis=1)


@final
@dataclass(frozen=True)
class Stumps(Learners):
    """A stump for each of some features."""

    kind = "stump"

    features: IntArray
    binner: Any
    weights: FloatArray
    """Of the rows in each bin, (n_learners, n_bins)."""

    @classmethod
    def fitted_to(
        cls,
        X: FloatArray,
        weights: FloatArray | None,
        features: IntArray,
        max_bins: int,
    ) -> Stumps:
        """Stumps for features of training rows."""
        binner = Binner(max_bins, random_state=0)
        binner.fit(X[:, features], sample_weight=weights)
        n_bins = int(binner.n_bins_.max())
        bare = cls(features, binner, np.zeros((0, n_bins)))
        ones = np.ones(len(X)) if weights is None else weights
        return cls(features, binner, bare.rows(X).products(ones))

    def of(self, learners: IntArray) -> Stumps:
        """Some of the stumps."""
        binner = self.binner._of_columns(learners)
        return Stumps(self.features[learners], binner, self.weights[learners])

    @property
    def n_coefficients(self) -> int:  # type: ignore[override]
        """Most bins of a feature."""
        return int(self.weights.shape[1])

    def rows(self, X: FloatArray) -> StumpRows:
        """Bins of rows."""
        codes = self.binner.transform(X[:, self.features])
        codes = np.ascontiguousarray(codes.T, dtype=np.intp)
        return StumpRows(codes, self.n_coefficients)

    def gains(self, products: FloatArray) -> FloatArray:
        """Gains of the best cuts."""
        gains = _gains_of_cuts(products, self.weights)
        return np.asarray(gains.max(axis=1, initial=0.0))

    def coefficients(self, learner: int, products: FloatArray) -> FloatArray:
        """Means of residuals on both sides of the best cut."""
        weights = self.weights[learner]
        gains = _gains_of_cuts(products[None], weights[None])
        is_left = np.arange(len(products)) <= int(gains.argmax())
        left, right = (
            products[side].sum() / weights[side].sum() for side in (is_left, ~is_left)
        )
        return np.asarray(np.where(is_left, left, right))


def _gains_of_cuts(products: FloatArray, weights: FloatArray) -> FloatArray:
    """What each cut takes off the sum of squares, (n_learners, n_bins - 1).

    A cut with no rows on one side gains nothing.
    """
    left, weight = products.cumsum(axis=1), weights.cumsum(axis=1)
    left, total = left[:, :-1], left[:, -1:]
    weight, whole = weight[:, :-1], weight[:, -1:]
    rest = whole - weight
    is_cut = (weight > 0.0) & (rest > 0.0) & (rest >= 1e-12 * whole)
    far = left - total * weight / whole
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = far**2 * whole / (weight * rest)
    return np.asarray(np.where(is_cut, gains, 0.0))
