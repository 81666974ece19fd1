"""Metrics of a confusion matrix, for a whole batch of matrices at once.

Each is a formula of matrices C of shape (..., K, K), rows the true and columns the
predicted classes. Definitions and averages are those of scikit-learn's functions of the
same names; a class that a resample has neither drawn nor predicted is left out of an
average, as when the function is called with the resampled rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias, final

import numpy as np
from sklearn import metrics

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.inference._statistics._moments import Moments
from ensembles.resampling._base import BoundScheme

__all__ = ["FORMULAS", "ConfusionMetric", "ConfusionOfDistinctRows", "Formula"]

Formula: TypeAlias = Callable[..., FloatArray]


@final
class ConfusionMetric(Moments):
    """A formula of the confusion matrix of numbered true and predicted classes."""

    def __init__(
        self,
        true: IntArray,
        predicted: IntArray,
        n_classes: int,
        formula: Callable[[FloatArray], FloatArray],
        sample_weight: FloatArray | None,
        name: str,
    ) -> None:
        columns = np.zeros((n_classes * n_classes, len(true)))
        weights = 1.0 if sample_weight is None else sample_weight
        columns[true * n_classes + predicted, np.arange(len(true))] = weights
        self.n_classes = n_classes
        self.formula = formula
        super().__init__(columns, [name], ())

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """The formula of matrices in shares of the rows."""
        return _of_cells(self.formula, m, self.n_classes)


@final
class ConfusionOfDistinctRows(BoundStatistic):
    """A formula of the confusion matrix of rows that are few and stand often.

    Their weights are added up by cell, which needs no column for each cell.
    """

    shape = ()

    def __init__(
        self,
        true: IntArray,
        predicted: IntArray,
        n_classes: int,
        formula: Callable[[FloatArray], FloatArray],
        name: str,
    ) -> None:
        self.true, self.predicted, self.n_classes = true, predicted, n_classes
        self.formula = formula
        self.names = [name]
        cell = true * n_classes + predicted
        self.by_cell = np.argsort(cell, kind="stable")
        self.cells, self.starts = np.unique(cell[self.by_cell], return_index=True)

    def estimate(self) -> FloatArray:
        """The formula where each row stands once."""
        return np.asarray(self.weighted(np.ones((1, len(self.true))))[0])

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The formula under each row of weights."""
        shares = np.zeros((len(weights), self.n_classes**2))
        sums = np.add.reduceat(weights[:, self.by_cell], self.starts, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares[:, self.cells] = sums / sums.sum(axis=1, keepdims=True)
        return _of_cells(self.formula, shares, self.n_classes)

    def numbers_held(self, bound: BoundScheme) -> int:
        """A matrix, and what its formula makes of it."""
        return 2 * self.n_classes**2

    def take(self, rows: IntArray) -> ConfusionOfDistinctRows:
        """The formula of some of the rows."""
        return ConfusionOfDistinctRows(
            self.true[rows],
            self.predicted[rows],
            self.n_classes,
            self.formula,
            self.names[0],
        )


def _of_cells(
    formula: Callable[[FloatArray], FloatArray], cells: FloatArray, n_classes: int
) -> FloatArray:
    """A formula of matrices that are given row by row, shape (..., 1)."""
    matrices = cells.reshape(*cells.shape[:-1], n_classes, n_classes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(formula(matrices))[..., None]


def _parts(C: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Hits, true and predicted rows of each class, shape (..., K) each."""
    return np.diagonal(C, axis1=-2, axis2=-1), C.sum(axis=-1), C.sum(axis=-2)


def _mean_of_classes(values: FloatArray, seen: FloatArray) -> FloatArray:
    """Mean over the classes that are seen, shape (...,)."""
    weights = seen > 0
    total = np.where(weights, values, 0.0).sum(axis=-1)
    return np.asarray(total / weights.sum(axis=-1))


def accuracy(C: FloatArray) -> FloatArray:
    """Share of hits."""
    return np.asarray(np.trace(C, axis1=-2, axis2=-1) / C.sum(axis=(-2, -1)))


def zero_one_loss(C: FloatArray) -> FloatArray:
    """Share of misses."""
    return 1 - accuracy(C)


def balanced_accuracy(C: FloatArray, *, adjusted: bool = False) -> FloatArray:
    """Mean of the classes' recalls; adjusted, chance is 0."""
    hits, true, _ = _parts(C)
    score = _mean_of_classes(hits / true, true)
    if not adjusted:
        return score
    chance = 1 / (true > 0).sum(axis=-1)
    return np.asarray((score - chance) / (1 - chance))


def matthews(C: FloatArray) -> FloatArray:
    """Correlation of true and predicted classes; 0 where one of them is constant."""
    hits, true, predicted = _parts(C)
    n = true.sum(axis=-1)
    covariance = hits.sum(axis=-1) * n - (true * predicted).sum(axis=-1)
    spreads = [n**2 - (side**2).sum(axis=-1) for side in (true, predicted)]
    product = spreads[0] * spreads[1]
    # Shares of a constant class leave rounding errors.
    varies = product > 1e-14 * n**4
    score = covariance / np.sqrt(np.where(varies, product, 1.0))
    return np.asarray(np.where(varies, score, 0.0))


def cohen_kappa(C: FloatArray, *, weights: str | None = None) -> FloatArray:
    """One less disagreement over what chance would give.

    Distances are those between all classes, also where a resample lacks one of them.
    """
    k = C.shape[-1]
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(float)
    cost = {None: distance > 0, "linear": distance, "quadratic": distance**2}[weights]
    _, true, predicted = _parts(C)
    by_chance = true[..., :, None] * predicted[..., None, :]
    observed = (cost * C).sum(axis=(-2, -1)) * true.sum(axis=-1)
    return np.asarray(1 - observed / (cost * by_chance).sum(axis=(-2, -1)))


def _of_hits(
    C: FloatArray,
    ratio: Callable[
        [FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]
    ],
    *,
    average: str = "binary",
    positive: int = 1,
    zero_division: float | str = "warn",
) -> FloatArray:
    """Average over classes of a ratio of hits, true and predicted rows."""
    hits, true, predicted = _parts(C)
    nothing = 0.0 if zero_division == "warn" else float(zero_division)
    if average == "micro":
        sums = [part.sum(axis=-1) for part in (hits, true, predicted)]
        above, below = ratio(*sums)
        return np.asarray(np.where(below > 0, above / below, nothing))
    above, below = ratio(hits, true, predicted)
    by_class = np.where(below > 0, above / below, nothing)
    if average == "binary":
        return np.asarray(by_class[..., positive])
    if average == "macro":
        return _mean_of_classes(by_class, true + predicted)
    return np.asarray((by_class * true).sum(axis=-1) / true.sum(axis=-1))


def precision(C: FloatArray, **how: Any) -> FloatArray:
    """Hits over predicted rows."""
    return _of_hits(C, lambda hits, true, predicted: (hits, predicted), **how)


def recall(C: FloatArray, **how: Any) -> FloatArray:
    """Hits over true rows."""
    return _of_hits(C, lambda hits, true, predicted: (hits, true), **how)


def fbeta(C: FloatArray, *, beta: float, **how: Any) -> FloatArray:
    """Weighted harmonic mean of precision and recall."""

    def ratio(
        hits: FloatArray, true: FloatArray, predicted: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        return (1 + beta**2) * hits, beta**2 * true + predicted

    return _of_hits(C, ratio, **how)


def jaccard(C: FloatArray, **how: Any) -> FloatArray:
    """Hits over rows that are true or predicted."""
    return _of_hits(
        C, lambda hits, true, predicted: (hits, true + predicted - hits), **how
    )


FORMULAS: Mapping[Callable[..., Any], Formula] = {
    metrics.accuracy_score: accuracy,
    metrics.balanced_accuracy_score: balanced_accuracy,
    metrics.cohen_kappa_score: cohen_kappa,
    metrics.f1_score: partial(fbeta, beta=1.0),
    metrics.fbeta_score: fbeta,
    metrics.jaccard_score: jaccard,
    metrics.matthews_corrcoef: matthews,
    metrics.precision_score: precision,
    metrics.recall_score: recall,
    metrics.zero_one_loss: zero_one_loss,
}
