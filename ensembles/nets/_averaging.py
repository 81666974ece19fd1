"""The course along which weights are averaged."""

from __future__ import annotations

from typing import Any, Literal, final

from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

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
    averages_ : dict of str to AveragedModel
        Of each module of the net; empty before the first look.
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
        self.averages_: dict[str, AveragedModel] = {}
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
        if not self.averages_:
            ema: Any = get_ema_avg_fn(self.decay)  # type: ignore[no-untyped-call]
            rule = _equal if self.average == "equal" else ema
            self.averages_ = {
                name: AveragedModel(module, avg_fn=rule)
                for name, module in modules_of(net)
                if next(module.parameters(), None) is not None
            }
        for name, average in self.averages_.items():
            average.update_parameters(getattr(net, name))
        self.n_averaged_ += 1


def _equal(mean: Any, new: Any, n_averaged: Any) -> Any:
    """The mean with one more; torch's own divides in single precision."""
    return mean + (new - mean) / (int(n_averaged) + 1)
