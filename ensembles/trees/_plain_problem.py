"""What a tree is grown from, as its twins in numpy keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.trees._layout import WEIGHT, WEIGHT_BITS

__all__ = ["Limits", "Problem", "amounts_of", "limits_of"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in a `ROOM`; words are two channels: a sum and a weight."""

    criterion: int
    n_outputs: int
    n_channels: int
    sums: bool
    counts_rows: bool
    refines: bool
    draws_cuts: bool
    max_features: int
    max_depth: int
    max_leaves: int
    min_rows_split: int
    min_rows_leaf: int
    min_weight_leaf: int
    min_decrease: float
    words: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """The arguments of a kernel that grows a tree; `amounts` are sums and weights."""

    rows: Any
    channels: Any
    amounts: IntArray
    targets: FloatArray
    order: Any
    nodes: Any
    offsets: list[int]
    steps: Any
    edges: FloatArray
    categorical: Any
    subsets: Any
    trends: Any
    groups: Any
    open_groups: Any
    limits: Limits

    def rows_of(self, node: int) -> Any:
        """Rows of a node, which parting it writes to."""
        record = self.nodes[node]
        return self.order[record["start"] : record["end"]]


def limits_of(room: Any, words: bool) -> Limits:
    """The limits in a record of `ROOM`."""
    names = [name for name in Limits.__annotations__ if name != "words"]
    limits = {name: room[name].item() for name in names}
    if words:
        limits |= {"n_channels": 2, "n_outputs": 1, "sums": True}
    return Limits(**limits, words=words)


def amounts_of(words: Any) -> tuple[Any, Any]:
    """Words come apart, into channels and amounts; what is made of them is ours."""
    apart = np.column_stack([words[:, 0] >> WEIGHT_BITS, words[:, 0] & WEIGHT])
    return np.broadcast_to(np.array([0, 1], np.int32), apart.shape), apart
