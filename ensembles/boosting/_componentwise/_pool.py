"""All learners of a fit, of which each round takes the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from ensembles._typing import FloatArray
from ensembles.boosting._componentwise._learners import LearnerRows, Learners

__all__ = ["Pick", "Pool", "PoolRows"]


class Pick(NamedTuple):
    """A learner that was taken, and its fit."""

    group: int
    """Which kind."""
    learner: int
    """Which of its kind."""
    coefficients: FloatArray
    gain: float
    """What it takes off the sum of squares."""


@final
@dataclass(frozen=True, slots=True)
class PoolRows:
    """The bases of all learners for some rows."""

    groups: list[LearnerRows]

    def answer(self, pick: Pick) -> FloatArray:
        """What a learner that was taken says of the rows."""
        return self.groups[pick.group].answer(pick.learner, pick.coefficients)


@final
@dataclass(frozen=True, slots=True)
class Pool:
    """Learners of some kinds."""

    groups: Sequence[Learners]

    def rows(self, X: FloatArray) -> PoolRows:
        """The bases of all learners for rows of a table."""
        return PoolRows([group.rows(X) for group in self.groups])

    def best(self, rows: PoolRows, residuals: FloatArray) -> Pick | None:
        """The learner that fits best, the first of equal ones.

        Parameters
        ----------
        rows : PoolRows
            Training rows.
        residuals : ndarray of shape (n_rows,)
            Centred, times the weights of rows.

        Returns
        -------
        Pick or None
            None where nothing is left to gain.
        """
        found: Pick | None = None
        for g, (group, own) in enumerate(zip(self.groups, rows.groups, strict=True)):
            products = own.products(residuals)
            gains = group.gains(products)
            i = int(gains.argmax())
            if gains[i] > (0.0 if found is None else found.gain):
                coefficients = group.coefficients(i, products[i])
                found = Pick(g, i, coefficients, float(gains[i]))
        return found

    def zeros(self, n_raw: int) -> list[FloatArray]:
        """Room for coefficients of all learners: (n_raw, n_learners, size) by kind."""
        return [
            np.zeros((n_raw, len(group.features), group.n_coefficients))
            for group in self.groups
        ]
