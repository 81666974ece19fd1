"""Origins drawn at random: holding out again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, final

import numpy as np

from ensembles._random import entropy_from
from ensembles._typing import BoolArray, IntArray, RandomState
from ensembles._validation import check_count, invalid_parameter
from ensembles.model_selection._axis import TimeAxis
from ensembles.model_selection._base import BaseTimeSplitter
from ensembles.model_selection._guard import Fold
from ensembles.model_selection._sizes import CalendarSpan, Span, size_of

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
    ------#####TT---
    -----#####TT----
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
        sizes = self._sizes()
        axis.check_spans(self, **sizes)
        starts, stops, origins, ends = self._candidates(axis, sizes)
        rng = np.random.default_rng(entropy_from(self.random_state))
        for i in rng.integers(len(origins), size=self.n_splits):
            yield Fold(
                origins[i : i + 1],
                ends[i : i + 1],
                int(starts[i]),
                int(stops[i]),
                axis.time_at(int(origins[i])),
            )

    def _candidates(
        self, axis: TimeAxis, sizes: dict[str, Any]
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Positions of training sets, origins and ends of tests that the data hold.

        Starts and stops of training sets, origins, and ends, shape (n_origins,) each.
        """
        origins = axis.position_of(np.arange(axis.n_times))
        stops, fits_gap = _moved(axis, origins, sizes["gap"], -1)
        starts, fits_train = _moved(axis, stops, sizes["train_size"], -1)
        ends, fits_test = _moved(axis, origins, sizes["test_size"], 1)
        fits = fits_gap & fits_train & fits_test & (starts < stops)
        if not fits.any():
            raise ValueError(
                f"train_size={self.train_size!r}, gap={self.gap!r} and "
                f"test_size={self.test_size!r} do not fit into the data together, "
                f"{axis.n_times} times. Make them smaller."
            )
        return starts[fits], stops[fits], origins[fits], ends[fits]


def _moved(
    axis: TimeAxis, positions: IntArray, size: Any, sign: int
) -> tuple[IntArray, BoolArray]:
    """Positions moved by a size, and whether the data reach so far."""
    if isinstance(size, Span):
        at = axis.times[np.minimum(positions, axis.n_samples - 1)]
        times = size.moved(at, sign, axis.zone)
        fits = times >= axis.times[0] if sign < 0 else times <= axis.next_time()
        return axis.first_at(times), fits
    numbers = axis.number_of(positions) + sign * axis.count(size)
    return axis.position_of(numbers), (numbers >= 0) & (numbers <= axis.n_times)
