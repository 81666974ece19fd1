"""Splitters inside whatever of scikit-learn takes a splitter, with times along."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import StackingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    check_cv,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from ensembles import (
    BaggingRegressor,
    CombinatorialPurgedKFold,
    Guarded,
    HVBlock,
    PanelSplit,
    PurgedKFold,
    RandomOrigin,
    RollingOrigin,
)

N = 120
SPLITTERS = [
    RollingOrigin(3, gap=1),
    RollingOrigin(None, test_size=4, train_size=8),
    PurgedKFold(3, purge=2, embargo=1),
    CombinatorialPurgedKFold(4, 2, purge=1),
    HVBlock(v=4, h=2),
    RandomOrigin(3, random_state=0),
    Guarded(PurgedKFold(3), embargo=1),
    PanelSplit(RollingOrigin(2)),
]
every_splitter = pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
PARTITIONS = (PurgedKFold, HVBlock)


@pytest.fixture
def data(rng):
    """Rows out of order, two at each time, whose labels end three times later."""
    times = rng.permutation(np.repeat(np.arange(N // 2), 2))
    return rng.normal(size=(N, 3)), rng.normal(size=N), times, times + 3


def sets_of(folds):
    return [(sorted(a.tolist()), sorted(b.tolist())) for a, b in folds]


@every_splitter
def test_clone_parameters_repr_and_pickle(cv, data):
    X, _, times, ends = data
    given = {"times": times, "label_end": ends}
    before = repr(cv.get_params())
    expected = sets_of(cv.split(X, **given))
    for copy in (clone(cv), pickle.loads(pickle.dumps(cv))):
        assert type(copy) is type(cv)
        assert repr(copy) == repr(cv)
        assert sets_of(copy.split(X, **given)) == expected
    assert repr(cv.get_params()) == before
    assert vars(cv).keys() == cv.get_params(deep=False).keys()
    assert check_cv(cv) is cv
    assert cv.get_n_splits(X, **given) == len(expected)


@every_splitter
def test_scores_are_those_of_a_loop(cv, data):
    X, y, *_ = data
    scores = cross_val_score(Ridge(), X, y, cv=cv, error_score="raise")
    expected = [Ridge().fit(X[a], y[a]).score(X[b], y[b]) for a, b in cv.split(X)]
    assert_array_equal(scores, expected)


@every_splitter
@pytest.mark.parametrize("search", [GridSearchCV, HalvingGridSearchCV])
def test_searches_with_times_routed(cv, search, data):
    X, y, times, ends = data
    how = {"random_state": 0} if search is HalvingGridSearchCV else {}
    if search is HalvingGridSearchCV and isinstance(cv, RandomOrigin):
        cv = RandomOrigin(3, train_size=0.3, random_state=0)
    grid = search(Ridge(), {"alpha": [0.1, 10]}, cv=cv, error_score="raise", **how)
    with config_context(enable_metadata_routing=True):
        grid.fit(X, y, times=times, label_end=ends)
    given = {"times": times, "label_end": ends}
    assert grid.n_splits_ == cv.get_n_splits(X, **given)
    if search is GridSearchCV:
        folds = cv.split(X, **given)
        first = Ridge(alpha=0.1)
        expected = [first.fit(X[a], y[a]).score(X[b], y[b]) for a, b in folds]
        found = [
            grid.cv_results_[f"split{i}_test_score"][0] for i in range(len(expected))
        ]
        assert_array_equal(found, expected)


@pytest.mark.parametrize("inner", SPLITTERS, ids=repr)
def test_times_reach_both_levels_of_a_nested_validation(inner, data):
    """Times of the inner level are those of the rows of the outer one."""
    X, y, times, ends = data
    outer = PurgedKFold(3, purge=1)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 10]}, cv=inner, error_score="raise")
    with config_context(enable_metadata_routing=True):
        result = cross_validate(
            search,
            X,
            y,
            cv=outer,
            params={"times": times, "label_end": ends},
            return_estimator=True,
            error_score="raise",
        )
    folds = outer.split(X, times=times, label_end=ends)
    for fitted, (train, test), score in zip(
        result["estimator"], folds, result["test_score"], strict=True
    ):
        given = {"times": times[train], "label_end": ends[train]}
        by_hand = GridSearchCV(
            Ridge(), {"alpha": [0.1, 10]}, cv=list(inner.split(X[train], **given))
        ).fit(X[train], y[train])
        assert fitted.best_params_ == by_hand.best_params_
        assert score == by_hand.score(X[test], y[test])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_by_name_reach_both_levels_with_routing_off(library, data):
    X, y, times, ends = data
    columns = {"a": X[:, 0], "b": X[:, 1], "time": times, "end": ends}
    table = pd.DataFrame(columns) if library == "pandas" else pl.DataFrame(columns)
    cv = PurgedKFold(3, time="time", label_end="end")
    named = sets_of(cv.split(table))
    assert named == sets_of(PurgedKFold(3).split(X, times=times, label_end=ends))
    features = FunctionTransformer(lambda X: X[["a", "b"]])
    model = make_pipeline(features, StandardScaler(), Ridge())
    search = GridSearchCV(
        model, {"ridge__alpha": [0.1, 10]}, cv=cv, error_score="raise"
    )
    result = cross_validate(search, table, y, cv=cv, error_score="raise")
    assert np.isfinite(result["test_score"]).all()


@every_splitter
def test_predictions_of_a_partition_and_an_error_for_what_is_none(cv, data):
    X, y, *_ = data
    tested = np.concatenate([test for _, test in cv.split(X)])
    if sorted(tested) == list(range(N)):
        assert len(cross_val_predict(Ridge(), X, y, cv=cv)) == N
        stack = StackingRegressor([("ridge", Ridge())], Ridge(), cv=cv)
        assert stack.fit(X, y).predict(X).shape == (N,)
    else:
        with pytest.raises(ValueError, match="only works for partitions"):
            cross_val_predict(Ridge(), X, y, cv=cv)


@every_splitter
def test_recursive_elimination_which_turns_tables_into_arrays(cv, data):
    X, y, *_ = data
    table = pd.DataFrame(X, columns=list("abc"))
    found = RFECV(Ridge(), cv=cv).fit(table, y)
    assert found.n_features_ >= 1


@every_splitter
def test_bags_and_their_parameters(cv, data):
    X, y, *_ = data
    bag = BaggingRegressor(DecisionTreeRegressor(max_depth=2), 3, random_state=0)
    scores = cross_val_score(bag, X, y, cv=cv, error_score="raise")
    assert np.isfinite(scores).all()


def test_the_guard_itself_can_be_searched(data):
    X = data[0]
    cv = PurgedKFold(3)
    assert cv.set_params(purge=5).purge == 5
    nested = Guarded(PurgedKFold(3), purge=1).set_params(cv__n_splits=4)
    assert nested.get_n_splits(X) == 4


def test_groups_go_to_the_splitter_inside_a_guard(data):
    X, y, times, _ = data
    groups = np.arange(N) % 6
    cv = Guarded(GroupKFold(3), purge=1, groups="disjoint")
    for train, test in cv.split(X, y, groups, times=times):
        assert not set(groups[train]) & set(groups[test])
        assert not set(times[train]) & set(times[test])
    with config_context(enable_metadata_routing=True):
        result = cross_validate(
            Ridge(), X, y, cv=cv, params={"groups": groups, "times": times}
        )
    assert len(result["test_score"]) == 3


def test_a_guard_around_a_splitter_that_knows_time_passes_times_on(data):
    X, _, times, ends = data
    given = {"times": times, "label_end": ends}
    inside = PurgedKFold(3)
    assert sets_of(Guarded(inside).split(X, **given)) == sets_of(
        inside.split(X, **given)
    )
