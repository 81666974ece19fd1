"""The kernels of `_kernels` once more, in plain numpy."""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray, KeyArray
from ensembles.inference._metrics._ranks import ScoreRuns
from ensembles.resampling._kernels_plain import count_codes
from ensembles.resampling._plan import CodePlan

__all__ = ["draw_auc", "draw_precision", "weighted_auc", "weighted_precision"]


def weighted_auc(weights: FloatArray, runs: ScoreRuns, values: FloatArray) -> None:
    """Write the area under each row of weights."""
    values[:] = _auc(_of_codes(weights, runs), runs)


def weighted_precision(
    weights: FloatArray, runs: ScoreRuns, values: FloatArray
) -> None:
    """Write the average precision under each row of weights."""
    values[:] = _precision(_of_codes(weights, runs))


def draw_auc(
    coded: CodePlan, keys: KeyArray, runs: ScoreRuns, values: FloatArray
) -> None:
    """Write the area in each replicate."""
    values[:] = _auc(_drawn(coded, keys, runs), runs)


def draw_precision(
    coded: CodePlan, keys: KeyArray, runs: ScoreRuns, values: FloatArray
) -> None:
    """Write the average precision in each replicate."""
    values[:] = _precision(_drawn(coded, keys, runs))


def _of_codes(weights: FloatArray, runs: ScoreRuns) -> FloatArray:
    n_codes = 2 * len(runs.tied)
    return np.stack([np.bincount(runs.codes, row, n_codes) for row in weights])


def _drawn(coded: CodePlan, keys: KeyArray, runs: ScoreRuns) -> FloatArray:
    counts = np.empty((len(keys), 2 * len(runs.tied)), dtype=np.int64)
    count_codes(coded, keys, counts)
    return counts.astype(np.float64)


def _auc(of_codes: FloatArray, runs: ScoreRuns) -> FloatArray:
    positive, negative = of_codes[:, ::2], of_codes[:, 1::2]
    below = np.cumsum(negative, axis=1) - negative
    above = (positive * (below + negative * runs.tied / 2)).sum(axis=1)
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return np.where(pairs > 0, above / np.where(pairs > 0, pairs, 1.0), np.nan)


def _precision(of_codes: FloatArray) -> FloatArray:
    gained, recalled = of_codes[:, ::2], np.cumsum(of_codes[:, ::2], axis=1)
    everything = recalled + np.cumsum(of_codes[:, 1::2], axis=1)
    precision = recalled / np.where(everything > 0, everything, 1.0)
    area, total = (gained * precision).sum(axis=1), recalled[:, -1]
    return np.where(total > 0, area / np.where(total > 0, total, 1.0), np.nan)
