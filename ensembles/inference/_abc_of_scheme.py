"""ABC intervals of a statistic under a scheme, which draw nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from ensembles._typing import FloatArray
from ensembles.inference._intervals import AbcDistribution, abc_distributions
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.inference._statistics._evaluation import (
    Evaluation,
    StatisticOfWeights,
)
from ensembles.resampling._deletions import EachUnit

__all__ = ["abc_of"]


def abc_of(evaluation: Evaluation) -> list[AbcDistribution]:
    """The confidence distribution by ABC of each component.

    Weights are those of the scheme's units, all rows of a group alike.
    """
    if not isinstance(evaluation, StatisticOfWeights):
        raise ValueError(
            "method='abc' needs a statistic of weighted rows: one by name, or a "
            "function with sample_weight. Take 'bca' for any other."
        )
    deletions = evaluation.source.bound.deletions()
    if not isinstance(deletions, EachUnit):
        raise ValueError(
            f"method='abc' takes rows or groups for independent, "
            f"{type(evaluation.source.scheme).__name__} does not. Take 'bca' or "
            "'studentized', which leave out blocks."
        )
    of_units = _OfUnits(evaluation.statistic, deletions)
    return abc_distributions(of_units, deletions.n_units, strata=deletions.strata)


@final
@dataclass(frozen=True)
class _OfUnits:
    """A statistic as a function of weights of units that sum to 1."""

    statistic: BoundStatistic
    deletions: EachUnit

    def __call__(self, weights: FloatArray) -> FloatArray:
        """Values of shape (m, n_components) for weights of shape (m, n_units)."""
        of_rows = weights[:, self.deletions.codes] * self.deletions.n_units
        return self.statistic.weighted(np.asarray(of_rows))
