"""Histograms of a node: filled from its rows, or what a sibling leaves of a parent.

Codes are read column by column, also where rows are few and far between: four
histograms and four streams of codes stay in a first-level cache, which a row of many
features and all of its histograms do not.
"""

from __future__ import annotations

from typing import Any

from numba import uint64

from ensembles.boosting._newton._kernels_cuts import is_wide
from ensembles.boosting._newton._layout import BLOCK, WIDE
from ensembles.trees._kernels_tools import helper

__all__ = ["fill", "fill_whole", "subtract"]


@helper
def _clear(hists: Any, slot: Any) -> None:
    """Set all bins of a slot to zero."""
    s = uint64(slot)
    for j in range(uint64(hists.shape[1])):
        for b in range(uint64(hists.shape[2])):
            hists[s, j, b] = 0


@helper
def _fill_packed(
    columns: Any, words: Any, order: Any, start: Any, end: Any, space: Any, slot: Any
) -> None:
    """Add the words of rows, a block of them at a time, four features at a time."""
    hists, block, s, zero = space.hists, space.block, uint64(slot), uint64(0)
    one, two, three, four = uint64(1), uint64(2), uint64(3), uint64(4)
    n_features = uint64(columns.shape[0])
    by_four = n_features - n_features % four
    first, last = uint64(start), uint64(end)
    while first < last:
        size = min(uint64(BLOCK), last - first)
        for i in range(size):
            block[i] = words[uint64(order[first + i]), zero]
        for j in range(zero, by_four, four):
            for i in range(size):
                word, row = block[i], uint64(order[first + i])
                hists[s, j, uint64(columns[j, row])] += word
                hists[s, j + one, uint64(columns[j + one, row])] += word
                hists[s, j + two, uint64(columns[j + two, row])] += word
                hists[s, j + three, uint64(columns[j + three, row])] += word
        for j in range(by_four, n_features):
            for i in range(size):
                hists[s, j, uint64(columns[j, uint64(order[first + i])])] += block[i]
        first += size


@helper
def _fill_wide(
    columns: Any, words: Any, order: Any, start: Any, end: Any, hists: Any, slot: Any
) -> None:
    """As `_fill_packed`, in three words a bin."""
    s = uint64(slot)
    for j in range(uint64(columns.shape[0])):
        for i in range(uint64(start), uint64(end)):
            row = uint64(order[i])
            b = uint64(columns[j, row]) * uint64(WIDE)
            for k in range(uint64(WIDE)):
                hists[s, j, b + k] += words[row, k]


@helper
def fill(rows: Any, order: Any, start: Any, end: Any, space: Any, slot: Any) -> None:
    """Write the histograms of the rows order[start:end] to a slot."""
    columns, words = rows.columns, rows.words
    _clear(space.hists, slot)
    if is_wide(space.hists):
        _fill_wide(columns, words, order, start, end, space.hists, slot)
    else:
        _fill_packed(columns, words, order, start, end, space, slot)


@helper
def fill_whole(rows: Any, order: Any, space: Any, slot: Any) -> None:
    """Write the histograms of all rows of the table to a slot."""
    columns, words, hists, s = rows.columns, rows.words, space.hists, uint64(slot)
    n_rows, n_features = uint64(columns.shape[1]), uint64(columns.shape[0])
    zero, one, two, three = uint64(0), uint64(1), uint64(2), uint64(3)
    if is_wide(hists) or n_features % uint64(4) != 0:
        fill(rows, order, 0, len(order), space, slot)
        return
    _clear(hists, slot)
    for j in range(zero, n_features, uint64(4)):
        for row in range(n_rows):
            word = words[row, zero]
            hists[s, j, uint64(columns[j, row])] += word
            hists[s, j + one, uint64(columns[j + one, row])] += word
            hists[s, j + two, uint64(columns[j + two, row])] += word
            hists[s, j + three, uint64(columns[j + three, row])] += word


@helper
def subtract(hists: Any, slot: Any, other: Any) -> None:
    """Take the histograms of one slot off those of another."""
    s, o = uint64(slot), uint64(other)
    for j in range(uint64(hists.shape[1])):
        for b in range(uint64(hists.shape[2])):
            hists[s, j, b] -= hists[o, j, b]
