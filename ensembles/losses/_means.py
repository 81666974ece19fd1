"""Means that do not depend on the order of rows."""

from __future__ import annotations

from math import fsum

from ensembles._typing import FloatArray

__all__ = ["exact_mean"]


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
