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

# Weights that may be read in all, twice those of all rows for each unit: a minute for
# a metric of ranks.
_MAX_WEIGHTS = 32 * 10**8


def abc_of(evaluation: Evaluation) -> list[AbcDistribution]:
    """The confidence distribution by ABC of each component.

    Weights are those of the scheme's units, all rows of a group alike.

    Raises
    ------
    ValueError
        If the statistic or the scheme is not one of weights, or the statistic is no
        function of means and units times rows are more than 1.6e9: 40,000 rows.
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
    return abc_distributions(
        of_units,
        deletions.n_units,
        strata=deletions.strata,
        towards=of_units.towards,
    )


@final
@dataclass(frozen=True)
class _OfUnits:
    """A statistic as a function of weights of units that sum to 1."""

    statistic: BoundStatistic
    deletions: EachUnit

    def __call__(self, weights: FloatArray) -> FloatArray:
        """Values of shape (m, n_components) for weights of shape (m, n_units)."""
        of_rows = weights[:, self.deletions.codes]
        of_rows *= self.deletions.n_units
        return self.statistic.weighted(np.asarray(of_rows))

    def towards(self, shares: FloatArray) -> FloatArray | None:
        """Values with a share moved to each unit in turn; None where weights tell."""
        values = self.statistic.towards(self.deletions, shares)
        n_units, n_samples = self.deletions.n_units, self.deletions.n_samples
        if values is None and 2 * n_units * n_samples > _MAX_WEIGHTS:
            raise ValueError(
                f"method='abc' would read the weights of all {n_samples} rows twice "
                f"for each of {n_units} units, as the statistic is no function of "
                "means. Take 'bca'."
            )
        return values
