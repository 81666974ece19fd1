"""Trees grown by compiled kernels and by their plain twins: equal to the last bit."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ensembles import HistTreeClassifier, _engine
from ensembles.trees import (
    HistTreeRegressor,
    _kernels_apply,
    _kernels_grow,
    _kernels_leaves,
    _kernels_quantiles,
    _kernels_rows,
    _plain_apply,
    _plain_grow,
    _plain_leaves,
    _plain_quantiles,
    _plain_rows,
)
from ensembles.trees._layout import (
    BLOCK_ROWS,
    ENTROPY,
    GROUP,
    LARGEST_SUM,
    MISSING,
    NODE,
    POISSON,
    ROOM,
    SMALL_ROWS,
    SQUARE,
    STAMPED,
    STRIDE,
    WEIGHT_BITS,
)
from ensembles.trees._problem import Extras, Problem, RowTable, Sums, room_for_ranges

SIZES = [2, 3, 7, 30, 60, SMALL_ROWS, SMALL_ROWS + 1, 150, 220, 300]


@dataclass(frozen=True)
class Case:
    """What a random problem is like."""

    kind: str  # of statistics: "classes", "values", "counts" or "sums"
    criterion: int = SQUARE
    n_outputs: int = 1
    full: bool = False  # categories, trends and groups are given
    categories: bool = False
    trends: bool = False
    groups: bool = False
    missing: bool = False
    draws: bool = False
    heavy: bool = False
    constant: bool = False
    counts_rows: bool = False
    best_first: bool = False
    n_features: int | None = None
    limits: tuple = ()


def edges_of(rng, d, n_bins=256):
    """Least and largest value of each bin, some bins of one value, then infinities."""
    gaps = rng.exponential(size=(d, 256, 2)) + 1e-3
    gaps[..., 1] *= rng.random((d, 256)) < 0.5
    ends = np.cumsum(gaps.reshape(d, -1), axis=1).reshape(d, 256, 2)
    edges = np.ascontiguousarray(ends.swapaxes(1, 2))
    edges[:, :, n_bins:] = np.inf
    return edges


def codes_of(rng, n, d, missing):
    """Few and many bins, near and far from each other; a column may be constant."""
    rows = np.empty((n, d), np.uint8)
    for j in range(d):
        n_bins = rng.choice([1, 2, 5, 40, 255], p=[0.05, 0.15, 0.2, 0.3, 0.3])
        bins = np.sort(rng.choice(255, n_bins, replace=False))
        rows[:, j] = rng.choice(bins, n)
        if missing:
            rows[rng.random(n) < rng.choice([0.0, 0.1, 0.5]), j] = MISSING
    return rows


def targets_of(rng, case, rows):
    """One column for each output that some features say something about."""
    n = len(rows)
    if case.constant:
        return np.full((n, case.n_outputs), 0.7)
    signal = (rows[:, [0]] > 100) + rows[:, [-1]] / 200 + rng.normal(size=(n, 1))
    y = signal + rng.normal(size=(n, case.n_outputs)) / 2
    if case.heavy:
        y = np.exp(10 * y)
    if case.criterion == POISSON:
        y = np.maximum(np.abs(y) - 0.5, 0.0)
    if case.kind == "classes":
        return (y > 1.0).astype(float)
    if case.kind == "counts":
        return np.clip(np.floor(y), 0, 2 - np.arange(case.n_outputs) % 2)
    return y


def words_of_values(y, weights, criterion):
    """Words on a grid that fits all rows, its centre and its scale."""
    center = 0.0 if criterion == POISSON else (y.min() + y.max()) / 2
    reach = max(y.max() - center, center - y.min())
    scale = LARGEST_SUM / weights.sum() / reach if reach > 0 else 1.0
    steps = np.floor((y - center) * scale + 0.5).astype(np.int64)
    return (steps * weights) << WEIGHT_BITS | weights, center, scale


def statistics_of(rng, case, targets):
    """Channels, amounts, the weights they hold, offsets, steps, centre and scale."""
    n, n_outputs = targets.shape
    if case.kind in ("classes", "values"):
        # Products of large ones and of sums are rounded.
        weights = rng.integers(1, rng.choice([5, min(50_000, 2**23 // n)]), n)
        if case.kind == "classes":
            words = (targets[:, 0].astype(np.int64) * weights) << WEIGHT_BITS | weights
            return None, words[:, None], weights, None, None, 0.0, 1.0
        words, center, scale = words_of_values(targets[:, 0], weights, case.criterion)
        return None, words[:, None], weights, None, None, center, scale
    # Squares of large ones are rounded.
    weights = np.ceil(rng.exponential(size=n) * 2.0 ** rng.choice([1, 20, 48]))
    weights = weights.astype(np.int64)
    offsets, steps, center = np.zeros(2, np.int64), np.ones(n_outputs), 0.0
    if case.kind == "counts":
        n_classes = 3 - np.arange(n_outputs) % 2
        offsets = np.r_[0, np.cumsum(n_classes)]
        channels = targets.astype(np.int64) + offsets[:-1]
        amounts = np.repeat(weights[:, None], n_outputs, axis=1)
    else:
        center = 0.0 if case.criterion == POISSON else 0.25
        weighted = (targets - center) * weights[:, None]
        largest = n * np.abs(weighted).max(axis=0) + 1.0
        steps = largest / 2.0 ** rng.integers(30, 61)
        channels = np.broadcast_to(np.arange(n_outputs + 1), (n, n_outputs + 1))
        sums = np.floor(weighted / steps + 0.5).astype(np.int64)
        amounts = np.column_stack([sums, weights])
    if case.counts_rows:
        last = offsets[-1] if case.kind == "counts" else n_outputs + 1
        channels = np.column_stack([channels, np.full(n, last)])
        amounts = np.column_stack([amounts, np.ones(n, np.int64)])
    channels = np.ascontiguousarray(channels, dtype=np.int32)
    return channels, amounts, weights, offsets, steps, center, 1.0


def n_channels_of(case, offsets):
    """Number of channels; classes may have no row in a sample."""
    if offsets is None:
        return 0
    own = offsets[-1] if case.kind == "counts" else case.n_outputs + 1
    return own + case.counts_rows


def room_of(rng, case, d, weights, offsets, scale):
    """Limits that now and then matter."""
    room = np.zeros(1, ROOM)
    room["criterion"], room["n_outputs"] = case.criterion, case.n_outputs
    room["n_channels"] = n_channels_of(case, offsets)
    room["sums"], room["counts_rows"] = case.kind == "sums", case.counts_rows
    room["refines"] = case.kind == "values"
    room["max_features"] = d if rng.random() < 0.4 else rng.integers(1, d + 1)
    room["max_depth"] = 2**31 - 1 if rng.random() < 0.7 else rng.integers(1, 4)
    room["min_rows_split"] = rng.choice([2, 2, 9])
    room["min_rows_leaf"] = rng.choice([1, 2, 6]) if case.counts_rows else 1
    room["min_weight_leaf"] = rng.choice([1, 1, 3 * np.median(weights)])
    room["prior"] = rng.choice([0.1, 30.0]) * np.mean(weights)
    room["scale"] = scale
    room["max_leaves"] = rng.integers(2, 20) if case.best_first else 0
    for name, value in case.limits:
        room[name] = value
    return room


def means_of(rng, d, targets, channels, amounts, offsets):
    """Means of categories about as large as targets or sums."""
    n_orders, size = targets.shape[1], np.abs(targets).mean()
    if channels is not None:
        n_orders = offsets[-1] or n_orders  # counts have offsets
        size = np.abs(amounts[:, :n_orders]).mean() / amounts[:, -1].mean()
    return size * rng.normal(size=(d, n_orders, 256))  # more than there are categories


def extras_of(rng, case, d, n_nodes, means):
    """Categories and their subsets, trends, groups and open ones."""
    if not case.full:
        return None
    categorical = np.zeros(d, bool)
    if case.categories:
        categorical = rng.random(d) < 0.6
    trends = np.zeros(d, np.int8)
    if case.trends:
        trends = rng.integers(-1, 2, d).astype(np.int8)
        trends[categorical] = 0
    groups = rng.random((3 if case.groups else 0, d)) < 0.5
    open_groups = np.zeros((n_nodes, len(groups)), bool)
    open_groups[0] = True
    subsets = np.zeros((n_nodes if categorical.any() else 0, 4), np.uint64)
    places = np.cumsum(categorical) - 1
    return Extras(categorical, places, means, subsets, trends, groups, open_groups)


def sums_of(channels, amounts, offsets, steps, n_channels):
    """Room for histograms, too."""
    if channels is None:
        return None
    hist = np.zeros((GROUP, STRIDE * n_channels), np.int64)
    totals = np.zeros((2, n_channels), np.int64)
    return Sums(channels, amounts, offsets, steps, hist, totals)


def problem_of(case, seed, n):
    """What a kernel grows a tree from."""
    rng = np.random.default_rng([seed, n])
    d = case.n_features or int(rng.integers(1, 9)) + 10 * int(rng.random() < 0.2)
    rows = codes_of(rng, n, d, case.missing)
    targets = targets_of(rng, case, rows)
    channels, amounts, weights, offsets, steps, center, scale = statistics_of(
        rng, case, targets
    )
    # As of a bootstrap sample: some rows are left out.
    order = np.flatnonzero((rng.random(n) < 0.8) | (np.arange(n) < 2)).astype(np.int32)
    nodes = np.zeros(2 * n, NODE)
    root = nodes[:1]
    root["end"] = root["grid_rows"] = len(order)
    root["key"] = rng.integers(2**64, dtype=np.uint64)
    root["center"], root["scale"] = center, scale
    root["lower"], root["upper"] = -np.inf, np.inf
    means = scale * means_of(rng, d, targets, channels, amounts, offsets)
    extras = extras_of(rng, case, d, 2 * n, means)
    room = room_of(rng, case, d, weights, offsets, scale)
    return Problem(
        RowTable(rows, np.ascontiguousarray(rows.T), targets),
        amounts if channels is None else None,
        sums_of(channels, amounts, offsets, steps, n_channels_of(case, offsets)),
        extras,
        edges_of(rng, d, rows[rows != MISSING].max(initial=0) + 1),
        room_for_ranges(d) if case.draws else None,
        order,
        nodes,
        room,
    )


def copied(part):
    """Arrays in named tuples in named tuples, all of them copied."""
    if isinstance(part, tuple):
        return type(part)(*map(copied, part))
    return None if part is None else part.copy()


def grown(module, case, problem):
    """Number of nodes, and what was written: order, nodes, subsets and open groups."""
    problem = copied(problem)
    grow = module.grow_best_first if case.best_first else module.grow_depth_first
    n_nodes = grow(problem)
    nodes = problem.nodes[:n_nodes]
    written = {name: nodes[name] for name in NODE.names}
    written["order"] = problem.order
    if problem.extras is not None:
        written["subsets"] = problem.extras.subsets
        written["open_groups"] = problem.extras.open_groups[:n_nodes]
    return n_nodes, written


def assert_same(case, problem):
    n_ours, ours = grown(_kernels_grow, case, problem)
    n_plain, plain = grown(_plain_grow, case, problem)
    assert n_ours == n_plain
    for name, values in ours.items():
        assert values.tobytes() == plain[name].tobytes(), name
    return n_ours, ours


def assert_same_for_all_sizes(case):
    return sum(
        assert_same(case, problem_of(case, seed, n))[0] for seed, n in enumerate(SIZES)
    )


CLASSES = Case("classes", missing=True)
VALUES = Case("values", missing=True)
COUNTS = Case("counts", missing=True)
SUMS = Case("sums", missing=True)
POISSON_VALUES = replace(VALUES, criterion=POISSON)
POISSON_SUMS = replace(SUMS, criterion=POISSON)
STATISTICS = {
    "classes": CLASSES,
    "entropy of classes": replace(CLASSES, criterion=ENTROPY),
    "values": VALUES,
    "heavy values": replace(VALUES, heavy=True),
    "constant values": replace(VALUES, constant=True),
    "Poisson values": POISSON_VALUES,
    "heavy Poisson values": replace(POISSON_VALUES, heavy=True),
    "counts": COUNTS,
    "entropy of counts": replace(COUNTS, criterion=ENTROPY),
    "two counts": replace(COUNTS, n_outputs=2),
    "entropy of two counts": replace(COUNTS, criterion=ENTROPY, n_outputs=2),
    "counts and rows": replace(COUNTS, counts_rows=True),
    "sums": SUMS,
    "three sums": replace(SUMS, n_outputs=3),
    "sums and rows": replace(SUMS, counts_rows=True),
    "heavy sums": replace(SUMS, heavy=True),
    "Poisson sums": POISSON_SUMS,
    "three Poisson sums": replace(POISSON_SUMS, n_outputs=3),
}
CASES = list(STATISTICS.values())
with_each = pytest.mark.parametrize("case", CASES, ids=STATISTICS)
with_drawn_cuts = pytest.mark.parametrize("draws", [False, True], ids=["all", "drawn"])
with_some_drawn_cuts = pytest.mark.parametrize(
    "draws", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["all", "drawn"]
)


@pytest.mark.parametrize(
    ("full", "draws"),
    [(False, False), pytest.param(False, True, marks=pytest.mark.slow), (True, True)],
)
@with_each
def test_trees_of_values_equal_the_twins(case, full, draws):
    n_nodes = assert_same_for_all_sizes(replace(case, full=full, draws=draws))
    assert n_nodes == len(SIZES) if case.constant else n_nodes > 100


@with_some_drawn_cuts
@with_each
def test_trees_with_categories_equal_the_twins(case, draws):
    case = replace(case, full=True, categories=True, draws=draws)
    assert_same_for_all_sizes(case)


@with_some_drawn_cuts
@with_each
def test_trees_with_groups_equal_the_twins(case, draws):
    case = replace(case, full=True, categories=True, groups=True, draws=draws)
    assert_same_for_all_sizes(case)


with_one_value = pytest.mark.parametrize(
    "name", [name for name in STATISTICS if "count" not in name and "three" not in name]
)


@with_some_drawn_cuts
@with_one_value
def test_trees_with_trends_equal_the_twins(name, draws):
    case = replace(STATISTICS[name], full=True, trends=True, draws=draws)
    assert_same_for_all_sizes(case)
    assert_same_for_all_sizes(replace(case, categories=True, groups=True))


@with_each
def test_trees_grown_best_first_equal_the_twins(case):
    """Nodes that were not split keep what a split of theirs would have been."""
    case = replace(case, full=True, categories=True, best_first=True)
    assert_same_for_all_sizes(case)


@pytest.mark.slow
@pytest.mark.parametrize("best_first", [False, True])
@pytest.mark.parametrize("draws", [False, True], ids=["all", "drawn"])
@with_each
def test_trees_with_a_least_decrease_equal_the_twins(case, draws, best_first):
    limits = (("min_decrease", 0.5), ("max_features", 3))
    case = replace(case, full=True, draws=draws, best_first=best_first, limits=limits)
    assert_same_for_all_sizes(case)


DRAWN = [replace(CLASSES, draws=True), replace(VALUES, heavy=True, draws=True)]


@pytest.mark.parametrize(
    "case", [CLASSES, replace(VALUES, heavy=True), COUNTS, SUMS, *DRAWN]
)
def test_trees_of_many_rows_equal_the_twins(case):
    """Nodes of few rows are kept and grown when all larger ones are."""
    limits = (("max_depth", 6), ("max_features", 2))
    case = replace(case, n_features=3, limits=limits)
    n_nodes, nodes = assert_same(case, problem_of(case, 0, 20_000))
    n_rows = nodes["end"] - nodes["start"]
    assert n_rows.max() > BLOCK_ROWS > n_rows.min()
    assert n_nodes > 40


def test_of_equal_cuts_of_few_rows_the_lowest_is_taken(rng, monkeypatch):
    """Rows that weigh the same: a cut and its mirror image are as good."""
    for state in range(100):
        n = rng.integers(3, 9)
        X, y = rng.integers(0, 9, (n, 2)), np.arange(n) % 2
        words = []
        for seconds in 0.0, np.inf:
            monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", seconds)
            tree = HistTreeClassifier(random_state=state, max_depth=2)
            words.append(tree.fit(X, y).tree_.words)
        assert_array_equal(words[0], words[1])


@pytest.mark.parametrize("case", [*CASES, *DRAWN])
def test_rows_copied_side_by_side_give_the_same_trees(case, monkeypatch):
    """A small table is not copied: its rows are close enough as they lie."""
    monkeypatch.setattr(_kernels_grow, "_CACHED_BYTES", 0)
    assert_same(case, problem_of(case, 0, 300))


def test_grids_are_refined_where_rows_are_few():
    case = replace(VALUES, heavy=True)
    _, nodes = assert_same(case, problem_of(case, 0, 300))
    assert nodes["grid_rows"].min() <= SMALL_ROWS < nodes["grid_rows"].max()


def leaves_of_sizes(rng, n_rows):
    """Nodes as a tree leaves them: all rows in leaves of some rows, in random order."""
    starts = np.r_[0, np.sort(rng.choice(np.arange(1, n_rows), 30, replace=False))]
    nodes = np.zeros(len(starts) + 50, NODE)
    nodes["left"] = 1
    nodes["feature"] = rng.integers(2, size=len(nodes))  # fifty are no leaves
    places = rng.permutation(len(nodes))[: len(starts)]
    nodes["feature"][places] = -1
    nodes["start"][places], nodes["end"][places] = starts, np.r_[starts[1:], n_rows]
    nodes["low"] = rng.integers(MISSING, size=len(nodes))
    nodes["high"] = rng.integers(nodes["low"] + 1, MISSING + 1)
    nodes["missing_left"] = rng.integers(-1, 2, len(nodes))
    return nodes


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "fractions"])
@pytest.mark.parametrize("n_classes", [(), (2,), (5,), (2, 3)], ids=str)
def test_leaves_equal_the_twins(n_classes, whole):
    rng = np.random.default_rng(0)
    n, n_outputs = 400, max(len(n_classes), 1)
    weights = rng.integers(1, 4, n).astype(float) if whole else rng.uniform(size=n)
    if n_classes:
        targets = np.column_stack([rng.integers(k, size=n) for k in n_classes])
    else:
        targets = np.round(rng.normal(size=(n, 1)), 1)  # some leaves of one value
    width = {(): n_outputs, (2,): 1}.get(n_classes, sum(n_classes))
    widest = max(n_classes, default=0)
    order, nodes = rng.permutation(n).astype(np.int32), leaves_of_sizes(rng, n)
    edges = edges_of(rng, 2)
    written = []
    for module in _kernels_leaves, _plain_leaves:
        totals, spread = np.zeros(len(nodes)), np.zeros(len(nodes))
        values = np.zeros((len(nodes), width))
        module.sum_leaves(
            targets.astype(float), weights, order, nodes,
            np.array(n_classes, np.int64), whole, totals, values, spread,
            np.empty(widest), np.empty(widest, np.int64),
        )  # fmt: skip
        words, sizes = np.zeros(len(nodes), np.uint64), np.zeros(len(nodes), np.int32)
        module.finish_nodes(nodes, edges, np.array([True, False]), words, sizes)
        written.append((totals, values, spread, words, sizes))
    for ours, plain in zip(*written, strict=True):
        assert_array_equal(ours, plain)
    totals, values, *_ = written[0]
    leaf = np.flatnonzero(nodes["feature"] < 0)[3]
    rows = order[nodes["start"][leaf] : nodes["end"][leaf]]
    last = (
        targets[rows, -1] if not n_classes else targets[rows, -1] == n_classes[-1] - 1
    )
    assert totals[leaf] == pytest.approx(weights[rows].sum())
    assert values[leaf, -1] == pytest.approx(np.average(last, weights=weights[rows]))


def test_quantiles_equal_the_twin():
    rng = np.random.default_rng(0)
    n_leaves, n_rows, n_trees = 20, 300, 4
    owner = rng.integers(n_leaves, size=(n_trees, n_rows))
    sizes = np.concatenate([np.bincount(one, minlength=n_leaves) for one in owner])
    by_leaf = [np.argsort(one, kind="stable") for one in owner]
    arguments = (
        rng.integers(n_leaves, size=(50, n_trees)),
        np.cumsum(np.r_[0, sizes]),
        np.concatenate(by_leaf).astype(np.int32),
        rng.uniform(0.1, 1, size=n_rows * n_trees),
        np.arange(n_trees) * n_leaves,
        np.sort(rng.normal(size=n_rows)),
        np.array([0.0, 0.3, 0.3, 0.9, 1.0]),
    )
    found = np.empty((2, 50, 5))
    _kernels_quantiles.leaf_quantiles(*arguments, found[0])
    _plain_quantiles.leaf_quantiles(*arguments, found[1])
    assert_array_equal(found[0], found[1])
    assert (np.diff(found[0], axis=1) >= 0).all()
    assert len(np.unique(found[0][:, 3])) > 5


@pytest.mark.parametrize("kind", ["ones", "whole", "fractions", "zeros"])
def test_rows_looked_through_equal_the_twins(kind):
    rng = np.random.default_rng(0)
    n = 300
    weights = {
        "ones": np.ones(n),
        "whole": rng.integers(1, 9, n) * 1.0,
        "fractions": rng.integers(0, 9, n) / 8.0,
        "zeros": rng.integers(0, 3, n) * 1.0,
    }[kind]
    values, found = rng.normal(size=(n, 2)), []
    for module in _kernels_rows, _plain_rows:
        order, words = np.empty(n, np.int32), np.zeros((n, 1), np.int64)
        n_used, *known = module.scan_rows(values, weights, order)
        order = order[:n_used]
        # Of weights that are whole in this unit.
        module.write_words(values, weights, order, 0.125, 0.3, 1e6, words)
        found.append((order, np.array(known), words))
    for ours, plain in zip(*found, strict=True):
        assert_array_equal(ours, plain)
    order, (lightest, heaviest, total, is_whole, low, high), words = found[0]
    assert_array_equal(order, np.flatnonzero(weights))
    assert (lightest, heaviest, total) == (
        weights[order].min(),
        weights.max(),
        weights.sum(),
    )
    assert is_whole == (kind != "fractions")
    assert (low, high) == (values[order, 0].min(), values[order, 0].max())
    weight = words[:, 0] & ((1 << WEIGHT_BITS) - 1)
    assert_array_equal(weight, 8 * weights)
    mean = (words[order, 0] >> WEIGHT_BITS) / weight[order] / 1e6 + 0.3
    assert_allclose(mean, values[order, 0], atol=1e-6)


@pytest.mark.parametrize("adds", [False, True], ids=["leaves", "values"])
@pytest.mark.parametrize("n_rows", [1, 7, 8, 9, 300])
def test_rows_sent_down_equal_the_twin(n_rows, adds):
    """Fewer rows than are on their way at a time, as many, and more."""
    X = np.random.default_rng(0).normal(size=(500, 4))
    X[::7, 1] = np.nan
    y = np.nan_to_num(X[:, 0] * X[:, 1]) + X[:, 2]
    tree = HistTreeRegressor().fit(X, y).tree_
    codes = tree.binner.transform(X[:n_rows])
    found = []
    for module in _kernels_apply, _plain_apply:
        results = np.ones((n_rows, 1), float if adds else np.int64)
        values = tree.leaf_values if adds else None
        words, none = tree.words, (None, None)
        module.send_down(codes, words, True, *none, values, results, STAMPED)
        found.append(results)
    assert_array_equal(found[0], found[1])
    if adds:
        assert_allclose(found[0][:, 0], 1.0 + y[:n_rows])
    complete = ~np.isnan(X[:n_rows]).any(axis=1)
    again = np.ones((complete.sum(), 1), float if adds else np.int64)
    rest = tree.words, None, None, None, values, again, STAMPED
    _kernels_apply.send_down(codes[complete], *rest)
    assert_array_equal(again, found[0][complete])
