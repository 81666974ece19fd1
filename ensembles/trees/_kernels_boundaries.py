"""The best boundary between bins that hold rows, by their words.

Boundary p has the first bins up to the p-th on its left. Missing values stand aside:
they are tried on the right, there also alone, then on the left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.trees._kernels_criteria import (
    keeps_bounds,
    moment_gain,
    moment_term,
    square_gain,
)
from ensembles.trees._kernels_tools import helper
from ensembles.trees._layout import SQUARE, WEIGHT, WEIGHT_BITS

__all__ = ["MAGIC", "MAGIC_BITS", "best_boundary", "is_allowed"]

# Fewer boundaries than this are faster one by one.
_WORTH_VECTORS = 12
# A whole number below 2**51 added to the bits of this float gives the bits of their
# sum: AVX2 has no instruction that makes floats of 64-bit numbers.
MAGIC = np.float64(3 * 2.0**51)
MAGIC_BITS = np.int64(MAGIC.view(np.int64))


@helper
def _best_square(
    n_boundaries: Any, aside: Any, total: Any, least: Any, room: Any
) -> Any:
    """Gain and number of the first best boundary, all gains at once."""
    n, left = uint64(n_boundaries), int64(aside)
    zero, one, two = uint64(0), uint64(1), uint64(2)
    for p in range(n):
        left += room.words[p]
        room.numbers[zero, p] = (left >> WEIGHT_BITS) + MAGIC_BITS
        room.numbers[one, p] = (left & WEIGHT) + MAGIC_BITS
    s, w = float(total >> WEIGHT_BITS), float(total & WEIGHT)
    lightest, heaviest = float(least), w - float(least)
    for p in range(n):
        s_left, w_left = room.floats[zero, p] - MAGIC, room.floats[one, p] - MAGIC
        gain = square_gain(s_left, w_left, s, w)
        is_allowed = w_left >= lightest and w_left <= heaviest
        room.floats[two, p] = gain if is_allowed else -1.0
    # Floats that are not negative are ordered as their bits are, and the largest whole
    # number of many is found in vectors, the largest float is not.
    top = room.numbers[2, 0]
    for p in range(n):
        top = max(top, room.numbers[two, p])
    position = 0
    while room.numbers[2, position] != top:
        position += 1
    return room.floats[2, position], position


@helper
def _best_of_few_squares(
    n_boundaries: Any, aside: Any, total: Any, room: Any, step: Any, check: Any
) -> Any:
    """As `_best_square`, one boundary after the other; bounds may have to be kept."""
    best, position, left = -1.0, int64(0), int64(aside)
    s, w = float(total >> WEIGHT_BITS), float(total & WEIGHT)
    lightest = float(room.min_weight_leaf)
    heaviest = w - lightest
    for p in range(uint64(n_boundaries)):
        left += room.words[p]
        s_left, w_left = float(left >> WEIGHT_BITS), float(left & WEIGHT)
        gain = square_gain(s_left, w_left, s, w)
        if gain > best and w_left >= lightest and w_left <= heaviest:  # noqa: SIM102
            if is_allowed(s_left, w_left, s, w, step, check):
                best, position = gain, int64(p)
    return best, position


@helper
def _best_by_moments(
    n_boundaries: Any,
    aside: Any,
    total: Any,
    room: Any,
    step: Any,
    check: Any,
    whole: Any,
) -> Any:
    """The same by other criteria, whose logarithms only they are to pay for."""
    best, position, left = -1.0, int64(0), int64(aside)
    s, w = float(total >> WEIGHT_BITS), float(total & WEIGHT)
    least, criterion = room.min_weight_leaf, room.criterion
    for p in range(uint64(n_boundaries)):
        left += room.words[p]
        s_left, w_left = float(left >> WEIGHT_BITS), float(left & WEIGHT)
        if w_left < least or w - w_left < least:
            continue
        gain = moment_gain(s_left * step, w_left, s * step, w, whole, criterion)
        if gain > best and is_allowed(s_left, w_left, s, w, step, check):
            best, position = gain, int64(p)
    return best, position


@helper
def _is_free(check: Any) -> Any:
    """Whether no bounds need to be kept."""
    if check is None:
        return True
    else:  # so that no code is made of it where there are no bounds
        return check[0] == 0


@helper
def is_allowed(s_left: Any, w_left: Any, s: Any, w: Any, step: Any, check: Any) -> Any:
    """Whether the children's values keep the bounds of the node, if it has any."""
    if check is None:
        return True
    else:  # so that no code is made of it where there are no bounds
        trend, lower, upper, center = check
        v_left = center + s_left / w_left * step
        v_right = center + (s - s_left) / (w - w_left) * step
        return keeps_bounds(v_left, v_right, trend, lower, upper)


@helper
def best_boundary(
    n_bins: Any, absent: Any, total: Any, room: Any, step: Any, check: Any
) -> Any:
    """Gain, boundary and side of missing values of the best split of a feature.

    `absent` is the word of missing values. The gain is -1 where no split is allowed.
    """
    best, position, missing_left, whole = -1.0, 0, 0, 0.0
    if room.criterion != SQUARE:
        s, w = float(total >> WEIGHT_BITS), float(total & WEIGHT)
        whole = moment_term(s * step, w, room.criterion)
    for side in range(1 + int64(absent != 0)):
        n_boundaries = n_bins - 1 + int64(absent != 0 and side == 0)
        aside, by_vectors = absent * side, n_boundaries >= _WORTH_VECTORS
        if room.criterion != SQUARE:
            gain, p = _best_by_moments(
                n_boundaries, aside, total, room, step, check, whole
            )
        elif by_vectors and _is_free(check):
            gain, p = _best_square(
                n_boundaries, aside, total, room.min_weight_leaf, room
            )
        else:
            gain, p = _best_of_few_squares(
                n_boundaries, aside, total, room, step, check
            )
        if gain > best:
            best, position, missing_left = gain, p, side
    return best, position, missing_left
