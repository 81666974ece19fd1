"""Losses of values, by what a booster says of them."""

from __future__ import annotations

from typing import Any

from ensembles._validation import invalid_parameter, is_fraction, is_real
from ensembles.losses import Loss
from ensembles.losses._named import loss_of

__all__ = ["VALUE_LOSSES", "value_loss_of"]

VALUE_LOSSES = (
    "absolute_error",
    "gamma",
    "huber",
    "poisson",
    "quantile",
    "squared_error",
    "tweedie",
)


def value_loss_of(booster: Any) -> Loss:
    """The loss of a booster, with the parameters that it has for it.

    Parameters
    ----------
    booster : booster
        Whose `loss` is one of `VALUE_LOSSES` or a loss, and who has `quantile`, `alpha`
        and `power`.

    Returns
    -------
    Loss
        Of one raw prediction.

    Raises
    ------
    InvalidParameterError
        If a parameter of the loss is not allowed.
    ValueError
        If the loss has several raw predictions.
    """
    loss = booster.loss if isinstance(booster.loss, Loss) else _named(booster)
    if loss.n_raw != 1:
        raise ValueError(
            f"loss={loss!r} has {loss.n_raw} raw predictions for a row, and a "
            "value needs one."
        )
    return loss


def _named(booster: Any) -> Loss:
    """The loss of a name, with the parameters that it has."""
    name, quantile = str(booster.loss), booster.quantile
    if name == "quantile":
        if not is_real(quantile) or not 0.0 < float(quantile or 0.0) < 1.0:
            allowed = "a float in the range (0.0, 1.0) where loss='quantile'"
            raise invalid_parameter(booster, "quantile", quantile, allowed)
        return loss_of(name, quantile=quantile)
    if name == "huber":
        if not is_fraction(booster.alpha) or booster.alpha == 1.0:
            allowed = "a float in the range (0.0, 1.0)"
            raise invalid_parameter(booster, "alpha", booster.alpha, allowed)
        return loss_of(name, alpha=booster.alpha)
    return loss_of(name, power=booster.power) if name == "tweedie" else loss_of(name)
