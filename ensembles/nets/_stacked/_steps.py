"""Steps of a stack's optimiser, with the settings that members' own optimisers have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch
from skorch import NeuralNet
from skorch.callbacks import GradientNormClipping
from torch import Tensor, optim

from ensembles.nets._stacked._stack import Stack

__all__ = ["STACKABLE", "Steps"]

# Each value steps by its own gradients, and in proportion to the learning rate.
STACKABLE = (
    optim.Adadelta,
    optim.Adagrad,
    optim.Adam,
    optim.Adamax,
    optim.AdamW,
    optim.NAdam,
    optim.RAdam,
    optim.RMSprop,
    optim.SGD,
)


@final
class Steps:
    """Steps of all members.

    Parameters
    ----------
    nets : sequence of NeuralNet
        Members. Their optimisers, of one kind of those that are `STACKABLE`, take no
        steps, but hold the settings, which schedules change.
    stack : Stack
        Of their modules.
    """

    def __init__(self, nets: Sequence[NeuralNet], stack: Stack) -> None:
        self._nets, self._stack = list(nets), stack
        first = nets[0]
        names = {id(one): name for name, one in first.module_.named_parameters()}
        self._groups = [
            [names[id(one)] for one in group["params"]]
            for group in first.optimizer_.param_groups
        ]
        self._clips = [
            (callback.gradient_clip_value, callback.gradient_clip_norm_type)
            for _, callback in first.callbacks_
            if isinstance(callback, GradientNormClipping)
            and callback.gradient_clip_value is not None
        ]
        self._optimizer = self._made()
        self.read_settings()

    def __call__(self) -> None:
        """Take a step by the gradients that the stack's parameters have."""
        for limit, kind in self._clips:
            _clip(list(self._stack.state.parameters.values()), limit, kind)
        shares = self._shares
        if all(share is None for share in shares):
            self._optimizer.step()
        else:
            self._step_by_shares(shares)
        for parameter in self._stack.state.parameters.values():
            parameter.grad = None

    def read_settings(self) -> None:
        """Take over what schedules have made of the members' rates and the rest."""
        own = [net.optimizer_.param_groups for net in self._nets]
        self._shares: list[Tensor | None] = []
        for number, group in enumerate(self._optimizer.param_groups):
            group.update(_settings(own[0][number]))
            rates = [groups[number]["lr"] for groups in own]
            group["lr"] = max(rates)
            is_one = all(rate == rates[0] for rate in rates)
            share = torch.tensor(rates, dtype=torch.float64) / max(*rates, 1e-300)
            self._shares.append(None if is_one else share)

    def keep(self, members: Sequence[int]) -> None:
        """Go on with some members, whose stack has been cut already.

        Parameters
        ----------
        members : sequence of int
            Their places before.
        """
        at = torch.as_tensor(members)
        self._nets = [self._nets[place] for place in members]
        before, self._optimizer = self._optimizer, self._made()
        pairs = zip(before.param_groups, self._optimizer.param_groups, strict=True)
        for old_group, group in pairs:
            for old, new in zip(old_group["params"], group["params"], strict=True):
                self._optimizer.state[new] = {
                    key: value[at] if _is_of_members(value, old) else value
                    for key, value in before.state[old].items()
                }
        self.read_settings()

    def _made(self) -> optim.Optimizer:
        parameters = self._stack.state.parameters
        own = self._nets[0].optimizer_
        groups = [
            {**_settings(group), "params": [parameters[name] for name in names]}
            for group, names in zip(own.param_groups, self._groups, strict=True)
        ]
        made: optim.Optimizer = type(own)(groups)
        return made

    def _step_by_shares(self, shares: Sequence[Tensor | None]) -> None:
        """A step at the largest rate, of which each member goes its share."""
        groups = self._optimizer.param_groups
        before = [[one.detach().clone() for one in group["params"]] for group in groups]
        self._optimizer.step()
        for group, olds, share in zip(groups, before, shares, strict=True):
            if share is None:
                continue
            for old, new in zip(olds, group["params"], strict=True):
                weight = share.to(new).view(-1, *(1,) * (new.ndim - 1))
                new.detach().copy_(torch.lerp(old, new.detach(), weight))


def _settings(group: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "params"}


def _is_of_members(value: Any, parameter: Tensor) -> bool:
    return isinstance(value, Tensor) and value.shape == parameter.shape


def _clip(parameters: Sequence[Tensor], limit: float, kind: float) -> None:
    """`clip_grad_norm_` of each member by itself."""
    gradients = [one.grad for one in parameters if one.grad is not None]
    if not gradients:
        return
    norm, n_members = torch.linalg.vector_norm, len(gradients[0])
    flat = [one.reshape(n_members, -1) for one in gradients]
    each = torch.stack([norm(one, kind, dim=1) for one in flat])
    factor = (limit / (norm(each, kind, dim=0) + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factor.view(-1, *(1,) * (gradient.ndim - 1)))
