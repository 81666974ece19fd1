"""How good an ensemble would be with one more member, for all members at once.

An ensemble that grows is a sum of its members' answers, and a score of their mean. Most
scores need little of the answers: squared errors the matrix of products of errors, the
log loss what members gave to the classes that rows have. Any other score needs them
all, and is computed for each member in turn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Any, Self, final

import numpy as np

from ensembles._typing import FloatArray

__all__ = ["AnyScore", "LogLoss", "Objective", "SquaredError"]

# So many probabilities, none less than eps, have a product that a double can hold.
_FACTORS = 16


class Objective(ABC):
    """Base of objectives; greater is better."""

    _size: int

    def start(self) -> Self:
        """A copy for an ensemble without members."""
        own = copy(self)
        own._empty()
        return own

    @abstractmethod
    def _empty(self) -> None:
        """Set what is known of the members taken to none."""

    @abstractmethod
    def with_each(self, candidates: Any) -> FloatArray:
        """Score of the ensemble with each of these members in turn, shape (c,)."""

    @abstractmethod
    def add(self, member: int) -> None:
        """Take in a member."""


@final
class SquaredError(Objective):
    """Any score that falls with the mean squared error.

    With counts c of members that sum to t, the error is c' G c / t^2: with one more
    member j, (c' G c + 2 (G c)_j + G_jj) / (t + 1)^2.

    Parameters
    ----------
    products : ndarray of shape (m, m)
        Mean products of members' errors, the matrix G.
    score : callable
        Of an array of errors; rising where errors fall.
    """

    def __init__(
        self, products: FloatArray, score: Callable[[FloatArray], FloatArray]
    ) -> None:
        self._products = products
        self._score = score
        self._empty()

    def _empty(self) -> None:
        self._size = 0
        self._total = 0.0
        self._with = np.zeros(len(self._products))

    def with_each(self, candidates: Any) -> FloatArray:
        own = self._products[candidates, candidates]
        errors = self._total + 2 * self._with[candidates] + own
        return np.asarray(self._score(errors / (self._size + 1) ** 2))

    def add(self, member: int) -> None:
        self._total += 2 * self._with[member] + self._products[member, member]
        self._with = self._with + self._products[member]
        self._size += 1


@final
class LogLoss(Objective):
    """The log loss, less than zero, from what members gave to the right classes.

    A sum of logarithms is the logarithm of a product, and one logarithm of sixteen
    factors costs a tenth of sixteen.

    Parameters
    ----------
    probabilities : ndarray of shape (m, n)
        At least eps.
    row_weights : ndarray of shape (n,) or None, default=None
        Weights of rows, which sum to one. None means that all are the same.
    """

    def __init__(
        self, probabilities: FloatArray, row_weights: FloatArray | None = None
    ) -> None:
        self._given = probabilities
        self._weights = row_weights
        self._n_rows = probabilities.shape[1]
        left = -self._n_rows % _FACTORS
        if row_weights is None and left:
            # What is added are ones, as if all members were right there.
            self._given = np.pad(probabilities, ((0, 0), (0, left)), constant_values=1)
        self._empty()

    def _empty(self) -> None:
        self._size = 0
        self._sums = np.zeros(self._given.shape[1])

    def with_each(self, candidates: Any) -> FloatArray:
        scores = np.empty(len(candidates))
        room = np.empty_like(self._sums)
        for place, member in enumerate(candidates):
            np.add(self._sums, self._given[member], out=room)
            scores[place] = self._mean_log(room)
        return np.asarray(scores - np.log(self._size + 1))

    def _mean_log(self, sums: FloatArray) -> float:
        """Mean of logarithms of sums; where one was added, less their share."""
        if self._weights is not None:
            return float(self._weights @ np.log(sums))
        products = np.multiply.reduce(sums.reshape(_FACTORS, -1), axis=0)
        added = (len(sums) - self._n_rows) * np.log(self._size + 1)
        return float((np.log(products).sum() - added) / self._n_rows)

    def add(self, member: int) -> None:
        self._sums = self._sums + self._given[member]
        self._size += 1


@final
class AnyScore(Objective):
    """A score of mean answers, computed for each member in turn.

    Parameters
    ----------
    said : list of m answers
        Arrays, or lists with one for each output.
    score : callable
        Of answers; greater is better.
    """

    def __init__(self, said: list[Any], score: Callable[[Any], float]) -> None:
        self._said = said
        self._score = score
        self._empty()

    def _empty(self) -> None:
        self._size = 0
        self._sums: Any = None

    def with_each(self, candidates: Any) -> FloatArray:
        size = self._size + 1
        return np.array(
            [self._score(_scaled(self._plus(j), 1 / size)) for j in candidates]
        )

    def add(self, member: int) -> None:
        self._sums = self._plus(member)
        self._size += 1

    def _plus(self, member: int) -> Any:
        """Sums with those of one more member."""
        said = self._said[member]
        if self._sums is None:
            return said
        if isinstance(said, list):
            return [a + b for a, b in zip(self._sums, said, strict=True)]
        return self._sums + said


def _scaled(answers: Any, factor: float) -> Any:
    """Answers times a number."""
    if isinstance(answers, list):
        return [factor * one for one in answers]
    return factor * answers
