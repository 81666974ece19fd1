"""How large a set, a gap or a step is: a count, a share, or a span of time.

========================  ==============================================
``3``                     three rows, or distinct times where times repeat
``0.25``                  a quarter of them
``"30D"``, ``timedelta``  a span of time of fixed length; a day is 24 hours
``"3MS"``, ``"5B"``       months, business days: steps of a calendar
========================  ==============================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias, final

import numpy as np

from ensembles._typing import IntArray
from ensembles._validation import invalid_parameter, is_count, is_fraction, require

__all__ = ["ALLOWED", "CalendarSpan", "FixedSpan", "Size", "Span", "size_of"]

ALLOWED = (
    "an int (rows, or distinct times), a float in the range (0, 1), a timedelta, or a "
    "pandas offset such as '30D', '3MS' or '5B'"
)
_DAY = 86_400_000_000_000
# First and last time that nanoseconds can count; what lies beyond is cut off there.
_FIRST, _LAST = -(2**63) + 1, 2**63 - 1
# No data have more rows.
_MOST = 2**60


@final
@dataclass(frozen=True, slots=True)
class FixedSpan:
    """So many nanoseconds."""

    nanoseconds: int

    def moved(self, times: IntArray, n_steps: int, zone: Any) -> IntArray:
        """Times moved ahead by so many spans, or back if they are negative."""
        shift = n_steps * self.nanoseconds
        if shift > 0:
            late = times > _LAST - shift
            return np.where(late, _LAST, np.where(late, 0, times) + shift)
        early = times < _FIRST - shift
        return np.where(early, _FIRST, np.where(early, 0, times) + shift)

    def series(self, first: int, start: int, stop: int, zone: Any) -> IntArray:
        """Times `start` to `stop` steps after the first one; back if negative."""
        steps = range(start, stop, -1 if stop < start else 1)
        times = [first + k * self.nanoseconds for k in steps]
        return np.array([min(max(time, _FIRST), _LAST) for time in times])


@final
@dataclass(frozen=True, slots=True)
class CalendarSpan:
    """Steps of a calendar, a pandas offset, taken by the clock on the wall."""

    offset: Any

    @property
    def has_grid(self) -> bool:
        """Whether steps lead from one date of a grid to the next, as months do."""
        return type(self.offset).__name__ != "DateOffset"

    def moved(self, times: IntArray, n_steps: int, zone: Any) -> IntArray:
        """Times moved ahead by so many steps, or back if they are negative."""
        if n_steps == 0:
            return times
        steps = self.offset * n_steps
        return numbers_of([_stepped(t, steps) for t in wall_times(times, zone)], zone)

    def series(self, first: int, start: int, stop: int, zone: Any) -> IntArray:
        """Times `start` to `stop` steps after the first one; back if negative."""
        if (
            not self.has_grid
        ):  # from the first date on: 31 January less 2 is 30 November
            steps = range(start, stop, -1 if stop < start else 1)
            of_first = np.array([first])
            return np.concatenate([self.moved(of_first, k, zone) for k in steps])
        pandas = require("pandas", "dataframe", "Calendar offsets")
        at = wall_times(self.moved(np.array([first]), start, zone), zone)[0]
        how = {"periods": abs(stop - start), "freq": self.offset}
        if stop > start:
            return numbers_of(pandas.date_range(at, **how), zone)
        return numbers_of(pandas.date_range(end=at, **how), zone)[::-1]

    def grid_before(self, time: int, zone: Any) -> int:
        """Last date at or before a time at which a step of one begins."""
        on_wall = wall_times(np.array([time]), zone)[0]
        return int(
            numbers_of([self.offset.base.rollback(on_wall.normalize())], zone)[0]
        )

    def grid_after(self, time: int, zone: Any) -> int:
        """First date at or after a time at which a step of one begins."""
        step = self.offset.base
        on_wall = wall_times(np.array([time]), zone)[0]
        on_grid = step.rollforward(on_wall.normalize())
        while on_grid < on_wall:
            on_grid = step.rollforward(on_grid + step)
        return int(numbers_of([on_grid], zone)[0])


Span: TypeAlias = FixedSpan | CalendarSpan
Size: TypeAlias = int | float | Span


def _stepped(time: Any, steps: Any) -> Any:
    """Time after steps of a calendar, as far as times go."""
    pandas = require("pandas", "dataframe", "Calendar offsets")
    try:
        return time + steps
    except (OverflowError, pandas.errors.OutOfBoundsDatetime):
        return pandas.Timestamp.max if steps.n > 0 else pandas.Timestamp.min


def wall_times(times: IntArray, zone: Any) -> Any:
    """Times as the clock on the wall shows them, a DatetimeIndex without a zone."""
    pandas = require("pandas", "dataframe", "Calendar offsets")
    utc = pandas.DatetimeIndex(np.atleast_1d(times).astype("datetime64[ns]"))
    if zone is None:
        return utc
    return utc.tz_localize("UTC").tz_convert(zone).tz_localize(None)


def numbers_of(on_wall: Any, zone: Any) -> IntArray:
    """Nanoseconds of what the clock on the wall shows.

    An hour that is skipped counts as its end, one that comes twice as the first.
    """
    pandas = require("pandas", "dataframe", "Calendar offsets")
    index = pandas.DatetimeIndex(on_wall).as_unit("ns")
    if zone is not None:
        is_first = np.ones(len(index), dtype=np.bool_)
        index = index.tz_localize(zone, ambiguous=is_first, nonexistent="shift_forward")
    return np.asarray(index.asi8)


def size_of(owner: object, name: str, value: Any, *, low: int = 1) -> Size:
    """A size as the user wrote it, checked."""
    span = _span_of(value)  # first, as numpy takes its timedeltas for whole numbers
    if span is None:
        if isinstance(value, np.timedelta64):
            raise invalid_parameter(
                owner, name, value, "a span of fixed length", "Months are '1MS'."
            )
        if is_count(value) and value >= low:
            return min(int(value), _MOST)
        if is_fraction(value) and value < 1:
            return float(value)
        raise invalid_parameter(owner, name, value, f"{ALLOWED}; ints are >= {low}")
    if isinstance(span, FixedSpan) and span.nanoseconds < (low > 0):
        sign = "positive" if low else "non-negative"
        raise invalid_parameter(owner, name, value, f"a {sign} span of time")
    return span


def _span_of(value: Any) -> Span | None:
    """Span of a timedelta, a string or a pandas offset; None for anything else."""
    if isinstance(value, np.timedelta64 | timedelta):
        return _fixed_span(value)
    if not (isinstance(value, str) or hasattr(value, "rollback")):
        return None
    pandas = require("pandas", "dataframe", "Calendar offsets")
    try:
        offset = pandas.tseries.frequencies.to_offset(value)
    except ValueError:
        return None
    if isinstance(offset, pandas.offsets.Tick):
        return FixedSpan(int(pandas.Timedelta(offset).as_unit("ns").value))
    if type(offset).__name__ == "Day":
        return FixedSpan(offset.n * _DAY)
    # One that does not lead ahead, or hours of business, is no step of a calendar.
    month_end = pandas.Timestamp("2000-01-31")
    is_step = month_end < month_end + offset and "Hour" not in type(offset).__name__
    return CalendarSpan(offset) if is_step else None


def _fixed_span(value: Any) -> FixedSpan | None:
    """Span of a timedelta; None for one of months or years, whose length differs."""
    span = np.timedelta64(value)
    if np.isnat(span) or np.datetime_data(span.dtype)[0] in {"Y", "M"}:
        return None
    days = int(span.astype("timedelta64[D]").astype(np.int64))
    if abs(days) > 10**5:  # hours do not matter, and nanoseconds may not suffice
        return FixedSpan(min(max(days * _DAY, _FIRST), _LAST))
    return FixedSpan(int(span.astype("timedelta64[ns]").astype(np.int64)))
