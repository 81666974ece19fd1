"""The covariance of areas under ROC curves, by DeLong, DeLong & Clarke-Pearson (1988).

The placement of a row is the share of the other class that it is on the right side of;
areas are means of placements, and their covariance is that of placements over the rows
of each class. Sun & Xu (2014) compute placements from ranks, as here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr, ndtri

from ensembles._typing import BoolArray, FloatArray
from ensembles.inference._metrics._ranking import placements

__all__ = ["delong", "normal_ends", "normal_pvalues"]


def delong(
    is_positive: BoolArray, scores: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Areas, shape (k,), and their covariance, shape (k, k)."""
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if min(n_positive, n_negative) < 2:
        raise ValueError(
            "DeLong's test needs at least two rows of each class, got "
            f"{n_positive} positive and {n_negative} negative ones."
        )
    weights = np.ones(len(is_positive))
    wins = np.stack([placements(is_positive, one, weights) for one in scores])
    of_positives = wins[:, is_positive] / n_negative
    of_negatives = wins[:, ~is_positive] / n_positive
    covariance = np.atleast_2d(np.cov(of_positives)) / n_positive
    covariance = covariance + np.atleast_2d(np.cov(of_negatives)) / n_negative
    return of_positives.mean(axis=1), covariance


def normal_ends(
    differences: FloatArray, errors: FloatArray, level: float, alternative: str
) -> tuple[FloatArray, FloatArray]:
    """Low and high ends of normal intervals; an open end is infinite."""
    outside = 1 - level
    reach = errors * -ndtri(outside / 2 if alternative == "two-sided" else outside)
    open_end = np.full(len(differences), np.inf)
    low = -open_end if alternative == "less" else differences - reach
    high = open_end if alternative == "greater" else differences + reach
    return low, high


def normal_pvalues(
    differences: FloatArray, errors: FloatArray, alternative: str
) -> FloatArray:
    """P-values of no difference; 1 where neither it nor its error is above zero."""
    equal = (errors == 0) & (differences == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(equal, 0.0, differences / errors)
    tails = {"two-sided": 2 * ndtr(-np.abs(z)), "less": ndtr(z), "greater": ndtr(-z)}
    return np.asarray(tails[alternative])
