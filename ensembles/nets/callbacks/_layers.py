"""Weights of layers, by name."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.parameter import UninitializedParameter

__all__ = ["layers_of"]


def layers_of(net: Any) -> list[tuple[str, Tensor]]:
    """Parameters of two axes or more: neither biases nor those of norms.

    Lazy layers have none before their first pass.

    Parameters
    ----------
    net : NeuralNet
        Initialised.
    """
    return [
        (name, weight)
        for name, weight in net.get_all_learnable_params()
        if not isinstance(weight, UninitializedParameter) and weight.ndim >= 2
    ]
