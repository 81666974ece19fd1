"""Weights of rows from one round to the next, and the histograms of all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from ensembles.boosting._weighted._kernels_sums import (
    add_block,
    add_rows,
    clear,
    times_of,
)
from ensembles.boosting._weighted._layout import BLOCK, LEAST_SHARE, STRIDE
from ensembles.trees._kernels_tools import helper

__all__ = ["weigh_anew"]


@helper
def _add_up(problem: Any) -> None:
    """Write the weight of each class in all rows."""
    totals, hists = problem.totals, problem.space.hists
    for k in range(uint64(totals.shape[1])):
        total = int64(0)
        for b in range(uint64(256)):
            total += hists[uint64(0), uint64(0), k * uint64(STRIDE) + b]
        totals[uint64(0), k] = total


@helper
def _raise_wrong(problem: Any, wrong: Any, least: Any) -> None:
    """Multiply the weights of rows that the last tree gets wrong.

    The histograms of all rows follow by what has changed.
    """
    rows, block = problem.rows, problem.space.block
    zero, one, two = uint64(0), uint64(1), uint64(2)
    first, n_rows = uint64(0), uint64(len(rows.weights))
    while first < n_rows:
        last, n_changed = min(first + uint64(BLOCK), n_rows), uint64(0)
        for row in range(first, last):
            weight = rows.weights[row]
            is_low = uint64(weight < least) & uint64(weight > 0.0)
            block[zero, n_changed] = row
            n_changed += uint64(rows.is_wrong[row]) | is_low  # free of branches
        for i in range(n_changed):
            row = uint64(block[zero, i])
            before = rows.weights[row]
            after = before * wrong if rows.is_wrong[row] else before
            after = after if after > least else least
            rows.weights[row] = after
            change = int64(np.rint(after)) - int64(np.rint(before))
            block[one, i] = change * times_of(rows, row)
            block[two, i] = rows.classes[row] * STRIDE
        add_block(rows.codes, block, n_changed, problem.space.hists, 0)
        first = last


@helper
def _scale(problem: Any, right: Any, wrong: Any, least: Any) -> None:
    """Multiply all weights and add up all rows."""
    rows, space = problem.rows, problem.space
    for i in range(uint64(len(rows.used))):
        row = uint64(rows.used[i])
        weight = rows.weights[row] * (wrong if rows.is_wrong[row] else right)
        rows.weights[row] = weight if weight > least else least
    clear(space.hists, 0)
    add_rows(rows, rows.used, 0, len(rows.used), space, 0)


@helper
def weigh_anew(problem: Any, right: Any, wrong: Any, total: Any) -> None:
    """Multiply the weights of rows that the last tree gets right, and gets wrong.

    No row is left below the least share of `total`, the weight of all rows after that.
    """
    least = total * LEAST_SHARE
    if right == 1.0:
        _raise_wrong(problem, wrong, least)
    else:
        _scale(problem, right, wrong, least)
    _add_up(problem)
