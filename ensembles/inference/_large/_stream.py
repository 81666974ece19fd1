"""A stream so far: which rows it saw, and the sums that they left behind.

A stream never changes; more rows, or the rows of another one, give a new stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import comb
from typing import Any, final

import numpy as np

from ensembles._compat import take_rows
from ensembles._random import keys_for
from ensembles._typing import FloatArray, IntArray, KeyArray, Table
from ensembles._validation import n_rows_of
from ensembles.inference._intervals import Evidence
from ensembles.inference._large._influence import Influence, products_of_terms
from ensembles.inference._large._moments import StreamedStatistic
from ensembles.inference._large._monomials import Monomials
from ensembles.inference._large._recipes import Batch, Formula, Recipe
from ensembles.inference._large._row_numbers import RowNumbers
from ensembles.inference._large._sums import N_FIRST, Sums

__all__ = ["Settings", "Stream", "begin", "value_of_all"]

# Degree of the products of terms that are streamed of the data and of replicates.
_DEGREES = {"bca": (3, 1), "expanded_bca": (3, 1), "studentized": (2, 2)}
# Sums a row adds to before drawing replicates is no longer what takes the time.
_MOST_SUMS = 20_000
_ROWS_A_PASS = 2**16


@final
@dataclass(frozen=True)
class Settings:
    """What all parts of a stream have in common."""

    statistic: str
    n_resamples: int
    method: str

    def __str__(self) -> str:
        return (
            f"statistic {self.statistic}, n_resamples={self.n_resamples} and "
            f"method={self.method!r}"
        )


@final
@dataclass(frozen=True, eq=False)
class Stream:
    """Rows seen and their sums.

    Attributes
    ----------
    settings : Settings
        What was asked for.
    layout, names : tuple
        What batches look like.
    formula : Formula
        The statistic.
    entropy : int
        What weights follow from, with the numbers of rows.
    next_row : int
        Number of the row to come.
    rows : RowNumbers
        Rows seen.
    n_rows : int
        How many they are.
    waiting : ndarray of shape (n_columns, n_waiting)
        Columns of the first rows, until they are enough to give sums an origin.
    sums : Sums
        What all other rows left behind.
    """

    settings: Settings
    layout: tuple[tuple[int, ...], ...]
    names: tuple[str, ...] | None
    formula: Formula
    entropy: int
    next_row: int
    rows: RowNumbers
    n_rows: int
    waiting: FloatArray
    sums: Sums

    def __getstate__(self) -> dict[str, Any]:
        """What was computed from the sums is computed again."""
        return {one.name: self.__dict__[one.name] for one in fields(self)}

    def with_batch(self, batch: Batch, n_jobs: int | None = None) -> Stream:
        """The stream with more rows."""
        self._check_looks(batch.layout, batch.names)
        n_rows = batch.columns.shape[1]
        stop = self.next_row + n_rows
        rows = self.rows.plus(RowNumbers(((self.entropy, self.next_row, stop),)))
        columns, sums = batch.columns, self.sums
        if not sums.n_rows:
            columns = np.concatenate([self.waiting, columns], axis=1)
        wait = not sums.n_rows and columns.shape[1] < N_FIRST
        if not wait:
            first = stop - columns.shape[1]
            sums = sums.with_rows(columns, self._keys, first, n_jobs)
        return replace(
            self,
            names=self.names or batch.names,
            next_row=stop,
            rows=rows,
            n_rows=self.n_rows + n_rows,
            waiting=columns if wait else np.empty((len(columns), 0)),
            sums=sums,
        )

    def plus(self, other: Stream) -> Stream:
        """The stream of the rows of both; it goes on after its own."""
        if self.settings != other.settings:
            raise ValueError(
                "Parts to merge must have the same statistic, n_resamples and method, "
                f"got {self.settings}; and {other.settings}."
            )
        self._check_looks(other.layout, other.names)
        rows = self.rows.plus(other.rows)
        return replace(
            self,
            names=self.names or other.names,
            next_row=rows.next_to(self.entropy, self.next_row),
            rows=rows,
            n_rows=self.n_rows + other.n_rows,
            waiting=np.empty((len(self.waiting), 0)),
            sums=self._sums_of_all.plus(other._sums_of_all),
        )

    @property
    def _keys(self) -> KeyArray:
        """Keys of the replicates."""
        return keys_for(self.entropy, 0, self.settings.n_resamples)

    @cached_property
    def _sums_of_all(self) -> Sums:
        """Sums over the rows that wait, too."""
        n_waiting = self.waiting.shape[1]
        if not n_waiting:
            return self.sums
        first = self.next_row - n_waiting
        return self.sums.with_rows(self.waiting, self._keys, first)

    def _check_looks(
        self, layout: tuple[tuple[int, ...], ...], names: tuple[str, ...] | None
    ) -> None:
        """Raise unless rows look like those before."""
        if layout != self.layout:
            raise ValueError(
                f"Rows have shapes {_listed(layout)}, those before had "
                f"{_listed(self.layout)}. All batches must have the same columns."
            )
        if names and self.names and names != self.names:
            raise ValueError(
                f"Columns are named {list(names)}, those before {list(self.names)}. "
                "All batches must have the same columns in the same order."
            )

    @property
    def estimate(self) -> FloatArray:
        """The statistic of all rows, shape (n_components,)."""
        sums = self._sums_of_all
        return np.asarray(self._finished(sums.of_data, sums.data[None])[0])

    @cached_property
    def replicates(self) -> FloatArray:
        """The statistic of each replicate, shape (n_resamples, n_components)."""
        return self._finished(
            self._sums_of_all.of_replicates, self._sums_of_all.replicates
        )

    def evidence(self, method: str) -> list[Evidence]:
        """Evidence on each component, from replicates in which all have values."""
        replicates = self.replicates
        has_value = np.isfinite(replicates).all(axis=1)
        estimate, n_components = self.estimate, replicates.shape[1]
        acceleration = of_estimate = np.full(n_components, np.nan)
        errors = None
        if method in ("bca", "expanded_bca"):
            acceleration = self._acceleration
        elif method == "studentized":
            of_estimate, errors = self._errors
            errors = np.ascontiguousarray(errors[has_value].T)
        valued = np.ascontiguousarray(replicates[has_value].T)
        return [
            Evidence(
                float(estimate[j]),
                valued[j],
                n_units=self.n_rows,
                acceleration=float(acceleration[j]),
                estimate_error=float(of_estimate[j]),
                replicate_errors=None if errors is None else errors[j],
            )
            for j in range(n_components)
        ]

    def _finished(self, monomials: Monomials, sums: FloatArray) -> FloatArray:
        """Values from sums of shape (m, n_monomials), shape (m, n_components)."""
        statistic, n = self.formula.statistic, sums[:, 0]
        at = _numbers_of_terms(monomials, statistic)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = sums / n[:, None]
            values = statistic.finish(means[:, at], n, self._sums_of_all.origin)
        return values.reshape(len(sums), -1)

    @cached_property
    def _influence(self) -> Influence:
        """The formula next to the means of the data."""
        sums, statistic = self._sums_of_all, self.formula.statistic
        at = _numbers_of_terms(sums.of_data, statistic)
        squares = np.reshape(
            [
                sums.of_data.number_of(tuple(sorted(term * 2)))
                for group in statistic.terms
                for term in group
            ],
            at.shape,
        )
        means = sums.data / sums.data[0]
        spreads = np.sqrt(np.maximum(means[squares] - means[at] ** 2, 0.0))
        return Influence(statistic, sums.origin, spreads)

    @property
    def _acceleration(self) -> FloatArray:
        """Acceleration of each component."""
        sums = self._sums_of_all
        with np.errstate(divide="ignore", invalid="ignore"):
            means = sums.data / sums.data[0]
            return self._influence.acceleration(sums.of_data, means, sums.data[0])

    @cached_property
    def _errors(self) -> tuple[FloatArray, FloatArray]:
        """Standard errors of the estimate and of each replicate."""
        sums = self._sums_of_all
        both = []
        for monomials, some in (
            (sums.of_data, sums.data[None]),
            (sums.of_replicates, sums.replicates),
        ):
            n = some[:, 0]
            with np.errstate(divide="ignore", invalid="ignore"):
                means = some / n[:, None]
                both.append(self._influence.errors(monomials, means, n))
        return both[0][0], both[1]


def begin(
    settings: Settings, batch: Batch, formula: Formula, entropy: int, first_row: int
) -> Stream:
    """A stream of rows like those of a batch, none of which it has seen."""
    of_data, of_replicates = (
        _monomials(settings.method, formula.statistic, degree)
        for degree in _DEGREES.get(settings.method, (1, 1))
    )
    sums = Sums.empty(of_data, of_replicates, settings.n_resamples)
    return Stream(
        settings,
        batch.layout,
        batch.names,
        formula,
        entropy,
        first_row,
        RowNumbers(),
        0,
        np.empty((len(batch.columns), 0)),
        sums,
    )


def value_of_all(recipe: Recipe, arrays: Sequence[Table]) -> FloatArray:
    """The statistic of all rows, read in passes; shape (n_components,)."""
    stream: Stream | None = None
    for start in range(0, n_rows_of(arrays[0]), _ROWS_A_PASS):
        stop = min(start + _ROWS_A_PASS, n_rows_of(arrays[0]))
        rows = np.arange(start, stop)
        batch = recipe.read([take_rows(array, rows) for array in arrays])
        if stream is None:
            settings = Settings(recipe.label, 0, "percentile")
            stream = begin(settings, batch, recipe.formula(batch), 0, 0)
        stream = stream.with_batch(batch)
    assert stream is not None, "there are rows"
    return stream.estimate


def _monomials(method: str, statistic: StreamedStatistic, degree: int) -> Monomials:
    """Products of so many terms, if they are not too many."""
    terms = statistic.terms
    n_products = len(terms) * comb(len(terms[0]) + degree, degree)
    if degree == 1 or n_products <= 10 * _MOST_SUMS:
        monomials = Monomials(products_of_terms(statistic, degree))
        n_products = len(monomials)
    if degree > 1 and n_products > _MOST_SUMS:
        raise ValueError(
            f"method={method!r} needs products of {degree} of the "
            f"{len(terms) * len(terms[0])} means that the statistic is a function of, "
            f"which are {n_products} sums and more than {_MOST_SUMS}. Take "
            "'percentile', 'normal' or 'bc', which need no products, or fewer columns."
        )
    return monomials


def _numbers_of_terms(monomials: Monomials, statistic: StreamedStatistic) -> IntArray:
    """Positions of terms, shape (n_groups, n_terms)."""
    return np.array([monomials.numbers_of(group) for group in statistic.terms])


def _listed(layout: tuple[tuple[int, ...], ...]) -> str:
    """Shapes of rows in words."""
    return " and ".join(map(str, layout))
