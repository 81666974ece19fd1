"""What `_kernels_gradients` does, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.losses._constants import (
    COEFFICIENTS,
    LARGEST,
    LN2_HIGH,
    LN2_LOW,
    LOG2_E,
    SHIFT,
)

__all__ = ["binomial", "exponential", "gamma", "multinomial", "poisson", "tweedie"]

_C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11 = COEFFICIENTS


def _exp(x: Any) -> Any:
    """Exponential of numbers, positive finite ones."""
    x = np.minimum(np.maximum(x, -LARGEST), LARGEST)
    shifted = x * LOG2_E + SHIFT
    whole = shifted - SHIFT
    r = (x - whole * LN2_HIGH) - whole * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = r + r2 * ((_C2 + _C3 * r) + (_C4 + _C5 * r) * r2)
    high = ((_C6 + _C7 * r) + (_C8 + _C9 * r) * r2) + r4 * (_C10 + _C11 * r)
    bits = (1.0 + (low + (r2 * r4) * high)).view(np.int64)
    return (bits + (shifted.view(np.int64) << 52)).view(np.float64)


def binomial(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of log loss by log-odds, exact in both tails."""
    power = _exp(-np.abs(raw))
    share = 1.0 / (1.0 + power)
    is_likely = raw >= 0.0
    second = np.where(is_likely, 1.0, power)
    first = np.where(is_likely, power, 1.0)
    gradient[:] = ((1.0 - y) * second - y * first) * share
    hessian[:] = power * share * share


def exponential(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of exponential loss by half the log-odds."""
    sign = 1.0 - 2.0 * y
    hessian[:] = _exp(sign * raw)
    np.multiply(sign, hessian, out=gradient)


def multinomial(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of log loss by raw predictions, all of them with classes as rows."""
    gradient[:] = _exp(raw - raw.max(axis=0))
    total = gradient[0].copy()
    for k in range(1, len(raw)):  # in this order, as the kernel adds
        total += gradient[k]
    gradient *= 1.0 / total
    hessian[:] = gradient * (1.0 - gradient)
    gradient -= y == np.arange(len(raw))[:, None]


def poisson(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of half the Poisson deviance by the log of the mean."""
    hessian[:] = _exp(raw)
    np.subtract(hessian, y, out=gradient)


def gamma(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of half the gamma deviance by the log of the mean."""
    with np.errstate(over="ignore"):
        np.multiply(y, _exp(-raw), out=hessian)
    np.subtract(1.0, hessian, out=gradient)


def tweedie(
    y: Any, raw: Any, gradient: Any, hessian: Any, power: float, is_convex: bool
) -> None:
    """Of half a Tweedie deviance by the log of the mean.

    Where that is not convex, the hessian is the one expected.
    """
    with np.errstate(over="ignore"):
        pull = y * _exp((1.0 - power) * raw)
        push = _exp((2.0 - power) * raw)
        np.subtract(push, pull, out=gradient)
        hessian[:] = push
        if is_convex:
            hessian[:] = (2.0 - power) * push - (1.0 - power) * pull
