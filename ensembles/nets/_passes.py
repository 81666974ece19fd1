"""A net that goes on leaving units out: the same ones for all rows of a pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, final

import torch
from skorch import NeuralNet
from torch import Tensor, nn

from ensembles._ensemble._nets import seeded_torch
from ensembles.nets._prediction import copy_net

__all__ = ["leaves_out", "passing_nets"]

# A share of a hundredth of ten units is left out in one of ten passes.
_TRIES = 200


def passing_nets(
    net: NeuralNet, layers: Any, seeds: Iterable[int]
) -> Iterator[NeuralNet]:
    """Yield one net, a copy whose module is a `Pass`, under one seed after another.

    Parameters
    ----------
    net : NeuralNet
        Fitted.
    layers : class, tuple of classes or None
        Modules that leave out; None is all that can.
    seeds : iterable of int
        Of the passes.
    """
    copied = copy_net(net)
    copied.module_ = Pass(copied.module_, layers)
    for copied.module_.seed in seeds:
        yield copied


def leaves_out(net: NeuralNet, layers: Any, X: Any) -> bool:
    """Whether passes of a net differ at all.

    Parameters
    ----------
    net : NeuralNet
        Fitted.
    layers : class, tuple of classes or None
        Modules that leave out.
    X : ndarray of shape (n_samples, ...)
        Some rows.
    """
    first = None
    for passing in passing_nets(net, layers, range(_TRIES)):
        output = passing.forward(X)
        raw = output[0] if isinstance(output, tuple) else output
        if first is not None and not torch.equal(raw, first):
            return True
        first = raw if first is None else first
    return False


@final
class Pass(nn.Module):
    """A module in which the same units are left out for all rows.

    So a pass is a net of its own, and what it says of a row does not depend on which
    rows it is asked about, in which order.

    Parameters
    ----------
    inner : Module
        The module; modes of its parts are set.
    layers : class, tuple of classes or None
        Parts that leave out; None is all. A part draws by its own mode, as an attention
        or an LSTM does, or a module that calls the function. What keeps statistics of
        its inputs must not take part: it would normalise by the rows at hand.

    Attributes
    ----------
    seed : int
        Of the units that are left out.
    """

    def __init__(self, inner: nn.Module, layers: Any) -> None:
        super().__init__()
        self.inner, self.seed = inner, 0
        self._goes_together = True
        for part in inner.modules():
            is_asked = layers is None or isinstance(part, layers)
            part.training = is_asked and not hasattr(part, "running_mean")

    def train(self, mode: bool = True) -> Pass:
        """Keep all modes: skorch sets them before each batch."""
        return self

    def forward(self, rows: Tensor) -> Any:
        """Outputs of rows, each as if it were alone."""
        if self._goes_together:
            try:
                with seeded_torch(self.seed, rows.device):
                    return torch.vmap(self._of_one, randomness="same")(rows)
            except RuntimeError:  # recurrent layers have no rule for that
                self._goes_together = False
        outputs = []
        for row in rows:
            with seeded_torch(self.seed, rows.device):
                outputs.append(self._of_one(row))
        return _stacked(outputs)

    def _of_one(self, row: Tensor) -> Any:
        output = self.inner(row[None])
        if isinstance(output, tuple):
            return tuple(part[0] for part in output)
        return output[0]


def _stacked(outputs: list[Any]) -> Any:
    """Outputs of rows as one."""
    if isinstance(outputs[0], tuple):
        return tuple(torch.stack(parts) for parts in zip(*outputs, strict=True))
    return torch.stack(outputs)
