"""Gradients and hessians of rows as whole numbers, and what leaves make of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.boosting._newton._layout import (
    AHEAD,
    GRADIENT,
    HESSIAN,
    HESSIAN_BITS,
    ROWS,
)
from ensembles.trees._kernels_tools import compiled, inlined, prefetch
from ensembles.trees._layout import (
    CATEGORY_PLACE,
    FEATURE_PLACE,
    LEAF_PLACE,
    LEFT_PLACE,
    MISSING,
    SIDE_PLACE,
)

__all__ = ["add_up_leaves", "add_values", "largest", "pack", "pack_tree", "pack_wide"]


@compiled
def largest(gradient: Any, hessian: Any, order: Any) -> Any:
    """Largest size of a gradient and largest hessian of some rows.

    Infinite where any is no finite number.
    """
    g_most, h_most, is_finite = 0.0, 0.0, True
    for i in range(uint64(len(order))):
        row = uint64(order[i])
        size, weight = abs(gradient[row]), hessian[row]
        g_most = size if size > g_most else g_most
        h_most = weight if weight > h_most else h_most
        is_finite &= size < np.inf and weight < np.inf
    return (g_most, h_most) if is_finite else (np.inf, np.inf)


@inlined
def _steps(value: Any, scale: Any) -> Any:
    return int64(np.rint(value * scale))


@compiled
def pack(
    gradient: Any,
    hessian: Any,
    times: Any,
    order: Any,
    g_scale: Any,
    h_scale: Any,
    words: Any,
    rooms: Any,
) -> Any:
    """Write a word for each row; sums of the sizes of gradients and of hessians.

    `times` says how often each row counts; without entries, once. The record is there
    for its stamp.
    """
    g_sum, h_sum, counts = int64(0), int64(0), len(times) > 0
    for i in range(uint64(len(order))):
        row = uint64(order[i])
        g = _steps(gradient[row], g_scale)
        h = _steps(hessian[row], h_scale)
        if counts:
            g, h = g * times[row], h * times[row]
        words[row, 0] = (g << HESSIAN_BITS) + h
        g_sum, h_sum = g_sum + abs(g), h_sum + h
    return g_sum, h_sum


@compiled
def pack_wide(
    gradient: Any,
    hessian: Any,
    times: Any,
    order: Any,
    g_scale: Any,
    h_scale: Any,
    words: Any,
    rooms: Any,
) -> None:
    """Write the words of each row: its gradient, its hessian, and that it is one.

    The record is there for its stamp.
    """
    counts = len(times) > 0
    for i in range(uint64(len(order))):
        row = uint64(order[i])
        g, h = _steps(gradient[row], g_scale), _steps(hessian[row], h_scale)
        if counts:
            g, h = g * times[row], h * times[row]
        words[row, GRADIENT], words[row, HESSIAN], words[row, ROWS] = g, h, 1


@compiled
def add_up_leaves(
    nodes: Any,
    order: Any,
    gradient: Any,
    hessian: Any,
    times: Any,
    g_scale: Any,
    h_scale: Any,
    first: Any,
    last: Any,
    sums: Any,
) -> None:
    """Write what the rows of each leaf add up to, on a fine grid.

    Of those between two places in the order alone.
    """
    counts = len(times) > 0
    for n in range(len(nodes)):
        if nodes[n].feature >= 0:
            continue
        g_sum, h_sum = int64(0), int64(0)
        start, end = max(nodes[n].start, first), min(nodes[n].end, last)
        for i in range(start, end):
            ahead = int64(order[min(i + AHEAD, len(order) - 1)])
            prefetch(gradient, ahead)
            prefetch(hessian, ahead)
            row = uint64(order[i])
            g, h = _steps(gradient[row], g_scale), _steps(hessian[row], h_scale)
            if counts:
                g, h = g * times[row], h * times[row]
            g_sum, h_sum = g_sum + g, h_sum + h
        sums[n, 0], sums[n, 1] = g_sum, h_sum


@compiled
def add_values(nodes: Any, order: Any, values: Any, raw: Any) -> None:
    """Add what leaves predict to the raw predictions of their rows."""
    for n in range(len(nodes)):
        if nodes[n].feature < 0:
            value = values[n, 0]
            for i in range(uint64(nodes[n].start), uint64(nodes[n].end)):
                raw[uint64(order[i])] += value


@compiled
def pack_tree(nodes: Any, words: Any) -> None:
    """Write the word of each node that rows are sent down by."""
    for n in range(len(nodes)):
        node = nodes[n]
        if node.feature < 0:
            words[n] = uint64(n) << uint64(LEFT_PLACE) | uint64(
                1 << LEAF_PLACE | MISSING
            )
            continue
        word = uint64(node.left) << uint64(LEFT_PLACE)
        word |= uint64(node.feature) << uint64(FEATURE_PLACE)
        if node.is_category:
            word |= uint64(1 << CATEGORY_PLACE)
        else:
            word |= uint64(node.missing_left) << uint64(SIDE_PLACE)
            word |= uint64(node.cut)
        words[n] = word
