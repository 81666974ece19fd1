"""Compiled passes over rows sorted by score, under the weights of every replicate.

A replicate costs a draw and a pass. Ties are exact: a positive row counts the negatives
below it and half of those at its own score. `_kernels_plain` holds the twins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import FloatArray, KeyArray
from ensembles.inference._metrics._ranks import ClassRanks, Thresholds
from ensembles.resampling._kernels import compiled, compiled_sum, draw_rows
from ensembles.resampling._plan import DrawPlan

__all__ = ["draw_auc", "draw_precision", "weighted_auc", "weighted_precision"]


@compiled_sum
def _auc(weights: Any, ranks: ClassRanks, cumulated: FloatArray) -> float:
    """Area under the ROC curve; nan where a class has no weight."""
    n_negatives = len(ranks.negatives)
    for k in range(n_negatives):
        cumulated[k + 1] = cumulated[k] + weights[ranks.negatives[k]]
    above, total = 0.0, 0.0
    for i in range(len(ranks.positives)):
        weight = np.float64(weights[ranks.positives[i]])
        above += weight * (cumulated[ranks.below[i]] + cumulated[ranks.up_to[i]])
        total += weight
    pairs = 2.0 * total * cumulated[n_negatives]
    return above / pairs if pairs > 0.0 else np.nan


@compiled
def _precision(weights: Any, order: Thresholds) -> float:
    """Average precision; nan where no positive row has weight."""
    positives, everything, recalled, area = 0.0, 0.0, 0.0, 0.0
    for i in range(len(order.rows)):
        weight = np.float64(weights[order.rows[i]])
        everything += weight
        if order.is_positive[i]:
            positives += weight
        if order.is_last[i] and positives > recalled:
            area += (positives - recalled) * positives / everything
            recalled = positives
    return area / positives if positives > 0.0 else np.nan


@compiled
def weighted_auc(weights: FloatArray, ranks: ClassRanks, values: FloatArray) -> None:
    """Write the area under each row of weights, shape (n_replicates, n_samples)."""
    cumulated = np.zeros(len(ranks.negatives) + 1)
    for i in range(len(weights)):
        values[i] = _auc(weights[i], ranks, cumulated)


@compiled
def draw_auc(
    plan: DrawPlan, keys: KeyArray, ranks: ClassRanks, values: FloatArray
) -> None:
    """Write the area in each replicate; rows of the ranks are positions of the plan."""
    counts = np.empty(plan.edges[-1], np.int64)
    totals = np.empty(len(plan.edges) - 1, np.int64)
    cumulated = np.zeros(len(ranks.negatives) + 1)
    for i in range(len(keys)):
        draw_rows(keys[i], plan, totals, counts)
        values[i] = _auc(counts, ranks, cumulated)


@compiled
def weighted_precision(
    weights: FloatArray, order: Thresholds, values: FloatArray
) -> None:
    """Write the average precision under each row of weights."""
    for i in range(len(weights)):
        values[i] = _precision(weights[i], order)


@compiled
def draw_precision(
    plan: DrawPlan, keys: KeyArray, order: Thresholds, values: FloatArray
) -> None:
    """Write the average precision in each replicate; rows are positions of the plan."""
    counts = np.empty(plan.edges[-1], np.int64)
    totals = np.empty(len(plan.edges) - 1, np.int64)
    for i in range(len(keys)):
        draw_rows(keys[i], plan, totals, counts)
        values[i] = _precision(counts, order)
