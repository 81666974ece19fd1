"""What learners of one feature have in common: a basis, and least squares on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from ensembles._typing import FloatArray, IntArray

__all__ = ["LearnerRows", "Learners"]


class LearnerRows(ABC):
    """The basis of each learner for some rows."""

    @abstractmethod
    def products(self, residuals: FloatArray) -> FloatArray:
        """Sums of residuals times each column of each basis.

        Parameters
        ----------
        residuals : ndarray of shape (n_rows,)
            Times the weights of rows.

        Returns
        -------
        ndarray of shape (n_learners, n_coefficients)
            All that learners need to know of residuals.
        """

    @abstractmethod
    def answer(self, learner: int, coefficients: FloatArray) -> FloatArray:
        """What a learner of these coefficients says of the rows, (n_rows,)."""

    @abstractmethod
    def answers(self, coefficients: FloatArray) -> FloatArray:
        """What all learners say, (n_learners, n_rows)."""


class Learners(ABC):
    """Learners of one kind, one for each of some features.

    A fit by least squares of centred residuals needs no more of these than their
    products with the basis: so all learners of a kind are fitted at once.
    """

    kind: str
    features: IntArray
    """Which feature each learner looks at."""
    n_coefficients: int
    """Of each learner."""

    @abstractmethod
    def of(self, learners: IntArray) -> Self:
        """Some of the learners."""

    @abstractmethod
    def rows(self, X: FloatArray) -> LearnerRows:
        """The basis for rows of a table, (n_rows, n_features)."""

    @abstractmethod
    def gains(self, products: FloatArray) -> FloatArray:
        """How much less the sum of squared residuals is after each learner.

        Parameters
        ----------
        products : ndarray of shape (n_learners, n_coefficients)
            Of centred residuals.

        Returns
        -------
        ndarray of shape (n_learners,)
            Not negative.
        """

    @abstractmethod
    def coefficients(self, learner: int, products: FloatArray) -> FloatArray:
        """The fit of one learner, of its products, (n_coefficients,)."""
