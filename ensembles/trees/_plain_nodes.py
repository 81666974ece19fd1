"""What `_kernels_nodes` does, in numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import Any, TypeAlias

import numpy as np

from ensembles._typing import BoolArray
from ensembles.trees._layout import (
    BLOCK_ROWS,
    LARGEST_SUM,
    POISSON,
    SMALL_ROWS,
    SQUARE,
)
from ensembles.trees._plain_criteria import Rule
from ensembles.trees._plain_cuts import goes_left, split_at_cuts
from ensembles.trees._plain_problem import PlainProblem
from ensembles.trees._plain_random import STEP, word_of
from ensembles.trees._plain_split import Split, better, split_categories, split_values

__all__ = ["find_split", "split_node"]

# Keys of a node's children, and of the cuts drawn in it, are words of sums with these.
_TO_CHILD = 0xD1B54A32D192ED03
_TO_CUTS = 0x8CB92BA72F3D8DD7

_Attempt: TypeAlias = Callable[
    [PlainProblem, int, list[int], Rule], tuple[bool, Split | None]
]


def find_split(problem: PlainProblem, node: int) -> None:
    """Write the split of a node, whose feature is -1 where it is a leaf."""
    record, limits = problem.nodes[node], problem.limits
    record["feature"] = -1
    split = _best_split(problem, node) if _may_split(problem, node) else None
    if split is None:
        return
    if limits.min_decrease > 0.0 or limits.max_leaves > 0:
        record["gain"] = _decrease(problem, node, split.gain)
        if not record["gain"] >= limits.min_decrease:
            return
    record["feature"], record["missing_left"] = split.feature, split.missing_left
    record["low"], record["high"] = split.low, split.high
    if split.subset is not None:
        packed = np.packbits(split.subset, bitorder="little")
        problem.subsets[node] = packed.view("<u8")


def _may_split(problem: PlainProblem, node: int) -> bool:
    """Whether a node is large and shallow enough, and of more than one target."""
    limits, rows = problem.limits, problem.rows_of(node)
    if len(rows) < max(limits.min_rows_split, 2 * limits.min_rows_leaf):
        return False
    if problem.nodes["depth"][node] >= limits.max_depth:
        return False
    targets = problem.targets[rows]
    return not np.all(targets == targets[0])


def _best_split(problem: PlainProblem, node: int) -> Split | None:
    """The best split of a node, on a finer grid where its own is too coarse."""
    refines, n_rows = problem.limits.refines, len(problem.rows_of(node))
    grid_rows = int(problem.nodes["grid_rows"][node])
    is_coarse = n_rows <= BLOCK_ROWS < grid_rows or n_rows <= SMALL_ROWS < grid_rows
    if refines and is_coarse:
        _refine(problem, node)
    split = _search(problem, node)
    # No gain at all may mean that the rows' values fell on one step of the grid.
    is_coarse = problem.nodes["grid_rows"][node] != n_rows
    if refines and is_coarse and (split is None or split.gain == 0.0):
        _refine(problem, node)
        split = _search(problem, node)
    return split


def _refine(problem: PlainProblem, node: int) -> None:
    """Make the sums of a node's rows anew, on the finest grid that fits them."""
    rows = problem.rows_of(node)
    values, weights = problem.targets[rows, 0], problem.amounts[rows, 1]
    low, high = float(values.min()), float(values.max())
    # Poisson deviance needs sums from zero on.
    poisson = problem.limits.criterion == POISSON
    center = 0.0 if poisson else low / 2.0 + high / 2.0
    reach, scale = max(high - center, center - low), 1.0
    if reach > 0.0:
        scale = min(LARGEST_SUM / float(weights.sum()) / reach, 1e300)
    steps = np.floor((values - center) * scale + 0.5).astype(np.int64)
    problem.amounts[rows, 0] = steps * weights
    record = problem.nodes[node]
    record["center"], record["scale"], record["grid_rows"] = center, scale, len(rows)


def _search(problem: PlainProblem, node: int) -> Split | None:
    """The best split among the features drawn, of which one at least varies."""
    key, features = int(problem.nodes["key"][node]), _open_features(problem, node)
    wanted = min(problem.limits.max_features, len(features))
    # All of them, too: of splits that are equally good the first is taken.
    drawn = _in_drawn_order(features, key)
    rule, varies = _rule_of(problem, node), False
    best: Split | None = None
    batch = list(islice(drawn, wanted))
    while batch and not varies:
        for attempt, chosen in _attempts(problem, batch):
            found = attempt(problem, node, chosen, rule)
            varies |= found[0]
            best = better(best, found[1])
        batch = list(islice(drawn, 1))
    return best


def _attempts(
    problem: PlainProblem, features: list[int]
) -> Iterator[tuple[_Attempt, list[int]]]:
    """How to try features, in turn: those in a row of one kind at once."""
    if problem.draws_cuts:
        yield _try_cuts, features
        return
    for is_category, run in groupby(features, lambda f: _is_category(problem, f)):
        yield (_try_categories if is_category else _try_values), list(run)


def _open_features(problem: PlainProblem, node: int) -> list[int]:
    """Features that a node may split by."""
    if problem.groups is None:
        return list(range(problem.rows.shape[1]))
    groups = problem.groups[problem.open_groups[node]]
    return [int(feature) for feature in np.flatnonzero(groups.any(axis=0))]


def _in_drawn_order(features: list[int], key: int) -> Iterator[int]:
    """All features in an order that follows from the key."""
    state, features, n = key, features.copy(), len(features)
    for i in range(n):
        state += STEP
        other = i + ((word_of(state) >> 32) * (n - i) >> 32)
        features[i], features[other] = features[other], features[i]
        yield features[i]


def _is_category(problem: PlainProblem, feature: int) -> bool:
    """Whether a feature's codes are categories."""
    return problem.categorical is not None and bool(problem.categorical[feature])


def _rule_of(problem: PlainProblem, node: int) -> Rule:
    """How splits of a node are judged."""
    limits, record = problem.limits, problem.nodes[node]
    bounds = None
    if problem.trends is not None:
        lower, upper, center = record["lower"], record["upper"], record["center"]
        bounds = (float(lower), float(upper), float(center))
    if not limits.words:
        steps = [] if problem.steps is None else problem.steps.tolist()
        value_step = steps[0] if steps else 0.0
        return Rule(limits, problem.offsets, steps, value_step, bounds)
    step = 1.0 / float(record["scale"])
    steps = [1.0 if limits.criterion == SQUARE else step]
    return Rule(limits, problem.offsets, steps, step, bounds)


def _trend(problem: PlainProblem, features: Any) -> Any:
    """Trends of features, if there are any."""
    return None if problem.trends is None else problem.trends[features]


def _try_values(
    problem: PlainProblem, node: int, features: list[int], rule: Rule
) -> tuple[bool, Split | None]:
    """Try all cuts of features that are no categories."""
    rows, chosen = problem.rows_of(node), np.array(features)
    return split_values(
        problem.rows[rows[:, None], chosen],
        problem.channels[rows],
        problem.amounts[rows],
        chosen,
        _trend(problem, chosen),
        rule,
    )


def _try_categories(
    problem: PlainProblem, node: int, features: list[int], rule: Rule
) -> tuple[bool, Split | None]:
    """Try the orders of the categories of each feature."""
    rows, varies = problem.rows_of(node), False
    channels, amounts = problem.channels[rows], problem.amounts[rows]
    best: Split | None = None
    for feature in features:
        codes, trend = problem.rows[rows, feature, None], _trend(problem, feature)
        means = problem.means[problem.places[feature]]
        found = split_categories(codes, channels, amounts, feature, means, trend, rule)
        varies |= found[0]
        best = better(best, found[1])
    return varies, best


def _try_cuts(
    problem: PlainProblem, node: int, features: list[int], rule: Rule
) -> tuple[bool, Split | None]:
    """Try one split drawn for each feature."""
    rows = problem.rows_of(node)
    return split_at_cuts(
        problem.rows[rows[:, None], features],
        problem.channels[rows],
        problem.amounts[rows],
        features,
        [_is_category(problem, feature) for feature in features],
        problem.edges,
        problem.trends,
        rule,
        word_of(int(problem.nodes["key"][node]) + _TO_CUTS),
    )


def _decrease(problem: PlainProblem, node: int, gain: float) -> float:
    """Weight times impurity that a gain stands for, comparable between nodes."""
    limits = problem.limits
    if limits.criterion != SQUARE or not limits.sums:
        return gain
    weights = problem.amounts[problem.rows_of(node), limits.n_outputs]
    scale = float(problem.nodes["scale"][node])
    return gain / float(weights.sum()) / scale / scale


def split_node(problem: PlainProblem, node: int, left: int) -> None:
    """Part the rows of a node and make its children, `left` and the one after."""
    record, rows = problem.nodes[node], problem.rows_of(node)
    goes = _goes_left(problem, node)
    n_left = int(np.count_nonzero(goes))
    rows[:] = np.concatenate([rows[goes], rows[~goes]])
    if record["missing_left"] < 0:
        record["missing_left"] = n_left > len(rows) - n_left
    record["left"] = left
    middle = int(record["start"]) + n_left
    for side in range(2):
        child = problem.nodes[left + side]
        child["start"] = record["start"] if side == 0 else middle
        child["end"] = middle if side == 0 else record["end"]
        child["depth"] = record["depth"] + 1
        child["key"] = word_of(int(record["key"]) + (side + 1) * _TO_CHILD)
        for name in ("center", "scale", "grid_rows"):
            child[name] = record[name]
    if problem.trends is not None:
        _bound_children(problem, node)
    if problem.groups is not None:
        is_open = problem.open_groups[node] & problem.groups[:, record["feature"]]
        problem.open_groups[left : left + 2] = is_open


def _goes_left(problem: PlainProblem, node: int) -> BoolArray:
    """Whether each row of a node goes left."""
    record = problem.nodes[node]
    feature = int(record["feature"])
    codes = problem.rows[problem.rows_of(node), feature]
    if _is_category(problem, feature):
        words = problem.subsets[node].astype("<u8")
        subset = np.unpackbits(words.view(np.uint8), bitorder="little")
        return np.asarray(subset[codes] == 1)
    return goes_left(codes, int(record["low"]), int(record["missing_left"]))


def _bound_children(problem: PlainProblem, node: int) -> None:
    """Where a feature has a trend, the middle of the children's values parts them."""
    record = problem.nodes[node]
    left, trend = int(record["left"]), int(problem.trends[record["feature"]])
    children = problem.nodes[left : left + 2]
    children["lower"], children["upper"] = record["lower"], record["upper"]
    if trend == 0:
        return
    values = [_value(problem, node, child) for child in (left, left + 1)]
    middle = (values[0] + values[1]) / 2.0
    below = 0 if trend > 0 else 1
    children["upper"][below] = middle
    children["lower"][1 - below] = middle


def _value(problem: PlainProblem, node: int, child: int) -> float:
    """Prediction of a child whose rows are in the steps of its parent."""
    record, amounts = problem.nodes[node], problem.amounts[problem.rows_of(child)]
    step = 1.0 if problem.limits.words else float(problem.steps[0])
    total, weight = float(amounts[:, 0].sum()) * step, float(amounts[:, 1].sum())
    return float(record["center"]) + total / weight / float(record["scale"])
