"""How large a set, a gap or a step is: a count, a share, or a span of time.

========================  ==============================================
``3``                     three rows, or distinct times where times repeat
``0.25``                  a quarter of them
``"30D"``, ``timedelta``  a span of time of fixed length
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


@final
@dataclass(frozen=True, slots=True)
class FixedSpan:
    """So many nanoseconds."""

    nanoseconds: int

    def later(self, times: IntArray, zone: Any) -> IntArray:
        """Times moved ahead."""
        return times + self.nanoseconds

    def earlier(self, times: IntArray, zone: Any) -> IntArray:
        """Times moved back."""
        return times - self.nanoseconds


@final
@dataclass(frozen=True, slots=True)
class CalendarSpan:
    """Steps of a calendar, a pandas offset."""

    offset: Any

    @property
    def has_grid(self) -> bool:
        """Whether steps lead from one date of a grid to the next, as months do."""
        return type(self.offset).__name__ != "DateOffset"

    def later(self, times: IntArray, zone: Any) -> IntArray:
        """Times moved ahead."""
        return _numbers([time + self.offset for time in stamps(times, zone)])

    def earlier(self, times: IntArray, zone: Any) -> IntArray:
        """Times moved back."""
        return _numbers([time - self.offset for time in stamps(times, zone)])


Span: TypeAlias = FixedSpan | CalendarSpan
Size: TypeAlias = int | float | Span


def stamps(times: IntArray, zone: Any) -> list[Any]:
    """Times as pandas timestamps in their zone."""
    pandas = require("pandas", "dataframe", "Calendar offsets")
    utc = pandas.to_datetime(np.atleast_1d(times), unit="ns", utc=True)
    return list(utc.tz_convert(zone) if zone is not None else utc.tz_localize(None))


def _numbers(times: list[Any]) -> IntArray:
    """Nanoseconds of timestamps."""
    return np.array([time.as_unit("ns").value for time in times], dtype=np.int64)


def size_of(owner: object, name: str, value: Any, *, low: int = 1) -> Size:
    """A size as the user wrote it, checked."""
    span = _span_of(value)  # first, as numpy takes its timedeltas for whole numbers
    if span is None:
        if is_count(value) and value >= low:
            return int(value)
        if is_fraction(value) and value < 1:
            return float(value)
        raise invalid_parameter(owner, name, value, f"{ALLOWED}; ints are >= {low}")
    if isinstance(span, FixedSpan) and span.nanoseconds < (low > 0):
        raise invalid_parameter(owner, name, value, "a positive span of time")
    return span


def _span_of(value: Any) -> Span | None:
    """Span of a timedelta, a string or a pandas offset; None for anything else."""
    if isinstance(value, np.timedelta64 | timedelta):
        fixed = np.timedelta64(value, "ns")
        return None if np.isnat(fixed) else FixedSpan(int(fixed.astype(np.int64)))
    if not (isinstance(value, str) or hasattr(value, "rollback")):
        return None
    pandas = require("pandas", "dataframe", "Calendar offsets")
    try:
        offset = pandas.tseries.frequencies.to_offset(value)
    except ValueError:
        return None
    if offset.n <= 0:
        return None
    if isinstance(offset, pandas.offsets.Tick):
        return FixedSpan(int(pandas.Timedelta(offset).as_unit("ns").value))
    if type(offset).__name__ == "Day":
        return FixedSpan(offset.n * 86_400_000_000_000)
    return CalendarSpan(offset)
