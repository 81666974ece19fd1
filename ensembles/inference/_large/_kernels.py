"""Compiled draws for streams and subsets, which store no weights of all rows.

The count of a row in a replicate is that of `count_poisson` in `resampling`: a word of
the replicate's stream at the number of the row. Sums are added up row after row, every
replicate and column for itself and without reordering, so that their bits do not depend
on how rows are cut into batches.

`_kernels_plain` holds a twin of each kernel. This module is imported when the first
kernel is needed, since importing numba takes time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles._random import GOLDEN
from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._kernels_words import compiled, word_of
from ensembles.resampling._plan import BLOCK, TILE

__all__ = ["add_poisson"]


@compiled
def _draw_counts(
    state: Any, thresholds: IntArray, words: IntArray, counts: FloatArray
) -> None:
    """Write the counts of consecutive rows, the first of which has this state."""
    for k in range(len(words)):
        words[k] = int64(word_of(state + uint64(k) * GOLDEN) >> uint64(11))
    t0, t1, t2 = thresholds[0], thresholds[1], thresholds[2]
    t3, t4, t5 = thresholds[3], thresholds[4], thresholds[5]
    n_high = 0
    # Six comparisons without a branch settle all but 6 rows in 10,000.
    for k in range(len(words)):
        u = words[k]
        counts[k] = (
            int64(u >= t0)
            + int64(u >= t1)
            + int64(u >= t2)
            + int64(u >= t3)
            + int64(u >= t4)
            + int64(u >= t5)
        )
        n_high += int64(u >= t5)
    if n_high:
        for k in range(len(words)):
            count = int64(counts[k])
            while words[k] >= thresholds[count]:
                count += 1
            counts[k] = count


@compiled
def add_poisson(
    keys: KeyArray,
    first_row: Any,
    thresholds: IntArray,
    columns: FloatArray,
    sums: FloatArray,
) -> None:
    """Add the sums of columns over rows that stand as often as Poisson counts say.

    `columns` has shape (n_columns, n_rows) and `sums` (n_replicates, n_columns);
    `first_row` is a uint64. A row whose word is u has the count k where
    ``u >> 11`` lies from ``thresholds[k - 1]`` to ``thresholds[k]``. Four replicates
    share each read of a block of columns.
    """
    words = np.empty(BLOCK, np.int64)
    weights = np.zeros((TILE, BLOCK))
    tile = np.zeros((TILE, len(columns)))
    for start in range(0, columns.shape[1], BLOCK):
        size = min(BLOCK, columns.shape[1] - start)
        for i in range(0, len(keys), TILE):
            n_here = min(TILE, len(keys) - i)
            tile[:n_here] = sums[i : i + n_here]
            for r in range(n_here):
                state = keys[i + r] + (first_row + uint64(start + 1)) * GOLDEN
                _draw_counts(state, thresholds, words[:size], weights[r, :size])
            _add_in_order(weights[:, :size], columns[:, start : start + size], tile)
            sums[i : i + n_here] = tile[:n_here]


@compiled
def _add_in_order(weights: FloatArray, columns: FloatArray, sums: FloatArray) -> None:
    for j in range(len(columns)):
        s0, s1, s2, s3 = sums[0, j], sums[1, j], sums[2, j], sums[3, j]
        for k in range(weights.shape[1]):
            value = columns[j, k]
            s0 += weights[0, k] * value
            s1 += weights[1, k] * value
            s2 += weights[2, k] * value
            s3 += weights[3, k] * value
        sums[0, j], sums[1, j], sums[2, j], sums[3, j] = s0, s1, s2, s3
