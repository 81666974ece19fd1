"""Weak learners of any kind, weighed and asked as scikit-learn's AdaBoost does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from sklearn.base import clone

from ensembles._random import set_random_states
from ensembles._typing import BoolArray, Estimator, FloatArray, IntArray, Table
from ensembles.boosting._samme import FittedLearners, WeakLearner
from ensembles.trees import BinnedMatrix

__all__ = ["AnyLearner", "FittedMembers"]

_EPSILON = np.finfo(np.float64).eps


@final
class AnyLearner(WeakLearner):
    """An estimator that takes weights of rows.

    Parameters
    ----------
    estimator : estimator
        Not fitted; it is cloned.
    X : table or BinnedMatrix
        Rows to learn from.
    y : ndarray of shape (n_samples,)
        Labels.
    classes : ndarray of shape (n_classes,)
        All of them, in order.
    weights : ndarray of shape (n_samples,)
        How much each row counts at first.
    rng : RandomState
        Gives each member its own random state.
    """

    def __init__(
        self,
        estimator: Estimator,
        X: Table,
        y: Any,
        classes: Any,
        weights: FloatArray,
        rng: np.random.RandomState,
    ) -> None:
        self._estimator, self._X, self._y, self._rng = estimator, X, y, rng
        self._classes, self.n_classes = classes, len(classes)
        self._is_used = weights > 0.0
        self._weights = weights / weights.sum()
        self._clip()
        self._members: list[Estimator] = []
        self._is_wrong: BoolArray = np.zeros(len(y), dtype=bool)

    def _clip(self) -> None:
        """Let no row that is used weigh next to nothing."""
        self._weights[self._is_used] = self._weights[self._is_used].clip(_EPSILON)

    def fit_next(self) -> float:
        member = clone(self._estimator)
        set_random_states(member, self._rng)
        member.fit(self._X, self._y, sample_weight=self._weights)
        self._is_wrong = np.asarray(member.predict(self._X) != self._y)
        self._members.append(member)
        return float(np.average(self._is_wrong, weights=self._weights))

    def drop_last(self) -> None:
        self._members.pop()

    def raise_wrong(self, log_factor: float) -> bool:
        with np.errstate(over="ignore", divide="ignore"):
            logs = np.log(self._weights) + log_factor * self._is_wrong
            weights = np.where(self._is_used, np.exp(logs), 0.0)
        total = weights.sum()
        self._weights = weights / total if np.isfinite(total) else weights
        self._clip()
        return bool(np.isfinite(total))

    def fitted(self, weights: list[float]) -> FittedLearners:
        binner = self._X.binner if isinstance(self._X, BinnedMatrix) else None
        return FittedMembers(self._members, weights, self._classes, binner)


@final
class FittedMembers(FittedLearners):
    """Fitted estimators of any kind.

    Parameters
    ----------
    members : list of estimators
        Fitted to the labels themselves.
    weights : list of float
        Of their votes.
    classes : ndarray of shape (n_classes,)
        Labels, in order.
    binner : Binner or None
        What makes the codes that members take in place of a table, if they do.
    """

    def __init__(
        self,
        members: list[Estimator],
        weights: list[float],
        classes: Any,
        binner: Any,
    ) -> None:
        self._members, self.weights = members, np.array(weights)
        self._classes, self._binner = classes, binner

    @property
    def members(self) -> list[Estimator]:
        return self._members

    def count(self, X: Table) -> FloatArray:
        votes: FloatArray = np.zeros(0)
        for votes in self.staged(X):  # noqa: B007 - the last is wanted
            pass
        return votes

    def staged(self, X: Table) -> Iterator[FloatArray]:
        seen, n_classes = self._seen(X), len(self._classes)
        votes = 0.0
        for member, weight in zip(self._members, self.weights, strict=True):
            is_for = np.asarray(member.predict(seen))[:, None] == self._classes
            if n_classes == 2:
                is_for = is_for[:, 1:] * 2.0 - 1.0
            votes = votes + is_for * weight
            yield votes

    def said(self, X: Table) -> IntArray:
        seen = self._seen(X)
        labels = [member.predict(seen) for member in self._members]
        return np.searchsorted(self._classes, labels)

    def importances(self) -> FloatArray:
        return np.array([member.feature_importances_ for member in self._members])

    def _seen(self, X: Table) -> Table:
        """Rows as members take them."""
        if self._binner is None or isinstance(X, BinnedMatrix):
            return X
        return self._binner._bin_rows(X)
