"""Compiled passes over runs of scores, under the weights of every replicate.

A replicate costs a draw and a pass. Ties are exact: a positive row counts the negatives
below it and half of those at its own score. `_kernels_plain` holds the twins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.inference._metrics._ranks import ScoreRuns
from ensembles.resampling._kernels import GROUP, count_codes_of, draw_totals, room_for
from ensembles.resampling._kernels_words import compiled, inlined
from ensembles.resampling._plan import CodePlan

__all__ = ["draw_auc", "draw_precision", "weighted_auc", "weighted_precision"]


@inlined
def _auc(weights: Any, tied: IntArray, zero: Any) -> float:
    """Area under the ROC curve from weights of codes; nan where a class has none.

    `zero` has the type of the sums: of counts, whole numbers are exact.
    """
    below, positives, twice_above = zero, zero, zero
    for run in range(len(tied)):
        positive, negative = weights[2 * run], weights[2 * run + 1]
        twice_above += positive * (2 * below + tied[run] * negative)
        positives += positive
        below += negative
    pairs = 2.0 * positives * below
    return twice_above / pairs if pairs > 0.0 else np.nan


@inlined
def _precision(weights: Any, n_runs: int, zero: Any) -> float:
    """Average precision from weights of codes; nan where no positive row has any."""
    recalled, everything, area = zero, zero, 0.0
    for run in range(n_runs):
        gained = weights[2 * run]
        everything += gained + weights[2 * run + 1]
        recalled += gained
        if gained > 0:
            area += gained * (recalled / everything)
    return area / recalled if recalled > 0 else np.nan


@inlined
def _add_by_code(
    weights: FloatArray, i: int, codes: IntArray, of_codes: FloatArray
) -> None:
    """Write the sum of the weights of each code in a replicate."""
    of_codes[:] = 0.0
    for row in range(len(codes)):
        of_codes[codes[row]] += weights[i, row]


@compiled
def weighted_auc(weights: FloatArray, runs: ScoreRuns, values: FloatArray) -> None:
    """Write the area under each row of weights, shape (n_replicates, n_samples)."""
    codes, tied = runs.codes, runs.tied
    of_codes = np.empty(2 * len(tied))
    for i in range(len(weights)):
        _add_by_code(weights, i, codes, of_codes)
        values[i] = _auc(of_codes, tied, 0.0)


@compiled
def weighted_precision(
    weights: FloatArray, runs: ScoreRuns, values: FloatArray
) -> None:
    """Write the average precision under each row of weights."""
    codes, tied = runs.codes, runs.tied
    of_codes = np.empty(2 * len(tied))
    for i in range(len(weights)):
        _add_by_code(weights, i, codes, of_codes)
        values[i] = _precision(of_codes, len(tied), 0.0)


@compiled
def draw_auc(
    coded: CodePlan, keys: KeyArray, runs: ScoreRuns, values: FloatArray
) -> None:
    """Write the area in each replicate."""
    plan, edges, codes, tied = coded.plan, coded.plan.edges, coded.codes, runs.tied
    room, counts = room_for(plan), np.empty(2 * len(tied), np.int64)
    for i in range(0, len(keys), GROUP):
        draw_totals(plan, keys[i : i + GROUP], room[0], room[1])
        for r in range(min(GROUP, len(keys) - i)):
            count_codes_of(coded, edges, codes, r, room, counts)
            values[i + r] = _auc(counts, tied, 0)


@compiled
def draw_precision(
    coded: CodePlan, keys: KeyArray, runs: ScoreRuns, values: FloatArray
) -> None:
    """Write the average precision in each replicate."""
    plan, edges, codes, tied = coded.plan, coded.plan.edges, coded.codes, runs.tied
    room, counts = room_for(plan), np.empty(2 * len(tied), np.int64)
    for i in range(0, len(keys), GROUP):
        draw_totals(plan, keys[i : i + GROUP], room[0], room[1])
        for r in range(min(GROUP, len(keys) - i)):
            count_codes_of(coded, edges, codes, r, room, counts)
            values[i + r] = _precision(counts, len(tied), 0)
