"""How AdaBoost for values judges members: their errors, and what follows from these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from ensembles._typing import FloatArray

__all__ = ["ErrorRule", "RelativeErrors", "ScaledErrors"]


class ErrorRule(ABC):
    """A rule that makes of errors of rows how much each counts, from zero to one."""

    chance: float
    """Mean from which on a member is no help."""

    @abstractmethod
    def losses(self, errors: FloatArray, y: FloatArray) -> FloatArray:
        """How wrong each row is.

        Parameters
        ----------
        errors : ndarray of shape (n_rows,)
            Distances of predictions from targets.
        y : ndarray of shape (n_rows,)
            Targets.
        """

    @abstractmethod
    def beta(self, error: float) -> float:
        """What weights of rows that are right are multiplied by, below one."""


@final
@dataclass(frozen=True)
class ScaledErrors(ErrorRule):
    """Errors as shares of the largest one.

    H. Drucker, "Improving regressors using boosting techniques", ICML 1997, section 2.
    """

    loss: str
    """Of the shares: "linear", "square" or "exponential"."""

    chance = 0.5

    def losses(self, errors: FloatArray, y: FloatArray) -> FloatArray:
        """A function of the share."""
        largest = errors.max()
        shares = errors / largest if largest != 0.0 else errors
        if self.loss == "square":
            return np.asarray(shares**2)
        return np.asarray(-np.expm1(-shares)) if self.loss == "exponential" else shares

    def beta(self, error: float) -> float:
        """Odds of being wrong."""
        return error / (1.0 - error)


@final
@dataclass(frozen=True)
class RelativeErrors(ErrorRule):
    """Whether an error is larger than a share of its target.

    D. L. Shrestha & D. P. Solomatine, "Experiments with AdaBoost.RT, an improved
    boosting scheme for regression", Neural Computation 18(7), 2006, section 3.
    """

    threshold: float
    """The share."""
    power: int
    """What power of the error weights are multiplied by."""

    chance = 1.0

    def losses(self, errors: FloatArray, y: FloatArray) -> FloatArray:
        """One for rows that are wrong, else zero."""
        return np.where(errors > self.threshold * np.abs(y), 1.0, 0.0)

    def beta(self, error: float) -> float:
        """A power of the error."""
        return max(error**self.power, np.finfo(np.float64).tiny)
