"""Test sets that move forward in time."""

import importlib
import itertools
import pickle
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)

from ensembles.exceptions import InvalidParameterError
from ensembles.model_selection import RollingOrigin


def folds(splitter, n):
    return [(list(a), list(b)) for a, b in splitter.split(np.empty((n, 1)))]


def sketch(splitter, n):
    """Folds as the reader of the tests sees them: first-last|tested rows."""
    return [f"{a[0]}-{a[-1]}|" + ",".join(map(str, b)) for a, b in folds(splitter, n)]


def outcome(splitter, n):
    """Folds as bytes, or the type and text of the error."""
    try:
        return [
            (a.dtype, a.tobytes(), b.dtype, b.tobytes())
            for a, b in splitter.split(range(n))
        ]
    except Exception as error:
        return type(error).__name__, str(error)


def assert_same_as_scikit_learn(n, n_splits, **params):
    theirs = outcome(TimeSeriesSplit(n_splits, **params), n)
    ours = outcome(RollingOrigin(n_splits, **params), n)
    assert ours == theirs, (n, n_splits, params)


@pytest.mark.parametrize("n_splits", range(2, 11))
def test_at_its_defaults_it_is_time_series_split(n_splits):
    for n in range(1, 61):
        assert_same_as_scikit_learn(n, n_splits)
    assert folds(RollingOrigin(), 30) == folds(TimeSeriesSplit(), 30)


@pytest.mark.parametrize("n_splits", range(2, 11))
def test_it_is_time_series_split_for_all_of_its_parameters(n_splits):
    for n, test_size, gap, most in itertools.product(
        range(1, 61, 3), [None, 1, 3], [0, 1, 4], [None, 0, 1, 5]
    ):
        params = {"test_size": test_size, "gap": gap, "max_train_size": most}
        assert_same_as_scikit_learn(n, n_splits, **params)


@pytest.mark.parametrize("name", ["cv", "max_train_size", "test_size", "gap"])
def test_scikit_learns_own_tests_of_its_splitter_pass(name, monkeypatch):
    theirs = importlib.import_module("sklearn.model_selection.tests.test_split")
    monkeypatch.setattr(theirs, "TimeSeriesSplit", RollingOrigin)
    getattr(theirs, f"test_time_series_{name}")()


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.integers(1, 60),
    st.integers(2, 10),
    st.none() | st.integers(1, 30),
    st.integers(0, 60),
    st.none() | st.integers(0, 60),
)
def test_it_is_time_series_split_anywhere(n, n_splits, test_size, gap, most):
    assert_same_as_scikit_learn(
        n, n_splits, test_size=test_size, gap=gap, max_train_size=most
    )


KNOWN = {
    "scikit-learn, n=12": (
        RollingOrigin(3, test_size=2, gap=2),
        12,
        ["0-3|6,7", "0-5|8,9", "0-7|10,11"],
    ),
    "scikit-learn, max_train_size": (
        RollingOrigin(2, gap=2, test_size=2, max_train_size=2),
        10,
        ["2-3|6,7", "4-5|8,9"],
    ),
    "sktime, SlidingWindowSplitter": (
        RollingOrigin(None, horizon=[2, 4], train_size=3, window="sliding", step=2),
        9,
        ["0-2|4,6", "2-4|6,8"],
    ),
    "sktime, ExpandingGreedySplitter": (
        RollingOrigin(2, test_size=3),
        10,
        ["0-3|4,5,6", "0-6|7,8,9"],
    ),
    "sktime, SlidingGreedySplitter": (
        RollingOrigin(2, test_size=2, train_size=4, window="sliding"),
        10,
        ["2-5|6,7", "4-7|8,9"],
    ),
    "sktime, SingleWindowSplitter": (
        RollingOrigin(1, horizon=[2, 4], train_size=3, window="sliding"),
        10,
        ["3-5|7,9"],
    ),
    "skfolio, WalkForward": (
        RollingOrigin(None, test_size=1, train_size=2, window="sliding"),
        6,
        ["0-1|2", "1-2|3", "2-3|4", "3-4|5"],
    ),
    "skfolio, WalkForward with a purge": (
        RollingOrigin(None, test_size=1, train_size=2, window="sliding", gap=1),
        6,
        ["0-1|3", "1-2|4", "2-3|5"],
    ),
}


@pytest.mark.parametrize(("splitter", "n", "expected"), KNOWN.values(), ids=KNOWN)
def test_folds_that_other_libraries_draw(splitter, n, expected):
    assert sketch(splitter, n) == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"step": 1}, ["0-4|5,6", "0-5|6,7", "0-6|7,8"]),
        ({"step": 2}, ["0-2|3,4", "0-4|5,6", "0-6|7,8"]),
        ({"step": 3}, ["0-0|1,2", "0-3|4,5", "0-6|7,8"]),
        ({"step": 1, "window": "sliding"}, ["0-4|5,6", "1-5|6,7", "2-6|7,8"]),
        ({"window": "sliding"}, ["0-2|3,4", "2-4|5,6", "4-6|7,8"]),
        ({"window": "sliding", "gap": 1}, ["0-1|3,4", "2-3|5,6", "4-5|7,8"]),
        ({"window": "sliding", "train_size": 2}, ["1-2|3,4", "3-4|5,6", "5-6|7,8"]),
        ({"train_size": 2}, ["0-2|3,4", "0-4|5,6", "0-6|7,8"]),
        ({"train_size": 3}, ["0-2|3,4", "0-4|5,6", "0-6|7,8"]),
        ({"train_size": 3, "max_train_size": 4}, ["0-2|3,4", "1-4|5,6", "3-6|7,8"]),
        (
            {"window": "sliding", "train_size": 3, "max_train_size": 1},
            ["2-2|3,4", "4-4|5,6", "6-6|7,8"],
        ),
        (
            {"window": "sliding", "max_train_size": 0},
            ["0-2|3,4", "2-4|5,6", "4-6|7,8"],
        ),
    ],
    ids=str,
)
def test_train_size_window_and_step(params, expected):
    assert sketch(RollingOrigin(3, test_size=2, **params), 9) == expected


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [
        (1, ["0-5|6", "0-6|7", "0-7|8"]),
        (3, ["0-1|4", "0-3|6", "0-5|8"]),
        ([1], ["0-5|6", "0-6|7", "0-7|8"]),
        ([1, 2], ["0-2|3,4", "0-4|5,6", "0-6|7,8"]),
        ((1, 3), ["0-1|2,4", "0-3|4,6", "0-5|6,8"]),
        ([3, 1, 3], ["0-1|2,4", "0-3|4,6", "0-5|6,8"]),
        (np.array([2, 3]), ["0-1|3,4", "0-3|5,6", "0-5|7,8"]),
        (range(1, 4), ["0-1|2,3,4", "0-3|4,5,6", "0-5|6,7,8"]),
    ],
    ids=repr,
)
def test_horizon_names_the_steps_ahead(horizon, expected):
    step = 1 if len(np.atleast_1d(horizon)) == 1 and np.max(horizon) == 1 else 2
    assert sketch(RollingOrigin(3, horizon=horizon, step=step), 9) == expected


def test_origins_of_a_horizon_lie_its_span_apart_unless_step_says_otherwise():
    assert sketch(RollingOrigin(2, horizon=[1, 3]), 9) == ["0-2|3,5", "0-5|6,8"]


def test_all_steps_up_to_a_horizon_are_a_test_size():
    ours = folds(RollingOrigin(3, horizon=range(1, 5), gap=1), 30)
    assert ours == folds(RollingOrigin(3, test_size=4, gap=1), 30)


@pytest.mark.parametrize(
    ("n", "n_splits"), [(4, 1), (5, 1), (6, 2), (7, 2), (8, 3), (20, 9)]
)
def test_n_splits_none_makes_as_many_folds_as_fit(n, n_splits):
    splitter = RollingOrigin(None, test_size=2, train_size=2)
    assert splitter.get_n_splits(range(n)) == len(folds(splitter, n)) == n_splits
    first_train, _ = folds(splitter, n)[0]
    assert 2 <= len(first_train) <= 3
    fixed = RollingOrigin(n_splits, test_size=2, train_size=2)
    assert folds(splitter, n) == folds(fixed, n)
    with pytest.raises(ValueError, match=r"train_size=2 does not fit|Too many splits"):
        folds(RollingOrigin(n_splits + 1, test_size=2, train_size=2), n)


DOES_NOT_FIT = r"does not fit|Too many splits|No fold fits"


def plain_folds(n, n_splits, tested, gap, step, length):
    """Folds from the end of the series backwards; `length` rows of training or all."""
    result = []
    origin = n - max(tested)
    for _ in range(n_splits):
        end = origin - gap
        train = [row for row in range(end) if length is None or row >= end - length]
        result.append((train, [origin + h - 1 for h in sorted(set(tested))]))
        origin -= step
    return result[::-1]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    n=st.integers(2, 60),
    n_splits=st.none() | st.integers(1, 8),
    tested=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    gap=st.integers(0, 4),
    step=st.none() | st.integers(1, 9),
    train_size=st.none() | st.integers(1, 12),
    window=st.sampled_from(["expanding", "sliding"]),
    most=st.none() | st.integers(1, 12),
)
def test_folds_follow_their_definition(
    n, n_splits, tested, gap, step, train_size, window, most
):
    splitter = RollingOrigin(
        n_splits,
        horizon=tested,
        gap=gap,
        step=step,
        train_size=train_size,
        window=window,
        max_train_size=most,
    )
    apart = step or max(tested)
    room = n - max(tested) - gap - (train_size or 1)
    if room < 0 or (n_splits or 1) > room // apart + 1:
        with pytest.raises(ValueError, match=DOES_NOT_FIT):
            folds(splitter, n)
        return
    k = n_splits or room // apart + 1
    first = n - max(tested) - (k - 1) * apart - gap
    length = (train_size or first) if window == "sliding" else None
    length = min(filter(None, [length, most]), default=None)
    assert folds(splitter, n) == plain_folds(n, k, tested, gap, apart, length)
    assert splitter.get_n_splits(range(n)) == k


@pytest.mark.parametrize(
    "splitter",
    [
        RollingOrigin(3),
        RollingOrigin(3, window="sliding", gap=2),
        RollingOrigin(3, horizon=[2, 3]),
    ],
    ids=repr,
)
def test_rows_are_views_of_one_index(splitter):
    pairs = list(splitter.split(range(30)))
    bases = {id(rows.base) for pair in pairs for rows in pair}
    assert len(bases) == 1
    assert all(rows.base is not None for pair in pairs for rows in pair)
    assert len(pairs[0][0].base) == 30
    assert all(rows.dtype == np.intp for pair in pairs for rows in pair)


@pytest.mark.parametrize(
    "table",
    [
        list(range(20)),
        pd.DataFrame({"x": range(20)}, index=range(7, 27)),
        pl.DataFrame({"x": range(20)}),
        csr_array(np.eye(20)),
        ["a"] * 20,
    ],
    ids=["list", "pandas", "polars", "sparse", "strings"],
)
def test_only_the_number_of_rows_matters(table):
    ours = [(list(a), list(b)) for a, b in RollingOrigin(3).split(table)]
    assert ours == folds(RollingOrigin(3), 20)
    assert RollingOrigin(None, test_size=2).get_n_splits(table) == 9


def test_the_number_of_folds_needs_data_only_where_it_follows_from_them():
    assert RollingOrigin().get_n_splits() == 5
    assert RollingOrigin(3).get_n_splits(range(2)) == 3
    with pytest.raises(ValueError, match="as many folds as fit: pass X to count them"):
        RollingOrigin(None, test_size=2).get_n_splits()


def test_groups_are_ignored_with_a_warning():
    message = "The groups parameter is ignored by RollingOrigin"
    with pytest.warns(UserWarning, match=message):
        first = next(RollingOrigin(3).split(range(20), groups=range(20)))
    assert_array_equal(first[0], range(5))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_splits": 0}, "'n_splits' parameter of RollingOrigin must be an int in th"),
        ({"n_splits": 2.0}, "'n_splits' parameter of RollingOrigin must be an int in "),
        ({"n_splits": True}, "'n_splits' parameter of RollingOrigin must be an int in"),
        ({"max_train_size": -1}, "'30D', '3MS' or '5B'; ints are >= 1. Got -1 instead"),
        ({"test_size": 0}, "or a pandas offset such as '30D', '3MS' or '5B'; ints are"),
        (
            {"test_size": 1.5},
            "must be an int (rows, or distinct times), a float in the",
        ),
        ({"test_size": "a month"}, "ints are >= 1. Got 'a month' instead."),
        ({"test_size": timedelta(0)}, "must be a positive span of time. Got datetime."),
        ({"test_size": timedelta(-1)}, "must be a positive span of time."),
        ({"test_size": "-3MS"}, "ints are >= 1. Got '-3MS' instead."),
        (
            {"gap": -1},
            "'gap' parameter of RollingOrigin must be an int (rows, or disti",
        ),
        ({"gap": None}, "ints are >= 0. Got None instead."),
        ({"train_size": 0}, "'train_size' parameter of RollingOrigin must be an int ("),
        ({"step": 0}, "'step' parameter of RollingOrigin must be an int (rows, or dis"),
        (
            {"anchor": "middle"},
            "must be one of {'end', 'start'}. Got 'middle' instead.",
        ),
        ({"unit": "days"}, "must be one of {'auto', 'rows', 'times'}. Got 'days' inst"),
        ({"closed": "right"}, "must be one of {'both', 'left'}. Got 'right' instead."),
        ({"season": 0}, "'season' parameter of RollingOrigin must be an int in the ra"),
        ({"time": [1, 2]}, "must be a str, an int, a callable or None. Got 'list' ins"),
        ({"label_end": [1]}, "Values for each row are passed to split, as label_end=."),
        ({"window": "rolling"}, "must be one of {'expanding', 'sliding'}. Got 'rollin"),
        ({"window": ["sliding"]}, "must be one of {'expanding', 'sliding'}. Got ['sli"),
        ({"horizon": 0}, "must be an int >= 1, ints >= 1 or None. Got 0 instead."),
        ({"horizon": []}, "must be an int >= 1, ints >= 1 or None. Got [] instead."),
        ({"horizon": [1, 0]}, "must be an int >= 1, ints >= 1 or None. Got [1, 0]"),
        ({"horizon": [1.5]}, "must be an int >= 1, ints >= 1 or None. Got [1.5]"),
        ({"horizon": "12"}, "must be an int >= 1, ints >= 1 or None. Got '12' ins"),
    ],
    ids=str,
)
def test_parameters_outside_their_ranges_are_an_error(params, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        folds(RollingOrigin(**params), 30)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Cannot have number of folds=6 greater than the number of samples=5."),
        (
            {"n_splits": 3, "gap": 3},
            "Too many splits=3 for number of samples=5 with test_size=1 and gap=3.",
        ),
        (
            {"n_splits": 2, "test_size": 1, "train_size": 4},
            "train_size=4 does not fit: with n_splits=2, test_size=1, step=1 and gap=0 "
            "the first training set of 5 samples has 3 rows. Lower train_size, or",
        ),
        (
            {"n_splits": 2, "test_size": 1, "horizon": [1, 2]},
            "test_size=1 and horizon=[1, 2] both say which rows are tested.",
        ),
        ({"n_splits": None}, "RollingOrigin(n_splits=None) needs test_size or horizon"),
        (
            {"n_splits": None, "test_size": 2, "train_size": 4, "gap": 1},
            "No fold fits into 5 samples with train_size=4, gap=1 and test sets that "
            "span 2 rows: they need 7.",
        ),
    ],
    ids=["folds", "gap", "train_size", "both", "open", "none fits"],
)
def test_sizes_that_do_not_fit_five_rows_are_an_error(params, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        folds(RollingOrigin(**params), 5)


def test_a_scalar_or_iterator_has_no_rows():
    with pytest.raises(TypeError, match="Singleton array"):
        next(RollingOrigin().split(np.array(3)))
    with pytest.raises(TypeError, match="Expected sequence or array-like"):
        next(RollingOrigin().split(iter(range(30))))


SPLITTERS = [
    RollingOrigin(3),
    RollingOrigin(None, test_size=5, train_size=12, window="sliding", gap=1),
    RollingOrigin(None, horizon=[1, 4], step=3, train_size=20),
]
every_splitter = pytest.mark.parametrize("splitter", SPLITTERS, ids=repr)


@every_splitter
def test_clone_params_repr_and_pickle(splitter):
    for copy in (clone(splitter), pickle.loads(pickle.dumps(splitter))):
        assert copy is not splitter
        assert copy.get_params() == splitter.get_params()
        assert folds(copy, 40) == folds(splitter, 40)
    rebuilt = eval(repr(splitter), {"RollingOrigin": RollingOrigin})
    assert rebuilt.get_params() == splitter.get_params()
    assert clone(splitter).set_params(gap=2).gap == 2
    assert vars(splitter) == splitter.get_params()


@every_splitter
def test_cross_val_score(splitter, rng):
    X, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    scores = cross_val_score(Ridge(), X, y, cv=splitter, error_score="raise")
    expected = [Ridge().fit(X[a], y[a]).score(X[b], y[b]) for a, b in splitter.split(X)]
    assert_array_equal(scores, expected)


@every_splitter
@pytest.mark.parametrize("routing", [True, False])
def test_nested_grid_search(splitter, routing, rng):
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1]}, cv=splitter)
    with config_context(enable_metadata_routing=routing):
        assert search.fit(X, y).n_splits_ == splitter.get_n_splits(X)
        outer = RollingOrigin(2, test_size=10)
        result = cross_validate(search, X, y, cv=outer, error_score="raise")
    assert np.isfinite(result["test_score"]).all()


def test_successive_halving(rng):
    X, y = rng.normal(size=(80, 2)), rng.normal(size=80)
    search = HalvingGridSearchCV(
        Ridge(), {"alpha": [0.1, 1, 10]}, cv=RollingOrigin(2), random_state=0
    )
    assert search.fit(X, y).n_splits_ == 2


@pytest.mark.parametrize("horizon", [1.5, True, [], [0], [1, 2.0], "7", [True]])
def test_horizons_that_are_no_steps_ahead_are_an_error(horizon):
    with pytest.raises(
        ValueError, match="'horizon' parameter of RollingOrigin must be"
    ):
        next(RollingOrigin(horizon=horizon).split(range(30)))


def test_an_error_speaks_of_the_horizon_where_one_is_given():
    with pytest.raises(ValueError, match="with horizon=30 and gap=0"):
        next(RollingOrigin(2, horizon=[1, 30]).split(range(30)))
