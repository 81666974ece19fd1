"""What a tree of gradients is grown from and in, as kernels and their twins take it."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Features", "Problem", "Rows", "Space"]


class Rows(NamedTuple):
    """Rows by number."""

    columns: Any
    """Codes column by column, (n_features, n_rows)."""
    words: Any
    """What each adds to a bin, (n_rows, 1) packed or (n_rows, 3) wide."""


class Features(NamedTuple):
    """What is known of each feature."""

    n_bins: Any
    categorical: Any
    has_missing: Any
    """Whether any row of the table has no value."""
    trends: Any
    """1, -1, or 0 where there is none."""
    groups: Any
    """(n_groups, n_features), which features may meet on a path; none for all."""
    open_groups: Any
    """(n_nodes, n_groups), whose features a node may still be split by."""


class Space(NamedTuple):
    """Room that kernels work in; they allocate none."""

    hists: Any
    """(n_slots, n_features, STRIDE), three times as wide for wide sums."""
    free: Any
    """Slots that no node has, the next one last."""
    frontier: Any
    """Nodes that can be split."""
    aside: Any
    """Rows on their way to the right."""
    block: Any
    """Words of `BLOCK` rows."""
    drawn: Any
    """Features drawn for a node."""
    splits: Any
    """Records of `SPLIT`, one a feature."""


class Problem(NamedTuple):
    """The arguments of a kernel that grows a tree from ``nodes[0]``."""

    rows: Rows
    features: Features
    space: Space
    order: Any
    """Rows of the tree; ends up leaf by leaf."""
    nodes: Any
    """Records of `NODE`."""
    rooms: Any
    """One record of `ROOM`."""
