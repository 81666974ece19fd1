"""Batches in which each row is mixed with another one."""

from __future__ import annotations

from abc import abstractmethod
from typing import final

import torch
from skorch import NeuralNet
from torch import Tensor, nn

from ensembles._validation import check_positive
from ensembles.nets.callbacks._batch_edit import BatchEdit
from ensembles.nets.callbacks._regions import regions

__all__ = ["CutMix", "Mixup"]

# Criteria of values, which are mixed as they are.
_OF_VALUES = (
    nn.BCELoss,
    nn.BCEWithLogitsLoss,
    nn.HuberLoss,
    nn.L1Loss,
    nn.MSELoss,
    nn.PoissonNLLLoss,
    nn.SmoothL1Loss,
)


class _Mixing(BatchEdit):
    """Mixes each row of a batch with one of the same batch, and their targets so, too.

    One share, from a beta distribution, and one order serve a batch.
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def initialize(self) -> _Mixing:
        """Check the parameters.

        Returns
        -------
        callback
            Itself.
        """
        check_positive(self, "alpha", self.alpha)
        self.n_outputs_: int | None = None
        return self

    def _edited(self, net: NeuralNet, X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        beta = torch.distributions.Beta(float(self.alpha), float(self.alpha))
        order = torch.randperm(len(X))
        mixed, share = self._mixed(X, X[order], float(beta.sample()))
        if not y.dtype.is_floating_point:
            y = self._as_floats(net, X, y)
        return mixed, share * y + (1.0 - share) * y[order]

    @abstractmethod
    def _mixed(self, X: Tensor, others: Tensor, share: float) -> tuple[Tensor, float]:
        """Rows with a share of themselves, and that share as it came out."""

    def _as_floats(self, net: NeuralNet, X: Tensor, y: Tensor) -> Tensor:
        """Whole numbers as what can be mixed: values, or probabilities of classes."""
        if isinstance(net.criterion_, _OF_VALUES):
            return y.to(X.dtype)
        if not isinstance(net.criterion_, nn.CrossEntropyLoss):
            raise ValueError(
                f"{type(self).__name__} mixes classes, and "
                f"{type(net.criterion_).__name__} takes no mixtures. Let the module "
                "return logits, and set criterion=torch.nn.CrossEntropyLoss; where "
                "targets are no classes, pass them as floats."
            )
        for name, callback in net.callbacks_:
            is_cached = getattr(callback, "use_caching", False) is not False
            if getattr(callback, "on_train", False) and is_cached:
                raise ValueError(
                    f"The callback {name} scores training batches, whose classes "
                    f"{type(self).__name__} has mixed. Give it use_caching=False, so "
                    "that it scores the training rows as they are, or leave it out."
                )
        if self.n_outputs_ is None:
            self.n_outputs_ = _width_of(net, X[:2])
        codes = nn.functional.one_hot(y, self.n_outputs_).to(X.dtype)
        return codes.movedim(-1, 1)  # torch has classes next to rows


def _width_of(net: NeuralNet, X: Tensor) -> int:
    """Number of columns of a net's output."""
    net.module_.eval()
    with torch.random.fork_rng(devices=[]):
        output = net.infer(X)
    first = output[0] if isinstance(output, tuple) else output
    return int(first.shape[1])


@final
class Mixup(_Mixing):
    """Mixes the rows of a batch in pairs, values and targets alike.

    The net learns to go in straight lines from row to row, is less sure of itself
    between them, and learns fewer wrong labels by heart. Take it for images, sequences
    and numeric columns that were scaled; not where the mean of two rows is nonsense, as
    for categories. It helps nets that overfit, given more epochs, and harms small ones.

    Classes become probabilities, so that the criterion must take these, as
    ``CrossEntropyLoss`` does; values are mixed as they are.

    Parameters
    ----------
    alpha : float, default=0.2
        Shares are from a beta distribution with both parameters `alpha`, one a batch:
        near zero and one for small values, even for 1.

    Attributes
    ----------
    n_outputs_ : int or None
        Number of classes; None before the first batch, and for values.

    Raises
    ------
    ValueError
        If `alpha` is not allowed, before training, the criterion takes no mixtures of
        classes, or training batches are scored as they are mixed.
    TypeError
        If rows are not one tensor of floats.

    See Also
    --------
    CutMix : Exchanges parts of rows.

    References
    ----------
    .. [1] H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, "mixup: beyond empirical
       risk minimization", ICLR, 2018, figure 1.

    Examples
    --------
    >>> import torch
    >>> from ensembles.nets.callbacks import Mixup
    >>> batch = [torch.tensor([[0.0], [1.0]]), torch.tensor([[10.0], [20.0]])]
    >>> _ = torch.manual_seed(1)
    >>> Mixup(1.0).on_batch_begin(None, batch, training=True)
    >>> torch.allclose(batch[1], 10 + 10 * batch[0])
    True
    """

    def __init__(self, alpha: float = 0.2) -> None:
        super().__init__(alpha)

    def _mixed(self, X: Tensor, others: Tensor, share: float) -> tuple[Tensor, float]:
        return share * X + (1.0 - share) * others, share


@final
class CutMix(_Mixing):
    """Puts a part of another row into each row of a batch, and mixes targets so, too.

    For images, (channels, height, width), a box, the same of all rows of a batch; for
    sequences a stretch; for rows of a table some of the columns. Unlike in
    :class:`Mixup`, all values are values that were seen, so that it does for categories
    in columns of numbers, too. Not where a row's target stands in one place of it,
    which may be just what is exchanged.

    Classes become probabilities, so that the criterion must take these, as
    ``CrossEntropyLoss`` does; values are mixed as they are.

    Parameters
    ----------
    alpha : float, default=1.0
        Shares are from a beta distribution with both parameters `alpha`, one a batch:
        1 is even. Targets are mixed by the share of values that was exchanged.

    Attributes
    ----------
    n_outputs_ : int or None
        Number of classes; None before the first batch, and for values.

    Raises
    ------
    ValueError
        If `alpha` is not allowed, before training, the criterion takes no mixtures of
        classes, or training batches are scored as they are mixed.
    TypeError
        If rows are not one tensor of floats.

    See Also
    --------
    Mixup : Means of rows.

    References
    ----------
    .. [1] S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe, Y. Yoo, "CutMix: regularization
       strategy to train strong classifiers with localizable features", ICCV, 2019,
       equations 1 and 2.

    Examples
    --------
    The target is the share of the row's own values:

    >>> import torch
    >>> from ensembles.nets.callbacks import CutMix
    >>> images = torch.zeros(2, 1, 6, 6)
    >>> images[1] = 1.0
    >>> batch = [images, torch.tensor([[0.0], [1.0]])]
    >>> _ = torch.manual_seed(0)
    >>> CutMix().on_batch_begin(None, batch, training=True)
    >>> torch.allclose(batch[0].mean((1, 2, 3)), batch[1][:, 0])
    True
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha)

    def _mixed(self, X: Tensor, others: Tensor, share: float) -> tuple[Tensor, float]:
        exchanged = regions(1, X.shape[1:], 1.0 - share)
        own = 1.0 - float(exchanged.to(torch.float64).mean())
        return torch.where(exchanged, others, X), own
