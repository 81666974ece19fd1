"""Smoothed replicates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._methods import interval
from ensembles.inference._intervals._smoothing import smoothed_law

by_property = settings(max_examples=60, deadline=None, derandomize=True)


def plain_quantile(x, n, p):
    """The plain twin: a root of the mixture of normal distribution functions."""
    width = x.std() / np.sqrt(n)
    centres = x.mean() + (x - x.mean()) * np.sqrt(1 - 1 / n)
    reach = 40 * width
    return brentq(
        lambda value: ndtr((value - centres) / width).mean() - p,
        centres.min() - reach,
        centres.max() + reach,
        xtol=1e-12 * width,
    )


@by_property
@given(
    st.integers(0, 2**32),
    st.sampled_from([2, 10, 25, 400]),
    st.sampled_from(["few values", "skewed", "heavy tails"]),
    st.floats(0.001, 0.999),
)
def test_quantiles_are_those_of_the_mixture_of_kernels(seed, n, kind, p):
    """To a three-hundredth of the kernel's width, in the middle of a gap too."""
    rng = np.random.default_rng(seed)
    x = {
        "few values": rng.integers(4, size=99).astype(float),
        "skewed": rng.exponential(size=99),
        "heavy tails": rng.standard_t(2, size=99),
    }[kind]
    width = x.std() / np.sqrt(n)
    low, high = (plain_quantile(x, n, p + by) for by in (-1e-6, 1e-6))
    law = smoothed_law(x, n)
    found = float(law.quantile(np.array(p)))
    assert low - width / 300 <= found <= high + width / 300


@pytest.mark.parametrize("n", [2, 7, 50, 10**4])
def test_mean_and_variance_are_those_of_the_replicates(n):
    x = np.random.default_rng(0).gamma(2, size=999)
    law = smoothed_law(x, n)
    mass = np.diff(law.probabilities)
    middles = (law.nodes[1:] + law.nodes[:-1]) / 2
    assert_allclose(mass.sum(), 1, atol=1e-12)
    assert_allclose(mass @ middles, x.mean(), rtol=1e-9)
    assert_allclose(mass @ (middles - x.mean()) ** 2, x.var(), rtol=1e-3)


def test_a_law_is_a_distribution_function():
    for x in (np.array([0.0, 1.0]), np.random.default_rng(0).standard_cauchy(999)):
        law = smoothed_law(x, 10)
        assert (np.diff(law.probabilities) >= 0).all()
        assert law.probabilities[0] < 1e-12
        assert_allclose(law.probabilities[-1], 1, atol=1e-12)
        assert len(law.nodes) < 2**16 + 1000


def test_far_outliers_do_not_fill_the_memory():
    x = np.append(np.random.default_rng(0).normal(size=999), 1e9)
    law = smoothed_law(x, 10**6)
    assert len(law.nodes) <= 2**16 + 100
    assert abs(law.quantile(np.array(0.5))) <= 2e9 / 2**16


@pytest.mark.parametrize("n", [9, 10])
def test_quantiles_turn_with_the_sign_and_go_with_linear_maps(n):
    x = np.random.default_rng(0).exponential(size=199)
    p = np.array([0.025, 0.3, 0.975])
    q = smoothed_law(x, n).quantile(p)
    assert_allclose(smoothed_law(-x, n).quantile(1 - p), -q, rtol=1e-9)
    assert_allclose(smoothed_law(1e6 + 3 * x, n).quantile(p), 1e6 + 3 * q, rtol=1e-12)


def test_a_median_of_few_rows_gets_ends_between_its_values():
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=9), 1)
    replicates = np.median(x[rng.integers(9, size=(999, 9))], axis=1)
    evidence = Evidence(float(np.median(x)), replicates, 9)
    assert set(interval(evidence, "percentile")) <= set(x)
    assert not set(interval(evidence, "smoothed")) & set(x)


def test_normal_replicates_stay_as_they_are():
    """The normal law, drawn in and smeared out, is itself again."""
    x = ndtri((np.arange(20_000) + 0.5) / 20_000)
    p = np.array([0.01, 0.025, 0.2, 0.5])
    for n in (4, 30):
        assert_allclose(smoothed_law(x, n).quantile(p), ndtri(p), atol=2e-3)
