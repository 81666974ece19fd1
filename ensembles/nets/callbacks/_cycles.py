"""Learning rates in cycles, and the weights at their ends."""

from __future__ import annotations

from typing import Any, final

from ensembles._validation import check_count, check_positive, check_share
from ensembles.nets._course import Course
from ensembles.nets._schedules import (
    cosine_share,
    cycle_ends,
    held_then_falling,
    triangle_share,
)
from ensembles.nets._weights import Snapshot, take_snapshot

__all__ = ["CollectingCourse", "CyclicCosine", "TriangleCycle"]

# Of the optimiser's rate: the lowest before the cycles of a triangle, and the bounds of
# these where none are given.
_FLOOR, _HIGHEST, _LOWEST = 0.01, 0.5, 0.01


class CollectingCourse(Course):
    """Copies the weights after some of the iterations.

    Attributes
    ----------
    collected_ : list of int
        Iterations after which weights are copied, counted from one; empty before the
        first epoch.
    snapshots_ : list of dict
        Weights and buffers that have been copied, on the CPU.
    """

    collected_: list[int]
    snapshots_: list[Snapshot]

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an earlier training."""
        super().on_train_begin(net, X, y, **kwargs)
        self.collected_, self.snapshots_ = [], []

    def _look(self, net: Any) -> None:
        if self.iteration_ in self.collected_:
            self.snapshots_.append(take_snapshot(net))


@final
class CyclicCosine(CollectingCourse):
    r"""Lets the learning rate fall along cosines and keeps the weights at their ends.

    For a skorch net of one's own: in cycles for snapshots, or with ``n_cycles=1`` as
    the schedule that is hard to beat, which knows from the net how many iterations
    there are. Snapshots as an ensemble that predicts are
    :class:`ensembles.nets.SnapshotEnsembleClassifier`. Not together with another
    schedule in the same net, nor with early stopping, which ends on high rates.

    Parameters
    ----------
    n_cycles : int, default=5
        Number of cycles M, of equal length as far as whole iterations allow.
    lr_max : float or None, default=None
        Rate in the first iteration of a cycle. None is the net's own. Parameter groups
        with a rate of their own keep their ratio.
    lr_min : float, default=0.0
        Rate that a cycle falls towards.

    Attributes
    ----------
    collected_ : list of int
        Last iteration of each cycle, counted from one.
    snapshots_ : list of dict
        Weights after each of these, on the CPU: the state dict of each module of the
        net.
    iteration_ : int
        Number of iterations so far.
    n_iterations_ : int
        Number of iterations of the run: ``max_epochs`` times batches.
    dataset_ : Dataset
        Rows that are trained on.

    Raises
    ------
    ValueError
        If a parameter is not allowed, or there are fewer iterations than cycles.

    See Also
    --------
    TriangleCycle : Short cycles at the end of a run.

    Notes
    -----
    Iteration :math:`t` of a cycle of :math:`L` has the rate

    .. math:: \eta_{\min} + (\eta_{\max} - \eta_{\min})
        \frac{\cos(\pi (t - 1) / L) + 1}{2} .

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger,
       "Snapshot ensembles: train 1, get M for free", ICLR, 2017, equation 2.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.nets.callbacks import CyclicCosine
    >>> from skorch import NeuralNetRegressor
    >>> from torch import nn
    >>> X, y = np.ones((20, 2), np.float32), np.ones((20, 1), np.float32)
    >>> net = NeuralNetRegressor(
    ...     nn.Linear,
    ...     module__in_features=2,
    ...     module__out_features=1,
    ...     batch_size=5,
    ...     callbacks=[CyclicCosine(3)],
    ...     max_epochs=6,
    ...     train_split=None,
    ...     verbose=0,
    ... ).fit(X, y)
    >>> cosine = net.callbacks[0]
    >>> cosine.collected_, len(cosine.snapshots_)
    ([8, 16, 24], 3)
    """

    def __init__(
        self, n_cycles: int = 5, lr_max: float | None = None, lr_min: float = 0.0
    ) -> None:
        self.n_cycles = n_cycles
        self.lr_max = lr_max
        self.lr_min = lr_min

    def initialize(self) -> CyclicCosine:
        """Check the parameters.

        Returns
        -------
        CyclicCosine
            Itself.
        """
        check_count(self, "n_cycles", self.n_cycles)
        check_positive(self, "lr_max", self.lr_max, none=True)
        check_positive(self, "lr_min", self.lr_min, zero=True)
        return self

    def _plan(self, n_iterations: int, n_batches: int, rate: float) -> None:
        highest = rate if self.lr_max is None else self.lr_max
        if self.lr_min > highest:
            raise ValueError(
                f"lr_min={self.lr_min} is above the highest learning rate of a cycle, "
                f"{highest}. Lower lr_min or raise lr_max."
            )
        self.collected_ = cycle_ends(n_iterations, self.n_cycles)
        # Ratios: with lr_max=None the upper is 1, and a group's own rate stays what it
        # is to the last bit.
        self.low_, self.high_ = self.lr_min / rate, highest / rate

    def _factor(self, iteration: int) -> float:
        share = cosine_share(iteration, self.collected_)
        return self.low_ + (self.high_ - self.low_) * share


@final
class TriangleCycle(CollectingCourse):
    """Lets the rate rise and fall near the end, and keeps the weights at its lowest.

    For a skorch net of one's own; the mean of what the copies predict is
    :class:`ensembles.nets.FastGeometricEnsembleClassifier`. Not together with another
    schedule in the same net, nor with early stopping.

    Parameters
    ----------
    n_cycles : int, default=5
        How often the weights are copied.
    pretrain : float, default=0.8
        Share of the iterations before the first cycle, in [0, 1). The rate is held
        there for half of the whole run, and then falls in a straight line.
    lr_1 : float or None, default=None
        Highest rate of a cycle. None is half of the net's.
    lr_2 : float or None, default=None
        Lowest rate of a cycle. None is a hundredth of the net's.

    Attributes
    ----------
    collected_ : list of int
        Iterations with the lowest rates, counted from one.
    snapshots_ : list of dict
        Weights after each of these, on the CPU: the state dict of each module of the
        net.
    iteration_ : int
        Number of iterations so far.
    n_iterations_ : int
        Number of iterations of the run: ``max_epochs`` times batches.
    dataset_ : Dataset
        Rows that are trained on.

    Raises
    ------
    ValueError
        If a parameter is not allowed, or there are too few iterations.

    See Also
    --------
    CyclicCosine : Cycles over the whole run.

    References
    ----------
    .. [1] T. Garipov, P. Izmailov, D. Podoprikhin, D. Vetrov, A. G. Wilson, "Loss
       surfaces, mode connectivity, and fast ensembling of DNNs", NeurIPS, 2018,
       section 5.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.nets.callbacks import TriangleCycle
    >>> from skorch import NeuralNetRegressor
    >>> from torch import nn
    >>> X, y = np.ones((20, 2), np.float32), np.ones((20, 1), np.float32)
    >>> net = NeuralNetRegressor(
    ...     nn.Linear,
    ...     module__in_features=2,
    ...     module__out_features=1,
    ...     batch_size=5,
    ...     callbacks=[TriangleCycle(3)],
    ...     max_epochs=10,
    ...     train_split=None,
    ...     verbose=0,
    ... ).fit(X, y)
    >>> net.callbacks[0].collected_
    [34, 37, 40]
    """

    def __init__(
        self,
        n_cycles: int = 5,
        pretrain: float = 0.8,
        lr_1: float | None = None,
        lr_2: float | None = None,
    ) -> None:
        self.n_cycles = n_cycles
        self.pretrain = pretrain
        self.lr_1 = lr_1
        self.lr_2 = lr_2

    def initialize(self) -> TriangleCycle:
        """Check the parameters.

        Returns
        -------
        TriangleCycle
            Itself.
        """
        check_count(self, "n_cycles", self.n_cycles)
        check_share(self, "pretrain", self.pretrain)
        check_positive(self, "lr_1", self.lr_1, none=True)
        check_positive(self, "lr_2", self.lr_2, none=True)
        return self

    def _plan(self, n_iterations: int, n_batches: int, rate: float) -> None:
        lr_1 = _HIGHEST * rate if self.lr_1 is None else self.lr_1
        lr_2 = _LOWEST * rate if self.lr_2 is None else self.lr_2
        if lr_2 > lr_1:
            raise ValueError(
                f"lr_2={lr_2} is above the highest learning rate of a cycle, "
                f"lr_1={lr_1}. Lower lr_2 or raise lr_1."
            )
        start = round(self.pretrain * n_iterations)
        # A cycle falls and rises; the last one ends where it is lowest.
        n_halves, n_left = 2 * self.n_cycles - 1, n_iterations - start
        if n_left < n_halves:
            raise ValueError(
                f"{self.n_cycles} cycles need at least {n_halves} iterations, and of "
                f"{n_iterations} there are {n_left} left after pretrain="
                f"{self.pretrain}. Try more epochs, smaller batches, fewer members or "
                "a smaller pretrain."
            )
        halves = cycle_ends(n_left, n_halves)
        self.turns_ = [start, *(start + end for end in halves)]
        self.collected_ = self.turns_[1::2]
        self.total_ = n_iterations
        self.low_, self.high_ = lr_2 / rate, lr_1 / rate

    def _factor(self, iteration: int) -> float:
        if iteration <= self.turns_[0]:
            return held_then_falling((iteration - 1) / self.total_, _FLOOR)
        share = triangle_share(iteration, self.turns_)
        return self.low_ + (self.high_ - self.low_) * share
