"""Times of rows from every container that holds some, and from every place."""

import re
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array

from ensembles.model_selection import PurgedKFold, RollingOrigin

DATES = pd.date_range("2021-01-01", periods=12)
ORDER = np.random.default_rng(0).permutation(12)
X = np.zeros((12, 1))


def folds(cv, X=X, **given):
    return [(a.tolist(), b.tolist()) for a, b in cv.split(X, **given)]


EXPECTED = folds(PurgedKFold(3, purge=timedelta(1)), times=DATES[ORDER].to_numpy())

CONTAINERS = {
    "numpy": DATES[ORDER].to_numpy(),
    "days": DATES[ORDER].to_numpy().astype("datetime64[D]"),
    "index": DATES[ORDER],
    "series": pd.Series(DATES[ORDER], index=ORDER),
    "one column": pd.DataFrame({"t": DATES[ORDER]}),
    "zone": DATES[ORDER].tz_localize("Asia/Tokyo"),
    "periods": pd.period_range("2021-01-01", periods=12)[ORDER],
    "periods series": pd.Series(pd.period_range("2021-01-01", periods=12)[ORDER]),
    "polars": pl.Series(DATES[ORDER].to_list()),
    "polars zone": pl.Series(DATES[ORDER].to_list()).dt.replace_time_zone("Asia/Tokyo"),
    "polars dates": pl.Series([day.date() for day in DATES[ORDER]]),
    "timestamps": list(DATES[ORDER]),
    "datetimes": [day.to_pydatetime() for day in DATES[ORDER]],
    "dates": [day.date() for day in DATES[ORDER]],
    "objects": np.array(list(DATES[ORDER].tz_localize("Asia/Tokyo")), dtype=object),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_containers_of_dates_give_the_same_folds(kind):
    cv = PurgedKFold(3, purge=timedelta(1))
    assert folds(cv, times=CONTAINERS[kind]) == EXPECTED


@pytest.mark.parametrize(
    "times",
    [
        ORDER,
        ORDER.tolist(),
        ORDER.astype(np.uint8),
        ORDER / 7,
        ORDER.astype(object),
        pd.Series(ORDER, dtype="Int64"),
        pl.Series(ORDER),
    ],
    ids=["ints", "list", "bytes", "floats", "objects", "nullable", "polars"],
)
def test_numbers_are_times_too(times):
    assert folds(PurgedKFold(3, purge=1), times=times) == EXPECTED


TABLE = pd.DataFrame({"t": DATES[ORDER], "x": 0.0})
SOURCES = {
    "column": (TABLE, "t"),
    "polars": (pl.DataFrame({"t": DATES[ORDER].to_list(), "x": [0.0] * 12}), "t"),
    "level": (TABLE.set_index("t"), "t"),
    "series": (TABLE.set_index("t")["x"], "t"),
    "position": (TABLE, 0),
    "position from the end": (TABLE[["x", "t"]], -1),
    "position in polars": (pl.DataFrame({"t": DATES[ORDER].to_list()}), 0),
    "function": (TABLE, lambda X: X["t"]),
    "index of dates": (TABLE.set_index("t"), None),
    "index of periods": (TABLE.set_index(TABLE["t"].dt.to_period("D")), None),
    "level of dates": (TABLE.assign(shop=1).set_index(["shop", "t"]), None),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_times_are_found_in_x(kind):
    table, source = SOURCES[kind]
    cv = PurgedKFold(3, purge=timedelta(1), time=source)
    assert folds(cv, table) == EXPECTED


@pytest.mark.parametrize("make", [np.asarray, np.ndarray.tolist, csr_array])
def test_times_are_found_by_position_in_arrays(make):
    table = make(np.column_stack([np.zeros(12), ORDER]))
    assert folds(PurgedKFold(3, purge=1, time=1), table) == EXPECTED


def test_given_times_win_over_all_others():
    table = TABLE.set_index("t")
    cv = PurgedKFold(3, time="t")
    assert folds(cv, table, times=np.arange(12)) == folds(PurgedKFold(3))


def test_rows_without_times_are_in_order():
    assert folds(PurgedKFold(3, purge=1)) == folds(
        PurgedKFold(3, purge=1), times=np.arange(12)
    )


@pytest.mark.parametrize(
    "ends",
    [
        [*DATES[:9] + timedelta(1), None, pd.NaT, np.datetime64("NaT")],
        pd.Series([*DATES[:9] + timedelta(1), pd.NaT, pd.NaT, pd.NaT]),
        pl.Series([*(DATES[:9] + timedelta(1)).to_list(), None, None, None]),
    ],
    ids=["list", "pandas", "polars"],
)
def test_rows_of_labels_without_an_end_are_left_out(ends):
    found = folds(PurgedKFold(3), times=DATES, label_end=ends)
    assert not {9, 10, 11} & {row for fold in found for part in fold for row in part}
    numbers = pd.Series([*range(1, 10), None, None, None], dtype="Int64")
    assert folds(PurgedKFold(3), times=np.arange(12), label_end=numbers) == found


def test_a_period_ends_with_its_last_moment():
    months = DATES.to_period("M")
    with pytest.raises(ValueError, match="all fall to ends of labels"):
        folds(RollingOrigin(2), times=DATES, label_end=months)
    days = DATES.to_period("D")
    assert folds(RollingOrigin(2), times=DATES, label_end=days) == folds(
        RollingOrigin(2)
    )


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.arange(11), "times has 11 values for 12 rows of X. Pass one for each row"),
        (
            np.zeros((12, 2)),
            "times must have shape (n_samples,), got (12, 2). Pass one",
        ),
        (["a"] * 12, "times must be dates or numbers, got values of type <U1, such as"),
        ([object()] * 12, "times must be dates or numbers, got values of type object"),
        ([True] * 12, "times must be dates or numbers, got values of type bool"),
        (
            [*DATES[:11], pd.NaT],
            "1 rows have no time, the first of them row 11, so their place is unknown.",
        ),
        ([np.nan, *range(11)], "the first of them row 0, so their place is unknown."),
        (
            np.arange(1500, 1512).astype(str).astype("datetime64[Y]"),
            "Dates must lie between 1678 and 2262; pass years as numbers beyond.",
        ),
    ],
    ids=["length", "shape", "strings", "objects", "bools", "NaT", "nan", "range"],
)
def test_what_cannot_be_times_is_an_error(times, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        folds(PurgedKFold(3), times=times)


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (
            DATES[::-1],
            "label_end lies before times in 6 rows, the first of them row 6.",
        ),
        (
            np.arange(12),
            "times are dates and label_end are numbers. Both must be of one",
        ),
        (
            DATES.tz_localize("UTC"),
            "times have no time zone and label_end are in UTC. Give both one, for",
        ),
        (DATES[:3], "label_end has 3 values for 12 rows of X."),
    ],
    ids=["early", "numbers", "zone", "length"],
)
def test_ends_that_do_not_go_with_times_are_an_error(ends, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        folds(PurgedKFold(3), times=DATES, label_end=ends)


@pytest.mark.parametrize(
    ("table", "how", "message"),
    [
        (X, {"time": "t"}, "time='t' names a column, but X is of type ndarray and has"),
        (
            TABLE,
            {"time": "day"},
            "time='day' is neither a column of X nor a level of its index. Columns: t,",
        ),
        (TABLE, {"time": 2}, "time=2 is no column of X, which has 2 of them."),
        (TABLE, {"label_end": "end"}, "label_end='end' is neither a column of X nor"),
        (
            X,
            {"label_end": 0},
            "label_end says until when labels reach, but rows have no",
        ),
        (
            TABLE.assign(u=DATES).set_index(["t", "u"]),
            {},
            "The index of X has 2 levels of dates, ['t', 'u']. Say which one to split",
        ),
        (X[:0], {}, "There are no rows to split: X has 0 samples."),
    ],
    ids=["no names", "unknown", "position", "ends", "no times", "levels", "empty"],
)
def test_sources_that_are_not_there_are_an_error(table, how, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        folds(PurgedKFold(3, **how), table)


def test_a_table_of_the_user_is_never_changed():
    table = TABLE.copy()
    times = DATES[ORDER].to_numpy().copy()
    folds(PurgedKFold(3, time="t"), table)
    folds(PurgedKFold(3), times=times, label_end=times)
    pd.testing.assert_frame_equal(table, TABLE)
    assert (times == DATES[ORDER].to_numpy()).all()


def test_dates_of_the_standard_library():
    days = [date(2021, 1, 1) + timedelta(int(i)) for i in ORDER]
    moments = [datetime(2021, 1, 1) + timedelta(int(i)) for i in ORDER]
    cv = PurgedKFold(3, purge="1D")
    assert folds(cv, times=days) == folds(cv, times=moments) == EXPECTED
