"""Values and derivatives: those of scikit-learn, and of one another."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ensembles.losses import (
    BinomialLoss,
    ExponentialLoss,
    GammaLoss,
    HuberLoss,
    MultinomialLoss,
    PoissonLoss,
    TweedieLoss,
)
from ensembles.losses._constants import LARGEST

CLASS_LOSSES = BinomialLoss | ExponentialLoss | MultinomialLoss
EXTREMES = np.array([-700.0, -40.0, -20.0, -1e-9, 0.0, 1e-9, 20.0, 40.0, 700.0])


def is_expected_hessian(loss):
    """Where scikit-learn has the exact one, which can be negative."""
    return isinstance(loss, TweedieLoss) and not 1 <= loss.power <= 2


def assert_agree(ours, theirs, digits_of):
    """Up to rounding of terms that large; both may be beyond what floats hold."""
    assert not np.isnan(ours).any()
    is_huge = np.abs(theirs) > 1e300
    assert_array_equal(np.sign(ours[is_huge]), np.sign(theirs[is_huge]))
    assert (np.abs(ours[is_huge]) > 1e290).all()
    bound = 1e-12 * np.abs(theirs) + 2e-15 * np.broadcast_to(digits_of, theirs.shape)
    is_fine = ~(is_huge | np.isnan(theirs))
    assert (np.abs(ours[is_fine] - theirs[is_fine]) <= bound[is_fine]).all()


def compare(case, y, raw):
    loss, theirs = case.loss, case.theirs
    magnitude = 1.0 + np.abs(y)
    largest = np.abs(raw) if raw.ndim == 1 else np.abs(raw).max(axis=1)
    with np.errstate(over="ignore"):
        value = theirs.loss(y, raw)
    assert_agree(loss.value(y, raw), value, magnitude * (1.0 + largest))
    gradient, hessian = case.derivatives(loss, y, raw)
    expected = theirs.gradient_hessian(y, raw)
    if isinstance(loss, BinomialLoss):
        magnitude = 0.0  # every digit, in both tails
    scale = magnitude if raw.ndim == 1 else magnitude[:, None]
    assert_agree(gradient, expected[0], scale)
    if not loss.has_constant_hessian and not is_expected_hessian(loss):
        assert_agree(hessian, expected[1], scale)


def test_scikit_learn_has_the_same_values_and_derivatives(case):
    compare(case, case.y, case.raw)


def test_extreme_predictions_give_finite_numbers_and_no_warnings(case):
    n_rows = len(EXTREMES)
    for y in np.unique(case.y)[[0, -1]]:
        if case.loss.n_raw == 1:
            compare(case, np.full(n_rows, y), EXTREMES)
        for k in range(case.loss.n_raw if case.loss.n_raw > 1 else 0):
            raw = np.zeros((n_rows, case.loss.n_raw), order="F")
            raw[:, k] = EXTREMES
            compare(case, np.full(n_rows, y), raw)


@pytest.mark.parametrize("weighted", [False, True])
def test_boosting_starts_where_scikit_learn_does(case, weighted):
    weights = case.weights if weighted else None
    ours = case.loss.initial_value(case.y, weights)
    theirs = case.theirs.fit_intercept_only(case.y, weights)
    assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def test_a_link_undoes_a_prediction(case):
    loss = case.loss
    predicted = loss.prediction(case.raw)
    assert_allclose(loss.prediction(loss.link(predicted)), predicted, rtol=1e-12)
    if loss.n_raw == 1:
        assert_allclose(loss.link(predicted), case.raw, rtol=1e-9)
    if isinstance(loss, CLASS_LOSSES):
        certain = np.zeros_like(predicted)
        assert np.isfinite(loss.link(certain)).all()


@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_one_class_alone_starts_at_a_finite_number(case, constant):
    if not isinstance(case.loss, CLASS_LOSSES | PoissonLoss):
        return
    y = np.full(5, constant)
    ours, theirs = case.loss.initial_value(y, None), case.theirs.fit_intercept_only(y)
    assert np.isfinite(ours).all()
    assert_allclose(ours, theirs, rtol=1e-12)


def test_smooth_losses_start_where_their_gradient_is_zero(case):
    if case.loss.renews_leaves:
        return
    raw = np.empty_like(case.raw)
    raw[:] = case.loss.initial_value(case.y, case.weights)
    gradient, _ = case.derivatives(case.loss, case.y, raw)
    assert_allclose(case.weights @ gradient, 0.0, atol=1e-10)


def test_gradients_and_hessians_are_slopes(case):
    """Central differences, away from kinks, where there is no slope."""
    loss, y, raw, step = case.loss, case.y, case.raw, 1e-5
    gradient, hessian = case.derivatives(loss, y, raw)
    for k in range(loss.n_raw):
        column = ... if loss.n_raw == 1 else (slice(None), k)
        up, down = raw.copy(order="F"), raw.copy(order="F")
        up[column] += step
        down[column] -= step
        slope = (loss.value(y, up) - loss.value(y, down)) / (2 * step)
        smooth = np.ones(len(y), dtype=bool)
        if loss.renews_leaves:
            smooth = np.abs(y - raw) > 2 * step
        assert_allclose(gradient[column][smooth], slope[smooth], rtol=2e-5, atol=2e-6)
        if loss.has_constant_hessian or is_expected_hessian(loss):
            continue
        bend = case.derivatives(loss, y, up)[0] - case.derivatives(loss, y, down)[0]
        assert_allclose(
            hessian[column], bend[column] / (2 * step), rtol=2e-5, atol=2e-6
        )


@pytest.mark.parametrize("power", [-1.0, 0.0, 0.5, 3.0])
def test_deviances_that_are_not_convex_take_the_expected_hessian(power, rng):
    """A mean over targets that have the predicted mean, as the hessian is linear."""
    loss, step = TweedieLoss(power), 1e-5
    y, raw = np.array([0.2, 0.3, 0.5, 7.0]), np.full(4, np.log(2.0))
    hessian, slopes = np.empty(4), []
    for at in (raw + step, raw - step, raw):
        gradient = np.empty(4)
        loss.gradient_hessian(y, at, gradient, hessian)
        slopes.append(gradient)
    exact = (slopes[0] - slopes[1]) / (2 * step)
    assert exact.min() < 0
    assert_allclose(hessian, exact.mean(), rtol=1e-6)
    loss.gradient_hessian(y, rng.normal(size=4) * 100, gradient, hessian)
    assert (hessian > 0).all()


def test_constant_hessians_are_left_alone(case):
    if case.loss.has_constant_hessian:
        kept = np.array([7.0])
        case.loss.gradient_hessian(case.y, case.raw, np.empty_like(case.raw), kept)
        assert_array_equal(kept, [7.0])


def test_a_mean_weights_rows(case):
    loss, y, raw = case.loss, case.y, case.raw
    assert_allclose(loss.mean(y, raw), loss.value(y, raw).mean(), rtol=1e-13)
    repeated = np.repeat(np.arange(len(y)), case.counts)
    assert_allclose(
        loss.mean(y, raw, case.counts * 1.0),
        loss.mean(y[repeated], raw[repeated]),
        rtol=1e-12,
    )


def test_weights_are_repetitions_for_the_start(case):
    y, counts = case.y, case.counts
    repeated = np.repeat(y, counts)
    assert_allclose(
        case.loss.initial_value(y, counts * 1.0),
        case.loss.initial_value(repeated, np.ones(len(repeated))),
        rtol=1e-12,
        atol=1e-14,
    )


def test_confident_predictions_keep_their_digits():
    raw = np.array([-60.0, -30.0, 30.0, 60.0])
    exact = np.exp(-np.abs(raw).astype(np.longdouble))
    for y in (np.zeros(4), np.ones(4)):
        value = BinomialLoss().value(y, raw)
        right = (raw > 0) == (y == 1)
        assert_allclose(value[right], np.log1p(exact[right]).astype(float), rtol=1e-15)


def test_predictions_are_what_the_link_makes_of_raw_ones(case):
    predicted = case.loss.prediction(case.raw)
    if isinstance(case.loss, MultinomialLoss):
        assert_allclose(predicted, case.theirs.predict_proba(case.raw), rtol=1e-12)
    else:
        expected = case.theirs.link.inverse(case.raw)
        assert_allclose(predicted, expected, rtol=1e-12)
    assert predicted.shape == case.raw.shape


def test_exponentials_beyond_floats_end_at_the_largest():
    raw = np.array([-1e6, 1e6])
    for loss in (PoissonLoss(), GammaLoss(), TweedieLoss(1.5)):
        assert_allclose(loss.prediction(raw), np.exp([-LARGEST, LARGEST]))
        assert not np.isnan(loss.value(np.array([1e6, 1e6]), raw)).any()


def test_huber_without_a_delta_takes_the_one_of_its_rows(rng):
    y, raw = rng.normal(size=50), np.zeros(50)
    loss = HuberLoss(alpha=0.7)
    adapted = loss.adapted(y, raw, None)
    assert_array_equal(loss.value(y, raw), adapted.value(y, raw))
    gradient, also = np.empty(50), np.empty(50)
    loss.gradient_hessian(y, raw, gradient, np.ones(50))
    adapted.gradient_hessian(y, raw, also, np.ones(50))
    assert_array_equal(gradient, also)
