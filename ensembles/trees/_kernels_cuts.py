"""One split drawn for each feature: extremely randomized trees.

A cut is uniform between the least and the largest value in the node, as in P. Geurts,
D. Ernst & L. Wehenkel, "Extremely randomized trees", Machine Learning 63, 3-42, 2006.
Of categories, each goes left with probability one half. Missing values go to a side
that is drawn. What is drawn follows from a node's key and the feature, so the order in
which features are tried changes nothing.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles._random import GOLDEN
from ensembles.resampling._kernels_words import uniform, word_of
from ensembles.trees._kernels_tools import helper

__all__ = ["draw_cut", "draw_subset", "in_subset", "stream_of"]


@helper
def stream_of(key: Any, feature: Any) -> Any:
    """State of the stream of a feature."""
    return word_of(key ^ (uint64(feature + 1) * GOLDEN))


@helper
def draw_cut(
    key: Any, feature: Any, low: Any, high: Any, absent: Any, edges: Any
) -> Any:
    """The last bin on the left of a value drawn, and the side of missing values.

    `low` and `high` are the least and largest bin with rows. The side is -1 where no
    value is missing, and the right one where all others are in one bin.
    """
    state, u = uniform(stream_of(key, feature))
    least, largest = edges[feature, low, 0], edges[feature, high, 1]
    value = least * (1.0 - u) + largest * u  # a difference could be infinite
    below, above = low, high  # the cut is at `below` or later, and before `above`
    while above - below > 1:
        middle = (below + above) >> 1
        if edges[feature, middle, 1] <= value:
            below = middle
        else:
            above = middle
    side = -1
    if absent:
        side = int64(word_of(state + GOLDEN) >> uint64(63)) if low < high else 0
    return below, side


@helper
def draw_subset(key: Any, feature: Any, n_bins: Any, room: Any) -> None:
    """Write the bits of categories that go left.

    Where one side had none of the node's, the lowest of them changes sides.
    """
    state, n_left = stream_of(key, feature), 0
    for quarter in range(4):
        state += GOLDEN
        room.drawn_subset[quarter] = word_of(state)
    for p in range(n_bins):
        n_left += in_subset(room, room.bins[p])
    if n_left == 0 or n_left == n_bins:
        lowest = room.bins[0]
        room.drawn_subset[lowest >> 6] ^= uint64(1) << uint64(lowest & 63)


@helper
def in_subset(room: Any, code: Any) -> Any:
    """One where a category goes left, else zero."""
    return int64((room.drawn_subset[code >> 6] >> uint64(code & 63)) & uint64(1))
