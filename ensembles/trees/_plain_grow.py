"""What `_kernels_grow` does, in numpy: for tables so small that numba starts later.

The same bits, from the same formulas in the same order. Words come apart into sums and
weights, so that there is one way to judge splits.
"""

from __future__ import annotations

import heapq

import numpy as np

from ensembles.trees._layout import BLOCK_ROWS
from ensembles.trees._plain_nodes import find_split, split_node
from ensembles.trees._plain_problem import PlainProblem
from ensembles.trees._problem import Problem

__all__ = ["grow_best_first", "grow_depth_first"]


def grow_depth_first(problem: Problem) -> int:
    """Number of nodes grown from ``nodes[0]``; `order` ends up leaf by leaf."""
    plain = PlainProblem.of(problem)
    with np.errstate(over="ignore", invalid="ignore"):
        n_nodes, kept = _grow_from(plain, 0, 1, BLOCK_ROWS)
        for node in kept:
            n_nodes, _ = _grow_from(plain, node, n_nodes, 0)
    return n_nodes


def _grow_from(
    problem: PlainProblem, node: int, n_nodes: int, block_rows: int
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


def grow_best_first(problem: Problem) -> int:
    """As `grow_depth_first`, the node of the largest gain first, to `max_leaves`."""
    plain = PlainProblem.of(problem)
    n_nodes, n_leaves, heap = 1, 1, list[tuple[float, int]]()
    with np.errstate(over="ignore", invalid="ignore"):
        _push(plain, heap, [0])
        while heap and n_leaves < plain.limits.max_leaves:
            _, node = heapq.heappop(heap)
            split_node(plain, node, n_nodes)
            _push(plain, heap, [n_nodes, n_nodes + 1])
            n_nodes, n_leaves = n_nodes + 2, n_leaves + 1
    for _, node in heap:
        problem.nodes["feature"][node] = -1
    return n_nodes


def _push(
    problem: PlainProblem, heap: list[tuple[float, int]], fresh: list[int]
) -> None:
    """Find the splits of nodes and put those that have one on the heap."""
    for node in fresh:
        find_split(problem, node)
        if problem.nodes["feature"][node] >= 0:
            heapq.heappush(heap, (-float(problem.nodes["gain"][node]), node))
