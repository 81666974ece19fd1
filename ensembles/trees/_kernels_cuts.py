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

__all__ = ["cut_at", "draw_side", "draw_subset", "draw_value", "in_subset"]


@helper
def _stream_of(key: Any, feature: Any) -> Any:
    """State of the stream of a feature."""
    return word_of(key ^ (uint64(feature + 1) * GOLDEN))


@helper
def draw_value(key: Any, feature: Any, low: Any, high: Any, edges: Any) -> Any:
    """A value between those of the least and the largest bin with rows.

    Bins below `high` whose values it reaches go left, and `low` always.
    """
    _, u = uniform(_stream_of(key, feature))
    # A difference could be infinite.
    return edges[feature, low, 0] * (1.0 - u) + edges[feature, high, 1] * u


@helper
def cut_at(value: Any, feature: Any, low: Any, high: Any, edges: Any) -> Any:
    """The last bin that goes left, at `low` or later and before `high`."""
    below, n_bins = low, high - low
    while n_bins > 1:  # without a branch, which no processor could foretell
        half = n_bins >> 1
        below += half * int64(edges[feature, below + half, 1] <= value)
        n_bins -= half
    return below


@helper
def draw_side(key: Any, feature: Any, low: Any, high: Any, absent: Any) -> Any:
    """Whether missing values go left; -1 if there are none, 0 beside a single bin."""
    side = int64(-1)
    if absent:
        state = _stream_of(key, feature) + GOLDEN
        side = int64(word_of(state + GOLDEN) >> uint64(63)) if low < high else int64(0)
    return side


@helper
def draw_subset(key: Any, feature: Any, n_bins: Any, room: Any) -> None:
    """Write the bits of categories that go left.

    Where one side had none of the node's, the lowest of them changes sides.
    """
    state, n_left = _stream_of(key, feature), 0
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
