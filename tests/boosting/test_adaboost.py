"""AdaBoost: what scikit-learn's does round by round, and what it could not do."""

import pickle
import tracemalloc
from math import prod

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_iris, make_hastie_10_2
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from ensembles import AdaBoostClassifier, Binner, HistTreeClassifier
from ensembles.exceptions import InvalidParameterError


def data(n=1500, n_classes=2, seed=0):
    """Fewer distinct values than bins, and so much noise that no tree is perfect."""
    rng = np.random.default_rng(seed)
    X = (10 * rng.normal(size=(n, 6))).round()
    signal = X[:, 0] + 10 * np.sin(X[:, 1] / 5) + X[:, 2] * X[:, 3] / 10
    score = signal + 10 * rng.normal(size=n)
    cuts = np.quantile(score, np.linspace(0, 1, n_classes + 1)[1:-1])
    return X, np.digitize(score, cuts), rng


def theirs(depth=1, **options):
    stump = DecisionTreeClassifier(max_depth=depth)
    return sklearn.ensemble.AdaBoostClassifier(stump, random_state=0, **options)


def assert_alike(ours, expected, X):
    assert len(ours.estimators_) == len(expected.estimators_)
    for name in ("estimator_errors_", "estimator_weights_"):
        assert_allclose(getattr(ours, name), getattr(expected, name), rtol=1e-12)
    assert_allclose(
        ours.decision_function(X), expected.decision_function(X), atol=1e-12
    )
    staged = zip(
        ours.staged_decision_function(X),
        expected.staged_decision_function(X),
        strict=True,
    )
    for one, other in staged:
        assert_allclose(one, other, atol=1e-12)
    assert_array_equal(ours.predict(X), expected.predict(X))


# Weights that differ let no two splits gain the same.


@pytest.mark.parametrize("learning_rate", [1.0, 0.5])
@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_rounds_are_those_of_scikit_learn(depth, n_classes, learning_rate):
    X, y, rng = data(n_classes=n_classes)
    weights = rng.uniform(0.5, 2.0, len(y))
    options = {"n_estimators": 25, "learning_rate": learning_rate}
    expected = theirs(depth, **options).fit(X, y, weights)
    member = DecisionTreeClassifier(max_depth=depth)
    ours = AdaBoostClassifier(member, **options).fit(X, y, weights)
    # Below the root some features part the rows of a node alike, but no others.
    X_new = rng.permuted(X, axis=0) if depth == 1 else X
    assert_alike(ours, expected, X_new)
    if depth == 1:
        shares = expected.feature_importances_
        assert_allclose(ours.feature_importances_, shares, atol=1e-9)
    for one, other in zip(ours, expected, strict=True):
        assert_array_equal(one.predict(X_new), other.predict(X_new))
        assert_allclose(one.predict_proba(X_new), other.predict_proba(X_new))


@pytest.mark.parametrize("learning_rate", [5.0, 10.0])
@pytest.mark.parametrize("member", [DecisionTreeClassifier(max_depth=1), GaussianNB()])
def test_weights_sink_no_lower_than_those_of_scikit_learn(member, learning_rate):
    X, y, rng = data(600)
    weights = rng.uniform(0.5, 2.0, len(y))
    # Few rows have nearly all of the weight: what the others have is held up.
    options = {"n_estimators": 12, "learning_rate": learning_rate, "random_state": 0}
    kind = sklearn.ensemble.AdaBoostClassifier
    expected = kind(member, **options).fit(X, y, weights)
    ours = AdaBoostClassifier(member, **options).fit(X, y, weights)
    assert expected.estimator_errors_.min() < 1e-4
    errors = expected.estimator_errors_
    # Those of compiled trees are sums of whole numbers of 1e-17.
    assert_allclose(ours.estimator_errors_, errors, rtol=1e-9, atol=2e-14)
    if not hasattr(member, "max_depth"):
        assert_array_equal(ours.estimator_errors_, errors)


def test_stumps_are_those_of_scikit_learn_for_many_rounds_and_equal_weights():
    X, y, _ = data(4001)
    expected = theirs(n_estimators=150).fit(X, y)
    ours = AdaBoostClassifier(n_estimators=150).fit(X, y)
    assert_alike(ours, expected, X)
    assert ours.estimator_errors_.max() < 0.5


@pytest.mark.parametrize(
    "member", [LogisticRegression(), GaussianNB(), DecisionTreeClassifier(max_depth=4)]
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_other_members_are_weighed_as_scikit_learn_does_to_the_bit(member, n_classes):
    X, y, rng = data(400, n_classes)
    weights = rng.integers(1, 4, len(y))
    options = {"n_estimators": 8, "random_state": 3}
    kind = sklearn.ensemble.AdaBoostClassifier
    expected = kind(member, **options).fit(X, y, weights)
    ours = AdaBoostClassifier(member, max_bins=None, **options).fit(X, y, weights)
    assert_array_equal(ours.estimator_errors_, expected.estimator_errors_)
    assert_array_equal(ours.estimator_weights_, expected.estimator_weights_)
    for one, other in zip(ours, expected, strict=True):
        assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert_alike(ours, expected, X)


def test_without_bins_stumps_are_left_to_scikit_learn():
    X, y, _ = data(400)
    ours = AdaBoostClassifier(max_bins=None, random_state=0, n_estimators=5).fit(X, y)
    assert type(ours[0]) is DecisionTreeClassifier
    assert_alike(ours, theirs(n_estimators=5).fit(X, y), X)


@pytest.mark.parametrize("split", ["gini", "error"])
def test_a_member_is_worth_nothing_on_the_rows_that_the_next_one_gets(split):
    X, y, _ = data()
    booster = AdaBoostClassifier(n_estimators=12, split=split).fit(X, y)
    weights = np.full(len(y), 1.0 / len(y))
    for member, weight in zip(booster, booster.estimator_weights_, strict=True):
        wrong = member.predict(X) != y
        weights = weights * np.exp(weight * wrong)
        weights /= weights.sum()
        assert_allclose(weights[wrong].sum(), 0.5, rtol=1e-12)
    # Freund & Schapire 1997, theorem 6.
    bound = prod(2 * np.sqrt(e * (1 - e)) for e in booster.estimator_errors_)
    assert 1.0 - booster.score(X, y) <= bound


# Hastie, Tibshirani & Friedman, "The elements of statistical learning", equation 10.2:
# discrete AdaBoost of 400 stumps. The first edition has 12.2 %; five seeds of a plain
# implementation gave 0.117 for Gini impurity and 0.121 for errors.


@pytest.mark.parametrize("split", ["gini", "error"])
def test_400_stumps_on_ten_normal_features_err_in_twelve_of_a_hundred(split):
    X, y = make_hastie_10_2(12_000, random_state=0)
    booster = AdaBoostClassifier(n_estimators=400, split=split).fit(X[:2000], y[:2000])
    errors = 1.0 - np.array(list(booster.staged_score(X[2000:], y[2000:])))
    assert 0.43 < errors[0] < 0.48
    assert 0.105 < errors[-1] < 0.135


def test_100_stumps_with_all_cuts_are_as_accurate_as_scikit_learn_says():
    X, y = make_hastie_10_2(12_000, random_state=0)
    options = {"n_estimators": 100, "max_bins": None, "random_state": 0}
    booster = AdaBoostClassifier(**options).fit(X[:2000], y[:2000])
    assert_allclose(booster.score(X[2000:], y[2000:]), 0.7996, atol=2e-3)


def test_probabilities_are_better_than_those_of_shares_of_votes():
    X, y = make_hastie_10_2(6000, random_state=0)
    ours = AdaBoostClassifier(n_estimators=200).fit(X[:2000], y[:2000])
    expected = theirs(n_estimators=200).fit(X[:2000], y[:2000])
    losses = [
        log_loss(y[2000:], one.predict_proba(X[2000:])) for one in (ours, expected)
    ]
    assert losses[0] < 0.65 * losses[1]


MEMBERS = [
    None,
    DecisionTreeClassifier(max_depth=3),
    HistTreeClassifier(max_depth=2, min_samples_leaf=5),
    GaussianNB(),
]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_stages_members_and_votes_agree(member, n_classes):
    X, y, _ = data(500, n_classes)
    names = np.array(["ash", "birch", "cedar"])
    booster = AdaBoostClassifier(member, n_estimators=7, random_state=0)
    booster.fit(X, names[y])
    assert_array_equal(booster.classes_, names[:n_classes])
    *_, last = booster.staged_predict(X)
    assert_array_equal(last, booster.predict(X))
    *_, last = booster.staged_predict_proba(X)
    assert_array_equal(last, booster.predict_proba(X))
    *_, last = booster.staged_decision_function(X)
    assert_array_equal(last, booster.decision_function(X))
    *_, last = booster.staged_score(X, names[y])
    assert last == booster.score(X, names[y])
    said = booster.predict_members(X)
    assert said.shape == (len(booster), len(X))
    assert_array_equal(said, [one.predict(X) for one in booster.estimators_])
    votes = np.zeros((len(X), n_classes))
    for own, weight in zip(said, booster.estimator_weights_, strict=False):
        votes += (own[:, None] == booster.classes_) * weight
    assert_allclose(booster.predict_proba(X), softmax(votes, axis=1), atol=1e-12)
    assert_allclose(
        booster.predict_log_proba(X), np.log(booster.predict_proba(X)), atol=1e-12
    )


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_missing_values_are_treated_as_by_trees_that_are_grown_one_by_one(
    depth, n_classes
):
    X, y, rng = data(900, n_classes)
    X[rng.random(X.shape) < 0.2] = np.nan
    weights = rng.uniform(0.5, 2.0, len(y))
    plain = HistTreeClassifier(max_depth=depth)
    # The same trees, but for what the compiled rounds do not know.
    one_by_one = HistTreeClassifier(max_depth=depth, min_impurity_decrease=1e-300)
    ours, expected = (
        AdaBoostClassifier(member, n_estimators=10).fit(X, y, weights)
        for member in (plain, one_by_one)
    )
    assert_allclose(ours.estimator_errors_, expected.estimator_errors_, rtol=1e-9)
    X_new = np.where(rng.random(X.shape) < 0.3, np.nan, X) if depth == 1 else X
    assert_array_equal(ours.predict(X_new), expected.predict(X_new))


@pytest.mark.parametrize("depth", [1, 2])
def test_missing_values_that_no_row_had_go_with_most_rows(depth):
    X, y, rng = data(900)
    weights = rng.uniform(0.5, 2.0, len(y))
    plain = HistTreeClassifier(max_depth=depth)
    one_by_one = HistTreeClassifier(max_depth=depth, min_impurity_decrease=1e-300)
    ours, expected = (
        AdaBoostClassifier(member, n_estimators=6).fit(X, y, weights)
        for member in (plain, one_by_one)
    )
    X = np.where(rng.random(X.shape) < 0.3, np.nan, X)
    for one, other in zip(ours, expected, strict=True):
        assert_array_equal(one.predict(X), other.predict(X))


def test_categories_and_names_of_a_data_frame():
    rng = np.random.default_rng(0)
    kinds = rng.choice(["ash", "birch", "cedar", "oak"], 800)
    X = pd.DataFrame({"kind": pd.Categorical(kinds), "size": rng.normal(size=800)})
    X.loc[::9, "size"] = np.nan
    y = np.isin(kinds, ["ash", "oak"]) ^ (rng.random(800) < 0.1)
    booster = AdaBoostClassifier(n_estimators=5).fit(X, y)
    assert booster.score(X, y) > 0.85
    assert_array_equal(booster.feature_names_in_, ["kind", "size"])
    assert_array_equal(booster[0].feature_names_in_, ["kind", "size"])
    numbers = AdaBoostClassifier(n_estimators=5).fit(X[["size"]], y)
    assert_array_equal(numbers[0].feature_names_in_, ["size"])
    with pytest.raises(ValueError, match="feature names should match"):
        numbers.predict(X[["kind"]])


def test_codes_and_sparse_tables_give_what_values_give():
    X, y, _ = data()
    X = np.where(X > 0, X, 0.0)
    expected = AdaBoostClassifier(n_estimators=9).fit(X, y)
    binned = Binner().fit(X).bin(X)
    for table in binned, sparse.csr_matrix(X), sparse.coo_matrix(X), X.tolist():
        booster = clone(expected).fit(table, y)
        assert_array_equal(booster.estimator_errors_, expected.estimator_errors_)
        for rows in X, table:
            assert_array_equal(booster.predict_proba(rows), expected.predict_proba(X))


def test_codes_of_another_binner_are_refused():
    X, y, _ = data()
    booster = AdaBoostClassifier(n_estimators=3).fit(X, y)
    with pytest.raises(ValueError, match="made by another Binner"):
        booster.predict(Binner(9).fit(X).bin(X))


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_whole_weights_are_repeated_rows_and_order_is_nothing(depth, n_classes):
    X, y, rng = data(600, n_classes)
    times = rng.integers(0, 4, len(y))
    booster = AdaBoostClassifier(
        HistTreeClassifier(max_depth=depth), n_estimators=20, random_state=0
    )
    weighted = clone(booster).fit(X, y, times).predict_proba(X)
    rows = np.repeat(np.arange(len(y)), times)
    assert_array_equal(clone(booster).fit(X[rows], y[rows]).predict_proba(X), weighted)
    order = rng.permutation(len(y))
    shuffled = clone(booster).fit(X[order], y[order], times[order])
    assert_array_equal(shuffled.predict_proba(X), weighted)


def test_a_perfect_member_is_the_last():
    X, y = np.arange(10.0)[:, None], np.arange(10) > 4
    booster = AdaBoostClassifier(n_estimators=6).fit(X, y)
    assert len(booster) == 1
    assert_array_equal(booster.estimator_weights_, [1, 0, 0, 0, 0, 0])
    assert_array_equal(booster.estimator_errors_, [0, 1, 1, 1, 1, 1])
    assert booster.score(X, y) == 1.0


def test_a_member_that_is_no_help_is_dropped():
    X, y = np.zeros((10, 1)), np.arange(10) > 3
    booster = AdaBoostClassifier(n_estimators=6).fit(X, y)
    # After one constant member both classes weigh the same.
    assert len(booster) == 1
    assert_allclose(booster.estimator_errors_[0], 0.4)
    assert_array_equal(booster.predict(X), np.ones(10, bool))


def test_of_one_class_there_is_nothing_to_learn():
    X = np.arange(6.0)[:, None]
    for split in "gini", "error":
        booster = AdaBoostClassifier(split=split).fit(X, np.full(6, "a"))
        assert_array_equal(booster.predict(X), np.full(6, "a"))
        assert_array_equal(booster.predict_proba(X), np.ones((6, 1)))
        assert_array_equal(booster.decision_function(X), np.zeros((6, 1)))


def test_a_fit_that_fails_leaves_the_last_one_as_it_was():
    X, y, _ = data(200)
    booster = AdaBoostClassifier(n_estimators=3).fit(X, y)
    before = booster.predict_proba(X)
    booster.set_params(estimator=DummyClassifier(strategy="constant", constant=0))
    with pytest.raises(ValueError, match="worse than random"):
        booster.fit(X, np.arange(len(y)) % 2)
    assert_array_equal(booster.predict_proba(X), before)


def test_pickles_clones_and_searches():
    X, y = load_iris(return_X_y=True)
    booster = AdaBoostClassifier(n_estimators=5, random_state=0).fit(X, y)
    assert len({member.random_state for member in booster}) == 5
    again = pickle.loads(pickle.dumps(booster))
    assert_array_equal(again.predict_proba(X), booster.predict_proba(X))
    assert_array_equal(again[2].predict(X), booster[2].predict(X))
    search = GridSearchCV(
        AdaBoostClassifier(HistTreeClassifier(), n_estimators=5),
        {"estimator__max_depth": [1, 2], "split": ["gini", "error"]},
    )
    assert search.fit(X, y).best_score_ > 0.9


def test_trees_that_would_need_much_memory_are_grown_one_by_one():
    X, y, _ = data(300, 5)
    wide = np.tile(X, (1, 60))
    member = HistTreeClassifier(max_depth=8)
    booster = AdaBoostClassifier(member, n_estimators=2).fit(wide, y)
    assert booster[0].get_depth() <= 8
    with pytest.raises(ValueError, match="split='error' is of stumps and shallow"):
        clone(booster).set_params(split="error").fit(np.tile(wide, (1, 9)), y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": 3}, "must be an object implementing 'fit' and 'predict' or Non"),
        ({"n_estimators": 0}, "n_estimators"),
        ({"n_estimators": 2.0}, "n_estimators"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": np.inf}, "learning_rate"),
        ({"algorithm": "SAMME"}, "algorithm"),
        ({"split": "entropy"}, "split"),
        ({"max_bins": 1}, "max_bins"),
        ({"max_bins": 256}, "max_bins"),
    ],
)
def test_parameters_that_are_wrong_whatever_the_data_are(options, message):
    X, y, _ = data(30)
    with pytest.raises(InvalidParameterError, match=message):
        AdaBoostClassifier(**options).fit(X, y)


@pytest.mark.parametrize(
    ("member", "split", "y", "message"),
    [
        (KNeighborsClassifier(), "gini", None, "KNeighborsClassifier doesn't support"),
        (GaussianNB(), "error", None, "split='error' is of stumps and shallow trees"),
        (
            DecisionTreeClassifier(max_depth=2, min_samples_leaf=3),
            "error",
            None,
            "split='error' is of stumps and shallow trees",
        ),
        (None, "gini", np.linspace(0, 1, 30), "Unknown label type: continuous"),
        (None, "gini", np.ones((30, 2)), "y should be a 1d array"),
        (None, "gini", np.full(30, np.nan), "Input y contains NaN"),
        (None, "gini", np.ones(29), "inconsistent numbers of samples"),
    ],
)
def test_data_and_parameters_that_contradict_one_another(member, split, y, message):
    X, labels, _ = data(30)
    booster = AdaBoostClassifier(member, split=split)
    with pytest.raises(ValueError, match=message):
        booster.fit(X, labels if y is None else y)
    with pytest.raises(NotFittedError):
        booster.predict(X)


def test_members_without_importances_have_none_together():
    X, y, _ = data(60)
    booster = AdaBoostClassifier(SVC(), n_estimators=2).fit(X, y)
    with pytest.raises(AttributeError, match="does not have a feature_importances_"):
        _ = booster.feature_importances_


def test_infinite_values_are_refused_before_the_first_round():
    X, y, _ = data(60)
    X[3, 2] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        AdaBoostClassifier().fit(X, y)


def test_a_learning_rate_that_lets_weights_overflow_is_told():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(UserWarning, match="reached infinite values, at iteration"):
        AdaBoostClassifier(n_estimators=30, learning_rate=23.0).fit(X, y)


def test_a_regressor_is_no_weak_learner_of_classes():
    X, y, _ = data(60)
    booster = AdaBoostClassifier(RandomForestRegressor(3), n_estimators=3)
    with pytest.raises(ValueError, match="RandomForestRegressor is a regressor"):
        booster.fit(X, y)


def test_frames_of_sparse_columns_are_predicted():
    X, y, _ = data(300)
    X = np.where(X > 0, X, 0.0)
    frame = pd.DataFrame(X).astype(pd.SparseDtype(float, 0.0))
    for depth in 1, 2:
        member = HistTreeClassifier(max_depth=depth)
        booster = AdaBoostClassifier(member, n_estimators=4).fit(frame, y)
        expected = AdaBoostClassifier(member, n_estimators=4).fit(X, y)
        assert_array_equal(booster.predict_proba(frame), expected.predict_proba(X))


@pytest.mark.parametrize("above", [-300.0, -1.0, 0.8])
def test_factors_as_large_as_floats_are_those_of_scikit_learn(above):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(250, 4))
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    (log_odds,) = theirs(n_estimators=1).fit(X, y).estimator_weights_
    options = {"n_estimators": 2, "learning_rate": (709.78 + above) / log_odds}
    expected = theirs(**options).fit(X, y)
    ours = AdaBoostClassifier(**options).fit(X, y)
    assert len(ours) == 2
    assert_allclose(ours.estimator_errors_[0], expected.estimator_errors_[0])
    # Rows that are right have next to nothing of the weight.
    assert_allclose(ours.estimator_errors_, expected.estimator_errors_, atol=1e-13)


def test_bins_are_as_many_as_wanted_and_weighed():
    X, y, rng = data(500)
    X = rng.normal(size=X.shape)
    weights = rng.integers(0, 2, len(y))
    for member in None, DecisionTreeClassifier(max_depth=1):
        booster = AdaBoostClassifier(member, n_estimators=2, max_bins=7)
        assert booster.fit(X, y)[0].binner_.n_bins_.tolist() == [7] * 6
        cuts = booster.fit(X, y, weights)[0].binner_.bin_thresholds_
        used = weights > 0
        for own, other in zip(
            cuts, Binner(7).fit(X[used]).bin_thresholds_, strict=True
        ):
            assert_array_equal(own, other)
    member = HistTreeClassifier(max_depth=1, max_bins=9)
    booster = AdaBoostClassifier(member, n_estimators=2, max_bins=7).fit(X, y)
    assert booster[0].binner_.n_bins_.tolist() == [9] * 6


def test_names_of_columns_come_with_their_codes():
    X, y, _ = data(200)
    frame = pd.DataFrame(X, columns=[*"abcdef"])
    binned = Binner().fit(frame).bin(frame)[:, [0, 2]]
    booster = AdaBoostClassifier(n_estimators=3).fit(binned, y)
    assert_array_equal(booster.feature_names_in_, ["a", "c"])
    expected = AdaBoostClassifier(n_estimators=3).fit(frame[["a", "c"]], y)
    own = booster.predict(frame[["a", "c"]])
    assert_array_equal(own, expected.predict(frame[["a", "c"]]))


def test_codes_are_refused_by_members_that_do_not_take_them():
    X, y, _ = data(100)
    binned = Binner().fit(X).bin(X)
    for booster in (
        AdaBoostClassifier(GaussianNB()),
        AdaBoostClassifier(max_bins=None),
        AdaBoostClassifier(DecisionTreeClassifier(min_samples_leaf=3)),
    ):
        with pytest.raises(ValueError, match="takes no codes, and X is a BinnedMatri"):
            booster.fit(binned, y)


def test_votes_of_many_members_take_no_more_memory_than_those_of_few():
    X, y, _ = data(3000)
    peaks = []
    for n_estimators in 4, 40:
        member = DecisionTreeClassifier(max_depth=1, min_samples_leaf=2)
        booster = AdaBoostClassifier(member, n_estimators=n_estimators).fit(X, y)
        assert len(booster) == n_estimators
        tracemalloc.start()
        booster.decision_function(X)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
