"""Replicates of fitted models against published and exact values.

Where a moment is known exactly it is compared with all sign vectors, or with what
another program computes from the same data; the rest are statistics of simulated
replicates, with the false-alarm rate stated.
"""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import polygamma
from scipy.stats import expon, norm
from sklearn.linear_model import LinearRegression

from ensembles.resampling import (
    Bootstrap,
    CircularBlockBootstrap,
    MovingBlockBootstrap,
    ParametricBootstrap,
    ResidualBootstrap,
    SieveBootstrap,
    WildBootstrap,
)
from ensembles.resampling._autoregression import autocovariances, yule_walker
from ensembles.resampling._wild import _LAWS

Z = norm.isf(0.5e-4)


def numbers(text):
    return np.array(text.split(), dtype=float)


# Hours between failures of air conditioning: Davison & Hinkley, "Bootstrap Methods and
# their Application", 1997, example 1.1.
AIRCONDIT = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])

# Heat of cement by its four ingredients: Woods, Steinour & Starke, Industrial and
# Engineering Chemistry 24, 1932; Hald, "Statistical Theory", 1952.
CEMENT = np.array(
    [
        [7, 26, 6, 60, 78.5],
        [1, 29, 15, 52, 74.3],
        [11, 56, 8, 20, 104.3],
        [11, 31, 8, 47, 87.6],
        [7, 52, 6, 33, 95.9],
        [11, 55, 9, 22, 109.2],
        [3, 71, 17, 6, 102.7],
        [1, 31, 22, 44, 72.5],
        [2, 54, 18, 22, 93.1],
        [21, 47, 4, 26, 115.9],
        [1, 40, 23, 34, 83.8],
        [11, 66, 9, 12, 113.3],
        [10, 68, 8, 12, 109.4],
    ]
)
X, Y = CEMENT[:, :4], CEMENT[:, 4]
PLANTS = np.array([0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4])
DESIGN = np.column_stack([np.ones(13), X])
BREAD = np.linalg.inv(DESIGN.T @ DESIGN)
RESIDUALS = Y - DESIGN @ BREAD @ DESIGN.T @ Y

# Luteinizing hormone in blood at 48 times: Diggle, "Time Series: A Biostatistical
# Introduction", 1990, table A.1; the data set lh of R.
LH = numbers(
    "2.4 2.4 2.4 2.2 2.1 1.5 2.3 2.3 2.5 2.0 1.9 1.7 2.2 1.8 3.2 3.2 2.7 2.2 2.2 1.9 "
    "1.9 1.8 2.7 3.0 2.3 2.0 2.0 2.9 2.9 2.7 2.7 2.3 2.6 2.4 1.8 1.7 1.5 1.4 2.1 3.3 "
    "3.5 3.5 3.1 2.6 2.1 3.4 3.0 2.9"
)

# Sunspot numbers of 1770 to 1869: Brockwell & Davis, "Introduction to Time Series and
# Forecasting", 2nd ed., 2002, problem 5.1.
SUNSPOTS = numbers(
    "101 82 66 35 31 7 20 92 154 125 85 68 38 23 10 24 83 132 131 118 90 67 60 47 41 "
    "21 16 6 4 7 14 34 45 43 48 42 28 10 8 2 0 1 5 12 14 35 46 41 30 24 16 7 4 2 8 17 "
    "36 50 62 67 71 48 28 8 13 57 122 138 103 86 63 37 24 11 15 40 62 98 124 96 66 64 "
    "54 39 21 7 4 23 55 94 96 77 59 44 47 30 16 7 37 74"
)


class Enumerated:
    """All vectors of multipliers from a few points, one a call."""

    def __init__(self, n, points=(-1.0, 1.0)):
        self.vectors = itertools.product(points, repeat=n)

    def __call__(self, rng, size):
        return np.array(next(self.vectors))


def coefficients(bootstrap, groups=None, columns=slice(None)):
    """Least-squares coefficients of each replicate."""
    drawn = bootstrap.iter_samples(X[:, columns], Y, groups=groups)
    design = np.column_stack([np.ones(13), X[:, columns]])
    solve = np.linalg.pinv(design)
    return np.stack([solve @ y for _, y in drawn])


def sandwich(meat):
    return BREAD @ meat @ BREAD


def leverage():
    return np.einsum("ij,jk,ik->i", DESIGN, BREAD, DESIGN)


HC = {
    "raw": lambda e, h: e**2,
    "scaled": lambda e, h: e**2 * 13 / 8,
    "modified": lambda e, h: e**2 / (1 - h),
    "deleted": lambda e, h: e**2 / (1 - h) ** 2,
}
every_adjustment = pytest.mark.parametrize(
    ("residuals", "name"), list(zip(HC, ["HC0", "HC1", "HC2", "HC3"], strict=True))
)


@every_adjustment
def test_the_wild_covariance_is_heteroskedasticity_consistent(residuals, name):
    """Over all 8,192 sign vectors, exactly; MacKinnon & White (1985)."""
    drawn = coefficients(
        ResidualBootstrap(
            n_resamples=2**13,
            scheme=WildBootstrap(multiplier=Enumerated(13)),
            residuals=residuals,
        )
    )
    meat = DESIGN.T @ (HC[residuals](RESIDUALS, leverage())[:, np.newaxis] * DESIGN)
    assert_allclose(np.cov(drawn.T, bias=True), sandwich(meat), rtol=1e-6)
    assert_allclose(drawn.mean(axis=0), BREAD @ DESIGN.T @ Y, rtol=1e-6)


@every_adjustment
def test_statsmodels_has_the_same_covariances(residuals, name):
    api = pytest.importorskip("statsmodels.api")
    bound = ResidualBootstrap(scheme=WildBootstrap(), residuals=residuals).bind(X, Y)
    ours = sandwich(DESIGN.T @ (bound.residuals[:, np.newaxis] ** 2 * DESIGN))
    theirs = api.OLS(Y, DESIGN).fit(cov_type=name).cov_params()
    assert_allclose(ours, theirs, rtol=1e-6)


def covariance_by_plant(residuals):
    sums = np.stack(
        [DESIGN[plant == PLANTS].T @ residuals[plant == PLANTS] for plant in range(5)]
    )
    return sandwich(sums.T @ sums)


@pytest.mark.parametrize(("residuals", "corrected"), [("raw", False), ("scaled", True)])
def test_the_cluster_wild_covariance_is_that_of_sums_over_groups(residuals, corrected):
    """Over all 32 sign vectors, exactly; statsmodels and Stata state the same."""
    api = pytest.importorskip("statsmodels.api")
    drawn = coefficients(
        ResidualBootstrap(
            n_resamples=2**5,
            scheme=WildBootstrap(multiplier=Enumerated(5)),
            residuals=residuals,
        ),
        groups=PLANTS,
    )
    theirs = api.OLS(Y, DESIGN).fit(
        cov_type="cluster",
        cov_kwds={"groups": PLANTS, "use_correction": corrected},
    )
    assert_allclose(np.cov(drawn.T, bias=True), theirs.cov_params(), rtol=1e-5)


def test_deleted_residuals_of_groups_give_the_jackknife_of_groups():
    """CR3 is the sum over groups of squared changes of the fit without the group."""
    bound = ResidualBootstrap(scheme=WildBootstrap(), residuals="deleted").bind(
        X[:, :2], Y, groups=PLANTS
    )
    design = DESIGN[:, :3]
    bread = np.linalg.inv(design.T @ design)
    full = bread @ design.T @ Y
    for plant in range(5):
        rest, own = plant != PLANTS, plant == PLANTS
        without = np.linalg.lstsq(design[rest], Y[rest], rcond=None)[0]
        change = bread @ design[own].T @ bound.residuals[own]
        assert_allclose(full - without, change, atol=1e-8)


def test_scaled_residuals_give_the_errors_that_summary_prints():
    """R, summary(lm(y ~ ., cement)): errors 70.071, .7448, .7238, .7547 and .7091.

    z-tests of variances, 8,000 replicates: 5 seeds in 10,000.
    """
    printed = [70.07096, 0.74477, 0.72379, 0.75471, 0.70905]
    bootstrap = ResidualBootstrap(n_resamples=8000, residuals="scaled", random_state=0)
    residuals = bootstrap.bind(X, Y).residuals
    assert_allclose(np.sqrt(np.diag(BREAD) * residuals.var()), printed, rtol=1e-5)
    drawn = coefficients(bootstrap)
    squared = (drawn - BREAD @ DESIGN.T @ Y) ** 2
    error = squared.std(axis=0) / np.sqrt(8000)
    assert (np.abs(squared.mean(axis=0) - np.square(printed)) < Z * error).all()


def test_modified_residuals_give_the_variance_of_davison_and_hinkley():
    """Section 6.2: r = e / sqrt(1 - h), less their mean; 5 seeds in 10,000."""
    modified = RESIDUALS / np.sqrt(1 - leverage())
    expected = np.diag(BREAD) * modified.var()
    drawn = coefficients(ResidualBootstrap(n_resamples=8000, random_state=0))
    squared = (drawn - BREAD @ DESIGN.T @ Y) ** 2
    error = squared.std(axis=0) / np.sqrt(8000)
    assert (np.abs(squared.mean(axis=0) - expected) < Z * error).all()


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (Bootstrap(), 37.652552),
        (CircularBlockBootstrap(block_length=4), 40.979303),
        (MovingBlockBootstrap(block_length=4), None),
    ],
    ids=["rows", "circular", "moving"],
)
def test_residuals_about_a_mean_are_the_scheme_itself(scheme, expected):
    """Errors of the mean of aircondit by rows and blocks; moving ones are centred.

    z-tests of mean and variance, 8,000 replicates: 2 seeds in 10,000 each.
    """
    bootstrap = ResidualBootstrap(
        None, 8000, scheme=scheme, residuals="raw", random_state=0
    )
    means = np.array([y.mean() for (y,) in bootstrap.iter_samples(AIRCONDIT)])
    if expected is None:
        within = [AIRCONDIT[start : start + 4].mean() for start in range(9)]
        expected = np.sqrt(np.var(within) / 3)
    deviations = means - AIRCONDIT.mean()
    squared = deviations**2
    assert abs(deviations.mean()) < Z * means.std() / np.sqrt(8000)
    assert abs(squared.mean() - expected**2) < Z * squared.std() / np.sqrt(8000)


@pytest.mark.parametrize(
    ("law", "third", "fourth"),
    [("rademacher", 0, 1), ("mammen", 1, 2), ("webb", 0, 7 / 6)],
)
def test_higher_moments_of_the_multipliers(law, third, fourth):
    """Mammen (1993); Webb (2023); Davidson & Flachaire (2008), section 2."""
    points, probabilities = map(np.array, vars(_LAWS[law]).values())
    assert_allclose(probabilities @ points**3, third, atol=1e-14)
    assert_allclose(probabilities @ points**4, fourth)


def test_the_points_of_mammen_and_webb():
    mammen = _LAWS["mammen"]
    root = 5**0.5
    assert_allclose(mammen.points, [-(root - 1) / 2, (root + 1) / 2])
    assert_allclose(mammen.probabilities[0], (root + 1) / (2 * root))
    expected = [(3 / 2) ** 0.5, 1, (1 / 2) ** 0.5]
    assert_allclose(
        sorted(_LAWS["webb"].points), sorted([-v for v in expected] + expected)
    )
    assert_allclose(_LAWS["webb"].probabilities, 1 / 6)


def test_mammen_s_multipliers_keep_the_third_moment_of_a_mean():
    """Over all 2^12 vectors, weighted by their probabilities, exactly."""
    law = _LAWS["mammen"]
    deviations = AIRCONDIT - AIRCONDIT.mean()
    scheme = WildBootstrap(2**12, multiplier=Enumerated(12, law.points))
    means = np.array([x.mean() for (x,) in scheme.iter_samples(AIRCONDIT)])
    weights = np.prod(list(itertools.product(law.probabilities, repeat=12)), axis=1)
    centred = means - AIRCONDIT.mean()
    assert_allclose(weights @ centred, 0, atol=1e-9)
    assert_allclose(weights @ centred**2, (deviations**2).sum() / 144)
    assert_allclose(weights @ centred**3, (deviations**3).sum() / 1728)


def test_yule_walker_of_the_sunspots():
    """Brockwell & Davis (2002), problem 5.1, state the autocovariances.

    1.318, -.634 and 289.2 are their answers.
    """
    deviations = (SUNSPOTS - 46.93)[:, np.newaxis]
    covariances = autocovariances(deviations, 3)
    assert_allclose(covariances.ravel(), [1382.2, 1114.4, 591.73, 96.216], rtol=5e-5)
    phi, variance = yule_walker(covariances, 2)
    assert_allclose(phi.ravel(), [1.318, -0.634], atol=6e-4)
    assert_allclose(variance, 289.2, atol=0.05)
    model = SieveBootstrap(max_lag=2, criterion=None).bind(SUNSPOTS).model
    assert_allclose(model.coefficients, phi)


def test_the_order_and_the_coefficients_that_r_prints():
    """R, ar(lh): .6534, -.0636, -.2269, order 3, sigma^2 .1959."""
    model = SieveBootstrap().bind(LH).model
    assert_allclose(model.coefficients.ravel(), [0.6534, -0.0636, -0.2269], atol=5e-5)
    covariances = autocovariances((LH - LH.mean())[:, np.newaxis], 3)
    _, variance = yule_walker(covariances, 3)
    assert_allclose(variance * 48 / (48 - 4), 0.1959, atol=5e-5)


def test_the_exponential_model_of_aircondit():
    """R, boot's norm.ci: 46.93055 to 169.2361, on the log scale 61.38157 to 190.31782.

    The mean of n exponential times has error mean / sqrt(n) exactly, and its logarithm
    an error of 1 / sqrt(n) to first order, sqrt(trigamma(n)) exactly. z-tests of both
    variances, 8,000 replicates: 2 seeds in 10,000.
    """
    mean = AIRCONDIT.mean()
    error = mean / np.sqrt(12)
    z = norm.ppf(0.975)
    assert_allclose(
        [mean - z * error, mean + z * error], [46.93055, 169.2361], rtol=1e-6
    )
    log_scale = mean * np.exp([-z / np.sqrt(12), z / np.sqrt(12)])
    assert_allclose(log_scale, [61.38157, 190.31782], rtol=1e-6)

    scheme = ParametricBootstrap(expon, 8000, fit_params={"floc": 0}, random_state=0)
    means = np.array([x.mean() for (x,) in scheme.iter_samples(AIRCONDIT)])
    for sample, variance in [(means, error**2), (np.log(means), polygamma(1, 12))]:
        squared = (sample - sample.mean()) ** 2
        assert abs(squared.mean() - variance) < Z * squared.std() / np.sqrt(8000)


def test_a_residual_bootstrap_of_least_squares_is_centred_at_the_fit():
    """The mean of 8,000 fits is that of the data; z-tests, 5 seeds in 10,000."""
    fit = LinearRegression().fit(X, Y)
    drawn = coefficients(ResidualBootstrap(n_resamples=8000, random_state=0))
    expected = [fit.intercept_, *fit.coef_]
    error = drawn.std(axis=0) / np.sqrt(8000)
    assert (np.abs(drawn.mean(axis=0) - expected) < Z * error).all()
