"""Weights that are not negative and sum to one, for which a mixture errs least."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import minimize, nnls

from ensembles._typing import FloatArray

__all__ = ["log_loss_weights", "nonnegative_weights", "squared_error_weights"]

# Weights below this share of the largest are what is left of zero.
_NEGLIGIBLE = 1e-7


def squared_error_weights(products: FloatArray) -> FloatArray:
    """Weights of the least w' G w.

    Parameters
    ----------
    products : ndarray of shape (m, m)
        Mean products of members' errors.

    Returns
    -------
    ndarray of shape (m,)
        Weights.
    """
    errors = np.diag(products)
    least = errors.min()
    if least == 0.0:  # some are always right
        return _cleaned(np.where(errors == 0.0, 1.0, 0.0))
    # Each by its own size, so that one that is far off does not take the digits of all.
    sizes = np.sqrt(errors / least)
    values, vectors = eigh(products / least / np.outer(sizes, sizes))
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    # For u = s w with w on the simplex, |R u|^2 + (sum u - 1)^2 is s^2 q + (s - 1)^2,
    # of which the least over s is q / (1 + q), rising in q = w' G w.
    rows = np.vstack([root, 1 / sizes])
    found, _ = nnls(rows, np.append(np.zeros(len(products)), 1.0))
    weights = _cleaned(found / sizes)
    kept = np.flatnonzero(weights)
    if len(kept) < np.count_nonzero(found):  # the others make up for what was left out
        weights[kept] = squared_error_weights(products[np.ix_(kept, kept)])
    return weights


def nonnegative_weights(
    said: FloatArray, y: FloatArray, row_weights: FloatArray | None
) -> FloatArray:
    """Weights of the least squared error, which need not sum to one.

    Parameters
    ----------
    said : ndarray of shape (n, m)
        Values.
    y : ndarray of shape (n,)
        What they should be.
    row_weights : ndarray of shape (n,) or None
        Weights of rows.

    Returns
    -------
    ndarray of shape (m,)
        Weights.
    """
    roots = 1.0 if row_weights is None else np.sqrt(row_weights)
    found, _ = nnls((said.T * roots).T, y * roots)
    return np.asarray(found)


def log_loss_weights(probabilities: FloatArray, row_weights: FloatArray) -> FloatArray:
    """Weights of the least log loss of the mixture.

    Parameters
    ----------
    probabilities : ndarray of shape (m, n)
        What members gave to the classes that rows have.
    row_weights : ndarray of shape (n,)
        Weights of rows, which sum to one.

    Returns
    -------
    ndarray of shape (m,)
        Weights.
    """
    m = len(probabilities)

    # Where u = s w with w on the simplex, -log(s p) + s is least for s = 1: the sum
    # need not be held to one if it is added to the loss.
    def loss_and_slopes(u: FloatArray) -> tuple[float, FloatArray]:
        mixed = u @ probabilities
        loss = -float(row_weights @ np.log(mixed)) + u.sum()
        return loss, 1.0 - probabilities @ (row_weights / mixed)

    # The floor keeps the mixture positive; what ends there is set to zero.
    found = minimize(
        loss_and_slopes,
        np.full(m, 1 / m),
        jac=True,
        method="L-BFGS-B",
        bounds=[(1e-12, None)] * m,
        options={"maxiter": 10_000, "maxfun": 100_000, "ftol": 1e-15, "gtol": 1e-9},
    )
    return _cleaned(found.x)


def _cleaned(weights: FloatArray) -> FloatArray:
    """Weights that sum to one, without what is left of zero."""
    kept = np.where(weights > _NEGLIGIBLE * weights.max(), weights, 0.0)
    return np.asarray(kept / kept.sum())
