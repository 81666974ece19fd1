"""Draws that hold as many rows of each class."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from ensembles import BalancedBaggingClassifier, HistTreeClassifier
from ensembles.exceptions import InvalidParameterError

X, CODES = make_classification(
    600, 6, n_informative=4, n_classes=3, weights=[0.7, 0.22], random_state=0
)
Y = np.array(["many", "some", "few"])[CODES]
COUNTS = dict(zip(*np.unique(Y, return_counts=True), strict=True))
FEW = COUNTS["few"]


def drawn(bag, y=Y):
    """Rows of each label that each member saw."""
    return [
        {str(label): int(np.sum(y[rows] == label)) for label in np.unique(y)}
        for rows in bag.estimators_samples_
    ]


@pytest.mark.parametrize("bootstrap", [True, False])
@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("auto", {"few": FEW, "many": FEW, "some": FEW}),
        ("not minority", {"few": FEW, "many": FEW, "some": FEW}),
        ("all", {"few": FEW, "many": FEW, "some": FEW}),
        ("majority", {**COUNTS, "many": FEW}),
        ({"many": 60, "some": 50}, {"many": 60, "some": 50, "few": FEW}),
    ],
    ids=lambda value: value if isinstance(value, str) else "dict",
)
def test_every_member_sees_so_many_rows_of_each_class(strategy, expected, bootstrap):
    bag = BalancedBaggingClassifier(
        GaussianNB(),
        5,
        sampling_strategy=strategy,
        bootstrap=bootstrap,
        random_state=0,
    ).fit(X, Y)
    assert drawn(bag) == [expected] * 5
    assert bag.sampling_strategy_ == expected
    assert_array_equal(bag.inbag_counts_.sum(axis=1), sum(expected.values()))
    assert (bag.inbag_counts_.max() > 1) == bootstrap
    for rows, member in zip(bag.estimators_samples_, bag, strict=True):
        again = GaussianNB().fit(X[rows], np.searchsorted(bag.classes_, Y[rows]))
        assert_allclose(again.predict_proba(X), member.predict_proba(X))


def test_a_share_is_of_two_classes():
    two = Y != "some"
    bag = BalancedBaggingClassifier(n_estimators=2, sampling_strategy=0.5)
    bag.fit(X[two], Y[two])
    assert bag.sampling_strategy_ == {"few": FEW, "many": 2 * FEW}
    bag.set_params(sampling_strategy=0.001).fit(X[two], Y[two])
    assert bag.sampling_strategy_ == {"few": FEW, "many": COUNTS["many"]}
    with pytest.raises(ValueError, match="is for two classes, and y has 3"):
        bag.fit(X, Y)


def test_the_rare_class_is_found():
    plain = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X[:300], Y[:300])
    bag = BalancedBaggingClassifier(clone(plain), 30, random_state=0)
    bag.fit(X[:300], Y[:300])
    rare = Y[300:] == "few"
    found = np.mean(bag.predict(X[300:])[rare] == "few")
    assert found > np.mean(plain.predict(X[300:])[rare] == "few") + 0.1


def test_rows_left_out_are_those_that_members_did_not_see():
    bag = BalancedBaggingClassifier(
        GaussianNB(), 40, oob_score="balanced_accuracy", random_state=0
    ).fit(X, Y)
    outside = bag.inbag_counts_ == 0
    members = bag.predict_members(X)
    expected = np.stack([members[outside[:, i], i].mean(axis=0) for i in range(600)])
    assert_allclose(bag.oob_decision_function_, expected)
    assert bag.oob_score_ > 0.6
    assert bag.predict_set(X).any(axis=1).all()
    with pytest.raises(ValueError, match="only available if bootstrap=True"):
        bag.set_params(bootstrap=False).fit(X, Y)


def test_weights_are_chances_within_a_class():
    weights = np.where(X[:, 0] > 0, 1.0, 0.0)
    bag = BalancedBaggingClassifier(GaussianNB(), 4, random_state=0)
    bag.fit(X, Y, sample_weight=weights)
    assert bag.inbag_counts_[:, weights == 0].sum() == 0
    assert len(set(bag.sampling_strategy_.values())) == 1
    gone = np.where(Y == "some", 0.0, 1.0)
    bag.fit(X, Y, sample_weight=gone)
    assert bag.sampling_strategy_ == {"few": FEW, "many": FEW, "some": 0}
    assert list(bag.classes_) == ["few", "many", "some"]


def test_seeds_workers_warm_starts_and_columns():
    params = {"max_features": 0.5, "random_state": 0}
    bag = BalancedBaggingClassifier(LogisticRegression(), 6, **params).fit(X, Y)
    assert {len(columns) for columns in bag.estimators_features_} == {3}
    again = clone(bag).fit(X, Y)
    assert_array_equal(again.predict_proba(X), bag.predict_proba(X))
    warm = BalancedBaggingClassifier(
        LogisticRegression(), 3, warm_start=True, **params
    ).fit(X, Y)
    warm.set_params(n_estimators=6).fit(X, Y)
    assert_array_equal(warm.predict_proba(X), bag.predict_proba(X))
    assert_array_equal(warm.inbag_counts_, bag.inbag_counts_)


def test_trees_may_be_binned():
    bag = BalancedBaggingClassifier(n_estimators=3, engine="hist", random_state=0)
    assert isinstance(bag.fit(X, Y)[0], HistTreeClassifier)
    assert bag.score(X, Y) > 0.6


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"sampling_strategy": "smote"}, InvalidParameterError, "'auto', 'majority'"),
        ({"sampling_strategy": 0.0}, InvalidParameterError, "sampling_strategy"),
        ({"sampling_strategy": {"none": 3}}, ValueError, "labels of y"),
        ({"sampling_strategy": {"many": 0}}, ValueError, "at least one"),
        (
            {"sampling_strategy": {"few": 10_000}, "bootstrap": False},
            ValueError,
            "ask for fewer",
        ),
        ({"n_estimators": 0}, InvalidParameterError, "n_estimators"),
    ],
    ids=["word", "zero", "label", "none", "too many", "members"],
)
def test_wrong_parameters_are_named(params, error, match):
    with pytest.raises(error, match=match):
        BalancedBaggingClassifier(GaussianNB(), **params).fit(X, Y)


def test_several_outputs_are_an_error():
    with pytest.raises(ValueError, match="balances the classes of one output"):
        BalancedBaggingClassifier().fit(X, np.column_stack([CODES, CODES]))
