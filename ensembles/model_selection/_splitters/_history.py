"""Training sets cut down to their most recent part."""

from __future__ import annotations

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

    def _number_back(self, last: int, span: Span) -> int:
        """Number of the first time that a span covers which ends after the last."""
        axis = self.axis
        stop = int(axis.position_of(np.array(last + 1)))
        time = axis.time_at(stop) if stop < axis.n_samples else axis.next_time()
        return int(axis.number_of(np.array(axis.back(stop, span, time))))
