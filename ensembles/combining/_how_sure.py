"""How sure ensembles of named members are: what members of them and folds tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._combine import Rule
from ensembles._ensemble._conformal import jackknife_plus, upper_score
from ensembles._ensemble._targets import ClassTarget
from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles._uncertainty import Uncertainty, of_probabilities, of_spread
from ensembles._validation import check_choice
from ensembles.model_selection import OutOfFold

__all__ = ["Residuals", "cross_interval", "fold_matrix", "uncertainty_of_classes"]


def uncertainty_of_classes(
    owner: object,
    target: ClassTarget,
    outputs: Iterable[list[FloatArray]],
    weights: FloatArray | None,
    measure: str,
) -> Uncertainty:
    """Uncertainty of a weighted mean of probabilities.

    Raises
    ------
    InvalidParameterError
        If there is no such measure.
    ValueError
        For a target of several outputs.
    """
    check_choice(owner, "measure", measure, {"entropy", "variance"})
    if not target.single:
        raise ValueError(
            "predict_uncertainty is for a target of one output, and y has "
            f"{len(target.labels)}. Fit an ensemble for each."
        )
    of_members = of_probabilities if measure == "entropy" else of_spread
    return of_members((p for (p,) in outputs), weights)


@dataclass(frozen=True, slots=True)
class Residuals:
    """How far off rows were from what models of other rows predicted."""

    values: FloatArray
    """Shape (n_rows, n_outputs)."""
    folds: BoolArray | None
    """Which folds each row was left out in, where the models of these are there."""


def fold_matrix(said: OutOfFold, rows: IntArray) -> BoolArray:
    """Which folds tested which of the rows, shape (n_rows, n_folds)."""
    tested = np.zeros((said.n_samples, int(said.folds.max()) + 1), dtype=bool)
    tested[said.rows, said.folds] = True
    return np.asarray(tested[rows])


def cross_interval(
    known: Residuals,
    centre: FloatArray,
    of_folds: Sequence[FloatArray] | None,
    level: float,
    n_jobs: int | None,
) -> FloatArray:
    """Ends of intervals, shape (n_samples, n_outputs, 2).

    Parameters
    ----------
    known : Residuals
        Of rows left out.
    centre : ndarray of shape (n_samples, n_outputs)
        Predictions.
    of_folds : sequence of ndarray of shape (n_samples, n_outputs) or None
        Predictions of the models of each fold, for CV+; None for one width.
    level : float
        Share of targets to be covered.
    n_jobs : int or None
        Number of workers.
    """
    if of_folds is None or known.folds is None:
        widths = np.array([upper_score(np.abs(one), level) for one in known.values.T])
        return np.stack([centre - widths, centre + widths], axis=-1)
    outputs = np.stack(of_folds)
    ends: list[Any] = [
        jackknife_plus(outputs[:, :, j], known.folds, one, level, Rule(), n_jobs)
        for j, one in enumerate(known.values.T)
    ]
    return np.stack(ends, axis=1)
