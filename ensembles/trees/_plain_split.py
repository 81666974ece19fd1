"""What `_kernels_words` and `_kernels_channels` do, in numpy.

The bins of some features that hold rows of a node, in order, make one long list. As
each feature's bins add up to the same, sums along the list give what is left of every
cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.trees._layout import MISSING
from ensembles.trees._plain_criteria import Rule, gains_along, weight_of

__all__ = ["Split", "better", "split_categories", "split_values"]


@dataclass(frozen=True, slots=True)
class Split:
    """A split of a node."""

    gain: float
    feature: int
    low: int
    """The bin left of the cut, with rows if all cuts are tried."""
    high: int
    """The one right of it."""
    missing_left: int
    """Whether missing values go left; -1 if there are none."""
    subset: BoolArray | None = None
    """Categories that go left, of all codes."""


@dataclass(frozen=True, slots=True)
class _Tally:
    """The bins that hold rows, feature by feature."""

    numbers: IntArray
    """Which of the features each is of."""
    bins: IntArray
    sums: IntArray
    """What its rows add up to, a row for each channel."""
    total: IntArray
    """What all rows add up to."""


def better(one: Split | None, other: Split | None) -> Split | None:
    """The split of the larger gain, the first of equals."""
    if one is None or (other is not None and other.gain > one.gain):
        return other
    return one


def _tally(codes: Any, channels: Any, amounts: Any, n_channels: int) -> _Tally:
    """Add up the rows in each bin."""
    n_features = codes.shape[1]
    keys = codes + np.arange(0, 256 * n_features, 256)
    is_held = np.zeros(256 * n_features, bool)
    is_held[keys] = True
    held = np.flatnonzero(is_held)
    places = np.empty(256 * n_features, np.int64)
    places[held] = np.arange(len(held))
    at, size = places[keys], len(held)
    sums = np.zeros((n_channels, size), np.int64)
    for channel, amount in zip(channels.T, amounts.T, strict=True):
        # One long index: numpy has a fast way for nothing else.
        index = (at + channel[:, None] * np.int64(size)).ravel()
        np.add.at(sums.reshape(-1), index, np.repeat(amount, n_features))
    return _Tally(held >> 8, held & 255, sums, sums[:, held < 256].sum(axis=1))


def split_values(
    codes: Any,
    channels: Any,
    amounts: Any,
    features: IntArray,
    trends: Any,
    rule: Rule,
) -> tuple[bool, Split | None]:
    """Whether any of the features varies, and the best cut of all.

    Missing values are tried on the right, there also alone, then on the left.
    """
    tally = _tally(codes, channels, amounts, rule.limits.n_channels)
    numbers, bins = tally.numbers, tally.bins
    if len(bins) == len(features):
        return False, None
    is_missing = bins == MISSING
    has_missing = np.zeros(len(features), bool)
    has_missing[numbers[is_missing]] = True
    gain, low, high = _first_best(tally, np.arange(len(bins)), trends, rule)
    missing_left = 0
    if is_missing.any():
        # On the left they come first.
        places = np.lexsort((~is_missing, numbers))
        places = places[has_missing[numbers[places]]]
        other, *around = _first_best(tally, places, trends, rule)
        # Of equal gains the first feature's, then the one with them on the right.
        if (-other, numbers[around[0]]) < (-gain, numbers[low]):
            gain, missing_left, (low, high) = other, 1, around
    if gain < 0.0:
        return True, None
    feature, side = int(features[numbers[low]]), missing_left
    if not has_missing[numbers[low]]:
        side = -1
    return True, Split(gain, feature, int(bins[low]), int(bins[high]), side)


def _first_best(
    tally: _Tally, places: IntArray, trends: Any, rule: Rule
) -> tuple[float, int, int]:
    """Gain of the first best cut of bins in this order, and the places around it."""
    numbers, bins = tally.numbers[places], tally.bins[places]
    is_next = numbers[1:] == numbers[:-1]
    # Missing values are alone on the right at most.
    at = np.flatnonzero(is_next & (bins[:-1] != MISSING))
    if not len(at):
        return -1.0, 0, 0
    lines, sums = np.zeros_like(numbers), tally.sums[:, places]
    np.cumsum(~is_next, out=lines[1:])
    trend = None if trends is None else trends[numbers[at]]
    gains = gains_along(lines, sums, tally.total, at, rule, trend)
    best = int(np.argmax(gains))
    low, high = places[at[best] : at[best] + 2]
    return float(gains[best]), int(low), int(high)


def split_categories(
    codes: Any,
    channels: Any,
    amounts: Any,
    feature: int,
    means: Any,
    trend: Any,
    rule: Rule,
) -> tuple[bool, Split | None]:
    """Whether there are two categories, and the best split of them.

    They are ordered by the mean of each output or class in turn, of which `means` has
    those over the tree.
    """
    limits = rule.limits
    tally = _tally(codes, channels, amounts, limits.n_channels)
    bins, sums, total = tally.bins, tally.sums, tally.total
    best: Split | None = None
    if len(bins) < 2:
        return False, None
    w_all = int(weight_of(total, rule))
    for channel in range(limits.n_outputs if limits.sums else rule.offsets[-1]):
        ranks = _ranks(sums, bins, total, channel, means[channel], rule)
        order = np.argsort(ranks, kind="stable")
        bins, sums = bins[order], sums[:, order]
        at = np.arange(len(bins) - 1)
        gains = gains_along(np.zeros_like(bins), sums, total, at, rule, trend)
        last = int(np.argmax(gains))
        if gains[last] >= 0.0:
            w_left = int(weight_of(sums[:, : last + 1].sum(axis=1), rule))
            # Those without rows go with the larger side.
            subset = np.full(256, 2 * w_left > w_all)
            subset[bins[: last + 1]], subset[bins[last + 1 :]] = True, False
            best = better(best, Split(float(gains[last]), feature, 0, 0, 0, subset))
    return True, best


def _ranks(
    sums: IntArray,
    bins: IntArray,
    total: IntArray,
    channel: int,
    means: Any,
    rule: Rule,
) -> FloatArray:
    """Means of categories around that of the node, drawn to those over the tree."""
    limits, w_all = rule.limits, float(weight_of(total, rule))
    weights = weight_of(sums, rule).astype(np.float64)
    # One after the other: other orders give other bits.
    around = means[bins] - np.add.accumulate(weights * means[bins])[-1] / w_all
    own = sums[channel] - weights * (float(total[channel]) / w_all)
    step = rule.value_step * limits.scale if limits.words else 1.0
    ranks = own * step + limits.prior * around
    return np.asarray(ranks / (weights + limits.prior))
