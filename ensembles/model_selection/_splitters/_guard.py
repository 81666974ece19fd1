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
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._sizes import Size, Span, size_of
from ensembles.resampling._base import ramps

__all__ = ["Closed", "Fold", "Guard", "guard_of", "runs_of", "without_unresolved"]

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
    known_by : int, float or None
        Time by which labels must have ended, where that is before the first run starts.
    """

    starts: IntArray
    stops: IntArray
    low: int
    high: int
    known_by: Any = None


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
        before, after, limits = self._borders(axis, fold)
        begins = np.maximum(np.append(fold.low, np.maximum.accumulate(after)), fold.low)
        ends = np.append(np.minimum(before, fold.high), fold.high)
        if len(before) > _FEW_RUNS or axis.unresolved is not None:
            return axis.index[self._positions(axis, begins, ends, limits)]
        pieces = [axis.index[:0]]
        for run, (a, b) in enumerate(zip(begins, ends, strict=True)):
            if a < b:
                limit = None if limits is None or run == len(limits) else limits[run]
                pieces += self._stretch(axis, int(a), int(b), limit)
        pieces = [piece for piece in pieces if len(piece)] or pieces[:1]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def test(self, axis: TimeAxis, fold: Fold) -> IntArray:
        """Rows to test on, in order of time."""
        if len(fold.starts) == 1:
            return axis.index[fold.starts[0] : fold.stops[0]]
        return axis.index[ramps(fold.starts, fold.stops - fold.starts)]

    def _stretch(self, axis: TimeAxis, a: int, b: int, limit: Any) -> list[IntArray]:
        """Rows of a stretch whose labels end in time, most of them as a slice."""
        if limit is None:
            return [axis.index[a:b]]
        # No label up to here ends too late; of those after it some may.
        side: Any = "right" if self.closed == "left" else "left"
        safe = min(max(a, int(np.searchsorted(axis.latest, limit, side=side))), b)
        in_time = self._is_in_time(axis.ends[safe:b], limit)
        return [axis.index[a:safe], axis.index[safe:b][in_time]]

    def _positions(
        self, axis: TimeAxis, begins: IntArray, ends: IntArray, limits: Any
    ) -> IntArray:
        """Positions of many stretches at once, the same as stretch by stretch."""
        lengths = np.maximum(ends - begins, 0)
        positions = ramps(begins, lengths)
        if limits is not None:
            run = np.repeat(np.arange(len(lengths)), lengths)
            limit = np.append(limits, limits[-1])[run]
            in_time = self._is_in_time(axis.ends[positions], limit)
            positions = positions[in_time | (run == len(limits))]
        if axis.unresolved is not None:
            positions = positions[~axis.unresolved[positions]]
        return positions

    def _is_in_time(self, ends: Any, limit: Any) -> Any:
        """Whether labels end before a limit."""
        return ends <= limit if self.closed == "left" else ends < limit

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
            return before, self._after(axis, stops, reach, "right"), None
        if fold.known_by is not None:
            limits = np.minimum(limits, fold.known_by)
        reach = _largest(axis.ends, fold.starts, fold.stops)
        side: Any = "left" if self.closed == "left" else "right"
        free = np.maximum(stops, np.searchsorted(axis.times, reach, side=side))
        return before, self._after(axis, free, reach, side), limits

    def _before(self, axis: TimeAxis, starts: IntArray) -> tuple[IntArray, Any]:
        """Last position before each run, and the time labels must have ended by.

        That is None without times.
        """
        if isinstance(self.purge, Span):
            limits = self.purge.moved(axis.times[starts], -1, axis.zone)
            return np.minimum(axis.first_at(limits), starts), limits
        count = axis.count(self.purge)
        before = axis.position_of(axis.number_of(starts) - count)
        return before, None if axis.times is None else axis.times[before]

    def _after(
        self, axis: TimeAxis, free: IntArray, reach: Any, side: Literal["left", "right"]
    ) -> IntArray:
        """First position that may be trained on after each run.

        `free` is the first one by labels alone, which have ended at `reach`. Spans
        count on from there, up to its own time ("right") or to before it ("left").
        """
        for size in (self.purge, self.embargo):
            if isinstance(size, Span):
                reach = size.moved(reach, 1, axis.zone)
                reached = np.searchsorted(axis.times, reach, side=side)
                free = np.maximum(free, reached)
            elif size:
                free = axis.position_of(axis.number_of(free) + axis.count(size))
                if axis.times is not None:
                    reach, side = axis.times[free - 1], "right"
        return free


def without_unresolved(axis: TimeAxis, fold: Fold) -> Fold:
    """The fold without test rows whose labels have no end yet."""
    if axis.unresolved is None:
        return fold
    positions = ramps(fold.starts, fold.stops - fold.starts)
    positions = positions[~axis.unresolved[positions]]
    if not len(positions):
        return fold._replace(starts=positions, stops=positions)
    starts, stops = runs_of(positions)
    return fold._replace(starts=starts, stops=stops)


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
