"""What step functions of features say of the values of rows."""

from __future__ import annotations

from typing import Any

from numba import uint64

from ensembles.trees._kernels_tools import compiled, helper
from ensembles.trees._layout import TABLE

__all__ = ["add_tables"]

# Rows that are gone through for one feature after the other.
_BLOCK = 256


@helper
def _cuts_below(value: Any, j: Any, cuts: Any, parts: Any, place: Any) -> Any:
    """How many cuts of a feature are below a value, which is at a place of the range.

    A part of the range rarely has more than one cut.
    """
    # Of an infinity times zero, which is no number, the first part.
    place = place if place > 0.0 else 0.0
    part = uint64(min(place, TABLE - 1.0))
    below = uint64(parts[j, part])
    below += uint64(value > cuts[j, below])  # free of branches
    while value > cuts[j, below]:
        below += uint64(1)
    return below


@compiled
def add_tables(
    X: Any,
    features: Any,
    cuts: Any,
    parts: Any,
    origins: Any,
    factors: Any,
    says: Any,
    missing: Any,
    totals: Any,
) -> None:
    """Add what step functions of features say of the values of rows."""
    first, n_rows, width = uint64(0), uint64(X.shape[0]), uint64(totals.shape[1])
    while first < n_rows:
        last = min(first + uint64(_BLOCK), n_rows)
        for j in range(uint64(len(features))):
            feature, origin, factor = uint64(features[j]), origins[j], factors[j]
            for row in range(first, last):
                value = float(X[row, feature])
                if value != value:
                    for k in range(width):
                        totals[row, k] += missing[j, k]
                    continue
                place = (value - origin) * factor
                below = _cuts_below(value, j, cuts, parts, place)
                for k in range(width):
                    totals[row, k] += says[j, below, k]
        first = last
