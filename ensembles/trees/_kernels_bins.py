"""Values to codes, by a table of where to look and a search from there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import int64

from ensembles.trees._kernels_tools import compiled, helper
from ensembles.trees._layout import MISSING, TABLE

__all__ = ["assign_bins", "bin_values"]

# Rows whose values are in the cache for all features.
_BLOCK = 128


@compiled
def bin_values(
    X: Any,
    cuts: Any,
    tables: Any,
    origins: Any,
    factors: Any,
    rows: Any,
    columns: Any,
) -> None:
    """Write the code of each value: how many of its column's cuts are below it.

    Values in part t of a column's range have at least ``tables[t]`` cuts below them
    and at most ``tables[t + 1]``. After the last cut of a column stands an infinity.
    Either of `rows` and `columns` may have no rows.
    """
    n_rows, n_features = X.shape
    has_rows, has_columns = rows.shape[0] > 0, columns.shape[0] > 0
    for first in range(0, n_rows, _BLOCK):
        end = min(first + _BLOCK, n_rows)
        for j in range(n_features):
            origin, factor = origins[j], factors[j]
            for i in range(first, end):
                value = float(X[i, j])
                code = int64(MISSING)
                if not math.isnan(value):
                    place: Any = (value - origin) * factor
                    # Of an infinity times zero, which is no number, the first part.
                    place = place if place > 0.0 else 0.0
                    part = int64(min(place, TABLE - 1.0))
                    code = int64(tables[j, part])
                    code += int64(value > cuts[j, code])  # free of branches
                    if value > cuts[j, code]:
                        above = int64(tables[j, part + 1])
                        code += 1
                        while code < above:
                            middle = (code + above) >> 1
                            if value > cuts[j, middle]:
                                code = middle + 1
                            else:
                                above = middle
                if has_rows:
                    rows[i, j] = code
                if has_columns:
                    columns[j, i] = code


@helper
def _fair_share(weights: Any, max_bins: Any) -> Any:
    """Weight of a bin, of all values less heavy than it, and their number of bins.

    What is fair to those left may make more of them heavy.
    """
    n_heavy, fair, rest, goes_on = 0, np.inf, 0.0, True
    while goes_on:
        n_above, rest = 0, 0.0
        for weight in weights:
            n_above += weight >= fair
            rest += weight if weight < fair else 0.0
        goes_on = n_above > n_heavy or fair == np.inf
        n_heavy, fair = n_above, rest / max(max_bins - n_above, 1)
    return fair, rest, max_bins - n_heavy


@compiled
def assign_bins(weights: Any, max_bins: Any, is_last: Any) -> None:
    """Mark the last value of each bin, values in order with these weights.

    While bins are left, a value as heavy as a fair share ends one, which it shares at
    most with what came before and is worth less than half a bin. The others share what
    is left of bins and weight.
    """
    fair, rest, n_left = _fair_share(weights, max_bins)
    n, share, n_bins, inside = len(weights), fair, 0, 0.0
    for i in range(n - 1):
        weight, is_heavy = weights[i], weights[i] >= fair
        inside += weight
        if not is_heavy:
            rest -= weight
        next_heavy = weights[i + 1] >= fair
        closes = is_heavy or inside >= share or (next_heavy and inside >= share / 2.0)
        if closes and n_bins < max_bins - 1:
            is_last[i] = True
            n_bins += 1
            inside = 0.0
            if not is_heavy:
                n_left -= 1
                share = rest / max(n_left, 1)
    is_last[n - 1] = True
