"""How what the user gives as `estimator` becomes a fresh skorch net.

A skorch net is cloned; a module, or a class or function that makes one, is put into a
net; None stands for a small multilayer perceptron. The user's own object is only read.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from skorch import NeuralNet, NeuralNetBinaryClassifier
from torch import nn

from ensembles._validation import invalid_parameter
from ensembles.nets.modules._mlp import MLP

__all__ = [
    "as_net",
    "default_module",
    "fill_sizes",
    "input_dtype",
    "reset_weights",
    "with_parts",
]


# What ``estimator=None`` trains. In double precision, as scikit-learn's own: in single
# precision a row's prediction depends, in the seventh digit, on how many rows are
# predicted with it.
default_module = partial(MLP, dtype=torch.float64)


def as_net(
    owner: object,
    estimator: Any,
    build: Callable[[Any], NeuralNet],
    default: Callable[..., nn.Module] = default_module,
) -> NeuralNet:
    """Return a skorch net that shares nothing mutable with `estimator`.

    Parameters
    ----------
    owner : object
        The ensemble, named in the error.
    estimator : NeuralNet, Module, callable or None
        What the user gave.
    build : callable
        Puts a module, or what makes one, into a net with the ensemble's settings.
    default : callable
        What makes the module that None stands for.

    Returns
    -------
    NeuralNet
        Not initialised.

    Raises
    ------
    InvalidParameterError
        If `estimator` is none of these.
    """
    if isinstance(estimator, NeuralNet):
        return clone(estimator)
    if estimator is None:
        return build(default)
    if isinstance(estimator, nn.Module):
        return build(copy.deepcopy(estimator))
    is_net_class = isinstance(estimator, type) and issubclass(estimator, NeuralNet)
    if callable(estimator) and not is_net_class:
        return build(estimator)
    raise invalid_parameter(
        owner,
        "estimator",
        estimator,
        "a skorch net, a torch module, a class or function that makes a torch module, "
        "or None",
        "Give an instance of the net." if is_net_class else "",
    )


def fill_sizes(net: NeuralNet, n_features: int, n_outputs: int) -> None:
    """Pass on the sizes that the module asks for by name.

    Only parameters named ``n_features`` or ``n_outputs`` that have no default and that
    the user has not set are filled: without them the module could not be made at all.
    """
    if isinstance(net.module, nn.Module):
        return
    try:
        parameters = inspect.signature(net.module).parameters
    except ValueError:  # a builtin may have no signature to read
        return
    if isinstance(net, NeuralNetBinaryClassifier):
        n_outputs = 1
    given = net.get_params_for("module")
    for name, size in {"n_features": n_features, "n_outputs": n_outputs}.items():
        parameter = parameters.get(name)
        required = parameter is not None and parameter.default is parameter.empty
        if required and name not in given:
            net.set_params(**{f"module__{name}": size})


def with_parts(net: NeuralNet, **parts: Any) -> NeuralNet:
    """The same net, not initialised, with other parts, such as a criterion.

    Settings of a part go with it, unless the new one is what the net has already.
    """
    changed = {name: part for name, part in parts.items() if getattr(net, name) != part}
    kept = {
        name: value
        for name, value in clone(net).get_params(deep=False).items()
        if name.partition("__")[0] not in changed
    }
    other: NeuralNet = type(net)(**{**kept, **changed})
    return other


def reset_weights(owner: object, net: NeuralNet) -> None:
    """Draw new weights where the net's module is an instance, from torch's state.

    An instance may have been trained, and a copy would start from what it learnt, on
    rows that a cross-validation holds out.

    Raises
    ------
    InvalidParameterError
        If a submodule with parameters has no ``reset_parameters``.
    """
    if not isinstance(net.module, nn.Module) or net.get_params_for("module"):
        return
    # Those within come first: a module may draw otherwise than its parts would.
    for name, module in reversed(list(net.module.named_modules())):
        reset = getattr(module, "reset_parameters", None)
        if reset is not None:
            reset()
        elif next(module.parameters(recurse=False), None) is not None:
            raise invalid_parameter(
                owner,
                "estimator",
                type(net.module).__name__,
                "a module whose weights can be drawn anew",
                f"Its part {name or 'itself'!r} ({type(module).__name__}) has "
                "parameters and no method reset_parameters: pass the class, or a "
                "function that makes the module, instead of an instance.",
            )


def input_dtype(module: nn.Module) -> type[np.floating[Any]]:
    """The numpy type that rows for a module must have: that of its first weights."""
    floating = (p.dtype for p in module.parameters() if p.dtype.is_floating_point)
    by_torch: dict[torch.dtype, type[np.floating[Any]]] = {
        torch.float64: np.float64,
        torch.float16: np.float16,
    }
    return by_torch.get(next(floating, torch.get_default_dtype()), np.float32)
