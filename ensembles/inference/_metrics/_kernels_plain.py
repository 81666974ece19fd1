"""The kernels of `_kernels` once more, in plain numpy."""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray, KeyArray
from ensembles.inference._metrics._ranks import ClassRanks, Thresholds
from ensembles.resampling._kernels_plain import count_rows
from ensembles.resampling._plan import DrawPlan

__all__ = ["draw_auc", "draw_precision", "weighted_auc", "weighted_precision"]


def weighted_auc(weights: FloatArray, ranks: ClassRanks, values: FloatArray) -> None:
    """Write the area under each row of weights."""
    of_negatives = np.cumsum(weights[:, ranks.negatives], axis=1)
    cumulated = np.pad(of_negatives, ((0, 0), (1, 0)))
    w = weights[:, ranks.positives]
    above = (w * (cumulated[:, ranks.below] + cumulated[:, ranks.up_to])).sum(axis=1)
    pairs = 2 * w.sum(axis=1) * cumulated[:, -1]
    values[:] = np.where(pairs > 0, above / np.where(pairs > 0, pairs, 1.0), np.nan)


def draw_auc(
    plan: DrawPlan, keys: KeyArray, ranks: ClassRanks, values: FloatArray
) -> None:
    """Write the area in each replicate."""
    weighted_auc(_weights(plan, keys), ranks, values)


def weighted_precision(
    weights: FloatArray, order: Thresholds, values: FloatArray
) -> None:
    """Write the average precision under each row of weights."""
    for i, w in enumerate(weights[:, order.rows]):
        positives = np.cumsum(w * order.is_positive)[order.is_last]
        everything = np.cumsum(w)[order.is_last]
        gained = np.diff(positives, prepend=0.0)
        precision = positives / np.where(everything > 0, everything, 1.0)
        total = positives[-1]
        values[i] = (gained * precision).sum() / total if total > 0 else np.nan


def draw_precision(
    plan: DrawPlan, keys: KeyArray, order: Thresholds, values: FloatArray
) -> None:
    """Write the average precision in each replicate."""
    weighted_precision(_weights(plan, keys), order, values)


def _weights(plan: DrawPlan, keys: KeyArray) -> FloatArray:
    counts = np.empty((len(keys), plan.edges[-1]), dtype=np.int64)
    count_rows(plan, keys, counts)
    return counts.astype(np.float64)
