"""AdaBoost for values: rounds of scikit-learn's, RT by its definition, and medians."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import make_friedman1
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from ensembles import AdaBoostRegressor, HistTreeRegressor
from ensembles.boosting._medians import staged_medians, weighted_median
from ensembles.exceptions import InvalidParameterError


def data(n=300, seed=0):
    return make_friedman1(n, noise=1.0, random_state=seed)


@pytest.mark.parametrize("loss", ["linear", "square", "exponential"])
@pytest.mark.parametrize("member", [None, KNeighborsRegressor(), Ridge()], ids=repr)
def test_rounds_are_those_of_scikit_learn(member, loss):
    X, y = data()
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    options = {"loss": loss, "random_state": 3, "n_estimators": 12}
    options["learning_rate"] = 0.7
    kind = sklearn.ensemble.AdaBoostRegressor
    expected = kind(member, **options).fit(X, y, weights)
    ours = AdaBoostRegressor(member, **options).fit(X, y, weights)
    assert len(ours) == len(expected.estimators_)
    for name in ("estimator_errors_", "estimator_weights_"):
        assert_allclose(getattr(ours, name), getattr(expected, name), rtol=1e-12)
    assert_array_equal(ours.predict(X), expected.predict(X))
    for one, other in zip(
        ours.staged_predict(X), expected.staged_predict(X), strict=True
    ):
        assert_array_equal(one, other)
    if member is None:
        shares = expected.feature_importances_
        assert_allclose(ours.feature_importances_, shares, rtol=1e-12)


# AdaBoost.R2 of 300 trees of depth four: 5.63 with scikit-learn 1.9.


def test_friedman_s_first_problem_has_its_known_error():
    X, y = data(700)
    tree = DecisionTreeRegressor(max_depth=4)
    booster = AdaBoostRegressor(tree, n_estimators=300, random_state=0)
    error = ((booster.fit(X[:200], y[:200]).predict(X[200:]) - y[200:]) ** 2).mean()
    assert 5.5 < error < 5.75


@pytest.mark.parametrize("power", [1, 2])
def test_rt_is_the_algorithm_of_its_paper(power):
    X, y = data()
    tree = DecisionTreeRegressor(max_depth=2, random_state=0)
    booster = AdaBoostRegressor(
        tree,
        algorithm="rt",
        threshold=0.2,
        power=power,
        resample=False,
        n_estimators=6,
        random_state=0,
    ).fit(X, y)
    weights, sums, total = np.full(len(y), 1.0 / len(y)), 0.0, 0.0
    for member, error in zip(booster, booster.estimator_errors_, strict=True):
        predicted = clone(tree).fit(X, y, sample_weight=weights).predict(X)
        assert_allclose(member.predict(X), predicted)
        is_wrong = np.abs((predicted - y) / y) > 0.2
        assert_allclose(weights[is_wrong].sum(), error)
        beta = error**power
        weights = np.where(is_wrong, weights, weights * beta)
        weights /= weights.sum()
        sums, total = sums + np.log(1 / beta) * predicted, total + np.log(1 / beta)
    assert_allclose(booster.predict(X), sums / total)


def test_rt_knows_targets_below_zero_and_high_powers():
    X, y = data()
    options = {"algorithm": "rt", "threshold": 0.4, "random_state": 0}
    below = AdaBoostRegressor(**options).fit(X, -y)
    assert below.estimator_errors_[0] < 0.5
    assert below.score(X, -y) > 0.5
    steep = AdaBoostRegressor(power=500, **options).fit(X, y)
    assert np.isfinite(steep.predict(X)).all()


def test_weights_sink_no_lower_than_those_of_scikit_learn():
    X, y = data()
    options = {"learning_rate": 12.0, "n_estimators": 8, "random_state": 0}
    expected = sklearn.ensemble.AdaBoostRegressor(**options).fit(X, y)
    ours = AdaBoostRegressor(**options).fit(X, y)
    errors = expected.estimator_errors_
    assert_allclose(ours.estimator_errors_, errors, rtol=1e-9)


def test_a_member_of_next_to_no_weight_counts_while_it_is_alone():
    stages = list(staged_medians(np.array([[5.0], [1.0]]), np.array([1e-17, 1.0])))
    assert_array_equal(stages, [[5.0], [1.0]])


@pytest.mark.parametrize("aggregate", ["median", "mean"])
def test_stages_members_and_copies_agree(aggregate):
    X, y = data()
    booster = AdaBoostRegressor(aggregate=aggregate, n_estimators=9, random_state=0)
    booster.fit(X, y)
    members, weights = booster.predict_members(X), booster.estimator_weights_
    for number, stage in enumerate(booster.staged_predict(X), 1):
        own = members[:number], weights[:number]
        expected = weighted_median(*own)
        if aggregate == "mean":
            expected = np.average(own[0], axis=0, weights=own[1])
        assert_allclose(stage, expected, rtol=1e-12)
    assert number == len(booster) == 9
    assert_array_equal(stage, booster.predict(X))
    *_, last = booster.staged_score(X, y)
    assert last == booster.score(X, y)
    again = pickle.loads(pickle.dumps(booster))
    assert_array_equal(again.predict(X), booster.predict(X))


def median_by_definition(values, weights):
    """The least value with half of the weight at or below it."""
    best = np.inf
    for value in values:
        if 2.0 * weights[values <= value].sum() >= weights.sum():
            best = min(best, value)
    return best


@pytest.mark.parametrize("n_members", [1, 2, 3, 7, 8, 9, 40])
def test_medians_of_all_stages_are_those_by_definition(n_members):
    rng = np.random.default_rng(n_members)
    # Whole weights and equal values make ties, which eighths decide without rounding.
    predictions = rng.integers(0, 6, (n_members, 23)) * 1.0
    weights = rng.integers(1, 4, n_members) / 8.0
    stages = list(staged_medians(predictions, weights))
    assert len(stages) == n_members
    for number, stage in enumerate(stages, 1):
        own = predictions[:number], weights[:number]
        expected = [median_by_definition(column, own[1]) for column in own[0].T]
        assert_array_equal(stage, expected)
        assert_array_equal(weighted_median(*own), expected)


def test_members_that_take_weights_may_have_them():
    X, y = data()
    rng = np.random.default_rng(0)
    times = rng.integers(0, 3, len(y))
    rows = np.repeat(np.arange(len(y)), times)
    for member in DecisionTreeRegressor(max_depth=3, random_state=0), Ridge():
        booster = AdaBoostRegressor(member, resample=False, n_estimators=6)
        weighted = clone(booster).fit(X, y, times)
        repeated = clone(booster).fit(X[rows], y[rows])
        assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-9)
        errors = repeated.estimator_errors_
        assert_allclose(weighted.estimator_errors_, errors, rtol=1e-9)


def test_rows_without_weight_are_never_seen():
    X, y = data()
    weights = np.arange(len(y)) % 2
    X_bad, y_bad = np.where(weights[:, None], X, np.nan), np.where(weights, y, 1e9)
    options = {"n_estimators": 5, "random_state": 0}
    booster = AdaBoostRegressor(**options).fit(X_bad, y_bad, weights)
    expected = AdaBoostRegressor(**options).fit(X[1::2], y[1::2])
    assert_array_equal(booster.predict(X), expected.predict(X))


def test_frames_keep_their_names_and_missing_values_go_where_members_take_them():
    X, y = data()
    frame = pd.DataFrame(X).add_prefix("x")
    frame.iloc[::5, 2] = np.nan
    booster = AdaBoostRegressor(HistTreeRegressor(max_depth=3), random_state=0)
    booster.fit(frame, y)
    assert booster.score(frame, y) > 0.7
    assert_array_equal(booster[0].feature_names_in_, frame.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        booster.predict(frame.rename(columns={"x1": "z"}))


def test_a_perfect_member_is_the_last_and_a_hopeless_one_is_dropped():
    X, y = np.arange(20.0)[:, None], np.arange(20.0)
    booster = AdaBoostRegressor(LinearRegression(), resample=False).fit(X, y)
    # Rounding leaves errors of 1e-15, of which each round sees the largest as one.
    assert booster.score(X, y) == 1.0
    tree = AdaBoostRegressor(DecisionTreeRegressor(), resample=False).fit(X, y)
    assert len(tree) == 1
    assert_array_equal(tree.estimator_weights_[:2], [1.0, 0.0])
    # A constant in the middle is off by half of the largest error on average.
    alone = AdaBoostRegressor(DummyRegressor(), resample=False).fit(X, y)
    assert len(alone) == 1
    assert_array_equal(alone.estimator_weights_, np.zeros(50))
    assert_allclose(alone.predict(X), 9.5)
    with pytest.raises(ValueError, match="of round 1 is no better than chance"):
        clone(alone).set_params(on_worse_than_chance="raise").fit(X, y)
    with pytest.raises(ValueError, match="BaseRegressor in AdaBoostRegressor ensemble"):
        clone(alone).set_params(on_worse_than_chance="skip").fit(X, y)


class FailsLater(RegressorMixin, BaseEstimator):
    """A learner that fails once, or gives no numbers."""

    n_fits = 0

    def __init__(self, fails_at=0, answer=None):
        self.fails_at = fails_at
        self.answer = answer

    def fit(self, X, y):
        type(self).n_fits += 1
        if self.n_fits == self.fails_at:
            raise RuntimeError("out of luck")
        self.tree_ = DecisionTreeRegressor(max_depth=2, random_state=0).fit(X, y)
        return self

    def predict(self, X):
        return self.tree_.predict(X) if self.answer is None else self.answer


def test_errors_name_the_round_and_leave_the_last_fit_as_it_was():
    X, y = data(100)
    booster = AdaBoostRegressor(n_estimators=3, random_state=0).fit(X, y)
    before = booster.predict(X)
    FailsLater.n_fits = 0
    booster.set_params(estimator=FailsLater(37), n_estimators=40)
    booster.set_params(on_worse_than_chance="skip")
    with pytest.raises(RuntimeError, match="out of luck") as caught:
        booster.fit(X, y)
    (note,) = caught.value.__notes__
    assert note.startswith("Round 37 of 40 failed: FailsLater(fails_at=37). Nothing w")
    assert_array_equal(booster.predict(X), before)
    booster.set_params(estimator=FailsLater(answer=np.full(100, np.nan)))
    with pytest.raises(
        ValueError, match=r"Round 1 of 40: [\s\S]* values that are not finite"
    ):
        booster.fit(X, y)
    booster.set_params(estimator=FailsLater(answer=np.ones((100, 2))))
    with pytest.raises(ValueError, match=r"shape \(100, 2\) for 100 rows"):
        booster.fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": 3}, "must be an object implementing 'fit' and 'predict' or Non"),
        ({"n_estimators": 0}, "n_estimators"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"loss": "huber"}, "'exponential', 'linear', 'square'"),
        ({"algorithm": "R2"}, "'r2', 'rt'"),
        ({"threshold": 0.0}, "threshold"),
        ({"power": 0.5}, "power"),
        ({"aggregate": "vote"}, "'auto', 'mean', 'median'"),
        ({"resample": 3}, "a bool or a scheme"),
        ({"on_worse_than_chance": None}, "on_worse_than_chance"),
    ],
)
def test_parameters_that_are_wrong_whatever_the_data_are(options, message):
    X, y = data(30)
    with pytest.raises(InvalidParameterError, match=message):
        AdaBoostRegressor(**options).fit(X, y)


@pytest.mark.parametrize(
    ("options", "change", "message"),
    [
        ({"estimator": GaussianNB()}, lambda y: y, "GaussianNB is a classifier"),
        (
            {"estimator": KNeighborsRegressor(), "resample": False},
            lambda y: y,
            "KNeighborsRegressor doesn't support sample_weight. Pass resample=True",
        ),
        ({"algorithm": "rt"}, lambda y: y * (y > 8), "of 30 targets are zero"),
        ({}, lambda y: np.column_stack([y, y]), r"1d array, got .* \(30, 2\)"),
        ({}, lambda y: np.where(y > 9, np.nan, y), "Input y contains NaN"),
        ({}, lambda y: y[1:], "inconsistent numbers of samples"),
        ({}, lambda y: None, "requires y to be passed"),
    ],
)
def test_data_and_parameters_that_contradict_one_another(options, change, message):
    X, y = data(30)
    booster = AdaBoostRegressor(**options)
    with pytest.raises(ValueError, match=message):
        booster.fit(X, change(y))
    with pytest.raises(NotFittedError):
        booster.predict(X)
    with pytest.raises(NotFittedError):
        next(booster.staged_predict(X))


def test_members_without_importances_have_none_together():
    X, y = data(60)
    booster = AdaBoostRegressor(KNeighborsRegressor(), n_estimators=2).fit(X, y)
    with pytest.raises(AttributeError, match="does not have a feature_importances_"):
        _ = booster.feature_importances_


def test_a_huge_learning_rate_ends_it_and_leaves_numbers():
    X, y = data(60)
    for loss in "linear", "exponential":
        booster = AdaBoostRegressor(learning_rate=1e6, loss=loss, random_state=0)
        assert np.isfinite(booster.fit(X, y).predict(X)).all()
