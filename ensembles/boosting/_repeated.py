"""Weights that say how often rows are there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import FloatArray

__all__ = ["times_of"]

_MOST_TIMES = 64.0  # of a row, on average


def times_of(weights: FloatArray | None) -> Any:
    """How often each row counts, if weights say that: whole numbers, none much larger.

    Such rows count as repeated rows to the bit. Sums of larger numbers would have few
    bits left for each row.

    Parameters
    ----------
    weights : ndarray of shape (n_rows,) or None
        How much each row counts.

    Returns
    -------
    ndarray of shape (n_rows,), dtype int32, or None
        The weights; None if they say something else.
    """
    if weights is None or weights.sum() > _MOST_TIMES * len(weights):
        return None
    is_whole = (weights == np.floor(weights)).all()
    return weights.astype(np.int32) if is_whole else None
