"""Training sets cut down to their most recent part."""

from __future__ import annotations

from functools import cached_property
from typing import final

import numpy as np

from ensembles._typing import IntArray
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._sizes import Size, Span

__all__ = ["History"]


@final
class History:
    """How far back training rows reach, on an axis of time.

    Attributes
    ----------
    axis : TimeAxis
        Rows in order of time.
    """

    def __init__(self, axis: TimeAxis) -> None:
        self.axis = axis
        self._numbers = axis.numbers_by_row()

    @cached_property
    def _step(self) -> float:
        """How far distinct times mostly lie apart."""
        times = self.axis.times
        if self.axis.edges is not None:
            times = times[self.axis.edges[:-1]]
        return float(np.median(np.diff(times))) if len(times) > 1 else 0.0

    def length(self, train: IntArray) -> int:
        """Number of distinct times among training rows."""
        return len(self._times_of(train))

    def recent(self, train: IntArray, size: Size) -> IntArray:
        """Training rows of the most recent times, in the order they came in.

        A time is kept whole or left out. An int counts distinct times, a share is one
        of those in `train`, and a span reaches back from the time after the last.
        """
        numbers = self._numbers[train]
        if isinstance(size, Span):
            first = self._number_back(int(numbers.max()), size)
            return train[numbers >= first]
        trained = self._times_of(train)
        if isinstance(size, float):
            size = int(np.ceil(size * len(trained) - 1e-9))
        first = int(trained[-min(size, len(trained))])
        return train[numbers >= first]

    def _times_of(self, train: IntArray) -> IntArray:
        """Numbers of the distinct times of training rows, in order."""
        numbers = self._numbers[train]
        has_rows = np.zeros(numbers.max() + 1, dtype=bool)
        has_rows[numbers] = True
        return np.flatnonzero(has_rows)

    def covers(self, train: IntArray, size: Size) -> bool:
        """Whether training rows reach back as far as a size.

        A span may begin before the first of them by as much as times lie apart.
        """
        if isinstance(size, float):
            return True
        trained = self._times_of(train)
        if isinstance(size, int):
            return size <= len(trained)
        start = self.axis.moved_time(self._end_of(int(trained[-1])), size, -1)
        first = self.axis.time_at(int(self.axis.position_of(trained[0])))
        return bool(start >= first - self._step)

    def _number_back(self, last: int, span: Span) -> int:
        """Number of the first time that a span covers which ends after the last."""
        stop = int(self.axis.position_of(np.array(last + 1)))
        start = self.axis.back(stop, span, self._end_of(last))
        return int(self.axis.number_of(np.array(start)))

    def _end_of(self, last: int) -> int:
        """When the time of this number is over: when the next begins, or is due.

        A hole that follows it, such as a weekend, is no part of it.
        """
        stop = int(self.axis.position_of(np.array(last + 1)))
        if stop >= self.axis.n_samples:
            return self.axis.next_time()
        due = int(self.axis.time_at(stop - 1)) + int(self._step)
        return min(due, int(self.axis.time_at(stop)))
