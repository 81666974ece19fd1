"""Boosters of quantiles: order, coverage, calibration, levels between, errors."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.metrics import mean_pinball_loss

from ensembles import HistBoostingRegressor, QuantileBoostingRegressor
from ensembles.exceptions import InvalidParameterError

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def truth(X):
    """Skewed, with a spread that depends on the features."""
    return stats.expon(X[:, 0], np.exp(0.8 * X[:, 1]))


def drawn(n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.5, 1.5, size=(n, 4))
    return X, truth(X).rvs(random_state=rng)


def booster(quantiles=LEVELS, **options):
    return QuantileBoostingRegressor(quantiles, **{"random_state": 0, **options})


def test_quantiles_never_cross_at_ten_thousand_random_points():
    """Far outside the training rows too, and in no stage; trees alone do cross."""
    X, y = make_friedman1(800, noise=3.0, random_state=0)
    levels = np.linspace(0.05, 0.95, 19)
    model = booster(levels, max_iter=40).fit(X, y)
    points = np.random.default_rng(1).normal(scale=3.0, size=(10_000, X.shape[1]))
    by_trees = model._raw_of_binned(model._binned_to_send(points))
    assert (np.diff(by_trees, axis=1) < 0.0).any(axis=1).mean() > 0.1
    assert (np.diff(model.predict_quantiles(points), axis=1) >= 0.0).all()
    for stage in model.staged_predict_quantiles(points):
        assert (np.diff(stage, axis=1) >= 0.0).all()
    between = model.predict_quantiles(points, np.linspace(0.05, 0.95, 37))
    assert (np.diff(between, axis=1) >= -1e-12).all()


def test_quantiles_and_intervals_cover_rows_held_out():
    """Within three points, of 20,000 rows; their standard error is 0.35 points."""
    X, y = drawn(6000)
    X_test, y_test = drawn(20_000, seed=1)
    model = booster().fit(X, y)
    shares = (y_test[:, None] <= model.predict_quantiles(X_test)).mean(axis=0)
    assert_allclose(shares, LEVELS, atol=0.03)
    for level, expected in (None, 0.9), (0.9, 0.9), (0.5, 0.5):
        low, high = model.predict_interval(X_test, level).T
        assert abs(((low <= y_test) & (y_test <= high)).mean() - expected) < 0.03


def test_quantiles_are_near_the_true_ones():
    X, y = drawn(6000)
    X_test, _ = drawn(5000, seed=1)
    found = booster().fit(X, y).predict_quantiles(X_test)
    for k, level in enumerate(LEVELS):
        true = truth(X_test).ppf(level)
        spread = np.std(true) + np.mean(truth(X_test).std())
        assert np.mean(np.abs(found[:, k] - true)) < 0.15 * spread


def test_one_fit_is_no_worse_than_a_fit_for_each():
    X, y = drawn(3000)
    X_test, y_test = drawn(5000, seed=1)
    options = {"max_iter": 60, "max_leaf_nodes": 8, "early_stopping": False}
    found = booster(**options).fit(X, y).predict_quantiles(X_test)
    losses = []
    for k, level in enumerate(LEVELS):
        one = HistBoostingRegressor("quantile", quantile=level, **options).fit(X, y)
        ours, theirs = (
            mean_pinball_loss(y_test, prediction, alpha=level)
            for prediction in (found[:, k], one.predict(X_test))
        )
        losses.append((ours, theirs))
    ours, theirs = np.sum(losses, axis=0)
    assert ours <= theirs + 1e-12


def test_rows_set_aside_mend_coverage():
    """Quantiles of many rounds lie too close together."""
    X, y = make_friedman1(1500, noise=2.0, random_state=0)
    X_test, y_test = make_friedman1(5000, noise=2.0, random_state=1)
    shares, losses = [], []
    for calibrate in False, True:
        model = booster(calibrate=calibrate, validation_fraction=0.2).fit(X, y)
        assert model.calibration_.any() == calibrate
        low, high = model.predict_interval(X_test).T
        shares.append(((low <= y_test) & (y_test <= high)).mean())
        losses.append(model.pinball_loss(X_test, y_test))
    assert shares[0] < 0.86 < shares[1] < 0.93
    assert losses[1] < losses[0]


def test_a_row_set_aside_moves_nothing_far():
    X, y = drawn(300)
    model = booster(validation_fraction=1, max_iter=20).fit(X, y)
    assert np.abs(model.calibration_).max() < 0.1 * np.std(y)


def test_weights_count_as_rows():
    """Without rows set aside; of zero ones, as if they were not there."""
    X, y = drawn(400)
    weights = np.ones(400)
    weights[::3] = 0.0
    options = {"early_stopping": False, "max_iter": 15}
    one = booster(**options).fit(X, y, weights)
    other = booster(**options).fit(X[weights > 0], y[weights > 0])
    assert_array_equal(one.predict_quantiles(X), other.predict_quantiles(X))
    weighted = booster().fit(X, y, np.random.default_rng(0).uniform(0.5, 2.0, 400))
    assert weighted.calibration_.any()


def test_rows_set_aside_count_by_their_weights():
    X, y = drawn(700)
    X, X_val, y, y_val = X[:500], X[500:], y[:500], y[500:]
    y_val = np.where(np.arange(200) < 100, 50.0, y_val)
    told = {"X_val": X_val, "y_val": y_val}
    options = {"max_iter": 10}
    half = np.where(np.arange(200) < 100, 0.0, 1.0)
    one = booster(**options).fit(X, y, **told, sample_weight_val=half)
    other = booster(**options).fit(X, y, X_val=X_val[100:], y_val=y_val[100:])
    assert_array_equal(one.calibration_, other.calibration_)
    uneven = np.where(np.arange(200) < 100, 0.01, 1.0)
    weighted = booster(**options).fit(X, y, **told, sample_weight_val=uneven)
    plain = booster(**options).fit(X, y, **told)
    assert weighted.calibration_[-1] < 0.5 * plain.calibration_[-1]
    heavy = np.full(200, 1e-9)
    heavy[0] = 1.0  # one row in effect
    alone = booster(**options).fit(X, y, **told, sample_weight_val=heavy)
    assert alone.calibration_[-1] < 0.1 * np.ptp(y)


def test_units_of_targets_and_weights_do_not_matter():
    X, y = drawn(600)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 600)
    one = booster().fit(X, y, weights)
    for unit in 2.0**-30, 2.0**30:
        other = booster().fit(X, y * unit, weights)
        assert other.n_iter_ == one.n_iter_
        found = other.predict_quantiles(X) / unit
        assert_allclose(found, one.predict_quantiles(X), rtol=1e-9)
        other = booster().fit(X, y, weights * unit)
        assert_allclose(other.predict_quantiles(X), one.predict_quantiles(X), rtol=1e-9)


def test_scorers_judge_quantiles_in_order():
    """By name, which are told known raw predictions, as by a function of the user's."""
    X, y = make_friedman1(300, noise=3.0, random_state=0)
    levels = (0.4, 0.45, 0.5, 0.55, 0.6)
    options = {"min_samples_leaf": 5, "max_iter": 20, "n_iter_no_change": 50}
    named, own = (
        booster(levels, scoring=scoring, **options).fit(X, y).validation_score_
        for scoring in ("neg_mean_absolute_error", _minus_absolute_error)
    )
    assert_allclose(named, own, rtol=1e-12)


def _minus_absolute_error(model, X, y):
    return -np.mean(np.abs(model.predict(X) - y))


def test_a_fit_that_fails_leaves_the_last_one():
    X, y = drawn(300)
    model = booster((0.5, 0.9), max_iter=5).fit(X, y)
    before = model.predict_quantiles(X, 0.9)
    with pytest.raises(ValueError, match=r"Negative values"):
        model.set_params(quantiles=(0.1, 0.5, 0.9)).fit(X, y, -np.ones(300))
    assert_array_equal(model.predict_quantiles(X, 0.9), before)


def test_levels_between_are_interpolated():
    X, y = drawn(500)
    model = booster((0.2, 0.4, 0.8), max_iter=10).fit(X, y)
    found = model.predict_quantiles(X)
    asked = model.predict_quantiles(X, (0.2, 0.3, 0.7, 0.8))
    assert_allclose(asked[:, [0, 3]], found[:, [0, 2]])
    assert_allclose(asked[:, 1], 0.5 * (found[:, 0] + found[:, 1]))
    assert_allclose(asked[:, 2], 0.25 * found[:, 1] + 0.75 * found[:, 2])
    assert_allclose(model.predict(X), 0.75 * found[:, 1] + 0.25 * found[:, 2])
    assert model.predict_quantiles(X, 0.3).shape == (500,)
    for levels in 0.1, (0.3, 0.9):
        with pytest.raises(ValueError, match=r"lie beyond those that were fitted"):
            model.predict_quantiles(X, levels)
    with pytest.raises(ValueError, match=r"lie beyond those that were fitted"):
        model.predict_interval(X, 0.9)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_single_quantile_is_what_is_predicted(level):
    X, y = drawn(400)
    model = booster([level], max_iter=10).fit(X, y)
    assert_array_equal(model.predict(X), model.predict_quantiles(X)[:, 0])
    assert_array_equal(model.predict_interval(X)[:, 0], model.predict(X))


def test_all_quantiles_keep_to_trends():
    X, y = drawn(1000)
    model = booster(monotonic_cst=[1, 0, 0, 0], max_iter=40).fit(X, y)
    points = np.repeat(X[:50], 21, axis=0)
    points[:, 0] = np.tile(np.linspace(-2.0, 2.0, 21), 50)
    found = model.predict_quantiles(points).reshape(50, 21, len(LEVELS))
    assert (np.diff(found, axis=1) >= 0.0).all()
    assert (np.diff(found, axis=1) > 0.0).any()


def test_a_warm_start_keeps_its_quantiles():
    X, y = drawn(400)
    options = {"early_stopping": False, "warm_start": True}
    parts = booster(max_iter=5, **options).fit(X, y).set_params(max_iter=12).fit(X, y)
    whole = booster(max_iter=12, early_stopping=False).fit(X, y)
    assert_array_equal(parts.predict_quantiles(X), whole.predict_quantiles(X))
    with pytest.raises(ValueError, match=r"quantiles=\(0\.5,\) .* warm_start=False"):
        parts.set_params(quantiles=(0.5,)).fit(X, y)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_threads_do_not_change_bits(n_jobs):
    X, y = drawn(500)
    one = booster(max_iter=8, subsample=0.5).fit(X, y)
    other = clone(one).set_params(n_jobs=n_jobs).fit(X, y)
    assert_array_equal(one.predict_quantiles(X), other.predict_quantiles(X))


def test_pickles_predict_the_same():
    X, y = drawn(300)
    model = booster(max_iter=5).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_quantiles(X), model.predict_quantiles(X))


def test_pinball_losses_are_those_of_scikit_learn():
    X, y = drawn(300)
    model = booster(max_iter=5).fit(X, y)
    found = model.predict_quantiles(X)
    weights = np.random.default_rng(0).uniform(size=len(y))
    theirs = [
        mean_pinball_loss(y, found[:, k], alpha=level, sample_weight=weights)
        for k, level in enumerate(LEVELS)
    ]
    assert_allclose(model.pinball_loss(X, y, weights), np.mean(theirs))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.pinball_loss(X, y[:-1])


@pytest.mark.parametrize(
    "quantiles",
    [
        (),
        0.5,
        (0.5, 0.5),
        (0.9, 0.1),
        (0.0, 0.5),
        (0.5, 1.0),
        (0.1, np.nan),
        ("a", "b"),
        None,
        [[0.1, 0.9]],
        [[0.1, 0.2], [0.3]],
    ],
    ids=str,
)
def test_levels_are_checked(quantiles):
    X, y = drawn(60)
    message = r"'quantiles' parameter of QuantileBoostingRegressor .* ascending order"
    with pytest.raises(InvalidParameterError, match=message):
        booster(quantiles).fit(X, y)


def test_unfitted_boosters_say_so():
    X, y = drawn(10)
    for ask in (
        lambda: booster().predict(X),
        lambda: booster().predict_interval(X),
        lambda: booster().pinball_loss(X, y),
        lambda: next(booster().staged_predict_quantiles(X)),
    ):
        with pytest.raises(NotFittedError):
            ask()
