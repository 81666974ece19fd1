"""What `_kernels_bins` does, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import BoolArray, FloatArray
from ensembles.trees._layout import MISSING

__all__ = ["assign_bins", "bin_values"]


def bin_values(
    X: FloatArray,
    cuts: FloatArray,
    tables: Any,
    origins: Any,
    factors: Any,
    rows: Any,
    columns: Any,
) -> None:
    """Write the code of each value: how many of its column's cuts are below it."""
    for j in range(X.shape[1]):
        n_cuts = tables[j, -1]
        codes = np.searchsorted(cuts[j, :n_cuts], X[:, j].astype(np.float64))
        codes = np.where(np.isnan(X[:, j]), MISSING, codes)
        if len(rows):
            rows[:, j] = codes
        if len(columns):
            columns[j] = codes


def _fair_share(weights: list[float], max_bins: int) -> tuple[float, float, int]:
    """Weight of a bin, of all values less heavy than it, and their number of bins."""
    n_heavy, fair, rest, goes_on = 0, np.inf, 0.0, True
    while goes_on:
        n_above, rest = 0, 0.0
        for weight in weights:
            n_above += weight >= fair
            rest += weight if weight < fair else 0.0
        goes_on = n_above > n_heavy or fair == np.inf
        n_heavy, fair = n_above, rest / max(max_bins - n_above, 1)
    return fair, rest, max_bins - n_heavy


def assign_bins(weights: FloatArray, max_bins: int, is_last: BoolArray) -> None:
    """Mark the last value of each bin, values in order with these weights."""
    listed = weights.tolist()
    fair, rest, n_left = _fair_share(listed, max_bins)
    share, n_bins, inside = fair, 0, 0.0
    for i, weight in enumerate(listed[:-1]):
        is_heavy = weight >= fair
        inside += weight
        if not is_heavy:
            rest -= weight
        next_heavy = listed[i + 1] >= fair
        closes = is_heavy or inside >= share or (next_heavy and inside >= share / 2.0)
        if closes and n_bins < max_bins - 1:
            is_last[i] = True
            n_bins += 1
            inside = 0.0
            if not is_heavy:
                n_left -= 1
                share = rest / max(n_left, 1)
    is_last[-1] = True
