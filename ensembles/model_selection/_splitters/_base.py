"""What time-aware splitters share: times found, folds cut, training rows guarded.

A splitter says which positions in time are tested in each fold and where training rows
may come from. That they keep away from the test rows, and how positions become rows,
stands here once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import BaseCrossValidator

from ensembles._times import find_times, source_of, times_of_rows
from ensembles._typing import ArrayLike, IntArray, Table
from ensembles._validation import (
    check_choice,
    invalid_parameter,
    is_count,
    n_rows_of,
    require,
    warn_user,
)
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._guard import (
    Closed,
    Fold,
    Guard,
    without_unresolved,
)

__all__ = [
    "BaseSplitter",
    "BaseTimeSplitter",
    "axis_of",
    "axis_of_folds",
    "check_sources",
    "why_empty",
]


def axis_of(
    X: Table,
    times: Any,
    label_end: Any,
    *,
    time: Any = None,
    end: Any = None,
    counts_rows: bool = False,
) -> TimeAxis:
    """Rows of X in order of time, by the first source of times there is.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, ...)
        The rows.
    times, label_end : array-like of shape (n_samples,) or None
        What the caller was given.
    time, end : str, int, callable or None
        Where X holds them.
    counts_rows : bool, default=False
        Whether ints count rows where times repeat.
    """
    found = times_of_rows(X, time, times)
    ends = find_times(X, end, label_end, "label_end")
    return TimeAxis(n_rows_of(X), found, ends, counts_rows=counts_rows)


def axis_of_folds(cv: Any, X: Table, times: Any) -> TimeAxis:
    """Rows in order of the time that a splitter goes by.

    One that knows nothing of time needs no times: where they cannot be used, and were
    not given, rows are in the order they stand in.
    """
    try:
        return axis_of(X, times, None, time=source_of(cv))
    except ValueError:
        if times is not None or isinstance(cv, BaseSplitter):
            raise
        return TimeAxis(n_rows_of(X))


class BaseSplitter(BaseEstimator, BaseCrossValidator, ABC):
    """Base of all splitters: parameters, routed times and a table of the folds."""

    # Given times are meant for the splitter: asking to be asked would be in the way.
    __metadata_request__split: ClassVar[dict[str, Any]] = {
        "times": True,
        "label_end": True,
    }

    @abstractmethod
    def split(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold."""

    @abstractmethod
    def get_n_splits(
        self,
        X: Table | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> int:
        """Return the number of folds."""

    def _axis(self, X: Table, times: Any, label_end: Any) -> TimeAxis:
        """Rows in order of time."""
        time, end = (getattr(self, name, None) for name in ("time", "label_end"))
        return axis_of(X, times, label_end, time=time, end=end)

    def summary(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> Any:
        """Return a table of the folds: how many rows, and from when to when.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            As in `split`.
        y, groups, times, label_end : object, default=None
            As in `split`.

        Returns
        -------
        pandas.DataFrame
            A row a fold. Columns ``n_train``, ``train_first``, ``train_last``,
            ``n_test``, ``test_first``, ``test_last``; times, or row numbers where rows
            have no times.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", "dataframe", "summary()")
        axis = self._axis(X, times, label_end)
        in_order = np.arange(axis.n_samples) if axis.times is None else axis.times
        when = axis.by_row(in_order)
        columns: dict[str, list[Any]] = {}
        for fold in self.split(X, y, groups, times=times, label_end=label_end):
            for name, rows in zip(("train", "test"), fold, strict=True):
                columns.setdefault(f"n_{name}", []).append(len(rows))
                columns.setdefault(f"{name}_first", []).append(when[rows].min())
                columns.setdefault(f"{name}_last", []).append(when[rows].max())
        table = pandas.DataFrame(columns).rename_axis("fold")
        if axis.has_dates:
            for name in [name for name in table if not name.startswith("n_")]:
                dates = pandas.to_datetime(table[name], unit="ns", utc=True)
                table[name] = dates.dt.tz_convert(axis.zone)
        return table


class BaseTimeSplitter(BaseSplitter):
    """Base of splitters that cut folds in time; one adds `_folds`."""

    time: Any
    label_end: Any
    closed: Closed

    @abstractmethod
    def _folds(self, axis: TimeAxis) -> Iterator[Fold]:
        """Folds as positions, after all checks of sizes."""

    def _fixed_n_splits(self) -> int | None:
        """Number of folds where it does not depend on the data."""
        return None

    def _n_splits(self, axis: TimeAxis) -> int:
        """Number of folds where it does."""
        return sum(1 for _ in self._folds(axis))

    def _guard(self, axis: TimeAxis) -> Guard:
        """How far training rows keep away."""
        return Guard(closed=self.closed)

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        check_sources(self)

    def get_n_splits(
        self,
        X: Table | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...) or None, default=None
            Needed only where the number of folds follows from the data.
        y, groups : object, default=None
            Ignored; present for API consistency.
        times, label_end : array-like of shape (n_samples,) or None, default=None
            As in `split`.

        Returns
        -------
        int
            Number of folds.

        Raises
        ------
        ValueError
            If the number of folds follows from the data and there is no X.
        """
        self._check_params()
        fixed = self._fixed_n_splits()
        if fixed is not None:
            return fixed
        if X is None:
            raise ValueError(
                f"{self!r} makes as many folds as fit: pass X to count them."
            )
        return self._n_splits(self._axis(X, times, label_end))

    def split(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold, each set in order of time.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows; a DataFrame may hold the times too.
        y : object, default=None
            Ignored; present for API consistency.
        groups : object, default=None
            Ignored, with a warning where it is given.
        times : array-like of shape (n_samples,) or None, default=None
            When each row was known. None takes what the constructor's `time` points
            at, else an index of dates, else the order of the rows.
        label_end : array-like of shape (n_samples,) or None, default=None
            When the label of each row was known. None takes what the constructor's
            `label_end` points at, else labels are known at once. Rows whose label has
            no end yet (NaT, nan) are neither trained nor tested on.

        Yields
        ------
        train, test : ndarray of shape (n_train,), ndarray of shape (n_test,)
            Views of one index shared by all folds where rows are in one piece.

        Raises
        ------
        ValueError
            If times cannot be used, sizes do not fit the data, or a fold has nothing
            to train on.
        """
        self._check_params()
        if groups is not None:
            warn_user(f"The groups parameter is ignored by {type(self).__name__}")
        axis = self._axis(X, times, label_end)
        guard = self._guard(axis)
        axis.check_spans(self, purge=guard.purge, embargo=guard.embargo)
        for number, cut in enumerate(self._folds(axis)):
            fold = without_unresolved(axis, cut)
            if not len(fold.starts):
                raise ValueError(
                    f"Fold {number} has no test rows: no label of its "
                    f"{int((cut.stops - cut.starts).sum())} rows has an end. Leave "
                    "rows of unknown labels out, or make fewer folds."
                )
            train = guard.train(axis, fold)
            if not len(train):
                n_candidates = fold.high - fold.low
                causes = [] if axis.ends is None else ["ends of labels"]
                left_by = partial(_train_of, axis, fold)
                reason = why_empty(self, guard, n_candidates, left_by, *causes)
                raise ValueError(f"Fold {number} has no training rows: {reason}")
            yield train, guard.test(axis, fold)


def check_sources(owner: Any) -> None:
    """Raise unless parameters say where times are and which labels touch."""
    check_choice(owner, "closed", owner.closed, {"left", "both"})
    for name, given in (("time", "times"), ("label_end", "label_end")):
        value = getattr(owner, name)
        is_name = value is None or isinstance(value, str) or is_count(value)
        if not (is_name or callable(value)):
            raise invalid_parameter(
                owner,
                name,
                type(value).__name__,
                "a str, an int, a callable or None",
                f"Values for each row are passed to split, as {given}=.",
            )


def _train_of(axis: TimeAxis, fold: Fold, guard: Guard) -> IntArray:
    """Training rows that another guard would leave."""
    return guard.train(axis, fold)


def why_empty(
    owner: Any,
    guard: Guard,
    n_candidates: int,
    train_of: Callable[[Guard], IntArray],
    *causes: str,
) -> str:
    """Say why a fold has no training rows and what would leave some.

    `train_of` says what a guard leaves; `causes` are what drops rows besides it.
    """
    if n_candidates <= 0:
        return "no row precedes its test rows by as much as asked for."
    name = "h" if hasattr(owner, "h") else "purge"
    found = [
        f"{what}={value if getattr(owner, what) is None else getattr(owner, what)!r}"
        for what, value in ((name, guard.purge), ("embargo", guard.embargo))
        if value
    ]
    start = (
        f"of {n_candidates} rows that could be trained on, all fall to "
        f"{', '.join([*found, *causes]) or 'times of test rows'}. "
    )
    if isinstance(guard.purge, int):
        most = guard.purge

        def leaves_some(less: int) -> bool:
            return len(train_of(replace(guard, purge=most - less))) > 0

        less = bisect_left(range(most + 1), True, key=leaves_some)
        if 0 < less <= most:
            return f"{start}Here {name}={most - less} is the largest that leaves one."
    return f"{start}Make fewer or smaller folds, or guard them less."
