"""The course along which weights are taken for a sample of a normal distribution."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, final

import torch

from ensembles.nets._averaging import BaseAveragingCourse, Named, named_parameters_of

__all__ = ["GaussianCourse"]


@final
class GaussianCourse(BaseAveragingCourse):
    """Note mean, variances and latest deviations of the weights on the way.

    Parameters
    ----------
    start : float, default=0.75
        Share of the iterations before the first weights that count.
    swa_lr : float or None, default=None
        Learning rate from there on; None is half of the optimiser's.
    every : int or None, default=None
        Iterations from one look at the weights to the next; None is an epoch.
    rank : int, default=20
        How many deviations are kept, the latest ones.

    Attributes
    ----------
    deviations_ : deque of dict of Tensor
        What weights were off from the mean at the time, which they are part of.
    """

    def __init__(
        self,
        start: float = 0.75,
        swa_lr: float | None = None,
        every: int | None = None,
        rank: int = 20,
    ) -> None:
        super().__init__(start, swa_lr, every)
        self.rank = rank

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an earlier training."""
        super().on_train_begin(net, X, y, **kwargs)
        self._squares: Named = {}
        self.deviations_ = deque[Named](maxlen=self.rank)

    def _plan(self, n_iterations: int, n_batches: int, rate: float) -> None:
        super()._plan(n_iterations, n_batches, rate)
        n_looks = 1 + (n_iterations - self._first - 1) // self._step
        if n_looks < 2:
            raise ValueError(
                f"A spread of weights needs two or more, and {n_iterations} iterations "
                f"with start={self.start} and one look in {self._step} iterations give "
                "one. Try more epochs, an earlier start or a smaller every."
            )

    def _take_up(self, net: Any) -> None:
        """Add weights to mean and sums of squares, by the formula of Welford (1962)."""
        deviations = {}
        for name, parameter in named_parameters_of(net):
            weights = parameter.detach()
            if name not in self.means_:
                self.means_[name] = torch.zeros_like(weights)
                self._squares[name] = torch.zeros_like(weights)
            before = weights - self.means_[name]
            self.means_[name] += before / self.n_averaged_
            deviations[name] = weights - self.means_[name]
            self._squares[name] += before * deviations[name]
        self.deviations_.append(deviations)

    def draw_into(self, net: Any, scale: float) -> None:
        """Give a net weights that are drawn, by torch's generator.

        With S the variances, D the K deviations and standard normal numbers z, the
        weights are ``mean + sqrt(scale) (sqrt(S) z_1 + D z_2 / sqrt(K - 1))``: their
        covariance is ``scale (diag(S) + D D' / (K - 1))``, with one z_2 for the whole
        net.

        Parameters
        ----------
        net : NeuralNet
            Its parameters are written to.
        scale : float
            What the covariance is multiplied by.
        """
        rank = len(self.deviations_)
        shares = torch.randn(rank, dtype=torch.float64) / math.sqrt(rank - 1)
        with torch.no_grad():
            for name, parameter in named_parameters_of(net):
                mean = self.means_[name]
                spread = (self._squares[name] / self.n_averaged_).sqrt()
                drawn = spread * torch.randn(mean.shape, dtype=mean.dtype).to(mean)
                for share, own in zip(shares.tolist(), self.deviations_, strict=True):
                    drawn += share * own[name]
                parameter.copy_(mean + math.sqrt(scale) * drawn)
