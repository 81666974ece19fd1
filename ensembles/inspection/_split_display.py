"""A picture of folds: which stretches of rows train, and which test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, final

import numpy as np
from sklearn.model_selection import check_cv

from ensembles._routing import taken_by_split
from ensembles._rows import row_numbers
from ensembles._times import Times, source_of, times_of_rows
from ensembles._typing import ArrayLike, BoolArray, FloatArray, IntArray, Table
from ensembles._validation import n_rows_of, require

__all__ = ["CVSplitDisplay", "FoldSpans"]

# Stretches that a line of a picture can show apart.
_RESOLUTION = 1000
_NANOSECONDS_A_DAY = 86_400e9


class FoldSpans(NamedTuple):
    """Stretches of one fold along the axis.

    Attributes
    ----------
    train, test : ndarray of shape (n_spans, 2)
        Where each begins and how long it is.
    overlap : bool
        Whether those of both kinds lie one over the other: there are more than can be
        shown apart, or a time is in both.
    """

    train: FloatArray
    test: FloatArray
    overlap: bool


@final
class CVSplitDisplay:
    """Picture of the folds of a splitter: a line a fold, a bar a stretch of rows.

    Use it before a score is believed: rows left out by gaps, purging and embargo show
    as what they are, and so do training rows that come after the test. It draws
    stretches and not rows, so ten million are drawn like ten. Make it by `from_cv`.

    Parameters
    ----------
    spans : sequence of FoldSpans
        Stretches of each fold.
    extent : tuple of two floats
        Where the axis begins and ends.
    label : str
        What the axis is.
    dates : bool, default=False
        Whether the axis counts days since 1970.
    zone : tzinfo or None, default=None
        Zone in which days begin.

    Attributes
    ----------
    bars_ : list of PolyCollection
        What was drawn last: for each fold all rows, training rows, test rows.
    ax_ : matplotlib Axes
        Where.
    figure_ : matplotlib Figure
        In which figure.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    ensembles.model_selection.check_leakage : Looks for leaks row by row.

    References
    ----------
    .. [1] M. Lopez de Prado, "Advances in Financial Machine Learning", Wiley, 2018,
       figures 7.2 and 7.3.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.inspection import CVSplitDisplay
    >>> from ensembles.model_selection import PurgedKFold
    >>> days = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[D]")
    >>> display = CVSplitDisplay.from_cv(
    ...     PurgedKFold(5, purge="7D", embargo="7D"), np.empty((182, 1)), times=days
    ... )
    >>> display.ax_.get_ylabel(), len(display.spans)
    ('Fold', 5)
    """

    def __init__(
        self,
        spans: Sequence[FoldSpans],
        extent: tuple[float, float],
        label: str,
        *,
        dates: bool = False,
        zone: Any = None,
    ) -> None:
        self.spans = spans
        self.extent = extent
        self.label = label
        self.dates = dates
        self.zone = zone

    @classmethod
    def from_cv(
        cls,
        cv: Any,
        X: Table,
        y: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
        ax: Any = None,
        **bar_kwargs: Any,
    ) -> CVSplitDisplay:
        """Draw the folds of a splitter.

        Parameters
        ----------
        cv : int, splitter or iterable
            What makes the folds. An int is that of ``KFold``.
        X : array-like of shape (n_samples, ...)
            As given to the splitter.
        y : array-like of shape (n_samples, ...) or None, default=None
            As given to the splitter.
        groups : array-like of shape (n_samples,) or None, default=None
            As given to the splitter.
        times : array-like of shape (n_samples,) or None, default=None
            When each row was known. None takes what `cv` points at, else an index of
            dates, else the order of rows.
        label_end : array-like of shape (n_samples,) or None, default=None
            As given to the splitter.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **bar_kwargs : object
            For ``Axes.broken_barh``, of all bars.

        Returns
        -------
        CVSplitDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If there are no folds, or rows have no time.
        """
        require("matplotlib", "plot", "CVSplitDisplay")
        splitter = check_cv(cv, y)
        found = times_of_rows(X, source_of(splitter), times)
        n_samples = n_rows_of(X)
        line = _Line(n_samples, found)
        given = {"groups": groups, "times": times, "label_end": label_end}
        spans = [
            line.spans_of(row_numbers(train, n_samples), row_numbers(test, n_samples))
            for train, test in splitter.split(X, y, **taken_by_split(splitter, given))
        ]
        if not spans:
            raise ValueError(f"{splitter!r} makes no folds of {n_samples} rows.")
        label = "Row" if found is None else "Time"
        display = cls(
            spans,
            line.extent,
            label,
            dates=found is not None and found.are_dates,
            zone=None if found is None else found.zone,
        )
        return display.plot(ax=ax, **bar_kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        colors: tuple[Any, Any, Any] = ("tab:blue", "tab:orange", "0.9"),
        **bar_kwargs: Any,
    ) -> CVSplitDisplay:
        """Draw the folds.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        colors : tuple of three colors, default=('tab:blue', 'tab:orange', '0.9')
            Of rows to train on, to test on, and left out.
        **bar_kwargs : object
            For ``Axes.broken_barh``, of all bars.

        Returns
        -------
        CVSplitDisplay
            Itself.
        """
        pyplot = require("matplotlib.pyplot", "plot", "CVSplitDisplay")
        dates = require("matplotlib.dates", "plot", "CVSplitDisplay")
        n_folds = len(self.spans)
        if ax is None:
            _, ax = pyplot.subplots(
                figsize=(8, min(1.2 + 0.3 * n_folds, 10)), layout="constrained"
            )
        self.ax_, self.figure_, self.bars_ = ax, ax.figure, []
        first, last = self.extent
        for fold, spans in enumerate(self.spans):
            whole, lower = (fold - 0.4, 0.8), (fold, 0.4)
            test_at = lower if spans.overlap else whole
            for bars, where, color in (
                (np.array([[first, last - first]]), whole, colors[2]),
                (spans.train, whole, colors[0]),
                (spans.test, test_at, colors[1]),
            ):
                style = {"facecolors": color, "linewidth": 0, **bar_kwargs}
                self.bars_.append(ax.broken_barh(bars, where, **style))
        for bars, name in zip(
            self.bars_[:3], ("Left out", "Train", "Test"), strict=True
        ):
            bars.set_label(name)
        handles = [self.bars_[1], self.bars_[2], self.bars_[0]]
        ax.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
            frameon=False,
        )
        if self.dates:
            ax.xaxis_date(self.zone)
            locator = ax.xaxis.get_major_locator()
            ax.xaxis.set_major_formatter(
                dates.ConciseDateFormatter(locator, tz=self.zone)
            )
        ax.set(xlabel=self.label, ylabel="Fold", xlim=self.extent)
        ax.set_ylim(n_folds - 0.5, -0.5)
        ax.yaxis.get_major_locator().set_params(integer=True)
        return self


class _Line:
    """Rows in order along the axis of a picture."""

    def __init__(self, n_samples: int, times: Times | None) -> None:
        if times is not None and times.missing is not None:
            raise ValueError(
                f"{int(times.missing.sum())} rows have no time, so their place is "
                "unknown. Leave these rows out, or give them a time."
            )
        self.place: IntArray = np.arange(n_samples)
        self.number: IntArray = self.place
        self.starts: FloatArray = np.arange(n_samples, dtype=np.float64)
        self.stops: FloatArray = self.starts + 1
        self.step = 1.0
        if times is None:
            return
        order = np.argsort(times.values, kind="stable")
        self.place = np.empty_like(order)
        self.place[order] = np.arange(n_samples)
        at = times.values[order].astype(np.float64)
        if times.are_dates:
            at = at / _NANOSECONDS_A_DAY
        begins = np.append(True, at[1:] != at[:-1])
        steps = np.diff(at[begins])
        if len(steps):
            self.step = float(np.median(steps))
        # Rows of one time share its stretch of the axis.
        self.number = np.cumsum(begins) - 1
        self.starts = at[begins]
        self.stops = self.starts + self.step
        self.stops[:-1] = np.minimum(self.stops[:-1], self.starts[1:])

    @property
    def extent(self) -> tuple[float, float]:
        """Where the first row begins and the last ends."""
        return float(self.starts[0]), float(self.stops[-1])

    def spans_of(self, train: IntArray, test: IntArray) -> FoldSpans:
        """Stretches of a fold."""
        is_in = [self._times_of(rows) for rows in (train, test)]
        numbers = [np.flatnonzero(one) for one in is_in]
        runs = [_runs(one, 1) for one in numbers]
        are_fine = max(len(one) for one in runs) > _RESOLUTION
        if are_fine:
            width = max(1, len(self.starts) // _RESOLUTION)
            runs = [_runs(one, width) for one in numbers]
        overlap = are_fine or bool((is_in[0] & is_in[1]).any())
        spans = [self._on_axis(one) for one in runs]
        return FoldSpans(spans[0], spans[1], overlap)

    def _times_of(self, rows: IntArray) -> BoolArray:
        """Which times have rows among these."""
        is_in = np.zeros(len(self.starts), dtype=bool)
        is_in[self.number[self.place[rows]]] = True
        return is_in

    def _on_axis(self, runs: IntArray) -> FloatArray:
        """Where runs of times begin on the axis and how long they are."""
        starts, stops = self.starts[runs[:, 0]], self.stops[runs[:, 1]]
        return np.column_stack([starts, stops - starts])


def _runs(numbers: IntArray, reach: int) -> IntArray:
    """First and last of the runs of ascending numbers, shape (n_runs, 2).

    Numbers up to `reach` apart are of one run.
    """
    if not len(numbers):
        return np.empty((0, 2), dtype=np.intp)
    breaks = np.flatnonzero(np.diff(numbers) > reach)
    starts = numbers[np.append(0, breaks + 1)]
    stops = numbers[np.append(breaks, len(numbers) - 1)]
    return np.column_stack([starts, stops])
