"""Twin of `_kernels_grow`, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.boosting._newton._plain_cuts import sums_of
from ensembles.boosting._newton._plain_nodes import make_children, search

__all__ = ["grow"]


def _fill(problem: Any, node: Any) -> None:
    """Write the histograms of a node's rows to its slot."""
    columns, words = problem.rows
    own = problem.order[node["start"] : node["end"]]
    hist = problem.space.hists[node["slot"]]
    hist[:] = 0
    wide, n_features = words.shape[1], len(columns)
    places = columns[:, own].T.astype(np.intp) * wide
    places += np.arange(n_features) * hist.shape[1]
    flat = hist.reshape(-1)
    for k in range(wide):
        amounts = np.repeat(words[own, k], n_features)
        np.add.at(flat, places.ravel() + k, amounts)


def _may_split(node: Any, room: Any) -> bool:
    """Whether a node has enough rows and lies high enough."""
    n_rows = int(node["end"] - node["start"])
    return bool(
        n_rows >= 2 * room["min_rows_leaf"] and node["depth"] < room["max_depth"]
    )


def _consider(problem: Any, n: int, frontier: list[int], free: list[int]) -> None:
    """Put a node on the frontier if some split gains, else let its slot go."""
    node, room = problem.nodes[n], problem.rooms[0]
    if _may_split(node, room) and search(problem, n):
        frontier.append(n)
    else:
        node["feature"] = -1
        free.append(int(node["slot"]))


def _next_node(frontier: list[int], nodes: Any, room: Any) -> int:
    """Take the node that gains most off the frontier; for no limit, the newest."""
    if not room["max_leaves"]:
        return frontier.pop()
    best = max(frontier, key=lambda n: (nodes[n]["gain"], -n))
    frontier.remove(best)
    return best


def _start(problem: Any, frontier: list[int], free: list[int]) -> None:
    """Add up all rows and look for a split of the root."""
    node, room = problem.nodes[0], problem.rooms[0]
    node["slot"] = free.pop()
    _fill(problem, node)
    sums = sums_of(problem.space.hists, node["slot"], 0).sum(axis=1)
    node["gradient"], node["hessian"] = sums[:2]
    a_row = float(node["hessian"]) * room["hessian_step"] / room["n_rows"]
    room["category_l2"] = room["category_rows"] * a_row
    _consider(problem, 0, frontier, free)


def _fill_children(problem: Any, n: int, frontier: list[int], free: list[int]) -> None:
    """Histograms of the smaller child from its rows; the larger has what is left."""
    nodes, hists = problem.nodes, problem.space.hists
    small, large = int(nodes[n]["left"]), int(nodes[n]["left"]) + 1
    sizes = nodes["end"] - nodes["start"]
    if sizes[small] > sizes[large]:
        small, large = large, small
    nodes[small]["slot"], nodes[large]["slot"] = free.pop(), nodes[n]["slot"]
    _fill(problem, nodes[small])
    hists[nodes[large]["slot"]] -= hists[nodes[small]["slot"]]
    _consider(problem, large, frontier, free)
    _consider(problem, small, frontier, free)


def grow(problem: Any) -> int:
    """Grow a tree from ``nodes[0]``; return the number of nodes."""
    nodes, room = problem.nodes, problem.rooms[0]
    frontier: list[int] = []
    free = list(range(len(problem.space.hists)))
    n_nodes, n_leaves = 1, 1
    if _may_split(nodes[0], room):
        _start(problem, frontier, free)
    while frontier and n_nodes + 2 <= len(nodes):
        n = _next_node(frontier, nodes, room)
        make_children(problem, n, n_nodes)
        n_nodes, n_leaves = n_nodes + 2, n_leaves + 1
        if n_leaves == room["max_leaves"]:
            break
        left = nodes[n]["left"]
        if _may_split(nodes[left], room) or _may_split(nodes[left + 1], room):
            _fill_children(problem, n, frontier, free)
        else:
            free.append(int(nodes[n]["slot"]))
    for n in frontier:  # those that were not reached
        nodes[n]["feature"] = -1
    return n_nodes
