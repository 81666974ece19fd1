"""Losses by the names that scikit-learn has for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ensembles._validation import check_choice
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

__all__ = ["DISTRIBUTIONS", "LOSSES", "loss_of"]


def _log_loss(n_classes: int) -> Loss:
    """One raw prediction is enough for two classes."""
    return BinomialLoss() if n_classes == 2 else MultinomialLoss(n_classes)


LOSSES: dict[str, Callable[..., Loss]] = {
    "absolute_error": AbsoluteError,
    "exponential": ExponentialLoss,
    "gamma": GammaLoss,
    "huber": HuberLoss,
    "log_loss": _log_loss,
    "poisson": PoissonLoss,
    "quantile": PinballLoss,
    "squared_error": SquaredError,
    "tweedie": TweedieLoss,
}


DISTRIBUTIONS: dict[str, Callable[[], DistributionLoss]] = {
    "laplace": LaplaceLoss,
    "lognormal": LogNormalLoss,
    "negative_binomial": NegativeBinomialLoss,
    "normal": NormalLoss,
    "poisson": PoissonLoss,
    "student": StudentLoss,
}


def loss_of(name: str, **parameters: Any) -> Loss:
    """Return the loss of this name.

    Parameters
    ----------
    name : str
        One of `LOSSES`.
    **parameters : object
        What the loss takes: `alpha` and `delta` of "huber", `quantile` of "quantile",
        `power` of "tweedie", `n_classes` of "log_loss".

    Returns
    -------
    Loss
        For "log_loss", one of two classes or one of several.

    Raises
    ------
    InvalidParameterError
        If there is no such loss, or a parameter is not allowed.
    """
    check_choice("loss_of", "name", name, LOSSES)
    return LOSSES[name](**parameters)
