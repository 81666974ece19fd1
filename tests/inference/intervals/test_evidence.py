"""What intervals are made from."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtri

from ensembles.exceptions import InvalidParameterError
from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._methods import METHODS, interval

REPLICATES = np.array([3.0, 1.0, 2.0, 6.0])


def test_moments_are_those_of_the_replicates():
    evidence = Evidence(2.5, REPLICATES, 10)
    assert evidence.n_resamples == 4
    assert evidence.bias == 0.5
    assert_allclose(evidence.standard_error, REPLICATES.std(ddof=1))


def test_median_bias_is_the_normal_quantile_of_the_share_below():
    evidence = Evidence(2.0, REPLICATES, 10)
    assert evidence.share_below_estimate == 0.375
    assert evidence.median_bias == ndtri(0.375)


@pytest.mark.parametrize("estimate", [0.0, 7.0])
def test_there_is_no_median_bias_where_all_replicates_lie_on_one_side(estimate):
    assert np.isnan(Evidence(estimate, REPLICATES, 10).median_bias)


def test_replicates_that_differ_from_the_estimate_by_rounding_are_equal_to_it():
    thirds = np.array([0.1 + 0.2, 0.3, 0.1, 0.9])
    assert Evidence(0.3, thirds, 10).share_below_estimate == 0.5
    assert Evidence(1e9 + 0.3, 1e9 + thirds, 10).share_below_estimate == 0.5
    assert Evidence(0.3 + 1e-9, thirds, 10).share_below_estimate == 0.75


@pytest.mark.parametrize("method", METHODS)
def test_a_bias_of_the_scheme_moves_no_interval(method):
    rng = np.random.default_rng(0)
    more = {
        "acceleration": 0.05,
        "estimate_error": 1.0,
        "replicate_errors": rng.uniform(0.5, 2, size=999),
        "inner_ranks": rng.uniform(size=999),
    }
    replicates = rng.exponential(size=999)
    plain = Evidence(1.0, replicates, 30, **more)
    moved = Evidence(1.0, replicates - 7, 30, centre=-6.0, **more)
    assert_allclose(interval(moved, method), interval(plain, method), atol=1e-12)
    assert_allclose(moved.bias, plain.bias)
    assert_allclose(moved.median_bias, plain.median_bias)


def test_some_of_the_replicates_keep_what_belongs_to_them():
    evidence = Evidence(
        2.0,
        REPLICATES,
        10,
        estimate_error=0.5,
        replicate_errors=REPLICATES + 10,
        inner_ranks=REPLICATES / 10,
    )
    for kept in (REPLICATES > 1, np.array([0, 2, 3])):
        some = evidence.only(kept)
        assert_array_equal(some.replicates, [3, 2, 6])
        assert_array_equal(some.replicate_errors, [13, 12, 16])
        assert_array_equal(some.inner_ranks, [0.3, 0.2, 0.6])
        assert (some.estimate, some.n_units, some.estimate_error) == (2, 10, 0.5)
    assert Evidence(2.0, REPLICATES, 10).only(kept).replicate_errors is None


def test_replicates_are_not_changed():
    evidence = Evidence(2.0, REPLICATES, 10, acceleration=0.0)
    interval(evidence, "bca", 0.5)
    assert_array_equal(evidence.replicates, [3, 1, 2, 6])


@pytest.mark.parametrize("replicates", [np.array([1.0]), np.ones((3, 2))])
def test_replicates_of_another_shape_are_an_error(replicates):
    with pytest.raises(ValueError, match="must be one-dimensional and at least two"):
        Evidence(2.0, replicates, 10)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("estimate", {"estimate": np.nan}),
        ("centre", {"centre": np.inf}),
        ("replicates", {"replicates": np.array([1.0, np.nan])}),
        ("inner_ranks", {"inner_ranks": np.array([0, 1, 0.5, np.nan])}),
    ],
)
def test_values_that_are_not_finite_are_an_error(name, changed):
    good = {"estimate": 2.0, "replicates": REPLICATES, "n_units": 10}
    with pytest.raises(ValueError, match=f"^{name} must be finite. Leave out the res"):
        Evidence(**good | changed)


@pytest.mark.parametrize("name", ["replicate_errors", "inner_ranks"])
def test_what_belongs_to_replicates_has_their_number(name):
    message = rf"{name} must have one entry for each of 4 replicates, got shape \(3,\)"
    with pytest.raises(ValueError, match=message):
        Evidence(2.0, REPLICATES, 10, **{name: np.ones(3)})


def test_parameters_outside_their_ranges_are_an_error():
    with pytest.raises(InvalidParameterError, match="'n_units' parameter of Evidence"):
        Evidence(2.0, REPLICATES, 0)
    with pytest.raises(InvalidParameterError, match="'quantile_method' parameter of"):
        Evidence(2.0, REPLICATES, 10, quantile_method="hazen")
