"""The best set of categories of a feature.

Categories are put in order by their Newton step, and cut as values are: no other sets
can be better where all are large (W. D. Fisher, "On grouping for maximum homogeneity",
Journal of the American Statistical Association 53, 1958). Those of few rows stay out of
the order and go right, whichever end of it the left side is made of.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.boosting._newton._kernels_cuts import (
    bounded_gain,
    is_wide,
    keep_if_better,
    sums_of,
)
from ensembles.boosting._newton._layout import CATEGORY_ROWS, ROUNDING
from ensembles.trees._kernels_tools import helper, inlined
from ensembles.trees._layout import MISSING

__all__ = ["try_categories"]


@helper
def _order(hists: Any, s: Any, j: Any, n_bins: Any, node: Any, room: Any) -> Any:
    """Number of categories with enough rows; write them in order of their steps."""
    n, rows = int64(0), float(node.end - node.start)
    for at in range(n_bins + 1):
        b = MISSING if at == n_bins else at
        g, h, _ = sums_of(hists, s, j, b)
        if float(h) * (rows / float(node.hessian)) < CATEGORY_ROWS - ROUNDING:
            continue
        weight = float(h) * room.hessian_step + CATEGORY_ROWS
        rank, q = float(g) * room.gradient_step / weight, n
        while q > 0 and room.ranks[q - 1] > rank:
            room.ranks[q], room.bins[q] = room.ranks[q - 1], room.bins[q - 1]
            q -= 1
        room.ranks[q], room.bins[q] = rank, b
        n += 1
    return n


@inlined
def _smoothed_gain(g: Any, h: Any, node: Any, room: Any) -> Any:
    """Gain of a split with these sums on the left, drawn down as by more `l2`.

    Sets are the best of many: what they seem to gain is partly noise.
    """
    g_all, h_all = float(node.gradient), float(node.hessian)
    scale, more = room.gradient_step, room.l2 + room.category_l2
    left, right, whole = g * scale, (g_all - g) * scale, g_all * scale
    gain = left * left / (h * room.hessian_step + more)
    gain += right * right / ((h_all - h) * room.hessian_step + more)
    if node.depth == 0:
        return gain
    return gain - whole * whole / (h_all * room.hessian_step + room.l2)


@helper
def _keep_set(from_: Any, to: Any, split: Any, room: Any) -> None:
    """Note that these places of the order go left."""
    for quarter in range(4):
        split.subset[quarter] = uint64(0)
    for p in range(from_, to):
        split.subset[room.bins[p] >> 6] |= uint64(1) << uint64(room.bins[p] & 63)


@helper
def try_categories(
    hists: Any, features: Any, feature: Any, node: Any, split: Any, room: Any
) -> None:
    """Try to send left the first of the order, up to the middle, then the last."""
    s, j = uint64(node.slot), uint64(feature)
    knows_rows = is_wide(hists) or split.is_counted
    n = _order(hists, s, j, features.n_bins[j], node, room)
    n_rows, least = int64(node.end - node.start), room.min_rows_leaf
    if n < 2:
        return
    for end in range(2):
        g, h, rows, middle = int64(0), int64(0), int64(0), (n + 1) // 2 - end
        for i in range(middle):
            at = n - 1 - i if end else i
            g_b, h_b, rows_b = sums_of(hists, s, j, room.bins[at])
            if split.is_counted:
                rows_b = room.rows[room.bins[at]]
            g, h, rows = g + g_b, h + h_b, rows + rows_b
            if h < room.least or node.hessian - h < room.least:
                continue
            if knows_rows and (rows < least or n_rows - rows < least):
                continue
            gain = _smoothed_gain(float(g), float(h), node, room)
            if room.is_bounded:
                gain = min(gain, bounded_gain(float(g), float(h), 0.0, node, room))
            if keep_if_better(gain, int64(-1), False, split):
                _keep_set(at if end else 0, n if end else at + 1, split, room)
