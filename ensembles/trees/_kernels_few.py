"""Splits of a few rows by their codes, without a histogram.

Most nodes of a full tree have a few rows, and there it is not sums that take time but
branches that no processor can foretell. Here are none but one for each feature.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.trees._kernels_boundaries import MAGIC, MAGIC_BITS
from ensembles.trees._kernels_criteria import square_gain
from ensembles.trees._kernels_cuts import draw_value
from ensembles.trees._kernels_pairs import gain_of_one
from ensembles.trees._kernels_split import record
from ensembles.trees._kernels_tools import helper, inlined
from ensembles.trees._layout import MISSING, WEIGHT, WEIGHT_BITS

__all__ = ["read_codes", "read_words", "try_all_cuts", "try_drawn_cut"]

# Numbers that are worked on at once: loops are as long as a multiple of it.
_LANES = 4


@helper
def read_words(words: Any, order: Any, start: Any, n_rows: Any, room: Any) -> Any:
    """Write the words of some rows side by side; return their sum."""
    total = int64(0)
    for i in range(uint64(n_rows)):
        word = words[order[uint64(start) + i], 0]
        room.words[i], total = word, total + word
    return total


@inlined
def read_codes(
    codes: Any, order: Any, start: Any, n_rows: Any, feature: Any, room: Any
) -> Any:
    """Write the codes of some rows side by side; return the least and the largest."""
    low, high = int64(MISSING), int64(0)
    for i in range(uint64(n_rows)):
        code = int64(codes[order[uint64(start) + i], feature])
        room.bins[i] = code
        low, high = min(low, code), max(high, code)
    return low, high


@inlined
def _write_gains(n_rows: Any, lanes: Any, total: Any, room: Any) -> None:
    """Write what a cut above the code of each row is worth."""
    n, zero, one, two = uint64(n_rows), uint64(0), uint64(1), uint64(2)
    for p in range(lanes):
        room.numbers[zero, p] = 0
        if p >= n:
            room.bins[p] = room.bins[zero]
    for i in range(n):
        code, word = room.bins[i], room.words[i]
        for p in range(lanes):
            room.numbers[zero, p] += word if code <= room.bins[p] else 0
    for p in range(lanes):
        left = room.numbers[zero, p]
        room.numbers[zero, p] = (left >> WEIGHT_BITS) + MAGIC_BITS
        room.numbers[one, p] = (left & WEIGHT) + MAGIC_BITS
    s, w = float(total >> WEIGHT_BITS), float(total & WEIGHT)
    lightest, heaviest = float(room.min_weight_leaf), w - float(room.min_weight_leaf)
    for p in range(lanes):
        s_left, w_left = room.floats[zero, p] - MAGIC, room.floats[one, p] - MAGIC
        gain = square_gain(s_left, w_left, s, w)
        is_allowed = w_left >= lightest and w_left <= heaviest
        room.floats[two, p] = gain if is_allowed else -1.0


@inlined
def try_all_cuts(feature: Any, n_rows: Any, total: Any, room: Any) -> None:
    """Try a cut above the code of each row; of equal ones the lowest is taken."""
    lanes, two = uint64((n_rows + _LANES - 1) & -_LANES), uint64(2)
    _write_gains(n_rows, lanes, total, room)
    # Floats that are not negative are ordered as their bits are.
    top = room.numbers[2, 0]
    for p in range(lanes):
        top = max(top, room.numbers[two, p])
    room.numbers[2, 255] = top
    best = room.floats[2, 255]
    if best > room.best_gain:
        cut = above = int64(MISSING)
        for p in range(lanes):
            is_best = room.numbers[two, p] == top
            cut = min(cut, room.bins[p] if is_best else int64(MISSING))
        for p in range(lanes):
            code = room.bins[p]
            above = min(above, code if code > cut else int64(MISSING))
        record(room, best, feature, cut, above, int64(-1))


@inlined
def try_drawn_cut(
    feature: Any,
    n_rows: Any,
    low: Any,
    high: Any,
    total: Any,
    room: Any,
    step: Any,
    edges: Any,
    key: Any,
) -> None:
    """Try a cut drawn between the least and the largest code."""
    value, on_left = draw_value(key, feature, low, high, edges), int64(0)
    for i in range(uint64(n_rows)):
        code = room.bins[i]
        goes = code == low
        goes |= (code < high) & (edges[feature, code, 1] <= value)
        on_left += room.words[i] if goes else 0
    gain = gain_of_one(on_left, total, room, step, None)
    if gain > room.best_gain:
        record(room, gain, feature, low, high, int64(-1))
        room.value = value
