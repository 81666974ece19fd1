"""A test of learning rates before training begins, and the rate that it finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, LRScheduler
from skorch.history import History
from torch.nn.parameter import UninitializedParameter

from ensembles._ensemble._nets import still_torch
from ensembles._typing import FloatArray
from ensembles._validation import (
    check_count,
    check_positive,
    check_share,
    invalid_parameter,
    is_positive,
    is_real,
    require,
    warn_user,
)
from ensembles.nets._weights import load_snapshot, optimizers_of, take_snapshot

__all__ = ["LRFinder"]


@final
class LRFinder(Callback):
    """Tries learning rates before training, and trains with one that it finds good.

    Before the first epoch the rate climbs from step to step, and the loss falls for a
    while and then goes up. A tenth of the rate where it is lowest is taken; weights,
    the optimiser's state and torch's generators are put back, so that the net trains as
    if that rate had been given. Take it where there is no experience with a net; where
    there is, a search over a grid judges by held-out rows, and this by the first steps
    of training only.

    A schedule in the net (`LRScheduler`), or that of an ensemble, begins from the rate
    that was found. In a deep ensemble each member finds its own.

    Parameters
    ----------
    lr_min : float, default=1e-06
        Rate of the first step.
    lr_max : float, default=10.0
        Rate of the last step. Parameter groups with a rate of their own keep their
        ratio.
    n_steps : int, default=100
        Number of steps, each by a batch; rows are gone through again where there are
        fewer.
    smoothing : float, default=0.9
        How much of the mean of the losses so far is kept in a step, in [0, 1).
    stop : float, default=4.0
        The test ends where the mean is as many times its lowest.

    Attributes
    ----------
    lr_ : float
        The rate that was found.
    rates_ : ndarray of shape (n_tried,)
        Rates that were tried.
    losses_ : ndarray of shape (n_tried,)
        Smoothed losses of their batches, each before its step.

    Raises
    ------
    ValueError
        If a parameter is not allowed, before training.

    Warns
    -----
    UserWarning
        If the loss falls nowhere, in which case the rate is left as it is.

    See Also
    --------
    UpdateRatioMonitor : Says how far steps go with a rate.

    References
    ----------
    .. [1] L. N. Smith, "Cyclical learning rates for training neural networks", WACV,
       2017, section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from ensembles.nets.callbacks import LRFinder
    >>> from ensembles.nets.modules import MLP
    >>> from skorch import NeuralNetClassifier
    >>> from torch import nn, optim
    >>> X, y = load_digits(return_X_y=True)
    >>> finder = LRFinder()
    >>> net = NeuralNetClassifier(
    ...     MLP,
    ...     module__n_features=64,
    ...     module__n_outputs=10,
    ...     optimizer=optim.Adam,
    ...     lr=1e-6,
    ...     max_epochs=5,
    ...     criterion=nn.CrossEntropyLoss,
    ...     callbacks=[finder],
    ...     verbose=0,
    ...     iterator_train__shuffle=True,
    ... ).fit((X / 16).astype("float32"), y)
    >>> 0.005 < finder.lr_ < 0.1, bool(net.history[-1, "train_loss"] < 0.3)
    (True, True)
    """

    def __init__(
        self,
        lr_min: float = 1e-6,
        lr_max: float = 10.0,
        n_steps: int = 100,
        smoothing: float = 0.9,
        stop: float = 4.0,
    ) -> None:
        self.lr_min = lr_min
        self.lr_max = lr_max
        self.n_steps = n_steps
        self.smoothing = smoothing
        self.stop = stop

    def initialize(self) -> LRFinder:
        """Check the parameters.

        Returns
        -------
        LRFinder
            Itself.

        Raises
        ------
        InvalidParameterError
            If one is not allowed.
        """
        check_positive(self, "lr_min", self.lr_min)
        if not (is_positive(self.lr_max) and self.lr_max > self.lr_min):
            allowed = f"a float above lr_min, {self.lr_min}"
            raise invalid_parameter(self, "lr_max", self.lr_max, allowed)
        check_count(self, "n_steps", self.n_steps, low=10)
        check_share(self, "smoothing", self.smoothing)
        if not (is_real(self.stop) and self.stop > 1):
            allowed = "a float in the range (1.0, inf]"
            raise invalid_parameter(self, "stop", self.stop, allowed)
        return self

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an earlier test."""
        self.is_done_ = False

    def on_epoch_begin(
        self,
        net: Any,
        dataset_train: Any = None,
        dataset_valid: Any = None,
        **kwargs: Any,
    ) -> None:
        """Test rates before the first epoch."""
        if self.is_done_:
            return
        self.is_done_ = True
        optimizers = optimizers_of(net)
        _give_sizes(net, dataset_train)
        with still_torch(net.device), _put_back(net, optimizers):
            self.rates_, self.losses_ = self._tried(net, dataset_train)
        lowest = int(np.argmin(self.losses_)) if len(self.losses_) else 0
        if not lowest:
            self.lr_ = float(optimizers[0].defaults["lr"])
            warn_user(
                f"The loss falls at no learning rate from {self.lr_min} to "
                f"{self.lr_max}, so that LRFinder leaves it at {self.lr_}. Scale X, or "
                "try more steps."
            )
            return
        self.lr_ = float(self.rates_[lowest]) / 10.0
        _set_rate(optimizers, self.lr_)
        _begin_schedules_anew(net)

    def plot(self, ax: Any = None, **line_kwargs: Any) -> Any:
        """Draw the losses against the rates, and the rate that was taken.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **line_kwargs : object
            For ``Axes.plot``.

        Returns
        -------
        Axes
            Where it was drawn.

        Raises
        ------
        ValueError
            If no rates have been tried yet.
        """
        if not hasattr(self, "rates_"):
            raise ValueError(
                "No rates have been tried yet. Train a net with this callback; an "
                "ensemble trains with copies of it, and leaves this one as it is."
            )
        pyplot = require("matplotlib.pyplot", "plot", "LRFinder.plot")
        if ax is None:
            _, ax = pyplot.subplots(layout="constrained")
        ax.plot(self.rates_, self.losses_, **line_kwargs)
        label = f"taken: {self.lr_:.2g}"
        ax.axvline(self.lr_, color="0.5", linestyle="--", label=label)
        lowest = self.losses_.min()
        ax.set(xscale="log", xlabel="Learning rate", ylabel="Smoothed loss")
        # The last losses would press the rest flat.
        ax.set_ylim(top=lowest + 1.5 * (self.losses_[0] - lowest) + 1e-12)
        ax.legend()
        return ax

    def _tried(self, net: NeuralNet, dataset: Any) -> tuple[FloatArray, FloatArray]:
        """Rates, and smoothed losses before steps of these."""
        rates: FloatArray = np.geomspace(self.lr_min, self.lr_max, self.n_steps)
        optimizers = optimizers_of(net)
        batches = _round_and_round(net, dataset)
        total, losses = 0.0, []
        for step, rate in enumerate(rates, start=1):
            _set_rate(optimizers, rate)
            loss = net.train_step(next(batches))["loss"].item()
            total = self.smoothing * total + (1 - self.smoothing) * loss
            mean = total / (1 - self.smoothing**step)
            if not np.isfinite(mean):
                break
            losses.append(mean)
            # Losses may be negative, as those of densities are.
            fallen = losses[0] - min(losses)
            limit = min(losses) + (self.stop - 1) * max(abs(min(losses)), fallen)
            if mean > limit:
                break
        return rates[: len(losses)], np.array(losses)


@contextmanager
def _put_back(
    net: NeuralNet, optimizers: list[torch.optim.Optimizer]
) -> Iterator[None]:
    """Put weights and states of optimisers back to what they were."""
    weights = take_snapshot(net)
    rates = [one.defaults["lr"] for one in optimizers]
    # A state dict has the very tensors that steps write to.
    states = [_copied(one.state_dict()) for one in optimizers]
    try:
        yield
    finally:
        load_snapshot(net, weights)
        for optimizer, rate, state in zip(optimizers, rates, states, strict=True):
            optimizer.load_state_dict(state)
            optimizer.defaults["lr"] = rate
            optimizer.zero_grad()


def _give_sizes(net: NeuralNet, dataset: Any) -> None:
    """Let lazy layers learn their sizes, and draw their weights, from a few rows."""
    weights = net.module_.parameters()
    if any(isinstance(one, UninitializedParameter) for one in weights):
        X, _ = next(iter(net.get_iterator(dataset, training=False)))
        with torch.no_grad():
            net.module_.eval()
            net.infer(X[:2])


def _round_and_round(net: NeuralNet, dataset: Any) -> Iterator[Any]:
    """Training batches without end."""
    while True:
        yield from net.get_iterator(dataset, training=True)


def _set_rate(optimizers: list[torch.optim.Optimizer], rate: float) -> None:
    """Give optimisers a rate; groups with one of their own keep their ratio."""
    for optimizer in optimizers:
        before = optimizer.defaults["lr"]
        for group in optimizer.param_groups:
            for name in {"lr", "initial_lr"} & group.keys():
                group[name] = rate * (group[name] / before)
        optimizer.defaults["lr"] = rate


def _begin_schedules_anew(net: NeuralNet) -> None:
    """Let schedules begin from the rate at hand."""
    history = net.history_
    # They count epochs by its rows, and it has one for the epoch that begins.
    net.history_ = History(history[:-1])
    for _, callback in net.callbacks_:
        if isinstance(callback, LRScheduler):
            callback.on_train_begin(net)
    net.history_ = history


def _copied(state: Any) -> Any:
    """A state dict with tensors of its own."""
    if isinstance(state, dict):
        return {key: _copied(value) for key, value in state.items()}
    if isinstance(state, list):
        return [_copied(value) for value in state]
    return state.clone() if isinstance(state, torch.Tensor) else state
