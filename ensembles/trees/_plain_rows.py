"""What `_kernels_rows` does, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.trees._layout import WEIGHT, WEIGHT_BITS

__all__ = ["add_sums_by_code", "add_words_by_code", "scan_rows", "write_words"]


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


def add_words_by_code(
    codes: Any, feature: int, words: Any, order: Any, totals: Any
) -> None:
    """Add what the rows of each code of a feature sum up to, and their weight."""
    held, own = codes[order, feature], words[order, 0]
    np.add.at(totals[:, 0], held, own >> WEIGHT_BITS)
    np.add.at(totals[:, 1], held, own & WEIGHT)


def add_sums_by_code(
    codes: Any, feature: int, channels: Any, amounts: Any, order: Any, totals: Any
) -> None:
    """As `add_words_by_code`, in channels."""
    # One long index: numpy has a fast way for nothing else.
    wide = totals.shape[1]
    at = codes[order, feature, None] * np.int64(wide) + channels[order]
    np.add.at(totals.reshape(-1), at.ravel(), amounts[order].ravel())
