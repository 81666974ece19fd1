"""Rows sent down a tree, from their codes.

A node is one word: its left child in the high half, then the feature, whether it is a
leaf, whether it is split by categories, whether missing values go left, and the cut.
The right child follows the left one; a leaf is its own, and nothing goes right of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint32, uint64

from ensembles.trees._kernels_tools import compiled, inlined
from ensembles.trees._layout import (
    BLOCK_ROWS,
    CATEGORY_PLACE,
    FEATURE_PLACE,
    LEAF_PLACE,
    LEFT_PLACE,
    SIDE_PLACE,
)

__all__ = ["send_down", "send_down_many"]

# Rows that are on their way at a time.
_LANES = np.uint64(8)
_ONE, _LOW, _LEAF = np.uint64(1), np.uint64(255), np.uint64(1 << LEAF_PLACE)


@inlined
def _child(
    rows: Any,
    row: Any,
    word: Any,
    node: Any,
    sided: Any,
    subset_rows: Any,
    subsets: Any,
) -> Any:
    """The child that a row goes to, from the node of a word; a leaf is its own.

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
def _arrive(row: Any, leaf: Any, values: Any, output: Any, results: Any) -> None:
    """Note the leaf of a row, or add what the leaf predicts, from `output` on."""
    if values is None:
        results[row, output] = int64(leaf)
    else:
        for k in range(uint64(values.shape[1])):
            results[row, output + k] += values[leaf, k]


@inlined
def _send(
    rows: Any,
    first: Any,
    n_rows: Any,
    words: Any,
    top: Any,
    sided: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    output: Any,
    results: Any,
) -> None:
    """Send the rows from `first` to `n_rows` down the tree whose root is `top`."""
    root = words[top]
    # Several rows at a time: memory answers them all at once, and where rows that have
    # arrived stay in their leaves there is no branch to foretell until all have.
    while first + _LANES <= n_rows:
        n0 = n1 = n2 = n3 = n4 = n5 = n6 = n7 = top
        w0 = w1 = w2 = w3 = w4 = w5 = w6 = w7 = root
        r0, r1, r2, r3 = first, first + uint64(1), first + uint64(2), first + uint64(3)
        r4, r5, r6, r7 = (
            first + uint64(4), first + uint64(5), first + uint64(6), first + uint64(7)
        )  # fmt: skip
        while not w0 & w1 & w2 & w3 & w4 & w5 & w6 & w7 & _LEAF:
            n0 = _child(rows, r0, w0, n0, sided, subset_rows, subsets)
            n1 = _child(rows, r1, w1, n1, sided, subset_rows, subsets)
            n2 = _child(rows, r2, w2, n2, sided, subset_rows, subsets)
            n3 = _child(rows, r3, w3, n3, sided, subset_rows, subsets)
            n4 = _child(rows, r4, w4, n4, sided, subset_rows, subsets)
            n5 = _child(rows, r5, w5, n5, sided, subset_rows, subsets)
            n6 = _child(rows, r6, w6, n6, sided, subset_rows, subsets)
            n7 = _child(rows, r7, w7, n7, sided, subset_rows, subsets)
            w0, w1, w2, w3 = words[n0], words[n1], words[n2], words[n3]
            w4, w5, w6, w7 = words[n4], words[n5], words[n6], words[n7]
        _arrive(r0, n0, values, output, results)
        _arrive(r1, n1, values, output, results)
        _arrive(r2, n2, values, output, results)
        _arrive(r3, n3, values, output, results)
        _arrive(r4, n4, values, output, results)
        _arrive(r5, n5, values, output, results)
        _arrive(r6, n6, values, output, results)
        _arrive(r7, n7, values, output, results)
        first += _LANES
    for row in range(first, n_rows):
        node, word = top, root
        while not word & _LEAF:
            node = _child(rows, row, word, node, sided, subset_rows, subsets)
            word = words[node]
        _arrive(row, node, values, output, results)


@compiled
def send_down(
    rows: Any,
    words: Any,
    sided: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    results: Any,
    stamped: Any,
) -> None:
    """Add what leaves predict to `results`, or, without `values`, note the leaves.

    `sided`, `subset_rows`, `subsets` and `values` may be None. The record is there for
    its stamp.
    """
    _send(
        rows, uint64(0), uint64(len(rows)), words, uint64(0), sided, subset_rows,
        subsets, values, uint64(0), results,
    )  # fmt: skip


@compiled
def send_down_many(
    rows: Any,
    words: Any,
    roots: Any,
    outputs: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    results: Any,
    stamped: Any,
) -> None:
    """Add what the leaves of many trees predict, each from a column of `results` on.

    A block of rows goes down all trees while its codes are in the cache. Nodes of all
    trees are numbered through; the last of the roots is the end of the last tree.
    `subset_rows` and `subsets` may be None. The record is there for its stamp.
    """
    n_rows, first = uint64(len(rows)), uint64(0)
    while first < n_rows:
        last = min(first + uint64(BLOCK_ROWS), n_rows)
        for tree in range(uint64(len(outputs))):
            _send(
                rows, first, last, words, uint64(roots[tree]), True, subset_rows,
                subsets, values, uint64(outputs[tree]), results,
            )  # fmt: skip
        first = last
