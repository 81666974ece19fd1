"""What `_kernels_grow` does, in numpy: for tables so small that numba starts later.

The same bits, from the same formulas in the same order. Words come apart into sums and
weights, so that there is one way to judge splits.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from ensembles.trees._layout import BLOCK_ROWS
from ensembles.trees._plain_nodes import find_split, split_node
from ensembles.trees._plain_problem import Problem, amounts_of, limits_of

__all__ = ["grow_best_first", "grow_depth_first"]


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
) -> int:
    """Number of nodes grown from ``nodes[0]``; `order` ends up leaf by leaf."""
    problem = _problem_of(
        rows, words, channels, amounts, targets, order, nodes, offsets, steps, edges,
        categorical, subsets, trends, groups, open_groups, rooms,
    )  # fmt: skip
    with np.errstate(over="ignore", invalid="ignore"):
        n_nodes, kept = _grow_from(problem, 0, 1, BLOCK_ROWS)
        for node in kept:
            n_nodes, _ = _grow_from(problem, node, n_nodes, 0)
    return n_nodes


def _problem_of(
    rows: Any,
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
) -> Problem:
    """The arguments of a kernel, words apart."""
    limits = limits_of(rooms[0], words=words is not None)
    if words is not None:
        channels, amounts = amounts_of(words)
    if groups is not None and not len(groups):
        groups = open_groups = None
    listed = [] if offsets is None else offsets.tolist()
    return Problem(
        rows, channels, amounts, targets, order, nodes, listed, steps, edges,
        categorical, subsets, trends, groups, open_groups, limits,
    )  # fmt: skip


def _grow_from(
    problem: Problem, node: int, n_nodes: int, block_rows: int
) -> tuple[int, list[int]]:
    """Split a node and what comes of it; number of nodes, those kept for later.

    Nodes of at most `block_rows` rows are kept: the kernels number their children last.
    """
    stack, kept = [node], []
    while stack:
        node = stack.pop()
        if len(problem.rows_of(node)) <= block_rows:
            kept.append(node)
            continue
        find_split(problem, node)
        if problem.nodes["feature"][node] >= 0:
            split_node(problem, node, n_nodes)
            stack += [n_nodes + 1, n_nodes]
            n_nodes += 2
    return n_nodes, kept


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
) -> int:
    """As `grow_depth_first`, the node of the largest gain first, to `max_leaves`."""
    problem = _problem_of(
        rows, words, channels, amounts, targets, order, nodes, offsets, steps, edges,
        categorical, subsets, trends, groups, open_groups, rooms,
    )  # fmt: skip
    n_nodes, n_leaves, heap = 1, 1, list[tuple[float, int]]()
    with np.errstate(over="ignore", invalid="ignore"):
        _push(problem, heap, [0])
        while heap and n_leaves < problem.limits.max_leaves:
            _, node = heapq.heappop(heap)
            split_node(problem, node, n_nodes)
            _push(problem, heap, [n_nodes, n_nodes + 1])
            n_nodes, n_leaves = n_nodes + 2, n_leaves + 1
    for _, node in heap:
        nodes["feature"][node] = -1
    return n_nodes


def _push(problem: Problem, heap: list[tuple[float, int]], fresh: list[int]) -> None:
    """Find the splits of nodes and put those that have one on the heap."""
    for node in fresh:
        find_split(problem, node)
        if problem.nodes["feature"][node] >= 0:
            heapq.heappush(heap, (-float(problem.nodes["gain"][node]), node))
