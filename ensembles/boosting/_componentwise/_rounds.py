"""Rounds of componentwise boosting."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from ensembles._typing import FloatArray
from ensembles.boosting._componentwise._pool import Pick, Pool, PoolRows
from ensembles.boosting._line_search import Line, best_length, halved_length
from ensembles.boosting._outputs import as_loss_takes
from ensembles.boosting._samples import Sample
from ensembles.losses import Loss

__all__ = ["Round", "Rounds", "add_round"]

_TINY = float(np.finfo(np.float64).tiny)


class Round(NamedTuple):
    """What a round adds to raw predictions, by their number."""

    picks: tuple[Pick | None, ...]
    """Steps of learners, learning rate and length included; None for no step."""
    shifts: FloatArray
    """Steps of the constant, (n_raw,)."""


def add_round(one: Round, rows: PoolRows, raw: FloatArray) -> None:
    """Add a round to raw predictions of rows, (n_raw, n_rows)."""
    for k, pick in enumerate(one.picks):
        if pick is not None:
            raw[k] += rows.answer(pick)
        raw[k] += one.shifts[k]


@final
class Rounds:
    """Boosts raw predictions of training rows, one round after the other.

    P. Bühlmann, B. Yu, "Boosting with the L2 loss: regression and classification",
    Journal of the American Statistical Association 98(462), 2003, section 2: a learner
    is fitted to the negative gradient by least squares, and a part of it added.

    Parameters
    ----------
    loss : Loss
        What is to fall.
    pool : Pool
        Learners.
    sample : Sample
        Training rows.
    learning_rate : float
        What steps are multiplied by.
    """

    def __init__(
        self, loss: Loss, pool: Pool, sample: Sample, learning_rate: float
    ) -> None:
        self._loss, self._pool, self._learning_rate = loss, pool, learning_rate
        self._y, self._weights = sample.y, sample.weights
        self._rows = pool.rows(sample.X)
        self.raw = np.zeros((loss.n_raw, len(sample.y)))

    def start(self, initial: FloatArray) -> None:
        """Start from a constant for each raw prediction."""
        self.raw[:] = initial[:, None]

    def add(self, one: Round) -> None:
        """Go through a round that is known."""
        add_round(one, self._rows, self.raw)

    def mean_loss(self) -> float:
        """Mean loss of the training rows."""
        return self._loss.mean(self._y, as_loss_takes(self.raw), self._weights)

    def boost(self) -> Round | None:
        """Take a step; None where no learner has one to offer.

        Raises
        ------
        FloatingPointError
            If gradients are not finite.
        """
        raw = as_loss_takes(self.raw)
        loss = self._loss.adapted(self._y, raw, self._weights)
        gradient, hessian = np.empty_like(self.raw), np.ones_like(self.raw)
        loss.gradient_hessian(
            self._y, raw, as_loss_takes(gradient), as_loss_takes(hessian)
        )
        if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
            raise FloatingPointError("Gradients or hessians are not finite")
        line = Line(
            loss, self._y, self.raw, gradient, hessian, self._weights, slice(None)
        )
        steps = [self._step(line, k) for k in range(len(self.raw))]
        if not any(pick is not None or shift for pick, shift in steps):
            return None
        return Round(
            tuple(pick for pick, _ in steps), np.array([shift for _, shift in steps])
        )

    def _step(self, line: Line, k: int) -> tuple[Pick | None, float]:
        """A step of one raw prediction, which is added to it."""
        weights = self._weights
        curvature = self._curvature(line, k)
        residuals = -line.gradient[k] / curvature
        shift = float(np.average(residuals, weights=weights))
        residuals -= shift
        if weights is not None:
            residuals *= weights
        pick = self._pool.best(self._rows, residuals)
        answer = np.zeros(0) if pick is None else self._rows.answer(pick)
        step = np.full(len(residuals), shift) if pick is None else answer + shift
        length = self._learning_rate * self._length(line, k, step)
        if length == 0.0:
            return None, 0.0
        if pick is not None:
            coefficients = length * pick.coefficients
            gain = curvature**2 * pick.gain  # of gradients
            pick = pick._replace(coefficients=coefficients, gain=gain)
        one = Round((pick,), np.array([length * shift]))
        add_round(one, self._rows, self.raw[k : k + 1])
        return pick, length * shift

    def _curvature(self, line: Line, k: int) -> float:
        """What gradients are divided by to be steps.

        Where the loss has no bend, steps are as long as residuals on average.
        """
        weights = self._weights
        if line.loss.renews_leaves:
            pulls, far = np.abs(line.gradient[k]), np.abs(self._y - line.raw[k])
            pull, distance = (np.average(one, weights=weights) for one in (pulls, far))
            return max(float(pull), _TINY) / max(float(distance), _TINY)
        return max(float(np.average(line.hessian[k], weights=weights)), _TINY)

    def _length(self, line: Line, k: int, step: FloatArray) -> float:
        """How much of a step lowers the loss.

        Least squares is best itself where the hessian is one everywhere, and the loss
        has the bend that it says.
        """
        loss = line.loss
        if loss.has_constant_hessian and not loss.renews_leaves:
            return 1.0
        if loss.renews_leaves:
            return best_length(line, k, step)
        return halved_length(line, k, self._learning_rate * step)
