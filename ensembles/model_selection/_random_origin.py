"""Origins drawn at random: holding out again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, final

import numpy as np

from ensembles._random import entropy_from
from ensembles._typing import RandomState
from ensembles._validation import check_count
from ensembles.model_selection._axis import TimeAxis
from ensembles.model_selection._base import BaseTimeSplitter
from ensembles.model_selection._guard import Fold
from ensembles.model_selection._sizes import Span, size_of
from ensembles.model_selection._windows import ahead_of, back_from

__all__ = ["RandomOrigin"]


@final
class RandomOrigin(BaseTimeSplitter):
    """Train right before a random time, test right after it, again and again.

    Use it to compare models on one long series that may drift: training sets have one
    size and never see the future, and folds are as many as you like, though they
    overlap. Of ways to estimate the error on 174 real series it was the best where they
    were not stationary [1]_. :class:`RollingOrigin` moves in even steps instead.

    Parameters
    ----------
    n_splits : int, default=10
        Number of origins.
    train_size : size, default=0.6
        What is trained on: an int (rows, or distinct times where times repeat), a float
        (share of them), a span of time such as ``"30D"``, or steps of a calendar such
        as ``"3MS"``.
    test_size : size, default=0.1
        What is tested.
    gap : size, default=0
        Left out between both.
    random_state : int, RandomState, Generator or None, default=None
        Seed of the origins. An int gives the same folds in every call.
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
        From `split`: if training and test set do not fit into the data together.

    See Also
    --------
    RollingOrigin : Origins in even steps.

    References
    ----------
    .. [1] V. Cerqueira, L. Torgo, I. Mozetic, "Evaluating time series forecasting
       models: an empirical study on performance estimation methods", Machine Learning
       109, 1997-2028, 2020.

    Examples
    --------
    >>> from ensembles.model_selection import RandomOrigin
    >>> cv = RandomOrigin(3, train_size=5, test_size=2, random_state=0)
    >>> for train, test in cv.split(range(16)):
    ...     line = ["."] * 16
    ...     for row in train:
    ...         line[row] = "#"
    ...     for row in test:
    ...         line[row] = "T"
    ...     print("".join(line))
    ........#####TT.
    ......#####TT...
    .....#####TT....
    """

    def __init__(
        self,
        n_splits: int = 10,
        *,
        train_size: Any = 0.6,
        test_size: Any = 0.1,
        gap: Any = 0,
        random_state: RandomState = None,
        closed: Literal["left", "both"] = "left",
        time: Any = None,
        label_end: Any = None,
    ) -> None:
        self.n_splits = n_splits
        self.train_size = train_size
        self.test_size = test_size
        self.gap = gap
        self.random_state = random_state
        self.closed = closed
        self.time = time
        self.label_end = label_end

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        super()._check_params()
        check_count(self, "n_splits", self.n_splits)
        self._sizes()

    def _sizes(self) -> dict[str, Any]:
        """Sizes, checked."""
        return {
            name: size_of(self, name, getattr(self, name), low=low)
            for name, low in (("train_size", 1), ("gap", 0), ("test_size", 1))
        }

    def _fixed_n_splits(self) -> int:
        """The number asked for."""
        return self.n_splits

    def _n_splits(self, axis: TimeAxis) -> int:
        """The number asked for."""
        return self.n_splits

    def _folds(self, axis: TimeAxis) -> Iterator[Fold]:
        """What lies before and after each origin."""
        sizes = self._sizes()
        axis.check_spans(self, **sizes)
        first, last = self._first_and_last(axis, sizes)
        rng = np.random.default_rng(entropy_from(self.random_state))
        for number in rng.integers(first, last + 1, size=self.n_splits):
            origin = int(axis.position_of(np.array([number]))[0])
            stop = back_from(axis, origin, sizes["gap"])
            start = back_from(axis, stop, sizes["train_size"])
            end = ahead_of(axis, origin, sizes["test_size"])
            yield Fold(np.array([origin]), np.array([end]), start, stop)

    def _first_and_last(self, axis: TimeAxis, sizes: dict[str, Any]) -> tuple[int, int]:
        """Numbers of the first and the last time that may be an origin."""
        first = 0
        for name in ("train_size", "gap"):
            position = int(axis.position_of(np.array([first]))[0])
            first = _number(axis, min(position, axis.n_samples - 1), sizes[name])
        if isinstance(sizes["test_size"], Span):
            end = np.array([axis.times[-1] + axis.spacing])
            earliest = sizes["test_size"].earlier(end, axis.zone)
            last = int(axis.number_of(np.array([axis.first_after(earliest)[0] - 1]))[0])
        else:
            last = axis.n_times - axis.count(sizes["test_size"])
        if first > last:
            raise ValueError(
                f"train_size={self.train_size!r}, gap={self.gap!r} and "
                f"test_size={self.test_size!r} do not fit into {axis.n_times} times "
                "together. Make them smaller."
            )
        return first, last


def _number(axis: TimeAxis, position: int, size: Any) -> int:
    """Number of the first time that lies so much after a position."""
    if isinstance(size, Span):
        reached = ahead_of(axis, position, size)
        return int(axis.number_of(np.array([reached]))[0])
    return int(axis.number_of(np.array([position]))[0]) + axis.count(size)
