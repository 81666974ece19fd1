"""Histograms of a node: filled from its rows, or what a sibling leaves of a parent.

Codes are read column by column, also where rows are few and far between: four
histograms and four streams of codes stay in a first-level cache, which a row of many
features and all of its histograms do not.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from ensembles.boosting._newton._kernels_cuts import is_wide
from ensembles.boosting._newton._layout import AHEAD, BLOCK, WIDE
from ensembles.trees._kernels_tools import helper, inlined, prefetch

__all__ = ["fill", "subtract"]


@helper
def _clear(hists: Any, slot: Any, j: Any, end: Any) -> None:
    """Set all bins of some features of a slot to zero."""
    s = uint64(slot)
    for feature in range(j, end):
        for b in range(uint64(hists.shape[2])):
            hists[s, feature, b] = 0


@inlined
def _lanes(left: Any) -> Any:
    """How many of the features that are left are filled together: four, three or one.

    Rows that follow each other often add to the same bin, and each waits for the one
    before: the bins of other features are filled in between. Any number from six on
    is a sum of fours and threes.
    """
    if left % uint64(4) == 0:
        return uint64(4)
    return uint64(3) if left >= uint64(3) else uint64(1)


@helper
def _add_packed(
    columns: Any, words: Any, order: Any, first: Any, size: Any, hists: Any, s: Any,
    j: Any, end: Any, block: Any,
) -> None:  # fmt: skip
    """Add the words of a block of rows to the features from `j` to `end`."""
    one, two, three = uint64(1), uint64(2), uint64(3)
    end_of_order = uint64(len(order)) - one
    for i in range(size):
        prefetch(words, int64(order[min(first + i + uint64(AHEAD), end_of_order)]))
        block[i] = words[uint64(order[first + i]), uint64(0)]
    while j < end:
        n_lanes = _lanes(end - j)
        if n_lanes > three:
            for i in range(size):
                word, row = block[i], uint64(order[first + i])
                hists[s, j, uint64(columns[j, row])] += word
                hists[s, j + one, uint64(columns[j + one, row])] += word
                hists[s, j + two, uint64(columns[j + two, row])] += word
                hists[s, j + three, uint64(columns[j + three, row])] += word
        elif n_lanes > one:
            for i in range(size):
                word, row = block[i], uint64(order[first + i])
                hists[s, j, uint64(columns[j, row])] += word
                hists[s, j + one, uint64(columns[j + one, row])] += word
                hists[s, j + two, uint64(columns[j + two, row])] += word
        else:
            for i in range(size):
                hists[s, j, uint64(columns[j, uint64(order[first + i])])] += block[i]
        j += n_lanes


@helper
def _add_all_packed(
    columns: Any, words: Any, hists: Any, s: Any, j: Any, end: Any
) -> None:
    """Add the words of all rows of the table to the features from `j` to `end`."""
    n_rows, zero = uint64(columns.shape[1]), uint64(0)
    one, two, three = uint64(1), uint64(2), uint64(3)
    while j < end:
        n_lanes = _lanes(end - j)
        if n_lanes > three:
            for row in range(n_rows):
                word = words[row, zero]
                hists[s, j, uint64(columns[j, row])] += word
                hists[s, j + one, uint64(columns[j + one, row])] += word
                hists[s, j + two, uint64(columns[j + two, row])] += word
                hists[s, j + three, uint64(columns[j + three, row])] += word
        elif n_lanes > one:
            for row in range(n_rows):
                word = words[row, zero]
                hists[s, j, uint64(columns[j, row])] += word
                hists[s, j + one, uint64(columns[j + one, row])] += word
                hists[s, j + two, uint64(columns[j + two, row])] += word
        else:
            for row in range(n_rows):
                hists[s, j, uint64(columns[j, row])] += words[row, zero]
        j += n_lanes


@helper
def _add_wide(
    columns: Any, words: Any, order: Any, start: Any, last: Any, hists: Any, s: Any,
    j: Any, end: Any,
) -> None:  # fmt: skip
    """Add the words of rows, three a bin."""
    for feature in range(j, end):
        for i in range(start, last):
            row = uint64(order[i])
            b = uint64(columns[feature, row]) * uint64(WIDE)
            for k in range(uint64(WIDE)):
                hists[s, feature, b + k] += words[row, k]


@helper
def fill(
    rows: Any, order: Any, node: Any, hists: Any, block: Any, first: Any, end: Any
) -> None:
    """Write the histograms of a node's rows, of the features from `first` to `end`."""
    columns, words, s, j = rows.columns, rows.words, uint64(node.slot), uint64(first)
    start, last, end = uint64(node.start), uint64(node.end), uint64(end)
    _clear(hists, s, j, end)
    if is_wide(hists):
        _add_wide(columns, words, order, start, last, hists, s, j, end)
        return
    if last - start == uint64(columns.shape[1]):
        _add_all_packed(columns, words, hists, s, j, end)
        return
    while start < last:
        size = min(uint64(BLOCK), last - start)
        _add_packed(columns, words, order, start, size, hists, s, j, end, block)
        start += size


@helper
def subtract(hists: Any, slot: Any, other: Any) -> None:
    """Take the histograms of one slot off those of another."""
    s, o = uint64(slot), uint64(other)
    for j in range(uint64(hists.shape[1])):
        for b in range(uint64(hists.shape[2])):
            hists[s, j, b] -= hists[o, j, b]
