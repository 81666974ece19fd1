"""The kernels of `_kernels` once more, in plain numpy: what they mean, and their check.

Slow; nothing but the tests calls it.
"""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._kernels_plain import Stream
from ensembles.resampling._plan import BLOCK, DrawPlan

__all__ = ["add_poisson", "count_parts"]


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


def count_parts(plan: DrawPlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how many draws fall on each block of a plan of one stratum."""
    n_blocks, n_draws = len(plan.edges) - 1, int(plan.n_draws[0])
    for key, row in zip(keys, counts, strict=True):
        stream = Stream(key)
        row[:] = n_draws
        while n_blocks > 1 and row.sum() > n_draws:
            row[:] = [stream.poisson(plan, plan.full_table[0]) for _ in row]
        for _ in range(n_draws - row.sum()):
            row[stream.below(BLOCK * n_blocks) // BLOCK] += 1
