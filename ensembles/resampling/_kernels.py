"""Compiled draws of replicates, and weighted sums of columns under them.

All that is random in replicate i follows from its key (see `_kernels_words`), so the
replicate is the same in every kernel, thread and batch.

A multinomial draw goes by blocks of at most 256 rows. Block totals come first:
independent Poisson totals, drawn again while their sum exceeds the draws wanted, then
topped up by single rows. Given its sum a vector of Poisson counts is multinomial, so
the law is exact. Within a block, rows are the bytes of words, on a machine whose first
byte is the lowest.

`_kernels_plain` holds a twin of each kernel in numpy. This module is imported when the
first kernel is needed, since importing numba takes time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from ensembles._random import GOLDEN
from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._kernels_words import (
    below,
    column_above,
    compiled,
    compiled_sum,
    inlined,
    least_product,
    uniform,
    word_of,
)
from ensembles.resampling._plan import (
    BLOCK,
    GUIDE_BITS,
    TILE,
    CodePlan,
    DrawPlan,
    TreePlan,
)

__all__ = [
    "GROUP",
    "count_cells",
    "count_codes",
    "count_codes_of",
    "count_leaves",
    "count_poisson",
    "count_rows",
    "draw_totals",
    "room_for",
    "sum_codes",
    "sum_rows",
    "sum_weighted",
]

# Replicates whose totals are drawn together, and whose rows of a block in turn.
GROUP = 4 * TILE
_BYTE, _EVERY_BYTE = np.uint64(0xFF), np.uint64(0x0101010101010101)


@compiled
def draw_totals(
    plan: DrawPlan, keys: KeyArray, totals: IntArray, states: KeyArray
) -> None:
    """Write the draws of each block, (n_replicates, n_blocks), and the states after.

    For several replicates at a time: taking arrays out of the plan costs as much as
    many draws.
    """
    edges, tables, origins = plan.edges, plan.tables, plan.origins
    thresholds, guides, block_guides = plan.thresholds, plan.guides, plan.block_guides
    states[: len(keys)] = keys
    for stratum in range(len(plan.n_draws)):
        first, end = plan.first_block[stratum], plan.first_block[stratum + 1]
        n_draws = plan.n_draws[stratum]
        if end - first == 1:
            totals[: len(keys), first] = n_draws
            continue
        n_rows = edges[end] - edges[first]
        least = least_product(n_rows)
        shift, first_guide = plan.shifts[stratum], plan.first_guide[stratum]
        for r in range(len(keys)):
            state = states[r]
            while True:
                drawn = 0
                for block in range(first, end):
                    state += GOLDEN
                    u, table = np.int64(word_of(state) >> uint64(11)), tables[block]
                    guide = guides[table, u >> (53 - GUIDE_BITS)]
                    column = column_above(u, thresholds, table, guide)
                    totals[r, block] = origins[table] + column
                    drawn += totals[r, block]
                if drawn <= n_draws:
                    break
            for _ in range(n_draws - drawn):
                state, row = below(state, n_rows, least)
                block = block_guides[first_guide + (row >> shift)]
                while edges[block + 1] <= edges[first] + row:
                    block += 1
                totals[r, block] += 1
            states[r] = state


@compiled
def room_for(plan: DrawPlan) -> Any:
    """Room for the totals and states of a group, and for the rows drawn of a block.

    These are a byte each: words, and the same memory as rows.
    """
    totals = np.empty((GROUP, len(plan.edges) - 1), np.int64)
    states = np.empty(GROUP, np.uint64)
    words = np.empty(plan.n_draws.max() // 8 + 2, np.uint64)
    return totals, states, words, words.view(np.uint8)


@inlined
def draw_block(state: Any, total: int, size: int, words: Any, rows: Any) -> Any:
    """State, with `total` rows below `size` <= 256 written to `rows`, bytes of `words`.

    Low bits of each byte number the rows, all alike where their number is a power of
    two. A byte that numbers no row is written over by the next one.
    """
    if size & (size - 1) == 0:
        masks = uint64(size - 1) * _EVERY_BYTE
        for k in range((total + 7) >> 3):
            state += GOLDEN
            words[k] = word_of(state) & masks
    else:
        n_numbers = 1
        while n_numbers < size:
            n_numbers *= 2
        mask, bound, drawn = uint64(n_numbers - 1), uint64(size), uint64(0)
        while drawn < uint64(total):
            state += GOLDEN
            word = word_of(state)
            for shift in range(0, 64, 8):
                row = (word >> uint64(shift)) & mask
                rows[drawn] = row
                drawn += uint64(row < bound)
    return state


@compiled
def count_rows(plan: DrawPlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often each row is drawn, `counts` of shape (n_replicates, n_rows)."""
    room, edges = room_for(plan), plan.edges
    for i in range(0, len(keys), GROUP):
        totals, states, words, rows = room
        draw_totals(plan, keys[i : i + GROUP], totals, states)
        for r in range(min(GROUP, len(keys) - i)):
            state, of_rows = states[r], counts[i + r]
            of_rows[:] = 0
            for block in range(len(edges) - 1):
                start, total = uint64(edges[block]), totals[r, block]
                size = edges[block + 1] - edges[block]
                state = draw_block(state, total, size, words, rows)
                for k in range(total):
                    of_rows[start + rows[k]] += 1


@compiled
def count_cells(plan: DrawPlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often rows of each cell are drawn, (n_replicates, n_cells)."""
    draw_totals(plan, keys, counts, np.empty(len(keys), np.uint64))


@inlined
def count_codes_of(
    coded: CodePlan, edges: IntArray, codes: IntArray, r: int, room: Any, counts: Any
) -> None:
    """Write how often rows of each code are drawn, given the totals of a replicate.

    `edges` and `codes` are those of the plan, taken out once for all.
    """
    totals, states, words, rows = room
    counts[:] = 0
    if coded.has_cells:
        for cell in range(totals.shape[1]):
            counts[codes[cell]] += totals[r, cell]
    else:
        state = states[r]
        for block in range(totals.shape[1]):
            start, total = uint64(edges[block]), totals[r, block]
            size = edges[block + 1] - edges[block]
            state = draw_block(state, total, size, words, rows)
            for k in range(total):
                counts[codes[start + rows[k]]] += 1


@compiled
def count_codes(coded: CodePlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often rows of each code are drawn, (n_replicates, n_codes)."""
    plan, edges, codes = coded.plan, coded.plan.edges, coded.codes
    room = room_for(plan)
    for i in range(0, len(keys), GROUP):
        draw_totals(plan, keys[i : i + GROUP], room[0], room[1])
        for r in range(min(GROUP, len(keys) - i)):
            count_codes_of(coded, edges, codes, r, room, counts[i + r])


@compiled
def sum_codes(
    coded: CodePlan, keys: KeyArray, values: FloatArray, sums: FloatArray
) -> None:
    """Write sums of the values of rows drawn, by code, (n_replicates, n_codes).

    Codes are those of rows.
    """
    plan, edges, codes = coded.plan, coded.plan.edges, coded.codes
    totals, states, words, rows = room_for(plan)
    for i in range(0, len(keys), GROUP):
        draw_totals(plan, keys[i : i + GROUP], totals, states)
        for r in range(min(GROUP, len(keys) - i)):
            state, of_codes = states[r], sums[i + r]
            of_codes[:] = 0.0
            for block in range(len(edges) - 1):
                start, total = uint64(edges[block]), totals[r, block]
                size = edges[block + 1] - edges[block]
                state = draw_block(state, total, size, words, rows)
                for k in range(total):
                    row = start + rows[k]
                    of_codes[codes[row]] += values[row]


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
            least = least_product(size)
            for _ in range(drawn[node] * size):
                state, child = below(state, size, least)
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


@compiled
def sum_rows(
    plan: DrawPlan, keys: KeyArray, columns: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns over the rows drawn.

    `columns` has shape (n_columns, n_rows) and `sums` (n_replicates, n_columns). A
    group of replicates shares each read of a block of columns. The values of a single
    column are added up as they are drawn; of several, counts of rows are multiplied.
    """
    if len(columns) == 1:
        _sum_column(plan, keys, columns[0], sums[:, 0])
    else:
        _sum_columns(plan, keys, columns, sums)


@compiled
def _sum_column(
    plan: DrawPlan, keys: KeyArray, values: FloatArray, sums: FloatArray
) -> None:
    """Write the sum of the values of the rows drawn, (n_replicates,)."""
    edges = plan.edges
    totals, states, words, rows = room_for(plan)
    for i in range(0, len(keys), GROUP):
        of_group = sums[i : i + GROUP]
        of_group[:] = 0.0
        draw_totals(plan, keys[i : i + GROUP], totals, states)
        for block in range(len(edges) - 1):
            of_block = values[edges[block] : edges[block + 1]]
            size = len(of_block)
            for r in range(len(of_group)):
                total = totals[r, block]
                if size & (size - 1) == 0:
                    states[r], drawn = _sum_of_words(states[r], total, of_block)
                    of_group[r] += drawn
                else:
                    states[r] = draw_block(states[r], total, size, words, rows)
                    for k in range(total):
                        of_group[r] += of_block[rows[k]]


@compiled
def _sum_columns(
    plan: DrawPlan, keys: KeyArray, columns: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns, neighbouring small blocks multiplied together."""
    edges = plan.edges
    totals, states, words, rows = room_for(plan)
    weights = np.zeros((GROUP, BLOCK))
    counts = np.empty(BLOCK, np.int32)
    of_group = np.empty((GROUP, len(columns)))
    for i in range(0, len(keys), GROUP):
        n_here = min(GROUP, len(keys) - i)
        of_group[:] = 0.0
        draw_totals(plan, keys[i : i + GROUP], totals, states)
        first_counted = 0
        for block in range(len(edges) - 1):
            start, end = edges[block], edges[block + 1]
            size, at = end - start, start - first_counted
            for r in range(n_here):
                total = totals[r, block]
                states[r] = draw_block(states[r], total, size, words, rows)
                _count(rows, total, counts[:size], weights[r, at : at + size])
            is_last = block == len(edges) - 2
            if is_last or edges[block + 2] - first_counted > BLOCK:
                n_counted = end - first_counted
                _add_products(weights, columns, first_counted, n_counted, of_group)
                first_counted = end
        sums[i : i + n_here] = of_group[:n_here]


@inlined
def _sum_of_words(state: Any, total: int, values: FloatArray) -> Any:
    """State, and the sum of the values of `total` rows whose number is a power of two.

    Rows are those of `draw_block`, taken out of their words with no way through memory.
    Four sums at a time, as each addition has to wait for the one before.
    """
    masks = uint64(len(values) - 1) * _EVERY_BYTE
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for _ in range(total >> 3):
        state += GOLDEN
        word = word_of(state) & masks
        s0 += values[word & _BYTE] + values[word >> uint64(32) & _BYTE]
        s1 += values[word >> uint64(8) & _BYTE] + values[word >> uint64(40) & _BYTE]
        s2 += values[word >> uint64(16) & _BYTE] + values[word >> uint64(48) & _BYTE]
        s3 += values[word >> uint64(24) & _BYTE] + values[word >> uint64(56)]
    if total & 7:
        state += GOLDEN
        word = word_of(state) & masks
        for _ in range(total & 7):
            s0 += values[word & _BYTE]
            word >>= uint64(8)
    return state, (s0 + s1) + (s2 + s3)


@inlined
def _count(rows: Any, total: int, counts: Any, weights: FloatArray) -> None:
    """Write how often each row of a block is drawn."""
    counts[:] = 0
    for k in range(total):
        counts[rows[k]] += 1
    for k in range(len(counts)):
        weights[k] = counts[k]


@compiled
def sum_weighted(weights: FloatArray, columns: FloatArray, sums: FloatArray) -> None:
    """Write the weighted sums of columns; shapes as in `sum_rows`.

    BLAS would do, but its last bits depend on the number of its threads.
    """
    n_rows = columns.shape[1]
    some_weights = np.zeros((TILE, BLOCK))
    of_tile = np.empty((TILE, len(columns)))
    for i in range(0, len(weights), TILE):
        n_here = min(TILE, len(weights) - i)
        of_tile[:] = 0.0
        for start in range(0, n_rows, BLOCK):
            size = min(BLOCK, n_rows - start)
            some_weights[:n_here, :size] = weights[i : i + n_here, start : start + size]
            _add_products(some_weights, columns, start, size, of_tile)
        sums[i : i + n_here] = of_tile[:n_here]


@compiled_sum
def _add_products(
    weights: FloatArray, columns: FloatArray, start: int, size: int, sums: FloatArray
) -> None:
    """Add to sums of columns what `size` rows from `start` on contribute.

    Four replicates share each read of a column.
    """
    for r in range(0, len(weights), TILE):
        w0, w1, w2, w3 = weights[r], weights[r + 1], weights[r + 2], weights[r + 3]
        for j in range(len(columns)):
            values = columns[j, start : start + size]
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for k in range(size):
                value = values[k]
                s0 += w0[k] * value
                s1 += w1[k] * value
                s2 += w2[k] * value
                s3 += w3[k] * value
            sums[r, j] += s0
            sums[r + 1, j] += s1
            sums[r + 2, j] += s2
            sums[r + 3, j] += s3
