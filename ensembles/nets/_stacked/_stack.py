"""Weights of members in one tensor for each name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, final

import torch
from torch import Generator, Tensor, nn

from ensembles._typing import IntArray

__all__ = ["Stack", "State"]


class State(NamedTuple):
    """What a program runs on; each tensor's first axis is that of the members."""

    parameters: dict[str, Tensor]
    """By their names in the module, but matrices that the program wants turned."""
    buffers: dict[str, Tensor]
    """The same of buffers; a program writes to them."""
    generators: Sequence[Generator]
    """Of the members' dropout."""
    is_whole: bool = True
    """Whether these are all members: parameters then are no parts of others."""


@final
class Stack:
    """Weights and buffers of modules of one architecture.

    Parameters
    ----------
    modules : sequence of Module
        Initialised.
    generators : sequence of Generator
        Of the members' dropout.
    turned : collection of str
        Names of matrices that are kept transposed, as products want them.

    Attributes
    ----------
    state : State
        Of all members.
    """

    def __init__(
        self,
        modules: Sequence[nn.Module],
        generators: Sequence[Generator],
        turned: Collection[str] = (),
    ) -> None:
        self._modules, self._turned = list(modules), turned
        first = dict(modules[0].named_parameters())
        parameters, buffers = self._of_modules()
        for name, value in parameters.items():
            value.requires_grad_(first[name].requires_grad)
        self.state = State(parameters, buffers, list(generators))

    def read(self) -> None:
        """Take over what the modules have: a callback may have drawn it anew."""
        parameters, buffers = self._of_modules()
        with torch.no_grad():
            for name, value in self.state.parameters.items():
                value.copy_(parameters[name])
            for name, value in self.state.buffers.items():
                value.copy_(buffers[name])

    def write(self) -> None:
        """Give the modules what they would have by now."""
        with torch.no_grad():
            for place, module in enumerate(self._modules):
                for name, parameter in module.named_parameters():
                    stacked = self.state.parameters[name][place]
                    parameter.copy_(self._way(name, stacked))
                for name, buffer in module.named_buffers():
                    buffer.copy_(self.state.buffers[name][place])

    def _of_modules(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        named = [dict(module.named_parameters()) for module in self._modules]
        kept = [dict(module.named_buffers()) for module in self._modules]
        with torch.no_grad():
            parameters = {
                name: torch.stack([self._way(name, one[name]) for one in named])
                for name in named[0]
            }
            buffers = {
                name: torch.stack([one[name] for one in kept]) for name in kept[0]
            }
        return parameters, buffers

    def __len__(self) -> int:
        """Number of members."""
        return len(self._modules)

    def part(self, members: IntArray) -> State:
        """The state of some members; gradients find their way to that of all.

        Parameters
        ----------
        members : ndarray of shape (n,)
            Their places, ascending.
        """
        if len(members) == len(self):
            return self.state
        at = torch.from_numpy(members)
        return State(
            {name: value[at] for name, value in self.state.parameters.items()},
            {name: value[at] for name, value in self.state.buffers.items()},
            [self.state.generators[place] for place in members],
            is_whole=False,
        )

    def put_back(self, state: State, members: IntArray) -> None:
        """Write the buffers of some members back."""
        if state is not self.state:
            at = torch.from_numpy(members)
            for name, value in self.state.buffers.items():
                value[at] = state.buffers[name]

    def gradient(self, name: str, place: int) -> Tensor | None:
        """What a member's own parameter would have as its gradient."""
        gradients = self.state.parameters[name].grad
        return None if gradients is None else self._way(name, gradients[place])

    def keep(self, members: Sequence[int]) -> None:
        """Go on with some members.

        Parameters
        ----------
        members : sequence of int
            Their places, ascending.
        """
        at = torch.as_tensor(members, dtype=torch.int64)
        parameters, buffers, generators, _ = self.state
        self._modules = [self._modules[place] for place in members]
        self.state = State(
            {
                name: value.detach()[at].requires_grad_(value.requires_grad)
                for name, value in parameters.items()
            },
            {name: value[at] for name, value in buffers.items()},
            [generators[place] for place in members],
        )

    def _way(self, name: str, tensor: Tensor) -> Tensor:
        return tensor.t() if name in self._turned else tensor
