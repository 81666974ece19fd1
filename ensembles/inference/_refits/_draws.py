"""The draws of one call, settled before anything is fitted.

A replicate whose rows cannot be fitted or tested on is drawn again from a seed of its
own number, so that what replicate i holds depends on (rng, i) alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensembles._random import entropy_from
from ensembles._typing import ArrayLike, IntArray, RandomState
from ensembles._validation import check_count, invalid_parameter
from ensembles.inference._refits._refit import Sample
from ensembles.resampling import Bootstrap, GroupBootstrap, PoissonBootstrap
from ensembles.resampling._base import BaseScheme, BoundScheme, attempts_from
from ensembles.resampling._jackknife import BaseJackknife

__all__ = ["Demands", "Draws", "draw", "resolve_scheme", "split_rows"]


@dataclass(frozen=True, slots=True)
class Demands:
    """What every replicate must hold."""

    classes: NDArray[Any] | None = None
    """Of a classifier: two at least are to be in-bag, where the data have two."""
    n_classes_outside: int = 1
    """Classes to be out-of-bag."""
    draws_all_rows: bool = False
    """Whether as many rows are to be drawn as there are."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Replicates as functions of their seeds."""

    bound: BoundScheme
    entropy: int
    seeds: list[Any]
    n_redrawn: int
    units: IntArray | None
    """Number of the independent unit (row or group) of each row, shape (n_samples,).

    None where the scheme does not draw independent units with replacement.
    """

    def __iter__(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield how often each row is drawn, and the rows out-of-bag."""
        for seed in self.seeds:
            rows, outside = split_rows(self.bound, seed)
            yield np.bincount(rows, minlength=self.bound.n_samples), outside

    def only(self, numbers: list[int]) -> Draws:
        """The draws of some of the replicates."""
        return replace(self, seeds=[self.seeds[number] for number in numbers])


def split_rows(bound: BoundScheme, seed: Any) -> tuple[IntArray, IntArray]:
    """Rows of a replicate in-bag, in the order drawn, and rows out-of-bag."""
    rows = bound.rows(seed)
    in_bag = np.zeros(bound.n_samples, dtype=np.bool_)
    in_bag[rows] = True
    return rows, np.flatnonzero(bound.out_of_bag(in_bag))


def resolve_scheme(
    owner: str,
    scheme: BaseScheme | None,
    n_resamples: int | None,
    groups: ArrayLike | None,
    rng: RandomState,
) -> tuple[BaseScheme, int, int]:
    """Scheme, number of replicates and entropy where some are left open.

    Raises
    ------
    InvalidParameterError
        If `scheme` is no scheme or a jackknife, or fewer than two replicates are asked
        for.
    ValueError
        If groups are given to a scheme that draws rows.
    """
    if scheme is None:
        scheme = Bootstrap() if groups is None else GroupBootstrap()
    if not isinstance(scheme, BaseScheme):
        raise invalid_parameter(
            owner, "scheme", scheme, "a scheme of ensembles.resampling or None"
        )
    if isinstance(scheme, BaseJackknife):
        raise invalid_parameter(
            owner,
            "scheme",
            scheme,
            "a bootstrap of ensembles.resampling or None",
            "The models of a jackknife lack one unit each, and .632 is the share of "
            "the data that draws of all rows hold. Take cross_val_score with the "
            "jackknife as cv, or a Bootstrap, GroupBootstrap or block bootstrap here.",
        )
    if groups is not None and not scheme._uses_groups:
        raise ValueError(
            f"groups were given, and {type(scheme).__name__} draws single rows: rows "
            "of one group would be in-bag and out-of-bag at once. Leave scheme=None or "
            "take GroupBootstrap, or leave groups out."
        )
    if n_resamples is None:
        n_resamples = scheme.n_resamples
    check_count(owner, "n_resamples", n_resamples, low=2)
    entropy = entropy_from(scheme.random_state if rng is None else rng)
    return scheme, n_resamples, entropy


def draw(
    scheme: BaseScheme,
    n_resamples: int,
    entropy: int,
    sample: Sample,
    groups: ArrayLike | None,
    demands: Demands,
) -> Draws:
    """Settle the draws, such that each can be fitted and tested on.

    Parameters
    ----------
    scheme : scheme
        What draws.
    n_resamples : int
        Number of replicates.
    entropy : int
        What all seeds derive from.
    sample : Sample
        The data.
    groups : array-like of shape (n_samples,) or None
        For schemes that keep groups whole.
    demands : Demands
        What every replicate must hold.

    Returns
    -------
    Draws
        With the number of replicates that were drawn again.

    Raises
    ------
    ValueError
        If a replicate stays unusable however often it is drawn.
    """
    n_samples = sample.n_samples
    y = sample.y if demands.classes is None else np.asarray(sample.y).ravel()
    bound = scheme.bind(n_samples, y, groups)
    codes = None
    if demands.classes is not None:
        codes = np.searchsorted(demands.classes, y)
    seeds = []
    n_redrawn = 0
    for number, first in enumerate(bound.seeds(entropy, 0, n_resamples)):
        for seed in attempts_from(first):
            rows, outside = split_rows(bound, seed)
            fault = _fault(scheme, rows, outside, codes, demands)
            if fault is None:
                break
        else:
            raise ValueError(
                f"Replicate {number} of {scheme} on {n_samples} rows {fault}"
            )
        n_redrawn += int(seed is not first)
        seeds.append(seed)
    if demands.draws_all_rows and _draws_fewer(scheme, n_samples, len(rows)):
        raise ValueError(
            f"{scheme} draws {len(rows)} of {n_samples} rows, and .632 is the share of "
            "the data that draws of all rows hold. Take method='oob', or leave "
            "max_samples=None and replace=True."
        )
    return Draws(bound, entropy, seeds, n_redrawn, _units(scheme, bound))


def _fault(
    scheme: BaseScheme,
    rows: IntArray,
    outside: IntArray,
    codes: IntArray | None,
    demands: Demands,
) -> str | None:
    """Why a draw cannot be used; None where it can."""
    if not len(rows) or not len(outside):
        return f"leaves no row out-of-bag. {scheme._for_more_out_of_bag}"
    if codes is None:
        return None
    n_classes = len(np.unique(codes))
    if len(np.unique(codes[rows])) < min(2, n_classes):
        return "holds one class only. Bootstrap(stratify='y') keeps every class."
    if len(np.unique(codes[outside])) < min(demands.n_classes_outside, n_classes):
        return (
            "leaves one class only out-of-bag, and the score needs two. Give more rows "
            "of the rare class, or take a score that is a mean over rows."
        )
    return None


def _draws_fewer(scheme: BaseScheme, n_samples: int, n_drawn: int) -> bool:
    """Whether the scheme was told to draw another number of rows, or each only once."""
    params = scheme.get_params(deep=False)
    told = params.get("max_samples") is not None and n_drawn != n_samples
    return told or params.get("replace") is False


def _units(scheme: BaseScheme, bound: BoundScheme) -> IntArray | None:
    """Independent unit of each row; None for blocks, subsamples and Dirichlet rows."""
    if isinstance(scheme, GroupBootstrap):
        groups: IntArray = bound.groups  # type: ignore[attr-defined]
        return groups
    if isinstance(scheme, PoissonBootstrap) or (
        isinstance(scheme, Bootstrap) and scheme.replace
    ):
        return np.arange(bound.n_samples)
    return None
