"""When to stop boosting: scores of training and validation rows, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import resample

from ensembles._compat import parts_of_scorer
from ensembles._routing import taken_by_split
from ensembles._rows import row_numbers
from ensembles._typing import FloatArray, IntArray
from ensembles._validation import is_count, is_fraction

__all__ = [
    "WAYS",
    "have_stalled",
    "is_pair",
    "is_splitter",
    "is_way",
    "rows_to_score",
    "split_rows",
    "weights_for",
]

# What `early_stopping` may be to say which rows tell when to stop.
WAYS = (
    "a share or a number of the rows, a pair (X_val, y_val), or a splitter whose last "
    "split is taken"
)

# Rows of the training set that a scorer is asked about, at most.
_SCORED_ROWS = 10_000


def is_splitter(value: Any) -> bool:
    """Whether it splits rows; strings have a method of that name too."""
    return hasattr(value, "split") and not isinstance(value, str | type)


def is_pair(value: Any) -> bool:
    """Whether it is rows and their targets."""
    is_one = isinstance(value, tuple | list) and len(value) == 2
    return is_one and all(hasattr(part, "__len__") for part in value)


def is_way(value: Any) -> bool:
    """Whether it is one of `WAYS`."""
    is_share = is_fraction(value) and value < 1.0
    is_number = is_count(value) and value >= 1
    return is_share or is_number or is_pair(value) or is_splitter(value)


def split_rows(
    early_stopping: Any,
    fraction: Any,
    X: Any,
    y: Any,
    labels: Any,
    seed: int,
    groups: Any = None,
) -> tuple[IntArray, IntArray]:
    """Rows to learn from, and rows to tell by when to stop.

    Parameters
    ----------
    early_stopping : splitter, or what else a booster takes
        The last split of a splitter is taken: of those in time, the latest.
    fraction : float or int
        Size of the validation set where there is no splitter.
    X, y : table and ndarray of shape (n_samples,)
        What a splitter may look at.
    labels : ndarray of shape (n_samples,) or None
        Classes that both sides shall have in proportion.
    seed : int
        Of rows drawn.
    groups : array-like of shape (n_samples,) or None, default=None
        What a splitter may look at, too.

    Returns
    -------
    train, validation : ndarray
        Numbers of rows.

    Raises
    ------
    ValueError
        If there are no rows on one side, or none of some class to learn from.
    """
    if is_splitter(early_stopping):
        train, validation = _last_split(early_stopping, X, y, groups)
    else:
        train, validation = _drawn_split(len(y), fraction, labels, seed)
    if labels is not None and len(np.unique(labels[train])) < len(np.unique(labels)):
        raise ValueError(
            "The training data after the early stopping split is missing some classes. "
            "Try using another random seed. The last split of a splitter needs rows of "
            "each to learn from."
        )
    return train, validation


def _drawn_split(
    n_rows: int, fraction: Any, labels: Any, seed: int
) -> tuple[IntArray, IntArray]:
    """Rows drawn, with classes in proportion."""
    try:
        train, validation = train_test_split(
            np.arange(n_rows), test_size=fraction, stratify=labels, random_state=seed
        )
    except ValueError as error:
        error.add_note(
            f"That is of the rows that early stopping sets aside: {fraction} of "
            f"{n_rows}. Ask for another share or number, or pass rows of your own."
        )
        raise
    return train, validation


def _last_split(
    splitter: Any, X: Any, y: Any, groups: Any
) -> tuple[IntArray, IntArray]:
    """The last training and test rows of a splitter, some on each side."""
    n_rows = len(y)
    train = validation = np.empty(0, np.intp)
    for one, other in splitter.split(
        X, y, **taken_by_split(splitter, {"groups": groups})
    ):
        train, validation = row_numbers(one, n_rows), row_numbers(other, n_rows)
    for rows, purpose in (train, "learn from"), (validation, "tell when to stop"):
        if not len(rows):
            raise ValueError(
                f"early_stopping={splitter!r} leaves no row to {purpose} in its last "
                f"split of {n_rows} rows. Pass a splitter with rows on both sides, a "
                "share of the rows, or X_val and y_val."
            )
    return train, validation


def have_stalled(scores: Sequence[float], patience: int, tol: float) -> bool:
    """Whether none of the last scores is better than the one before them.

    Parameters
    ----------
    scores : sequence of float
        Greater is better.
    patience : int
        How many are the last.
    tol : float
        What counts as better.
    """
    if len(scores) <= patience:
        return False
    reference = scores[-patience - 1] + tol
    return not any(score > reference for score in scores[-patience:])


def rows_to_score(n_rows: int, labels: Any, seed: int) -> IntArray | None:
    """Training rows that scorers judge; None for all."""
    if n_rows <= _SCORED_ROWS:
        return None
    drawn = resample(
        np.arange(n_rows),
        n_samples=_SCORED_ROWS,
        replace=False,
        random_state=seed,
        stratify=labels,
    )
    return np.asarray(drawn)


def weights_for(scorer: Any, weights: FloatArray | None) -> dict[str, Any]:
    """Weights of rows as a scorer is told them; nothing for one that takes none."""
    if weights is None or not _takes_weights(scorer):
        return {}
    return {"sample_weight": weights}


def _takes_weights(scorer: Any) -> bool:
    """Whether a scorer can be told weights, or the metric that it asks."""
    parts = parts_of_scorer(scorer)
    if parts is None and type(scorer).__module__.startswith("sklearn."):
        return True
    known = signature(scorer if parts is None else parts[0]).parameters
    takes_any = any(one.kind is one.VAR_KEYWORD for one in known.values())
    return takes_any or "sample_weight" in known
