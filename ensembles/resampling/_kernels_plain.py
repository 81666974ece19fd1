"""The kernels of `_kernels` once more, in plain numpy: what they mean, and their check.

Each replicate is one pass over the words of its stream, so a reader can follow which
word decides what. Slow; nothing but the tests calls it.
"""

from __future__ import annotations

import numpy as np

from ensembles._random import GOLDEN, words_of
from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._plan import CHUNK, BlockPlan, CodePlan, DrawPlan, TreePlan

__all__ = [
    "count_cells",
    "count_codes",
    "count_leaves",
    "count_poisson",
    "count_rows",
    "lay_blocks",
    "sum_codes",
    "sum_equal_blocks",
    "sum_geometric_blocks",
    "sum_laid_blocks",
    "sum_rows",
    "sum_weighted",
]


class Stream:
    """Words that follow from a key, one after the other."""

    def __init__(self, key: np.uint64, taken: int = 0) -> None:
        self.key = np.array([key], dtype=np.uint64)
        self.taken = taken

    def word(self) -> int:
        """The next 64 bits."""
        self.taken += 1
        state = self.key + np.array([self.taken], dtype=np.uint64) * GOLDEN
        return int(words_of(state)[0])

    def uniform(self) -> float:
        """The next multiple of 2**-53 in [0, 1)."""
        return float(self.word() >> 11) * 2.0**-53

    def below(self, size: int) -> int:
        """The next number below `size`, from the high halves of words."""
        while True:
            number, low = divmod((self.word() >> 32) * size, 2**32)
            if low >= 2**32 % size:
                return number

    def chunk(self, size: int) -> list[int]:
        """The next chunk of words whose high halves number fairly below `size`."""
        words = [self.word() for _ in range(CHUNK)]
        for k in range(CHUNK):
            while (words[k] >> 32) * size % 2**32 < 2**32 % size:
                words[k] = self.word()
        return words

    def number(self, thresholds: IntArray) -> int:
        """The next number whose law these thresholds are."""
        return int(np.searchsorted(thresholds, self.word() >> 11, side="right"))

    def among(self, size: int, n_draws: int) -> IntArray:
        """Counts of the next `n_draws` rows drawn among `size` <= 256."""
        mask = 2 ** (size - 1).bit_length() - 1
        drawn: list[int] = []
        while len(drawn) < n_draws:
            word = self.word()
            rows = [(word >> shift) & mask for shift in range(0, 64, 8)]
            drawn += [row for row in rows if row < size]
        return np.bincount(drawn[:n_draws], minlength=size)


def count_rows(plan: DrawPlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often each row is drawn."""
    sizes = np.diff(plan.edges)
    for key, row in zip(keys, counts, strict=True):
        stream = Stream(key)
        totals = np.concatenate(
            [_totals(stream, plan, stratum) for stratum in range(len(plan.n_draws))]
        )
        blocks = zip(sizes, totals, strict=True)
        row[:] = np.concatenate([stream.among(int(s), int(t)) for s, t in blocks])


def _totals(stream: Stream, plan: DrawPlan, stratum: int) -> IntArray:
    """Draws of each block of a stratum."""
    first, end = plan.first_block[stratum : stratum + 2]
    n_draws, n_blocks = int(plan.n_draws[stratum]), int(end - first)
    if n_blocks == 1:
        return np.array([n_draws])
    tables = plan.tables[first:end]
    totals = np.full(n_blocks, n_draws)
    while totals.sum() > n_draws:
        numbers = [stream.number(plan.thresholds[table]) for table in tables]
        totals = plan.origins[tables] + numbers
    edges = plan.edges[first : end + 1]
    missing = n_draws - totals.sum()
    rows = [edges[0] + stream.below(int(edges[-1] - edges[0])) for _ in range(missing)]
    blocks = np.searchsorted(edges, rows, side="right") - 1
    np.add.at(totals, blocks, 1)
    return totals


def count_cells(plan: DrawPlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often rows of each cell are drawn."""
    for key, row in zip(keys, counts, strict=True):
        stream, strata = Stream(key), range(len(plan.n_draws))
        row[:] = np.concatenate([_totals(stream, plan, stratum) for stratum in strata])


def count_codes(coded: CodePlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often rows of each code are drawn."""
    count = count_cells if coded.has_cells else count_rows
    drawn = np.empty((len(keys), len(coded.codes)), dtype=np.int64)
    count(coded.plan, keys, drawn)
    for of_codes, of_rows in zip(counts, drawn, strict=True):
        of_codes[:] = np.bincount(coded.codes, of_rows, counts.shape[1])


def sum_codes(
    coded: CodePlan, keys: KeyArray, values: FloatArray, sums: FloatArray
) -> None:
    """Write sums of the values of rows drawn, by code."""
    drawn = np.empty((len(keys), len(coded.codes)), dtype=np.int64)
    count_rows(coded.plan, keys, drawn)
    for of_codes, of_rows in zip(sums, drawn, strict=True):
        of_codes[:] = np.bincount(coded.codes, of_rows * values, sums.shape[1])


def count_leaves(tree: TreePlan, keys: KeyArray, counts: IntArray) -> None:
    """Write how often each leaf of a tree is drawn."""
    n_inner = len(tree.first_child) - 1
    for key, row in zip(keys, counts, strict=True):
        stream = Stream(key)
        drawn = np.zeros(tree.first_child[-1], dtype=np.int64)
        drawn[: tree.n_roots] = 1
        for node, first in enumerate(tree.first_child[:-1]):
            size = int(tree.first_child[node + 1] - first)
            for _ in range(drawn[node] * size):
                drawn[first + stream.below(size)] += 1
        row[:] = drawn[n_inner:]


def count_poisson(
    keys: KeyArray, first_row: int, cumulated: FloatArray, counts: FloatArray
) -> None:
    """Write counts of rows from `first_row` on."""
    for key, row in zip(keys, counts, strict=True):
        stream = Stream(key, first_row)
        u = [stream.uniform() for _ in row]
        row[:] = np.searchsorted(cumulated, u, side="right")


def sum_rows(
    plan: DrawPlan, keys: KeyArray, columns: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns over the rows drawn."""
    counts = np.empty((len(keys), columns.shape[1]), dtype=np.int64)
    count_rows(plan, keys, counts)
    sums[:] = counts @ columns.T


def sum_weighted(weights: FloatArray, columns: FloatArray, sums: FloatArray) -> None:
    """Write the weighted sums of columns."""
    sums[:] = weights @ columns.T


def lay_blocks(
    plan: BlockPlan, key: np.uint64, starts: IntArray, lengths: IntArray
) -> int:
    """Write the blocks of a replicate; return their number."""
    stream = Stream(key)
    n_blocks, missing = 0, plan.n_draws
    words: list[int] = []
    while missing > 0:
        words = words or stream.chunk(plan.n_starts)
        word = words.pop(0)
        start = ((word >> 32) * plan.n_starts >> 32) * plan.step
        length = plan.longest
        if len(plan.thresholds):
            low = word % 2**32
            length = int(np.searchsorted(plan.thresholds[0], low, side="right"))
        length = min(length, plan.end - start)
        starts[n_blocks], lengths[n_blocks] = start, min(length, missing)
        missing -= length
        n_blocks += 1
    return n_blocks


def sum_equal_blocks(
    plan: BlockPlan,
    keys: KeyArray,
    cumulated: FloatArray,
    of_blocks: FloatArray,
    sums: FloatArray,
) -> None:
    """Write the sums of columns over the rows of blocks of one length."""
    sum_laid_blocks(plan, keys, cumulated, sums)


def sum_geometric_blocks(
    plan: BlockPlan, keys: KeyArray, cumulated: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns over the rows of blocks of geometric length."""
    sum_laid_blocks(plan, keys, cumulated, sums)


def sum_laid_blocks(
    plan: BlockPlan, keys: KeyArray, cumulated: FloatArray, sums: FloatArray
) -> None:
    """Write the sums of columns over the rows of blocks of any length."""
    values = np.diff(cumulated, axis=0)
    starts = np.empty(plan.n_draws, dtype=np.int64)
    lengths = np.empty_like(starts)
    for key, row in zip(keys, sums, strict=True):
        blocks = range(lay_blocks(plan, key, starts, lengths))
        rows = [np.arange(starts[b], starts[b] + lengths[b]) for b in blocks]
        row[:] = values[np.concatenate(rows)].sum(axis=0)
