"""Compiled draws of replicates, and weighted sums of columns under them.

The random numbers of a replicate are a stream of 64-bit words that starts from its key
(SplitMix64: Steele, Lea & Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014), so replicate i is the same in every kernel, thread and batch.

A multinomial draw goes by blocks of 256 rows. Block totals come first: independent
Poisson totals, drawn again while their sum exceeds the draws wanted, then topped up by
single rows. Given its sum a vector of Poisson counts is multinomial, so the law is
exact. Within a block, rows are drawn from the bytes of a word.

`_plain` holds a twin of each kernel in numpy. This module is imported when the first
kernel is needed, since importing numba takes time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint64

from ensembles._random import GOLDEN
from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._plan import (
    BLOCK,
    BLOCK_BITS,
    TILE,
    BlockPlan,
    DrawPlan,
    TreePlan,
)

__all__ = [
    "count_cells",
    "count_leaves",
    "count_poisson",
    "count_rows",
    "lay_blocks",
    "sum_blocks",
    "sum_rows",
    "sum_weighted",
]

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_32 = np.uint64(0xFFFFFFFF)

compiled = njit(cache=True, nogil=True)
# A call that passes arrays on counts their references; once a draw that is dear.
inlined = njit(inline="always")
# Sums may be reordered to fill vector registers; nothing else of fastmath is wanted.
compiled_sum = njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})


@inlined
def word_of(state: Any) -> Any:
    """The word of a stream at this state."""
    z = (state ^ (state >> uint64(30))) * _MIX_1
    z = (z ^ (z >> uint64(27))) * _MIX_2
    return z ^ (z >> uint64(31))


@inlined
def uniform_below(state: Any, size: int) -> Any:
    """State and a number below `size` (< 2**32), each equally likely (Lemire 2019)."""
    bound = uint64(size)
    least = (uint64(2**32) - bound) % bound
    while True:
        state += GOLDEN
        product = (word_of(state) >> uint64(32)) * bound
        if product & _LOW_32 >= least:
            return state, np.int64(product >> uint64(32))


@inlined
def uniform(state: Any) -> Any:
    """State and a multiple of 2**-53 in [0, 1)."""
    state += GOLDEN
    return state, np.float64(word_of(state) >> uint64(11)) * 2.0**-53


@inlined
def poisson(state: Any, plan: DrawPlan, table: int) -> Any:
    """State and a Poisson count, by inversion from a guide into the cumulated law."""
    state, u = uniform(state)
    k = plan.guides[table, np.int64(u * plan.guides.shape[1])]
    while plan.cumulated[table, k] <= u:
        k += 1
    return state, plan.origins[table] + k


@compiled
def draw_totals(state: Any, plan: DrawPlan, totals: IntArray) -> Any:
    """State, with the draws of each block written to `totals`."""
    for stratum in range(len(plan.n_draws)):
        first, end = plan.first_block[stratum], plan.first_block[stratum + 1]
        n_draws = plan.n_draws[stratum]
        if end - first == 1:
            totals[first] = n_draws
            continue
        while True:
            drawn = 0
            for block in range(first, end):
                state, totals[block] = poisson(state, plan, plan.tables[block])
                drawn += totals[block]
            if drawn <= n_draws:
                break
        edges = plan.edges[first : end + 1]
        for _ in range(n_draws - drawn):
            state, row = uniform_below(state, edges[-1] - edges[0])
            if plan.has_equal_blocks:
                totals[first + (row >> BLOCK_BITS)] += 1
            else:
                cell = np.searchsorted(edges, edges[0] + row, side="right") - 1
                totals[first + cell] += 1
    return state


@compiled
def draw_block(state: Any, total: int, size: int, counts: IntArray) -> Any:
    """State, with `total` draws among `size` <= 256 rows in the first of `counts`.

    `counts` has 256 entries. Bits of a byte that number no row are passed over: they
    count, without a branch, in entries past the rows.
    """
    n_numbers = 1
    while n_numbers < size:
        n_numbers *= 2
    mask = uint64(n_numbers - 1)
    counts[:] = 0
    bound = uint64(size)
    drawn = 0
    while total - drawn >= 8:
        state += GOLDEN
        word = word_of(state)
        for shift in range(0, 64, 8):
            row = (word >> uint64(shift)) & mask
            counts[row] += 1
            drawn += row < bound
    while drawn < total:
        state += GOLDEN
        word = word_of(state)
        for shift in range(0, 64, 8):
            row = (word >> uint64(shift)) & mask
            if row < bound and drawn < total:
                counts[row] += 1
                drawn += 1
    return state


@compiled
def draw_rows(key: Any, plan: DrawPlan, totals: IntArray, counts: IntArray) -> None:
    """Write how often each row is drawn in one replicate; `totals` is scratch."""
    state = draw_totals(key, plan, totals)
    of_block = np.empty(BLOCK, np.int32)
    for block in range(len(totals)):
        start, end = plan.edges[block], plan.edges[block + 1]
        state = draw_block(state, totals[block], end - start, of_block)
        counts[start:end] = of_block[: end - start]


@compiled
def count_rows(plan: DrawPlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often each row is drawn, `counts` of shape (n_replicates, n_rows)."""
    totals = np.empty(len(plan.edges) - 1, np.int64)
    for i in range(len(keys)):
        draw_rows(keys[i], plan, totals, counts[i])


@compiled
def count_cells(plan: DrawPlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often rows of each cell are drawn, (n_replicates, n_cells)."""
    for i in range(len(keys)):
        draw_totals(keys[i], plan, counts[i])


@compiled
def count_leaves(tree: TreePlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often each leaf of a tree is drawn, `counts` (n_replicates, n_leaves).

    Every copy of a node draws as many of its children as it has.
    """
    n_inner = len(tree.first_child) - 1
    drawn = np.empty(tree.first_child[n_inner], np.int64)
    for i in range(len(keys)):
        state = keys[i]
        drawn[: tree.n_roots] = 1
        drawn[tree.n_roots :] = 0
        for node in range(n_inner):
            first = tree.first_child[node]
            size = tree.first_child[node + 1] - first
            for _ in range(drawn[node] * size):
                state, child = uniform_below(state, size)
                drawn[first + child] += 1
        counts[i] = drawn[n_inner:]


@compiled
def count_poisson(
    keys: KeyArray, first_row: int, cumulated: FloatArray, counts: FloatArray
) -> None:
    """Write counts of rows from `first_row` on, each from a word of its own.

    `cumulated` is the distribution function at 0, 1, ... up to 1. So the count of a row
    depends on the key and the number of the row alone, not on what follows it.
    """
    for i in range(len(keys)):
        state = keys[i] + uint64(first_row) * GOLDEN
        for row in range(counts.shape[1]):
            state, u = uniform(state)
            # Four comparisons without a branch settle all but 4 rows in 1,000.
            k = (
                np.int64(u >= cumulated[0])
                + np.int64(u >= cumulated[1])
                + np.int64(u >= cumulated[2])
                + np.int64(u >= cumulated[3])
            )
            while u >= cumulated[k]:
                k += 1
            counts[i, row] = k


@compiled_sum
def sum_rows(
    plan: DrawPlan, keys: KeyArray, columns: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns over the rows drawn.

    `columns` has shape (n_columns, n_rows) and `sums` (n_replicates, n_columns). Four
    replicates share each read of a block of columns.
    """
    n_blocks = len(plan.edges) - 1
    totals = np.empty((TILE, n_blocks), np.int64)
    states = np.empty(TILE, np.uint64)
    counts = np.empty(BLOCK, np.int32)
    weights = np.zeros((TILE, BLOCK))
    tile = np.empty((TILE, len(columns)))
    for i in range(0, len(keys), TILE):
        n_here = min(TILE, len(keys) - i)
        tile[:] = 0.0
        for r in range(n_here):
            states[r] = draw_totals(keys[i + r], plan, totals[r])
        for block in range(n_blocks):
            start, end = plan.edges[block], plan.edges[block + 1]
            size = end - start
            for r in range(n_here):
                states[r] = draw_block(states[r], totals[r, block], size, counts)
                _copy(counts, weights[r])
            _add_products(weights, columns, start, size, tile)
        sums[i : i + n_here] = tile[:n_here]


@compiled_sum
def sum_weighted(weights: FloatArray, columns: FloatArray, sums: FloatArray) -> None:
    """Write the weighted sums of columns; shapes as in `sum_rows`.

    BLAS would do, but its last bits depend on the number of its threads.
    """
    n_rows = columns.shape[1]
    some_weights = np.zeros((TILE, BLOCK))
    tile = np.empty((TILE, len(columns)))
    for i in range(0, len(weights), TILE):
        n_here = min(TILE, len(weights) - i)
        tile[:] = 0.0
        for start in range(0, n_rows, BLOCK):
            size = min(BLOCK, n_rows - start)
            some_weights[:n_here, :size] = weights[i : i + n_here, start : start + size]
            _add_products(some_weights, columns, start, size, tile)
        sums[i : i + n_here] = tile[:n_here]


@compiled
def _copy(counts: IntArray, weights: FloatArray) -> None:
    """Counts of a whole block as weights; those past its rows are not used."""
    for k in range(BLOCK):
        weights[k] = counts[k]


@compiled_sum
def _add_products(
    weights: FloatArray, columns: FloatArray, start: int, size: int, tile: FloatArray
) -> None:
    """Add to each sum of a tile what `size` rows from `start` on contribute."""
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    for j in range(len(columns)):
        values = columns[j, start : start + size]
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for k in range(len(values)):
            value = values[k]
            s0 += w0[k] * value
            s1 += w1[k] * value
            s2 += w2[k] * value
            s3 += w3[k] * value
        tile[0, j] += s0
        tile[1, j] += s1
        tile[2, j] += s2
        tile[3, j] += s3


@inlined
def _next_block(state: Any, plan: BlockPlan) -> Any:
    """State, start and length of one block."""
    state, number = uniform_below(state, plan.n_starts)
    start = number * plan.step
    length = plan.longest
    if len(plan.cumulated):
        state, u = uniform(state)
        length = plan.guides[np.int64(u * len(plan.guides))]
        while plan.cumulated[length] <= u:
            length += 1
    return state, start, min(length, plan.end - start)


@compiled
def lay_blocks(plan: BlockPlan, key: Any, starts: IntArray, lengths: IntArray) -> int:
    """Write the blocks of a replicate, the last one cut; return their number."""
    state, missing, n_blocks = key, plan.n_draws, 0
    while missing > 0:
        state, starts[n_blocks], length = _next_block(state, plan)
        lengths[n_blocks] = min(length, missing)
        missing -= length
        n_blocks += 1
    return n_blocks


@compiled_sum
def sum_blocks(
    plan: BlockPlan, keys: KeyArray, cumulated: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns over the rows of the blocks drawn.

    `cumulated` has shape (n_rows + 1, n_columns): the sum of a block is a difference of
    two of its rows, plus the last row for each time the block passes the end. The sum
    of the first column stays in a register, as it often is the only one.
    """
    n, n_columns = plan.n_samples, cumulated.shape[1]
    for i in range(len(keys)):
        sums[i] = 0.0
        first = 0.0
        state, missing = keys[i], plan.n_draws
        while missing > 0:
            state, start, length = _next_block(state, plan)
            end = start + min(length, missing)
            missing -= length
            laps = 0.0
            if end > n:
                laps = float(end // n)
                end = end % n
            first += cumulated[end, 0] - cumulated[start, 0] + laps * cumulated[n, 0]
            for j in range(1, n_columns):
                inside = cumulated[end, j] - cumulated[start, j]
                sums[i, j] += inside + laps * cumulated[n, j]
        sums[i, 0] = first
