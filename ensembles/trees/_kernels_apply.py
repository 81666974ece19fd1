"""Rows sent down a tree, from their codes.

A node is one word: its left child in the high half, then the feature, whether it is
split by categories, whether missing values go left, and the cut, one more in that case.
The right child follows the left one. A leaf is its own left child, and all codes go
left.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.trees._kernels_tools import compiled

__all__ = ["apply_tree"]


@compiled
def apply_tree(
    rows: Any, words: Any, subset_rows: Any, subsets: Any, leaves: Any
) -> None:
    """Write the leaf of each row; `subset_rows` and `subsets` may be None."""
    low, one, wide = uint64(255), uint64(1), uint64((1 << 22) - 1)
    for i in range(uint64(len(rows))):
        node, above = uint64(0), one
        while node != above:
            above = node
            word = words[node]
            code = uint64(rows[i, (word >> uint64(10)) & wide])
            # One more and modulo 256, missing values have the least code.
            at_side = (code + ((word >> uint64(8)) & one)) & low
            goes_right = uint64(at_side > (word & low))
            if subsets is not None:
                by_category = (word >> uint64(9)) & one
                subset = subsets[subset_rows[node] * by_category, code >> uint64(6)]
                is_out = one ^ ((subset >> (code & uint64(63))) & one)
                goes_right = is_out if by_category else goes_right
            node = (word >> uint64(32)) + goes_right
        leaves[i] = int64(node)
