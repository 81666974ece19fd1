"""Statistics that are functions of means of columns.

A mean, a variance, a correlation and a regression are all ``finish(W @ F / W.sum())``
for some columns F of the data. So a replicate costs one pass over F, a jackknife one
pass in all, and the standard error in each replicate follows from second moments of F
by the delta method. A statistic is its columns and its formula.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement
from typing import final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._statistics._base import BoundStatistic, compiled_loops
from ensembles.resampling._base import BoundScheme, Seeds
from ensembles.resampling._deletions import Deletions, EachUnit

__all__ = [
    "Correlation",
    "LeastSquares",
    "Mean",
    "Moments",
    "Ratio",
    "StandardDeviation",
    "Variance",
    "with_ones",
]


_EPS = float(np.finfo(np.float64).eps)
# Memory that sums of columns of one batch of units may take.
_BATCH_BYTES = 4 * 2**20


class Moments(BoundStatistic):
    """A function of means of columns; a statistic adds its columns and `finish`.

    Parameters
    ----------
    columns : ndarray of shape (n_columns, n_samples)
        Each centred or scaled so that its means lose no digits.
    names : sequence of str
        Names of the components.
    shape : tuple of int
        What the user sees.
    origin : ndarray of shape (n_components,) or float, default=0.0
        What values are counted from. Differences of values, which tell the standard
        error, then lose no digits either.
    """

    def __init__(
        self,
        columns: FloatArray,
        names: Sequence[str],
        shape: tuple[int, ...],
        origin: FloatArray | float = 0.0,
    ) -> None:
        self.columns = np.ascontiguousarray(columns, dtype=np.float64)
        self.n_samples = self.columns.shape[1]
        self.names = names
        self.shape = shape
        self.origin = origin

    @abstractmethod
    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """Values less the origin, shape (..., n_components), from means of columns.

        `n`, of shape (...), is the number of rows that they are means of.
        """

    def estimate(self) -> FloatArray:
        """The statistic of the data as they are."""
        n_samples = float(self.columns.shape[1])
        sums = self.columns.sum(axis=1)[None]
        return np.asarray(self._of_sums(sums, np.array([n_samples]))[0])

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The statistic under each row of weights."""
        return self._of_sums(weights @ self.columns.T, weights.sum(axis=1))

    def numbers_held(self, bound: BoundScheme) -> int:
        """Sums of columns."""
        return len(self.columns)

    def of_rows_drawn(self, bound: BoundScheme, seeds: Seeds) -> FloatArray:
        """The statistic in each replicate, with no weights in between."""
        if bound.total is not None:
            sums = bound.sums(seeds, self.columns)
            return self._of_sums(sums, np.full(len(seeds), bound.total))
        sums = bound.sums(seeds, with_ones(self.columns))
        return self._of_sums(sums[:, :-1], sums[:, -1])

    def take(self, rows: IntArray) -> Moments:
        """The same statistic of some of the rows."""
        taken = copy.copy(self)
        taken.columns = np.ascontiguousarray(self.columns[:, rows])
        taken.n_samples = len(rows)
        return taken

    def without_data(self) -> Moments:
        """The formula alone."""
        formula = copy.copy(self)
        formula.columns = self.columns[:, :0]
        return formula

    def leaves_out_at_once(self, deletions: Deletions) -> bool:
        """Always: sums over units are subtracted."""
        return True

    def without(self, deletions: Deletions) -> FloatArray:
        """The statistic without each unit in turn."""
        n_samples = self.columns.shape[1]
        rest = self.columns.sum(axis=1) - deletions.sums(self.columns)
        n_left = n_samples - deletions.sums(np.ones((1, n_samples)))[:, 0]
        return self._of_sums(rest, n_left)

    def towards(self, deletions: EachUnit, shares: FloatArray) -> FloatArray:
        """The statistic with weight moved to each unit in turn, by sums over units."""
        units = deletions.sums(with_ones(self.columns))
        strata = deletions.strata
        if strata is None:
            strata = np.zeros(len(units), dtype=np.intp)
        of_strata = np.stack([np.bincount(strata, one) for one in units.T], axis=1)
        sizes, sums = np.bincount(strata), of_strata.sum(axis=0)
        values = np.empty((len(units), len(self.names)))
        size = max(1, _BATCH_BYTES // (8 * len(sums)))
        for start in range(0, len(units), size):
            rows = slice(start, start + size)
            own = strata[rows]
            gained = sizes[own, None] * units[rows] - of_strata[own]
            moved = sums + shares[rows, None] * gained
            values[rows] = self._of_sums(moved[:, :-1], moved[:, -1])
        return values

    def gradients(
        self, means: FloatArray, totals: FloatArray, steps: FloatArray
    ) -> FloatArray:
        """Derivatives by the means, shape (n_replicates, n_columns, n_components).

        Differences of the values a step of each mean to either side.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            differences = [
                self.finish(means + step, totals) - self.finish(means - step, totals)
                for step in np.diag(steps)
            ]
        return np.asarray(np.stack(differences, axis=1) / (2 * steps[:, None]))

    @property
    def rounding(self) -> float:
        """What a mean may be wrong by, of a column whose values have a mean of 1.

        The sum over a block is a difference of cumulated sums, so its error is that of
        the sum of all rows.
        """
        return 4 * _EPS * float(self.n_samples)

    def _of_sums(self, sums: FloatArray, totals: FloatArray) -> FloatArray:
        """Values from sums of columns over rows of these total weights."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.finish(sums / totals[:, None], totals) + self.origin


def with_ones(columns: FloatArray) -> FloatArray:
    """Columns and one more, whose sums are the total weights."""
    return np.concatenate([columns, np.ones((1, columns.shape[1]))])


@final
class Mean(Moments):
    """Mean of each column of x, of shape (n_samples,) or (n_samples, d)."""

    def __init__(self, x: FloatArray) -> None:
        table, names, shape = _as_table(x)
        centre = table.mean(axis=0)
        super().__init__((table - centre).T, names, shape, centre)

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """The mean itself."""
        return m


@final
class Variance(Moments):
    """Variance of each column, with ``n - ddof`` in the denominator."""

    def __init__(self, x: FloatArray, ddof: int) -> None:
        table, names, shape = _as_table(x)
        deviations = (table - table.mean(axis=0)).T
        self.ddof = ddof
        super().__init__(np.concatenate([deviations, deviations**2]), names, shape)

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """Mean square less the squared mean; nan where n is not above ddof."""
        means, squares = np.split(m, 2, axis=-1)
        spread = np.maximum(squares - means**2, 0.0)
        factor = np.where(n > self.ddof, n / (n - self.ddof), np.nan)
        return np.asarray(spread * factor[..., None])


@final
class StandardDeviation(Moments):
    """Root of the variance."""

    def __init__(self, x: FloatArray, ddof: int) -> None:
        self.of_squares = Variance(x, ddof)
        of = self.of_squares
        super().__init__(of.columns, of.names, of.shape)

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """The root."""
        return np.asarray(np.sqrt(self.of_squares.finish(m, n)))


@final
class Ratio(Moments):
    """Ratio of two means."""

    def __init__(self, numerator: FloatArray, denominator: FloatArray) -> None:
        if denominator.mean() == 0:
            raise ValueError(
                "The mean of the denominator is 0, so the ratio has no value."
            )
        super().__init__(np.stack([numerator, denominator]), ["ratio"], ())

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """The quotient; nan where the denominator is 0."""
        return np.asarray(m[..., :1] / np.where(m[..., 1:] == 0, np.nan, m[..., 1:]))


@final
class Correlation(Moments):
    """Pearson correlation of two columns, or of each pair of several."""

    def __init__(self, *arrays: FloatArray) -> None:
        table = np.column_stack(arrays)
        d = table.shape[1]
        if d < 2:
            raise ValueError("A correlation needs two columns or more, got one.")
        deviations = table - table.mean(axis=0)
        spread = deviations.std(axis=0)
        constant = spread <= _EPS * np.abs(table).max(axis=0)
        if constant.any():
            raise ValueError(
                f"Column {int(np.argmax(constant))} is constant, so its correlation "
                "with another has no value. Leave it out."
            )
        z = (deviations / spread).T
        pairs = np.array(list(combinations(range(d), 2)))
        self.first, self.second = pairs.T
        names = [f"{i},{j}" for i, j in pairs] if d > 2 else ["corr"]
        columns = np.concatenate([z, z**2, z[self.first] * z[self.second]])
        super().__init__(columns, names, () if d == 2 else (len(pairs),))

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """Covariances over spreads; nan where a column is constant."""
        d = int(self.second[-1]) + 1
        means, squares, products = np.split(m, [d, 2 * d], axis=-1)
        variances = squares - means**2
        spreads = np.sqrt(np.where(variances > self.rounding, variances, np.nan))
        covariances = products - means[..., self.first] * means[..., self.second]
        r = covariances / (spreads[..., self.first] * spreads[..., self.second])
        return np.asarray(np.clip(r, -1.0, 1.0))


@final
class LeastSquares(Moments):
    """Intercept and slopes of least squares.

    Columns are products of an orthonormal basis of X, in which normal equations are as
    well conditioned as the rows drawn allow.
    """

    def __init__(self, X: FloatArray, y: FloatArray) -> None:
        table, names, _ = _as_table(X)
        n_samples, d = table.shape
        if n_samples <= d + 1:
            raise ValueError(
                f"A regression on {d} columns needs more than {d + 1} rows, got "
                f"{n_samples}."
            )
        self.centre, y_centre = table.mean(axis=0), float(y.mean())
        deviations = table - self.centre
        # Once more, for what rounding has left of a mean that is large.
        deviations -= deviations.mean(axis=0)
        basis, triangle = np.linalg.qr(deviations)
        # Each column on its own scale, as columns may have different units.
        lengths = n_samples * np.linalg.norm(deviations, axis=0)
        lengths += np.linalg.norm(table, axis=0)
        superfluous = np.abs(np.diag(triangle)) <= _EPS * lengths
        if superfluous.any():
            raise ValueError(
                f"Column {int(np.argmax(superfluous))} of X is constant or a "
                "combination of the others, so the slopes have no values. Leave it "
                "out; the intercept needs no column."
            )
        scale = np.sqrt(n_samples)
        self.to_slopes = np.linalg.inv(triangle) * scale
        q = np.concatenate([np.ones((1, n_samples)), basis.T])
        q[1:] *= scale
        del deviations, basis  # their memory is wanted for products
        # The first product is one everywhere, and so is its mean.
        pairs = np.array(list(combinations_with_replacement(range(d + 1), 2))[1:])
        self.first, self.second = pairs.T
        columns = np.empty((len(pairs) + d + 1, n_samples))
        for column, (i, j) in zip(columns, pairs, strict=False):
            np.multiply(q[i], q[j], out=column)
        np.multiply(q, y - y_centre, out=columns[len(pairs) :])
        origin = np.append(y_centre, np.zeros(d))
        super().__init__(columns, ["intercept", *names], (d + 1,), origin)

    def finish(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """Solutions of normal equations; nan where the rows drawn do not fix them."""
        means = np.ascontiguousarray(m).reshape(-1, m.shape[-1])
        solved = np.empty((len(means), len(self.names)))
        compiled_loops().solve_normal_equations(
            means, self.first, self.second, self.rounding, solved
        )
        solved = solved.reshape(*m.shape[:-1], -1)
        # A product for each replicate: one for all would round by their number.
        slopes = self.to_slopes @ solved[..., 1:, None]
        intercept = solved[..., :1] - (self.centre @ slopes)
        return np.concatenate([intercept, slopes[..., 0]], axis=-1)

    def gradients(
        self, means: FloatArray, totals: FloatArray, steps: FloatArray
    ) -> FloatArray:
        """Derivatives of the solution b of G b = r, which are G^-1 (dr - dG b).

        Influences are then those of White's (1980) sandwich.
        """
        first, second, p = self.first, self.second, len(self.names)
        products, right = np.split(means, [len(first)], axis=1)
        gram = np.ones((len(means), p, p))
        gram[:, first, second] = gram[:, second, first] = products
        values = self.finish(means, totals)[:, None]
        has_value = np.isfinite(values).all(axis=2, keepdims=True)
        inverse = np.linalg.inv(np.where(has_value, gram, np.eye(p)))
        solved = inverse @ right[:, :, None]
        to_coefficients = np.eye(p)
        to_coefficients[1:, 1:] = self.to_slopes
        to_coefficients[0, 1:] = -self.centre @ self.to_slopes
        by_right = inverse @ to_coefficients.T
        by_products = by_right[:, first] * solved[:, second]
        by_products += np.where(
            (first == second)[:, None], 0.0, by_right[:, second] * solved[:, first]
        )
        gradients = np.concatenate([-by_products, by_right], axis=1)
        return np.where(has_value, gradients, np.nan)


def _as_table(x: FloatArray) -> tuple[FloatArray, Sequence[str], tuple[int, ...]]:
    """Columns of x, their names, and the shape of a statistic of each."""
    if x.ndim == 1:
        return x[:, None], ["0"], ()
    return x, [str(j) for j in range(x.shape[1])], (x.shape[1],)
