"""The Gini coefficient of resampled rows, in one pass over the sorted data."""

from __future__ import annotations

import copy
from typing import final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.resampling._deletions import Deletions

__all__ = ["Gini"]


@final
class Gini(BoundStatistic):
    """Mean difference of two rows over twice the mean.

    With rows sorted, weights w and cumulated weights C, the sum of w_i w_j |x_i - x_j|
    is twice the sum of w_i x_i (2 C_i - w_i - C_n).
    """

    names = ("gini",)
    shape = ()

    def __init__(self, x: FloatArray) -> None:
        if x.min() < 0 or not x.any():
            raise ValueError(
                "The Gini coefficient needs values that are not negative and not all "
                f"zero, got a minimum of {x.min():g} and a mean of {x.mean():g}."
            )
        self._sort(x)

    def _sort(self, x: FloatArray) -> None:
        self.order = np.argsort(x, kind="stable")
        self.sorted = np.asarray(x, dtype=np.float64)[self.order]

    @property
    def _from_the_middle(self) -> FloatArray:
        """Values less one of them, which distances do not feel but rounding does."""
        return np.asarray(self.sorted - self.sorted[len(self.sorted) // 2])

    def estimate(self) -> FloatArray:
        """The coefficient of the data."""
        return np.asarray(self.weighted(np.ones((1, len(self.sorted))))[0])

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The coefficient under each row of weights."""
        # In C order, so that a row is summed alike whatever the number of rows.
        w = np.take(weights, self.order, axis=1)
        cumulated = np.cumsum(w, axis=1)
        total = cumulated[:, -1].copy()
        cumulated *= 2
        cumulated -= w
        cumulated -= total[:, None]
        cumulated *= w
        cumulated *= self._from_the_middle
        spread = cumulated.sum(axis=1)
        w *= self.sorted
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(spread / (total * w.sum(axis=1)))[:, None]

    def take(self, rows: IntArray) -> Gini:
        """The coefficient of some of the rows."""
        x = np.empty_like(self.sorted)
        x[self.order] = self.sorted
        taken = copy.copy(
            self
        )  # rows that are all zero have no value, but are no error
        taken._sort(x[rows])
        return taken

    def leaves_out_at_once(self, deletions: Deletions) -> bool:
        """Where units are rows."""
        return deletions.n_units == len(self.sorted)

    def without(self, deletions: Deletions) -> FloatArray:
        """Without each row in turn, from its distances to all others."""
        n = len(self.sorted)
        if not self.leaves_out_at_once(deletions):
            return super().without(deletions)
        x, rank = self._from_the_middle, np.arange(n)
        below = np.cumsum(x) - x
        distances = x * rank - below + (x.sum() - below - x) - x * (n - 1 - rank)
        spread = distances.sum() / 2 - distances
        values = np.empty(n)
        with np.errstate(divide="ignore", invalid="ignore"):  # the rest is all zero
            rest = self.sorted.sum() - self.sorted
            values[self.order] = spread / ((n - 1) * rest)
        return values[:, None]
