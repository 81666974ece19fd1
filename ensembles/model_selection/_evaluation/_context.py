"""Rows that lags and rolling means look back on, predicted along and discarded."""

from __future__ import annotations

import numpy as np

from ensembles._typing import IntArray
from ensembles.model_selection._evaluation._chains import Call
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._guard import runs_of
from ensembles.model_selection._splitters._sizes import Size

__all__ = ["calls_with_context"]


def calls_with_context(
    axis: TimeAxis, place: IntArray, test: IntArray, context: Size
) -> tuple[Call, ...]:
    """Test rows in order of time, each stretch after the rows that precede it.

    Parameters
    ----------
    axis : TimeAxis
        Rows in order of time.
    place : ndarray of shape (n_samples,)
        Position of each row on the axis.
    test : ndarray of shape (n_test,)
        The rows to predict.
    context : int or Span
        How far each of them looks back.
    """
    tested = np.unique(place[test])
    starts, stops = runs_of(tested)
    begins = axis.floor(starts)  # of the times that stretches may begin within
    lows = np.array([axis.back(int(begin), context) for begin in begins])
    # Stretches that look back into one another are one.
    apart = np.append(True, lows[1:] > np.maximum.accumulate(stops)[:-1])
    lows, stops = lows[apart], stops[np.append(apart[1:], True)]
    within = np.searchsorted(tested, np.append(lows, axis.n_samples))
    return tuple(
        Call(axis.index[low:stop], tested[first:last] - low)
        for low, stop, first, last in zip(
            lows, stops, within[:-1], within[1:], strict=True
        )
    )
