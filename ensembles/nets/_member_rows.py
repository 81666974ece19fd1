"""Which rows members of a deep ensemble learn from, and which they are judged by."""

from __future__ import annotations

from typing import Any, NamedTuple, final

import numpy as np
from sklearn.model_selection import check_cv

from ensembles._random import entropy_of
from ensembles._typing import IntArray
from ensembles.resampling._base import BaseScheme, rows_by_weights

__all__ = ["MemberRows", "rows_of_folds", "rows_of_scheme"]


@final
class MemberRows(NamedTuple):
    """Numbers of rows, a list of arrays with one for each member."""

    learned: list[IntArray]
    """Those that it learns from, with their repetitions."""
    outside: list[IntArray]
    """Those that it is asked about out of bag or fold."""
    scored: list[IntArray | None]
    """Those that skorch scores while it learns; None leaves that to the net's split."""


def rows_of_scheme(
    scheme: BaseScheme, n_members: int, y: Any, groups: Any, entropy: int
) -> MemberRows:
    """Rows that a scheme draws.

    Parameters
    ----------
    scheme : scheme
        Of :mod:`ensembles.resampling`; of fractional weights rows are drawn by these.
    n_members : int
        Number of members.
    y : ndarray of shape (n_samples, ...)
        Labels or values.
    groups : array-like of shape (n_samples,) or None
        Group of each row.
    entropy : int
        What the draws follow from.
    """
    bound = scheme.bind(len(y), y, groups)
    drawn = MemberRows([], [], [None] * n_members)
    for number, seed in enumerate(bound.seeds(entropy, 0, n_members)):
        if bound.draws_rows:
            rows = bound.rows(seed)
        else:
            rng = np.random.default_rng(entropy_of(entropy, number))
            rows = rows_by_weights(bound.weights(seed), rng)
        in_bag = np.bincount(rows, minlength=len(y)) > 0
        drawn.learned.append(rows)
        drawn.outside.append(np.flatnonzero(bound.out_of_bag(in_bag)))
    return drawn


def rows_of_folds(
    cv: Any, n_members: int, X: Any, y: Any, groups: Any, *, classes: bool
) -> MemberRows:
    """Rows of folds, which take turns where there are more members.

    Parameters
    ----------
    cv : int, splitter or iterable
        As of `cross_val_score`.
    n_members : int
        Number of members.
    X : ndarray of shape (n_samples, ...)
        Rows.
    y : ndarray of shape (n_samples, ...)
        Labels or values.
    groups : array-like of shape (n_samples,) or None
        Group of each row.
    classes : bool
        Whether an int means folds with as much of each class.
    """
    splitter = check_cv(cv, y, classifier=classes)
    folds = list(splitter.split(X, y, groups))
    turns = [folds[number % len(folds)] for number in range(n_members)]
    learned = [np.asarray(rows) for rows, _ in turns]
    outside = [np.asarray(rows) for _, rows in turns]
    return MemberRows(learned, outside, list(outside))
