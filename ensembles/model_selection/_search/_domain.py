"""What a number among the parameters may be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, final

import numpy as np

from ensembles._compat import interval_of
from ensembles._typing import Estimator

__all__ = ["Domain", "domain_of", "is_number"]


@final
@dataclass(frozen=True, slots=True)
class Domain:
    """Lowest and highest value of a parameter, and whether they may be taken.

    Attributes
    ----------
    low, high : float
        The limits; infinite where there are none.
    has_low, has_high : bool
        Whether the limits are values themselves.
    is_whole : bool
        Whether values are ints.
    """

    low: float = -math.inf
    high: float = math.inf
    has_low: bool = False
    has_high: bool = False
    is_whole: bool = False

    def ends_at(self, value: Any) -> bool:
        """Whether nothing lies beyond a value on one side."""
        at_low = self.has_low and value <= self.low
        return at_low or (self.has_high and value >= self.high)


def domain_of(search: Estimator, name: str, tried: Iterable[Any]) -> Domain:
    """What a parameter may be: as the search was told, else as the estimator says.

    Where neither says, numbers that were not negative stay so, and positive ones stay
    positive: regularization, shares and counts are such.

    Parameters
    ----------
    search : estimator
        The search; its ``bounds``, if it has any, are pairs by name.
    name : str
        The parameter.
    tried : iterable
        Values that were tried, among others numbers.
    """
    numbers = [value for value in tried if is_number(value)]
    is_whole = all(isinstance(value, int | np.integer) for value in numbers)
    bounds = getattr(search, "bounds", None)
    interval = interval_of(search.estimator, name, numbers) if numbers else None
    if interval is not None:
        is_whole = is_whole and interval.is_whole
    if isinstance(bounds, Mapping) and name in bounds:
        low, high = bounds[name]
        return Domain(
            -math.inf if low is None else low,
            math.inf if high is None else high,
            has_low=low is not None,
            has_high=high is not None,
            is_whole=is_whole,
        )
    if interval is not None:
        return Domain(
            interval.low,
            interval.high,
            has_low=interval.closed in {"left", "both"},
            has_high=interval.closed in {"right", "both"},
            is_whole=is_whole,
        )
    least = min(numbers, default=-1)
    if least < 0:
        return Domain(is_whole=is_whole)
    low = 1 if is_whole and least > 0 else 0
    return Domain(low, has_low=is_whole or least == 0, is_whole=is_whole)


def is_number(value: Any) -> bool:
    """Whether a value of a parameter lies on a scale: a number and no boolean."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)
