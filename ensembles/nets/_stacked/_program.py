"""What computes the outputs of all members at once."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from ensembles.nets._stacked._losses import BatchLoss
from ensembles.nets._stacked._stack import State

__all__ = ["NoProgramError", "Program", "quiet_torch"]


@contextmanager
def quiet_torch() -> Iterator[None]:
    """Let torch not warn of operations that it maps member by member, and of others.

    Rows that joblib shares between workers cannot be written to, and are not.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop")
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        yield


class NoProgramError(Exception):
    """A module cannot be made one program for all members; the message says why."""


class Program(ABC):
    """A module's pass in training mode, for a stack of members."""

    words: str
    """What it is made of, for the user."""
    turned: Collection[str] = ()
    """Names of the matrices that it wants transposed."""

    @abstractmethod
    def __init__(self, module: nn.Module) -> None:
        """Make a program of a member's module, which is copied.

        Raises
        ------
        NoProgramError
            If there is none.
        """
        self._made_of = module

    def __reduce__(self) -> tuple[type[Program], tuple[nn.Module]]:
        """Go to other processes as a module, of which it is made again."""
        return type(self), (self._made_of,)

    @abstractmethod
    def __call__(self, state: State, rows: Tensor) -> Tensor:
        """Compute outputs.

        Parameters
        ----------
        state : State
            Of the members.
        rows : Tensor of shape (n_members, n_rows, ...)
            A batch of each.

        Returns
        -------
        Tensor of shape (n_members, n_rows, ...)
            Outputs.
        """

    def add_gradients(self, state: State, rows: Tensor, loss: BatchLoss) -> Tensor:
        """Add gradients of means of losses to those of the parameters.

        Parameters
        ----------
        state : State
            Of the members.
        rows : Tensor of shape (n_members, n_rows, ...)
            A batch of each.
        loss : BatchLoss
            Of their outputs.

        Returns
        -------
        Tensor of shape (n_members, n_losses)
            Losses.
        """
        return loss.add_gradients(self(state, rows))
