"""Blending: weights of the least loss, against optimality and other ways to find it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.datasets import (
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
)
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import BlendClassifier, BlendRegressor, SelectionRegressor
from ensembles.combining._errors import error_products, true_class_probabilities
from ensembles.combining._simplex import (
    log_loss_weights,
    nonnegative_weights,
    squared_error_weights,
)
from ensembles.exceptions import InvalidParameterError, MemberFailedWarning

X3, CODES = make_classification(200, 6, n_informative=4, n_classes=3, random_state=0)
Y3 = np.array(["red", "green", "blue"])[CODES]
XR, YR = make_regression(200, 6, noise=30, random_state=0)
CLASSIFIERS = [
    ("bayes", GaussianNB()),
    ("tree", DecisionTreeClassifier(max_depth=3, random_state=0)),
    ("near", KNeighborsClassifier(7)),
]
REGRESSORS = [
    ("linear", Ridge()),
    ("tree", DecisionTreeRegressor(max_depth=4, random_state=0)),
    ("near", KNeighborsRegressor()),
]


def values_and_target(seed, m=6, n=80):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    noise = rng.uniform(0.3, 3, size=m)
    return [y + scale * rng.normal(size=n) + scale / 2 for scale in noise], y


@pytest.mark.parametrize("seed", range(5))
def test_weights_of_squared_errors_are_optimal(seed):
    said, y = values_and_target(seed)
    products = error_products(said, y, None)
    weights = squared_error_weights(products)
    slopes = products @ weights
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert_allclose(slopes[weights > 0], slopes.min(), rtol=1e-8)
    assert (slopes >= slopes.min() * (1 - 1e-8)).all()
    mixture = weights @ said
    assert weights @ products @ weights == pytest.approx(np.mean((mixture - y) ** 2))


@pytest.mark.parametrize("seed", range(5))
def test_weights_of_the_log_loss_are_optimal(seed):
    rng = np.random.default_rng(seed)
    given = rng.beta(rng.uniform(0.5, 2, size=(6, 1)), 1, size=(6, 90))
    rows = rng.dirichlet(np.ones(90))
    weights = log_loss_weights(given, rows)
    slopes = given @ (rows / (weights @ given))
    assert weights.sum() == pytest.approx(1)
    assert_allclose(slopes[weights > 0], 1, atol=1e-5)
    assert slopes.max() <= 1 + 1e-5
    other = minimize(
        lambda w: -(rows @ np.log(w @ given)),
        np.full(6, 1 / 6),
        bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    loss = -(rows @ np.log(weights @ given))
    assert loss <= other.fun + 1e-9


def test_a_member_that_is_always_right_gets_all_weight_and_equals_share_it():
    said, y = values_and_target(0)
    weights = squared_error_weights(error_products([*said, y], y, None))
    assert_array_equal(weights, [0, 0, 0, 0, 0, 0, 1])
    assert_allclose(squared_error_weights(error_products([y, y], y, None)), [0.5, 0.5])
    given = np.array([[0.9, 0.8], [0.9, 0.8], [0.5, 0.5]])
    weights = log_loss_weights(given, np.array([0.5, 0.5]))
    assert weights[2] == 0
    assert weights[:2].sum() == pytest.approx(1)


def test_errors_of_any_size_have_the_same_weights():
    said, y = values_and_target(1)
    weights = squared_error_weights(error_products(said, y, None))
    for scale in 1e-9, 1e9:
        scaled = error_products([scale * one for one in said], scale * y, None)
        assert_allclose(squared_error_weights(scaled), weights, atol=1e-9)


def test_weights_of_rows_are_repetitions():
    said, y = values_and_target(2)
    counts = np.random.default_rng(0).integers(0, 4, size=80)
    repeated = [np.repeat(one, counts) for one in said], np.repeat(y, counts)
    assert_allclose(error_products(said, y, counts), error_products(*repeated, None))
    columns, many = np.column_stack(said), np.column_stack(repeated[0])
    assert_allclose(
        nonnegative_weights(columns, y, counts),
        nonnegative_weights(many, repeated[1], None),
        atol=1e-10,
    )


def test_the_blend_of_classes_is_the_best_mixture_of_out_of_fold_probabilities():
    blend = BlendClassifier(CLASSIFIERS).fit(X3, Y3)
    said = [
        cross_val_predict(m, X3, Y3, method="predict_proba") for _, m in CLASSIFIERS
    ]
    reached = log_loss(Y3, np.tensordot(blend.weights_, said, 1))
    for _ in range(50):
        other = np.random.default_rng(_).dirichlet(np.ones(3))
        assert reached <= log_loss(Y3, np.tensordot(other, said, 1)) + 1e-12
    members = [clone(m).fit(X3, Y3).predict_proba(X3) for _, m in CLASSIFIERS]
    expected = np.tensordot(blend.weights_, members, 1)
    assert_allclose(blend.predict_proba(X3), expected, rtol=1e-10)
    assert_array_equal(blend.predict(X3), blend.classes_[expected.argmax(axis=1)])


def test_squared_errors_of_probabilities():
    blend = BlendClassifier(CLASSIFIERS, loss="squared_error").fit(X3, Y3)
    said = [
        cross_val_predict(m, X3, Y3, method="predict_proba") for _, m in CLASSIFIERS
    ]
    one_hot = (Y3[:, None] == blend.classes_).astype(float)
    reached = np.mean((np.tensordot(blend.weights_, said, 1) - one_hot) ** 2)
    for seed in range(50):
        other = np.random.default_rng(seed).dirichlet(np.ones(3))
        assert reached <= np.mean((np.tensordot(other, said, 1) - one_hot) ** 2)


@pytest.mark.parametrize("cv", [KFold(4), TimeSeriesSplit(4)], ids=["all", "later"])
@pytest.mark.parametrize("sum_to_one", [True, False])
def test_the_blend_of_values_is_the_best_mixture(cv, sum_to_one):
    blend = BlendRegressor(REGRESSORS, cv=cv, sum_to_one=sum_to_one).fit(XR, YR)
    said = [blend.out_of_fold_[name].values for name, _ in REGRESSORS]
    known = ~np.isnan(said[0])
    columns, y = np.column_stack(said)[known], YR[known]
    errors = y - columns @ blend.weights_
    slopes = columns.T @ errors
    has_weight = blend.weights_ > 0
    if sum_to_one:
        slopes -= slopes[has_weight].mean()
        assert blend.weights_.sum() == pytest.approx(1)
    assert_allclose(slopes[has_weight] / np.abs(columns.T @ y).max(), 0, atol=1e-9)
    assert (slopes[~has_weight] <= 0).all()
    members = [clone(m).fit(XR, YR).predict(XR) for _, m in REGRESSORS]
    assert_allclose(blend.predict(XR), blend.weights_ @ members, rtol=1e-10)


def test_members_without_a_weight_are_not_fitted_to_all_rows():
    members = [("linear", LinearRegression()), ("mean", DummyRegressor())]
    blend = BlendRegressor(members).fit(XR, YR)
    assert_array_equal(blend.weights_, [1, 0])
    assert len(blend) == 1
    assert blend.named_estimators_["mean"] == "drop"
    assert list(blend.out_of_fold_) == ["linear", "mean"]
    assert blend.predict_members(XR).shape == (1, 200)


def test_members_that_only_vote_and_dropped_ones():
    members = [*CLASSIFIERS[:2], ("votes", RidgeClassifier()), ("none", "drop")]
    blend = BlendClassifier(members).fit(X3, Y3)
    assert blend.weights_.shape == (3,)
    assert blend.score(X3, Y3) > 0.6
    alone = BlendClassifier([("votes", RidgeClassifier())]).fit(X3, Y3)
    assert_array_equal(alone.weights_, [1])
    assert set(np.unique(alone.predict_proba(X3))) == {0.0, 1.0}


def test_weights_of_rows_decide():
    """Two constants, and rows whose weight says which of them is right."""
    y = np.repeat([0.0, 1.0], 50)
    members = [
        ("zero", DummyRegressor(strategy="constant", constant=0.0)),
        ("one", DummyRegressor(strategy="constant", constant=1.0)),
    ]
    weights = np.repeat([1.0, 3.0], 50)
    X = np.zeros((100, 1))
    blend = BlendRegressor(members).fit(X, y, sample_weight=weights)
    assert_allclose(blend.weights_, [0.25, 0.75])
    labels = [
        (name, DummyClassifier(strategy="constant", constant=code))
        for name, code in (("zero", 0), ("one", 1))
    ]
    for loss in "log_loss", "squared_error":
        blend = BlendClassifier(labels, loss=loss).fit(X, y, sample_weight=weights)
        assert_allclose(blend.weights_, [0.25, 0.75], atol=1e-6)


def test_several_outputs():
    X, Y = make_multilabel_classification(150, n_classes=3, random_state=0)
    members = [("tree", DecisionTreeClassifier(max_depth=4)), ("near", NEAR)]
    for loss in "log_loss", "squared_error":
        blend = BlendClassifier(members, loss=loss).fit(X, Y)
        assert [p.shape for p in blend.predict_proba(X)] == [(150, 2)] * 3
        assert np.mean(blend.predict(X) == Y) > 0.8
    X, Y = make_regression(150, 5, n_targets=2, noise=10, random_state=0)
    for sum_to_one in True, False:
        blend = BlendRegressor(REGRESSORS, sum_to_one=sum_to_one).fit(X, Y)
        assert blend.predict(X).shape == (150, 2)
        assert blend.weights_[0] > 0.9


NEAR = KNeighborsClassifier(7)


def test_models_of_folds_without_refit():
    blend = BlendRegressor(REGRESSORS, cv=KFold(3), refit=False).fit(XR, YR)
    members = [
        np.mean(
            [
                clone(m).fit(XR[train], YR[train]).predict(XR)
                for train, _ in KFold(3).split(XR)
            ],
            axis=0,
        )
        for _, m in REGRESSORS
    ]
    assert_allclose(blend.predict(XR), blend.weights_ @ members)


def test_probabilities_of_zero_cost_much_and_not_all():
    codes = np.array([0, 1])
    sure = [np.array([[1.0, 0.0], [1.0, 0.0]])]
    given = true_class_probabilities([sure], codes)
    assert given[0, 0] == 1
    assert 0 < given[0, 1] < 1e-15


def test_nothing_that_helps_is_an_error():
    members = [("wrong", DummyRegressor(strategy="constant", constant=-1.0))]
    blend = BlendRegressor(members, sum_to_one=False)
    with pytest.raises(ValueError, match="No member gets a weight"):
        blend.fit(XR, np.abs(YR))


@pytest.mark.parametrize(
    ("blend", "match"),
    [
        (BlendClassifier(CLASSIFIERS, loss="hinge"), "loss"),
        (BlendClassifier(CLASSIFIERS, cv="never"), "cv"),
        (BlendRegressor(REGRESSORS, sum_to_one="yes"), "sum_to_one"),
    ],
    ids=["loss", "cv", "sum_to_one"],
)
def test_wrong_parameters_are_named(blend, match):
    with pytest.raises(InvalidParameterError, match=match):
        blend.fit(X3, CODES)


def test_regressors_are_no_members_of_a_blend_of_classes():
    with pytest.raises(ValueError, match="LogisticRegression should be a regressor"):
        BlendRegressor([("a", LogisticRegression())]).fit(XR, YR)
    with pytest.raises(ValueError, match="Ridge should be a classifier"):
        BlendClassifier([("a", Ridge())]).fit(X3, Y3)


class Odd(Ridge):
    """Answers with NaN, or with a column."""

    def __init__(self, shape="nan"):
        super().__init__()
        self.shape = shape

    def predict(self, X):
        predicted = super().predict(X)
        return predicted[:, None] if self.shape == "column" else np.nan * predicted


@pytest.mark.parametrize("kind", [BlendRegressor, SelectionRegressor])
@pytest.mark.parametrize("place", [0, 1])
def test_members_that_answer_nan_get_no_weight(kind, place):
    members = [("ridge", Ridge()), ("tree", REGRESSORS[1][1])]
    expected = kind(members).fit(XR, YR)
    params = {"n_start": 2, "costs": [1, 1, 1], "cost_budget": 3}
    params = params if kind is SelectionRegressor else {}
    members.insert(place, ("odd", Odd()))
    with pytest.warns(MemberFailedWarning, match=r"get no weight: \['odd'\]"):
        blend = kind(members, **params).fit(XR, YR)
    assert blend.weights_[place] == 0
    if not params:
        assert_array_equal(np.delete(blend.weights_, place), expected.weights_)
    with pytest.raises(ValueError, match="All members answered with NaN"):
        kind([("odd", Odd())]).fit(XR, YR)


@pytest.mark.parametrize("kind", [BlendRegressor, SelectionRegressor])
def test_values_in_a_column_are_values(kind):
    members = [("odd", Odd("column")), ("near", KNeighborsRegressor(3))]
    plain = kind([("ridge", Ridge()), members[1]]).fit(XR, YR)
    column = kind(members).fit(XR, YR)
    assert_allclose(column.weights_, plain.weights_)
    assert_allclose(column.predict(XR), plain.predict(XR))
    assert column.predict_members(XR).ndim == 2


@pytest.mark.parametrize("scale", [1e8, 1e13, 1e100])
def test_a_member_that_is_far_off_does_not_take_the_digits_of_the_others(scale):
    said, y = values_and_target(3)
    wild = scale * np.random.default_rng(1).normal(size=80)
    expected = squared_error_weights(error_products(said, y, None))
    weights = squared_error_weights(error_products([*said, wild], y, None))
    assert_allclose(weights[:-1], expected, atol=1e-6)
    assert weights[-1] == 0


def test_weights_stay_with_their_rows_where_some_are_not_covered():
    weights = np.where(np.arange(200) % 2, 1.0, 3.0) * np.linspace(1, 5, 200)
    cv = TimeSeriesSplit(4)
    blend = BlendRegressor(REGRESSORS[:2], cv=cv).fit(XR, YR, sample_weight=weights)
    said = [blend.out_of_fold_[name].values for name, _ in REGRESSORS[:2]]
    known = np.flatnonzero(~np.isnan(said[0]))
    products = error_products([one[known] for one in said], YR[known], weights[known])
    assert_allclose(blend.weights_, squared_error_weights(products))


def test_costs_stay_with_their_members_where_one_answers_nan():
    members = [("odd", Odd()), *REGRESSORS]
    with pytest.warns(MemberFailedWarning):
        chosen = SelectionRegressor(members, costs=[1, 50, 2, 50], cost_budget=10).fit(
            XR, YR
        )
    assert_array_equal(chosen.weights_ > 0, [False, False, True, False])
