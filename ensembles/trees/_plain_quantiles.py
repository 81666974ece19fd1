"""What `_kernels_quantiles` does, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["leaf_quantiles"]

_SLACK = 1e-10


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
    """Write the least target whose share of the weight reaches each level."""
    for i, own in enumerate(leaves):
        nodes = first_nodes + own
        sizes = starts[nodes + 1] - starts[nodes]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        at = np.repeat(starts[nodes], sizes) + within
        touched, places = np.unique(ranks[at], return_inverse=True)
        weights = np.zeros(len(touched))
        np.add.at(weights, places, shares[at])
        # One after the other, as the kernel adds: sums by halves have other bits.
        reached = np.cumsum(weights)
        bounds = (levels - _SLACK) * reached[-1]
        places = np.searchsorted(reached, bounds)
        quantiles[i] = ordered[touched[places]]
