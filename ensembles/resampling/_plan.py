"""What the kernels need to know of a scheme: plain arrays, made once when it is bound.

Rows are cut into blocks of at most 256, strata by strata. A stratum of several blocks
carries the laws of its block totals, Poisson, cumulated (see `_kernels` for why).
Cumulated laws are whole numbers, multiples of 2**-53 or 2**-32, as random bits are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import pdtr

from ensembles._typing import FloatArray, IntArray

__all__ = [
    "BLOCK",
    "CHUNK",
    "GUIDE_BITS",
    "LENGTH_GUIDE_BITS",
    "TILE",
    "BlockPlan",
    "CodePlan",
    "DrawPlan",
    "TreePlan",
    "cell_plan",
    "code_plan",
    "draw_plan",
    "equal_blocks",
    "geometric_blocks",
]

BLOCK = 256
# Replicates that share a read of the data.
TILE = 4
# Words taken together: compilers fill vector registers with so many, not with fewer.
CHUNK = 32
# Guides go by the high bits: enough of them that a number is mostly its guide's own.
GUIDE_BITS = 10
LENGTH_GUIDE_BITS = 12
# A total of a cell costs as much as so many draws of rows.
_ROWS_A_CELL = 8


class DrawPlan(NamedTuple):
    """Draws with replacement within strata of consecutive rows.

    Attributes
    ----------
    edges : ndarray of shape (n_blocks + 1,)
        Rows at which blocks start, and the number of rows.
    first_block : ndarray of shape (n_strata + 1,)
        Blocks at which strata start, and the number of blocks.
    n_draws : ndarray of shape (n_strata,)
        Rows drawn from each stratum.
    tables : ndarray of shape (n_blocks,)
        Table for the total of each block.
    thresholds : ndarray of shape (n_tables, width)
        Probabilities of at most ``origins + column`` draws, times 2**53; the last one
        is 2**53.
    guides : ndarray of shape (n_tables, 1024)
        First column whose probability exceeds ``i / 1024``.
    origins : ndarray of shape (n_tables,)
        Number of draws that the first column stands for.
    shifts : ndarray of shape (n_strata,)
        A guide of the stratum stands for ``2**shift`` rows, some of 16 of a block.
    first_guide : ndarray of shape (n_strata,)
        Where the guides of the stratum start.
    block_guides : ndarray of shape (n_block_guides,)
        Block of the first of the rows that each guide stands for.
    """

    edges: IntArray
    first_block: IntArray
    n_draws: IntArray
    tables: IntArray
    thresholds: IntArray
    guides: IntArray
    origins: IntArray
    shifts: IntArray
    first_guide: IntArray
    block_guides: IntArray


class CodePlan(NamedTuple):
    """Draws of rows of which only a code matters, such as a class or a rank.

    Attributes
    ----------
    plan : DrawPlan
        Draws of rows, or of cells of rows that have one code.
    codes : ndarray of shape (n_rows,) or (n_cells,)
        Code of each row or cell of the plan.
    has_cells : bool
        Whether codes are those of cells.
    """

    plan: DrawPlan
    codes: IntArray
    has_cells: bool


class TreePlan(NamedTuple):
    """Draws of children within every copy of their parent.

    Nodes are numbered level by level: roots first, each of which stands once in every
    replicate, leaves last.

    Attributes
    ----------
    n_roots : int
        Number of roots, the strata.
    first_child : ndarray of shape (n_inner + 1,)
        First child of each node that is no leaf, and the number of nodes.
    """

    n_roots: int
    first_child: IntArray


class BlockPlan(NamedTuple):
    """Draws of blocks of consecutive rows, laid end to end.

    Attributes
    ----------
    n_samples, n_draws : int
        Rows of the series and rows of a replicate.
    n_starts, step : int
        A block starts at ``step`` times a number below ``n_starts``.
    end : int
        Row that no block reaches beyond; more than `n_samples` lets them wrap.
    length : float
        Rows a block, or their mean.
    longest : int
        Rows of the longest block there can be.
    thresholds : ndarray of shape (1, longest + 1)
        Probabilities of at most 0, 1, ... rows, times 2**32; empty where all blocks
        have the same length.
    guides : ndarray of shape (1, 4096)
        First length whose probability exceeds ``i / 4096``.
    """

    n_samples: int
    n_draws: int
    n_starts: int
    step: int
    end: int
    length: float
    longest: int
    thresholds: IntArray
    guides: IntArray


def equal_blocks(
    n_samples: int, n_draws: int, n_starts: int, step: int, end: int, length: float
) -> BlockPlan:
    """Plan of blocks of one length."""
    no_law = no_guides = np.zeros((0, 0), dtype=np.int64)
    size = int(length)
    return BlockPlan(
        n_samples, n_draws, n_starts, step, end, length, size, no_law, no_guides
    )


def geometric_blocks(n_samples: int, n_draws: int, length: float) -> BlockPlan:
    """Plan of blocks of geometric length that start anywhere on a circle."""
    # No block need be longer than n_draws, nor is one in 2**32.
    longest = min(n_draws, int(23 * length) + 1)
    cumulated = 1 - (1 - 1 / length) ** np.arange(longest + 1)
    cumulated[-1] = 1.0
    thresholds = _thresholds(cumulated, 32)[None]
    guides = _guides(thresholds, 32, LENGTH_GUIDE_BITS)
    end = n_samples + n_draws
    return BlockPlan(
        n_samples, n_draws, n_samples, 1, end, length, longest, thresholds, guides
    )


def draw_plan(
    sizes: Sequence[int] | IntArray, draws: Sequence[int] | IntArray
) -> DrawPlan:
    """Plan to draw ``draws[s]`` of the ``sizes[s]`` rows of each stratum."""
    blocks = [_block_sizes(int(size)) for size in sizes]
    n_blocks = [len(of_stratum) for of_stratum in blocks]
    return cell_plan(np.concatenate(blocks), n_blocks, draws)


def _block_sizes(n_rows: int) -> IntArray:
    """Sizes of the blocks of a stratum: one, or blocks of 256 and what is left over.

    That is cut into powers of two, which are drawn without a rejection.
    """
    if n_rows <= BLOCK:
        return np.array([n_rows])
    whole, left = divmod(n_rows, BLOCK)
    powers = [2**bit for bit in reversed(range(left.bit_length())) if left >> bit & 1]
    return np.concatenate([np.full(whole, BLOCK), np.array(powers, dtype=np.int64)])


def cell_plan(
    cell_sizes: IntArray,
    n_cells: Sequence[int] | IntArray,
    draws: Sequence[int] | IntArray,
) -> DrawPlan:
    """Plan whose blocks are cells of rows, ``n_cells[s]`` of them in each stratum."""
    n_draws = np.asarray(draws, dtype=np.int64)
    counts = np.asarray(n_cells, dtype=np.int64)
    first_block = np.concatenate([[0], np.cumsum(counts)])
    edges = np.concatenate([[0], np.cumsum(cell_sizes)])
    n_rows = np.diff(edges[first_block])
    # Half a standard deviation below the draws: few are drawn again, few are missing.
    rates = np.maximum(n_draws - np.sqrt(n_draws) / 2, 0.0) / n_rows
    rates[counts == 1] = 0.0
    means = np.asarray(np.repeat(rates, counts) * cell_sizes, dtype=np.float64)
    laws, tables = np.unique(means, return_inverse=True)
    cumulated, origins = _cumulated_poisson(laws)
    thresholds = _thresholds(cumulated, 53)
    return DrawPlan(
        edges,
        first_block,
        n_draws,
        tables,
        thresholds,
        _guides(thresholds, 53, GUIDE_BITS),
        origins,
        *_block_guides(edges, first_block),
    )


def code_plan(plan: DrawPlan, codes: IntArray) -> CodePlan:
    """Plan to draw codes: those of rows, or whole cells at once where these are few."""
    n_codes = int(codes.max()) + 1
    row_edges = plan.edges[plan.first_block]
    strata = np.repeat(np.arange(len(plan.n_draws)), np.diff(row_edges))
    # Rows of one code are cells of their own in each stratum.
    cells, sizes = np.unique(strata * n_codes + codes, return_counts=True)
    if len(cells) * _ROWS_A_CELL > len(codes):
        return CodePlan(plan, codes.astype(np.int64), False)
    stratum, code = np.divmod(cells, n_codes)
    n_cells = np.bincount(stratum, minlength=len(plan.n_draws))
    return CodePlan(cell_plan(sizes, n_cells, plan.n_draws), code, True)


def _cumulated_poisson(means: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distribution functions, a row each, and the numbers their columns start from.

    What lies below the first column and above the last is less likely than 2**-53.
    """
    origins = np.floor(np.maximum(means - 9 * np.sqrt(means), 0)).astype(np.int64)
    ends = np.ceil(means + 9 * np.sqrt(means) + 30).astype(np.int64)
    counts = origins[:, None] + np.arange((ends - origins).max())
    cumulated = pdtr(counts, means[:, None])
    cumulated[:, -1] = 1.0
    return cumulated, origins


def _thresholds(cumulated: FloatArray, n_bits: int) -> IntArray:
    """Least multiples of ``2**-n_bits`` that probabilities do not exceed."""
    return np.asarray(np.ceil(cumulated * 2.0**n_bits), dtype=np.int64)


def _guides(thresholds: IntArray, n_bits: int, n_guide_bits: int) -> IntArray:
    """Columns from which a search by the high bits of a number may start."""
    lowest = np.arange(2**n_guide_bits) << (n_bits - n_guide_bits)
    guides = [np.searchsorted(table, lowest, side="right") for table in thresholds]
    return np.stack(guides).astype(np.int64)


def _block_guides(
    edges: IntArray, first_block: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Shifts, first guides and guides of a search for the block of a row."""
    first_rows, n_blocks = edges[first_block], np.diff(first_block)
    n_rows = np.diff(first_rows)
    shifts = np.log2(np.maximum(n_rows // (16 * n_blocks), 1)).astype(np.int64)
    n_guides = ((n_rows - 1) >> shifts) + 1
    first_guide = np.cumsum(n_guides) - n_guides
    within = np.arange(n_guides.sum()) - np.repeat(first_guide, n_guides)
    rows = np.repeat(first_rows[:-1], n_guides) + (
        within << np.repeat(shifts, n_guides)
    )
    guides = np.searchsorted(edges, rows, side="right") - 1
    return shifts, first_guide, guides.astype(np.int64)
