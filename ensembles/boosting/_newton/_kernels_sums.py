"""Histograms of a node: filled from its rows, or what a sibling leaves of a parent."""

from __future__ import annotations

from typing import Any

from numba import uint64

from ensembles.boosting._newton._layout import BLOCK, WIDE
from ensembles.trees._kernels_tools import helper

__all__ = ["add_up", "clear", "fill", "subtract"]


@helper
def clear(hists: Any, slot: Any) -> None:
    """Set all bins of a slot to zero."""
    s = uint64(slot)
    for j in range(uint64(hists.shape[1])):
        for b in range(uint64(hists.shape[2])):
            hists[s, j, b] = 0


@helper
def _fill_packed(
    codes: Any, words: Any, order: Any, start: Any, end: Any, space: Any, slot: Any
) -> None:
    """Add the words of rows: a block of rows at a time, four features at a time.

    Codes of the block and four histograms stay in a first-level cache.
    """
    hists, block, s = space.hists, space.block, uint64(slot)
    zero, one, two, three, four = (
        uint64(0), uint64(1), uint64(2), uint64(3), uint64(4)
    )  # fmt: skip
    n_features = uint64(codes.shape[1])
    by_four = n_features - n_features % four
    first, last = uint64(start), uint64(end)
    while first < last:
        size = min(uint64(BLOCK), last - first)
        for i in range(size):
            row = uint64(order[first + i])
            block[zero, i], block[one, i] = words[row, zero], row
        for j in range(zero, by_four, four):
            for i in range(size):
                word, row = block[zero, i], uint64(block[one, i])
                hists[s, j, uint64(codes[row, j])] += word
                hists[s, j + one, uint64(codes[row, j + one])] += word
                hists[s, j + two, uint64(codes[row, j + two])] += word
                hists[s, j + three, uint64(codes[row, j + three])] += word
        for j in range(by_four, n_features):
            for i in range(size):
                hists[s, j, uint64(codes[uint64(block[one, i]), j])] += block[zero, i]
        first += size


@helper
def _fill_wide(
    codes: Any, words: Any, order: Any, start: Any, end: Any, hists: Any, slot: Any
) -> None:
    """As `_fill_packed`, in three words a bin."""
    s = uint64(slot)
    for i in range(uint64(start), uint64(end)):
        row = uint64(order[i])
        for j in range(uint64(codes.shape[1])):
            b = uint64(codes[row, j]) * uint64(WIDE)
            for k in range(uint64(WIDE)):
                hists[s, j, b + k] += words[row, k]


@helper
def fill(rows: Any, order: Any, start: Any, end: Any, space: Any, slot: Any) -> None:
    """Write the histograms of the rows order[start:end] to a slot."""
    codes, words = rows.codes, rows.words
    clear(space.hists, slot)
    if words.shape[1] == WIDE:
        _fill_wide(codes, words, order, start, end, space.hists, slot)
    else:
        _fill_packed(codes, words, order, start, end, space, slot)


@helper
def subtract(hists: Any, slot: Any, other: Any) -> None:
    """Take the histograms of one slot off those of another."""
    s, o = uint64(slot), uint64(other)
    for j in range(uint64(hists.shape[1])):
        for b in range(uint64(hists.shape[2])):
            hists[s, j, b] -= hists[o, j, b]


@helper
def add_up(words: Any, order: Any, start: Any, end: Any, channel: Any) -> Any:
    """Sum of one word of the rows order[start:end]."""
    total, k = 0, uint64(channel)
    for i in range(uint64(start), uint64(end)):
        total += words[uint64(order[i]), k]
    return total
