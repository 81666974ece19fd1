"""Metrics of the order of scores: area under the ROC curve, average precision."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any, TypeGuard, final

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.inference._metrics._ranks import (
    ScoreRuns,
    ascending_runs,
    descending_runs,
)
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions
from ensembles.resampling._draws import BoundDraws
from ensembles.resampling._plan import CodePlan

__all__ = ["AveragePrecision", "RocArea"]


def _kernels() -> Any:
    """The compiled passes, imported when they are first needed."""
    from ensembles.inference._metrics import _kernels

    return _kernels


class RankMetric(BoundStatistic):
    """A metric of scores of two classes, where rows may have weights of their own."""

    shape = ()

    def __init__(
        self,
        is_positive: BoolArray,
        scores: FloatArray,
        sample_weight: FloatArray | None,
        name: str,
    ) -> None:
        self.is_positive = is_positive
        self.scores = scores
        self.sample_weight = sample_weight
        self.names = [name]

    @property
    @abstractmethod
    def runs(self) -> ScoreRuns:
        """Rows by run of scores and class."""

    @abstractmethod
    def _of_weights(self, weights: FloatArray, values: FloatArray) -> None:
        """Write the metric under each row of weights."""

    @abstractmethod
    def _of_draws(self, coded: CodePlan, keys: Any, values: FloatArray) -> None:
        """Write the metric in each replicate."""

    def estimate(self) -> FloatArray:
        """The metric of the data."""
        return np.asarray(self.weighted(np.ones((1, len(self.scores))))[0])

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The metric under each row of weights."""
        if self.sample_weight is not None:
            weights = weights * self.sample_weight
        values = np.empty(len(weights))
        self._of_weights(np.ascontiguousarray(weights), values)
        return values[:, None]

    def numbers_held(self, bound: BoundScheme) -> int:
        """One value where rows are drawn and read at once."""
        return 1 if self._reads_draws(bound) else bound.n_samples

    def replicates(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The metric in each replicate, of runs drawn whole where these are few."""
        if not self._reads_draws(bound):
            return super().of_rows_drawn(bound, seeds)
        return self._drawn(bound.cells_of(self.runs.codes), seeds)

    def of_rows_drawn(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The metric of the very rows drawn."""
        if not self._reads_draws(bound):
            return super().of_rows_drawn(bound, seeds)
        return self._drawn(bound.rows_of(self.runs.codes), seeds)

    def take(self, rows: IntArray) -> RankMetric:
        """The metric of some of the rows."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        positive, scores = self.is_positive[rows], self.scores[rows]
        return type(self)(positive, scores, weight, self.names[0])

    def _reads_draws(self, bound: BoundScheme) -> TypeGuard[BoundDraws]:
        """Whether rows are drawn by a plan and differ by class and score alone."""
        return isinstance(bound, BoundDraws) and self.sample_weight is None

    def _drawn(self, coded: CodePlan, seeds: Seeds) -> FloatArray:
        values = np.empty(len(seeds))
        self._of_draws(coded, np.asarray(seeds), values)
        return values[:, None]


@final
class RocArea(RankMetric):
    """Probability that a positive row has the higher score, ties counted half."""

    @cached_property
    def runs(self) -> ScoreRuns:
        """Runs by ascending score."""
        return ascending_runs(self.is_positive, self.scores)

    def _of_weights(self, weights: FloatArray, values: FloatArray) -> None:
        _kernels().weighted_auc(weights, self.runs, values)

    def _of_draws(self, coded: CodePlan, keys: Any, values: FloatArray) -> None:
        _kernels().draw_auc(coded, keys, self.runs, values)

    def leaves_out_at_once(self, deletions: Deletions) -> bool:
        """Where units are rows."""
        return deletions.n_units == len(self.scores)

    def without(self, deletions: Deletions) -> FloatArray:
        """Without each row in turn, from its placement among the other class."""
        if not self.leaves_out_at_once(deletions):
            return super().without(deletions)
        n = len(self.scores)
        weights = np.ones(n) if self.sample_weight is None else self.sample_weight
        wins = placements(self.is_positive, self.scores, weights)
        of_class = np.where(self.is_positive, 1.0, 0.0)
        positive = (weights * of_class).sum() - weights * of_class
        negative = (weights * (1 - of_class)).sum() - weights * (1 - of_class)
        above = (weights * wins * of_class).sum() - weights * wins
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(above / (positive * negative))[:, None]


def placements(
    is_positive: BoolArray, scores: FloatArray, weights: FloatArray
) -> FloatArray:
    """Weight of the rows of the other class that each row is on the right side of."""
    wins = np.empty(len(scores))
    for of_class in (is_positive, ~is_positive):
        side = 1.0 if of_class is is_positive else -1.0
        other = np.flatnonzero(~of_class)
        order = other[np.argsort(side * scores[other], kind="stable")]
        cumulated = np.concatenate([[0.0], np.cumsum(weights[order])])
        keys, own = side * scores[order], side * scores[of_class]
        low, high = (np.searchsorted(keys, own, side=at) for at in ("left", "right"))
        wins[of_class] = (cumulated[low] + cumulated[high]) / 2
    return wins


@final
class AveragePrecision(RankMetric):
    """Mean of the precision over thresholds, weighted by the recall each one adds."""

    @cached_property
    def runs(self) -> ScoreRuns:
        """Runs by descending score."""
        return descending_runs(self.is_positive, self.scores)

    def _of_weights(self, weights: FloatArray, values: FloatArray) -> None:
        _kernels().weighted_precision(weights, self.runs, values)

    def _of_draws(self, coded: CodePlan, keys: Any, values: FloatArray) -> None:
        _kernels().draw_precision(coded, keys, self.runs, values)
