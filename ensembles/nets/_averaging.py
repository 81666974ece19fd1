"""The course along which weights are averaged."""

from __future__ import annotations

from typing import Any, Literal, final

import torch

from ensembles.nets._course import Course
from ensembles.nets._schedules import held_then_falling
from ensembles.nets._weights import modules_of

__all__ = ["AveragingCourse"]

# Of the optimiser's rate, where none is given for the iterations that are averaged.
_RATE = 0.5


@final
class AveragingCourse(Course):
    """Train as usual at first, then go on at a constant rate and average the weights.

    Parameters
    ----------
    start : float, default=0.75
        Share of the iterations before the first average. The rate is held for half of
        these, falls in a straight line up to nine tenths of them, and stays.
    swa_lr : float or None, default=None
        Rate from there on; None is half of the optimiser's.
    average : {"equal", "ema"}, default="equal"
        Whether all weights count the same, or the older ones ever less.
    every : int or None, default=None
        Iterations from one look at the weights to the next. None is an epoch for
        "equal" and one for "ema".
    decay : float, default=0.99
        What the average is multiplied by at each look, for "ema".

    Attributes
    ----------
    means_ : dict of str to dict of str to Tensor
        Of the parameters of each module of the net; empty before the first look.
    n_averaged_ : int
        How many weights have been averaged.
    """

    def __init__(
        self,
        start: float = 0.75,
        swa_lr: float | None = None,
        average: Literal["equal", "ema"] = "equal",
        every: int | None = None,
        decay: float = 0.99,
    ) -> None:
        self.start = start
        self.swa_lr = swa_lr
        self.average = average
        self.every = every
        self.decay = decay

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an earlier training."""
        super().on_train_begin(net, X, y, **kwargs)
        self.means_: dict[str, dict[str, torch.Tensor]] = {}
        self.n_averaged_ = 0

    def _plan(self, n_iterations: int, n_batches: int, rate: float) -> None:
        self._step = self.every
        if self._step is None:
            self._step = n_batches if self.average == "equal" else 1
        # The last weights count however short the run is.
        self._first = min(round(self.start * n_iterations), n_iterations - 1)
        self._end = _RATE if self.swa_lr is None else self.swa_lr / rate

    def _factor(self, iteration: int) -> float:
        if iteration > self._first:
            return self._end
        return held_then_falling((iteration - 1) / self._first, self._end)

    def _look(self, net: Any) -> None:
        left = self.n_iterations_ - self.iteration_
        assert self._step is not None
        if self.iteration_ <= self._first or left % self._step:
            return
        self.n_averaged_ += 1
        for name, module in modules_of(net):
            means = self.means_.setdefault(name, {})
            for key, parameter in module.named_parameters():
                weights = parameter.detach()
                if key in means:
                    means[key] += self._share() * (weights - means[key])
                else:
                    means[key] = weights.clone()

    def _share(self) -> float:
        """How far the mean moves towards the weights at hand."""
        if self.average == "equal":
            return 1.0 / self.n_averaged_
        return 1.0 - self.decay

    def put_into(self, net: Any) -> None:
        """Give a net the means as its weights."""
        with torch.no_grad():
            for name, module in modules_of(net):
                for key, parameter in module.named_parameters():
                    parameter.copy_(self.means_[name][key])
