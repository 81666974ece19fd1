"""The kernels of `_kernels` once more, in plain numpy: what they mean, and their check.

Slow; nothing but the tests calls it.
"""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._kernels_plain import Stream

__all__ = ["add_poisson"]


def add_poisson(
    keys: KeyArray,
    first_row: int,
    thresholds: IntArray,
    columns: FloatArray,
    sums: FloatArray,
) -> None:
    """Add the sums of columns over rows that stand as often as Poisson counts say."""
    for key, row in zip(keys, sums, strict=True):
        stream = Stream(key, first_row)
        words = [stream.word() >> 11 for _ in range(columns.shape[1])]
        counts = np.searchsorted(thresholds, words, side="right")
        terms = np.concatenate([row[:, None], counts * columns], axis=1)
        row[:] = np.add.accumulate(terms, axis=1)[:, -1]
