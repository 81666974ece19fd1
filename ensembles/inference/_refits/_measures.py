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
from ensembles.inference._refits._draws import Draws
from ensembles.inference._refits._out_of_bag import OutOfBag, mean_over_rows
from ensembles.inference._refits._recorded import Recorded
from ensembles.inference._refits._refit import Fitted, Sample
from ensembles.inference._refits._row_loss import RowLoss, shifts
from ensembles.inference._refits._variation import Scored, Variation

__all__ = ["LossMeasure", "Measure", "ScoreMeasure"]

# Pairs of a prediction and a target that one call of a scorer gets at most.
_MAX_PAIRS = 10**6
# Predictions anew, as often as there are rows, where the scorer has to predict.
_MAX_PREDICTIONS = 20


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
        return mean_over_rows(draws, results, self.loss.weights, self.loss.influence)

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
    response: Any
    """Method of the estimator that it asks, or several to choose from."""
    variation: Variation

    n_classes_outside = 2

    @property
    def codes(self) -> IntArray | None:
        """Position of each row's class in `classes`, shape (n_samples,)."""
        if self.classes is None:
            return None
        return np.searchsorted(self.classes, self.y)

    def over(self, draws: Draws) -> Measure:
        """The measure with a variation that knows the units."""
        return replace(self, variation=self.variation.over(draws, self.codes))

    def outside(
        self, fitted: Fitted, sample: Sample, rows: IntArray, number: int
    ) -> FloatArray:
        """Error, then what the variation remembers."""
        seen, see = self._seen(fitted, sample.X, rows)
        ask = partial(
            self._error, seen, see, np.arange(len(rows)), take_rows(sample.y, rows)
        )
        own = None if self.weights is None else self.weights[rows]
        error = ask(own)
        codes = self.codes
        scored = Scored(
            number,
            rows,
            np.ones(len(rows)) if own is None else own,
            error,
            ask,
            None if codes is None else codes[rows],
            partial(self._said, seen, len(rows)),
        )
        return np.concatenate([[error], self.variation.of_replicate(scored)])

    def _said(self, seen: Estimator, n_rows: int) -> NDArray[Any]:
        """What the scorer was told: labels, or a value that grows with the class."""
        names = [self.response] if isinstance(self.response, str) else self.response
        name = next(name for name in names if hasattr(seen, name))
        said = np.asarray(getattr(seen, name)(np.arange(n_rows)))
        return said[:, 1] if name == "predict_proba" else said.ravel()

    def whole(self, fitted: Fitted, sample: Sample) -> tuple[float, float]:
        """Error on all rows, and on targets paired with predictions of other rows."""
        ask = partial(self._error, *self._seen(fitted, sample.X, None))
        n = len(self.y)
        apparent = ask(np.arange(n), sample.y, self.weights)
        codes = self.codes
        if self.classes is None or codes is None or not self.takes_weights:
            return apparent, ask(*self._pairs(n))
        return apparent, ask(*self._pairs_with_classes(self.classes, codes))

    def _pairs_with_classes(
        self, classes: NDArray[Any], codes: IntArray
    ) -> tuple[IntArray, NDArray[Any], FloatArray]:
        """Each prediction once with each class, weighted with the class's share."""
        n = len(codes)
        own = np.ones(n) if self.weights is None else self.weights
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

    def _seen(
        self, fitted: Fitted, X: Table, rows: IntArray | None
    ) -> tuple[Estimator, Callable[[IntArray], Table]]:
        """What the scorer asks, and what it gives it for positions among the rows."""
        if self.replays:
            return Recorded(fitted.estimator, fitted.table(X, rows)), np.asarray
        return fitted.estimator, lambda positions: fitted.table(
            X, positions if rows is None else rows[positions]
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
        return self.variation.summary(draws, errors, [one[1:] for one in results])

    def score(self, error: Any) -> Any:
        """Minus the error."""
        return -error

    def score_error(self, error: float, out_of_bag: OutOfBag) -> float | None:
        """That of the error out-of-bag: scores have no zero to be in proportion to."""
        if out_of_bag.variance is None:
            return None
        return math.sqrt(out_of_bag.variance)
