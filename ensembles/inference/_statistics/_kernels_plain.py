"""The kernels of `_kernels` once more, in plain numpy."""

from __future__ import annotations

import numpy as np

from ensembles._random import GOLDEN, words_of
from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.inference._statistics._neighbours import NeighbourLaw

__all__ = ["draw_neighbours", "solve_normal_equations"]


def draw_neighbours(keys: KeyArray, law: NeighbourLaw, neighbours: IntArray) -> None:
    """Write positions of two neighbours in the sorted data."""
    first, second, third = (_uniforms(keys, number) for number in (1, 2, 3))
    at = np.searchsorted(law.cumulated[0], first, side="right")
    rank = law.ranks[at]
    neighbours[:] = rank - 1
    if law.n_above:
        left = law.n_rows - rank
        step = np.ceil(left * -np.expm1(np.log1p(-third) / law.n_above))
        moves_on = (second < law.moves_on[at]) & (rank < law.n_rows)
        neighbours[1] += np.where(moves_on, np.clip(step, 1, left), 0).astype(np.intp)


def solve_normal_equations(
    means: FloatArray,
    first: IntArray,
    second: IntArray,
    least: float,
    solutions: FloatArray,
) -> None:
    """Write the solution of the normal equations of each replicate."""
    p, n_products = solutions.shape[1], len(first)
    gram = np.ones((len(means), p, p))
    gram[:, first, second] = gram[:, second, first] = means[:, :n_products]
    for i, (matrix, right) in enumerate(zip(gram, means[:, n_products:], strict=True)):
        # Pivots are ratios of leading minors.
        minors = [1.0, *(np.linalg.det(matrix[:j, :j]) for j in range(1, p + 1))]
        with np.errstate(divide="ignore", invalid="ignore"):
            pivots = np.divide(minors[1:], minors[:-1])
        is_fixed = (pivots > least * pivots.max()).all()
        solutions[i] = np.linalg.solve(matrix, right) if is_fixed else np.nan


def _uniforms(keys: KeyArray, number: int) -> FloatArray:
    """The uniform at this place in the stream of each key."""
    words = words_of(keys + np.array([number], dtype=np.uint64) * GOLDEN)
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
