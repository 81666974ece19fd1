"""X as it came: kept what it is, with its columns counted and named.

Ensembles leave the checking of values to their members, so a DataFrame reaches them as
a DataFrame, a text as a text. Only what an ensemble needs itself is looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils.validation import validate_data

from ensembles._typing import Estimator, Table
from ensembles._validation import n_rows_of

__all__ = [
    "check_table",
    "check_table_and_target",
    "n_columns_of",
    "state_kept_on_failure",
    "with_inputs_of",
]


def check_table_and_target(estimator: Estimator, X: Table, y: Any) -> tuple[Table, Any]:
    """Check X for a fit, count and name its columns, and match it with y.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and, for a DataFrame, ``feature_names_in_``.
    X : table
        Anything with rows.
    y : array-like
        Target.

    Returns
    -------
    X, y
        X as it came, but a list of numbers as an array; y as it came.

    Raises
    ------
    ValueError
        If y is None, or X and y have different numbers of rows or none.
    """
    X = _as_indexable(X)
    for name in ("n_features_in_", "feature_names_in_"):
        estimator.__dict__.pop(name, None)
    X, y = validate_data(estimator, X, y, skip_check_array=True)
    if n_columns_of(X) is None:  # pictures have a second axis and no columns
        estimator.__dict__.pop("n_features_in_", None)
    check_consistent_length(X, y)
    if n_rows_of(X) == 0 or n_columns_of(X) == 0:
        raise _is_empty(estimator, X)
    return X, y


def check_table(estimator: Estimator, X: Table) -> Table:
    """Check that X to predict has the columns that X had in fit.

    Raises
    ------
    ValueError
        If the number or the names of the columns differ, or a list has no rows.
    """
    X = _as_indexable(X)
    if isinstance(X, list) and not X:
        raise _is_empty(estimator, X)
    if hasattr(estimator, "n_features_in_") and len(getattr(X, "shape", ())) == 1:
        raise ValueError(
            f"Expected 2D array, got 1D array instead:\narray={X}.\n"
            "Reshape your data either using array.reshape(-1, 1) if "
            "your data has a single feature or array.reshape(1, -1) "
            "if it contains a single sample."
        )
    return validate_data(estimator, X, reset=False, skip_check_array=True)


def _is_empty(estimator: Estimator, X: Table) -> ValueError:
    """The error for a table without rows or columns."""
    shape = getattr(X, "shape", (0,))
    what = "sample(s)" if n_rows_of(X) == 0 else "feature(s)"
    return ValueError(
        f"Found array with 0 {what} (shape={tuple(shape)}) while a minimum of 1 is "
        f"required by {type(estimator).__name__}."
    )


def n_columns_of(X: Table) -> int | None:
    """Number of columns of a table; None for text, pictures and other rows."""
    shape: Any = getattr(X, "shape", ())
    return int(shape[1]) if len(shape) == 2 else None


@contextmanager
def state_kept_on_failure(estimator: Estimator) -> Iterator[None]:
    """Leave all attributes as they were if a fit fails.

    Parameters
    ----------
    estimator : estimator
        About to be fitted, maybe for the second time. A fit may set attributes, and may
        not change those that are set.
    """
    state = estimator.__dict__
    before = dict(state)
    try:
        yield
    except BaseException:
        state.clear()
        state.update(before)
        raise


def with_inputs_of(member: Any, tags: Any) -> Any:
    """Tags of an ensemble that takes whatever rows its members take.

    Parameters
    ----------
    member : object
        What users gave as estimator, or what stands for it. What is no estimator says
        nothing: `fit` refuses it.
    tags : Tags
        Are changed.
    """
    if hasattr(member, "fit"):
        own = get_tags(member).input_tags
        for name in ("allow_nan", "sparse", "categorical", "string"):
            setattr(tags.input_tags, name, getattr(own, name))
    return tags


def _as_indexable(X: Table) -> Table:
    """X in a form whose rows and columns can be taken.

    A list of rows of numbers becomes an array, as does what only converts to one; a
    sparse matrix of a form without rows becomes one of rows.
    """
    if sparse.issparse(X):
        return X if X.format in ("csr", "csc") else X.tocsr()
    if not isinstance(X, list | tuple):
        converts = hasattr(X, "__array__") and not hasattr(X, "shape")
        return np.asarray(X) if converts else X
    if len(X) == 0 or isinstance(X[0], str | bytes | dict):
        return X
    try:
        return np.asarray(X)
    except ValueError:  # rows of different lengths: for the members to judge
        return X
