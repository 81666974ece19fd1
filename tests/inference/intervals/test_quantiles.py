"""Quantiles from order statistics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtri

from ensembles.inference._intervals._quantiles import (
    QUANTILE_METHODS,
    ascending,
    quantile,
    share_below,
)

by_property = settings(max_examples=200, deadline=None, derandomize=True)
values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60).map(
    lambda drawn: np.sort(np.array(drawn))
)
levels = st.lists(st.floats(0, 1), min_size=1, max_size=20).map(
    lambda drawn: np.sort(np.array(drawn))
)
every_method = pytest.mark.parametrize("method", QUANTILE_METHODS)


@by_property
@given(values, levels)
@pytest.mark.parametrize("method", ["weibull", "linear"])
def test_linear_interpolation_is_numpy_s(method, x, p):
    expected = np.quantile(x, p, method=method)
    rounded = 2e-8 * (x[-1] - x[0]) + 1e-9
    assert_allclose(quantile(x, p, method), expected, rtol=0, atol=rounded)


@pytest.mark.parametrize("n", [9, 99, 999, 9999, 999_999])
@pytest.mark.parametrize("method", ["normal", "weibull"])
def test_whole_numbers_give_the_order_statistic_itself(method, n):
    """Though 1 - 0.95 and its like are not exact."""
    x = np.arange(1.0, n + 1) ** 2
    for p, k in [(0.1, 0.1 * (n + 1)), (1 - 0.9, 0.1 * (n + 1)), (0.9, 0.9 * (n + 1))]:
        assert quantile(x, np.array(p), method) == round(k) ** 2


def test_between_order_statistics_one_goes_along_the_normal_scale():
    """Davison & Hinkley (1997), equation 5.8."""
    x = np.array([1.0, 2.0, 4.0, 8.0])
    part = (ndtri(0.3) - ndtri(0.2)) / (ndtri(0.4) - ndtri(0.2))
    assert_allclose(quantile(x, np.array(0.3)), 1 + part)


def test_normal_order_statistics_are_interpolated_without_error():
    x = ndtri(np.arange(1, 20) / 20)
    p = np.linspace(0.05, 0.95, 37)
    assert_allclose(quantile(x, p), ndtri(p), atol=1e-14)


@every_method
def test_levels_beyond_the_ends_give_the_ends(method):
    x = np.array([1.0, 2.0, 5.0])
    assert_array_equal(quantile(x, np.array([0.0, 1.0]), method), [1.0, 5.0])
    if method != "linear":
        assert_array_equal(quantile(x, np.array([0.24, 0.76]), method), [1.0, 5.0])


@by_property
@given(values, levels)
@every_method
def test_quantiles_ascend_and_stay_within_the_values(method, x, p):
    q = quantile(x, p, method)
    assert (np.diff(q) >= -1e-9).all()
    assert ((x[0] <= q) & (q <= x[-1] + 1e-9)).all()


@every_method
def test_shapes_are_those_of_the_levels(method):
    x = np.arange(5.0)
    assert quantile(x, np.array(0.3), method).shape == ()
    assert quantile(x, np.full((2, 3), 0.3), method).shape == (2, 3)


@every_method
def test_no_level_has_no_quantile(method):
    x = np.arange(5.0)
    assert_array_equal(
        np.isnan(quantile(x, np.array([np.nan, 0.5]), method)), [True, False]
    )


@every_method
def test_infinite_values_stay_at_the_ends(method):
    x = np.concatenate([[-np.inf], np.arange(97.0), [np.inf, np.inf]])
    q = quantile(x, np.array([0.002, 0.005, 0.5, 0.985, 0.999]), method)
    assert_array_equal(np.isinf(q), [True, True, False, True, True])
    assert_array_equal(np.sign(q), [-1, -1, 1, 1, 1])


def test_the_share_below_counts_equal_values_half():
    x = np.array([1.0, 2.0, 2.0, 3.0])
    assert share_below(x, 2.0) == 0.5
    assert share_below(x, 1.0) == 0.125
    assert share_below(x, 0.0) == 0
    assert share_below(x, 9.0) == 1
    assert share_below(x, 2.1) == 0.75
    assert share_below(x, 2.1, rounding=0.2) == 0.5


def test_what_is_ascending_is_not_sorted_again():
    x = np.array([1.0, 1.0, 2.0])
    assert ascending(x) is x
    assert_array_equal(ascending(x[::-1]), x)
