"""What `_kernels_planes` does, in numpy."""

from __future__ import annotations

from typing import Any

from ensembles.trees._plain_apply import send_down_many

__all__ = ["send_columns_down"]


def send_columns_down(
    columns: Any,
    words: Any,
    roots: Any,
    outputs: Any,
    subset_rows: Any,
    subsets: Any,
    values: Any,
    results: Any,
    rooms: Any,
) -> None:
    """Add what the leaves of many trees predict, each from a column of `results` on."""
    trees = words, roots, outputs, subset_rows, subsets, values
    send_down_many(columns.T, *trees, results, rooms)
