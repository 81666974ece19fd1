"""Weighted medians of members' predictions, also of the first ones, in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, final

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray

__all__ = ["RunningMedian", "staged_medians", "weighted_median"]

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
    ordered = np.take_along_axis(columns, order, axis=1)
    return _middle(ordered, _whole(weights)[order])


def _middle(ordered: FloatArray, weights: FloatArray) -> FloatArray:
    """The first prediction that has half of the weight up to it, row by row."""
    up_to = np.cumsum(weights, axis=1)
    place = (up_to >= 0.5 * up_to[:, -1:]).argmax(axis=1)
    return np.asarray(ordered[np.arange(len(ordered)), place])


@final
class RunningMedian:
    """`weighted_median` of predictions that come one member after the other.

    Those of a row stay in order, so that a member costs one pass over them.
    """

    def __init__(self) -> None:
        self._ordered: FloatArray = np.empty((0, 0))
        self._members: IntArray = np.empty((0, 0), np.intp)
        self._weights: list[float] = []

    def add(self, predicted: FloatArray, weight: float) -> FloatArray:
        """Add a member; medians of all there are.

        Parameters
        ----------
        predicted : ndarray of shape (n_rows,)
            What it predicts.
        weight : float
            How much that counts.

        Returns
        -------
        ndarray of shape (n_rows,)
            As of `weighted_median`.
        """
        n_before, n_rows = len(self._weights), len(predicted)
        if not n_before:
            self._ordered = np.empty((n_rows, 0))
            self._members = np.empty((n_rows, 0), np.intp)
        place = (self._ordered <= predicted[:, None]).sum(axis=1)
        is_new = np.arange(n_before + 1) == place[:, None]
        self._ordered = _inserted(self._ordered, is_new, predicted)
        self._members = _inserted(self._members, is_new, n_before)
        self._weights.append(weight)
        return _middle(self._ordered, _whole(np.array(self._weights))[self._members])


def _inserted(before: Any, is_new: BoolArray, values: Any) -> Any:
    """Rows with one more value each, where the mask is true."""
    after = np.empty(is_new.shape, before.dtype)
    after[is_new] = values
    after[~is_new] = before.ravel()
    return after


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
