"""Folds in one stretch of time each, training on both sides of what is tested."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Any, Literal, final

import numpy as np

from ensembles._typing import IntArray
from ensembles._validation import check_count
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._base import BaseTimeSplitter
from ensembles.model_selection._splitters._guard import Fold, Guard, guard_of

__all__ = ["CombinatorialPurgedKFold", "PurgedKFold"]


def stretches(axis: TimeAxis, n_folds: int, what: str) -> IntArray:
    """Positions at which folds of about as many rows begin, and the number of rows."""
    if n_folds > axis.n_times:
        raise ValueError(
            f"Cannot have number of splits {what}={n_folds} greater than the number of "
            f"{'samples: n_samples' if axis.edges is None else 'distinct times'}"
            f"={axis.n_times}."
        )
    sizes = np.full(n_folds, axis.n_samples // n_folds)
    sizes[: axis.n_samples % n_folds] += 1
    bounds = axis.nearest(np.concatenate([[0], np.cumsum(sizes)]))
    if (np.diff(bounds) == 0).any():
        fold = int((np.diff(bounds) == 0).argmax())
        raise ValueError(
            f"Fold {fold} of {what}={n_folds} has no rows, as some times hold more "
            "rows than a fold should and a time is never cut. Make fewer folds."
        )
    return bounds


@final
class PurgedKFold(BaseTimeSplitter):
    """K-fold in time order, without training rows whose labels overlap the test's.

    Use it for a stationary series, or rows whose labels look ahead, that is too short
    to be spent on the past alone: every row is tested once, with training rows on both
    sides. Where a model must never see the future, take :class:`RollingOrigin`; for
    more than one path through time, :class:`CombinatorialPurgedKFold`.

    With label ends given, a training row is dropped where the time from its own to its
    label's end overlaps that of a test row [1]_. Without, `purge` says how far labels
    look ahead. A time that repeats is never cut.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    purge : size, default=0
        Dropped from training sets on both sides of a test set, on top of what label
        ends drop: an int (rows, or distinct times where times repeat), a float (share
        of them), a span of time such as ``"30D"``, or steps of a calendar such as
        ``"5B"``.
    embargo : size, default=0
        Dropped in addition after a test set, counted from where `purge` and labels end.
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
        From `split`: if there are fewer times than folds, a time holds more rows than
        a fold, or nothing is left to train on.

    See Also
    --------
    RollingOrigin : Trains on the past only.
    Guarded : The same guard around any splitter.

    References
    ----------
    .. [1] M. Lopez de Prado, "Advances in Financial Machine Learning", Wiley, 2018,
       section 7.4.

    Examples
    --------
    Labels are means of the next twenty values of noise, which nothing can foretell.
    Shuffled folds say otherwise:

    >>> import numpy as np
    >>> from sklearn.model_selection import KFold, cross_val_score
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from ensembles.model_selection import PurgedKFold
    >>> noise = np.random.default_rng(0).normal(size=1520)
    >>> y = np.convolve(noise, np.full(20, 1 / 20), mode="valid")[1:]
    >>> clock = np.arange(1500.0)[:, None]
    >>> for cv in (KFold(5, shuffle=True, random_state=0), PurgedKFold(5, purge=20)):
    ...     r2 = cross_val_score(KNeighborsRegressor(), clock, y[:1500], cv=cv)
    ...     print(f"{r2.mean():+.1f}")
    +0.9
    -0.9
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        purge: Any = 0,
        embargo: Any = 0,
        closed: Literal["left", "both"] = "left",
        time: Any = None,
        label_end: Any = None,
    ) -> None:
        self.n_splits = n_splits
        self.purge = purge
        self.embargo = embargo
        self.closed = closed
        self.time = time
        self.label_end = label_end

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        super()._check_params()
        check_count(self, "n_splits", self.n_splits, low=2)
        guard_of(self)

    def _fixed_n_splits(self) -> int:
        """The number asked for."""
        return self.n_splits

    def _guard(self, axis: TimeAxis) -> Guard:
        """What the parameters say."""
        return guard_of(self)

    def _folds(self, axis: TimeAxis) -> Iterator[Fold]:
        """A stretch a fold."""
        bounds = stretches(axis, self.n_splits, "n_splits")
        for fold in range(self.n_splits):
            yield Fold(
                bounds[fold : fold + 1], bounds[fold + 1 : fold + 2], 0, bounds[-1]
            )


@final
class CombinatorialPurgedKFold(BaseTimeSplitter):
    """Every choice of some of the folds tested, so that time is walked many times.

    Use it to see how much a result owes to the one path that time took: rows are tested
    in `n_paths` combinations each, which make as many complete paths of predictions
    [1]_. It trains on the future; and there are ``comb(n_folds, n_test_folds)`` fits.

    Parameters
    ----------
    n_folds : int, default=6
        Number of stretches that time is cut into.
    n_test_folds : int, default=2
        How many of them are tested at a time; neighbours count as one stretch.
    purge : size, default=0
        Dropped from training sets on both sides of each tested stretch, on top of what
        label ends drop: an int (rows, or distinct times where times repeat), a float
        (share of them), a span of time such as ``"30D"``, or steps of a calendar such
        as ``"5B"``.
    embargo : size, default=0
        Dropped in addition after each tested stretch, counted from where `purge` and
        labels end.
    closed : {"left", "both"}, default="left"
        Whether a label that ends just when a row begins is apart from it ("left") or
        overlaps it ("both").
    time : str, int, callable or None, default=None
        Where X holds times: name of a column or of a level of the index, position of a
        column, or function of X. None takes an index of dates, else the order of rows.
    label_end : str, int, callable or None, default=None
        Where X holds the times at which labels are known.

    Attributes
    ----------
    n_paths : int
        Complete paths, which is also how often each row is tested.

    Raises
    ------
    ValueError
        From `split`: if there are fewer times than folds, a time holds more rows than
        a fold, or nothing is left to train on.

    See Also
    --------
    PurgedKFold : Each fold tested once.
    ensembles.inference.probability_of_overfitting : What half of the folds tell of the
        rest.

    References
    ----------
    .. [1] M. Lopez de Prado, "Advances in Financial Machine Learning", Wiley, 2018,
       chapter 12.

    Examples
    --------
    >>> from ensembles.model_selection import CombinatorialPurgedKFold
    >>> cv = CombinatorialPurgedKFold(4, 2, purge=1)
    >>> cv.get_n_splits(), cv.n_paths
    (6, 3)
    >>> for train, test in cv.split(range(12)):
    ...     line = ["."] * 12
    ...     for row in train:
    ...         line[row] = "#"
    ...     for row in test:
    ...         line[row] = "T"
    ...     print("".join(line))
    TTTTTT.#####
    TTT.#.TTT.##
    TTT.####.TTT
    ##.TTTTTT.##
    ##.TTT.#.TTT
    #####.TTTTTT
    """

    def __init__(
        self,
        n_folds: int = 6,
        n_test_folds: int = 2,
        *,
        purge: Any = 0,
        embargo: Any = 0,
        closed: Literal["left", "both"] = "left",
        time: Any = None,
        label_end: Any = None,
    ) -> None:
        self.n_folds = n_folds
        self.n_test_folds = n_test_folds
        self.purge = purge
        self.embargo = embargo
        self.closed = closed
        self.time = time
        self.label_end = label_end

    @property
    def n_paths(self) -> int:
        """Complete paths, which is also how often each row is tested."""
        self._check_params()
        return comb(self.n_folds - 1, self.n_test_folds - 1)

    def path_ids(self) -> IntArray:
        """Return which path each tested stretch of each fold belongs to.

        Returns
        -------
        ndarray of shape (n_splits, n_test_folds)
            Row s holds the paths of the stretches that fold s tests, in order of time:
            the p-th time that a stretch is tested, it is part of path p.

        Examples
        --------
        >>> from ensembles.model_selection import CombinatorialPurgedKFold
        >>> CombinatorialPurgedKFold(4, 2).path_ids().tolist()
        [[0, 0], [1, 0], [2, 0], [1, 1], [2, 1], [2, 2]]
        """
        self._check_params()
        tested = np.array(list(self._combinations()))
        ids = np.empty_like(tested)
        for fold in range(self.n_folds):
            here = tested == fold
            ids[here] = np.arange(here.sum())
        return ids

    def _combinations(self) -> Iterator[tuple[int, ...]]:
        """Folds that are tested together, in lexicographic order."""
        return combinations(range(self.n_folds), self.n_test_folds)

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        super()._check_params()
        check_count(self, "n_folds", self.n_folds, low=2)
        check_count(self, "n_test_folds", self.n_test_folds)
        if self.n_test_folds >= self.n_folds:
            raise ValueError(
                f"n_test_folds={self.n_test_folds} of n_folds={self.n_folds} leaves no "
                f"fold to train on. Test at most {self.n_folds - 1} of them."
            )
        guard_of(self)

    def _fixed_n_splits(self) -> int:
        """The number of combinations."""
        return comb(self.n_folds, self.n_test_folds)

    def _guard(self, axis: TimeAxis) -> Guard:
        """What the parameters say."""
        return guard_of(self)

    def _folds(self, axis: TimeAxis) -> Iterator[Fold]:
        """A combination of stretches a fold."""
        bounds = stretches(axis, self.n_folds, "n_folds")
        for tested in self._combinations():
            chosen = np.array(tested)
            is_new = np.diff(chosen, prepend=-2) > 1
            is_last = np.append(is_new[1:], True)
            starts, stops = bounds[chosen[is_new]], bounds[chosen[is_last] + 1]
            yield Fold(starts, stops, 0, int(bounds[-1]))
