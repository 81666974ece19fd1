"""Rows of a fit with their targets and weights."""

from __future__ import annotations

from typing import Any, NamedTuple

from ensembles._compat import take_rows
from ensembles._typing import FloatArray, IntArray
from ensembles.trees import BinnedMatrix

__all__ = ["Sample"]


class Sample(NamedTuple):
    """Rows, targets as the loss takes them, and weights."""

    X: Any
    y: FloatArray
    weights: FloatArray | None

    def rows(self, rows: IntArray) -> Sample:
        """Some of the rows."""
        is_binned = isinstance(self.X, BinnedMatrix)
        X = self.X[rows] if is_binned else take_rows(self.X, rows)
        weights = None if self.weights is None else self.weights[rows]
        return Sample(X, self.y[rows], weights)
