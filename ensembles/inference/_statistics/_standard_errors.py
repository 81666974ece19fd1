"""The standard error of a function of means, in the data and in every replicate.

By the delta method: the influence of a row is the gradient of the function times the
row's deviation from the means, and the variance is the sum of squares of influences,
summed before over independent units: rows, groups or blocks. Nothing is drawn twice
(Davison & Hinkley 1997, section 2.7.2; Götze & Künsch 1996 for blocks).

Where columns are few, the sum of squares is that of products of columns two by two,
which come from the draws as the sums of the columns themselves do. Their number grows
with the square of the columns, that of influences with the components alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._statistics._moments import Moments, with_ones
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions, EachBlock, EachUnit

__all__ = ["error_of_estimate", "errors_of_replicates"]

# Of the spread of a column: the cube root of the precision of a float.
_STEP = 6e-6
# Memory that one batch may take, a table of products, and influences that stay in a
# processor's cache.
_BATCH_BYTES = 16 * 2**20
_TABLE_BYTES = 48 * 2**20
_CACHE_BYTES = 2**20
# Multiplications that BLAS leaves to one thread, of a matrix with a vector and with
# another. With more, bits depend on the number of threads, which wait for each other.
_OF_VECTOR = 2**13
_OF_MATRIX = 2**18
# More products of columns than these cost more than influences do.
_MAX_PRODUCTS = 100


def error_of_estimate(statistic: Moments, bound: BoundScheme) -> FloatArray:
    """Standard error of each component, shape (n_components,)."""
    deletions, columns = bound.deletions(), statistic.columns
    total = np.array([float(columns.shape[1])])
    means = columns.sum(axis=1)[None] / total
    gradient = statistic.gradients(means, total, _steps(statistic))[0]
    errors = np.empty(gradient.shape[1])
    for part in _slices(len(errors), 8 * columns.shape[1], _BATCH_BYTES):
        units = deletions.sums(_influences(gradient[:, part], columns, means[0]))
        errors[part] = _root_of_squares(units.T, deletions.strata) / total
    return np.asarray(errors * np.sqrt(deletions.n_independent / deletions.n_units))


def errors_of_replicates(
    statistic: Moments, bound: BoundScheme, seeds: Seeds
) -> FloatArray:
    """Standard error of each component in each replicate."""
    deletions, steps = bound.deletions(), _steps(statistic)
    bytes_each = 8 * len(steps) * len(statistic.names)
    if not isinstance(deletions, EachUnit) or deletions.strata is not None:
        of_batch, bytes_each = _from_rows, max(bytes_each, 8 * bound.n_samples)
    elif _has_few_products(len(steps), bound.n_samples):
        of_batch, bytes_each = _from_products, 8 * (len(steps) + 1) ** 2
    else:
        of_batch, bytes_each = _from_weights, max(bytes_each, 8 * bound.n_samples)
    return np.concatenate(
        [
            of_batch(statistic, bound, seeds[batch], deletions, steps)
            for batch in _slices(len(seeds), bytes_each, _BATCH_BYTES)
        ]
    )


def _has_few_products(n_columns: int, n_samples: int) -> bool:
    """Whether products of columns, and of ones, are few and fit into memory."""
    n_products = (n_columns + 1) * (n_columns + 2) // 2
    fit = 8 * (n_products + n_columns + 1) * n_samples <= _TABLE_BYTES
    return n_products <= _MAX_PRODUCTS and fit


def _from_products(
    statistic: Moments,
    bound: BoundScheme,
    seeds: Seeds,
    deletions: Deletions,
    steps: FloatArray,
) -> FloatArray:
    """Errors where all rows of a unit have the same weight in a replicate.

    The product of two sums over a unit is then a column that is zero but in one row of
    the unit.
    """
    assert isinstance(deletions, EachUnit)
    columns = with_ones(statistic.columns)
    units, c = deletions.sums(columns), len(columns)
    one_row = np.unique(deletions.codes, return_index=True)[1]
    first, second = np.triu_indices(c)
    table = np.zeros((c + len(first), bound.n_samples))
    table[:c] = columns
    for i, j, product in zip(first, second, table[c:], strict=True):
        product[one_row] = units[:, i] * units[:, j]
    drawn = bound.sums(seeds, table)
    sums, totals = drawn[:, : c - 1], drawn[:, c - 1]
    moments = np.empty((len(seeds), c, c))
    moments[:, first, second] = moments[:, second, first] = drawn[:, c:]
    with np.errstate(divide="ignore", invalid="ignore"):
        means = sums / totals[:, None]
        # Deviations of sums from what the size of the unit lets expect.
        to_deviations = np.repeat(np.eye(c - 1, c)[None], len(drawn), axis=0)
        to_deviations[:, :, -1] = -means
        squares = to_deviations @ moments @ to_deviations.transpose(0, 2, 1)
        # A product for each replicate and component: one sum over all would round by
        # their number.
        rows = statistic.gradients(means, totals, steps).transpose(0, 2, 1)
        variances = rows[:, :, None] @ squares[:, None] @ rows[..., None]
        roots = np.sqrt(np.maximum(variances[..., 0, 0], 0.0))
        return np.asarray(roots / totals[:, None])


def _from_weights(
    statistic: Moments,
    bound: BoundScheme,
    seeds: Seeds,
    deletions: Deletions,
    steps: FloatArray,
) -> FloatArray:
    """Errors where all rows of a unit have the same weight in a replicate."""
    assert isinstance(deletions, EachUnit)
    columns = statistic.columns
    units, sizes, weights = columns, np.ones(1), bound.weight_rows(seeds)
    if deletions.n_units < bound.n_samples:
        units = np.ascontiguousarray(deletions.sums(columns).T)
        sizes = np.bincount(deletions.codes).astype(np.float64)
        one_row = np.unique(deletions.codes, return_index=True)[1]
        totals, weights = weights.sum(axis=1), weights[:, one_row]
    else:
        totals = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = bound.sums(seeds, columns) / totals[:, None]
        gradients = statistic.gradients(means, totals, steps)
        variances = np.zeros((len(seeds), gradients.shape[2]))
        parts = list(_slices(units.shape[1], 8 * gradients.shape[2], _CACHE_BYTES))
        for i, gradient in enumerate(gradients):
            for part in parts:
                own = sizes if len(sizes) == 1 else sizes[part]
                influences = _influences(gradient, units[:, part], means[i], own)
                np.square(influences, out=influences)
                influences *= weights[i, part]
                # Not a product with the weights, for the same bits on all threads.
                variances[i] += influences.sum(axis=1)
        return np.asarray(np.sqrt(variances) / totals[:, None])


def _from_rows(
    statistic: Moments,
    bound: BoundScheme,
    seeds: Seeds,
    deletions: Deletions,
    steps: FloatArray,
) -> FloatArray:
    """Errors in replicates whose rows stand in the order drawn."""
    columns, drawn = statistic.columns, [bound.rows(seed) for seed in seeds]
    sums = np.array([[column[rows].sum() for column in columns] for rows in drawn])
    totals = np.array([float(len(rows)) for rows in drawn])
    means = sums / totals[:, None]
    gradients = statistic.gradients(means, totals, steps)
    errors = np.empty((len(drawn), gradients.shape[2]))
    for i, rows in enumerate(drawn):
        longest = max(len(rows), columns.shape[1])
        for part in _slices(errors.shape[1], 8 * longest, _BATCH_BYTES):
            units = _influences(gradients[i][:, part], columns, means[i])[:, rows]
            strata = None if deletions.strata is None else deletions.strata[rows]
            if isinstance(deletions, EachBlock):
                starts = range(0, len(rows), deletions.length)
                units = np.add.reduceat(units, starts, axis=1)
            errors[i, part] = _root_of_squares(units, strata) / totals[i]
    return errors


def _influences(
    gradient: FloatArray,
    units: FloatArray,
    means: FloatArray,
    sizes: FloatArray | float = 1.0,
) -> FloatArray:
    """Influence of units with these sums of columns, shape (n_components, n_units)."""
    (c, k), n = gradient.shape, units.shape[1]
    influences = np.empty((k, n))
    with np.errstate(invalid="ignore"):
        for part in _slices(n, c * k, _OF_MATRIX if k > 1 else _OF_VECTOR):
            influences[:, part] = gradient.T @ units[:, part]
        influences -= (means[:, None] * gradient).sum(axis=0)[:, None] * sizes
    return influences


def _root_of_squares(units: FloatArray, strata: IntArray | None) -> FloatArray:
    """Root of the sum of squares of each row, around the means of strata."""
    if strata is not None:
        sizes = np.maximum(np.bincount(strata), 1)
        means = [np.bincount(strata, row) / sizes for row in units]
        units = units - np.stack(means)[:, strata]
    return np.asarray(np.sqrt([np.square(row).sum() for row in units]))


def _steps(statistic: Moments) -> FloatArray:
    """Step of the differences in each column, shape (n_columns,)."""
    spreads = np.array([column.std() for column in statistic.columns])
    return np.asarray(_STEP * np.maximum(spreads, np.finfo(float).tiny))


def _slices(n: int, each: int, limit: int) -> Iterator[slice]:
    """Slices of 0 to n whose entries cost no more than a limit together."""
    size = max(1, limit // each)
    for start in range(0, n, size):
        yield slice(start, start + size)
