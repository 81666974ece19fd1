"""P-values of many comparisons, corrected so that one false alarm is rare among all."""

from __future__ import annotations

import numpy as np

from ensembles._typing import FloatArray, IntArray

__all__ = ["holm", "rank_ends", "step_down"]


def holm(pvalues: FloatArray) -> FloatArray:
    """Holm (1979): the smallest times their number, the next times one less, ..."""
    order = np.argsort(pvalues, kind="stable")
    factors = np.arange(len(pvalues), 0, -1)
    ascending = np.maximum.accumulate(pvalues[order] * factors)
    corrected = np.empty(len(pvalues))
    corrected[order] = np.minimum(ascending, 1.0)
    return corrected


def step_down(
    differences: FloatArray, deviations: FloatArray, alternative: str
) -> FloatArray:
    """Romano & Wolf (2005): against the largest statistic of those not yet rejected.

    `deviations` of replicates from what they scatter around have shape (n_resamples,
    n_differences). Sharper than Holm's, as it takes the dependence between comparisons
    into account.
    """
    errors = deviations.std(axis=0, ddof=1)
    # A difference without error is beyond doubt, and none at all is none.
    is_certain = errors <= 1e-12 * np.abs(differences)
    errors = np.where(is_certain | (errors == 0), np.inf, errors)
    statistics = differences / errors
    statistics[is_certain] = np.copysign(np.inf, differences[is_certain])
    statistics[differences == 0] = 0.0
    side = {"two-sided": np.abs, "greater": np.positive, "less": np.negative}
    observed = side[alternative](statistics)
    noise = side[alternative](deviations / errors)
    order = np.argsort(-observed, kind="stable")
    # Largest statistic of a comparison and of all that come after it.
    largest = np.maximum.accumulate(noise[:, order[::-1]], axis=1)[:, ::-1]
    n_as_large = (largest >= observed[order]).sum(axis=0)
    corrected = np.empty(len(observed))
    corrected[order] = np.maximum.accumulate((1 + n_as_large) / (1 + len(noise)))
    return corrected


def rank_ends(better: IntArray, worse: IntArray) -> tuple[IntArray, IntArray]:
    """First and last rank that a model may have, 1 the best (Mogstad et al. 2024).

    `better` and `worse` count the models found better and worse than it.
    """
    return 1 + better, len(worse) - worse
