"""One tree grown: limits in, nodes out, by compiled kernels or their twins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.trees._binned import BinnedMatrix
from ensembles.trees._engine import kernels_for
from ensembles.trees._layout import NODE, ROOM
from ensembles.trees._leaves import leaves_of
from ensembles.trees._targets import Statistics, Target, statistics_of
from ensembles.trees._tree import Tree

__all__ = ["Limits", "grow_tree"]

# What numpy takes for a split, and nodes that are split for each row.
_SECONDS_PER_SPLIT, _SPLITS_PER_ROW = 4e-4, 0.5
_NO_DEPTH = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a tree stops and how it searches, resolved against the data."""

    max_features: int
    max_depth: int | None = None
    max_leaves: int | None = None
    min_rows_split: int = 2
    min_rows_leaf: int = 1
    min_weight_fraction: float = 0.0
    min_decrease: float = 0.0
    draws_cuts: bool = False
    trends: Any = None
    """1, -1 or 0 for each feature; None where all are free."""
    groups: Any = None
    """(n_groups, n_features), which features may meet on a path; None for all."""


def grow_tree(
    binned: BinnedMatrix,
    target: Target,
    weights: FloatArray | None,
    limits: Limits,
    key: int,
) -> Tree:
    """Grow a tree.

    Parameters
    ----------
    binned : BinnedMatrix
        Rows to learn from.
    target : Target
        What to learn.
    weights : ndarray of shape (n_rows,) or None
        Rows of weight zero are left out.
    limits : Limits
        Where to stop and how to search.
    key : int
        All that is random follows from these 64 bits.

    Returns
    -------
    Tree
        The same whatever the order of rows.
    """
    n_rows = len(binned)
    order = np.arange(n_rows) if weights is None else np.flatnonzero(weights)
    statistics = statistics_of(
        target, weights, order, counts_rows=limits.min_rows_leaf > 1
    )
    order = order.astype(np.int32)
    nodes = _root(len(order), limits, statistics, key)
    special = _specials(binned, limits, len(nodes))
    splits = min(len(nodes) / 2.0, _SPLITS_PER_ROW * len(order))
    kernels = kernels_for("grow", _SECONDS_PER_SPLIT * splits)
    grow = kernels.grow_best_first if limits.max_leaves else kernels.grow_depth_first
    n_nodes = grow(
        binned.rows,
        binned.columns,
        statistics.amounts if statistics.channels is None else None,
        statistics.channels,
        None if statistics.channels is None else statistics.amounts,
        target.values,
        order,
        nodes,
        statistics.offsets,
        statistics.steps,
        binned.binner._edges,
        *special,
        _room(target, statistics, weights, order, limits),
    )
    return _tree(
        binned,
        target,
        weights,
        order,
        nodes[:n_nodes],
        special.subsets if binned.binner.is_categorical_.any() else None,
        limits.trends is not None,
    )


class _Specials(NamedTuple):
    """What few trees need: None in all where none is needed.

    Kernels are compiled once for trees that need nothing of it, once for the others.
    """

    categorical: Any = None
    subsets: Any = None
    trends: Any = None
    groups: Any = None
    open_groups: Any = None


def _specials(binned: BinnedMatrix, limits: Limits, n_nodes: int) -> _Specials:
    """Categories, trends and groups of features."""
    categorical, n_features = binned.binner.is_categorical_, binned.shape[1]
    trends, groups = limits.trends, limits.groups
    is_plain = not categorical.any() and trends is None and groups is None
    if is_plain and limits.max_leaves is None:
        return _Specials()
    if trends is None:
        trends = np.zeros(n_features, np.int8)
    if groups is None:
        groups = np.zeros((0, n_features), bool)
    subsets = np.zeros((n_nodes if categorical.any() else 0, 4), np.uint64)
    open_groups = np.ones((n_nodes, len(groups)), bool)
    return _Specials(categorical, subsets, trends, groups, open_groups)


def _root(n_rows: int, limits: Limits, statistics: Statistics, key: int) -> Any:
    """Room for all nodes that there can be, the first of them with all rows."""
    n_leaves = min(n_rows, limits.max_leaves or n_rows)
    if limits.max_depth is not None and limits.max_depth < 31:
        n_leaves = min(n_leaves, 2**limits.max_depth)
    nodes = np.empty(2 * n_leaves - 1, NODE)
    nodes[0] = np.zeros((), NODE)
    root = nodes[:1]
    root["end"] = root["grid_rows"] = n_rows
    root["key"], root["center"], root["scale"] = (
        key,
        statistics.center,
        statistics.scale,
    )
    root["lower"], root["upper"] = -np.inf, np.inf
    return nodes


def _room(
    target: Target,
    statistics: Statistics,
    weights: FloatArray | None,
    order: IntArray,
    limits: Limits,
) -> Any:
    """Limits as kernels read them, and room to work in."""
    room = np.zeros(1, ROOM)
    total = len(order) if weights is None else weights[order].sum()
    steps = total / statistics.weight_step
    least = int(np.ceil(limits.min_weight_fraction * steps))
    if limits.min_rows_leaf > 1 and not statistics.counts_rows:
        least = max(least, limits.min_rows_leaf)
    decrease = limits.min_decrease - np.finfo(float).eps
    fields = {
        "criterion": target.criterion,
        "n_outputs": target.n_outputs,
        "n_channels": statistics.n_channels,
        "sums": statistics.is_sums,
        "counts_rows": statistics.counts_rows,
        "draws_cuts": limits.draws_cuts,
        "refines": statistics.channels is None and not target.n_classes,
        "max_features": limits.max_features,
        "max_depth": _NO_DEPTH if limits.max_depth is None else limits.max_depth,
        "max_leaves": min(limits.max_leaves or 0, len(order)),
        "min_rows_split": limits.min_rows_split,
        "min_rows_leaf": limits.min_rows_leaf,
        "min_weight_leaf": max(least, 1),
        "min_decrease": max(decrease, 0.0) * total / statistics.gain_factor,
    }
    for name, value in fields.items():
        room[name] = value
    return room


def _tree(
    binned: BinnedMatrix,
    target: Target,
    weights: FloatArray | None,
    order: IntArray,
    nodes: Any,
    subsets: Any,
    is_bounded: bool,
) -> Tree:
    """Pack the nodes and compute what leaves predict."""
    leaves = leaves_of(target, weights, order, nodes)
    words: Any = np.empty(len(nodes), np.uint64)
    n_rows: Any = np.empty(len(nodes), np.int32)
    categorical = binned.binner.is_categorical_
    kernels = kernels_for("leaves", 0.0)
    kernels.finish_nodes(nodes, categorical, words, n_rows)
    subset_rows = None
    if subsets is not None:
        is_category = (nodes["feature"] >= 0) & categorical[nodes["feature"]]
        subset_rows = np.cumsum(is_category, dtype=np.int32) - 1
        subsets = subsets[: len(nodes)][is_category]
    bounded = _clipped(leaves.values, nodes) if is_bounded else leaves.values
    return Tree(
        words,
        n_rows,
        leaves.weights,
        bounded,
        leaves.values,
        leaves.spread,
        subset_rows,
        subsets,
        binned.binner,
        target.n_classes,
        target.n_outputs,
        target.criterion,
    )


def _clipped(means: FloatArray, nodes: Any) -> FloatArray:
    """What leaves predict, inside the bounds of their nodes."""
    return means.clip(nodes["lower"][:, None], nodes["upper"][:, None])
