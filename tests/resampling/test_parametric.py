"""Replicates drawn from a fitted law."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats
from scipy.stats import kstest
from sklearn.base import BaseEstimator
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import ParametricBootstrap

HOURS = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
RNG = np.random.default_rng(0)
TABLE = RNG.multivariate_normal([1, -2], [[2, 1], [1, 3]], size=60)
FROM_ZERO = {"floc": 0}

needs_newer = pytest.mark.skipif(
    not hasattr(stats, "Normal"), reason="scipy before 1.15 has no such objects"
)


def replicates(scheme, *arrays):
    return list(scheme.iter_samples(*arrays))


def pooled(distribution, *arrays, n=200, **params):
    """Rows of all replicates of the one array."""
    scheme = ParametricBootstrap(distribution, n, random_state=0, **params)
    return np.concatenate([replicate for (replicate,) in replicates(scheme, *arrays)])


@pytest.mark.parametrize(
    ("distribution", "fit_params", "law"),
    [
        (stats.expon, FROM_ZERO, stats.expon(scale=HOURS.mean())),
        (stats.norm, None, stats.norm(HOURS.mean(), HOURS.std())),
        (
            stats.norm,
            {"floc": 100},
            stats.norm(100, ((HOURS - 100) ** 2).mean() ** 0.5),
        ),
        (stats.gamma, FROM_ZERO, stats.gamma(*stats.gamma.fit(HOURS, floc=0))),
        (stats.expon(scale=50), None, stats.expon(scale=50)),
        (lambda rng, n: rng.uniform(5, 6, size=n), None, stats.uniform(5, 1)),
    ],
    ids=["expon", "norm", "fixed mean", "gamma", "frozen", "callable"],
)
def test_rows_follow_the_law(distribution, fit_params, law):
    """Kolmogorov-Smirnov of 2,400 rows: fails 1 seed in 10,000 each."""
    drawn = pooled(distribution, HOURS, fit_params=fit_params)
    assert kstest(drawn, law.cdf).pvalue > 1e-4


@needs_newer
def test_the_newer_objects_of_scipy_are_taken_as_they_are():
    """Kolmogorov-Smirnov of 2,400 rows: fails 1 seed in 10,000."""
    drawn = pooled(stats.Normal(mu=2.0, sigma=3.0), HOURS)
    assert kstest(drawn, stats.norm(2, 3).cdf).pvalue > 1e-4
    scheme = ParametricBootstrap(stats.Normal(), fit_params=FROM_ZERO)
    with pytest.raises(
        ValueError, match=r"fit_params={'floc': 0}, but .* is not fitted"
    ):
        replicates(scheme, HOURS)
    with pytest.raises(
        InvalidParameterError, match="'distribution' parameter of Param"
    ):
        replicates(ParametricBootstrap(stats.Normal), HOURS)


def test_discrete_laws_keep_their_whole_numbers():
    """Chi-square of 2,400 counts, 6 df: fails 1 seed in 10,000."""
    drawn = pooled(stats.poisson(2.0), HOURS)
    assert drawn.dtype.kind == "i"
    counts = np.bincount(np.minimum(drawn, 6), minlength=7)
    expected = np.append(stats.poisson(2).pmf(range(6)), stats.poisson(2).sf(5))
    assert stats.chisquare(counts, expected * len(drawn)).pvalue > 1e-4


@pytest.mark.parametrize(
    "distribution",
    [
        stats.multivariate_normal,
        stats.multivariate_normal(TABLE.mean(axis=0), np.cov(TABLE.T, bias=True)),
        GaussianMixture(1, reg_covar=0),
        lambda rng, n: rng.multivariate_normal(
            TABLE.mean(axis=0), np.cov(TABLE.T, bias=True), size=n
        ),
    ],
    ids=["fitted", "frozen", "mixture", "callable"],
)
def test_columns_keep_their_dependence(distribution):
    """Both whitened columns and their product; 12,000 rows: 3 seeds in 10,000."""
    drawn = pooled(distribution, TABLE)
    root = np.linalg.cholesky(np.cov(TABLE.T, bias=True))
    white = np.linalg.solve(root, (drawn - TABLE.mean(axis=0)).T)
    for column in white:
        assert kstest(column, "norm").pvalue > 1e-4
    product = white[0] * white[1]
    assert abs(product.mean()) < 3.9 * product.std() / np.sqrt(len(product))


def test_a_kernel_density_is_the_smoothed_bootstrap():
    """Kolmogorov-Smirnov of 2,400 rows, 1 seed in 10,000; Silverman & Young (1987)."""
    drawn = pooled(KernelDensity(bandwidth=20), HOURS)

    def cdf(x):
        return stats.norm(HOURS[:, np.newaxis], 20).cdf(x).mean(axis=0)

    assert kstest(drawn, cdf).pvalue > 1e-4


def test_a_mixture_is_drawn_in_no_order():
    """Halves of replicates have one law; Kolmogorov-Smirnov, 1 seed in 10,000."""
    two = np.concatenate([RNG.normal(0, 1, 30), RNG.normal(50, 1, 30)])
    for mixture in (GaussianMixture(2), BayesianGaussianMixture(n_components=2)):
        drawn = pooled(mixture, two, n=40).reshape(40, 60)
        assert kstest(drawn[:, :30].ravel(), drawn[:, 30:].ravel()).pvalue > 1e-4


def test_the_user_s_estimator_is_not_touched():
    mixture = GaussianMixture(2)
    bound = ParametricBootstrap(mixture).bind(TABLE)
    bound.sample(0)
    assert mixture.random_state is None
    assert not hasattr(mixture, "means_")
    own = GaussianMixture(2, random_state=5)
    expected = GaussianMixture(2, random_state=5).fit(TABLE).means_
    bound = ParametricBootstrap(own).bind(TABLE)
    bound.sample(0)
    (fitted,) = bound.sampler.args
    assert_array_equal(fitted.means_, expected)
    assert fitted.random_state == 5


def test_arguments_reach_the_fit_of_an_estimator():
    weights = np.where(HOURS > 50, 1.0, 1e-12)
    scheme = ParametricBootstrap(
        KernelDensity(bandwidth=1), 5, fit_params={"sample_weight": weights}
    )
    assert min(replicate.min() for (replicate,) in replicates(scheme, HOURS)) > 50


def test_several_arrays_are_drawn_together():
    scheme = ParametricBootstrap(stats.multivariate_normal, 5, random_state=0)
    pairs = replicates(scheme, TABLE[:, 0], TABLE[:, 1:])
    together = replicates(scheme, TABLE)
    for (x, y), (both,) in zip(pairs, together, strict=True):
        assert_array_equal(x, both[:, 0])
        assert_array_equal(y, both[:, 1:])


def test_a_column_stays_a_column():
    scheme = ParametricBootstrap(stats.norm, 2, random_state=0)
    for (flat,), (column,) in zip(
        replicates(scheme, HOURS), replicates(scheme, HOURS[:, np.newaxis]), strict=True
    ):
        assert_array_equal(column, flat[:, np.newaxis])


def test_a_callable_may_return_a_column_for_one_array():
    def column(rng, n):
        return rng.normal(size=(n, 1))

    scheme = ParametricBootstrap(column, 1, random_state=0)
    (replicate,) = next(scheme.iter_samples(HOURS))
    assert replicate.shape == HOURS.shape


class OwnDensity(BaseEstimator):
    """An estimator that draws with a random state of its own."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X):
        self.low_, self.high_ = X.min(axis=0), X.max(axis=0)
        return self

    def sample(self, n):
        return self.random_state.uniform(self.low_, self.high_, (n, len(self.low_)))


def test_an_estimator_of_one_s_own():
    """Kolmogorov-Smirnov of 12,000 rows: fails 1 seed in 10,000."""
    drawn = pooled(OwnDensity(), TABLE)[:, 0]
    low, high = TABLE[:, 0].min(), TABLE[:, 0].max()
    assert kstest((drawn - low) / (high - low), "uniform").pvalue > 1e-4


class NoEstimator:
    """Has fit and sample, and nothing else of an estimator."""

    def fit(self, X):
        self.low = X.min()

    def sample(self, n, random_state):
        return self.low + random_state.uniform(size=n)


class Unseeded(NoEstimator):
    """Cannot be told what to draw."""

    def sample(self, n):
        return np.full(n, self.low)


def test_what_has_fit_and_sample_need_be_no_estimator():
    scheme = ParametricBootstrap(NoEstimator(), 5, random_state=0)
    for (replicate,) in replicates(scheme, HOURS):
        assert ((replicate >= 3) & (replicate < 4)).all()
    assert not hasattr(scheme.distribution, "low")


def test_an_estimator_that_cannot_be_seeded_is_an_error():
    message = "neither it nor its sample method takes random_state. A callable"
    with pytest.raises(ValueError, match=message):
        replicates(ParametricBootstrap(Unseeded()), HOURS)


@pytest.mark.parametrize(
    "distribution",
    ["norm", None, 3, GaussianMixture, BaseEstimator()],
    ids=["text", "none", "number", "class", "estimator"],
)
def test_what_draws_nothing_is_an_error(distribution):
    message = re.escape(
        "The 'distribution' parameter of ParametricBootstrap must be a distribution of "
        "scipy.stats, an object with fit and sample, or a callable"
    )
    with pytest.raises(InvalidParameterError, match=message):
        replicates(ParametricBootstrap(distribution), HOURS)


def test_a_discrete_distribution_that_is_not_frozen_is_an_error():
    message = re.escape("no discrete distribution such as poisson. Give it with its")
    with pytest.raises(ValueError, match=message):
        replicates(ParametricBootstrap(stats.poisson), HOURS)


def test_fit_params_are_a_dict():
    message = "The 'fit_params' parameter of ParametricBootstrap must be a dict"
    with pytest.raises(InvalidParameterError, match=message):
        replicates(ParametricBootstrap(stats.expon, fit_params=[0]), HOURS)


@pytest.mark.parametrize(
    "distribution",
    [stats.expon(scale=3), lambda rng, n: rng.random(n)],
    ids=["frozen", "callable"],
)
def test_fit_params_where_nothing_is_fitted_are_an_error(distribution):
    scheme = ParametricBootstrap(distribution, fit_params=FROM_ZERO)
    with pytest.raises(
        ValueError, match=r"fit_params={'floc': 0}, but .* is not fitted"
    ):
        replicates(scheme, HOURS)


def test_one_number_s_law_for_several_columns_is_an_error():
    message = "norm is a law of one number, and the data have 2 columns. multivariate_n"
    with pytest.raises(ValueError, match=message):
        replicates(ParametricBootstrap(stats.norm), TABLE)
    with pytest.raises(ValueError, match=r"must draw 60 rows of 2 numbers, .* shape"):
        replicates(ParametricBootstrap(stats.norm(0, 1)), TABLE)


def test_data_outside_the_law_are_an_error():
    with pytest.raises(Exception, match=r"Invalid values in `data`"):
        replicates(ParametricBootstrap(stats.expon, fit_params={"floc": 10}), HOURS)


def test_a_fit_without_finite_parameters_is_an_error():
    class Lost(stats.rv_continuous):
        def fit(self, data, **params):
            assert data.shape == HOURS.shape
            return (np.nan, 1.0)

    message = r"The fit has no finite parameters, it gives \(nan, 1.0\). Fix some by"
    with pytest.raises(ValueError, match=message):
        replicates(ParametricBootstrap(Lost(name="lost")), HOURS[:, np.newaxis])


@pytest.mark.parametrize(
    "sampler",
    [
        lambda rng, n: rng.normal(size=n + 1),
        lambda rng, n: rng.normal(size=(n, 2)),
        lambda rng, n: rng.normal(),
    ],
    ids=["long", "wide", "one"],
)
def test_draws_of_another_shape_are_an_error(sampler):
    message = (
        r"distribution must draw 12 rows of 1 numbers, as the data have, got shape"
    )
    with pytest.raises(ValueError, match=message):
        replicates(ParametricBootstrap(sampler), HOURS)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_draws_that_are_not_finite_are_an_error(value):
    scheme = ParametricBootstrap(lambda rng, n: np.full(n, value))
    with pytest.raises(ValueError, match="must draw finite numbers, got NaN or inf"):
        replicates(scheme, HOURS)


def test_the_fit_is_made_once():
    calls = []

    class Counted(KernelDensity):
        def fit(self, X, y=None, sample_weight=None):
            calls.append(len(X))
            return super().fit(X, y, sample_weight)

    replicates(ParametricBootstrap(Counted(), 7), HOURS)
    assert calls == [12]


@pytest.mark.parametrize(
    "distribution", [stats.norm, stats.gamma, GaussianMixture(2)], ids=["n", "g", "m"]
)
def test_constant_data_have_no_law_to_fit(distribution):
    with pytest.raises(
        ValueError, match="fits a law to the data, and they are constant"
    ):
        replicates(ParametricBootstrap(distribution), np.full(9, 0.1))


def test_a_fit_that_fails_is_an_error_that_says_what_to_try():
    class Stuck(stats.rv_continuous):
        def fit(self, data, **params):
            raise stats.FitError("The optimum was not found.")

    message = (
        "stuck cannot be fitted to the data: The optimum .* by fit_params, or give"
    )
    with pytest.raises(ValueError, match=message):
        replicates(ParametricBootstrap(Stuck(name="stuck")), HOURS)


def test_columns_that_follow_from_others_are_an_error_of_scipy_s():
    line = np.column_stack([np.arange(5.0), np.arange(5.0)])
    with pytest.raises(ValueError, match="must be symmetric positive definite"):
        replicates(ParametricBootstrap(stats.multivariate_normal), line)
