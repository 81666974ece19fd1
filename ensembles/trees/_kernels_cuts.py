"""Where cuts lie: between two bins, or drawn as in extremely randomized trees.

One that is drawn is uniform between the least and the largest value in the node, as in
P. Geurts, D. Ernst & L. Wehenkel, "Extremely randomized trees", Machine Learning 63,
3-42, 2006. Of categories, each goes left with probability one half. Missing values go
to a side that is drawn. What is drawn follows from a node's key and the feature, so the
order in which features are tried changes nothing.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles._random import GOLDEN
from ensembles.resampling._kernels_words import word_of
from ensembles.trees._kernels_tools import helper
from ensembles.trees._layout import MISSING

__all__ = [
    "change_side",
    "cut_between",
    "draw_cut",
    "draw_side",
    "draw_subset",
    "in_subset",
]


@helper
def _word_of_feature(key: Any, feature: Any) -> Any:
    """A word of each feature, and the state of its stream."""
    return word_of(key ^ (uint64(feature + 1) * GOLDEN))


@helper
def _draw_value(key: Any, feature: Any, low: Any, high: Any, edges: Any) -> Any:
    """A value between those of the least and the largest bin with rows."""
    u = float(_word_of_feature(key, feature) >> uint64(11)) * 2.0**-53
    # A difference could be infinite.
    return edges[feature, 0, low] * (1.0 - u) + edges[feature, 1, high] * u


@helper
def _cut_at(value: Any, feature: Any, low: Any, high: Any, edges: Any) -> Any:
    """The last bin, before `high`, whose values are not above this one; or `low`."""
    n_below, f, one = uint64(0), uint64(feature), uint64(1)
    # As many steps for any range: a branch less that no processor could foretell.
    for k in range(uint64(8)):
        half = uint64(128) >> k
        n_below += half * uint64(edges[f, one, n_below + half - one] <= value)
    return max(low, min(high, int64(n_below)) - 1)


@helper
def draw_cut(key: Any, feature: Any, low: Any, high: Any, edges: Any) -> Any:
    """The last bin that goes left of a value drawn between two bins with rows."""
    value = _draw_value(key, feature, low, high, edges)
    return _cut_at(value, feature, low, high, edges)


@helper
def cut_between(feature: Any, low: Any, high: Any, edges: Any) -> Any:
    """The last bin on the left of the middle between the values of two bins."""
    if high == MISSING:
        return int64(MISSING - 1)
    middle = edges[feature, 1, low] / 2.0 + edges[feature, 0, high] / 2.0
    return _cut_at(middle, feature, low, high, edges)


@helper
def draw_side(key: Any, feature: Any, low: Any, high: Any, absent: Any) -> Any:
    """Whether missing values go left; -1 if there are none, 0 beside a single bin."""
    side = int64(-1)
    if absent:
        # Its value is drawn by the other bits of this word.
        side = (
            int64(_word_of_feature(key, feature) & uint64(1))
            if low < high
            else int64(0)
        )
    return side


@helper
def draw_subset(key: Any, feature: Any, room: Any) -> None:
    """Write the bits of categories that go left."""
    state = _word_of_feature(key, feature)
    for quarter in range(4):
        state += GOLDEN
        room.drawn_subset[quarter] = word_of(state)


@helper
def change_side(room: Any, code: Any) -> None:
    """Put a category on the other side, as the lowest where one side had none."""
    room.drawn_subset[code >> 6] ^= uint64(1) << uint64(code & 63)


@helper
def in_subset(room: Any, code: Any) -> Any:
    """One where a category goes left, else zero."""
    return int64((room.drawn_subset[code >> 6] >> uint64(code & 63)) & uint64(1))
