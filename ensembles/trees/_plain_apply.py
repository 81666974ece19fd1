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

__all__ = ["send_down", "send_down_many"]

_WIDE = (1 << (LEFT_PLACE - FEATURE_PLACE)) - 1


def _leaves_of(rows: Any, words: Any, top: Any, subset_rows: Any, subsets: Any) -> Any:
    """Leaf that each row falls into from the node `top` on."""
    leaves = np.full(len(rows), top, np.int64)
    is_leaf = (words >> np.uint64(LEAF_PLACE)) & np.uint64(1) == 1
    moving = np.arange(0 if is_leaf[top] else len(rows))
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
    return leaves


def send_down(
    rows: Any,
    words: Any,
    sided: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    results: Any,
    stamped: Any,
) -> None:
    """Add what leaves predict to `results`, or, without `values`, note the leaves."""
    leaves = _leaves_of(rows, words, 0, subset_rows, subsets)
    if values is None:
        results[:, 0] = leaves
    else:
        results += values[leaves]


def send_down_many(
    rows: Any,
    words: Any,
    roots: Any,
    outputs: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    results: Any,
    stamped: Any,
) -> None:
    """Add what the leaves of many trees predict, each from a column of `results` on."""
    width = values.shape[1]
    for root, output in zip(roots[:-1], outputs, strict=True):
        leaves = _leaves_of(rows, words, root, subset_rows, subsets)
        results[:, output : output + width] += values[leaves]
