"""Windows of test rows that move through time: where each starts and ends.

Windows of counts are laid on numbers of times, windows of spans on the calendar. Either
way a window becomes its origin, the position at which it starts, and runs of tested
positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ensembles._typing import IntArray
from ensembles.model_selection._axis import TimeAxis
from ensembles.model_selection._guard import runs_of
from ensembles.model_selection._sizes import CalendarSpan, Size, Span, stamps

__all__ = [
    "Window",
    "ahead_of",
    "back_from",
    "windows_at",
    "windows_of_counts",
    "windows_of_spans",
]


class Window(NamedTuple):
    """One window of test rows.

    Attributes
    ----------
    origin : int
        Position before which everything is past.
    time : int or float or None
        Time that the origin stands for, where it is not that of a row.
    starts, stops : ndarray of shape (n_runs,)
        Positions at which runs of tested rows begin and end.
    """

    origin: int
    time: Any
    starts: IntArray
    stops: IntArray


def back_from(axis: TimeAxis, position: int, size: Size, time: Any = None) -> int:
    """Position so much before another one, whose time may be told apart."""
    if isinstance(size, Span):
        if time is None:
            time = axis.times[min(position, axis.n_samples - 1)]
        earlier = size.earlier(np.array([time]), axis.zone)
        return int(min(axis.first_at(earlier)[0], position))
    number = axis.number_of(axis.floor(np.array([position]))) - axis.count(size)
    # Rows between two edges are left out: never fewer than asked for.
    return int(axis.position_of(axis.floor_number(number))[0])


def ahead_of(axis: TimeAxis, position: int, size: Size, time: Any = None) -> int:
    """Position so much after another one, whose time may be told apart."""
    if isinstance(size, Span):
        if time is None:
            time = axis.times[position]
        later = size.later(np.array([time]), axis.zone)
        return int(axis.first_at(later)[0])
    number = axis.number_of(np.array([position]))
    return int(axis.position_of(number + axis.count(size))[0])


def windows_of_counts(
    axis: TimeAxis, origins: Sequence[int] | IntArray, offsets: IntArray
) -> Iterator[Window]:
    """Windows from numbers of times: origins, and what is tested counted from them."""
    firsts, ends = runs_of(offsets)
    for origin in origins:
        starts, stops = (
            axis.position_of(origin + firsts),
            axis.position_of(origin + ends),
        )
        yield Window(int(axis.position_of(np.array([origin]))[0]), None, starts, stops)


def windows_at(
    axis: TimeAxis, origins: Any, test_size: Size | None, offsets: IntArray | None
) -> Iterator[Window]:
    """Windows that start at the first row of given times or later."""
    for time in origins:
        origin = int(axis.first_at(time))
        if offsets is not None:
            number = int(axis.number_of(np.array([origin]))[0])
            window = next(windows_of_counts(axis, [number], offsets))
            yield window._replace(time=time)
        else:
            assert test_size is not None
            stop = ahead_of(axis, origin, test_size, time)
            yield Window(origin, time, np.array([origin]), np.array([stop]))


def windows_of_spans(
    axis: TimeAxis, test: Span, step: Span, *, from_start: bool, least: int
) -> list[Window]:
    """Windows of a span of time, in order, without those that hold no row.

    Counted back from the end of the data, or ahead from the time `least`. On a calendar
    they start where its steps do. The last one may end later than the data if by the
    spacing of times no row of it is missing.
    """
    times = _origins_ahead if from_start else _origins_back
    windows = []
    for time in times(axis, test, step, least):
        start = int(axis.first_at(time))
        stop = ahead_of(axis, start, test, time)
        if start < stop:
            windows.append(Window(start, time, np.array([start]), np.array([stop])))
    return windows


def _origins_back(axis: TimeAxis, test: Span, step: Span, least: int) -> list[int]:
    """Times of origins, the last window ending with the data."""
    last = int(_moved(axis, _end_of_data(axis, test), test, -1))
    origins = []
    time = last
    while time >= least:
        origins.append(time)
        time = int(_moved(axis, last, step, -len(origins)))
    return origins[::-1]


def _origins_ahead(axis: TimeAxis, test: Span, step: Span, least: int) -> list[int]:
    """Times of origins, the first one where the calendar steps after `least`."""
    end, first = _end_of_data(axis, test), least
    if isinstance(test, CalendarSpan) and test.has_grid:
        first = _on_grid(axis, test, least, forward=True)
    origins: list[int] = []
    time = first
    while int(_moved(axis, time, test, 1)) <= end:
        origins.append(time)
        time = int(_moved(axis, first, step, len(origins)))
    return origins


def _moved(axis: TimeAxis, time: int, span: Span, n_steps: int) -> int:
    """Time moved by so many spans."""
    if n_steps == 0:
        return time
    if isinstance(span, CalendarSpan):
        steps = CalendarSpan(span.offset * abs(n_steps))
        move = steps.later if n_steps > 0 else steps.earlier
        return int(move(np.array([time]), axis.zone)[0])
    return time + n_steps * span.nanoseconds


def _end_of_data(axis: TimeAxis, test: Span) -> int:
    """Time at which the last window may end."""
    last = int(axis.times[-1])
    if not (isinstance(test, CalendarSpan) and test.has_grid):
        return last + 1
    below = _on_grid(axis, test, last, forward=False)
    above = _on_grid(axis, test, last + 1, forward=True)
    return above if last + axis.spacing >= above else below


def _on_grid(axis: TimeAxis, span: CalendarSpan, time: int, *, forward: bool) -> int:
    """Date at which a step of the calendar begins, at or next to a time."""
    stamp = stamps(np.array([time]), axis.zone)[0]
    step = span.offset.base if hasattr(span.offset, "base") else span.offset
    day = stamp.normalize()
    if forward:
        on_grid = step.rollforward(day)
        if on_grid < stamp:
            on_grid = step.rollforward(on_grid + step)
    else:
        on_grid = step.rollback(day)
    return int(on_grid.as_unit("ns").value)
