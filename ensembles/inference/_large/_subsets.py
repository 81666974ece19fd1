"""Disjoint random subsets of rows, and draws of n rows from few.

Subset j holds the rows to which a random permutation sends the numbers from j b on. The
permutation is computed number by number: a Feistel network over pairs of digits, walked
on until it is back among the rows (Black & Rogaway 2002). So no list of all rows is
made, and a subset does not depend on how many others there are.
"""

from __future__ import annotations

from math import isqrt
from typing import Any, final

import numpy as np

from ensembles._random import GOLDEN, words_of
from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._base import BoundScheme, Seeds, compiled
from ensembles.resampling._plan import BLOCK, draw_plan

__all__ = ["LittleDraws", "subset_rows"]

# Three give a permutation that passes for random (Luby & Rackoff 1988); more are for
# few rows, where rounds have few values to add.
_ROUNDS = 8


def subset_rows(key: np.uint64, number: int, size: int, n_rows: int) -> IntArray:
    """Rows of a subset, ascending, shape (size,).

    Subsets of one key and size share no row as long as ``(number + 1) * size`` is not
    above `n_rows`.
    """
    at = np.arange(number * size, (number + 1) * size, dtype=np.uint64)
    outside = np.ones(size, dtype=np.bool_)
    while outside.any():
        at[outside] = _shuffled(key, at[outside], n_rows)
        outside = at >= n_rows
    return np.sort(at.astype(np.intp))


def _shuffled(key: np.uint64, numbers: KeyArray, n_rows: int) -> KeyArray:
    """Where a permutation of a square number, `n_rows` or just above, sends them."""
    side = np.uint64(isqrt(n_rows - 1) + 1)
    left, right = np.divmod(numbers, side)
    for turn in range(_ROUNDS):
        states = np.array([key]) + (right + np.uint64(turn) * side) * GOLDEN
        left, right = right, (left + words_of(states) % side) % side
    return left * side + right


@final
class LittleDraws(BoundScheme):
    """`n_draws` rows drawn with replacement from `n_rows`, which may be far fewer.

    Every row is a block of its own to the plan, and counts are the totals of blocks. So
    a draw costs as much as there are rows, however many draws there are.
    """

    def __init__(self, n_rows: int, n_draws: int) -> None:
        super().__init__(n_rows)
        self.plan = draw_plan([BLOCK * n_rows], [n_draws])

    @property
    def total(self) -> float:
        """Rows a replicate."""
        return float(self.plan.n_draws[0])

    def rows(self, seed: Any) -> IntArray:
        """Rows of one replicate, ascending."""
        counts = self.weight_rows([seed])[0].astype(np.intp)
        return np.repeat(np.arange(self.n_samples), counts)

    def weight_rows(self, seeds: Seeds) -> FloatArray:
        """Counts of several replicates."""
        counts = np.empty((len(seeds), self.n_samples), dtype=np.int64)
        compiled().count_cells(self.plan, np.asarray(seeds), counts)
        return counts.astype(np.float64)
