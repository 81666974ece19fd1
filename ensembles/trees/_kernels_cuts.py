"""Splits at one cut drawn for each feature: extremely randomized trees.

A cut is uniform between the least and the largest value in the node, as in P. Geurts,
D. Ernst & L. Wehenkel, "Extremely randomized trees", Machine Learning 63, 3-42, 2006.
Of categories, each goes left with probability one half. Missing values go to a side
that is drawn. No histogram is needed: one pass finds the range, another adds up what
lies left of the cut.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles._random import GOLDEN
from ensembles.resampling._kernels_words import uniform, word_of
from ensembles.trees._kernels_channels import gain_of_channels
from ensembles.trees._kernels_criteria import check_of, gain_of, keeps_bounds
from ensembles.trees._kernels_split import record
from ensembles.trees._kernels_tools import helper, inlined
from ensembles.trees._layout import MISSING, SQUARE, WEIGHT, WEIGHT_BITS

__all__ = ["try_cuts"]


@inlined
def _range_of(rows: Any, order: Any, start: Any, end: Any, feature: Any) -> Any:
    """Least and largest code of a node that is not missing, and whether one is."""
    f, low, high = uint64(feature), uint64(MISSING), uint64(0)
    absent = False
    for i in range(uint64(start), uint64(end)):
        code = uint64(rows[uint64(order[i]), f])
        is_missing = code == uint64(MISSING)
        absent |= is_missing
        low = min(low, code)
        high = max(high, uint64(0) if is_missing else code)
    return int64(low), int64(high), absent


@inlined
def _draw_cut(state: Any, low: Any, high: Any, feature: Any, edges: Any) -> Any:
    """State, and the last bin on the left of a value drawn."""
    state, u = uniform(state)
    least, largest = edges[feature, low, 0], edges[feature, high, 1]
    value = least * (1.0 - u) + largest * u  # a difference could be infinite
    below, above = low, high  # the cut is at `below` or later, and before `above`
    while above - below > 1:
        middle = (below + above) >> 1
        if edges[feature, middle, 1] <= value:
            below = middle
        else:
            above = middle
    return state, below


@helper
def _in_subset(room: Any, code: Any) -> Any:
    return (room.drawn_subset[code >> 6] >> uint64(code & 63)) & uint64(1)


@helper
def _draw_subset(
    state: Any, rows: Any, order: Any, start: Any, end: Any, feature: Any, room: Any
) -> Any:
    """Whether there are two categories; write the bits of those on the left.

    Where one side had none of the node's, the lowest of them changes sides.
    """
    some_left = some_right = False
    for quarter in range(4):
        state += GOLDEN
        room.drawn_subset[quarter] = word_of(state)
    lowest, highest = MISSING, 0
    for i in range(start, end):
        code = int64(rows[order[i], feature])
        lowest, highest = min(lowest, code), max(highest, code)
        if _in_subset(room, code):
            some_left = True
        else:
            some_right = True
    if not (some_left and some_right):
        room.drawn_subset[lowest >> 6] ^= uint64(1) << uint64(lowest & 63)
    return lowest < highest


@helper
def _goes_left(code: Any, cut: Any, side: Any, is_category: Any, room: Any) -> Any:
    """One for left, else zero."""
    goes = uint64(0)
    if is_category:
        goes = _in_subset(room, code)
    else:  # one more and modulo 256, missing values have the least code
        goes = uint64((code + side) & 255 <= cut + side)
    return goes


@inlined
def _gain_of_words(
    rows: Any,
    words: Any,
    order: Any,
    start: Any,
    end: Any,
    feature: Any,
    cut: Any,
    side: Any,
    is_category: Any,
    room: Any,
    step: Any,
    check: Any,
) -> Any:
    """Gain of one split; -1 where it is not allowed."""
    f, total, on_left = uint64(feature), int64(0), int64(0)
    for i in range(uint64(start), uint64(end)):
        row = uint64(order[i])
        word, code = words[row, 0], int64(rows[row, f])
        total += word
        on_left += word * int64(_goes_left(code, cut, side, is_category, room))
    s, w = float(total >> WEIGHT_BITS), float(total & WEIGHT)
    s_left, w_left = float(on_left >> WEIGHT_BITS), float(on_left & WEIGHT)
    factor = 1.0 if room.criterion == SQUARE else step
    gain = -1.0
    if min(w_left, w - w_left) >= room.min_weight_leaf:
        is_allowed = True
        if check is not None:
            trend, lower, upper, center = check
            v_left = center + s_left / w_left * step
            v_right = center + (s - s_left) / (w - w_left) * step
            is_allowed = keeps_bounds(v_left, v_right, trend, lower, upper)
        if is_allowed:
            gain = gain_of(s_left * factor, w_left, s * factor, w, room.criterion)
    return gain


@helper
def _gain_by_channels(
    rows: Any,
    channels: Any,
    amounts: Any,
    order: Any,
    start: Any,
    end: Any,
    feature: Any,
    cut: Any,
    side: Any,
    is_category: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    room: Any,
    check: Any,
) -> Any:
    """Gain of one split; -1 where it is not allowed."""
    totals[:] = 0
    for i in range(start, end):
        row = order[i]
        code = int64(rows[row, feature])
        goes = int64(_goes_left(code, cut, side, is_category, room))
        for k in range(amounts.shape[1]):
            channel, amount = channels[row, k], amounts[row, k]
            totals[0, channel] += amount * goes
            totals[1, channel] += amount
    return gain_of_channels(totals, offsets, steps, room, check)


@inlined
def _draw_split(
    state: Any,
    rows: Any,
    order: Any,
    start: Any,
    end: Any,
    feature: Any,
    edges: Any,
    is_category: Any,
    room: Any,
) -> Any:
    """Whether a feature varies, a cut, the side of missing values (-1 if none are)."""
    cut, side = 0, -1
    if is_category:
        varies = _draw_subset(state, rows, order, start, end, feature, room)
    else:
        low, high, absent = _range_of(rows, order, start, end, feature)
        varies = low < high or (low == high and absent)
        if varies:
            state, cut = _draw_cut(state, low, high, feature, edges)
        if absent:
            side = 0
            if low < high:
                side = int64(word_of(state + GOLDEN) >> uint64(63))
    return varies, cut, side


@inlined
def try_cuts(
    rows: Any,
    words: Any,
    channels: Any,
    amounts: Any,
    order: Any,
    start: Any,
    end: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    edges: Any,
    categorical: Any,
    trends: Any,
    room: Any,
    step: Any,
    bounds: Any,
    key: Any,
) -> Any:
    """As `try_words`, at one cut for each feature, which follows from the key."""
    any_varies = False
    for j in range(first, first + n_drawn):
        feature, is_category = drawn[0, j], False
        if categorical is not None:
            is_category = categorical[feature]
        # A stream for each feature: the order in which they are tried changes nothing.
        state = word_of(key ^ (uint64(feature + 1) * GOLDEN))
        varies, cut, missing_left = _draw_split(
            state, rows, order, start, end, feature, edges, is_category, room
        )
        if not varies:
            continue
        any_varies, side = True, max(missing_left, 0)
        check = check_of(trends, feature, bounds)
        gain = -1.0
        if words is not None:
            gain = _gain_of_words(
                rows, words, order, start, end, feature, cut, side, is_category, room,
                step, check,
            )  # fmt: skip
        if channels is not None:
            gain = _gain_by_channels(
                rows, channels, amounts, order, start, end, feature, cut, side,
                is_category, totals, offsets, steps, room, check,
            )  # fmt: skip
        if gain > room.best_gain:
            record(room, gain, feature, cut, cut, missing_left)
            for quarter in range(4):
                room.subset[quarter] = room.drawn_subset[quarter]
    return any_varies
