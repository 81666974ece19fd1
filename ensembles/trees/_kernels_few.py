"""Splits of a few rows: each is compared with each, which needs no histogram.

Most nodes of a full tree have a few rows, and there it is not sums that take time but
branches that no processor can foretell. Here are none but one for each feature.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.resampling._kernels_words import uniform
from ensembles.trees._kernels_criteria import square_gain
from ensembles.trees._kernels_cuts import draw_cut, stream_of
from ensembles.trees._kernels_split import record
from ensembles.trees._kernels_tools import helper, inlined
from ensembles.trees._layout import MISSING, WEIGHT, WEIGHT_BITS

__all__ = ["try_few"]


@helper
def _gain(left: Any, s: Any, w: Any, least: Any) -> Any:
    """Gain of a split with a word on its left; -1 where a side is too light."""
    s_left, w_left = float(left >> WEIGHT_BITS), float(left & WEIGHT)
    gain = square_gain(s_left, w_left, s, w)
    return gain if min(w_left, w - w_left) >= least else -1.0


@helper
def _try_all_cuts(feature: Any, n_rows: Any, s: Any, w: Any, room: Any) -> None:
    """Try a cut above each row's code; of equal ones the lowest is taken."""
    best, cut, least = -1.0, int64(MISSING), float(room.min_weight_leaf)
    for i in range(n_rows):
        code, left = room.bins[i], int64(0)
        for k in range(n_rows):
            left += room.words[k] if room.bins[k] <= code else 0
        gain = _gain(left, s, w, least)
        is_better = gain > best or (gain == best and code < cut)
        best, cut = gain if is_better else best, code if is_better else cut
    if best > room.best_gain:
        above = int64(MISSING)
        for i in range(n_rows):
            code = room.bins[i]
            above = min(above, code if code > cut else int64(MISSING))
        record(room, best, feature, cut, above, int64(-1))


@inlined
def _try_drawn_cut(
    feature: Any,
    n_rows: Any,
    low: Any,
    high: Any,
    s: Any,
    w: Any,
    edges: Any,
    key: Any,
    room: Any,
) -> None:
    """Try a cut that is drawn; its bin is looked for only where it is the best."""
    _, u = uniform(stream_of(key, feature))
    value = edges[feature, low, 0] * (1.0 - u) + edges[feature, high, 1] * u
    left = int64(0)
    for i in range(n_rows):
        code = room.bins[i]
        goes = code == low or (code < high and edges[feature, code, 1] <= value)
        left += room.words[i] if goes else 0
    gain = _gain(left, s, w, float(room.min_weight_leaf))
    if gain > room.best_gain:
        cut, _ = draw_cut(key, feature, low, high, high == MISSING, edges)
        record(room, gain, feature, cut, cut, int64(-1))


@inlined
def try_few(
    codes: Any,
    words: Any,
    order: Any,
    start: Any,
    end: Any,
    feature: Any,
    edges: Any,
    key: Any,
    room: Any,
) -> Any:
    """Whether a feature varies; -1 where a value is missing and nothing was tried."""
    f, n_rows, total = uint64(feature), uint64(end - start), int64(0)
    low, high = int64(MISSING), int64(0)
    for i in range(n_rows):
        row = uint64(order[uint64(start) + i])
        word, code = words[row, 0], int64(codes[row, f])
        room.words[i], room.bins[i] = word, code
        low, high, total = min(low, code), max(high, code), total + word
    varies = int64(1 if low < high else 0)
    if varies == 1 and high == MISSING:
        varies = int64(-1)
    if varies == 1:
        s, w = float(total >> WEIGHT_BITS), float(total & WEIGHT)
        if room.draws_cuts:
            _try_drawn_cut(feature, n_rows, low, high, s, w, edges, key, room)
        else:
            _try_all_cuts(feature, n_rows, s, w, room)
    return varies
