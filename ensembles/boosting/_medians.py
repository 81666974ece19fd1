"""Weighted medians of members' predictions, also of the first ones, in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ensembles._typing import FloatArray

__all__ = ["staged_medians", "weighted_median"]

_BITS = 50  # of whole numbers whose sums floats hold


def weighted_median(predictions: FloatArray, weights: FloatArray) -> FloatArray:
    """The least prediction that has half of the weight up to it, row by row.

    Parameters
    ----------
    predictions : ndarray of shape (n_members, n_rows)
        One for each member and row.
    weights : ndarray of shape (n_members,)
        Of the members.

    Returns
    -------
    ndarray of shape (n_rows,)
        Always one of the predictions.
    """
    columns = predictions.T
    order = np.argsort(columns, axis=1, kind="stable")
    up_to = np.cumsum(_whole(weights)[order], axis=1)
    middle = (up_to >= 0.5 * up_to[:, -1:]).argmax(axis=1)[:, None]
    chosen = np.take_along_axis(order, middle, axis=1)
    return np.asarray(np.take_along_axis(columns, chosen, axis=1)[:, 0])


def staged_medians(
    predictions: FloatArray, weights: FloatArray
) -> Iterator[FloatArray]:
    """`weighted_median` of the first member, the first two, and so on.

    Predictions of a row are sorted once. Weights are added up in a binary tree over
    their ranks, so that a stage costs the logarithm of the number of members.

    Parameters
    ----------
    predictions : ndarray of shape (n_members, n_rows)
        One for each member and row.
    weights : ndarray of shape (n_members,)
        Of the members.

    Yields
    ------
    ndarray of shape (n_rows,)
        Medians.
    """
    n_members, n_rows = predictions.shape
    columns, rows = predictions.T, np.arange(n_rows)
    order = np.argsort(columns, axis=1, kind="stable")
    ordered = np.take_along_axis(columns, order, axis=1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(n_members)[None], axis=1)
    depth = max(n_members - 1, 0).bit_length()
    sums = [np.zeros((n_rows, 2**level)) for level in range(depth + 1)]
    total = 0.0
    for own, weight in zip(ranks.T, _whole(weights), strict=True):
        total += weight
        for level in range(depth + 1):
            sums[level][rows, own >> (depth - level)] += weight
        place, wanted = np.zeros(n_rows, np.intp), np.full(n_rows, 0.5 * total)
        for level in range(1, depth + 1):
            below = sums[level][rows, 2 * place]
            goes_up = below < wanted
            wanted -= np.where(goes_up, below, 0.0)
            place = 2 * place + goes_up
        yield ordered[rows, place]


def _whole(weights: FloatArray) -> FloatArray:
    """Weights as whole numbers, whose sums do not depend on their order."""
    largest = math.fsum(weights)
    if largest <= 0.0:
        return np.zeros_like(weights)
    unit = math.ldexp(1.0, math.frexp(largest)[1] - _BITS)
    return np.asarray(np.maximum(np.rint(weights / unit), weights > 0.0))
