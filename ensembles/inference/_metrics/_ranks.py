"""Rows in the order of their scores, as the kernels of rank metrics read them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray

__all__ = ["ClassRanks", "Thresholds", "class_ranks", "thresholds"]


class ClassRanks(NamedTuple):
    """Both classes sorted by score, and where the positives fall among the negatives.

    Attributes
    ----------
    negatives : ndarray of shape (n_negatives,)
        Negative rows by ascending score.
    positives : ndarray of shape (n_positives,)
        Positive rows by ascending score.
    below, up_to : ndarray of shape (n_positives,)
        Number of negatives whose score is lower, and lower or the same.
    """

    negatives: IntArray
    positives: IntArray
    below: IntArray
    up_to: IntArray


class Thresholds(NamedTuple):
    """Rows by descending score, and the last row of each score.

    Attributes
    ----------
    rows : ndarray of shape (n_samples,)
        Rows by descending score.
    is_positive, is_last : ndarray of shape (n_samples,)
        In that order: whether the row is positive, and the last of its score.
    """

    rows: IntArray
    is_positive: BoolArray
    is_last: BoolArray


def class_ranks(is_positive: BoolArray, scores: FloatArray) -> ClassRanks:
    """Sort both classes by score."""
    order = np.argsort(scores, kind="stable")
    negatives = order[~is_positive[order]]
    positives = order[is_positive[order]]
    sorted_negatives, sorted_positives = scores[negatives], scores[positives]
    below = np.searchsorted(sorted_negatives, sorted_positives, side="left")
    up_to = np.searchsorted(sorted_negatives, sorted_positives, side="right")
    return ClassRanks(negatives, positives, below, up_to)


def thresholds(is_positive: BoolArray, scores: FloatArray) -> Thresholds:
    """Sort all rows by descending score."""
    rows = np.argsort(-scores, kind="stable")
    is_last = np.append(np.diff(scores[rows]) != 0, True)
    return Thresholds(rows, is_positive[rows], is_last)
