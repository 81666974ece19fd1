"""What the categories of features mean for a target, over all rows of a tree.

Nodes put categories in order by their means, and few rows of one say little about it.
So what sets a category apart in a node is drawn to what sets it apart, by its mean over
the tree, from the other rows of the node. That is done as in D. Micci-Barreca, "A
preprocessing scheme for high-cardinality categorical attributes in classification and
prediction problems", SIGKDD Explorations 3(1), 27-32, 2001, section 4, where a mean is
drawn to that of a category's parent. An order made from a node's rows alone fits their
noise: it is what makes features of many categories look better than they are.
"""

from __future__ import annotations

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray, IntArray
from ensembles.trees._binned import BinnedMatrix
from ensembles.trees._problem import as_writable
from ensembles.trees._rows import UsedRows
from ensembles.trees._targets import Statistics

__all__ = ["NODE_PRIOR_ROWS", "category_means"]

# So many rows of the mean of all are added to each category over the tree, and so many
# of its mean over the tree in a node: 30 was as good as 10 and 100 or better for trees
# on the sets of `bench_native.py`, but for 100 where words have no effect.
TREE_PRIOR_ROWS, NODE_PRIOR_ROWS = 1.0, 30.0

_SECONDS_PER_AMOUNT = 3e-8  # of the twin


def category_means(
    binned: BinnedMatrix, statistics: Statistics, rows: UsedRows, n_outputs: int
) -> FloatArray:
    """Means of the categories by which their features are put in order.

    Parameters
    ----------
    binned : BinnedMatrix
        Features, some of them categories.
    statistics : Statistics
        What the rows add to sums.
    rows : UsedRows
        Rows of the tree.
    n_outputs : int
        Number of outputs.

    Returns
    -------
    ndarray of shape (n_categorical, n_orders, 256)
        Of each code, one order for each output or class, in the steps of the tree's
        sums. NaN where the tree has no rows.
    """
    n_orders = n_outputs if statistics.is_sums else 1
    if statistics.channels is not None and not statistics.is_sums:
        n_orders = int(statistics.offsets[-1])
    features = np.flatnonzero(binned.binner.is_categorical_).tolist()
    means = np.empty((len(features), n_orders, 256))
    for place, feature in enumerate(features):
        totals = _totals(binned, feature, statistics, rows)
        means[place] = _means(totals, statistics)[:, :n_orders].T
    return means


def _totals(
    binned: BinnedMatrix, feature: int, statistics: Statistics, rows: UsedRows
) -> IntArray:
    """What the rows of each code add up to, (256, n_channels)."""
    amounts, channels = statistics.amounts, statistics.channels
    kernels = kernels_for(
        "trees", "rows", _SECONDS_PER_AMOUNT * len(rows) * amounts.shape[1]
    )
    codes = as_writable(binned.rows)
    if channels is None:
        totals = np.zeros((256, 2), np.int64)
        kernels.add_words_by_code(codes, feature, amounts, rows.order, totals)
    else:
        totals = np.zeros((256, statistics.n_channels), np.int64)
        kernels.add_sums_by_code(codes, feature, channels, amounts, rows.order, totals)
    return totals


def _means(totals: IntArray, statistics: Statistics) -> FloatArray:
    """Means of each channel, (256, n_channels)."""
    if statistics.channels is None:
        weights = totals[:, 1]
    elif statistics.is_sums:
        weights = totals[:, -2 if statistics.counts_rows else -1]
    else:
        weights = totals[:, : statistics.offsets[1]].sum(axis=1)
    prior = TREE_PRIOR_ROWS * statistics.row_steps
    sums = totals + prior * (totals.sum(axis=0) / weights.sum())
    means = sums / (weights + prior)[:, None]
    means[weights == 0] = np.nan
    return np.asarray(means)
