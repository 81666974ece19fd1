"""Any module mapped over members by torch, each with weights and rows of its own."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call

from ensembles.nets._stacked._masks import MemberDropout
from ensembles.nets._stacked._program import NoProgramError, Program
from ensembles.nets._stacked._stack import State
from ensembles.nets._weights import copy_module

__all__ = ["Mapped"]


@final
class Mapped(Program):
    """`torch.vmap` of a module.

    Parameters
    ----------
    module : Module
        Of a member; it is copied.
    """

    words = "torch.vmap of the module"

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self._generators: list[Generator] = []
        self._module = copy_module(module, {})
        self._module.train()
        for part in list(self._module.modules()):
            for name, child in part.named_children():
                if type(child) is nn.Dropout:
                    own = MemberDropout(child.p, self._generators)
                    setattr(part, name, own.train(child.training))

    def __call__(self, state: State, rows: Tensor) -> Tensor:
        """Outputs of all members."""
        self._generators[:] = state.generators
        # Whatever else draws would draw the same for all members, so it is an error.
        mapped = torch.vmap(self._of_one, randomness="error")
        outputs = mapped(state.parameters, state.buffers, rows)
        if not isinstance(outputs, Tensor):
            raise NoProgramError("its module returns more than one tensor")
        return outputs

    def _of_one(self, parameters: Any, buffers: Any, rows: Tensor) -> Any:
        return functional_call(self._module, (parameters, buffers), (rows,))
