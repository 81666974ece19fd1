"""Rows of a fit with their targets and weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ensembles._compat import take_rows
from ensembles._typing import FloatArray, IntArray
from ensembles.trees import BinnedMatrix

__all__ = ["Sample", "codes_for", "rows_of", "used_rows"]


class Sample(NamedTuple):
    """Rows, targets as the loss takes them, and weights."""

    X: Any
    y: Any
    weights: FloatArray | None

    def rows(self, rows: IntArray) -> Sample:
        """Some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Sample(rows_of(self.X, rows), self.y[rows], weights)


def rows_of(X: Any, rows: IntArray) -> Any:
    """Rows of a table of any kind."""
    return X[rows] if isinstance(X, BinnedMatrix) else take_rows(X, rows)


def used_rows(sample: Sample, groups: Any) -> tuple[Sample, Any]:
    """Rows that have a weight, and their groups, if there are any."""
    if sample.weights is None or sample.weights.all():
        return sample, groups
    used = np.flatnonzero(sample.weights)
    return sample.rows(used), None if groups is None else take_rows(groups, used)


def codes_for(binner: Any, X: Any) -> Any:
    """Rows as members take them: as they came, or as the codes that they learned from.

    Parameters
    ----------
    binner : Binner or None
        What makes the codes, if members take them.
    X : table or BinnedMatrix
        Rows.
    """
    if binner is None or isinstance(X, BinnedMatrix):
        return X
    return binner._bin_rows(X)
