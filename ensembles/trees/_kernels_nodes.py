"""Steps of a node: features drawn, a split found, rows parted, children made."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint8, uint64

from ensembles._random import GOLDEN
from ensembles.resampling._kernels_words import word_of
from ensembles.trees._kernels_channels import try_sums
from ensembles.trees._kernels_drawn import AT_ONCE, try_drawn
from ensembles.trees._kernels_few import MANY, look_at_few
from ensembles.trees._kernels_tools import expanded, helper, inlined
from ensembles.trees._kernels_words import try_words
from ensembles.trees._layout import (
    BLOCK_ROWS,
    GROUP,
    LARGEST_SUM,
    POISSON,
    SMALL_ROWS,
    SQUARE,
    WEIGHT,
    WEIGHT_BITS,
)

__all__ = ["find_split", "split_node"]

# Keys of a node's children, and of the cuts drawn in it, are words of sums with these.
_TO_CHILD = np.uint64(0xD1B54A32D192ED03)
_TO_CUTS = np.uint64(0x8CB92BA72F3D8DD7)


@inlined
def _is_pure(targets: Any, order: Any, start: Any, end: Any) -> Any:
    """Whether all rows of a node have the same targets."""
    first, is_same, i = order[start], True, start + 1
    while is_same and i < end:
        for output in range(targets.shape[1]):
            is_same &= targets[order[i], output] == targets[first, output]
        i += 1
    return is_same


@helper
def _refine(
    words: Any, targets: Any, order: Any, nodes: Any, node: Any, criterion: Any
) -> None:
    """Make the words of a node's rows anew, on the finest grid that fits them."""
    start, end = nodes[node].start, nodes[node].end
    low = high = targets[order[start], 0]
    weight = int64(0)
    for i in range(start, end):
        value = targets[order[i], 0]
        low, high = min(low, value), max(high, value)
        weight += words[order[i], 0] & WEIGHT
    # Poisson deviance needs sums from zero on.
    center = 0.0 if criterion == POISSON else low / 2.0 + high / 2.0
    reach = max(high - center, center - low)
    scale = min(LARGEST_SUM / float(weight) / reach, 1e300) if reach > 0.0 else 1.0
    for i in range(start, end):
        row = order[i]
        w = words[row, 0] & WEIGHT
        steps = int64(np.floor((targets[row, 0] - center) * scale + 0.5))
        words[row, 0] = ((steps * w) << WEIGHT_BITS) | w
    nodes[node].center, nodes[node].scale = center, scale
    nodes[node].grid_rows = end - start


@inlined
def _draw_feature(state: Any, drawn: Any, n_drawn: Any, n_all: Any) -> Any:
    """State, after one more feature was swapped to the end of those drawn."""
    state += GOLDEN
    left = uint64(n_all - n_drawn)
    other = n_drawn + int64((word_of(state) >> uint64(32)) * left >> uint64(32))
    drawn[1, n_drawn] = other
    drawn[0, n_drawn], drawn[0, other] = drawn[0, other], drawn[0, n_drawn]
    return state


@inlined
def _put_back(drawn: Any, n_drawn: Any) -> None:
    """Undo the swaps, so that a draw does not depend on the nodes before."""
    for i in range(n_drawn - 1, -1, -1):
        other = drawn[1, i]
        drawn[0, i], drawn[0, other] = drawn[0, other], drawn[0, i]


@helper
def _open_features(extras: Any, node: Any, drawn: Any) -> Any:
    """Number of features that a node may split by; write them where not all may."""
    groups, open_groups = extras.groups, extras.open_groups
    if groups.shape[0] == 0:
        return drawn.shape[1]
    n_open = 0
    for feature in range(groups.shape[1]):
        for group in range(groups.shape[0]):
            if open_groups[node, group] and groups[group, feature]:
                drawn[0, n_open] = feature
                n_open += 1
                break
    return n_open


@expanded
def _search(
    table: Any,
    words: Any,
    sums: Any,
    extras: Any,
    edges: Any,
    ranges: Any,
    order: Any,
    nodes: Any,
    node: Any,
    drawn: Any,
    room: Any,
) -> None:
    """Note the best split of a node in `room`; its feature is -1 where none is."""
    start, end, n_all = nodes[node].start, nodes[node].end, drawn.shape[1]
    key, varies, n_drawn = nodes[node].key, False, int64(0)
    state, step = key, 1.0 / nodes[node].scale
    if extras is not None:
        n_all = _open_features(extras, node, drawn)
    wanted, key_of_cuts = min(room.max_features, n_all), word_of(key + _TO_CUTS)
    bounds = (nodes[node].lower, nodes[node].upper, nodes[node].center)
    room.best_gain, room.feature, room.enough = -1.0, -1, np.inf
    size, at_once = MANY, int64(GROUP)
    if words is not None and extras is None:
        size = look_at_few(words, order, start, end, room)
        if size != MANY:
            at_once = int64(1) if ranges is None else int64(AT_ONCE)
    while n_drawn < n_all and (n_drawn < wanted or not varies):
        if room.best_gain >= room.enough:
            break
        first = n_drawn
        n_drawn = min(first + at_once, wanted) if first < wanted else first + 1
        # All of them, too: of splits that are equally good the first is taken.
        for i in range(first, n_drawn):
            state = _draw_feature(state, drawn, i, n_all)
        # Each case stands alone: no code is made of one that begins with a None.
        if sums is not None:
            varies |= try_sums(
                table.codes, sums, extras, edges, ranges, order, start, end, drawn,
                first, n_drawn - first, room, bounds, key_of_cuts,
            )  # fmt: skip
        if words is not None and ranges is None:
            varies |= try_words(
                table.codes, words, extras, order, start, end, size, drawn, first,
                n_drawn - first, room, step, bounds,
            )  # fmt: skip
        if words is not None and ranges is not None:
            varies |= try_drawn(
                table.codes, words, extras, edges, ranges, order, start, end, node,
                size, drawn, first, n_drawn - first, room, step, bounds, key_of_cuts,
            )  # fmt: skip
    _put_back(drawn, n_drawn)


@helper
def _decrease(words: Any, sums: Any, scale: Any, room: Any) -> Any:
    """Weight times impurity that the best gain stands for, comparable between nodes."""
    gain, weight = room.best_gain, int64(1)
    if room.criterion != SQUARE:
        return gain
    if words is not None:
        weight = room.total & WEIGHT
    if sums is not None:
        if not room.sums:
            return gain
        weight = sums.totals[1, room.n_outputs]
    return gain / weight / scale / scale


@expanded
def find_split(
    table: Any,
    words: Any,
    sums: Any,
    extras: Any,
    edges: Any,
    ranges: Any,
    order: Any,
    nodes: Any,
    node: Any,
    drawn: Any,
    room: Any,
) -> None:
    """Write the split of a node, whose feature is -1 where it is a leaf."""
    nodes[node].feature = -1
    start, end = nodes[node].start, nodes[node].end
    n_rows, grid_rows = end - start, nodes[node].grid_rows
    goes_on = n_rows >= room.min_rows_split and n_rows >= 2 * room.min_rows_leaf
    goes_on = goes_on and nodes[node].depth < room.max_depth
    goes_on = goes_on and not _is_pure(table.targets, order, start, end)
    is_coarse = n_rows <= BLOCK_ROWS < grid_rows or n_rows <= SMALL_ROWS < grid_rows
    is_coarse = room.refines and is_coarse
    room.feature = -1
    while goes_on:
        if words is not None and is_coarse:
            _refine(words, table.targets, order, nodes, node, room.criterion)
        _search(
            table, words, sums, extras, edges, ranges, order, nodes, node, drawn, room
        )
        # No gain at all may mean that the rows' values fell on one step of the grid.
        is_coarse = room.refines and nodes[node].grid_rows != n_rows
        goes_on = room.best_gain <= 0.0 and is_coarse
    feature = room.feature
    if feature >= 0 and (room.min_decrease > 0.0 or room.max_leaves > 0):
        gain = _decrease(words, sums, nodes[node].scale, room)
        nodes[node].gain = gain
        feature = feature if gain >= room.min_decrease else -1
    if feature >= 0:
        nodes[node].feature, nodes[node].missing_left = feature, room.missing_left
        nodes[node].low, nodes[node].high = room.low, room.high
        if extras is not None:
            _keep_subset(extras, node, feature, room)


@helper
def _keep_subset(extras: Any, node: Any, feature: Any, room: Any) -> None:
    """Write the categories that go left, if a node splits by categories."""
    if extras.categorical[feature]:
        for quarter in range(4):
            extras.subsets[node, quarter] = room.subset[quarter]


@inlined
def _part(
    table: Any, extras: Any, order: Any, nodes: Any, node: Any, aside: Any
) -> Any:
    """Put the rows that go left first, both sides in their order; return their end."""
    codes, columns = table.codes, table.columns
    start, end = uint64(nodes[node].start), uint64(nodes[node].end)
    f, by_column = uint64(nodes[node].feature), columns.shape[1] > 0
    # One more and modulo 256, missing values have the least code.
    side = uint8(nodes[node].missing_left == 1)
    last = uint8(nodes[node].low + side)
    left, right = start, uint64(0)
    for i in range(start, end):
        row = order[i]
        at = uint64(row)
        code = columns[f, at] if by_column else codes[at, f]
        goes = uint64(uint8(code + side) <= last)
        if extras is not None:  # noqa: SIM102 - no code is made of it for None
            if extras.categorical[f]:
                word = extras.subsets[node, uint64(code) >> uint64(6)]
                goes = (word >> (uint64(code) & uint64(63))) & uint64(1)
        order[left] = row
        aside[right] = row
        left += goes
        right += uint64(1) - goes
    for i in range(right):
        order[left + i] = aside[i]
    return int64(left)


@helper
def _bound_children(
    words: Any,
    sums: Any,
    trend: Any,
    order: Any,
    nodes: Any,
    node: Any,
    middle_row: Any,
) -> None:
    """Where a feature has a trend, the middle of the children's values parts them."""
    left = nodes[node].left
    for child in range(left, left + 2):
        nodes[child].lower = nodes[node].lower
        nodes[child].upper = nodes[node].upper
    if trend == 0:
        return
    # Whole numbers: the sum of floats would depend on the order of rows.
    s_left = s = w_left = w = int64(0)
    step = 1.0
    for i in range(nodes[node].start, nodes[node].end):
        is_left = int64(i < middle_row)
        amount = weight = int64(0)
        if words is not None:
            amount = words[order[i], 0] >> WEIGHT_BITS
            weight = words[order[i], 0] & WEIGHT
        if sums is not None:
            amount, weight = sums.amounts[order[i], 0], sums.amounts[order[i], 1]
            step = sums.steps[0]
        s, w = s + amount, w + weight
        s_left, w_left = s_left + amount * is_left, w_left + weight * is_left
    on_left = float(s_left) * step / float(w_left)
    on_right = float(s - s_left) * step / float(w - w_left)
    center, scale = nodes[node].center, nodes[node].scale
    middle = ((center + on_left / scale) + (center + on_right / scale)) / 2.0
    below = left if trend > 0 else left + 1
    nodes[below].upper = middle
    nodes[2 * left + 1 - below].lower = middle


@helper
def _close_groups(extras: Any, node: Any, feature: Any, left: Any) -> None:
    """Of a node's groups, children keep those that hold the feature it splits by."""
    groups, open_groups = extras.groups, extras.open_groups
    for group in range(groups.shape[0]):
        is_open = open_groups[node, group] and groups[group, feature]
        for child in range(left, left + 2):
            open_groups[child, group] = is_open


@expanded
def split_node(
    table: Any,
    words: Any,
    sums: Any,
    extras: Any,
    order: Any,
    nodes: Any,
    node: Any,
    left: Any,
    aside: Any,
) -> None:
    """Part the rows of a node and make its children, `left` and the one after."""
    middle = _part(table, extras, order, nodes, node, aside)
    start, end = nodes[node].start, nodes[node].end
    if nodes[node].missing_left < 0:
        nodes[node].missing_left = middle - start > end - middle
    nodes[node].left = left
    for side in range(2):
        child = left + side
        nodes[child].start = start if side == 0 else middle
        nodes[child].end = middle if side == 0 else end
        nodes[child].depth = nodes[node].depth + 1
        nodes[child].key = word_of(nodes[node].key + uint64(side + 1) * _TO_CHILD)
        nodes[child].center = nodes[node].center
        nodes[child].scale = nodes[node].scale
        nodes[child].grid_rows = nodes[node].grid_rows
    if extras is not None:
        feature = nodes[node].feature
        trend = extras.trends[feature]
        _bound_children(words, sums, trend, order, nodes, node, middle)
        _close_groups(extras, node, feature, left)
