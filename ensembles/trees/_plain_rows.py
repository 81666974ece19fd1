"""What `_kernels_rows` does, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.trees._layout import WEIGHT_BITS

__all__ = ["scan_rows", "write_words"]


def scan_rows(values: Any, weights: Any, order: Any) -> Any:
    """Write the rows that have a weight; return what `UsedRows` is made of."""
    rows = np.flatnonzero(weights)
    order[: len(rows)] = rows
    used, y = weights[rows], values[rows, 0]
    is_whole = bool((used == np.floor(used)).all())
    with np.errstate(over="ignore"):  # the sum may be infinite
        weight = (used.min(), used.max(), used.sum(), is_whole)
    return len(rows), *weight, y.min(), y.max()


def write_words(
    values: Any,
    weights: Any,
    order: Any,
    unit: float,
    center: float,
    scale: float,
    words: Any,
) -> None:
    """Write the word of each row used: its weight in units, its value on a grid."""
    whole = (weights[order] / unit).astype(np.int64)
    steps = np.floor((values[order, 0] - center) * scale + 0.5).astype(np.int64)
    words[order, 0] = ((steps * whole) << WEIGHT_BITS) | whole
