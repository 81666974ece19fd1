"""Sets of labels that hold the true one, from probabilities of left-out rows.

- Y. Romano, M. Sesia, E. J. Candes, "Classification with valid and adaptive coverage",
  Advances in Neural Information Processing Systems 33, 2020 (APS);
- M. Sadinle, J. Lei, L. Wasserman, "Least ambiguous set-valued classifiers with bounded
  error levels", Journal of the American Statistical Association 114(525), 223-234, 2019
  (LAC);
- A. N. Angelopoulos, S. Bates, J. Malik, M. I. Jordan, "Uncertainty sets for image
  classifiers using conformal prediction", International Conference on Learning
  Representations, 2021 (RAPS).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray

__all__ = ["Score", "label_sets", "score_named"]

Score = Callable[[FloatArray], FloatArray]


def score_named(name: str, penalty: float, n_free: int) -> Score:
    """How strange each label would be, shape (n, k), from probabilities.

    Parameters
    ----------
    name : {"lac", "aps", "raps"}
        One less its probability; the probability of it and all likelier labels; the
        same with a penalty for ranks.
    penalty : float
        What each further rank costs, under "raps".
    n_free : int
        Ranks that cost nothing.
    """
    if name == "lac":
        return _doubt
    return partial(_reached, penalty=penalty if name == "raps" else 0.0, n_free=n_free)


def _doubt(probabilities: FloatArray) -> FloatArray:
    """One less the probability."""
    return 1.0 - probabilities


def _reached(probabilities: FloatArray, penalty: float, n_free: int) -> FloatArray:
    """Probability of each label and all likelier ones, and the price of its rank."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    summed = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    ranks = np.arange(1, probabilities.shape[1] + 1)
    summed += penalty * np.maximum(ranks - n_free, 0)
    scores = np.empty_like(summed)
    np.put_along_axis(scores, order, summed, axis=1)
    return scores


def label_sets(
    probabilities: FloatArray,
    known: FloatArray,
    codes: IntArray,
    score: Score,
    upper: Callable[[FloatArray], float],
) -> BoolArray:
    """Labels that are no stranger than the true ones of left-out rows.

    Parameters
    ----------
    probabilities : ndarray of shape (n_new_rows, k)
        Of new rows.
    known : ndarray of shape (n_rows, k)
        Of rows left out.
    codes : ndarray of shape (n_rows,)
        Their labels.
    score : callable
        How strange labels are.
    upper : callable
        The score up to which labels are taken, from those of true labels.

    Returns
    -------
    ndarray of shape (n_new_rows, k)
        Whether each label is in the set; the likeliest always is.
    """
    limit = upper(score(known)[np.arange(len(codes)), codes])
    sets = score(probabilities) <= limit * (1 + 1e-12)
    sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
    return np.asarray(sets)
