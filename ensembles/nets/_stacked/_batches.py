"""Batches of a member, in an order that is drawn as a DataLoader draws it."""

from __future__ import annotations

from typing import NamedTuple, final

import torch
from skorch import NeuralNet
from torch import Generator, Tensor

__all__ = ["OPTIONS", "Batches", "draw_number"]

# Options of an iterator that are understood here.
OPTIONS = {"batch_size", "shuffle", "drop_last"}


@final
class Batches(NamedTuple):
    """How rows become batches."""

    size: int
    """Rows of a batch."""
    is_shuffled: bool
    """Whether each epoch has an order of its own."""
    is_cut: bool
    """Whether what remains after the last whole batch is left out."""

    @classmethod
    def of(cls, net: NeuralNet, n_rows: int) -> Batches:
        """Those of a net's training, from its parameters.

        Parameters
        ----------
        net : NeuralNet
            Whose options are among `OPTIONS`.
        n_rows : int
            Rows that it learns from.
        """
        options = net.get_params_for("iterator_train")
        size = options.get("batch_size", net.batch_size)
        return cls(
            n_rows if size == -1 else size,
            bool(options.get("shuffle")),
            bool(options.get("drop_last")),
        )

    def count(self, n_rows: int) -> int:
        """Number of batches of an epoch."""
        return n_rows // self.size if self.is_cut else -(-n_rows // self.size)

    def order(self, rows: Tensor, generator: Generator) -> Tensor:
        """Rows of an epoch, one batch after another.

        Parameters
        ----------
        rows : Tensor of shape (n_rows,)
            Their numbers.
        generator : Generator
            Of the member; it moves as by an iteration over a loader, which draws for
            its workers, and a seed for its sampler.
        """
        draw_number(generator)
        if self.is_shuffled:
            own = Generator()
            own.manual_seed(draw_number(generator))
            rows = rows[torch.randperm(len(rows), generator=own)]
        return rows[: self.count(len(rows)) * self.size]


def draw_number(generator: Generator) -> int:
    """One draw, as loaders and samplers make it."""
    return int(torch.empty((), dtype=torch.int64).random_(generator=generator).item())
