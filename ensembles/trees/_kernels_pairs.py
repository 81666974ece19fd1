"""Splits of two rows, of which a third of a full tree's nodes consist.

Any feature in which they differ parts them, and all of these with the same gain, if it
is exact: the first is taken, and no other is looked at.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.trees._kernels_boundaries import is_allowed
from ensembles.trees._kernels_criteria import gain_of
from ensembles.trees._kernels_cuts import draw_cut
from ensembles.trees._kernels_split import record
from ensembles.trees._kernels_tools import helper
from ensembles.trees._layout import LARGEST_SUM, MISSING, SQUARE, WEIGHT, WEIGHT_BITS

__all__ = ["gain_of_one", "is_exact", "try_pair"]

# Whole numbers up to this are floats.
_EXACT = 2.0**53


@helper
def gain_of_one(on_left: Any, total: Any, room: Any, step: Any, check: Any) -> Any:
    """Gain of one split; -1 where it is not allowed."""
    s, w = float(total >> WEIGHT_BITS), float(total & WEIGHT)
    s_left, w_left = float(on_left >> WEIGHT_BITS), float(on_left & WEIGHT)
    factor = 1.0 if room.criterion == SQUARE else step
    if min(w_left, w - w_left) < room.min_weight_leaf:
        return -1.0
    if not is_allowed(s_left, w_left, s, w, step, check):
        return -1.0
    return gain_of(s_left * factor, w_left, s * factor, w, room.criterion)


@helper
def is_exact(weight: Any) -> Any:
    """Whether no product of a sum and a weight in a node is rounded.

    Then a split and its mirror image have equal gains.
    """
    return weight * LARGEST_SUM <= _EXACT


@helper
def try_pair(
    codes: Any,
    words: Any,
    edges: Any,
    ranges: Any,
    order: Any,
    start: Any,
    drawn: Any,
    first: Any,
    n_drawn: Any,
    room: Any,
    step: Any,
    key: Any,
) -> Any:
    """As `try_words`, of two rows, where nothing keeps features apart."""
    one, other = order[start], order[start + 1]
    for j in range(first, first + n_drawn):
        feature = drawn[0, j]
        f = uint64(feature)
        code, than = int64(codes[one, f]), int64(codes[other, f])
        low, high = min(code, than), max(code, than)
        if low == high:
            continue
        total = words[one, 0] + words[other, 0]
        gain = gain_of_one(words[one, 0], total, room, step, None)
        if gain > room.best_gain:
            side = int64(0 if high == MISSING else -1)
            if ranges is not None:
                # Missing values are no largest value.
                last = low if high == MISSING else high
                low = draw_cut(key, feature, low, last, edges)
                high = low + 1
            record(room, gain, feature, low, high, side)
        return True
    return False
