"""A guard around any splitter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar, Literal, final

import numpy as np
from sklearn.model_selection import check_cv

from ensembles._routing import takes_groups
from ensembles._times import column_of
from ensembles._typing import ArrayLike, IntArray, Table
from ensembles._validation import check_choice, invalid_parameter, n_rows_of
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._base import (
    BaseSplitter,
    check_sources,
    why_empty,
)
from ensembles.model_selection._splitters._guard import Fold, Guard, guard_of, runs_of

__all__ = ["Guarded"]


@final
class Guarded(BaseSplitter):
    """Keep training rows of any splitter away from what they would tell of the test.

    Use it where folds are made by another rule than time, by groups, strata or at
    random, and rows near in time or with overlapping labels are alike: with
    ``KFold(shuffle=True)`` it is the non-dependent cross-validation that leaves out the
    neighbours of all test rows. Test sets stay as they are; training rows are dropped.

    Parameters
    ----------
    cv : int, splitter or iterable, default=5
        What makes the folds, as scikit-learn takes it.
    purge : size, default=0
        Dropped from training sets on both sides of each run of test rows, on top of
        what label ends drop: an int (rows, or distinct times where times repeat), a
        float (share of them), a span of time such as ``"30D"``, or steps of a calendar
        such as ``"5B"``.
    embargo : size, default=0
        Dropped in addition after each run, counted from where `purge` and labels end.
    groups : {"disjoint"} or None, default=None
        "disjoint" drops training rows of groups that are tested too, whatever the
        splitter does with the `groups` given to `split`.
    closed : {"left", "both"}, default="left"
        Whether a label that ends just when a row begins is apart from it ("left") or
        overlaps it ("both").
    time : str, int, callable or None, default=None
        Where X holds times: name of a column or of a level of the index, position of a
        column, or function of X. None takes an index of dates, else the order of rows.
    label_end : str, int, callable or None, default=None
        Where X holds the times at which labels are known.

    Raises
    ------
    ValueError
        From `split`: if nothing is left to train on.

    See Also
    --------
    PurgedKFold : Folds in one stretch of time each, the cheaper guard.

    References
    ----------
    .. [1] C. Bergmeir, J. M. Benitez, "On the use of cross-validation for time series
       predictor evaluation", Information Sciences 191, 192-213, 2012.

    Examples
    --------
    >>> from sklearn.model_selection import KFold
    >>> from ensembles.model_selection import Guarded
    >>> cv = Guarded(KFold(3, shuffle=True, random_state=0), purge=1)
    >>> for train, test in cv.split(range(12)):
    ...     line = ["."] * 12
    ...     for row in train:
    ...         line[row] = "#"
    ...     for row in test:
    ...         line[row] = "T"
    ...     print("".join(line))
    ###.T.T.#.TT
    .TT.##.TT.##
    T..T.T.#.T.#
    """

    # Splitters inside may want groups; given ones are meant for them.
    __metadata_request__split: ClassVar[dict[str, Any]] = {
        "groups": True,
        "times": True,
        "label_end": True,
    }

    def __init__(
        self,
        cv: Any = 5,
        *,
        purge: Any = 0,
        embargo: Any = 0,
        groups: Literal["disjoint"] | None = None,
        closed: Literal["left", "both"] = "left",
        time: Any = None,
        label_end: Any = None,
    ) -> None:
        self.cv = cv
        self.purge = purge
        self.embargo = embargo
        self.groups = groups
        self.closed = closed
        self.time = time
        self.label_end = label_end

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        check_sources(self)
        check_choice(self, "groups", self.groups, {"disjoint", None})
        guard_of(self)

    def get_n_splits(
        self,
        X: Table | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> int:
        """Return the number of folds, which is that of the splitter inside.

        Parameters
        ----------
        X, y, groups, times, label_end : object, default=None
            As in `split`, where the splitter inside needs them.

        Returns
        -------
        int
            Number of folds.
        """
        self._check_params()
        cv = self._splitter(y)
        given = {} if X is None else self._passed_on(cv, X, times, label_end)
        wanted = groups if takes_groups(cv) else None
        return int(cv.get_n_splits(X, y, wanted, **given))

    def split(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold, in the order of the splitter inside.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows; a DataFrame may hold the times too.
        y, groups : array-like of shape (n_samples,) or None, default=None
            For the splitter inside; `groups` also for ``groups="disjoint"``.
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
            Rows of the fold.

        Raises
        ------
        ValueError
            If times cannot be used, or a fold has nothing to train on.
        """
        self._check_params()
        axis = self._axis(X, times, label_end)
        guard = guard_of(self)
        axis.check_spans(self, purge=guard.purge, embargo=guard.embargo)
        labels = _group_labels(self, groups, n_rows_of(X))
        cv = self._splitter(y)
        position = np.empty(axis.n_samples, dtype=np.intp)
        position[axis.index] = np.arange(axis.n_samples)
        given = self._passed_on(cv, X, times, label_end)
        wanted = groups if takes_groups(cv) else None
        for number, rows in enumerate(cv.split(X, y, wanted, **given)):
            train, test = (np.asarray(part) for part in rows)
            if axis.unresolved is not None:
                test = test[~axis.unresolved[position[test]]]
            if not len(test):
                raise ValueError(
                    f"Fold {number} of {cv!r} has no test rows, or none whose label "
                    "has an end."
                )
            fold = Fold(*runs_of(np.unique(position[test])), 0, axis.n_samples)
            kept_by = partial(_kept, axis, fold, train, test, labels)
            kept = kept_by(guard)
            if not len(kept):
                causes = [] if axis.ends is None else ["ends of labels"]
                causes += [] if labels is None else ["their groups"]
                reason = why_empty(self, guard, len(train), kept_by, *causes)
                raise ValueError(f"Fold {number} has no training rows: {reason}")
            yield kept, test

    def _splitter(self, y: Any) -> Any:
        """The splitter inside."""
        if hasattr(self.cv, "__next__"):
            raise invalid_parameter(
                self,
                "cv",
                self.cv,
                "an int, a splitter or a list of folds",
                "A generator can be gone through once only; make a list of it.",
            )
        return check_cv(self.cv, y)

    def _passed_on(
        self, cv: Any, X: Table, times: Any, label_end: Any
    ) -> dict[str, Any]:
        """What a splitter inside is given that knows about time itself."""
        if not isinstance(cv, BaseSplitter):
            return {}
        if times is None and self.time is not None:
            times = column_of(X, self.time, f"time={self.time!r}")
        if label_end is None and self.label_end is not None:
            label_end = column_of(X, self.label_end, f"label_end={self.label_end!r}")
        return {"times": times, "label_end": label_end}

    def _axis(self, X: Table, times: Any, label_end: Any) -> TimeAxis:
        """Rows in order of time, which the splitter inside may know."""
        inside = isinstance(self.cv, BaseSplitter)
        if inside and self.time is None and self.label_end is None:
            axis: TimeAxis = self.cv._axis(X, times, label_end)
            return axis
        return super()._axis(X, times, label_end)


def _kept(
    axis: TimeAxis,
    fold: Fold,
    train: IntArray,
    test: IntArray,
    labels: IntArray | None,
    guard: Guard,
) -> IntArray:
    """Training rows that a guard leaves, as often as they come."""
    is_kept = np.zeros(axis.n_samples, dtype=np.bool_)
    is_kept[guard.train(axis, fold)] = True
    if labels is not None:
        tested = np.zeros(labels.max() + 1, dtype=np.bool_)
        tested[labels[test]] = True
        is_kept &= ~tested[labels]
    return train[is_kept[train]]


def _group_labels(owner: Guarded, groups: Any, n_samples: int) -> IntArray | None:
    """Groups as numbers, where they must be disjoint."""
    if owner.groups is None:
        return None
    if groups is None:
        raise ValueError(
            'Guarded(groups="disjoint") needs to know the groups: pass groups= to '
            "split."
        )
    labels = np.unique(np.asarray(groups), return_inverse=True)[1].ravel()
    if len(labels) != n_samples:
        raise ValueError(
            f"groups has {len(labels)} values for {n_samples} rows of X. Pass one for "
            "each row."
        )
    return labels
