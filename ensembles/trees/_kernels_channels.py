"""Splits by channels: classes, weights that are no small numbers, several outputs.

The bins of a histogram are as many channels wide as there are in `totals`, which is
room for the sums left of a cut and those of the node. Boundaries and missing values are
as in `_kernels_boundaries`.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.trees._kernels_criteria import (
    check_of,
    class_gain,
    class_term,
    gain_of_counts,
    gain_of_sums,
    keeps_bounds,
)
from ensembles.trees._kernels_cuts import (
    change_side,
    draw_cut,
    draw_side,
    draw_subset,
    in_subset,
)
from ensembles.trees._kernels_split import (
    order_by_rank,
    rank_of,
    record,
    record_drawn_subset,
    record_subset,
)
from ensembles.trees._kernels_tools import helper, inlined, lowest_bit, prefetch
from ensembles.trees._layout import AHEAD, MISSING

__all__ = ["try_sums"]


@helper
def _weight(table: Any, line: Any, at: Any, offsets: Any, room: Any) -> Any:
    """Weight of the channels of a line that begin at `at`."""
    weight = int64(0)
    if room.sums:
        weight = table[line, at + room.n_outputs]
    else:
        for channel in range(offsets[1]):
            weight += table[line, at + channel]
    return weight


@inlined
def _gain_of_channels(
    totals: Any, offsets: Any, steps: Any, room: Any, check: Any
) -> Any:
    """Gain of a split by what is left of it and in all; -1 where it is not allowed."""
    w_left = _weight(totals, 0, 0, offsets, room)
    w = _weight(totals, 1, 0, offsets, room)
    is_allowed = min(w_left, w - w_left) >= room.min_weight_leaf
    if room.counts_rows:
        n_left, n_all = totals[0, -1], totals[1, -1]
        is_allowed &= min(n_left, n_all - n_left) >= room.min_rows_leaf
    if check is not None:
        trend, lower, upper, center = check
        v_left = center + totals[0, 0] / w_left * steps[0]
        v_right = center + (totals[1, 0] - totals[0, 0]) / (w - w_left) * steps[0]
        is_allowed &= keeps_bounds(v_left, v_right, trend, lower, upper)
    gain = -1.0
    if is_allowed:
        if room.sums:
            gain = gain_of_sums(totals, steps, room.criterion)
        else:
            gain = gain_of_counts(totals, offsets, room.criterion)
    return gain


@inlined
def _fill(
    codes: Any,
    channels: Any,
    amounts: Any,
    order: Any,
    start: Any,
    end: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    wide: Any,
    hist: Any,
    room: Any,
) -> None:
    """Add what rows add to each channel, and set a bit for each bin they are in."""
    n_channels, n_added = uint64(wide), uint64(amounts.shape[1])
    from_row, to_row, final = uint64(start), uint64(end), uint64(end - 1)
    six, one, low = uint64(6), uint64(1), uint64(63)
    j = 0
    while j + 2 <= n_drawn:
        f0, f1 = uint64(drawn[0, first + j]), uint64(drawn[0, first + j + 1])
        h0, h1 = uint64(j), uint64(j + 1)
        for i in range(from_row, to_row):
            row = uint64(order[i])
            prefetch(codes, int64(order[min(i + uint64(AHEAD), final)]))
            c0, c1 = uint64(codes[row, f0]), uint64(codes[row, f1])
            room.masks[h0, c0 >> six] |= one << (c0 & low)
            room.masks[h1, c1 >> six] |= one << (c1 & low)
            for k in range(n_added):
                channel, amount = uint64(channels[row, k]), amounts[row, k]
                hist[h0, c0 * n_channels + channel] += amount
                hist[h1, c1 * n_channels + channel] += amount
        j += 2
    if j < n_drawn:
        f0, h0 = uint64(drawn[0, first + j]), uint64(j)
        for i in range(from_row, to_row):
            row = uint64(order[i])
            c0 = uint64(codes[row, f0])
            room.masks[h0, c0 >> six] |= one << (c0 & low)
            for k in range(n_added):
                channel = uint64(channels[row, k])
                hist[h0, c0 * n_channels + channel] += amounts[row, k]


@inlined
def _occupied(hist: Any, j: Any, totals: Any, room: Any) -> Any:
    """Number of bins with rows; write them and what all of them add up to."""
    taken, h, wide = uint64(0), uint64(j), uint64(totals.shape[1])
    for channel in range(wide):
        totals[uint64(1), channel] = 0
    for quarter in range(uint64(4)):
        mask = room.masks[h, quarter]
        room.masks[h, quarter] = uint64(0)
        while mask:
            code = lowest_bit(mask) + uint64(64) * quarter
            mask &= mask - uint64(1)
            room.bins[taken] = code
            taken += uint64(1)
            for channel in range(wide):
                totals[uint64(1), channel] += hist[h, code * wide + channel]
    return int64(taken)


@inlined
def _clear(hist: Any, j: Any, n_bins: Any, wide: Any, room: Any) -> None:
    """Leave zeros behind in the bins that hold rows."""
    for p in range(n_bins):
        at = uint64(room.bins[p] * wide)
        for channel in range(uint64(wide)):
            hist[uint64(j), at + channel] = 0


@inlined
def _best_of_counts(
    hist: Any, j: Any, n_bins: Any, absent: Any, totals: Any, offsets: Any, room: Any
) -> Any:
    """Gain, boundary and side of missing values of the best split of a feature.

    `absent` says whether the bin after the last is of missing values. From one boundary
    to the next only the terms of classes that change sides are replaced. Outputs have
    the same weights, so their terms add up to one sum.
    """
    bins, wide, criterion = room.bins, totals.shape[1], room.criterion
    n_classes, n_outputs = offsets[-1], float(room.n_outputs)
    in_all = 0.0
    for channel in range(n_classes):
        in_all += class_term(float(totals[1, channel]), criterion)
    w = float(_weight(totals, 1, 0, offsets, room))  # all outputs have the same
    best, position, missing_left = -1.0, 0, 0
    for side in range(1 + int64(absent)):
        added, in_left, in_right = int64(0), 0.0, in_all
        _clear_left(totals)
        for p in range(-side, n_bins - 1 + int64(absent) * (1 - side)):
            # Missing values on the left come before the first bin.
            at = uint64((bins[n_bins] if p < 0 else bins[p]) * wide)
            for channel in range(uint64(wide)):
                amount = hist[uint64(j), at + channel]
                if amount != 0:
                    on_left = totals[uint64(0), channel]
                    on_right = totals[uint64(1), channel] - on_left
                    totals[uint64(0), channel] = on_left + amount
                    if channel < uint64(offsets[1]):
                        added += amount
                    if channel < uint64(n_classes):
                        in_left = _replaced(in_left, on_left, amount, criterion)
                        in_right = _replaced(in_right, on_right, -amount, criterion)
            if p >= 0 and _keeps_limits(totals, float(added), w, room):
                gain = class_gain(
                    in_left, float(added), in_right, in_all, w, n_outputs,
                    criterion,
                )  # fmt: skip
                if gain > best:
                    best, position, missing_left = gain, p, side
    return best, position, missing_left


@inlined
def _clear_left(totals: Any) -> None:
    """Nothing is left of a cut yet."""
    for channel in range(totals.shape[1]):
        totals[0, channel] = 0


@helper
def _replaced(terms: Any, weight: Any, amount: Any, criterion: Any) -> Any:
    """Sum of terms after the weight of one class has changed."""
    terms += class_term(float(weight + amount), criterion)
    return terms - class_term(float(weight), criterion)


@inlined
def _keeps_limits(totals: Any, w_left: Any, w: Any, room: Any) -> Any:
    """Whether both sides of a split of classes are heavy enough."""
    keeps = min(w_left, w - w_left) >= room.min_weight_leaf
    if room.counts_rows:
        n_left = totals[0, -1]
        keeps &= min(n_left, totals[1, -1] - n_left) >= room.min_rows_leaf
    return keeps


@helper
def _best_of_sums(
    hist: Any,
    j: Any,
    n_bins: Any,
    absent: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    room: Any,
    check: Any,
) -> Any:
    """As `_best_of_counts`, of values."""
    bins, wide = room.bins, totals.shape[1]
    best, position, missing_left = -1.0, 0, 0
    for side in range(1 + int64(absent)):
        for channel in range(wide):
            totals[0, channel] = 0
            if side == 1:
                totals[0, channel] = hist[j, bins[n_bins] * wide + channel]
        for p in range(n_bins - 1 + int64(absent and side == 0)):
            for channel in range(wide):
                totals[0, channel] += hist[j, bins[p] * wide + channel]
            gain = _gain_of_channels(totals, offsets, steps, room, check)
            if gain > best:
                best, position, missing_left = gain, p, side
    return best, position, missing_left


@helper
def _best_boundary(
    hist: Any,
    j: Any,
    n_bins: Any,
    absent: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    room: Any,
    check: Any,
) -> Any:
    """Gain, boundary and side of missing values of the best split of a feature."""
    if room.sums:
        return _best_of_sums(
            hist, j, n_bins, absent, totals, offsets, steps, room, check
        )
    return _best_of_counts(hist, j, n_bins, absent, totals, offsets, room)


@helper
def _try_categories(
    hist: Any,
    j: Any,
    feature: Any,
    n_bins: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    room: Any,
    check: Any,
    means: Any,
) -> None:
    """Order categories by each output or class in turn, then split as values are."""
    wide = totals.shape[1]
    w_all = float(_weight(totals, 1, 0, offsets, room))
    n_orders = room.n_outputs if room.sums else offsets[-1]
    for channel in range(n_orders):
        known = 0.0
        for p in range(n_bins):
            code = room.bins[p]
            w = float(_weight(hist, j, code * wide, offsets, room))
            known += w * means[channel, code]
        for p in range(n_bins):
            code = room.bins[p]
            s = float(hist[j, code * wide + channel])
            w = float(_weight(hist, j, code * wide, offsets, room))
            around = means[channel, code] - known / w_all
            room.ranks[p] = rank_of(
                s, w, float(totals[1, channel]), w_all, 1.0, around, room.prior
            )  # fmt: skip
        order_by_rank(room, n_bins)
        gain, position, _ = _best_boundary(
            hist, j, n_bins, False, totals, offsets, steps, room, check
        )
        if gain > room.best_gain:
            record(room, gain, feature, 0, 0, 0)
            w_left = int64(0)
            for p in range(position + 1):
                w_left += _weight(hist, j, room.bins[p] * wide, offsets, room)
            record_subset(room, position + 1, n_bins, 2 * w_left > w_all)


@helper
def _try_values(
    hist: Any,
    j: Any,
    feature: Any,
    n_bins: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    room: Any,
    check: Any,
) -> None:
    """Try all cuts of a feature that is no category."""
    absent = room.bins[n_bins - 1] == MISSING
    if absent:
        n_bins -= 1
    gain, position, side = _best_boundary(
        hist, j, n_bins, absent, totals, offsets, steps, room, check
    )
    if gain > room.best_gain:
        high = room.bins[position + 1] if position + 1 < n_bins else MISSING
        side = side if absent else -1
        record(room, gain, feature, room.bins[position], high, side)


@helper
def _try_all(
    hist: Any,
    j: Any,
    feature: Any,
    n_bins: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    room: Any,
    check: Any,
    extras: Any,
    is_category: Any,
) -> None:
    """Try all cuts of a feature, or sets of its categories."""
    if extras is not None:  # noqa: SIM102 - no code is made of it for None
        if is_category:
            means = extras.means[extras.places[feature]]
            _try_categories(
                hist, j, feature, n_bins, totals, offsets, steps, room, check, means
            )
    if not is_category:
        _try_values(hist, j, feature, n_bins, totals, offsets, steps, room, check)


@helper
def _try_drawn(
    hist: Any,
    j: Any,
    feature: Any,
    n_bins: Any,
    totals: Any,
    offsets: Any,
    steps: Any,
    room: Any,
    check: Any,
    is_category: Any,
    edges: Any,
    key: Any,
) -> None:
    """Try one cut of a feature, or one set of its categories."""
    wide, cut, high, side = totals.shape[1], 0, 0, -1
    if is_category:
        draw_subset(key, feature, room)
        n_left = 0
        for p in range(n_bins):
            n_left += in_subset(room, room.bins[p])
        if n_left == 0 or n_left == n_bins:
            change_side(room, room.bins[0])
    else:
        absent = room.bins[n_bins - 1] == MISSING
        low, last = room.bins[0], room.bins[n_bins - 1 - int64(absent)]
        cut = draw_cut(key, feature, low, last, edges)
        high, side = cut + 1, draw_side(key, feature, low, last, absent)
    _clear_left(totals)
    for p in range(n_bins):
        code = room.bins[p]
        if is_category:
            goes = in_subset(room, code)
        else:
            goes = int64(side == 1 if code == MISSING else code <= cut)
        for channel in range(wide):
            totals[0, channel] += hist[j, code * wide + channel] * goes
    gain = _gain_of_channels(totals, offsets, steps, room, check)
    if gain > room.best_gain:
        record(room, gain, feature, cut, high, side)
        record_drawn_subset(room)


@helper
def try_sums(
    codes: Any,
    sums: Any,
    extras: Any,
    edges: Any,
    ranges: Any,
    order: Any,
    start: Any,
    end: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    room: Any,
    bounds: Any,
    key: Any,
) -> Any:
    """As `try_words`; cuts that are drawn lie between `edges` and follow from `key`."""
    channels, amounts, offsets, steps, hist, totals = sums
    wide, varies = totals.shape[1], False
    _fill(
        codes, channels, amounts, order, start, end, drawn, first, n_drawn, wide, hist,
        room,
    )  # fmt: skip
    for j in range(n_drawn):
        n_bins, feature = _occupied(hist, j, totals, room), drawn[0, first + j]
        if n_bins > 1:
            varies = True
            check = check_of(extras, feature, bounds)
            is_category = False
            if extras is not None:  # no code is made of it for None
                is_category = extras.categorical[feature]
            if ranges is not None:
                _try_drawn(
                    hist, j, feature, n_bins, totals, offsets, steps, room, check,
                    is_category, edges, key,
                )  # fmt: skip
            else:
                _try_all(
                    hist, j, feature, n_bins, totals, offsets, steps, room, check,
                    extras, is_category,
                )  # fmt: skip
        _clear(hist, j, n_bins, wide, room)
    return varies
