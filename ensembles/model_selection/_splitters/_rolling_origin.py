"""Test sets that move forward in time, each trained on what came before it.

A fold is where its test begins (the origin), how far back training reaches, and which
rows after the origin are tested::

    train  = rows [start, origin - gap)        start = 0, or a window behind
    test   = rows [origin, origin + test_size)  or origin + h - 1 for h in horizon
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, final

import numpy as np

from ensembles._typing import IntArray, Table
from ensembles._validation import check_choice, check_count, invalid_parameter, is_count
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._base import BaseTimeSplitter, axis_of
from ensembles.model_selection._splitters._guard import Fold
from ensembles.model_selection._splitters._layouts import (
    WindowSizes,
    layout_by_hand,
    layout_in_numbers,
    layout_in_time,
)
from ensembles.model_selection._splitters._sizes import Size, Span, size_of
from ensembles.model_selection._splitters._windows import Window

__all__ = ["RollingOrigin"]


@final
class RollingOrigin(BaseTimeSplitter):
    """Split a series so that each test set comes after its training set.

    Use it for rows in order of time, where a model is trained on the past and used on
    the future. At its defaults it is :class:`~sklearn.model_selection.TimeSeriesSplit`
    row for row, but for rows of known dates, which it orders and never cuts; the
    keyword-only parameters go further. Where a stationary series is
    short, :class:`PurgedKFold` tests on all of it.

    A size is an int (rows, or distinct times where times repeat), a float (share of
    them), a timedelta or ``"30D"`` (a span of time), or a pandas offset such as
    ``"3MS"`` or ``"5B"`` (steps of a calendar).

    Parameters
    ----------
    n_splits : int or None, default=5
        Number of folds. None makes as many as fit behind a first training set of
        `train_size`.
    max_train_size : size or None, default=None
        Most that a training set holds; older rows are dropped.
    test_size : size or None, default=None
        Size of a test set. None means ``n_samples // (n_splits + 1)``, and with
        `origins` all up to the next one. Test sets of a calendar start where its steps
        do: ``"MS"`` tests whole months.
    gap : size, default=0
        What is left out between training and test set.
    train_size : size or None, default=None
        With ``window="expanding"`` the least size of the first training set; with
        ``window="sliding"`` the size of every training set, where None takes as many
        as the first fold has.
    window : {"expanding", "sliding"}, default="expanding"
        Whether training sets start at the first row and grow, or keep their size and
        move.
    step : size or None, default=None
        From one origin to the next. None means `test_size`, so that test sets join;
        less lets them overlap.
    horizon : int, sequence of int or None, default=None
        Steps ahead that are tested, in place of `test_size`: 1 is the row at the
        origin. ``horizon=[1, 7]`` tests two rows a fold.
    anchor : {"end", "start"}, default="end"
        Whether the last test set ends with the data, or the first one starts right
        behind its training set of `train_size` (None: the size of a test set).
    season : int or None, default=None
        Rows of a cycle. Test sets then hold whole cycles: one left open is cut down to
        some, one given must be a multiple.
    origins : array-like of shape (n_splits,) or None, default=None
        Times at which test sets start, ascending, in place of `n_splits`; numbers of
        rows where rows have no times.
    unit : {"auto", "rows", "times"}, default="auto"
        What ints count. "auto" counts distinct times. Where times repeat, "rows" cuts
        at the nearest time.
    closed : {"left", "both"}, default="left"
        Whether a label that ends just when a test set starts is known ("left") or not
        ("both").
    time : str, int, callable or None, default=None
        Where X holds times: name of a column or of a level of the index, position of a
        column, or function of X. None takes an index of dates, else the order of rows.
    label_end : str, int, callable or None, default=None
        Where X holds the times at which labels are known. Training rows whose label is
        not known when the test set starts are dropped.

    Raises
    ------
    ValueError
        From `split` and `get_n_splits`: if the sizes do not fit the data or
        contradict one another; the message says what would fit.

    See Also
    --------
    PurgedKFold : Tests on every row, training on both sides.
    ensembles.resampling.StationaryBootstrap : Blocks drawn at random.

    References
    ----------
    .. [1] L. J. Tashman, "Out-of-sample tests of forecasting accuracy: an analysis and
       review", International Journal of Forecasting 16(4), 437-450, 2000.

    Examples
    --------
    >>> from ensembles.model_selection import RollingOrigin
    >>> def draw(splitter, n):
    ...     for train, test in splitter.split(range(n)):
    ...         line = ["."] * n
    ...         for row in train:
    ...             line[row] = "#"
    ...         for row in test:
    ...             line[row] = "T"
    ...         print("".join(line))
    >>> draw(RollingOrigin(3, test_size=2, gap=1), 12)
    #####.TT....
    #######.TT..
    #########.TT
    >>> draw(RollingOrigin(3, test_size=2, window="sliding", train_size=4), 12)
    ..####TT....
    ....####TT..
    ......####TT
    >>> draw(RollingOrigin(None, train_size=5, horizon=[1, 3], step=2), 12)
    #####T.T....
    #######T.T..
    #########T.T

    Months of a table with dates, each tested by what three months before it tell:

    >>> import pandas as pd
    >>> X = pd.DataFrame({"x": 1.0}, index=pd.date_range("2024-01-01", "2024-06-30"))
    >>> months = RollingOrigin(None, test_size="MS", train_size="3MS", window="sliding")
    >>> print(months.summary(X)[["n_train", "n_test", "test_first"]])
          n_train  n_test test_first
    fold
    0          91      30 2024-04-01
    1          90      31 2024-05-01
    2          92      30 2024-06-01
    """

    def __init__(
        self,
        n_splits: int | None = 5,
        *,
        max_train_size: Any = None,
        test_size: Any = None,
        gap: Any = 0,
        train_size: Any = None,
        window: Literal["expanding", "sliding"] = "expanding",
        step: Any = None,
        horizon: Any = None,
        anchor: Literal["end", "start"] = "end",
        season: int | None = None,
        origins: Any = None,
        unit: Literal["auto", "rows", "times"] = "auto",
        closed: Literal["left", "both"] = "left",
        time: Any = None,
        label_end: Any = None,
    ) -> None:
        self.n_splits = n_splits
        self.max_train_size = max_train_size
        self.test_size = test_size
        self.gap = gap
        self.train_size = train_size
        self.window = window
        self.step = step
        self.horizon = horizon
        self.anchor = anchor
        self.season = season
        self.origins = origins
        self.unit = unit
        self.closed = closed
        self.time = time
        self.label_end = label_end

    def _axis(self, X: Table, times: Any, label_end: Any) -> TimeAxis:
        """Rows in order of time, counted as `unit` says."""
        return axis_of(
            X,
            times,
            label_end,
            time=self.time,
            end=self.label_end,
            counts_rows=self.unit == "rows",
        )

    def _fixed_n_splits(self) -> int | None:
        """The number asked for."""
        return len(self.origins) if self.origins is not None else self.n_splits

    def _n_splits(self, axis: TimeAxis) -> int:
        """As many as fit."""
        return len(self._trained(axis))

    def _span_sizes(self) -> dict[str, Size | None]:
        """All sizes that may be spans of time."""
        names = ("test_size", "train_size", "max_train_size", "gap", "step")
        return {name: self._size(name) for name in names}

    def _size(self, name: str) -> Size | None:
        """A size, checked; scikit-learn takes 0 for no limit of training sets."""
        value = getattr(self, name)
        no_limit = name == "max_train_size" and is_count(value) and not value
        if no_limit or (value is None and name != "gap"):
            return None
        return size_of(self, name, value, low=int(name != "gap"))

    def _resolved(self, axis: TimeAxis) -> WindowSizes:
        """All sizes, shares turned into counts."""
        spans = self._span_sizes()
        axis.check_spans(self, **spans)
        test, train, most, gap, step = (
            axis.count(size) if isinstance(size, float) else size
            for size in spans.values()
        )
        return WindowSizes(
            n_splits=self.n_splits,
            test=test,
            horizon=self._offsets(),
            train=train,
            most=most,
            moves=self.window == "sliding",
            gap=gap,
            step=step,
            season=self.season,
            from_start=self.anchor == "start",
        )

    def _offsets(self) -> IntArray | None:
        """Steps ahead as offsets from the origin, ascending."""
        if self.horizon is None:
            return None
        steps = np.atleast_1d(self.horizon).tolist()
        if not steps or not all(is_count(h) and h >= 1 for h in steps):
            raise invalid_parameter(
                self, "horizon", self.horizon, "an int >= 1, ints >= 1 or None"
            )
        return np.unique(np.asarray(steps, dtype=np.intp)) - 1

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        super()._check_params()
        check_count(self, "n_splits", self.n_splits, none=True)
        check_count(self, "season", self.season, none=True)
        check_choice(self, "window", self.window, {"expanding", "sliding"})
        check_choice(self, "anchor", self.anchor, {"end", "start"})
        check_choice(self, "unit", self.unit, {"auto", "rows", "times"})
        self._span_sizes()
        self._offsets()
        if self.horizon is not None and self.test_size is not None:
            raise ValueError(
                f"test_size={self.test_size} and horizon={self.horizon!r} both say "
                "which rows are tested. Give one of them."
            )
        self._check_pairs()

    def _check_pairs(self) -> None:
        """Raise where one parameter leaves another nothing to say."""
        by_hand = self.origins is not None
        for name, default, other, is_given in (
            ("step", None, "origins", by_hand),
            ("season", None, "origins", by_hand),
            ("anchor", "end", "origins", by_hand),
            ("season", None, "horizon", self.horizon is not None),
        ):
            value = getattr(self, name)
            if is_given and value != default:
                raise ValueError(
                    f"{other} say where test sets lie, so {name}={value!r} has no "
                    f"meaning. Leave {name} out."
                )

    def _folds(self, axis: TimeAxis) -> Iterator[Fold]:
        """Windows, with what may be trained on before each."""
        for window, (start, stop) in self._trained(axis):
            yield Fold(window.starts, window.stops, start, stop, window.time)

    def _trained(self, axis: TimeAxis) -> list[tuple[Window, tuple[int, int]]]:
        """Windows with positions between which is trained.

        Where as many are made as fit, those without training rows do not.
        """
        sizes = self._resolved(axis)
        windows = self._windows(axis, sizes)
        stop = axis.back(windows[0].origin, sizes.gap, windows[0].time)
        first_size = int(axis.number_of(axis.floor(np.array(stop))))
        folds = [
            (window, sizes.train_range(axis, window, first_size)) for window in windows
        ]
        if self.n_splits is None and self.origins is None:
            folds = [fold for fold in folds if fold[1][0] < fold[1][1]]
            if not folds:
                raise ValueError(
                    f"No fold has a training row before gap={self.gap!r}. Make the gap "
                    "or test sets smaller."
                )
        return folds

    def _windows(self, axis: TimeAxis, sizes: WindowSizes) -> list[Window]:
        """All windows of test rows."""
        if self.origins is not None:
            return layout_by_hand(self, axis, sizes)
        if isinstance(sizes.test, Span) or isinstance(sizes.step, Span):
            return layout_in_time(self, axis, sizes)
        return layout_in_numbers(self, axis, sizes)
