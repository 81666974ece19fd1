"""ABC intervals, which take derivatives instead of resamples."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr, ndtri

from ensembles.exceptions import InvalidParameterError
from ensembles.inference._intervals import _abc
from ensembles.inference._intervals._abc import abc_distributions
from ensembles.inference._intervals._acceleration import influence_acceleration

X = np.random.default_rng(0).exponential(size=20)


def mean(weights):
    return weights @ X


def variance(weights):
    return weights @ X**2 - (weights @ X) ** 2


def both(weights):
    return np.stack([mean(weights), variance(weights)], axis=1)


def only(statistic, n=20, **params):
    (distribution,) = abc_distributions(statistic, n, **params)
    return distribution


# Parts, where they have a closed form.


def test_a_mean_has_its_delta_method_s_error_and_no_bend():
    found = only(mean)
    assert_allclose(found.estimate, X.mean())
    assert_allclose(found.influence, X - X.mean(), atol=1e-11)
    assert_allclose(found.standard_error, X.std() / np.sqrt(20))
    assert_allclose(found.acceleration, influence_acceleration(X - X.mean()))
    assert_allclose([found.bias, found.curvature], 0, atol=1e-9)
    # Then z0 is twice a's share: Phi^-1(2 Phi(a) / 2) = a.
    assert_allclose(found.median_bias, found.acceleration, atol=1e-9)


def test_the_end_for_a_mean_is_a_closed_form():
    found = only(mean)
    w = found.median_bias + ndtri(0.975)
    step = w / (1 - found.acceleration * w) ** 2
    assert_allclose(found.endpoint(0.975), X.mean() + step * found.standard_error)


def test_a_variance_has_its_bias_and_curvature():
    """t(P) is quadratic: bias -variance / n, second derivative -2 (l' d)^2."""
    found = only(variance)
    squares = (X - X.mean()) ** 2
    influence = squares - squares.mean()
    sigma = np.sqrt((influence**2).sum()) / 20
    assert_allclose(found.influence, influence, atol=1e-9)
    assert_allclose(found.standard_error, sigma)
    assert_allclose(found.bias, -X.var() / 20, rtol=1e-6)
    along = (influence / (400 * sigma)) @ X
    assert_allclose(found.curvature, -(along**2) / sigma, rtol=1e-6)
    share = 2 * ndtr(found.acceleration)
    share *= ndtr(found.curvature - found.bias / found.standard_error)
    assert_allclose(found.median_bias, ndtri(share))


@pytest.mark.parametrize("n", [100, 1000, 3000])
def test_derivatives_do_not_drown_in_rounding(n):
    """A coefficient of variation far from zero, in two ways to compute it.

    With steps of 0.001 / n the curvature is wrong from 100 rows on.
    """
    x = np.random.default_rng(0).exponential(size=n)

    def centred(weights):
        spread = weights @ x**2 - (weights @ x) ** 2
        return np.sqrt(spread) / (100 + weights @ x)

    def raw(weights):
        y = 100 + x
        return np.sqrt(weights @ y**2 - (weights @ y) ** 2) / (weights @ y)

    one, other = only(centred, n), only(raw, n)
    assert_allclose(other.curvature, one.curvature, rtol=1e-3)
    sigmas = [found.bias / found.standard_error for found in (one, other)]
    assert_allclose(*sigmas, atol=5e-3)
    assert_allclose(other.median_bias, one.median_bias, atol=5e-3)


# From parts to intervals.


def test_ends_ascend_and_intervals_are_two_of_them():
    found = only(variance)
    p = np.linspace(0.005, 0.98, 99)
    assert (np.diff(found.endpoint(p)) > 0).all()
    low, high = found.interval(0.9)
    assert_allclose([low, high], found.endpoint(np.array([0.05, 0.95])))
    assert_allclose(found.interval(0.95, "less"), (-np.inf, high))
    assert_allclose(found.interval(0.95, "greater"), (low, np.inf))


@pytest.mark.parametrize("p", [0.001, 0.3, 0.975])
def test_tail_probabilities_and_pvalues_are_inverse_to_ends(p):
    found = only(variance)
    value = float(found.endpoint(np.array(p)))
    assert_allclose(found.tail_probability(value), p, atol=2e-6)
    assert_allclose(found.pvalue(value, "greater"), p, atol=2e-6)
    assert_allclose(found.pvalue(value, "less"), 1 - p, atol=2e-6)
    assert_allclose(found.pvalue(value), 2 * min(p, 1 - p), atol=4e-6)


def test_pvalues_are_never_zero():
    found = only(mean)
    assert found.pvalue(-1e9, "greater") == 1e-6
    assert found.pvalue(1e9, "less") == 1e-6
    assert found.pvalue(-1e9) == 2e-6
    assert found.pvalue(1e9, "greater") == 1


def test_monotone_maps_of_the_statistic_map_the_interval():
    """To third order: the curve along which weights move is the same."""
    plain, mapped = only(mean), only(lambda weights: np.log(mean(weights)))
    ends = np.log(plain.interval(0.9))
    assert_allclose(mapped.interval(0.9), ends, atol=2e-3)


def test_several_numbers_are_each_as_if_alone():
    first, second = abc_distributions(both, 20)
    assert_allclose(first.interval(), only(mean).interval())
    assert_allclose(second.interval(), only(variance).interval())
    assert_allclose(second.pvalue(1.0), only(variance).pvalue(1.0), atol=2e-6)


# Weights.


def seen_weights(n, **params):
    seen = []

    def statistic(weights):
        seen.append(weights)
        return weights @ np.arange(n)

    found = only(statistic, n, **params)
    found.interval()
    return seen


def test_weights_sum_to_one():
    for weights in seen_weights(20):
        assert_allclose(weights.sum(axis=1), 1)
        assert weights.shape[1] == 20


def test_weights_of_each_stratum_sum_to_its_share():
    strata = np.array(["b", "a", "b", "b", "c"] * 4)
    for weights in seen_weights(20, strata=strata):
        for label, share in {"a": 0.2, "b": 0.6, "c": 0.2}.items():
            assert_allclose(weights[:, strata == label].sum(axis=1), share)


def test_one_stratum_is_none():
    expected = only(variance).interval()
    assert_allclose(only(variance, strata=["a"] * 20).interval(), expected)


def test_strata_of_one_row_add_no_variance():
    strata = np.arange(20)
    strata[:18] = 0
    found = only(mean, strata=strata)
    assert_allclose(found.influence[18:], 0, atol=1e-9)
    assert_allclose(found.standard_error, X[:18].std() * np.sqrt(18) / 20)


def test_batches_do_not_change_a_number(monkeypatch):
    expected = only(variance)
    monkeypatch.setattr(_abc, "_BATCH_BYTES", 8 * 20 * 3)
    shapes = []

    def watched(weights):
        shapes.append(len(weights))
        return variance(weights)

    found = only(watched)
    assert max(shapes) == 3
    assert_allclose(found.interval(), expected.interval(), rtol=1e-9)


def test_the_number_of_evaluations_is_that_of_the_paper():
    """2 n for the derivatives, 1 for the estimate, 2 for c, 2 for the interval.

    And 2 to see that the statistic has not turned around there.
    """
    assert sum(len(weights) for weights in seen_weights(20)) == 2 * 20 + 1 + 2 + 2 + 2


def test_the_step_can_be_chosen():
    weights = np.concatenate(seen_weights(20, eps=0.25))
    assert_allclose(weights.max(), 0.25 + 0.75 / 20)


# Without weights.


@pytest.mark.parametrize("strata", [None, np.arange(20) % 3, [0] * 15 + [1] * 5])
@pytest.mark.parametrize("statistic", [mean, variance, both])
def test_shares_of_strata_stand_for_weights(statistic, strata):
    labels = np.zeros(20, dtype=int) if strata is None else np.asarray(strata)
    calls = []

    def towards(shares):
        calls.append(shares)
        same = labels[:, None] == labels
        taken = np.where(same, shares[:, None], 0.0) / 20
        given = np.diag(shares * same.mean(axis=1))
        return statistic(1 / 20 - taken + given).reshape(20, -1)

    expected = abc_distributions(statistic, 20, strata=strata)
    found = abc_distributions(statistic, 20, strata=strata, towards=towards)
    assert len(calls) == 3
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one.influence, other.influence, atol=1e-9)
        assert_allclose(one.bias, other.bias, atol=1e-8)
        assert_allclose(one.interval(0.9), other.interval(0.9), rtol=1e-7)


def test_weights_are_taken_where_shares_tell_nothing():
    (found,) = abc_distributions(variance, 20, towards=lambda shares: None)
    assert_array_equal(found.interval(), only(variance).interval())


# Errors.


def test_what_does_not_change_smoothly_is_an_error():
    for flat in (
        lambda weights: np.full(len(weights), 3.0),
        lambda weights: weights.sum(axis=1),
        lambda weights: 1e9 + 0 * weights @ X,
    ):
        with pytest.raises(
            ValueError, match=r"does not change smoothly with the weigh"
        ):
            only(flat)
    with pytest.raises(ValueError, match=r"\(number 1, counted from 0\). Take 'percen"):
        abc_distributions(lambda weights: both(weights) * [1, 0], 20)


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(ValueError, match="no finite value at equal weights"):
        only(lambda weights: weights @ X * np.nan)
    with pytest.raises(ValueError, match="does not change smoothly"):
        only(lambda weights: np.sqrt(weights.min(axis=1) - 1 / 20 + 1e-15) + mean(X))


def test_an_end_out_of_reach_is_an_error():
    lonely = np.zeros(20)
    lonely[0] = 1.0
    found = only(lambda weights: weights @ lonely)
    assert found.acceleration > 0.15
    with pytest.raises(ValueError, match=r"no endpoint at one of the levels \[0.99999"):
        found.endpoint(np.array([1 - 1e-12]))
    assert 0 < found.pvalue(1e9) <= 0.1


def test_an_end_where_the_statistic_has_turned_around_is_an_error():
    """A variance is a parabola in the weights, and falls again far out."""
    found = only(variance)
    assert found.interval(0.96)[1] > found.interval(0.95)[1]
    with pytest.raises(ValueError, match="the statistic turns around or has no value"):
        found.interval(0.998)
    assert found.pvalue(100.0, "less") < 0.02


def test_a_statistic_that_has_no_value_far_out_is_an_error_there_only():
    found = only(lambda weights: np.sqrt(weights @ X - 0.8 * X.mean()))
    assert np.isfinite(found.interval(0.5)).all()
    with pytest.raises(ValueError, match="turns around or has no value"):
        found.interval(0.999)


def test_a_bias_beyond_all_bounds_is_an_error():
    def bent(weights):
        return weights @ X + 1e7 * ((weights - 1 / 20) ** 2).sum(axis=1)

    with pytest.raises(
        ValueError, match="ABC has no median bias for number 0, counted"
    ):
        only(bent)


def test_values_of_another_shape_are_an_error():
    message = r"one row of p values, for each row of weights of shape \(1, 20\), got sh"
    for wrong in (
        lambda weights: 1.0,
        lambda weights: np.ones(3),
        lambda weights: np.ones((1, 2, 2)),
    ):
        with pytest.raises(ValueError, match=message):
            abc_distributions(wrong, 20)


def test_parameters_outside_their_ranges_are_an_error():
    with pytest.raises(InvalidParameterError, match=re.escape("range [2, inf). Got 1")):
        only(mean, 1)
    with pytest.raises(InvalidParameterError, match="'eps' parameter of abc_distribu"):
        only(mean, eps=0.0)
    with pytest.raises(ValueError, match="strata must have one entry for each of 20 r"):
        only(mean, strata=[1, 2])
    found = only(mean)
    with pytest.raises(InvalidParameterError, match="'confidence_level' parameter of"):
        found.interval(95)
    with pytest.raises(InvalidParameterError, match="'null' parameter of pvalue"):
        found.pvalue(None)
    with pytest.raises(InvalidParameterError, match="'alternative' parameter of pval"):
        found.pvalue(0.0, "both")
    with pytest.raises(InvalidParameterError, match="'value' parameter of tail_prob"):
        found.tail_probability(np.nan)


def test_the_influence_sums_to_zero():
    for found in abc_distributions(both, 20):
        assert_allclose(found.influence.sum(), 0, atol=1e-6)
        assert_array_equal(found.influence.shape, 20)
