"""Trees of scikit-learn that share a cast, and take its rows without a check."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    BlendClassifier,
    VotingClassifier,
)
from ensembles._ensemble._casting import TrustingTree, is_finite

X, Y = make_classification(300, 6, random_state=0)
TREE = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, Y)
SINGLE = X.astype(np.float32)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "apply"])
def test_a_tree_that_trusts_says_what_it_says(method):
    trusting = TrustingTree(TREE)
    assert_array_equal(getattr(trusting, method)(SINGLE), getattr(TREE, method)(X))
    copy = pickle.loads(pickle.dumps(trusting))
    assert_array_equal(getattr(copy, method)(SINGLE), getattr(TREE, method)(X))
    assert_array_equal(trusting.classes_, TREE.classes_)


def test_a_tree_of_values_has_no_probabilities_when_it_trusts():
    tree = TrustingTree(DecisionTreeRegressor().fit(X, X[:, 0]))
    assert not hasattr(tree, "predict_proba")
    assert_array_equal(tree.predict(SINGLE), tree.tree.predict(X))


def test_rows_are_trusted_where_they_are_surely_finite():
    assert is_finite(SINGLE)
    largest = np.finfo(np.float32).max
    for value in (np.nan, np.inf, -np.inf):
        assert not is_finite(np.array([[1, value, -value]], dtype=np.float32))
    assert not is_finite(np.array([[largest, largest]], dtype=np.float32))
    assert is_finite(np.array([[largest, 1]], dtype=np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_what_trees_refuse_is_refused(value):
    bag = BaggingClassifier(n_estimators=3, random_state=0).fit(X, Y)
    voter = VotingClassifier([("a", TREE), ("b", TREE)], voting="soft").fit(X, Y)
    wrong = X.copy()
    wrong[7, 2] = value
    if np.isnan(value):
        assert_array_equal(bag.predict(wrong)[8:], bag.predict(X)[8:])
    for ensemble in (bag, voter):
        if not np.isnan(value):
            with pytest.raises(ValueError, match=r"contains infinity or a value too"):
                ensemble.predict(wrong)


def test_rows_too_large_to_add_up_are_predicted_as_trees_do():
    large = X * 1e36
    bag = BaggingRegressor(n_estimators=3, random_state=0).fit(large, Y)
    wanted = np.mean([tree.predict(large) for tree in bag], axis=0)
    assert_array_equal(bag.predict(large), wanted)


@pytest.mark.parametrize("kind", ["vote", "bag", "blend"])
def test_columns_of_a_frame_are_those_of_the_fit(kind):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    pair = [("a", DecisionTreeClassifier(max_depth=3)), ("b", TREE)]
    ensemble = {
        "vote": VotingClassifier(pair, voting="soft"),
        "bag": BaggingClassifier(n_estimators=3),
        "blend": BlendClassifier(pair, cv=2),
    }[kind].fit(frame, Y)
    assert len(ensemble.predict(frame)) == len(X)
    for wrong in (frame[list("fedcba")], frame.rename(columns={"a": "z"})):
        with pytest.raises(ValueError, match=r"feature names should match"):
            ensemble.predict(wrong)
        with pytest.raises(ValueError, match=r"feature names should match"):
            ensemble.predict_proba(wrong)
