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
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ensembles._combine import Rule
from ensembles._parallel import map_where_worth
from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles._validation import warn_user

__all__ = ["finished", "jackknife_plus", "shortest_range", "upper_score"]

# So many numbers of training rows times new ones are in memory at once.
_BLOCK_VALUES = 2**19


def finished(ends: FloatArray, level: float) -> FloatArray:
    """Ends of shape (n, n_outputs, 2), without the axis of a single output.

    Warns
    -----
    UserWarning
        If there were too few residuals for ends that are finite.
    """
    if np.isinf(ends).any():
        warn_user(
            f"There are too few residuals for intervals of confidence_level={level}: "
            "their ends are infinite. Fit on more rows, or ask for less."
        )
    return ends[:, 0] if ends.shape[1] == 1 else ends


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
    widths = np.abs(residuals)
    ends_of = _ends_by_means if rule.streams else partial(_ends_by_rule, rule)
    return ends_of(outputs, left_out, widths, rank, n_jobs)


def _in_blocks(
    function: Callable[[FloatArray], FloatArray],
    outputs: FloatArray,
    n_rows: int,
    n_jobs: int | None,
) -> FloatArray:
    """Ends of intervals of all new rows, some of them at a time."""
    size = max(1, _BLOCK_VALUES // n_rows)
    firsts = range(0, outputs.shape[1], size)
    blocks = [(outputs[:, first : first + size],) for first in firsts]
    parts = map_where_worth(function, blocks, n_jobs=n_jobs, prefer="threads")
    return np.concatenate(list(parts))


def _ends_by_means(
    outputs: FloatArray,
    left_out: BoolArray,
    widths: FloatArray,
    rank: int,
    n_jobs: int | None,
) -> FloatArray:
    """Ends of intervals where members are combined by their mean.

    Single precision does, for what is left of means less the mean of all members, in
    units of the largest number: half the time, and seven digits of an interval's width.
    """
    unit = float(max(np.ptp(outputs), widths.max())) or 1.0
    middle = outputs.mean(axis=0)
    means = _Means.of(left_out, widths / unit, rank)
    off = (outputs - middle) / unit
    order = np.argsort(means.spread(off), kind="stable")  # alike rows in one block
    ends = np.empty((len(order), 2))
    ends[order] = _in_blocks(means.ends, off[:, order], len(widths), n_jobs)
    return np.asarray(unit * ends + middle[:, None])


@dataclass(frozen=True, slots=True)
class _Means:
    """Means over the members without each training row, and which rows can matter.

    Means of s members or more lie between those of the s least and the s largest, a and
    b. Of rows that as many members lack, with widths w in order, the k-th smallest sum
    of mean and width then lies between a + w_k and b + w_k, and rows whose width
    differs from w_k by more than b - a are below it or above. Rows that fewer members
    lack, of which there are f, may all be below or above: k is k - f on one side.
    """

    shares: NDArray[np.float32]
    """Of members in the means, shape (n_members, n_training_rows): the f rows first."""
    widths: NDArray[np.float32]
    n_few: int
    least: int
    """How many members the other rows lack at least."""
    rank: int

    @classmethod
    def of(cls, left_out: BoolArray, widths: FloatArray, rank: int) -> _Means:
        """Rows in the order that the search wants."""
        counts = left_out.sum(axis=1)
        place = len(counts) // 100
        least = int(np.partition(counts, place)[place])
        has_many = counts >= least
        order = np.lexsort((widths, has_many))
        shares = (left_out[order] / counts[order, None]).T
        return cls(
            np.ascontiguousarray(shares, dtype=np.float32),
            widths[order].astype(np.float32),
            int(np.count_nonzero(~has_many)),
            least,
            rank,
        )

    def spread(self, off: FloatArray) -> FloatArray:
        """By how much means of some new rows can differ, b - a."""
        ordered = np.sort(off, axis=0)
        low, high = ordered[: self.least], ordered[-self.least :]
        return np.asarray(high.mean(axis=0) - low.mean(axis=0))

    def ends(self, off: FloatArray) -> FloatArray:
        """Ends of intervals for a block of new rows."""
        many = self.widths[self.n_few :]
        spread = float(self.spread(off).max()) * (1 + 1e-6) + 1e-6  # and rounding
        first, last = 0, len(many)
        if self.rank > self.n_few:
            least = many[self.rank - self.n_few - 1] - spread
            first = int(np.searchsorted(many, least, side="left"))
        if self.rank <= len(many):
            most = many[self.rank - 1] + spread
            last = int(np.searchsorted(many, most, side="right"))
        rows = np.r_[: self.n_few, self.n_few + first : self.n_few + last]
        contiguous = slice(first + self.n_few, last + self.n_few)
        single = np.ascontiguousarray(off.T, dtype=np.float32)
        centres = np.empty((len(single), len(rows)), dtype=np.float32)
        np.matmul(single, self.shares[:, : self.n_few], out=centres[:, : self.n_few])
        np.matmul(single, self.shares[:, contiguous], out=centres[:, self.n_few :])
        near, place = self.widths[rows], self.rank - 1 - first
        ends = np.empty((len(single), 2))
        room = near - centres
        room.partition(place, axis=1)
        ends[:, 0] = -room[:, place]
        np.add(centres, near, out=room)
        room.partition(place, axis=1)
        ends[:, 1] = room[:, place]
        return ends


def _ends_by_rule(
    rule: Rule,
    outputs: FloatArray,
    left_out: BoolArray,
    widths: FloatArray,
    rank: int,
    n_jobs: int | None,
) -> FloatArray:
    """The same for any rule: rows that as many members lack are combined together."""
    groups = list(_of_equal_count(left_out))
    low, high = len(widths) - rank, rank - 1

    def ends(block: FloatArray) -> FloatArray:
        prepared = np.stack([rule.prepare(one) for one in block])
        centres = np.empty((block.shape[1], len(left_out)))
        for rows, members in groups:
            stack = prepared[members]  # members, training rows, new rows
            flat = stack.reshape(len(stack), -1)
            reduced = rule.finish(rule.reduce(flat, None))
            centres[:, rows] = reduced.reshape(stack.shape[1:]).T
        lower = np.partition(centres - widths, low, axis=1)[:, low]
        upper = np.partition(centres + widths, high, axis=1)[:, high]
        return np.column_stack([lower, upper])

    return _in_blocks(ends, outputs, len(widths), n_jobs)


def _of_equal_count(left_out: BoolArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Rows that c members lack, and these members, shape (c, n_rows)."""
    counts = left_out.sum(axis=1)
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        yield rows, np.nonzero(left_out[rows])[1].reshape(len(rows), count).T
