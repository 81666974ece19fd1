"""Rows sent down a tree of few leaves all at once: what is left is where they arrive.

For each feature that the tree splits by there is a table: which of the leaves a row may
still arrive at, as bits of a word, by its code. The leaf is what the words of all of a
row's codes have in common. It is found without a branch, and no step waits for another,
whatever nodes are split by: after C. Lucchese et al., "QuickScorer: a fast algorithm to
rank documents with additive ensembles of regression trees", SIGIR, 73-82, 2015, whose
words are for the nodes whose test a row fails.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.trees._kernels_tools import helper, inlined, lowest_bit
from ensembles.trees._layout import (
    CATEGORY_PLACE,
    FEATURE_PLACE,
    LEAF_PLACE,
    LEFT_PLACE,
    MISSING,
    MOST_LEAVES,
    MOST_TABLES,
    SIDE_PLACE,
)

__all__ = ["add_by_masks", "fill_masks"]

_ONE, _ALL = np.uint64(1), ~np.uint64(0)
_WIDE = np.uint64((1 << (LEFT_PLACE - FEATURE_PLACE)) - 1)


@helper
def _table_of(feature: Any, n_tables: Any, room: Any) -> Any:
    """Number of a feature's table, a new one where it has none yet; -1 for no more."""
    for t in range(n_tables):
        if room.features[t] == feature:
            return int64(t)
    if n_tables == MOST_TABLES:
        return int64(-1)
    room.features[n_tables] = feature
    for code in range(uint64(256)):
        room.tables[uint64(n_tables), code] = _ALL
    return int64(n_tables)


@helper
def _forbid(
    word: Any, node: Any, on_left: Any, on_right: Any, subset_rows: Any, subsets: Any,
    t: Any, room: Any,
) -> None:  # fmt: skip
    """Take the leaves on the other side of a node out of the words of all codes."""
    if subsets is not None:  # noqa: SIM102 - so that no code is made of it for None
        if (word >> uint64(CATEGORY_PLACE)) & _ONE == _ONE:
            subset = uint64(subset_rows[node])
            for code in range(uint64(256)):
                bit = subsets[subset, code >> uint64(6)] >> (code & uint64(63))
                other = on_right if bit & _ONE == _ONE else on_left
                room.tables[t, code] &= ~other
            return
    above, goes_left = (word & uint64(255)) + _ONE, (word >> uint64(SIDE_PLACE)) & _ONE
    for code in range(min(above, uint64(MISSING))):
        room.tables[t, code] &= ~on_right
    for code in range(above, uint64(MISSING)):
        room.tables[t, code] &= ~on_left
    room.tables[t, uint64(MISSING)] &= ~(on_right if goes_left else on_left)


@helper
def fill_masks(
    words: Any, top: Any, end: Any, subset_rows: Any, subsets: Any, room: Any
) -> Any:
    """Write the tables of a tree, whose nodes are those from `top` to `end`.

    Return their number, or -1 if the tree has too many leaves or features.
    """
    n_leaves, n_tables = uint64(0), int64(0)
    if end - top >= uint64(2 * MOST_LEAVES):  # a tree has one node less than twice
        return int64(-1)
    for node in range(int64(end) - 1, int64(top) - 1, -1):  # children before parents
        word, own = words[node], uint64(node) - uint64(top)
        if (word >> uint64(LEAF_PLACE)) & _ONE == _ONE:
            room.leaves[n_leaves] = node
            room.below[own] = _ONE << n_leaves
            n_leaves += _ONE
            continue
        left = (word >> uint64(LEFT_PLACE)) - uint64(top)
        on_left, on_right = room.below[left], room.below[left + _ONE]
        room.below[own] = on_left | on_right
        t = _table_of((word >> uint64(FEATURE_PLACE)) & _WIDE, n_tables, room)
        if t < 0:
            return t
        n_tables = max(n_tables, t + 1)
        _forbid(word, node, on_left, on_right, subset_rows, subsets, uint64(t), room)
    return n_tables


@inlined
def _arrive(
    row: Any, left: Any, values: Any, output: Any, results: Any, room: Any
) -> None:
    """Add what the leaf predicts that is left."""
    leaf = uint64(room.leaves[lowest_bit(left)])
    for k in range(uint64(values.shape[1])):
        results[row, output + k] += values[leaf, k]


@helper
def add_by_masks(
    rows: Any, first: Any, last: Any, n_tables: Any, values: Any, output: Any,
    results: Any, room: Any,
) -> None:  # fmt: skip
    """Add what a tree predicts for some rows, from column `output` on."""
    tables, features, row = room.tables, room.features, first
    one, two, three, four = uint64(1), uint64(2), uint64(3), uint64(4)
    while row + four <= last:  # several, so that each table is asked for them together
        a = b = c = d = _ALL
        for t in range(uint64(n_tables)):
            feature = uint64(features[t])
            a &= tables[t, uint64(rows[row, feature])]
            b &= tables[t, uint64(rows[row + one, feature])]
            c &= tables[t, uint64(rows[row + two, feature])]
            d &= tables[t, uint64(rows[row + three, feature])]
        _arrive(row, a, values, output, results, room)
        _arrive(row + one, b, values, output, results, room)
        _arrive(row + two, c, values, output, results, room)
        _arrive(row + three, d, values, output, results, room)
        row += four
    while row < last:
        a = _ALL
        for t in range(uint64(n_tables)):
            a &= tables[t, uint64(rows[row, uint64(features[t])])]
        _arrive(row, a, values, output, results, room)
        row += one
