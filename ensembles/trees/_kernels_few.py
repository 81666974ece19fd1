"""Splits of a few rows by their codes, without a histogram.

Most nodes of a full tree have a few rows, and there it is not sums that take time but
branches that no processor can foretell. Here are none but one for each feature.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.trees._kernels_boundaries import MAGIC, MAGIC_BITS
from ensembles.trees._kernels_criteria import square_gain
from ensembles.trees._kernels_pairs import is_exact
from ensembles.trees._kernels_split import record
from ensembles.trees._kernels_tools import helper, inlined
from ensembles.trees._layout import FEW_ROWS, MISSING, SQUARE, WEIGHT, WEIGHT_BITS

__all__ = [
    "FEW",
    "MANY",
    "TWO",
    "look_at_few",
    "read_codes",
    "read_words",
    "try_all_cuts",
]

# Sizes of a node, which is tried in ways of their own.
TWO, FEW, MANY = range(3)
# Numbers that are worked on at once: loops are as long as a multiple of it.
_LANES = 4
# All sets of at most so many rows are weighed: for more rows it takes longer than cuts.
_BOUND_ROWS = 6


@helper
def read_words(words: Any, order: Any, start: Any, end: Any, room: Any) -> None:
    """Write the words of some rows side by side, and their sum."""
    total = int64(0)
    for i in range(uint64(end - start)):
        word = words[order[uint64(start) + i], 0]
        room.words[i], total = word, total + word
    room.total = total


@inlined
def read_codes(
    codes: Any, order: Any, start: Any, end: Any, feature: Any, room: Any
) -> Any:
    """Write the codes of some rows side by side; return the least and the largest."""
    low, high = int64(MISSING), int64(0)
    for i in range(uint64(end - start)):
        code = int64(codes[order[uint64(start) + i], feature])
        room.bins[i] = code
        low, high = min(low, code), max(high, code)
    return low, high


@inlined
def _write_gains(lanes: Any, room: Any) -> Any:
    """Write what sets of rows are worth by the sums of their words; return the most."""
    zero, one, two = uint64(0), uint64(1), uint64(2)
    for p in range(lanes):
        left = room.numbers[zero, p]
        room.numbers[zero, p] = (left >> WEIGHT_BITS) + MAGIC_BITS
        room.numbers[one, p] = (left & WEIGHT) + MAGIC_BITS
    s, w = float(room.total >> WEIGHT_BITS), float(room.total & WEIGHT)
    lightest, heaviest = float(room.min_weight_leaf), w - float(room.min_weight_leaf)
    for p in range(lanes):
        s_left, w_left = room.floats[zero, p] - MAGIC, room.floats[one, p] - MAGIC
        gain = square_gain(s_left, w_left, s, w)
        is_allowed = w_left >= lightest and w_left <= heaviest
        room.floats[two, p] = gain if is_allowed else -1.0
    # Floats that are not negative are ordered as their bits are.
    top = room.numbers[2, 0]
    for p in range(lanes):
        top = max(top, room.numbers[two, p])
    room.numbers[2, 255] = top
    return room.floats[2, 255]


@helper
def look_at_few(words: Any, order: Any, start: Any, end: Any, room: Any) -> Any:
    """Whether a node's rows are two, few or many; write words and sum of those.

    Where no product is rounded it is known which gain is enough: that which no split
    exceeds, and of two rows any.
    """
    n_rows = end - start
    if n_rows > FEW_ROWS or room.criterion != SQUARE:
        return MANY
    read_words(words, order, start, end, room)
    if not is_exact(room.total & WEIGHT):
        return FEW
    if n_rows == 2:  # no feature parts them better than another
        room.enough = 0.0
        return TWO
    if not room.refines:  # the best is to part two classes
        s, w = float(room.total >> WEIGHT_BITS), float(room.total & WEIGHT)
        room.enough = square_gain(s, s, s, w)
    elif n_rows <= _BOUND_ROWS:
        room.enough = _best_of_sets(n_rows, room)
    return FEW


@helper
def _best_of_sets(n_rows: Any, room: Any) -> Any:
    """What the best of all sets of rows is worth."""
    n_sets, zero = uint64(1), uint64(0)
    room.numbers[0, 0] = 0
    # A set and the rest have the same gain: the last row is in none.
    for i in range(uint64(n_rows - 1)):
        for k in range(n_sets):
            room.numbers[zero, n_sets + k] = room.numbers[zero, k] + room.words[i]
        n_sets += n_sets
    return _write_gains(n_sets, room)


@inlined
def try_all_cuts(feature: Any, n_rows: Any, room: Any) -> None:
    """Try a cut above the code of each row; of equal ones the lowest is taken."""
    lanes, n = uint64((n_rows + _LANES - 1) & -_LANES), uint64(n_rows)
    zero, two = uint64(0), uint64(2)
    for p in range(lanes):
        room.numbers[zero, p] = 0
        if p >= n:
            room.bins[p] = room.bins[zero]
    for i in range(n):
        code, word = room.bins[i], room.words[i]
        for p in range(lanes):
            room.numbers[zero, p] += word if code <= room.bins[p] else 0
    best = _write_gains(lanes, room)
    if best > room.best_gain:
        top, cut, above = room.numbers[2, 255], int64(MISSING), int64(MISSING)
        for p in range(lanes):
            is_best = room.numbers[two, p] == top
            cut = min(cut, room.bins[p] if is_best else int64(MISSING))
        for p in range(lanes):
            code = room.bins[p]
            above = min(above, code if code > cut else int64(MISSING))
        record(room, best, feature, cut, above, int64(-1))
