"""Compiled passes over the replicates of many models.

Numpy would write deviations to memory and read them again for each of squares, scales
and maxima. `_kernels_plain` holds the twins.
"""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray
from ensembles.resampling._kernels_words import compiled, compiled_sum

__all__ = ["find_largest", "sum_squares"]


@compiled_sum
def sum_squares(by_model: FloatArray, centre: FloatArray, squares: FloatArray) -> None:
    """Write the sum of squared deviations of each model, shape (n_models,).

    `by_model` has shape (n_models, n_replicates), `centre` (n_replicates,).
    """
    for j in range(len(by_model)):
        total = 0.0
        for r in range(len(centre)):
            deviation = by_model[j, r] - centre[r]
            total += deviation * deviation
        squares[j] = total


@compiled
def find_largest(
    by_model: FloatArray, centre: FloatArray, scales: FloatArray, largest: FloatArray
) -> None:
    """Write the largest scaled deviation of each replicate, shape (n_replicates,)."""
    largest[:] = -np.inf
    for j in range(len(by_model)):
        scale = scales[j]
        for r in range(len(centre)):
            deviation = (by_model[j, r] - centre[r]) * scale
            # Always stored, so that many are compared at once.
            largest[r] = deviation if deviation > largest[r] else largest[r]
