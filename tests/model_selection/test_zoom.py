"""Searches from coarse to fine."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    AdaBoostRegressor,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeRegressor

from ensembles import (
    Guarded,
    PanelSplit,
    PurgedKFold,
    RollingOrigin,
    ZoomSearchCV,
    one_standard_error,
)
from ensembles.exceptions import InvalidParameterError, SearchEdgeWarning
from ensembles.model_selection._search._axes import Axis, axis_of_values
from ensembles.model_selection._search._domain import Domain

X, y = make_regression(60, 4, noise=10, random_state=0)


class Peak(RegressorMixin, BaseEstimator):
    """Scores by its parameters alone: highest at the peaks."""

    def __init__(
        self, x=0, z=0, kind="a", steps=1, at=3.7, log=False, fails_above=None
    ):
        self.x = x
        self.z = z
        self.kind = kind
        self.steps = steps
        self.at = at
        self.log = log
        self.fails_above = fails_above

    def fit(self, X, y=None):
        if self.fails_above is not None and self.x > self.fails_above:
            raise ValueError("too far")
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y=None):
        x = float(self.x)
        away = np.log10(x) - self.at if self.log else x - self.at
        return -(away**2) - self.z**2 - (self.kind == "b")


class Rows(Peak):
    """Notes how many rows it was fitted on."""

    def fit(self, X, y=None):
        self.n_rows_ = len(X)
        return self

    def score(self, X, y=None):
        return -abs(self.x - 2)


def search_of(grid, estimator=None, **params):
    search = ZoomSearchCV(estimator or Peak(), grid, cv=KFold(2), **params)
    return search.fit(X, y)


def tried(search, number, name="x"):
    in_round = search.cv_results_["round"] == number
    return sorted(search.cv_results_[f"param_{name}"][in_round])


def test_known_answer():
    """f = -(x - 3.7)², [0, 10], five points: 2.5, 3.75, 3.75."""
    search = search_of({"x": np.linspace(0, 10, 5)})
    assert search.brackets_ == [{"x": (0, 10)}, {"x": (0, 5)}, {"x": (2.5, 5)}]
    best = [
        max(
            (
                p["x"]
                for p, r in zip(
                    search.cv_results_["params"],
                    search.cv_results_["round"],
                    strict=True,
                )
                if r <= number
            ),
            key=lambda x: -((x - 3.7) ** 2),
        )
        for number in range(3)
    ]
    assert best == [2.5, 3.75, 3.75]
    assert search.best_params_ == {"x": 3.75}
    assert search.n_rounds_ == 3
    assert tried(search, 0) == [0, 2.5, 5, 7.5, 10]
    assert tried(search, 1) == [1.25, 3.75]  # the other three were tried before
    assert tried(search, 2) == [3.125, 4.375]


def test_brackets_halve_and_close_in():
    search = search_of({"x": [0.0, 5.0, 10.0]}, n_rounds=12)
    widths = [high - low for low, high in (b["x"] for b in search.brackets_)]
    assert_allclose(widths[1:], 10 * 0.5 ** np.arange(11))
    assert search.best_params_["x"] == pytest.approx(3.7, abs=0.005)


def test_the_first_round_is_grid_search():
    grid = {"alpha": [0.1, 1.0, 10.0], "fit_intercept": [True, False]}
    zoomed = ZoomSearchCV(Ridge(), grid, n_rounds=1, return_train_score=True)
    plain = GridSearchCV(Ridge(), grid, return_train_score=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        zoomed.fit(X, y)
    plain.fit(X, y)
    assert set(zoomed.cv_results_) == {*plain.cv_results_, "round"}
    assert zoomed.cv_results_["params"] == plain.cv_results_["params"]
    for name, column in plain.cv_results_.items():
        if "score" in name and "time" not in name:
            assert_array_equal(zoomed.cv_results_[name], column)
    for name in ("best_score_", "best_params_", "best_index_", "n_splits_"):
        assert getattr(zoomed, name) == getattr(plain, name)
    assert_array_equal(zoomed.predict(X), plain.predict(X))
    public = {name for name in vars(plain) if name.endswith("_")}
    assert public <= set(vars(zoomed))


def test_log_scales_are_seen():
    peak = Peak(log=True, at=-2.3)
    search = search_of({"x": np.logspace(-4, 0, 5)}, peak, n_rounds=4)
    assert_allclose(search.brackets_[1]["x"], (1e-3, 1e-1))
    assert_allclose(tried(search, 1), [10**-2.5, 10**-1.5])
    assert np.log10(search.best_params_["x"]) == pytest.approx(-2.3, abs=0.07)


@pytest.mark.parametrize("at", [12, -17])
def test_the_range_moves_where_the_best_is_an_edge(at):
    search = search_of({"x": np.linspace(-5, 5, 5)}, Peak(at=at), n_rounds=8)
    assert search.best_params_["x"] == pytest.approx(at, abs=0.2)
    low, high = search.brackets_[1]["x"]
    assert high - low == 10
    assert (low + high) / 2 == (5 if at > 0 else -5)


def test_numbers_that_are_not_negative_stay_so_unless_bounds_say_otherwise():
    below = Peak(at=-8)
    with_zero = search_of({"x": [0.0, 2.0, 4.0]}, below, n_rounds=6)
    assert with_zero.best_params_ == {"x": 0.0}
    with pytest.warns(SearchEdgeWarning):
        positive = search_of({"x": [1.0, 2.0, 3.0]}, below, n_rounds=6)
    assert 0 < positive.best_params_["x"] < 0.1
    counts = search_of({"x": [3, 4, 5]}, below, n_rounds=6)
    assert counts.best_params_ == {"x": 1}
    free = {"x": (None, None)}
    search = search_of({"x": [1.0, 2.0, 3.0]}, below, n_rounds=16, bounds=free)
    assert search.best_params_["x"] == pytest.approx(-8, abs=0.3)


def test_ints_of_a_parameter_that_takes_floats_are_floats():
    search = ZoomSearchCV(Ridge(), {"alpha": [1, 10, 100]}, n_rounds=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y)
    assert any(
        one["alpha"] != round(one["alpha"]) for one in search.cv_results_["params"]
    )


def test_the_range_moves_in_ratios_on_a_log_scale():
    search = search_of({"x": [1.0, 10.0, 100.0]}, Peak(log=True, at=5), n_rounds=7)
    assert_allclose(search.brackets_[1]["x"], (10, 1000))
    assert_allclose(search.brackets_[2]["x"], (100, 10_000))
    assert np.log10(search.best_params_["x"]) == pytest.approx(5, abs=0.15)


def test_a_best_value_that_stays_an_edge_is_warned_of():
    with pytest.warns(SearchEdgeWarning, match=r"x=40\.0 is the highest of \d+ values"):
        search_of({"x": [0.0, 10.0, 20.0]}, Peak(at=100))


def test_bounds_hold():
    search = search_of({"x": [2.0, 3.0, 4.0]}, Peak(at=0), bounds={"x": (1.5, None)})
    assert min(tried(search, 1)) == 1.5
    assert search.best_params_ == {"x": 1.5}
    assert search.brackets_[2]["x"][0] == 1.5


def test_estimators_say_how_far_they_go():
    """Lasso takes alpha from 0, l1_ratio-like shares end at 1, neighbours at 1."""
    search = ZoomSearchCV(Lasso(), {"alpha": [0.5, 1.0, 1.5]}, n_rounds=4, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, y)
    assert min(one["alpha"] for one in search.cv_results_["params"]) == 0
    X_c, y_c = make_classification(90, 4, random_state=0)
    near = ZoomSearchCV(
        make_pipeline(StandardScaler(), KNeighborsClassifier()),
        {"kneighborsclassifier__n_neighbors": [2, 3, 4]},
        n_rounds=4,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        near.fit(X_c, y_c)
    values = [
        one["kneighborsclassifier__n_neighbors"] for one in near.cv_results_["params"]
    ]
    assert min(values) >= 1
    assert {type(value) for value in values} == {int}


def test_limits_that_cannot_be_taken_are_approached():
    share = Domain(0.0, 1.0, has_high=True)
    away = Axis((0.2, 0.4, 0.6), False, share).around(0.2, 5, [])
    assert away.values[0] == pytest.approx(0.1)
    at_limit = Axis((0.8, 0.9, 1.0), False, share).around(1.0, 5, [])
    assert at_limit.bracket == (0.9, 1.0)


def test_ints_stay_ints_and_end_where_nothing_is_between():
    search = search_of({"x": [1, 4, 7, 10]}, n_rounds=9)
    assert search.best_params_ == {"x": 4}
    assert all(type(one["x"]) is int for one in search.cv_results_["params"])
    assert search.n_rounds_ < 9
    assert {3, 4, 5} <= {one["x"] for one in search.cv_results_["params"]}
    powers = search_of({"x": [1, 10, 100]}, Peak(at=37), n_rounds=9)
    assert powers.best_params_ == {"x": 37}


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("values", [[1, 2, 3], [3, 4], [4, 5]])
def test_ints_next_to_each_other_still_move_outward(values, scale):
    search = search_of({"x": values}, Peak(at=8), n_rounds=9, scale=scale)
    assert search.best_params_ == {"x": 8}


def test_choices_are_settled_after_the_first_round():
    search = search_of({"x": [0.0, 5.0, 10.0], "kind": ["b", "a"], "z": [1, 0]})
    assert search.best_params_["kind"] == "a"
    later = search.cv_results_["round"] > 0
    assert set(search.cv_results_["param_kind"][later]) == {"a"}
    assert set(search.cv_results_["param_z"][later]) == {0}
    assert search.brackets_[0].keys() == {"x"}


def test_two_numbers_are_zoomed_together():
    grid = {"x": [0.0, 5.0, 10.0], "z": [-2.0, 1.0, 4.0]}
    search = search_of(grid, n_rounds=8)
    assert search.best_params_["x"] == pytest.approx(3.7, abs=0.05)
    assert search.best_params_["z"] == pytest.approx(0, abs=0.05)
    keys = [tuple(sorted(one.items())) for one in search.cv_results_["params"]]
    assert len(set(keys)) == len(keys)


def test_values_beside_the_scale_are_tried_once():
    """None and, on a log scale, zero; where one is best nothing is left to zoom."""
    plain = search_of({"x": [0, 0.01, 0.1, 1.0]}, Peak(at=0))
    assert plain.best_params_ == {"x": 0}
    assert plain.n_rounds_ == 1
    wins = search_of({"x": [0, 0.01, 0.1, 1.0]}, Peak(at=0.1), n_rounds=2)
    assert min(tried(wins, 1)) > 0


def test_grids_of_a_list_are_searched_for_themselves():
    grids = [
        {"kind": ["a"], "x": [0.0, 5.0, 10.0]},
        {"kind": ["b"], "x": [2.0, 3.0, 4.0]},
    ]
    search = search_of(grids, n_rounds=2)
    first, second = search.brackets_
    assert [b["x"] for b in first] == [(0, 10), (0, 10)]
    assert [b["x"] for b in second] == [(2, 4), (3, 5)]
    later = search.cv_results_["round"] > 0
    assert set(search.cv_results_["param_kind"][later]) == {"a", "b"}


def test_scales_by_name():
    def axis_of(values, scale):
        return axis_of_values(values, scale, Domain())

    axis = axis_of([1, 2, 3, 4], "log")
    assert axis.is_log
    assert axis_of([1, 2, 3, 4], "auto").is_log is False
    assert axis_of([1, 2, 4, 8], "auto").is_log is True
    assert axis_of([1, 3, 10, 30], "auto").is_log is True
    assert axis_of([10, 50, 100], "auto").is_log is False
    assert axis_of([-1, 0, 1], "auto").is_log is False
    assert axis_of([0, 1e-3, 1e-2, 1e-1], "auto").values == (1e-3, 1e-2, 1e-1)
    assert axis_of([1, 2, 3], "fixed") is None
    assert axis_of([1, 2], "auto") is None
    assert axis_of([1, 2], "linear").values == (1, 2)
    assert axis_of([True, False, 3], "auto") is None
    assert axis_of(["a", None, 1, 2, 3], "auto").values == (1, 2, 3)
    search = search_of({"x": [0.0, 5.0, 10.0], "z": [0, 1, 2]}, scale={"z": "fixed"})
    assert search.brackets_[0].keys() == {"x"}


def test_a_schedule_sets_parameters_by_round():
    search = search_of(
        {"x": [0.0, 5.0, 10.0]}, n_rounds=3, schedule={"steps": [1, 10, 100]}
    )
    results = search.cv_results_
    assert_array_equal(results["param_steps"], 10 ** results["round"])
    assert len(tried(search, 1)) == 5  # values tried before are tried again
    assert search.best_params_["steps"] == 100
    assert search.best_index_ >= np.flatnonzero(results["round"] == 2)[0]
    assert search.best_params_["x"] == 3.75


def test_a_schedule_chooses_from_the_last_round_alone():
    class Overrates(Peak):
        def score(self, X, y=None):
            return super().score(X) + 1000 * (self.steps == 1)

    search = search_of(
        {"x": [0.0, 5.0, 10.0]},
        Overrates(),
        n_rounds=2,
        schedule={"steps": [1, 2]},
        refit=one_standard_error({"x": "max"}),
    )
    assert search.cv_results_["round"][search.best_index_] == 1


def test_candidates_that_fail_come_last():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = search_of({"x": [0.0, 5.0, 10.0]}, Peak(fails_above=4), n_rounds=4)
        # Beyond the best nothing works: what was found before stands.
        beyond = search_of({"x": [0.0, 2.0, 4.0]}, Peak(fails_above=4, at=9))
        nothing = search_of({"x": [2, 3, 4]}, Peak(fails_above=4, at=9))
    with (
        pytest.warns(SearchEdgeWarning),
        pytest.warns(UserWarning, match="no value that is new"),
    ):
        search_of({"x": [2, 3, 4]}, Peak(fails_above=4, at=9))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="All the 6 fits failed"):
            search_of({"x": [5.0, 7.0, 10.0]}, Peak(fails_above=4))
    assert search.best_params_["x"] == pytest.approx(3.7, abs=0.7)
    assert beyond.best_params_ == {"x": 4.0}
    assert nothing.best_params_ == {"x": 4}
    assert nothing.n_rounds_ == 1
    with pytest.raises(ValueError, match="too far"):
        search_of({"x": [0.0, 5.0, 10.0]}, Peak(fails_above=4), error_score="raise")
    with pytest.raises(ValueError, match="too far"):
        search_of(
            {"x": [0.0, 2.0, 4.0]}, Peak(fails_above=4, at=9), error_score="raise"
        )


def test_folds_are_the_same_in_all_rounds():
    """Shuffled folds without a seed would differ from round to round."""
    seen = []

    class Spy(Ridge):
        def fit(self, X, y):
            seen.append(X[:, 0].tobytes())
            return super().fit(X, y)

    search = ZoomSearchCV(
        Spy(), {"alpha": [0.01, 0.1, 1.0]}, cv=KFold(3, shuffle=True), refit=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y)
    assert search.n_rounds_ == 3
    assert len(set(seen)) == 3


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_do_not_depend_on_n_jobs(n_jobs):
    grid = {"C": [0.1, 1.0, 10.0], "gamma": [0.01, 0.1, 1.0]}
    X_c, y_c = make_classification(80, 4, random_state=1)
    one = ZoomSearchCV(SVC(), grid, n_jobs=n_jobs)
    two = ZoomSearchCV(SVC(), grid)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        one.fit(X_c, y_c), two.fit(X_c, y_c)
    assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    assert one.best_params_ == two.best_params_
    assert_array_equal(one.classes_, [0, 1])
    assert one.score(X_c, y_c) > 0.8


def test_several_scores():
    scoring = {
        "error": make_scorer(mean_absolute_error, greater_is_better=False),
        "r2": "r2",
    }
    search = ZoomSearchCV(
        Ridge(), {"alpha": [0.001, 1.0, 1000.0]}, scoring=scoring, refit="error"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y)
    assert search.best_score_ == search.cv_results_["mean_test_error"].max()
    with pytest.raises(InvalidParameterError, match="the name of the score to go by"):
        ZoomSearchCV(Ridge(), {"alpha": [1, 2, 3]}, scoring=scoring).fit(X, y)

    def both(estimator, X, y):
        return {"a": 1.0, "b": 2.0}

    with pytest.raises(ValueError, match="does not name the one to go by"):
        ZoomSearchCV(Ridge(), {"alpha": [1, 2, 3]}, scoring=both).fit(X, y)


def test_refit_by_function_and_not_at_all():
    smooth = one_standard_error({"alpha": "max"})
    search = ZoomSearchCV(Ridge(), {"alpha": [0.01, 0.1, 1.0]}, refit=smooth)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y)
        left = ZoomSearchCV(Ridge(), {"alpha": [0.01, 0.1, 1.0]}, refit=False).fit(X, y)
    assert search.best_index_ == smooth(search.cv_results_)
    assert not hasattr(left, "best_estimator_")
    assert left.best_params_


def test_it_can_be_cloned_pickled_and_nested():
    search = ZoomSearchCV(Ridge(), {"alpha": [0.01, 0.1, 1.0]}, scale={"alpha": "log"})
    assert clone(search).get_params()["scale"] == {"alpha": "log"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y)
        again = pickle.loads(pickle.dumps(search))
        assert_array_equal(again.predict(X), search.predict(X))
        assert cross_val_score(search, X, y, cv=3).shape == (3,)


@pytest.mark.parametrize("routing", [False, True])
def test_times_reach_the_splitter(routing):
    times = np.arange(60)
    search = ZoomSearchCV(
        Ridge(), {"alpha": [0.01, 1.0, 100.0]}, cv=PurgedKFold(3), n_rounds=1
    )
    plain = clone(search)
    with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y, times=times, label_end=times + 8)
        plain.fit(X, y)
    folds = list(PurgedKFold(3).split(X, times=times, label_end=times + 8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        by_hand = clone(search).set_params(cv=folds).fit(X, y)
    assert_array_equal(
        search.cv_results_["mean_test_score"], by_hand.cv_results_["mean_test_score"]
    )
    assert (
        search.cv_results_["mean_test_score"] != plain.cv_results_["mean_test_score"]
    ).any()


def test_times_groups_and_weights_go_together_without_routing():
    weights, groups = np.arange(60.0), np.arange(60) // 6
    cv = Guarded(GroupKFold(2))
    given = {"times": np.arange(60), "label_end": np.arange(60) + 3, "groups": groups}
    search = ZoomSearchCV(Ridge(), {"alpha": [1, 2, 3]}, cv=cv, n_rounds=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y, sample_weight=weights, **given)
        by_hand = clone(search).set_params(cv=list(cv.split(X, **given)))
        by_hand.fit(X, y, sample_weight=weights)
    assert_array_equal(
        search.cv_results_["mean_test_score"], by_hand.cv_results_["mean_test_score"]
    )
    assert search.cv is cv
    search.set_params(estimator=AdaBoostRegressor(n_estimators=2, random_state=0))
    search.set_params(param_grid={"learning_rate": [0.5, 1.0]})
    search.fit(X, y, times=None, groups=groups, sample_weight=weights)


def test_folds_do_not_outlive_the_fit():
    search = ZoomSearchCV(Ridge(), {"alpha": [1, 2, 3]}, cv=3, n_rounds=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y)
    assert search._checked_cv_orig == 3
    with pytest.raises(ValueError, match="NaN"):
        search.fit(np.full_like(X, np.nan), y)
    assert search.cv == search._checked_cv_orig == 3
    assert not hasattr(search, "_plan")


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"n_rounds": 0}, InvalidParameterError, "'n_rounds'"),
        ({"n_points": 3}, InvalidParameterError, r"'n_points'.*\[4, inf\)"),
        ({"scale": "cubic"}, InvalidParameterError, "'scale'"),
        ({"scale": {"x": "cubic"}}, InvalidParameterError, "'scale'"),
        ({"scale": {"w": "log"}}, ValueError, r"scale names \['w'\]"),
        ({"bounds": [0, 1]}, InvalidParameterError, "'bounds'"),
        ({"bounds": {"x": 3}}, InvalidParameterError, "'bounds'"),
        ({"bounds": {"x": (0, "b")}}, InvalidParameterError, "'bounds'"),
        ({"bounds": {"w": (0, 1)}}, ValueError, r"bounds names \['w'\]"),
        ({"bounds": {"x": (1, 2)}}, ValueError, "outside of its bounds"),
        ({"schedule": [1]}, InvalidParameterError, "'schedule'"),
        ({"schedule": {"steps": [1]}}, ValueError, "1 values of steps for n_rounds=3"),
        ({"schedule": {"x": [1, 2, 3]}}, ValueError, "which param_grid searches"),
        (
            {"param_grid": {"x": [-1, 0, 1]}, "scale": {"x": "log"}},
            ValueError,
            "fewer than two numbers of one scale",
        ),
        ({"param_grid": []}, ValueError, "param_grid is empty"),
        ({"estimator": None}, InvalidParameterError, "'estimator'"),
        ({"cv": (fold for fold in [])}, InvalidParameterError, "make a list of it"),
        ({"bounds": {"x": (np.nan, 1)}}, InvalidParameterError, "'bounds'"),
        ({"schedule": {"steps": 5}}, InvalidParameterError, "'schedule'"),
        (
            {
                "param_grid": {"x": [1.0, 2.0], "kind": ["a"]},
                "bounds": {"kind": (0, 1)},
            },
            ValueError,
            "kind is to be zoomed into",
        ),
        ({"param_grid": {"x": 3}}, TypeError, "x"),
        ({"param_grid": {"x": []}}, ValueError, "x"),
        ({"param_grid": 7}, TypeError, "grid"),
    ],
)
def test_wrong_use_is_said_before_work(params, error, match):
    class NeverFitted(Peak):
        def fit(self, X, y=None):
            raise AssertionError("a fit was begun")

    given = {
        "estimator": NeverFitted(),
        "param_grid": {"x": [0.0, 5.0, 10.0]},
        **params,
    }
    with pytest.raises(error, match=match):
        ZoomSearchCV(**given).fit(X, y)


def test_infinity_is_a_choice():
    grid = {"x": [1.0, 10.0, 100.0, np.inf]}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="One or more of the test scores")
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        search = search_of(grid, Peak(log=True, at=1.2), n_rounds=3)
    assert_allclose(search.brackets_[0]["x"], (1, 100))
    assert np.log10(search.best_params_["x"]) == pytest.approx(1.2, abs=0.15)
    values = [one["x"] for one in search.cv_results_["params"]]
    assert not np.isnan(values).any()


def test_counts_on_a_log_scale_end_at_one():
    pipe = make_pipeline(SelectKBest(f_regression), Ridge())
    table = np.random.default_rng(0).normal(size=(60, 100))

    def fewest(estimator, X, y):
        return -estimator.get_params()["selectkbest__k"]

    grid = {"selectkbest__k": [1, 10, 100]}
    search = ZoomSearchCV(pipe, grid, n_rounds=3, scoring=fewest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(table, y)
    assert search.best_params_ == {"selectkbest__k": 1}
    with pytest.warns(SearchEdgeWarning):
        tiny = search_of({"x": [1e-300, 1e-200, 1e-100]}, Peak(log=True, at=-999))
    assert all(one["x"] > 0 for one in tiny.cv_results_["params"])


def test_values_of_several_kinds_are_told_apart():
    forest = RandomForestRegressor(5, random_state=0)
    search = ZoomSearchCV(forest, {"max_features": [1, 1.0]}, n_rounds=1).fit(X, y)
    assert len(search.cv_results_["params"]) == 2
    mixed = {"max_features": [0.2, 0.5, 1.0, 2, 4]}
    search = ZoomSearchCV(forest, mixed, n_rounds=3, cv=2).fit(X, y)
    assert search.n_rounds_ == 1
    assert search.brackets_ == [{}]


def test_schedules_may_repeat_a_value():
    class Steps(Peak):
        def score(self, X, y=None):
            return -abs(self.x - 5) * self.steps

    search = search_of(
        {"x": [0.0, 5.0, 10.0]}, Steps(), schedule={"steps": [1, 10, 10]}
    )
    assert search.best_params_ == {"x": 5.0, "steps": 10}
    ints = search_of({"x": [4, 5, 6]}, Steps(), schedule={"steps": [1, 1, 10]})
    assert ints.best_params_ == {"x": 5, "steps": 10}
    assert ints.n_rounds_ == 3


@pytest.mark.parametrize(
    ("values", "bounds", "at"),
    [
        ([2, 3, 4], (1.5, None), -9),
        ([3, 4, 5], (None, 5.5), 99),
        ([3, 4], (None, 4.5), 99),
        ([0.5, 0.6, 0.7], (1 / 3, None), -9),
        ([0.5, 0.6, 0.65], (None, 2 / 3), 99),
    ],
)
def test_bounds_are_never_left(values, bounds, at):
    search = search_of(
        {"x": values}, Peak(at=at), bounds={"x": bounds}, scale="linear", n_rounds=6
    )
    tried_values = [one["x"] for one in search.cv_results_["params"]]
    low, high = (-np.inf if bounds[0] is None else bounds[0]), bounds[1] or np.inf
    assert low <= min(tried_values)
    assert max(tried_values) <= high


@pytest.mark.parametrize("n_points", [4, 5, 6, 7])
def test_any_number_of_points_gets_there(n_points):
    search = search_of(
        {"x": [33.0, 106.0, 194.0]}, Peak(at=332.025), n_points=n_points, n_rounds=60
    )
    assert search.best_params_["x"] == pytest.approx(332.025, abs=0.01)
    ints = search_of(
        {"x": [33, 106, 194]}, Peak(at=332.2), n_points=n_points, n_rounds=60
    )
    assert ints.best_params_["x"] == 332


def test_small_ints_do_not_wrap_around():
    rising = Peak(at=999)
    with pytest.warns(SearchEdgeWarning):
        search = search_of({"x": np.array([253, 254, 255], dtype=np.uint8)}, rising)
    assert search.best_params_["x"] > 255
    falling = search_of({"x": np.array([0, 1, 2], dtype=np.uint8)}, Peak(at=-9))
    assert falling.best_params_ == {"x": 0}


def test_the_middle_of_a_plateau_is_looked_at():
    class Flat(Peak):
        def score(self, X, y=None):
            return float(1 <= self.x <= 9)

    search = search_of({"x": [0.0, 2.5, 5.0, 7.5, 10.0]}, Flat(), n_rounds=4)
    for bracket in search.brackets_[1:]:
        low, high = bracket["x"]
        assert (low + high) / 2 == 5


def test_of_values_as_good_one_inside_is_looked_at():
    class Low(Peak):
        def score(self, X, y=None):
            return float(self.x <= 3)

    search = search_of({"x": [0.0, 2.5, 5.0, 7.5, 10.0]}, Low(), n_rounds=2)
    assert search.brackets_[1]["x"] == (0.0, 5.0)


def test_errors_of_later_rounds_that_are_not_of_fits_are_raised():
    class Picky(Peak):
        def set_params(self, **params):
            if params.get("x", 0) > 10:
                raise ValueError("x too big")
            return super().set_params(**params)

    with pytest.raises(ValueError, match="x too big"):
        search_of({"x": [0.0, 5.0, 10.0]}, Picky(at=99))


def test_one_score_may_be_named():
    search = ZoomSearchCV(Ridge(), {"alpha": [1, 2, 3]}, refit="r2", scoring="r2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(X, y)
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()


def test_real_searches_gain():
    """Zooming never does worse than the grid it starts from."""
    X_c, y_c = make_classification(200, 8, n_informative=4, flip_y=0.1, random_state=0)
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    grid = {"logisticregression__C": [1e-4, 1e-1, 1e2]}
    plain = GridSearchCV(pipe, grid, scoring="neg_log_loss").fit(X_c, y_c)
    zoomed = ZoomSearchCV(pipe, grid, scoring="neg_log_loss", n_rounds=4).fit(X_c, y_c)
    assert zoomed.best_score_ > plain.best_score_ + 1e-4


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("cv", [PurgedKFold(3), PurgedKFold(3, label_end=-1)])
def test_rows_whose_label_is_not_known_are_left_out_of_every_fit(cv, routing):
    """The last five labels have no end yet; their targets are missing."""
    times = np.arange(60.0)
    ends = np.where(times < 55, times + 2, np.nan)
    target = np.where(times < 55, y, np.nan)
    table = np.column_stack([X, np.where(np.isnan(ends), times, ends)])
    given = {"times": times, "label_end": ends}
    if cv.label_end is not None:
        table[:, -1] = ends
        del given["label_end"]
    weights = np.arange(60.0)
    tree = DecisionTreeRegressor(random_state=0)
    search = ZoomSearchCV(tree, {"max_depth": [1, 2, 3]}, cv=cv, n_rounds=1)
    with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        if routing:
            tree.set_fit_request(sample_weight=True)
            tree.set_score_request(sample_weight=True)
        search.fit(table, target, sample_weight=weights, **given)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = clone(tree).set_params(**search.best_params_)
    best.fit(table[:55], target[:55], sample_weight=weights[:55])
    assert_array_equal(search.predict(table), best.predict(table))
    folds = list(cv.split(table, **given))
    by_hand = clone(search).set_params(cv=folds)
    with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        by_hand.fit(table[:55], target[:55], sample_weight=weights[:55])
    assert_array_equal(
        search.cv_results_["mean_test_score"], by_hand.cv_results_["mean_test_score"]
    )


def test_unknown_labels_are_found_by_a_splitter_within_another():
    frame = pd.DataFrame({"t": np.arange(60.0), "end": np.arange(60.0) + 1})
    frame.loc[55:, "end"] = np.nan
    inner = RollingOrigin(2, time="t", label_end="end")
    for cv in (inner, Guarded(inner), PanelSplit(inner)):
        search = ZoomSearchCV(Rows(), {"x": [1, 2, 3]}, cv=cv, n_rounds=1)
        assert search.fit(frame, y).best_estimator_.n_rows_ == 55


def test_unknown_labels_leave_kernels_and_shuffled_folds_whole():
    kernel = X @ X.T
    ends = np.where(np.arange(60) % 10, np.arange(60.0), np.nan)
    target = np.where(np.isnan(ends), np.nan, y)
    search = ZoomSearchCV(
        SVR(kernel="precomputed"),
        {"C": [0.1, 1.0, 10.0]},
        cv=Guarded(KFold(3, shuffle=True, random_state=0)),
        n_rounds=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        search.fit(kernel, target, times=np.arange(60.0), label_end=ends)
    assert search.best_estimator_.shape_fit_ == (54, 54)
    with pytest.raises(ValueError, match=r"no test rows|no rows left whose label"):
        search.fit(kernel, target, times=np.arange(60.0), label_end=np.full(60, np.nan))
