"""Rows that a tree is grown on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray

__all__ = ["UsedRows", "rows_used"]

_SECONDS_PER_ROW = 5e-8  # of the twin
_LARGEST_WHOLE = 2.0**53


@dataclass(frozen=True, slots=True)
class UsedRows:
    """Those with a weight, and what kernels need to know of them."""

    order: Any
    """Their numbers, shape (n_rows_used,), dtype int32: ascending, and leaf by leaf
    once a tree has grown on them."""
    weights: FloatArray
    """Of all rows; zero for those not used."""
    lightest: float
    """Least weight above zero."""
    heaviest: float
    """Largest weight."""
    total: float
    """Sum of weights, exact where they are whole and it is below 2**53."""
    is_whole: bool
    """Whether all weights are whole."""
    low: float
    """Least value of the first output."""
    high: float
    """Largest value of the first output."""

    def __len__(self) -> int:
        return len(self.order)

    @property
    def adds_exactly(self) -> bool:
        """Whether weights can be summed as floats in any order."""
        return self.is_whole and self.total < _LARGEST_WHOLE


def rows_used(values: FloatArray, weights: FloatArray | None) -> UsedRows:
    """Look through the rows.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_outputs)
        Targets.
    weights : ndarray of shape (n_rows,) or None
        Not negative. None means one each.

    Returns
    -------
    UsedRows
        Rows with a weight.

    Raises
    ------
    ValueError
        If the sum of the weights is no finite number.
    """
    if weights is None:
        weights = np.ones(len(values))
    order: Any = np.empty(len(values), np.int32)
    kernels = kernels_for("trees", "rows", _SECONDS_PER_ROW * len(values))
    n_used, *known = kernels.scan_rows(values, weights, order)
    rows = UsedRows(order[:n_used], weights, *known)
    if not np.isfinite(rows.total):
        raise ValueError(
            f"The weights of rows and classes, of up to {rows.heaviest:.3g}, add up to "
            "more than a float can hold. Divide them by the largest."
        )
    return rows
