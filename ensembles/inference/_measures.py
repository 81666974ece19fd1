"""A score as Efron's formulas see it: an error, of which less is better.

A score that is a mean over rows, turned round and shifted, is measured row by row; any
other as one number for each replicate.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ensembles._compat import take_rows
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles.inference._draws import Draws
from ensembles.inference._out_of_bag import (
    OutOfBag,
    mean_over_replicates,
    mean_over_rows,
)
from ensembles.inference._refit import Fitted, Sample
from ensembles.inference._row_loss import RowLoss, shifts

__all__ = ["LossMeasure", "Measure", "ScoreMeasure"]

# Pairs of a prediction and a target that one call of a scorer gets at most.
_MAX_PAIRS = 10**6
# Predictions anew, as often as there are rows, where the scorer has to predict.
_MAX_PREDICTIONS = 20
# Parts that the units are dealt into where they are too many to move one by one.
_MAX_FOLDS = 25
# Replicates in which they are moved; a call of a scorer takes a millisecond.
_MAX_MOVED = 20
# Weights are moved up by this share, enough to move a median too.
_STEP = 0.5


class Measure(ABC):
    """What one fit leaves behind, and what all of them amount to."""

    n_classes_outside: int
    """Classes that rows must hold for a score of them to exist."""

    @abstractmethod
    def outside(
        self, fitted: Fitted, sample: Sample, rows: IntArray, number: int
    ) -> FloatArray:
        """What replicate `number` is remembered by, from its rows out-of-bag."""

    @abstractmethod
    def whole(self, fitted: Fitted, sample: Sample) -> tuple[float, float]:
        """Apparent and no-information error of the fit on all rows."""

    @abstractmethod
    def summary(self, draws: Draws, results: Sequence[FloatArray]) -> OutOfBag:
        """Error of all replicates out-of-bag."""

    @abstractmethod
    def score(self, error: Any) -> Any:
        """The error as the user's score, elementwise."""

    @abstractmethod
    def score_error(self, error: float, out_of_bag: OutOfBag) -> float | None:
        """Standard error of the score of `error`, from that of the error out-of-bag."""

    def over(self, draws: Draws) -> Measure:
        """The measure told which rows are drawn together."""
        return self


@final
@dataclass(frozen=True)
class LossMeasure(Measure):
    """A score ``intercept + slope * (mean loss)``."""

    loss: RowLoss
    intercept: float
    slope: float

    n_classes_outside = 1

    def outside(
        self, fitted: Fitted, sample: Sample, rows: IntArray, number: int
    ) -> FloatArray:
        """Loss of each row."""
        answers = self.loss.answers(fitted, sample.X, rows)
        return _finite(self.loss.of_rows(answers, rows))

    def whole(self, fitted: Fitted, sample: Sample) -> tuple[float, float]:
        """Mean loss of rows as they are and of all pairs."""
        answers = self.loss.answers(fitted, sample.X, None)
        losses = _finite(self.loss.of_rows(answers, slice(None)))
        apparent = float(self.loss.weights @ losses / self.loss.weights.sum())
        return apparent, self.loss.over_pairs(answers)

    def summary(self, draws: Draws, results: Sequence[FloatArray]) -> OutOfBag:
        """Leave-one-out bootstrap error."""
        return mean_over_rows(draws, results, self.loss)

    def score(self, error: Any) -> Any:
        """Turned round and shifted."""
        return self.intercept + self.slope * error

    def score_error(self, error: float, out_of_bag: OutOfBag) -> float | None:
        """Efron and Tibshirani's rule: in proportion to the errors.

        Losses that reach below zero have no proportion; the standard error stays.
        """
        if out_of_bag.variance is None:
            return None
        has_ratio = error >= 0 and out_of_bag.error > 0
        ratio = error / out_of_bag.error if has_ratio else 1.0
        return abs(self.slope) * ratio * math.sqrt(out_of_bag.variance)


def _finite(losses: FloatArray) -> FloatArray:
    """The losses, all finite."""
    if np.isfinite(losses).all():
        return losses
    raise ValueError(
        f"The loss of {np.count_nonzero(~np.isfinite(losses))} of {len(losses)} rows "
        "is not finite: the estimator predicts values that the loss is not defined "
        "for, such as negative ones for a deviance. Choose another scoring, or an "
        "estimator that keeps to its domain."
    )


@final
@dataclass(frozen=True)
class ScoreMeasure(Measure):
    """Any scorer; the error is minus its score."""

    scorer: Callable[..., float]
    """``scorer(estimator, X, y)``, greater is better."""
    y: NDArray[Any]
    classes: NDArray[Any] | None
    """Of a classifier."""
    weights: FloatArray | None
    replays: bool
    """Whether it only asks for predictions and can be given those made before."""
    takes_weights: bool
    folds: IntArray | None = None
    """Parts of the rows whose weights are moved for the variance."""

    n_classes_outside = 2

    def over(self, draws: Draws) -> Measure:
        """Deal the units into folds, classes evenly, where a variance can be had."""
        if draws.units is None or not (self.replays and self.takes_weights):
            return self
        _, first = np.unique(draws.units, return_index=True)
        n_folds = min(_MAX_FOLDS, len(first))
        seed = np.random.SeedSequence(draws.entropy, spawn_key=(0, 0, 0))
        order = np.random.default_rng(seed).permutation(len(first))
        if self.classes is not None:
            codes = np.searchsorted(self.classes, self.y[first[order]])
            order = order[np.argsort(codes, kind="stable")]
        dealt = np.empty(len(first), dtype=np.intp)
        dealt[order] = np.arange(len(first)) % n_folds
        return replace(self, folds=dealt[draws.units])

    def outside(
        self, fitted: Fitted, sample: Sample, rows: IntArray, number: int
    ) -> FloatArray:
        """Error, then how it moves with the log weight of each fold."""
        ask = self._asker(fitted, sample.X, rows)
        positions = np.arange(len(rows))
        y = take_rows(sample.y, rows)
        own = None if self.weights is None else self.weights[rows]
        error = ask(positions, y, own)
        if self.folds is None or number >= _MAX_MOVED:
            return np.array([error])
        own = np.ones(len(rows)) if own is None else own
        moves = []
        for fold in range(int(self.folds.max()) + 1):
            step = np.where(self.folds[rows] == fold, _STEP, 0.0)
            moves.append((ask(positions, y, own * (1 + step)) - error) / _STEP)
        return np.array([error, *moves])

    def whole(self, fitted: Fitted, sample: Sample) -> tuple[float, float]:
        """Error on all rows, and on targets paired with predictions of other rows."""
        ask = self._asker(fitted, sample.X, None)
        n = len(self.y)
        apparent = ask(np.arange(n), sample.y, self.weights)
        if self.classes is None or not self.takes_weights:
            return apparent, ask(*self._pairs(n))
        return apparent, ask(*self._pairs_with_classes(n, self.classes))

    def _pairs_with_classes(
        self, n: int, classes: NDArray[Any]
    ) -> tuple[IntArray, NDArray[Any], FloatArray]:
        """Each prediction once with each class, weighted with the class's share."""
        own = np.ones(n) if self.weights is None else self.weights
        codes = np.searchsorted(classes, self.y)
        shares = np.bincount(codes, own, minlength=len(classes)) / own.sum()
        positions = np.repeat(np.arange(n), len(classes))
        return positions, np.tile(classes, n), np.outer(own, shares).ravel()

    def _pairs(self, n: int) -> tuple[IntArray, NDArray[Any], FloatArray | None]:
        """Predictions and targets of all pairs of rows, or of as many as can be had."""
        affordable = _MAX_PAIRS if self.replays else _MAX_PREDICTIONS * n
        order, offsets = shifts(n, affordable)
        partners = np.concatenate([np.roll(order, offset) for offset in offsets])
        targets = np.tile(order, len(offsets))
        if self.weights is None:
            return partners, self.y[targets], None
        return partners, self.y[targets], self.weights[partners] * self.weights[targets]

    def _asker(
        self, fitted: Fitted, X: Table, rows: IntArray | None
    ) -> Callable[[IntArray, Any, FloatArray | None], float]:
        """Function of positions among the rows, targets and weights to an error."""
        if self.replays:
            seen = _Recorded(fitted.estimator, fitted.table(X, rows))
            return partial(self._error, seen, lambda positions: positions)
        return partial(
            self._error,
            fitted.estimator,
            lambda positions: fitted.table(
                X, positions if rows is None else rows[positions]
            ),
        )

    def _error(
        self,
        estimator: Estimator,
        see: Callable[[IntArray], Table],
        positions: IntArray,
        y: Any,
        weights: FloatArray | None,
    ) -> float:
        """Minus the score."""
        given = {} if weights is None else {"sample_weight": weights}
        score = float(self.scorer(estimator, see(positions), y, **given))
        if not math.isfinite(score):
            raise ValueError(
                f"{self.scorer!r} returned {score} for {len(positions)} rows: the "
                "score is not defined for them. Choose another scoring."
            )
        return -score

    def summary(self, draws: Draws, results: Sequence[FloatArray]) -> OutOfBag:
        """Mean over replicates."""
        errors = np.array([result[0] for result in results])
        moves = np.array([result[1:] for result in results if len(result) > 1])
        folds = self.folds if len(moves) else None
        return mean_over_replicates(draws, errors, moves, folds)

    def score(self, error: Any) -> Any:
        """Minus the error."""
        return -error

    def score_error(self, error: float, out_of_bag: OutOfBag) -> float | None:
        """That of the error out-of-bag: scores have no zero to be in proportion to."""
        if out_of_bag.variance is None:
            return None
        return math.sqrt(out_of_bag.variance)


class _Recorded:
    """Answers by row number with what an estimator said once of a whole table."""

    _METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")

    def __init__(self, estimator: Estimator, X: Table) -> None:
        self._estimator = estimator
        self._X = X
        self._said: dict[str, Any] = {}

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._estimator)  # whom errors name

    def __sklearn_tags__(self) -> Any:
        return self._estimator.__sklearn_tags__()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._estimator, name)
        if name not in self._METHODS:
            return attribute

        def answer(positions: IntArray) -> Any:
            return self._answer(name, positions)

        answer.__name__ = name  # scorers go by it
        return answer

    def _answer(self, method: str, positions: IntArray) -> Any:
        """Rows of what `method` returned."""
        if method not in self._said:
            self._said[method] = getattr(self._estimator, method)(self._X)
        said = self._said[method]
        if isinstance(said, list):  # one table for each output
            return [table[positions] for table in said]
        return take_rows(said, positions)
