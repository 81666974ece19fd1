"""A residual block that is passed by at times."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from ensembles._validation import check_share

__all__ = ["StochasticDepth"]


@final
class StochasticDepth(nn.Module):
    """A residual block, ``x + block(x)``, that training passes by at times.

    For deep residual nets: while they train they are shorter, so that gradients get
    through, and each row's net is another one, so that the whole is a mean of many. Let
    `p` grow from block to block, up to a half. Not for blocks that change the shape of
    their input, nor for nets of a few layers, which cannot spare any.

    Parameters
    ----------
    block : Module
        What is added to its input; its output has the same shape.
    p : float, default=0.5
        Probability that a row passes it by while training, in [0, 1). What it adds to
        the others is scaled up, so that outputs keep their mean.

    Attributes
    ----------
    block : Module
        As given.

    Raises
    ------
    ValueError
        If `p` is not a share, or, from a forward pass, the block changes the shape.

    References
    ----------
    .. [1] G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Q. Weinberger, "Deep networks with
       stochastic depth", ECCV, 2016, equation 2.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from ensembles.nets.modules import StochasticDepth
    >>> _ = torch.manual_seed(0)
    >>> layer, x = StochasticDepth(nn.Linear(4, 4), p=0.3), torch.ones(5000, 4)
    >>> added = layer(x) - x
    >>> round(float((added == 0).all(dim=1).float().mean()), 2)
    0.3
    >>> torch.allclose(added.mean(0), layer.eval()(x)[0] - 1, atol=0.03)
    True
    """

    def __init__(self, block: nn.Module, p: float = 0.5) -> None:
        super().__init__()
        check_share(self, "p", p)
        self.block = block
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Rows, and what the block adds to them.

        Parameters
        ----------
        x : Tensor of shape (n_samples, ...)
            Rows.

        Returns
        -------
        Tensor of shape (n_samples, ...)
            The same shape.

        Raises
        ------
        ValueError
            If the block changes the shape.
        """
        added: Tensor = self.block(x)
        if added.shape != x.shape:
            raise ValueError(
                f"The block of StochasticDepth makes {tuple(added.shape)} of "
                f"{tuple(x.shape)}; what is added must have the shape of the input."
            )
        if self.training and self.p:
            ones = x.new_ones(len(x), *[1] * (x.ndim - 1))
            # Dropout of ones: zero, or one scaled up.
            added = added * nn.functional.dropout(ones, self.p)
        return x + added

    def extra_repr(self) -> str:
        """What a module's representation says of it.

        Returns
        -------
        str
            The share.
        """
        return f"p={self.p}"
