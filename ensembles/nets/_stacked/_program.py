"""What computes the outputs of all members at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection

from torch import Tensor, nn

from ensembles.nets._stacked._stack import State

__all__ = ["NoProgramError", "Program"]


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
