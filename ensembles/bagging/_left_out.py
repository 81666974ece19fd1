"""What a bag keeps of the rows that its members did not see, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ensembles._combine import CombineRule
from ensembles._ensemble._sampling_variance import (
    SamplingVariance,
    infinitesimal_jackknife,
)
from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.resampling import BayesianBootstrap, Bootstrap, PoissonBootstrap

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

__all__ = ["LeftOut", "known_left_out", "left_out_matrix", "sampling_variance"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that some member did not see, in their order, and what they are."""

    rows: IntArray
    target: Any
    """Values, or codes of classes."""
    combine: CombineRule
    """By which rule their predictions were made."""

    @classmethod
    def of(cls, predicted: FloatArray, target: Any, combine: CombineRule) -> LeftOut:
        """Rows for which there is a prediction out of bag."""
        missing = np.isnan(predicted).reshape(len(predicted), -1).any(axis=1)
        rows = np.flatnonzero(~missing)
        return cls(rows, np.asarray(target)[rows], combine)


def known_left_out(bag: BaseBag, purpose: str) -> LeftOut:
    """What the bag knows of rows that were left out.

    Raises
    ------
    ValueError
        If it was fitted without out-of-bag predictions, or all members saw all rows.
    """
    known: LeftOut | None = getattr(bag, "_left_out", None)
    if known is None:
        raise ValueError(
            f"{purpose} compares predictions of rows with members that did not see "
            "them. Fit with oob_score=True."
        )
    if known.combine != bag.combine:
        raise ValueError(
            f"Predictions of rows left out were made with combine={known.combine!r}, "
            f"and it is {bag.combine!r} now. Call compute_oob(X, y) with the training "
            "data."
        )
    if not len(known.rows):
        raise ValueError(
            f"{purpose} needs rows that some member did not see, and there are none. "
            "Take more members, or smaller draws."
        )
    return known


def left_out_matrix(bag: BaseBag, rows: IntArray) -> BoolArray:
    """Which members may be tested on which of the rows, shape (n_rows, n_members)."""
    columns = [
        sampler.out_of_bag(sampler.in_bag(plan, how) > 0)[rows]
        for sampler, how, plan in bag._draws
    ]
    return np.column_stack(columns)


def sampling_variance(bag: BaseBag, outputs: FloatArray) -> SamplingVariance:
    """Variance of the mean of members over samples of the training data.

    Raises
    ------
    ValueError
        If rows are not drawn one by one and alike, or are all drawn.
    """
    if bag.combine not in ("auto", "mean"):
        raise ValueError(
            "predict_variance is of the mean of members; "
            f"combine={bag.combine!r} asks for another rule."
        )
    samplers = {id(sampler): sampler for sampler, _, _ in bag._draws}
    known = (Bootstrap, BayesianBootstrap, PoissonBootstrap)
    schemes = [getattr(sampler, "scheme", None) for sampler in samplers.values()]
    odd = [one for one in schemes if one is not None and not isinstance(one, known)]
    if odd:
        listed = ", ".join(kind.__name__ for kind in known)
        raise ValueError(
            "predict_variance needs rows that are drawn one by one, as scheme=None, "
            f"{listed} do, got {odd[0]!r}."
        )
    if len({sampler.n_samples for sampler in samplers.values()}) > 1:
        raise ValueError(
            "Members of the warm start saw other numbers of rows than those of the "
            "last fit. Fit once, with warm_start=False."
        )
    weights = bag.inbag_counts_
    if not np.ptp(weights, axis=0).any():
        raise ValueError(
            "All members saw the same rows, so nothing tells what other rows would "
            "have changed. Use bootstrap=True, or smaller draws."
        )
    fits = np.unique([id(sampler) for sampler, _, _ in bag._draws], return_inverse=True)
    return infinitesimal_jackknife(weights, outputs, fits[1])
