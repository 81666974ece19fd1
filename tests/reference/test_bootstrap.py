"""Published and enumerated answers that `bootstrap` must give from end to end.

An end of an interval is compared in units of its Monte-Carlo error, `mc_error`, itself
checked elsewhere and right to a tenth. The bound is 4.5 of them, and the error of the
published figure where that is a simulation too: a right program fails for about one
seed in 100,000 an end.
"""

from itertools import combinations, product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtri
from scipy.stats import binom, chisquare, multinomial, norm
from sklearn.datasets import load_diabetes

from ensembles.inference import bootstrap
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    MovingBlockBootstrap,
    StationaryBootstrap,
)

MANY = 99_999
BOUND = 4.5

# Davison & Hinkley, "Bootstrap Methods and their Application", 1997: example 1.2 ...
CITY_1920 = np.array([138, 93, 61, 179, 48, 37, 29, 23, 30, 2])
CITY_1930 = np.array([143, 104, 69, 260, 75, 63, 50, 48, 111, 50])
# ... and example 1.1.
AIRCONDIT = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
# Efron & Tibshirani, "An Introduction to the Bootstrap", 1993: table 3.1 ...
LSAT = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594]
GPA = [3.39, 3.3, 2.81, 3.03, 3.44, 3.07, 3.0, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88]
GPA += [2.96]
# ... and table 14.1, test A.
SPATIAL = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32]
SPATIAL += [24, 47, 41, 24, 26, 30, 41]
# The data of the tests of the package scikits.bootstrap.
TWENTY = [1.34016346, 1.73759123, 1.49898834, -0.22864333, 2.031034, 2.17032495]
TWENTY += [1.59645265, -0.76945156, 0.56605824, -0.11927018, -0.1465108, -0.79890338]
TWENTY += [0.77183278, -0.82819136, 1.32667483, 1.05986776, 2.14408873, -1.43464512]
TWENTY += [2.28743654, 0.42864858]


def run(statistic, *data, **how):
    return bootstrap(statistic, *data, **{"n_resamples": MANY, "rng": 0, **how})


def accelerations(result):
    return result._replicates.run.accelerations()


def assert_ends(result, expected, *, from_resamples=np.inf, printed=0.0, least=0.0):
    """Within the Monte-Carlo error of this run and of the expected one."""
    share = np.sqrt(1 + result.n_resamples / from_resamples)
    pairs = zip(result.confidence_interval, result.mc_error, expected, strict=True)
    for end, error, wanted in pairs:
        assert abs(end - wanted) < BOUND * max(error, least) * share + printed


def assert_moments(result, error, *, bias=0.0, from_resamples=np.inf, printed=0.0):
    """z-tests of the bias and of the variance, at the same bound."""
    drawn = result.distribution - result.distribution.mean()
    scale = BOUND * np.sqrt(1 / len(drawn) + 1 / from_resamples)
    assert abs(result.bias - bias) < scale * drawn.std() + printed
    squares = drawn**2
    assert abs(squares.mean() - error**2) < scale * squares.std() + 2 * error * printed


@pytest.fixture(scope="module")
def city():
    return run("ratio", CITY_1930, CITY_1920, confidence_level=0.9)


@pytest.fixture(scope="module")
def spatial():
    return run("var", SPATIAL, confidence_level=0.9)


@pytest.fixture(scope="module")
def school():
    return run("corr", LSAT, GPA, confidence_level=0.9)


def asked(result, method, level=None):
    """The same replicates, asked for another interval."""
    return result._asked(method, level, None)


# City: all C(19, 9) = 92,378 resamples, so the law of the replicates is known.


@pytest.fixture(scope="module")
def city_law():
    """Ratios of all resamples, ascending, and the probability of not exceeding each."""
    bars = np.array(list(combinations(range(19), 9)))
    edges = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, 19)))
    counts = np.diff(edges, axis=1) - 1
    probability = multinomial(10, np.full(10, 0.1)).pmf(counts)
    ratios = counts @ CITY_1930 / (counts @ CITY_1920)
    order = np.argsort(ratios)
    return ratios[order], np.cumsum(probability[order])


def test_the_city_ratio_has_its_error_and_bias(city, city_law):
    ratios, cumulated = city_law
    probability = np.diff(cumulated, prepend=0)
    mean = probability @ ratios
    error = np.sqrt(probability @ (ratios - mean) ** 2)
    assert len(ratios) == 92_378
    assert_allclose([cumulated[-1], error], [1, 0.2214981], atol=5e-8)
    assert mean - 1.5203125 == pytest.approx(0.0394736, abs=5e-8)
    assert city.estimate == 1.5203125
    assert_moments(city, error, bias=0.0394736)


def share_at(law, end):
    """Probabilities of a ratio below the end, and of one not above it."""
    ratios, cumulated = law
    cumulated = np.append(0.0, cumulated)
    below = cumulated[np.searchsorted(ratios, end - 1e-9)]
    return below, cumulated[np.searchsorted(ratios, end + 1e-9)]


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_percentile_and_basic_ends_of_the_city_ratio_have_their_share(
    city, city_law, level
):
    """On the scale of probability, as values are lumpy; 4.5 standard errors."""
    p = (1 - level) / 2
    chance = BOUND * np.sqrt(p * (1 - p) / MANY)
    low, high = city.interval("percentile", level)
    basic_low, basic_high = city.interval("basic", level)
    mirrored = 2 * 1.5203125 - basic_high, 2 * 1.5203125 - basic_low
    assert_allclose(mirrored, (low, high), rtol=1e-9)
    for end, wanted in ((low, p), (high, 1 - p)):
        below, not_above = share_at(city_law, end)
        assert below - chance < wanted < not_above + chance


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_bca_ends_of_the_city_ratio_have_their_share(city, city_law, level):
    """z0 = .00263003 of the law, a = -.01120319 of the jackknife.

    The error of z0, sqrt(pi / 2) / sqrt(R), moves the level twice.
    """
    below, not_above = share_at(city_law, 1.5203125)
    z0 = ndtri((below + not_above) / 2)
    assert z0 == pytest.approx(0.00263003, abs=5e-8)
    low, high = city.interval("bca", level)
    for end, z in ((low, ndtri((1 - level) / 2)), (high, ndtri((1 + level) / 2))):
        wanted = norm.cdf(z0 + (z0 + z) / (1 + 0.01120319 * (z0 + z)))
        of_z0 = 2 * norm.pdf(z) * np.sqrt(np.pi / 2)
        chance = BOUND * np.sqrt((wanted * (1 - wanted) + of_z0**2) / MANY)
        below, not_above = share_at(city_law, end)
        assert below - chance < wanted < not_above + chance


@pytest.mark.parametrize(
    ("level", "percentile"),
    [(0.9, (1.285714, 1.968045)), (0.95, (1.251116, 2.106977))],
)
def test_the_enumerated_percentiles_are_the_stated_ones(city_law, level, percentile):
    ratios, cumulated = city_law
    at = np.searchsorted(cumulated, [(1 - level) / 2, (1 + level) / 2])
    assert_allclose(ratios[at], percentile, atol=5e-7)


def test_the_city_ratio_has_the_influence_of_its_cities(city):
    """R's boot: variance 0.03248701 of empinf; the jackknife's acceleration."""
    error = city._replicates.run.evaluation.error()
    assert_allclose(error**2, [0.03248701], rtol=5e-5)  # by differences there
    assert_allclose(accelerations(city), [-0.01120319], atol=5e-9)
    assert_allclose(city._replicates.abc[0].standard_error, error, rtol=1e-4)
    assert_allclose(city._replicates.abc[0].acceleration, 0.00220877, rtol=1e-3)


# Air conditioning.


SCHEMES = {
    "rows": (Bootstrap(), 37.652552),
    "6 of 12": (Bootstrap(max_samples=6), 53.248750),
    "6 of 12 whole": (Bootstrap(max_samples=6, replace=False), 39.326808),
    "Bayesian": (BayesianBootstrap(), 36.175402),
    "stationary": (StationaryBootstrap(block_length=4), 36.225603),
    "circular": (CircularBlockBootstrap(block_length=4), 40.979303),
    "moving": (MovingBlockBootstrap(block_length=4), 38.331099),
}


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "error"), SCHEMES.values(), ids=SCHEMES)
def test_the_error_of_the_mean_of_the_air_conditioning_hours(scheme, error):
    """Closed forms of each scheme; Politis & Romano (1994) for stationary blocks."""
    result = run("mean", AIRCONDIT, scheme=scheme)
    assert_moments(result, error)
    assert result.estimate == pytest.approx(108.0833, abs=5e-5)


@pytest.mark.parametrize(
    ("method", "expected", "n_resamples", "printed"),
    [
        ("percentile", (46.917, 191.250), 10**6, 2 / 12),
        ("bca", (57.167, 227.083), 10**6, 2 / 12),
        ("percentile", (43.9, 192.1), 999, 2 / 12),
        ("bca", (55.33, 243.5), 999, 2 / 12),
        ("studentized", (45.2, 301.6), 999, 0.05),
        ("expanded", (41.1, 209.0), 1999, 0.05),
        ("expanded_bca", (52.0, 252.5), 1999, 0.05),
    ],
)
def test_intervals_of_the_mean_of_the_air_conditioning_hours(
    method, expected, n_resamples, printed
):
    """Own runs of a million; Davison & Hinkley (examples 5.4 and 5.8, R = 999);

    R's bootstrap (boott); Octave's statistics-resampling (expanded). Means of twelve
    whole numbers are a twelfth apart, so that `mc_error` may find none; the error of a
    normal quantile, 2.7 s / sqrt(R), stands in.
    """
    result = run("mean", AIRCONDIT, method=method)
    least = 2.7 * result.standard_error / np.sqrt(MANY)
    assert_ends(
        result, expected, from_resamples=n_resamples, printed=printed, least=least
    )


def test_the_mean_of_the_air_conditioning_hours_has_its_acceleration():
    assert_allclose(accelerations(run("mean", AIRCONDIT)), [0.0937981], atol=5e-8)


def test_moving_blocks_are_centred_where_they_scatter():
    """E*[mean*] = 86.4167, the mean 108.0833; all 9^3 sequences of three blocks.

    The basic interval is 108.0833 + 86.4167 less the quantiles of these 729; the share
    of them beyond each end is 5 %, with the error of 99,999 draws.
    """
    scheme = MovingBlockBootstrap(block_length=4)
    result = run("mean", AIRCONDIT, scheme=scheme, confidence_level=0.9)
    starts = [AIRCONDIT[i : i + 4].mean() for i in range(9)]
    every = np.mean(list(product(starts, repeat=3)), axis=1)
    assert every.mean() == pytest.approx(86.416667)
    low, high = result.interval("basic")
    mirror = AIRCONDIT.mean() + every.mean()
    chance = BOUND * np.sqrt(0.05 * 0.95 / MANY) + 2 / 729
    assert abs((every <= mirror - high + 1e-9).mean() - 0.05) < chance + 3 / 729
    assert abs((every >= mirror - low - 1e-9).mean() - 0.05) < chance + 3 / 729
    low, high = result.interval("normal")
    error = BOUND * 38.331 / np.sqrt(MANY)
    assert abs((low + high) / 2 - 108.0833) < error + 1e-4
    assert abs(result.bias) < error
    assert abs(result.distribution.mean() - 86.4167) < error + 1e-4


# Law schools.


def test_the_correlation_of_law_schools(school):
    """Efron & Tibshirani: r = .776; run of a million: error .1336."""
    assert school.estimate == pytest.approx(0.776374491289407, abs=1e-14)
    assert_allclose(accelerations(school), [-0.0756716], atol=5e-8)
    drawn = school.distribution
    assert abs(drawn.std() - 0.1336) < BOUND * drawn.std() / np.sqrt(MANY) + 5e-5


@pytest.mark.parametrize(
    ("method", "expected"),
    [("percentile", (0.5229, 0.9478)), ("bca", (0.4292, 0.9269))],
)
def test_intervals_of_the_correlation_of_law_schools(school, method, expected):
    assert_ends(asked(school, method), expected, from_resamples=10**6, printed=5e-5)


def test_abc_of_the_correlation_of_law_schools(school):
    assert_allclose(school.interval("abc"), (0.4429, 0.9215), atol=6e-5)


def test_the_jackknife_error_of_the_correlation_of_law_schools(school):
    """.1425186, from the same leave-one-out values as the acceleration."""
    (values,), _ = school._replicates.run.evaluation.jackknife()
    n = len(LSAT)
    error = np.sqrt((n - 1) ** 2 / n * values.var(ddof=1))
    assert error == pytest.approx(0.1425186, abs=5e-8)
    bias = (n - 1) * (values.mean() - school.estimate)
    assert bias == pytest.approx(-0.0064736, abs=5e-8)


# Spatial perception.


def test_the_variance_of_spatial_perception(spatial):
    """Efron & Tibshirani, chapter 14: 171.5; a = .061; own run of 500,000."""
    assert spatial.estimate == pytest.approx(171.534023668639, abs=1e-11)
    assert_allclose(accelerations(spatial), [0.0612401], atol=5e-8)
    assert_moments(spatial, 41.823, bias=-6.551, from_resamples=5e5, printed=6e-4)
    share = (spatial.distribution < spatial.estimate).mean()
    error = BOUND * np.sqrt(0.25 * 1.2 / MANY) / norm.pdf(0.1771)
    assert abs(ndtri(share) - 0.1771) < error


@pytest.mark.parametrize(
    ("method", "expected", "n_resamples"),
    [
        ("percentile", (97.72, 235.50), 500_000),
        ("bca", (115.78, 261.42), 500_000),
        ("percentile", (100.8, 233.9), 2000),
        ("bca", (115.8, 259.6), 2000),
        ("normal", (109.6, 246.7), 1999),
        ("basic", (108.3, 245.1), 1999),
        ("studentized", (112.0, 291.8), 1999),
    ],
)
def test_intervals_of_the_variance_of_spatial_perception(
    spatial, method, expected, n_resamples
):
    """Own run of 500,000; table 14.2 of the book; R's boot (studentized by empinf)."""
    result = asked(spatial, method)
    assert_ends(result, expected, from_resamples=n_resamples, printed=0.05)


def test_abc_of_the_variance_of_spatial_perception(spatial):
    """Table 14.2: 116.7, 260.9."""
    assert_allclose(spatial.interval("abc"), (116.705, 260.883), atol=6e-4)


def test_the_calibrated_interval_of_the_variance_of_spatial_perception():
    """Octave's bootknife prints 115.3, 276.9 from 1,999 resamples of 200.

    Ten runs of that size have ends that scatter by 1.4 and 6.
    """
    how = {"confidence_level": 0.9, "n_resamples": 1999, "method": "calibrated"}
    low, high = run("var", SPATIAL, **how).confidence_interval
    assert abs(low - 115.3) < BOUND * 1.4 * np.sqrt(2)
    assert abs(high - 276.9) < BOUND * 6 * np.sqrt(2)


# ABC of the mean of twenty numbers.


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (0.95, (0.20982275, 1.20374686)),
        (0.8, (0.39472915, 1.04407254)),
        (0.6, (0.51161304, 0.93789723)),
    ],
)
def test_abc_of_the_mean_of_twenty_numbers(level, expected):
    """The package scikits.bootstrap, after Efron's own program."""
    result = bootstrap("mean", TWENTY, method="abc", confidence_level=level)
    assert_allclose(result.confidence_interval, expected, atol=2e-6)


# Median of thirteen.


def test_the_median_of_thirteen_rows_has_efron_s_law():
    """Efron (1979): 0 .0015 .0142 .0550 .1242 .1936 .2230 from the third on.

    Chi-square of 99,999 replicates: fails 1 seed in 10,000.
    """
    k = np.arange(1, 14)
    law = binom(13, (k - 1) / 13).cdf(6) - binom(13, k / 13).cdf(6)
    printed = [0, 0.0015, 0.0142, 0.0550, 0.1242, 0.1936, 0.2230]
    assert_allclose(law[:7], printed, atol=2e-4)
    drawn = run("median", np.arange(13.0)).distribution
    seen = np.bincount(drawn.astype(int), minlength=13)
    inner = slice(1, 12)
    pooled = np.array([seen[inner.start] + seen[0], *seen[2:11], seen[11:].sum()])
    expected = np.array([law[:2].sum(), *law[2:11], law[11:].sum()])
    assert chisquare(pooled, MANY * expected).pvalue > 1e-4


# Two samples.


def test_the_difference_of_two_means_has_its_published_acceleration():
    """scipy's tests: 0.011008228344026734 for mean(z) - mean(y)."""
    y = [10, 27, 31, 40, 46, 50, 52, 104, 146]
    z = [16, 23, 38, 94, 99, 141, 197]
    how = {"paired": False, "n_resamples": 999, "rng": 0}
    result = bootstrap(lambda a, b: a.mean() - b.mean(), z, y, **how)
    assert_allclose(accelerations(result), [0.011008228344026734], rtol=1e-10)
    error = np.sqrt(np.var(y) / 9 + np.var(z) / 7)
    assert result.standard_error == pytest.approx(error, rel=BOUND / np.sqrt(2 * 999))


# Diabetes.


def adjusted_r2(X, y):
    design = np.column_stack([np.ones(len(X)), X])
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    residual = ((y - design @ beta) ** 2).sum() / (len(y) - design.shape[1])
    return 1 - residual / y.var(ddof=1)


def test_the_adjusted_r2_of_diabetes():
    """R's bcaboot, 2,000 resamples: (.4222, .5614), with errors .0078 and .0020.

    Standard interval (.4429, .5702): estimate and 1.96 errors of .03248.
    """
    X, y = load_diabetes(return_X_y=True)
    result = run(adjusted_r2, X, y, n_resamples=1499)
    assert result.estimate == pytest.approx(0.5065592904853, abs=1e-12)
    for end, error, wanted, printed in zip(
        result.confidence_interval,
        result.mc_error,
        (0.4222, 0.5614),
        (0.0078, 0.0020),
        strict=True,
    ):
        assert abs(end - wanted) < BOUND * np.hypot(error, printed)
    assert result.standard_error == pytest.approx(
        (0.5702 - 0.4429) / 2 / 1.96, rel=BOUND * np.sqrt(1 / 2998 + 1 / 4000)
    )
