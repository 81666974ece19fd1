"""How the error of a replicate moves with the weights of the rows it is tested on.

The variance of a mean over replicates needs it. A score that is no mean over rows is
linearised: with W the sum of the weights out-of-bag, row i has the pseudo-value

    Q_i = error + (W / w_i) d error / d log w_i,

whose weighted mean over rows is the error. In place of losses they give the variance as
losses do. Where there is no cheap way to the derivative of each row, the rows are dealt
into folds that are moved as wholes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._refits._draws import Draws
from ensembles.inference._refits._out_of_bag import (
    OutOfBag,
    mean_over_replicates,
    mean_over_rows,
)

__all__ = [
    "MAX_LABELS",
    "FoldVariation",
    "NoVariation",
    "RowVariation",
    "Scored",
    "Variation",
    "slopes_of_auc",
    "slopes_of_cells",
]

# Labels that are moved one by one; of more, parts of their ranks are.
MAX_LABELS = 10
_N_RANKS = 6
# Parts that the units are dealt into.
_MAX_FOLDS = 25
# Replicates in which they are moved; a call of a scorer takes a millisecond.
_MAX_MOVED = 20
# Folds are moved up by this share.
_STEP_OF_FOLDS = 0.5
# Cells by little, for a derivative; six digits of it are left.
_STEP_OF_CELLS = 1e-5


@dataclass(frozen=True, slots=True)
class Scored:
    """A replicate with the error on its rows out-of-bag."""

    number: int
    rows: IntArray
    weights: FloatArray
    """Shape (n_out_of_bag,)."""
    error: float
    ask: Callable[[FloatArray], float]
    """Error with other weights."""
    codes: IntArray | None
    """Class of each row, of a classifier."""
    said: Callable[[], NDArray[Any]]
    """The predictions that the error is made of."""


class Variation(ABC):
    """What replicates remember of it, and the error of all with its variance."""

    @abstractmethod
    def of_replicate(self, scored: Scored) -> FloatArray:
        """What one replicate remembers, shape (n_remembered,)."""

    @abstractmethod
    def summary(
        self, draws: Draws, errors: FloatArray, remembered: Sequence[FloatArray]
    ) -> OutOfBag:
        """Mean of the errors of replicates."""

    def over(self, draws: Draws, codes: IntArray | None) -> Variation:
        """The variation told what the independent units are."""
        return self


@final
class NoVariation(Variation):
    """For scorers that take no weights, or move with them by leaps."""

    def of_replicate(self, scored: Scored) -> FloatArray:
        """Nothing."""
        return np.empty(0)

    def summary(
        self, draws: Draws, errors: FloatArray, remembered: Sequence[FloatArray]
    ) -> OutOfBag:
        """Without a variance."""
        return OutOfBag(float(errors.mean()), errors, None)


@final
@dataclass(frozen=True)
class RowVariation(Variation):
    """Pseudo-values of rows."""

    slopes: Callable[[Scored], FloatArray]
    """(W / w_i) d error / d log w_i of each row out-of-bag."""
    weights: FloatArray
    """Of all rows, shape (n_samples,)."""

    def of_replicate(self, scored: Scored) -> FloatArray:
        """Pseudo-values."""
        return scored.error + self.slopes(scored)

    def summary(
        self, draws: Draws, errors: FloatArray, remembered: Sequence[FloatArray]
    ) -> OutOfBag:
        """With the variance of the mean of pseudo-values."""
        by_row = mean_over_rows(draws, remembered, self.weights)
        return OutOfBag(float(errors.mean()), errors, by_row.variance)


def slopes_of_auc(scored: Scored) -> FloatArray:
    """Slopes of minus the area under the curve, from how often each row wins.

    A row of the second class wins over those of the first that are said less, half over
    equals; its weight moves the area by its wins less the area. E. R. DeLong, D. M.
    DeLong, D. L. Clarke-Pearson, Biometrics 44(3), 837-845, 1988.
    """
    w, said = scored.weights, scored.said()
    positive = scored.codes == 1
    wins = np.empty(len(said))
    wins[positive] = _share_below(said[positive], said[~positive], w[~positive])
    wins[~positive] = 1 - _share_below(said[~positive], said[positive], w[positive])
    of_class = np.where(positive, w[positive].sum(), w[~positive].sum())
    return np.asarray(-(wins + scored.error) * w.sum() / of_class)


def _share_below(
    values: FloatArray, others: FloatArray, weights: FloatArray
) -> FloatArray:
    """Weighted share of the others below each value, equals by half."""
    order = np.argsort(others)
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    below = np.searchsorted(others[order], values, side="left")
    upto = np.searchsorted(others[order], values, side="right")
    return np.asarray((sums[below] + sums[upto]) / (2 * sums[-1]))


def slopes_of_cells(scored: Scored) -> FloatArray:
    """Slopes of a score of labels: rows of one class and one label share theirs.

    Of values, rows of one class near one another in rank nearly do.
    """
    w = scored.weights
    said = scored.said()
    values, labels = np.unique(said, return_inverse=True)
    if len(values) > MAX_LABELS:
        labels = np.argsort(np.argsort(said)) * _N_RANKS // len(said)
    cells = scored.codes * (labels.max() + 1) + labels
    slopes = np.zeros(len(w))
    for cell in np.unique(cells):
        mine = cells == cell
        mass = w[mine].sum()
        if mass > 0:
            moved = scored.ask(np.where(mine, w * (1 + _STEP_OF_CELLS), w))
            by_log_weight = (moved - scored.error) / _STEP_OF_CELLS
            slopes[mine] = by_log_weight * w.sum() / mass
    return slopes


@final
@dataclass(frozen=True)
class FoldVariation(Variation):
    """Moves of folds, in a few replicates."""

    folds: IntArray | None = None
    """Fold of each row, units whole."""

    def over(self, draws: Draws, codes: IntArray | None) -> Variation:
        """Deal the units into folds at random, classes evenly."""
        if draws.units is None:
            return NoVariation()
        _, first = np.unique(draws.units, return_index=True)
        n_folds = min(_MAX_FOLDS, len(first))
        seed = np.random.SeedSequence(draws.entropy, spawn_key=(0, 0, 0))
        order = np.random.default_rng(seed).permutation(len(first))
        if codes is not None:
            order = order[np.argsort(codes[first[order]], kind="stable")]
        dealt = np.empty(len(first), dtype=np.intp)
        dealt[order] = np.arange(len(first)) % n_folds
        return replace(self, folds=dealt[draws.units])

    def of_replicate(self, scored: Scored) -> FloatArray:
        """Derivative by the log weight of each fold."""
        if self.folds is None or scored.number >= _MAX_MOVED:
            return np.empty(0)
        w = scored.weights
        mine = self.folds[scored.rows]
        steps = np.eye(int(self.folds.max()) + 1)[mine] * _STEP_OF_FOLDS
        moved = np.array([scored.ask(w * (1 + step)) for step in steps.T])
        return np.asarray((moved - scored.error) / _STEP_OF_FOLDS)

    def summary(
        self, draws: Draws, errors: FloatArray, remembered: Sequence[FloatArray]
    ) -> OutOfBag:
        """With the variance from the moves of folds."""
        moves = [of_one for of_one in remembered if len(of_one)]
        if not moves or self.folds is None:
            return OutOfBag(float(errors.mean()), errors, None)
        return mean_over_replicates(draws, errors, np.array(moves), self.folds)
