"""What every ensemble is: a sequence of fitted members, each of whose outputs is open.

An ensemble plans its members, fits them, and combines their outputs. Those that inherit
from here say how; the sequence protocol is written once.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Iterator
from typing import Any

from sklearn.base import BaseEstimator, MetaEstimatorMixin

from ensembles._typing import Estimator, Table

__all__ = ["BaseEnsemble"]


class BaseEnsemble(MetaEstimatorMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of all ensembles."""

    estimators_: list[Estimator]

    def __bool__(self) -> bool:
        """Be true before fit too, when there is no length yet."""
        return True

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self.estimators_)

    def __getitem__(self, index: int) -> Estimator:
        """Return the member at a position."""
        return self.estimators_[index]

    def __iter__(self) -> Iterator[Estimator]:
        """Return an iterator over the members."""
        return iter(self.estimators_)

    @abstractmethod
    def predict_members(self, X: Table) -> Any:
        """Return every member's output, members first."""
