"""What a number among the parameters may be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, final

import numpy as np

from ensembles._compat import Interval, intervals_of
from ensembles._typing import Estimator

__all__ = ["Domain", "domain_of", "is_finite_number", "is_number", "is_same"]

_SCALARS = (str, int, float, np.generic)


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

    def clipped(self, value: Any) -> Any:
        """The nearest value there is."""
        nearest = min(max(value, self.low), self.high)
        return int(nearest) if self.is_whole else float(nearest)


def domain_of(search: Estimator, name: str, tried: Iterable[Any]) -> Domain | None:
    """What a parameter may be: as the search was told, else as the estimator says.

    Where neither says, numbers that were not negative stay so, and positive ones stay
    positive: regularization, shares and counts are such. None where the numbers tried
    are of several kinds, such as counts and shares, which lie on no common scale.

    Parameters
    ----------
    search : estimator
        The search; its ``bounds``, if it has any, are pairs by name.
    name : str
        The parameter.
    tried : iterable
        Values that were tried, among others numbers.
    """
    numbers = [value for value in tried if is_finite_number(value)]
    is_whole = all(isinstance(value, int | np.integer) for value in numbers)
    known = intervals_of(search.estimator, name)
    fitting = [one for one in known if all(map(one.holds, numbers))]
    if known and not fitting:
        return None
    if fitting:
        is_whole = is_whole and fitting[0].is_whole
    bounds = getattr(search, "bounds", None)
    if isinstance(bounds, Mapping) and name in bounds:
        low, high = bounds[name]
        return _made(
            Interval(
                -math.inf if low is None else low,
                math.inf if high is None else high,
                "both",
                is_whole,
            ),
            is_whole,
        )
    if fitting:
        return _made(fitting[0], is_whole)
    least = min(numbers, default=-1)
    if least < 0:
        return Domain(is_whole=is_whole)
    closed = "left" if least == 0 else "neither"
    return _made(Interval(0, math.inf, closed, is_whole), is_whole)


def _made(interval: Interval, is_whole: bool) -> Domain:
    """A domain of an interval; of ints, from the first one to the last."""
    low, high = float(interval.low), float(interval.high)
    has_low = interval.closed in {"left", "both"} and math.isfinite(low)
    has_high = interval.closed in {"right", "both"} and math.isfinite(high)
    if is_whole and math.isfinite(low):
        low, has_low = math.ceil(low) if has_low else math.floor(low) + 1, True
    if is_whole and math.isfinite(high):
        high, has_high = math.floor(high) if has_high else math.ceil(high) - 1, True
    return Domain(low, high, has_low, has_high, is_whole)


def is_number(value: Any) -> bool:
    """Whether a value of a parameter is a number and no boolean."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def is_finite_number(value: Any) -> bool:
    """Whether a value of a parameter can lie on a scale."""
    return is_number(value) and math.isfinite(value)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values of a parameter are one: scalars by value, others by object."""
    if isinstance(one, _SCALARS) and isinstance(other, _SCALARS):
        return bool(one == other)
    return one is other
