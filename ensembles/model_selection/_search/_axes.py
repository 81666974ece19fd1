"""Numbers of a parameter on its scale, and where to look next.

An axis holds the numbers of one round. The next ones surround the best: they lie
between its neighbours, or, where it has one neighbour only, reach as far beyond it as
they did before on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ensembles.model_selection._search._domain import Domain, is_finite_number

__all__ = ["Axis", "axis_of_values"]

# How near two numbers are the same, as a share of the distance between neighbours.
_SAME = 1e-6
# Natural logarithms of the numbers that floats hold in full.
_LOGS = (-700.0, 700.0)


@final
@dataclass(frozen=True, slots=True)
class Axis:
    """Numbers of a parameter in one round.

    Attributes
    ----------
    values : tuple of float or int
        In ascending order, two at least.
    is_log : bool
        Whether distances are ratios.
    domain : Domain
        What the parameter may be.
    """

    values: tuple[Any, ...]
    is_log: bool
    domain: Domain

    @property
    def bracket(self) -> tuple[Any, Any]:
        """Lowest and highest value."""
        return self.values[0], self.values[-1]

    def holds(self, value: Any) -> bool:
        """Whether a value lies on the scale."""
        return is_finite_number(value) and (value > 0 or not self.is_log)

    def place(self, value: Any) -> float:
        """Where a value is on the scale."""
        return math.log(value) if self.is_log else float(value)

    def around(self, best: Any, n_points: int, tried: Sequence[Any]) -> Axis:
        """Numbers of the next round.

        Parameters
        ----------
        best : float or int
            The best value so far.
        n_points : int
            How many numbers to lay out.
        tried : sequence of float or int
            Values tried so far; where a new one would be nearly one of them, it is that
            one.
        """
        best = _plain(best)
        places = sorted({self.place(value) for value in (*self.values, best)})
        here, last = places.index(self.place(best)), len(places) - 1
        half = (places[-1] - places[0]) / 2
        low = places[here - 1] if here else self._beyond(places[0], -half)
        high = self._beyond(places[-1], half)
        if here < last:
            high = places[here + 1]
        if low < places[0]:
            high = places[0] + half
        elif high > places[-1]:
            low = places[-1] - half
        points = [self._value(place) for place in np.linspace(low, high, n_points)]
        if self.domain.is_whole:  # rounding may have lost what is beyond
            steps = [-1] * (low < places[0]) + [1] * (high > places[-1])
            points += [self.domain.clipped(best + step) for step in steps]
        same = _SAME * (high - low) / n_points
        values = {
            self._known(point, tried, same) for point in points if self.holds(point)
        }
        return replace(self, values=tuple(sorted({*values, best})))

    def _value(self, place: float) -> Any:
        """Which value is at a place, as the domain allows."""
        value = math.exp(np.clip(place, *_LOGS)) if self.is_log else place
        if self.domain.is_whole:
            return self.domain.clipped(
                max(round(value), 1) if self.is_log else round(value)
            )
        return self.domain.clipped(float(f"{value:.12g}"))

    def _beyond(self, edge: float, step: float) -> float:
        """The place a step beyond an edge, no further than the domain reaches.

        From a limit that cannot be taken itself, half of the way to it.
        """
        limit = self.domain.low if step < 0 else self.domain.high
        is_closed = self.domain.has_low if step < 0 else self.domain.has_high
        if not math.isfinite(limit) or (self.is_log and limit <= 0):
            return edge + step
        last = self.place(limit)
        if abs(last - edge) > abs(step) * (1 + _SAME):
            return edge + step
        return last if is_closed else (last + edge) / 2

    def _known(self, value: Any, tried: Sequence[Any], same: float) -> Any:
        """The value tried that this one nearly is, or itself."""
        for one in tried:
            if self.holds(one) and abs(self.place(one) - self.place(value)) <= same:
                return _plain(one)
        return value


def axis_of_values(values: Sequence[Any], scale: str, domain: Domain) -> Axis | None:
    """Axis of the numbers among the values tried first; None where they are choices.

    Parameters
    ----------
    values : sequence
        As the user listed them.
    scale : {"auto", "linear", "log", "fixed"}
        "auto" is the scale on which they are more evenly spaced; fewer than three
        numbers are choices.
    domain : Domain
        What the parameter may be.
    """
    numbers = sorted({_plain(value) for value in values if is_finite_number(value)})
    if scale == "fixed" or (scale == "auto" and len(numbers) < 3) or len(numbers) < 2:
        return None
    positive = [value for value in numbers if value > 0]
    is_log = scale == "log" or (scale == "auto" and _is_geometric(numbers, positive))
    on_scale = tuple(positive if is_log else numbers)
    return Axis(on_scale, is_log, domain) if len(on_scale) > 1 else None


def _plain(value: Any) -> Any:
    """An int or a float, whatever kind of number it came as: small ones wrap around."""
    return int(value) if isinstance(value, int | np.integer) else float(value)


def _is_geometric(numbers: Sequence[Any], positive: Sequence[Any]) -> bool:
    """Whether ratios vary less than differences, zero left aside."""
    if len(positive) < 3 or numbers[0] < 0:
        return False
    gaps = np.diff(np.log(np.array(positive, dtype=float))), np.diff(positive)
    ratios, differences = (one.std() / one.mean() for one in gaps)
    return bool(ratios < differences - 1e-9)
