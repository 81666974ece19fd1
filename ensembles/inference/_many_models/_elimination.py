"""Which model leaves a set next, and how surprising its loss is if all are equal.

Both rules return the models in the order in which they leave, the statistic of each set
before it shrinks, and in how many replicates the statistic is at least as large. T_R,
the largest difference of a pair in units of its error, does not change the error of a
pair as the set shrinks. The order therefore follows from the data alone, and with the
models sorted by it the set at every step is the first p of them::

    T_R*[r, p] = max over q < p of |deviation[r, p] - deviation[r, q]| / error[p, q]

and the running maximum over p are the statistics of all sets of replicate r. Each pair
is met once for all eliminations together, and no array of pairs and replicates is held.

P. R. Hansen, A. Lunde, J. M. Nason, Econometrica 79(2), 453-497, 2011.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._many_models._losses import (
    check_is_exact,
    inverse_errors,
    rounding_of,
    studentize,
)
from ensembles.resampling._base import BaseScheme

__all__ = ["Elimination", "eliminate_by_average", "eliminate_by_range"]

# What one block of replicates of all models may hold: it is read k times.
_BLOCK_BYTES = 2**20


class Elimination(NamedTuple):
    """Models in the order in which they leave, and the tests on the way."""

    order: IntArray
    """Columns, worst first, shape (n_models,). The last one never leaves."""
    statistics: FloatArray
    """Of the set before each model leaves, shape (n_models - 1,)."""
    n_as_large: IntArray
    """Replicates whose statistic is at least that, shape (n_models - 1,)."""


def eliminate_by_range(
    scheme: BaseScheme, losses: FloatArray, deviations: FloatArray
) -> Elimination:
    """Eliminate by T_R, the largest difference between two models."""
    means = losses.mean(axis=0)
    rounding = np.maximum.outer(rounding_of(losses), rounding_of(losses))
    by_model = np.ascontiguousarray(deviations.T)
    errors = _pair_errors(by_model)
    for i, j in zip(*np.nonzero(np.tril(errors <= rounding, -1)), strict=True):
        difference = losses[:, i] - losses[:, j]
        check_is_exact(scheme, difference, rounding[i, j], f"of columns {j} and {i}")
    t = studentize(np.subtract.outer(means, means), errors, rounding)
    order, statistics = _worst_first(t)
    best_first = order[::-1]
    inverse = inverse_errors(errors, rounding)[np.ix_(best_first, best_first)]
    n_as_large = _count_of_ranges(by_model[best_first], inverse, statistics[::-1])
    return Elimination(order, statistics, n_as_large[::-1])


def _pair_errors(by_model: FloatArray) -> FloatArray:
    """Root mean square over replicates of each pair's difference, shape (k, k).

    From the differences themselves: sums of squares would cancel where two models
    are nearly the same.
    """
    n_models, n_resamples = by_model.shape
    squares = np.zeros((n_models, n_models))
    for block in _blocks_of_replicates(by_model):
        work = np.empty_like(block)
        for p in range(1, n_models):
            difference = np.subtract(block[:p], block[p], out=work[:p])
            squares[p, :p] += np.einsum("qr,qr->q", difference, difference)
    return np.asarray(np.sqrt((squares + squares.T) / n_resamples))


def _worst_first(t: FloatArray) -> tuple[IntArray, FloatArray]:
    """Order in which models leave, and the largest t of each set on the way."""
    t = t.copy()
    n_models = len(t)
    np.fill_diagonal(t, -np.inf)
    rival = t.argmax(axis=1)
    largest = t[np.arange(n_models), rival]
    order = np.empty(n_models, dtype=np.intp)
    statistics = np.empty(n_models - 1)
    left = np.ones(n_models, dtype=np.bool_)
    for step in range(n_models - 1):
        worst = int(np.where(left, largest, -np.inf).argmax())
        order[step], statistics[step] = worst, largest[worst]
        left[worst] = False
        t[:, worst] = -np.inf
        lost_rival = np.flatnonzero(left & (rival == worst))
        rival[lost_rival] = t[lost_rival].argmax(axis=1)
        largest[lost_rival] = t[lost_rival, rival[lost_rival]]
    order[-1] = int(left.argmax())
    return order, statistics


def _count_of_ranges(
    by_model: FloatArray, inverse: FloatArray, statistics: FloatArray
) -> IntArray:
    """Replicates in which the range of the first p models reaches their statistic."""
    n_models = len(by_model)
    counts = np.zeros(n_models - 1, dtype=np.intp)
    for block in _blocks_of_replicates(by_model):
        work = np.empty_like(block)
        largest = np.zeros(block.shape[1])
        for p in range(1, n_models):
            ranges = np.subtract(block[:p], block[p], out=work[:p])
            np.abs(ranges, out=ranges)
            ranges *= inverse[p, :p, np.newaxis]
            np.maximum(largest, ranges.max(axis=0), out=largest)
            counts[p - 1] += np.count_nonzero(largest >= statistics[p - 1])
    return counts


def eliminate_by_average(
    scheme: BaseScheme, losses: FloatArray, deviations: FloatArray
) -> Elimination:
    """Eliminate by T_max, the largest difference to the average model of the set."""
    means, rounding = losses.mean(axis=0), rounding_of(losses)
    n_models, n_resamples = deviations.T.shape
    # Models still in the set stand together in front: the last one takes each gap.
    by_model, left = np.ascontiguousarray(deviations.T), np.arange(n_models)
    total = by_model.sum(axis=0)
    order = np.empty(n_models, dtype=np.intp)
    statistics = np.empty(n_models - 1)
    n_as_large = np.empty(n_models - 1, dtype=np.intp)
    for step, size in enumerate(range(n_models, 1, -1)):
        in_set = by_model[:size]
        average = total / size
        squares = np.empty(size)
        _kernels().sum_squares(in_set, average, squares)
        errors = np.sqrt(squares / n_resamples)
        noise = np.full(size, rounding[left].max())
        _check_averages(scheme, losses, left, errors, noise)
        t = studentize(means[left] - means[left].mean(), errors, noise)
        worst = int(t.argmax())
        order[step], statistics[step] = left[worst], t[worst]
        largest = np.empty(n_resamples)
        _kernels().find_largest(in_set, average, inverse_errors(errors, noise), largest)
        n_as_large[step] = np.count_nonzero(largest >= t[worst])
        total -= by_model[worst]
        by_model[worst], left[worst] = by_model[size - 1], left[size - 1]
        left = left[:-1]
    order[-1] = left[0]
    return Elimination(order, statistics, n_as_large)


def _kernels() -> Any:
    """The compiled passes, imported when they are first needed."""
    from ensembles.inference._many_models import _kernels

    return _kernels


def _check_averages(
    scheme: BaseScheme,
    losses: FloatArray,
    left: IntArray,
    errors: FloatArray,
    noise: FloatArray,
) -> None:
    """Raise where a difference to the average strays in rows, not in replicates."""
    for i in np.flatnonzero(errors <= noise):
        difference = losses[:, left[i]] - losses[:, left].mean(axis=1)
        of = f"of column {left[i]} to the average"
        check_is_exact(scheme, difference, noise[i], of)


def _blocks_of_replicates(by_model: FloatArray) -> Iterator[FloatArray]:
    """Views of the columns, a few replicates of all models at a time."""
    n_models, n_resamples = by_model.shape
    size = max(32, _BLOCK_BYTES // (8 * n_models))
    for start in range(0, n_resamples, size):
        yield by_model[:, start : start + size]
