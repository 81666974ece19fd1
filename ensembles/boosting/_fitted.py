"""Fitted members whose answers are added up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from ensembles._typing import FloatArray, IntArray, Table
from ensembles.boosting._readings import Reading

__all__ = ["FittedLearners"]


class FittedLearners(ABC):
    """Members and the weights that their answers have in sums."""

    reading: Reading
    """What sums say."""

    @property
    @abstractmethod
    def weights(self) -> FloatArray:
        """One for each round."""

    @property
    @abstractmethod
    def members(self) -> list[Any]:
        """Fitted estimators of each round: one, or a list with one for each class."""

    @abstractmethod
    def first(self, n_rounds: int) -> FittedLearners:
        """The members of the first rounds alone."""

    @abstractmethod
    def count(self, X: Table) -> FloatArray:
        """Sums over all members for rows, (n_rows, n_columns)."""

    @abstractmethod
    def staged(self, X: Table) -> Iterator[FloatArray]:
        """Sums after each round; the last are those of `count`."""

    @abstractmethod
    def said(self, X: Table) -> IntArray:
        """Number of the class that each round is for, (n_rounds, n_rows)."""

    @abstractmethod
    def importances(self) -> FloatArray:
        """Importances of features in each round, (n_rounds, n_features)."""
