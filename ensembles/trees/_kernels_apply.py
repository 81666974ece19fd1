"""Rows sent down a tree, from their codes.

A node is one word: its left child in the high half, then whether it is a leaf, the
feature, whether it is split by categories, whether missing values go left, and the cut.
The right child follows the left one; a leaf is its own left child.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint32, uint64

from ensembles.trees._kernels_tools import compiled, helper, inlined
from ensembles.trees._layout import (
    CATEGORY_PLACE,
    FEATURE_PLACE,
    LANES,
    LEAF_PLACE,
    LEFT_PLACE,
    SIDE_PLACE,
)

__all__ = ["send_down"]

_ONE, _LOW, _LEAF = np.uint64(1), np.uint64(255), np.uint64(1 << LEAF_PLACE)


@helper
def _child(
    rows: Any,
    row: Any,
    word: Any,
    node: Any,
    sided: Any,
    subset_rows: Any,
    subsets: Any,
) -> Any:
    """The child that a row goes to, from the node of a word that is no leaf.

    Where no row has a missing value `sided` is None, and sides are not looked at.
    """
    code = uint64(rows[row, uint64(uint32(word) >> uint32(FEATURE_PLACE))])
    if sided is None:
        goes_right = uint64(code > (word & _LOW))
    else:
        # One more and modulo 256, missing values have the least code.
        side = (word >> uint64(SIDE_PLACE)) & _ONE
        goes_right = uint64(((code + side) & _LOW) > (word & _LOW) + side)
    if subsets is not None:
        by_category = (word >> uint64(CATEGORY_PLACE)) & _ONE
        subset = subsets[subset_rows[node] * by_category, code >> uint64(6)]
        is_out = _ONE ^ ((subset >> (code & uint64(63))) & _ONE)
        goes_right = is_out if by_category else goes_right
    return (word >> uint64(LEFT_PLACE)) + goes_right


@inlined
def _arrive(row: Any, word: Any, values: Any, results: Any) -> None:
    """Note the leaf of a row, or add what the leaf predicts."""
    leaf = word >> uint64(LEFT_PLACE)
    if values is None:
        results[row, 0] = int64(leaf)
    else:
        for k in range(uint64(values.shape[1])):
            results[row, k] += values[leaf, k]


@compiled
def send_down(
    rows: Any,
    words: Any,
    sided: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    results: Any,
    lanes: Any,
) -> None:
    """Add what leaves predict to `results`, or, without `values`, note the leaves.

    `sided`, `subset_rows`, `subsets` and `values` may be None. The root is no leaf.
    In `lanes` are the row, the word and the node of each.
    """
    n_rows, begun = uint64(len(rows)), min(uint64(LANES), uint64(len(rows)))
    root, node = words[0], uint64(0)
    row_of, word_of, node_of = lanes[0], lanes[1], lanes[2]
    for lane in range(uint64(LANES)):
        row_of[lane], word_of[lane], node_of[lane] = lane, root, node
    # Memory answers all lanes at once; one whose row is in its leaf takes the next.
    while begun < n_rows:
        for lane in range(uint64(LANES)):
            row = row_of[lane]
            if subsets is not None:
                node = node_of[lane]
            node = _child(rows, row, word_of[lane], node, sided, subset_rows, subsets)
            word = words[node]
            if word & _LEAF:
                _arrive(row, word, values, results)
                row_of[lane], word, node = begun, root, uint64(0)
                begun += _ONE
            word_of[lane] = word
            if subsets is not None:
                node_of[lane] = node
            if begun == n_rows:
                break
    for lane in range(min(uint64(LANES), n_rows)):
        row, word, node = row_of[lane], word_of[lane], node_of[lane]
        while not word & _LEAF:
            node = _child(rows, row, word, node, sided, subset_rows, subsets)
            word = words[node]
        _arrive(row, word, values, results)
