"""Fitting one member of a round, in any worker, and asking it about the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import clone

from ensembles._ensemble._nets import is_net, seeded
from ensembles._random import set_random_states
from ensembles._typing import Estimator, FloatArray, Table
from ensembles.boosting._handing import Handing, RowRandom

__all__ = ["fit_and_ask", "has_random_state", "naming_round"]


def fit_and_ask(
    estimator: Estimator,
    X: Table,
    target: Any,
    weights: FloatArray,
    handing: Handing,
    seed: int | np.random.RandomState,
    rng: RowRandom,
    ask: Callable[[Estimator, Table], FloatArray],
) -> tuple[Estimator, FloatArray]:
    """Fit a clone, and ask it about all rows.

    Parameters
    ----------
    estimator : estimator
        Stays as it is.
    X : table of shape (n_samples, n_features)
        Rows.
    target : ndarray of shape (n_samples,)
        Labels or values.
    weights : ndarray of shape (n_samples,)
        How much each row counts.
    handing : Handing
        How they reach the clone.
    seed : int or RandomState
        Its random states follow from it.
    rng : Generator or RandomState
        Gives the rows that are drawn.
    ask : callable
        Gets the clone, fitted, and the rows.

    Returns
    -------
    member : estimator
        The clone, fitted.
    answer : ndarray of shape (n_samples,)
        What `ask` returned.
    """
    member = clone(estimator)
    set_random_states(member, seed)
    with seeded(member, seed):  # nets draw to predict, too
        handing.fit(member, X, target, weights, rng)
        return member, ask(member, X)


def has_random_state(estimator: Estimator) -> bool:
    """Whether the estimator, or a part of it, depends on random numbers."""
    return is_net(estimator) or any(
        name == "random_state" or name.endswith("__random_state")
        for name in estimator.get_params(deep=True)
    )


@contextmanager
def naming_round(number: int, n_estimators: int, member: Estimator) -> Iterator[None]:
    """Add to an error one sentence that names the round and its member."""
    try:
        yield
    except Exception as error:
        error.add_note(
            f"Round {number + 1} of {n_estimators} failed: {member!r}. Nothing was "
            "kept of this fit."
        )
        raise
