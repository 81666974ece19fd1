"""Grids of a search from coarse to fine: numbers that are zoomed into, and choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from sklearn.model_selection import ParameterGrid

from ensembles.model_selection._search._axes import Axis

__all__ = ["Grid", "key_of"]


@final
@dataclass(frozen=True)
class Grid:
    """Numbers and choices of one round.

    Attributes
    ----------
    axes : dict of Axis
        Numbers by parameter.
    choices : dict of list
        Other values by parameter.
    as_given : dict or None
        The user's lists, which the first round tries as they are.
    """

    axes: dict[str, Axis]
    choices: dict[str, list[Any]]
    as_given: dict[str, Any] | None = None

    def candidates(self) -> list[dict[str, Any]]:
        """All combinations."""
        if self.as_given is not None:
            return list(ParameterGrid(self.as_given))
        numbers = {name: list(axis.values) for name, axis in self.axes.items()}
        return list(ParameterGrid({**numbers, **self.choices}))

    def brackets(self) -> dict[str, tuple[Any, Any]]:
        """Lowest and highest number by parameter."""
        return {name: axis.bracket for name, axis in self.axes.items()}

    def most_central(self, params: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Of candidates that are as good, the one that most of them surround.

        One whose numbers have neighbours on both sides comes before one on an edge.
        """
        inside = np.array([self._n_inside(one) for one in params])
        names = [
            name
            for name, axis in self.axes.items()
            if all(axis.holds(one[name]) for one in params)
        ]
        places = np.array(
            [[self.axes[name].place(one[name]) for name in names] for one in params]
        ).reshape(len(params), -1)
        inner = np.flatnonzero(inside == inside.max())
        middle = places[inner].mean(axis=0)
        distances = ((places[inner] - middle) ** 2).sum(axis=1)
        return params[int(inner[distances.argmin()])]

    def _n_inside(self, params: Mapping[str, Any]) -> int:
        """How many numbers of a candidate have neighbours on both sides."""
        return sum(
            axis.holds(params[name]) and params[name] not in axis.bracket
            for name, axis in self.axes.items()
        )

    def around(
        self, best: Mapping[str, Any], n_points: int, tried: Sequence[Mapping[str, Any]]
    ) -> Grid:
        """Numbers around those of the best candidate, and its choices."""
        axes = {}
        choices = {name: [best[name]] for name in self.choices}
        for name, axis in self.axes.items():
            if not axis.holds(best[name]):
                choices[name] = [best[name]]
                continue
            known = [one[name] for one in tried if name in one]
            axes[name] = axis.around(best[name], n_points, known)
        return replace(self, axes=axes, choices=choices, as_given=None)


def key_of(candidate: Mapping[str, Any]) -> Any:
    """What two equal candidates have in common: numbers by value, all else by object.

    One, one point zero and True are three values to an estimator. Choices are the
    user's own objects in every round.
    """
    return tuple((name, *_key(value)) for name, value in sorted(candidate.items()))


def _key(value: Any) -> tuple[str, Any]:
    """Kind and value."""
    if isinstance(value, bool | np.bool_):
        return "bool", bool(value)
    if isinstance(value, int | np.integer):
        return "int", int(value)
    if isinstance(value, float | np.floating):
        return "float", float(value)
    return ("str", value) if isinstance(value, str) else ("object", id(value))
