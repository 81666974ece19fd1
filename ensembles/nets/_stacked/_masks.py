"""Dropout of stacked members, each by a generator of its own, as of a net alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Generator, Tensor, nn

__all__ = ["MemberDropout", "drawn_masks"]


def drawn_masks(like: Tensor, p: float, generators: Sequence[Generator]) -> Tensor:
    """What outputs of members are multiplied by.

    They are drawn as torch draws those of a single net: a call of ``bernoulli_`` a
    layer and batch.

    Parameters
    ----------
    like : Tensor of shape (n_members, ...)
        Outputs.
    p : float
        Share that is left out.
    generators : sequence of Generator
        Of the members.

    Returns
    -------
    Tensor of the same shape
        Zeros, and what keeps the expectation.
    """
    masks = torch.zeros(like.shape, dtype=like.dtype, device=like.device)
    if p == 1:  # torch draws nothing, either
        return masks
    for mask, generator in zip(masks, generators, strict=True):
        mask.bernoulli_(1 - p, generator=generator)
    return masks.div_(1 - p)


@final
class _MappedMasks(torch.autograd.Function):
    """`drawn_masks` for one member, as a function that torch maps over all.

    Masks are no function of their inputs that has a slope, and there is no single
    member to draw one for: `vmap` is all that is called.
    """

    @staticmethod
    def forward(like: Tensor, p: float, generators: Sequence[Generator]) -> Tensor:
        raise NotImplementedError("Masks are drawn for members side by side.")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return None, None, None

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, like: Tensor, p: float, generators: Sequence[Generator]
    ) -> tuple[Tensor, int]:
        rows_first = like.movedim(in_dims[0], 0)
        return drawn_masks(rows_first, p, generators), 0


@final
class MemberDropout(nn.Module):
    """Takes the place of a dropout layer in a module that is mapped over members.

    Parameters
    ----------
    p : float
        Share that is left out.
    generators : sequence of Generator
        Of the members, read at each pass.
    """

    def __init__(self, p: float, generators: Sequence[Generator]) -> None:
        super().__init__()
        self.p, self.generators = p, generators

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs of one member."""
        if not self.training or self.p == 0:
            return inputs
        masks: Tensor = _MappedMasks.apply(  # type: ignore[no-untyped-call]
            inputs.detach(), self.p, self.generators
        )
        return inputs * masks
