"""Courses that come near several minima and copy the weights there."""

from __future__ import annotations

from typing import Any, final

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
    """Let the learning rate fall along cosines and keep the weights at their ends.

    Parameters
    ----------
    n_cycles : int, default=5
        Number of cycles M.
    lr_max : float or None, default=None
        Rate in the first iteration of a cycle of a parameter group that has the
        optimiser's own rate; None takes that rate.
    lr_min : float, default=0.0
        Rate that a cycle falls towards.
    """

    def __init__(
        self, n_cycles: int = 5, lr_max: float | None = None, lr_min: float = 0.0
    ) -> None:
        self.n_cycles = n_cycles
        self.lr_max = lr_max
        self.lr_min = lr_min

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
        self._low, self._high = self.lr_min / rate, highest / rate

    def _factor(self, iteration: int) -> float:
        share = cosine_share(iteration, self.collected_)
        return self._low + (self._high - self._low) * share


@final
class TriangleCycle(CollectingCourse):
    """Train as usual at first, then let the rate rise and fall; copy at its lowest.

    Parameters
    ----------
    n_cycles : int, default=5
        How often the weights are copied.
    pretrain : float, default=0.8
        Share of the iterations before the first cycle. The rate is held there for half
        of the whole run, and then falls in a straight line.
    lr_1 : float or None, default=None
        Highest rate of a cycle; None is half of the optimiser's.
    lr_2 : float or None, default=None
        Lowest rate of a cycle; None is a hundredth of the optimiser's.
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
        self._turns = [start, *(start + end for end in halves)]
        self.collected_ = self._turns[1::2]
        self._total = n_iterations
        self._low, self._high = lr_2 / rate, lr_1 / rate

    def _factor(self, iteration: int) -> float:
        if iteration <= self._turns[0]:
            return held_then_falling((iteration - 1) / self._total, _FLOOR)
        share = triangle_share(iteration, self._turns)
        return self._low + (self._high - self._low) * share
