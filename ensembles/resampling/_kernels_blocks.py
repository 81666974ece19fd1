"""Compiled draws of blocks of consecutive rows, and sums of columns over them.

A block takes one word, its start from the high half and, where lengths are drawn, its
length from the low half. Words come in chunks, which compilers mix in vector registers;
a replicate leaves the rest of its last chunk unused. `_kernels_plain` holds the twins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._kernels_words import (
    LOW_32,
    compiled,
    fill_fair,
    inlined,
    least_product,
    number_of,
)
from ensembles.resampling._plan import CHUNK, LENGTH_GUIDE_BITS, BlockPlan

__all__ = [
    "lay_blocks",
    "sum_equal_blocks",
    "sum_geometric_blocks",
    "sum_laid_blocks",
]


@inlined
def _length_of(word: Any, thresholds: IntArray, guides: IntArray) -> Any:
    """Length of a block, by the low half of the word whose high half is its start."""
    length = guides[0, (word & LOW_32) >> uint64(32 - LENGTH_GUIDE_BITS)]
    while thresholds[0, uint64(length)] <= np.int64(word & LOW_32):
        length += 1
    return length


@compiled
def lay_blocks(plan: BlockPlan, key: Any, starts: IntArray, lengths: IntArray) -> int:
    """Write the blocks of a replicate, the last one cut; return their number."""
    thresholds, guides, n_starts = plan.thresholds, plan.guides, plan.n_starts
    state, missing, n_blocks = key, plan.n_draws, 0
    least, words = least_product(n_starts), np.empty(CHUNK, np.uint64)
    while missing > 0:
        state = fill_fair(state, n_starts, least, words)
        for word in words:
            if missing > 0:
                start: Any = np.int64(number_of(word, n_starts)) * plan.step
                length = plan.longest
                if thresholds.size:
                    length = _length_of(word, thresholds, guides)
                starts[n_blocks] = start
                lengths[n_blocks] = min(length, plan.end - start, missing)
                missing -= lengths[n_blocks]
                n_blocks += 1
    return n_blocks


@compiled
def sum_equal_blocks(
    plan: BlockPlan,
    keys: KeyArray,
    cumulated: FloatArray,
    of_blocks: FloatArray,
    sums: FloatArray,
) -> None:
    """Write the sums of columns over the rows of blocks of one length, none cut short.

    `of_blocks`, of shape (n_starts, n_columns), holds the sum of each block. The last
    one drawn is cut: its sum is a difference of rows of `cumulated`, of shape
    (n_rows + 1, n_columns). The sum of the first column stays in registers, as it often
    is the only one.
    """
    n_starts, least = plan.n_starts, least_product(plan.n_starts)
    n_columns, words = of_blocks.shape[1], np.empty(CHUNK, np.uint64)
    n_whole = (plan.n_draws - 1) // plan.longest
    rest = plan.n_draws - n_whole * plan.longest
    for i in range(len(keys)):
        sums[i] = 0.0
        even, odd, state = 0.0, 0.0, keys[i]
        for done in range(0, n_whole + 1, CHUNK):
            state = fill_fair(state, n_starts, least, words)
            n_here = uint64(min(CHUNK, n_whole - done))
            pairs = n_here & ~uint64(1)
            for k in range(uint64(0), pairs, uint64(2)):
                even += of_blocks[number_of(words[k], n_starts), 0]
                odd += of_blocks[number_of(words[k + uint64(1)], n_starts), 0]
            for k in range(pairs, n_here):
                even += of_blocks[number_of(words[k], n_starts), 0]
            for j in range(1, n_columns):
                for k in range(n_here):
                    sums[i, j] += of_blocks[number_of(words[k], n_starts), j]
        start = np.int64(number_of(words[n_whole % CHUNK], n_starts)) * plan.step
        sums[i, 0] = even + odd
        for j in range(n_columns):
            sums[i, j] += cumulated[start + rest, j] - cumulated[start, j]


@compiled
def sum_geometric_blocks(
    plan: BlockPlan, keys: KeyArray, cumulated: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns over the rows of blocks of geometric length.

    The sum of a block is a difference of two rows of `cumulated`, which holds the
    series and then its beginning again, as far as a block may reach past the end.
    """
    thresholds, guides, n_starts = plan.thresholds, plan.guides, plan.n_starts
    n_columns, least = cumulated.shape[1], least_product(n_starts)
    words = np.empty(CHUNK, np.uint64)
    for i in range(len(keys)):
        sums[i] = 0.0
        first = 0.0
        state, missing = keys[i], plan.n_draws
        while missing > 0:
            state = fill_fair(state, n_starts, least, words)
            for k in range(uint64(CHUNK)):
                start = number_of(words[k], n_starts)
                length = _length_of(words[k], thresholds, guides)
                end = start + uint64(min(length, missing))
                first += cumulated[end, 0] - cumulated[start, 0]
                for j in range(1, n_columns):
                    sums[i, j] += cumulated[end, j] - cumulated[start, j]
                missing -= length
                if missing <= 0:
                    break
        sums[i, 0] = first


@compiled
def sum_laid_blocks(
    plan: BlockPlan, keys: KeyArray, cumulated: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns over the rows of blocks of any plan.

    For plans that no other kernel is for; `cumulated` as in `sum_geometric_blocks`.
    """
    starts = np.empty(plan.n_draws, np.int64)
    lengths = np.empty(plan.n_draws, np.int64)
    for i in range(len(keys)):
        sums[i] = 0.0
        for b in range(lay_blocks(plan, keys[i], starts, lengths)):
            start, end = starts[b], starts[b] + lengths[b]
            for j in range(cumulated.shape[1]):
                sums[i, j] += cumulated[end, j] - cumulated[start, j]
