"""What the leaves of a grown tree predict, and what their rows weigh."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray
from ensembles.trees._layout import POISSON
from ensembles.trees._plain_leaves import grid_sums
from ensembles.trees._rows import UsedRows
from ensembles.trees._targets import Target

__all__ = ["Leaves", "leaves_of"]

_SECONDS_PER_ROW = 2e-7  # of the twin
_LARGEST_WHOLE_SINGLE = 2.0**24


class Leaves(NamedTuple):
    """One entry a node, zero for those that are no leaves."""

    weights: FloatArray
    """In single precision where that loses nothing."""
    values: FloatArray
    """Shares of classes of all outputs, or a mean for each; (n_nodes, width).

    Of two classes the share of the second."""
    spread: FloatArray | None
    """Mean impurity of outputs; None for classes, whose shares tell it, or all zero."""


def leaves_of(target: Target, rows: UsedRows, nodes: Any) -> Leaves:
    """Weights and predictions of leaves.

    Parameters
    ----------
    target : Target
        Of all rows.
    rows : UsedRows
        In the order of leaves.
    nodes : ndarray of shape (n_nodes,)
        Records of nodes.

    Returns
    -------
    Leaves
        The same whatever the order of rows.
    """
    two_classes = target.n_classes == (2,)
    totals: FloatArray = np.zeros(len(nodes))
    spread: FloatArray = np.zeros(len(nodes))
    values = np.zeros((len(nodes), 1 if two_classes else target.width))
    widest = max(target.n_classes, default=0)
    kernels = kernels_for("trees", "leaves", _SECONDS_PER_ROW * len(rows))
    kernels.sum_leaves(
        target.values,
        rows.weights,
        rows.order,
        nodes,
        np.array(target.n_classes, np.int64),
        rows.adds_exactly,
        totals,
        values,
        spread,
        np.empty(widest),
        np.empty(widest, np.int64),
    )
    if target.criterion == POISSON:
        spread = _deviance(target, rows, nodes, totals, values)
    return Leaves(
        _single(totals, rows),
        values,
        spread if spread.any() else None,
    )


def _single(totals: FloatArray, rows: UsedRows) -> FloatArray:
    """In single precision, if that loses nothing."""
    if rows.is_whole and rows.total <= _LARGEST_WHOLE_SINGLE:
        return totals.astype(np.float32)
    with np.errstate(over="ignore"):  # then it is not the same
        small = totals.astype(np.float32)
    return small if np.array_equal(small, totals) else totals


def _deviance(
    target: Target,
    rows: UsedRows,
    nodes: Any,
    totals: FloatArray,
    means: FloatArray,
) -> FloatArray:
    """Half the mean Poisson deviance of leaves; logarithms are numpy's always."""
    leaf = np.flatnonzero(nodes["feature"] < 0)
    leaf = leaf[np.argsort(nodes["start"][leaf])]
    order, starts, spread = rows.order, nodes["start"][leaf], np.zeros(len(nodes))
    sizes = np.diff(starts, append=len(order))
    for y, mean in zip(target.values[order].T, means[leaf].T, strict=True):
        at_row = np.repeat(mean, sizes)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_part = np.where(y > 0.0, y * np.log(y / at_row), 0.0)
        off = rows.weights[order] * np.maximum(log_part + at_row - y, 0.0)
        spread[leaf] += grid_sums(off, starts, sizes)
    return np.asarray(spread / np.where(totals > 0.0, totals, 1.0) / target.n_outputs)
