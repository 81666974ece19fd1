"""Boosters on histograms predict what scikit-learn's do, where no splits are tied."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from ensembles import HistBoostingClassifier, HistBoostingRegressor

# Gradients are floats of 32 bits there.
TOLERANCE = 1e-6


def data(n=1500):
    """Fewer distinct values than bins, a smooth target, positive noise."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 100, (n, 5)).astype(float)
    signal = np.sin(X[:, 0] / 9) + X[:, 1] * X[:, 2] / 3000 + (X[:, 3] > 50)
    return X, signal + 0.3 * rng.normal(size=n), rng


def with_missing(X, rng):
    X = X.copy()
    X[rng.random(X.shape) < 0.1] = np.nan
    return X


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("squared_error", {}),
        ("squared_error", {"max_depth": 3, "l2_regularization": 2.0}),
        ("squared_error", {"max_leaf_nodes": None, "max_depth": 4}),
        ("absolute_error", {}),
        ("quantile", {"quantile": 0.3}),
        ("poisson", {}),
        ("gamma", {}),
    ],
)
def test_values_are_those_of_hist_gradient_boosting(loss, options):
    X, y, rng = data()
    y = y - y.min() + 0.1
    # Gradients of one size, as of absolute errors, have splits that gain the same.
    weights = rng.uniform(0.5, 2.0, len(y))
    options = {"loss": loss, "max_iter": 20, **options}
    expected = HistGradientBoostingRegressor(**options).fit(X, y, weights).predict(X)
    ours = HistBoostingRegressor(sums="exact", **options).fit(X, y, weights).predict(X)
    assert_allclose(ours, expected, rtol=TOLERANCE)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_those_of_hist_gradient_boosting(n_classes):
    X, y, _ = data()
    y = np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))
    options = {"max_iter": 15, "max_leaf_nodes": 15}
    expected = HistGradientBoostingClassifier(**options).fit(X, y).predict_proba(X)
    ours = HistBoostingClassifier(sums="exact", **options).fit(X, y).predict_proba(X)
    assert_allclose(ours, expected, atol=TOLERANCE)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"categorical_features": [4]},
        {"monotonic_cst": [1, 0, 0, -1, 0]},
        {"interaction_cst": [[0, 1], [1, 2, 3, 4]]},
    ],
)
def test_missing_values_categories_and_constraints_are_used_alike(options):
    X, y, rng = data()
    X[:, 4] //= 5
    y = y + np.isin(X[:, 4], [2, 3, 7, 11, 18])
    X = with_missing(X, rng)
    options = {"max_iter": 15, **options}
    expected = HistGradientBoostingRegressor(**options).fit(X, y).predict(X)
    booster = HistBoostingRegressor(sums="exact", categorical_smoothing=0.0, **options)
    ours = booster.fit(X, y).predict(X)
    assert_allclose(ours, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("depth", [1, 3])
def test_values_are_those_of_gradient_boosting(depth):
    X, y, _ = data()
    exact = GradientBoostingRegressor(n_estimators=30, max_depth=depth)
    ours = HistBoostingRegressor(
        max_iter=30, max_depth=depth, max_leaf_nodes=None, min_samples_leaf=1,
        sums="exact",
    )  # fmt: skip
    expected = exact.fit(X, y).predict(X)
    assert_allclose(ours.fit(X, y).predict(X), expected, rtol=1e-12, atol=1e-12)


def test_packed_sums_predict_as_well_as_exact_ones():
    X, y, _ = data(6000)
    X, X_test, y, y_test = X[:3000], X[3000:], y[:3000], y[3000:]
    scores = [
        HistBoostingRegressor(sums=sums).fit(X, y).score(X_test, y_test)
        for sums in ("packed", "exact")
    ]
    assert abs(scores[0] - scores[1]) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["normal", "heavy"])
def test_more_than_a_million_rows_lose_nothing_to_whole_numbers(noise):
    n = 1_200_000
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6))
    signal = X[:, 0] + np.sin(2 * X[:, 1]) + (X[:, 2] > 0.3) * X[:, 3]
    # Of three degrees of freedom: the largest of a million is hundreds of times the
    # standard deviation.
    drawn = rng.normal(size=n) if noise == "normal" else rng.standard_t(3, size=n)
    y, is_new = signal + drawn, np.arange(n) >= 1_100_000
    losses = {}
    options = {"max_iter": 50, "early_stopping": False, "random_state": 0}
    boosters = {
        "packed": HistBoostingRegressor(sums="packed", **options),
        "auto": HistBoostingRegressor(**options),
        "exact": HistBoostingRegressor(sums="exact", **options),
        "scikit-learn": HistGradientBoostingRegressor(**options),
    }
    for name, booster in boosters.items():
        predicted = booster.fit(X[~is_new], y[~is_new]).predict(X[is_new])
        losses[name] = np.mean((predicted - signal[is_new]) ** 2)
    # Squared distances from the signal, about 0.013, which noise does not blur. Trees
    # of which one split differs are apart by 2 % of it, for better or worse.
    assert_allclose(losses["auto"], losses["exact"], rtol=0.06)
    assert_allclose(losses["packed"], losses["exact"], rtol=0.1)
    assert losses["auto"] < 1.05 * losses["scikit-learn"]
