"""What a tree is grown from, as its twins in numpy keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.trees._layout import WEIGHT, WEIGHT_BITS
from ensembles.trees._problem import Problem

__all__ = ["Limits", "PlainProblem"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in a `ROOM`; words are two channels: a sum and a weight."""

    criterion: int
    n_outputs: int
    n_channels: int
    sums: bool
    counts_rows: bool
    refines: bool
    max_features: int
    max_depth: int
    max_leaves: int
    min_rows_split: int
    min_rows_leaf: int
    min_weight_leaf: int
    min_decrease: float
    prior: float
    scale: float
    words: bool


@dataclass(frozen=True, slots=True)
class PlainProblem:
    """A `Problem` with one way to keep sums: words came apart into channels."""

    rows: Any
    channels: Any
    amounts: IntArray
    targets: FloatArray
    order: Any
    nodes: Any
    offsets: list[int]
    steps: Any
    edges: FloatArray
    draws_cuts: bool
    categorical: Any
    places: Any
    means: Any
    subsets: Any
    trends: Any
    groups: Any
    open_groups: Any
    limits: Limits

    @classmethod
    def of(cls, problem: Problem) -> PlainProblem:
        """The same problem as twins keep it."""
        (codes, _, targets), words, sums, extras, edges, ranges, *others = problem
        order, nodes, rooms = others
        offsets, steps = list[int](), None
        if sums is None:
            channels, amounts = _apart(words)
        else:
            channels, amounts, offsets, steps, _, _ = sums
        categorical, places, means, subsets, trends, groups, open_groups = extras or (
            (None,) * 7
        )
        if groups is not None and not len(groups):
            groups = open_groups = None
        return cls(
            codes, channels, amounts, targets, order, nodes, list(offsets), steps,
            edges, ranges is not None, categorical, places, means, subsets, trends,
            groups, open_groups, _limits_of(rooms[0], words=words is not None),
        )  # fmt: skip

    def rows_of(self, node: int) -> Any:
        """Rows of a node, which parting it writes to."""
        record = self.nodes[node]
        return self.order[record["start"] : record["end"]]


def _limits_of(room: Any, words: bool) -> Limits:
    """The limits in a record of `ROOM`."""
    names = [name for name in Limits.__annotations__ if name != "words"]
    limits = {name: room[name].item() for name in names}
    if words:
        limits |= {"n_channels": 2, "n_outputs": 1, "sums": True}
    return Limits(**limits, words=words)


def _apart(words: Any) -> tuple[Any, Any]:
    """Words come apart, into channels and amounts; what is made of them is ours."""
    apart = np.column_stack([words[:, 0] >> WEIGHT_BITS, words[:, 0] & WEIGHT])
    return np.broadcast_to(np.array([0, 1], np.int32), apart.shape), apart
