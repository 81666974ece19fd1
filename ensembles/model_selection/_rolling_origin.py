"""Test sets that move forward in time, each trained on what came before it.

A fold is where its test begins (the origin), how far back training reaches, and which
rows after the origin are tested::

    train  = rows [start, origin - gap)        start = 0, or a window behind
    test   = rows [origin, origin + test_size)  or origin + h - 1 for h in horizon
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, final
from warnings import warn

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import BaseCrossValidator

from ensembles._typing import ArrayLike, IntArray, Table
from ensembles._validation import (
    check_choice,
    check_count,
    invalid_parameter,
    is_count,
    n_rows_of,
)

__all__ = ["RollingOrigin"]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Sizes of all folds once those left open are filled in."""

    n_splits: int
    offsets: IntArray
    """Tested rows, counted from the origin."""
    step: int
    first_origin: int


@final
class RollingOrigin(BaseEstimator, BaseCrossValidator):
    """Split a series so that each test set comes after its training set.

    Use it for rows in order of time, where a model is trained on the past and used on
    the future. At its defaults it is :class:`~sklearn.model_selection.TimeSeriesSplit`
    row for row; the keyword-only parameters after `gap` go further. Rows must be
    sorted by time, one a time step.

    Parameters
    ----------
    n_splits : int or None, default=5
        Number of folds. None makes as many as fit behind a first training set of
        `train_size` rows.
    max_train_size : int or None, default=None
        Most rows of a training set; older ones are dropped.
    test_size : int or None, default=None
        Rows of a test set. None means ``n_samples // (n_splits + 1)``.
    gap : int, default=0
        Rows left out between training and test set.
    train_size : int or None, default=None
        With ``window="expanding"`` the least rows of the first training set; with
        ``window="sliding"`` the rows of every training set, where None takes as many
        as the first fold has.
    window : {"expanding", "sliding"}, default="expanding"
        Whether training sets start at the first row and grow, or keep their size and
        move.
    step : int or None, default=None
        Rows from one origin to the next. None means `test_size`, so that test sets
        join; less lets them overlap. The last test set ends with the last row.
    horizon : int, sequence of int or None, default=None
        Steps ahead that are tested, in place of `test_size`: 1 is the row at the
        origin. ``horizon=[1, 7]`` tests two rows a fold.

    Raises
    ------
    ValueError
        From `split` and `get_n_splits`: if the sizes do not fit the data or
        contradict one another; the message says what would fit.

    See Also
    --------
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
    """

    def __init__(
        self,
        n_splits: int | None = 5,
        *,
        max_train_size: int | None = None,
        test_size: int | None = None,
        gap: int = 0,
        train_size: int | None = None,
        window: Literal["expanding", "sliding"] = "expanding",
        step: int | None = None,
        horizon: Any = None,
    ) -> None:
        self.n_splits = n_splits
        self.max_train_size = max_train_size
        self.test_size = test_size
        self.gap = gap
        self.train_size = train_size
        self.window = window
        self.step = step
        self.horizon = horizon

    def get_n_splits(
        self,
        X: Table | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...) or None, default=None
            Needed only where ``n_splits=None``.
        y, groups : object, default=None
            Ignored; present for API consistency.

        Returns
        -------
        int
            Number of folds.

        Raises
        ------
        ValueError
            If ``n_splits=None`` and there is no X to count the folds of.
        """
        if self.n_splits is not None:
            return self.n_splits
        if X is None:
            raise ValueError(
                "RollingOrigin(n_splits=None) makes as many folds as fit: pass X to "
                "count them."
            )
        return self._layout(n_rows_of(X)).n_splits

    def split(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold, in order of time.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its number of rows matters.
        y : object, default=None
            Ignored; present for API consistency.
        groups : object, default=None
            Ignored, with a warning where it is given.

        Yields
        ------
        train : ndarray of shape (n_train,)
            A view of one index shared by all folds.
        test : ndarray of shape (n_test,)
            A view too, unless `horizon` has gaps.

        Raises
        ------
        ValueError
            If the sizes do not fit the data.
        """
        if groups is not None:
            warn(
                f"The groups parameter is ignored by {type(self).__name__}",
                UserWarning,
                stacklevel=2,
            )
        n_samples = n_rows_of(X)
        layout = self._layout(n_samples)
        indices = np.arange(n_samples)
        longest = self._longest_train(layout)
        contiguous = len(layout.offsets) == layout.offsets[-1] - layout.offsets[0] + 1
        for fold in range(layout.n_splits):
            origin = layout.first_origin + fold * layout.step
            end = origin - self.gap
            start = 0 if longest is None else max(0, end - longest)
            tested = origin + layout.offsets
            span = slice(tested[0], tested[-1] + 1)
            yield indices[start:end], indices[span] if contiguous else indices[tested]

    def _longest_train(self, layout: _Layout) -> int | None:
        """Most rows of a training set; None means all that came before."""
        sliding = None
        if self.window == "sliding":
            sliding = self.train_size or layout.first_origin - self.gap
        limits = [size for size in (sliding, self.max_train_size) if size]
        return min(limits) if limits else None

    def _layout(self, n_samples: int) -> _Layout:
        """Fill in the sizes left open and check that all folds fit."""
        self._check_params()
        offsets = self._offsets(n_samples)
        span = int(offsets[-1]) + 1
        step = self.step or span
        n_splits = self.n_splits
        if n_splits is None:
            n_splits = self._as_many_as_fit(n_samples, span, step)
        first_origin = n_samples - span - (n_splits - 1) * step
        what = "test_size" if self.horizon is None else "horizon"
        if first_origin - self.gap <= 0:
            raise ValueError(
                f"Too many splits={n_splits} for number of samples"
                f"={n_samples} with {what}={span} and gap={self.gap}."
            )
        if self.train_size is not None and first_origin - self.gap < self.train_size:
            raise ValueError(
                f"train_size={self.train_size} does not fit: with n_splits={n_splits}, "
                f"{what}={span}, step={step} and gap={self.gap} the first training "
                f"set of {n_samples} samples has {first_origin - self.gap} rows. Lower "
                "train_size, or leave n_splits=None for as many folds as fit."
            )
        return _Layout(n_splits, offsets, step, first_origin)

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        check_count(self, "n_splits", self.n_splits, none=True)
        check_count(self, "max_train_size", self.max_train_size, low=0, none=True)
        check_count(self, "test_size", self.test_size, none=True)
        check_count(self, "gap", self.gap, low=0)
        check_count(self, "train_size", self.train_size, none=True)
        check_count(self, "step", self.step, none=True)
        check_choice(self, "window", self.window, {"expanding", "sliding"})

    def _offsets(self, n_samples: int) -> IntArray:
        """Tested rows, counted from the origin."""
        if self.horizon is not None:
            return self._horizon_offsets()
        if self.n_splits is None:
            if self.test_size is None:
                raise ValueError(
                    "RollingOrigin(n_splits=None) needs test_size or horizon, since "
                    "the size of a test set follows from n_splits otherwise."
                )
            return np.arange(self.test_size)
        n_folds = self.n_splits + 1
        if n_folds > n_samples:
            raise ValueError(
                f"Cannot have number of folds={n_folds} greater"
                f" than the number of samples={n_samples}."
            )
        return np.arange(self.test_size or n_samples // n_folds)

    def _horizon_offsets(self) -> IntArray:
        """Steps ahead as offsets from the origin, ascending."""
        steps = np.atleast_1d(self.horizon).tolist()
        if not steps or not all(is_count(h) and h >= 1 for h in steps):
            raise invalid_parameter(
                self, "horizon", self.horizon, "an int >= 1, ints >= 1 or None"
            )
        if self.test_size is not None:
            raise ValueError(
                f"test_size={self.test_size} and horizon={self.horizon!r} both say "
                "which rows are tested. Give one of them."
            )
        return np.unique(np.asarray(steps, dtype=np.intp)) - 1

    def _as_many_as_fit(self, n_samples: int, span: int, step: int) -> int:
        """Number of folds behind a first training set of `train_size` rows."""
        least = self.train_size or 1
        room = n_samples - least - self.gap - span
        if room < 0:
            raise ValueError(
                f"No fold fits into {n_samples} samples with train_size={least}, "
                f"gap={self.gap} and test sets that span {span} rows: they need "
                f"{least + self.gap + span}."
            )
        return room // step + 1
