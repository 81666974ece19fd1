"""How far steps of the optimiser go, as a share of the weights."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import Tensor

from ensembles._validation import check_count
from ensembles.nets.callbacks._layers import layers_of

__all__ = ["UpdateRatioMonitor"]


@final
class UpdateRatioMonitor(Callback):
    """Records how long steps are, as a share of the weights that they change.

    A thousandth is what a good learning rate gives; a tenth tears the weights apart,
    and a hundred-thousandth trains nothing. Since it is measured after the step, the
    learning rate, momentum and the scaling of Adam are in it. Look at it layer by layer
    where training does not get on: a layer far below the others gets no gradient. It
    costs a copy of the weights a step; let `every` pass steps by in long runs. In a
    list of callbacks it stands before :class:`WeightNoise`, or it measures the noise.

    Parameters
    ----------
    every : int, default=1
        Steps from one that is measured to the next.

    Attributes
    ----------
    ratios_ : dict of list of float
        For each parameter of two axes or more, by its name, the mean over each epoch of
        the norm of the step over the norm of the weights before it. The mean of all is
        ``update_ratio`` in the net's history. Epochs in which no step was measured have
        neither.

    Raises
    ------
    ValueError
        If `every` is not allowed, before training.

    See Also
    --------
    LRFinder : Looks for the learning rate.
    ensembles.nets.diagnose : Says what the loss tells.

    References
    ----------
    .. [1] A. Karpathy, "CS231n: Convolutional neural networks for visual recognition",
       Stanford University, 2016, notes on neural networks 3, "Ratio of
       weights:updates".

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from ensembles.nets.callbacks import UpdateRatioMonitor
    >>> from ensembles.nets.modules import MLP
    >>> from skorch import NeuralNetClassifier
    >>> from torch import nn
    >>> X, y = make_moons(200, noise=0.2, random_state=0)
    >>> for lr in 0.001, 1.0:
    ...     net = NeuralNetClassifier(
    ...         MLP,
    ...         module__n_features=2,
    ...         module__n_outputs=2,
    ...         lr=lr,
    ...         max_epochs=3,
    ...         criterion=nn.CrossEntropyLoss,
    ...         callbacks=[UpdateRatioMonitor()],
    ...         train_split=None,
    ...         verbose=0,
    ...     ).fit(X.astype("float32"), y)
    ...     print(lr, net.history[-1, "update_ratio"] > 1e-3)
    0.001 False
    1.0 True
    """

    def __init__(self, every: int = 1) -> None:
        self.every = every

    def initialize(self) -> UpdateRatioMonitor:
        """Check the parameter.

        Returns
        -------
        UpdateRatioMonitor
            Itself.
        """
        check_count(self, "every", self.every)
        return self

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an earlier training."""
        self.ratios_: dict[str, list[float]] = {}
        self.step_ = 0
        self.before_: dict[str, Tensor] = {}
        self.found_: dict[str, list[float]] = {}

    def on_batch_begin(
        self, net: Any, batch: Any = None, training: bool | None = None, **kwargs: Any
    ) -> None:
        """Keep the weights."""
        if training:
            is_measured = self.step_ % self.every == 0
            layers = layers_of(net) if is_measured else []
            self.before_ = {name: weight.detach().clone() for name, weight in layers}
            self.step_ += 1

    def on_batch_end(
        self, net: Any, batch: Any = None, training: bool | None = None, **kwargs: Any
    ) -> None:
        """Measure the step."""
        if training and self.before_:
            for name, weight in layers_of(net):
                if name in self.before_:
                    ratio = _ratio(self.before_[name], weight)
                    self.found_.setdefault(name, []).append(ratio)

    def on_epoch_end(
        self,
        net: Any,
        dataset_train: Any = None,
        dataset_valid: Any = None,
        **kwargs: Any,
    ) -> None:
        """Record the means."""
        means = {name: float(np.mean(found)) for name, found in self.found_.items()}
        for name, mean in means.items():
            self.ratios_.setdefault(name, []).append(mean)
        if means:
            net.history.record("update_ratio", float(np.mean(list(means.values()))))
        self.found_ = {}

    def on_train_end(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Drop the copy of the weights."""
        self.before_ = {}


def _ratio(before: Tensor, after: Tensor) -> float:
    """Length of a step, as a share of where it began; infinite from zero."""
    with torch.no_grad():
        size, length = float(before.norm()), float((after - before).norm())
    return length / size if size else np.inf if length else 0.0
