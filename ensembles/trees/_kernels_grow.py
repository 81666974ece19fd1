"""A tree grown on the rows of a member, depth first, or best first up to some leaves.

Depth first has two phases. Large nodes are split where they lie in the binned matrix.
What remains of at most `BLOCK_ROWS` rows is copied into one block, row by row, and its
subtree is grown there, in the cache. What is random about a node follows from its path,
so neither the order nor the phase of growth changes the tree.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, types
from numba.extending import overload

from ensembles.trees._kernels_nodes import find_split, split_node
from ensembles.trees._kernels_tools import borrowed, compiled, helper, prefetch
from ensembles.trees._layout import AHEAD, BLOCK_ROWS, GROUP, STRIDE

__all__ = ["grow_best_first", "grow_depth_first"]


@helper
def _grow_from(
    rows: Any,
    columns: Any,
    words: Any,
    channels: Any,
    amounts: Any,
    targets: Any,
    order: Any,
    nodes: Any,
    n_nodes: Any,
    stack: Any,
    kept: Any,
    block_rows: Any,
    drawn: Any,
    hist: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    edges: Any,
    categorical: Any,
    subsets: Any,
    trends: Any,
    groups: Any,
    open_groups: Any,
    aside: Any,
    rooms: Any,
) -> Any:
    """Split the first node of the stack and what comes of it; number of nodes and kept.

    Nodes of at most `block_rows` rows are kept for later.
    """
    n_open, n_kept, room = 1, 0, rooms[0]
    while n_open > 0:
        n_open -= 1
        node = stack[n_open]
        if nodes[node].end - nodes[node].start <= block_rows:
            kept[n_kept] = node
            n_kept += 1
            continue
        find_split(
            rows, words, channels, amounts, targets, order, nodes, node, drawn, hist,
            totals, offsets, steps, edges, categorical, subsets, trends,
            groups, open_groups, room,
        )  # fmt: skip
        if nodes[node].feature >= 0:
            split_node(
                rows, columns, words, amounts, order, nodes, node, n_nodes, steps,
                categorical, subsets, trends, groups, open_groups, aside,
            )  # fmt: skip
            stack[n_open], stack[n_open + 1] = n_nodes + 1, n_nodes
            n_open += 2
            n_nodes += 2
    return n_nodes, n_kept


def _room_for(table: Any, size: Any) -> Any:
    """Room for some rows of a table; None for None."""
    return None if table is None else np.empty((size, table.shape[1]), table.dtype)


@overload(_room_for, strict=False)  # annotations differ
def _room_of_type(table: Any, size: Any) -> Any:
    """Implementation by type: of what may be None or not, all would be made twice."""
    if isinstance(table, types.NoneType):
        return lambda table, size: None
    return lambda table, size: np.empty((size, table.shape[1]), table.dtype)


@helper
def _copy(table: Any, order: Any, start: Any, end: Any, into: Any) -> None:
    """Copy some rows of a table, if there is one, side by side."""
    if table is None:
        return
    for i in range(start, end):
        row, at = order[i], i - start
        prefetch(table, int64(order[min(i + AHEAD, end - 1)]))
        for k in range(table.shape[1]):
            into[at, k] = table[row, k]


@compiled
def grow_depth_first(
    rows: Any,
    columns: Any,
    words: Any,
    channels: Any,
    amounts: Any,
    targets: Any,
    order: Any,
    nodes: Any,
    offsets: Any,
    steps: Any,
    edges: Any,
    categorical: Any,
    subsets: Any,
    trends: Any,
    groups: Any,
    open_groups: Any,
    rooms: Any,
) -> Any:
    """Number of nodes grown from ``nodes[0]``; `order` ends up leaf by leaf."""
    n_rows, n_features = len(order), rows.shape[1]
    stack, kept = np.empty(n_rows + 1, np.int32), np.empty(n_rows, np.int32)
    aside, drawn = np.empty(n_rows, np.int32), np.empty((2, n_features), np.int64)
    for feature in range(n_features):
        drawn[0, feature] = feature
    wide = rooms[0].n_channels
    hist = np.zeros((GROUP, STRIDE * wide), np.int64)
    totals = np.zeros((2, wide), np.int64)
    stack[0] = 0
    # Borrowed here, not where they are used: code is left out by the type of arguments.
    n_nodes, n_kept = _grow_from(
        borrowed(rows), borrowed(columns), borrowed(words), borrowed(channels),
        borrowed(amounts), borrowed(targets), borrowed(order), borrowed(nodes),
        int64(1), borrowed(stack), borrowed(kept), int64(BLOCK_ROWS), borrowed(drawn),
        borrowed(hist), borrowed(totals), borrowed(offsets), borrowed(steps),
        borrowed(edges), borrowed(categorical), borrowed(subsets),
        borrowed(trends), borrowed(groups), borrowed(open_groups), borrowed(aside),
        borrowed(rooms),
    )  # fmt: skip
    size = min(BLOCK_ROWS, n_rows)
    own_rows, no_columns = (
        np.empty((size, n_features), np.uint8),
        np.empty((n_features, 0), np.uint8),
    )
    own_words, own_channels = _room_for(words, size), _room_for(channels, size)
    own_amounts, own_targets = _room_for(amounts, size), _room_for(targets, size)
    outside, inside = np.empty(size, np.int32), np.empty(size, np.int32)
    for k in range(n_kept):
        node = kept[k]
        start, end = nodes[node].start, nodes[node].end
        _copy(rows, order, start, end, own_rows)
        _copy(words, order, start, end, own_words)
        _copy(channels, order, start, end, own_channels)
        _copy(amounts, order, start, end, own_amounts)
        _copy(targets, order, start, end, own_targets)
        for i in range(end - start):
            outside[i], inside[i] = order[start + i], i
        nodes[node].start, nodes[node].end, stack[0] = 0, end - start, node
        n_before = n_nodes
        n_nodes, _ = _grow_from(
            borrowed(own_rows), borrowed(no_columns), borrowed(own_words),
            borrowed(own_channels), borrowed(own_amounts), borrowed(own_targets),
            borrowed(inside), borrowed(nodes), n_nodes, borrowed(stack), borrowed(kept),
            int64(0), borrowed(drawn), borrowed(hist), borrowed(totals),
            borrowed(offsets), borrowed(steps), borrowed(edges),
            borrowed(categorical), borrowed(subsets), borrowed(trends),
            borrowed(groups), borrowed(open_groups), borrowed(aside), borrowed(rooms),
        )  # fmt: skip
        nodes[node].start, nodes[node].end = start, end
        for child in range(n_before, n_nodes):
            nodes[child].start += start
            nodes[child].end += start
        for i in range(end - start):
            order[start + i] = outside[inside[i]]
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
    first, node, at = heap[0], heap[n_open - 1], 0
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


@compiled
def grow_best_first(
    rows: Any,
    columns: Any,
    words: Any,
    channels: Any,
    amounts: Any,
    targets: Any,
    order: Any,
    nodes: Any,
    offsets: Any,
    steps: Any,
    edges: Any,
    categorical: Any,
    subsets: Any,
    trends: Any,
    groups: Any,
    open_groups: Any,
    rooms: Any,
) -> Any:
    """As `grow_depth_first`, the node of the largest gain first, to `max_leaves`."""
    n_rows, n_features, room = len(order), rows.shape[1], rooms[0]
    heap, aside = np.empty(room.max_leaves + 1, np.int32), np.empty(n_rows, np.int32)
    drawn, wide = np.empty((2, n_features), np.int64), room.n_channels
    for feature in range(n_features):
        drawn[0, feature] = feature
    hist = np.zeros((GROUP, STRIDE * wide), np.int64)
    totals = np.zeros((2, wide), np.int64)
    n_nodes, n_open, n_leaves, n_new = 1, 0, 1, 1
    while True:
        for node in range(n_nodes - n_new, n_nodes):
            find_split(
                rows, words, channels, amounts, targets, order, nodes, node, drawn,
                hist, totals, offsets, steps, edges, categorical,
                subsets, trends, groups, open_groups, room,
            )  # fmt: skip
            if nodes[node].feature >= 0:
                _push(heap, n_open, node, nodes)
                n_open += 1
        if n_open == 0 or n_leaves == room.max_leaves:
            break
        node = _pop(heap, n_open, nodes)
        split_node(
            rows, columns, words, amounts, order, nodes, node, n_nodes, steps,
            categorical, subsets, trends, groups, open_groups, aside,
        )  # fmt: skip
        n_open, n_leaves, n_nodes, n_new = n_open - 1, n_leaves + 1, n_nodes + 2, 2
    for k in range(n_open):
        nodes[heap[k]].feature = -1
    return n_nodes
