"""Levels of intervals, and the search for a level."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ensembles.exceptions import InvalidParameterError
from ensembles.inference._intervals._levels import (
    check_level,
    check_n_resamples,
    check_value,
    pvalue_of,
    tail_levels,
    tails_at,
)

by_property = settings(max_examples=200, deadline=None, derandomize=True)


def test_levels_of_the_ends():
    assert_allclose(tail_levels(0.9, "two-sided"), (0.05, 0.95))
    assert_allclose(tail_levels(0.9, "less"), (0, 0.9))
    assert_allclose(tail_levels(0.9, "greater"), (0.1, 1))


@by_property
@given(st.lists(st.integers(0, 9), min_size=1, max_size=400), st.integers(-1, 10))
def test_tails_of_order_statistics_are_counts_with_one_added(replicates, value):
    """Davison & Hinkley (1997), equation 4.11."""
    x = np.sort(replicates)
    n = len(x)
    below, above = tails_at(
        lambda p: x[np.rint(p * (n + 1)).astype(int) - 1], value, n + 1
    )
    assert below == (1 + np.count_nonzero(x <= value)) / (n + 1)
    assert above == (1 + np.count_nonzero(x >= value)) / (n + 1)


def test_a_level_among_a_million_is_found_in_a_few_calls():
    calls = []

    def endpoint(p):
        calls.append(len(p))
        return p**3

    assert_allclose(tails_at(endpoint, 0.2**3, 10**6), (0.2, 0.8), atol=2e-6)
    assert len(calls) <= 8
    assert max(calls) <= 64


def test_endpoints_within_rounding_count_as_equal():
    x = np.array([1.0, 2.0, 2.0 + 1e-12, 3.0])
    endpoint = lambda p: x[np.rint(p * 5).astype(int) - 1]  # noqa: E731
    assert tails_at(endpoint, 2.0, 5) == (3 / 5, 4 / 5)
    assert tails_at(endpoint, 2.0, 5, rounding=1e-9) == (4 / 5, 4 / 5)
    assert tails_at(endpoint, 2.0 + 1e-12, 5, rounding=1e-9) == (4 / 5, 4 / 5)


def test_pvalues_of_tails():
    assert pvalue_of(0.02, 0.99, "greater") == 0.02
    assert pvalue_of(0.02, 0.99, "less") == 0.99
    assert pvalue_of(0.02, 0.99, "two-sided") == 0.04
    assert pvalue_of(0.99, 0.02, "two-sided") == 0.04
    assert pvalue_of(0.6, 0.7, "two-sided") == 1


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, np.nan, "0.95", None])
def test_levels_outside_their_range_are_an_error(level):
    message = f"must be a float in the range (0.0, 1.0). Got {level!r} instead. 0.95 st"
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        check_level("interval", level, "less")


def test_an_unknown_alternative_is_an_error():
    message = "must be one of {'greater', 'less', 'two-sided'}. Got 'larger' instead"
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        check_level("interval", 0.9, "larger")


@pytest.mark.parametrize("value", [np.nan, np.inf, "0", None, [0.0]])
def test_a_null_that_is_no_number_is_an_error(value):
    with pytest.raises(InvalidParameterError, match="'null' parameter of pvalue must"):
        check_value("pvalue", "null", value)


@pytest.mark.parametrize(
    ("level", "alternative", "fewest"),
    [
        (0.95, "two-sided", 39),
        (0.95, "less", 19),
        (0.95, "greater", 19),
        (0.99, "two-sided", 199),
        (0.999, "two-sided", 1999),
        (0.8, "two-sided", 9),
        (0.9999, "less", 9999),
    ],
)
def test_too_few_replicates_are_an_error_that_says_how_many(level, alternative, fewest):
    check_n_resamples(fewest, level, alternative)
    message = (
        f"n_resamples={fewest - 1} is too few for a {level * 100:g} % interval; take "
        f"at least {fewest}."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        check_n_resamples(fewest - 1, level, alternative)
