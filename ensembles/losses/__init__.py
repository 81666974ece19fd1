"""Losses that trees are boosted for."""

from ensembles.losses._base import Loss
from ensembles.losses._classes import BinomialLoss, MultinomialLoss
from ensembles.losses._deviances import GammaLoss, PoissonLoss, TweedieLoss
from ensembles.losses._distribution import DistributionLoss
from ensembles.losses._exponential import ExponentialLoss
from ensembles.losses._huber import HuberLoss
from ensembles.losses._laplace import LaplaceLoss
from ensembles.losses._negative_binomial import NegativeBinomialLoss
from ensembles.losses._normal import LogNormalLoss, NormalLoss
from ensembles.losses._pinball import AbsoluteError, PinballLoss
from ensembles.losses._squared import SquaredError
from ensembles.losses._student import StudentLoss

__all__ = [
    "AbsoluteError",
    "BinomialLoss",
    "DistributionLoss",
    "ExponentialLoss",
    "GammaLoss",
    "HuberLoss",
    "LaplaceLoss",
    "LogNormalLoss",
    "Loss",
    "MultinomialLoss",
    "NegativeBinomialLoss",
    "NormalLoss",
    "PinballLoss",
    "PoissonLoss",
    "SquaredError",
    "StudentLoss",
    "TweedieLoss",
]
