"""The Gini coefficient by one pass over sorted rows equals its definition."""

import numpy as np
import pytest
from _twins import GROUPS, LABELS, ROW_SCHEMES, N, X, gini
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from ensembles.inference._statistics._gini import Gini
from ensembles.resampling import Bootstrap, CircularBlockBootstrap, GroupBootstrap

by_property = settings(max_examples=150, deadline=None, derandomize=True)


def weighted_gini(x, w):
    """Mean difference of two rows drawn with probability w over twice the mean."""
    share = w / w.sum()
    return share @ np.abs(x[:, None] - x) @ share / (2 * share @ x)


@pytest.mark.parametrize(
    ("x", "value"),
    [
        ([1.0, 1.0, 1.0], 0.0),
        ([0.0, 1.0], 0.5),
        ([0.0, 0.0, 0.0, 7.0], 0.75),  # one of n has all: 1 - 1 / n
        ([1.0, 2.0, 3.0, 4.0], 0.25),
    ],
)
def test_known_coefficients(x, value):
    assert_allclose(Gini(np.array(x)).estimate(), [value], atol=1e-15)


@by_property
@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1e6)))
def test_it_is_the_mean_difference_over_twice_the_mean(x):
    assume(x.sum() > 1e-3)
    (value,) = Gini(x).estimate()
    assert_allclose(value, gini(x), atol=1e-12)
    assert -1e-12 <= value <= 1 - 1 / len(x) + 1e-12


@by_property
@given(arrays(np.float64, (3, N), elements=st.floats(0, 9)))
def test_weights_are_shares_of_rows(weights):
    assume((weights.sum(axis=1) > 0.1).all())
    expected = [[weighted_gini(X, w)] for w in weights]
    assert_allclose(Gini(X).weighted(weights), expected, atol=1e-12)


@by_property
@given(st.floats(1e-9, 1e9), st.permutations(range(N)))
def test_neither_units_nor_the_order_of_rows_matter(scale, order):
    (value,) = Gini(X[order] * scale).estimate()
    assert_allclose(value, gini(X), rtol=1e-11)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e9 + 0.1])
def test_where_all_have_the_same_it_is_zero_and_no_rounding_error(value):
    statistic = Gini(np.full(13, value))
    weights = np.random.default_rng(0).random((5, 13))
    assert_array_equal(statistic.estimate(), [0.0])
    assert_array_equal(statistic.weighted(weights), np.zeros((5, 1)))
    assert_array_equal(statistic.without(Bootstrap().bind(13).deletions()), 0.0)


def test_a_large_mean_costs_no_digits():
    """Mean difference 4/9 of 0, 0, 1, over twice the mean, with 1e12 added to all."""
    x = np.array([0.0, 1.0, 0.0]) + 1e12
    assert_allclose(Gini(x).estimate(), [4 / 9 / (2 * (1e12 + 1 / 3))], rtol=1e-12)


@pytest.mark.parametrize(("scheme", "groups"), ROW_SCHEMES.values(), ids=ROW_SCHEMES)
def test_replicates_are_those_of_the_rows_drawn(scheme, groups):
    bound = scheme.bind(N, None, groups)
    seeds = bound.seeds(1, 0, 30)
    expected = [[gini(X[bound.rows(seed)])] for seed in seeds]
    assert_allclose(Gini(X).replicates(bound, seeds), expected, rtol=1e-11)


UNITS = {
    "rows": (Bootstrap(), None),
    "strata": (Bootstrap(stratify=LABELS), None),
    "groups": (GroupBootstrap(), GROUPS),
    "blocks": (CircularBlockBootstrap(block_length=5), None),
}


@pytest.mark.parametrize(("scheme", "groups"), UNITS.values(), ids=UNITS)
def test_leaving_out_is_the_coefficient_of_what_remains(scheme, groups):
    deletions = scheme.bind(N, None, groups).deletions()
    x = X.round(0)  # with ties and zeros
    kept = [deletions.keeps(unit) for unit in range(deletions.n_units)]
    expected = [[gini(x[rows])] for rows in kept]
    assert_allclose(Gini(x).without(deletions), expected, rtol=1e-11)


def test_only_rows_are_left_out_at_once():
    statistic = Gini(X)
    assert statistic.leaves_out_at_once(Bootstrap().bind(N).deletions())
    of_groups = GroupBootstrap().bind(N, None, GROUPS).deletions()
    assert not statistic.leaves_out_at_once(of_groups)


def test_a_resample_of_zeros_or_of_no_rows_has_no_value():
    x = np.array([0.0, 0.0, 3.0])
    weights = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    values = Gini(x).weighted(weights)
    assert np.isnan(values[:2]).all()
    assert values[2] == 0
    taken = Gini(x).take(np.array([0, 1, 1]))
    assert np.isnan(taken.estimate()).all()
    assert np.isnan(Gini(x).without(Bootstrap().bind(3).deletions())[2]).all()


def test_some_rows_taken_are_the_coefficient_of_these_rows():
    rows = np.array([5, 5, 0, 23, 7, 7, 7])
    taken = Gini(X).take(rows)
    assert_allclose(taken.estimate(), [gini(X[rows])], rtol=1e-12)
    assert_allclose(taken.take([6, 0]).estimate(), [gini(X[[7, 5]])], rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "got"),
    [
        ([1.0, -2.0, 9.0], "minimum of -2 and a mean of 2.66667"),
        ([0.0, 0.0], "minimum of 0 and a mean of 0"),
    ],
)
def test_negative_values_and_zeros_alone_are_an_error(x, got):
    with pytest.raises(ValueError, match=f"not negative and not all zero, got a {got}"):
        Gini(np.array(x))
