"""Means that do not depend on the order of rows."""

from __future__ import annotations

from math import fsum

import numpy as np

from ensembles._typing import FloatArray

__all__ = ["EPS", "exact_mean", "share_of_ones"]

# Shares of zero and one are taken for some of these away: they have no log-odds.
EPS = float(np.finfo(np.float64).eps)


def exact_mean(values: FloatArray, sample_weight: FloatArray | None) -> float:
    """Mean of exact sums, rounded once: the same bits in any order of rows.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        One for each row.
    sample_weight : ndarray of shape (n_samples,) or None
        How much each row counts.

    Returns
    -------
    float
        Weighted mean.
    """
    if sample_weight is None:
        return fsum(values.tolist()) / len(values)
    return fsum((values * sample_weight).tolist()) / fsum(sample_weight.tolist())


def share_of_ones(y: FloatArray, sample_weight: FloatArray | None) -> float:
    """Share of the rows that are one, a little above zero and below one.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Zeros and ones.
    sample_weight : ndarray of shape (n_samples,) or None
        How much each row counts.

    Returns
    -------
    float
        One that has log-odds.
    """
    return min(max(exact_mean(y, sample_weight), 10 * EPS), 1.0 - 10 * EPS)
