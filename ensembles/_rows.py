"""Some rows of all that a fit is given: the table, and parameters with one entry each.

A table of kernels or distances, which holds a column for each row, loses columns too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import get_tags

from ensembles._compat import take_columns, take_rows
from ensembles._typing import Estimator, IntArray, Table

__all__ = ["params_of_rows", "row_numbers", "table_of_rows"]


def row_numbers(chosen: Any, n_samples: int) -> IntArray:
    """Numbers of rows that a splitter chose, by number, from the end, or by mask."""
    rows = np.asarray(chosen)
    if rows.dtype == bool:
        if rows.shape != (n_samples,):
            raise ValueError(
                f"A mask of rows has shape {rows.shape} for {n_samples} rows of X."
            )
        return np.flatnonzero(rows)
    if not rows.size:
        return rows.astype(np.intp)
    low, high = rows.min(), rows.max()
    if low < -n_samples or high >= n_samples:
        raise ValueError(
            f"Folds name rows from {low} to {high}, and X has {n_samples} rows."
        )
    return rows if low >= 0 else rows % n_samples


def params_of_rows(
    params: dict[str, Any], rows: IntArray, n_samples: int
) -> dict[str, Any]:
    """Parameters of some rows: whatever has one entry a row is cut, others pass."""
    return {
        key: take_rows(value, rows) if _one_a_row(value, n_samples) else value
        for key, value in params.items()
    }


def _one_a_row(value: Any, n_samples: int) -> bool:
    """Whether `value` is a container with one entry for each row."""
    if isinstance(value, str | bytes | dict):
        return False
    if hasattr(value, "shape"):
        return len(value.shape) > 0 and value.shape[0] == n_samples
    return hasattr(value, "__len__") and len(value) == n_samples


def table_of_rows(
    estimator: Estimator, X: Table, rows: IntArray | None, fitted_rows: IntArray | None
) -> Table:
    """Rows of X as an estimator that is fitted on `fitted_rows` takes them.

    None stands for all rows.
    """
    seen = X if rows is None else take_rows(X, rows)
    if fitted_rows is not None and get_tags(estimator).input_tags.pairwise:
        return take_columns(seen, fitted_rows)
    return seen
