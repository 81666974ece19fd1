"""Where replicates of data come from: rows drawn together, samples apart, a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, final

import numpy as np

from ensembles._compat import take_rows
from ensembles._random import entropy_of
from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState, Table
from ensembles._validation import check_unmasked, invalid_parameter, n_rows_of
from ensembles.resampling import Bootstrap, GroupBootstrap
from ensembles.resampling._base import BaseScheme, BoundScheme, Seeds
from ensembles.resampling._deletions import EachUnit
from ensembles.resampling._generators import BaseGenerator

__all__ = ["AlignedRows", "ModelSource", "SeparateSamples", "Source", "source_of"]

Arrays: TypeAlias = tuple[Table, ...]
Statistic: TypeAlias = Callable[..., FloatArray]
# Values by sample or stratum, and how often units overlap.
JackknifeValues: TypeAlias = tuple[list[FloatArray], float]


class Source(ABC):
    """Replicates of arrays, each a pure function of its seed."""

    arrays: Arrays

    @abstractmethod
    def seeds(self, entropy: int, start: int, stop: int) -> Seeds:
        """What replicates `start` to `stop` are made from."""

    @abstractmethod
    def sample(self, seed: Any) -> Arrays:
        """The arrays of one replicate."""

    @abstractmethod
    def resampled(self, seed: Any) -> Source:
        """The source of replicates of a replicate."""

    random_state: RandomState = None
    """The scheme's own."""
    can_go_on: bool = True
    """Whether more replicates can follow."""

    @property
    @abstractmethod
    def n_units(self) -> int:
        """Number of independent units, the smallest where there are several samples."""

    spread: float = 1.0
    """How much further replicates stray than the statistic does."""

    @property
    @abstractmethod
    def draws_rows(self) -> bool:
        """Whether a replicate can be had as arrays, not as weights alone."""

    @property
    @abstractmethod
    def sizes_are_fixed(self) -> bool:
        """Whether all replicates have as many rows as one another."""

    @abstractmethod
    def jackknife(self, statistic: Statistic, most: int) -> JackknifeValues:
        """Values without each of at most `most` units."""

    @abstractmethod
    def stacked(self, seeds: Seeds) -> tuple[FloatArray, ...]:
        """Arrays of one dimension in several replicates, shape (m, n_drawn) each."""


@final
class AlignedRows(Source):
    """Arrays aligned by row, of which a scheme draws the same rows."""

    def __init__(
        self,
        scheme: BaseScheme,
        arrays: Arrays,
        y: ArrayLike | None,
        groups: ArrayLike | None,
        bound: BoundScheme | None = None,
    ) -> None:
        self.scheme = scheme
        self.arrays = arrays
        self.y = y
        self.groups = groups
        self.random_state = scheme.random_state
        self.bound = bound or scheme.bind(n_rows_of(arrays[0]), y, groups)
        self.can_go_on = self.bound.can_go_on
        if self.bound.spread is None:
            raise ValueError(
                f"bootstrap wants replicates that stray as the statistic does, and "
                f"those of {scheme} do not. Take a bootstrap, which draws rows with "
                "replacement, or draw fewer rows than there are."
            )
        self.spread = self.bound.spread

    def seeds(self, entropy: int, start: int, stop: int) -> Seeds:
        """Keys of the scheme."""
        return self.bound.seeds(entropy, start, stop)

    def sample(self, seed: Any) -> Arrays:
        """Rows that the scheme draws."""
        return self._of_rows(self.bound.rows(seed))

    def resampled(self, seed: Any) -> AlignedRows:
        """Rows drawn from rows drawn, or weights around weights."""
        if not self.bound.draws_rows:
            around = self.bound.around(seed)
            return AlignedRows(self.scheme, self.arrays, self.y, self.groups, around)
        rows = self.bound.rows(seed)
        scheme = self.scheme._of_resample(rows, self.bound.n_samples)
        y = None if self.y is None else take_rows(self.y, rows)
        groups = None if self.groups is None else self._groups_of(rows)
        # Draws depend on the number of rows alone, or on what each of them is.
        alike = scheme is self.scheme and y is None and groups is None
        same_size = len(rows) == self.bound.n_samples
        bound = self.bound if alike and same_size else None
        return AlignedRows(scheme, self._of_rows(rows), y, groups, bound)

    def _groups_of(self, rows: IntArray) -> IntArray:
        """Groups of rows drawn: copies of a group are groups of their own."""
        nested = np.asarray(self.groups).ndim > 1
        if nested or getattr(self.scheme, "within", "") == "rows":
            raise ValueError(
                "Resamples of a resample are not to be had where groups are nested or "
                "rows are drawn within them. Take method='bca' or 'percentile'."
            )
        units = self.bound.deletions()
        assert isinstance(units, EachUnit)
        first_rows = np.unique(units.codes, return_index=True)[1]
        return np.cumsum(np.isin(rows, first_rows))

    @property
    def n_units(self) -> int:
        """Number of units that the scheme takes for independent."""
        return self.bound.n_units

    @property
    def draws_rows(self) -> bool:
        """Whether the scheme does."""
        return self.bound.draws_rows

    @property
    def sizes_are_fixed(self) -> bool:
        """Whether the weights of a replicate always sum to the same."""
        return self.bound.total is not None

    def jackknife(self, statistic: Statistic, most: int) -> JackknifeValues:
        """Values without each unit of the scheme."""
        deletions = self.bound.deletions().coarsened(most)
        kept = (np.flatnonzero(deletions.keeps(j)) for j in range(deletions.n_units))
        values = np.stack([statistic(*self._of_rows(rows)) for rows in kept])
        return deletions.by_stratum(values), deletions.overlap

    def stacked(self, seeds: Seeds) -> tuple[FloatArray, ...]:
        """Rows drawn, one replicate under the other."""
        rows = np.stack([self.bound.rows(seed) for seed in seeds])
        return tuple(np.asarray(array)[rows] for array in self.arrays)

    def _of_rows(self, rows: IntArray) -> Arrays:
        return tuple(take_rows(array, rows) for array in self.arrays)


@final
class SeparateSamples(Source):
    """Independent samples, each resampled by itself."""

    def __init__(self, samples: Sequence[AlignedRows]) -> None:
        self.samples = samples
        self.arrays = tuple(sample.arrays[0] for sample in samples)
        self.random_state = samples[0].random_state
        self.can_go_on = all(sample.can_go_on for sample in samples)
        self.spread = samples[0].spread

    def seeds(self, entropy: int, start: int, stop: int) -> Seeds:
        """One seed for each sample, shape (n_replicates, n_samples)."""
        by_sample = [
            sample.seeds(entropy_of(entropy, j), start, stop)
            for j, sample in enumerate(self.samples)
        ]
        return list(zip(*by_sample, strict=True))

    def sample(self, seed: Any) -> Arrays:
        """Rows drawn from each sample."""
        pairs = zip(self.samples, seed, strict=True)
        return tuple(sample.sample(own)[0] for sample, own in pairs)

    def resampled(self, seed: Any) -> SeparateSamples:
        """Samples of the samples."""
        by_sample = zip(self.samples, seed, strict=True)
        return SeparateSamples([sample.resampled(own) for sample, own in by_sample])

    @property
    def n_units(self) -> int:
        """Units of the smallest sample."""
        return min(sample.n_units for sample in self.samples)

    def stacked(self, seeds: Seeds) -> tuple[FloatArray, ...]:
        """Rows drawn from each sample, one replicate under the other."""
        by_sample = zip(self.samples, zip(*seeds, strict=True), strict=True)
        return tuple(sample.stacked(own)[0] for sample, own in by_sample)

    @property
    def draws_rows(self) -> bool:
        """Whether the scheme does."""
        return all(sample.draws_rows for sample in self.samples)

    @property
    def sizes_are_fixed(self) -> bool:
        """Whether each sample's replicates have one size."""
        return all(sample.sizes_are_fixed for sample in self.samples)

    def jackknife(self, statistic: Statistic, most: int) -> JackknifeValues:
        """Values without each unit of one sample, the others whole."""
        values: list[FloatArray] = []
        for j, sample in enumerate(self.samples):

            def of_sample(part: Table, j: int = j) -> FloatArray:
                return statistic(*self.arrays[:j], part, *self.arrays[j + 1 :])

            of_units, overlap = sample.jackknife(of_sample, most)
            values += of_units
        return values, overlap


@final
class ModelSource(Source):
    """Arrays that a model fitted to the data generates."""

    def __init__(
        self, scheme: BaseGenerator, arrays: Arrays, groups: ArrayLike | None
    ) -> None:
        self.scheme = scheme
        self.arrays = arrays
        self.groups = groups
        self.random_state = scheme.random_state
        self.bound = scheme.bind(*arrays, groups=groups)

    def seeds(self, entropy: int, start: int, stop: int) -> Seeds:
        """Keys of the generator."""
        return self.bound.seeds(entropy, start, stop)

    def sample(self, seed: Any) -> Arrays:
        """Data that the model generates."""
        return self.bound.sample(seed)

    def resampled(self, seed: Any) -> ModelSource:
        """The model fitted to what it generated, row for row in the same groups."""
        return ModelSource(self.scheme, self.sample(seed), self.groups)

    @property
    def n_units(self) -> int:
        """Number of groups, or of rows."""
        if self.groups is None:
            return n_rows_of(self.arrays[0])
        return len(np.unique(np.asarray(self.groups)))

    @property
    def draws_rows(self) -> bool:
        """Data are generated as arrays."""
        return True

    @property
    def sizes_are_fixed(self) -> bool:
        """Always: a model generates as many rows as it was fitted to."""
        return True

    def stacked(self, seeds: Seeds) -> tuple[FloatArray, ...]:
        """Data generated, one replicate under the other."""
        samples = [self.sample(seed) for seed in seeds]
        return tuple(np.stack(arrays) for arrays in zip(*samples, strict=True))

    def jackknife(self, statistic: Statistic, most: int) -> JackknifeValues:
        """Not to be had: replicates come from the model, not from units."""
        nothing = np.full(statistic(*self.arrays).shape, np.nan)
        return [np.stack([nothing, nothing])], 1.0


def source_of(
    arrays: Arrays,
    scheme: BaseScheme | BaseGenerator | None,
    paired: bool,
    groups: ArrayLike | None,
    y: ArrayLike | None = None,
) -> Source:
    """Replicates of arrays by a scheme, after all checks.

    `y` is what schemes that depend on a target take; None is the last array.
    """
    if not arrays:
        raise ValueError("bootstrap needs at least one array of data, got none.")
    if scheme is None:
        scheme = Bootstrap() if groups is None else GroupBootstrap()
    if not isinstance(scheme, BaseScheme | BaseGenerator):
        raise invalid_parameter(
            "bootstrap", "scheme", scheme, "a scheme of ensembles.resampling or None"
        )
    check_unmasked("The bootstrap", *arrays)
    arrays = tuple(_as_array(array) for array in arrays)
    paired = paired or len(arrays) == 1
    lengths = [n_rows_of(array) for array in arrays]
    if min(lengths) < 2:
        raise ValueError(
            f"bootstrap needs at least two rows, got {min(lengths)}: the error of one "
            "row cannot be told."
        )
    if isinstance(scheme, BaseGenerator):
        if not paired:
            raise ValueError(
                f"{type(scheme).__name__} fits one model to all arrays, which must "
                "then be aligned by row: leave paired=True."
            )
        return ModelSource(scheme, arrays, groups)
    if groups is not None and not (paired and scheme._uses_groups):
        raise ValueError(
            f"{type(scheme).__name__} does not keep groups whole"
            f"{'' if paired else ' with paired=False'}, so the error would be stated "
            "too small. Take GroupBootstrap, or leave groups out."
        )
    if not paired:
        samples = [AlignedRows(scheme, (one,), None, None) for one in arrays]
        _check_choice_of_rows(samples)
        return SeparateSamples(samples)
    if len(set(lengths)) > 1:
        raise ValueError(
            f"Arrays must have the same number of rows, got {lengths}. For independent "
            "samples set paired=False."
        )
    target = arrays[-1] if y is None else y
    source = AlignedRows(scheme, arrays, target if scheme._uses_y else None, groups)
    _check_choice_of_rows([source])
    return source


def _as_array(values: Table) -> Table:
    """Lists as arrays; all else as it is."""
    if not isinstance(values, list | tuple):
        return values
    try:
        return np.asarray(values)
    except ValueError as error:  # entries of several lengths
        raise ValueError(
            "A list of data must have entries of one length, so that it makes an "
            f"array: {error}"
        ) from error


def _check_choice_of_rows(samples: Sequence[AlignedRows]) -> None:
    """Raise where every resample holds the data themselves."""
    for sample in samples:
        if not sample.bound.leaves_rows_out(as_weights=False):
            raise ValueError(
                f"Every resample by {sample.scheme} holds each of the "
                f"{sample.bound.n_samples} rows, so it tells no error. Draw fewer rows "
                "(max_samples), with replacement, from fewer strata or in shorter "
                "blocks."
            )
