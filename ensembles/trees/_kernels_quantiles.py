"""Quantiles of the rows that share leaves with a row, over all trees."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.trees._kernels_tools import allocating

__all__ = ["leaf_quantiles"]

# Sums of many shares miss a bound that they are meant to reach by less than this.
_SLACK = 1e-10


@allocating
def leaf_quantiles(
    leaves: Any,
    starts: Any,
    ranks: Any,
    shares: Any,
    first_nodes: Any,
    ordered: Any,
    levels: Any,
    quantiles: Any,
) -> None:
    """Write the least target whose share of the weight reaches each level.

    Leaf l of tree t holds the training rows whose ranks are ``ranks[starts[f + l] :
    starts[f + l + 1]]`` with f = ``first_nodes[t]``, and whose shares of the leaf's
    weight stand at the same places. `ordered` are the targets by rank, `levels` rise.
    """
    weight_of = np.zeros(len(ordered))
    touched = np.empty(len(ordered), np.int32)
    n_trees, n_levels = leaves.shape[1], len(levels)
    for i in range(len(leaves)):
        n_touched, total = 0, 0.0
        for t in range(n_trees):
            node = first_nodes[t] + leaves[i, t]
            for at in range(starts[node], starts[node + 1]):
                rank = ranks[at]
                if weight_of[rank] == 0.0:
                    touched[n_touched] = rank
                    n_touched += 1
                weight_of[rank] += shares[at]
        touched[:n_touched].sort()
        reached, k = 0.0, 0
        for j in range(n_touched):
            total += weight_of[touched[j]]
        for j in range(n_touched):
            reached += weight_of[touched[j]]
            weight_of[touched[j]] = 0.0
            while k < n_levels and reached >= (levels[k] - _SLACK) * total:
                quantiles[i, k] = ordered[touched[j]]
                k += 1
