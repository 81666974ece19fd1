"""Folds that other libraries and books print, from ours.

Where not said otherwise the folds are what the library named makes, run with the
arguments given, and rows are numbered from 0: ``train | test``.
"""

from math import comb

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from ensembles.model_selection import (
    CombinatorialPurgedKFold,
    Guarded,
    HVBlock,
    PurgedKFold,
    RollingOrigin,
)


def spans(rows):
    """Rows as stretches: ``0-3,5``."""
    rows = np.sort(rows)
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


def sketch(cv, n, **given):
    folds = cv.split(np.empty((n, 1)), **given)
    return [f"{spans(train)}|{spans(test)}" for train, test in folds]


def days(start, end, freq="D"):
    index = pd.date_range(start, end, freq=freq)
    return pd.DataFrame({"x": 0.0}, index=index)


SLIDING = {"window": "sliding"}
FROM_START = {"anchor": "start", **SLIDING}


@pytest.mark.parametrize(
    ("n", "params", "folds"),
    [
        # scikit-learn 1.9.1, TimeSeriesSplit
        (6, {"n_splits": 5}, ["0|1", "0-1|2", "0-2|3", "0-3|4", "0-4|5"]),
        (
            12,
            {"n_splits": 3, "test_size": 2},
            ["0-5|6-7", "0-7|8-9", "0-9|10-11"],
        ),
        (
            12,
            {"n_splits": 3, "test_size": 2, "gap": 2},
            ["0-3|6-7", "0-5|8-9", "0-7|10-11"],
        ),
        (10, {"n_splits": 3}, ["0-3|4-5", "0-5|6-7", "0-7|8-9"]),
        (10, {"n_splits": 2, "gap": 2}, ["0-1|4-6", "0-4|7-9"]),
        (
            10,
            {"n_splits": 2, "gap": 2, "test_size": 2, "max_train_size": 2},
            ["2-3|6-7", "4-5|8-9"],
        ),
        # sktime 1.2.0: ExpandingWindowSplitter(fh=[2, 4], initial_window=5, step=2)
        (
            10,
            {
                "n_splits": None,
                "horizon": [2, 4],
                "train_size": 5,
                "step": 2,
                "anchor": "start",
            },
            ["0-4|6,8"],
        ),
        # SlidingWindowSplitter(fh=[2, 4], window_length=3, step_length=2)
        (
            10,
            {
                "n_splits": None,
                "horizon": [2, 4],
                "train_size": 3,
                "step": 2,
                **FROM_START,
            },
            ["0-2|4,6", "2-4|6,8"],
        ),
        # ExpandingGreedySplitter(3, folds=2), SlidingGreedySplitter(4, 2, folds=2)
        (10, {"n_splits": 2, "test_size": 3}, ["0-3|4-6", "0-6|7-9"]),
        (
            10,
            {"n_splits": 2, "test_size": 2, "train_size": 4, **SLIDING},
            ["2-5|6-7", "4-7|8-9"],
        ),
        # SingleWindowSplitter(fh=[2, 4], window_length=3)
        (
            10,
            {"n_splits": 1, "horizon": [2, 4], "train_size": 3, **SLIDING},
            ["3-5|7,9"],
        ),
        # CutoffSplitter([3, 5], fh=[2, 4], window_length=3): cutoffs are trained on
        (
            10,
            {"origins": [4, 6], "horizon": [2, 4], "train_size": 3, **SLIDING},
            ["1-3|5,7", "3-5|7,9"],
        ),
        # ExpandingSlidingWindowSplitter(fh=[1, 2], initial=1, max=5, step=1)
        (
            10,
            {
                "n_splits": None,
                "horizon": [1, 2],
                "train_size": 1,
                "max_train_size": 5,
                "step": 1,
            },
            [
                "0|1-2",
                "0-1|2-3",
                "0-2|3-4",
                "0-3|4-5",
                "0-4|5-6",
                "1-5|6-7",
                "2-6|7-8",
                "3-7|8-9",
            ],
        ),
        # TSCV 0.1.3, GapRollForward(1, 3, 1, 3, gap_size=2, rollback_size=2)
        (
            10,
            {
                "origins": [3, 5, 7, 9],
                "test_size": 3,
                "train_size": 3,
                "gap": 2,
                **SLIDING,
            },
            ["0|3-5", "0-2|5-7", "2-4|7-9", "4-6|9"],
        ),
        # skfolio 1.12.2, WalkForward(test_size=1, train_size=2), and purged_size=1
        (
            6,
            {"n_splits": None, "test_size": 1, "train_size": 2, **SLIDING},
            ["0-1|2", "1-2|3", "2-3|4", "3-4|5"],
        ),
        (
            6,
            {"n_splits": None, "test_size": 1, "train_size": 2, "gap": 1, **SLIDING},
            ["0-1|3", "1-2|4", "2-3|5"],
        ),
        # WalkForward(2, 3, reduce_test=True), and expand_train=True
        (
            6,
            {"origins": [3, 5], "test_size": 2, "train_size": 3, **SLIDING},
            ["0-2|3-4", "2-4|5"],
        ),
        (6, {"origins": [3, 5], "test_size": 2}, ["0-2|3-4", "0-4|5"]),
        # skforecast 0.26, TimeSeriesFold docstring: fold 0 of initial_train_size=3,
        # steps=4, gap=1
        (
            10,
            {
                "n_splits": 1,
                "test_size": 4,
                "train_size": 3,
                "gap": 1,
                "anchor": "start",
            },
            ["0-2|4-7"],
        ),
    ],
)
def test_windows_of_other_libraries(n, params, folds):
    cv = RollingOrigin(**params)
    assert sketch(cv, n) == folds
    assert cv.get_n_splits(np.empty((n, 1))) == len(folds)


MONTHS = {"n_splits": None, "test_size": "MS", "train_size": "3MS", **SLIDING}


@pytest.mark.parametrize(
    ("freq", "params", "first_folds"),
    [
        ("D", MONTHS, ["0-90|91-120", "31-120|121-151", "60-151|152-181"]),
        ("D", {**MONTHS, "gap": 5}, ["0-85|91-120"]),
        (
            "D",
            {
                "n_splits": None,
                "test_size": "QS",
                "train_size": pd.DateOffset(months=2),
                **SLIDING,
            },
            ["31-90|91-181", "121-181|182-273"],
        ),
        ("B", MONTHS, ["0-64|65-86", "23-86|87-107", "43-107|108-129"]),
    ],
    ids=["months", "gap", "quarters", "business days"],
)
def test_calendar_windows_of_skfolio(freq, params, first_folds):
    """skfolio 1.12.2, WalkForward(1, 3, freq="MS") and kin, the days of 2020."""
    X = days("2020-01-01", "2020-12-31", freq)
    folds = [f"{spans(a)}|{spans(b)}" for a, b in RollingOrigin(**params).split(X)]
    assert folds[: len(first_folds)] == first_folds


def test_a_last_month_that_is_complete_is_tested():
    """skfolio drops December, as no row stands at the first of January."""
    X = days("2020-01-01", "2020-12-31")
    tests = [test for _, test in RollingOrigin(**MONTHS).split(X)]
    assert len(tests) == 9
    assert_array_equal(tests[-1], np.arange(335, 366))
    cut = RollingOrigin(**MONTHS).split(X[:-1])
    assert_array_equal(list(cut)[-1][1], np.arange(305, 335))


@pytest.mark.parametrize(
    ("sizes", "params", "folds"),
    [
        # mlxtend 0.25, GroupTimeSeriesSplit(test_size=1, train_size=2, n_splits=2)
        (
            [1, 2, 3, 3, 2, 1],
            {"n_splits": 2, "test_size": 1, "train_size": 2, **SLIDING},
            ["3-8|9-10", "6-10|11"],
        ),
        # ... and (test_size=1, n_splits=3, window_type="expanding")
        (
            [1, 2, 3, 3, 2, 1],
            {"n_splits": 3, "test_size": 1},
            ["0-5|6-8", "0-8|9-10", "0-10|11"],
        ),
        # panelsplit 2.2, PanelSplit(periods, n_splits=2)
        ([2, 2, 2], {"n_splits": 2}, ["0-1|2-3", "0-3|4-5"]),
    ],
    ids=["mlxtend sliding", "mlxtend expanding", "panelsplit"],
)
def test_times_that_repeat_count_once(sizes, params, folds):
    times = np.repeat(np.arange(len(sizes)), sizes)
    assert sketch(RollingOrigin(**params), len(times), times=times) == folds


@pytest.mark.parametrize(
    ("cv", "n", "folds"),
    [
        # TSCV 0.1.3: GapKFold(5, gap_before=3, gap_after=4)
        (
            PurgedKFold(5, purge=3, embargo=1),
            10,
            ["6-9|0-1", "8-9|2-3", "0|4-5", "0-2|6-7", "0-4|8-9"],
        ),
        # GapLeavePOut(3, 1, 1), which is hv-block with v=1 and h=1
        (
            HVBlock(1, 1, step=1),
            10,
            [
                "4-9|0-2",
                "5-9|1-3",
                "0,6-9|2-4",
                "0-1,7-9|3-5",
                "0-2,8-9|4-6",
                "0-3,9|5-7",
                "0-4|6-8",
                "0-5|7-9",
            ],
        ),
        # GapLeavePOut(2, 1, 1)
        (
            Guarded([(range(5), [i, i + 1]) for i in range(4)], purge=1),
            5,
            ["3-4|0-1", "4|1-2", "0|2-3", "0-1|3-4"],
        ),
        # skfolio 1.12.2, CombinatorialPurgedCV(3, 2, purged_size=1), train sets
        (CombinatorialPurgedKFold(3, 2), 12, ["8-11|0-7", "4-7|0-3,8-11", "0-3|4-11"]),
        (
            CombinatorialPurgedKFold(3, 2, purge=1),
            12,
            ["9-11|0-7", "5-6|0-3,8-11", "0-2|4-11"],
        ),
    ],
    ids=["GapKFold", "hv-block", "GapLeavePOut", "combinatorial", "purged"],
)
def test_folds_with_a_gap_on_both_sides(cv, n, folds):
    assert sketch(cv, n) == folds


@pytest.mark.parametrize(
    ("params", "first", "second"),
    [
        ({}, "6-9", "0-3"),
        ({"closed": "both"}, "7-9", "0-2"),
        ({"embargo": 1}, "7-9", "0-3"),
        ({"embargo": np.timedelta64(1, "D")}, "7-9", "0-3"),
    ],
    ids=["half-open", "closed", "embargo", "embargo of a day"],
)
def test_ten_days_with_labels_two_days_long(params, first, second):
    """Lopez de Prado 2018, snippet 7.3 (half-open, embargo after the labels' end).

    The closed convention is that of timeseriescv 0.2.
    """
    times = np.arange("2020-01-01", "2020-01-11", dtype="datetime64[D]")
    given = {"times": times, "label_end": times + np.timedelta64(2, "D")}
    folds = sketch(PurgedKFold(2, **params), 10, **given)
    assert folds == [f"{first}|0-4", f"{second}|5-9"]


@pytest.mark.parametrize(
    ("n_folds", "k", "n_splits", "n_paths"),
    [
        (4, 2, 6, 3),
        (5, 2, 10, 4),
        (6, 2, 15, 5),
        (6, 3, 20, 10),
        (10, 2, 45, 9),
        (10, 8, 45, 36),
        (16, 8, 12870, 6435),
    ],
)
def test_numbers_of_splits_and_paths(n_folds, k, n_splits, n_paths):
    """skfolio 1.12.2; Lopez de Prado 2018, section 12.3."""
    cv = CombinatorialPurgedKFold(n_folds, k)
    assert (cv.get_n_splits(), cv.n_paths) == (n_splits, n_paths)
    assert cv.n_paths == k * comb(n_folds, n_folds - k) // n_folds


def test_paths_of_six_folds_two_of_them_tested():
    """skfolio's ids; Lopez de Prado 2018, figure 12.1, numbers its paths from 1."""
    ids = CombinatorialPurgedKFold(6, 2).path_ids()
    first = [0, 1, 2, 3, 4, 1, 2, 3, 4, 2, 3, 4, 3, 4, 4]
    second = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4]
    assert_array_equal(ids, np.column_stack([first, second]))


@pytest.mark.parametrize(
    ("cv", "n", "label", "sizes"),
    [
        # purgedcv 0.1.11, CombinatorialPurgedCV(6, 2), labels of three rows
        (
            CombinatorialPurgedKFold(6, 2),
            24,
            3,
            [14, 10, 10, 10, 12, 12, 8, 8, 10, 12, 8, 10, 12, 10, 14],
        ),
        # skfolio 1.12.2, CombinatorialPurgedCV(5, 2, purged_size=1, embargo_size=1)
        (
            CombinatorialPurgedKFold(5, 2, purge=1, embargo=1),
            25,
            None,
            [13, 10, 10, 12, 12, 9, 11, 12, 11, 14],
        ),
    ],
    ids=["purgedcv", "skfolio"],
)
def test_sizes_of_combinatorial_training_sets(cv, n, label, sizes):
    given = {} if label is None else {"times": np.arange(n)}
    if label is not None:
        given["label_end"] = np.arange(n) + label
    folds = list(cv.split(np.empty((n, 1)), **given))
    assert [len(train) for train, _ in folds] == sizes
    n_folds, k = cv.n_folds, cv.n_test_folds
    dropped = 4 if label is not None else 3
    expected = n * (1 - k / n_folds) - k * (n_folds - k) / n_folds * dropped
    assert np.mean(sizes) == pytest.approx(expected)
