"""Layers in a row, with gradients written out.

The products are those of `Products`. What is saved is torch's search for what comes
next, a third of the time of nets of some thousand weights, and room: gradients are
written over what is not needed any more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn

from ensembles.nets._stacked._layers import Names, is_narrow
from ensembles.nets._stacked._losses import BatchLoss
from ensembles.nets._stacked._masks import drawn_masks
from ensembles.nets._stacked._products import Products
from ensembles.nets._stacked._program import NoProgramError, Program
from ensembles.nets._stacked._stack import State

__all__ = ["Chain"]


class _Link(ABC):
    """A layer of all members."""

    @abstractmethod
    def forward(self, state: State, inputs: Tensor) -> tuple[Tensor, Any]:
        """Outputs, and what gradients need."""

    def give(self, state: State, kept: Any, gradient: Tensor) -> None:  # noqa: B027
        """Add to gradients of the layer's own parameters."""

    @abstractmethod
    def backward(self, state: State, kept: Any, gradient: Tensor) -> Tensor:
        """The gradient of the inputs; that of the outputs may be written over."""


@final
class Chain(Program):
    """A module of linear layers, dropout and the oldest activations, one by one.

    Parameters
    ----------
    module : Module
        Of a member; it is copied.

    Raises
    ------
    NoProgramError
        If it has other parts, or its parts are not in a row.
    """

    words = "batched products of layers in a row"

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self._whole = Products(module)
        self.turned = self._whole.turned
        self._links: list[_Link] = []
        is_new = False
        for layer, names in self._whole.row():
            if type(layer) is nn.Identity:
                continue
            make = _LINKS.get(type(layer))
            if make is None:
                raise NoProgramError(f"{type(layer).__name__} is none of its layers")
            self._links.append(make(layer, names, is_new))
            is_new = type(layer) is nn.Linear
        has_own = [isinstance(link, _Linear) for link in self._links]
        self._first = has_own.index(True) if any(has_own) else len(has_own)

    def __call__(self, state: State, rows: Tensor) -> Tensor:
        """Outputs of all members."""
        return self._whole(state, rows)

    def add_gradients(self, state: State, rows: Tensor, loss: BatchLoss) -> Tensor:
        """Losses of rows, once gradients of their means are added."""
        if not state.is_whole:
            return super().add_gradients(state, rows, loss)
        with torch.no_grad():
            outputs, kept = rows, []
            for link in self._links:
                outputs, own = link.forward(state, outputs)
                kept.append(own)
        losses, gradient = loss.with_gradients(outputs)
        with torch.no_grad():
            for place in range(len(self._links) - 1, self._first - 1, -1):
                link = self._links[place]
                link.give(state, kept[place], gradient)
                if place > self._first:
                    gradient = link.backward(state, kept[place], gradient)
        return losses


def _add(state: State, name: str | None, gradient: Callable[[], Tensor]) -> None:
    """Add to the gradient of a parameter, unless it is frozen or there is none."""
    if name is None or not state.parameters[name].requires_grad:
        return
    parameter = state.parameters[name]
    before = parameter.grad
    parameter.grad = gradient() if before is None else before.add_(gradient())


@final
class _Linear(_Link):
    """Y = X W + b for each member."""

    def __init__(self, layer: nn.Linear, names: Names, is_new: bool) -> None:
        self._weight, self._bias = names["weight"], names.get("bias")
        self._is_narrow = is_narrow(layer)

    def forward(self, state: State, inputs: Tensor) -> tuple[Tensor, Tensor]:
        if inputs.ndim != 3:
            raise NoProgramError("its layers are given more than rows of values")
        matrices = state.parameters[self._weight]
        bias = None if self._bias is None else state.parameters[self._bias][:, None]
        if self._is_narrow:
            turned = torch.bmm(matrices, inputs.transpose(1, 2))
            products = turned.transpose(1, 2).contiguous()
            return (products if bias is None else products.add_(bias)), inputs
        if bias is None:
            return torch.bmm(inputs, matrices), inputs
        return torch.baddbmm(bias, inputs, matrices), inputs

    def give(self, state: State, kept: Tensor, gradient: Tensor) -> None:
        if self._is_narrow:
            _add(state, self._weight, lambda: torch.bmm(gradient.transpose(1, 2), kept))
        else:
            _add(state, self._weight, lambda: torch.bmm(kept.transpose(1, 2), gradient))
        _add(state, self._bias, lambda: gradient.sum(1))

    def backward(self, state: State, kept: Tensor, gradient: Tensor) -> Tensor:
        matrices = state.parameters[self._weight]
        if not self._is_narrow:
            matrices = matrices.transpose(1, 2)
        return torch.bmm(gradient, matrices)


@final
class _ReLU(_Link):
    """Y = max(X, 0), over the outputs of a linear layer that nobody else reads."""

    def __init__(self, layer: nn.ReLU, names: Names, is_new: bool) -> None:
        self._relu = torch.relu_ if is_new else torch.relu

    def forward(self, state: State, inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self._relu(inputs)
        return outputs, outputs

    def backward(self, state: State, kept: Tensor, gradient: Tensor) -> Tensor:
        return gradient.mul_(kept.sign_())


@final
class _Tanh(_Link):
    """Y = tanh X, with the slope 1 - Y^2."""

    def __init__(self, layer: nn.Tanh, names: Names, is_new: bool) -> None:
        pass

    def forward(self, state: State, inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs = torch.tanh(inputs)
        return outputs, outputs

    def backward(self, state: State, kept: Tensor, gradient: Tensor) -> Tensor:
        return gradient.mul_(1.0 - kept.square())


@final
class _Sigmoid(_Link):
    """Y = 1 / (1 + exp(-X)), with the slope Y (1 - Y)."""

    def __init__(self, layer: nn.Sigmoid, names: Names, is_new: bool) -> None:
        pass

    def forward(self, state: State, inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs = torch.sigmoid(inputs)
        return outputs, outputs

    def backward(self, state: State, kept: Tensor, gradient: Tensor) -> Tensor:
        return gradient.mul_(kept).mul_(1.0 - kept)


@final
class _Dropout(_Link):
    """Y = X times a mask."""

    def __init__(self, layer: nn.Dropout, names: Names, is_new: bool) -> None:
        self._p = layer.p if layer.training else 0.0

    def forward(self, state: State, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        if self._p == 0:
            return inputs, None
        masks = drawn_masks(inputs, self._p, state.generators)
        return inputs * masks, masks

    def backward(self, state: State, kept: Tensor | None, gradient: Tensor) -> Tensor:
        return gradient if kept is None else gradient.mul_(kept)


@final
class _Flatten(_Link):
    """All axes of a row as one."""

    def __init__(self, layer: nn.Flatten, names: Names, is_new: bool) -> None:
        if (layer.start_dim, layer.end_dim) != (1, -1):
            raise NoProgramError("Flatten leaves axes")

    def forward(self, state: State, inputs: Tensor) -> tuple[Tensor, Any]:
        return inputs.flatten(2), inputs.shape

    def backward(self, state: State, kept: Any, gradient: Tensor) -> Tensor:
        return gradient.view(kept)


_LINKS: dict[type[nn.Module], Callable[[Any, Names, bool], _Link]] = {
    nn.Linear: _Linear,
    nn.ReLU: _ReLU,
    nn.Tanh: _Tanh,
    nn.Sigmoid: _Sigmoid,
    nn.Dropout: _Dropout,
    nn.Flatten: _Flatten,
}
