"""The kernels of `_kernels` once more, in plain numpy."""

from __future__ import annotations

from ensembles._typing import FloatArray

__all__ = ["find_largest", "sum_squares"]


def sum_squares(by_model: FloatArray, centre: FloatArray, squares: FloatArray) -> None:
    """Write the sum of squared deviations of each model."""
    squares[:] = ((by_model - centre) ** 2).sum(axis=1)


def find_largest(
    by_model: FloatArray, centre: FloatArray, scales: FloatArray, largest: FloatArray
) -> None:
    """Write the largest scaled deviation of each replicate."""
    largest[:] = ((by_model - centre) * scales[:, None]).max(axis=0)
