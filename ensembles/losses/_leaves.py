"""Quantiles of the rows of each leaf."""

from __future__ import annotations

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray, IntArray

__all__ = ["medians_of_leaves", "quantiles_of_leaves"]

# What numpy takes for a leaf, and for a row.
_SECONDS_PER_LEAF, _SECONDS_PER_ROW = 1e-5, 1e-8


def medians_of_leaves(
    values: FloatArray, order: IntArray, bounds: IntArray
) -> FloatArray:
    """Medians: means of the two values in the middle, where there are two.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        One for each row.
    order : ndarray of shape (n_samples,)
        Numbers of rows, leaf by leaf.
    bounds : ndarray of shape (n_leaves, 2)
        Where the rows of each leaf begin in `order`, and where they end.

    Returns
    -------
    ndarray of shape (n_leaves,)
        As `numpy.median` has them.
    """
    low, high = _neighbours(values, order, bounds, 0.5).T
    is_even = (bounds[:, 1] - bounds[:, 0]) % 2 == 0
    return np.asarray(np.where(is_even, (low + high) / 2.0, low))


def quantiles_of_leaves(
    values: FloatArray, order: IntArray, bounds: IntArray, level: float
) -> FloatArray:
    """Quantiles, interpolated between two values.

    Parameters
    ----------
    values, order, bounds : ndarray
        As of `medians_of_leaves`.
    level : float
        The share below.

    Returns
    -------
    ndarray of shape (n_leaves,)
        As `numpy.quantile` has them.
    """
    low, high = _neighbours(values, order, bounds, level).T
    place = level * (bounds[:, 1] - bounds[:, 0] - 1)
    share, distance = place - np.floor(place), high - low
    # From the nearer end, so that the ends themselves come out.
    from_low, from_high = low + distance * share, high - distance * (1.0 - share)
    return np.asarray(np.where(share >= 0.5, from_high, from_low))


def _neighbours(
    values: FloatArray, order: IntArray, bounds: IntArray, level: float
) -> FloatArray:
    """The two values that the quantile of each leaf lies between, (n_leaves, 2)."""
    bounds = np.ascontiguousarray(bounds, dtype=np.int64)
    seconds = _SECONDS_PER_LEAF * len(bounds) + _SECONDS_PER_ROW * len(order)
    kernels = kernels_for("losses", "leaves", seconds)
    found, room = np.empty((len(bounds), 2)), np.empty(len(order))
    values, order = np.ascontiguousarray(values), np.ascontiguousarray(order)
    kernels.neighbours(values, order, bounds, level, room, found)
    return found
