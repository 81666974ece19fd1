"""How far to go along what a learner has answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple, final

import numpy as np
from scipy.optimize import minimize_scalar

from ensembles._typing import Estimator, FloatArray, Table
from ensembles.boosting._leaf_values import leaves_of, set_leaf_values
from ensembles.boosting._outputs import as_loss_takes
from ensembles.losses import (
    BinomialLoss,
    ExponentialLoss,
    Loss,
    MultinomialLoss,
    SquaredError,
)

__all__ = [
    "HalvedLength",
    "LeafSearch",
    "Line",
    "LineSearch",
    "LossSearch",
    "NewtonLength",
    "NoSearch",
    "best_length",
    "halved_length",
]

# Below this a sum of hessians is no curvature, as scikit-learn has it.
_FLAT = 1e-150
_MOST_HALVINGS = 40
_MOST_DOUBLINGS = 100
# Of these steps are taken as scikit-learn takes them.
_LIKE_A_PARABOLA = BinomialLoss | ExponentialLoss | MultinomialLoss | SquaredError


class Line(NamedTuple):
    """Where a search starts, and what is known there of the rows learned from."""

    loss: Loss
    """As it is for this round."""
    y: FloatArray
    """Targets as the loss takes them."""
    raw: FloatArray
    """Raw predictions, (n_raw, n_rows)."""
    gradient: FloatArray
    hessian: FloatArray
    weights: FloatArray | None
    rows: Any
    """Rows learned from, or a slice of all."""

    def summed(self, values: FloatArray) -> float:
        """Sum over rows learned from, by their weights."""
        own = values[self.rows]
        return float(
            own.sum() if self.weights is None else own @ self.weights[self.rows]
        )

    def losses_along(self, k: int, answer: FloatArray) -> Callable[[float], float]:
        """The mean loss of rows learned from, by how far an answer is followed."""
        y, raw = self.y[self.rows], self.raw[:, self.rows].copy()
        start, step = raw[k].copy(), answer[self.rows]
        weights = None if self.weights is None else self.weights[self.rows]

        def loss_at(length: float) -> float:
            raw[k] = start + length * step
            return self.loss.mean(y, as_loss_takes(raw), weights)

        return loss_at


def halved_length(line: Line, k: int, answer: FloatArray) -> float:
    """The largest power of one half, one at most, that lets the loss fall; or zero."""
    loss_at = line.losses_along(k, answer)
    start = loss_at(0.0)
    for halvings in range(_MOST_HALVINGS):
        if loss_at(0.5**halvings) < start:
            return float(0.5**halvings)
    return 0.0


def best_length(line: Line, k: int, answer: FloatArray) -> float:
    """The length of which the loss is least, by Brent's method; or zero."""
    loss_at = line.losses_along(k, answer)
    start, unit = loss_at(0.0), 1.0
    for _ in range(_MOST_DOUBLINGS):  # answers may be in any unit
        if loss_at(unit) < start:
            break
        unit *= 0.5
    else:
        return 0.0
    least = loss_at(unit)
    for _ in range(_MOST_DOUBLINGS):
        further = loss_at(2.0 * unit)
        if not further < least:
            break
        unit, least = 2.0 * unit, further
    within = {"bounds": (0.0, 2.0 * unit), "options": {"xatol": 1e-8 * unit}}
    found = minimize_scalar(loss_at, method="bounded", **within)
    return float(found.x) if found.fun < least else unit


class LineSearch(ABC):
    """A rule for the length of steps."""

    @abstractmethod
    def length(
        self, line: Line, k: int, learner: Estimator, X: Table, answer: FloatArray
    ) -> float:
        """What the answer is to be multiplied by; leaves may get values of their own.

        Parameters
        ----------
        line : Line
            Where the search starts.
        k : int
            Number of the raw prediction.
        learner : estimator
            Fitted; a tree whose leaves may be changed.
        X : table of shape (n_samples, n_features)
            All rows.
        answer : ndarray of shape (n_samples,)
            What the learner says of them, changed in place where leaves are.

        Returns
        -------
        float
            One where leaves have been changed.
        """


@final
class NoSearch(LineSearch):
    """Steps as they are answered."""

    def length(
        self, line: Line, k: int, learner: Estimator, X: Table, answer: FloatArray
    ) -> float:
        """One."""
        return 1.0


@final
class NewtonLength(LineSearch):
    """One Newton step along the answer."""

    def length(
        self, line: Line, k: int, learner: Estimator, X: Table, answer: FloatArray
    ) -> float:
        """Slope over curvature, both along the answer."""
        slope = line.summed(line.gradient[k] * answer)
        curvature = line.summed(line.hessian[k] * answer**2)
        return -slope / curvature if curvature > _FLAT else 0.0


@final
class HalvedLength(LineSearch):
    """Answers that are halved until the loss falls."""

    def length(
        self, line: Line, k: int, learner: Estimator, X: Table, answer: FloatArray
    ) -> float:
        """One, or a power of one half; zero where the answer leads nowhere."""
        return halved_length(line, k, answer)


@final
class LossSearch(LineSearch):
    """The length of which the loss is least.

    J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals
    of Statistics 29(5), 2001, algorithm 1, line 5.
    """

    def length(
        self, line: Line, k: int, learner: Estimator, X: Table, answer: FloatArray
    ) -> float:
        """The least by Brent's method; zero where the answer leads nowhere."""
        return best_length(line, k, answer)


@final
class LeafSearch(LineSearch):
    """What is best in each leaf of a tree: by the loss, or by one Newton step.

    J. H. Friedman, as above, algorithms 3 to 6.
    """

    def length(
        self, line: Line, k: int, learner: Estimator, X: Table, answer: FloatArray
    ) -> float:
        """One; leaves are told their values."""
        leaves = leaves_of(learner, X)
        own, rows = leaves[line.rows], np.arange(len(leaves))[line.rows]
        order = np.argsort(own, kind="stable")
        numbers, starts = np.unique(own[order], return_index=True)
        groups = np.split(rows[order], starts[1:])
        values = np.array([self._value(line, k, group) for group in groups])
        set_leaf_values(learner, numbers, values)
        by_leaf = np.zeros(leaves.max() + 1)
        by_leaf[numbers] = values
        answer[:] = by_leaf[leaves]
        return 1.0

    def _value(self, line: Line, k: int, rows: Any) -> float:
        """What is best for the rows of a leaf."""
        weights = None if line.weights is None else line.weights[rows]
        if line.loss.renews_leaves:
            return line.loss.leaf_value(line.y[rows], line.raw[k, rows], weights)
        slope = np.average(line.gradient[k, rows], weights=weights)
        curvature = np.average(line.hessian[k, rows], weights=weights)
        if abs(curvature) < _FLAT:
            return 0.0
        if isinstance(line.loss, MultinomialLoss):
            slope *= (line.loss.n_raw - 1) / line.loss.n_raw  # algorithm 6
        step = float(-slope / curvature)
        if isinstance(line.loss, _LIKE_A_PARABOLA):
            return step
        return step * self._share(line, rows, step)

    def _share(self, line: Line, rows: Any, step: float) -> float:
        """How much of a Newton step lowers the loss of a leaf."""
        y, raw = line.y[rows], as_loss_takes(line.raw)[rows]
        weights = None if line.weights is None else line.weights[rows]
        start = np.average(line.loss.value(y, raw), weights=weights)
        for halvings in range(_MOST_HALVINGS):
            share = 0.5**halvings
            losses = line.loss.value(y, raw + share * step)
            if np.average(losses, weights=weights) <= start:
                return float(share)
        return 0.0
