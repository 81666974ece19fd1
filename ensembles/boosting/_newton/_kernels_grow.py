"""A tree grown from its root: the node that gains most is split next."""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.boosting._newton._kernels_cuts import sums_of
from ensembles.boosting._newton._kernels_nodes import make_children, search
from ensembles.boosting._newton._kernels_sums import fill, subtract
from ensembles.boosting._newton._layout import (
    CHILD_FILLED,
    FRESH,
    GROWING,
    ROOT_FILLED,
)
from ensembles.trees._kernels_tools import compiled, helper

__all__ = ["fill_part", "grow"]


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
def _is_asked(problem: Any, n: Any) -> Any:
    """Fill the histograms of a node, or ask others to where there is much to add."""
    rows, space, node, room = (
        problem.rows, problem.space, problem.nodes[n], problem.rooms[0]
    )  # fmt: skip
    n_features = rows.columns.shape[0]
    if int64(node.end - node.start) * n_features > room.most_sums:
        room.asked = n
        return True
    fill(rows, problem.order, node, space.hists, space.block, 0, n_features)
    return False


@helper
def _start(problem: Any) -> None:
    """Look for a split of the root, whose histograms are filled."""
    space, node, room = problem.space, problem.nodes[0], problem.rooms[0]
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
def _smaller_child(nodes: Any, n: Any) -> Any:
    """The child of a node with fewer rows; of equal ones the left."""
    left = nodes[n].left
    right_rows = nodes[left + 1].end - nodes[left + 1].start
    return left + int64(nodes[left].end - nodes[left].start > right_rows)


@helper
def _give_slots(problem: Any, n: Any) -> Any:
    """Room for the histograms of a node's children; return the smaller one.

    The larger has what is left of its parent's, in their place.
    """
    space, nodes, room = problem.space, problem.nodes, problem.rooms[0]
    small = _smaller_child(nodes, n)
    large = 2 * nodes[n].left + 1 - small
    nodes[small].slot = _take_slot(space.free, room)
    nodes[large].slot = nodes[n].slot
    return small


@helper
def _consider_children(problem: Any, n: Any) -> None:
    """Look for splits of a node's children; those of the smaller are filled."""
    nodes = problem.nodes
    small = _smaller_child(nodes, n)
    large = 2 * nodes[n].left + 1 - small
    subtract(problem.space.hists, nodes[large].slot, nodes[small].slot)
    _consider(problem, large)
    _consider(problem, small)


@helper
def _begin(problem: Any) -> Any:
    """Begin a tree or go on with it; whether histograms are asked for."""
    room, nodes = problem.rooms[0], problem.nodes
    if room.stage == FRESH:
        room.n_nodes = room.n_leaves = 1
        if not _may_split(nodes[0], room):
            return False
        nodes[0].slot = _take_slot(problem.space.free, room)
        room.stage = ROOT_FILLED
        if _is_asked(problem, 0):
            return True
    if room.stage == ROOT_FILLED:
        _start(problem)
    elif room.stage == CHILD_FILLED:
        _consider_children(problem, room.parent)
    room.stage = GROWING
    return False


@compiled
def grow(problem: Any) -> Any:
    """Grow a tree from ``nodes[0]``; return the number of nodes.

    Or -1 where `fill_part` is to fill the histograms of a node first, of all features;
    then it is to be called again.
    """
    space, nodes, room = problem.space, problem.nodes, problem.rooms[0]
    if _begin(problem):
        return int64(-1)
    while room.n_frontier > 0 and room.n_nodes + 2 <= len(nodes):
        n = _next_node(space.frontier, nodes, room)
        make_children(problem, n, room.n_nodes)
        room.n_nodes, room.n_leaves = room.n_nodes + 2, room.n_leaves + 1
        if room.n_leaves == room.max_leaves:
            break
        left = nodes[n].left
        if _may_split(nodes[left], room) or _may_split(nodes[left + 1], room):
            if _is_asked(problem, _give_slots(problem, n)):
                room.stage, room.parent = CHILD_FILLED, n
                return int64(-1)
            _consider_children(problem, n)
        else:
            _put_back(space.free, nodes[n].slot, room)
    for i in range(room.n_frontier):  # those that were not reached
        nodes[space.frontier[i]].feature = -1
    room.n_frontier, room.stage = 0, FRESH
    return room.n_nodes


@compiled
def fill_part(problem: Any, first: Any, end: Any, block: Any) -> None:
    """Fill the histograms that are asked for, of the features from `first` to `end`."""
    node = problem.nodes[problem.rooms[0].asked]
    hists = problem.space.hists
    fill(problem.rows, problem.order, node, hists, block, first, end)
