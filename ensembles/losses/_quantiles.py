"""Quantiles of rows with weights."""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray

__all__ = ["lower_quantile", "median"]


def lower_quantile(
    values: FloatArray, sample_weight: FloatArray | None, quantile: float
) -> float:
    """The least value that has this share of the weight up to it.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        One for each row.
    sample_weight : ndarray of shape (n_samples,) or None
        How much each row counts.
    quantile : float
        The share.

    Returns
    -------
    float
        Always one of the values.
    """
    if sample_weight is None:
        return float(np.quantile(values, quantile, method="inverted_cdf"))
    # Of equal values by weight, so that no rounding depends on the order of rows.
    order = np.lexsort((sample_weight, values))
    weights = np.cumsum(sample_weight[order])
    # Below the end even where rounding says otherwise.
    at = min(np.searchsorted(weights, quantile * weights[-1]), len(order) - 1)
    return float(values[order[at]])


def median(values: FloatArray, sample_weight: FloatArray | None) -> float:
    """Median; with weights, the lower one of two, as scikit-learn takes it.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        One for each row.
    sample_weight : ndarray of shape (n_samples,) or None
        How much each row counts.

    Returns
    -------
    float
        Without weights, the mean of the two values in the middle where there are two.
    """
    if sample_weight is None:
        return float(np.median(values))
    return lower_quantile(values, sample_weight, 0.5)
