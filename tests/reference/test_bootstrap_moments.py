"""Moments of bootstrapped statistics against published and exact values.

Exact values are recomputed here from their closed forms, so that a misprint shows; the
schemes are then tested as statistics, with the error of the simulation estimated from
the replicates. Each such test fails for 2 seeds in 10,000 where the scheme is right.
"""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom, chisquare, norm, poisson

from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

# Hours between failures of air conditioning: Davison & Hinkley, "Bootstrap Methods and
# their Application", 1997, example 1.1.
AIRCONDIT = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
N = len(AIRCONDIT)
# Inhabitants of ten cities in 1920 and 1930: the same book, example 1.2.
CITY_1920 = np.array([138, 93, 61, 179, 48, 37, 29, 23, 30, 2])
CITY_1930 = np.array([143, 104, 69, 260, 75, 63, 50, 48, 111, 50])

Z = norm.isf(0.5e-4)


def autocovariance(x, lag):
    """At a lag around the circle."""
    centred = x - x.mean()
    return np.mean(centred * np.roll(centred, -lag))


def of_rows(m):
    """Mean and variance of m rows drawn with replacement."""
    return AIRCONDIT.mean(), AIRCONDIT.var() / m


def of_rows_without_replacement(m):
    """Mean and variance, with the correction for a finite population."""
    return AIRCONDIT.mean(), AIRCONDIT.var() / m * (N - m) / (N - 1)


def of_dirichlet_weights(alpha):
    """Mean and variance of a mean under Dirichlet weights; Rubin (1981)."""
    return AIRCONDIT.mean(), AIRCONDIT.var() / (alpha * N + 1)


def of_poisson_weights():
    """Mean and variance: given the size, rows drawn with replacement."""
    size = np.arange(1, 200)
    inverse = (poisson(N).pmf(size) / size).sum() / poisson(N).sf(0)
    return AIRCONDIT.mean(), AIRCONDIT.var() * inverse


def of_blocks(length, starts):
    """Mean and variance of N / length independent blocks from one of the starts."""
    series = np.concatenate([AIRCONDIT, AIRCONDIT])
    means = np.array([series[start : start + length].mean() for start in starts])
    return means.mean(), means.var() * length / N


def of_stationary_blocks(p):
    """Mean and variance; Politis & Romano (1994), lemma 1."""
    lags = np.arange(1, N)
    together = (1 - lags / N) * (1 - p) ** lags
    covariances = [autocovariance(AIRCONDIT, lag) for lag in lags]
    return AIRCONDIT.mean(), (AIRCONDIT.var() + 2 * together @ covariances) / N


def of_balanced_rows(n_resamples):
    """Mean and variance of one of n_resamples slices of a shuffled list."""
    mean, variance = of_rows(N)
    return mean, variance * (n_resamples * N - N) / (n_resamples * N - 1)


CASES = {
    "rows": (Bootstrap, partial(of_rows, N), 37.652552),
    "6 of 12": (
        partial(Bootstrap, max_samples=6),
        partial(of_rows, 6),
        53.248750,
    ),
    "6 of 12 without replacement": (
        partial(Bootstrap, max_samples=6, replace=False),
        partial(of_rows_without_replacement, 6),
        39.326808,
    ),
    "Bayesian": (BayesianBootstrap, partial(of_dirichlet_weights, 1), 36.175402),
    "Bayesian, alpha 4": (
        partial(BayesianBootstrap, alpha=4),
        partial(of_dirichlet_weights, 4),
        18.633181,
    ),
    "Poisson": (PoissonBootstrap, of_poisson_weights, 39.539762),
    "stationary": (
        partial(StationaryBootstrap, block_length=4),
        partial(of_stationary_blocks, 1 / 4),
        36.225603,
    ),
    "stationary, length 1": (
        partial(StationaryBootstrap, block_length=1),
        partial(of_stationary_blocks, 1),
        37.652552,
    ),
    "circular": (
        partial(CircularBlockBootstrap, block_length=4),
        partial(of_blocks, 4, range(12)),
        40.979303,
    ),
    "moving": (
        partial(MovingBlockBootstrap, block_length=4),
        partial(of_blocks, 4, range(9)),
        38.331099,
    ),
    "moving, length 1": (
        partial(MovingBlockBootstrap, block_length=1),
        partial(of_blocks, 1, range(12)),
        37.652552,
    ),
}
cases = pytest.mark.parametrize(
    ("scheme", "moments", "error"), CASES.values(), ids=CASES
)


def means_of(scheme, x=AIRCONDIT):
    sums = [(W @ x, W.sum(axis=1)) for W in scheme.iter_weights(x, groups=np.arange(N))]
    sums, sizes = np.concatenate(sums, axis=1)
    return sums[sizes > 0] / sizes[sizes > 0]


def assert_moments(sample, mean, variance):
    """Two z-tests, the spread of each estimated from the sample."""
    squared = (sample - mean) ** 2
    root = np.sqrt(len(sample))
    assert abs(sample.mean() - mean) < Z * sample.std() / root
    assert abs(squared.mean() - variance) < Z * squared.std() / root


@cases
def test_closed_forms_give_the_stated_values(scheme, moments, error):
    assert_allclose(np.sqrt(moments()[1]), error, rtol=0, atol=1e-6)


def test_the_mean_of_moving_blocks_is_not_that_of_the_series():
    assert of_blocks(4, range(9))[0] == pytest.approx(86.416667)
    assert AIRCONDIT.mean() == pytest.approx(108.083333)


@cases
def test_mean_and_error_of_a_mean(scheme, moments, error):
    """z-tests of mean and variance, 8,000 replicates: 2 seeds in 10,000 each."""
    assert_moments(means_of(scheme(8000, random_state=0)), *moments())


@pytest.mark.slow
@cases
def test_mean_and_error_of_a_mean_to_half_a_percent(scheme, moments, error):
    """z-tests of mean and variance, 400,000 replicates: 2 seeds in 10,000 each."""
    assert_moments(means_of(scheme(400_000, random_state=1)), *moments())


def test_rows_and_weights_tell_the_same_mean_and_error():
    """z-tests of mean and variance: 2 seeds in 10,000."""
    rows = Bootstrap(8000, random_state=2).iter_indices(AIRCONDIT)
    assert_moments(np.array([AIRCONDIT[one].mean() for one in rows]), *of_rows(N))


def test_groups_of_one_row_tell_the_error_of_rows():
    """z-tests of mean and variance: 2 seeds in 10,000."""
    assert_moments(means_of(GroupBootstrap(8000, random_state=0)), *of_rows(N))


@pytest.mark.parametrize("n_resamples", [2, 9, 200])
def test_the_balanced_bias_of_a_mean_is_exactly_zero(n_resamples):
    """Davison, Hinkley & Schechtman (1986). In whole numbers, so with no rounding."""
    scheme = Bootstrap(n_resamples, balanced=True, random_state=0)
    total = sum(int(AIRCONDIT[rows].sum()) for rows in scheme.iter_indices(AIRCONDIT))
    assert total == n_resamples * int(AIRCONDIT.sum())


def test_the_error_of_a_mean_by_balanced_replicates():
    """z-test of the variance; 200 calls of 40 replicates: 2 seeds in 10,000."""
    calls = [means_of(Bootstrap(40, balanced=True, random_state=s)) for s in range(200)]
    squared = ((np.array(calls) - AIRCONDIT.mean()) ** 2).mean(axis=1)
    z = (squared.mean() - of_balanced_rows(40)[1]) / (squared.std() / np.sqrt(200))
    assert abs(z) < Z


def test_strata_of_one_row_add_no_variance():
    labels = np.minimum(np.arange(N), 2)
    scheme = Bootstrap(8000, stratify=labels, random_state=0)
    drawn = np.concatenate(list(scheme.iter_weights(AIRCONDIT)))
    assert_array_equal(drawn[:, :2], np.ones((8000, 2)))
    variance = AIRCONDIT[2:].var() * 10 / N**2
    assert_moments(drawn @ AIRCONDIT / N, AIRCONDIT.mean(), variance)


def test_the_median_of_13_rows_has_efron_s_law():
    """Chi-square against Efron (1979): 1 seed in 10,000.

    The printed values, from the third order statistic on: .0142 .0550 .1242 .1936
    .2230; the median of a resample is the k-th where at most 6 draws lie below it.
    """
    k = np.arange(1, 14)
    law = binom(13, (k - 1) / 13).cdf(6) - binom(13, k / 13).cdf(6)
    assert_allclose(
        law[:7], [0, 0.0015, 0.0142, 0.055, 0.1242, 0.1936, 0.223], atol=2e-4
    )
    rows = np.stack(list(Bootstrap(8000, random_state=0).iter_indices(range(13))))
    seen = np.bincount(np.median(rows, axis=1).astype(int), minlength=13)
    inner = slice(2, 11)
    pooled = [seen[:2].sum(), *seen[inner], seen[11:].sum()]
    expected = 8000 * np.array([law[:2].sum(), *law[inner], law[11:].sum()])
    assert chisquare(pooled, expected).pvalue > 1e-4


def test_bias_and_error_of_the_city_ratio():
    """Full enumeration of C(19, 9) = 92,378 resamples: bias 0.0394736, SE 0.2214981.

    R's package boot prints SE .2158 from 999 replicates. z-tests: 2 seeds in 10,000.
    """
    ratio = CITY_1930.sum() / CITY_1920.sum()
    assert ratio == 1.5203125
    batches = Bootstrap(8000, random_state=0).iter_weights(CITY_1920)
    ratios = np.concatenate([W @ CITY_1930 / (W @ CITY_1920) for W in batches])
    assert_moments(ratios, ratio + 0.0394736, 0.2214981**2)


def share_left_out(scheme, n):
    return np.array([len(test) / n for _, test in scheme.split(range(n))])


@pytest.mark.parametrize(
    ("scheme", "n", "expected"),
    [
        (Bootstrap(2000), 12, 0.3519956),
        (PoissonBootstrap(2000), 200, np.exp(-1)),
        (CircularBlockBootstrap(1000, block_length=10), 200, 0.95**20),
        (CircularBlockBootstrap(1000, block_length=40), 200, 0.8**5),
    ],
    ids=["rows", "Poisson", "circular 10", "circular 40"],
)
def test_the_share_of_rows_left_out(scheme, n, expected):
    """(1 - l/n)^(n/l) for blocks of l rows, 1/e for Poisson counts.

    z-test, 1 seed in 10,000 each.
    """
    out = share_left_out(scheme.set_params(random_state=0), n)
    assert abs(out.mean() - expected) < Z * out.std() / np.sqrt(len(out))


def test_the_number_of_distinct_rows_of_12():
    """n (1 - (1 - 1/n)^n) = 7.776052; z-test, 1 seed in 10,000."""
    drawn = Bootstrap(4000, random_state=0).iter_indices(range(12))
    distinct = np.array([len(set(rows)) for rows in drawn])
    assert abs(distinct.mean() - 7.776052) < Z * distinct.std() / np.sqrt(4000)


def test_the_share_of_rows_left_out_and_away_from_blocks():
    """Rows in the middle: 1 - (l + 2 gap) / n for each block of l rows, n / l of them.

    Blocks of 10 in 200 rows, gap 10: 0.85^20 = 0.0388 away from the ends, around which
    a gap does not reach. z-test, 1 seed in 10,000.
    """
    bound = CircularBlockBootstrap(block_length=10, gap=10).bind(200)
    share = []
    for seed in bound.seeds(0, 0, 2000):
        out = bound.out_of_bag(bound.weights(seed) > 0)
        share.append(out[10:190].mean())
    assert abs(np.mean(share) - 0.85**20) < Z * np.std(share) / np.sqrt(2000)
