"""Rows sent down a tree, from their codes.

A node is one word: its left child in the high half, then the feature, whether it is
split by categories, whether missing values go left, and the cut, one more in that case.
The right child follows the left one. A leaf is its own left child, and all codes go
left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.trees._kernels_tools import compiled, helper
from ensembles.trees._layout import (
    CATEGORY_PLACE,
    FEATURE_PLACE,
    LEFT_PLACE,
    SIDE_PLACE,
)

__all__ = ["apply_tree"]

# Rows that are on their way at a time.
_LANES = 8
_ONE, _LOW, _WIDE = np.uint64(1), np.uint64(255), np.uint64((1 << 22) - 1)


@helper
def _next(
    rows: Any, row: Any, words: Any, node: Any, subset_rows: Any, subsets: Any
) -> Any:
    """The child that a row goes to; a leaf itself."""
    word = words[node]
    code = uint64(rows[row, (word >> uint64(FEATURE_PLACE)) & _WIDE])
    # One more and modulo 256, missing values have the least code.
    at_side = (code + ((word >> uint64(SIDE_PLACE)) & _ONE)) & _LOW
    goes_right = uint64(at_side > (word & _LOW))
    if subsets is not None:
        by_category = (word >> uint64(CATEGORY_PLACE)) & _ONE
        subset = subsets[subset_rows[node] * by_category, code >> uint64(6)]
        is_out = _ONE ^ ((subset >> (code & uint64(63))) & _ONE)
        goes_right = is_out if by_category else goes_right
    return (word >> uint64(LEFT_PLACE)) + goes_right


@compiled
def apply_tree(
    rows: Any, words: Any, subset_rows: Any, subsets: Any, leaves: Any
) -> None:
    """Write the leaf of each row; `subset_rows` and `subsets` may be None."""
    n_rows, begun = uint64(len(rows)), min(uint64(_LANES), uint64(len(rows)))
    row_of, node_of = np.arange(_LANES).astype(np.uint64), np.zeros(_LANES, np.uint64)
    # Memory answers all lanes at once; one whose row is in its leaf takes the next.
    while begun < n_rows:
        for lane in range(uint64(_LANES)):
            row, above = row_of[lane], node_of[lane]
            node = _next(rows, row, words, above, subset_rows, subsets)
            node_of[lane] = node
            if node == above:
                leaves[row] = int64(node)
                row_of[lane], node_of[lane] = begun, uint64(0)
                begun += _ONE
                if begun == n_rows:
                    break
    for lane in range(min(uint64(_LANES), n_rows)):
        row, above = row_of[lane], node_of[lane]
        node = _next(rows, row, words, above, subset_rows, subsets)
        while node != above:
            above = node
            node = _next(rows, row, words, above, subset_rows, subsets)
        leaves[row] = int64(node)
