"""From arrays of a batch to columns whose sums a statistic is a function of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, TypeAlias, TypeGuard, final

import numpy as np
from sklearn.utils import check_array

from ensembles._typing import FloatArray, Table
from ensembles._validation import (
    check_unmasked,
    invalid_parameter,
    is_count,
    n_rows_of,
)
from ensembles.inference._large._moments import (
    Correlation,
    LeastSquares,
    Mean,
    OfColumns,
    Ratio,
    StandardDeviation,
    StreamedStatistic,
    Variance,
)

__all__ = [
    "Batch",
    "Formula",
    "MomentStatistic",
    "Recipe",
    "is_of_moments",
    "recipe_of",
]

Columns: TypeAlias = Callable[..., Any]
Finish: TypeAlias = Callable[[FloatArray, FloatArray], Any]
MomentStatistic: TypeAlias = str | tuple[str, int] | tuple[Columns, Finish]

# What each takes, by the names that errors call it.
_ARRAYS = {
    "mean": ("x",),
    "var": ("x",),
    "std": ("x",),
    "ratio": ("numerator", "denominator"),
    "corr": ("x", "y"),
    "ols": ("X", "y"),
}
_TAKE_TABLES = ("mean", "var", "std")
_ALLOWED = (
    f"one of {', '.join(map(repr, _ARRAYS))}, ('var', ddof), ('std', ddof), or a pair "
    "of functions (columns, finish)"
)
_WHY = (
    "A stream keeps sums over rows and no rows, so it gives functions of such sums "
    "only. LittleBootstrap and bootstrap take any statistic."
)


@final
@dataclass(frozen=True)
class Batch:
    """Columns of some rows.

    Attributes
    ----------
    columns : ndarray of shape (n_columns, n_rows)
        Finite.
    layout : tuple
        Shape of a row of each array that they came from.
    names : tuple of str or None
        Names of the columns of a DataFrame.
    """

    columns: FloatArray
    layout: tuple[tuple[int, ...], ...]
    names: tuple[str, ...] | None


@final
@dataclass(frozen=True)
class Formula:
    """A statistic of columns, and the shape in which the user has its values."""

    statistic: StreamedStatistic
    shape: tuple[int, ...]


class Recipe(ABC):
    """How arrays become columns, and columns a statistic."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What tells one statistic from another."""

    @abstractmethod
    def read(self, arrays: Sequence[Table]) -> Batch:
        """Columns of a batch, after all checks."""

    @abstractmethod
    def formula(self, batch: Batch) -> Formula:
        """The statistic of columns like those of the batch."""


def is_of_moments(statistic: Any) -> TypeGuard[str | tuple[str, int]]:
    """Whether a statistic is given by the name of one that is a function of sums."""
    name = statistic[0] if isinstance(statistic, tuple) and statistic else statistic
    return isinstance(name, str) and name in _ARRAYS


def recipe_of(owner: object, statistic: MomentStatistic) -> Recipe:
    """The recipe of a statistic by name or by a pair of functions, after all checks."""
    parts: tuple[Any, ...] = (statistic,) if isinstance(statistic, str) else statistic
    if not isinstance(parts, tuple) or len(parts) not in (1, 2):
        raise invalid_parameter(owner, "statistic", statistic, _ALLOWED, _WHY)
    if len(parts) == 2 and all(map(callable, parts)):
        return _OfFunctions(*parts)
    name, *options = parts
    if not isinstance(name, str) or name not in _ARRAYS:
        raise invalid_parameter(owner, "statistic", statistic, _ALLOWED, _WHY)
    ddof = options[0] if options else 0
    if options and not (name in ("var", "std") and is_count(ddof) and ddof >= 0):
        hint = "Only 'var' and 'std' take an option, a ddof of at least 0."
        raise invalid_parameter(owner, "statistic", statistic, _ALLOWED, hint)
    return _Named(name, int(ddof))


@final
@dataclass(frozen=True)
class _Named(Recipe):
    """A statistic by name."""

    name: str
    ddof: int

    @property
    def label(self) -> str:
        """The name, and what goes with it."""
        return repr((self.name, self.ddof) if self.ddof else self.name)

    def read(self, arrays: Sequence[Table]) -> Batch:
        """Columns of the arrays side by side."""
        roles = _ARRAYS[self.name]
        one_table = self.name == "corr" and len(arrays) == 1
        if len(arrays) != len(roles) and not one_table:
            raise ValueError(
                f"The statistic {self.name!r} takes {len(roles)} arrays "
                f"({', '.join(roles)}), got {len(arrays)}."
            )
        check_unmasked(f"The statistic {self.name!r}", *arrays)
        numbers = []
        for array, role in zip(arrays, roles, strict=False):
            values = check_array(
                array, ensure_2d=False, dtype=np.float64, input_name=role
            )
            table = self.name in _TAKE_TABLES or role == "X" or one_table
            if values.ndim > 1 and not table:
                raise ValueError(
                    f"{role} must have one dimension for the statistic "
                    f"{self.name!r}, got shape {values.shape}."
                )
            numbers.append(values)
        _check_lengths(numbers)
        columns = np.ascontiguousarray(np.column_stack(numbers).T)
        if self.name == "corr" and len(columns) < 2:
            raise ValueError("A correlation needs two columns or more, got one.")
        return Batch(columns, *_looks(arrays, numbers))

    def formula(self, batch: Batch) -> Formula:
        """The formula for this number of columns."""
        d = len(batch.columns)
        of_each = batch.layout[0]
        match self.name:
            case "mean":
                return Formula(Mean(d), of_each)
            case "var":
                return Formula(Variance(d, self.ddof), of_each)
            case "std":
                return Formula(StandardDeviation(Variance(d, self.ddof)), of_each)
            case "corr":
                return Formula(Correlation(d), () if d == 2 else (comb(d, 2),))
            case "ols":
                return Formula(LeastSquares(d - 1), (d,))
        return Formula(Ratio(), ())


@final
@dataclass(frozen=True)
class _OfFunctions(Recipe):
    """Columns and formula by the user."""

    columns: Columns
    finish: Finish

    @property
    def label(self) -> str:
        """Names of both: functions that travelled are no longer the same objects."""
        names = (getattr(f, "__qualname__", repr(f)) for f in vars(self).values())
        return " and ".join(names)

    def read(self, arrays: Sequence[Table]) -> Batch:
        """What the user's function makes of the arrays."""
        if not arrays:
            raise ValueError("A batch needs at least one array, got none.")
        _check_lengths(arrays)
        returned = self.columns(*arrays)
        # Of the columns only: the function may know what to do with a mask.
        check_unmasked("The statistic of columns(...)", returned)
        values = np.asarray(returned)
        table = check_array(
            values[:, None] if values.ndim == 1 else values,
            dtype=np.float64,
            input_name="columns(...)",
        )
        if len(table) != n_rows_of(arrays[0]):
            raise ValueError(
                "columns(*arrays) must return one row for each row of the arrays, got "
                f"{len(table)} for {n_rows_of(arrays[0])}."
            )
        columns = np.ascontiguousarray(table.T)
        return Batch(columns, (values.shape[1:],), _looks(arrays, arrays)[1])

    def formula(self, batch: Batch) -> Formula:
        """The user's formula; called once to see the shape of its values."""
        p, n_rows = batch.columns.shape
        statistic = OfColumns(self.finish, p)
        # More rows than columns, so that to take one for the other is an error.
        means = np.tile(batch.columns.mean(axis=1), (p + 1, 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            values = statistic.of_means(means, np.full(p + 1, float(n_rows)))
        return Formula(statistic, values.shape[1:])


def _check_lengths(arrays: Sequence[Table]) -> None:
    """Raise unless all arrays have the same number of rows, and some."""
    lengths = [n_rows_of(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"Arrays must have the same number of rows, got {lengths}.")
    if lengths[0] == 0:
        raise ValueError("A batch needs at least one row, got none.")


def _looks(
    arrays: Sequence[Table], numbers: Sequence[Any]
) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...] | None]:
    """Shapes of rows, and names of the columns of DataFrames."""
    layout = tuple(np.shape(values)[1:] for values in numbers)
    named = [array.columns for array in arrays if hasattr(array, "columns")]
    names = tuple(str(name) for columns in named for name in columns)
    return layout, names or None
