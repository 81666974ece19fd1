"""A tree of weights grown from its root, depth first."""

from __future__ import annotations

from typing import Any

from numba import int64, uint8, uint64

from ensembles.boosting._weighted._kernels_cuts import try_feature
from ensembles.boosting._weighted._kernels_sums import (
    add_rows,
    clear,
    copy_without,
    take_off,
)
from ensembles.boosting._weighted._kernels_weights import weigh_anew
from ensembles.boosting._weighted._layout import GINI, LEAST_SHARE, MISSING, STRIDE
from ensembles.trees._kernels_cuts import cut_between
from ensembles.trees._kernels_tools import compiled, helper
from ensembles.trees._layout import FEATURE_PLACE, LEAF_PLACE, LEFT_PLACE, SIDE_PLACE

__all__ = ["grow"]


@helper
def _is_pure(totals: Any, total: Any, room: Any) -> Any:
    """Whether no split could gain."""
    if room.criterion != GINI:
        return False
    w, squares = float(total), 0.0
    for k in range(len(totals)):
        share = float(totals[k]) / w
        squares += share * share
    return 1.0 - squares <= LEAST_SHARE


@helper
def _settle(problem: Any, n: Any) -> Any:
    """Note the heaviest class of a node; its weight in all."""
    totals, total, best = problem.totals[n], int64(0), int64(0)
    for k in range(len(totals)):
        total += totals[k]
        best = int64(k) if totals[k] > totals[best] else best
    problem.nodes[n].best_class = best
    return total


@helper
def _wrong_weight(problem: Any, n: Any) -> Any:
    """Weight of the rows of a leaf that it gets wrong."""
    return _settle(problem, n) - problem.totals[n, problem.nodes[n].best_class]


@helper
def _search(problem: Any, n: Any) -> Any:
    """Write the best split of a node to it; whether there is any."""
    node, room, totals = problem.nodes[n], problem.rooms[0], problem.totals[n]
    node.gain, node.feature, total = -1.0, -1, _settle(problem, n)
    if not _is_pure(totals, total, room):
        for feature in range(len(problem.n_bins)):
            n_bins = problem.n_bins[feature]
            try_feature(problem.space.hists, feature, n_bins, totals, total, node, room)
    return node.feature >= 0


@helper
def _mark_right(problem: Any, node: Any) -> None:
    """Write which codes go right by the split of a node."""
    goes_right = problem.rooms[0].goes_right
    cut = cut_between(node.feature, node.low, node.high, problem.edges)
    for code in range(uint64(256)):
        goes_right[code] = uint8(int64(code) > cut)
    goes_right[MISSING] = uint8(node.missing_left != 1)


@helper
def _part(problem: Any, node: Any) -> Any:
    """Rows up to the right side, which come after those of the left, all in order."""
    columns, order = problem.rows.columns, problem.space.order
    aside, goes_right = problem.space.aside, problem.rooms[0].goes_right
    f, left, right = uint64(node.feature), uint64(node.start), uint64(0)
    for i in range(uint64(node.start), uint64(node.end)):
        row = order[i]
        goes = uint64(goes_right[uint64(columns[f, uint64(row)])])
        order[left], aside[right] = row, row  # free of branches
        left += uint64(1) - goes
        right += goes
    for i in range(right):
        order[left + i] = aside[i]
    return int64(left)


@helper
def _judge_sides(problem: Any, node: Any, left: Any, right: Any) -> Any:
    """Note which rows of a node two leaves get wrong; where rows of the right begin.

    These are the last to be split, so that nobody needs their rows side by side.
    """
    rows, order, f = problem.rows, problem.space.order, uint64(node.feature)
    room, n_right = problem.rooms[0], uint64(0)
    for code in range(uint64(256)):
        goes = room.goes_right[code]
        room.says[code] = right.best_class if goes else left.best_class
    for i in range(uint64(node.start), uint64(node.end)):
        row = uint64(order[i])
        code = uint64(rows.columns[f, row])
        rows.is_wrong[row] = uint8(rows.classes[row] != room.says[code])
        n_right += uint64(room.goes_right[code])
    return int64(node.end) - int64(n_right)


@helper
def _judge(problem: Any, node: Any) -> None:
    """Note which rows of a leaf it gets wrong."""
    rows, order = problem.rows, problem.space.order
    for i in range(uint64(node.start), uint64(node.end)):
        row = uint64(order[i])
        rows.is_wrong[row] = uint8(rows.classes[row] != node.best_class)


@helper
def _add_children(problem: Any, n: Any, n_nodes: Any) -> None:
    """Add the children of a node as nodes, but for which rows they hold."""
    nodes, totals, hists = problem.nodes, problem.totals, problem.space.hists
    node, goes_right = nodes[n], problem.rooms[0].goes_right
    node.left = n_nodes
    s, j = uint64(node.slot), uint64(node.feature)
    for k in range(uint64(totals.shape[1])):
        below, first = int64(0), k * uint64(STRIDE)
        for b in range(uint64(256)):
            is_left = int64(1) - int64(goes_right[b])
            below += is_left * hists[s, j, first + b]
        totals[n_nodes, k] = below
        totals[n_nodes + 1, k] = totals[n, k] - below
    for child in range(n_nodes, n_nodes + 2):
        nodes[child].feature = nodes[child].left = nodes[child].slot = -1
        nodes[child].gain, nodes[child].missing_left = -1.0, 0
        nodes[child].depth = node.depth + 1
        _settle(problem, child)


@helper
def _split(problem: Any, n: Any, n_nodes: Any, is_last: Any) -> None:
    """Send the rows of a node to its children."""
    nodes = problem.nodes
    node, left, right = nodes[n], nodes[n_nodes], nodes[n_nodes + 1]
    _mark_right(problem, node)
    _add_children(problem, n, n_nodes)
    if is_last:
        middle = _judge_sides(problem, node, left, right)
    else:
        middle = _part(problem, node)
    if node.missing_left < 0:
        node.missing_left = middle - node.start > node.end - middle
    left.start, left.end, right.start, right.end = node.start, middle, middle, node.end


@helper
def _fill_children(problem: Any, n: Any) -> None:
    """Histograms of the smaller child from its rows; the larger has what is left."""
    nodes, space, room = problem.nodes, problem.space, problem.rooms[0]
    small, large = nodes[n].left, nodes[n].left + 1
    if nodes[small].end - nodes[small].start > nodes[large].end - nodes[large].start:
        small, large = large, small
    room.n_free -= 1
    slot = space.free[room.n_free]
    start, end = nodes[small].start, nodes[small].end
    clear(space.hists, slot)
    add_rows(problem.rows, space.order, start, end, space, slot)
    nodes[small].slot, nodes[large].slot = slot, nodes[n].slot
    if nodes[n].slot > 0:
        take_off(space.hists, nodes[large].slot, slot)
    else:  # those of all rows are to stay
        room.n_free -= 1
        nodes[large].slot = space.free[room.n_free]
        copy_without(space.hists, nodes[large].slot, 0, slot)


@helper
def _put_back(space: Any, slot: Any, room: Any) -> None:
    """Let a node's slot go."""
    if slot > 0:
        space.free[room.n_free] = slot
        room.n_free += 1


@helper
def _word(problem: Any, n: Any) -> Any:
    """What rows are sent down by, as `trees._kernels_apply` reads it."""
    node = problem.nodes[n]
    if node.feature < 0:
        return uint64(n) << uint64(LEFT_PLACE) | uint64(1 << LEAF_PLACE | MISSING)
    word = uint64(node.left) << uint64(LEFT_PLACE)
    word |= uint64(node.feature) << uint64(FEATURE_PLACE)
    word |= uint64(node.missing_left == 1) << uint64(SIDE_PLACE)
    return word | uint64(cut_between(node.feature, node.low, node.high, problem.edges))


@helper
def _begin(problem: Any) -> None:
    """Make the root, of all rows in order, with its histograms in slot 0."""
    space, root, room = problem.space, problem.nodes[0], problem.rooms[0]
    root.start, root.end, root.slot, root.depth = 0, len(space.order), 0, 0
    room.n_free = len(space.free)
    for i in range(len(space.free)):
        space.free[i] = i + 1
    if room.max_depth > 1:  # else they are in order still
        for i in range(uint64(len(space.order))):
            space.order[i] = problem.rows.used[i]
    space.stack[0], room.wrong, room.total = 0, 0, _settle(problem, 0)


@compiled
def grow(problem: Any, right: Any, wrong: Any, total: Any) -> Any:
    """Weigh rows anew, as `weigh_anew` does; grow a tree; the number of its nodes.

    Notes the weight of all rows, and of those that leaves get wrong.
    """
    weigh_anew(problem, right, wrong, total)
    _begin(problem)
    nodes, space, room = problem.nodes, problem.space, problem.rooms[0]
    stack, n_nodes, n_waiting = space.stack, 1, 1
    while n_waiting > 0:
        n_waiting -= 1
        n = stack[n_waiting]
        if not _search(problem, n):
            nodes[n].feature = -1
            _judge(problem, nodes[n])
            room.wrong += _wrong_weight(problem, n)
            _put_back(space, nodes[n].slot, room)
            continue
        is_last = nodes[n].depth + 1 == room.max_depth
        _split(problem, n, n_nodes, is_last)
        if is_last:
            room.wrong += _wrong_weight(problem, n_nodes)
            room.wrong += _wrong_weight(problem, n_nodes + 1)
            _put_back(space, nodes[n].slot, room)
        else:
            _fill_children(problem, n)
            stack[n_waiting], stack[n_waiting + 1] = n_nodes + 1, n_nodes
            n_waiting += 2
        n_nodes += 2
    for n in range(n_nodes):
        problem.words[n] = _word(problem, n)
    return n_nodes
