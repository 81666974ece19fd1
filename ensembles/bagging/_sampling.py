"""Which rows and columns a member of a bag sees, as pure functions of its plan.

`ClassicSampler` repeats scikit-learn's recipe (legacy generator, columns first, then
rows, from the member's own seed), so members equal those of scikit-learn's bag of the
same ``random_state``. `SchemeSampler` asks a scheme. `WholeSampler` draws no rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, final

import numpy as np
from sklearn.utils.random import sample_without_replacement

from ensembles._random import legacy_generator
from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.resampling._base import BaseScheme, BoundScheme

__all__ = [
    "ClassicSampler",
    "ColumnLaw",
    "MemberPlan",
    "Resample",
    "Sampler",
    "SchemeSampler",
    "WholeSampler",
]

Resample: TypeAlias = Literal["weights", "unique", "index"]


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """All that is random about one member."""

    index: int
    seed: int
    """Of its ``random_state`` parameters and its columns."""
    rows_seed: Any
    """What the sampler makes its rows from."""


@dataclass(frozen=True, slots=True)
class ColumnLaw:
    """How a member's columns are drawn."""

    n_features: int | None
    """None where X is no table, and columns cannot be drawn."""
    max_features: int
    bootstrap: bool

    @property
    def draws_all(self) -> bool:
        """Whether every member sees every column once."""
        whole = self.n_features is None or self.max_features == self.n_features
        return whole and not self.bootstrap

    def draw(self, rng: np.random.RandomState) -> IntArray | None:
        """Columns of one member; None means all."""
        if self.draws_all or self.n_features is None:
            return None
        return _draw(rng, self.n_features, self.max_features, self.bootstrap)


def _draw(
    rng: np.random.RandomState, population: int, size: int, replace: bool
) -> IntArray:
    """Numbers below `population`, by the calls that scikit-learn makes."""
    if replace:
        return np.asarray(rng.randint(0, population, size))
    return np.asarray(sample_without_replacement(population, size, random_state=rng))


class Sampler(ABC):
    """Draws the rows and columns of a member from its plan."""

    n_samples: int
    column_law: ColumnLaw
    kept: BoolArray | None
    """Rows whose weight the user did not set to zero; None means all."""
    weights_multiply: ClassVar[bool] = True
    """Whether the user's weights multiply those drawn, or else decide what is drawn."""

    @property
    def units(self) -> IntArray | None:
        """Number of the unit that each row belongs to; None where rows are units."""
        return None

    @abstractmethod
    def row_seeds(self, seeds: IntArray, start: int) -> list[Any]:
        """The `rows_seed` of each member from number `start` on."""

    def columns(self, plan: MemberPlan) -> IntArray | None:
        """Columns of one member, the first draw from its seed; None means all."""
        return self.column_law.draw(legacy_generator(plan.seed))

    @abstractmethod
    def rows(self, plan: MemberPlan) -> IntArray:
        """Rows of one member, with their repetitions."""

    @abstractmethod
    def weights(self, plan: MemberPlan) -> FloatArray | IntArray:
        """How often each row stands in the member's sample, shape (n_samples,)."""

    def leaves_rows_out(self, resample: Resample) -> bool:
        """Whether a member, given rows in this form, can leave a row out-of-bag."""
        return True

    def out_of_bag(self, in_bag: BoolArray) -> BoolArray:
        """Rows that a member may be tested on."""
        out = self._outside(in_bag)
        return out if self.kept is None else out & self.kept

    def _outside(self, in_bag: BoolArray) -> BoolArray:
        """Rows that are far enough from those in-bag."""
        return ~in_bag

    def in_bag(self, plan: MemberPlan, resample: Resample) -> FloatArray | IntArray:
        """How often the member saw each row in the form it was given them."""
        if resample == "index":
            return np.bincount(self.rows(plan), minlength=self.n_samples)
        return self.weights(plan)

    def drawn_rows(self, plan: MemberPlan, resample: Resample) -> IntArray:
        """Rows that the member saw; their repetitions too where they were drawn."""
        # Weights that leave no row out are no counts of rows that were drawn.
        if resample == "index" or self.leaves_rows_out(resample):
            return self.rows(plan)
        return np.flatnonzero(self.weights(plan))


@final
@dataclass(frozen=True, slots=True)
class ClassicSampler(Sampler):
    """Plain iid draws by scikit-learn's recipe; weights are draw probabilities."""

    n_samples: int
    column_law: ColumnLaw
    kept: BoolArray | None
    max_samples: int
    replace: bool
    probabilities: FloatArray | None = None
    weights_multiply: ClassVar[bool] = False

    def row_seeds(self, seeds: IntArray, start: int) -> list[Any]:
        """The member's own seed."""
        return list(seeds.tolist())

    def rows(self, plan: MemberPlan) -> IntArray:
        """Rows of one member, the second draw from its seed."""
        rng = legacy_generator(plan.rows_seed)
        self.column_law.draw(rng)
        if self.probabilities is None:
            return _draw(rng, self.n_samples, self.max_samples, self.replace)
        size = self.max_samples
        if not self.replace:  # a row of weight zero is no row
            size = min(size, int(np.count_nonzero(self.probabilities)))
        return np.asarray(
            rng.choice(self.n_samples, size, replace=self.replace, p=self.probabilities)
        )

    def weights(self, plan: MemberPlan) -> IntArray:
        """Counts of the rows drawn."""
        return np.bincount(self.rows(plan), minlength=self.n_samples)


@final
@dataclass(frozen=True, slots=True)
class SchemeSampler(Sampler):
    """Draws of a scheme that is bound to the data."""

    n_samples: int
    column_law: ColumnLaw
    kept: BoolArray | None
    bound: BoundScheme
    entropy: int
    scheme: BaseScheme

    @property
    def units(self) -> IntArray | None:
        """Units that the scheme takes for independent: groups, or blocks."""
        return self.bound.deletions().units()

    def row_seeds(self, seeds: IntArray, start: int) -> list[Any]:
        """Seeds that the scheme makes from its number and one entropy."""
        return list(self.bound.seeds(self.entropy, start, start + len(seeds)))

    def rows(self, plan: MemberPlan) -> IntArray:
        """Rows that the scheme draws, without those of weight zero."""
        rows = self.bound.rows(plan.rows_seed)
        return rows if self.kept is None else rows[self.kept[rows]]

    def weights(self, plan: MemberPlan) -> FloatArray:
        """Weights that the scheme draws, zero where the user's weight is."""
        weights = self.bound.weights(plan.rows_seed)
        return weights if self.kept is None else weights * self.kept

    def leaves_rows_out(self, resample: Resample) -> bool:
        """Whether the scheme's draws, as rows or as weights, can leave a row out."""
        return self.bound.leaves_rows_out(as_weights=resample != "index")

    def _outside(self, in_bag: BoolArray) -> BoolArray:
        """Rows out-of-bag by the scheme, which may keep a gap around in-bag blocks."""
        return self.bound.out_of_bag(in_bag)


@final
@dataclass(frozen=True, slots=True)
class WholeSampler(Sampler):
    """All rows for every member; of them, those that have a weight."""

    n_samples: int
    column_law: ColumnLaw
    kept: BoolArray | None

    def row_seeds(self, seeds: IntArray, start: int) -> list[Any]:
        """Nothing is drawn."""
        return [None] * len(seeds)

    def rows(self, plan: MemberPlan) -> IntArray:
        """All rows, without those of weight zero."""
        return np.flatnonzero(self.weights(plan))

    def weights(self, plan: MemberPlan) -> FloatArray:
        """One for each row, zero where the user's weight is."""
        ones = np.ones(self.n_samples)
        return ones if self.kept is None else ones * self.kept

    def leaves_rows_out(self, resample: Resample) -> bool:
        """Never."""
        return False
