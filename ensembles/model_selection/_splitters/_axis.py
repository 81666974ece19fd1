"""Rows in order of time: what every splitter counts, cuts and guards by.

A *position* numbers rows in order of time, a *row* as they stand in X. All folds are
cut from one index that leads from positions to rows, so that folds of rows already in
order are views. Cuts fall on *edges*, where one time ends and the next begins.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np

from ensembles._times import Times
from ensembles._typing import BoolArray, IntArray
from ensembles.model_selection._splitters._sizes import Size, Span

__all__ = ["TimeAxis"]

# Times from which it is told when the next one is due.
_RECENT = 400
_DAY = 86_400_000_000_000


@final
class TimeAxis:
    """Rows in order of time.

    Sizes that are ints count distinct times, which are rows where no time repeats, or
    with `counts_rows` always rows.

    Attributes
    ----------
    n_samples : int
        Number of rows.
    index : ndarray of shape (n_samples,)
        Row at each position.
    in_order : bool
        Whether rows stand in order of time.
    times : ndarray of shape (n_samples,) or None
        Time of each position, ascending; None where rows are in order and that is all.
    edges : ndarray of shape (n_times + 1,) or None
        Positions at which distinct times begin, and the number of rows; None where
        every row has a time of its own.
    ends : ndarray of shape (n_samples,) or None
        Time at which the label of each position is known.
    latest : ndarray of shape (n_samples,) or None
        Latest end of a label up to each position.
    unresolved : ndarray of bool of shape (n_samples,) or None
        Positions whose label has no end yet; None where all have.
    """

    def __init__(
        self,
        n_samples: int,
        times: Times | None = None,
        ends: Times | None = None,
        *,
        counts_rows: bool = False,
    ) -> None:
        self.n_samples = n_samples
        self.counts_rows = counts_rows
        self.index: IntArray = np.arange(n_samples)
        self.in_order = True
        self.times: Any = None
        self.edges: IntArray | None = None
        self.given = times
        self.zone = None if times is None else times.zone
        self.has_dates = times is not None and times.are_dates
        self.ends: Any = None
        self.latest: Any = None
        self.unresolved: BoolArray | None = None
        if not n_samples:
            raise ValueError("There are no rows to split: X has 0 samples.")
        if times is not None:
            self._sort(times)
        if ends is not None:
            self._add_ends(times, ends)

    def _sort(self, times: Times) -> None:
        """Order positions by time, rows of one time as they stand."""
        if times.missing is not None:
            rows = np.flatnonzero(times.missing)
            raise ValueError(
                f"{len(rows)} rows have no time, the first of them row {rows[0]}, so "
                "their place is unknown. Leave these rows out, or give them a time."
            )
        values = times.values
        if not _ascends(values):
            self.index = np.argsort(values, kind="stable")
            self.in_order = False
            values = values[self.index]
        self.times = values
        begins = values[1:] != values[:-1]
        if not begins.all():
            first = np.flatnonzero(begins) + 1
            self.edges = np.concatenate([[0], first, [self.n_samples]])

    def _add_ends(self, times: Times | None, ends: Times) -> None:
        """Ends of labels in order of time."""
        if times is None:
            raise ValueError(
                "label_end says until when labels reach, but rows have no times to "
                "compare it with. Pass times= too, or name a column by time=."
            )
        times.check_goes_with(ends, "times", "label_end")
        early = ends.values < times.values
        if ends.missing is not None:
            early &= ~ends.missing
        if early.any():
            row = int(early.argmax())
            raise ValueError(
                f"label_end lies before times in {int(early.sum())} rows, the first of "
                f"them row {row}. A label ends when it is known, not before its row."
            )
        values = ends.values
        if ends.missing is not None:
            values = np.where(ends.missing, times.values, values)
            self.unresolved = ends.missing[self.index]
        self.ends = values if self.in_order else values[self.index]
        # Where labels end one after the other, as they mostly do, no copy is made.
        is_latest = _ascends(self.ends)
        self.latest = self.ends if is_latest else np.maximum.accumulate(self.ends)

    @property
    def n_times(self) -> int:
        """Number of what is counted: distinct times, or rows."""
        if self.edges is None or self.counts_rows:
            return self.n_samples
        return len(self.edges) - 1

    def by_row(self, values: Any) -> Any:
        """Values in the order of rows, of values in the order of time."""
        by_row = np.empty_like(values)
        by_row[self.index] = values
        return by_row

    def numbers_by_row(self) -> IntArray:
        """Number of each row's distinct time, in the order of rows."""
        numbers = np.arange(self.n_samples)
        if self.edges is not None:
            numbers = np.repeat(np.arange(len(self.edges) - 1), np.diff(self.edges))
        return np.asarray(self.by_row(numbers))

    def position_of(self, number: IntArray) -> IntArray:
        """Position at which a time begins, by its number; beyond the ends cut off.

        Rows that are counted by themselves begin at the nearest edge.
        """
        number = np.clip(number, 0, self.n_times)
        if self.edges is None:
            return number
        return self.nearest(number) if self.counts_rows else self.edges[number]

    def number_of(self, position: IntArray) -> IntArray:
        """Number of the time that begins at this edge."""
        if self.edges is None or self.counts_rows:
            return position
        return np.searchsorted(self.edges, position)

    def floor(self, position: IntArray) -> IntArray:
        """Last edge at or before each position."""
        if self.edges is None:
            return position
        return self.edges[np.searchsorted(self.edges, position, side="right") - 1]

    def ceil(self, position: IntArray) -> IntArray:
        """First edge at or after each position."""
        if self.edges is None:
            return position
        return self.edges[np.searchsorted(self.edges, position)]

    def nearest(self, position: IntArray) -> IntArray:
        """Edge nearest to each position, the later one of two as near."""
        below, above = self.floor(position), self.ceil(position)
        return np.where(position - below < above - position, below, above)

    def first_at(self, time: Any) -> IntArray:
        """First position whose time is not before `time`."""
        return np.asarray(np.searchsorted(self.times, time, side="left"))

    def time_at(self, position: int) -> Any:
        """Time of a position, the last one's beyond the end; None without times."""
        if self.times is None:
            return None
        return self.times[min(position, self.n_samples - 1)]

    def moved_time(self, time: Any, span: Span, n_steps: int = 1) -> int:
        """Time moved by so many spans."""
        return int(span.moved(np.array([time]), n_steps, self.zone)[0])

    def back(
        self, position: int, size: Size, time: Any = None, *, at_most: bool = False
    ) -> int:
        """Position that lies before another one by a size, or more.

        With `at_most` by no more, where cuts allow no other. `time` is what a span
        counts from, where it is not the time of the position.
        """
        if isinstance(size, Span):
            start = self.moved_time(
                self.time_at(position) if time is None else time, size, -1
            )
            return min(int(self.first_at(start)), position)
        if not self.counts_rows:
            number = int(self.number_of(np.array(position)))
            return int(self.position_of(np.array(number - self.count(size))))
        wanted = np.array(max(position - self.count(size), 0))
        return int(self.ceil(wanted) if at_most else self.floor(wanted))

    def ahead(self, position: int, size: Size, time: Any = None) -> int:
        """Position that lies after another one by a size."""
        if isinstance(size, Span):
            end = self.moved_time(
                self.time_at(position) if time is None else time, size
            )
            return int(self.first_at(end))
        number = int(self.number_of(np.array(position)))
        return int(self.position_of(np.array(number + self.count(size))))

    def count(self, size: int | float) -> int:
        """Number of times that a size stands for; a share is rounded up."""
        if isinstance(size, float):
            return int(np.ceil(size * self.n_times - 1e-9))
        return size

    def check_spans(self, owner: object, **sizes: Size | None) -> None:
        """Raise if a size is a span of time and rows have no dates."""
        for name, size in sizes.items():
            asked = getattr(owner, name, size)
            self.check_span(f"{type(owner).__name__}({name}={asked!r})", size)

    def check_span(self, asked: str, size: Size | None) -> None:
        """Raise if what was asked for is a span of time and rows have no dates."""
        if isinstance(size, Span) and not self.has_dates:
            what = "numbers as times" if self.times is not None else "no times"
            raise ValueError(
                f"{asked} is a span of time, but rows have {what}. Pass dates as "
                "times= to split, name a column of dates by time=, or give X a "
                "DatetimeIndex."
            )

    def next_time(self) -> int:
        """Time by which the next row is due, as rows lately followed this weekday's.

        Gaps of more than twice the usual are holes, not the rhythm of the rows.
        """
        times = self.times if self.edges is None else self.times[self.edges[:-1]]
        times = times[-_RECENT:]
        gaps, weekdays = np.diff(times), times // _DAY % 7
        like_last = gaps[weekdays[:-1] == weekdays[-1]]
        if not len(like_last):
            like_last = gaps if len(gaps) else np.ones(1, dtype=np.int64)
        no_holes = like_last[like_last <= 2 * np.median(like_last)]
        return int(times[-1]) + int(no_holes.max())


def _ascends(values: Any) -> bool:
    """Whether no value is below the one before it."""
    return bool((values[1:] >= values[:-1]).all())
