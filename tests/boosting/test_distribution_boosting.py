"""Boosters of distributions: coverage, natural steps, calibration, stages, errors."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from ensembles import DistributionBoostingRegressor, HistBoostingRegressor
from ensembles.exceptions import InvalidParameterError
from ensembles.losses import DistributionLoss, NormalLoss, StudentLoss

NAMES = ("normal", "lognormal", "laplace", "student", "poisson", "negative_binomial")
of_each = pytest.mark.parametrize("name", NAMES)


def parameters_of(name, X):
    """Location or mean, and spread, of rows."""
    location, scale = X[:, 0] + 0.5 * X[:, 1], np.exp(0.8 * X[:, 2] - 0.5)
    return {
        "normal": lambda: stats.norm(location, scale),
        "lognormal": lambda: stats.lognorm(scale, scale=np.exp(location)),
        "laplace": lambda: stats.laplace(location, scale),
        "student": lambda: stats.t(3.0, location, scale),
        "poisson": lambda: stats.poisson(np.exp(location + 1.0)),
        "negative_binomial": lambda: stats.nbinom(
            1.0 / scale, 1.0 / (1.0 + scale * np.exp(location + 1.0))
        ),
    }[name]()


def drawn(name, n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.5, 1.5, size=(n, 4))
    return X, np.asarray(parameters_of(name, X).rvs(random_state=rng), dtype=float)


def booster(name="normal", **options):
    return DistributionBoostingRegressor(name, **{"random_state": 0, **options})


def heights(frozen, y, rng):
    """Cumulative probabilities of targets: uniform where distributions are right.

    Of counts a random number between those below and at the count.
    """
    if not isinstance(frozen.dist, stats.rv_discrete):
        return frozen.cdf(y)
    below = frozen.cdf(y - 1.0)
    return below + rng.uniform(size=len(y)) * (frozen.cdf(y) - below)


@of_each
def test_distributions_are_calibrated_on_rows_held_out(name):
    """Shares below nine levels within three points, and of intervals as well.

    Of 20,000 rows, with a standard error of 0.35 points.
    """
    X, y = drawn(name, 4000)
    X_test, y_test = drawn(name, 20_000, seed=1)
    model = booster(name).fit(X, y)
    below = heights(model.predict_dist(X_test), y_test, np.random.default_rng(2))
    levels = np.arange(0.1, 1.0, 0.1)
    shares = (below[:, None] <= levels).mean(axis=0)
    assert_allclose(shares, levels, atol=0.03)
    for level in 0.5, 0.9:
        low, high = model.predict_interval(X_test, level).T
        covered = ((low <= y_test) & (y_test <= high)).mean()
        if name in ("poisson", "negative_binomial"):  # no count has just that share
            assert covered > level - 0.03
        else:
            assert abs(covered - level) < 0.03


@of_each
def test_distributions_are_nearly_as_likely_as_the_true_ones(name):
    X, y = drawn(name, 4000)
    X_test, y_test = drawn(name, 20_000, seed=1)
    model = booster(name).fit(X, y)
    true = parameters_of(name, X_test)
    is_count = isinstance(true.dist, stats.rv_discrete)
    best = (true.logpmf(y_test) if is_count else true.logpdf(y_test)).mean()
    loss = model._loss
    constant = loss.initial_value(y, None) * np.ones((len(y_test), loss.n_raw))
    constant = constant[:, 0] if loss.n_raw == 1 else constant
    worst = loss.log_likelihood(y_test, constant).mean()
    ours = model.log_likelihood(X_test, y_test)
    assert worst < best
    assert ours > best - 0.25 * (best - worst)


def test_spreads_follow_the_features():
    X, y = drawn("normal", 4000)
    X_test, _ = drawn("normal", 5000, seed=1)
    found = booster().fit(X, y).predict_dist(X_test).std()
    true = parameters_of("normal", X_test).std()
    assert np.corrcoef(np.log(found), np.log(true))[0, 1] > 0.95


@of_each
def test_units_of_the_target_do_not_matter(name):
    """No limit on hessians or values depends on them."""
    if name in ("poisson", "negative_binomial"):
        return
    X, y = drawn(name, 600)
    options = {"max_iter": 20, "l2_regularization": 3.0}
    one = booster(name, **options).fit(X, y).predict_interval(X)
    other = booster(name, **options).fit(X, y * 2.0**20).predict_interval(X)
    assert_allclose(other / 2.0**20, one, rtol=1e-4, atol=1e-4)


def test_weights_in_any_unit_are_the_same():
    X, y = drawn("normal", 600)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    options = {"max_iter": 20, "early_stopping": False}
    one = booster(**options).fit(X, y, weights).predict_dist(X).std()
    other = booster(**options).fit(X, y, weights * 2.0**-30).predict_dist(X).std()
    assert_allclose(one, other, rtol=1e-10)


def test_a_round_is_a_step_of_fisher_scoring():
    """In each leaf, worked out by hand, for both parameters."""
    X, y = drawn("normal", 500)
    model = booster(
        max_iter=1, learning_rate=1.0, early_stopping=False, max_leaf_nodes=4
    ).fit(X, y)
    mean, log_std = model.initial_value_
    assert_allclose([mean, log_std], [y.mean(), np.log(y.std())])
    far = (y - mean) / np.exp(log_std)
    found = model.predict_dist(X)
    location, log_scale = found.mean(), np.log(found.std())
    for value in np.unique(location):
        assert_allclose(value, y[location == value].mean(), rtol=1e-9)
    assert len(np.unique(log_scale)) == 4
    for value in np.unique(log_scale):
        step = 0.5 * (np.mean(far[log_scale == value] ** 2) - 1.0)
        best = np.sign(step) * 0.5 * np.log1p(2.0 * abs(step))
        assert_allclose(value - log_std, best, rtol=1e-9)


def test_noisy_rows_say_little_about_the_mean():
    """Weighted by precision: better means than least squares where noise differs."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.0, 1.0, size=(3000, 2))
    y = np.sin(3.0 * X[:, 0]) + np.where(X[:, 1] > 0.0, 5.0, 0.1) * rng.normal(
        size=3000
    )
    true = np.sin(3.0 * X[:, 0])
    ours = booster().fit(X, y).predict(X)
    theirs = HistBoostingRegressor(
        max_iter=100, max_leaf_nodes=8, early_stopping=True, random_state=0
    ).fit(X, y)
    quiet = X[:, 1] < 0.0
    errors = [np.mean((p[quiet] - true[quiet]) ** 2) for p in (ours, theirs.predict(X))]
    assert errors[0] < 0.2 * errors[1]


def test_the_best_round_is_kept():
    X, y = drawn("normal", 800)
    model = booster(n_iter_no_change=5).fit(X, y)
    scores = model.validation_score_
    assert model.n_iter_ == np.argmax(scores) == len(scores) - 6
    assert len(model.train_score_) == len(scores)
    assert len(list(model.staged_predict(X))) == model.n_iter_


def test_spreads_are_corrected_by_rows_set_aside():
    """Small spreads of many rounds become right, and no other parameter moves."""
    X, y = make_friedman1(1200, noise=2.0, random_state=0)
    X_test, y_test = make_friedman1(5000, noise=2.0, random_state=1)
    likelihoods, shares = [], []
    for calibrate in False, True:
        model = booster(calibrate=calibrate, validation_fraction=0.25).fit(X, y)
        assert model.calibration_[0] == 0.0
        assert (model.calibration_[1] != 0.0) == calibrate
        low, high = model.predict_interval(X_test).T
        shares.append(((low <= y_test) & (y_test <= high)).mean())
        likelihoods.append(model.log_likelihood(X_test, y_test))
    assert shares[0] < 0.87 < shares[1] < 0.93
    assert likelihoods[0] < likelihoods[1]


def test_a_few_rows_set_aside_move_spreads_by_little():
    X, y = drawn("normal", 400)
    told = {"X_val": X[:2], "y_val": y[:2] + 50.0}  # a factor of 50 would be the best
    model = booster(max_iter=5).fit(X[2:], y[2:], **told)
    raw = model._raw_predict(X[:2]) - model.calibration_
    far = (y[:2] + 50.0 - raw[:, 0]) / np.exp(raw[:, 1])
    best = 0.5 * np.log(np.mean(far**2))
    assert best > 2.5
    assert 0.0 < model.calibration_[1] < 0.8 * best


def test_without_rows_set_aside_nothing_is_corrected():
    X, y = drawn("normal", 400)
    for options in {"early_stopping": False}, {"validation_fraction": None}:
        model = booster(max_iter=15, **options).fit(X, y)
        assert_array_equal(model.calibration_, [0.0, 0.0])


def test_a_warm_start_goes_on_from_the_best_round():
    X, y = drawn("normal", 600)
    whole = booster(early_stopping=False, max_iter=12).fit(X, y)
    parts = booster(early_stopping=False, max_iter=5, warm_start=True).fit(X, y)
    parts.set_params(max_iter=12).fit(X, y)
    assert_array_equal(whole.predict_dist(X).std(), parts.predict_dist(X).std())
    stopped = booster(warm_start=True, n_iter_no_change=3).fit(X, y)
    kept = stopped.n_iter_
    stopped.set_params(n_iter_no_change=8).fit(X, y)
    assert stopped.n_iter_ >= kept
    assert len(stopped.validation_score_) >= stopped.n_iter_ + 1
    with pytest.raises(ValueError, match="Fit anew with warm_start=False"):
        stopped.set_params(distribution="student").fit(X, y)
    fixed = booster(StudentLoss(df=2.0), max_iter=3, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="Fit anew with warm_start=False"):
        fixed.set_params(distribution=StudentLoss(df=50.0)).fit(X, y)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"early_stopping": False}, {"early_stopping": True}),
        ({"validation_fraction": None}, {"validation_fraction": 0.1}),
        ({"scoring": "r2"}, {"scoring": "loss"}),
        ({"n_iter_no_change": 2}, {"n_iter_no_change": 10}),
    ],
    ids=["on", "rows", "scorer", "patience"],
)
def test_rounds_of_a_warm_start_are_scored_as_if_there_had_been_one_fit(before, after):
    """By the rows and the scorer of now: no round is dropped by scores of before."""
    X, y = drawn("normal", 900)
    X, y, told = X[:600], y[:600], {"X_val": X[600:], "y_val": y[600:]}
    cold = booster(**after).fit(X, y, **told)
    warm = booster(max_iter=12, warm_start=True, **before)
    others = {} if before.get("early_stopping") is False else told
    if "validation_fraction" in before:
        others = {}
    warm.fit(X, y, **others)
    assert 1 < warm.n_iter_ <= 12
    warm.set_params(max_iter=500, **after).fit(X, y, **told)
    assert warm.n_iter_ == cold.n_iter_
    assert_allclose(warm.validation_score_, cold.validation_score_, rtol=1e-12)
    assert_allclose(warm.train_score_, cold.train_score_, rtol=1e-12)
    assert_allclose(warm.calibration_, cold.calibration_)
    warm.set_params(early_stopping=False, max_iter=warm.n_iter_ + 1).fit(X, y)
    assert_array_equal(warm.calibration_, [0.0, 0.0])
    assert len(warm.validation_score_) == 0


@pytest.mark.parametrize(
    ("change", "targets"),
    [
        ({"distribution": "poisson"}, lambda y: y),
        ({"scoring": "nonsense"}, lambda y: y),
        ({}, lambda y: np.where(y > 0, np.nan, y)),
        ({"max_iter": 40, "warm_start": True, "scoring": "nonsense"}, lambda y: y),
    ],
    ids=["range", "scorer", "nan", "warm"],
)
def test_a_fit_that_fails_leaves_the_last_one(change, targets):
    X, y = drawn("normal", 300)
    model = booster(max_iter=15).fit(X, y)
    before = model.predict_interval(X), model.calibration_, model.n_iter_
    with pytest.raises(ValueError, match=r"."):
        model.set_params(**change).fit(X[:, : 4 - ("n" in change)], targets(y))
    assert_array_equal(model.predict_interval(X), before[0])
    assert_array_equal(model.calibration_, before[1])
    assert model.n_iter_ == before[2]


def test_a_warm_start_has_the_same_columns():
    X, y = drawn("normal", 300)
    model = booster(max_iter=5, warm_start=True, early_stopping=False).fit(X, y)
    with pytest.raises(ValueError, match="X has 2 features"):
        model.set_params(max_iter=8).fit(X[:, :2], y)


def test_scores_that_are_no_numbers_are_refused():
    X, y = drawn("normal", 300)
    numbers = iter([0.1, 0.1, 0.2, 0.2] + [np.nan] * 100)

    def scorer(booster, X, y):
        return next(numbers)

    with pytest.raises(ValueError, match="is NaN after 2 rounds"):
        booster(scoring=scorer, max_iter=4).fit(X, y)


def test_whole_numbers_are_repeated_rows():
    """With a penalty in rows, and weights where noise is large."""
    X, y = drawn("normal", 300)
    counts = np.where(X[:, 2] > 0.0, 4, 1)
    repeated = np.repeat(np.arange(300), counts)
    options = {
        "max_iter": 20,
        "early_stopping": False,
        "l2_regularization": 10.0,
        "min_samples_leaf": 1,
    }
    one = booster(**options).fit(X, y, counts).predict_interval(X)
    other = booster(**options).fit(X[repeated], y[repeated]).predict_interval(X)
    assert_allclose(one, other, rtol=1e-8, atol=1e-8)


def test_one_sided_draws_and_importances_have_no_unit():
    X, y = drawn("normal", 800)
    options = {"max_iter": 20, "one_side_sampling": (0.2, 0.2)}
    one = booster(**options).fit(X, y)
    other = booster(**options).fit(X, y * 2.0**20)
    assert_allclose(other.predict(X) / 2.0**20, one.predict(X), rtol=1e-4, atol=1e-4)
    assert_allclose(other.feature_importances_, one.feature_importances_, rtol=1e-3)
    assert one.feature_importances_[2] > 0.1  # of the spread alone


def test_rows_set_aside_count_by_their_weights():
    X, y = drawn("normal", 700)
    X, X_val, y, y_val = X[:500], X[500:], y[:500], y[500:]
    y_val = y_val + np.where(np.arange(200) < 100, 5.0, 0.0)
    half = np.where(np.arange(200) < 100, 0.0, 1.0)
    options = {"max_iter": 10}
    one = booster(**options).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=half)
    other = booster(**options).fit(X, y, X_val=X_val[100:], y_val=y_val[100:])
    assert_array_equal(one.calibration_, other.calibration_)
    uneven = np.where(np.arange(200) < 100, 0.1, 1.0)
    told = {"X_val": X_val, "y_val": y_val}
    weighted = booster(**options).fit(X, y, **told, sample_weight_val=uneven)
    plain = booster(**options).fit(X, y, **told)
    assert other.calibration_[1] < weighted.calibration_[1] < plain.calibration_[1]
    heavy = np.ones(200)
    heavy[0] = 1e6  # says no more than a row does
    alone = booster(**options).fit(X, y, **told, sample_weight_val=heavy)
    single = booster(**options).fit(X, y, X_val=X_val[:1], y_val=y_val[:1])
    assert_allclose(alone.calibration_, single.calibration_, rtol=1e-2)


def test_quantiles_of_zero_and_one_are_the_ends():
    X, y = drawn("poisson", 200)
    model = booster("poisson", max_iter=3).fit(X, y)
    assert_array_equal(model.predict_quantiles(X[:2], (0.0, 1.0)), [[0, np.inf]] * 2)


def test_zeros_alone_can_be_held_out():
    X, y = drawn("poisson", 300)
    told = {"X_val": X[:5], "y_val": np.zeros(5)}
    model = booster("poisson", max_iter=5).fit(X, y, **told)
    found = model.predict(X[:5])
    assert_allclose(model.log_likelihood(X[:5], np.zeros(5)), -found.mean())


def test_stages_end_at_what_is_predicted():
    X, y = drawn("student", 500)
    model = booster("student", max_iter=8).fit(X, y)
    *_, last = model.staged_predict(X)
    assert_array_equal(last, model.predict(X))
    *_, last = model.staged_predict_dist(X)
    assert_array_equal(last.ppf(0.9), model.predict_quantiles(X, 0.9))


def test_quantiles_and_intervals_agree():
    X, y = drawn("lognormal", 500)
    model = booster("lognormal", max_iter=10).fit(X, y)
    quantiles = model.predict_quantiles(X[:7], (0.1, 0.9))
    assert quantiles.shape == (7, 2)
    assert_allclose(model.predict_interval(X[:7], 0.8), quantiles, rtol=1e-12)
    assert model.predict_quantiles(X[:7], 0.5).shape == (7,)
    assert_allclose(model.predict_dist(X[:7]).cdf(quantiles[:, 1]), 0.9)


def test_importances_tell_locations_from_spreads():
    X, y = drawn("normal", 3000)
    model = booster().fit(X, y)
    assert model.parameter_importances_.shape == (2, 4)
    assert_array_equal(model.parameter_importances_.argmax(axis=1), [0, 2])
    assert_allclose(model.parameter_importances_.sum(axis=1), 1.0)
    assert_allclose(model.feature_importances_.sum(), 1.0)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_threads_do_not_change_bits(n_jobs):
    X, y = drawn("student", 500)
    one = booster("student", max_iter=8, subsample=0.5).fit(X, y)
    other = clone(one).set_params(n_jobs=n_jobs).fit(X, y)
    assert_array_equal(one.predict_interval(X), other.predict_interval(X))


def test_frames_with_missing_values_and_categories():
    X, y = drawn("normal", 800)
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = pd.Categorical(np.where(X[:, 2] > 0, "loud", "quiet"))
    frame.loc[::7, "a"] = np.nan
    model = booster(max_iter=20).fit(frame, pd.Series(y))
    assert model.predict_interval(frame).shape == (800, 2)
    assert list(model.feature_names_in_) == [*"abcd", "kind"]


def test_pickles_predict_the_same():
    X, y = drawn("negative_binomial", 300)
    model = booster("negative_binomial", max_iter=5).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_interval(X), model.predict_interval(X))


def test_validation_rows_can_be_given_or_split_in_time():
    X, y = drawn("normal", 600)
    given = booster(max_iter=30).fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])
    split = booster(max_iter=30, early_stopping=TimeSeriesSplit(2)).fit(X, y)
    assert given.calibration_[1] != 0.0
    assert_array_equal(given.predict_interval(X), split.predict_interval(X))


def test_grids_are_searched_by_likelihood():
    X, y = drawn("normal", 400)
    grid = {"distribution": ["normal", StudentLoss(df=3.0)], "max_iter": [5]}
    search = GridSearchCV(
        booster(), grid, scoring=lambda b, X, y: b.log_likelihood(X, y), cv=2
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


class Exponential(DistributionLoss):
    parameters = ("log scale",)
    spread = 0

    def value(self, y, raw):
        return raw + y * np.exp(-raw)

    def gradient_hessian(self, y, raw, gradient, hessian):
        gradient[:], hessian[:] = 1.0 - y * np.exp(-raw), 1.0

    def initial_value(self, y, sample_weight):
        return np.log(np.average(y, weights=sample_weight))

    def distribution(self, raw):
        return stats.expon(scale=np.exp(raw))


def test_distributions_of_the_users_own():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(3000, 2))
    y = rng.exponential(1.0 + 4.0 * X[:, 0])
    model = booster(Exponential()).fit(X[:2000], y[:2000])
    true = 1.0 + 4.0 * X[2000:, 0]
    assert np.corrcoef(model.predict(X[2000:]), true)[0, 1] > 0.9
    assert model.calibration_.shape == (1,)
    covered = y[2000:] <= model.predict_quantiles(X[2000:], 0.9)
    assert abs(covered.mean() - 0.9) < 0.03


@pytest.mark.parametrize(
    ("names", "spread"), [((), None), (("log scale",), 3), (("log scale",), -1)]
)
def test_parameters_of_distributions_are_checked(names, spread):
    own = Exponential()
    own.parameters, own.spread = names, spread
    X, y = drawn("normal", 60)
    with pytest.raises(ValueError, match="It needs one parameter or more"):
        booster(own).fit(X, np.abs(y))


def test_gross_errors_do_not_break_the_fit():
    X, y = drawn("normal", 1000)
    y[::100] = 1e12
    for name in "normal", "laplace", "student":
        found = booster(name, max_iter=200, early_stopping=False).fit(X, y)
        assert np.isfinite(found.predict_interval(X)).all()


@of_each
def test_constant_targets_are_learned(name):
    X, _ = drawn("normal", 100)
    found = booster(name, max_iter=20).fit(X, np.full(100, 3.0))
    assert_allclose(found.predict(X), 3.0, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("poisson", -1.0, "requires non-negative y"),
        ("negative_binomial", -1.0, "non-negative whole numbers"),
        ("negative_binomial", 0.5, "non-negative whole numbers"),
        ("lognormal", 0.0, "strictly positive y"),
        ("normal", np.nan, "NaN"),
        ("normal", np.inf, "infinity"),
    ],
)
def test_targets_out_of_range_are_refused_before_work(name, bad, message):
    X, y = drawn(name, 60)
    y[3] = bad
    model = booster(name)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "n_features_in_")
    y[3] = 1.0
    model.fit(X, y)
    if name in ("poisson", "negative_binomial", "lognormal"):
        y[3] = bad
        with pytest.raises(ValueError, match=message):
            model.log_likelihood(X, y)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("distribution", "gauss"),
        ("distribution", None),
        ("distribution", NormalLoss),
        ("calibrate", "yes"),
        ("learning_rate", 0.0),
        ("max_iter", 0),
        ("validation_fraction", 1.5),
        ("n_iter_no_change", 0),
    ],
)
def test_parameters_are_checked(parameter, value):
    X, y = drawn("normal", 60)
    message = rf"'{parameter}' parameter of DistributionBoostingRegressor"
    with pytest.raises(InvalidParameterError, match=message):
        booster().set_params(**{parameter: value}).fit(X, y)


@pytest.mark.parametrize("level", [0.0, 1.0, 90, -0.1, "0.9", np.nan])
def test_confidence_levels_are_checked(level):
    X, y = drawn("normal", 60)
    model = booster(max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"confidence_level must be .* pass 0\.9"):
        model.predict_interval(X, level)


def test_unfitted_boosters_say_so():
    X, y = drawn("normal", 10)
    for ask in (
        lambda: booster().predict(X),
        lambda: booster().predict_dist(X),
        lambda: booster().log_likelihood(X, y),
        lambda: next(booster().staged_predict(X)),
        lambda: booster().parameter_importances_,
    ):
        with pytest.raises(NotFittedError):
            ask()


def test_likelihoods_take_weights():
    X, y = drawn("poisson", 300)
    model = booster("poisson", max_iter=5).fit(X, y)
    counts = np.random.default_rng(0).integers(0, 3, len(y))
    repeated = np.repeat(np.arange(len(y)), counts)
    assert_allclose(
        model.log_likelihood(X, y, counts),
        model.log_likelihood(X[repeated], y[repeated]),
    )
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.log_likelihood(X, y[:-1])


def test_a_loss_object_is_its_name():
    X, y = drawn("normal", 300)
    found = [
        booster(one, max_iter=5).fit(X, y).predict_interval(X)
        for one in ("normal", NormalLoss())
    ]
    assert_array_equal(*found)
