"""What intervals and p-values of all methods share: levels, and how to invert them.

A method is a confidence distribution. Its endpoint(p) is the value that the parameter
lies below with confidence p, ascending in p. An interval is two endpoints, and the
p-value of a hypothesis about a value follows from the p whose endpoint that value is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from ensembles._typing import BoolArray, FloatArray
from ensembles._validation import check_choice, invalid_parameter

__all__ = [
    "ALTERNATIVES",
    "Endpoint",
    "check_level",
    "check_n_resamples",
    "check_value",
    "pvalue_of",
    "tail_levels",
    "tails_at",
]

ALTERNATIVES = ("two-sided", "less", "greater")

Endpoint: TypeAlias = Callable[[FloatArray], FloatArray]

# Levels that one step of a search looks at.
_A_STEP = 64


def check_level(owner: object, confidence_level: Any, alternative: Any) -> None:
    """Raise unless these are a level between 0 and 1 and a known alternative."""
    real = isinstance(confidence_level, Real)
    if not (real and 0 < float(confidence_level) < 1):
        raise invalid_parameter(
            owner,
            "confidence_level",
            confidence_level,
            "a float in the range (0.0, 1.0)",
            "0.95 stands for 95 %.",
        )
    check_choice(owner, "alternative", alternative, ALTERNATIVES)


def check_value(owner: object, name: str, value: Any) -> None:
    """Raise unless `value` is a finite real number."""
    if not (isinstance(value, Real) and math.isfinite(value)):
        raise invalid_parameter(owner, name, value, "a finite real number")


def tail_levels(confidence_level: float, alternative: str) -> tuple[float, float]:
    """Levels of the two endpoints; an open end has level 0 or 1.

    As in scipy, "greater" is the interval of the values that a test against a greater
    parameter does not reject: it has a lower end and no upper one.
    """
    outside = 1 - confidence_level
    if alternative == "two-sided":
        return outside / 2, 1 - outside / 2
    if alternative == "greater":
        return outside, 1.0
    return 0.0, confidence_level


def check_n_resamples(
    n_resamples: int, confidence_level: float, alternative: str = "two-sided"
) -> None:
    """Raise where an endpoint lies beyond all replicates.

    The outermost of R replicates stand for the levels 1 / (R + 1) and R / (R + 1).

    Parameters
    ----------
    n_resamples : int
        Number of replicates.
    confidence_level : float
        Wanted coverage, in (0, 1).
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        Which ends the interval has.

    Raises
    ------
    ValueError
        If there are too few, with the number to take.

    Examples
    --------
    >>> check_n_resamples(999, 0.999)
    Traceback (most recent call last):
    ValueError: n_resamples=999 is too few for a 99.9 % interval; take at least 1999.
    """
    low, high = tail_levels(confidence_level, alternative)
    tail = low or 1 - high
    fewest = math.ceil(1 / tail - 1 - 1e-6)
    if n_resamples < fewest:
        raise ValueError(
            f"n_resamples={n_resamples} is too few for a {100 * confidence_level:.12g} "
            f"% interval; take at least {fewest}."
        )


def tails_at(
    endpoint: Endpoint, value: float, n_levels: int, rounding: float = 0.0
) -> tuple[float, float]:
    """Confidence at or below `value` and at or above it, in steps of 1 / n_levels.

    Parameters
    ----------
    endpoint : callable
        Maps an array of levels in (0, 1) to an array of values, ascending.
    value : float
        The value to find.
    n_levels : int
        Number of steps from 0 to 1.
    rounding : float, default=0.0
        Endpoints this near to the value count as equal to it.

    Returns
    -------
    below, above : float
        Neither is 0. They add up to more than 1 where the value is an endpoint, or
        lies between two. With the order statistics of R replicates as endpoints and
        R + 1 levels they are the shares of the replicates at or below and at or above
        the value, after one is added to each count and to R.
    """
    reached = _first(lambda p: endpoint(p) >= value - rounding, n_levels)
    passed = _first(lambda p: endpoint(p) > value + rounding, n_levels)
    return passed / n_levels, (n_levels + 1 - reached) / n_levels


def _first(holds: Callable[[FloatArray], BoolArray], n: int) -> int:
    """The lowest k for which a condition holds at k / n; n if it holds at none.

    What holds at k holds at all higher ones.
    """
    low, high = 0, n
    while high - low > 1:
        k = np.unique(np.linspace(low, high, _A_STEP + 2).astype(np.intp))
        n_without = int(np.count_nonzero(~holds(k[1:-1] / n)))
        low, high = int(k[n_without]), int(k[n_without + 1])
    return high


def pvalue_of(below: float, above: float, alternative: str) -> float:
    """P-value of the hypothesis that the parameter is a value, from its `tails_at`."""
    if alternative == "greater":
        return below
    if alternative == "less":
        return above
    return min(1.0, 2 * min(below, above))
