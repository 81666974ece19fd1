"""Losses that trees are boosted for."""

from ensembles.losses._base import Loss
from ensembles.losses._classes import BinomialLoss, MultinomialLoss
from ensembles.losses._deviances import GammaLoss, PoissonLoss, TweedieLoss
from ensembles.losses._exponential import ExponentialLoss
from ensembles.losses._huber import HuberLoss
from ensembles.losses._pinball import AbsoluteError, PinballLoss
from ensembles.losses._squared import SquaredError

__all__ = [
    "AbsoluteError",
    "BinomialLoss",
    "ExponentialLoss",
    "GammaLoss",
    "HuberLoss",
    "Loss",
    "MultinomialLoss",
    "PinballLoss",
    "PoissonLoss",
    "SquaredError",
    "TweedieLoss",
]
