"""Compiled loops over replicates of a statistic; `_kernels_plain` holds the twins."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.inference._statistics._neighbours import NeighbourLaw
from ensembles.resampling._kernels_words import column_above, compiled, uniform

__all__ = ["draw_neighbours", "solve_normal_equations"]


@compiled
def draw_neighbours(keys: KeyArray, law: NeighbourLaw, neighbours: Any) -> None:
    """Write positions of two neighbours in the sorted data, (2, n_replicates).

    The second is the least of `n_above` ranks, each equally likely among those left.
    """
    ranks, cumulated, moves_on, guides = law[1:5]
    for i in range(len(keys)):
        state, u = uniform(keys[i])
        at = column_above(u, cumulated, 0, guides[int(u * len(guides))])
        neighbours[0, i] = neighbours[1, i] = ranks[at] - 1
        state, u = uniform(state)
        if law.n_above and u < moves_on[at] and ranks[at] < law.n_rows:
            state, u = uniform(state)
            left = law.n_rows - ranks[at]
            step = np.ceil(left * -np.expm1(np.log1p(-u) / law.n_above))
            neighbours[1, i] += int(min(max(step, 1.0), left))


@compiled
def solve_normal_equations(
    means: FloatArray,
    first: IntArray,
    second: IntArray,
    least: float,
    solutions: FloatArray,
) -> None:
    """Write the solution b of G b = r of each replicate, (n_replicates, p).

    A row of `means` holds ``G[first, second]``, the triangle of G on and above its
    diagonal without the one it starts with, and then r. Elimination needs no pivoting
    as G is positive definite (N. J. Higham, "Accuracy and Stability of Numerical
    Algorithms", 2nd ed., SIAM, 2002, section 10.1). Where a pivot is not above the
    share `least` of the largest, rounding may be all there is, and b is nan.
    """
    p, n_products = solutions.shape[1], len(first)
    rows = np.empty((p, p + 1))
    for i in range(len(means)):
        rows[0, 0] = 1.0
        for k in range(n_products):
            rows[first[k], second[k]] = means[i, k]
        rows[:, p] = means[i, n_products:]
        lowest, highest = np.inf, 0.0
        for j in range(p):
            pivot = rows[j, j]
            lowest, highest = min(lowest, pivot), max(highest, pivot)
            if not pivot > 0.0:
                break
            for row in range(j + 1, p):
                share = rows[j, row] / pivot
                for column in range(row, p + 1):
                    rows[row, column] -= share * rows[j, column]
        if not lowest > least * highest:
            solutions[i] = np.nan
            continue
        for j in range(p - 1, -1, -1):
            rest = rows[j, p]
            for column in range(j + 1, p):
                rest -= rows[j, column] * solutions[i, column]
            solutions[i, j] = rest / rows[j, j]
