"""Acceleration from influence and from the jackknife."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import skew

from ensembles.inference._intervals._acceleration import (
    influence_acceleration,
    jackknife_acceleration,
)


@pytest.fixture
def x(rng):
    return rng.exponential(size=40)


def leave_out(statistic, x):
    return np.array([statistic(np.delete(x, i)) for i in range(len(x))])


def test_the_mean_s_is_a_sixth_of_the_skewness_over_the_root_of_n(x):
    expected = skew(x) / 6 / np.sqrt(40)
    assert_allclose(influence_acceleration(x - x.mean()), expected)
    assert_allclose(jackknife_acceleration(leave_out(np.mean, x)), expected)


def test_numbers_are_not_mixed(x):
    """arch 8.0.0 takes the mean over all numbers: (0.0304, -0.0304) in such a case."""
    both = np.stack([leave_out(np.mean, x), 100 + leave_out(np.var, x)], axis=1)
    expected = [jackknife_acceleration(column) for column in both.T]
    assert_allclose(jackknife_acceleration(both), expected)
    assert_allclose(jackknife_acceleration([both]), expected)


def test_one_sample_in_a_list_is_that_sample(x):
    assert_allclose(influence_acceleration([x]), influence_acceleration(x))


def test_samples_count_by_their_variances(x):
    """A sample with no variance of its own adds nothing, whatever its size."""
    alone = influence_acceleration(x)
    assert_allclose(influence_acceleration([x, np.zeros(7)]), alone)
    assert abs(influence_acceleration([x, 1000 * np.array([-1.0, 1.0])])) < 1e-6


def test_scale_does_not_matter(x):
    for scale in (1e-120, 1e120, -3.0):
        expected = np.sign(scale) * influence_acceleration(x)
        assert_allclose(influence_acceleration(scale * x), expected)


def test_it_is_not_known_where_nothing_changes():
    assert np.isnan(influence_acceleration(np.zeros(9)))
    values = np.stack([np.full(9, 0.3), np.arange(9.0)], axis=1)
    assert_array_equal(np.isnan(jackknife_acceleration(values)), [True, False])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_it_is_not_known_where_a_value_is_missing(bad, x):
    values = np.stack([x, x], axis=1)
    values[3, 1] = bad
    assert_array_equal(np.isnan(jackknife_acceleration(values)), [False, True])
    assert_array_equal(np.isnan(influence_acceleration(values)), [False, True])
