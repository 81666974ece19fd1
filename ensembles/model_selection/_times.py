"""Times as numbers: from whatever holds them, wherever the user keeps them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import Table
from ensembles._validation import n_rows_of

__all__ = ["Times", "column_of", "find_times", "is_dated", "times_of"]

_NAT = np.iinfo(np.int64).min
# How many names of columns an error lists.
_MOST_NAMES = 10


class Times(NamedTuple):
    """Times of rows as numbers.

    Attributes
    ----------
    values : ndarray of shape (n_samples,)
        Nanoseconds since 1970 (UTC) of dates, and numbers as they came.
    missing : ndarray of bool of shape (n_samples,)
        Which have no value.
    are_dates : bool
        Whether values are dates.
    zone : tzinfo or None
        Zone in which calendars are read.
    """

    values: NDArray[Any]
    missing: NDArray[np.bool_]
    are_dates: bool
    zone: Any


def find_times(X: Table, source: Any, given: Any, name: str) -> Times | None:
    """Times that were given, else those that a constructor parameter points at.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, ...)
        Where columns and indices are looked for.
    source : str, int, callable or None
        Name of a column or of a level of the index, position of a column, or function
        of X.
    given : array-like of shape (n_samples,) or None
        Times themselves, which win.
    name : str
        What errors call them.
    """
    if given is None and source is not None:
        given = column_of(X, source, name)
    if given is None:
        return None
    times = times_of(given, name)
    if len(times.values) != n_rows_of(X):
        raise ValueError(
            f"{name} has {len(times.values)} values for {n_rows_of(X)} rows of X. Pass "
            "one for each row, in the order of the rows."
        )
    return times


def times_of(values: Any, name: str) -> Times:
    """Numbers that stand for times, with what is missing among them."""
    zone = getattr(values, "tz", None) or getattr(
        getattr(values, "dtype", None), "tz", None
    )
    if hasattr(values, "to_timestamp") and not hasattr(values, "to_pandas"):
        values = _period_starts(values)
    array = _as_array(values, name, zone is not None)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(
            f"{name} must have shape (n_samples,), got {array.shape}. Pass one time "
            "for each row."
        )
    if array.dtype.kind == "M":
        numbers = array.astype("datetime64[ns]").view(np.int64)
        return Times(numbers, numbers == _NAT, True, zone)
    if array.dtype.kind == "f":
        return Times(array, np.isnan(array), False, None)
    if array.dtype.kind in "iu":
        return Times(array, np.zeros(len(array), dtype=np.bool_), False, None)
    raise TypeError(
        f"{name} must be dates or numbers, got values of type {array.dtype}, such as "
        f"{array.flat[0] if array.size else None!r}. Turn strings into dates first, "
        "for example by pandas.to_datetime."
    )


def _as_array(values: Any, name: str, has_zone: bool) -> NDArray[Any]:
    """Array of dates or numbers of any container of them."""
    if has_zone:
        return np.asarray(values.to_numpy(dtype="datetime64[ns]"))
    array = np.asarray(values)
    if array.dtype == object:
        with suppress(TypeError, ValueError):  # the caller says what came
            array = _dates_of_objects(array)
    return array


def _dates_of_objects(array: NDArray[Any]) -> NDArray[Any]:
    """Dates of an array of objects that know one; those with a zone in UTC."""
    flat = array.ravel()
    if any(isinstance(value, str) for value in flat):
        raise TypeError("strings are no dates")
    dates = [
        value.astimezone(tz=_utc()).replace(tzinfo=None)
        if getattr(value, "tzinfo", None) is not None
        else value
        for value in flat
    ]
    return np.array(dates, dtype="datetime64[ns]").reshape(array.shape)


def _utc() -> Any:
    """The zone of dates that are kept as numbers."""
    return UTC


def _period_starts(values: Any) -> Any:
    """First moments of pandas periods; anything else as it is."""
    dtype = getattr(values, "dtype", None)
    if getattr(dtype, "name", "").startswith("period"):
        periods = getattr(values, "array", values)
        return periods.to_timestamp()
    return values


def is_dated(index: Any) -> bool:
    """Whether an index is one of dates or periods."""
    return type(index).__name__ in {"DatetimeIndex", "PeriodIndex"}


def column_of(X: Table, source: Any, name: str) -> Any:
    """Column or level of the index of this name, column at a position, or value."""
    if callable(source):
        return source(X)
    if isinstance(source, str):
        return _named(X, source, name)
    array = X.iloc if hasattr(X, "iloc") else np.asarray(X)
    n_columns = X.shape[1] if hasattr(X, "shape") and len(X.shape) == 2 else 0
    if not -n_columns <= source < n_columns:
        raise ValueError(f"{name} is no column of X, which has {n_columns} of them.")
    return array[:, source]


def _named(X: Table, source: str, name: str) -> Any:
    """Column, or level of the index, of this name."""
    columns = getattr(X, "columns", None)
    if columns is None:
        raise ValueError(
            f"{name} names a column, but X is of type {type(X).__name__} and "
            "has no names. Pass the values to split, or the position of the column as "
            "an int."
        )
    if source in list(columns):
        return X[source]
    levels = list(getattr(getattr(X, "index", None), "names", []))
    if source in levels:
        return X.index.get_level_values(source)
    known = [str(column) for column in columns][:_MOST_NAMES]
    raise ValueError(
        f"{name} is neither a column of X nor a level of its index. Columns: "
        f"{', '.join(known)}{', ...' if len(columns) > _MOST_NAMES else ''}; levels: "
        f"{', '.join(map(str, levels)) or 'none'}."
    )
