"""Losses as objects: names, parameters, targets, copies, and losses of one's own."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ensembles.exceptions import InvalidParameterError
from ensembles.losses import (
    AbsoluteError,
    BinomialLoss,
    ExponentialLoss,
    GammaLoss,
    HuberLoss,
    Loss,
    MultinomialLoss,
    PinballLoss,
    PoissonLoss,
    SquaredError,
    TweedieLoss,
)
from ensembles.losses._named import LOSSES, loss_of


def test_losses_survive_pickling_and_are_compared_by_their_parameters(case):
    loss = case.loss
    again = pickle.loads(pickle.dumps(loss))
    assert again == loss
    assert hash(again) == hash(loss)
    assert eval(repr(loss)) == loss
    assert again.n_raw == loss.n_raw
    assert_array_equal(again.value(case.y, case.raw), loss.value(case.y, case.raw))


def test_other_parameters_are_another_loss():
    assert PinballLoss(0.5) != PinballLoss(0.6)
    assert PinballLoss(0.5) != AbsoluteError()
    assert MultinomialLoss(3) != MultinomialLoss(4)
    assert len({HuberLoss(), HuberLoss(), HuberLoss(alpha=0.5)}) == 2
    with pytest.raises(AttributeError):
        HuberLoss().alpha = 0.5


@pytest.mark.parametrize(
    ("name", "parameters", "loss"),
    [
        ("squared_error", {}, SquaredError()),
        ("absolute_error", {}, AbsoluteError()),
        ("huber", {"alpha": 0.8}, HuberLoss(alpha=0.8)),
        ("quantile", {"quantile": 0.1}, PinballLoss(quantile=0.1)),
        ("poisson", {}, PoissonLoss()),
        ("gamma", {}, GammaLoss()),
        ("tweedie", {"power": 1.2}, TweedieLoss(power=1.2)),
        ("exponential", {}, ExponentialLoss()),
        ("log_loss", {"n_classes": 2}, BinomialLoss()),
        ("log_loss", {"n_classes": 5}, MultinomialLoss(n_classes=5)),
    ],
)
def test_losses_have_the_names_that_scikit_learn_gives_them(name, parameters, loss):
    assert loss_of(name, **parameters) == loss
    assert name in LOSSES


def test_unknown_names_are_refused_with_those_there_are():
    with pytest.raises(InvalidParameterError, match="'squared_error', 'tweedie'"):
        loss_of("squared")


@pytest.mark.parametrize(
    ("make", "value", "allowed"),
    [
        (PinballLoss, 0.0, r"'quantile' .* in the range \(0.0, 1.0\). Got 0.0"),
        (PinballLoss, 1, "Got 1 "),
        (PinballLoss, "half", "Got 'half'"),
        (PinballLoss, True, "Got True"),
        (PinballLoss, np.nan, "Got nan"),
        (HuberLoss, 1.5, "'alpha' parameter of HuberLoss"),
        (lambda value: HuberLoss(delta=value), -1.0, r"in the range \[0.0, inf\)"),
        (lambda value: HuberLoss(delta=value), np.inf, "Got inf"),
        (TweedieLoss, np.nan, "'power' parameter of TweedieLoss"),
        (TweedieLoss, "1", "Got '1'"),
        (MultinomialLoss, 1, "'n_classes' parameter of MultinomialLoss"),
        (MultinomialLoss, 2.5, r"an int in the range \[2, inf\)"),
    ],
)
def test_parameters_that_are_not_allowed_are_refused(make, value, allowed):
    with pytest.raises(InvalidParameterError, match=allowed):
        make(value)


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        (PoissonLoss(), [1, -1e-9], "loss='poisson' requires non-negative y and sum"),
        (PoissonLoss(), [0, 0], "loss='poisson' requires non-negative y and sum"),
        (GammaLoss(), [1, 0], "^loss='gamma' requires strictly positive y.$"),
        (TweedieLoss(0.5), [1, -1], "power 0.5 requires non-negative y"),
        (TweedieLoss(1.5), [0, 0], r"power 1.5 requires non-negative y and sum\(y\)"),
        (TweedieLoss(2), [0, 1], "power 2 requires strictly positive y"),
        (TweedieLoss(2.5), [0, 1], "power 2.5 requires strictly positive y"),
        (BinomialLoss(), [0, 2], "two classes requires y of 0 and 1"),
        (BinomialLoss(), [0.5, 1], "two classes requires y of 0 and 1"),
        (
            MultinomialLoss(3),
            [0, 3],
            "3 classes requires y of the whole numbers 0 to 2",
        ),
        (ExponentialLoss(), [-1, 1], "loss='exponential' requires y of 0 and 1"),
        (MultinomialLoss(3), [-1, 1], "3 classes"),
        (MultinomialLoss(3), [0.5, 1], "3 classes"),
        (GammaLoss(), [np.nan, 1], "strictly positive"),
        (MultinomialLoss(3), [np.nan, 1], "3 classes"),
    ],
)
def test_targets_out_of_range_are_refused(loss, y, message):
    with pytest.raises(ValueError, match=message):
        loss.check_target(np.array(y, dtype=float))


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (SquaredError(), [-1, 0, 1e9]),
        (PoissonLoss(), [0, 0.5]),
        (GammaLoss(), [1e-9]),
        (TweedieLoss(0), [-1, 0]),
        (TweedieLoss(-1), [-1, 0]),
        (TweedieLoss(1.5), [0, 1]),
        (TweedieLoss(3), [0.1, 1]),
        (BinomialLoss(), [0, 1]),
        (BinomialLoss(), [1, 1]),
        (ExponentialLoss(), [0, 1]),
        (MultinomialLoss(3), [0, 2]),
    ],
)
def test_targets_in_range_are_let_through(loss, y):
    loss.check_target(np.array(y, dtype=float))


class LogCosh(Loss):
    """A loss of a user, smooth and robust."""

    def value(self, y, raw):
        return np.logaddexp(raw - y, y - raw) - np.log(2.0)

    def gradient_hessian(self, y, raw, gradient, hessian):
        gradient[:] = np.tanh(raw - y)
        hessian[:] = 1.0 - gradient**2

    def initial_value(self, y, sample_weight):
        return np.median(y)


def test_a_loss_of_ones_own_needs_three_methods():
    loss, y, raw = LogCosh(), np.array([0.0, 1.0]), np.array([0.5, 1.0])
    assert loss.n_raw == 1
    assert not loss.has_constant_hessian
    assert not loss.renews_leaves
    assert loss.prediction(raw) is raw
    assert loss.adapted(y, raw, None) is loss
    loss.check_target(y)
    assert loss.mean(y, raw, np.array([1.0, 3.0])) == loss.value(y, raw)[0] / 4
    with pytest.raises(NotImplementedError, match=r"LogCosh .* leaf_value"):
        loss.leaf_value(y, raw, None)
    with pytest.raises(TypeError, match="abstract"):
        Loss()
