"""What the leaves of a grown tree predict, and what their rows weigh."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.trees._engine import kernels_for
from ensembles.trees._layout import POISSON
from ensembles.trees._plain_leaves import grid_sums
from ensembles.trees._targets import Target

__all__ = ["Leaves", "leaves_of"]

_SECONDS_PER_ROW = 2e-7  # of the twin
_LARGEST_WHOLE = 2.0**53


class Leaves(NamedTuple):
    """One entry a node, zero for those that are no leaves."""

    weights: FloatArray
    """In single precision where that loses nothing."""
    values: FloatArray
    """Shares of classes of all outputs, or a mean for each; (n_nodes, width).

    Of two classes the share of the second."""
    spread: FloatArray | None
    """Mean impurity of outputs; None for classes, whose shares tell it, or all zero."""


def leaves_of(
    target: Target, weights: FloatArray | None, order: IntArray, nodes: Any
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
    nodes : ndarray of shape (n_nodes,)
        Records of nodes.

    Returns
    -------
    Leaves
        The same whatever the order of rows.
    """
    if weights is None:
        weights = np.ones(len(target.values))
    total = weights.sum()
    is_whole = bool(total < _LARGEST_WHOLE and (weights == np.floor(weights)).all())
    two_classes = target.n_classes == (2,)
    totals: FloatArray = np.zeros(len(nodes))
    spread: FloatArray = np.zeros(len(nodes))
    values = np.zeros((len(nodes), 1 if two_classes else target.width))
    kernels = kernels_for("leaves", _SECONDS_PER_ROW * len(order))
    kernels.sum_leaves(
        target.values,
        weights,
        order,
        nodes,
        np.array(target.n_classes, np.int64),
        is_whole,
        totals,
        values,
        spread,
    )
    if target.criterion == POISSON:
        spread = _deviance(target, weights, order, nodes, totals, values)
    with np.errstate(over="ignore"):  # then it is not the same
        small = totals.astype(np.float32)
    return Leaves(
        small if np.array_equal(small, totals) else totals,
        values,
        spread if spread.any() else None,
    )


def _deviance(
    target: Target,
    weights: FloatArray,
    order: IntArray,
    nodes: Any,
    totals: FloatArray,
    means: FloatArray,
) -> FloatArray:
    """Half the mean Poisson deviance of leaves; logarithms are numpy's always."""
    leaf = np.flatnonzero(nodes["feature"] < 0)
    leaf = leaf[np.argsort(nodes["start"][leaf])]
    starts, spread = nodes["start"][leaf], np.zeros(len(nodes))
    sizes = np.diff(starts, append=len(order))
    for y, mean in zip(target.values[order].T, means[leaf].T, strict=True):
        at_row = np.repeat(mean, sizes)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_part = np.where(y > 0.0, y * np.log(y / at_row), 0.0)
        off = weights[order] * np.maximum(log_part + at_row - y, 0.0)
        spread[leaf] += grid_sums(off, starts, sizes)
    return np.asarray(spread / np.where(totals > 0.0, totals, 1.0) / target.n_outputs)
