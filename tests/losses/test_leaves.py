"""What leaves predict where a loss is not smooth, and quantiles with weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.utils.stats import _weighted_percentile

from ensembles.losses import AbsoluteError, HuberLoss, PinballLoss
from ensembles.losses._quantiles import lower_quantile, median

ROBUST = [AbsoluteError(), PinballLoss(0.2), PinballLoss(0.9)]
SIZES = [1, 2, 5, 8, 31]


def rows(size, *, ties=False):
    rng = np.random.default_rng(size)
    y, raw = rng.normal(size=size), rng.normal(size=size)
    if ties:
        y, raw = np.round(y), np.round(raw)
    return y, raw, rng.integers(1, 5, size) * 1.0


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("loss", ROBUST, ids=repr)
def test_no_other_value_of_a_leaf_has_less_loss(loss, size, ties):
    """The sum is linear between residuals, so that one of them is best."""
    y, raw, weights = rows(size, ties=ties)
    own = loss.leaf_value(y, raw, weights)
    least = min(loss.mean(y, raw + r, weights) for r in y - raw)
    assert loss.mean(y, raw + own, weights) <= least + 1e-12


@pytest.mark.parametrize("size", SIZES)
def test_medians_without_weights_are_best_too(size):
    y, raw, _ = rows(size)
    loss = AbsoluteError()
    own = loss.leaf_value(y, raw, None)
    assert own == np.median(y - raw)
    least = min(loss.mean(y, raw + r) for r in y - raw)
    assert loss.mean(y, raw + own) <= least + 1e-12


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_huber_steps_from_the_median_towards_the_best_value(size, weighted):
    """A step as long as the mean of clipped residuals never goes too far."""
    y, raw, weights = rows(size)
    weights = weights if weighted else None
    loss = HuberLoss(alpha=0.6).adapted(y, raw, weights)
    middle = median(y - raw, weights)
    own = loss.leaf_value(y, raw, weights)
    clipped = np.clip(y - raw - middle, -loss.delta, loss.delta)
    assert_allclose(own, middle + np.average(clipped, weights=weights))
    at_median = loss.mean(y, raw + middle, weights)
    assert loss.mean(y, raw + own, weights) <= at_median + 1e-12


def test_weights_are_repetitions(rng):
    y, raw, weights = rows(31, ties=True)
    again = np.repeat(np.arange(31), weights.astype(int))
    ones = np.ones(len(again))
    for loss in (*ROBUST, HuberLoss(alpha=0.6)):
        adapted = loss.adapted(y, raw, weights)
        assert adapted == loss.adapted(y[again], raw[again], ones)
        assert adapted == loss.adapted(y[again], raw[again], None)
        assert_allclose(
            adapted.leaf_value(y, raw, weights),
            adapted.leaf_value(y[again], raw[again], ones),
            atol=1e-14,
        )


@pytest.mark.parametrize("alpha", [0.05, 0.5, 0.9])
def test_huber_takes_the_delta_that_scikit_learn_does(alpha):
    y, raw, weights = rows(40)
    for given in (weights, np.ones(40)):
        expected = _weighted_percentile(np.abs(y - raw), given, 100 * alpha)
        assert HuberLoss(alpha).adapted(y, raw, given).delta == expected
    assert HuberLoss(alpha).adapted(y, raw, None).delta == expected


def test_a_delta_that_is_given_stays():
    y, raw, weights = rows(8)
    loss = HuberLoss(delta=0.3)
    assert loss.adapted(y, raw, weights) == loss


@pytest.mark.parametrize("quantile", [0.01, 0.25, 0.5, 0.75, 0.99])
@pytest.mark.parametrize("size", SIZES)
def test_quantiles_are_the_least_values_with_enough_weight(size, quantile):
    values, _, weights = rows(size, ties=True)
    found = lower_quantile(values, weights, quantile)
    assert weights[values <= found].sum() >= quantile * weights.sum()
    assert weights[values < found].sum() < quantile * weights.sum()
    ones = np.ones(size)
    assert lower_quantile(values, None, quantile) == lower_quantile(
        values, ones, quantile
    )


def test_rows_of_no_weight_do_not_count():
    values, weights = np.array([9.0, 1.0, 2.0, -5.0]), np.array([0.0, 1.0, 1.0, 0.0])
    assert lower_quantile(values, weights, 1e-9) == 1.0
    assert lower_quantile(values, weights, 1 - 1e-9) == 2.0
    assert median(values, weights) == 1.0
