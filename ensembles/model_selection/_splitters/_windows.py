"""Windows of test rows that move through time: where each starts and ends.

Windows of counts are laid on numbers of times, windows of spans on the calendar. Either
way a window becomes its origin, before which everything is past, and runs of tested
positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ensembles._typing import IntArray
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._guard import runs_of
from ensembles.model_selection._splitters._sizes import CalendarSpan, Span

__all__ = ["Window", "window_of_counts", "window_of_times", "windows_of_spans"]

_MOST_STEPS = 10_000_000


class Window(NamedTuple):
    """One window of test rows.

    Attributes
    ----------
    origin : int
        Position before which everything is past.
    time : int, float or None
        Time of the origin, which need not be that of a row; None without times.
    starts, stops : ndarray of shape (n_runs,)
        Positions at which runs of tested rows begin and end.
    """

    origin: int
    time: Any
    starts: IntArray
    stops: IntArray


def window_of_counts(
    axis: TimeAxis, number: int, offsets: IntArray, time: Any = None
) -> Window:
    """Window at a time, by its number, of the times at these offsets from it."""
    firsts, ends = runs_of(offsets)
    starts, stops = axis.position_of(number + firsts), axis.position_of(number + ends)
    has_rows = starts < stops
    origin = int(axis.position_of(np.array(number)))
    time = axis.time_at(origin) if time is None else time
    return Window(origin, time, starts[has_rows], stops[has_rows])


def window_of_times(axis: TimeAxis, start: Any, stop: Any) -> Window:
    """Window of the rows from one time to before another one."""
    positions = axis.first_at(np.array([start, stop]))
    return Window(int(positions[0]), start, positions[:1], positions[1:])


def windows_of_spans(
    axis: TimeAxis, test: Span, step: Span | None, *, from_start: bool, least: int
) -> Iterator[Window]:
    """Windows of a span of time that hold rows, from the anchored end of the data on.

    Back from the end of the data, the last one first, or ahead from the time `least`.
    Without `step` each ends where the next one starts. Those of a calendar start where
    its steps do. The last one may end later than the data if no row of it is missing.
    """
    end = _end_of_data(axis, test)
    by = test if step is None else step
    mark = _first_mark(axis, test, step, end, least if from_start else None)
    for marks in _marks(by, mark, 1 if from_start else -1, axis.zone):
        if step is None:
            starts, stops = (marks[:-1], marks[1:])[:: 1 if from_start else -1]
        else:
            starts, stops = marks[:-1], test.moved(marks[:-1], 1, axis.zone)
        firsts, ends = axis.first_at(starts), axis.first_at(stops)
        for i in np.flatnonzero((firsts < ends) & (starts >= least) & (stops <= end)):
            yield Window(int(firsts[i]), starts[i], firsts[i : i + 1], ends[i : i + 1])
        if stops.max() > end if from_start else starts.min() < least:
            return


def _first_mark(
    axis: TimeAxis, test: Span, step: Span | None, end: int, first: int | None
) -> int:
    """Time from which steps are counted: a start, or the end of joined windows.

    `first` is where the windows may begin, if it is there that they are anchored.
    """
    by = test if step is None else step
    if first is None and step is None:
        return end
    start = axis.moved_time(end, test, -1) if first is None else first
    if not (isinstance(by, CalendarSpan) and by.has_grid):
        return start
    if first is not None:
        return by.grid_after(start, axis.zone)
    return by.grid_before(start, axis.zone)


def _end_of_data(axis: TimeAxis, test: Span) -> int:
    """Time at which the last window may end."""
    last = int(axis.times[-1])
    if not (isinstance(test, CalendarSpan) and test.has_grid):
        return last + 1
    above = test.grid_after(last + 1, axis.zone)
    return above if axis.next_time() >= above else test.grid_before(last, axis.zone)


def _marks(by: Span, first: int, sign: int, zone: Any) -> Iterator[IntArray]:
    """Times at steps from the first one on, in ever larger portions.

    Each portion begins with the last time of the one before.
    """
    done, size = 0, 64
    while done <= _MOST_STEPS:
        yield by.series(first, sign * done, sign * (done + size + 1), zone)
        done += size
        size = min(2 * size, 2**16)
    raise ValueError(
        f"More than {_MOST_STEPS:,} windows of this size lie within the times of the "
        "rows. Make test_size or step larger."
    )
