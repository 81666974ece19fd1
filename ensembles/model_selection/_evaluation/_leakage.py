"""Whether folds of any splitter let training rows tell of test rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from sklearn.model_selection import check_cv

from ensembles._routing import taken_by_split
from ensembles._times import source_of
from ensembles._typing import ArrayLike, BoolArray, IntArray, Table
from ensembles._validation import check_bool, check_choice, require
from ensembles.exceptions import LeakageError
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._base import axis_of

__all__ = ["Leak", "LeakageReport", "check_leakage"]

_KINDS = {
    "tested": "are tested too",
    "same_time": "share a time with test rows",
    "overlap": "have labels that overlap those of test rows",
    "same_group": "are of groups that are tested",
    "future": "come after the first test row",
    "unresolved": "have labels that are not known yet",
}
# How many rows an error lists.
_MOST_ROWS = 5


@final
@dataclass(frozen=True)
class Leak:
    """Training rows of one fold that tell of its test rows in one way.

    Attributes
    ----------
    fold : int
        Number of the fold.
    kind : {"tested", "same_time", "overlap", "same_group", "future", "unresolved"}
        In which way.
    rows : ndarray of shape (n_rows,)
        The training rows.
    """

    fold: int
    kind: str
    rows: IntArray

    def __str__(self) -> str:
        """Say it in a sentence."""
        some = ", ".join(map(str, self.rows[:_MOST_ROWS]))
        n_more = len(self.rows) - _MOST_ROWS
        more = f" and {n_more} more" if n_more > 0 else ""
        return f"fold {self.fold}: training rows {some}{more} {_KINDS[self.kind]}"


@final
@dataclass(frozen=True)
class LeakageReport:
    """What `check_leakage` found.

    Attributes
    ----------
    leaks : tuple of Leak
        In order of folds; empty where there are none.
    n_train, n_test : ndarray of shape (n_splits,)
        Rows of each fold.
    is_leaky : bool
        Whether anything was found.

    References
    ----------
    .. [1] M. Lopez de Prado, "Advances in Financial Machine Learning", Wiley, 2018,
       section 7.4.

    Examples
    --------
    >>> from sklearn.model_selection import KFold
    >>> from ensembles.model_selection import check_leakage
    >>> report = check_leakage(KFold(2), range(4), times=[1, 2, 2, 3])
    >>> print(report.leaks[0])
    fold 0: training rows 2 share a time with test rows
    >>> print(report.to_frame()[["n_train", "same_time", "overlap"]])
          n_train  same_time  overlap
    fold
    0           2          1        0
    1           2          1        0
    """

    leaks: tuple[Leak, ...]
    n_train: IntArray
    n_test: IntArray

    @property
    def is_leaky(self) -> bool:
        """Whether anything was found."""
        return bool(self.leaks)

    def raise_if_leaky(self) -> LeakageReport:
        """Raise if anything was found.

        Returns
        -------
        LeakageReport
            The report itself.

        Raises
        ------
        LeakageError
            Lists what was found.
        """
        if self.leaks:
            raise LeakageError(str(self))
        return self

    def to_frame(self) -> Any:
        """Return how many training rows leak, by fold and kind.

        Returns
        -------
        pandas.DataFrame
            A row a fold; rows of it in ``n_train`` and ``n_test``, and a column a kind.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", "dataframe", "to_frame()")
        table = {"n_train": self.n_train, "n_test": self.n_test}
        for kind in _KINDS:
            table[kind] = np.zeros_like(self.n_train)
        for leak in self.leaks:
            table[leak.kind][leak.fold] = len(leak.rows)
        return pandas.DataFrame(table).rename_axis("fold")

    def __str__(self) -> str:
        """List what was found."""
        if not self.leaks:
            return f"No leaks in {len(self.n_train)} folds."
        return "Leaks: " + "; ".join(map(str, self.leaks)) + "."


def check_leakage(
    cv: Any,
    X: Table,
    y: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    *,
    times: ArrayLike | None = None,
    label_end: ArrayLike | None = None,
    closed: Literal["left", "both"] = "left",
    past_only: bool = False,
) -> LeakageReport:
    """Look for training rows that tell of the test rows of their fold.

    Use it on folds of any origin, before a score is believed. It compares rows with one
    another and asks no splitter what it meant to do. That features look across the
    border, by scaling or smoothing over all rows, it cannot see.

    Parameters
    ----------
    cv : int, splitter or iterable
        What makes the folds, as scikit-learn takes it.
    X : array-like of shape (n_samples, ...)
        As given to the splitter.
    y : array-like of shape (n_samples, ...) or None, default=None
        As given to the splitter.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups that should not be on both sides; given to the splitter too.
    times : array-like of shape (n_samples,) or None, default=None
        When each row was known. None takes what `cv` takes: where its `time` points at,
        else an index of dates, else the order of rows.
    label_end : array-like of shape (n_samples,) or None, default=None
        When the label of each row was known. None takes what `cv` takes.
    closed : {"left", "both"}, default="left"
        Whether a label that ends just when a row begins is apart from it ("left") or
        overlaps it ("both").
    past_only : bool, default=False
        Whether training rows after the first test row are leaks.

    Returns
    -------
    LeakageReport
        What was found, by fold and kind; it can raise.

    See Also
    --------
    Guarded : Drops such training rows.

    Examples
    --------
    Labels that take three days to be known, in folds that know nothing of it:

    >>> import numpy as np
    >>> from sklearn.model_selection import KFold
    >>> from ensembles.model_selection import Guarded, check_leakage
    >>> days = np.arange("2024-01-01", "2024-01-13", dtype="datetime64[D]")
    >>> given = {"times": days, "label_end": days + np.timedelta64(3, "D")}
    >>> print(check_leakage(KFold(2), np.empty((12, 1)), **given).leaks[0])
    fold 0: training rows 6, 7 have labels that overlap those of test rows
    >>> print(check_leakage(Guarded(KFold(2)), np.empty((12, 1)), **given))
    No leaks in 2 folds.
    """
    check_choice("check_leakage", "closed", closed, {"left", "both"})
    check_bool("check_leakage", "past_only", past_only)
    splitter = check_cv(cv, y)
    axis = axis_of(
        X,
        times,
        label_end,
        time=source_of(splitter),
        end=source_of(splitter, "label_end"),
    )
    codes = None
    if groups is not None:
        codes = np.unique(np.asarray(groups), return_inverse=True)[1].ravel()
    given = {"groups": groups, "times": times, "label_end": label_end}
    passed = taken_by_split(splitter, given)
    rows = _Rows(axis, codes, closed, past_only)
    leaks: list[Leak] = []
    sizes = []
    for fold, (train, test) in enumerate(splitter.split(X, y, **passed)):
        sizes.append((len(train), len(test)))
        for kind, found in rows.leaks(np.asarray(train), np.asarray(test)).items():
            if found.any():
                leaks.append(Leak(fold, kind, np.asarray(train)[found]))
    n_train, n_test = np.array(sizes, dtype=np.intp).reshape(-1, 2).T
    return LeakageReport(tuple(leaks), n_train, n_test)


class _Rows:
    """Times, ends and groups by row, to compare training and test rows."""

    def __init__(
        self, axis: TimeAxis, codes: IntArray | None, closed: str, past_only: bool
    ) -> None:
        in_order = np.arange(axis.n_samples) if axis.times is None else axis.times
        self.times = axis.by_row(in_order)
        self.ends = None if axis.ends is None else axis.by_row(axis.ends)
        self.unresolved = (
            None if axis.unresolved is None else axis.by_row(axis.unresolved)
        )
        self.codes = codes
        self.closed = closed
        self.past_only = past_only

    def leaks(self, train: IntArray, test: IntArray) -> dict[str, BoolArray]:
        """Which training rows leak, by kind."""
        times, tested = self.times[train], self.times[test]
        kinds = {
            "tested": np.isin(train, test),
            "same_time": np.isin(times, tested) & ~np.isin(train, test),
        }
        if self.ends is not None:
            overlap = self._overlap(train, test)
            kinds["overlap"] = overlap & ~kinds["tested"] & ~kinds["same_time"]
        if self.codes is not None:
            kinds["same_group"] = np.isin(self.codes[train], self.codes[test])
        if self.past_only and len(test):
            kinds["future"] = times > tested.min()
        if self.unresolved is not None:
            kinds["unresolved"] = self.unresolved[train]
        return kinds

    def _overlap(self, train: IntArray, test: IntArray) -> BoolArray:
        """Whether [time, end] of a training row meets that of any test row.

        It does if one of the test rows that begin before it ends, ends after it begins:
        the latest end among them says so.
        """
        assert self.ends is not None
        order = np.argsort(self.times[test], kind="stable")
        begins = self.times[test][order]
        latest = np.maximum.accumulate(self.ends[test][order])
        side: Any = "left" if self.closed == "left" else "right"
        n_before = np.searchsorted(begins, self.ends[train], side=side)
        reach = latest[np.maximum(n_before - 1, 0)]
        start = self.times[train]
        meets = reach > start if self.closed == "left" else reach >= start
        return np.asarray(meets & (n_before > 0))
