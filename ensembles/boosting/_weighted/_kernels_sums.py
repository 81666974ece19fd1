"""Histograms of weights: added to, or what a sibling leaves of a parent's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.boosting._weighted._layout import BLOCK, STRIDE
from ensembles.trees._kernels_tools import eight_bytes, helper

__all__ = ["add_block", "add_rows", "clear", "copy_without", "take_off", "times_of"]

_BYTE = uint64(255)


@helper
def clear(hists: Any, slot: Any) -> None:
    """Set all bins of a slot to zero."""
    s = uint64(slot)
    for j in range(uint64(hists.shape[1])):
        for b in range(uint64(hists.shape[2])):
            hists[s, j, b] = 0


@helper
def take_off(hists: Any, slot: Any, other: Any) -> None:
    """Take the histograms of one slot off those of another."""
    s, o = uint64(slot), uint64(other)
    for j in range(uint64(hists.shape[1])):
        for b in range(uint64(hists.shape[2])):
            hists[s, j, b] -= hists[o, j, b]


@helper
def copy_without(hists: Any, slot: Any, whole: Any, other: Any) -> None:
    """Write to a slot what those of another leave of a whole."""
    s, w, o = uint64(slot), uint64(whole), uint64(other)
    for j in range(uint64(hists.shape[1])):
        for b in range(uint64(hists.shape[2])):
            hists[s, j, b] = hists[w, j, b] - hists[o, j, b]


@helper
def _add_eight(codes: Any, block: Any, size: Any, j: Any, hists: Any, s: Any) -> None:
    """Add a block of rows to the histograms of eight features from `j` on."""
    zero, one, two, three = uint64(0), uint64(1), uint64(2), uint64(3)
    four, five, six, seven = uint64(4), uint64(5), uint64(6), uint64(7)
    for i in range(size):
        word = eight_bytes(codes, block[zero, i], int64(j))
        amount, place = block[one, i], uint64(block[two, i])
        hists[s, j, place + (word & _BYTE)] += amount
        hists[s, j + one, place + (word >> uint64(8) & _BYTE)] += amount
        hists[s, j + two, place + (word >> uint64(16) & _BYTE)] += amount
        hists[s, j + three, place + (word >> uint64(24) & _BYTE)] += amount
        hists[s, j + four, place + (word >> uint64(32) & _BYTE)] += amount
        hists[s, j + five, place + (word >> uint64(40) & _BYTE)] += amount
        hists[s, j + six, place + (word >> uint64(48) & _BYTE)] += amount
        hists[s, j + seven, place + (word >> uint64(56))] += amount


@helper
def _add_four(codes: Any, block: Any, size: Any, j: Any, hists: Any, s: Any) -> None:
    """The same of four features."""
    zero, one, two, three = uint64(0), uint64(1), uint64(2), uint64(3)
    for i in range(size):
        word = eight_bytes(codes, block[zero, i], int64(j))
        amount, place = block[one, i], uint64(block[two, i])
        hists[s, j, place + (word & _BYTE)] += amount
        hists[s, j + one, place + (word >> uint64(8) & _BYTE)] += amount
        hists[s, j + two, place + (word >> uint64(16) & _BYTE)] += amount
        hists[s, j + three, place + (word >> uint64(24) & _BYTE)] += amount


@helper
def add_block(codes: Any, block: Any, size: Any, hists: Any, slot: Any) -> None:
    """Add what the rows of a block add."""
    s, j, n_features = uint64(slot), uint64(0), uint64(hists.shape[1])
    zero, one, two = uint64(0), uint64(1), uint64(2)
    while j + uint64(8) <= n_features:
        _add_eight(codes, block, size, j, hists, s)
        j += uint64(8)
    while j + uint64(4) <= n_features:
        _add_four(codes, block, size, j, hists, s)
        j += uint64(4)
    while j < n_features:
        for i in range(size):
            place = uint64(block[two, i]) + uint64(codes[uint64(block[zero, i]), j])
            hists[s, j, place] += block[one, i]
        j += uint64(1)


@helper
def times_of(rows: Any, row: Any) -> Any:
    """How often a row counts."""
    return int64(rows.times[row]) if len(rows.times) > 0 else int64(1)


@helper
def add_rows(
    rows: Any, numbers: Any, start: Any, end: Any, space: Any, slot: Any
) -> None:
    """Add the weights of the rows numbers[start:end]."""
    block, first, last = space.block, uint64(start), uint64(end)
    zero, one, two = uint64(0), uint64(1), uint64(2)
    while first < last:
        size = min(uint64(BLOCK), last - first)
        for i in range(size):
            row = uint64(numbers[first + i])
            block[zero, i] = row
            block[one, i] = int64(np.rint(rows.weights[row])) * times_of(rows, row)
            block[two, i] = rows.classes[row] * STRIDE
        add_block(rows.codes, block, size, space.hists, slot)
        first += size
