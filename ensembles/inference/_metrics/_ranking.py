"""Metrics of the order of scores: area under the ROC curve, average precision."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any, final

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.inference._metrics._ranks import (
    ClassRanks,
    Thresholds,
    class_ranks,
    thresholds,
)
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions
from ensembles.resampling._draws import BoundDraws

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

    def replicates(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The metric in each replicate, drawn and read at once where that can be."""
        if not isinstance(bound, BoundDraws) or self.sample_weight is not None:
            return super().replicates(bound, seeds)
        positions = np.arange(bound.n_samples)
        if bound.order is not None:
            positions[bound.order] = np.arange(bound.n_samples)
        values = np.empty(len(seeds))
        self._of_draws(bound, np.asarray(seeds), positions, values)
        return values[:, None]

    def take(self, rows: IntArray) -> RankMetric:
        """The metric of some of the rows."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        positive, scores = self.is_positive[rows], self.scores[rows]
        return type(self)(positive, scores, weight, self.names[0])

    @abstractmethod
    def _of_weights(self, weights: FloatArray, values: FloatArray) -> None:
        """Write the metric under each row of weights."""

    @abstractmethod
    def _of_draws(
        self, bound: BoundDraws, keys: Any, positions: IntArray, values: FloatArray
    ) -> None:
        """Write the metric in each replicate; row i is drawn at ``positions[i]``."""


@final
class RocArea(RankMetric):
    """Probability that a positive row has the higher score, ties counted half."""

    @cached_property
    def ranks(self) -> ClassRanks:
        """Both classes by score."""
        return class_ranks(self.is_positive, self.scores)

    def _of_weights(self, weights: FloatArray, values: FloatArray) -> None:
        _kernels().weighted_auc(weights, self.ranks, values)

    def _of_draws(
        self, bound: BoundDraws, keys: Any, positions: IntArray, values: FloatArray
    ) -> None:
        negatives, positives, below, up_to = self.ranks
        at = ClassRanks(positions[negatives], positions[positives], below, up_to)
        _kernels().draw_auc(bound.plan, keys, at, values)

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
    def order(self) -> Thresholds:
        """Rows by descending score."""
        return thresholds(self.is_positive, self.scores)

    def _of_weights(self, weights: FloatArray, values: FloatArray) -> None:
        _kernels().weighted_precision(weights, self.order, values)

    def _of_draws(
        self, bound: BoundDraws, keys: Any, positions: IntArray, values: FloatArray
    ) -> None:
        rows, is_positive, is_last = self.order
        at = Thresholds(positions[rows], is_positive, is_last)
        _kernels().draw_precision(bound.plan, keys, at, values)
