"""Weak learners of any kind, weighed and asked as scikit-learn's AdaBoost does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np

from ensembles._typing import BoolArray, Estimator, FloatArray, IntArray, Table
from ensembles._validation import warn_user
from ensembles.boosting._fitted import FittedLearners
from ensembles.boosting._handing import Handing
from ensembles.boosting._member import fit_and_ask, has_random_state, naming_round
from ensembles.boosting._readings import OneClass, Reading, Votes
from ensembles.boosting._samme import WeakLearner
from ensembles.boosting._samples import codes_for
from ensembles.trees import BinnedMatrix

__all__ = ["AnyLearner", "FittedMembers"]

_EPSILON = np.finfo(np.float64).eps
_ROUNDING = 1e-9  # of an error that is just that of chance


@final
class AnyLearner(WeakLearner):
    """A classifier that is fitted to the labels themselves.

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
    handing : Handing
        How rows reach members.
    n_estimators : int
        Largest number of members.
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
        handing: Handing,
        n_estimators: int,
        rng: np.random.RandomState,
    ) -> None:
        self._estimator, self._X, self._y, self._rng = estimator, X, y, rng
        self._handing, self._n_estimators = handing, n_estimators
        self.is_fixed = not (handing.is_random or has_random_state(estimator))
        self._classes, self.n_classes = classes, len(classes)
        self._is_used = weights > 0.0
        self._weights = weights / weights.sum()
        self._clip()
        self._members: list[Estimator] = []
        self._is_wrong: BoolArray = np.zeros(len(y), dtype=bool)

    def _clip(self) -> None:
        """Let no row that is used weigh next to nothing."""
        self._weights[self._is_used] = self._weights[self._is_used].clip(_EPSILON)

    def fit_next(self, number: int) -> float:
        how = self._weights, self._handing, self._rng, self._rng, _labels
        with naming_round(number, self._n_estimators, self._estimator):
            member, said = fit_and_ask(self._estimator, self._X, self._y, *how)
        is_wrong = np.asarray(said != self._y)
        self._members.append(member)
        error = float(np.average(is_wrong, weights=self._weights))
        if number == 1 and self.is_fixed and np.array_equal(is_wrong, self._is_wrong):
            self._warn_of_repetition(error)
        self._is_wrong = is_wrong
        return error

    def _warn_of_repetition(self, error: float) -> None:
        """Warn of a learner that may not look at weights, where it is no more use."""
        if error >= 1.0 - 1.0 / self.n_classes - _ROUNDING:
            warn_user(
                f"{self._estimator!r} is wrong on the same rows in the second round as "
                "in the first, though these had more weight. If it takes no notice of "
                "sample_weight, pass resample=True to draw rows by their weights."
            )

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

    def ask_last(self, X: Table) -> FloatArray:
        return _ballots(_labels(self._members[-1], X), self._classes)

    def fitted(self, weights: list[float]) -> FittedLearners:
        binner = self._X.binner if isinstance(self._X, BinnedMatrix) else None
        return FittedMembers(self._members, weights, self._classes, binner)


def _labels(member: Estimator, X: Table) -> Any:
    """What a classifier says of rows."""
    return np.asarray(member.predict(X))


def _ballots(said: Any, classes: Any) -> FloatArray:
    """Votes for classes, each of weight one, as a `Reading` takes them."""
    is_for = said[:, None] == classes
    votes = is_for[:, 1:] * 2.0 - 1.0 if len(classes) == 2 else is_for * 1.0
    return np.asarray(votes)


@final
class FittedMembers(FittedLearners):
    """Fitted estimators of any kind.

    Parameters
    ----------
    members : list of estimators
        Fitted to the labels themselves.
    weights : sequence of float
        Of their votes.
    classes : ndarray of shape (n_classes,)
        Labels, in order.
    binner : Binner or None
        What makes the codes that members take in place of a table, if they do.
    """

    def __init__(
        self,
        members: list[Estimator],
        weights: Sequence[float] | FloatArray,
        classes: Any,
        binner: Any,
    ) -> None:
        self._members, self._weights = members, np.asarray(weights)
        self._classes, self._binner = classes, binner
        self.reading: Reading = OneClass() if len(classes) == 1 else Votes()

    @property
    def weights(self) -> FloatArray:
        return self._weights

    @property
    def members(self) -> list[Estimator]:
        return self._members

    def first(self, n_rounds: int) -> FittedLearners:
        members, weights = self._members[:n_rounds], self._weights[:n_rounds]
        return FittedMembers(members, weights, self._classes, self._binner)

    def count(self, X: Table) -> FloatArray:
        votes: FloatArray = np.zeros(0)
        for votes in self.staged(X):  # noqa: B007 - the last is wanted
            pass
        return votes

    def staged(self, X: Table) -> Iterator[FloatArray]:
        seen, votes = codes_for(self._binner, X), 0.0
        for member, weight in zip(self._members, self.weights, strict=True):
            votes = votes + _ballots(_labels(member, seen), self._classes) * weight
            yield votes

    def said(self, X: Table) -> IntArray:
        seen = codes_for(self._binner, X)
        labels = [member.predict(seen) for member in self._members]
        return np.searchsorted(self._classes, labels)

    def importances(self) -> FloatArray:
        return np.array([member.feature_importances_ for member in self._members])
