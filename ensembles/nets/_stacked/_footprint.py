"""What modules of a net remember beside weights and buffers."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from skorch import NeuralNet

from ensembles.nets._weights import modules_of

__all__ = ["architecture_of", "footprint_of"]


def footprint_of(net: NeuralNet) -> dict[tuple[str, str, str], Any]:
    """Numbers, words and lengths that parts of module and criterion have.

    A pass that changes them has a memory that a program for several members does not
    know of.

    Parameters
    ----------
    net : NeuralNet
        Initialised.
    """
    return {
        (root_name, part_name, key): _in_short(value)
        for root_name, root in modules_of(net)
        for part_name, part in root.named_modules()
        for key, value in vars(part).items()
        if key != "training" and _in_short(value) is not _LONG
    } | {
        ("criterion_", name, "buffer"): tuple(buffer.detach().flatten().tolist())
        for name, buffer in net.criterion_.named_buffers()
    }


def architecture_of(net: NeuralNet) -> dict[Any, Any]:
    """What members must have in common.

    Parameters
    ----------
    net : NeuralNet
        Initialised.
    """
    kinds = {
        name: (type(part), part.training) for name, part in net.module_.named_modules()
    }
    tensors = {
        name: (one.shape, one.dtype, one.requires_grad)
        for name, one in (*net.module_.named_parameters(), *net.module_.named_buffers())
    }
    return {"kinds": kinds, "tensors": tensors, "settings": footprint_of(net)}


_LONG = object()


def _in_short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    is_counted = isinstance(value, Sized) and not hasattr(value, "shape")
    return len(value) if is_counted else _LONG
