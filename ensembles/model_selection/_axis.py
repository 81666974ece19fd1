"""Rows in order of time: what every splitter counts, cuts and guards by.

A *position* numbers rows in order of time, a *row* as they stand in X. All folds are
cut from one index that leads from positions to rows, so that folds of rows already in
order are views. Cuts fall on *edges*, where one time ends and the next begins.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np

from ensembles._typing import BoolArray, IntArray
from ensembles.model_selection._sizes import Size, Span
from ensembles.model_selection._times import Times

__all__ = ["TimeAxis"]


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
        self.times: Any = None
        self.edges: IntArray | None = None
        self.zone = times.zone if times else None
        self.has_dates = times is not None and times.are_dates
        self.ends: Any = None
        self.latest: Any = None
        self.unresolved: BoolArray | None = None
        if times is not None:
            self._sort(times)
        if ends is not None:
            self._add_ends(times, ends)

    def _sort(self, times: Times) -> None:
        """Order positions by time, rows of one time as they stand."""
        if times.missing.any():
            rows = np.flatnonzero(times.missing)
            raise ValueError(
                f"{len(rows)} rows have no time, the first of them row {rows[0]}, so "
                "their place is unknown. Leave these rows out, or give them a time."
            )
        values = times.values
        steps = values[1:] >= values[:-1]
        if not steps.all():
            self.index = np.argsort(values, kind="stable")
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
        if times.are_dates != ends.are_dates:
            kinds = ["numbers", "dates"]
            raise TypeError(
                f"times are {kinds[times.are_dates]} and label_end are "
                f"{kinds[ends.are_dates]}. Both must be of one kind."
            )
        early = ~ends.missing & (ends.values < times.values)
        if early.any():
            row = int(early.argmax())
            raise ValueError(
                f"label_end lies before times in {int(early.sum())} rows, the first of "
                f"them row {row}. A label ends when it is known, not before its row."
            )
        values = np.where(ends.missing, times.values, ends.values)[self.index]
        self.ends, self.latest = values, np.maximum.accumulate(values)
        if ends.missing.any():
            self.unresolved = ends.missing[self.index]

    @property
    def n_times(self) -> int:
        """Number of what is counted: distinct times, or rows."""
        if self.edges is None or self.counts_rows:
            return self.n_samples
        return len(self.edges) - 1

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

    def floor_number(self, number: IntArray) -> IntArray:
        """Number of the last edge at or before what is counted."""
        number = np.clip(number, 0, self.n_times)
        return self.floor(number) if self.counts_rows else number

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

    def first_after(self, time: Any) -> IntArray:
        """First position whose time is after `time`."""
        return np.asarray(np.searchsorted(self.times, time, side="right"))

    def count(self, size: int | float) -> int:
        """Number of times that a size stands for; a share is rounded up."""
        if isinstance(size, float):
            return int(np.ceil(size * self.n_times - 1e-9))
        return size

    def check_spans(self, owner: object, **sizes: Size | None) -> None:
        """Raise if a size is a span of time and rows have no dates."""
        for name, size in sizes.items():
            if isinstance(size, Span) and not self.has_dates:
                what = "numbers as times" if self.times is not None else "no times"
                raise ValueError(
                    f"{type(owner).__name__}({name}={getattr(owner, name)!r}) is a "
                    f"span of time, but rows have {what}. Pass dates as times= to "
                    "split, name a column of dates by time=, or give X a "
                    "DatetimeIndex."
                )

    @property
    def spacing(self) -> int:
        """Nanoseconds within which the next time follows as a rule, 95 % of times."""
        values = self.times if self.edges is None else self.times[self.edges[:-1]]
        gaps = np.diff(values)
        return int(np.quantile(gaps, 0.95, method="higher")) if len(gaps) else 1

    def __repr__(self) -> str:
        """Rows and times in numbers."""
        return f"TimeAxis({self.n_samples} rows, {self.n_times} times)"
