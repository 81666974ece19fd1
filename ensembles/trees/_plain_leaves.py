"""What `_kernels_leaves` does, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.trees._layout import GRID_BITS, MISSING
from ensembles.trees._tree import pack_nodes

__all__ = ["cuts_between", "finish_nodes", "grid_sums", "sum_leaves"]


def finish_nodes(
    nodes: Any, edges: FloatArray, categorical: Any, words: Any, n_rows: Any
) -> None:
    """Choose cuts, pack nodes into words as `_kernels_apply` reads them, count rows."""
    n_rows[:] = nodes["end"] - nodes["start"]
    feature, missing_left = nodes["feature"], nodes["missing_left"] == 1
    is_category = (feature >= 0) & categorical[feature]
    cuts = cuts_between(feature, nodes["low"], nodes["high"], edges)
    words[:] = pack_nodes(nodes["left"], feature, cuts, missing_left, is_category)


def cuts_between(features: Any, low: Any, high: Any, edges: FloatArray) -> Any:
    """The last bins on the left of the middle between the values of two bins each."""
    cuts = np.full(len(features), MISSING - 1)
    for feature in np.unique(features):
        is_own = (features == feature) & (high != MISSING)
        least, largest = edges[feature]
        middle = largest[low[is_own]] / 2.0 + least[high[is_own]] / 2.0
        n_below = np.searchsorted(largest, middle, side="right")
        cuts[is_own] = np.maximum(np.minimum(n_below, high[is_own]) - 1, low[is_own])
    return cuts


def grid_sums(values: FloatArray, starts: IntArray, sizes: IntArray) -> FloatArray:
    """Sums of leaves, of values that are not negative, the same in any order."""
    largest = np.maximum.reduceat(values, starts)
    fraction, exponent = np.frexp(np.maximum(largest * sizes, 1e-300))
    step = np.ldexp(1.0, exponent - (fraction == 0.5) - GRID_BITS)
    whole = np.rint(values / np.repeat(step, sizes)).astype(np.int64)
    return np.asarray(np.add.reduceat(whole, starts) * step)


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
    """Write weights and predictions of leaves, and the mean variance of values."""
    leaf = np.flatnonzero(nodes["feature"] < 0)
    leaf = leaf[np.argsort(nodes["start"][leaf])]
    starts, w = nodes["start"][leaf], weights[order]
    sizes = np.diff(starts, append=len(order))
    total = np.add.reduceat(w, starts) if is_whole else grid_sums(w, starts, sizes)
    totals[leaf] = total
    if len(n_classes):
        _share_classes(targets, w, order, leaf, sizes, n_classes, is_whole, values)
        values[leaf] /= total[:, None]
        return
    for output, y in enumerate(targets[order].T):
        with np.errstate(over="ignore", invalid="ignore"):  # squares may be infinite
            mean, off = _mean_and_spread(y, w, starts, sizes, total)
        values[leaf, output] = mean
        spread[leaf] += off / targets.shape[1]


def _share_classes(
    targets: Any,
    w: FloatArray,
    order: IntArray,
    leaf: IntArray,
    sizes: IntArray,
    n_classes: IntArray,
    is_whole: bool,
    values: Any,
) -> None:
    """Weight of each class in a leaf, output by output, of two only the second."""
    lowest, first = int(len(n_classes) == 1 and n_classes[0] == 2), 0
    of_row = np.repeat(np.arange(len(sizes)), sizes)
    for output, k in enumerate(n_classes):
        cell = of_row * k + targets[order, output].astype(np.intp)
        weight = np.zeros(len(sizes) * k)
        if is_whole:
            weight = np.bincount(cell, w, len(weight))
        else:
            by_cell = np.argsort(cell, kind="stable")
            full, starts = np.unique(cell[by_cell], return_index=True)
            rows = np.diff(starts, append=len(cell))
            weight[full] = grid_sums(w[by_cell], starts, rows)
        last = first + k - lowest
        values[leaf, first:last] = weight.reshape(-1, k)[:, lowest:]
        first = last


def _mean_and_spread(
    y: FloatArray, w: FloatArray, starts: IntArray, sizes: IntArray, total: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of an output in each leaf."""
    low = np.minimum.reduceat(y, starts)
    above = y - np.repeat(low, sizes)
    if not above.any():
        return low, np.zeros(len(starts))
    mean = low + grid_sums(w * above, starts, sizes) / total
    off = y - np.repeat(mean, sizes)
    return mean, grid_sums(w * (off * off), starts, sizes) / total
