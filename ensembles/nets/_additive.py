"""Sums of nets, and what they are trained by when they are boosted.

A loss l(y, F) is one of :mod:`ensembles.losses`, and F(x) = b + s sum_t a_t f_t(x) with
base b, scale s and rates a_t. Net t is trained by the second-order Taylor polynomial of
the loss around the nets before it, in units of s^2,

    g f / s + h f^2 / 2,        g = dl/dF,   h = d^2 l/dF^2,

whose least value is that of the Newton step -g / h weighted by h, without a division by
an h that is nearly zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from ensembles._typing import FloatArray
from ensembles.losses import Loss

__all__ = ["LossOfSum", "SumOfNets", "TaylorLoss", "derivatives_of"]


def derivatives_of(loss: Loss, y: FloatArray, raw: FloatArray) -> FloatArray:
    """First and second derivatives of the loss.

    Parameters
    ----------
    loss : Loss
        Where its hessian does not serve, as for absolute errors, it is taken for one.
    y : ndarray of shape (n_samples,)
        Targets.
    raw : ndarray of shape (n_samples, n_raw)
        Raw predictions.

    Returns
    -------
    ndarray of shape (n_samples, 2, n_raw)
        Gradients and hessians.
    """
    given = raw[:, 0] if loss.n_raw == 1 else np.asfortranarray(raw)
    gradient = np.empty_like(given)
    hessian = np.ones_like(given)
    loss.gradient_hessian(y, given, gradient, hessian)
    if loss.renews_leaves or loss.has_constant_hessian:
        hessian[:] = 1.0
    return np.stack([gradient.reshape(raw.shape), hessian.reshape(raw.shape)], axis=1)


@final
class TaylorLoss(nn.Module):
    """Mean of g f + h f^2 / 2 over rows, for derivatives g and h as targets."""

    def forward(self, outputs: Tensor, derivatives: Tensor) -> Tensor:
        """Loss of outputs of shape (n, n_raw) or (n,), of targets (n, 2, n_raw)."""
        gradients, hessians = derivatives.unbind(dim=1)
        values = outputs.reshape(gradients.shape)
        return (values * (gradients + 0.5 * hessians * values)).sum(dim=1).mean()


@final
class LossOfSum(nn.Module):
    """Mean of a loss over rows, in units of a scale squared.

    Parameters
    ----------
    loss : Loss
        Of rows.
    scale : float
        s.
    """

    def __init__(self, loss: Loss, scale: float) -> None:
        super().__init__()
        self.loss, self.scale = loss, scale

    def forward(self, raw: Tensor, targets: Tensor) -> Tensor:
        """Loss of raw predictions (n, n_raw) and targets (n, 1)."""
        mean: Tensor = _Mean.apply(raw, targets, self.loss)  # type: ignore[no-untyped-call]
        return mean / self.scale**2


class _Mean(torch.autograd.Function):
    """Mean of a loss that is known as numpy code, with its gradient."""

    @staticmethod
    def forward(ctx: Any, raw: Tensor, targets: Tensor, loss: Loss) -> Tensor:
        values = raw.detach().cpu().numpy().astype(np.float64)
        y = targets.detach().cpu().numpy().astype(np.float64)[:, 0]
        ctx.gradients = derivatives_of(loss, y, values)[:, 0] / len(y)
        given = values[:, 0] if loss.n_raw == 1 else values
        return raw.new_tensor(loss.value(y, given).mean())

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Any:
        own = torch.from_numpy(ctx.gradients).to(outer[0])
        return own * outer[0], None, None


@final
class SumOfNets(nn.Module):
    """Base and nets, each times its rate.

    Parameters
    ----------
    members : sequence of Module
        Nets f_t.
    rates : ndarray of shape (n_members,)
        a_t, which are trained with the nets.
    base : ndarray of shape (n_raw,)
        b.
    scale : float
        s.
    """

    base: Tensor

    def __init__(
        self,
        members: Sequence[nn.Module],
        rates: FloatArray,
        base: FloatArray,
        scale: float,
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        weights = next(iter(members[0].parameters()))
        self.rates = nn.Parameter(weights.new_tensor(rates))
        self.register_buffer("base", weights.new_tensor(base))
        self.scale = scale

    def named_parameters(
        self, *args: Any, **kwargs: Any
    ) -> Iterator[tuple[str, nn.Parameter]]:
        """Parameters by the names that each net has for them.

        Settings and callbacks of the user's net speak of these.
        """
        for name, parameter in super().named_parameters(*args, **kwargs):
            yield re.sub(r"^members\.\d+\.", "", name), parameter

    def forward(self, X: Tensor) -> Tensor:
        """Raw predictions of rows, shape (n, n_raw)."""
        outputs = [member(X).reshape(len(X), -1) for member in self.members]
        total = torch.stack([a * f for a, f in zip(self.rates, outputs, strict=True)])
        summed: Tensor = self.base + self.scale * total.sum(dim=0)
        return summed
