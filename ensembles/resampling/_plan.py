"""What the kernels need to know of a scheme: plain arrays, made once when it is bound.

Rows are cut into blocks of 256, strata by strata. A stratum of several blocks carries
the laws of its block totals, Poisson, cumulated (see `_kernels` for why).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import pdtr

from ensembles._typing import FloatArray, IntArray

__all__ = [
    "BLOCK",
    "BLOCK_BITS",
    "TILE",
    "BlockPlan",
    "DrawPlan",
    "TreePlan",
    "cell_plan",
    "draw_plan",
    "equal_blocks",
    "geometric_blocks",
]

BLOCK_BITS = 8
BLOCK = 2**BLOCK_BITS
# Replicates that share a read of the data.
TILE = 4
# Fine enough that a number drawn is mostly the guide's own.
_GUIDES = 1024
_BLOCK_GUIDES = 4096


class DrawPlan(NamedTuple):
    """Draws with replacement within strata of consecutive rows.

    Attributes
    ----------
    has_equal_blocks : bool
        Whether all blocks but the last of a stratum have `BLOCK` rows.
    edges : ndarray of shape (n_blocks + 1,)
        Rows at which blocks start, and the number of rows.
    first_block : ndarray of shape (n_strata + 1,)
        Blocks at which strata start, and the number of blocks.
    n_draws : ndarray of shape (n_strata,)
        Rows drawn from each stratum.
    tables : ndarray of shape (n_blocks,)
        Table for the total of each block.
    cumulated : ndarray of shape (n_tables, width)
        Probabilities of at most ``origins + column`` draws; the last one is 1.
    guides : ndarray of shape (n_tables, 1024)
        First column whose probability exceeds ``i / 1024``.
    origins : ndarray of shape (n_tables,)
        Number of draws that the first column stands for.
    """

    has_equal_blocks: bool
    edges: IntArray
    first_block: IntArray
    n_draws: IntArray
    tables: IntArray
    cumulated: FloatArray
    guides: IntArray
    origins: IntArray


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
        Row that no block reaches beyond; a multiple of `n_samples` lets them wrap.
    length : float
        Rows a block, or their mean.
    longest : int
        Rows a block where all blocks have the same length.
    cumulated : ndarray of shape (n_lengths,)
        Probabilities of at most 0, 1, ... rows; empty where all lengths are the same.
    guides : ndarray of shape (4096,)
        First length whose probability exceeds ``i / 4096``.
    """

    n_samples: int
    n_draws: int
    n_starts: int
    step: int
    end: int
    length: float
    longest: int
    cumulated: FloatArray
    guides: IntArray


def equal_blocks(
    n_samples: int, n_draws: int, n_starts: int, step: int, end: int, length: float
) -> BlockPlan:
    """Plan of blocks of one length."""
    no_law, no_guides = np.zeros(0), np.zeros(0, dtype=np.int64)
    size = int(length)
    return BlockPlan(
        n_samples, n_draws, n_starts, step, end, length, size, no_law, no_guides
    )


def geometric_blocks(n_samples: int, n_draws: int, length: float) -> BlockPlan:
    """Plan of blocks of geometric length that start anywhere on a circle."""
    # No block need be longer than n_draws, nor is one, to the last bit of a float.
    longest = min(n_draws, int(40 * length) + 1)
    cumulated = 1 - (1 - 1 / length) ** np.arange(longest + 1)
    cumulated[-1] = 1.0
    shares = np.arange(_BLOCK_GUIDES) / _BLOCK_GUIDES
    guides = np.searchsorted(cumulated, shares, side="right")
    end = n_samples + n_draws
    return BlockPlan(
        n_samples, n_draws, n_samples, 1, end, length, longest, cumulated, guides
    )


def draw_plan(
    sizes: Sequence[int] | IntArray, draws: Sequence[int] | IntArray
) -> DrawPlan:
    """Plan to draw ``draws[s]`` of the ``sizes[s]`` rows of each stratum."""
    n_rows = np.asarray(sizes, dtype=np.int64)
    n_blocks = -(-n_rows // BLOCK)
    block_sizes = np.full(n_blocks.sum(), BLOCK)
    block_sizes[np.cumsum(n_blocks) - 1] = n_rows - BLOCK * (n_blocks - 1)
    return cell_plan(block_sizes, n_blocks, draws)._replace(has_equal_blocks=True)


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
    # One standard deviation below the draws: few are drawn again, few are missing.
    rates = np.maximum(n_draws - np.sqrt(n_draws), 0.0) / n_rows
    rates[counts == 1] = 0.0
    means = np.asarray(np.repeat(rates, counts) * cell_sizes, dtype=np.float64)
    laws, tables = np.unique(means, return_inverse=True)
    cumulated, origins = _cumulated_poisson(laws)
    guides = [
        np.searchsorted(table, np.arange(_GUIDES) / _GUIDES, side="right")
        for table in cumulated
    ]
    return DrawPlan(
        False,
        edges,
        first_block,
        n_draws,
        tables,
        cumulated,
        np.array(guides, dtype=np.int32),
        origins,
    )


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
