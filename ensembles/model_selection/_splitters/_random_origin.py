"""Origins drawn at random: holding out again and again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, Literal, final

import numpy as np

from ensembles._random import entropy_from
from ensembles._typing import RandomState
from ensembles._validation import check_count, invalid_parameter
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._base import BaseTimeSplitter
from ensembles.model_selection._splitters._guard import Fold
from ensembles.model_selection._splitters._sizes import CalendarSpan, Span, size_of

__all__ = ["RandomOrigin"]

# Origins drawn before it is given up that one has rows to train on.
_MOST_TRIES = 1000


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
        (share of them), or a span of time such as ``"30D"``.
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
    ...     line = ["-"] * 16
    ...     for row in train:
    ...         line[row] = "#"
    ...     for row in test:
    ...         line[row] = "T"
    ...     print("".join(line))
    --------#####TT-
    -----#####TT----
    -------#####TT--
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
        for name, size in self._sizes().items():
            if isinstance(size, CalendarSpan):
                raise invalid_parameter(
                    self,
                    name,
                    getattr(self, name),
                    "a count, a share or a span of fixed length",
                    "A random time is none at which a calendar steps.",
                )

    def _sizes(self) -> dict[str, Any]:
        """Sizes, checked."""
        return {
            name: size_of(self, name, getattr(self, name), low=low)
            for name, low in (("train_size", 1), ("gap", 0), ("test_size", 1))
        }

    def _fixed_n_splits(self) -> int:
        """The number asked for."""
        return self.n_splits

    def _folds(self, axis: TimeAxis) -> Iterator[Fold]:
        """What lies before and after each origin."""
        axis.check_spans(self, **self._sizes())
        numbers = range(axis.n_times)
        first = bisect_left(numbers, True, key=lambda k: self._before(axis, k)[2])
        end = bisect_left(numbers, True, key=lambda k: not self._after(axis, k)[1])
        rng = np.random.default_rng(entropy_from(self.random_state))
        for _ in range(self.n_splits):
            # Before some origins there may be a hole where training rows should be.
            for number in rng.integers(first, max(end, first + 1), size=_MOST_TRIES):
                start, stop, reaches_back = self._before(axis, int(number))
                if reaches_back and start < stop and first < end:
                    break
            else:
                raise ValueError(
                    f"train_size={self.train_size!r}, gap={self.gap!r} and "
                    f"test_size={self.test_size!r} do not fit into the data together, "
                    f"{axis.n_times} times. Make them smaller."
                )
            origin = axis.position_of(np.array([number]))
            tested_to = np.array([self._after(axis, int(number))[0]])
            time = axis.time_at(int(origin[0]))
            yield Fold(origin, tested_to, start, stop, time)

    def _before(self, axis: TimeAxis, number: int) -> tuple[int, int, bool]:
        """Where training starts and stops, and whether the data reach back so far."""
        sizes = self._sizes()
        position = int(axis.position_of(np.array(number)))
        stop, time, reaches = _moved(
            axis, position, axis.time_at(position), sizes["gap"], -1
        )
        start, _, reaches_too = _moved(axis, stop, time, sizes["train_size"], -1)
        return start, stop, reaches and reaches_too

    def _after(self, axis: TimeAxis, number: int) -> tuple[int, bool]:
        """Where the test ends, and whether the data reach so far."""
        position = int(axis.position_of(np.array(number)))
        time, size = axis.time_at(position), self._sizes()["test_size"]
        end, _, reaches = _moved(axis, position, time, size, 1)
        return end, reaches


def _moved(
    axis: TimeAxis, position: int, time: Any, size: Any, sign: int
) -> tuple[int, Any, bool]:
    """Position and time moved by a size, and whether the data reach so far."""
    if isinstance(size, Span):
        time = axis.moved_time(time, size, sign)
        reaches = time >= axis.times[0] if sign < 0 else time <= axis.next_time()
        return int(axis.first_at(time)), time, bool(reaches)
    number = int(axis.number_of(np.array(position))) + sign * axis.count(size)
    position = int(axis.position_of(np.array(number)))
    return position, axis.time_at(position), 0 <= number <= axis.n_times
