"""A tree grown on the rows of a member, depth first, or best first up to some leaves.

Depth first has two phases. Large nodes are split where they lie in the binned matrix.
What remains of at most `BLOCK_ROWS` rows is copied into one block, row by row, and its
subtree is grown there, in the cache. What is random about a node follows from its path,
so neither the order nor the phase of growth changes the tree.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ensembles.trees._kernels_nodes import find_split, split_node
from ensembles.trees._kernels_tools import compiled, helper, prefetch
from ensembles.trees._layout import AHEAD, BLOCK_ROWS
from ensembles.trees._problem import Problem, RowTable, Space

__all__ = ["grow_best_first", "grow_depth_first"]

# Codes of no more bytes stay in a second-level cache as they lie, and are not copied.
_CACHED_BYTES = 1 << 18


def grow_depth_first(problem: Problem) -> int:
    """Number of nodes grown from ``nodes[0]``; `order` ends up leaf by leaf."""
    space = Space.of(len(problem.order), problem.table.codes.shape[1])
    problem = _widened(problem)
    table, words, sums, extras, edges, ranges, order, nodes, rooms = problem
    space.stack[0] = 0
    is_cached = len(order) <= BLOCK_ROWS and table.codes.nbytes <= _CACHED_BYTES
    block_rows = 0 if is_cached else BLOCK_ROWS
    n_nodes, n_kept = _grow_from(
        table, words, sums, extras, edges, ranges, order, nodes, 1, block_rows, space,
        rooms,
    )  # fmt: skip
    if n_kept == 0:
        return int(n_nodes)
    own, own_words, own_sums = _block_for(problem)
    outside, inside = (np.empty(len(own.codes), np.int32) for _ in range(2))
    for k in range(n_kept):
        node, first = int(space.kept[k]), n_nodes
        start = _enter(
            table, words, sums, order, nodes, node, own, own_words, own_sums, outside,
            inside, space.stack,
        )  # fmt: skip
        n_nodes, _ = _grow_from(
            own, own_words, own_sums, extras, edges, ranges, inside, nodes, n_nodes,
            0, space, rooms,
        )  # fmt: skip
        _leave(order, nodes, node, start, first, n_nodes, outside, inside)
    return int(n_nodes)


def _widened(problem: Problem) -> Problem:
    """The same with eight columns of codes or more, if cuts are drawn by words."""
    table = problem.table
    n_rows, n_features = table.codes.shape
    if n_features >= 8 or problem.words is None or problem.ranges is None:
        return problem
    codes = np.zeros((n_rows, 8), np.uint8)
    codes[problem.order, :n_features] = table.codes[problem.order]
    return problem._replace(table=table._replace(codes=codes))


def _block_for(problem: Problem) -> Any:
    """Room for what belongs to the rows of a subtree."""
    size = min(BLOCK_ROWS, len(problem.order))

    def room_for(table: Any) -> Any:
        return np.empty((size, table.shape[1]), table.dtype)

    codes, _, targets = problem.table
    no_columns = np.empty((codes.shape[1], 0), codes.dtype)
    own = RowTable(room_for(codes), no_columns, room_for(targets))
    if problem.sums is None:
        return own, room_for(problem.words), None
    channels, amounts = map(room_for, problem.sums[:2])
    return own, None, problem.sums._replace(channels=channels, amounts=amounts)


@compiled
def _grow_from(
    table: Any,
    words: Any,
    sums: Any,
    extras: Any,
    edges: Any,
    ranges: Any,
    order: Any,
    nodes: Any,
    n_nodes: Any,
    block_rows: Any,
    space: Any,
    rooms: Any,
) -> Any:
    """Split the first node of the stack and what comes of it; number of nodes and kept.

    Nodes of at most `block_rows` rows are kept for later.
    """
    n_open, n_kept = int64(1), int64(0)
    stack, kept, room = space.stack, space.kept, rooms[0]
    while n_open > 0:
        n_open -= 1
        node = int64(stack[n_open])
        if nodes[node].end - nodes[node].start <= block_rows:
            kept[n_kept] = node
            n_kept += 1
            continue
        find_split(
            table, words, sums, extras, edges, ranges, order, nodes, node, space.drawn,
            room,
        )  # fmt: skip
        if nodes[node].feature >= 0:
            split_node(
                table, words, sums, extras, order, nodes, node, n_nodes, space.aside
            )
            stack[n_open], stack[n_open + 1] = n_nodes + 1, n_nodes
            n_open += 2
            n_nodes += 2
    return n_nodes, n_kept


@helper
def _copy(table: Any, order: Any, start: Any, end: Any, into: Any) -> None:
    """Copy some rows of a table side by side."""
    for i in range(start, end):
        row, at = order[i], i - start
        prefetch(table, int64(order[min(i + AHEAD, end - 1)]))
        for k in range(table.shape[1]):
            into[at, k] = table[row, k]


@compiled
def _enter(
    table: Any,
    words: Any,
    sums: Any,
    order: Any,
    nodes: Any,
    node: Any,
    own: Any,
    own_words: Any,
    own_sums: Any,
    outside: Any,
    inside: Any,
    stack: Any,
) -> Any:
    """Copy the rows of a node into a block that it is to hold; where they started."""
    start, end = int64(nodes[node].start), int64(nodes[node].end)
    _copy(table.codes, order, start, end, own.codes)
    _copy(table.targets, order, start, end, own.targets)
    if words is not None:
        _copy(words, order, start, end, own_words)
    if sums is not None:
        _copy(sums.channels, order, start, end, own_sums.channels)
        _copy(sums.amounts, order, start, end, own_sums.amounts)
    for i in range(end - start):
        outside[i], inside[i] = order[start + i], i
    nodes[node].start, nodes[node].end, stack[0] = 0, end - start, node
    return start


@compiled
def _leave(
    order: Any,
    nodes: Any,
    node: Any,
    start: Any,
    first: Any,
    last: Any,
    outside: Any,
    inside: Any,
) -> None:
    """Put a node, and those from `first` on that came of it, back in their places."""
    for i in range(nodes[node].end):
        order[start + i] = outside[inside[i]]
    nodes[node].start += start
    nodes[node].end += start
    for child in range(first, last):
        nodes[child].start += start
        nodes[child].end += start


def grow_best_first(problem: Problem) -> int:
    """As `grow_depth_first`, the node of the largest gain first, to `max_leaves`."""
    space = Space.of(len(problem.order), problem.table.codes.shape[1])
    return int(_grow_best_first(*_widened(problem), space))


@compiled
def _grow_best_first(
    table: Any,
    words: Any,
    sums: Any,
    extras: Any,
    edges: Any,
    ranges: Any,
    order: Any,
    nodes: Any,
    rooms: Any,
    space: Any,
) -> Any:
    heap, room = space.stack, rooms[0]
    n_nodes, n_open, n_leaves, n_new = 1, 0, 1, 1
    while True:
        for node in range(n_nodes - n_new, n_nodes):
            find_split(
                table, words, sums, extras, edges, ranges, order, nodes, node,
                space.drawn, room,
            )  # fmt: skip
            if nodes[node].feature >= 0:
                _push(heap, n_open, node, nodes)
                n_open += 1
        if n_open == 0 or n_leaves == room.max_leaves:
            break
        node = _pop(heap, n_open, nodes)
        split_node(table, words, sums, extras, order, nodes, node, n_nodes, space.aside)
        n_open, n_leaves, n_nodes, n_new = n_open - 1, n_leaves + 1, n_nodes + 2, 2
    for k in range(n_open):
        nodes[heap[k]].feature = -1
    return n_nodes


@helper
def _push(heap: Any, n_open: Any, node: Any, nodes: Any) -> None:
    """Add a node to a heap whose first has the largest gain, of equals the oldest."""
    at = n_open
    while at > 0:
        above = (at - 1) >> 1
        if not _comes_first(nodes, node, heap[above]):
            break
        heap[at] = heap[above]
        at = above
    heap[at] = node


@helper
def _pop(heap: Any, n_open: Any, nodes: Any) -> Any:
    """Take the first node of a heap."""
    first, node, at = int64(heap[0]), heap[n_open - 1], 0
    while 2 * at + 1 < n_open - 1:
        below = 2 * at + 1
        if below + 1 < n_open - 1 and _comes_first(nodes, heap[below + 1], heap[below]):
            below += 1
        if not _comes_first(nodes, heap[below], node):
            break
        heap[at] = heap[below]
        at = below
    heap[at] = node
    return first


@helper
def _comes_first(nodes: Any, one: Any, other: Any) -> Any:
    gain, than = nodes[one].gain, nodes[other].gain
    return gain > than or (gain == than and one < other)
