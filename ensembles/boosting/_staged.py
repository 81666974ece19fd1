"""Losses of stages, and moves between these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sklearn.utils import check_consistent_length

from ensembles._typing import ArrayLike, FloatArray
from ensembles._validation import check_count, check_sample_weight
from ensembles.boosting._outputs import as_loss_takes
from ensembles.losses import Loss

__all__ = ["check_n_rounds", "losses_of"]


def losses_of(
    loss: Loss,
    raws: Iterable[FloatArray],
    encoded: FloatArray,
    sample_weight: ArrayLike | None,
) -> Iterator[float]:
    """Mean losses of rows.

    Parameters
    ----------
    loss : Loss
        What was to fall.
    raws : iterable of ndarray of shape (n_samples, n_raw)
        Raw predictions of stages.
    encoded : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets as the loss takes them.
    sample_weight : array-like of shape (n_samples,) or None
        How much each row counts.

    Yields
    ------
    float
        Loss of a stage.

    Raises
    ------
    ValueError
        If a target is out of range, or there are not as many as rows.
    """
    loss.check_range(encoded)
    weights = check_sample_weight(sample_weight, len(encoded))
    for raw in raws:
        check_consistent_length(raw, encoded)
        yield loss.mean(encoded, as_loss_takes(raw.T), weights)


def check_n_rounds(booster: Any, n_rounds: Any, n_known: int, parameter: str) -> None:
    """Raise unless a booster can predict by so many rounds.

    Parameters
    ----------
    booster : booster
        Who is asked.
    n_rounds : int
        How many.
    n_known : int
        How many have been fitted.
    parameter : str
        Name of the parameter of their number.

    Raises
    ------
    InvalidParameterError
        If it is no number of rounds.
    ValueError
        If there are not as many.
    """
    check_count(booster, "n_rounds", n_rounds)
    if n_rounds > n_known:
        can_go_on = hasattr(booster, "warm_start")
        options = "warm_start=True and " if can_go_on else ""
        raise ValueError(
            f"n_rounds={n_rounds} are more than the {n_known} that have been fitted. "
            f"For more, call fit with {options}{parameter}={n_rounds}."
        )
