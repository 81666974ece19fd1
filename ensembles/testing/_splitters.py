"""What a splitter must do to be of use in scikit-learn, and to respect time.

Each check is a function of the splitter and of rows to split; its name says what holds.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import clone

from ensembles._compat import take_rows
from ensembles._typing import ArrayLike, IntArray, Table
from ensembles._validation import n_rows_of
from ensembles.model_selection import check_leakage
from ensembles.testing._holds import require_that

__all__ = ["check_splitter"]

_N_ROWS = 120


@dataclass(frozen=True)
class _Rows:
    """Rows to split, and what goes with them."""

    X: Any
    y: Any
    given: dict[str, Any]

    def of(self, rows: IntArray) -> _Rows:
        """Some of the rows."""
        given = {name: np.asarray(value)[rows] for name, value in self.given.items()}
        return replace(
            self, X=take_rows(self.X, rows), y=take_rows(self.y, rows), given=given
        )

    def folds(self, cv: Any) -> list[tuple[Any, Any]]:
        """Folds that the splitter makes of the rows."""
        return list(cv.split(self.X, self.y, **self.given))

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return n_rows_of(self.X)


def check_splitter(
    cv: Any,
    X: Table | None = None,
    y: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    times: ArrayLike | None = None,
    label_end: ArrayLike | None = None,
) -> None:
    """Check that a splitter keeps the contracts of scikit-learn, and those of time.

    Use it in the tests of a splitter of your own. Whether it knows time is told by its
    `split`: one that takes `times` must not cut a time, must not train on labels that
    overlap those of test rows if it takes `label_end` too, and must split the same rows
    the same way in whatever order they come.

    Parameters
    ----------
    cv : splitter
        What is checked.
    X, y : array-like of shape (n_samples, ...) or None, default=None
        Rows to split. None takes 120 of them.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups, for a splitter that needs some.
    times, label_end : array-like of shape (n_samples,) or None, default=None
        Times and ends of labels, for a splitter that takes some. None takes rows out of
        order, two at each time, whose labels end two times later.

    Returns
    -------
    None
        If all is well.

    Raises
    ------
    AssertionError
        What does not hold, and in which fold.

    See Also
    --------
    ensembles.model_selection.check_leakage : Looks at the folds of one's own data.

    Examples
    --------
    >>> from sklearn.model_selection import BaseCrossValidator
    >>> from ensembles.testing import check_splitter
    >>> class Halves(BaseCrossValidator):
    ...     def get_n_splits(self, X=None, y=None, groups=None):
    ...         return 2
    ...
    ...     def split(self, X, y=None, groups=None):
    ...         yield range(60), range(60, 120)
    >>> check_splitter(Halves())
    Traceback (most recent call last):
    ...
    AssertionError: Halves: get_n_splits says 2, but split makes 1 folds.
    """
    rows = _rows_for(cv, X, y, groups, times, label_end)
    checks = list(_CHECKS)
    if "times" in rows.given:
        checks += _CHECKS_OF_TIME
    for check in checks:
        check(cv, rows)


def _rows_for(
    cv: Any, X: Any, y: Any, groups: Any, times: Any, label_end: Any
) -> _Rows:
    """Rows of the caller, or some that are hard to split."""
    require_that(hasattr(cv, "split"), cv, "has no method split.")
    require_that(hasattr(cv, "get_n_splits"), cv, "has no method get_n_splits.")
    rng = np.random.default_rng(0)
    X = np.zeros((_N_ROWS, 2)) if X is None else X
    n = n_rows_of(X)
    y = np.arange(n) % 2 if y is None else y
    known = signature(cv.split).parameters
    given = {} if groups is None else {"groups": groups}
    if "times" in known:
        given["times"] = rng.permutation(np.arange(n) // 2) if times is None else times
    if "label_end" in known:
        made = label_end is None and times is None
        given["label_end"] = given["times"] + 2 if made else label_end
    return _Rows(X, y, {name: v for name, v in given.items() if v is not None})


def _check_number_of_folds(cv: Any, rows: _Rows) -> None:
    said, made = cv.get_n_splits(rows.X, rows.y, **rows.given), len(rows.folds(cv))
    require_that(
        said == made, cv, f"get_n_splits says {said}, but split makes {made} folds."
    )


def _check_folds_are_rows(cv: Any, rows: _Rows) -> None:
    for fold, parts in enumerate(rows.folds(cv)):
        for name, part in zip(("train", "test"), parts, strict=True):
            what = f"{name} of fold {fold}"
            array = np.asarray(part)
            is_rows = array.ndim == 1 and array.dtype.kind in "iu"
            require_that(
                is_rows, cv, f"{what} is no 1-D array of ints, but {part!r:.60}."
            )
            require_that(len(array) > 0, cv, f"{what} is empty.")
            inside = array.min() >= 0 and array.max() < rows.n_samples
            require_that(inside, cv, f"{what} names rows outside of X.")
        require_that(
            len(np.unique(parts[1])) == len(parts[1]),
            cv,
            f"fold {fold} tests rows more than once.",
        )


def _check_sets_are_disjoint(cv: Any, rows: _Rows) -> None:
    for fold, (train, test) in enumerate(rows.folds(cv)):
        both = np.intersect1d(train, test)
        require_that(
            not len(both),
            cv,
            f"fold {fold} trains on rows it tests, such as {both[:3]}.",
        )


def _check_nothing_is_changed(cv: Any, rows: _Rows) -> None:
    before, X = repr(sorted(vars(cv).items())), np.array(rows.X)
    rows.folds(cv)
    require_that(
        before == repr(sorted(vars(cv).items())), cv, "split changes its attributes."
    )
    require_that(bool((np.array(rows.X) == X).all()), cv, "split changes X.")


def _check_folds_are_the_same_again(cv: Any, rows: _Rows) -> None:
    if getattr(cv, "random_state", 0) is None:
        return
    first = _sets(rows, cv)
    require_that(first == _sets(rows, cv), cv, "a second split makes other folds.")
    try:
        copy = pickle.loads(pickle.dumps(cv))
    except Exception as error:
        raise AssertionError(
            f"{type(cv).__name__}: cannot be pickled, so workers cannot have it "
            f"({error})."
        ) from error
    require_that(first == _sets(rows, copy), cv, "a pickled copy makes other folds.")
    if hasattr(cv, "get_params"):
        require_that(first == _sets(rows, clone(cv)), cv, "a clone makes other folds.")


def _check_a_subset_can_be_split(cv: Any, rows: _Rows) -> None:
    """As the inner level of a nested cross-validation does."""
    some = rows.of(np.flatnonzero(np.arange(rows.n_samples) % 4))
    try:
        folds = some.folds(cv)
    except (IndexError, KeyError) as error:
        raise AssertionError(
            f"{type(cv).__name__}: three quarters of the rows cannot be split "
            f"({error}). Keep nothing of X in the constructor."
        ) from error
    for fold, parts in enumerate(folds):
        inside = max(np.max(part) for part in parts) < some.n_samples
        require_that(inside, cv, f"fold {fold} of a subset names rows outside of it.")


def _check_times_can_be_routed(cv: Any, rows: _Rows) -> None:
    has_method = hasattr(type(cv), "set_split_request")
    require_that(
        has_method,
        cv,
        "times cannot be routed to it: derive from scikit-learn's BaseCrossValidator.",
    )


def _check_no_time_is_cut(cv: Any, rows: _Rows) -> None:
    report = check_leakage(rows.folds(cv), rows.X, **_known_times(rows))
    for leak in report.leaks:
        require_that(
            leak.kind not in {"same_time", "overlap", "unresolved"}, cv, f"{leak}."
        )


def _check_the_order_of_rows_does_not_matter(cv: Any, rows: _Rows) -> None:
    if getattr(cv, "random_state", 0) is None:
        return
    order = np.random.default_rng(1).permutation(rows.n_samples)
    there = [
        tuple(frozenset(order[part]) for part in fold)
        for fold in rows.of(order).folds(cv)
    ]
    require_that(
        there == _sets(rows, cv), cv, "rows in another order are split another way."
    )


def _known_times(rows: _Rows) -> dict[str, Any]:
    """Times and ends of labels."""
    return {name: rows.given.get(name) for name in ("times", "label_end")}


def _sets(rows: _Rows, cv: Any) -> list[tuple[frozenset[int], ...]]:
    """Folds as sets of rows."""
    return [
        tuple(frozenset(np.asarray(part).tolist()) for part in fold)
        for fold in rows.folds(cv)
    ]


_Check = Callable[[Any, _Rows], None]

_CHECKS: tuple[_Check, ...] = (
    _check_number_of_folds,
    _check_folds_are_rows,
    _check_sets_are_disjoint,
    _check_nothing_is_changed,
    _check_folds_are_the_same_again,
    _check_a_subset_can_be_split,
)
_CHECKS_OF_TIME: tuple[_Check, ...] = (
    _check_times_can_be_routed,
    _check_no_time_is_cut,
    _check_the_order_of_rows_does_not_matter,
)
