"""Scores as metrics of their order see them: runs of rows, by class.

Neighbours in the order of scores may stand together as long as no pair of classes that
the metric compares is hidden between them. A replicate is then the number of times that
the rows of each class of each run are drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray

__all__ = ["ScoreRuns", "ascending_runs", "descending_runs"]


class ScoreRuns(NamedTuple):
    """Rows by run and class.

    Attributes
    ----------
    codes : ndarray of shape (n_samples,)
        Of each row: twice the number of its run, and one more if it is negative.
    tied : ndarray of shape (n_runs,)
        1 for runs whose rows, of both classes, have one score; 0 for the others.
    """

    codes: IntArray
    tied: IntArray


def ascending_runs(is_positive: BoolArray, scores: FloatArray) -> ScoreRuns:
    """Runs of positives and then negatives with higher scores, or of one score."""
    rank, has_positive, has_negative = _by_score(is_positive, scores)
    is_tied = has_positive & has_negative
    starts = is_tied.copy()
    starts[1:] |= is_tied[:-1] | (has_positive[1:] & has_negative[:-1])
    starts[0] = True
    run: IntArray = np.cumsum(starts) - 1
    return ScoreRuns(2 * run[rank] + ~is_positive, is_tied[starts].astype(np.int64))


def descending_runs(is_positive: BoolArray, scores: FloatArray) -> ScoreRuns:
    """Runs that end at each score of a positive row, so at each new recall."""
    rank, has_positive, _ = _by_score(is_positive, -scores)
    run: IntArray = np.cumsum(has_positive) - has_positive
    return ScoreRuns(2 * run[rank] + ~is_positive, np.ones(run[-1] + 1, dtype=np.int64))


def _by_score(
    is_positive: BoolArray, scores: FloatArray
) -> tuple[IntArray, BoolArray, BoolArray]:
    """Rank of each row's score among the distinct ones; the classes each score has."""
    distinct, rank = np.unique(scores, return_inverse=True)
    has_positive, has_negative = np.zeros((2, len(distinct)), dtype=bool)
    has_positive[rank[is_positive]] = True
    has_negative[rank[~is_positive]] = True
    return rank, has_positive, has_negative
