"""Data that every loss is defined for, and scikit-learn's loss of the same formula."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn._loss import loss as theirs

from ensembles.losses import (
    AbsoluteError,
    BinomialLoss,
    ExponentialLoss,
    GammaLoss,
    HuberLoss,
    MultinomialLoss,
    PinballLoss,
    PoissonLoss,
    SquaredError,
    TweedieLoss,
)

PAIRS = [
    (SquaredError(), theirs.HalfSquaredError()),
    (AbsoluteError(), theirs.AbsoluteError()),
    (HuberLoss(delta=0.7), theirs.HuberLoss(delta=0.7)),
    (PinballLoss(), theirs.PinballLoss(quantile=0.5)),
    (PinballLoss(0.83), theirs.PinballLoss(quantile=0.83)),
    (PoissonLoss(), theirs.HalfPoissonLoss()),
    (GammaLoss(), theirs.HalfGammaLoss()),
    *(
        (TweedieLoss(power), theirs.HalfTweedieLoss(power=power))
        for power in (-1, 0, 0.5, 1, 1.5, 2, 3)
    ),
    (BinomialLoss(), theirs.HalfBinomialLoss()),
    (ExponentialLoss(), theirs.ExponentialLoss()),
    (MultinomialLoss(3), theirs.HalfMultinomialLoss(n_classes=3)),
    (MultinomialLoss(6), theirs.HalfMultinomialLoss(n_classes=6)),
]


@pytest.fixture(params=PAIRS, ids=lambda pair: repr(pair[0]))
def case(request):
    """A loss, scikit-learn's, and rows."""
    return case_of(*request.param, 301)


@pytest.fixture
def make_case():
    return case_of


def case_of(loss, same, n_rows):
    rng = np.random.default_rng(0)
    draw = {
        BinomialLoss: lambda: rng.integers(0, 2, n_rows) * 1.0,
        ExponentialLoss: lambda: rng.integers(0, 2, n_rows) * 1.0,
        MultinomialLoss: lambda: rng.integers(0, loss.n_raw, n_rows) * 1.0,
        PoissonLoss: lambda: rng.poisson(1.5, n_rows) * 1.0,
        GammaLoss: lambda: rng.gamma(2.0, size=n_rows),
        TweedieLoss: lambda: rng.gamma(2.0, size=n_rows),
    }
    y = draw.get(type(loss), lambda: rng.normal(size=n_rows))()
    shape = (n_rows,) if loss.n_raw == 1 else (n_rows, loss.n_raw)
    return SimpleNamespace(
        loss=loss,
        theirs=same,
        y=y,
        raw=np.asfortranarray(rng.normal(size=shape) * 2.0),
        weights=rng.uniform(0.1, 3.0, n_rows),
        counts=rng.integers(0, 4, n_rows),
        derivatives=derivatives,
    )


def derivatives(loss, y, raw):
    """Gradient and hessian in arrays of the layout of `raw`."""
    gradient, hessian = np.full_like(raw, np.nan), np.ones_like(raw)
    loss.gradient_hessian(y, raw, gradient, hessian)
    return gradient, hessian
