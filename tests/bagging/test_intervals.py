"""Intervals, sets and uncertainty of bags, from one fit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import BayesianRidge, LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    HistForestClassifier,
    HistForestRegressor,
    Jackknife,
)
from ensembles.exceptions import InvalidParameterError

X, Y = make_regression(120, 4, noise=20, random_state=0)
X3, CODES = make_classification(200, 6, n_informative=4, n_classes=3, random_state=0)
Y3 = np.array(["red", "green", "blue"])[CODES]
TREE = DecisionTreeRegressor(max_depth=4, random_state=0)


def fitted(**params):
    params = {"n_estimators": 25, "oob_score": True, "random_state": 0} | params
    return BaggingRegressor(params.pop("estimator", TREE), **params).fit(X, Y)


def test_the_jackknife_plus_after_the_bootstrap_by_hand():
    bag = fitted(combine="median")
    ends = bag.predict_interval(X[:7], 0.8)
    left_out = bag.inbag_counts_.T == 0
    values = bag.predict_members(X)
    centres = np.stack([np.median(values[lacking], axis=0) for lacking in left_out])
    residuals = np.abs(Y - centres.diagonal())
    rank = int(np.ceil(0.8 * 121))
    low = np.sort(centres[:, :7] - residuals[:, None], axis=0)[120 - rank]
    high = np.sort(centres[:, :7] + residuals[:, None], axis=0)[rank - 1]
    assert_allclose(ends, np.column_stack([low, high]))


def test_cv_plus_is_a_bag_that_shares_out_the_rows():
    bag = fitted(scheme=Jackknife(n_groups=5), n_estimators=5)
    ends = bag.predict_interval(X, method="cv+")
    without = np.argmax(bag.inbag_counts_.T == 0, axis=1)
    values = bag.predict_members(X)[without]
    residuals = np.abs(Y - values.diagonal())
    rank = int(np.ceil(0.9 * 121))
    low = np.sort(values - residuals[:, None], axis=0)[120 - rank]
    high = np.sort(values + residuals[:, None], axis=0)[rank - 1]
    assert_allclose(ends, np.column_stack([low, high]), rtol=1e-6, atol=1e-4)
    assert_array_equal(ends, bag.predict_interval(X, method="jackknife+ab"))
    with pytest.raises(ValueError, match=r"Jackknife\(n_groups=10\)"):
        fitted().predict_interval(X, method="cv+")


def test_residuals_out_of_bag_give_one_width():
    bag = fitted()
    ends = bag.predict_interval(X, 0.8, method="oob")
    residuals = np.sort(np.abs(Y - bag.oob_prediction_))
    width = residuals[int(np.ceil(0.8 * 121)) - 1]
    predicted = bag.predict(X)
    assert_allclose(ends, np.column_stack([predicted - width, predicted + width]))


def test_enbpi_goes_on_with_a_series():
    bag = fitted(scheme=CircularBlockBootstrap(block_length=10))
    before = bag.predict_interval(X[:3], method="enbpi")
    residuals = Y - bag.oob_prediction_
    ordered = np.sort(residuals)
    rank = int(np.ceil(0.9 * 121))
    widths = ordered[rank - 1 :] - ordered[: 120 - rank + 1]
    first = np.argmin(widths)
    predicted = bag.predict(X[:3])
    expected = [predicted + ordered[first], predicted + ordered[first + rank - 1]]
    assert_allclose(before, np.column_stack(expected))
    assert bag.update(X[:50], Y[:50] + 1000) is bag
    window = [*residuals[50:], *(Y[:50] + 1000 - bag.predict(X[:50]))]
    assert_allclose(bag._latest[:, 0], window)
    assert (
        bag.predict_interval(X[:3], method="enbpi")[:, 1] > before[:, 1] + 500
    ).all()
    bag.update(X, Y)  # as many as there are: nothing else is left
    own = Y - bag.predict(X)
    low, high = (bag.predict_interval(X[:1], method="enbpi") - predicted[0])[0]
    assert np.count_nonzero((own >= low - 1e-9) & (own <= high + 1e-9)) == rank
    assert_array_equal(bag.fit(X, Y).predict_interval(X[:3], method="enbpi"), before)


def test_a_normal_law_adds_noise_and_variance_of_the_prediction():
    bag = fitted(n_estimators=60)
    ends = bag.predict_interval(X[:5], 0.6826894921, method="ij")
    noise = np.mean((Y - bag.oob_prediction_) ** 2)
    half = np.sqrt(noise + bag.predict_variance(X[:5]).variance)
    assert_allclose((ends[:, 1] - ends[:, 0]) / 2, half)


def test_quantiles_of_leaves_are_an_interval_of_forests():
    forest = HistForestRegressor(20, min_samples_leaf=10, random_state=0).fit(X, Y)
    ends = forest.predict_interval(X, 0.8, method="quantile")
    assert_array_equal(ends, forest.predict_quantiles(X, [0.1, 0.9]))
    with pytest.raises(ValueError, match="such as HistForestRegressor"):
        fitted().predict_interval(X, method="quantile")


@pytest.mark.parametrize("method", ["jackknife+ab", "oob", "enbpi", "ij"])
def test_several_outputs_have_intervals_each(method):
    both = np.column_stack([Y, -10 * Y])
    bag = BaggingRegressor(TREE, 40, oob_score=True, random_state=0).fit(X, both)
    ends = bag.predict_interval(X[:4], method=method)
    assert ends.shape == (4, 2, 2)
    widths = ends[:, :, 1] - ends[:, :, 0]
    assert_allclose(widths[:, 1], 10 * widths[:, 0], rtol=1e-5)


def test_forests_have_intervals_whatever_the_workers():
    forest = HistForestRegressor(30, oob_score=True, random_state=0).fit(X, Y)
    ends = forest.predict_interval(X)
    assert np.mean((ends[:, 0] <= Y) & (ends[:, 1] >= Y)) > 0.9
    two = clone(forest).set_params(n_jobs=2).fit(X, Y)
    assert_array_equal(two.predict_interval(X), ends)


def test_too_few_rows_are_told_of():
    bag = BaggingRegressor(LinearRegression(), 30, oob_score=True, random_state=0)
    bag.fit(X[:12], Y[:12])
    for method in "oob", "jackknife+ab", "enbpi":
        with pytest.warns(UserWarning, match="too few residuals"):
            ends = bag.predict_interval(X[:2], 0.95, method=method)
        assert np.isinf(ends).all()


def test_rows_that_are_never_left_out_do_not_count():
    with pytest.warns(UserWarning, match="do not have OOB scores"):
        bag = fitted(n_estimators=2, estimator=LinearRegression())
    known = ~np.isnan(bag.oob_prediction_)
    ends = bag.predict_interval(X[:3], 0.8)
    left_out = (bag.inbag_counts_.T == 0)[known]
    values = bag.predict_members(X)
    centres = np.stack([values[lacking].mean(axis=0) for lacking in left_out])
    residuals = np.abs((Y - bag.oob_prediction_)[known])
    rank = int(np.ceil(0.8 * (known.sum() + 1)))
    high = np.sort(centres[:, :3] + residuals[:, None], axis=0)[rank - 1]
    assert_allclose(ends[:, 1], high, rtol=1e-6)


def test_the_variance_of_a_bag_of_linear_models_is_the_jackknife_s():
    """Predictions of least squares: 800 members, within four standard errors."""
    x = np.random.default_rng(0).normal(size=(60, 1))
    y = x[:, 0] + np.random.default_rng(1).normal(size=60)
    bag = BaggingRegressor(LinearRegression(), 800, random_state=0).fit(x, y)
    found = bag.predict_variance(x[:5])
    left = np.stack(
        [
            LinearRegression()
            .fit(np.delete(x, i, axis=0), np.delete(y, i))
            .predict(x[:5])
            for i in range(60)
        ]
    )
    jackknife = 59 / 60 * ((left - left.mean(axis=0)) ** 2).sum(axis=0)
    assert (
        np.abs(found.variance - jackknife) < 4 * found.mc_error + 0.1 * jackknife
    ).all()


@pytest.mark.parametrize(
    "params",
    [
        {"scheme": Bootstrap()},
        {"scheme": BayesianBootstrap()},
        {"bootstrap": False, "max_samples": 0.5},
        {"max_samples": 0.6},
    ],
    ids=["bootstrap", "bayesian", "half", "few"],
)
def test_the_variance_does_not_depend_on_how_rows_are_drawn(params):
    """Within four standard errors, and a fifth for what is not linear."""
    bag = BaggingRegressor(LinearRegression(), 300, random_state=0, **params)
    plain = BaggingRegressor(LinearRegression(), 300, random_state=1)
    one, other = (b.fit(X[:, :1], Y).predict_variance(X[:5, :1]) for b in (bag, plain))
    allowed = 4 * np.hypot(one.mc_error, other.mc_error) + 0.2 * other.variance
    assert (np.abs(one.variance - other.variance) < allowed).all()
    assert (one.variance > 4 * one.mc_error).all()


def test_variances_of_probabilities():
    bag = BaggingClassifier(DecisionTreeClassifier(max_depth=2), 100, random_state=0)
    found = bag.fit(X3, Y3).predict_variance(X3[:6])
    assert found.variance.shape == found.mc_error.shape == (6, 3)
    assert (found.variance >= 0).all()
    assert (found.mc_error > 0).any()


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"combine": "median"}, "asks for another rule"),
        ({"scheme": GroupBootstrap()}, "drawn one by one"),
        ({"scheme": CircularBlockBootstrap(block_length=4)}, "drawn one by one"),
        ({"bootstrap": False}, "All members saw the same rows"),
    ],
    ids=["median", "groups", "blocks", "all rows"],
)
def test_what_has_no_variance_says_why(params, match):
    groups = {"groups": np.arange(120) // 4} if "GroupB" in repr(params) else {}
    bag = BaggingRegressor(TREE, 4, random_state=0, **params).fit(X, Y, **groups)
    with pytest.raises(ValueError, match=match):
        bag.predict_variance(X)


def test_uncertainty_of_values_is_noise_and_disagreement():
    bag = fitted()
    total, aleatoric, epistemic = bag.predict_uncertainty(X)
    assert_allclose(epistemic, bag.predict_members(X).var(axis=0))
    assert_allclose(aleatoric, np.mean((Y - bag.oob_prediction_) ** 2))
    assert_allclose(total, aleatoric + epistemic)
    with pytest.raises(ValueError, match="Fit with oob_score=True"):
        fitted(oob_score=False).predict_uncertainty(X)


def test_members_that_tell_their_noise_are_asked():
    bag = fitted(estimator=BayesianRidge(), oob_score=False)
    moments = [member.predict(X, return_std=True) for member in bag]
    _, aleatoric, epistemic = bag.predict_uncertainty(X)
    assert_allclose(aleatoric, np.mean([std**2 for _, std in moments], axis=0))
    assert_allclose(epistemic, np.var([mean for mean, _ in moments], axis=0))


@pytest.mark.parametrize("kind", [BaggingClassifier, HistForestClassifier])
@pytest.mark.parametrize("measure", ["entropy", "variance"])
def test_uncertainty_of_classes(kind, measure):
    bag = kind(n_estimators=10, random_state=0).fit(X3, Y3)
    total, aleatoric, epistemic = bag.predict_uncertainty(X3, measure=measure)
    assert_allclose(total, aleatoric + epistemic, atol=1e-12)
    proba = bag.predict_members(X3)
    mean = proba.mean(axis=0)
    if measure == "variance":
        assert_allclose(total, (mean * (1 - mean)).sum(axis=1))
        assert_allclose(epistemic, proba.var(axis=0).sum(axis=1), atol=1e-12)
    else:
        logs = np.log(np.where(mean > 0, mean, 1))
        assert_allclose(total, -(mean * logs).sum(axis=1), atol=1e-12)


@pytest.mark.parametrize("method", ["lac", "aps", "raps"])
def test_sets_of_labels_by_hand(method):
    bag = BaggingClassifier(GaussianNB(), 40, oob_score=True, random_state=0)
    bag.fit(X3, Y3)
    sets = bag.predict_set(X3, 0.8, method=method, penalty=0.05, n_free=2)
    codes = np.searchsorted(bag.classes_, Y3)

    def strange(p):
        if method == "lac":
            return 1 - p
        ahead = p[:, None, :] >= p[:, :, None]  # no two are the same
        price = 0.05 * np.maximum(ahead.sum(axis=2) - 2, 0)
        return (ahead * p[:, None, :]).sum(axis=2) + (price if method == "raps" else 0)

    scores = np.sort(strange(bag.oob_decision_function_)[np.arange(200), codes])
    limit = scores[int(np.ceil(0.8 * 201)) - 1]
    proba = bag.predict_proba(X3)
    expected = strange(proba) <= limit + 1e-9
    expected[np.arange(200), proba.argmax(axis=1)] = True
    assert_array_equal(sets, expected)
    assert 1 < sets.sum(axis=1).mean() < 3


def test_sets_follow_the_level_and_keep_weights_of_zero_out():
    weights = np.where(np.arange(200) < 20, 0.0, 1.0)
    bag = BaggingClassifier(LogisticRegression(), 20, oob_score=True, random_state=0)
    bag.fit(X3, Y3, sample_weight=weights)
    sizes = [bag.predict_set(X3, level).sum() for level in (0.5, 0.8, 0.95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
    assert len(bag._left_out.rows) == 180


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda bag: bag.predict_set(X3, 1.0), ValueError, "confidence_level"),
        (lambda bag: bag.predict_set(X3, method="x"), InvalidParameterError, "method"),
        (
            lambda bag: bag.predict_set(X3, penalty=-1),
            InvalidParameterError,
            "penalty",
        ),
        (lambda bag: bag.predict_set(X3, n_free=0.5), InvalidParameterError, "n_free"),
        (
            lambda bag: bag.predict_uncertainty(X3, measure="x"),
            InvalidParameterError,
            "measure",
        ),
        (lambda bag: bag.predict_set(X3), ValueError, "oob_score=True"),
    ],
    ids=["level", "method", "penalty", "n_free", "measure", "not left out"],
)
def test_wrong_calls_of_classifiers_are_named(call, error, match):
    bag = BaggingClassifier(GaussianNB(), 3, random_state=0).fit(X3, Y3)
    with pytest.raises(error, match=match):
        call(bag)


def test_wrong_calls_of_regressors_are_named():
    bag = fitted(oob_score=False, n_estimators=3)
    for method in "jackknife+ab", "cv+", "oob", "enbpi", "ij":
        with pytest.raises(ValueError, match="Fit with oob_score=True"):
            bag.predict_interval(X, method=method)
    with pytest.raises(InvalidParameterError, match="method"):
        bag.predict_interval(X, method="magic")
    with pytest.raises(ValueError, match="confidence_level"):
        bag.predict_interval(X, 90)
    with pytest.raises(ValueError, match="Fit with oob_score=True"):
        bag.update(X, Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted(n_estimators=20).update(X, Y[:-1])
    with pytest.raises(NotFittedError):
        BaggingRegressor().predict_interval(X)


def test_several_outputs_have_no_sets():
    Y2 = np.column_stack([CODES, CODES > 0])
    bag = HistForestClassifier(5, oob_score=True, random_state=0)
    with pytest.warns(UserWarning, match="do not have OOB scores"):
        bag.fit(X3, Y2)
    for call in bag.predict_set, bag.predict_uncertainty, bag.predict_variance:
        with pytest.raises(ValueError, match="Fit a bag for each"):
            call(X3)


def law_of(kind, rng, n):
    """Columns, targets, and whether rows follow one another."""
    X = rng.uniform(-2, 2, size=(n, 3))
    if kind == "autocorrelated":
        noise = np.zeros(n)
        shocks = rng.normal(size=n)
        for t in range(1, n):
            noise[t] = 0.6 * noise[t - 1] + shocks[t]
        return X, np.sin(2 * X[:, 0]) + X[:, 1] + noise
    scale = np.exp(X[:, 2] / 2) if kind == "heteroscedastic" else 1.0
    noise = rng.standard_t(2, size=n) if kind == "heavy" else rng.normal(size=n)
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + scale * noise


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["homoscedastic", "heteroscedastic", "heavy", "autocorrelated"]
)
@pytest.mark.parametrize("method", ["jackknife+ab", "enbpi"])
def test_intervals_cover_what_they_promise(kind, method):
    """Mean of 12 draws of 500 new rows: standard errors below 0.7 points."""
    covered = []
    for seed in range(12):
        X, y = law_of(kind, np.random.default_rng(seed), 900)
        scheme = CircularBlockBootstrap(block_length=20) if method == "enbpi" else None
        forest = HistForestRegressor(
            50, min_samples_leaf=5, scheme=scheme, oob_score=True, random_state=seed
        ).fit(X[:400], y[:400])
        ends = forest.predict_interval(X[400:], method=method)
        covered.append(np.mean((ends[:, 0] <= y[400:]) & (y[400:] <= ends[:, 1])))
    assert 0.88 <= np.mean(covered) <= 0.94


def test_another_rule_needs_other_predictions_of_rows_left_out():
    bag = fitted()
    bag.combine = "median"
    for method in "jackknife+ab", "oob", "enbpi":
        with pytest.raises(ValueError, match=r"compute_oob\(X, y\)"):
            bag.predict_interval(X, method=method)
    bag.compute_oob(X, Y)
    assert_allclose(
        bag.predict_interval(X), fitted(combine="median").predict_interval(X)
    )
    labels = BaggingClassifier(GaussianNB(), 40, oob_score=True, random_state=0)
    labels.fit(X3, Y3).set_params(combine="vote")
    with pytest.raises(ValueError, match="made with combine='auto'"):
        labels.predict_set(X3)
    labels.set_params(combine="rank").compute_oob(X3, Y3)
    with pytest.raises(ValueError, match="would depend on the others"):
        labels.predict_set(X3)


@pytest.mark.parametrize("scale", [1e-46, 1e-42, 1.0, 1e30, 1e45])
def test_units_do_not_matter(scale):
    params = {"estimator": LinearRegression(), "n_estimators": 25}
    bag = BaggingRegressor(**params, oob_score=True, random_state=0)
    ends = bag.fit(X, Y * scale).predict_interval(X[:5])
    assert_allclose(ends / scale, fitted(**params).predict_interval(X[:5]), rtol=1e-5)


def test_targets_of_another_shape_do_not_update():
    both = np.column_stack([Y, 2 * Y])
    bag = BaggingRegressor(TREE, 30, oob_score=True, random_state=0).fit(X, both)
    with pytest.raises(ValueError, match=r"had \(120, 2\)"):
        bag.update(X, Y)
    with pytest.raises(ValueError, match="y has shape"):
        fitted().update(X, both)


def test_members_of_several_laws_have_one_variance():
    """Against each law alone: means of rows, of which the variance is known."""
    mean = DummyRegressor()
    laws = [{}, {"max_samples": 0.2}, {"max_samples": 0.5, "bootstrap": False}]
    bags = [
        BaggingRegressor(mean, 400, random_state=i, **law).fit(X, Y)
        for i, law in enumerate(laws)
    ]
    joined = bags[0] + bags[1] + bags[2]
    found = joined.predict_variance(X[:1])
    assert found.variance[0] == pytest.approx(Y.var() / 120, rel=0.25)
    assert abs(found.variance[0] - Y.var() / 120) < 4 * found.mc_error[0]
    warm = BaggingRegressor(
        mean, 200, max_samples=0.2, warm_start=True, random_state=0
    ).fit(X, Y)
    warm.set_params(n_estimators=400, max_samples=None).fit(X, Y)
    found = warm.predict_variance(X[:1])
    assert abs(found.variance[0] - Y.var() / 120) < 4 * found.mc_error[0]
    blocks = CircularBlockBootstrap(block_length=5)
    odd = BaggingRegressor(mean, 3, scheme=blocks, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="drawn one by one"):
        (bags[0] + odd).predict_variance(X)


def test_the_variance_of_rows_with_unlike_weights():
    """Of a weighted mean the sum of squared shares times squared deviations."""
    weights = np.where(np.arange(120) < 4, 25.0, 0.1)
    shares = weights / weights.sum()
    bag = BaggingRegressor(DummyRegressor(), 1500, random_state=0)
    found = bag.fit(X, Y, sample_weight=weights).predict_variance(X[:1])
    # A row's influence on a mean over draws is its share times its deviation.
    expected = np.sum((shares * (Y - shares @ Y)) ** 2)
    assert found.variance[0] == pytest.approx(expected, rel=0.15)


def test_quantiles_know_the_weights_of_a_warm_start():
    params = {"min_samples_leaf": 5, "scheme": Bootstrap(), "random_state": 0}
    forest = HistForestRegressor(5, warm_start=True, **params).fit(X, Y)
    weights = np.random.default_rng(0).uniform(size=120)
    forest.set_params(n_estimators=10).fit(X, Y, sample_weight=weights)
    with pytest.raises(ValueError, match="trees of the warm start saw other data"):
        forest.predict_quantiles(X)


class Column(BayesianRidge):
    """Predicts a column, and its standard deviation."""

    def predict(self, X, return_std=False):
        said = super().predict(X, return_std=return_std)
        return (said[0][:, None], said[1]) if return_std else said[:, None]


@pytest.mark.parametrize("kind", ["column", "pipeline"])
def test_members_tell_their_noise_in_a_column_and_in_a_pipeline(kind):
    member = (
        Column() if kind == "column" else make_pipeline("passthrough", BayesianRidge())
    )
    bag = fitted(estimator=member, oob_score=False)
    plain = fitted(estimator=BayesianRidge(), oob_score=False)
    for one, other in zip(
        bag.predict_uncertainty(X), plain.predict_uncertainty(X), strict=True
    ):
        assert one.shape == (120,)
        assert_allclose(one, other)


def test_rows_near_those_in_bag_are_not_asked():
    """Of a block scheme with a gap, and of rows without a weight."""
    scheme = CircularBlockBootstrap(block_length=8, gap=3)
    bag = fitted(scheme=scheme, n_estimators=60)
    samplers = [(sampler, how, plan) for sampler, how, plan in bag._draws]
    outside = np.column_stack(
        [s.out_of_bag(s.in_bag(plan, how) > 0) for s, how, plan in samplers]
    )
    assert (outside.sum(axis=1) < (bag.inbag_counts_ == 0).sum(axis=0)).any()
    known = outside.any(axis=1)
    values = bag.predict_members(X)
    centres = np.stack([values[lacking].mean(axis=0) for lacking in outside[known]])
    residuals = np.abs(Y[known] - bag.oob_prediction_[known])
    assert_allclose(centres[:, known].diagonal(), bag.oob_prediction_[known])
    rank = int(np.ceil(0.8 * (known.sum() + 1)))
    high = np.sort(centres[:, :5] + residuals[:, None], axis=0)[rank - 1]
    assert_allclose(bag.predict_interval(X[:5], 0.8)[:, 1], high, rtol=1e-5)
