"""Splits by words: one addition a row and feature, all cuts of a feature at once.

All histograms are zero between nodes: taking the bins that hold rows out of them leaves
zeros behind.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.trees._kernels_boundaries import best_boundary
from ensembles.trees._kernels_criteria import check_of
from ensembles.trees._kernels_few import (
    FEW,
    TWO,
    read_codes,
    read_words,
    try_all_cuts,
)
from ensembles.trees._kernels_pairs import try_pair
from ensembles.trees._kernels_split import (
    order_by_rank,
    rank_of,
    record,
    record_subset,
)
from ensembles.trees._kernels_tools import (
    expanded,
    helper,
    inlined,
    lowest_bit,
    prefetch,
)
from ensembles.trees._layout import (
    AHEAD,
    MISSING,
    SMALL_ROWS,
    WEIGHT,
    WEIGHT_BITS,
)

__all__ = ["try_words"]


@inlined
def _fill(
    codes: Any,
    words: Any,
    order: Any,
    start: Any,
    end: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    room: Any,
) -> None:
    """Add the words of a node's rows, to four histograms in one pass."""
    j = 0
    from_row, to_row, final = uint64(start), uint64(end), uint64(end - 1)
    while j + 4 <= n_drawn:
        f0, f1 = uint64(drawn[0, first + j]), uint64(drawn[0, first + j + 1])
        f2, f3 = uint64(drawn[0, first + j + 2]), uint64(drawn[0, first + j + 3])
        h0, h1, h2, h3 = uint64(j), uint64(j + 1), uint64(j + 2), uint64(j + 3)
        for i in range(from_row, to_row):
            row = uint64(order[i])
            prefetch(codes, int64(order[min(i + uint64(AHEAD), final)]))
            word = words[row, 0]
            room.hist[h0, uint64(codes[row, f0])] += word
            room.hist[h1, uint64(codes[row, f1])] += word
            room.hist[h2, uint64(codes[row, f2])] += word
            room.hist[h3, uint64(codes[row, f3])] += word
        j += 4
    while j < n_drawn:
        f0, h0 = uint64(drawn[0, first + j]), uint64(j)
        for i in range(from_row, to_row):
            row = uint64(order[i])
            room.hist[h0, uint64(codes[row, f0])] += words[row, 0]
        j += 1


@inlined
def _fill_few(
    codes: Any,
    words: Any,
    order: Any,
    start: Any,
    end: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    room: Any,
) -> None:
    """Add the words of few rows, and set a bit of `masks` for each bin they are in."""
    j = 0
    from_row, to_row = uint64(start), uint64(end)
    six, one, low = uint64(6), uint64(1), uint64(63)
    while j + 2 <= n_drawn:
        f0, f1 = uint64(drawn[0, first + j]), uint64(drawn[0, first + j + 1])
        h0, h1 = uint64(j), uint64(j + 1)
        for i in range(from_row, to_row):
            row = uint64(order[i])
            word = words[row, 0]
            c0, c1 = uint64(codes[row, f0]), uint64(codes[row, f1])
            room.hist[h0, c0] += word
            room.hist[h1, c1] += word
            room.masks[h0, c0 >> six] |= one << (c0 & low)
            room.masks[h1, c1 >> six] |= one << (c1 & low)
        j += 2
    if j < n_drawn:
        f0, h0 = uint64(drawn[0, first + j]), uint64(j)
        for i in range(from_row, to_row):
            row = uint64(order[i])
            c0 = uint64(codes[row, f0])
            room.hist[h0, c0] += words[row, 0]
            room.masks[h0, c0 >> six] |= one << (c0 & low)


@helper
def _take(j: Any, room: Any) -> Any:
    """Number of bins with rows; write them and their words, leave zeros behind."""
    taken, h = uint64(0), uint64(j)
    for code in range(uint64(256)):
        word = room.hist[h, code]
        room.hist[h, code] = 0
        room.bins[taken] = code
        room.words[taken] = word
        taken += uint64(word != 0)
    return int64(taken)


@helper
def _take_few(j: Any, room: Any) -> Any:
    """Number of bins with rows; as `_take`, by the bits that are set."""
    taken, h = uint64(0), uint64(j)
    for quarter in range(uint64(4)):
        mask = room.masks[h, quarter]
        room.masks[h, quarter] = uint64(0)
        while mask:
            code = lowest_bit(mask) + uint64(64) * quarter
            mask &= mask - uint64(1)
            room.bins[taken] = code
            room.words[taken] = room.hist[h, code]
            room.hist[h, code] = 0
            taken += uint64(1)
    return int64(taken)


@helper
def _try_categories(
    feature: Any,
    n_bins: Any,
    total: Any,
    room: Any,
    step: Any,
    check: Any,
    means: Any,
) -> None:
    """Order the categories by their means, then split as values are."""
    s_all, w_all = float(total >> WEIGHT_BITS), float(total & WEIGHT)
    known, factor = 0.0, step * room.scale  # from steps of the node to the tree's
    for p in range(n_bins):
        known += float(room.words[p] & WEIGHT) * means[room.bins[p]]
    for p in range(n_bins):
        s, w = float(room.words[p] >> WEIGHT_BITS), float(room.words[p] & WEIGHT)
        around = means[room.bins[p]] - known / w_all
        room.ranks[p] = rank_of(s, w, s_all, w_all, factor, around, room.prior)
    order_by_rank(room, n_bins)
    gain, position, _ = best_boundary(n_bins, 0, total, room, step, check)
    if gain > room.best_gain:
        record(room, gain, feature, int64(0), int64(0), int64(0))
        w_left = 0
        for p in range(position + 1):
            w_left += room.words[p] & WEIGHT
        record_subset(room, position + 1, n_bins, 2 * w_left > (total & WEIGHT))


@helper
def _try_values(
    feature: Any, n_bins: Any, total: Any, room: Any, step: Any, check: Any
) -> None:
    """Try all cuts of a feature that is no category."""
    absent = int64(0)
    if room.bins[n_bins - 1] == MISSING:
        n_bins -= 1
        absent = room.words[n_bins]
    gain, position, side = best_boundary(n_bins, absent, total, room, step, check)
    if gain > room.best_gain:
        high = room.bins[position + 1] if position + 1 < n_bins else MISSING
        side = side if absent != 0 else -1
        record(room, gain, feature, room.bins[position], high, side)


@helper
def _try_feature(
    feature: Any, extras: Any, n_bins: Any, room: Any, step: Any, check: Any
) -> None:
    """Try all cuts of a feature, or sets of its categories."""
    total, is_category = int64(0), False
    for p in range(uint64(n_bins)):
        total += room.words[p]
    room.total = total
    if extras is not None:
        is_category = extras.categorical[feature]
    if extras is not None:  # noqa: SIM102 - no code is made of it for None
        if is_category:
            means = extras.means[extras.places[feature], 0]
            _try_categories(feature, n_bins, total, room, step, check, means)
    if not is_category:
        _try_values(feature, n_bins, total, room, step, check)


@inlined
def _try_few(
    codes: Any,
    words: Any,
    order: Any,
    start: Any,
    end: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    room: Any,
    step: Any,
) -> Any:
    """Try features by the rows themselves, whose words lie side by side."""
    varies: Any = False
    for j in range(first, first + n_drawn):
        feature = drawn[0, j]
        low, high = read_codes(codes, order, start, end, feature, room)
        varies |= low < high
        if low < high < MISSING:
            try_all_cuts(feature, end - start, room)
        elif low < high:
            _fill_few(codes, words, order, start, end, drawn, j, int64(1), room)
            n_bins = _take_few(int64(0), room)
            _try_feature(feature, None, n_bins, room, step, None)
            read_words(words, order, start, end, room)
    return varies


@expanded
def _try_bins(
    codes: Any,
    words: Any,
    extras: Any,
    order: Any,
    start: Any,
    end: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    room: Any,
    step: Any,
    bounds: Any,
) -> Any:
    """Try features by histograms of the rows."""
    few, varies = end - start <= SMALL_ROWS, False
    if few:
        _fill_few(codes, words, order, start, end, drawn, first, n_drawn, room)
    else:
        _fill(codes, words, order, start, end, drawn, first, n_drawn, room)
    for j in range(n_drawn):
        n_bins = _take_few(j, room) if few else _take(j, room)
        if n_bins > 1:
            varies, feature = True, drawn[0, first + j]
            check = check_of(extras, feature, bounds)
            _try_feature(feature, extras, n_bins, room, step, check)
    return varies


@expanded
def try_words(
    codes: Any,
    words: Any,
    extras: Any,
    order: Any,
    start: Any,
    end: Any,
    size: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    room: Any,
    step: Any,
    bounds: Any,
) -> Any:
    """Try all splits by the features drawn from `first` on; whether any varies.

    Sums in `step` s around `bounds` [2] are those of targets; `bounds` [0] and [1] are
    the least and the largest prediction allowed.
    """
    if extras is None:
        if size == TWO:
            return try_pair(
                codes, words, None, None, order, start, drawn, first, n_drawn, room,
                step, None,
            )  # fmt: skip
        if size == FEW:
            return _try_few(
                codes, words, order, start, end, drawn, first, n_drawn, room, step
            )
    return _try_bins(
        codes, words, extras, order, start, end, drawn, first, n_drawn, room, step,
        bounds,
    )  # fmt: skip
