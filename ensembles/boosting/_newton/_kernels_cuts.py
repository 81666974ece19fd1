"""The best cut of a feature, by what its bins add up to.

The gain of a split is how much the loss falls by its second-order expansion (T. Chen &
C. Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016, equation 7), times
two. Let `a` and `b` be the hessians of the sides, each with the regularisation, and
``d = g_left - a * g / (a + b)``. Then it is ``d**2 * (a + b) / (a * b)``, and what all
splits of a node share: one division a cut, and no difference of large numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.boosting._newton._layout import (
    GRADIENT,
    HESSIAN,
    HESSIAN_BITS,
    HESSIAN_MASK,
    ROWS,
    STRIDE,
    WIDE,
)
from ensembles.trees._kernels_tools import helper, inlined
from ensembles.trees._layout import MISSING

__all__ = [
    "bounded_gain",
    "has_any",
    "is_wide",
    "keep_if_better",
    "sums_of",
    "try_cuts",
]

# A whole number below 2**51 added to the bits of this float gives the bits of their
# sum: AVX2 has no instruction that makes floats of 64-bit numbers.
_MAGIC = np.float64(3 * 2.0**51)
_MAGIC_BITS = np.int64(_MAGIC.view(np.int64))


@inlined
def is_wide(hists: Any) -> Any:
    """Whether gradient, hessian and rows of a bin have a word each."""
    return hists.shape[2] > STRIDE


@inlined
def sums_of(hists: Any, s: Any, j: Any, b: Any) -> Any:
    """Gradient, hessian and rows of a bin; packed sums do not know their rows."""
    bin_ = uint64(b)
    if is_wide(hists):
        at = bin_ * uint64(WIDE)
        g, h = hists[s, j, at + uint64(GRADIENT)], hists[s, j, at + uint64(HESSIAN)]
        return g, h, hists[s, j, at + uint64(ROWS)]
    word = hists[s, j, bin_]
    return word >> HESSIAN_BITS, word & HESSIAN_MASK, int64(0)


@inlined
def has_any(sums: Any) -> Any:
    """Whether a bin has rows that add to anything."""
    return sums[0] != 0 or sums[1] != 0


@inlined
def _shared_gain(node: Any, room: Any) -> Any:
    """What the gains of all splits of a node share: zero without regularisation.

    But for the root, which predicts zero if it is not split.
    """
    g = float(node.gradient) * room.gradient_step
    h = float(node.hessian) * room.hessian_step
    twice = h + 2.0 * room.l2
    if node.depth == 0:
        return g * g / twice
    return -(g * g * room.l2) / ((h + room.l2) * twice)


@inlined
def _gain_scale(node: Any, room: Any) -> Any:
    """What makes a gain of one in steps."""
    whole = float(node.hessian) * room.hessian_step + 2.0 * room.l2
    return room.gradient_step * room.gradient_step * whole


@inlined
def _value(g: Any, h: Any, node: Any, room: Any) -> Any:
    """Prediction of rows with these sums, inside the bounds of a node."""
    value = -g * room.gradient_step / (h * room.hessian_step + room.l2)
    return min(max(value, node.lower), node.upper)


@inlined
def bounded_gain(g: Any, h: Any, trend: Any, node: Any, room: Any) -> Any:
    """Gain of a split with these sums on the left, or -1 where a trend forbids it."""
    g_all, h_all = float(node.gradient), float(node.hessian)
    left, right = _value(g, h, node, room), _value(g_all - g, h_all - h, node, room)
    if trend * (right - left) < 0.0:
        return -1.0
    return (g_all * node.value - g * left - (g_all - g) * right) * room.gradient_step


@helper
def _add_up(
    hists: Any, s: Any, j: Any, n_cuts: Any, aside: Any, node: Any, room: Any
) -> Any:
    """Write the sums left of each cut; the first and last cut that sides allow.

    `aside` has the rows with missing values on the left. Sums of packed words are
    written as the bits of floats, from which `_MAGIC` is to be taken.
    """
    n, least, n_rows = uint64(n_cuts), room.least, int64(node.end - node.start)
    most, first, last = node.hessian - least, int64(0), int64(-1)
    if is_wide(hists):
        g, h, rows = int64(0), int64(0), int64(0)
        if aside:
            g, h, rows = sums_of(hists, s, j, MISSING)
        for b in range(n):
            g_b, h_b, rows_b = sums_of(hists, s, j, b)
            g, h, rows = g + g_b, h + h_b, rows + rows_b
            room.floats[uint64(0), b], room.floats[uint64(1), b] = float(g), float(h)
            first += int64((h < least) | (rows < room.min_rows_leaf))
            last += int64((h <= most) & (n_rows - rows >= room.min_rows_leaf))
    else:
        word = hists[s, j, uint64(MISSING)] if aside else int64(0)
        for b in range(n):
            word += hists[s, j, b]
            h = word & HESSIAN_MASK
            room.numbers[uint64(0), b] = (word >> HESSIAN_BITS) + _MAGIC_BITS
            room.numbers[uint64(1), b] = h + _MAGIC_BITS
            first += int64(h < least)
            last += int64(h <= most)
    return first, last


@helper
def _best_free(first: Any, last: Any, shift: Any, node: Any, room: Any) -> Any:
    """Gain and number of the first best cut, all gains at once."""
    from_cut, to_cut = uint64(first), uint64(last + 1)
    zero, one, two = uint64(0), uint64(1), uint64(2)
    h_step, l2 = room.hessian_step, room.l2
    whole = float(node.hessian) * h_step + 2.0 * l2
    mean = float(node.gradient) / whole
    for b in range(from_cut, to_cut):
        a = (room.floats[one, b] - shift) * h_step + l2
        d = (room.floats[zero, b] - shift) - a * mean
        room.floats[two, b] = d * d / (a * (whole - a))
    # Floats that are not negative are ordered as their bits are, and the largest whole
    # number of many is found in vectors, the largest float is not.
    top = int64(-1)
    for b in range(from_cut, to_cut):
        top = max(top, room.numbers[two, b])
    cut = from_cut
    while cut < uint64(last) and room.numbers[two, cut] != top:
        cut += uint64(1)
    gain = room.floats[two, cut] * _gain_scale(node, room) + _shared_gain(node, room)
    return gain, int64(cut)


@helper
def _best_bounded(
    first: Any, last: Any, shift: Any, trend: Any, node: Any, room: Any
) -> Any:
    """As `_best_free`, inside the bounds of a node and in the direction of a trend."""
    best, cut = -1.0, int64(first)
    for b in range(uint64(first), uint64(last + 1)):
        g = room.floats[uint64(0), b] - shift
        h = room.floats[uint64(1), b] - shift
        gain = bounded_gain(g, h, trend, node, room)
        if gain > best:
            best, cut = gain, int64(b)
    return best, cut


@helper
def _cuts_with_rows(n_cuts: Any, aside: Any, node: Any, room: Any) -> Any:
    """The first and last cut whose sides have enough of the rows that were counted."""
    rows = room.rows[uint64(MISSING)] if aside else int64(0)
    most, first, last = int64(node.end - node.start), int64(0), int64(-1)
    most -= room.min_rows_leaf
    for b in range(uint64(n_cuts)):
        rows += room.rows[b]
        first += int64(rows < room.min_rows_leaf)
        last += int64(rows <= most)
    return first, last


@helper
def keep_if_better(gain: Any, cut: Any, missing_left: Any, split: Any) -> Any:
    """Note a split if it beats the best so far; whether it does."""
    if not gain > split.gain:
        return False
    split.gain, split.cut, split.missing_left = gain, cut, missing_left
    return True


@helper
def try_cuts(
    hists: Any, features: Any, feature: Any, node: Any, split: Any, room: Any
) -> None:
    """Try all cuts of a feature, with missing values on the right, then on the left."""
    s, j = uint64(node.slot), uint64(feature)
    trend = float(features.trends[j])
    shift = 0.0 if is_wide(hists) else float(_MAGIC)
    absent = has_any(sums_of(hists, s, j, MISSING))
    for side in range(1 + int64(absent)):
        aside = side == 1
        n_cuts = features.n_bins[j] - 1 + int64(absent and not aside)
        first, last = _add_up(hists, s, j, n_cuts, aside, node, room)
        if split.is_counted:
            first_counted, last_counted = _cuts_with_rows(n_cuts, aside, node, room)
            first, last = max(first, first_counted), min(last, last_counted)
        if first > last:
            continue
        if room.is_bounded:
            gain, cut = _best_bounded(first, last, shift, trend, node, room)
        else:
            gain, cut = _best_free(first, last, shift, node, room)
        keep_if_better(gain, cut, aside, split)
