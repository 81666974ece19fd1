"""Layers of all members at once: what torch has for one module, with one more axis."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensembles.nets._stacked._masks import drawn_masks
from ensembles.nets._stacked._program import NoProgramError
from ensembles.nets._stacked._stack import State

__all__ = ["Names", "Step", "is_narrow", "of_call", "of_layer"]

# Values of all members from those before.
Step = Callable[..., Tensor]
# Where the tensors of a layer are in a state, by their names in the layer.
Names = dict[str, str]


def of_layer(layer: nn.Module, names: Names) -> Step:
    """What a layer does for all members.

    Parameters
    ----------
    layer : Module
        Of one member, in the mode in which it trains.
    names : dict of str
        Names, in the whole module, of its parameters and buffers.

    Returns
    -------
    callable
        Takes a state and inputs of shape (n_members, n_rows, ...).

    Raises
    ------
    NoProgramError
        If there is none for a layer of this kind.
    """
    if type(layer) in _ELEMENTWISE:
        return lambda state, inputs: layer(inputs)
    make = _LAYERS.get(type(layer))
    if make is None:
        raise NoProgramError(f"there is no product for {type(layer).__name__}")
    return make(layer, names)


def of_call(target: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Step:
    """What a function or a method does for all members.

    Parameters
    ----------
    target : callable or str
        Function, or name of a method of tensors.
    arguments : tuple
        After the tensors: numbers.
    options : dict
        By their names.

    Returns
    -------
    callable
        Takes a state and tensors.

    Raises
    ------
    NoProgramError
        If that may mix rows or members.
    """
    name = target if isinstance(target, str) else target.__name__
    if target is functional.dropout:
        drop = _options_of_dropout(*arguments, **options)
        return _dropout(drop.p) if drop.training else _as_it_is
    if target in _AXES_OF_TORCH:
        moved = tuple(_after_members(axis) for axis in arguments)
        named = {
            key: _after_members(value) if key in _AXES else value
            for key, value in options.items()
        }
        if not moved and not _AXES.intersection(named):
            raise NoProgramError(f"{name} is called without an axis")
        return lambda state, inputs: _called(target, inputs, *moved, **named)
    if target in _FUNCTIONS_OF_TORCH:
        return lambda state, *inputs: _called(target, *inputs, *arguments, **options)
    raise NoProgramError(f"there is no product for {name}")


def _called(target: Any, first: Tensor, *others: Any, **options: Any) -> Tensor:
    if isinstance(target, str):
        found: Tensor = getattr(first, target)(*others, **options)
        return found
    found = target(first, *others, **options)
    return found


def _after_members(axis: Any) -> Any:
    """An axis of one member's values as one of all members'."""
    if isinstance(axis, int) and not isinstance(axis, bool) and axis >= 0:
        return axis + 1
    return axis


def _as_it_is(state: State, inputs: Tensor) -> Tensor:
    return inputs


def _linear(layer: nn.Linear, names: Names) -> Step:
    weight, bias = names["weight"], names.get("bias")

    def wide(rows: Tensor, matrices: Tensor, biases: Tensor | None) -> Tensor:
        if biases is None:
            return torch.bmm(rows, matrices)
        return torch.baddbmm(biases[:, None], rows, matrices)

    def narrow(rows: Tensor, matrices: Tensor, biases: Tensor | None) -> Tensor:
        outputs: Tensor = _Narrow.apply(rows, matrices)  # type: ignore[no-untyped-call]
        return outputs if biases is None else outputs + biases[:, None]

    product = narrow if is_narrow(layer) else wide

    def step(state: State, inputs: Tensor) -> Tensor:
        rows = inputs if inputs.ndim == 3 else inputs.flatten(1, -2)
        biases = None if bias is None else state.parameters[bias]
        outputs = product(rows, state.parameters[weight], biases)
        if inputs.ndim == 3:
            return outputs
        return outputs.view(len(inputs), *inputs.shape[1:-1], -1)

    return step


@final
class _Narrow(torch.autograd.Function):
    """Products whose few columns are computed as rows.

    torch's own gradient would be turned as well, and slow to go on with.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrices: Tensor) -> Tensor:
        ctx.save_for_backward(rows, matrices)
        return torch.bmm(matrices, rows.transpose(1, 2)).transpose(1, 2).contiguous()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor]:
        rows, matrices = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        of_rows = None
        if ctx.needs_input_grad[0]:
            of_rows = torch.bmm(gradient, matrices)
        return of_rows, torch.bmm(gradient.transpose(1, 2), rows)


def is_narrow(layer: nn.Linear) -> bool:
    """Whether a layer has so few outputs that products with its rows turned are faster.

    BLAS takes up to five times as long for two or ten columns as for as many rows.
    """
    return layer.out_features < 16


def _flatten(layer: nn.Flatten, names: Names) -> Step:
    first, last = _after_members(layer.start_dim), _after_members(layer.end_dim)
    return lambda state, inputs: inputs.flatten(first, last)


def _softmax(layer: nn.Softmax | nn.LogSoftmax, names: Names) -> Step:
    if layer.dim is None:
        raise NoProgramError(f"{type(layer).__name__} has no axis")
    axis = _after_members(layer.dim)
    function = torch.softmax if type(layer) is nn.Softmax else torch.log_softmax
    return lambda state, inputs: function(inputs, axis)


def _options_of_dropout(
    p: float = 0.5, training: bool = True, inplace: bool = False
) -> nn.Dropout:
    return nn.Dropout(p, inplace).train(training)


def _dropout_layer(layer: nn.Dropout, names: Names) -> Step:
    return _dropout(layer.p) if layer.training else _as_it_is


def _dropout(p: float) -> Step:
    def step(state: State, inputs: Tensor) -> Tensor:
        if p == 0:
            return inputs
        return inputs * drawn_masks(inputs.detach(), p, state.generators)

    return step


def _layer_norm(layer: nn.LayerNorm, names: Names) -> Step:
    shape, eps = layer.normalized_shape, layer.eps

    def each(values: Tensor, inputs: Tensor) -> Tensor:
        between = (1,) * (inputs.ndim - values.ndim)
        return values.view(len(values), *between, *values.shape[1:])

    def step(state: State, inputs: Tensor) -> Tensor:
        outputs = functional.layer_norm(inputs, shape, eps=eps)
        if "weight" in names:
            outputs = outputs * each(state.parameters[names["weight"]], inputs)
        if "bias" in names:
            outputs = outputs + each(state.parameters[names["bias"]], inputs)
        return outputs

    return step


def _batch_norm(layer: nn.BatchNorm1d, names: Names) -> Step:
    """Channels of all members side by side are the channels of one layer."""
    if not (layer.training and layer.track_running_stats):
        raise NoProgramError("BatchNorm1d does not follow its inputs")

    def step(state: State, inputs: Tensor) -> Tensor:
        if inputs.ndim != 3:
            raise NoProgramError("BatchNorm1d is given more than rows of channels")
        counts = state.buffers[names["num_batches_tracked"]].add_(1)
        momentum = layer.momentum
        outputs: Tensor = functional.batch_norm(
            inputs.transpose(0, 1).flatten(1),
            state.buffers[names["running_mean"]].view(-1),
            state.buffers[names["running_var"]].view(-1),
            state.parameters[names["weight"]].view(-1) if layer.affine else None,
            state.parameters[names["bias"]].view(-1) if layer.affine else None,
            training=True,
            momentum=1.0 / float(counts[0]) if momentum is None else momentum,
            eps=layer.eps,
        )
        n_rows = inputs.shape[1]
        return outputs.view(n_rows, len(inputs), -1).transpose(0, 1)

    return step


_LAYERS: dict[type[nn.Module], Callable[[Any, Names], Step]] = {
    nn.Linear: _linear,
    nn.Flatten: _flatten,
    nn.Softmax: _softmax,
    nn.LogSoftmax: _softmax,
    nn.Dropout: _dropout_layer,
    nn.LayerNorm: _layer_norm,
    nn.BatchNorm1d: _batch_norm,
}

# Each value by itself, without weights.
_ELEMENTWISE = {
    nn.CELU,
    nn.ELU,
    nn.GELU,
    nn.Hardshrink,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.Identity,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.Mish,
    nn.ReLU,
    nn.ReLU6,
    nn.SELU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Softplus,
    nn.Softshrink,
    nn.Softsign,
    nn.Tanh,
    nn.Tanhshrink,
    nn.Threshold,
}

# Each value by itself, or by those at the same place.
_FUNCTIONS = {
    *("abs", "add", "clamp", "cos", "div", "exp", "log", "mul", "neg", "pow", "sin"),
    *("sqrt", "square", "sub", "truediv", "iadd", "imul", "isub"),
    *("celu", "elu", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu"),
    *("logsigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softplus"),
    *("softsign", "tanh"),
}
_WITH_AXES = {"flatten", "log_softmax", "softmax", "squeeze", "unsqueeze"}
_AXES = {"dim", "start_dim", "end_dim"}


def _of_torch(names: Iterable[str]) -> set[Any]:
    """Methods by their names, and functions, of which a user may have namesakes."""
    homes = (torch, functional, operator)
    found = {getattr(home, name, None) for home in homes for name in names}
    return {*names, *found} - {None}


_FUNCTIONS_OF_TORCH = _of_torch(_FUNCTIONS)
_AXES_OF_TORCH = _of_torch(_WITH_AXES)
