"""Whether members gain by being trained together, by their size.

Together they save the time between operations, some milliseconds a step for ten nets.
Where products of matrices are large enough to take most of the time nothing is saved,
and weights of many nets leave caches. The limits are measured, by section *engines* of
benchmarks/bench_nets.py, and not timed at a fit: members would depend on the clock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ensembles._ensemble._nets import seeded_run
from ensembles.nets._stacked._chain import Chain
from ensembles.nets._stacked._mapped import Mapped
from ensembles.nets._stacked._products import Products
from ensembles.nets._stacked._program import NoProgramError, Program
from ensembles.nets._stacked._trainee import Trainee
from ensembles.nets._weights import copy_module

__all__ = ["check_worth"]


class _Limits(NamedTuple):
    """The most that a member may be for a program to be faster than the loop."""

    parameters: int
    products: float
    """Multiplications of a batch."""
    products_of_few: float
    """The same for fewer than five members."""


_LIMITS: dict[type[Program], _Limits] = {
    Chain: _Limits(200_000, 50e6, 2.5e6),
    Products: _Limits(200_000, 50e6, 2.5e6),
    Mapped: _Limits(100_000, 12e6, 0.0),
}
_FEW = 5
# A trial takes some tens of steps of a net alone.
_FEWEST_STEPS = 100


def check_worth(
    kind: type[Program], trainee: Trainee, X: Tensor, n_members: int
) -> None:
    """Raise where a program would not be faster than a loop.

    Parameters
    ----------
    kind : type of Program
        The program.
    trainee : Trainee
        A member; left as it is.
    X : Tensor of shape (n_samples, ...)
        What it learns from.
    n_members : int
        Number of members.

    Raises
    ------
    NoProgramError
        With what is too large or too little.
    """
    net, limits = trainee.net, _LIMITS[kind]
    n_steps = net.max_epochs * trainee.n_batches * (n_members - 1)
    if n_steps < _FEWEST_STEPS:
        raise NoProgramError(
            f"{n_steps} steps of further members are fewer than the {_FEWEST_STEPS} "
            "that pay for a trial"
        )
    module = net.module_
    batch = X[trainee.rows[: trainee.batches.size]]
    n_parameters = sum(one.numel() for one in module.parameters())
    if n_parameters > limits.parameters:
        raise NoProgramError(
            f"{n_parameters} parameters are more than the {limits.parameters} up to "
            "which it is faster"
        )
    most = limits.products_of_few if n_members < _FEW else limits.products
    found = _n_products(module, batch)
    if found > most:
        raise NoProgramError(
            f"{found:.2g} multiplications a batch are more than the {most:.2g} up to "
            f"which it is faster for {n_members} members"
        )


def _n_products(module: nn.Module, batch: Tensor) -> float:
    """Multiplications of a pass, by the outputs of layers that have matrices."""
    copied, found = copy_module(module, {}), 0.0

    def count(layer: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal found
        first = output[0] if isinstance(output, tuple) else output
        for weight in layer.parameters(recurse=False):
            if weight.ndim > 1:
                found += weight.numel() * first.numel() / len(weight)

    for layer in copied.modules():
        layer.register_forward_hook(count)
    try:
        with seeded_run(0, "cpu"), torch.no_grad():
            copied(batch)
    except Exception as error:  # the loop fails of it in its own words
        raise NoProgramError(f"the module fails on a batch: {error}") from error
    return found
