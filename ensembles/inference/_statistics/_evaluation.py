"""A statistic together with where its replicates come from.

Two ways to a replicate: weights of the rows (statistics that know their own fast way,
functions with ``sample_weight``), or resampled arrays given to a function. Everything
that an interval needs is asked of either in the same words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from ensembles._parallel import Workers
from ensembles._typing import FloatArray
from ensembles._validation import n_rows_of
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.inference._statistics._callables import PlainFunction, WeightedFunction
from ensembles.inference._statistics._combined import linear
from ensembles.inference._statistics._moments import LeastSquares, Moments
from ensembles.inference._statistics._sources import (
    AlignedRows,
    JackknifeValues,
    Source,
)
from ensembles.inference._statistics._standard_errors import (
    error_of_estimate,
    errors_of_replicates,
)
from ensembles.resampling._base import Seeds
from ensembles.resampling._deletions import Deletions

__all__ = [
    "Evaluation",
    "FunctionAlongAxis",
    "FunctionOfSamples",
    "StatisticOfWeights",
]

# Units that are left out one by one; of more, sets are left out.
_MAX_DELETIONS = 200
# Columns by whose means derivatives are taken one by one: of more, resamples of each
# resample cost less. Those of a regression have a closed form.
_MAX_COLUMNS = 300
# Memory that values without each unit may take; of more units, sets are left out.
_JACKKNIFE_BYTES = 128 * 2**20
# Memory that weights or resampled arrays of one batch may take.
_BATCH_BYTES = 16 * 2**20


class Evaluation(ABC):
    """A statistic of a source; values have shape (..., n_components)."""

    source: Source
    names: Sequence[str]
    shape: tuple[int, ...]
    estimate: FloatArray
    workers: Workers | None = None
    """What suits the computation: threads where it holds no lock."""

    @abstractmethod
    def replicates(self, seeds: Seeds) -> FloatArray:
        """The statistic in each replicate, shape (n_replicates, n_components)."""

    @abstractmethod
    def jackknife(self) -> JackknifeValues:
        """Values without each unit, by sample or stratum, and their overlap."""

    @abstractmethod
    def resampled(self, seed: Any) -> Evaluation:
        """The statistic of one replicate, to be resampled in turn."""

    @abstractmethod
    def combined(self, matrix: FloatArray, names: Sequence[str]) -> Evaluation:
        """Linear combinations ``matrix @ values`` of the components."""

    def centre(self) -> FloatArray | None:
        """What replicates scatter around where that is not the estimate."""
        return None

    @property
    def offset(self) -> FloatArray:
        """How far from the estimate the scheme moves what replicates scatter around."""
        centre = self.centre()
        return (
            np.zeros_like(self.estimate) if centre is None else centre - self.estimate
        )

    def error(self) -> FloatArray | None:
        """Standard error of the estimate by a formula; None where there is none."""
        return None

    def errors(self, seeds: Seeds) -> FloatArray:
        """Standard errors of replicates by the formula that `error` takes."""
        raise NotImplementedError


@final
class StatisticOfWeights(Evaluation):
    """A statistic that is computed from weights of the rows."""

    def __init__(
        self,
        statistic: BoundStatistic,
        source: AlignedRows,
        estimate: FloatArray | None = None,
    ) -> None:
        self.statistic = statistic
        self.source: AlignedRows = source
        self.names = statistic.names
        self.shape = statistic.shape
        self.estimate = statistic.estimate() if estimate is None else estimate
        self.workers = None if isinstance(statistic, WeightedFunction) else "threads"

    def replicates(self, seeds: Seeds) -> FloatArray:
        """The statistic in each replicate."""
        bound = self.source.bound
        size = max(1, _BATCH_BYTES // (8 * self.statistic.numbers_held(bound)))
        return np.concatenate(
            [
                self.statistic.replicates(bound, seeds[start : start + size])
                for start in range(0, len(seeds), size)
            ]
        )

    def jackknife(self) -> JackknifeValues:
        """Values without each unit of the scheme, by stratum."""
        deletions = self._deletions()
        values = self.statistic.without(deletions)
        return deletions.by_stratum(values), deletions.overlap

    def _deletions(self) -> Deletions:
        """The units, or sets of them where these are too many or cost too much."""
        bound, statistic = self.source.bound, self.statistic
        deletions = bound.deletions()
        if statistic.leaves_out_at_once(deletions):
            # What is written for a unit: its sums, what is left of them, and values,
            # of which powers and distances are taken.
            held = min(statistic.numbers_held(bound), bound.n_samples)
            most = _JACKKNIFE_BYTES // (8 * (2 * held + 6 * len(self.names)))
            if deletions.n_units <= most:
                return deletions
            sets = deletions.coarsened(max(most, _MAX_DELETIONS))
            if statistic.leaves_out_at_once(sets):
                return sets
        return deletions.coarsened(_MAX_DELETIONS)

    def resampled(self, seed: Any) -> StatisticOfWeights:
        """The statistic of the rows drawn, or of their weights."""
        bound, source = self.source.bound, self.source.resampled(seed)
        if bound.draws_rows:
            return StatisticOfWeights(self.statistic.take(bound.rows(seed)), source)
        weights = np.asarray(bound.weights(seed))
        value = self.statistic.weighted(weights[None])[0]
        return StatisticOfWeights(self.statistic, source, value)

    def combined(self, matrix: FloatArray, names: Sequence[str]) -> StatisticOfWeights:
        """Combinations of the statistic."""
        return StatisticOfWeights(linear(self.statistic, matrix, names), self.source)

    def centre(self) -> FloatArray | None:
        """The statistic under the weights that rows have on average."""
        weights = self.source.bound.expected_weights
        return None if weights is None else self.statistic.weighted(weights[None])[0]

    def error(self) -> FloatArray | None:
        """By the delta method for functions of means."""
        statistic = self.statistic
        if not isinstance(statistic, Moments):
            return None
        is_short = len(statistic.columns) <= _MAX_COLUMNS
        if not (is_short or isinstance(statistic, LeastSquares)):
            return None
        return error_of_estimate(statistic, self.source.bound)

    def errors(self, seeds: Seeds) -> FloatArray:
        """By the delta method in each replicate."""
        assert isinstance(self.statistic, Moments)
        return errors_of_replicates(self.statistic, self.source.bound, seeds)


@final
class FunctionOfSamples(Evaluation):
    """A function that is called with resampled arrays."""

    def __init__(self, function: PlainFunction, source: Source) -> None:
        self.function = function
        self.source = source
        self.names = function.names
        self.shape = function.shape
        self.estimate = function(*source.arrays)

    def replicates(self, seeds: Seeds) -> FloatArray:
        """The function of each replicate."""
        return np.stack([self.function(*self.source.sample(seed)) for seed in seeds])

    def jackknife(self) -> JackknifeValues:
        """Values without each unit, by sample."""
        return self.source.jackknife(self.function, _MAX_DELETIONS)

    def resampled(self, seed: Any) -> FunctionOfSamples:
        """The function of one replicate."""
        return FunctionOfSamples(self.function, self.source.resampled(seed))

    def combined(self, matrix: FloatArray, names: Sequence[str]) -> FunctionOfSamples:
        """Combinations of the function's values."""
        return FunctionOfSamples(self.function.combined(matrix, names), self.source)


@final
class FunctionAlongAxis(Evaluation):
    """A function with ``axis`` that takes many replicates in one call."""

    shape = ()
    names = ("0",)

    def __init__(self, function: Callable[..., Any], source: Source) -> None:
        self.function = function
        self.source = source
        self.estimate = self._values(*source.arrays)

    def _values(self, *arrays: FloatArray) -> FloatArray:
        values = self.function(*map(np.asarray, arrays), axis=-1)
        return np.asarray(values, dtype=np.float64)[..., None]

    def replicates(self, seeds: Seeds) -> FloatArray:
        """The function of batches of replicates."""
        size = max(1, _BATCH_BYTES // (8 * max(map(n_rows_of, self.source.arrays))))
        batches = (seeds[start : start + size] for start in range(0, len(seeds), size))
        values = [self._values(*self.source.stacked(batch)) for batch in batches]
        return np.concatenate(values)

    def jackknife(self) -> JackknifeValues:
        """Values without each unit, by sample."""
        return self.source.jackknife(self._values, _MAX_DELETIONS)

    def resampled(self, seed: Any) -> FunctionAlongAxis:
        """The function of one replicate."""
        return FunctionAlongAxis(self.function, self.source.resampled(seed))

    def combined(self, matrix: FloatArray, names: Sequence[str]) -> FunctionOfSamples:
        """Combinations of a single value: multiples of it."""
        function = PlainFunction(self._values, self.source.arrays)
        return FunctionOfSamples(function.combined(matrix, names), self.source)
