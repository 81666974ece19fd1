"""Twin of `_kernels_cuts` and `_kernels_categories`: splits of one node, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.boosting._newton._layout import (
    CATEGORY_ROWS,
    GRADIENT,
    HESSIAN,
    HESSIAN_BITS,
    HESSIAN_MASK,
    ROUNDING,
    ROWS,
    STRIDE,
    WIDE,
)
from ensembles.trees._layout import MISSING

__all__ = ["sums_of", "try_categories", "try_cuts"]


def sums_of(hists: Any, slot: Any, feature: Any) -> Any:
    """Gradients, hessians and rows of all bins of a feature, (3, 256)."""
    own = hists[slot, feature]
    if len(own) > STRIDE:
        own = own[: 256 * WIDE].reshape(256, WIDE)
        return own[:, [GRADIENT, HESSIAN, ROWS]].T
    words = own[:256]
    return np.stack([words >> HESSIAN_BITS, words & HESSIAN_MASK, np.zeros_like(words)])


def _free_gains(g: Any, h: Any, node: Any, room: Any) -> Any:
    """Gains of splits with these sums on the left, in steps, and how to undo these."""
    h_step, l2 = room["hessian_step"], room["l2"]
    whole = float(node["hessian"]) * h_step + 2.0 * l2
    a = h * h_step + l2
    d = g - a * (float(node["gradient"]) / whole)
    g_all = float(node["gradient"]) * room["gradient_step"]
    h_all = float(node["hessian"]) * h_step
    scale = room["gradient_step"] * room["gradient_step"] * whole
    twice = h_all + 2.0 * l2
    shared = -(g_all * g_all * l2) / ((h_all + l2) * twice)
    if node["depth"] == 0:
        shared = g_all * g_all / twice
    return d * d / (a * (whole - a)), scale, shared


def _values(g: Any, h: Any, node: Any, room: Any) -> Any:
    """Predictions of rows with these sums, inside the bounds of a node."""
    value = -g * room["gradient_step"] / (h * room["hessian_step"] + room["l2"])
    return np.minimum(np.maximum(value, node["lower"]), node["upper"])


def _bounded_gains(g: Any, h: Any, trend: float, node: Any, room: Any) -> Any:
    """Gains of splits with these sums on the left, -1 where a trend forbids them."""
    g_all, h_all = float(node["gradient"]), float(node["hessian"])
    left = _values(g, h, node, room)
    right = _values(g_all - g, h_all - h, node, room)
    gains = (g_all * node["value"] - g * left - (g_all - g) * right) * room[
        "gradient_step"
    ]
    return np.where(trend * (right - left) < 0.0, -1.0, gains)


def _gains(g: Any, h: Any, trend: float, node: Any, room: Any) -> Any:
    """Gains of splits as floats that can be compared, and how to undo the steps."""
    if room["is_bounded"]:
        return _bounded_gains(g, h, trend, node, room), 1.0, 0.0
    return _free_gains(g, h, node, room)


def _keep_if_better(gain: float, cut: int, missing_left: bool, split: Any) -> bool:
    """Note a split if it beats the best so far; whether it does."""
    if not gain > split["gain"]:
        return False
    split["gain"], split["cut"], split["missing_left"] = gain, cut, missing_left
    return True


def _sums_and_rows(
    hists: Any, feature: int, node: Any, split: Any, room: Any
) -> tuple[Any, bool]:
    """Gradients, hessians and rows of all bins, and whether rows are known."""
    sums = sums_of(hists, node["slot"], feature)
    if split["is_counted"]:
        sums[2] = room["rows"]
    return sums, hists.shape[2] > STRIDE or bool(split["is_counted"])


def try_cuts(
    hists: Any, features: Any, feature: int, node: Any, split: Any, room: Any
) -> None:
    """Try all cuts of a feature, with missing values on the right, then on the left."""
    sums, knows_rows = _sums_and_rows(hists, feature, node, split, room)
    n_rows, absent = node["end"] - node["start"], sums[:, MISSING]
    trend = float(features.trends[feature])
    has_missing = bool((absent[:2] != 0).any())
    for aside in [False, True][: 1 + has_missing]:
        n_cuts = features.n_bins[feature] - 1 + (has_missing and not aside)
        left = np.cumsum(sums[:, :n_cuts], axis=1)
        if aside:
            left += absent[:, None]
        g, h, rows = left
        fine_left, fine_right = h >= room["least"], node["hessian"] - h >= room["least"]
        if knows_rows:
            fine_left &= rows >= room["min_rows_leaf"]
            fine_right &= n_rows - rows >= room["min_rows_leaf"]
        first, last = np.count_nonzero(~fine_left), np.count_nonzero(fine_right) - 1
        if first > last:
            continue
        cuts = slice(first, last + 1)
        g, h = g[cuts].astype(np.float64), h[cuts].astype(np.float64)
        gains, scale, shared = _gains(g, h, trend, node, room)
        best = int(np.argmax(gains))
        gain = gains[best] * scale + shared
        _keep_if_better(gain, int(first) + best, aside, split)


def _smoothed_gain(g: float, h: float, node: Any, room: Any) -> float:
    """Gain of a split with these sums on the left, drawn down as by more `l2`."""
    g_all, h_all = float(node["gradient"]), float(node["hessian"])
    scale, step = float(room["gradient_step"]), float(room["hessian_step"])
    l2 = float(room["l2"])
    more = l2 + float(room["category_l2"])
    left, right, whole = g * scale, (g_all - g) * scale, g_all * scale
    gain = left * left / (h * step + more)
    gain += right * right / ((h_all - h) * step + more)
    return gain if node["depth"] == 0 else gain - whole * whole / (h_all * step + l2)


def _subset(codes: Any) -> Any:
    """Bits of codes in four words."""
    words = np.zeros(4, np.uint64)
    for code in codes:
        words[code >> 6] |= np.uint64(1) << np.uint64(code & 63)
    return words


def try_categories(
    hists: Any, features: Any, feature: int, node: Any, split: Any, room: Any
) -> None:
    """Try to send left the first of the order, up to the middle, then the last."""
    sums, knows_rows = _sums_and_rows(hists, feature, node, split, room)
    n_rows, least = node["end"] - node["start"], room["min_rows_leaf"]
    codes = np.r_[np.arange(features.n_bins[feature]), MISSING]
    sums = sums[:, codes]
    rows_of_hessian = float(n_rows) / float(node["hessian"])
    is_large = sums[1].astype(np.float64) * rows_of_hessian >= CATEGORY_ROWS - ROUNDING
    codes, sums = codes[is_large], sums[:, is_large]
    weights = sums[1].astype(np.float64) * room["hessian_step"] + CATEGORY_ROWS
    ranks = sums[0].astype(np.float64) * room["gradient_step"] / weights
    order = np.argsort(ranks, kind="stable")
    n = len(order)
    if n < 2:
        return
    for end in range(2):
        places = order[::-1] if end else order
        left = np.cumsum(sums[:, places[: (n + 1) // 2 - end]], axis=1)
        for i, (g, h, rows) in enumerate(left.T):
            if min(h, node["hessian"] - h) < room["least"]:
                continue
            if knows_rows and min(rows, n_rows - rows) < least:
                continue
            gain = _smoothed_gain(float(g), float(h), node, room)
            if room["is_bounded"]:
                bounded = _bounded_gains(float(g), float(h), 0.0, node, room)
                gain = min(gain, float(bounded))
            if _keep_if_better(gain, -1, False, split):
                split["subset"] = _subset(codes[places[: i + 1]])
