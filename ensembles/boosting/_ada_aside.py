"""Rows that tell AdaBoost when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ensembles._random import MAX_SEED
from ensembles._routing import taken_by_split
from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._handing import groups_without_scheme
from ensembles.boosting._samples import Sample
from ensembles.boosting._stopping import is_pair, is_splitter, split_rows
from ensembles.resampling._base import BaseScheme

__all__ = ["check_groups", "padded", "rows_aside"]


def rows_aside(
    booster: Any, sample: Sample, labels: Any, groups: Any, rng: np.random.RandomState
) -> tuple[IntArray, IntArray] | None:
    """Numbers of rows to learn from and of rows set aside; None for none of these.

    Parameters
    ----------
    booster : AdaBoostClassifier or AdaBoostRegressor
        Whose `early_stopping` has been checked.
    sample : Sample
        Rows that have a weight.
    labels : ndarray of shape (n_rows,) or None
        Classes that both sides shall have in proportion.
    groups : array-like of shape (n_rows,) or None
        What a splitter may look at.
    rng : RandomState
        Gives rows where shares or numbers are asked for.
    """
    early = booster.early_stopping
    if early is None or is_pair(early):
        return None
    seed = 0 if is_splitter(early) else int(rng.randint(MAX_SEED))
    return split_rows(early, early, sample.X, sample.y, labels, seed, groups)


def check_groups(booster: Any, groups: Any) -> Any:
    """Groups for the scheme that draws rows, or None where there is none.

    Raises
    ------
    ValueError
        If nobody looks at them.
    """
    if groups is None or isinstance(booster.resample, BaseScheme):
        return groups
    early = booster.early_stopping
    if not (is_splitter(early) and taken_by_split(early, {"groups": groups})):
        raise groups_without_scheme(booster)
    return None


def padded(
    weights: Sequence[float], errors: Sequence[float], n_rounds: int, n_wanted: int
) -> tuple[FloatArray, FloatArray]:
    """Weights and errors of the rounds that predict, as scikit-learn pads them.

    Parameters
    ----------
    weights, errors : sequence of float
        Of all rounds.
    n_rounds : int
        How many predict.
    n_wanted : int
        How many were asked for.

    Returns
    -------
    weights, errors : ndarray of shape (n_wanted,)
        Zeros and ones for all others.
    """
    padded_weights, padded_errors = np.zeros(n_wanted), np.ones(n_wanted)
    padded_weights[:n_rounds] = weights[:n_rounds]
    padded_errors[:n_rounds] = errors[:n_rounds]
    return padded_weights, padded_errors
