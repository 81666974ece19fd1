"""What of the members' answers decides how good any mixture of them is.

Of m members and n rows: for squared errors the m x m matrix of products of errors, for
the log loss the m x n probabilities of the classes that rows have.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray

__all__ = ["error_products", "one_hot", "true_class_probabilities", "unit_weights"]

# Of a class that a member thinks impossible: so that this costs much, and not all.
_LEAST = float(np.finfo(np.float64).eps)


def unit_weights(row_weights: FloatArray | None, n_rows: int) -> FloatArray:
    """Weights of rows that sum to one."""
    if row_weights is None:
        return np.full(n_rows, 1 / n_rows)
    return np.asarray(row_weights / row_weights.sum())


def error_products(
    said: list[FloatArray], y: FloatArray, row_weights: FloatArray | None
) -> FloatArray:
    """Weighted mean over rows of the products of two members' errors, shape (m, m).

    Where weights w of members sum to one, the mean squared error of their mixture is
    w' G w. Errors of several columns are added up.

    Parameters
    ----------
    said : list of m ndarrays of shape (n,) or (n, q)
        Values or probabilities.
    y : ndarray of shape (n,) or (n, q)
        What they should be.
    row_weights : ndarray of shape (n,) or None
        Weights of rows.
    """
    n_rows = len(y)
    wanted = y.reshape(n_rows, -1)
    roots = None if row_weights is None else np.sqrt(row_weights / row_weights.sum())
    products = np.zeros((len(said), len(said)))
    errors = np.empty((len(said), n_rows))
    for column in range(wanted.shape[1]):
        for own, one in zip(errors, said, strict=True):
            np.subtract(one.reshape(n_rows, -1)[:, column], wanted[:, column], out=own)
        if roots is not None:
            errors *= roots
        products += errors @ errors.T
    return products if roots is not None else products / n_rows


def one_hot(codes: IntArray, n_classes: int) -> FloatArray:
    """One for the class that a row has, shape (n, k)."""
    return np.asarray(np.eye(n_classes)[codes])


def true_class_probabilities(said: list[Any], codes: IntArray) -> FloatArray:
    """What members gave to the classes that rows have, shape (m, n * n_outputs).

    Parameters
    ----------
    said : list of m lists of ndarrays of shape (n, k)
        Probabilities, for each output.
    codes : ndarray of shape (n,) or (n, n_outputs)
        Classes of rows.
    """
    columns = codes.reshape(len(codes), -1).T
    given = np.empty((len(said), *columns.shape))
    for by_output, one in zip(given, said, strict=True):
        for of_rows, p, column in zip(by_output, one, columns, strict=True):
            places = np.arange(0, p.size, p.shape[1]) + column
            np.take(p, places, out=of_rows)
    np.maximum(given, _LEAST, out=given)
    return given.reshape(len(said), -1)
