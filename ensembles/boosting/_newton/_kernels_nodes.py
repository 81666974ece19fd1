"""Steps of a node: features drawn, a split found, rows parted, children made."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint8, uint64

from ensembles._random import GOLDEN
from ensembles.boosting._newton._kernels_categories import try_categories
from ensembles.boosting._newton._kernels_cuts import has_any, is_wide, sums_of, try_cuts
from ensembles.boosting._newton._layout import (
    NO_BOUNDED_GAIN,
    NO_GAIN,
    TO_LEFT,
    TO_RIGHT,
)
from ensembles.resampling._kernels_words import word_of
from ensembles.trees._kernels_tools import helper, inlined
from ensembles.trees._layout import MISSING

__all__ = ["make_children", "search"]


@helper
def _is_open(features: Any, n: Any, feature: Any) -> Any:
    """Whether a node may split by a feature after those above it."""
    n_groups = features.groups.shape[0]
    for group in range(n_groups):
        if features.open_groups[n, group] and features.groups[group, feature]:
            return True
    return n_groups == 0


@helper
def _draw(features: Any, drawn: Any, n: Any, key: Any, room: Any) -> Any:
    """Number of features to try in a node; write them, in ascending order."""
    n_open, state, n_drawn = int64(0), key, int64(0)
    for feature in range(drawn.shape[0]):
        if _is_open(features, n, feature):
            drawn[n_open] = feature
            n_open += 1
    if room.max_features >= 1.0:
        return n_open
    wanted = max(int64(1), int64(np.ceil(room.max_features * float(n_open))))
    # Each is taken with the chance of as many as are still wanted among those to come.
    for i in range(n_open):
        state += GOLDEN
        word = word_of(state) >> uint64(32)
        if int64(word * uint64(n_open - i) >> uint64(32)) < wanted - n_drawn:
            drawn[n_drawn] = drawn[i]
            n_drawn += 1
    return n_drawn


@helper
def _mark_right(node: Any, room: Any) -> None:
    """Write which codes go right by the split of a node."""
    if node.is_category:
        for code in range(uint64(256)):
            bit = node.subset[code >> uint64(6)] >> (code & uint64(63))
            room.goes_right[code] = uint8(uint64(1) - (bit & uint64(1)))
    else:
        for code in range(uint64(256)):
            room.goes_right[code] = uint8(int64(code) > int64(node.cut))
        room.goes_right[MISSING] = uint8(not node.missing_left)


@helper
def _add_up_left(hists: Any, node: Any, room: Any) -> None:
    """Write what the left side of a split adds up to."""
    g, h = int64(0), int64(0)
    s, j = uint64(node.slot), uint64(node.feature)
    for code in range(uint64(256)):
        if room.goes_right[code] == 0:
            g_b, h_b, _ = sums_of(hists, s, j, code)
            g, h = g + g_b, h + h_b
    node.left_gradient, node.left_hessian = g, h


@helper
def _has_rows(columns: Any, order: Any, node: Any, room: Any) -> Any:
    """Whether both sides of a split have enough rows.

    Where hessians are large they tell it. Else rows are counted.
    """
    least, f = room.min_rows_leaf, uint64(node.feature)
    lighter = min(node.left_hessian, node.hessian - node.left_hessian)
    if lighter >= least * room.heaviest:
        return True
    n_right = int64(0)
    for i in range(uint64(node.start), uint64(node.end)):
        n_right += int64(room.goes_right[uint64(columns[f, uint64(order[i])])])
    return min(n_right, int64(node.end - node.start) - n_right) >= least


@helper
def _count_rows(columns: Any, order: Any, node: Any, room: Any) -> None:
    """Write how many rows of a node have each code of its feature."""
    f = uint64(node.feature)
    for code in range(uint64(256)):
        room.rows[code] = 0
    for i in range(uint64(node.start), uint64(node.end)):
        room.rows[uint64(columns[f, uint64(order[i])])] += 1


@inlined
def _least_gain(node: Any, room: Any) -> Any:
    """What a split has to gain more than."""
    g = float(node.gradient) * room.gradient_step
    if room.is_bounded:
        return NO_BOUNDED_GAIN * abs(g * node.value)
    return NO_GAIN * (g * g / (float(node.hessian) * room.hessian_step + room.l2))


@inlined
def _try(
    features: Any, hists: Any, feature: Any, is_counted: Any, node: Any, splits: Any,
    room: Any,
) -> None:  # fmt: skip
    """Note the best split of a node by a feature."""
    split = splits[feature]
    split.gain, split.is_counted = _least_gain(node, room), is_counted
    if features.categorical[feature]:
        try_categories(hists, features, feature, node, split, room)
    else:
        try_cuts(hists, features, feature, node, split, room)


@inlined
def _take_best(
    features: Any, hists: Any, drawn: Any, n_drawn: Any, node: Any, splits: Any,
    room: Any,
) -> Any:  # fmt: skip
    """Write the best of the splits by the features drawn; whether there is one."""
    node.gain, node.feature = _least_gain(node, room), -1
    for i in range(n_drawn):
        if splits[drawn[i]].gain > node.gain:
            node.gain, node.feature = splits[drawn[i]].gain, drawn[i]
    if node.feature < 0:
        return False
    split = splits[node.feature]
    node.cut, node.missing_left = split.cut, split.missing_left
    for quarter in range(4):
        node.subset[quarter] = split.subset[quarter]
    node.is_category = features.categorical[node.feature]
    _mark_right(node, room)
    _add_up_left(hists, node, room)
    return True


@helper
def search(problem: Any, n: Any) -> Any:
    """Write the best split of a node to it; whether there is one that gains.

    Packed sums do not know their rows. Where the best split has too few on a side,
    those of its feature are counted, and it is gone through once more.
    """
    rows, features, space, order, nodes, rooms = problem
    node, room, splits, hists = nodes[n], rooms[0], space.splits, space.hists
    knows_rows = room.counts_rows or is_wide(hists)
    room.least = room.min_hessian
    if not knows_rows:
        # More than one row fewer would have on average.
        a_row: Any = float(node.hessian) / float(node.end - node.start)
        share = int64(a_row * float(room.min_rows_leaf - 1)) + 1
        room.least = max(room.least, share)
    n_drawn = _draw(features, space.drawn, n, node.key, room)
    for i in range(n_drawn):
        _try(features, hists, space.drawn[i], False, node, splits, room)
    while _take_best(features, hists, space.drawn, n_drawn, node, splits, room):
        if (  # of a split that was counted it is known
            knows_rows
            or splits[node.feature].is_counted
            or _has_rows(rows.columns, order, node, room)
        ):
            absent = sums_of(hists, uint64(node.slot), uint64(node.feature), MISSING)
            node.has_missing = has_any(absent)
            return True
        _count_rows(rows.columns, order, node, room)
        _try(features, hists, node.feature, True, node, splits, room)
    return False


@helper
def _part(columns: Any, order: Any, aside: Any, node: Any, room: Any) -> Any:
    """Rows up to the right side, which come after those of the left, all in order."""
    f, start, end = uint64(node.feature), uint64(node.start), uint64(node.end)
    left, right = start, uint64(0)
    for i in range(start, end):
        row = order[i]
        goes = uint64(room.goes_right[uint64(columns[f, uint64(row)])])
        order[left], aside[right] = row, row  # free of branches
        left += uint64(1) - goes
        right += goes
    for i in range(right):
        order[left + i] = aside[i]
    return int64(left)


@helper
def _any_missing(columns: Any, order: Any, feature: Any, start: Any, end: Any) -> Any:
    """Whether any row of some has no value."""
    f = uint64(feature)
    for i in range(uint64(start), uint64(end)):
        if columns[f, uint64(order[i])] == MISSING:
            return True
    return False


@helper
def _send_missing(problem: Any, node: Any, middle: Any) -> None:
    """Let values that are missing later go with most rows, where none was so far.

    Rows without a value that add to no sum have gone right, and so will those to come.
    """
    if not node.has_missing:
        columns, order, f = problem.rows.columns, problem.order, node.feature
        goes_left = middle - node.start > node.end - middle
        if goes_left and problem.features.has_missing[f]:
            goes_left = not _any_missing(columns, order, f, middle, node.end)
        node.missing_left = goes_left
        if node.is_category:
            bit = uint64(1) << uint64(MISSING & 63)
            last = node.subset[MISSING >> 6]
            node.subset[MISSING >> 6] = last | bit if goes_left else last & ~bit


@helper
def _set_values(parent: Any, left: Any, right: Any, trends: Any, room: Any) -> None:
    """Values of children, and bounds of what is below them."""
    middle = 0.0
    for child in (left, right):
        weight = float(child.hessian) * room.hessian_step + room.l2
        value = -float(child.gradient) * room.gradient_step / weight
        child.value = min(max(value, parent.lower), parent.upper)
        child.lower, child.upper = parent.lower, parent.upper
        middle += child.value / 2.0
    trend = trends[parent.feature]
    if trend > 0:
        left.upper, right.lower = middle, middle
    elif trend < 0:
        left.lower, right.upper = middle, middle


@helper
def make_children(problem: Any, n: Any, n_nodes: Any) -> None:
    """Part the rows of a node and add its children as nodes."""
    rows, features, space, order, nodes, rooms = problem
    node, left, right = nodes[n], nodes[n_nodes], nodes[n_nodes + 1]
    room, groups, open_groups = rooms[0], features.groups, features.open_groups
    _mark_right(node, room)
    middle = _part(rows.columns, order, space.aside, node, room)
    _send_missing(problem, node, middle)
    node.left = n_nodes
    left.start, left.end, right.start, right.end = node.start, middle, middle, node.end
    left.key, right.key = word_of(node.key + TO_LEFT), word_of(node.key + TO_RIGHT)
    left.gradient, left.hessian = node.left_gradient, node.left_hessian
    right.gradient = node.gradient - node.left_gradient
    right.hessian = node.hessian - node.left_hessian
    for child in (left, right):
        child.feature, child.left, child.slot, child.gain = -1, -1, -1, 0.0
        child.depth = node.depth + 1
        child.is_category = child.missing_left = child.has_missing = False
    _set_values(node, left, right, features.trends, room)
    for group in range(groups.shape[0]):
        is_open = open_groups[n, group] and groups[group, node.feature]
        open_groups[n_nodes, group] = open_groups[n_nodes + 1, group] = is_open
