"""Selection: the order of the naive loop, budgets, bags and what is kept."""

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import SelectionClassifier, SelectionRegressor
from ensembles._ensemble._targets import encode_classes
from ensembles.combining._greedy import Plan, grow
from ensembles.combining._objectives import AnyScore, LogLoss, SquaredError
from ensembles.combining._selection_score import (
    objective_of_classes,
    objective_of_values,
)
from ensembles.exceptions import InvalidParameterError

X, CODES = make_classification(250, 8, n_informative=5, n_classes=3, random_state=0)
Y = np.array(["red", "green", "blue"])[CODES]
XR, YR = make_regression(200, 6, noise=30, random_state=0)
LIBRARY = [
    (f"depth {d}", DecisionTreeClassifier(max_depth=d, random_state=0))
    for d in range(1, 6)
] + [("linear", LogisticRegression()), ("near", KNeighborsClassifier(9))]
VALUES = [
    (f"depth {d}", DecisionTreeRegressor(max_depth=d, random_state=0))
    for d in range(1, 6)
] + [("ridge", Ridge()), ("stiff", Ridge(1000))]


class Says(ClassifierMixin, BaseEstimator):
    """Answers what it was given."""

    def __init__(self, proba=None, classes_=None):
        self.proba, self.classes_ = proba, classes_

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return self.proba


def naive(said, score, n_rounds):
    """The loop of the paper, written out."""
    order, scores, total = [], [], 0
    for size in range(1, n_rounds + 1):
        reached = [score((total + one) / size) for one in said]
        order.append(int(np.argmax(reached)))
        scores.append(max(reached))
        total = total + said[order[-1]]
    return order, scores


def probabilities(seed, n, k, m=12):
    rng = np.random.default_rng(seed)
    codes = rng.integers(k, size=n)
    logits = rng.normal(size=(m, n, k))
    logits[:, np.arange(n), codes] += rng.uniform(0.8, 1, size=(m, 1))
    proba = np.exp(logits)
    return list(proba / proba.sum(axis=2, keepdims=True)), codes


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("n", [160, 173], ids=lambda n: f"{n} rows")
@pytest.mark.parametrize("k", [2, 3], ids=lambda k: f"{k} classes")
@pytest.mark.parametrize("scoring", [None, "neg_log_loss", "neg_brier_score"])
def test_fast_objectives_of_classes_keep_the_order_of_the_loop(scoring, k, n, weighted):
    said, codes = probabilities(0, n, k)
    weights = np.random.default_rng(1).uniform(size=n) if weighted else None
    target, codes = encode_classes(codes)
    objective = objective_of_classes(
        "me", scoring, [[p] for p in said], codes, weights, target
    )

    def score(mean):
        right = mean[np.arange(n), codes]
        if scoring != "neg_brier_score":
            return np.average(np.log(right), weights=weights)
        errors = np.sum((mean - np.eye(k)[codes]) ** 2, axis=1)
        return -np.average(errors, weights=weights) / (2 if k == 2 else 1)

    order, scores = naive(said, score, 30)
    growth = grow(objective, Plan(30, 0, True), np.arange(12))
    assert isinstance(objective, LogLoss | SquaredError)
    assert growth.members.tolist() == order
    assert_allclose(growth.scores, scores, rtol=1e-10)
    assert growth.size == 1 + np.argmax(np.round(scores, 12))
    assert len(set(order)) > 3
    if weights is None and scoring:
        given = get_scorer(scoring)
        alone = said[order[0]]
        says = Says(alone, np.arange(k))
        assert scores[0] == pytest.approx(given(says, alone, codes))


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("n_outputs", [1, 2], ids=lambda q: f"{q} outputs")
@pytest.mark.parametrize(
    ("scoring", "score", "is_fast"),
    [
        (None, lambda *a, **k: -mean_squared_error(*a, **k), {1, 2}),
        (
            "neg_mean_squared_error",
            lambda *a, **k: -mean_squared_error(*a, **k),
            {1, 2},
        ),
        (
            "neg_root_mean_squared_error",
            lambda *a, **k: -root_mean_squared_error(*a, **k),
            {1},
        ),
        ("r2", r2_score, {1}),
        ("neg_mean_absolute_error", lambda *a, **k: -mean_absolute_error(*a, **k), {}),
    ],
    ids=["default", "mse", "rmse", "r2", "mae"],
)
def test_objectives_of_values_keep_the_order_of_the_loop(
    scoring, score, is_fast, n_outputs, weighted
):
    rng = np.random.default_rng(0)
    y = 50 + rng.normal(size=(150, n_outputs))
    said = [y + rng.normal(size=y.shape) for _ in range(12)]
    if n_outputs == 1:
        y, said = y[:, 0], [one[:, 0] for one in said]
    weights = rng.uniform(size=150) if weighted else None
    objective = objective_of_values("me", scoring, said, y, weights)
    order, scores = naive(said, lambda mean: score(y, mean, sample_weight=weights), 25)
    growth = grow(objective, Plan(25, 0, True), np.arange(12))
    assert isinstance(objective, SquaredError) == (n_outputs in is_fast)
    assert growth.members.tolist() == order
    assert_allclose(growth.scores, scores, rtol=1e-8)


@pytest.mark.parametrize(
    "scoring",
    ["accuracy", "roc_auc_ovr", make_scorer(accuracy_score), "neg_log_loss"],
    ids=["accuracy", "auc", "scorer", "log loss"],
)
def test_any_score_of_labels_chooses_as_the_loop_does(scoring):
    said, codes = probabilities(3, 120, 3)
    labels = np.array(["red", "green", "blue"])[codes]
    target, codes = encode_classes(labels)
    objective = objective_of_classes(
        "me", scoring, [[p] for p in said], codes, None, target
    )
    growth = grow(objective, Plan(10, 0, True), np.arange(12))
    if scoring == "neg_log_loss":
        assert isinstance(objective, LogLoss)
        return
    assert isinstance(objective, AnyScore)
    if scoring != "roc_auc_ovr":
        known = target.labels[0]
        order, scores = naive(
            said, lambda p: accuracy_score(labels, known[p.argmax(axis=1)]), 10
        )
        assert growth.members.tolist() == order
        assert_allclose(growth.scores, scores)
    assert growth.scores.max() >= objective.start().with_each(np.arange(12)).max()


def test_of_members_that_do_as_well_the_first_is_taken():
    said, codes = probabilities(4, 100, 2, m=3)
    target, codes = encode_classes(codes)
    twice = [[p] for p in [*said, *said]]
    objective = objective_of_classes("me", None, twice, codes, None, target)
    growth = grow(objective, Plan(20, 0, True), np.arange(6))
    assert growth.members.max() < 3


def test_the_ensemble_is_fitted_predicts_and_tells_of_its_growth():
    chosen = SelectionClassifier(LIBRARY, n_rounds=20).fit(X, Y)
    said = [one.values for one in chosen.out_of_fold_.values()]
    codes = np.searchsorted(chosen.classes_, Y)
    order, scores = naive(said, lambda p: -log_loss(codes, p), 20)
    names = np.array([name for name, _ in LIBRARY], dtype=object)
    assert_array_equal(chosen.trajectory_.member, names[order])
    assert_allclose(chosen.trajectory_.score, scores)
    assert_allclose(chosen.member_scores_, [-log_loss(codes, p) for p in said])
    size = 1 + np.argmax(scores)
    counts = np.bincount(order[:size], minlength=7)
    assert_allclose(chosen.weights_, counts / size)
    assert len(chosen) == np.count_nonzero(counts)
    members = [clone(m).fit(X, Y).predict_proba(X) for _, m in LIBRARY]
    expected = np.tensordot(chosen.weights_, members, 1)
    assert_allclose(chosen.predict_proba(X), expected)
    assert_array_equal(chosen.predict(X), chosen.classes_[expected.argmax(axis=1)])


def test_values_are_chosen_too():
    chosen = SelectionRegressor(VALUES, n_rounds=15).fit(XR, YR)
    assert chosen.weights_[5] > 0.9
    members = [clone(m).fit(XR, YR).predict(XR) for _, m in VALUES]
    assert_allclose(chosen.predict(XR), chosen.weights_ @ members)
    assert chosen.trajectory_.score.max() >= chosen.member_scores_.max()


def test_without_replacement_each_member_is_taken_once():
    chosen = SelectionClassifier(LIBRARY, replacement=False, n_rounds=50).fit(X, Y)
    assert sorted(chosen.trajectory_.member) == sorted(name for name, _ in LIBRARY)
    assert len(set(chosen.weights_[chosen.weights_ > 0])) == 1


def test_the_best_ones_by_themselves_come_first():
    chosen = SelectionClassifier(LIBRARY, n_start=3, n_rounds=10).fit(X, Y)
    best = np.argsort(-chosen.member_scores_)[:3]
    assert list(chosen.trajectory_.member[:3]) == [LIBRARY[i][0] for i in best]
    assert (chosen.weights_[best] > 0).all()


def test_bags_are_grown_from_shares_of_members_whatever_the_workers():
    params = {"n_bags": 6, "bag_share": 0.4, "random_state": 0, "n_rounds": 10}
    chosen = SelectionClassifier(LIBRARY, **params).fit(X, Y)
    for bag in range(6):
        taken = chosen.trajectory_.member[chosen.trajectory_.bag == bag]
        assert len(set(taken)) <= 3
    assert chosen.weights_.sum() == pytest.approx(1)
    assert len({*chosen.trajectory_.member}) > 3
    with parallel_config("threading"):
        again = SelectionClassifier(LIBRARY, **params, n_jobs=2).fit(X, Y)
    assert_array_equal(chosen.weights_, again.weights_)
    other = SelectionClassifier(LIBRARY, **{**params, "random_state": 1}).fit(X, Y)
    assert (other.weights_ != chosen.weights_).any()


def test_a_budget_is_kept_by_every_bag():
    costs = [1, 2, 3, 4, 5, 6, 7]
    prices = {name: cost for (name, _), cost in zip(LIBRARY, costs, strict=True)}
    chosen = SelectionClassifier(
        LIBRARY, costs=costs, cost_budget=9, n_bags=4, n_start=2, random_state=0
    ).fit(X, Y)
    for bag in range(4):
        taken = set(chosen.trajectory_.member[chosen.trajectory_.bag == bag])
        assert 0 < sum(prices[name] for name in taken) <= 9
    free = SelectionClassifier(LIBRARY, costs=costs, cost_budget=28).fit(X, Y)
    plain = SelectionClassifier(LIBRARY).fit(X, Y)
    assert_array_equal(free.weights_, plain.weights_)
    dropped = clone(free).set_params(near="drop", cost_budget=7.0).fit(X, Y)
    assert sum(prices[name] for name in set(dropped.trajectory_.member)) <= 7


def test_weights_of_rows_decide():
    y = np.repeat([0.0, 1.0], 60)
    said = [np.zeros(120), np.ones(120)]
    weights = np.repeat([1.0, 3.0], 60)
    objective = objective_of_values("me", None, said, y, weights)
    growth = grow(objective, Plan(40, 0, True), np.arange(2))
    assert np.mean(growth.members[: growth.size]) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"n_rounds": 0}, InvalidParameterError, "n_rounds"),
        ({"replacement": 1}, InvalidParameterError, "replacement"),
        ({"n_start": -1}, InvalidParameterError, "n_start"),
        ({"n_start": 60}, ValueError, "n_start=60 members .* n_rounds=50"),
        ({"n_bags": 0}, InvalidParameterError, "n_bags"),
        ({"bag_share": 1.5}, InvalidParameterError, "bag_share"),
        ({"scoring": "neg_log_los"}, ValueError, "neg_log_los"),
        ({"scoring": 3}, InvalidParameterError, "metric"),
        ({"costs": [1] * 7}, ValueError, "go together"),
        ({"costs": [1], "cost_budget": 5}, InvalidParameterError, "costs"),
        ({"costs": [-1] * 7, "cost_budget": 5}, InvalidParameterError, "costs"),
        ({"costs": [8] * 7, "cost_budget": 5}, ValueError, "less than the cost"),
        ({"costs": [1] * 7, "cost_budget": 0}, InvalidParameterError, "cost_budget"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else None,
)
def test_wrong_parameters_are_named_before_any_fit(params, error, match):
    with pytest.raises(error, match=match):
        SelectionClassifier(LIBRARY, **params).fit(X, Y)


def test_scores_that_are_not_finite_are_an_error():
    chosen = SelectionRegressor(VALUES[:2], scoring=lambda y, predicted: np.nan)
    with pytest.raises(ValueError, match="no finite score"):
        chosen.fit(XR, YR)


def test_an_ensemble_of_one_is_that_one():
    chosen = SelectionClassifier([("bayes", GaussianNB())]).fit(X, Y)
    assert_array_equal(chosen.weights_, [1])
    expected = GaussianNB().fit(X, Y).predict_proba(X)
    assert_allclose(chosen.predict_proba(X), expected)


@pytest.mark.parametrize(
    "scoring",
    ["neg_max_error", lambda y, p: -np.mean(np.abs(y - p))],
    ids=["name", "f"],
)
def test_scores_that_take_no_weights_are_told_before_any_fit(scoring):
    chosen = SelectionRegressor(VALUES, scoring=scoring)
    with pytest.raises(TypeError, match="takes no sample_weight"):
        chosen.fit(XR, YR, sample_weight=np.ones(200))
    assert chosen.fit(XR, YR).score(XR, YR) > 0.5


def test_a_mixture_that_comes_again_is_not_better():
    y = np.zeros(50)
    rng = np.random.default_rng(0)
    error = rng.normal(size=50)
    said = [error, -error + 0.01 * rng.normal(size=50)]
    growth = grow(
        objective_of_values("me", None, said, y, None), Plan(30, 0, True), TWO
    )
    assert growth.members[:4].tolist() in ([0, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 1])
    assert growth.size == 2


TWO = np.arange(2)


def test_members_to_begin_with_are_those_that_can_be_paid():
    y = np.zeros(40)
    said = [np.full(40, size) for size in (0.1, 0.2, 0.3, 0.4)]
    objective = objective_of_values("me", None, said, y, None)
    costs = np.array([9.0, 2.0, 9.0, 3.0])
    growth = grow(objective, Plan(3, 2, False, costs, 5.0), np.arange(4))
    assert growth.members.tolist() == [1, 3]
    assert growth.size == 2
