"""With few values a column, the trees of scikit-learn, but for equal splits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles.trees import HistTreeClassifier, HistTreeRegressor

LIMITS = [
    {},
    {"max_depth": 4},
    {"min_samples_split": 0.1},
    {"min_samples_leaf": 5},
    {"min_samples_leaf": 0.02},
    {"min_weight_fraction_leaf": 0.05},
    {"max_leaf_nodes": 10},
    {"min_impurity_decrease": 0.01},
    {"ccp_alpha": 0.01},
    {"max_depth": 6, "min_samples_leaf": 3, "max_leaf_nodes": 20},
]
every_limit = pytest.mark.parametrize("limit", LIMITS, ids=str)


def grid_data(seed, n_features=4):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 500))
    X = np.round(rng.normal(size=(n, n_features)) * rng.choice([2, 20]))
    y = X[:, 0] + np.abs(X[:, -1]) + rng.normal(size=n)
    return X, y, rng


def agrees(ours, theirs, X, y, rtol=1e-9, **weights):
    """Whether predictions agree, if need be with another choice of equal splits."""
    method = "predict_proba" if hasattr(theirs, "predict_proba") else "predict"
    seen = weights.get("sample_weight", np.ones(len(X))) > 0
    got = getattr(ours.fit(X, y, **weights), method)(X[seen])
    for seed in range(25):
        other = theirs.set_params(random_state=seed).fit(X, y, **weights)
        expected = getattr(other, method)(X[seen])
        if np.allclose(got, expected, rtol=rtol, atol=rtol / 100):
            return True
    return False


@every_limit
@pytest.mark.parametrize("criterion", ["squared_error", "poisson"])
def test_values(limit, criterion):
    """Gains of values are never equal but by chance, so every tree must agree."""
    for seed in range(6):
        X, y, _ = grid_data(seed)
        y = y - y.min() + 0.01 if criterion == "poisson" else y
        ours = HistTreeRegressor(criterion=criterion, **limit)
        theirs = DecisionTreeRegressor(criterion=criterion, **limit)
        assert agrees(ours, theirs, X, y), seed


@every_limit
@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_classes(limit, criterion, n_classes):
    """Small nodes have equal splits: one feature, of which both take the first cut."""
    agreed = 0
    for seed in range(6):
        X, y, _ = grid_data(seed, n_features=1 if seed % 2 else 3)
        y = np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))
        ours = HistTreeClassifier(criterion=criterion, **limit)
        theirs = DecisionTreeClassifier(criterion=criterion, **limit)
        agreed += agrees(ours, theirs, X, y)
    assert agreed >= 4


@every_limit
def test_several_outputs(limit):
    X, y, rng = grid_data(4)
    Y = np.column_stack([y, X[:, 2] + rng.normal(size=len(y))])
    assert agrees(HistTreeRegressor(**limit), DecisionTreeRegressor(**limit), X, Y)


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e150])
def test_the_scale_of_values_does_not_matter(scale):
    X, y, _ = grid_data(4)
    plain = HistTreeRegressor(max_depth=6).fit(X, y)
    scaled = HistTreeRegressor(max_depth=6).fit(X, y * scale)
    assert_array_equal(plain.apply(X), scaled.apply(X))
    assert_allclose(scaled.predict(X) / scale, plain.predict(X), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["whole", "fractions"])
@pytest.mark.parametrize("min_samples_leaf", [1, 4])
def test_weights(kind, min_samples_leaf):
    for seed in range(6):
        X, y, rng = grid_data(seed)
        w = rng.integers(0, 4, len(y)) if kind == "whole" else rng.random(len(y))
        limit = {"min_samples_leaf": min_samples_leaf, "max_depth": 5}
        for ours, theirs, target in (
            (HistTreeRegressor(**limit), DecisionTreeRegressor(**limit), y),
            (HistTreeClassifier(**limit), DecisionTreeClassifier(**limit), y > 2),
        ):
            assert agrees(ours, theirs, X, target, sample_weight=w.astype(float))


def test_missing_values():
    for seed in range(8):
        X, y, rng = grid_data(seed)
        X[rng.random(X.shape) < 0.2] = np.nan
        ours, theirs = (
            HistTreeRegressor(max_depth=5),
            DecisionTreeRegressor(max_depth=5),
        )
        assert agrees(ours, theirs, X, y), seed


@pytest.mark.parametrize("trend", [[1, 0, 0, 0], [1, -1, 0, 1]])
def test_monotone_features(trend):
    limit = {"max_depth": 5, "monotonic_cst": trend}
    for seed in range(6):
        X, y, _ = grid_data(seed)
        # Bounds are read off sums on the grid of words.
        pair = HistTreeRegressor(**limit), DecisionTreeRegressor(**limit)
        assert agrees(*pair, X, y, rtol=1e-6), seed
        pair = HistTreeClassifier(**limit), DecisionTreeClassifier(**limit)
        assert agrees(*pair, X, y > 3), seed


def test_what_is_read_off_the_tree():
    X, y, _ = grid_data(4)
    ours = HistTreeRegressor(max_depth=3).fit(X, y)
    theirs = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
    assert_allclose(ours.feature_importances_, theirs.feature_importances_, rtol=1e-9)
    assert ours.get_depth() == theirs.get_depth()
    assert ours.get_n_leaves() == theirs.get_n_leaves()
    a, b = ours.tree_, theirs.tree_
    assert a.node_count == b.node_count
    for name in ("n_node_samples", "impurity", "weighted_n_node_samples"):
        mine, their = np.sort(getattr(a, name)), np.sort(getattr(b, name))
        assert_allclose(mine, their, rtol=1e-9, atol=1e-12)
    assert_allclose(np.sort(a.value.ravel()), np.sort(b.value.ravel()))
    assert_array_equal(np.sort(a.feature), np.sort(b.feature))


def test_the_pruning_path():
    X, y, _ = grid_data(4)
    for ours, theirs, target in (
        (HistTreeRegressor(), DecisionTreeRegressor(random_state=0), y),
        (HistTreeClassifier(), DecisionTreeClassifier(random_state=0), y > 4),
    ):
        got = ours.cost_complexity_pruning_path(X[:, :1], target)
        expected = theirs.cost_complexity_pruning_path(X[:, :1], target)
        assert_allclose(got.ccp_alphas[-5:], expected.ccp_alphas[-5:])
        assert_allclose(got.impurities[-5:], expected.impurities[-5:])
