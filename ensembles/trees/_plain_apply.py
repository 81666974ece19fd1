"""What `_kernels_apply` does, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.trees._layout import (
    CATEGORY_PLACE,
    FEATURE_PLACE,
    LEAF_PLACE,
    LEFT_PLACE,
    SIDE_PLACE,
)

__all__ = ["send_down"]

_WIDE = (1 << (LEFT_PLACE - FEATURE_PLACE)) - 1


def send_down(
    rows: Any,
    words: Any,
    sided: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    results: Any,
) -> None:
    """Add what leaves predict to `results`, or, without `values`, note the leaves."""
    leaves = np.zeros(len(rows), np.int64)
    is_leaf = (words >> np.uint64(LEAF_PLACE)) & np.uint64(1) == 1
    moving = np.arange(len(rows))
    while len(moving):
        node = leaves[moving]
        word = words[node].astype(np.int64)
        code = rows[moving, (word >> FEATURE_PLACE) & _WIDE].astype(np.int64)
        side = (word >> SIDE_PLACE) & 1
        goes_right = ((code + side) & 255) > (word & 255) + side
        if subsets is not None:
            by_category = np.flatnonzero((word >> CATEGORY_PLACE) & 1)
            own = code[by_category]
            subset = subsets[subset_rows[node[by_category]], own >> 6]
            bits = (subset >> (own & 63).astype(np.uint64)) & np.uint64(1)
            goes_right[by_category] = bits == 0
        below = (word >> LEFT_PLACE) + goes_right
        leaves[moving] = below
        moving = moving[~is_leaf[below]]
    if values is None:
        results[:, 0] = leaves
    else:
        results += values[leaves]
