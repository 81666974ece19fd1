"""Successive halving whose resource is the most recent history."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import make_classification, make_regression
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import HalvingGridSearchCV, TimeSeriesSplit

from ensembles import (
    PurgedKFold,
    RollingOrigin,
    TimeHalvingSearchCV,
    one_standard_error,
)
from ensembles.exceptions import InvalidParameterError

pytestmark = pytest.mark.filterwarnings(
    "ignore::ensembles.exceptions.SearchEdgeWarning"
)

X, y = make_regression(120, 4, noise=10, random_state=0)
NINE = {"alpha": list(np.logspace(-2, 2, 9))}


class Spy(RegressorMixin, BaseEstimator):
    """Notes the rows it is trained and scored on; best where `quality` is highest."""

    seen: list = []  # noqa: RUF012

    def __init__(self, quality=0, n_steps=1, fails=False):
        self.quality = quality
        self.n_steps = n_steps
        self.fails = fails

    def fit(self, X, y):
        if self.fails:
            raise ValueError("no")
        self.trained_ = np.asarray(X)[:, 0]
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y):
        Spy.seen.append((self.quality, self.trained_, np.asarray(X)[:, 0]))
        return self.quality


@pytest.fixture
def seen():
    Spy.seen.clear()
    return Spy.seen


def test_rounds_train_on_more_and_more_of_the_newest_rows(seen):
    rows = np.arange(120.0)[:, None]
    cv = RollingOrigin(3, test_size=10)
    search = TimeHalvingSearchCV(
        Spy(), {"quality": list(range(9))}, cv=cv, return_train_score=False, refit=False
    ).fit(rows, y)
    assert search.n_candidates_ == [9, 3, 1]
    assert search.n_resources_ == [12, 36, 108]
    assert search.max_resources_ == 110
    assert search.best_params_ == {"quality": 8}
    folds = list(cv.split(rows))
    calls = iter(seen)
    for n_candidates, size in zip([9, 3, 1], [12, 36, 108], strict=True):
        for _ in range(n_candidates):
            for train, test in folds:
                _, trained, tested = next(calls)
                assert_array_equal(trained, train[-size:])
                assert_array_equal(tested, test)
    assert next(calls, None) is None


def test_survivors_are_the_best_and_keep_their_order():
    values = [3, 8, 1, 7, 7, 0, 2, 9, 4]
    search = TimeHalvingSearchCV(Spy(), {"quality": values}).fit(X, y)
    results = search.cv_results_
    in_round = [results["param_quality"][results["iter"] == i].tolist() for i in (1, 2)]
    assert in_round == [[8, 7, 9], [9]]
    assert search.n_remaining_candidates_ == 1
    assert search.best_score_ == 9
    assert_array_equal(results["iter"], np.repeat([0, 1, 2], [9, 3, 1]))


class Stepped(Spy):
    """Better with more steps, and with quality in any number of them."""

    def score(self, X, y):
        return self.quality + self.n_steps / 100


def test_numbers_of_rounds_are_those_of_scikit_learn():
    """Same arithmetic where the resource is a parameter."""
    grid = {"quality": [1, 2, 3, 4, 5, 6, 7, 8]}
    shared = {
        "resource": "n_steps",
        "max_resources": 20,
        "cv": TimeSeriesSplit(2),
        "random_state": 0,
    }
    for more in (
        {},
        {"factor": 2},
        {"min_resources": 3},
        {"min_resources": "smallest", "factor": 2},
        {"min_resources": 8, "aggressive_elimination": True},
        {"min_resources": 8},
        {"min_resources": 1, "aggressive_elimination": True},
        {"min_resources": 4, "factor": 2.5},
        {"min_resources": 8, "factor": 2.4},
    ):
        ours = TimeHalvingSearchCV(Stepped(), grid, **shared, **more)
        theirs = HalvingGridSearchCV(Stepped(), grid, **shared, **more)
        ours.fit(X, y), theirs.fit(X, y)
        for name in (
            "n_resources_",
            "n_candidates_",
            "n_iterations_",
            "n_required_iterations_",
            "n_possible_iterations_",
            "max_resources_",
            "min_resources_",
            "n_remaining_candidates_",
        ):
            assert getattr(ours, name) == getattr(theirs, name), (more, name)
        assert_array_equal(
            ours.cv_results_["mean_test_score"][ours.cv_results_["iter"] == 0],
            theirs.cv_results_["mean_test_score"][theirs.cv_results_["iter"] == 0],
        )
        assert ours.best_params_ == theirs.best_params_
        public = {name for name in vars(theirs) if name.endswith("_")}
        assert public <= {*vars(ours), "n_features_in_"}


def test_times_are_kept_whole_and_rows_may_be_in_any_order(seen):
    rng = np.random.default_rng(0)
    day = np.repeat(np.arange(40), 3)
    order = rng.permutation(120)
    frame = pd.DataFrame(
        {"day": day[order].astype(float)},
        index=pd.Timestamp("2024-01-01") + pd.to_timedelta(day[order], unit="D"),
    )
    search = TimeHalvingSearchCV(
        Spy(),
        {"quality": [1, 2, 3]},
        cv=RollingOrigin(2, test_size=5),
        return_train_score=False,
    ).fit(frame, y)
    assert search.max_resources_ == 35
    assert search.n_resources_ == [11, 33]
    _, trained, tested = seen[0]
    assert_array_equal(np.unique(trained), np.arange(19, 30))
    assert len(trained) == 33
    assert_array_equal(np.unique(tested), np.arange(30, 35))


def test_ints_are_folds_that_test_after_what_they_train_on(seen):
    rows = np.arange(120.0)[:, None]
    for cv, n_splits in ((3, 3), (None, 5)):
        search = TimeHalvingSearchCV(Spy(), {"quality": [1]}, cv=cv).fit(rows, y)
        assert search.cv == cv
        assert search.n_splits_ == n_splits
    assert all(
        trained.max() < tested.min() or np.array_equal(trained, tested)
        for _, trained, tested in seen
    )
    with config_context(enable_metadata_routing=True):
        router = TimeHalvingSearchCV(Spy(), {"quality": [1]}).get_metadata_routing()
        assert router.consumes("fit", ["times", "label_end"]) == {"times", "label_end"}


def test_short_training_sets_are_taken_whole(seen):
    search = TimeHalvingSearchCV(
        Spy(),
        {"quality": [1, 2, 3]},
        cv=RollingOrigin(5),
        min_resources=50,
        return_train_score=False,
    ).fit(X, y)
    assert search.n_resources_ == [50]
    assert [len(trained) for _, trained, _ in seen[:5]] == [20, 40, 50, 50, 50]


def test_candidates_that_fail_are_dropped_first():
    grid = {"quality": [1, 2, 3], "fails": [False, True]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = TimeHalvingSearchCV(Spy(), grid, factor=2).fit(X, y)
    assert search.best_params_ == {"quality": 3, "fails": False}
    assert search.n_candidates_ == [6, 3, 2]
    failed = search.cv_results_["param_fails"][search.cv_results_["iter"] > 0]
    assert not failed.any()


def test_ranks_that_agree():
    search = TimeHalvingSearchCV(Spy(), {"quality": list(range(9))}).fit(X, y)
    assert search.agreement_[0] == pytest.approx(1)
    assert np.isnan(search.agreement_[1])

    class Turns(Spy):
        def score(self, X, y):
            return self.quality if len(self.trained_) < 30 else -self.quality

    turned = TimeHalvingSearchCV(
        Turns(), {"quality": list(range(9))}, cv=RollingOrigin(1, test_size=10)
    ).fit(X, y)
    assert turned.agreement_[0] == pytest.approx(-1)


def test_candidates_drawn_at_random():
    given = {"alpha": loguniform(1e-3, 1e3)}
    one = TimeHalvingSearchCV(Ridge(), given, n_candidates=6, random_state=3)
    two = clone(one)
    one.fit(X, y), two.fit(X, y)
    assert one.n_candidates_[0] == 6
    assert one.cv_results_["params"] == two.cv_results_["params"]
    other = clone(one).set_params(random_state=np.random.default_rng(0)).fit(X, y)
    assert other.cv_results_["params"] != one.cv_results_["params"]


def test_a_function_chooses_in_the_last_round():
    simple = one_standard_error({"alpha": "max"}, n_errors=100)
    search = TimeHalvingSearchCV(Ridge(), NINE, factor=2, refit=simple).fit(X, y)
    last = search.cv_results_["iter"] == search.n_iterations_ - 1
    assert last[search.best_index_]
    assert search.best_params_["alpha"] == max(search.cv_results_["param_alpha"][last])
    assert not hasattr(search, "best_score_")


def test_a_function_sees_ranks_of_the_last_round():
    def first(results):
        return int(np.flatnonzero(results["rank_test_score"] == 1)[0])

    ours = TimeHalvingSearchCV(Ridge(), NINE, factor=2, refit=first).fit(X, y)
    plain = TimeHalvingSearchCV(Ridge(), NINE, factor=2).fit(X, y)
    assert ours.best_index_ == plain.best_index_


def test_rounds_without_scores_agree_on_nothing():
    class Nowhere(Spy):
        def score(self, X, y):
            return np.nan

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="One or more of the t")
        search = TimeHalvingSearchCV(Nowhere(), {"quality": list(range(9))}).fit(X, y)
    assert np.isnan(search.agreement_).all()


def test_times_of_folds_that_know_nothing_of_them(seen):
    """A panel in folds of TimeSeriesSplit: history is cut at whole times."""
    times = np.repeat(np.arange(40), 3)
    search = TimeHalvingSearchCV(
        Spy(),
        {"quality": [1, 2, 3]},
        cv=TimeSeriesSplit(2, test_size=15),
        return_train_score=False,
    ).fit(times[:, None], y, times=times)
    assert search.n_resources_ == [11, 33]
    assert_array_equal(seen[0][1], np.repeat(np.arange(19, 30), 3))
    with pytest.warns(UserWarning, match="no row is purged"):
        search.fit(times[:, None], y, times=times, label_end=times + 1)


def test_several_scores():
    search = TimeHalvingSearchCV(
        Ridge(), NINE, scoring=["r2", "neg_mean_absolute_error"], refit="r2"
    ).fit(X, y)
    last = search.cv_results_["iter"] == search.n_iterations_ - 1
    assert search.best_score_ == search.cv_results_["mean_test_r2"][last].max()
    with pytest.raises(InvalidParameterError, match="the name of the score to go by"):
        TimeHalvingSearchCV(Ridge(), NINE, scoring=["r2"]).fit(X, y)


@pytest.mark.parametrize("routing", [False, True])
def test_times_and_labels_reach_the_splitter(routing, seen):
    times = np.arange(120)
    search = TimeHalvingSearchCV(
        Spy(), {"quality": [1]}, cv=PurgedKFold(3), return_train_score=False
    )
    with config_context(enable_metadata_routing=routing):
        search.fit(times[:, None], y, times=times, label_end=times + 9)
    folds = PurgedKFold(3).split(times[:, None], times=times, label_end=times + 9)
    for (_, trained, _), (train, _) in zip(seen, folds, strict=True):
        assert_array_equal(trained, train)


def test_classes_set_the_smallest_resource():
    X_c, y_c = make_classification(90, 5, n_informative=3, n_classes=3, random_state=0)
    search = TimeHalvingSearchCV(
        LogisticRegression(),
        {"C": [0.1, 1.0]},
        min_resources="smallest",
        cv=RollingOrigin(2),
        factor=4,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X_c, y_c)
    assert search.min_resources_ == 6
    assert search.predict_proba(X_c).shape == (90, 3)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_do_not_depend_on_n_jobs_and_can_be_pickled(n_jobs):
    search = TimeHalvingSearchCV(Ridge(), NINE, n_jobs=n_jobs).fit(X, y)
    again = TimeHalvingSearchCV(Ridge(), NINE).fit(X, y)
    assert_array_equal(
        search.cv_results_["mean_test_score"], again.cv_results_["mean_test_score"]
    )
    loaded = pickle.loads(pickle.dumps(search))
    assert_array_equal(loaded.predict(X), search.predict(X))
    assert search.cv == 5


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"cv": 0}, InvalidParameterError, "'n_splits'"),
        ({"cv": "five"}, ValueError, r"`?cv`? as an integer"),
        ({"cv": (fold for fold in [])}, InvalidParameterError, "make a list of it"),
        ({"factor": 1}, InvalidParameterError, "'factor'"),
        ({"aggressive_elimination": 1}, InvalidParameterError, "'aggressive"),
        ({"n_candidates": 0}, InvalidParameterError, "'n_candidates'"),
        ({"min_resources": "most"}, InvalidParameterError, "'min_resources'"),
        ({"max_resources": 0}, InvalidParameterError, "'max_resources'"),
        ({"max_resources": 101}, ValueError, "101 exceeds the 100 distinct times"),
        ({"min_resources": 101}, ValueError, "min_resources_=101 is greater than"),
        ({"resource": "depth"}, ValueError, "not supported by estimator"),
        ({"resource": "max_depth"}, ValueError, "when max_resources='auto'"),
        (
            {"resource": "max_depth", "max_resources": 9},
            ValueError,
            "part of the searched parameters",
        ),
        ({"param_grid": {"max_depth": 3}}, TypeError, "max_depth"),
        ({"param_grid": []}, ValueError, "param_grid is empty"),
        ({"estimator": None}, InvalidParameterError, "'estimator'"),
        ({"cv": []}, ValueError, "makes no folds of 120 rows"),
        ({"cv": [([], [1])]}, ValueError, "no train rows"),
        ({"min_resources": np.array([1, 2])}, InvalidParameterError, "'min_resour"),
    ],
)
def test_wrong_use_is_said_before_work(params, error, match):
    class NeverFitted(RegressorMixin, BaseEstimator):
        def __init__(self, max_depth=1):
            self.max_depth = max_depth

        def fit(self, X, y):
            raise AssertionError("a fit was begun")

    given = {
        "estimator": NeverFitted(),
        "param_grid": {"max_depth": [1, 2, 3]},
        **params,
    }
    with pytest.raises(error, match=match):
        TimeHalvingSearchCV(**given).fit(X, y)


def test_recent_history_wins_where_the_past_misleads():
    """Candidates that forget are found on short histories already."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1200)
    slope = np.where(np.arange(1200) < 900, -1.0, 1.0)
    target = slope * x + rng.normal(scale=0.5, size=1200)

    class Window(RegressorMixin, BaseEstimator):
        def __init__(self, length=10):
            self.length = length

        def fit(self, X, y):
            self.slope_ = np.polyfit(X[-self.length :, 0], y[-self.length :], 1)[0]
            return self

        def predict(self, X):
            return self.slope_ * X[:, 0]

    search = TimeHalvingSearchCV(
        Window(),
        {"length": [5, 20, 80, 160, 1000]},
        cv=RollingOrigin(3, test_size=40),
        factor=2,
    ).fit(x[:, None], target)
    assert search.best_params_["length"] in {20, 80, 160}
    assert search.best_score_ > 0.7
    by_length = dict(
        zip(
            search.cv_results_["param_length"][:5].tolist(),
            search.cv_results_["mean_test_score"][:5],
            strict=True,
        )
    )
    assert by_length[1000] < by_length[80]
