"""When to stop boosting: scores of training and validation rows, round by round."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import resample

from ensembles._rows import row_numbers
from ensembles._typing import IntArray

__all__ = ["is_splitter", "rows_to_score", "split_rows"]

# Rows of the training set that a scorer is asked about, at most.
_SCORED_ROWS = 10_000


def is_splitter(value: Any) -> bool:
    """Whether it splits rows; strings have a method of that name too."""
    return hasattr(value, "split") and not isinstance(value, str)


def split_rows(
    early_stopping: Any, fraction: Any, X: Any, y: Any, labels: Any, seed: int
) -> tuple[IntArray, IntArray]:
    """Rows to learn from, and rows to tell by when to stop.

    Parameters
    ----------
    early_stopping : bool, "auto" or splitter
        The last split of a splitter is taken: of those in time, the latest.
    fraction : float or int
        Size of the validation set where there is no splitter.
    X, y : table and ndarray of shape (n_samples,)
        What a splitter may look at.
    labels : ndarray of shape (n_samples,) or None
        Classes that both sides shall have in proportion.
    seed : int
        Of rows drawn.

    Returns
    -------
    train, validation : ndarray
        Numbers of rows.

    Raises
    ------
    ValueError
        If there are no rows on one side.
    """
    n_rows = len(y)
    if not is_splitter(early_stopping):
        train, validation = train_test_split(
            np.arange(n_rows), test_size=fraction, stratify=labels, random_state=seed
        )
        return train, validation
    train = validation = np.empty(0, np.intp)
    for one, other in early_stopping.split(X, y):
        train, validation = row_numbers(one, n_rows), row_numbers(other, n_rows)
    for rows, purpose in (train, "learn from"), (validation, "tell when to stop"):
        if not len(rows):
            raise ValueError(
                f"early_stopping={early_stopping!r} leaves no row to {purpose} in its "
                f"last split of {n_rows} rows. Pass a splitter with rows on both "
                "sides, a share as validation_fraction, or X_val and y_val."
            )
    return train, validation


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
