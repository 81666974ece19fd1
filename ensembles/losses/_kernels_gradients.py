"""Gradients and hessians of losses with exponentials, several rows an instruction.

What numba makes of its own exponential calls a function for each row. This one is
arithmetic alone, so that loops become vector instructions.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import float64, njit, types, uint64
from numba.extending import intrinsic

from ensembles._compiled import keep_compiled
from ensembles.losses._constants import (
    COEFFICIENTS,
    LARGEST,
    LN2_HIGH,
    LN2_LOW,
    LOG2_E,
    SHIFT,
)

__all__ = ["binomial", "exponential", "gamma", "multinomial", "poisson", "tweedie"]

# Division by zero gives an infinity, as in numpy, which leaves loops free of branches.
# Nobody counts references to arrays, since kernels allocate nothing.
_PLAIN: Any = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
_PART: Any = {"forceinline": True, "nogil": True, "no_cpython_wrapper": True, **_PLAIN}
_compiled = keep_compiled(**_PLAIN)
# Part of the kernels that call it, and kept in their cache.
_inlined = njit(**_PART)

_C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11 = COEFFICIENTS
_F64, _I64 = ir.DoubleType(), ir.IntType(64)
# Rows done together: what they need of a few classes stays in the first cache.
_BLOCK = uint64(256)


def _with_exponent(typing_context: Any, fraction: Any, shifted: Any) -> Any:
    """Times two to the power that stands in the lowest bits of the other number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits, power = (builder.bitcast(number, _I64) for number in arguments)
        power = builder.shl(power, _I64(52))
        return builder.bitcast(builder.add(bits, power), _F64)

    return types.float64(types.float64, types.float64), generate


_scaled: Any = intrinsic(_with_exponent)


@_inlined
def _exp(x: Any) -> Any:
    """Exponential of what is at least -LARGEST and at most LARGEST."""
    shifted = x * LOG2_E + SHIFT
    whole = shifted - SHIFT
    r = (x - whole * LN2_HIGH) - whole * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    # Short chains: a processor works on several of them at once.
    low = r + r2 * ((_C2 + _C3 * r) + (_C4 + _C5 * r) * r2)
    high = ((_C6 + _C7 * r) + (_C8 + _C9 * r) * r2) + r4 * (_C10 + _C11 * r)
    return _scaled(1.0 + (low + (r2 * r4) * high), shifted)


@_inlined
def _exp_below(x: Any) -> Any:
    """Exponential of what is not above zero."""
    return _exp(x if x > -LARGEST else -LARGEST)


@_inlined
def _exp_anywhere(x: Any) -> Any:
    """Exponential of a number, a positive finite one."""
    x = x if x > -LARGEST else -LARGEST
    return _exp(x if x < LARGEST else LARGEST)


@_compiled
def binomial(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of log loss by log-odds, exact in both tails."""
    for i in range(uint64(len(y))):
        power = _exp_below(-abs(raw[i]))
        share = 1.0 / (1.0 + power)
        is_likely = raw[i] >= 0.0
        second = 1.0 if is_likely else power
        first = power if is_likely else 1.0
        gradient[i] = ((1.0 - y[i]) * second - y[i] * first) * share
        hessian[i] = power * share * share


@_compiled
def exponential(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of exponential loss by half the log-odds."""
    for i in range(uint64(len(y))):
        sign = 1.0 - 2.0 * y[i]
        power = _exp_anywhere(sign * raw[i])
        gradient[i] = sign * power
        hessian[i] = power


@_compiled
def multinomial(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of log loss by raw predictions, in arrays with a row for each class.

    The first two rows of the hessian hold the largest raw prediction and the sum of
    exponentials until their turn comes.
    """
    n_classes, n_rows = uint64(raw.shape[0]), uint64(raw.shape[1])
    for start in range(uint64(0), n_rows, _BLOCK):
        stop = min(start + _BLOCK, n_rows)
        for i in range(start, stop):
            hessian[0, i] = raw[0, i] if raw[0, i] > raw[1, i] else raw[1, i]
            hessian[1, i] = 0.0
        for k in range(uint64(2), n_classes):
            for i in range(start, stop):
                held = hessian[0, i]
                hessian[0, i] = raw[k, i] if raw[k, i] > held else held
        for k in range(n_classes):
            for i in range(start, stop):
                power = _exp_below(raw[k, i] - hessian[0, i])
                gradient[k, i] = power
                hessian[1, i] += power
        for i in range(start, stop):
            hessian[0, i] = 1.0 / hessian[1, i]
        for before in range(n_classes):
            k = n_classes - uint64(1) - before
            number = float64(k)
            for i in range(start, stop):
                share = gradient[k, i] * hessian[0, i]
                gradient[k, i] = share - (1.0 if y[i] == number else 0.0)
                hessian[k, i] = share * (1.0 - share)


@_compiled
def poisson(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of half the Poisson deviance by the log of the mean."""
    for i in range(uint64(len(y))):
        mean = _exp_anywhere(raw[i])
        gradient[i] = mean - y[i]
        hessian[i] = mean


@_compiled
def gamma(y: Any, raw: Any, gradient: Any, hessian: Any) -> None:
    """Of half the gamma deviance by the log of the mean."""
    for i in range(uint64(len(y))):
        ratio = y[i] * _exp_anywhere(-raw[i])
        gradient[i] = 1.0 - ratio
        hessian[i] = ratio


@_compiled
def tweedie(
    y: Any, raw: Any, gradient: Any, hessian: Any, power: Any, is_convex: Any
) -> None:
    """Of half a Tweedie deviance by the log of the mean.

    Where that is not convex, the hessian is the one expected.
    """
    for i in range(uint64(len(y))):
        pull = y[i] * _exp_anywhere((1.0 - power) * raw[i])
        push = _exp_anywhere((2.0 - power) * raw[i])
        gradient[i] = push - pull
        exact = (2.0 - power) * push - (1.0 - power) * pull
        hessian[i] = exact if is_convex else push
