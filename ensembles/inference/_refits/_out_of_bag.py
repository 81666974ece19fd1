"""The out-of-bag error of all replicates together, and its variance.

The leave-one-out bootstrap error averages over rows i the mean loss E_i of the models
that were fitted without i (Efron & Tibshirani 1997). Its variance is that of an
infinitesimal jackknife, the sum over independent units u (rows, or groups) of the
squared influence D_u = S_u + T_u of the unit as what is tested on and trained on,

    S_u = sum_{i in u} w_i (E_i - err1)          (for losses without a scale)
    T_u = sum_b N_u^b r_b,   r_b = sum_{i out of b} w_i (Q_i^b - E_i) / B_i,

with N_u^b how often replicate b holds the unit and B_i the number of replicates without
row i. For rows of equal weight D is the derivative of err1 that section 5 of the paper
approximates by (2 + 1/(n-1)) (E_i - err1) / n + cov_b(N_i^b, q^b) / P(out).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._refits._draws import Draws

__all__ = ["OutOfBag", "mean_over_replicates", "mean_over_rows"]


@dataclass(frozen=True, slots=True)
class OutOfBag:
    """The error of all replicates on the rows they have not seen."""

    error: float
    per_replicate: FloatArray
    """Shape (n_resamples,)."""
    variance: float | None
    """Of `error`; None where no theory gives one."""
    per_row: FloatArray | None = None
    """E_i, shape (n_samples,); NaN for rows that every replicate holds."""


def mean_over_rows(
    draws: Draws,
    losses: Sequence[FloatArray],
    weights: FloatArray,
    influence: Callable[[FloatArray, FloatArray], FloatArray] | None = None,
) -> OutOfBag:
    """Leave-one-out bootstrap error from the losses of rows.

    Parameters
    ----------
    draws : Draws
        The replicates.
    losses : sequence of ndarray of shape (n_out_of_bag,)
        Losses of each replicate's rows out-of-bag.
    weights : ndarray of shape (n_samples,)
        Weights of the rows.
    influence : callable or None, default=None
        How the mean of losses, its first argument, moves with weights that sum to one,
        its second; None is by the loss less the mean.

    Returns
    -------
    OutOfBag
        Rows that every replicate holds are left out of the mean.
    """
    n_samples = len(weights)
    total = np.zeros(n_samples)
    times = np.zeros(n_samples)
    per_replicate = np.empty(len(losses))
    for number, ((_, outside), lost) in enumerate(zip(draws, losses, strict=True)):
        total[outside] += lost
        times[outside] += 1
        per_replicate[number] = np.average(lost, weights=_some(weights[outside]))
    per_row = np.full(n_samples, np.nan)
    np.divide(total, times, out=per_row, where=times > 0)
    covered = np.where(times > 0, weights, 0.0)
    known = np.where(times > 0, per_row, 0.0)
    error = float(covered @ known / covered.sum())
    variance = None
    if draws.units is not None:
        covered /= covered.sum()
        slopes = known - error if influence is None else influence(known, covered)
        tested = np.bincount(draws.units, covered * slopes)
        share = covered / np.maximum(times, 1)
        residuals = [
            float(share[outside] @ (lost - known[outside]))
            for (_, outside), lost in zip(draws, losses, strict=True)
        ]
        trained, noise = influence_of_training(draws, draws.units, residuals)
        variance = sum_of_squares(
            float(tested @ tested), float(tested @ trained), trained, noise
        )
    return OutOfBag(error, per_replicate, variance, per_row)


def mean_over_replicates(
    draws: Draws, errors: FloatArray, moves: FloatArray, folds: IntArray
) -> OutOfBag:
    """Mean of the replicates' errors, for scores that are no mean over rows.

    Parameters
    ----------
    draws : Draws
        The replicates.
    errors : ndarray of shape (n_resamples,)
        Error of each on its rows out-of-bag.
    moves : ndarray of shape (n_moved, n_folds)
        How the errors of some replicates move with the log weight of a fold's rows.
    folds : ndarray of shape (n_samples,)
        Fold of each row, units whole. The influences of the folds stand for those of
        the units, of which there are too many to move one by one.

    Returns
    -------
    OutOfBag
        Without errors of rows.
    """
    error = float(errors.mean())
    variance = None
    if draws.units is not None:
        residuals = ((errors - error) / len(errors)).tolist()
        trained, noise = influence_of_training(draws, draws.units, residuals)
        _, first = np.unique(draws.units, return_index=True)
        # With its share p of the data a unit's weight out-of-bag moves twice: by p and
        # by its chance to be there, (1 - p)^n_drawn, as those there stand for all.
        n_drawn = np.mean([counts[first].sum() for counts, _ in draws])
        tested = (1 + n_drawn / (len(first) - 1)) * moves.mean(axis=0)
        n_folds = len(tested)
        of_folds = np.bincount(folds[first], trained, minlength=n_folds)
        # Influences sum to zero: the more are added up, the smaller are the squares.
        grown = (len(first) - 1) / (len(first) - len(first) / n_folds)
        variance = sum_of_squares(
            grown * (tested @ tested), grown * (tested @ of_folds), trained, noise
        )
    return OutOfBag(error, errors, variance)


def _some(weights: FloatArray) -> FloatArray | None:
    """The weights, or none where all are zero."""
    return weights if weights.any() else None


def influence_of_training(
    draws: Draws, units: IntArray, residuals: Sequence[float]
) -> tuple[FloatArray, float]:
    """T_u, shape (n_units,), and how much its sum of squares owes to few replicates.

    Counts of a unit that have nothing to do with the r_b would leave a sum of squares
    of sum_b r_b² sum_u (N_u^b - mean N^b)²; Wager, Hastie & Efron (2014), section 4.
    """
    _, first = np.unique(units, return_index=True)
    trained = np.zeros(len(first))
    noise = 0.0
    for (counts, _), residual in zip(draws, residuals, strict=True):
        held = counts[first]
        trained += residual * held
        noise += residual**2 * float(((held - held.mean()) ** 2).sum())
    return trained, noise


def sum_of_squares(
    tested: float, cross: float, trained: FloatArray, noise: float
) -> float:
    """Sum of squares of S + T from those of S, of S and T, and T.

    The part of T along S is well known from few replicates, and the rest is not: what
    of its square the noise explains is taken off, down to zero.
    """
    along = cross / tested if tested > 0 else 0.0
    across = float(trained @ trained) - along**2 * tested - noise
    return float((1 + along) ** 2 * tested + max(across, 0.0))
