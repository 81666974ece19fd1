"""Intervals and sets from how far off predictions of left-out rows were.

Of n scores of left-out rows, a new one is at most the k-th smallest with probability
k / (n + 1) where all of them are exchangeable. All here is that, and what the score is:

- V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World", Springer,
  2005 (the rank);
- B. Kim, C. Xu, R. F. Barber, "Predictive inference is free with the jackknife+-after-
  bootstrap", Advances in Neural Information Processing Systems 33, 2020;
- C. Xu, Y. Xie, "Conformal prediction interval for dynamic time-series", Proceedings of
  the 38th International Conference on Machine Learning, 2021 (the shortest interval).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensembles._combine import Rule
from ensembles._parallel import map_where_worth
from ensembles._typing import BoolArray, FloatArray, IntArray

__all__ = ["jackknife_plus", "shortest_range", "upper_score"]

# So many numbers of training rows times new ones are in memory at once.
_BLOCK_VALUES = 2**19


def upper_score(scores: FloatArray, level: float) -> float:
    """The score that a new one exceeds with probability ``1 - level`` at most.

    Infinite where there are too few scores to tell.
    """
    rank = _rank(level, len(scores))
    if rank > len(scores):
        return np.inf
    return float(np.partition(scores, rank - 1)[rank - 1])


def _rank(level: float, n_scores: int) -> int:
    """Which of the scores, in order, from 1 on; one more than there are for none."""
    # Levels are decimal, and 0.9 * 10 is to be nine.
    return min(int(np.ceil(level * (n_scores + 1) - 1e-9)), n_scores + 1)


def shortest_range(residuals: FloatArray, level: float) -> tuple[float, float]:
    """Ends of the shortest range that holds as many residuals as `upper_score` asks."""
    rank = _rank(level, len(residuals))
    if rank > len(residuals):
        return -np.inf, np.inf
    ordered = np.sort(residuals)
    widths = ordered[rank - 1 :] - ordered[: len(ordered) - rank + 1]
    first = int(np.argmin(widths))
    return float(ordered[first]), float(ordered[first + rank - 1])


def jackknife_plus(
    outputs: FloatArray,
    left_out: BoolArray,
    residuals: FloatArray,
    level: float,
    rule: Rule,
    n_jobs: int | None = None,
) -> FloatArray:
    """Intervals from the ensembles without each training row, and its residual.

    The ends are order statistics, over training rows i, of m_i(x) - r_i and m_i(x) +
    r_i, where m_i combines the members that did not learn from row i. They are found
    for some new rows at a time.

    Parameters
    ----------
    outputs : ndarray of shape (n_members, n_new_rows)
        Members' values.
    left_out : ndarray of shape (n_training_rows, n_members)
        Which members did not learn from which row; one at least for each row.
    residuals : ndarray of shape (n_training_rows,)
        Of predictions by those members.
    level : float
        Share of targets to be covered.
    rule : Rule
        How members' values become one.
    n_jobs : int or None, default=None
        Number of workers.

    Returns
    -------
    ndarray of shape (n_new_rows, 2)
        Lower and upper ends.
    """
    n_rows = len(residuals)
    rank = _rank(level, n_rows)
    if rank > n_rows:
        return np.tile([-np.inf, np.inf], (outputs.shape[1], 1))
    size = max(1, _BLOCK_VALUES // n_rows)
    # In units that single precision holds, whatever those of the target are.
    unit = float(max(np.ptp(outputs), np.abs(residuals).max())) or 1.0
    if rule.streams:
        outputs, residuals = outputs / unit, residuals / unit
    else:
        unit = 1.0
    blocks = [
        (outputs[:, first : first + size],)
        for first in range(0, outputs.shape[1], size)
    ]
    combine = _mean_of(left_out) if rule.streams else _any_of(left_out, rule)
    widths = np.abs(residuals)
    task = partial(_ends, combine, widths, rank)
    parts = map_where_worth(task, blocks, n_jobs=n_jobs, prefer="threads")
    return unit * np.concatenate(list(parts))


def _ends(
    combine: Callable[[FloatArray], tuple[NDArray[Any], FloatArray]],
    widths: FloatArray,
    rank: int,
    outputs: FloatArray,
) -> FloatArray:
    """Ends of intervals for a block of new rows."""
    centres, middle = combine(outputs)
    widths = widths.astype(centres.dtype)
    low, high = len(widths) - rank, rank - 1
    ends = np.empty((len(centres), 2))
    room = centres - widths
    room.partition(low, axis=1)
    ends[:, 0] = room[:, low]
    np.add(centres, widths, out=room)
    room.partition(high, axis=1)
    ends[:, 1] = room[:, high]
    return ends + middle[:, None]


def _mean_of(
    left_out: BoolArray,
) -> Callable[[FloatArray], tuple[NDArray[Any], FloatArray]]:
    """Means over the members without each row, less those over all members.

    Shapes (n_new_rows, n_training_rows) and (n_new_rows,). What is left of the means is
    as small as members differ, and single precision does for it: half the time, and
    ends that are right to the seventh digit of the interval's width.
    """
    shares = (left_out.T / left_out.sum(axis=1)).astype(np.float32)

    def combine(outputs: FloatArray) -> tuple[NDArray[Any], FloatArray]:
        middle = outputs.mean(axis=0)
        return (outputs - middle).astype(np.float32).T @ shares, middle

    return combine


def _any_of(
    left_out: BoolArray, rule: Rule
) -> Callable[[FloatArray], tuple[NDArray[Any], FloatArray]]:
    """The same for any rule: rows that as many members lack are combined together."""
    groups = list(_of_equal_count(left_out))

    def combine(outputs: FloatArray) -> tuple[NDArray[Any], FloatArray]:
        prepared = np.stack([rule.prepare(one) for one in outputs])
        combined = np.empty((outputs.shape[1], len(left_out)))
        for rows, members in groups:
            stack = prepared[members]  # members, training rows, new rows
            flat = stack.reshape(len(stack), -1)
            reduced = rule.finish(rule.reduce(flat, None))
            combined[:, rows] = reduced.reshape(stack.shape[1:]).T
        return combined, np.zeros(outputs.shape[1])

    return combine


def _of_equal_count(left_out: BoolArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Rows that c members lack, and these members, shape (c, n_rows)."""
    counts = left_out.sum(axis=1)
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        yield rows, np.nonzero(left_out[rows])[1].reshape(len(rows), count).T
