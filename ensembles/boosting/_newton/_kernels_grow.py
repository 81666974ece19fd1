"""A tree grown from its root: the node that gains most is split next."""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.boosting._newton._kernels_cuts import sums_of
from ensembles.boosting._newton._kernels_nodes import make_children, search
from ensembles.boosting._newton._kernels_sums import fill, fill_whole, subtract
from ensembles.trees._kernels_tools import compiled, helper

__all__ = ["grow"]


@helper
def _may_split(node: Any, room: Any) -> Any:
    """Whether a node has enough rows and lies high enough."""
    n_rows = int64(node.end - node.start)
    return n_rows >= 2 * room.min_rows_leaf and node.depth < room.max_depth


@helper
def _take_slot(free: Any, room: Any) -> Any:
    room.n_free -= 1
    return free[room.n_free]


@helper
def _put_back(free: Any, slot: Any, room: Any) -> None:
    free[room.n_free] = slot
    room.n_free += 1


@helper
def _consider(problem: Any, n: Any) -> None:
    """Put a node on the frontier if some split gains, else let its slot go."""
    space, nodes, room = problem.space, problem.nodes, problem.rooms[0]
    if _may_split(nodes[n], room) and search(problem, n):
        space.frontier[room.n_frontier] = n
        room.n_frontier += 1
    else:
        nodes[n].feature = -1
        _put_back(space.free, nodes[n].slot, room)


@helper
def _next_node(frontier: Any, nodes: Any, room: Any) -> Any:
    """Take the node that gains most off the frontier; any order will do for no limit.

    The newest is taken then, which is the smaller child: few nodes wait.
    """
    last = room.n_frontier - 1
    best = last
    if room.max_leaves > 0:
        for i in range(room.n_frontier):
            gains_more = nodes[frontier[i]].gain > nodes[frontier[best]].gain
            is_older = frontier[i] < frontier[best]
            is_equal = nodes[frontier[i]].gain == nodes[frontier[best]].gain
            if gains_more or (is_equal and is_older):
                best = i
    n = frontier[best]
    frontier[best] = frontier[last]
    room.n_frontier = last
    return n


@helper
def _start(problem: Any) -> None:
    """Add up all rows and look for a split of the root."""
    space, node, room = problem.space, problem.nodes[0], problem.rooms[0]
    node.slot = _take_slot(space.free, room)
    if len(problem.order) == problem.rows.columns.shape[1]:
        fill_whole(problem.rows, problem.order, space, node.slot)
    else:
        fill(problem.rows, problem.order, node.start, node.end, space, node.slot)
    g, h = int64(0), int64(0)
    for code in range(uint64(256)):
        g_b, h_b, _ = sums_of(space.hists, uint64(node.slot), uint64(0), code)
        g, h = g + g_b, h + h_b
    node.gradient, node.hessian = g, h
    a_row = float(h) * room.hessian_step / room.n_rows
    room.category_l2 = room.category_rows * a_row
    node.value = 0.0  # what it predicts if it is not split
    _consider(problem, 0)


@helper
def _fill_children(problem: Any, n: Any) -> None:
    """Histograms of the smaller child from its rows; the larger has what is left."""
    space, nodes, room = problem.space, problem.nodes, problem.rooms[0]
    left = nodes[n].left
    small, large = left, left + 1
    if nodes[small].end - nodes[small].start > nodes[large].end - nodes[large].start:
        small, large = large, small
    node = nodes[small]
    node.slot, nodes[large].slot = _take_slot(space.free, room), nodes[n].slot
    fill(problem.rows, problem.order, node.start, node.end, space, node.slot)
    subtract(space.hists, nodes[large].slot, node.slot)
    _consider(problem, large)
    _consider(problem, small)


@compiled
def grow(problem: Any) -> Any:
    """Grow a tree from ``nodes[0]``; return the number of nodes."""
    space, nodes, room = problem.space, problem.nodes, problem.rooms[0]
    n_nodes, n_leaves = 1, 1
    if _may_split(nodes[0], room):
        _start(problem)
    while room.n_frontier > 0 and n_nodes + 2 <= len(nodes):
        n = _next_node(space.frontier, nodes, room)
        make_children(problem, n, n_nodes)
        n_nodes, n_leaves = n_nodes + 2, n_leaves + 1
        if n_leaves == room.max_leaves:
            break
        left = nodes[n].left
        if _may_split(nodes[left], room) or _may_split(nodes[left + 1], room):
            _fill_children(problem, n)
        else:
            _put_back(space.free, nodes[n].slot, room)
    for i in range(room.n_frontier):  # those that were not reached
        nodes[space.frontier[i]].feature = -1
    room.n_frontier = 0
    return n_nodes
