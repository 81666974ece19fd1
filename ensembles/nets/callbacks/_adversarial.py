"""Rows moved to where the loss grows fastest, beside those of the batch."""

from __future__ import annotations

from typing import Any, final

import torch
from skorch import NeuralNet
from torch import Tensor

from ensembles._validation import check_positive
from ensembles.nets._weights import modules_of
from ensembles.nets.callbacks._batch_edit import BatchEdit

__all__ = ["AdversarialRows"]


@final
class AdversarialRows(BatchEdit):
    """Adds to each batch its rows moved by a step along the sign of their gradient.

    The net learns to be no less sure of rows that are as bad as a small change can make
    them: smooth predictions around what was seen, and better probabilities, above all
    in deep ensembles, whose paper asks for it. It costs two passes more a step. Not for
    columns that stand for categories, since these are moved like all others.

    Parameters
    ----------
    eps : float, default=0.01
        Length of the step, as a share of each value's range over the training rows.

    Attributes
    ----------
    reach_ : Tensor of shape (...)
        Length of the step for each value of a row.

    Raises
    ------
    ValueError
        If `eps` is not positive, before training.
    TypeError
        If rows are not one tensor of floats.

    See Also
    --------
    InputNoise : Steps in any direction.

    Notes
    -----
    The loss is the mean of both halves, and so half of the paper's sum. Gradients are
    those of the net as it predicts: nothing is left out, and batch normalisation goes
    by what it has learned.

    References
    ----------
    .. [1] B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and scalable predictive
       uncertainty estimation using deep ensembles", NeurIPS, 2017, algorithm 1.
    .. [2] I. J. Goodfellow, J. Shlens, C. Szegedy, "Explaining and harnessing
       adversarial examples", ICLR, 2015, section 4.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from ensembles.nets.callbacks import AdversarialRows
    >>> from ensembles.nets.modules import MLP
    >>> from skorch import NeuralNetClassifier
    >>> from torch import nn
    >>> X, y = make_moons(100, noise=0.2, random_state=0)
    >>> net = NeuralNetClassifier(
    ...     MLP,
    ...     module__n_features=2,
    ...     module__n_outputs=2,
    ...     max_epochs=3,
    ...     criterion=nn.CrossEntropyLoss,
    ...     callbacks=[AdversarialRows(0.02)],
    ...     batch_size=50,
    ...     train_split=None,
    ...     verbose=0,
    ... ).fit(X.astype("float32"), y)
    >>> net.history[-1, "batches", :, "train_batch_size"]
    [100, 100]
    """

    def __init__(self, eps: float = 0.01) -> None:
        self.eps = eps

    def initialize(self) -> AdversarialRows:
        """Check the parameter.

        Returns
        -------
        AdversarialRows
            Itself.
        """
        check_positive(self, "eps", self.eps)
        self.reach_: Tensor | None = None
        return self

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget the ranges of other rows."""
        self.reach_ = None

    def on_epoch_begin(
        self,
        net: Any,
        dataset_train: Any = None,
        dataset_valid: Any = None,
        **kwargs: Any,
    ) -> None:
        """Find the ranges of the training rows."""
        if self.reach_ is not None:
            return
        with torch.random.fork_rng(devices=[]):
            batches = net.get_iterator(dataset_train, training=False)
            ends = [(X.amin(dim=0), X.amax(dim=0)) for X, _ in batches]
        low = torch.stack([first for first, _ in ends]).amin(dim=0)
        high = torch.stack([last for _, last in ends]).amax(dim=0)
        self.reach_ = self.eps * (high - low)

    def _edited(self, net: NeuralNet, X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        for _, module in modules_of(net):
            module.eval()
        with torch.enable_grad():
            moved = X.clone().requires_grad_()
            loss = net.get_loss(net.infer(moved), y, X=moved, training=True)
            (gradient,) = torch.autograd.grad(loss, moved)
        assert self.reach_ is not None
        moved = X + self.reach_ * gradient.sign()
        return torch.cat([X, moved]), torch.cat([y, y])
