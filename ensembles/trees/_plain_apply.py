"""What `_kernels_apply` does, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["apply_tree"]


def apply_tree(
    rows: Any, words: Any, subset_rows: Any, subsets: Any, leaves: Any
) -> None:
    """Write the leaf of each row; `subset_rows` and `subsets` may be None."""
    moving, node = np.arange(len(rows)), np.zeros(len(rows), np.int64)
    while len(moving):
        word = words[node].astype(np.int64)
        code = rows[moving, (word >> 10) & ((1 << 22) - 1)].astype(np.int64)
        goes_right = ((code + ((word >> 8) & 1)) & 255) > (word & 255)
        if subsets is not None:
            by_category = np.flatnonzero((word >> 9) & 1)
            own = code[by_category]
            subset = subsets[subset_rows[node[by_category]], own >> 6]
            bits = (subset >> (own & 63).astype(np.uint64)) & np.uint64(1)
            goes_right[by_category] = bits == 0
        below = (word >> 32) + goes_right
        leaves[moving] = below
        moves = below != node
        moving, node = moving[moves], below[moves]
