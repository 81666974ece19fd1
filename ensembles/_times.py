"""Times as numbers: from whatever holds them, wherever the user keeps them."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ensembles._compat import take_columns
from ensembles._typing import Table
from ensembles._validation import n_rows_of, require

__all__ = [
    "Times",
    "column_of",
    "find_times",
    "is_dated",
    "source_of",
    "times_of",
    "times_of_rows",
]

_NAT = np.iinfo(np.int64).min
# Dates that nanoseconds since 1970 can count, in seconds.
_FIRST, _LAST = -9_223_372_036, 9_223_372_036
# How many names of columns an error lists.
_MOST_NAMES = 10


class Times(NamedTuple):
    """Times of rows as numbers.

    Attributes
    ----------
    values : ndarray of shape (n_samples,)
        Nanoseconds since 1970 (UTC) of dates, and numbers as they came.
    missing : ndarray of bool of shape (n_samples,) or None
        Which have no value; None where all have one.
    are_dates : bool
        Whether values are dates.
    zone : tzinfo or None
        Zone in which calendars are read; None where dates tell none.
    """

    values: NDArray[Any]
    missing: NDArray[np.bool_] | None
    are_dates: bool
    zone: Any

    def check_goes_with(self, other: Times, name: str, other_name: str) -> None:
        """Raise unless both can be compared."""
        if self.are_dates != other.are_dates:
            kinds = ["numbers", "dates"]
            raise TypeError(
                f"{name} are {kinds[self.are_dates]} and {other_name} are "
                f"{kinds[other.are_dates]}. Both must be of one kind."
            )
        if (self.zone is None) != (other.zone is None):
            without, with_one = name, other_name
            if self.zone is not None:
                without, with_one = other_name, name
            raise TypeError(
                f"{without} have no time zone and {with_one} are in "
                f"{self.zone or other.zone}. Give both one, for example by tz_localize."
            )


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
        The parameter of `split` that takes them, for errors.
    """
    if given is None and source is not None:
        parameter = "time" if name == "times" else name
        name = f"{parameter}={source!r}"
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


def source_of(cv: Any, name: Literal["time", "label_end"] = "time") -> Any:
    """Where a splitter, or the one inside of it, finds times or ends of labels."""
    if cv is None:
        return None
    own = getattr(cv, name, None)
    if own is not None:
        return own
    return source_of(getattr(cv, "cv", None) or getattr(cv, "time_cv", None), name)


def times_of_rows(X: Table, source: Any, given: Any) -> Times | None:
    """Times of rows: given, pointed at, or those of an index of dates."""
    found = find_times(X, source, given, "times")
    return _times_of_index(X) if found is None else found


def _times_of_index(X: Table) -> Times | None:
    """Times of an index of dates, or of the only level of dates of several levels."""
    index: Any = getattr(X, "index", None)
    levels = getattr(index, "levels", None)
    if levels is not None:
        dated = [i for i, level in enumerate(levels) if is_dated(level)]
        if len(dated) > 1:
            names = [index.names[i] for i in dated]
            raise ValueError(
                f"The index of X has {len(dated)} levels of dates, {names}. Say which "
                "one to split by: time= and its name."
            )
        index = index.get_level_values(dated[0]) if dated else None
    return find_times(X, None, index, "The index of X") if is_dated(index) else None


def times_of(values: Any, name: str) -> Times:
    """Numbers that stand for times, with what is missing among them."""
    array, zone = _as_array(values, "end" if name.startswith("label_end") else "start")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(
            f"{name} must have shape (n_samples,), got {array.shape}. Pass one time "
            "for each row."
        )
    if array.dtype.kind == "M":
        numbers = _nanoseconds(array, name)
        return Times(numbers, _if_any(numbers == _NAT), True, zone)
    if array.dtype.kind == "f":
        return Times(array, _if_any(np.isnan(array)), False, None)
    if array.dtype.kind in "iu":
        return Times(array, None, False, None)
    raise TypeError(
        f"{name} must be dates or numbers, got values of type {array.dtype}, such as "
        f"{array.flat[0] if array.size else None!r}. Turn strings into dates first, "
        "for example by pandas.to_datetime."
    )


def _nanoseconds(dates: NDArray[Any], name: str) -> NDArray[np.int64]:
    """Nanoseconds since 1970, of dates that these can count."""
    if dates.dtype != "datetime64[ns]" and dates.size:
        seconds = dates.astype("datetime64[s]").view(np.int64)
        known = seconds[seconds != _NAT]
        if len(known) and (known.min() < _FIRST or known.max() > _LAST):
            raise ValueError(
                f"{name} reach from {dates[~np.isnat(dates)].min()} to "
                f"{dates[~np.isnat(dates)].max()}. Dates must lie between 1678 and "
                "2262; pass years as numbers beyond."
            )
    return dates.astype("datetime64[ns]", copy=False).view(np.int64)


def _if_any(missing: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """What is missing, where something is."""
    return missing if missing.any() else None


def _as_array(values: Any, how: Literal["start", "end"]) -> tuple[NDArray[Any], Any]:
    """Dates (UTC) or numbers of any container of them, and their zone.

    Of a period it is the first or the last moment.
    """
    dtype = getattr(values, "dtype", None)
    if getattr(dtype, "name", "").startswith("period"):
        periods = getattr(values, "array", values)
        values = periods.to_timestamp(how=how)
        dtype = values.dtype
    zone = getattr(dtype, "tz", None)
    if zone is not None:
        return np.asarray(values.to_numpy(dtype="datetime64[ns]")), zone
    named = getattr(dtype, "time_zone", None)  # of polars
    array = np.asarray(values)
    if array.dtype == object and array.size:
        return _of_objects(array)
    return array, None if named is None else ZoneInfo(named)


def _of_objects(array: NDArray[Any]) -> tuple[NDArray[Any], Any]:
    """Dates or numbers of objects that are such, others as they are."""
    known = [value for value in array.ravel() if not _is_missing(value)]
    if not known or all(isinstance(value, int | float | np.number) for value in known):
        numbers = [np.nan if _is_missing(value) else value for value in array.ravel()]
        return np.array(numbers).reshape(array.shape), None
    if not all(isinstance(value, date | np.datetime64) for value in known):
        return array, None
    zone = getattr(known[0], "tzinfo", None)
    pandas = require("pandas", "dataframe", "Lists of dates")
    dates = pandas.to_datetime(array.ravel(), utc=zone is not None)
    return np.asarray(dates.to_numpy(dtype="datetime64[ns]")).reshape(array.shape), zone


def _is_missing(value: Any) -> bool:
    """Whether an object stands for no value: None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return bool(isinstance(value, float | np.datetime64) and value != value)


def is_dated(index: Any) -> bool:
    """Whether an index is one of dates or periods."""
    dtype = getattr(index, "dtype", None)
    name = str(getattr(dtype, "name", dtype))
    return name.startswith(("datetime64", "period", "timestamp"))


def column_of(X: Table, source: Any, name: str) -> Any:
    """Column or level of the index of this name, column at a position, or value."""
    if callable(source):
        return source(X)
    if isinstance(source, str):
        return _named(X, source, name)
    table = X if hasattr(X, "shape") else np.asarray(X)
    n_columns = table.shape[1] if len(table.shape) == 2 else 0
    if not -n_columns <= source < n_columns:
        raise ValueError(f"{name} is no column of X, which has {n_columns} of them.")
    column = take_columns(table, np.array([source % n_columns]))
    if hasattr(column, "toarray"):
        return column.toarray().ravel()
    if hasattr(column, "iloc"):
        return column.iloc[:, 0]
    if hasattr(column, "to_series"):
        return column.to_series()
    return np.asarray(column).ravel()


def _named(X: Table, source: str, name: str) -> Any:
    """Column, or level of the index, of this name."""
    levels = list(getattr(getattr(X, "index", None), "names", None) or [])
    if source in levels:
        return X.index.get_level_values(source)
    columns = getattr(X, "columns", None)
    if columns is None:
        raise ValueError(
            f"{name} names a column, but X is of type {type(X).__name__} and has no "
            "names. Pass the values to split, or the position of the column as an int."
        )
    if source in list(columns):
        return X[source]
    known = [str(column) for column in columns][:_MOST_NAMES]
    raise ValueError(
        f"{name} is neither a column of X nor a level of its index. Columns: "
        f"{', '.join(known)}{', ...' if len(columns) > _MOST_NAMES else ''}; levels: "
        f"{', '.join(map(str, levels)) or 'none'}."
    )
