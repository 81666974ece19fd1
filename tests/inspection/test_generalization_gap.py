"""Training scores against test scores."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification, make_regression
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_squared_error
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from ensembles import PurgedKFold, RollingOrigin, generalization_gap
from ensembles.exceptions import InvalidParameterError

X, y = make_regression(90, 4, noise=30, random_state=0)


def test_scores_are_those_of_cross_validate():
    gap = generalization_gap(Ridge(), X, y, cv=KFold(4))
    expected = cross_validate(Ridge(), X, y, cv=KFold(4), return_train_score=True)
    assert_array_equal(gap.train_scores, expected["train_score"])
    assert_array_equal(gap.test_scores, expected["test_score"])
    constant = cross_validate(DummyRegressor(), X, y, cv=KFold(4))
    assert_array_equal(gap.constant_scores, constant["test_score"])
    assert_array_equal(gap.n_test, [23, 23, 22, 22])
    gaps = gap.train_scores - gap.test_scores
    assert gap.gap == pytest.approx(gaps.mean())
    factor = 1 / 4 + 22.5 / 67.5
    assert gap.standard_error == pytest.approx(np.sqrt(factor * gaps.var(ddof=1)))
    assert gap.to_frame()["gap"].tolist() == gaps.tolist()
    assert "gap" in str(gap)


def test_a_tree_that_learns_by_heart_has_a_gap_and_a_constant_none():
    by_heart = generalization_gap(DecisionTreeRegressor(random_state=0), X, y)
    assert by_heart.train_scores.min() == 1
    assert by_heart.gap > 0.4
    assert by_heart.retained < 0.8
    constant = generalization_gap(DummyRegressor(), X, y)
    assert abs(constant.gap) < 0.2
    near = generalization_gap(KNeighborsRegressor(60), X, y)
    assert near.gap < by_heart.gap  # a small gap, and no merit: it has learnt little
    assert near.test_scores.mean() < by_heart.test_scores.mean() + 0.2


def test_what_is_retained():
    gap = generalization_gap(Ridge(), X, y)
    known = (gap.train_scores - gap.constant_scores).mean()
    assert gap.retained == pytest.approx(
        (gap.test_scores - gap.constant_scores).mean() / known
    )
    worse = generalization_gap(Ridge(), X, y, scoring="neg_mean_squared_error")
    assert 0 < worse.retained <= 1.2
    nothing = generalization_gap(
        DummyRegressor(strategy="constant", constant=1e6), X, y
    )
    assert np.isnan(nothing.retained)


def test_classifiers_and_estimators_of_no_target():
    X_c, y_c = make_classification(90, random_state=0)
    gap = generalization_gap(LogisticRegression(), X_c, y_c, scoring="roc_auc")
    assert_allclose(gap.constant_scores, 0.5)
    prior = cross_validate(DummyClassifier(strategy="prior"), X_c, y_c)["test_score"]
    assert_array_equal(
        generalization_gap(LogisticRegression(), X_c, y_c).constant_scores, prior
    )
    clusters = generalization_gap(KMeans(2, random_state=0, n_init=1), X)
    assert np.isnan(clusters.constant_scores).all()
    assert np.isfinite(clusters.gap)


def test_constants_are_scored_as_the_estimator_scores_itself():
    grid = {"alpha": [1, 9]}
    search = GridSearchCV(Ridge(), grid, scoring="neg_mean_absolute_error")
    gap = generalization_gap(search, X, y)
    expected = cross_validate(
        DummyRegressor(), X, y, scoring="neg_mean_absolute_error"
    )["test_score"]
    assert_array_equal(gap.constant_scores, expected)
    plain = generalization_gap(GridSearchCV(Ridge(), grid), X, y)
    assert_array_equal(
        plain.constant_scores, cross_validate(DummyRegressor(), X, y)["test_score"]
    )

    class Own(Ridge):
        def score(self, X, y):
            return 42.0

    assert np.isnan(generalization_gap(Own(), X, y).constant_scores).all()

    def both(estimator, X, y):
        return {"a": 1.0, "b": 2.0}

    with pytest.raises(InvalidParameterError, match="'scoring'"):
        generalization_gap(Ridge(), X, y, scoring=both)


@pytest.mark.parametrize("routing", [False, True])
def test_constants_know_the_weights(routing):
    weights = np.where(np.arange(90) % 2, 5.0, 0.1)
    with config_context(enable_metadata_routing=routing):
        ridge, scorer = Ridge(), make_scorer(mean_squared_error)
        constant = DummyRegressor()
        if routing:
            ridge.set_fit_request(sample_weight=True)
            constant.set_fit_request(sample_weight=True)
            scorer.set_score_request(sample_weight=True)
        params = {"sample_weight": weights}
        gap = generalization_gap(ridge, X, y, scoring=scorer, params=params)
        expected = cross_validate(constant, X, y, scoring=scorer, params=params)
    assert_array_equal(gap.constant_scores, expected["test_score"])


@pytest.mark.parametrize("asks", [False, True])
def test_constants_are_scored_with_weights_where_the_estimator_is(asks):
    weights = np.where(np.arange(90) % 2, 5.0, 0.1)
    params = {"sample_weight": weights}
    with config_context(enable_metadata_routing=True):
        ridge = Ridge().set_fit_request(sample_weight=True)
        ridge.set_score_request(sample_weight=asks)
        gap = generalization_gap(ridge, X, y, params=params)
        constant = DummyRegressor().set_fit_request(sample_weight=True)
        constant.set_score_request(sample_weight=asks)
        expected = cross_validate(constant, X, y, params=params)["test_score"]
    assert_allclose(gap.constant_scores, expected)


def test_one_fold_has_no_error():
    gap = generalization_gap(Ridge(), X, y, cv=RollingOrigin(1))
    assert np.isnan(gap.standard_error)


@pytest.mark.parametrize("routing", [False, True])
def test_times_reach_the_splitter_and_searches(routing):
    times = np.arange(90)
    search = GridSearchCV(Ridge(), {"alpha": [1, 9]}, cv=PurgedKFold(2))
    with config_context(enable_metadata_routing=routing):
        gap = generalization_gap(
            search, X, y, cv=PurgedKFold(3), times=times, label_end=times + 5
        )
    assert_array_equal(gap.n_train, [56, 52, 56])


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"scoring": ["r2", "accuracy"]}, "'scoring'"),
        ({"n_jobs": 1.5}, "'n_jobs'"),
        ({"verbose": "a"}, "'verbose'"),
        ({"params": [1]}, "'params'"),
    ],
)
def test_wrong_use_is_said(given, match):
    with pytest.raises(InvalidParameterError, match=match):
        generalization_gap(Ridge(), X, y, **given)
