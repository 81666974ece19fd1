"""Columns of categories as numbers: which columns they are, and the number of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from ensembles._typing import BoolArray, FloatArray, IntArray, Table
from ensembles._validation import invalid_parameter
from ensembles.exceptions import InvalidParameterError
from ensembles.trees._layout import MAX_BINS

__all__ = [
    "Categories",
    "find_categorical",
    "is_frame",
    "name_of_column",
    "too_many_categories",
    "values_of_column",
]

# How pandas and polars call the kinds of columns that are no numbers.
_KINDS = (
    "category",
    "object",
    "string",
    "str",
    "Categorical",
    "Enum",
    "String",
    "Utf8",
)


def is_frame(X: Table) -> bool:
    """Whether a table has named columns of kinds of their own."""
    return hasattr(X, "columns") and hasattr(X, "dtypes") and hasattr(X, "shape")


def _kinds_of(X: Table) -> list[str]:
    """The kind of each column, without what stands in brackets; none of an array."""
    if not is_frame(X):
        return []
    return [str(kind).partition("(")[0] for kind in X.dtypes]


def name_of_column(X: Table, j: int) -> str:
    """How errors call a column."""
    return repr(list(X.columns)[j]) if is_frame(X) else f"at index {j}"


def values_of_column(X: Table, j: int) -> FloatArray | WordColumn:
    """Values of one column: floats with NaN for missing, or numbers of words."""
    if not is_frame(X):
        column = X[:, j]
    else:
        column = X.iloc[:, j] if hasattr(X, "iloc") else X[X.columns[j]]
    kind = getattr(column.dtype, "kind", "O")  # polars' kinds have none
    if kind in "biuf" and isinstance(column.dtype, np.dtype):
        return np.asarray(column).astype(np.float64)
    if hasattr(column, "factorize"):
        return WordColumn.of_series(column)
    values = np.asarray(column)
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    return WordColumn.of_objects(values.astype(object).tolist())


def _is_missing(value: Any) -> bool:
    """Whether it is None, NaN, or pandas' NA."""
    return bool(value is None or type(value).__name__ == "NAType" or value != value)


@dataclass(frozen=True, slots=True)
class WordColumn:
    """A column of objects: which of the distinct ones each row has."""

    numbers: IntArray
    """Positions in `values`, -1 where a row has none."""
    values: list[Any]

    @classmethod
    def of_series(cls, column: Any) -> WordColumn:
        """A column of pandas, which knows its categories or finds them fast."""
        if hasattr(column, "cat"):
            return cls(column.cat.codes.to_numpy(), column.cat.categories.tolist())
        numbers, values = column.factorize()
        return cls(numbers, values.tolist())

    @classmethod
    def of_objects(cls, column: list[Any]) -> WordColumn:
        """Any objects that can be hashed."""
        first: dict[Any, int] = {}
        numbers = np.array([first.setdefault(one, len(first)) for one in column], int)
        is_missing = np.array([_is_missing(one) for one in first], dtype=bool)
        if is_missing.any():
            numbers = np.where(is_missing[numbers], -1, numbers)
        return cls(numbers, list(first))

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.numbers)

    def __getitem__(self, rows: Any) -> WordColumn:
        """Some of the rows."""
        return WordColumn(self.numbers[rows], self.values)

    @property
    def floats(self) -> FloatArray:
        """The values as numbers, NaN where there is none."""
        numbers = np.full(len(self.values) + 1, np.nan)  # the last for none
        for number in self._present_numbers:
            numbers[number] = float(self.values[number])
        return np.asarray(numbers[self.numbers])

    @property
    def present(self) -> list[Any]:
        """Those of the values that some row has."""
        return [self.values[number] for number in self._present_numbers]

    @property
    def _present_numbers(self) -> Any:
        """Their numbers."""
        return np.unique(self.numbers[self.numbers >= 0])


def too_many_categories(name: str, most: int, n_categories: int) -> ValueError:
    """Build the error that says what to do with a feature of many categories."""
    return ValueError(
        f"Categorical feature {name} is expected to have a cardinality <= {most} but "
        f"actually has a cardinality of {n_categories}. Join rare categories "
        f"(OrdinalEncoder(max_categories={most})), encode them by the target "
        "(TargetEncoder), or take the feature out of categorical_features if its order "
        "matters."
    )


@dataclass(frozen=True, slots=True)
class Categories:
    """The distinct values of a column, in order."""

    values: Any

    @classmethod
    def of(cls, column: FloatArray | WordColumn, name: str) -> Categories:
        """The categories of a column, without missing values.

        Raises
        ------
        ValueError
            If there are more than bins.
        """
        values: Any
        if isinstance(column, WordColumn):
            distinct = sorted(column.present, key=lambda one: (type(one).__name__, one))
            values = np.empty(len(distinct), dtype=object)
            values[:] = distinct
        else:
            values = np.unique(column[~np.isnan(column)])
        if len(values) > MAX_BINS:
            raise too_many_categories(name, MAX_BINS, len(values))
        return cls(values)

    def numbers(self, column: FloatArray | WordColumn) -> FloatArray:
        """Positions of a column's values, NaN where missing or never seen."""
        if not len(self.values):
            return np.full(len(column), np.nan)
        if isinstance(column, WordColumn):
            position = {value: float(i) for i, value in enumerate(self.values.tolist())}
            own = [position.get(one, np.nan) for one in column.values]
            return np.array([*own, np.nan])[column.numbers]  # the last for none
        if self.values.dtype.kind != "f":  # numbers where words were seen
            return self.numbers(WordColumn.of_objects(column.tolist()))
        at = np.searchsorted(self.values, column).clip(max=len(self.values) - 1)
        return np.where(self.values[at] == column, at, np.nan)


def find_categorical(owner: object, X: Table, wanted: Any) -> BoolArray:
    """Which columns are categories.

    Parameters
    ----------
    owner : estimator
        Whose parameter `wanted` is, for the error.
    X : table
        Whose columns are asked for.
    wanted : None, "from_dtype", or array-like
        None; the columns of a data frame that are categories or strings; a mask;
        positions; or names.

    Returns
    -------
    ndarray of shape (n_features,)
        A mask; without entries where no column is a category.

    Raises
    ------
    InvalidParameterError
        If `wanted` is none of these.
    ValueError
        If it names columns that are not there.
    """
    none = np.zeros(0, dtype=bool)
    if wanted is None:
        return none
    if isinstance(wanted, str):
        if wanted != "from_dtype":
            allowed = "None, 'from_dtype', or an array-like of bool, int or str"
            raise invalid_parameter(owner, "categorical_features", wanted, allowed)
        return np.array([kind in _KINDS for kind in _kinds_of(X)], dtype=bool)
    listed = np.asarray(wanted)
    if listed.size == 0:
        return none
    if sparse.issparse(X):
        raise ValueError(
            "categorical_features needs a dense X, and X is sparse. Pass X.toarray(), "
            "or categorical_features=None."
        )
    n_features = np.shape(X)[1] if np.ndim(X) == 2 else 0
    if listed.dtype.kind == "b":
        if listed.shape != (n_features,):
            raise ValueError(
                "categorical_features set as a boolean mask must have shape "
                f"(n_features,) = ({n_features},), got: {listed.shape}"
            )
        return listed
    mask = np.zeros(n_features, dtype=bool)
    mask[_positions(owner, X, listed, n_features)] = True
    return mask


def _positions(owner: object, X: Table, listed: Any, n_features: int) -> list[int]:
    """Positions of columns that are listed by position or name."""
    if listed.dtype.kind in "iu":
        positions = [int(one) for one in listed]
        if min(positions) < 0 or max(positions) >= n_features:
            raise ValueError(
                "categorical_features set as integer indices must be in "
                f"[0, n_features - 1] = [0, {n_features - 1}], got "
                f"{sorted(positions)}."
            )
        return positions
    if not all(isinstance(one, str) for one in listed.tolist()):
        kinds = {type(one).__name__ for one in listed.tolist()}
        if listed.dtype.kind != "O":
            kinds = {listed.dtype.name}
        raise InvalidParameterError(
            "categorical_features must be an array-like of bool, int or str, got: "
            f"{', '.join(sorted(kinds))}."
        )
    names = list(X.columns) if is_frame(X) else []
    if not names:
        raise ValueError(
            "categorical_features should be passed as an array of integers or as a "
            "boolean mask when the model is fitted on data without feature names."
        )
    unknown = sorted({str(one) for one in listed if one not in names})
    if unknown:
        raise ValueError(
            f"categorical_features has an item value {unknown[0]!r} which is not a "
            f"valid feature name of the training data. X has {names}."
        )
    return [names.index(one) for one in listed]
