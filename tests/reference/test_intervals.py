"""Intervals against published and exact values.

Deterministic values are compared digit by digit. Simulated ones are compared within `Z`
standard errors, as `monte_carlo_error` states them: where the code is right, one test
fails for 2 seeds in 10,000. Values marked "converged" come from half a million to a
million resamples by an independent program.

Sources: Davison & Hinkley, "Bootstrap Methods and their Application", 1997 (D&H), and
the output of R's package boot, which accompanies it; Efron & Tibshirani, "An
Introduction to the Bootstrap", 1993 (E&T).
"""

from itertools import combinations
from math import lgamma

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtr, stdtrit
from scipy.stats import chi2, norm
from sklearn.datasets import load_diabetes

from ensembles.inference._intervals._abc import abc_distributions
from ensembles.inference._intervals._acceleration import (
    influence_acceleration,
    jackknife_acceleration,
)
from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._methods import METHODS, interval
from ensembles.inference._intervals._monte_carlo import monte_carlo_error
from ensembles.inference._intervals._quantiles import quantile

Z = norm.isf(0.5e-4)


def numbers(text):
    return np.array(text.split(), dtype=float)


# Inhabitants of 49 cities in 1920 and 1930, thousands: D&H example 1.2; the first ten
# are the smaller data set "city".
BIG_1920 = numbers(
    "138 93 61 179 48 37 29 23 30 2 38 46 71 25 298 74 50 76 381 387 78 60 507 50 77 "
    "64 40 136 243 256 94 36 45 67 120 172 66 46 121 44 64 56 40 116 87 43 43 161 "
    "36"
)
BIG_1930 = numbers(
    "143 104 69 260 75 63 50 48 111 50 52 53 79 57 317 93 58 80 464 459 106 57 634 64 "
    "89 77 60 139 291 288 85 46 53 67 115 183 86 65 113 58 63 142 64 130 105 61 50 "
    "232 54"
)
CITY_1920, CITY_1930 = BIG_1920[:10], BIG_1930[:10]
# Hours between failures of air conditioning: D&H example 1.1.
AIRCONDIT = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487.0])
# Scores of 26 children, test A: E&T table 14.1.
SPATIAL = numbers(
    "48 36 20 29 42 42 20 42 22 41 45 14 6 0 33 28 34 4 32 24 47 41 24 26 30 41"
)
# Fifteen law schools: E&T table 3.1.
LSAT = numbers("576 635 558 578 666 580 555 661 651 605 653 575 545 572 594")
GPA = numbers(
    "3.39 3.30 2.81 3.03 3.44 3.07 3.00 3.43 3.36 3.13 3.12 2.74 2.76 2.88 2.96"
)
# Gravity at Washington, series 7 and 8, deviations from 980.000: D&H example 3.2.
GRAVITY = numbers(
    "82 79 81 79 77 79 79 78 79 82 76 73 64 84 86 85 82 77 76 77 80 83 81 78 78 78"
)
SERIES = np.repeat([7, 8], 13)


def counts(n, n_resamples, seed):
    """How often each row stands in each resample."""
    rows = np.random.default_rng(seed).integers(n, size=(n_resamples, n))
    offset = n * np.arange(n_resamples)[:, np.newaxis]
    flat = np.bincount((rows + offset).ravel(), minlength=n * n_resamples)
    return flat.reshape(n_resamples, n).astype(float)


def correlation(x, y):
    def statistic(weights):
        weights = weights / weights.sum(axis=1, keepdims=True)
        mean_x, mean_y = weights @ x, weights @ y
        covariance = weights @ (x * y) - mean_x * mean_y
        spread = (weights @ x**2 - mean_x**2) * (weights @ y**2 - mean_y**2)
        # A resample of one row has no correlation, but for rounding.
        spread[spread < 1e-20] = np.nan
        return covariance / np.sqrt(spread)

    return statistic


def without_each(statistic, n):
    return statistic(1 - np.eye(n))


def assert_ends(evidence, method, level, expected, n_of_expected, lattice=0.0):
    """Within Z standard errors of two runs, the published one of n resamples."""
    found = np.array(interval(evidence, method, level))
    error = np.array(monte_carlo_error(evidence, method, level))
    both = error * np.sqrt(1 + evidence.n_resamples / n_of_expected)
    off = np.abs(found - expected)
    assert (off < Z * both + lattice).all(), (found, expected, both)
    assert (Z * both < 0.1 * (found[1] - found[0])).all(), "too rough to tell"


# The ratio of the city data over all resamples.


@pytest.fixture(scope="module")
def all_resamples():
    """Values of the ratio in ascending order and their probabilities, C(19, 9) each."""
    bars = np.array(list(combinations(range(19), 9)))
    edges = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, 19)))
    drawn = np.diff(edges, axis=1) - 1
    assert drawn.shape == (92378, 10)
    log_factorial = np.array([lgamma(k + 1) for k in range(11)])
    chance = np.exp(log_factorial[10] - log_factorial[drawn].sum(axis=1)) / 10.0**10
    ratio = drawn @ CITY_1930 / (drawn @ CITY_1920)
    order = np.argsort(ratio)
    return ratio[order], chance[order]


@pytest.fixture(scope="module")
def ideal(all_resamples):
    """Evidence of 999,999 equal replicates, the quantiles of all resamples."""
    ratio, chance = all_resamples
    n = 999_999
    at = np.searchsorted(np.cumsum(chance), (np.arange(n) + 0.5) / n)
    return Evidence(CITY_1930.sum() / CITY_1920.sum(), ratio[at], 10)


def with_acceleration(evidence, a):
    return Evidence(evidence.estimate, evidence.replicates, 10, acceleration=float(a))


def city_ratio(weights):
    return weights @ CITY_1930 / (weights @ CITY_1920)


def city_influence():
    residual = CITY_1930 - 1.5203125 * CITY_1920
    return residual / CITY_1920.mean()


def test_moments_of_all_resamples(all_resamples, ideal):
    ratio, chance = all_resamples
    assert_allclose(chance.sum(), 1)
    mean = chance @ ratio
    assert_allclose(mean - 1.5203125, 0.0394736, atol=1e-7)
    assert_allclose(np.sqrt(chance @ (ratio - mean) ** 2), 0.2214981, atol=1e-7)
    assert ideal.estimate == 1.5203125
    assert_allclose(ideal.bias, 0.0394736, atol=2e-6)
    assert_allclose(ideal.standard_error, 0.2214981, atol=5e-6)


def test_influence_on_the_ratio_is_that_of_boot():
    """R's empinf, var.linear and k3.linear, by numerical derivatives; k3 exactly."""
    printed = [-1.04368, -0.58418, -0.37092, -0.18959, 0.03164]
    printed += [0.10545, 0.09236, 0.20365, 1.02178, 0.73381]
    influence = city_influence()
    assert_allclose(influence, printed, atol=1.5e-4)
    assert_allclose((influence**2).sum() / 10**2, 0.03248701, rtol=1e-3)
    assert_allclose((influence**3).sum() / 10**3, 7.760e-05, atol=5e-9)
    numerical = abc_of(city_ratio, 10).influence
    assert_allclose(numerical, influence, atol=1.5e-4)


def test_median_bias_and_accelerations_of_the_ratio(ideal):
    assert_allclose(ideal.median_bias, 0.00263003, atol=1e-5)
    assert_allclose(influence_acceleration(city_influence()), 0.00220877, atol=5e-9)
    delete_one = without_each(city_ratio, 10)
    assert_allclose(jackknife_acceleration(delete_one), -0.01120319, atol=5e-9)


@pytest.mark.parametrize(
    ("method", "level", "expected"),
    [
        ("percentile", 0.90, (1.285714, 1.968045)),
        ("percentile", 0.95, (1.251116, 2.106977)),
        ("basic", 0.90, (1.072580, 1.754911)),
    ],
)
def test_intervals_of_the_ratio_over_all_resamples(ideal, method, level, expected):
    assert_allclose(interval(ideal, method, level), expected, atol=1e-5)


def test_bca_intervals_of_the_ratio_over_all_resamples(ideal):
    by_influence = with_acceleration(ideal, influence_acceleration(city_influence()))
    delete_one = jackknife_acceleration(without_each(city_ratio, 10))
    by_jackknife = with_acceleration(ideal, delete_one)
    assert_allclose(interval(by_influence, "bca", 0.9), (1.28697, 1.97207), atol=2e-5)
    assert_allclose(interval(by_jackknife, "bca", 0.9), (1.28272, 1.95680), atol=2e-5)


def test_boot_s_bca_intervals_of_999_resamples_are_near(ideal):
    """R: 90 % (1.292, 1.957), 95 % (1.254, 2.058); within Z errors of 999 resamples."""
    evidence = with_acceleration(ideal, influence_acceleration(city_influence()))
    for level, printed in [(0.9, (1.292, 1.957)), (0.95, (1.254, 2.058))]:
        few = evidence.only(np.random.default_rng(0).integers(999_999, size=999))
        error = np.array(monte_carlo_error(few, "bca", level))
        assert (
            np.abs(np.subtract(interval(evidence, "bca", level), printed)) < Z * error
        ).all()


# Air conditioning: means of 12 values, on a lattice of 1 / 12.


@pytest.fixture(scope="module")
def aircondit():
    a = influence_acceleration(AIRCONDIT - AIRCONDIT.mean())
    assert_allclose(a, 0.0937981, atol=5e-8)
    replicates = counts(12, 200_000, seed=0) @ AIRCONDIT / 12
    return Evidence(AIRCONDIT.mean(), replicates, 12, acceleration=float(a))


@pytest.mark.parametrize(
    ("method", "expected", "n"),
    [
        ("percentile", (46.917, 191.250), 10**6),  # converged
        ("bca", (57.167, 227.083), 10**6),  # converged
        ("percentile", (43.9, 192.1), 999),  # D&H example 5.4
        ("bca", (55.33, 243.5), 999),  # D&H example 5.8
        ("bca", (57.1, 226.5), 2000),  # R bootstrap
        ("expanded", (41.1, 209.0), 2000),  # Octave statistics-resampling
        ("expanded_bca", (52.0, 252.5), 2000),  # Octave statistics-resampling
    ],
)
def test_intervals_of_a_mean(aircondit, method, expected, n):
    found = np.array(interval(aircondit, method))
    error = np.array(monte_carlo_error(aircondit, method))
    both = np.sqrt(error**2 * (1 + 200_000 / n) + (1 / 12) ** 2)
    assert (np.abs(found - expected) < Z * both).all()


def test_a_normal_interval_of_a_mean_converges_to_its_exact_error(aircondit):
    """z-test of the bias, 0, and of the variance, sd^2 / n: 2 seeds in 10,000 each."""
    low, high = interval(aircondit, "normal")
    error = 37.652552
    width = (high - low) / (2 * norm.isf(0.025))
    kurtosis = ((aircondit.replicates - 108.0833) ** 4).mean() / error**4
    assert abs(width / error - 1) < Z * np.sqrt((kurtosis - 1) / 4 / 200_000)
    assert abs((low + high) / 2 - 108.0833) < Z * error / np.sqrt(200_000) + 1e-4


def test_moving_blocks_are_centred_at_their_own_mean():
    """All 729 resamples of three blocks of four: mean 86.4167, standard error 38.331.

    The intervals are then around 108.0833, as those of circular blocks are; uncentred,
    the normal one is around 129.75.
    """
    starts = np.array([AIRCONDIT[i : i + 4].mean() for i in range(9)])
    three = np.array(np.meshgrid(starts, starts, starts)).reshape(3, -1).mean(axis=0)
    evidence = Evidence(AIRCONDIT.mean(), three, 3, centre=float(starts.mean()))
    assert_allclose(three.mean(), 86.416667, atol=5e-7)
    assert_allclose(three.std(), 38.331099, atol=5e-7)
    assert_allclose(np.mean(interval(evidence, "normal")), 108.083333, atol=5e-7)
    basic, percentile = (interval(evidence, m, 0.9) for m in ("basic", "percentile"))
    assert_allclose(np.add(basic, percentile[::-1]), 2 * 108.083333, atol=5e-6)
    assert percentile[0] < 108.083333 < percentile[1]
    assert_allclose(percentile, quantile(np.sort(three), [0.05, 0.95]) + 21.666667)


# The variance of the spatial data.


def spatial_variance(weights):
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ SPATIAL**2 - (weights @ SPATIAL) ** 2


@pytest.fixture(scope="module")
def spatial():
    squares = (SPATIAL - SPATIAL.mean()) ** 2
    a = influence_acceleration(squares - squares.mean())
    assert_allclose(a, 0.0612401, atol=5e-8)  # E&T: .061
    replicates = spatial_variance(counts(26, 100_000, seed=0))
    return Evidence(171.534023668639, replicates, 26, acceleration=float(a))


def test_parts_of_the_variance(spatial):
    """z-tests of error, bias and z0 against converged ones: 2 seeds in 10,000 each."""
    assert_allclose(spatial.estimate, SPATIAL.var())
    root = np.sqrt(100_000)
    assert abs(spatial.standard_error - 41.823) < Z * 41.8 / np.sqrt(2) / root + 5e-4
    assert abs(spatial.bias - -171.534 / 26) < Z * 41.8 / root + 1e-3
    assert abs(spatial.median_bias - 0.1771) < Z * 1.26 * np.sqrt(1.2) / root + 5e-5


@pytest.mark.parametrize(
    ("method", "expected", "n"),
    [
        ("percentile", (97.72, 235.50), 500_000),  # converged
        ("bca", (115.78, 261.42), 500_000),  # converged
        ("percentile", (100.8, 233.9), 2000),  # E&T table 14.2
        ("bca", (115.8, 259.6), 2000),  # E&T table 14.2
        ("normal", (109.6, 246.7), 2000),  # R boot
        ("basic", (108.3, 245.1), 2000),  # R boot
    ],
)
def test_intervals_of_a_variance(spatial, method, expected, n):
    found = np.array(interval(spatial, method, 0.9))
    error = np.array(monte_carlo_error(spatial, method, 0.9))
    both = error * np.sqrt(1 + 100_000 / n) + 0.05
    assert (np.abs(found - expected) < Z * both).all()


def test_the_studentized_interval_of_a_variance():
    """R bootstrap's boott prints (112.0, 291.8) and (116.1, 290.9) in two runs.

    It bootstraps each error; here errors are those of the influence.
    """
    drawn = counts(26, 20_000, seed=0) / 26

    def error(weights):
        fourth = weights @ np.stack([SPATIAL**k for k in range(5)], axis=1)
        m = fourth[:, 1]
        central = (
            fourth[:, 4] - 4 * m * fourth[:, 3] + 6 * m**2 * fourth[:, 2] - 3 * m**4
        )
        return np.sqrt((central - spatial_variance(weights) ** 2) / 26)

    evidence = Evidence(
        SPATIAL.var(),
        spatial_variance(drawn),
        26,
        estimate_error=float(error(np.full((1, 26), 1 / 26))[0]),
        replicate_errors=error(drawn),
    )
    low, high = interval(evidence, "studentized", 0.9)
    assert 112.0 - 3 < low < 116.1 + 3
    assert 290.9 - 10 < high < 291.8 + 10


# The correlation of law schools.


def test_the_correlation_of_law_schools():
    statistic = correlation(LSAT, GPA)
    estimate = statistic(np.ones((1, 15)))[0]
    delete_one = without_each(statistic, 15)
    a = jackknife_acceleration(delete_one)
    assert_allclose(estimate, 0.776374491289407, rtol=1e-12)
    assert_allclose(np.sqrt(14 * delete_one.var()), 0.1425186, atol=5e-8)
    assert_allclose(14 * (delete_one.mean() - estimate), -0.0064736, atol=5e-8)
    assert_allclose(a, -0.0756716, atol=5e-8)
    replicates = statistic(counts(15, 100_000, seed=0))
    replicates = replicates[np.isfinite(replicates)]
    evidence = Evidence(estimate, replicates, 15, acceleration=float(a))
    assert_ends(evidence, "percentile", 0.9, (0.5229, 0.9478), 10**6, 5e-5)
    assert_ends(evidence, "bca", 0.9, (0.4292, 0.9269), 10**6, 5e-5)


# Levels and accelerations.


@pytest.mark.parametrize(
    ("n", "tail"),
    [(5, 0.000954), (10, 0.008551), (12, 0.010757), (20, 0.015881), (50, 0.021179)],
)
def test_expanded_tails(n, tail):
    """Phi(-sqrt(n / (n - 1)) t): Hesterberg (2015), "What teachers should know"."""
    evidence = Evidence(0.0, np.array([-1.0, 1.0]), n)
    level = METHODS["expanded"].level(evidence, np.array([0.025, 0.975]))
    assert_allclose(level, [tail, 1 - tail], atol=5e-7)
    assert_allclose(level[0], ndtr(np.sqrt(n / (n - 1)) * stdtrit(n - 1, 0.025)))


def test_the_acceleration_of_two_samples():
    """scipy's test of BCa for two samples states 0.011008228344026734."""
    y = np.array([10, 27, 31, 40, 46, 50, 52, 104, 146.0])
    z = np.array([16, 23, 38, 94, 99, 141, 197.0])
    without_y = z.mean() - np.array([np.delete(y, i).mean() for i in range(9)])
    without_z = np.array([np.delete(z, i).mean() for i in range(7)]) - y.mean()
    a = jackknife_acceleration([without_y, without_z])
    assert_allclose(a, 0.011008228344026734, rtol=1e-12)
    influence = influence_acceleration([y.mean() - y, z - z.mean()])
    assert_allclose(influence, a, rtol=1e-12)


# ABC.


def abc_of(statistic, n, **params):
    (distribution,) = abc_distributions(statistic, n, **params)
    return distribution


def test_abc_of_a_variance():
    """E&T table 14.2 prints (116.7, 260.9); their program abcnon (116.705, 260.883)."""
    found = abc_of(spatial_variance, 26)
    assert_allclose(found.interval(0.9), (116.705, 260.883), atol=5e-4)
    assert_allclose(found.acceleration, 0.0612401, atol=5e-8)


def test_abc_of_a_mean():
    """Values of the test of the package scikits.bootstrap."""
    x = numbers(
        "1.34016346 1.73759123 1.49898834 -0.22864333 2.031034 2.17032495 1.59645265 "
        "-0.76945156 0.56605824 -0.11927018 -0.1465108 -0.79890338 0.77183278 "
        "-0.82819136 1.32667483 1.05986776 2.14408873 -1.43464512 2.28743654 "
        "0.42864858"
    )
    found = abc_of(lambda weights: weights @ x, 20)
    assert_allclose(found.interval(), (0.20982275, 1.20374686), atol=3e-8)
    expected = [0.39472915, 0.51161304, 0.93789723, 1.04407254]
    assert_allclose(found.endpoint([0.1, 0.2, 0.8, 0.9]), expected, atol=3e-8)


def with_boot_s_median_bias(found):
    """R's abc.ci takes a + c - b / sigma, to first order what z0 is."""
    z0 = found.acceleration + found.curvature - found.bias / found.standard_error
    parts = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return type(found)(**parts | {"median_bias": z0})


def test_abc_of_a_correlation():
    """R boot, abc.ci(bigcity, corr): 90 % (.95815, .99173), 95 % (.94937, .99307)."""
    found = abc_of(correlation(BIG_1920, BIG_1930), 49)
    assert_allclose(found.interval(0.90), (0.95812, 0.99172), atol=5e-6)
    assert_allclose(found.interval(0.95), (0.94933, 0.99307), atol=5e-6)
    by_boot = with_boot_s_median_bias(found)
    assert_allclose(by_boot.interval(0.90), (0.95815, 0.99173), atol=5e-6)
    assert_allclose(by_boot.interval(0.95), (0.94937, 0.99307), atol=5e-6)


def test_abc_of_a_difference_between_strata():
    """R boot, abc.ci(gravity, strata): 95 % (-6.70758, -.39394)."""

    def difference(weights):
        first, second = weights * (SERIES == 7), weights * (SERIES == 8)
        return first @ GRAVITY / first.sum(axis=1) - second @ GRAVITY / second.sum(
            axis=1
        )

    found = abc_of(difference, 26, strata=SERIES)
    assert_allclose(found.interval(), (-6.70758, -0.39394), atol=2e-5)
    # Rows of the first sample come first: nothing depends on that.
    mixed = np.random.default_rng(0).permutation(26)
    again = abc_of(
        lambda w: difference(w[:, np.argsort(mixed)]), 26, strata=SERIES[mixed]
    )
    assert_allclose(again.interval(), found.interval(), rtol=1e-7)


def test_abc_of_law_schools():
    found = abc_of(correlation(LSAT, GPA), 15)
    assert_allclose(found.interval(0.9), (0.4429, 0.9215), atol=5e-5)


# Monte-Carlo error.


def adjusted_r2(X, y):
    n, p = X.shape
    columns = np.column_stack([np.ones(n), 10 * X, (y - y.mean()) / y.std()])
    products = (columns[:, :, np.newaxis] * columns[:, np.newaxis]).reshape(n, -1)

    def statistic(weights):
        size = weights.sum(axis=1)
        moments = (weights @ products).reshape(-1, p + 2, p + 2)
        normal, right = moments[:, :-1, :-1], moments[:, :-1, -1]
        fitted = np.linalg.solve(normal, right[..., np.newaxis])[..., 0] * right
        total = moments[:, -1, -1] - moments[:, -1, 0] ** 2 / size
        left = moments[:, -1, -1] - fitted.sum(axis=1)
        return 1 - left / total * (size - 1) / (size - p - 1)

    return statistic


def test_the_monte_carlo_error_of_diabetes():
    """R bcaboot, B = 2000: 95 % (.4222, .5614), of which errors .0078 and .0020.

    Its errors are from a jackknife of 10 groups, good to a factor of 2. Those of 30
    runs here are compared to the spread of the runs: chi-square, 29 df, 2 seeds in
    10,000, with a tenth for their own noise. Its ends lie within Z errors of a run.
    """
    X, y = load_diabetes(return_X_y=True)
    statistic = adjusted_r2(X, y)
    estimate = statistic(np.ones((1, 442)))[0]
    assert_allclose(estimate, 0.5065592904853, rtol=1e-12)
    a = float(jackknife_acceleration(without_each(statistic, 442)))
    runs = [
        Evidence(estimate, statistic(counts(442, 2000, seed)), 442, acceleration=a)
        for seed in range(30)
    ]
    errors = np.mean([monte_carlo_error(run) for run in runs], axis=0)
    assert (np.abs(np.log(errors / [0.0078, 0.0020])) < np.log(2)).all()
    ends = np.array([interval(run) for run in runs])
    low, high = np.sqrt(chi2(29).ppf([0.5e-4, 1 - 0.5e-4]) / 29)
    ratio = ends.std(axis=0, ddof=1) / errors
    assert ((0.9 * low < ratio) & (ratio < 1.1 * high)).all()
    off = np.abs(ends.mean(axis=0) - [0.4222, 0.5614])
    assert (off < Z * errors * np.sqrt(1 + 1 / 30)).all()


# Coverage.


def test_coverage_of_intervals_of_a_variance():
    """N(0, 1), n = 26, nominal 90 %, 1,000 samples, from Octave's bootci.m.

    Two runs of 1,000 binomial trials, z-tests: 1 seed in 10,000 each.
    """
    published = {
        "normal": 0.815,
        "percentile": 0.815,
        "basic": 0.811,
        "bca": 0.839,
        "studentized": 0.892,
    }

    def error(x):
        squares = (x - x.mean(axis=-1, keepdims=True)) ** 2
        return np.sqrt(squares.var(axis=-1) / 26)

    rng = np.random.default_rng(0)
    covered = dict.fromkeys(published, 0)
    for _ in range(1000):
        x = rng.normal(size=26)
        drawn = x[rng.integers(26, size=(1999, 26))]
        squares = (x - x.mean()) ** 2
        evidence = Evidence(
            x.var(),
            drawn.var(axis=1),
            26,
            acceleration=float(influence_acceleration(squares - x.var())),
            estimate_error=float(error(x)),
            replicate_errors=error(drawn),
        )
        for method in published:
            low, high = interval(evidence, method, 0.9)
            covered[method] += low <= 1 <= high
    for method, share in published.items():
        spread = np.sqrt(2 * share * (1 - share) / 1000)
        assert abs(covered[method] / 1000 - share) < Z * spread, method


@pytest.mark.slow
def test_coverage_of_expanded_and_calibrated_intervals_of_a_mean():
    """N(0, 1), n = 12, nominal 95 %, from Octave's bootknife.m.

    Binomial z-tests of 1,000 samples, 400 for the calibrated, 1 seed in 10,000 each;
    0.01 is left for the bootknife, which is not quite the bootstrap.
    """
    rng = np.random.default_rng(0)
    published = {"expanded_bca": 0.948, "expanded": 0.948, "calibrated": 0.955}
    covered = dict.fromkeys(published, 0)
    n_samples = dict.fromkeys(published, 1000) | {"calibrated": 400}
    for sample in range(1000):
        x = rng.normal(size=12)
        drawn = x[rng.integers(12, size=(999, 12))]
        a = float(influence_acceleration(x - x.mean()))
        ranks = None
        if sample < n_samples["calibrated"]:
            rows = rng.integers(12, size=(999, 100, 12))
            inner = np.take_along_axis(drawn[:, np.newaxis], rows, axis=2).mean(axis=2)
            ranks = (inner < x.mean()).mean(axis=1)
        evidence = Evidence(
            x.mean(), drawn.mean(axis=1), 12, acceleration=a, inner_ranks=ranks
        )
        for method in published:
            if sample < n_samples[method]:
                low, high = interval(evidence, method)
                covered[method] += low <= 0 <= high
    for method, share in published.items():
        spread = np.sqrt(share * (1 - share) / n_samples[method])
        assert abs(covered[method] / n_samples[method] - share) < Z * spread + 0.01
