"""Rows sent down trees of few leaves, many of them by one instruction.

The leaves of a tree are numbered from left to right. A row that goes right at a node
arrives at none of those on its left, and the first that no node takes from a row is
where it arrives: C. Lucchese et al., "QuickScorer: a fast algorithm to rank documents
with additive ensembles of regression trees", SIGIR, 73-82, 2015. Which leaves a row has
left are bits, eight of them in a byte of each *plane*; so nodes are gone through one by
one, and what a node takes from its rows is a comparison and an "and" of bytes, of codes
in a column: after T. Ye et al., "RapidScorer: fast tree ensemble evaluation by
maximizing compactness in data level parallelism", KDD, 941-950, 2018.

Loops over rows have no branch and read bytes alone, which makes vectors of 32 of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint8, uint64

from ensembles.trees._kernels_tools import compiled, helper, lowest_bit
from ensembles.trees._layout import (
    CATEGORY_PLACE,
    FEATURE_PLACE,
    LEAF_PLACE,
    LEFT_PLACE,
    MISSING,
    PLANE_ROWS,
    SIDE_PLACE,
)

__all__ = ["send_columns_down"]

_ONE, _LOW = np.uint64(1), np.uint64(255)
_FEATURE = np.uint64((1 << (LEFT_PLACE - FEATURE_PLACE)) - 1)
_NONE, _ALL, _MISSING = np.uint8(0), np.uint8(255), np.uint8(MISSING)


@helper
def _number_leaves(words: Any, top: Any, n_nodes: Any, room: Any) -> Any:
    """Number of leaves; write how many lie below each node, and the first of them."""
    for back in range(n_nodes):  # children before parents
        own = n_nodes - _ONE - back
        word = words[top + own]
        left = (word >> uint64(LEFT_PLACE)) - top
        is_leaf = (word >> uint64(LEAF_PLACE)) & _ONE == _ONE
        below = _ONE if is_leaf else room.below[left] + room.below[left + _ONE]
        room.below[own] = below
    room.first[uint64(0)] = uint64(0)
    for own in range(n_nodes):
        word = words[top + own]
        left = (word >> uint64(LEFT_PLACE)) - top
        if (word >> uint64(LEAF_PLACE)) & _ONE == _ONE:
            room.leaves[room.first[own]] = top + own
        else:
            room.first[left] = room.first[own]
            room.first[left + _ONE] = room.first[own] + room.below[left]
    return room.below[uint64(0)]


@helper
def _note_codes(subset: Any, subsets: Any, room: Any) -> Any:
    """Write the codes of a set of categories; their number, made a multiple of four.

    The last is written again as often as that takes.
    """
    n, four = uint64(0), uint64(4)
    for quarter in range(four):
        bits = subsets[subset, quarter]
        while bits != uint64(0):
            room.codes[n] = uint8(uint64(64) * quarter + lowest_bit(bits))
            bits &= bits - _ONE
            n += _ONE
    while n > uint64(0) and n % four != uint64(0):
        room.codes[n] = room.codes[n - _ONE]
        n += _ONE
    return n


@helper
def _mark_four(
    columns: Any, feature: Any, first: Any, size: Any, at: Any, room: Any
) -> None:
    """Write all bits for each row of four categories."""
    one, two = room.codes[at], room.codes[at + _ONE]
    three, four = room.codes[at + uint64(2)], room.codes[at + uint64(3)]
    for i in range(size):
        code = columns[feature, first + i]
        is_any = (code == one) | (code == two) | (code == three) | (code == four)
        room.is_left[i] |= _ALL if is_any else _NONE


@helper
def _look_left(
    columns: Any, first: Any, size: Any, word: Any, node: Any, subset_rows: Any,
    subsets: Any, room: Any,
) -> None:  # fmt: skip
    """Write all bits for each row that goes left at a node, none for the others."""
    feature, cut = (word >> uint64(FEATURE_PLACE)) & _FEATURE, uint8(word & _LOW)
    if subsets is not None:  # noqa: SIM102 - so that no code is made of it for None
        if (word >> uint64(CATEGORY_PLACE)) & _ONE == _ONE:
            n_codes = _note_codes(uint64(subset_rows[node]), subsets, room)
            for i in range(size):
                room.is_left[i] = _NONE
            for at in range(uint64(0), n_codes, uint64(4)):
                _mark_four(columns, feature, first, size, at, room)
            return
    if (word >> uint64(SIDE_PLACE)) & _ONE == _ONE:
        for i in range(size):
            code = columns[feature, first + i]
            room.is_left[i] = _ALL if (code <= cut) | (code == _MISSING) else _NONE
    else:
        for i in range(size):
            room.is_left[i] = _ALL if columns[feature, first + i] <= cut else _NONE


@helper
def _take_left_leaves(start: Any, end: Any, size: Any, room: Any) -> None:
    """Take the leaves from `start` to `end` from the rows that do not go left."""
    eight = uint64(8)
    for p in range(start // eight, (end - _ONE) // eight + _ONE):
        low, high = max(start, eight * p) - eight * p, min(end - eight * p, eight)
        others = uint8(~((_ONE << high) - (_ONE << low)))
        for i in range(size):
            room.planes[p, i] &= others | room.is_left[i]


@helper
def _look_at(plane: Any, size: Any, room: Any) -> None:
    """Note the bits of a plane for the rows that have any in it."""
    base = uint8(uint64(8) * plane)
    for i in range(size):
        bits, later, number = room.planes[plane, i], room.bits[i], room.number[i]
        room.bits[i] = later if bits == _NONE else bits
        room.number[i] = number if bits == _NONE else base


@helper
def _add_lowest_bits(size: Any, room: Any) -> None:
    """Add the number of the lowest of the bits that were noted."""
    for i in range(size):
        bits = room.bits[i]
        lowest = uint8(bits & uint8(_NONE - bits))
        four = _NONE if uint8(lowest & uint8(0x0F)) != _NONE else uint8(4)
        two = _NONE if uint8(lowest & uint8(0x33)) != _NONE else uint8(2)
        one = _NONE if uint8(lowest & uint8(0x55)) != _NONE else uint8(1)
        room.number[i] |= four | two | one


@helper
def _go_down(
    columns: Any, first: Any, size: Any, words: Any, top: Any, n_nodes: Any,
    subset_rows: Any, subsets: Any, room: Any,
) -> None:  # fmt: skip
    """Write the number of the leaf of a tree that each row arrives at."""
    n_leaves = _number_leaves(words, top, n_nodes, room)
    n_planes = (n_leaves + uint64(7)) // uint64(8)
    for p in range(n_planes):
        for i in range(size):
            room.planes[p, i] = _ALL
    for own in range(n_nodes):
        node, word = top + own, words[top + own]
        if (word >> uint64(LEAF_PLACE)) & _ONE == _ONE:
            continue
        _look_left(columns, first, size, word, node, subset_rows, subsets, room)
        left, start = (word >> uint64(LEFT_PLACE)) - top, room.first[own]
        _take_left_leaves(start, start + room.below[left], size, room)
    for back in range(n_planes):  # each row has a leaf left, the first is seen last
        _look_at(n_planes - _ONE - back, size, room)
    _add_lowest_bits(size, room)


@helper
def _arrive(
    first: Any, size: Any, values: Any, output: Any, results: Any, room: Any
) -> None:
    """Add what leaves predict, from column `output` on."""
    for k in range(uint64(values.shape[1])):
        for i in range(size):
            leaf = room.leaves[uint64(room.number[i])]
            results[first + i, output + k] += values[leaf, k]


@compiled
def send_columns_down(
    columns: Any,
    words: Any,
    roots: Any,
    outputs: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    results: Any,
    rooms: Any,
) -> None:
    """Add what the leaves of many trees predict, each from a column of `results` on.

    As `send_down_many` of codes in columns, for trees of at most `MOST_LEAVES` leaves.
    """
    n_rows, first, room = uint64(columns.shape[1]), uint64(0), rooms[0]
    while first < n_rows:
        size = min(uint64(PLANE_ROWS), n_rows - first)
        for tree in range(uint64(len(outputs))):
            top = uint64(roots[tree])
            n_nodes = uint64(roots[tree + _ONE]) - top
            _go_down(
                columns, first, size, words, top, n_nodes, subset_rows, subsets, room
            )
            _arrive(first, size, values, uint64(outputs[tree]), results, room)
        first += size
