"""What `_kernels_drawn` does, in numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._typing import BoolArray, FloatArray
from ensembles.trees._layout import MISSING
from ensembles.trees._plain_criteria import Rule, gains_of
from ensembles.trees._plain_random import STEP, WORD, word_of
from ensembles.trees._plain_split import Split

__all__ = ["goes_left", "split_at_cuts"]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A split that was drawn, and which rows go left."""

    feature: int
    cut: int
    side: int
    subset: BoolArray | None
    goes: BoolArray


def split_at_cuts(
    codes: Any,
    channels: Any,
    amounts: Any,
    features: list[int],
    is_category: list[bool],
    edges: FloatArray,
    trends: Any,
    rule: Rule,
    key: int,
) -> tuple[bool, Split | None]:
    """Whether any of the features varies, and the best of one split drawn for each."""
    all_drawn = [
        _draw_subset(column, feature, key)
        if by_category
        else _draw_cut(column, feature, edges[feature], key)
        for column, feature, by_category in zip(
            codes.T, features, is_category, strict=True
        )
    ]
    drawn = [one for one in all_drawn if one is not None]
    if not drawn:
        return False, None
    gains = _gains(drawn, channels, amounts, trends, rule)
    best = int(np.argmax(gains))
    if gains[best] < 0.0:
        return True, None
    one = drawn[best]
    gain, cut = float(gains[best]), one.cut
    high = cut + 1 if one.subset is None else 0
    return True, Split(gain, one.feature, cut, high, one.side, one.subset)


def _gains(
    drawn: list[_Drawn], channels: Any, amounts: Any, trends: Any, rule: Rule
) -> FloatArray:
    """Gain of each split that was drawn; -1 where it is not allowed."""
    n_channels, n_drawn = rule.limits.n_channels, len(drawn)
    goes = np.column_stack([one.goes for one in drawn])
    left = np.zeros(n_channels * n_drawn, np.int64)
    total = np.zeros(n_channels, np.int64)
    numbers = np.arange(n_drawn)
    for channel, amount in zip(channels.T, amounts.T, strict=True):
        # One long index: numpy has a fast way for nothing else.
        index = channel[:, None] * np.int64(n_drawn) + numbers
        np.add.at(left, index.ravel(), (amount[:, None] * goes).ravel())
        np.add.at(total, channel, amount)
    trend = None if trends is None else trends[[one.feature for one in drawn]]
    return gains_of(left.reshape(n_channels, n_drawn), total, rule, trend)


def _draw_cut(codes: Any, feature: int, edges: FloatArray, key: int) -> _Drawn | None:
    """A cut between the least and the largest value, if there are two."""
    known = codes[codes != MISSING]
    is_absent = len(known) < len(codes)
    low, high = (int(known.min()), int(known.max())) if len(known) else (1, 0)
    if low > high or (low == high and not is_absent):
        return None
    word = _word_of(key, feature)
    u = float(word >> 11) * 2.0**-53
    least, largest = float(edges[0, low]), float(edges[1, high])
    value = least * (1.0 - u) + largest * u
    cut = low + int(np.count_nonzero(edges[1, low + 1 : high] <= value))
    side = -1
    if is_absent:
        side = word & 1 if low < high else 0
    return _Drawn(feature, cut, side, None, goes_left(codes, cut, side))


def _draw_subset(codes: Any, feature: int, key: int) -> _Drawn | None:
    """One bit for each category, if there are two.

    Where one side had none of the node's, the lowest of them changes sides.
    """
    lowest = codes.min()
    if lowest == codes.max():
        return None
    state = _word_of(key, feature)
    words = [word_of(state + quarter * STEP) for quarter in (1, 2, 3, 4)]
    bits = np.unpackbits(np.array(words, "<u8").view(np.uint8), bitorder="little")
    subset = np.asarray(bits == 1)
    if np.all(subset[codes] == subset[lowest]):
        subset[lowest] ^= True
    return _Drawn(feature, 0, -1, subset, subset[codes])


def goes_left(codes: Any, cut: int, side: int) -> BoolArray:
    """Whether codes go left, and missing values where `side` is one."""
    return np.asarray((codes <= cut) | ((codes == MISSING) & (side == 1)))


def _word_of(key: int, feature: int) -> int:
    """A word of each feature, and the state of its stream."""
    return word_of(key ^ ((feature + 1) * STEP & WORD))
