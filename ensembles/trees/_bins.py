"""The bins of a column: where to cut between its values, and what each bin holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from ensembles._typing import BoolArray, FloatArray
from ensembles.trees._layout import TABLE

__all__ = [
    "ColumnBins",
    "bins_of_categories",
    "bins_of_values",
    "edges_of",
    "tables_of",
]


# Share of the bins: with 0.15 to 0.3 scikit-learn's forests on codes of the ten sets of
# `bench_forests.py` lost least R² and accuracy against those on values.
_BY_LOG_ODDS = 0.2

_AssignBins: TypeAlias = Callable[[FloatArray, int, BoolArray], None]


@dataclass(frozen=True, slots=True)
class ColumnBins:
    """Bins of one column.

    A value has the code c where ``cuts[c - 1] < value <= cuts[c]``.
    """

    cuts: FloatArray
    """In ascending order, one fewer than bins."""
    lowest: FloatArray
    """Least value that each bin was made of."""
    highest: FloatArray
    """Largest value that each bin was made of."""


def bins_of_values(
    values: FloatArray,
    weights: FloatArray | None,
    max_bins: int,
    assign_bins: _AssignBins,
) -> ColumnBins:
    """Bins that are finer towards the ends, or one for each value where they are few.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite values; NaN is left out.
    weights : ndarray of shape (n,) or None
        How much each counts. A weight of two is a value that comes twice.
    max_bins : int
        Number of bins.
    assign_bins : callable
        The compiled function of this name, or its twin.

    Returns
    -------
    ColumnBins
        Cut halfway between neighbouring values. One bin where there is no value.
    """
    known = ~np.isnan(values)
    values = values[known].astype(np.float64)
    if weights is None:
        values.sort()
    else:
        order = np.argsort(values, kind="stable")
        values, weights = values[order], weights[known][order]
    if not len(values):
        return ColumnBins(np.empty(0), np.zeros(1), np.zeros(1))
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    distinct = values[starts]
    if len(distinct) <= max_bins:
        return _bins_that_end(distinct, np.ones(len(distinct), dtype=bool))
    if weights is not None:
        is_last = _ends(np.add.reduceat(weights, starts), max_bins, assign_bins)
    elif len(distinct) == len(values):
        is_last = _ends_of_ones(len(values), max_bins, assign_bins)
    else:
        mass = np.diff(starts, append=len(values)).astype(np.float64)
        is_last = _ends(mass, max_bins, assign_bins)
    return _bins_that_end(distinct, is_last)


def _ends(mass: FloatArray, max_bins: int, assign_bins: _AssignBins) -> BoolArray:
    """Whether each of the values in order, with these weights, is the last of a bin."""
    is_last = np.zeros(len(mass), dtype=bool)
    assign_bins(_lengths(mass), max_bins, is_last)
    return is_last


@lru_cache(maxsize=4)
def _ends_of_ones(n: int, max_bins: int, assign_bins: _AssignBins) -> BoolArray:
    """As `_ends` of ones: columns of distinct values have their ends in common."""
    return _ends(np.ones(n), max_bins, assign_bins)


def _lengths(mass: FloatArray) -> FloatArray:
    """How much of all bins each of some values in order is to have, by its weight.

    Most of it by angles: bins of equal arcs of a half circle end at Chebyshev's points,
    where the share of the weight is ``sin(pi k / 2 m) ** 2``. In tails they hold a row
    or two, in the middle half as many rows again as bins of equal weight do: a tail is
    long, and targets often change most there. The rest by log-odds of the share: in
    these the best cut of a feature without effect is as likely anywhere, since a
    Brownian bridge over its standard deviation is stationary in them (T. W. Anderson &
    D. A. Darling, "Asymptotic theory of certain goodness of fit criteria based on
    stochastic processes", Annals of Mathematical Statistics 23, 193-212, 1952, section
    4). As lengths depend on ranks alone, no increasing function of the values changes
    which of them share a bin.
    """
    below = np.r_[0.0, np.cumsum(mass)]
    above = below[-1] - below
    angles = np.arctan2(np.sqrt(below), np.sqrt(above)) / (np.pi / 2.0)
    # Half a value more on both sides, so that ends are finite.
    half = below[-1] / np.count_nonzero(mass) / 2.0
    log_odds = np.log((below + half) / (above + half))
    log_odds /= log_odds[-1] - log_odds[0]
    lengths = np.diff((1.0 - _BY_LOG_ODDS) * angles + _BY_LOG_ODDS * log_odds)
    return np.asarray(lengths)


def _bins_that_end(distinct: FloatArray, is_last: BoolArray) -> ColumnBins:
    """Bins of values in order, the last of each marked."""
    last = np.flatnonzero(is_last)
    lowest, highest = distinct[np.r_[0, last[:-1] + 1]], distinct[last]
    # Halves first: the sum of two large values is infinite. Where no number lies
    # between two neighbours, the middle is one of them and must be the lower.
    with np.errstate(invalid="ignore"):  # between two infinities
        cuts = highest[:-1] / 2.0 + lowest[1:] / 2.0
    return ColumnBins(np.where(cuts < lowest[1:], cuts, highest[:-1]), lowest, highest)


def bins_of_categories(n_categories: int) -> ColumnBins:
    """One bin for each number of a category, 0 to ``n_categories - 1``."""
    numbers = np.arange(max(n_categories, 1), dtype=np.float64)
    return ColumnBins(numbers[:-1] + 0.5, numbers, numbers)


def edges_of(columns: list[ColumnBins]) -> FloatArray:
    """Least and largest value of each bin, (n_features, 2, 256), then infinities."""
    edges = np.full((len(columns), 2, 256), np.inf)
    for j, bins in enumerate(columns):
        edges[j, 0, : len(bins.lowest)] = bins.lowest
        edges[j, 1, : len(bins.highest)] = bins.highest
    return edges


def tables_of(
    thresholds: list[FloatArray],
) -> tuple[FloatArray, Any, FloatArray, FloatArray]:
    """Cuts of all columns in one array, and for each the parts of its range.

    Returns
    -------
    cuts : ndarray of shape (n_features, 256)
        Infinities after the last.
    tables : ndarray of shape (n_features, TABLE + 1), dtype int16
        Cuts below all values of a part; the last is the number of cuts.
    origins, factors : ndarray of shape (n_features,)
        A value x is in part ``(x - origin) * factor``.
    """
    n = len(thresholds)
    cuts, tables = np.full((n, 256), np.inf), np.zeros((n, TABLE + 1), np.int16)
    origins, factors = np.zeros(n), np.zeros(n)
    for j, own in enumerate(thresholds):
        tables[j] = len(own)
        if not len(own):
            continue
        cuts[j, : len(own)] = own
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            reach = own[-1] - own[0]
            factor = (TABLE - 1) / reach
        if not 0.0 < factor < np.inf:  # all values are in the first part
            tables[j, 0] = 0
            continue
        origins[j], factors[j] = own[0], factor
        # Rounding keeps order: a value in a later part than a cut's is larger.
        part = np.clip((own - own[0]) * factor, 0.0, TABLE - 1.0).astype(int)
        tables[j, :TABLE] = np.searchsorted(part, np.arange(TABLE))
    return cuts, tables, origins, factors
