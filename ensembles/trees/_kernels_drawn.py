"""One split drawn for each feature, tried by the codes of rows, without a histogram.

All that a cut needs to know of a feature is the least and the largest code, and these
are found for eight features at once. Missing values are no largest code: one more and
modulo 256, they come before all others.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint8, uint64

from ensembles.trees._kernels_criteria import check_of
from ensembles.trees._kernels_cuts import (
    change_side,
    draw_cut,
    draw_side,
    draw_subset,
    in_subset,
)
from ensembles.trees._kernels_few import TWO
from ensembles.trees._kernels_pairs import gain_of_one, try_pair
from ensembles.trees._kernels_split import record, record_drawn_subset
from ensembles.trees._kernels_tools import (
    eight_bytes,
    expanded,
    helper,
    inlined,
    largest_bytes,
    least_bytes,
    next_bytes,
)
from ensembles.trees._layout import MISSING

__all__ = ["AT_ONCE", "try_drawn"]

# Cuts that are weighed in one pass over the rows, which is written for so many.
AT_ONCE = 4

# Columns of `ranges`, of which a row is of eight features.
_LEAST, _LARGEST, _NEXT_LARGEST, _NODE = range(4)
# Rows of `room.tries`.
_FEATURE, _CUT, _SIDE = range(3)


@inlined
def _read_ranges(
    codes: Any, order: Any, start: Any, end: Any, first: Any, ranges: Any, at: Any
) -> None:
    """Write the least and the largest codes of eight features from `first` on."""
    least, largest, next_largest = ~uint64(0), uint64(0), uint64(0)
    for i in range(uint64(start), uint64(end)):
        eight = eight_bytes(codes, int64(order[i]), first)
        least = least_bytes(least, eight)
        largest = largest_bytes(largest, eight)
        next_largest = largest_bytes(next_largest, next_bytes(eight))
    ranges[at, _LEAST], ranges[at, _LARGEST] = least, largest
    ranges[at, _NEXT_LARGEST] = next_largest


@helper
def _byte(word: Any, lane: Any) -> Any:
    return int64((word >> uint64(8 * lane)) & uint64(255))


@helper
def _draw(
    feature: Any, ranges: Any, at: Any, lane: Any, edges: Any, room: Any, key: Any
) -> Any:
    """Whether a feature varies, and if so, note a cut of it that is to be tried."""
    low, high = _byte(ranges[at, _LEAST], lane), _byte(ranges[at, _LARGEST], lane)
    if low == high:
        return False
    absent = high == MISSING
    if absent:
        high = _byte(ranges[at, _NEXT_LARGEST], lane) - 1
    n = room.n_tries
    room.tries[_FEATURE, n] = feature
    room.tries[_CUT, n] = draw_cut(key, feature, low, high, edges)
    room.tries[_SIDE, n] = draw_side(key, feature, low, high, absent)
    room.n_tries = n + 1
    return True


@inlined
def _add_left(
    codes: Any, words: Any, order: Any, start: Any, end: Any, room: Any
) -> None:
    """Write what is left of all cuts, four in one pass, and what all rows add up to."""
    tries, lefts, last = room.tries, room.words, room.n_tries - 1
    from_row, to_row = uint64(start), uint64(end)
    for j in range(0, room.n_tries, AT_ONCE):
        # Beyond the last one, the last once more.
        j0, j1, j2, j3 = j, min(j + 1, last), min(j + 2, last), min(j + 3, last)
        f0, f1 = uint64(tries[_FEATURE, j0]), uint64(tries[_FEATURE, j1])
        f2, f3 = uint64(tries[_FEATURE, j2]), uint64(tries[_FEATURE, j3])
        s0, s1 = uint8(tries[_SIDE, j0] == 1), uint8(tries[_SIDE, j1] == 1)
        s2, s3 = uint8(tries[_SIDE, j2] == 1), uint8(tries[_SIDE, j3] == 1)
        c0, c1 = uint8(tries[_CUT, j0] + s0), uint8(tries[_CUT, j1] + s1)
        c2, c3 = uint8(tries[_CUT, j2] + s2), uint8(tries[_CUT, j3] + s3)
        l0 = l1 = l2 = l3 = total = int64(0)
        for i in range(from_row, to_row):
            row = uint64(order[i])
            word = words[row, 0]
            total += word
            l0 += word & -int64(uint8(codes[row, f0] + s0) <= c0)
            l1 += word & -int64(uint8(codes[row, f1] + s1) <= c1)
            l2 += word & -int64(uint8(codes[row, f2] + s2) <= c2)
            l3 += word & -int64(uint8(codes[row, f3] + s3) <= c3)
        lefts[j0], lefts[j1], lefts[j2], lefts[j3] = l0, l1, l2, l3
        room.total = total


@inlined
def _try_cuts(
    codes: Any,
    words: Any,
    extras: Any,
    order: Any,
    start: Any,
    end: Any,
    room: Any,
    step: Any,
    bounds: Any,
) -> None:
    """Try the cuts that are noted."""
    _add_left(codes, words, order, start, end, room)
    for k in range(room.n_tries):
        feature = room.tries[_FEATURE, k]
        check = check_of(extras, feature, bounds)
        gain = gain_of_one(room.words[k], room.total, room, step, check)
        if gain > room.best_gain:
            cut, side = room.tries[_CUT, k], room.tries[_SIDE, k]
            record(room, gain, feature, cut, cut + 1, side)
    room.n_tries = 0


@helper
def _try_subset(
    codes: Any,
    words: Any,
    order: Any,
    start: Any,
    end: Any,
    feature: Any,
    lowest: Any,
    room: Any,
    step: Any,
    check: Any,
    key: Any,
) -> None:
    """Try one set of categories."""
    draw_subset(key, feature, room)
    n_left = on_left = of_lowest = total = int64(0)
    for i in range(uint64(start), uint64(end)):
        code, word = codes[order[i], feature], words[order[i], 0]
        goes = in_subset(room, code)
        n_left, on_left = n_left + goes, on_left + word * goes
        of_lowest, total = of_lowest + word * (code == lowest), total + word
    if n_left == 0 or n_left == end - start:
        on_left = of_lowest if n_left == 0 else total - of_lowest
        change_side(room, lowest)
    room.total = total
    gain = gain_of_one(on_left, total, room, step, check)
    if gain > room.best_gain:
        record(room, gain, feature, int64(0), int64(0), int64(-1))
        record_drawn_subset(room)


@expanded
def try_drawn(
    codes: Any,
    words: Any,
    extras: Any,
    edges: Any,
    ranges: Any,
    order: Any,
    start: Any,
    end: Any,
    node: Any,
    size: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    room: Any,
    step: Any,
    bounds: Any,
    key: Any,
) -> Any:
    """As `try_words`, one split drawn for each feature.

    There are eight columns of codes or more. Cuts lie between `edges` and follow from
    `key`.
    """
    if extras is None:  # noqa: SIM102 - no code is made of it else
        if size == TWO:
            return try_pair(
                codes, words, edges, ranges, order, start, drawn, first, n_drawn, room,
                step, key,
            )  # fmt: skip
    last, varies, is_category = int64(codes.shape[1]) - 8, False, False
    for j in range(first, first + n_drawn):
        feature = drawn[0, j]
        at = feature >> 3
        first_of_eight = min(at << 3, last)
        lane = feature - first_of_eight
        if ranges[at, _NODE] != uint64(node):
            ranges[at, _NODE] = node
            _read_ranges(codes, order, start, end, first_of_eight, ranges, at)
        if extras is not None:
            is_category = extras.categorical[feature]
        if extras is not None:  # noqa: SIM102 - no code is made of it for None
            if is_category:
                # In turn: of equal gains the first counts.
                _try_cuts(codes, words, extras, order, start, end, room, step, bounds)
                lowest = _byte(ranges[at, _LEAST], lane)
                if lowest < _byte(ranges[at, _LARGEST], lane):
                    varies, check = True, check_of(extras, feature, bounds)
                    _try_subset(
                        codes, words, order, start, end, feature, lowest, room, step,
                        check, key,
                    )  # fmt: skip
        if not is_category:
            varies |= _draw(feature, ranges, at, lane, edges, room, key)
    _try_cuts(codes, words, extras, order, start, end, room, step, bounds)
    return varies
