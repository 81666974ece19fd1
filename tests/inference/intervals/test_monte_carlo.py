"""The error that comes from the number of replicates."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtri
from scipy.stats import chi2, f, norm

from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._methods import METHODS, interval
from ensembles.inference._intervals._monte_carlo import monte_carlo_error


def normal_evidence(seed, n_resamples=2999, **changed):
    rng = np.random.default_rng(seed)
    replicates = rng.normal(size=n_resamples)
    more = {
        "acceleration": 0.05,
        "estimate_error": 1.0,
        "replicate_errors": np.exp(0.1 * replicates),
        "inner_ranks": rng.uniform(size=n_resamples),
    }
    return Evidence(0.1, replicates, 30, **more | changed)


@pytest.mark.parametrize("p", [0.025, 0.1, 0.5])
def test_the_error_of_a_quantile_is_that_of_its_density(p):
    """sqrt(p (1 - p) / R) / f, from 40 runs of 10,000 with one part in four of noise.

    Mean square within 4 standard errors, 1 seed in 10,000, or 15 % too high: an error
    from halves is cautious.
    """
    squared = [
        monte_carlo_error(normal_evidence(s, 9999), "percentile", 1 - p, "greater")[0]
        for s in range(40)
    ]
    squared = np.square(squared) / (p * (1 - p) / 10_000) * norm.pdf(ndtri(p)) ** 2
    noise = 3.9 * squared.std() / np.sqrt(40)
    assert 1 - noise < squared.mean() < 1.15**2 + noise


def test_the_error_of_a_mean_is_that_of_the_mean():
    """The normal method's middle is 2 t - mean; chi-square, 31 df: 1 in 10,000."""
    evidence = normal_evidence(0, 9999)
    low, high = monte_carlo_error(evidence, "normal", 0.5)
    # Of the mean and of 0.674 standard deviations, which are independent.
    expected = np.sqrt((1 + ndtri(0.75) ** 2 / 2) / 9999)
    bounds = np.sqrt(chi2(31).ppf([0.25e-4, 1 - 0.25e-4]) / 31)
    assert (bounds[0] * expected < min(low, high)) & (max(low, high) < bounds[1])


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_error_is_how_far_ends_move_from_run_to_run(method):
    """Standard deviation of 120 runs against the errors that 60 of them state.

    Chi-square of 119 df, 2 seeds in 10,000 for two ends, and 10 % for the noise of the
    stated errors and for their caution.
    """
    runs = [normal_evidence(seed) for seed in range(120)]
    ends = np.array([interval(run, method, 0.9) for run in runs])
    stated = np.array([monte_carlo_error(run, method, 0.9) for run in runs[:60]])
    ratio = ends.std(axis=0, ddof=1) / np.sqrt((stated**2).mean(axis=0))
    low, high = np.sqrt(chi2(119).ppf([0.5e-4, 1 - 0.5e-4]) / 119)
    assert (0.9 * low < ratio).all()
    assert (ratio < 1.1 * high).all()


def test_it_falls_with_the_root_of_the_number_of_replicates():
    """Ratio of two chi-squares of 31 df: F-test, 1 seed in 10,000."""
    few = monte_carlo_error(normal_evidence(0, 999), "normal")
    many = monte_carlo_error(normal_evidence(1, 99_999), "normal")
    assert abs(np.log((few[0] / many[0]) ** 2 / 100)) < np.log(f(31, 31).isf(0.5e-4))


def test_the_error_of_median_bias_is_in_that_of_bc():
    """z0 of R replicates has an error of 1.25 / sqrt(R), which counts twice."""
    plain = np.array(monte_carlo_error(normal_evidence(0), "percentile"))
    corrected = np.array(monte_carlo_error(normal_evidence(0), "bc"))
    assert (corrected > 1.2 * plain).all()


def test_open_ends_have_no_error():
    evidence = normal_evidence(0)
    low, high = monte_carlo_error(evidence, "bca", 0.9)
    assert_allclose(monte_carlo_error(evidence, "bca", 0.95, "less"), (0, high))
    assert_allclose(monte_carlo_error(evidence, "bca", 0.95, "greater"), (low, 0))


def test_it_is_the_same_in_every_call_and_does_not_touch_the_evidence():
    evidence = normal_evidence(0)
    before = evidence.replicates.copy()
    assert monte_carlo_error(evidence) == monte_carlo_error(evidence)
    assert (evidence.replicates == before).all()


def test_equal_replicates_have_no_error():
    evidence = Evidence(1.0, np.full(99, 1.0), 10)
    assert monte_carlo_error(evidence, "percentile") == (0, 0)


@pytest.mark.parametrize("n", [8, 9, 15, 16, 31, 33, 63, 64, 65])
def test_few_replicates_make_fewer_halves(n):
    low, high = monte_carlo_error(normal_evidence(0, n), "normal")
    assert 0.1 < low * np.sqrt(n) < 10
    assert 0.1 < high * np.sqrt(n) < 10


def test_eight_replicates_are_four_groups_and_three_halves():
    evidence = normal_evidence(0, 8)
    one, two, three, four = evidence.replicates.reshape(4, 2)
    ends = [
        interval(Evidence(0.1, np.concatenate(half), 30), "normal", 0.5)
        for half in [(one, three), (one, two), (one, four)]
    ]
    assert_allclose(
        monte_carlo_error(evidence, "normal", 0.5), np.std(ends, axis=0, ddof=1)
    )


def test_too_few_replicates_are_an_error():
    evidence = Evidence(0.0, np.arange(7.0), 10)
    with pytest.raises(ValueError, match="n_resamples=7 is too few to tell how far en"):
        monte_carlo_error(evidence, "normal")
    with pytest.raises(ValueError, match="n_resamples=7 is too few for a 95 % interva"):
        monte_carlo_error(evidence, "bca")
