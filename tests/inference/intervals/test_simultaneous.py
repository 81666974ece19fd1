"""Levels for several numbers at once."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import norm

from ensembles.exceptions import InvalidParameterError
from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._methods import interval
from ensembles.inference._intervals._simultaneous import simultaneous_level

ALTERNATIVES = ["two-sided", "less", "greater"]
by_property = settings(max_examples=60, deadline=None, derandomize=True)
every_alternative = pytest.mark.parametrize("alternative", ALTERNATIVES)


@by_property
@given(st.integers(0, 2**32), st.integers(60, 400), st.floats(0.5, 0.95))
@every_alternative
def test_one_number_has_its_own_level(alternative, seed, n, level):
    x = np.random.default_rng(seed).normal(size=(n, 1))
    assert_allclose(simultaneous_level(x, level, alternative), level)


@every_alternative
def test_copies_of_one_number_have_its_level(alternative):
    x = np.random.default_rng(0).normal(size=(999, 1)) * np.array([1, 1e9, 1e-9])
    assert_allclose(simultaneous_level(x, 0.95, alternative), 0.95)


@every_alternative
@pytest.mark.parametrize("p", [2, 10, 50])
def test_independent_numbers_share_the_level_as_a_product(alternative, p):
    """The share inside the true level is binomial: fails 1 seed in 10,000 each."""
    n = 19_999
    x = np.random.default_rng(p).normal(size=(n, p))
    found = simultaneous_level(x, 0.9, alternative) ** p
    assert abs(found - 0.9) < norm.isf(0.5e-4) * np.sqrt(0.09 / n)


@by_property
@given(st.integers(0, 2**32))
@every_alternative
def test_the_level_goes_with_monotone_maps(alternative, seed):
    rng = np.random.default_rng(seed)
    x = rng.multivariate_normal([0, 0, 0], np.eye(3) / 2 + 0.5, size=499)
    mapped = np.stack([np.exp(x[:, 0]), 5 * x[:, 1] - 3, x[:, 2] ** 3], axis=1)
    expected = simultaneous_level(x, 0.9, alternative)
    assert simultaneous_level(mapped, 0.9, alternative) == expected


def test_ends_are_failed_on_the_side_of_low_and_high_replicates():
    """Numbers that are low together and high apart share low failures only.

    Upper ends fail where an estimate is too low.
    """
    rng = np.random.default_rng(0)
    common, own = rng.exponential(size=(1999, 1)), rng.exponential(size=(1999, 20))
    x = own - 20 * common  # the left tail is common
    together, apart = (simultaneous_level(x, 0.9, side) for side in ("less", "greater"))
    assert 0.9 <= together < 0.91 < apart
    assert_allclose(simultaneous_level(-x, 0.9, "greater"), together)


def test_percentile_bands_of_the_level_hold_the_wanted_share_of_new_replicates():
    """z-test of 20,000 new rows and the error of the level: 1 seed in 10,000."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(22_000, 30)), axis=1)
    old, new = walk[:1999], walk[1999:]
    level = simultaneous_level(old, 0.9)
    bands = [
        interval(Evidence(0.0, column, 30), "percentile", level) for column in old.T
    ]
    low, high = np.array(bands).T
    inside = ((low <= new) & (new <= high)).all(axis=1)
    # Of the level, of the ends, and of the new rows.
    spread = np.sqrt(0.09 / 1999 + 0.09 / 1999 + 0.09 / len(new))
    assert abs(inside.mean() - 0.9) < norm.isf(0.5e-4) * spread


def test_numbers_that_do_not_vary_ask_for_nothing():
    x = np.random.default_rng(0).normal(size=(999, 3))
    expected = simultaneous_level(x, 0.9)
    held = np.column_stack([x, np.ones((999, 5))])
    assert simultaneous_level(held, 0.9) == expected
    assert simultaneous_level(np.ones((99, 4)), 0.9) == 0.9


def test_ties_count_as_inside():
    """0 and 1 in equal parts: no band leaves any out."""
    x = np.tile([[0.0], [1.0]], (50, 3))
    assert simultaneous_level(x, 0.9) == 0.9


@pytest.mark.parametrize("n", [99, 399])
def test_too_few_replicates_are_an_error_that_says_about_how_many(n):
    x = np.random.default_rng(0).normal(size=(20_000, 50))
    message = rf"n_resamples={n} is too few for 95 % intervals of 50 numbers at once; t"
    with pytest.raises(ValueError, match=message) as caught:
        simultaneous_level(x[:n])
    wanted = int(re.search(r"take about (\d+)", str(caught.value)).group(1))
    # 100 tails of 1 / (R + 1) make up 5 %.
    assert 1000 < wanted < 2100
    assert simultaneous_level(x[:3000]) > 0.99


def test_bad_input_is_an_error():
    with pytest.raises(InvalidParameterError, match="'confidence_level' parameter of"):
        simultaneous_level(np.ones((99, 2)), 95)
    with pytest.raises(InvalidParameterError, match="'alternative' parameter of simul"):
        simultaneous_level(np.ones((99, 2)), 0.9, "both")
    for shape in ((99,), (99, 0), (0, 2)):
        with pytest.raises(
            ValueError, match=r"must have shape \(n_resamples, p\), nei"
        ):
            simultaneous_level(np.ones(shape))
    with pytest.raises(ValueError, match="replicates must be finite"):
        simultaneous_level(np.full((99, 2), np.nan))
