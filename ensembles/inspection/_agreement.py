"""Measures of how members agree, from one product of matrices.

Of two members let a be the share of rows that both have right, b and c those that one
alone has right, and d that of rows that both have wrong. With the matrix R of members
by rows, one where right, a = R W R', and all else follows from it.

L. I. Kuncheva, C. J. Whitaker, "Measures of diversity in classifier ensembles and their
relationship with the ensemble accuracy", Machine Learning 51(2), 181-207, 2003, table 4
and equations 1 to 14.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import BoolArray, FloatArray

__all__ = [
    "PairTables",
    "correlations",
    "kappas",
    "pair_tables",
    "q_statistics",
    "spread_of_rows",
]

# Counts up to here are whole numbers in single precision.
_EXACT_IN_SINGLE = 2**24


class PairTables(NamedTuple):
    """Shares of rows for each pair of members, each of shape (m, m)."""

    both: FloatArray
    first: FloatArray
    second: FloatArray
    neither: FloatArray


def pair_tables(right: BoolArray, row_weights: FloatArray | None) -> PairTables:
    """Share of the weight of rows that both, one or none of two members have right.

    Parameters
    ----------
    right : ndarray of bool of shape (m, n)
        Whether each member is right.
    row_weights : ndarray of shape (n,) or None
        Weights of rows.
    """
    n_rows = right.shape[1]
    if row_weights is None and n_rows <= _EXACT_IN_SINGLE:
        counted: NDArray[np.floating] = right.astype(np.float32)
        both = (counted @ counted.T).astype(np.float64) / n_rows
    else:
        weights = np.ones(n_rows) if row_weights is None else row_weights
        roots = np.sqrt(weights / weights.sum())
        scaled = right * roots
        both = scaled @ scaled.T
    share = np.diag(both)
    first, second = share[:, None] - both, share[None, :] - both
    least = n_rows * np.finfo(np.float64).eps  # what is less is rounding
    parts = (both, first, second, 1.0 - both - first - second)
    return PairTables(*(np.where(part > least, part, 0.0) for part in parts))


def kappas(tables: PairTables) -> FloatArray:
    """Agreement beyond chance of two members about being right; 1 of equals.

    Where chance leaves no room, since both are always right or always wrong, it is not
    defined, and NaN.
    """
    a, b, c, d = tables
    by_chance = (a + b) * (b + d) + (a + c) * (c + d)
    return _ratio(2 * (a * d - b * c), by_chance)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """A ratio, NaN where there is none."""
    nothing = np.full_like(numerator, np.nan)
    return np.divide(numerator, denominator, out=nothing, where=denominator > 0)


def q_statistics(tables: PairTables) -> FloatArray:
    """Yule's Q: 0 of independent members, below where they err on different rows."""
    a, b, c, d = tables
    return _ratio(a * d - b * c, a * d + b * c)


def correlations(tables: PairTables) -> FloatArray:
    """Correlation of being right."""
    a, b, c, d = tables
    return _ratio(a * d - b * c, np.sqrt((a + b) * (c + d) * (a + c) * (b + d)))


def spread_of_rows(
    right: BoolArray, row_weights: FloatArray | None
) -> tuple[float, float, float, float]:
    """Entropy, Kohavi-Wolpert variance, interrater agreement and difficulty.

    Of the number l of members that have a row right, of m.
    """
    m = len(right)
    n_right = right.sum(axis=0)
    mean = float(np.average(n_right, weights=row_weights)) / m
    variance = float(np.average(n_right * (m - n_right), weights=row_weights)) / m**2
    room = m - np.ceil(m / 2)
    fewer = np.minimum(n_right, m - n_right)
    entropy = float(np.average(fewer, weights=row_weights)) / room if room else 0.0
    by_chance = mean * (1 - mean)
    agreement = np.nan
    if m > 1 and by_chance > right.shape[1] * np.finfo(np.float64).eps:
        agreement = 1 - variance * m / ((m - 1) * by_chance)
    squares = float(np.average((n_right / m) ** 2, weights=row_weights))
    return entropy, variance, agreement, squares - mean**2
