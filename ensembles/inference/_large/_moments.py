"""Statistics that are functions of means of products of columns.

Such a statistic is a formula of a few means, its terms: a variance of those of z and
z z, a correlation of five. One that has several components is, where they share no
formula, a group of terms for each: the mean of every column of a table. Means are taken
about an origin near the data, so a formula loses no digits to a large mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from typing import Any, final

import numpy as np

from ensembles._typing import FloatArray
from ensembles.inference._large._monomials import Monomial

__all__ = [
    "Correlation",
    "LeastSquares",
    "Mean",
    "OfColumns",
    "Ratio",
    "StandardDeviation",
    "StreamedStatistic",
    "Variance",
]

# Of a matrix of correlations: below it slopes have fewer than six right digits.
_LEAST_EIGENVALUE = 1e-10


class StreamedStatistic(ABC):
    """A formula of means; a statistic adds its terms and `finish`."""

    @property
    @abstractmethod
    def terms(self) -> Sequence[Sequence[Monomial]]:
        """Monomials whose means the formula takes: as many in each group."""

    @abstractmethod
    def finish(self, m: FloatArray, n: FloatArray, origin: FloatArray) -> FloatArray:
        """Values of shape (n_replicates, n_groups, n_values).

        `m`, of shape (n_replicates, n_groups, n_terms), holds means of monomials about
        the origin, `n`, of shape (n_replicates,), the number of rows behind each.
        """


@final
@dataclass(frozen=True)
class Mean(StreamedStatistic):
    """Mean of each column."""

    n_columns: int

    @property
    def terms(self) -> Sequence[Sequence[Monomial]]:
        """The column."""
        return [[(i,)] for i in range(self.n_columns)]

    def finish(self, m: FloatArray, n: FloatArray, origin: FloatArray) -> FloatArray:
        """The mean itself."""
        return np.asarray(m + origin[:, None])


@final
@dataclass(frozen=True)
class Variance(StreamedStatistic):
    """Variance of each column, with ``n - ddof`` in the denominator."""

    n_columns: int
    ddof: int

    @property
    def terms(self) -> Sequence[Sequence[Monomial]]:
        """The column and its square."""
        return [[(i,), (i, i)] for i in range(self.n_columns)]

    def finish(self, m: FloatArray, n: FloatArray, origin: FloatArray) -> FloatArray:
        """Mean square less the squared mean; nan where n is not above ddof."""
        spread = np.maximum(m[..., 1] - m[..., 0] ** 2, 0.0)
        factor = np.where(n > self.ddof, n / (n - self.ddof), np.nan)
        return np.asarray(spread * factor[:, None])[..., None]


@final
@dataclass(frozen=True)
class StandardDeviation(StreamedStatistic):
    """Root of the variance."""

    of_squares: Variance

    @property
    def terms(self) -> Sequence[Sequence[Monomial]]:
        """Those of the variance."""
        return self.of_squares.terms

    def finish(self, m: FloatArray, n: FloatArray, origin: FloatArray) -> FloatArray:
        """The root."""
        return np.asarray(np.sqrt(self.of_squares.finish(m, n, origin)))


@final
@dataclass(frozen=True)
class Ratio(StreamedStatistic):
    """Ratio of the means of two columns."""

    @property
    def terms(self) -> Sequence[Sequence[Monomial]]:
        """Both columns."""
        return [[(0,), (1,)]]

    def finish(self, m: FloatArray, n: FloatArray, origin: FloatArray) -> FloatArray:
        """The quotient; nan where the denominator is 0."""
        means = m + origin
        return means[..., :1] / np.where(means[..., 1:] == 0, np.nan, means[..., 1:])


@final
@dataclass(frozen=True)
class Correlation(StreamedStatistic):
    """Pearson correlation of each pair of columns."""

    n_columns: int

    @property
    def terms(self) -> Sequence[Sequence[Monomial]]:
        """The columns of a pair, their squares and their product."""
        pairs = combinations(range(self.n_columns), 2)
        return [[(i,), (j,), (i, i), (j, j), (i, j)] for i, j in pairs]

    def finish(self, m: FloatArray, n: FloatArray, origin: FloatArray) -> FloatArray:
        """Covariance over spreads; nan where a column is constant."""
        x, y, x_x, y_y, x_y = np.moveaxis(m, -1, 0)
        squares = np.maximum(x_x - x**2, 0.0) * np.maximum(y_y - y**2, 0.0)
        r = (x_y - x * y) / np.sqrt(squares)
        return np.where(np.isfinite(r), np.clip(r, -1.0, 1.0), np.nan)[..., None]


@final
@dataclass(frozen=True)
class LeastSquares(StreamedStatistic):
    """Intercept and slopes of the last column on the others."""

    n_slopes: int

    @property
    def terms(self) -> Sequence[Sequence[Monomial]]:
        """The columns, products of those explaining, and theirs with the last one."""
        columns = range(self.n_slopes + 1)
        pairs = list(combinations_with_replacement(columns, 2))[:-1]
        return [[(i,) for i in columns] + pairs]

    def finish(self, m: FloatArray, n: FloatArray, origin: FloatArray) -> FloatArray:
        """Solutions of normal equations; nan where rows do not fix them."""
        d = self.n_slopes
        means, products = np.split(m[:, 0], [d + 1], axis=-1)
        first, second = np.triu_indices(d + 1)
        moments = np.zeros((len(m), d + 1, d + 1))
        moments[:, first[:-1], second[:-1]] = products
        moments[:, second[:-1], first[:-1]] = products
        moments -= means[:, :, None] * means[:, None, :]
        slopes = _solve(moments[:, :d, :d], moments[:, :d, d])
        explained = ((means + origin)[:, :d] * slopes).sum(axis=1)
        intercept = means[:, d] + origin[d] - explained
        return np.concatenate([intercept[:, None], slopes], axis=1)[:, None, :]


@final
@dataclass(frozen=True)
class OfColumns(StreamedStatistic):
    """A function of the means of columns, by the user."""

    function: Callable[[FloatArray, FloatArray], Any]
    n_columns: int

    @property
    def terms(self) -> Sequence[Sequence[Monomial]]:
        """The columns."""
        return [[(i,) for i in range(self.n_columns)]]

    def finish(self, m: FloatArray, n: FloatArray, origin: FloatArray) -> FloatArray:
        """The function of the means."""
        return self.of_means(m[:, 0] + origin, n).reshape(len(m), 1, -1)

    def of_means(self, means: FloatArray, n: FloatArray) -> FloatArray:
        """What the function returns, shape (n_replicates, ...)."""
        values = np.asarray(self.function(means, n), dtype=np.float64)
        if values.ndim == 0 or len(values) != len(means):
            raise ValueError(
                "finish(means, n) must return one value, or one array of values, for "
                f"each row of means of shape {means.shape}, got shape {values.shape}. "
                "Take columns by means[..., j]."
            )
        return values


def _solve(covariances: FloatArray, right: FloatArray) -> FloatArray:
    """Solutions of systems of shape (m, d, d), nan where they have none."""
    scales = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    correlations = covariances / (scales[:, :, None] * scales[:, None, :])
    is_full = np.isfinite(correlations).all(axis=(1, 2))
    safe = np.where(is_full[:, None, None], correlations, np.eye(right.shape[1]))
    is_full &= np.linalg.eigvalsh(safe)[:, 0] > _LEAST_EIGENVALUE
    safe[~is_full] = np.eye(right.shape[1])
    solved = np.linalg.solve(safe, (right / scales)[..., None])[..., 0] / scales
    return np.where(is_full[:, None], solved, np.nan)
