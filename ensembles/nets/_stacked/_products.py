"""Modules of linear layers, activations, dropout and norms as batched products."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from ensembles.nets._stacked._layers import Names, Step, is_narrow, of_call, of_layer
from ensembles.nets._stacked._program import NoProgramError, Program
from ensembles.nets._stacked._stack import State
from ensembles.nets._weights import copy_module

__all__ = ["Products"]


@final
class Products(Program):
    """A module's graph, each linear layer one product of matrices for all members.

    Parameters
    ----------
    module : Module
        Of a member; it is copied.

    Raises
    ------
    NoProgramError
        If it has other parts, or its graph depends on its inputs.
    """

    words = "batched products of its layers"

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        copied = copy_module(module, {})
        copied.train()
        try:
            graph = fx.symbolic_trace(copied).graph
        except Exception as error:  # whatever code of the user's meets a proxy
            raise NoProgramError(f"torch.fx cannot trace it: {error}") from error
        self._names = {
            id(tensor): name
            for name, tensor in (*copied.named_parameters(), *copied.named_buffers())
        }
        self.turned = _only_in_products(copied, self._names)
        self._steps: list[tuple[str, Step, list[str]]] = []
        self._row: list[tuple[str, nn.Module, Names]] = []
        self._first = self._last = ""
        for node in graph.nodes:
            self._add(node, copied)

    def __call__(self, state: State, rows: Tensor) -> Tensor:
        """Outputs of all members."""
        values = {self._first: rows}
        for name, step, sources in self._steps:
            values[name] = step(state, *[values[source] for source in sources])
        return values[self._last]

    def row(self) -> list[tuple[nn.Module, Names]]:
        """Layers one after another, with the names of their tensors.

        Raises
        ------
        NoProgramError
            If there are others, or one reads what is not put out by that before.
        """
        before = self._first
        for (name, _, _), (step, _, sources) in zip(
            self._row, self._steps, strict=False
        ):
            if name != step or sources != [before]:
                break
            before = name
        if before != self._last or len(self._row) < len(self._steps):
            raise NoProgramError("its layers are not in a row")
        return [(layer, names) for _, layer, names in self._row]

    def _add(self, node: fx.Node, module: nn.Module) -> None:
        if node.op == "placeholder":
            self._first = self._first or node.name
        elif node.op == "output":
            (returned,) = node.args
            if not isinstance(returned, fx.Node):
                raise NoProgramError("its module returns more than one tensor")
            self._last = returned.name
        elif node.op == "call_module":
            layer = module.get_submodule(str(node.target))
            own = (
                *layer.named_parameters(recurse=False),
                *layer.named_buffers(recurse=False),
            )
            names = {name: self._names[id(tensor)] for name, tensor in own}
            self._row.append((node.name, layer, names))
            step = _relu_ if _may_overwrite(node, layer, module) else None
            step = step or of_layer(layer, names)
            self._record(node, step, node.args, node.kwargs)
        elif node.op in ("call_function", "call_method"):
            tensors, others = _apart(node.args)
            if node.target in _AS_LAYERS:
                self._row.append((node.name, _AS_LAYERS[node.target], {}))
            step = of_call(node.target, others, dict(node.kwargs))
            self._record(node, step, tensors, {})
        else:
            raise NoProgramError(f"it reads {node.target} outside a layer")

    def _record(self, node: fx.Node, step: Step, inputs: Any, options: Any) -> None:
        if options or not all(isinstance(one, fx.Node) for one in inputs):
            raise NoProgramError(f"{node.target} is called with more than tensors")
        self._steps.append((node.name, step, [one.name for one in inputs]))


# What they are called as functions.
_AS_LAYERS: dict[Any, nn.Module] = {
    torch.relu: nn.ReLU(),
    functional.relu: nn.ReLU(),
    "relu": nn.ReLU(),
    torch.tanh: nn.Tanh(),
    "tanh": nn.Tanh(),
    torch.sigmoid: nn.Sigmoid(),
    "sigmoid": nn.Sigmoid(),
}


def _relu_(state: State, inputs: Tensor) -> Tensor:
    return torch.relu_(inputs)


def _may_overwrite(node: fx.Node, layer: nn.Module, module: nn.Module) -> bool:
    """Whether it is a ReLU that alone reads what a linear layer has put out."""
    (source, *others) = node.args
    return (
        type(layer) is nn.ReLU
        and not others
        and isinstance(source, fx.Node)
        and source.op == "call_module"
        and type(module.get_submodule(str(source.target))) is nn.Linear
        and len(source.users) == 1
    )


def _apart(arguments: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Tensors, which come first, and what else a function is called with."""
    n_tensors = 0
    while n_tensors < len(arguments) and isinstance(arguments[n_tensors], fx.Node):
        n_tensors += 1
    others = arguments[n_tensors:]
    if n_tensors == 0 or any(isinstance(one, fx.Node) for one in others):
        raise NoProgramError("a function is called with numbers before tensors")
    return arguments[:n_tensors], others


def _only_in_products(module: nn.Module, names: dict[int, str]) -> set[str]:
    """Names of the matrices of linear layers."""
    return {
        names[id(part.weight)]
        for part in module.modules()
        if type(part) is nn.Linear and not is_narrow(part)
    }
