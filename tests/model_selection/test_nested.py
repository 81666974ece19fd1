"""Searches scored on rows they never saw, and curves of history."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import make_regression
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_validate,
)

from ensembles import (
    PurgedKFold,
    RollingOrigin,
    TimeHalvingSearchCV,
    ZoomSearchCV,
    nested_cross_validate,
    time_learning_curve,
)
from ensembles.exceptions import InvalidParameterError, SearchEdgeWarning
from ensembles.model_selection._evaluation._nested import _kendalls_w

X, y = make_regression(90, 4, noise=10, random_state=0)
GRID = {"alpha": [0.01, 1.0, 100.0]}


def test_it_is_a_loop_of_searches():
    search = GridSearchCV(Ridge(), GRID, cv=KFold(3))
    scores = nested_cross_validate(search, X, y, cv=KFold(4))
    for number, (train, test) in enumerate(KFold(4).split(X)):
        by_hand = GridSearchCV(Ridge(), GRID, cv=KFold(3)).fit(X[train], y[train])
        assert scores.test_scores[number] == by_hand.score(X[test], y[test])
        assert scores.inner_scores[number] == by_hand.best_score_
        assert scores.best_params[number] == by_hand.best_params_
        assert_array_equal(scores.folds[number][1], test)
    assert scores.n_fits == 4 * (3 * 3 + 1)
    assert scores.mean == scores.test_scores.mean()
    assert scores.optimism == pytest.approx(
        (scores.inner_scores - scores.test_scores).mean()
    )


def test_it_agrees_with_cross_validate_and_any_scoring():
    search = GridSearchCV(Ridge(), GRID, cv=KFold(3))
    scores = nested_cross_validate(
        search, X, y, cv=KFold(4), scoring="neg_mean_absolute_error", n_jobs=2
    )
    expected = cross_validate(
        search, X, y, cv=KFold(4), scoring="neg_mean_absolute_error"
    )
    assert_array_equal(scores.test_scores, expected["test_score"])


@pytest.mark.parametrize("routing", [False, True])
def test_times_reach_both_levels(routing):
    """As a loop that passes them by hand, with metadata routing on and off."""
    times = np.arange(90)
    ends = times + 7
    search = GridSearchCV(Ridge(), GRID, cv=PurgedKFold(3))
    with config_context(enable_metadata_routing=routing):
        scores = nested_cross_validate(
            search, X, y, cv=PurgedKFold(4), times=times, label_end=ends
        )
    folds = PurgedKFold(4).split(X, times=times, label_end=ends)
    for number, (train, test) in enumerate(folds):
        inner = PurgedKFold(3).split(
            X[train], times=times[train], label_end=ends[train]
        )
        by_hand = GridSearchCV(Ridge(), GRID, cv=list(inner)).fit(X[train], y[train])
        assert_array_equal(scores.folds[number][0], train)
        assert scores.test_scores[number] == by_hand.score(X[test], y[test])
        assert scores.inner_scores[number] == by_hand.best_score_


def test_groups_reach_both_levels_without_routing():
    groups = np.arange(90) // 9
    seen = []

    class Spy(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    search = GridSearchCV(Ridge(), GRID, cv=Spy(2))
    nested_cross_validate(search, X, y, groups=groups, cv=GroupKFold(5))
    assert len(seen) == 5
    assert all(len(np.unique(one)) == 8 for one in seen)


def test_choices_and_how_stable_they_are():
    class Fixed(RegressorMixin, BaseEstimator):
        def __init__(self, size=0, kind="a"):
            self.size = size
            self.kind = kind

        def fit(self, X, y):
            self.first_ = X[0, 0]
            return self

        def predict(self, X):
            return np.zeros(len(X))

        def score(self, X, y):
            # The outer fold is known by the first of its training rows.
            liked = 3 if self.first_ == rows[0, 0] else 2
            return -abs(self.size - liked)

    rows = np.arange(90.0)[:, None]
    search = GridSearchCV(
        Fixed(), {"size": [1, 2, 3], "kind": ["a"]}, cv=TimeSeriesSplit(2)
    )
    scores = nested_cross_validate(search, rows, y, cv=KFold(3))
    assert [one["size"] for one in scores.best_params] == [2, 3, 3]
    assert scores.stability == {"kind": 1.0, "size": pytest.approx(2 / 3)}
    table = scores.to_frame()
    assert table["param_size"].tolist() == [2, 3, 3]
    assert table["n_train"].tolist() == [60, 60, 60]
    assert "size: 2, 3; 2 of 3 agree" in str(scores)
    assert [[edge.name for edge in one] for one in scores.edges] == [
        [],
        ["size"],
        ["size"],
    ]
    # Ranks (1 2.5... by hand: fold 0 has -1 0 -1, the others -2 -1 0.
    assert scores.concordance == pytest.approx(
        _kendalls_w(np.array([[-1.0, 0, -1], [-2, -1, 0], [-2, -1, 0]]))
    )


def test_kendalls_w():
    """Kendall's formula 12 S / (m² (n³ - n)), and one where ranks are all alike."""
    scores = np.array([[1.0, 2, 3, 4], [2, 1, 4, 3], [1, 3, 2, 4]])
    ranks = scores
    spread = ((ranks.sum(axis=0) - 7.5) ** 2).sum()
    assert _kendalls_w(scores) == pytest.approx(12 * spread / (9 * 60))
    assert _kendalls_w(np.array([[1.0, 1, 2], [5, 5, 9]])) == pytest.approx(1)
    assert np.isnan(_kendalls_w(np.ones((3, 4))))


def test_candidates_that_differ_have_no_concordance():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        scores = nested_cross_validate(
            ZoomSearchCV(Ridge(), GRID, cv=KFold(3)),
            X,
            y,
            cv=ShuffleSplit(3, train_size=20, random_state=0),
        )
    tried = {len(search.cv_results_["params"]) for search in scores.searches}
    if len(tried) > 1:
        assert np.isnan(scores.concordance)
    drawn = RandomizedSearchCV(
        Ridge(),
        {"alpha": np.arange(1.0, 99)},
        n_iter=4,
        random_state=np.random.RandomState(0),
    )
    assert nested_cross_validate(drawn, X, y, cv=3).n_fits == 3 * (4 * 5 + 1)


def test_selection_among_noise_is_seen_through():
    """The best of thirty columns of noise promises more than it keeps."""
    promised, kept = [], []

    class Column(LinearRegression):
        def __init__(self, column=0):
            super().__init__()
            self.column = column

        def fit(self, X, y):
            return super().fit(X[:, [self.column]], y)

        def predict(self, X):
            return super().predict(X[:, [self.column]])

    for seed in range(5):
        rng = np.random.default_rng(seed)
        noise, target = rng.normal(size=(60, 30)), rng.normal(size=60)
        search = GridSearchCV(
            Column(),
            {"column": list(range(30))},
            cv=KFold(4),
            scoring="neg_mean_squared_error",
        )
        scores = nested_cross_validate(search, noise, target, cv=KFold(4))
        promised.append(scores.inner_scores.mean())
        kept.append(scores.mean)
    gaps = np.subtract(promised, kept)
    assert (gaps > 0.1).all()


def test_in_time():
    search = TimeHalvingSearchCV(Ridge(), GRID, cv=RollingOrigin(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        scores = nested_cross_validate(search, X, y, cv=RollingOrigin(3))
    assert np.isfinite(scores.test_scores).all()


def test_searches_that_fail_are_left_out():
    class Breaks(Ridge):
        def fit(self, X, y):
            if X[0, 0] != first:
                raise ValueError("no")
            return super().fit(X, y)

    first = X[0, 0]
    search = GridSearchCV(Breaks(), GRID, cv=TimeSeriesSplit(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = nested_cross_validate(search, X, y, cv=KFold(3))
    assert len(scores.test_scores) == len(scores.best_params) == len(scores.folds) == 2
    assert np.isfinite(scores.test_scores).all()
    with pytest.raises(ValueError, match="no"):
        nested_cross_validate(search, X, y, cv=KFold(3), error_score="raise")


@pytest.mark.parametrize(
    ("search", "given", "match"),
    [
        (Ridge(), {}, "needs a search"),
        (GridSearchCV(Ridge(), GRID, refit=False), {}, "leaves no model to score"),
        (GridSearchCV(Ridge(), GRID), {"n_jobs": "a"}, "'n_jobs'"),
        (GridSearchCV(Ridge(), GRID), {"verbose": -1}, "'verbose'"),
        (GridSearchCV(Ridge(), GRID), {"params": 3}, "'params'"),
        (
            GridSearchCV(Ridge(), GRID, cv=PurgedKFold(2)),
            {"times": np.arange(90), "params": {"sample_weight": np.ones(90)}},
            "nobody has asked for sample_weight",
        ),
    ],
)
def test_wrong_use_is_said(search, given, match):
    with pytest.raises(ValueError, match=match):
        nested_cross_validate(search, X, y, **given)


class Length(RegressorMixin, BaseEstimator):
    """Scores by how many rows it was trained on, and from which on."""

    def fit(self, X, y=None, sample_weight=None):
        self.rows_ = np.asarray(X)[:, 0]
        self.weight_ = None if sample_weight is None else sample_weight.sum()
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y=None):
        return self.rows_[0] if self.weight_ is None else self.weight_


ROWS = np.arange(100.0)[:, None]


def test_curves_take_the_newest_rows():
    cv = RollingOrigin(3, test_size=10)
    curve = time_learning_curve(Length(), ROWS, cv=cv, train_sizes=[5, 0.5, 1.0])
    assert curve.sizes == (5, 0.5, 1.0)
    assert_array_equal(curve.n_train, [[5, 5, 5], [35, 40, 45], [70, 80, 90]])
    assert_array_equal(curve.test_scores, [[65, 75, 85], [35, 40, 45], [0, 0, 0]])
    assert_array_equal(curve.train_scores, curve.test_scores)
    table = curve.to_frame()
    assert table.index.tolist() == ["5", "0.5", "1.0"]
    assert table["n_train"].tolist() == [5, 40, 80]


def test_curves_take_spans_of_time():
    days = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame({"row": np.arange(100.0)}, index=days)
    cv = RollingOrigin(2, test_size="10D")
    curve = time_learning_curve(Length(), frame, cv=cv, train_sizes=["7D", "MS", 9])
    starts = [days[80], days[90]]
    assert_array_equal(curve.n_train[0], [7, 7])
    assert_array_equal(curve.n_train[2], [9, 9])
    # A month back from 21 and 31 March.
    expected = [start - pd.offsets.MonthBegin(1) for start in starts]
    assert_array_equal(curve.test_scores[1], [(day - days[0]).days for day in expected])
    with pytest.raises(
        ValueError, match=r"\['7D'\]\) is a span of time, but rows have"
    ):
        time_learning_curve(
            Length(), ROWS, cv=cv.set_params(test_size=5), train_sizes=["7D"]
        )


def test_spans_count_from_where_the_training_set_ends():
    """Also where that is the end of the data, as in folds of the future first."""
    days = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame({"row": np.arange(100.0)}, index=days)
    folds = [(np.arange(50, 100), np.arange(50)), (np.arange(50), np.arange(50, 100))]
    curve = time_learning_curve(Length(), frame, cv=folds, train_sizes=["7D"])
    assert_array_equal(curve.n_train, [[7, 7]])


def test_curves_keep_times_whole_in_any_order():
    rng = np.random.default_rng(0)
    when = rng.permutation(np.repeat(np.arange(20), 5))
    curve = time_learning_curve(
        Length(), when[:, None], cv=RollingOrigin(2), times=when, train_sizes=[3]
    )
    assert_array_equal(curve.n_train, [[15, 15]])


def test_curves_pass_parameters_on():
    weights = np.full(100, 2.0)
    curve = time_learning_curve(
        Length(),
        ROWS,
        cv=RollingOrigin(2),
        params={"sample_weight": weights},
        train_sizes=[4, 8],
    )
    assert_array_equal(curve.test_scores, [[8, 8], [16, 16]])
    with config_context(enable_metadata_routing=True):
        asked = Length().set_fit_request(sample_weight=True)
        routed = time_learning_curve(
            asked,
            ROWS,
            cv=RollingOrigin(2),
            train_sizes=[4, 8],
            params={"sample_weight": weights, "times": np.arange(100)},
        )
    assert_array_equal(routed.test_scores, curve.test_scores)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_curves_are_scores_of_cross_validate(n_jobs):
    cv = RollingOrigin(3, test_size=10)
    curve = time_learning_curve(
        Ridge(), X, y, cv=cv, train_sizes=(1.0,), n_jobs=n_jobs, scoring="r2"
    )
    assert_allclose(
        curve.test_scores[0], cross_validate(Ridge(), X, y, cv=cv)["test_score"]
    )


@pytest.mark.parametrize(
    ("sizes", "error", "match"),
    [
        ([], InvalidParameterError, "'train_sizes'"),
        ("7D", InvalidParameterError, "'train_sizes'"),
        ([0], InvalidParameterError, "'train_sizes'"),
        ([1.5], InvalidParameterError, "'train_sizes'"),
        ([26], ValueError, "shortest training set has 25 distinct"),
    ],
)
def test_wrong_sizes_are_said(sizes, error, match):
    with pytest.raises(error, match=match):
        time_learning_curve(Length(), ROWS, cv=RollingOrigin(3), train_sizes=sizes)
