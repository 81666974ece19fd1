"""Windows of `RollingOrigin` on calendars, in spans of time, and by hand."""

import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from ensembles.exceptions import InvalidParameterError
from ensembles.model_selection import PurgedKFold, RollingOrigin
from ensembles.model_selection._splitters import _windows


def table(start="2021-01-01", periods=None, end=None, freq="D", tz=None):
    index = pd.date_range(start, end, periods, freq, tz=tz)
    return pd.DataFrame({"x": np.zeros(len(index))}, index=index)


def windows_of(cv, X, **given):
    """First and last time of each test set."""
    return [
        f"{X.index[b[0]]:%m-%d}..{X.index[b[-1]]:%m-%d}"
        for _, b in cv.split(X, **given)
    ]


DAYS = table(end="2021-06-01")  # 152 of them, one in June


@pytest.mark.parametrize(
    ("params", "windows"),
    [
        ({"test_size": "2MS"}, ["02-01..03-31", "04-01..05-31"]),
        (
            {"test_size": "2MS", "step": "MS"},
            ["02-01..03-31", "03-01..04-30", "04-01..05-31"],
        ),
        (
            {"test_size": "14D", "step": "MS"},
            ["02-01..02-14", "03-01..03-14", "04-01..04-14", "05-01..05-14"],
        ),
        (
            {"test_size": "MS", "anchor": "start", "n_splits": 2},
            ["02-01..02-28", "03-01..03-31"],
        ),
        ({"test_size": "50D"}, ["01-03..02-21", "02-22..04-12", "04-13..06-01"]),
        (
            {"test_size": "50D", "anchor": "start"},
            ["02-20..04-10", "04-11..05-30"],
        ),
        (
            {"test_size": timedelta(10), "step": timedelta(60)},
            ["01-23..02-01", "03-24..04-02", "05-23..06-01"],
        ),
        (
            {"test_size": pd.DateOffset(months=2)},
            ["02-02..04-01", "04-02..06-01"],
        ),
    ],
    ids=str,
)
def test_windows_lie_on_the_calendar_or_end_with_the_data(params, windows):
    cv = RollingOrigin(**{"n_splits": None, **params})
    assert windows_of(cv, DAYS) == windows
    assert cv.get_n_splits(DAYS) == len(windows)


def test_joined_windows_of_months_leave_no_day_out():
    """Months back from the 31st and ahead again would skip some."""
    X = table("2020-01-01", end="2020-12-31")
    folds = RollingOrigin(None, test_size=pd.DateOffset(months=1)).split(X)
    rows = np.concatenate([test for _, test in folds])
    assert_array_equal(rows, np.arange(rows[0], 366))


@pytest.mark.parametrize(
    ("freq", "end", "last"),
    [
        ("D", "2021-04-30", "04-01..04-30"),
        ("D", "2021-04-29", "03-01..03-31"),
        ("B", "2021-04-30", "04-01..04-30"),  # a Friday
        ("B", "2021-04-29", "03-01..03-31"),
        ("B", "2021-02-26", "02-01..02-26"),  # the 27th and 28th are a weekend
        ("h", "2021-04-30 23:00", "04-01..04-30"),
        ("h", "2021-04-30 22:00", "03-01..03-31"),
    ],
)
def test_a_month_is_tested_once_all_of_its_rows_are_there(freq, end, last):
    X = table(end=end, freq=freq)
    cv = RollingOrigin(1, test_size="MS")
    assert windows_of(cv, X) == [last]


def test_training_windows_and_gaps_of_calendars():
    cv = RollingOrigin(
        None, test_size="MS", train_size="2MS", window="sliding", gap="5B"
    )
    (train, test), *_ = cv.split(DAYS)
    # Five business days before the first of April are Thursday, 25 March.
    assert (DAYS.index[train[-1]], DAYS.index[test[0]]) == (
        pd.Timestamp("2021-03-24"),
        pd.Timestamp("2021-04-01"),
    )
    assert DAYS.index[train[0]] == pd.Timestamp("2021-02-01")


def test_times_with_a_zone_step_by_the_clock_on_the_wall():
    X = table("2021-03-20", periods=24 * 20, freq="h", tz="Europe/Berlin")
    sizes = [len(test) for _, test in RollingOrigin(None, test_size="W").split(X)]
    assert sizes == [168, 167]  # an hour of the second week is skipped


@pytest.mark.parametrize("zone", ["Asia/Beirut", "America/Havana"])
def test_midnights_that_are_skipped_or_come_twice_are_no_error(zone):
    X = table("2020-01-01", periods=24 * 366, freq="h", tz=zone)
    rows = [b for _, b in RollingOrigin(None, test_size="W").split(X)]
    assert_array_equal(np.concatenate(rows), np.arange(rows[0][0], rows[-1][-1] + 1))


def test_holes_are_jumped_over():
    X = pd.concat([DAYS[:40], DAYS[120:]])
    cv = RollingOrigin(None, test_size="MS")
    assert windows_of(cv, X) == ["02-01..02-09", "05-01..05-31"]
    assert cv.get_n_splits(X) == 2
    far = pd.concat([table(periods=30), table("2024-01-01", periods=30)])
    assert RollingOrigin(5, test_size="1h").get_n_splits(far) == 5
    assert len(list(RollingOrigin(5, test_size="1h").split(far))) == 5


def test_training_windows_count_from_the_origin_where_its_row_is_missing():
    X = DAYS.drop(DAYS.index[59:64])  # the first days of March
    cv = RollingOrigin(3, test_size="MS", train_size="MS", window="sliding")
    train, test = next(cv.split(X))
    assert (X.index[train[0]], X.index[train[-1]], X.index[test[0]]) == (
        pd.Timestamp("2021-02-01"),
        pd.Timestamp("2021-02-28"),
        pd.Timestamp("2021-03-06"),
    )


def test_too_short_a_window_is_an_error_and_no_endless_search(monkeypatch):
    monkeypatch.setattr(_windows, "_MOST_STEPS", 200_000)
    with pytest.raises(ValueError, match="More than 200,000 windows of this size"):
        list(RollingOrigin(3, test_size="1us").split(DAYS))


def test_rows_out_of_order_are_split_by_their_times(rng):
    order = rng.permutation(len(DAYS))
    cv = RollingOrigin(None, test_size="MS", train_size="MS", window="sliding", gap=2)
    for (a, b), (c, d) in zip(cv.split(DAYS), cv.split(DAYS.iloc[order]), strict=True):
        assert_array_equal(order[c], a)
        assert_array_equal(order[d], b)


@pytest.mark.parametrize(
    ("origins", "params", "windows"),
    [
        (["2021-03-01", "2021-05-15"], {}, ["03-01..05-14", "05-15..06-01"]),
        (["2021-03-01"], {"test_size": "7D"}, ["03-01..03-07"]),
        (["2021-03-01"], {"test_size": 3}, ["03-01..03-03"]),
        (["2021-05-31"], {"horizon": [1, 2, 9]}, ["05-31..06-01"]),
    ],
)
def test_origins_by_hand(origins, params, windows):
    cv = RollingOrigin(origins=pd.to_datetime(origins), **params)
    assert windows_of(cv, DAYS) == windows
    assert cv.get_n_splits() == len(windows)


def test_labels_must_be_known_at_the_origin_not_at_the_first_tested_row():
    times = np.arange(20)
    given = {"times": times, "label_end": times + 4}
    train, test = next(RollingOrigin(1, horizon=[5]).split(times, **given))
    assert (train[-1], test.tolist()) == (11, [19])
    hole = DAYS[(DAYS.index < "2021-01-25") | (DAYS.index >= "2021-02-10")]
    cv = RollingOrigin(origins=pd.to_datetime(["2021-01-30"]))
    train, _ = next(cv.split(hole, label_end=hole.index + timedelta(12)))
    assert hole.index[train[-1]] == pd.Timestamp("2021-01-18")


@pytest.mark.parametrize(
    ("n", "params", "sizes"),
    [
        (100, {"n_splits": 4, "season": 7}, [14] * 4),
        (100, {"n_splits": 3, "season": 12, "test_size": 24}, [24] * 3),
    ],
)
def test_test_sets_hold_whole_cycles(n, params, sizes):
    assert [len(b) for _, b in RollingOrigin(**params).split(range(n))] == sizes


@pytest.mark.parametrize(
    ("params", "sizes"),
    [
        ({"test_size": 0.1}, [(70, 10), (80, 10), (90, 10)]),
        ({"test_size": 10, "gap": 0.05}, [(65, 10), (75, 10), (85, 10)]),
        (
            {"test_size": 10, "window": "sliding", "train_size": 0.5},
            [(50, 10), (50, 10), (50, 10)],
        ),
        ({"test_size": 10, "anchor": "start"}, [(10, 10), (20, 10), (30, 10)]),
        (
            {"test_size": 10, "anchor": "start", "train_size": 35},
            [(35, 10), (45, 10), (55, 10)],
        ),
    ],
    ids=str,
)
def test_shares_and_anchors(params, sizes):
    folds = RollingOrigin(3, **params).split(range(100))
    assert [(len(a), len(b)) for a, b in folds] == sizes


def test_rows_are_counted_where_times_repeat_but_never_cut():
    times = np.repeat(np.arange(10), 3)
    folds = RollingOrigin(3, test_size=3, unit="rows").split(times, times=times)
    assert [(len(a), len(b)) for a, b in folds] == [(21, 3), (24, 3), (27, 3)]
    cv = RollingOrigin(3, test_size=3, gap=1, unit="rows")
    assert [len(a) for a, _ in cv.split(times, times=times)] == [18, 21, 24]
    cv = RollingOrigin(3, test_size=3, max_train_size=4, unit="rows")
    assert [len(a) for a, _ in cv.split(times, times=times)] == [3, 3, 3]
    with pytest.raises(ValueError, match="tests no rows: no time ends within"):
        list(RollingOrigin(3, test_size=1, unit="rows").split(times, times=times))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"test_size": "7D"}, "is a span of time, but rows have no times. Pass dates"),
        ({"test_size": 5, "gap": "7D"}, "RollingOrigin(gap='7D') is a span of time, "),
    ],
)
def test_spans_need_dates(params, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        list(RollingOrigin(2, **params).split(range(30)))
    numbers = re.escape("rows have numbers as times")
    with pytest.raises(ValueError, match=numbers):
        list(RollingOrigin(2, **params).split(range(30), times=np.arange(30)))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"test_size": 5, "step": "7D"}, "must both count times or both be spans"),
        ({"test_size": "7D", "step": 5}, "must both count times or both be spans"),
        ({"horizon": 2, "step": "7D"}, "horizon=2 and step='7D' must both count"),
        ({"test_size": "MS", "step": "7D"}, "which step='7D' would start in between."),
        (
            {"test_size": "7D", "season": 7},
            "season=7 counts rows, while test_size='7D'",
        ),
        ({"test_size": 10, "season": 7}, "test_size=10 is no multiple of season=7, so"),
        ({"test_size": 10, "season": 7}, "Take 7 or 14."),
        ({"season": 70}, "No whole cycle of season=70 fits into test sets of 152 samp"),
        ({"season": 7, "horizon": 3}, "so season=7 has no meaning. Leave season out."),
        ({"n_splits": 9, "test_size": "MS"}, "Only 4 folds of test_size='MS' and trai"),
        ({"test_size": "12MS"}, "No fold of test_size='12MS' and train_size=None with"),
        ({"origins": []}, "origins must be at least one, got []."),
        ({"origins": ["x"]}, "origins must be dates or numbers, got values of type"),
        ({"origins": [3, 9]}, "times are dates and origins are numbers. Both must be"),
        ({"origins": [pd.Timestamp("2020-01-01")]}, "has no rows before it. Choose or"),
        ({"origins": [pd.Timestamp("2022-01-01")]}, "has no rows at or after it. Choo"),
        (
            {"origins": pd.to_datetime(["2021-03-01", "2021-02-01"])},
            "origins must ascend, got DatetimeIndex",
        ),
        (
            {"origins": pd.to_datetime(["2021-02-01"]), "train_size": 100},
            "train_size=100 does not fit: before the first origin",
        ),
        (
            {"origins": pd.to_datetime(["2021-02-01"]), "step": 2},
            "origins say where test sets lie, so step=2 has no meaning.",
        ),
        (
            {"origins": pd.to_datetime(["2021-02-01"]).tz_localize("UTC")},
            "times have no time zone and origins are in UTC. Give both one, for",
        ),
    ],
    ids=str,
)
def test_sizes_that_contradict_or_do_not_fit_are_an_error(params, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        list(RollingOrigin(**{"n_splits": 2, **params}).split(DAYS))


@pytest.mark.parametrize(
    "size",
    [
        pd.DateOffset(months=-2),
        pd.DateOffset(day=1),
        pd.offsets.BusinessHour(),
        np.timedelta64(1, "M"),
        np.timedelta64("NaT", "D"),
    ],
    ids=str,
)
def test_what_is_no_step_ahead_is_no_size(size):
    with pytest.raises(InvalidParameterError, match="'test_size' parameter of Rolling"):
        list(RollingOrigin(2, test_size=size).split(DAYS))
    with pytest.raises(InvalidParameterError, match="'purge' parameter of PurgedKFold"):
        list(PurgedKFold(2, purge=size).split(DAYS))


def test_as_many_as_fit_leaves_out_folds_that_cannot_be_trained():
    cv = RollingOrigin(None, test_size=10, gap="30D")
    assert [len(a) for a, _ in cv.split(table(periods=60))] == [10, 20]
    with pytest.raises(ValueError, match="No fold has a training row before gap='90D'"):
        list(RollingOrigin(None, test_size=10, gap="90D").split(table(periods=60)))


def test_the_summary_tells_rows_and_dates():
    X = table("2021-01-01", periods=24 * 60, freq="h", tz="Europe/Berlin")
    summary = RollingOrigin(1, test_size="MS").summary(X)
    assert summary.loc[0, "test_first"] == pd.Timestamp(
        "2021-02-01", tz="Europe/Berlin"
    )
    assert summary.loc[0, ["n_train", "n_test"]].tolist() == [31 * 24, 28 * 24]
    by_row = RollingOrigin(2).summary(range(9))
    assert by_row["test_first"].tolist() == [3, 6]
    assert by_row.index.name == "fold"
