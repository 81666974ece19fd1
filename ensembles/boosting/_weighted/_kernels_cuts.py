"""The best cut of a feature, from the weights of classes in its bins.

Missing values stand aside: they are tried on the right, there also alone, then on the
left.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.boosting._weighted._layout import ERROR, MISSING, STRIDE
from ensembles.trees._kernels_tools import helper

__all__ = ["try_feature"]


@helper
def _weigh_left(
    hists: Any, s: Any, j: Any, n_classes: Any, n: Any, start: Any, room: Any
) -> None:
    """Write the weight on the left of each cut."""
    three, stride = uint64(3), uint64(STRIDE)
    for b in range(n):
        room.numbers[three, b] = hists[s, j, b] + hists[s, j, stride + b]
    for k in range(uint64(2), n_classes):
        for b in range(n):
            room.numbers[three, b] += hists[s, j, k * stride + b]
    left = int64(start)
    for b in range(n):
        left += room.numbers[three, b]
        room.numbers[three, b] = left


@helper
def _gini_gains(
    hists: Any, s: Any, j: Any, totals: Any, total: Any, n: Any, side: Any, room: Any
) -> None:
    """Write what each cut brings by Gini impurity, over the weight and a factor.

    A cut brings the sum over classes of ``(S_L W - W_L S)^2 / (W_L W_R)``; of two, one
    says all.
    """
    zero, one, two, stride = uint64(0), uint64(1), uint64(2), uint64(STRIDE)
    w, n_classes = float(total), uint64(len(totals))
    for b in range(n):
        room.floats[zero, b] = float(room.numbers[uint64(3), b])
        room.floats[one, b] = float(total - room.numbers[uint64(3), b])
    first = uint64(n_classes == uint64(2))
    for k in range(first, n_classes):
        left = side * hists[s, j, k * stride + uint64(MISSING)]
        whole = float(totals[k])
        if k == first:
            for b in range(n):
                left += hists[s, j, k * stride + b]
                d = float(left) * w - room.floats[zero, b] * whole
                room.floats[two, b] = d * d
        else:
            for b in range(n):
                left += hists[s, j, k * stride + b]
                d = float(left) * w - room.floats[zero, b] * whole
                room.floats[two, b] += d * d
    for b in range(n):
        room.floats[two, b] /= room.floats[zero, b] * room.floats[one, b]


# Loops over bins that could be vectors are functions of their own: they are compiled
# one by one, and in a larger one some are not made vectors.
@helper
def _begin_heaviest(whole: Any, n: Any, room: Any) -> None:
    """Let the first class be the heaviest on both sides of each cut."""
    zero, one, two = uint64(0), uint64(1), uint64(2)
    for b in range(n):
        room.numbers[zero, b] = room.numbers[two, b]
        room.numbers[one, b] = whole - room.numbers[two, b]


@helper
def _go_on_with_heaviest(whole: Any, n: Any, room: Any) -> None:
    """Let another class be the heaviest where it is."""
    zero, one, two = uint64(0), uint64(1), uint64(2)
    for b in range(n):
        left, right = room.numbers[two, b], whole - room.numbers[two, b]
        room.numbers[zero, b] = max(room.numbers[zero, b], left)
        room.numbers[one, b] = max(room.numbers[one, b], right)


@helper
def _count_saved(whole: Any, most: Any, n: Any, room: Any) -> None:
    """Write what the heaviest classes, of which one is the last, have more than `most`.

    And -1 where they have no more. The last class is not written first where the
    heaviest are: that would be a masked store, which takes some processors ten times as
    long.
    """
    zero, one, two = uint64(0), uint64(1), uint64(2)
    for b in range(n):
        left, right = room.numbers[two, b], whole - room.numbers[two, b]
        gain = max(room.numbers[zero, b], left) + max(room.numbers[one, b], right)
        gain -= most
        room.numbers[two, b] = gain if gain > 0 else -1


@helper
def _error_gains(
    hists: Any, s: Any, j: Any, totals: Any, n: Any, side: Any, room: Any
) -> None:
    """Write how many steps less leaves get wrong after each cut; -1 for none."""
    two, stride, last = uint64(2), uint64(STRIDE), uint64(len(totals) - 1)
    most = int64(0)
    for k in range(last + uint64(1)):
        left = side * hists[s, j, k * stride + uint64(MISSING)]
        most = max(most, totals[k])
        for b in range(n):
            left += hists[s, j, k * stride + b]
            room.numbers[two, b] = left
        if k == 0:
            _begin_heaviest(totals[k], n, room)
        elif k < last:
            _go_on_with_heaviest(totals[k], n, room)
    _count_saved(totals[last], most, n, room)


@helper
def _next_bin(hists: Any, s: Any, j: Any, n_classes: Any, n_bins: Any, low: Any) -> Any:
    """The first bin with rows after one; the code of missing values if there is none.

    Missing values alone are on the right of the last.
    """
    for b in range(uint64(low) + uint64(1), n_bins):
        for k in range(n_classes):
            if hists[s, j, k * uint64(STRIDE) + b] != 0:
                return int64(b)
    return int64(MISSING)


@helper
def _first_best(n: Any, least: Any, total: Any, room: Any) -> Any:
    """Number of the first best cut with rows on both sides; -1 if there is none."""
    two, three, top = uint64(2), uint64(3), int64(-1)
    for b in range(n):
        left = room.numbers[three, b]
        is_allowed = (left > least) & (left < total)
        bits = room.numbers[two, b] if is_allowed else int64(-1)
        room.numbers[two, b] = bits
        # Floats that are not negative are ordered as their bits are.
        top = max(top, bits)
    for b in range(n):
        if top >= 0 and room.numbers[two, b] == top:
            return int64(b)
    return int64(-1)


@helper
def try_feature(
    hists: Any, feature: Any, n_bins: Any, totals: Any, total: Any, node: Any, room: Any
) -> None:
    """Note the first best cut of a feature if it gains more than those before."""
    s, j, n_classes = uint64(node.slot), uint64(feature), uint64(len(totals))
    absent = int64(0)
    for k in range(n_classes):
        absent += hists[s, j, k * uint64(STRIDE) + uint64(MISSING)]
    has_missing: Any = absent > 0
    for side in range(1 + int64(has_missing)):
        # Missing values may be alone on the right, not on the left: that is the same.
        n = uint64(n_bins - 1 + int64(has_missing) * (1 - side))
        _weigh_left(hists, s, j, n_classes, n, side * absent, room)
        if room.criterion == ERROR:
            _error_gains(hists, s, j, totals, n, side, room)
        else:
            _gini_gains(hists, s, j, totals, total, n, side, room)
        b = _first_best(n, side * absent, total, room)
        if b < 0:
            continue
        gain = room.floats[2, b]
        if room.criterion == ERROR:
            gain = float(room.numbers[2, b])
        if gain > node.gain:
            node.gain, node.feature, node.low = gain, feature, b
            node.high = _next_bin(hists, s, j, n_classes, uint64(n_bins), b)
            node.missing_left = side if has_missing else -1
