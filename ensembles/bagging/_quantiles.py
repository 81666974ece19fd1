"""Quantile regression forests: the training rows that leaves hold, kept by rank.

N. Meinshausen, "Quantile regression forests", Journal of Machine Learning Research 7,
983-999, 2006, equations 4 to 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from ensembles._engine import kernels_for
from ensembles._parallel import map_members
from ensembles._typing import FloatArray, IntArray
from ensembles.trees import BinnedMatrix
from ensembles.trees._tree import Tree

__all__ = ["LeafRows", "TrainingRows"]

# Of the twin, for a row and a tree.
_SECONDS_PER_LEAF = 1e-6
_BLOCK_ROWS = 4096


@final
@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What a forest learned from, as far as quantiles need it."""

    binned: BinnedMatrix
    """Codes by rows."""
    y: FloatArray
    """Targets, (n_samples, n_outputs)."""
    row_weights: FloatArray | None
    """Weights of the user's that multiplied those drawn."""


@final
@dataclass(frozen=True, slots=True)
class LeafRows:
    """Training rows of all leaves of all trees, by the ranks of their targets."""

    starts: IntArray
    """Where each leaf begins, for all nodes of all trees, and the end."""
    rows: IntArray
    shares: FloatArray
    """Share of each row in the weight of its leaf."""
    first_nodes: IntArray
    """Number of the first node of each tree."""

    @classmethod
    def of(
        cls,
        training: TrainingRows,
        trees: Sequence[Tree],
        weights: Sequence[Any],
        n_jobs: int | None,
    ) -> LeafRows:
        """Send the training rows down the trees.

        Parameters
        ----------
        training : TrainingRows
            What the trees learned from.
        trees : sequence of Tree
            All of them.
        weights : sequence of callable
            For each tree, returns the weights of rows that it was grown with.
        n_jobs : int or None
            Number of workers.

        Returns
        -------
        LeafRows
            Two numbers for each tree and row in it.
        """
        tasks = list(zip(trees, weights, strict=True))
        one = partial(_rows_of_leaves, training)
        parts = list(map_members(one, tasks, n_jobs=n_jobs, prefer="threads"))
        sizes = np.concatenate([sizes for sizes, _, _ in parts])
        counts = [tree.node_count for tree in trees]
        return cls(
            starts=np.cumsum(np.r_[0, sizes]),
            rows=np.concatenate([rows for _, rows, _ in parts]),
            shares=np.concatenate([shares for _, _, shares in parts]),
            first_nodes=np.cumsum([0, *counts[:-1]]),
        )

    def quantiles(
        self,
        y: FloatArray,
        leaves: IntArray,
        levels: FloatArray,
        n_jobs: int | None,
    ) -> FloatArray:
        """Quantiles of one output for rows that fell into these leaves.

        Parameters
        ----------
        y : ndarray of shape (n_training_rows,)
            Targets.
        leaves : ndarray of shape (n_rows, n_trees)
            Numbers of leaves.
        levels : ndarray of shape (n_levels,)
            In any order.
        n_jobs : int or None
            Number of workers.

        Returns
        -------
        ndarray of shape (n_rows, n_levels)
            In the order of `levels`.
        """
        by_value = np.argsort(y, kind="stable")
        ranks = np.empty(len(y), np.int32)
        ranks[by_value] = np.arange(len(y))
        rising = np.argsort(levels, kind="stable")
        one = partial(
            _quantiles_of_block,
            starts=self.starts,
            ranks=ranks[self.rows],
            shares=self.shares,
            first_nodes=self.first_nodes,
            ordered=np.ascontiguousarray(y[by_value]),
            levels=np.ascontiguousarray(levels[rising]),
        )
        firsts = range(0, len(leaves), _BLOCK_ROWS)
        blocks = [(leaves[first : first + _BLOCK_ROWS],) for first in firsts]
        parts = map_members(one, blocks, n_jobs=n_jobs, prefer="threads")
        quantiles = np.empty((len(leaves), len(levels)))
        quantiles[:, rising] = np.concatenate(list(parts))
        return quantiles


def _quantiles_of_block(leaves: IntArray, **shared: Any) -> FloatArray:
    """Quantiles, at levels that rise, of rows in these leaves."""
    quantiles = np.empty((len(leaves), len(shared["levels"])))
    kernels = kernels_for("trees", "quantiles", _SECONDS_PER_LEAF * leaves.size)
    kernels.leaf_quantiles(leaves, *shared.values(), quantiles)
    return quantiles


def _rows_of_leaves(
    training: TrainingRows, tree: Tree, weights: Any
) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows in each node, the rows leaf by leaf, and their shares of the weight."""
    w = weights()
    rows = np.flatnonzero(w)
    leaves = tree.leaves_of(training.binned.rows[rows])
    by_leaf = np.argsort(leaves, kind="stable")
    rows, leaves = rows[by_leaf], leaves[by_leaf]
    totals = np.bincount(leaves, w[rows], tree.node_count)
    sizes = np.bincount(leaves, minlength=tree.node_count)
    return sizes, rows.astype(np.int32), w[rows] / totals[leaves]
