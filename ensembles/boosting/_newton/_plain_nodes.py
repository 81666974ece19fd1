"""Twin of `_kernels_nodes`, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles.boosting._newton._layout import (
    NO_BOUNDED_GAIN,
    NO_GAIN,
    STRIDE,
    TO_LEFT,
    TO_RIGHT,
)
from ensembles.boosting._newton._plain_cuts import sums_of, try_categories, try_cuts
from ensembles.trees._layout import MISSING
from ensembles.trees._plain_random import STEP, word_of

__all__ = ["make_children", "search"]


def _draw(features: Any, n: int, key: int, room: Any) -> Any:
    """Features to try in a node, in ascending order."""
    n_features = len(features.n_bins)
    if not len(features.groups):
        is_open = np.arange(n_features)
    else:
        is_open = np.flatnonzero(features.groups[features.open_groups[n]].any(axis=0))
    if room["max_features"] >= 1.0:
        return is_open
    wanted = max(1, int(np.ceil(room["max_features"] * float(len(is_open)))))
    drawn: list[int] = []
    for i, feature in enumerate(is_open):
        key += STEP
        below = (word_of(key) >> 32) * (len(is_open) - i) >> 32
        if below < wanted - len(drawn):
            drawn.append(int(feature))
    return np.array(drawn, dtype=np.intp)


def _goes_right(node: Any) -> Any:
    """Whether each code goes right by the split of a node."""
    codes = np.arange(256)
    if node["is_category"]:
        bits = node["subset"][codes >> 6] >> (codes & 63).astype(np.uint64)
        return (bits & np.uint64(1)) == 0
    goes = codes > node["cut"]
    goes[MISSING] = not node["missing_left"]
    return goes


def _has_rows(columns: Any, order: Any, node: Any, room: Any) -> bool:
    """Whether both sides of a split have enough rows."""
    least, left_hessian = int(room["min_rows_leaf"]), int(node["left_hessian"])
    lighter = min(left_hessian, int(node["hessian"]) - left_hessian)
    if lighter >= least * int(room["heaviest"]):
        return True
    codes = columns[node["feature"], order[node["start"] : node["end"]]]
    n_right = int(np.count_nonzero(_goes_right(node)[codes]))
    return min(n_right, len(codes) - n_right) >= least


def _least_gain(node: Any, room: Any) -> Any:
    """What a split has to gain more than."""
    g = float(node["gradient"]) * room["gradient_step"]
    if room["is_bounded"]:
        return NO_BOUNDED_GAIN * abs(g * node["value"])
    h = float(node["hessian"]) * room["hessian_step"]
    return NO_GAIN * (g * g / (h + room["l2"]))


def _try(problem: Any, feature: int, is_counted: bool, node: Any) -> None:
    """Note the best split of a node by a feature."""
    features, space, room = problem.features, problem.space, problem.rooms[0]
    split = space.splits[feature]
    split["gain"], split["is_counted"] = _least_gain(node, room), is_counted
    is_category = features.categorical[feature]
    attempt = try_categories if is_category else try_cuts
    attempt(space.hists, features, feature, node, split, room)


def _take_best(problem: Any, drawn: Any, node: Any) -> bool:
    """Write the best of the splits by the features drawn; whether there is one."""
    splits, hists = problem.space.splits, problem.space.hists
    gains = splits["gain"][drawn]
    node["gain"], node["feature"] = _least_gain(node, problem.rooms[0]), -1
    if not len(drawn) or not gains.max() > node["gain"]:
        return False
    node["feature"] = feature = drawn[np.argmax(gains)]
    for name in "gain", "cut", "missing_left", "subset":
        node[name] = splits[feature][name]
    node["is_category"] = problem.features.categorical[feature]
    sums = sums_of(hists, node["slot"], feature)[:2]
    node["left_gradient"], node["left_hessian"] = sums[:, ~_goes_right(node)].sum(1)
    node["has_missing"] = (sums[:, MISSING] != 0).any()
    return True


def search(problem: Any, n: int) -> bool:
    """Write the best split of a node to it; whether there is one that gains."""
    rows, features, space, order, nodes, rooms = problem
    node, room = nodes[n], rooms[0]
    knows_rows = room["counts_rows"] or space.hists.shape[2] > STRIDE
    room["least"] = room["min_hessian"]
    if not knows_rows:
        a_row = float(node["hessian"]) / float(node["end"] - node["start"])
        share = int(a_row * float(room["min_rows_leaf"] - 1)) + 1
        room["least"] = max(room["least"], share)
    drawn = _draw(features, n, int(node["key"]), room)
    for feature in drawn:
        _try(problem, feature, False, node)
    while _take_best(problem, drawn, node):
        feature = node["feature"]
        is_sure = knows_rows or space.splits["is_counted"][feature]
        if is_sure or _has_rows(rows.columns, order, node, room):
            return True
        codes = rows.columns[feature, order[node["start"] : node["end"]]]
        room["rows"] = np.bincount(codes, minlength=256)
        _try(problem, feature, True, node)
    return False


def _part(columns: Any, order: Any, node: Any) -> int:
    """Rows up to the right side, which come after those of the left, all in order."""
    own = order[node["start"] : node["end"]]
    goes = _goes_right(node)[columns[node["feature"], own]]
    own[:] = np.concatenate([own[~goes], own[goes]])
    return int(node["start"] + np.count_nonzero(~goes))


def _send_missing(rows: Any, order: Any, node: Any, middle: int) -> None:
    """Let values that are missing later go with most rows, where none was so far."""
    if not node["has_missing"]:
        right = rows.columns[node["feature"], order[middle : node["end"]]]
        goes_left = middle - node["start"] > node["end"] - middle
        goes_left &= not (right == MISSING).any()
        node["missing_left"] = goes_left
        if node["is_category"]:
            bit, last = np.uint64(1 << (MISSING & 63)), node["subset"][MISSING >> 6]
            node["subset"][MISSING >> 6] = last | bit if goes_left else last & ~bit


def _set_values(parent: Any, left: Any, right: Any, trends: Any, room: Any) -> None:
    """Values of children, and bounds of what is below them."""
    middle = 0.0
    for child in (left, right):
        weight = float(child["hessian"]) * room["hessian_step"] + room["l2"]
        value = -float(child["gradient"]) * room["gradient_step"] / weight
        child["value"] = min(max(value, parent["lower"]), parent["upper"])
        child["lower"], child["upper"] = parent["lower"], parent["upper"]
        middle += child["value"] / 2.0
    trend = trends[parent["feature"]]
    if trend > 0:
        left["upper"], right["lower"] = middle, middle
    elif trend < 0:
        left["lower"], right["upper"] = middle, middle


def make_children(problem: Any, n: int, n_nodes: int) -> None:
    """Part the rows of a node and add its children as nodes."""
    rows, features, _, order, nodes, rooms = problem
    node, left, right = nodes[n], nodes[n_nodes], nodes[n_nodes + 1]
    middle, key = _part(rows.columns, order, node), int(node["key"])
    _send_missing(rows, order, node, middle)
    node["left"] = n_nodes
    nodes[n_nodes : n_nodes + 2] = np.zeros((), nodes.dtype)
    left["start"], left["end"] = node["start"], middle
    right["start"], right["end"] = middle, node["end"]
    left["key"], right["key"] = (
        word_of(key + int(TO_LEFT)),
        word_of(key + int(TO_RIGHT)),
    )
    for sum_ in ("gradient", "hessian"):
        left[sum_] = node[f"left_{sum_}"]
        right[sum_] = node[sum_] - node[f"left_{sum_}"]
    for child in (left, right):
        child["feature"] = child["left"] = child["slot"] = -1
        child["depth"] = node["depth"] + 1
    _set_values(node, left, right, features.trends, rooms[0])
    groups, open_groups = features.groups, features.open_groups
    if len(groups):
        open_groups[[n_nodes, n_nodes + 1]] = (
            open_groups[n] & groups[:, node["feature"]]
        )
