"""The standard error of a function of means, in the data and in every replicate.

By the delta method: the gradient of the function times the covariance of the means,
which is that of sums over independent units: rows, groups or blocks. Second moments of
those sums come from the weights as the means themselves do, so nothing is drawn twice
(Davison & Hinkley 1997, section 2.7.2; Götze & Künsch 1996 for blocks).
"""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._statistics._moments import Moments, with_ones
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions, EachBlock, EachUnit

__all__ = ["error_of_estimate", "errors_of_replicates"]

# Of the spread of a column: the cube root of the precision of a float.
_STEP = 6e-6
# Memory that products of columns may take at once, and the fewest of them that are
# worth another pass over the draws.
_BATCH_BYTES = 16 * 2**20
_FEWEST_PRODUCTS = 16


def error_of_estimate(statistic: Moments, bound: BoundScheme) -> FloatArray:
    """Standard error of each component, shape (n_components,)."""
    deletions = bound.deletions()
    columns = with_ones(statistic.columns)
    sums = columns.sum(axis=1)
    covariance = _covariance(deletions.sums(columns), sums, deletions.strata)
    covariance *= deletions.n_independent / deletions.n_units
    return np.asarray(_by_gradient(statistic, sums[None], covariance[None])[0])


def errors_of_replicates(
    statistic: Moments, bound: BoundScheme, seeds: Seeds
) -> FloatArray:
    """Standard error of each component in each replicate."""
    deletions = bound.deletions()
    if isinstance(deletions, EachUnit) and deletions.strata is None:
        size = max(1, _BATCH_BYTES // (8 * (len(statistic.columns) + 1) ** 2))
        batches = (seeds[start : start + size] for start in range(0, len(seeds), size))
        return np.concatenate(
            [_from_weights(statistic, bound, batch, deletions) for batch in batches]
        )
    return np.concatenate(
        [_from_rows(statistic, deletions, bound.rows(seed)) for seed in seeds]
    )


def _from_weights(
    statistic: Moments, bound: BoundScheme, seeds: Seeds, deletions: EachUnit
) -> FloatArray:
    """Errors where all rows of a unit have the same weight in a replicate.

    The product of two sums over a unit is then a column that is zero but in one row of
    the unit.
    """
    columns = with_ones(statistic.columns)
    units, c = deletions.sums(columns), len(columns)
    one_row = np.unique(deletions.codes, return_index=True)[1]
    pairs = np.stack(np.triu_indices(c))
    size = max(_FEWEST_PRODUCTS, _BATCH_BYTES // (8 * bound.n_samples))
    moments = np.empty((len(seeds), c, c))
    parts = np.array_split(pairs, -(-pairs.shape[1] // size), axis=1)
    for number, (first, second) in enumerate(parts):
        products = np.zeros((len(first), bound.n_samples))
        products[:, one_row] = (units[:, first] * units[:, second]).T
        if number:
            drawn = bound.sums(seeds, products)
        else:  # the columns themselves come along with the first
            drawn = bound.sums(seeds, np.concatenate([columns, products]))
            sums, drawn = np.split(drawn, [c], axis=1)
        moments[:, first, second] = moments[:, second, first] = drawn
    with np.errstate(divide="ignore", invalid="ignore"):
        # Deviations of sums from what the size of the unit lets expect.
        to_deviations = np.repeat(np.eye(c - 1, c)[None], len(drawn), axis=0)
        to_deviations[:, :, -1] = -sums[:, :-1] / sums[:, -1:]
        squares = to_deviations @ moments @ to_deviations.transpose(0, 2, 1)
        return _by_gradient(statistic, sums, squares / sums[:, -1, None, None] ** 2)


def _from_rows(statistic: Moments, deletions: Deletions, rows: IntArray) -> FloatArray:
    """Errors in one replicate whose rows stand in the order drawn."""
    drawn = with_ones(statistic.columns)[:, rows]
    sums, strata = drawn.sum(axis=1), None
    if isinstance(deletions, EachBlock):
        drawn = np.add.reduceat(drawn, range(0, len(rows), deletions.length), axis=1)
    elif deletions.strata is not None:
        strata = deletions.strata[rows]
    return _by_gradient(statistic, sums[None], _covariance(drawn.T, sums, strata)[None])


def _covariance(
    units: FloatArray, sums: FloatArray, strata: IntArray | None
) -> FloatArray:
    """Covariance of means, from sums over units whose last one is the unit's size."""
    deviations = units[:, :-1] - units[:, -1:] * (sums[:-1] / sums[-1])
    if strata is not None:
        sizes = np.maximum(np.bincount(strata), 1)
        for j in range(deviations.shape[1]):
            means = np.bincount(strata, deviations[:, j]) / sizes
            deviations[:, j] -= means[strata]
    return np.asarray(deviations.T @ deviations / sums[-1] ** 2)


def _by_gradient(
    statistic: Moments, sums: FloatArray, covariances: FloatArray
) -> FloatArray:
    """Standard errors from the covariances of means, by central differences."""
    steps = _STEP * np.maximum(statistic.columns.std(axis=1), np.finfo(float).tiny)
    with np.errstate(divide="ignore", invalid="ignore"):
        means, totals = sums[:, :-1] / sums[:, -1:], sums[:, -1]
        differences = [
            statistic.finish(means + step, totals)
            - statistic.finish(means - step, totals)
            for step in np.diag(steps)
        ]
        gradients = np.stack(differences, axis=1) / (2 * steps[:, None])
    # A product for each replicate and component: one sum over all would round by
    # their number.
    rows = gradients.transpose(0, 2, 1)[:, :, None]
    variances = rows @ covariances[:, None] @ rows.transpose(0, 1, 3, 2)
    return np.asarray(np.sqrt(np.maximum(variances[..., 0, 0], 0.0)))
