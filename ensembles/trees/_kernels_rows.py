"""Rows looked through before a tree grows, and the words that they become."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.trees._kernels_tools import compiled
from ensembles.trees._layout import WEIGHT, WEIGHT_BITS

__all__ = ["add_sums_by_code", "add_words_by_code", "scan_rows", "write_words"]


@compiled
def scan_rows(values: Any, weights: Any, order: Any) -> Any:
    """Write the rows that have a weight; return what `UsedRows` is made of."""
    n_used, total, is_whole = uint64(0), 0.0, True
    lightest, heaviest, low, high = np.inf, 0.0, np.inf, -np.inf
    for row in range(uint64(len(weights))):
        weight, value = weights[row], values[row, 0]
        is_used = weight > 0.0
        order[n_used] = row
        n_used += uint64(is_used)
        total += weight
        is_whole &= weight == np.floor(weight)
        heaviest = max(heaviest, weight)
        lightest = min(lightest, weight if is_used else np.inf)
        low = min(low, value if is_used else np.inf)
        high = max(high, value if is_used else -np.inf)
    return int64(n_used), lightest, heaviest, total, is_whole, low, high


@compiled
def write_words(
    values: Any,
    weights: Any,
    order: Any,
    unit: Any,
    center: Any,
    scale: Any,
    words: Any,
) -> None:
    """Write the word of each row used: its weight in units, its value on a grid."""
    for i in range(uint64(len(order))):
        row = uint64(order[i])
        weight = int64(weights[row] / unit)
        steps = int64(np.floor((values[row, 0] - center) * scale + 0.5))
        words[row, 0] = ((steps * weight) << WEIGHT_BITS) | weight


@compiled
def add_words_by_code(
    codes: Any, feature: Any, words: Any, order: Any, totals: Any
) -> None:
    """Add what the rows of each code of a feature sum up to, and their weight."""
    for i in range(uint64(len(order))):
        row = uint64(order[i])
        code, word = codes[row, feature], words[row, 0]
        totals[code, 0] += word >> WEIGHT_BITS
        totals[code, 1] += word & WEIGHT


@compiled
def add_sums_by_code(
    codes: Any, feature: Any, channels: Any, amounts: Any, order: Any, totals: Any
) -> None:
    """As `add_words_by_code`, in channels."""
    for i in range(uint64(len(order))):
        row = uint64(order[i])
        code = codes[row, feature]
        for k in range(amounts.shape[1]):
            totals[code, channels[row, k]] += amounts[row, k]
