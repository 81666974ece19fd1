"""The course along which weights are averaged."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, final

import torch

from ensembles._validation import (
    check_count,
    check_positive,
    check_share,
)
from ensembles.nets._course import Course
from ensembles.nets._schedules import held_then_falling
from ensembles.nets._weights import modules_of

__all__ = [
    "AveragingCourse",
    "BaseAveragingCourse",
    "Named",
    "check_averaging",
    "named_parameters_of",
]

# Of parameters, by the names of module and parameter.
Named: TypeAlias = dict[tuple[str, str], torch.Tensor]

# Of the optimiser's rate, where none is given for the iterations that are averaged.
_RATE = 0.5


class BaseAveragingCourse(Course):
    """Train as usual at first, then go on at a constant rate and take up the weights.

    Parameters
    ----------
    start : float
        Share of the iterations before the first weights that count. The rate is held
        for half of these, falls in a straight line up to nine tenths of them, and
        stays.
    swa_lr : float or None
        Rate from there on; None is half of the optimiser's.
    every : int or None
        Iterations from one look at the weights to the next; None is an epoch.

    Attributes
    ----------
    n_averaged_ : int
        How many weights have been taken up.
    means_ : dict of Tensor
        Of the parameters, by the names of module and parameter; empty before the first
        look.
    """

    def __init__(self, start: float, swa_lr: float | None, every: int | None) -> None:
        self.start = start
        self.swa_lr = swa_lr
        self.every = every

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an earlier training."""
        super().on_train_begin(net, X, y, **kwargs)
        self.n_averaged_ = 0
        self.means_: Named = {}

    def _plan(self, n_iterations: int, n_batches: int, rate: float) -> None:
        self._step = n_batches if self.every is None else self.every
        # The last weights count however short the run is.
        self._first = min(round(self.start * n_iterations), n_iterations - 1)
        self._end = _RATE if self.swa_lr is None else self.swa_lr / rate

    def _factor(self, iteration: int) -> float:
        if iteration > self._first:
            return self._end
        return held_then_falling((iteration - 1) / self._first, self._end)

    def _look(self, net: Any) -> None:
        left = self.n_iterations_ - self.iteration_
        if self.iteration_ > self._first and left % self._step == 0:
            self.n_averaged_ += 1
            self._take_up(net)

    @abstractmethod
    def _take_up(self, net: Any) -> None:
        """Let the weights at hand, the `n_averaged_`-th, count."""

    def put_into(self, net: Any) -> None:
        """Give a net the means as its weights."""
        with torch.no_grad():
            for name, parameter in named_parameters_of(net):
                parameter.copy_(self.means_[name])


def check_averaging(owner: Any) -> None:
    """Raise unless `start`, `swa_lr` and `every` of an estimator may be a course's."""
    check_share(owner, "start", owner.start)
    check_positive(owner, "swa_lr", owner.swa_lr, none=True)
    check_count(owner, "every", owner.every, none=True)


def named_parameters_of(net: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """Parameters of all modules of a net, by the names of both."""
    for name, module in modules_of(net):
        for key, parameter in module.named_parameters():
            yield (name, key), parameter


@final
class AveragingCourse(BaseAveragingCourse):
    """Average the weights, all alike or the last ones most.

    Parameters
    ----------
    start : float, default=0.75
        As of `BaseAveragingCourse`.
    swa_lr : float or None, default=None
        The same.
    average : {"equal", "ema"}, default="equal"
        Whether all weights count the same, or the older ones ever less.
    every : int or None, default=None
        Iterations from one look at the weights to the next. None is an epoch for
        "equal" and one for "ema".
    decay : float, default=0.99
        What the average is multiplied by at each look, for "ema".
    """

    def __init__(
        self,
        start: float = 0.75,
        swa_lr: float | None = None,
        average: Literal["equal", "ema"] = "equal",
        every: int | None = None,
        decay: float = 0.99,
    ) -> None:
        super().__init__(start, swa_lr, every)
        self.average = average
        self.decay = decay

    def _plan(self, n_iterations: int, n_batches: int, rate: float) -> None:
        super()._plan(n_iterations, n_batches, rate)
        if self.every is None and self.average == "ema":
            self._step = 1

    def _take_up(self, net: Any) -> None:
        for name, parameter in named_parameters_of(net):
            weights = parameter.detach()
            if name in self.means_:
                self.means_[name] += self._share() * (weights - self.means_[name])
            else:
                self.means_[name] = weights.clone()

    def _share(self) -> float:
        """How far the mean moves towards the weights at hand."""
        if self.average == "equal":
            return 1.0 / self.n_averaged_
        return 1.0 - self.decay
