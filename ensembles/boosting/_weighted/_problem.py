"""What trees of weights are grown from and in, as kernels and their twins take it."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Problem", "Rows", "Space"]


class Rows(NamedTuple):
    """Rows by number."""

    codes: Any
    """Row by row, filled up to whole words of eight, (n_rows, 8 * n_words)."""
    columns: Any
    """Column by column, (n_features, n_rows)."""
    classes: Any
    """Number of each row's class."""
    weights: Any
    """In steps, as floats; zero for rows that are not used."""
    times: Any
    """How often each row counts; without entries, once."""
    used: Any
    """Rows with a weight, in ascending order."""
    is_wrong: Any
    """Whether the last tree gets a row wrong."""


class Space(NamedTuple):
    """Room that kernels work in; they allocate none."""

    hists: Any
    """(n_slots, n_features, n_classes * STRIDE); slot 0 holds those of all rows."""
    free: Any
    """Slots that no node has, the next one last."""
    stack: Any
    """Nodes that are still to be looked at."""
    order: Any
    """Rows with a weight, parted as far as nodes below them are to be split."""
    aside: Any
    """Rows on their way to the right."""
    block: Any
    """Some rows, what they add, and where the histograms of their classes begin."""


class Problem(NamedTuple):
    """The arguments of a kernel that grows a tree from ``nodes[0]``, or weighs rows."""

    rows: Rows
    n_bins: Any
    """Of each feature."""
    edges: Any
    """Least and largest value of each bin, (n_features, 2, 256)."""
    space: Space
    nodes: Any
    """Records of `NODE`."""
    totals: Any
    """Weight of each class in each node, in steps."""
    words: Any
    """What rows are sent down by, written for each node."""
    rooms: Any
    """One record of `ROOM`."""
