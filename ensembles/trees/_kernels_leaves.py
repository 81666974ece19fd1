"""What grown nodes become: words to send rows down by, and what leaves predict.

Floats are summed as whole numbers on a grid that is made for the sum: it does not
depend on the order of rows, and is as exact as that of floats.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.trees._kernels_cuts import cut_between
from ensembles.trees._kernels_tools import compiled, helper
from ensembles.trees._layout import (
    CATEGORY_PLACE,
    FEATURE_PLACE,
    GRID_BITS,
    LEAF_PLACE,
    LEFT_PLACE,
    MISSING,
    SIDE_PLACE,
)

__all__ = ["finish_nodes", "sum_leaves"]


@compiled
def finish_nodes(
    nodes: Any, edges: Any, categorical: Any, words: Any, n_rows: Any
) -> None:
    """Choose cuts, pack nodes into words as `_kernels_apply` reads them, count rows."""
    for node in range(len(nodes)):
        n_rows[node] = nodes[node].end - nodes[node].start
        feature = nodes[node].feature
        if feature < 0:
            leaf = uint64(1 << LEAF_PLACE | MISSING)
            words[node] = uint64(node) << uint64(LEFT_PLACE) | leaf
            continue
        word = uint64(nodes[node].left) << uint64(LEFT_PLACE)
        word |= uint64(feature) << uint64(FEATURE_PLACE)
        if categorical[feature]:
            word |= uint64(1 << CATEGORY_PLACE)
        else:
            side = uint64(nodes[node].missing_left == 1)
            low, high = int64(nodes[node].low), int64(nodes[node].high)
            cut = uint64(cut_between(feature, low, high, edges))
            word |= side << uint64(SIDE_PLACE) | cut
        words[node] = word


@helper
def _step_of(bound: Any) -> Any:
    """The least power of two of which `GRID_BITS` bits reach a bound."""
    fraction, exponent = math.frexp(max(bound, 1e-300))
    exponent -= 1 if fraction == 0.5 else 0
    return math.ldexp(1.0, exponent - GRID_BITS)


@helper
def _total(weights: Any, order: Any, start: Any, end: Any, is_whole: Any) -> Any:
    """Weight of a leaf."""
    largest, total = 0.0, 0.0
    if is_whole:
        for i in range(start, end):
            total += weights[order[i]]
        return total
    for i in range(start, end):
        largest = max(largest, weights[order[i]])
    step, steps = _step_of(largest * (end - start)), int64(0)
    for i in range(start, end):
        steps += int64(np.rint(weights[order[i]] / step))
    return steps * step


@helper
def _weigh_two_classes(
    targets: Any, weights: Any, order: Any, start: Any, end: Any
) -> Any:
    """Weight of a leaf and of its rows of the second class, in one pass."""
    total, second = 0.0, 0.0
    for i in range(uint64(start), uint64(end)):
        row = uint64(order[i])
        weight = weights[row]
        total += weight
        second += weight * targets[row, uint64(0)]
    return total, second


@helper
def _share_classes(
    targets: Any,
    weights: Any,
    order: Any,
    start: Any,
    end: Any,
    output: Any,
    lowest: Any,
    total: Any,
    is_whole: Any,
    largest: Any,
    sizes: Any,
    values: Any,
    node: Any,
    first: Any,
    last: Any,
) -> None:
    """Write the shares of the classes of an output, from class `lowest` on."""
    for i in range(start, end):
        k = int64(targets[order[i], output]) - lowest
        if k >= 0:
            values[node, first + k] += weights[order[i]]
    if not is_whole:
        for k in range(len(sizes)):
            largest[k], sizes[k] = 0.0, 0
        for i in range(start, end):
            k = int64(targets[order[i], output])
            largest[k] = max(largest[k], weights[order[i]])
            sizes[k] += 1
        for k in range(len(sizes)):
            largest[k], sizes[k] = _step_of(largest[k] * sizes[k]), 0
        for i in range(start, end):
            k = int64(targets[order[i], output])
            sizes[k] += int64(np.rint(weights[order[i]] / largest[k]))
        for k in range(first, last):
            own = k - first + lowest
            values[node, k] = sizes[own] * largest[own]
    for k in range(first, last):
        values[node, k] /= total


@helper
def _mean_and_spread(
    targets: Any,
    weights: Any,
    order: Any,
    start: Any,
    end: Any,
    output: Any,
    total: Any,
) -> Any:
    """Mean and variance of an output in a leaf."""
    low = high = targets[order[start], output]
    for i in range(start + 1, end):
        low = min(low, targets[order[i], output])
        high = max(high, targets[order[i], output])
    if low == high:
        return low, 0.0
    largest, n, steps = 0.0, end - start, int64(0)
    for i in range(start, end):
        row = order[i]
        largest = max(largest, weights[row] * (targets[row, output] - low))
    step = _step_of(largest * n)
    for i in range(start, end):
        row = order[i]
        steps += int64(np.rint(weights[row] * (targets[row, output] - low) / step))
    mean = low + steps * step / total
    largest, steps = 0.0, int64(0)
    for i in range(start, end):
        row = order[i]
        off = targets[row, output] - mean
        largest = max(largest, weights[row] * (off * off))
    step = _step_of(largest * n)
    for i in range(start, end):
        row = order[i]
        off = targets[row, output] - mean
        steps += int64(np.rint(weights[row] * (off * off) / step))
    return mean, steps * step / total


@compiled
def sum_leaves(
    targets: Any,
    weights: Any,
    order: Any,
    nodes: Any,
    n_classes: Any,
    is_whole: Any,
    totals: Any,
    values: Any,
    spread: Any,
    largest: Any,
    sizes: Any,
) -> None:
    """Write weights and predictions of leaves, and the mean variance of values.

    All three are zero before. Of two classes of one output `values` holds the share of
    the second alone. The weights add up exactly as floats where they are whole.
    `largest` and `sizes` are room for each class of an output.
    """
    n_outputs = targets.shape[1]
    only_second = int64(1 if len(n_classes) == 1 and n_classes[0] == 2 else 0)
    for node in range(len(nodes)):
        if nodes[node].feature >= 0:
            continue
        start, end = nodes[node].start, nodes[node].end
        # Most leaves of a full tree of values.
        if end - start == 1 and len(n_classes) == 0:
            row = order[start]
            totals[node] = weights[row]
            for output in range(n_outputs):
                values[node, output] = targets[row, output]
            continue
        if only_second and is_whole:
            total, second = _weigh_two_classes(targets, weights, order, start, end)
            totals[node], values[node, 0] = total, second / total
            continue
        total, first = _total(weights, order, start, end, is_whole), int64(0)
        totals[node] = total
        for output in range(n_outputs):
            if len(n_classes) > 0:
                last = first + n_classes[output] - only_second
                _share_classes(
                    targets, weights, order, start, end, output, only_second, total,
                    is_whole, largest, sizes, values, node, first, last,
                )  # fmt: skip
                first = last
            else:
                values[node, output], own = _mean_and_spread(
                    targets, weights, order, start, end, output, total
                )
                spread[node] += own / n_outputs
