"""Twin of `_kernels_cuts`, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.boosting._weighted._layout import ERROR, MISSING, STRIDE

__all__ = ["try_feature"]


def _gini_gains(left: Any, right: Any, s_left: Any, totals: Any, total: int) -> Any:
    """What each cut brings by Gini impurity, over the weight and a factor."""
    w, brought = float(total), np.zeros(len(left))
    for k in range(int(len(totals) == 2), len(totals)):
        d = s_left[k].astype(np.float64) * w - left * float(totals[k])
        brought += d * d
    with np.errstate(divide="ignore", invalid="ignore"):  # sides without rows
        return np.asarray(brought / (left * right))


def _error_gains(s_left: Any, totals: Any) -> Any:
    """How many steps less leaves get wrong after each cut; -1 for none."""
    best = s_left.max(axis=0) + (totals[:, None] - s_left).max(axis=0) - totals.max()
    return np.where(best > 0, best, -1)


def try_feature(
    hists: Any, feature: int, n_bins: int, totals: Any, total: int, node: Any, room: Any
) -> None:
    """Note the first best cut of a feature if it gains more than those before."""
    sums = hists[node["slot"], feature].reshape(-1, STRIDE)
    absent = sums[:, MISSING]
    has_missing = bool(absent.any())
    for side in range(1 + has_missing):
        n = int(n_bins) - 1 + (has_missing and side == 0)
        if n == 0:
            continue
        s_left = np.cumsum(sums[:, :n], axis=1) + side * absent[:, None]
        below = s_left.sum(axis=0)
        is_allowed = (below > side * absent.sum()) & (below < total)
        if not is_allowed.any():
            continue
        if room["criterion"] == ERROR:
            gains = _error_gains(s_left, totals)
        else:
            left, right = below.astype(np.float64), (total - below).astype(np.float64)
            gains = _gini_gains(left, right, s_left, totals, total)
        gains = np.where(is_allowed, gains, -1)
        b = int(np.argmax(gains))
        if gains[b] >= 0 and gains[b] > node["gain"]:
            node["gain"], node["feature"], node["low"] = gains[b], feature, b
            above = np.flatnonzero(sums[:, b + 1 : n_bins].any(axis=0))
            node["high"] = b + 1 + above[0] if len(above) else MISSING
            node["missing_left"] = side if has_missing else -1
