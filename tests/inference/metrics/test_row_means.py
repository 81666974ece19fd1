"""Metrics that are functions of means over rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics

from ensembles.inference._metrics._row_means import (
    LOSSES,
    OF_NUMBERS,
    SHARES,
    MeanLoss,
    ShareOfVariance,
)
from ensembles.resampling import Bootstrap, GroupBootstrap

rng = np.random.default_rng(0)
y = rng.gamma(3, size=30) + 0.1
p = y * rng.uniform(0.5, 1.5, size=30)
w = rng.uniform(0.1, 3, size=30)
of_weights = pytest.mark.parametrize("weights", [None, w])


def metric_of(function, weights):
    if function in SHARES:
        return ShareOfVariance(y, p, SHARES[function], weights, "share")
    loss, power = LOSSES[function]
    return MeanLoss(loss(y, p), power, weights, "loss")


@of_weights
@pytest.mark.parametrize("groups", [None, np.arange(30) // 4])
@pytest.mark.parametrize("function", [*LOSSES, *SHARES], ids=lambda one: one.__name__)
def test_values_without_each_unit_equal_brute_force(function, groups, weights):
    scheme = Bootstrap() if groups is None else GroupBootstrap()
    deletions = scheme.bind(30, None, groups).deletions()
    without = metric_of(function, weights).without(deletions)[:, 0]
    for unit, value in enumerate(without):
        kept = deletions.keeps(unit)
        own = None if weights is None else weights[kept]
        expected = function(y[kept], p[kept], sample_weight=own)
        assert_allclose(value, expected, rtol=1e-11)


@of_weights
def test_a_constant_target_has_no_share_of_variance(weights):
    draws = np.zeros((2, 30))
    draws[0, 4] = 3
    draws[1, [4, 5]] = 1
    values = metric_of(metrics.r2_score, weights).weighted(draws)[:, 0]
    assert np.isnan(values[0])
    assert np.isfinite(values[1])


def test_a_target_far_from_zero_loses_no_digits():
    share = ShareOfVariance(y + 1e7, p + 1e7, False, None, "r2")
    assert_allclose(share.estimate(), metrics.r2_score(y, p), rtol=1e-7)


@of_weights
def test_weights_of_zero_leave_no_value_where_none_is_left(weights):
    for function in (metrics.mean_squared_error, metrics.r2_score):
        value = metric_of(function, weights).weighted(np.zeros((1, 30)))
        assert np.isnan(value).all()


def test_losses_are_among_the_metrics_of_numbers():
    assert {*LOSSES, *SHARES} < OF_NUMBERS
    assert metrics.brier_score_loss not in OF_NUMBERS
