"""scikit-learn's trees cast X to float32 at every call; an ensemble does it once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import BaseDecisionTree
from sklearn.utils.validation import validate_data

from ensembles._typing import Estimator, Table

__all__ = [
    "TrustingTree",
    "as_float32",
    "check_names",
    "float32_array",
    "is_finite",
    "row_blocks",
    "trees_may_share_a_cast",
    "without_names",
]


# Methods of trees that check rows unless they are told not to.
_CHECK = ("predict", "predict_proba")


def trees_may_share_a_cast(estimators: Iterable[Estimator], X: Any) -> bool:
    """Whether all are scikit-learn's own trees and X is what they would cast.

    Exact classes only: a subclass may look at X as it came.
    """
    return _is_table_of_numbers(X) and all(
        isinstance(estimator, BaseDecisionTree)
        and type(estimator).__module__.startswith("sklearn.tree.")
        for estimator in estimators
    )


def _is_table_of_numbers(X: Any) -> bool:
    """Whether it is an array of doubles, or a pandas frame of plain number columns."""
    if isinstance(X, np.ndarray):
        return X.ndim == 2 and X.dtype == np.float64 and len(X) > 0
    return (
        _is_pandas_frame(X)
        and len(X) > 0
        and all(isinstance(t, np.dtype) and t.kind in "fiu" for t in X.dtypes)
    )


def _is_pandas_frame(X: Any) -> bool:
    """Whether it is a pandas DataFrame, without importing pandas."""
    cls = type(X)
    return cls.__name__ == "DataFrame" and cls.__module__.startswith("pandas")


def as_float32(X: Table) -> Table:
    """Cast as a tree would, a frame to a frame with the same names."""
    if isinstance(X, np.ndarray):
        return float32_array(X)
    return type(X)(float32_array(X), columns=X.columns)


def float32_array(X: Table) -> NDArray[np.float32]:
    """Cast as a tree would; what is too large becomes infinite, which trees refuse."""
    with np.errstate(over="ignore"):
        return np.asarray(X).astype(np.float32)


def row_blocks(X: Table, n_rows: int) -> Iterator[Table]:
    """Yield views of successive blocks of rows."""
    rows = X if isinstance(X, np.ndarray) else X.iloc
    for start in range(0, len(X), n_rows):
        yield rows[start : start + n_rows]


def is_finite(cast: NDArray[np.float32]) -> bool:
    """Whether all values are surely finite, told by their sum."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(cast.sum()))


class TrustingTree:
    """A fitted tree that takes rows as they are: finite ones, in single precision.

    To check them takes a tree as long as to send them down.
    """

    def __init__(self, tree: Estimator) -> None:
        self.tree = tree

    def __getattr__(self, name: str) -> Any:
        if name == "tree":  # of a copy that is being made
            raise AttributeError(name)
        found = getattr(self.tree, name)
        return partial(found, check_input=False) if name in _CHECK else found


def check_names(trees: Sequence[Estimator], X: Table) -> None:
    """Raise unless the columns of a frame are those that trees saw, as each would.

    Raises
    ------
    ValueError
        With the names that are missing, new or in another order.
    """
    if not _is_pandas_frame(X):
        return
    checked: Any = None
    for tree in trees:
        names = getattr(tree, "feature_names_in_", None)
        if names is not None and not np.array_equal(names, checked):
            validate_data(tree, X, reset=False, skip_check_array=True)
            checked = names


def without_names(estimator: Estimator) -> Estimator:
    """A shallow copy of a fitted tree that takes an array where it saw a frame.

    Checking names costs a tree more than predicting a block; see `check_names`.
    """
    nameless = copy.copy(estimator)
    nameless.__dict__.pop("feature_names_in_", None)
    return nameless
