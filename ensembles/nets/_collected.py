"""Ensembles of the weights that one training run comes by."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from skorch import NeuralNet

from ensembles._combine import combine
from ensembles._typing import FloatArray, Table
from ensembles._validation import check_count, invalid_parameter
from ensembles.nets._course import Course
from ensembles.nets._kinds import BaseNetClassifier, BaseNetRegressor
from ensembles.nets._one_run import BaseOneRun
from ensembles.nets._prediction import nets_of
from ensembles.nets._several import BaseSeveral
from ensembles.nets._weights import Snapshot
from ensembles.nets.callbacks._cycles import CollectingCourse

__all__ = ["BaseCollection", "CollectionClassifier", "CollectionRegressor"]


class BaseCollection(BaseSeveral, BaseOneRun):
    """Copies weights on the way; the copies are the members."""

    _name_of_number: str
    snapshots_: list[Snapshot]

    def __init__(
        self, estimator: Any, *, use_last: int | None, **parameters: Any
    ) -> None:
        super().__init__(estimator, **parameters)
        self.use_last = use_last

    @abstractmethod
    def _course(self) -> CollectingCourse:
        """What is in charge of the run."""

    def _wanted(self, course: Course, net: NeuralNet) -> list[Snapshot]:
        assert isinstance(course, CollectingCourse)
        self.snapshots_ = course.snapshots_
        self.snapshot_iterations_ = np.array(course.collected_)
        return self.snapshots_

    def _check_params(self) -> None:
        super()._check_params()
        number = getattr(self, self._name_of_number)
        check_count(self, self._name_of_number, number)
        self._n_in_use(number)

    def _n_in_use(self, n_snapshots: int) -> int:
        """How many of the snapshots are members."""
        check_count(self, "use_last", self.use_last, none=True)
        if self.use_last is None:
            return n_snapshots
        if self.use_last > n_snapshots:
            raise invalid_parameter(
                self,
                "use_last",
                self.use_last,
                f"at most the number of snapshots, {n_snapshots}",
            )
        return self.use_last

    def _in_use(self) -> list[Snapshot]:
        """The snapshots that are members, the oldest first."""
        return self.snapshots_[-self._n_in_use(len(self.snapshots_)) :]

    def _nets(self) -> Iterator[NeuralNet]:
        return nets_of(self.net_, self._in_use())

    def _staged(self, X: Table) -> Iterator[FloatArray]:
        """The predictions of the last 1, 2, ... members as one."""
        outputs = list(self._outputs(X))
        for first in reversed(range(len(outputs))):
            yield combine(self._rule(), outputs[first:])


class CollectionClassifier(BaseNetClassifier, BaseCollection):
    """Classes by the weights that a run comes by."""

    def staged_predict_proba(self, X: Table) -> Iterator[FloatArray]:
        """Yield the combined probabilities of the last 1, 2, ... snapshots in use.

        The last snapshot comes first because it has trained longest: stage m is what
        ``use_last=m`` would give, and the last stage is `predict_proba`.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Yields
        ------
        ndarray of shape (n_samples, n_classes)
            One for each number of snapshots.
        """
        yield from self._staged(X)

    def staged_predict(self, X: Table) -> Iterator[Any]:
        """Yield the labels that the last 1, 2, ... snapshots in use predict.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Yields
        ------
        ndarray of shape (n_samples,)
            One for each number of snapshots.
        """
        for probabilities in self._staged(X):
            yield self.classes_[probabilities.argmax(axis=1)]


class CollectionRegressor(BaseNetRegressor, BaseCollection):
    """Values by the weights that a run comes by."""

    def staged_predict(self, X: Table) -> Iterator[FloatArray]:
        """Yield the combined predictions of the last 1, 2, ... snapshots in use.

        The last snapshot comes first because it has trained longest: stage m is what
        ``use_last=m`` would give, and the last stage is `predict`.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Yields
        ------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            One for each number of snapshots.
        """
        yield from self._staged(X)
