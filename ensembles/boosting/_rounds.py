"""Rounds of gradient boosting: raw predictions, and the trees that improve them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._crew import Crew
from ensembles.boosting._newton._grower import Growth, Limits, NewtonGrower
from ensembles.boosting._newton._tree import NewtonTree, packed
from ensembles.boosting._outputs import PerOutput, as_loss_takes
from ensembles.boosting._repeated import times_of
from ensembles.boosting._sampling import RowSampling
from ensembles.losses import Loss
from ensembles.trees import BinnedMatrix
from ensembles.trees._plain_random import STEP, word_of

__all__ = ["Rounds", "key_of"]

_TINY = float(np.finfo(np.float64).tiny)


@final
class Rounds:
    """Boosts raw predictions of training rows, one round after the other.

    Parameters
    ----------
    loss : Loss
        What is to fall.
    binned : BinnedMatrix
        Training rows.
    y : ndarray of shape (n_rows,) or (n_rows, n_raw)
        Targets.
    weights : ndarray of shape (n_rows,) or None
        How much each row counts.
    limits : Limits
        Of trees.
    sampling : RowSampling
        Which rows each round sees.
    learning_rate : float
        What leaves are multiplied by.
    sums : str
        How histograms are kept.
    crew : Crew
        Threads that share the trees of a round, or the work of one.
    bend : callable or None, default=None
        What becomes of the Newton steps of a raw prediction, by its number, in leaves;
        None takes them as they are.
    """

    def __init__(
        self,
        loss: Loss,
        binned: BinnedMatrix,
        y: FloatArray,
        weights: FloatArray | None,
        limits: Limits,
        sampling: RowSampling,
        learning_rate: float,
        sums: str,
        crew: Crew,
        bend: Callable[[int, FloatArray], FloatArray] | None = None,
    ) -> None:
        self.loss, self.y, self.weights = loss, y, weights
        self.binned, self._limits = binned, limits
        self._sampling, self._learning_rate = sampling, learning_rate
        self._times = times = times_of(weights)
        self._factors = weights if times is None else None
        shape = (loss.n_raw, len(binned))
        self.raw = np.zeros(shape)
        self._gradient, self._hessian = np.empty(shape), np.ones(shape)
        self._units = np.ones(loss.n_raw)
        one_each = loss.has_constant_hessian and self._factors is None
        one_each &= not sampling.weighs_rows
        several = loss.n_raw > 1
        # Each thread grows whole trees where there are several, else all share one.
        self._growers = [
            NewtonGrower(
                binned,
                limits,
                times,
                sums,
                counts_rows=one_each,
                crew=None if several else crew,
            )
            for _ in range(min(crew.n_threads, loss.n_raw) if several else 1)
        ]
        self._crew, self._bend = crew, bend

    def start(self, raw: FloatArray) -> None:
        """Go on from raw predictions, (n_raw, n_rows)."""
        self.raw[:] = raw

    def mean_loss(self) -> float:
        """Mean loss of the training rows."""
        return self.loss.mean(self.y, as_loss_takes(self.raw), self.weights)

    def boost(self, key: int) -> list[NewtonTree]:
        """Grow the trees of a round and add them to the raw predictions.

        Parameters
        ----------
        key : int
            All that is random follows from these 64 bits.

        Returns
        -------
        list of NewtonTree
            One for each raw prediction.

        Raises
        ------
        FloatingPointError
            If gradients are not finite.
        """
        raw = as_loss_takes(self.raw)
        loss = self.loss.adapted(self.y, raw, self.weights)
        gradient, hessian = self._gradient, self._hessian
        hessian.fill(1.0)
        loss.gradient_hessian(
            self.y, raw, as_loss_takes(gradient), as_loss_takes(hessian)
        )
        if self._factors is not None:
            gradient *= self._factors
            hessian *= self._factors
        if self._limits.in_mean_rows:
            means = np.average(hessian, axis=1, weights=self._times)
            self._units[:] = np.maximum(means, _TINY)
            gradient /= self._units[:, None]
            hessian /= self._units[:, None]
        sizes = gradient
        if self._sampling.weighs_rows and self._limits.in_mean_rows:
            sizes = gradient * np.sqrt(self._units)[:, None]
        rows, factors = self._sampling.draw(key_of(key, 0), sizes)
        if factors is not None:
            gradient[:, rows] *= factors
            hessian[:, rows] *= factors
        keys = [key_of(key, k + 1) for k in range(loss.n_raw)]

        def grow_share(worker: int) -> list[NewtonTree]:
            own, grower = range(worker, len(keys), n_workers), self._growers[worker]
            return [self._grow(grower, loss, k, keys[k], rows, factors) for k in own]

        n_workers = len(self._growers)
        shares = self._crew.run(grow_share, [(i,) for i in range(n_workers)])
        return [shares[k % n_workers][k // n_workers] for k in range(loss.n_raw)]

    def _grow(
        self,
        grower: NewtonGrower,
        loss: Loss,
        k: int,
        key: int,
        rows: IntArray | None,
        factors: FloatArray | None,
    ) -> NewtonTree:
        """Grow the tree of one raw prediction and add it to this."""
        growth = grower.grow(self._gradient[k], self._hessian[k], key, rows)
        if loss.renews_leaves and len(growth.nodes) > 1:
            steps = values = self._renewed(loss, k, growth, rows, factors)
        else:
            steps = values = growth.newton_values()
        if self._bend is not None:
            values = self._bend(k, values)
        values = values * self._learning_rate
        if not np.isfinite(values).all():
            raise FloatingPointError("Predictions of leaves are not finite")
        tree = growth.tree(values)
        if self._limits.in_mean_rows:
            tree = replace(tree, gains=tree.gains * self._units[k])
        if not self._limits.starts_best:
            tree = replace(tree, steps=steps, hessians=growth.sums[:, 1])
        if rows is None:
            growth.add_values(values, self.raw[k])
        else:  # rows that were not drawn fall into leaves too
            packed([tree], [0]).add_to(self.raw[k][:, None], self.binned)
        return tree

    def _renewed(
        self,
        loss: Loss,
        k: int,
        growth: Growth,
        rows: IntArray | None,
        factors: FloatArray | None,
    ) -> FloatArray:
        """What the loss says is best in each leaf."""
        y = self.y[:, k] if self.y.ndim == 2 else self.y
        weights = self.weights
        if factors is not None:
            weights = np.ones(len(y)) if weights is None else weights.copy()
            weights[rows] *= factors
        one = loss.losses[k] if isinstance(loss, PerOutput) else loss
        values = np.zeros(len(growth.nodes))
        # Bounds of trends follow from the values of nodes, as these do from their rows.
        is_free = self._limits.trends is None
        nodes = growth.leaves if is_free else np.arange(len(values))
        values[nodes] = one.leaf_values(
            y, self.raw[k], weights, growth.order, growth.bounds_of(nodes)
        )
        if is_free:
            return values
        return growth.kept_monotone(values, self._limits.trends)


def key_of(origin: int, number: int) -> int:
    """Key of a part by its number: of a round, of its rows, or of a tree."""
    return word_of(origin + STEP * (number + 1))
