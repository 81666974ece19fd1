"""Twins of `_kernels_rows`, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.boosting._newton._layout import HESSIAN_BITS
from ensembles.trees._tree import pack_nodes

__all__ = ["add_up_leaves", "add_values", "largest", "pack", "pack_tree", "pack_wide"]


def largest(gradient: Any, hessian: Any, order: Any) -> tuple[float, float]:
    """Largest size of a gradient and largest hessian; infinite if any is not finite."""
    sizes, weights = np.abs(gradient[order]), hessian[order]
    if not (np.isfinite(sizes).all() and np.isfinite(weights).all()):
        return np.inf, np.inf
    return float(sizes.max(initial=0.0)), float(weights.max(initial=0.0))


def _steps(
    gradient: Any, hessian: Any, times: Any, order: Any, scales: tuple[float, float]
) -> Any:
    """Gradients and hessians of rows in steps, and how often each counts."""
    g = np.rint(gradient[order] * scales[0]).astype(np.int64)
    h = np.rint(hessian[order] * scales[1]).astype(np.int64)
    counts = times[order].astype(np.int64) if len(times) else np.int64(1)
    return g, h, counts


def pack(
    gradient: Any,
    hessian: Any,
    times: Any,
    order: Any,
    g_scale: float,
    h_scale: float,
    words: Any,
    rooms: Any,
) -> tuple[int, int]:
    """Write a word for each row; sums of the sizes of gradients and of hessians."""
    g, h, counts = _steps(gradient, hessian, times, order, (g_scale, h_scale))
    g, h = g * counts, h * counts
    words[order, 0] = (g << HESSIAN_BITS) + h
    return int(np.abs(g).sum()), int(h.sum())


def pack_wide(
    gradient: Any,
    hessian: Any,
    times: Any,
    order: Any,
    g_scale: float,
    h_scale: float,
    words: Any,
    rooms: Any,
) -> None:
    """Write the words of each row: its gradient, its hessian, and that it is one."""
    g, h, counts = _steps(gradient, hessian, times, order, (g_scale, h_scale))
    words[order] = np.stack([g * counts, h * counts, np.ones_like(g)], axis=1)


def add_up_leaves(
    nodes: Any,
    order: Any,
    gradient: Any,
    hessian: Any,
    times: Any,
    g_scale: float,
    h_scale: float,
    first: int,
    last: int,
    sums: Any,
) -> None:
    """Write what the rows of each leaf add up to, on a fine grid."""
    g, h, counts = _steps(gradient, hessian, times, order, (g_scale, h_scale))
    g, h = g * counts, h * counts
    for n in np.flatnonzero(nodes["feature"] < 0):
        rows = slice(max(nodes["start"][n], first), min(nodes["end"][n], last))
        sums[n] = g[rows].sum(), h[rows].sum()


def add_values(nodes: Any, order: Any, values: Any, raw: Any) -> None:
    """Add what leaves predict to the raw predictions of their rows."""
    for n in np.flatnonzero(nodes["feature"] < 0):
        raw[order[nodes["start"][n] : nodes["end"][n]]] += values[n, 0]


def pack_tree(nodes: Any, words: Any) -> None:
    """Write the word of each node that rows are sent down by."""
    words[:] = pack_nodes(
        nodes["left"],
        nodes["feature"],
        nodes["cut"],
        nodes["missing_left"],
        nodes["is_category"],
    )
