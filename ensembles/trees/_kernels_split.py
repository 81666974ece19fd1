"""The best split so far of a node, and what the ways to find one have in common."""

from __future__ import annotations

from typing import Any

from numba import uint64

from ensembles.trees._kernels_tools import helper

__all__ = [
    "order_by_rank",
    "rank_of",
    "record",
    "record_drawn_subset",
    "record_subset",
]


@helper
def record(
    room: Any, gain: Any, feature: Any, low: Any, high: Any, missing_left: Any
) -> None:
    """Write a split that beats the best so far."""
    room.best_gain, room.feature = gain, feature
    room.low, room.high, room.missing_left = low, high, missing_left


@helper
def record_subset(room: Any, n_left: Any, n_bins: Any, fills: Any) -> None:
    """Write that the first bins go left; those without rows do where it `fills`."""
    for quarter in range(4):
        room.subset[quarter] = ~uint64(0) if fills else uint64(0)
    for p in range(n_bins):
        quarter, bit = room.bins[p] >> 6, uint64(1) << uint64(room.bins[p] & 63)
        if p < n_left:
            room.subset[quarter] |= bit
        else:
            room.subset[quarter] &= ~bit


@helper
def record_drawn_subset(room: Any) -> None:
    """Write that the categories drawn go left."""
    for quarter in range(4):
        room.subset[quarter] = room.drawn_subset[quarter]


@helper
def rank_of(
    s: Any, w: Any, s_all: Any, w_all: Any, step: Any, around: Any, prior: Any
) -> Any:
    """Mean of a category around that of the node, drawn to what it is over the tree.

    There `around` is the category's mean less what such means foretell for the node.
    """
    own = (s - w * (s_all / w_all)) * step
    return (own + prior * around) / (w + prior)


@helper
def order_by_rank(room: Any, n_bins: Any) -> None:
    """Sort bins and their words by ascending rank; equal ones keep their order."""
    ranks, bins, words = room.ranks, room.bins, room.words
    for p in range(1, n_bins):
        rank, code, word = ranks[p], bins[p], words[p]
        q = p
        while q > 0 and ranks[q - 1] > rank:
            ranks[q], bins[q], words[q] = ranks[q - 1], bins[q - 1], words[q - 1]
            q -= 1
        ranks[q], bins[q], words[q] = rank, code, word
