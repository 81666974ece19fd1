"""Searches scored on rows they never saw."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import make_regression
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LassoCV, LinearRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from ensembles import (
    PurgedKFold,
    RollingOrigin,
    TimeHalvingSearchCV,
    ZoomSearchCV,
    nested_cross_validate,
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


ROWS = np.arange(90.0)[:, None]


class Fixed(RegressorMixin, BaseEstimator):
    """Likes the size 3 where it is trained from the first of ROWS on, else 2."""

    def __init__(self, size=0, kind="a"):
        self.size = size
        self.kind = kind

    def fit(self, X, y):
        self.liked_ = 3 if X[0, 0] == ROWS[0, 0] else 2
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y):
        return -abs(self.size - self.liked_)


def test_choices_and_how_stable_they_are():
    search = GridSearchCV(
        Fixed(), {"size": [1, 2, 3], "kind": ["a"]}, cv=TimeSeriesSplit(2)
    )
    scores = nested_cross_validate(search, ROWS, y, cv=KFold(3))
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
    # Scores of sizes 1, 2, 3: the first fold likes 2, the others 3.
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
    search = ZoomSearchCV(Fixed(), {"size": [1.0, 2.0, 4.0]}, cv=TimeSeriesSplit(2))
    scores = nested_cross_validate(search, ROWS, y, cv=KFold(3))
    first, second, third = (one.cv_results_["params"] for one in scores.searches)
    assert first != second == third
    assert np.isnan(scores.concordance)
    drawn = RandomizedSearchCV(
        Ridge(),
        {"alpha": np.arange(1.0, 99)},
        n_iter=4,
        random_state=np.random.RandomState(0),
    )
    assert nested_cross_validate(drawn, X, y, cv=3).n_fits == 3 * (4 * 5 + 1)


@pytest.mark.slow
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

    for seed in range(3):
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


def test_estimators_that_are_no_search_are_said():
    with pytest.raises(ValueError, match="so it is no search"):
        nested_cross_validate(LassoCV(), X, y)


def test_scores_of_two_kinds_are_not_compared():
    search = GridSearchCV(Ridge(), GRID, scoring="neg_mean_absolute_error")
    scores = nested_cross_validate(search, X, y, scoring="r2")
    assert np.isnan(scores.optimism)
    assert "chosen by the inner ones" in str(scores)
    same = nested_cross_validate(search, X, y, scoring="neg_mean_absolute_error")
    assert np.isfinite(same.optimism)
    with pytest.raises(InvalidParameterError, match="'scoring'"):
        nested_cross_validate(search, X, y, scoring=["r2"])
    several = GridSearchCV(
        Ridge(), GRID, scoring=["r2", "neg_max_error"], refit=lambda results: 0
    )
    with pytest.raises(ValueError, match="does not name the one to go by"):
        nested_cross_validate(several, X, y, scoring="r2")


def test_the_score_that_a_search_chooses_by_compares():
    several = GridSearchCV(Ridge(), GRID, scoring=["r2", "neg_max_error"], refit="r2")
    assert np.isfinite(nested_cross_validate(several, X, y, scoring="r2").optimism)
    other = nested_cross_validate(several, X, y, scoring="neg_max_error")
    assert np.isnan(other.optimism)
    named = several.set_params(scoring={"a": "r2", "b": "neg_max_error"}, refit="a")
    assert nested_cross_validate(named, X, y, scoring="r2").are_comparable


def test_searches_whose_last_fit_fails_are_left_out():
    class Small(Ridge):
        def fit(self, X, y):
            if len(X) > 50:
                raise ValueError("too many")
            return super().fit(X, y)

    folds = [(np.arange(60), np.arange(60, 90)), (np.arange(40), np.arange(60, 90))]
    search = GridSearchCV(Small(), GRID, cv=KFold(3))
    with pytest.warns(FitFailedWarning):
        scores = nested_cross_validate(search, X, y, cv=folds)
    assert len(scores.test_scores) == 1


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_choices_of_any_object_compare_across_processes(n_jobs):
    """Copies that other processes made have other addresses."""
    scorers = [FunctionTransformer(np.abs), FunctionTransformer(np.negative)]
    pipe = Pipeline([("turn", FunctionTransformer()), ("ridge", Ridge())])
    search = GridSearchCV(pipe, {"turn": scorers})
    scores = nested_cross_validate(search, X, y, cv=3, n_jobs=n_jobs)
    assert scores.stability == {"turn": 1.0}
    assert scores.concordance == pytest.approx(1)
