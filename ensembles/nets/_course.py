"""The callback that sets the learning rate of a run and looks at weights on its way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from skorch.callbacks import Callback

from ensembles.nets._weights import optimizers_of

__all__ = ["Course"]


class Course(Callback, ABC):
    """In charge of a run's learning rate.

    Iterations are counted here, one for each training minibatch, because skorch's own
    schedulers count epochs when training is resumed. The optimiser keeps its state
    (momentum, second moments); only the rate is set.

    Attributes
    ----------
    n_iterations_ : int
        Iterations that are planned; zero before the first of them.
    iteration_ : int
        Number of iterations so far.
    dataset_ : Dataset
        Rows that are trained on.
    """

    n_iterations_: int
    iteration_: int
    dataset_: Any

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an earlier training."""
        self.n_iterations_ = self.iteration_ = 0
        self.rates_: list[float] = []

    def on_epoch_begin(
        self,
        net: Any,
        dataset_train: Any = None,
        dataset_valid: Any = None,
        **kwargs: Any,
    ) -> None:
        """Take note of which rows are trained on."""
        self.dataset_ = dataset_train

    def on_batch_begin(
        self, net: Any, batch: Any = None, training: bool | None = False, **kwargs: Any
    ) -> None:
        """Set the learning rates of the iteration that begins."""
        if not training:
            return
        if not self.n_iterations_:
            self._plan_run(net)
        self.iteration_ += 1
        if self.iteration_ > self.n_iterations_:
            raise RuntimeError(
                f"{type(self).__name__} has planned {self.n_iterations_} iterations, "
                "max_epochs times the number of batches, and training goes on. Set "
                "max_epochs to the epochs of the run instead of passing epochs to fit."
            )
        factor = self._factor(self.iteration_)
        # Groups with a rate of their own keep their ratio.
        for group, own in zip(_parameter_groups(net), self.rates_, strict=True):
            group["lr"] = own * factor

    def on_train_end(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Put the rates back, for a training after this one."""
        for group, own in zip(_parameter_groups(net), self.rates_, strict=False):
            group["lr"] = own

    def _plan_run(self, net: Any) -> None:
        """Plan once all callbacks have begun: one of them may look for the rate."""
        n_batches = len(net.get_iterator(self.dataset_, training=True))
        n_iterations = net.max_epochs * n_batches
        self._plan(n_iterations, n_batches, float(net.optimizer_.defaults["lr"]))
        self.n_iterations_ = n_iterations
        self.rates_ = [group["lr"] for group in _parameter_groups(net)]

    def on_batch_end(
        self, net: Any, batch: Any = None, training: bool | None = False, **kwargs: Any
    ) -> None:
        """Look at the weights after an iteration."""
        if training:
            self._look(net)

    @abstractmethod
    def _plan(self, n_iterations: int, n_batches: int, rate: float) -> None:
        """Take note of how long the run is, and of the optimiser's own rate.

        Raises
        ------
        ValueError
            If the run is too short, or rates contradict one another.
        """

    @abstractmethod
    def _factor(self, iteration: int) -> float:
        """What rates are multiplied by in an iteration, counted from one."""

    @abstractmethod
    def _look(self, net: Any) -> None:
        """Keep of the weights what is wanted after `iteration_` iterations."""


def _parameter_groups(net: Any) -> list[dict[str, Any]]:
    """Parameter groups of all optimisers of a net."""
    return [group for one in optimizers_of(net) for group in one.param_groups]
