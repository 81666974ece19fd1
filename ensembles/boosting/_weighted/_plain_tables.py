"""Twin of `_kernels_tables`, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["add_tables"]


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
    for j, feature in enumerate(features):
        values = np.asarray(X[:, feature], dtype=np.float64)
        is_known = ~np.isnan(values)
        at = np.searchsorted(cuts[j], values[is_known])
        totals[is_known] += says[j, at]
        totals[~is_known] += missing[j]
