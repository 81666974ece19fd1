"""Losses of many models on the same rows, and replicates of their means.

Every test of this package compares means of columns with how far such means stray::

    deviation[r, j] = sum over rows i of w[r, i] * (loss[i, j] - centre[j]) / n

w[r] are the weights that a scheme gives the rows in replicate r, and the centre is the
value that the replicates have in expectation. Means are linear in the weights, so all
replicates of all models are one matrix product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from ensembles._random import entropy_from
from ensembles._typing import (
    ArrayLike,
    BoolArray,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import check_count, invalid_parameter, is_positive, require
from ensembles.resampling import StationaryBootstrap
from ensembles.resampling._base import BaseScheme

__all__ = [
    "Names",
    "bootstrap_pvalues",
    "check_alpha",
    "check_finite",
    "check_is_exact",
    "check_resampling",
    "check_table",
    "frame_of",
    "inverse_errors",
    "replicate_means",
    "rounding_of",
    "studentize",
]

Names = NDArray[Any]

# Below it a replicate is one of a handful of values, and log(log(n)) is near zero.
_LEAST_ROWS = 10


def check_table(
    owner: object, name: str, table: Table, least_columns: int = 1
) -> tuple[FloatArray, Names]:
    """Return the values, shape (n_samples, n_models), and the names of the columns.

    Columns of a DataFrame keep their labels, others are named by their position.

    Raises
    ------
    ValueError
        If there are too few rows or columns, two columns of one name, or a value that
        is not finite.
    """
    labels = _column_labels(table)
    if labels is not None and len(set(labels.tolist())) < len(labels):
        raise ValueError(
            f"The columns of {name} must have different names, got {labels.tolist()}."
        )
    values = check_array(
        table, dtype=np.float64, ensure_all_finite=False, input_name=name
    )
    n_samples, n_models = values.shape
    who = owner if isinstance(owner, str) else type(owner).__name__
    if n_samples < _LEAST_ROWS:
        raise ValueError(
            f"{who} needs at least {_LEAST_ROWS} rows, got {name} of shape "
            f"{values.shape}. Rows are the observations, columns the models."
        )
    if n_models < least_columns:
        raise ValueError(
            f"{who} needs at least {least_columns} models to compare, got {name} of "
            f"shape {values.shape}. Rows are the observations, columns the models."
        )
    names = np.arange(n_models) if labels is None else labels
    check_finite(name, values, names)
    return np.asarray(values), names


def check_finite(table: str, values: FloatArray, names: Names) -> None:
    """Raise an error that names the first column with a value that is not finite."""
    finite = np.isfinite(values)
    if finite.all():
        return
    column = int(np.argmin(finite.all(axis=0)))
    row = int(np.argmin(finite[:, column]))
    value = values[row, column]
    raise ValueError(
        f"Column {names.item(column)!r} of {table} is {value} in row {row}. "
        "All are compared on the same rows: drop such rows for all of them."
    )


def _column_labels(table: Table) -> Names | None:
    """Labels of the columns of a DataFrame, shape (n_columns,), or None."""
    columns = getattr(table, "columns", None)
    if columns is None:
        return None
    # One by one: numpy would turn labels that are tuples into rows.
    labels = np.empty(len(columns), dtype=object)
    for position, label in enumerate(columns):
        labels[position] = label
    return labels


def check_alpha(owner: Any) -> None:
    """Raise unless the level of a test lies strictly between 0 and 1."""
    if not (is_positive(owner.alpha) and owner.alpha < 1):
        raise invalid_parameter(
            owner, "alpha", owner.alpha, "a float in the range (0.0, 1.0)"
        )


def check_resampling(owner: Any) -> BaseScheme:
    """Return the scheme of a test whose resampling parameters are in order."""
    check_count(owner, "n_resamples", owner.n_resamples)
    scheme = StationaryBootstrap() if owner.scheme is None else owner.scheme
    if not isinstance(scheme, BaseScheme):
        raise invalid_parameter(
            owner, "scheme", scheme, "a scheme of ensembles.resampling or None"
        )
    return scheme


def replicate_means(
    scheme: BaseScheme,
    losses: FloatArray,
    n_resamples: int,
    random_state: RandomState = None,
    groups: ArrayLike | None = None,
) -> FloatArray:
    """Return how far the means of replicates are from what they are in expectation.

    Parameters
    ----------
    scheme : scheme
        What gives the rows their weights.
    losses : ndarray of shape (n_samples, n_models)
        Losses, rows in the order that the scheme is about.
    n_resamples : int
        Number of replicates.
    random_state : int, RandomState, Generator or None, default=None
        Replicate i depends on it and on i alone.
    groups : array-like of shape (n_samples,) or None, default=None
        Group of each row, for schemes that keep groups whole.

    Returns
    -------
    ndarray of shape (n_resamples, n_models)
        Deviations in the unit of the losses.
    """
    n_samples = len(losses)
    bound = scheme.bind(n_samples, None, groups)
    total, spread = bound.total or n_samples, bound.spread
    if spread is None:
        raise ValueError(
            f"The replicates of {scheme} do not stray as means do. Take a bootstrap, "
            "which draws rows with replacement, or draw fewer rows than there are."
        )
    seeds = bound.seeds(entropy_from(random_state), 0, n_resamples)
    # Centred first, sums stay small; where the weights of a replicate do not sum to
    # n, dividing by n is then right to first order.
    centred = losses - np.average(losses, axis=0, weights=bound.expected_weights)
    return bound.sums(seeds, centred.T) / (total * spread)


def rounding_of(losses: FloatArray) -> FloatArray:
    """What sums of the losses leave undetermined, shape (n_models,)."""
    largest = np.maximum(losses.max(axis=0), -losses.min(axis=0))
    eps = np.finfo(np.float64).eps
    return np.asarray(16 * eps * np.sqrt(len(losses)) * largest)


def studentize(
    differences: FloatArray, errors: FloatArray, rounding: FloatArray
) -> FloatArray:
    """Return differences over their errors, elementwise and never NaN.

    A difference without error is infinite; one that is zero as well stays zero.
    """
    exact = errors <= rounding
    statistics = np.asarray(differences * inverse_errors(errors, rounding))
    statistics[exact] = np.copysign(np.inf, differences[exact])
    statistics[exact & (np.abs(differences) <= rounding)] = 0.0
    return statistics


def inverse_errors(errors: FloatArray, rounding: FloatArray) -> FloatArray:
    """One over each error, zero where there is none."""
    exact: BoolArray = errors <= rounding
    return np.asarray(np.where(exact, 0.0, 1 / np.where(exact, 1.0, errors)))


def check_is_exact(
    scheme: BaseScheme, difference: FloatArray, rounding: float, of: str
) -> None:
    """Raise where a difference varies over rows and its replicates do not."""
    if np.ptp(difference) > 2 * rounding:
        raise ValueError(
            f"The difference in loss {of} varies from row to row, but its mean is the "
            f"same in every replicate of {scheme}, so nothing tells how far it strays. "
            "Use shorter blocks or more groups."
        )


def bootstrap_pvalues(n_as_large: ArrayLike, n_resamples: int) -> FloatArray:
    """Share of values as large as the one observed, which counts as one of them."""
    return np.asarray((1 + np.asarray(n_as_large)) / (n_resamples + 1))


def frame_of(models: Names, columns: dict[str, Any], order: IntArray) -> Any:
    """Table of what was found of each model, as a pandas DataFrame in this order."""
    pandas = require("pandas", "dataframe", "summary()")
    index = pandas.Index(models, name="model", tupleize_cols=False)
    return pandas.DataFrame(columns, index=index).iloc[order]
