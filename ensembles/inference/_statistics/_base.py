"""What a statistic is once it is bound to data: one number or several.

Bound to data, it can be computed from weights of their rows, so from every draw of a
row scheme. How it does so fast is its own affair.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions, EachUnit

__all__ = ["BoundStatistic", "compiled_loops"]


class BoundStatistic(ABC):
    """A statistic of fixed data; values have shape (..., n_components)."""

    names: Sequence[str]
    """Names of the components; a single one where the statistic is a number."""
    shape: tuple[int, ...]
    """What the user sees: () for a number."""

    @abstractmethod
    def estimate(self) -> FloatArray:
        """The statistic of the data as they are, shape (n_components,)."""

    @abstractmethod
    def weighted(self, weights: FloatArray) -> FloatArray:
        """The statistic under each row of weights, shape (m, n_samples)."""

    def numbers_held(self, bound: BoundScheme) -> int:
        """Numbers in memory for each replicate of a batch: the weights of all rows."""
        return bound.n_samples

    def replicates(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The statistic in each replicate: of rows drawn, or by its own law."""
        return self.of_rows_drawn(bound, seeds)

    def of_rows_drawn(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The statistic of the very rows drawn, as other statistics have them too."""
        return self.weighted(bound.weight_rows(seeds))

    @abstractmethod
    def take(self, rows: IntArray) -> BoundStatistic:
        """The same statistic of some of the rows."""

    def without(self, deletions: Deletions) -> FloatArray:
        """The statistic without each unit in turn."""
        kept = (deletions.keeps(unit) for unit in range(deletions.n_units))
        return np.concatenate([self.weighted(rows[None] * 1.0) for rows in kept])

    def leaves_out_at_once(self, deletions: Deletions) -> bool:
        """Whether `without` costs no more than a few passes over the data."""
        return False

    def towards(self, deletions: EachUnit, shares: FloatArray) -> FloatArray | None:
        """The statistic with weight moved to each unit in turn.

        `shares`, of shape (n_units,), are those of the weight of a unit's stratum that
        the unit is given. None where that takes weights of all rows for each unit.
        """
        return None


def compiled_loops() -> Any:
    """The compiled loops over replicates, imported when they are first needed."""
    return import_module("ensembles.inference._statistics._kernels")
