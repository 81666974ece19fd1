"""What a leaf predicts: shares of classes or means, the same in any order of rows.

Floats are summed as whole numbers on a grid that is made for the leaf: the sum does not
depend on the order, and is as exact as that of the floats.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.trees._layout import POISSON
from ensembles.trees._targets import Target

__all__ = ["Leaves", "leaves_of"]

_LARGEST = 2.0**61


class Leaves(NamedTuple):
    """One entry a leaf, in the order of their rows."""

    weights: FloatArray
    values: FloatArray
    """Shares of classes of all outputs, or a mean for each; (n_leaves, width)."""
    spread: FloatArray
    """Mean impurity of outputs, for values; zero for classes, whose shares tell it."""


def leaves_of(
    target: Target,
    weights: FloatArray | None,
    order: IntArray,
    starts: IntArray,
) -> Leaves:
    """Weights and predictions of leaves.

    Parameters
    ----------
    target : Target
        Of all rows.
    weights : ndarray of shape (n_rows,) or None
        None means one each.
    order : ndarray of shape (n_rows_used,)
        Rows, leaf by leaf.
    starts : ndarray of shape (n_leaves,)
        Where each leaf begins in `order`.

    Returns
    -------
    Leaves
        In the order of `starts`.
    """
    sizes = np.diff(starts, append=len(order))
    w = None if weights is None else weights[order]
    total = sizes.astype(np.float64) if w is None else _sum(w, starts, sizes)
    if target.n_classes:
        values = _shares(target, w, order, sizes, total)
        return Leaves(total, values, np.zeros(len(starts)))
    columns = [
        _mean_and_spread(y, w, starts, sizes, total, target.criterion)
        for y in target.values[order].T
    ]
    means, spreads = zip(*columns, strict=True)
    return Leaves(total, np.column_stack(means), np.mean(spreads, axis=0))


def _sum(values: FloatArray, starts: IntArray, sizes: IntArray) -> FloatArray:
    """Sums of leaves, of values that are not negative."""
    largest = np.maximum.reduceat(values, starts)
    # A power of two: dividing by it loses nothing.
    exponent = np.ceil(np.log2(np.maximum(largest * sizes, 1e-300) / _LARGEST))
    step = 2.0**exponent
    whole = np.rint(values / np.repeat(step, sizes)).astype(np.int64)
    return np.add.reduceat(whole, starts) * step


def _shares(
    target: Target,
    w: FloatArray | None,
    order: IntArray,
    sizes: IntArray,
    total: FloatArray,
) -> FloatArray:
    """Share of each class in the weight of a leaf, output by output."""
    shares, first = np.zeros((len(sizes), target.width)), 0
    leaf = np.repeat(np.arange(len(sizes)), sizes)
    for output, n_classes in enumerate(target.n_classes):
        cell = leaf * n_classes + target.values[order, output].astype(np.intp)
        n_cells = len(sizes) * n_classes
        if w is None or (w == np.floor(w)).all():
            count: Any = np.bincount(cell, w, n_cells)
        else:
            count = np.zeros(n_cells)
            by_cell = np.argsort(cell, kind="stable")
            full, starts = np.unique(cell[by_cell], return_index=True)
            rows = np.diff(starts, append=len(cell))
            count[full] = _sum(w[by_cell], starts, rows)
        count = count.reshape(len(sizes), n_classes)
        shares[:, first : first + n_classes] = count / total[:, None]
        first += n_classes
    return shares


def _mean_and_spread(
    y: FloatArray,
    w: FloatArray | None,
    starts: IntArray,
    sizes: IntArray,
    total: FloatArray,
    criterion: int,
) -> tuple[FloatArray, FloatArray]:
    """Mean and impurity of one output in each leaf."""
    low = np.minimum.reduceat(y, starts)
    above = y - np.repeat(low, sizes)
    if not above.any():
        return low, np.zeros(len(starts))
    mean = low + _sum(above if w is None else w * above, starts, sizes) / total
    mean_of_row = np.repeat(mean, sizes)
    if criterion == POISSON:
        with np.errstate(divide="ignore", invalid="ignore"):
            deviance = np.where(y > 0.0, y * np.log(y / mean_of_row), 0.0)
        off = deviance + mean_of_row - y
    else:
        off = (y - mean_of_row) ** 2
    off = np.maximum(off, 0.0)
    return mean, _sum(off if w is None else w * off, starts, sizes) / total
