"""Twin of `_kernels_grow` and `_kernels_weights`, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.boosting._weighted._layout import GINI, LEAST_SHARE, MISSING, STRIDE
from ensembles.boosting._weighted._plain_cuts import try_feature
from ensembles.trees._plain_leaves import cuts_between
from ensembles.trees._tree import pack_nodes

__all__ = ["grow"]


def _weigh_anew(problem: Any, right: float, wrong: float, total: float) -> None:
    """Multiply the weights of rows that the last tree gets right, and gets wrong."""
    rows = problem.rows
    used, is_wrong = rows.used, rows.is_wrong[rows.used] == 1
    weights = rows.weights[used] * np.where(is_wrong, wrong, right)
    rows.weights[used] = np.maximum(weights, total * LEAST_SHARE)
    hists = problem.space.hists
    _add_rows(problem, used, hists[0])
    problem.totals[0] = hists[0, 0].reshape(-1, STRIDE).sum(axis=1)


def _add_rows(problem: Any, own: Any, hist: Any) -> None:
    """Write the histograms of some rows."""
    rows = problem.rows
    steps = np.rint(rows.weights[own]).astype(np.int64)
    if len(rows.times):
        steps *= rows.times[own]
    hist[:] = 0
    places = rows.columns[:, own] + rows.classes[own] * np.int64(STRIDE)
    for bins, place in zip(hist, places, strict=True):
        np.add.at(bins, place, steps)


def _is_pure(totals: Any, total: int, room: Any) -> bool:
    """Whether no split could gain."""
    if room["criterion"] != GINI:
        return False
    squares = 0.0
    for share in totals.astype(np.float64) / float(total):
        squares += share * share
    return bool(1.0 - squares <= LEAST_SHARE)


def _settle(problem: Any, n: int) -> None:
    """Note the heaviest class of a node."""
    problem.nodes[n]["best_class"] = np.argmax(problem.totals[n])


def _wrong_weight(problem: Any, n: int) -> int:
    """Weight of the rows of a leaf that it gets wrong."""
    return int(problem.totals[n].sum() - problem.totals[n].max())


def _search(problem: Any, n: int) -> bool:
    """Write the best split of a node to it; whether there is any."""
    node, room, totals = problem.nodes[n], problem.rooms[0], problem.totals[n]
    node["gain"], node["feature"], total = -1.0, -1, int(totals.sum())
    if not _is_pure(totals, total, room):
        for feature, n_bins in enumerate(problem.n_bins):
            hists = problem.space.hists
            try_feature(hists, feature, n_bins, totals, total, node, room)
    return bool(node["feature"] >= 0)


def _cuts(problem: Any, nodes: Any) -> Any:
    """The last code that goes left in each node."""
    return cuts_between(nodes["feature"], nodes["low"], nodes["high"], problem.edges)


def _goes_right(problem: Any, node: Any) -> Any:
    """Whether each code goes right by the split of a node."""
    (cut,) = _cuts(problem, node[None])
    goes = np.arange(256) > cut
    goes[MISSING] = node["missing_left"] != 1
    return goes


def _add_children(problem: Any, n: int, n_nodes: int, goes_right: Any) -> None:
    """Add the children of a node as nodes, but for which rows they hold."""
    nodes, totals, node = problem.nodes, problem.totals, problem.nodes[n]
    sums = problem.space.hists[node["slot"], node["feature"]].reshape(-1, STRIDE)
    node["left"] = n_nodes
    totals[n_nodes] = sums[:, :256][:, ~goes_right].sum(axis=1)
    totals[n_nodes + 1] = totals[n] - totals[n_nodes]
    for child in (n_nodes, n_nodes + 1):
        nodes[child] = np.zeros((), nodes.dtype)
        for name in ("feature", "left", "slot", "gain"):
            nodes[child][name] = -1
        nodes[child]["depth"] = node["depth"] + 1
        _settle(problem, child)


def _split(problem: Any, n: int, n_nodes: int) -> None:
    """Send the rows of a node to its children."""
    nodes, node = problem.nodes, problem.nodes[n]
    goes_right = _goes_right(problem, node)
    _add_children(problem, n, n_nodes, goes_right)
    own = problem.space.order[node["start"] : node["end"]]
    goes = goes_right[problem.rows.columns[node["feature"], own]]
    own[:] = np.concatenate([own[~goes], own[goes]])
    middle = node["end"] - np.count_nonzero(goes)
    if node["missing_left"] < 0:
        node["missing_left"] = middle - node["start"] > node["end"] - middle
    left, right = nodes[n_nodes], nodes[n_nodes + 1]
    left["start"], left["end"] = node["start"], middle
    right["start"], right["end"] = middle, node["end"]


def _fill_children(problem: Any, n: int, free: list[int]) -> None:
    """Histograms of the smaller child from its rows; the larger has what is left."""
    nodes, hists, order = problem.nodes, problem.space.hists, problem.space.order
    small, large = int(nodes[n]["left"]), int(nodes[n]["left"]) + 1
    sizes = nodes["end"] - nodes["start"]
    if sizes[small] > sizes[large]:
        small, large = large, small
    slot, own = int(nodes[n]["slot"]), free.pop()
    _add_rows(problem, order[nodes[small]["start"] : nodes[small]["end"]], hists[own])
    other = slot or free.pop()  # those of all rows are to stay
    hists[other] = hists[slot] - hists[own]
    nodes[small]["slot"], nodes[large]["slot"] = own, other


def _judge(problem: Any, n: int) -> None:
    """Note which rows of a leaf it gets wrong, and what they weigh."""
    node, rows = problem.nodes[n], problem.rows
    own = problem.space.order[node["start"] : node["end"]]
    rows.is_wrong[own] = rows.classes[own] != node["best_class"]
    problem.rooms[0]["wrong"] += _wrong_weight(problem, n)


def grow(problem: Any, right: float, wrong: float, total: float) -> int:
    """Weigh rows anew, grow a tree, and return the number of its nodes."""
    _weigh_anew(problem, right, wrong, total)
    nodes, space, room = problem.nodes, problem.space, problem.rooms[0]
    space.order[:] = problem.rows.used
    root = nodes[0]
    root["start"], root["end"], root["slot"], root["depth"] = 0, len(space.order), 0, 0
    _settle(problem, 0)
    room["wrong"], room["total"] = 0, problem.totals[0].sum()
    free = list(range(1, len(space.hists)))
    stack, n_nodes = [0], 1
    while stack:
        n = stack.pop()
        is_open = nodes[n]["depth"] < room["max_depth"]
        if is_open and _search(problem, n):
            _split(problem, n, n_nodes)
            if nodes[n]["depth"] + 1 < room["max_depth"]:
                _fill_children(problem, n, free)
            elif nodes[n]["slot"] > 0:
                free.append(int(nodes[n]["slot"]))
            stack += [n_nodes + 1, n_nodes]
            n_nodes += 2
            continue
        nodes[n]["feature"] = -1
        _judge(problem, n)
        if nodes[n]["slot"] > 0:
            free.append(int(nodes[n]["slot"]))
    own = nodes[:n_nodes]
    problem.words[:n_nodes] = pack_nodes(
        own["left"],
        own["feature"],
        _cuts(problem, own),
        own["missing_left"] == 1,
        np.zeros(n_nodes, bool),
    )
    return n_nodes
