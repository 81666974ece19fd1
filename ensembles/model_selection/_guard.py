"""Training rows that would tell of test rows are dropped: purging and embargo.

Row i is known at t_i and its label at e_i. With test rows in runs, which are made as
long as the times they meet, a training row is kept if and only if

* it shares no time with a test row,
* its label ends before the next run begins: e_i <= start of the run, less `purge`,
* it begins after the labels of all runs before it have ended, plus `purge` and
  `embargo`: t_i >= the latest end.

With ``closed="both"`` labels that touch count as overlapping. Without label ends a row
is known at once, and `purge` and `embargo` are all there is; spans of time drop what
lies within them, ends included.

M. Lopez de Prado, "Advances in Financial Machine Learning", Wiley, 2018, sections 7.4.1
and 7.4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, final

import numpy as np

from ensembles._typing import IntArray
from ensembles.model_selection._axis import TimeAxis
from ensembles.model_selection._sizes import Size, Span, size_of
from ensembles.resampling._base import ramps

__all__ = ["Closed", "Fold", "Guard", "guard_of", "runs_of"]

Closed = Literal["left", "both"]
# Up to so many runs of test rows, what is left between them is cut out as slices.
_FEW_RUNS = 64


class Fold(NamedTuple):
    """Test rows, and where training rows may come from.

    Attributes
    ----------
    starts, stops : ndarray of shape (n_runs,)
        Positions at which runs of test rows begin and end; runs do not touch.
    low, high : int
        Training rows are among the positions from `low` to before `high`.
    """

    starts: IntArray
    stops: IntArray
    low: int
    high: int


def runs_of(positions: IntArray) -> tuple[IntArray, IntArray]:
    """Starts and stops of the runs of ascending positions."""
    breaks = np.flatnonzero(np.diff(positions) != 1) + 1
    starts = positions[np.concatenate([[0], breaks])]
    stops = positions[np.concatenate([breaks - 1, [len(positions) - 1]])] + 1
    return starts, stops


@final
@dataclass(frozen=True, slots=True)
class Guard:
    """How far training rows must stay away from test rows."""

    purge: Size = 0
    embargo: Size = 0
    closed: Closed = "left"

    def train(self, axis: TimeAxis, fold: Fold) -> IntArray:
        """Rows to train on, in order of time; a view where they are in one piece."""
        before, after, thresholds = self._borders(axis, fold)
        begins = np.concatenate([[fold.low], np.maximum.accumulate(after)])
        ends = np.concatenate([np.minimum(before, fold.high), [fold.high]])
        begins = np.maximum(begins, fold.low)
        if axis.unresolved is None and len(before) <= _FEW_RUNS:
            pieces = []
            for run, (a, b) in enumerate(zip(begins, ends, strict=True)):
                if a < b:
                    pieces += self._piece(axis, int(a), int(b), thresholds, run)
            pieces = [piece for piece in pieces if len(piece)]
            if len(pieces) == 1:
                return pieces[0]
            return np.concatenate([axis.index[:0], *pieces])
        lengths = np.maximum(ends - begins, 0)
        positions = ramps(begins, lengths)
        if thresholds is not None:
            runs = np.repeat(np.arange(len(lengths)), lengths)
            limits = np.append(thresholds, thresholds[-1])[runs]
            is_last = runs == len(thresholds)
            ends_of = axis.ends[positions]
            kept = ends_of <= limits if self.closed == "left" else ends_of < limits
            positions = positions[kept | is_last]
        if axis.unresolved is not None:
            positions = positions[~axis.unresolved[positions]]
        return axis.index[positions]

    def test(self, axis: TimeAxis, fold: Fold) -> IntArray:
        """Rows to test on, in order of time."""
        if len(fold.starts) == 1 and axis.unresolved is None:
            return axis.index[fold.starts[0] : fold.stops[0]]
        positions = ramps(fold.starts, fold.stops - fold.starts)
        if axis.unresolved is not None:
            positions = positions[~axis.unresolved[positions]]
        return axis.index[positions]

    def _piece(
        self, axis: TimeAxis, a: int, b: int, thresholds: Any, run: int
    ) -> list[IntArray]:
        """Rows of a stretch before a run whose labels end in time for it."""
        if thresholds is None or run == len(thresholds):
            return [axis.index[a:b]]
        limit = thresholds[run]
        # No label up to here ends too late; of those after it some may.
        side: Any = "right" if self.closed == "left" else "left"
        safe = min(max(a, int(np.searchsorted(axis.latest, limit, side=side))), b)
        late = axis.ends[safe:b]
        in_time = late <= limit if self.closed == "left" else late < limit
        return [axis.index[a:safe], axis.index[safe:b][in_time]]

    def _borders(
        self, axis: TimeAxis, fold: Fold
    ) -> tuple[IntArray, IntArray, Any | None]:
        """Where stretches between runs end and begin, and when labels must have ended.

        Shapes (n_runs,) each; the last is None where labels have no ends.
        """
        starts, stops = axis.floor(fold.starts), axis.ceil(fold.stops)
        before, limits = self._before(axis, starts)
        if axis.ends is None:
            reach = None if axis.times is None else axis.times[stops - 1]
            after = self._after(axis, stops, reach, "right")
            return before, after, None
        ends = _largest(axis.ends, fold.starts, fold.stops)
        reach = np.maximum.accumulate(ends)
        side: Any = "left" if self.closed == "left" else "right"
        first_free = np.searchsorted(axis.times, reach, side=side)
        after = self._after(axis, np.maximum(stops, first_free), reach, side)
        return before, after, limits

    def _before(self, axis: TimeAxis, starts: IntArray) -> tuple[IntArray, Any]:
        """Last position before each run, and the time labels must have ended by."""
        if isinstance(self.purge, Span):
            limits = self.purge.earlier(axis.times[starts], axis.zone)
            return np.minimum(axis.first_at(limits), starts), limits
        count = axis.count(self.purge)
        before = axis.position_of(axis.number_of(starts) - count)
        return before, None if axis.times is None else axis.times[before]

    def _after(
        self, axis: TimeAxis, free: IntArray, reach: Any, side: Literal["left", "right"]
    ) -> IntArray:
        """First position that may be trained on after each run."""
        for size in (self.purge, self.embargo):
            if isinstance(size, Span):
                reach = size.later(reach, axis.zone)
                reached = np.searchsorted(axis.times, reach, side=side)
                free = np.maximum(free, reached)
            elif size:
                free = axis.position_of(axis.number_of(free) + axis.count(size))
                if axis.times is not None:
                    reach, side = axis.times[free - 1], "right"
        return free


def guard_of(owner: Any) -> Guard:
    """Guard that the parameters of a splitter say, checked."""
    purge = size_of(owner, "purge", owner.purge, low=0)
    return Guard(purge, size_of(owner, "embargo", owner.embargo, low=0), owner.closed)


def _largest(values: Any, starts: IntArray, stops: IntArray) -> Any:
    """Largest value of each run."""
    bounds = np.stack([starts, stops], axis=1).ravel()
    if bounds[-1] == len(values):
        bounds = bounds[:-1]
    return np.maximum.reduceat(values, bounds)[::2]
