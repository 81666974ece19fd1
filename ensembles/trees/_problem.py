"""What a tree is grown from and in, as kernels and their twins take it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "Extras",
    "Problem",
    "RowTable",
    "Space",
    "Sums",
    "as_writable",
    "room_for_ranges",
]


class RowTable(NamedTuple):
    """Rows by number."""

    codes: Any
    """Row by row, (n_rows, n_features)."""
    columns: Any
    """The same column by column, or (n_features, 0)."""
    targets: Any
    """(n_rows, n_outputs)."""


class Sums(NamedTuple):
    """What rows add to channels, and room for histograms of them."""

    channels: Any
    """That each amount of a row is added to."""
    amounts: Any
    offsets: Any
    """First channel of each output."""
    steps: Any
    """What a step of each output's sums stands for."""
    hist: Any
    totals: Any


class Extras(NamedTuple):
    """What few trees need, for which kernels are compiled a second time."""

    categorical: Any
    """Whether each feature is a category."""
    places: Any
    """Which of `means` is that of each feature."""
    means: Any
    """Of categories over the tree, in its steps, (n_categorical, n_orders, 256)."""
    subsets: Any
    """Bits of the categories that go left, written for each node."""
    trends: Any
    """1, -1, or 0 where a feature has none."""
    groups: Any
    """(n_groups, n_features), which features may meet on a path."""
    open_groups: Any
    """(n_nodes, n_groups), whose features a node may still be split by."""


class Space(NamedTuple):
    """Room that kernels work in; they allocate none."""

    stack: Any
    kept: Any
    aside: Any
    drawn: Any

    @classmethod
    def of(cls, n_rows: int, n_features: int) -> Space:
        """Room to grow a tree on some rows."""
        drawn = np.empty((2, n_features), np.int64)
        drawn[0] = np.arange(n_features)
        stack, kept, aside = (np.empty(n_rows + 1, np.int32) for _ in range(3))
        return cls(stack, kept, aside, drawn)


class Problem(NamedTuple):
    """The arguments of a kernel that grows a tree from ``nodes[0]``."""

    table: RowTable
    words: Any
    """(n_rows, 1); None where there are sums."""
    sums: Sums | None
    extras: Extras | None
    edges: Any
    """Least and largest value of each bin, (n_features, 2, 256)."""
    ranges: Any
    """Room for the ranges of codes that cuts are drawn from; None where all are tried,
    for which kernels are compiled apart."""
    order: Any
    """Rows of the tree; ends up leaf by leaf."""
    nodes: Any
    """Records of `NODE`."""
    rooms: Any
    """One record of `ROOM`."""


def room_for_ranges(n_features: int) -> Any:
    """Room for ranges of codes in a node, a row for eight features, a byte for each.

    These are the least code, the largest, one more than the largest but for missing
    values, and last the number of the node.
    """
    ranges = np.zeros((-(-n_features // 8), 4), np.uint64)
    ranges[:, 3] = ~np.uint64(0)
    return ranges


def as_writable(table: Any) -> Any:
    """The same memory as an array that may be written to; None for None.

    Kernels only read it, but would be compiled again for arrays that are read-only, as
    those are that joblib shares among processes.
    """
    if table is None or table.flags.writeable:
        return table
    interface = dict(table.__array_interface__)
    interface["data"] = (interface["data"][0], False)
    # The holder keeps the memory alive.
    return np.asarray(SimpleNamespace(__array_interface__=interface, holder=table))
