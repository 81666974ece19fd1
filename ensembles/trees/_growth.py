"""One tree grown: limits in, nodes out, by compiled kernels or their twins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray
from ensembles.trees._binned import BinnedMatrix
from ensembles.trees._category_means import NODE_PRIOR_ROWS, category_means
from ensembles.trees._layout import GROUP, NODE, ROOM, STRIDE
from ensembles.trees._leaves import leaves_of
from ensembles.trees._problem import (
    Extras,
    Problem,
    RowTable,
    Sums,
    as_writable,
    room_for_ranges,
)
from ensembles.trees._rows import UsedRows, rows_used
from ensembles.trees._targets import Statistics, Target, statistics_of
from ensembles.trees._tree import Tree

__all__ = ["Limits", "grow_tree"]

# What numpy takes for a split, and nodes that are split for each row.
_SECONDS_PER_SPLIT, _SPLITS_PER_ROW = 4e-4, 0.5
_NO_DEPTH = np.iinfo(np.int32).max
_EPSILON = np.finfo(np.float64).eps


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
    if not target.values.flags.writeable:
        target = replace(target, values=as_writable(target.values))
    rows = rows_used(target.values, as_writable(weights))
    statistics = statistics_of(target, rows, counts_rows=limits.min_rows_leaf > 1)
    nodes = _root(len(rows), limits, statistics, key)
    problem = Problem(
        RowTable(
            as_writable(np.ascontiguousarray(binned.rows)),
            as_writable(binned.columns),
            target.values,
        ),
        statistics.amounts if statistics.channels is None else None,
        _sums(statistics),
        _extras(binned, target, statistics, rows, limits, len(nodes)),
        as_writable(binned.binner._edges),
        room_for_ranges(binned.shape[1]) if limits.draws_cuts else None,
        rows.order,
        nodes,
        _room(target, statistics, len(rows), limits),
    )
    splits = min(len(nodes) / 2.0, _SPLITS_PER_ROW * len(rows))
    kernels = kernels_for("trees", "grow", _SECONDS_PER_SPLIT * splits)
    grow = kernels.grow_best_first if limits.max_leaves else kernels.grow_depth_first
    nodes = nodes[: grow(problem)]
    return _tree(binned, target, rows, nodes, problem.extras, limits)


def _sums(statistics: Statistics) -> Sums | None:
    """What rows add to channels, if not words."""
    if statistics.channels is None:
        return None
    wide = statistics.n_channels
    return Sums(
        statistics.channels,
        statistics.amounts,
        statistics.offsets,
        statistics.steps,
        hist=np.zeros((GROUP, STRIDE * wide), np.int64),
        totals=np.zeros((2, wide), np.int64),
    )


def _extras(
    binned: BinnedMatrix,
    target: Target,
    statistics: Statistics,
    rows: UsedRows,
    limits: Limits,
    n_nodes: int,
) -> Extras | None:
    """Categories, trends and groups of features, if the tree has any of them.

    One that is grown best first has them always: it is compiled once.
    """
    categorical, n_features = binned.binner.is_categorical_, binned.shape[1]
    trends, groups = limits.trends, limits.groups
    is_plain = not categorical.any() and trends is None and groups is None
    if is_plain and limits.max_leaves is None:
        return None
    if trends is None:
        trends = np.zeros(n_features, np.int8)
    if groups is None:
        groups = np.zeros((0, n_features), bool)
    means: FloatArray = np.empty((0, 1, 256))
    if categorical.any() and not limits.draws_cuts:
        means = category_means(binned, statistics, rows, target.n_outputs)
    subsets = np.zeros((n_nodes if categorical.any() else 0, 4), np.uint64)
    open_groups = np.ones((n_nodes, len(groups)), bool)
    return Extras(
        as_writable(categorical),
        np.cumsum(categorical) - 1,
        means,
        subsets,
        as_writable(trends),
        as_writable(groups),
        open_groups,
    )


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


def _room(target: Target, statistics: Statistics, n_rows: int, limits: Limits) -> Any:
    """Limits as kernels read them, and room to work in."""
    room = np.zeros(1, ROOM)
    steps = statistics.total_steps
    least = int(np.ceil(limits.min_weight_fraction * steps))
    if limits.min_rows_leaf > 1 and not statistics.counts_rows:
        least = max(least, limits.min_rows_leaf)
    decrease = max(limits.min_decrease - _EPSILON, 0.0)
    total = steps * statistics.weight_step
    fields = {
        "criterion": target.criterion,
        "n_outputs": target.n_outputs,
        "n_channels": statistics.n_channels,
        "sums": statistics.is_sums,
        "counts_rows": statistics.counts_rows,
        "refines": statistics.channels is None and not target.n_classes,
        "max_features": limits.max_features,
        "max_depth": _NO_DEPTH if limits.max_depth is None else limits.max_depth,
        "max_leaves": min(limits.max_leaves or 0, n_rows),
        "min_rows_split": limits.min_rows_split,
        "min_rows_leaf": limits.min_rows_leaf,
        "min_weight_leaf": max(least, 1),
        "prior": NODE_PRIOR_ROWS * statistics.row_steps,
        "scale": statistics.scale,
        "min_decrease": decrease * total / statistics.gain_factor,
    }
    for name, value in fields.items():
        room[name] = value
    return room


def _tree(
    binned: BinnedMatrix,
    target: Target,
    rows: UsedRows,
    nodes: Any,
    extras: Extras | None,
    limits: Limits,
) -> Tree:
    """Pack the nodes and compute what leaves predict."""
    leaves = leaves_of(target, rows, nodes)
    words: Any = np.empty(len(nodes), np.uint64)
    n_rows: Any = np.empty(len(nodes), np.int32)
    categorical = binned.binner.is_categorical_
    kernels = kernels_for("trees", "leaves", 0.0)
    edges = as_writable(binned.binner._edges)
    kernels.finish_nodes(nodes, edges, categorical, words, n_rows)
    subset_rows = subsets = None
    if extras is not None and categorical.any():
        is_category = (nodes["feature"] >= 0) & categorical[nodes["feature"]]
        if is_category.any():
            subset_rows = np.cumsum(is_category, dtype=np.int32) - 1
            subsets = extras.subsets[: len(nodes)][is_category]
    values = leaves.values
    if limits.trends is not None:
        values = values.clip(nodes["lower"][:, None], nodes["upper"][:, None])
    return Tree(
        words,
        n_rows,
        leaves.weights,
        values,
        leaves.values,
        leaves.spread,
        subset_rows,
        subsets,
        binned.binner,
        target.n_classes,
        target.n_outputs,
        target.criterion,
    )
