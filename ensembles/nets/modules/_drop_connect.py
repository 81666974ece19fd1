"""A linear layer that leaves single weights out."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensembles._validation import check_share

__all__ = ["DropConnectLinear"]


@final
class DropConnectLinear(nn.Linear):
    """A linear layer that leaves single weights out while it trains.

    Where dropout leaves out units, and with them all that they say, this leaves out
    connections: noise that is finer, for layers that are too narrow to do without a
    unit. Where layers are wide take dropout, which is cheaper. The weights that are
    left are scaled up, so that outputs keep their mean, and predictions use all.

    One draw serves a batch, where the paper has one a row: the weights are then a
    matrix as ever, and in `MCDropoutClassifier` a pass is one net.

    Parameters
    ----------
    in_features : int
        Number of inputs.
    out_features : int
        Number of outputs.
    p : float, default=0.5
        Share of the weights that are left out, in [0, 1).
    bias : bool, default=True
        Whether to learn biases, none of which is left out.
    device : str, torch.device or None, default=None
        Where the weights are.
    dtype : torch.dtype or None, default=None
        Type of the weights. None is torch's default.

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
        Weights.
    bias : Parameter of shape (out_features,)
        Biases.

    Raises
    ------
    ValueError
        If `p` is not a share.

    References
    ----------
    .. [1] L. Wan, M. Zeiler, S. Zhang, Y. LeCun, R. Fergus, "Regularization of neural
       networks using DropConnect", ICML, 2013, section 3.

    Examples
    --------
    Outputs keep their mean, and two passes differ:

    >>> import torch
    >>> from ensembles.nets.modules import DropConnectLinear
    >>> _ = torch.manual_seed(0)
    >>> layer, x = DropConnectLinear(20, 3, p=0.3), torch.ones(1, 20)
    >>> passes = torch.stack([layer(x) for _ in range(4000)])
    >>> bool((passes.mean(0) - layer.eval()(x)).abs().max() < 0.05)
    True
    >>> bool(passes.std(0).min() > 0.1)
    True
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        p: float = 0.5,
        *,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        check_share(self, "p", p)
        super().__init__(in_features, out_features, bias, device, dtype)
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        """Outputs of rows.

        Parameters
        ----------
        input : Tensor of shape (..., in_features)
            Rows.

        Returns
        -------
        Tensor of shape (..., out_features)
            Linear functions of them.
        """
        weight = functional.dropout(self.weight, self.p, self.training)
        return functional.linear(input, weight, self.bias)

    def extra_repr(self) -> str:
        """What a module's representation says of it.

        Returns
        -------
        str
            Sizes and the share.
        """
        return f"{super().extra_repr()}, p={self.p}"
