"""Trees of weights: kernels and twins alike, weights and histograms to the bit."""

import math
import pickle
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ensembles import Binner
from ensembles.boosting._weighted._grower import WeightedGrower
from ensembles.boosting._weighted._layout import LARGEST_SUM, LEAST_SHARE, STRIDE
from ensembles.boosting._weighted._votes import NodesOfTrees, TreeVotes

N_PROBLEMS = 120
SIZES, CHANCES = [5, 30, 100, 300, 1000, 6000], [0.2, 0.2, 0.2, 0.2, 0.17, 0.03]


@dataclass
class Problem:
    """Random rows and classes, and by how much wrong rows grow in each round."""

    X: Any
    y: Any
    weights: Any
    n_classes: int
    max_depth: int
    criterion: str
    max_bins: int
    log_factors: Any

    @classmethod
    def drawn(cls, seed):
        rng = np.random.default_rng(seed)
        n, d = int(rng.choice(SIZES, p=CHANCES)), int(rng.integers(1, 14))
        n_classes = int(rng.integers(2, 6))
        X = rng.normal(size=(n, d))
        for j in range(d):
            if rng.random() < 0.4:
                X[:, j] = rng.integers(0, rng.integers(1, 12), n)
            if rng.random() < 0.4:
                X[rng.random(n) < rng.random(), j] = np.nan
        y = rng.integers(0, n_classes, n)
        y = np.where(rng.random(n) < 0.5, np.nan_to_num(X[:, 0]) > 0, y)
        weights = np.ones(n)
        if rng.random() < 0.5:
            weights = np.exp(rng.normal(size=n) * rng.choice([0.3, 8]))
        if rng.random() < 0.3:
            weights = np.floor(3 * weights)
        if rng.random() < 0.3:
            weights[rng.random(n) < 0.3] = 0
        weights[0] = max(weights[0], 1.0)
        return cls(
            X,
            y,
            weights,
            n_classes,
            int(rng.integers(1, 5)),
            str(rng.choice(["gini", "error"])),
            int(rng.integers(2, 256)),
            np.abs(rng.normal(size=5)) * rng.choice([1, 5, 100]),
        )

    @property
    def binned(self):
        return Binner(self.max_bins).fit(self.X).bin(self.X)

    def grower(self):
        return WeightedGrower(
            self.binned,
            self.y,
            self.n_classes,
            self.weights,
            self.max_depth,
            self.criterion,
        )

    def rounds(self):
        """Trees of some rounds, with the grower after each."""
        grower = self.grower()
        tree = grower.grow(None)
        yield tree, grower
        for log_factor in self.log_factors:
            if tree.error <= 0.0:
                return
            tree = grower.grow(log_factor)
            yield tree, grower


def copies(problem):
    """All that rounds leave behind."""
    return [
        (
            tree.words,
            tree.n_rows,
            tree.best_class,
            tree.shares,
            np.array(tree.error),
            grower.weights,
            grower._problem.rows.is_wrong.copy(),
        )
        for tree, grower in problem.rounds()
    ]


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, 20))
def test_kernels_and_twins_grow_the_same_trees(first, by_numpy):
    for seed in range(first, first + 20):
        problem = Problem.drawn(seed)
        compiled = copies(problem)
        plain = by_numpy(lambda problem=problem: copies(problem))
        assert len(compiled) == len(plain)
        for ours, theirs in zip(compiled, plain, strict=True):
            for one, other in zip(ours, theirs, strict=True):
                assert_array_equal(one, other)


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, 40))
def test_histograms_are_those_of_the_weights_to_the_bit(first):
    for seed in range(first, first + 40):
        problem = Problem.drawn(seed)
        for _, grower in problem.rounds():
            inner = grower._problem
            rows, (hist, *_) = inner.rows, inner.space.hists
            steps = np.rint(rows.weights).astype(np.int64)
            if len(rows.times):
                steps *= rows.times
            expected = np.zeros_like(hist)
            for own, codes in zip(expected, rows.columns, strict=True):
                np.add.at(own, codes + rows.classes * STRIDE, steps)
            assert_array_equal(hist, expected)
            assert steps.sum() < LARGEST_SUM


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, 40))
def test_weights_are_those_of_logarithms_and_no_row_is_lost(first):
    for seed in range(first, first + 40):
        problem = Problem.drawn(seed)
        used = problem.weights > 0.0
        expected = np.where(used, problem.weights, 0.0) / problem.weights.sum()
        binned = problem.binned
        for number, (tree, grower) in enumerate(problem.rounds()):
            times = grower._problem.rows.times
            least = LEAST_SHARE * used * (times if len(times) else 1.0)
            assert_allclose(
                grower.weights, np.maximum(expected, least), rtol=1e-9, atol=1e-15
            )
            assert (grower.weights[used] > 0.0).all()
            alone = TreeVotes(NodesOfTrees.of([tree]), np.ones(1), binned.binner)
            said = alone.said_by(0, binned)
            wrong = (said != problem.y) & used
            assert_allclose(grower.weights[wrong].sum(), tree.error, atol=1e-12)
            if number < len(problem.log_factors):
                with np.errstate(divide="ignore"):
                    logs = np.log(grower.weights)
                logs = logs + wrong * problem.log_factors[number]
                expected = np.exp(logs - np.logaddexp.reduce(logs))


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, 40))
def test_the_order_of_rows_changes_no_bit(first):
    for seed in range(first, first + 40):
        problem = Problem.drawn(seed)
        trees = [tree for tree, _ in problem.rounds()]
        order = np.random.default_rng(seed).permutation(len(problem.y))
        for name in ("X", "y", "weights"):
            setattr(problem, name, getattr(problem, name)[order])
        for tree, (other, _) in zip(trees, problem.rounds(), strict=True):
            assert_array_equal(tree.words, other.words)
            assert_array_equal(tree.shares, other.shares)
            assert tree.error == other.error


@pytest.mark.parametrize("seed", range(30))
def test_whole_weights_are_repeated_rows_to_the_bit(seed):
    problem = Problem.drawn(seed)
    times = np.random.default_rng(seed).integers(0, 5, len(problem.y))
    times[0] = 2
    problem.max_bins, problem.weights = 255, times.astype(float)
    if np.isnan(problem.X).any():
        problem.X = np.nan_to_num(problem.X)
    problem.X = problem.X.round(1)
    trees = [tree for tree, _ in problem.rounds()]
    rows = np.repeat(np.arange(len(times)), times)
    problem.X, problem.y = problem.X[rows], problem.y[rows]
    problem.weights = np.ones(len(rows))
    for tree, (other, _) in zip(trees, problem.rounds(), strict=True):
        assert_array_equal(tree.best_class, other.best_class)
        assert_array_equal(tree.shares, other.shares)
        assert tree.error == other.error


def worth(criterion, totals):
    """Weight times impurity of a side, or the weight that a leaf gets right."""
    weight = totals.sum()
    return totals.max() if criterion == "error" else (totals**2).sum() / weight


@pytest.mark.parametrize("criterion", ["gini", "error"])
@pytest.mark.parametrize("seed", range(12))
def test_a_stump_is_the_best_of_all_cuts(criterion, seed):
    rng = np.random.default_rng(seed)
    n, n_classes = 60, 2 + seed % 3
    X = rng.normal(size=(n, 3)).round(1)
    X[rng.random(X.shape) < 0.1 * (seed % 2)] = np.nan
    y = rng.integers(0, n_classes, n)
    weights = rng.uniform(0.1, 2.0, n)
    binned = Binner().fit(X).bin(X)
    tree = WeightedGrower(binned, y, n_classes, weights, 1, criterion).grow(None)
    by_class = np.eye(n_classes)[y] * (weights / weights.sum())[:, None]
    best = 0.0
    for values in X.T:
        known = ~np.isnan(values)
        for cut in [*np.unique(values[known]), np.inf]:
            for missing_left in (False, True):
                left = np.where(known, values <= cut, missing_left)
                if left.any() and not left.all():
                    sides = by_class[left].sum(axis=0), by_class[~left].sum(axis=0)
                    best = max(best, sum(worth(criterion, side) for side in sides))
    reached = sum(worth(criterion, side) for side in tree.shares[1:])
    assert_allclose(reached, best, rtol=1e-12)


@pytest.mark.parametrize("criterion", ["gini", "error"])
@pytest.mark.parametrize("seed", range(6))
def test_each_node_of_a_tree_is_split_as_a_stump_of_its_rows_is(criterion, seed):
    rng = np.random.default_rng(seed)
    n, n_classes = 400, 2 + seed % 3
    X = rng.normal(size=(n, 4)).round(1)
    y = np.where(rng.random(n) < 0.4, rng.integers(0, n_classes, n), X[:, 0] > 0)
    weights, binned = rng.uniform(0.1, 2.0, n), Binner().fit(X).bin(X)
    tree = WeightedGrower(binned, y, n_classes, weights, 3, criterion).grow(None)
    nodes, above = tree.nodes, np.ones((len(tree.nodes), n), bool)
    inner = np.flatnonzero(nodes["feature"] >= 0)
    assert len(inner) >= 3
    for number in inner:
        own = above[number]
        stump = WeightedGrower(binned, y, n_classes, weights * own, 1, criterion)
        best = stump.grow(None)
        left = nodes["left"][number]
        sides = tree.shares[left : left + 2] / tree.shares[number].sum()
        assert_allclose(
            sum(worth(criterion, side) for side in sides),
            sum(worth(criterion, side) for side in best.shares[1:]),
            rtol=1e-9,
        )
        cut = nodes["low"][number]
        goes_left = binned.columns[nodes["feature"][number]] <= cut
        above[left], above[left + 1] = own & goes_left, own & ~goes_left


def test_a_tree_of_errors_alone_has_no_split_that_gains_nothing():
    X, y = np.arange(6.0)[:, None], np.array([0, 0, 0, 0, 0, 1])
    # Any cut leaves the first class the heaviest on both sides.
    weights = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.1])
    X[5] = X[4]
    binned = Binner().fit(X).bin(X)
    tree = WeightedGrower(binned, y, 2, weights, 3, "error").grow(None)
    assert len(tree.words) == 1
    assert_allclose(tree.error, 0.1 / 5.1)


def votes_of(problem, seed=0):
    trees = [tree for tree, _ in problem.rounds()]
    weights = np.random.default_rng(seed).uniform(0.01, 3.0, len(trees))
    return TreeVotes(NodesOfTrees.of(trees), weights, problem.binned.binner)


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, 40))
def test_tables_of_stumps_say_what_trees_say_to_the_bit(first, by_numpy):
    for seed in range(first, first + 40):
        problem = Problem.drawn(seed)
        problem.max_depth = 1
        votes = votes_of(problem)
        assert votes.are_stumps
        X = np.vstack([problem.X, problem.X * 3.0, -problem.X])
        rng = np.random.default_rng(seed)
        X[rng.random(X.shape) < 0.1] = np.inf
        X[rng.random(X.shape) < 0.1] = -np.inf
        X[rng.random(X.shape) < 0.1] = np.nan
        binner = votes.binner
        binner._ensure_all_finite = False
        by_trees = votes.count(binner.bin(X))
        for table in X, np.asfortranarray(X), X.astype(np.float32).astype(float):
            binned = binner.bin(table)
            assert_array_equal(votes.count_values(table), votes.count(binned))
        assert_array_equal(by_numpy(lambda v=votes, X=X: v.count_values(X)), by_trees)
        narrow = X.astype(np.float32)
        expected = votes.count(binner.bin(narrow))
        assert_array_equal(votes.count_values(narrow), expected)


@pytest.mark.parametrize("seed", range(20))
def test_votes_of_many_trees_are_the_sums_of_theirs(seed, by_numpy):
    problem = Problem.drawn(seed)
    votes, binned = votes_of(problem), problem.binned
    expected = np.zeros((len(binned), problem.n_classes))
    for number, weight in enumerate(votes.weights):
        said = votes.said_by(number, binned)
        expected[np.arange(len(binned)), said] += weight
    counted = votes.count(binned)
    if problem.n_classes == 2:
        assert_array_equal(counted[:, 0], expected[:, 1] - expected[:, 0])
    else:
        assert_array_equal(counted, expected)
    *_, last = votes.staged(binned)
    assert_array_equal(last, counted)
    assert_array_equal(by_numpy(lambda: votes_of(problem).count(binned)), counted)
    assert_array_equal(pickle.loads(pickle.dumps(votes)).count(binned), counted)


@pytest.mark.parametrize("seed", range(20))
def test_a_tree_as_an_estimator_keeps_it_predicts_what_it_votes_for(seed):
    problem = Problem.drawn(seed)
    votes, binned = votes_of(problem), problem.binned
    for number in range(len(votes)):
        tree = votes.tree(number)
        shares = tree.values_of(binned.rows)
        assert_allclose(shares.sum(axis=1), 1.0)
        assert_array_equal(shares.argmax(axis=1), votes.said_by(number, binned))
        assert tree.n_node_samples[0] == np.count_nonzero(problem.weights)
        assert_allclose(tree.weighted_n_node_samples[0], 1.0)
        assert tree.max_depth <= problem.max_depth
        own = tree.compute_feature_importances()
        assert_allclose(votes.importances()[number], own, atol=1e-9)


def test_weights_that_would_overflow_are_scaled_by_a_power_of_two():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 6, (400, 3)).astype(float), rng.integers(0, 2, 400)
    grower = WeightedGrower(Binner().fit(X).bin(X), y, 2, np.ones(400), 1, "gini")
    tree, before, sums = grower.grow(None), grower.weights, []
    for log_factor in [3.0] * 40 + [700.0, 5.0]:
        wrong = grower._problem.rows.is_wrong == 1
        tree = grower.grow(log_factor)
        sums.append(int(grower._problem.rooms["total"][0]))
        ratio = (grower.weights / before)[wrong]
        assert_allclose(ratio, ratio[0], rtol=1e-9)
        before = grower.weights
    assert 0.0 < tree.error < 1.0
    assert max(sums) < LARGEST_SUM
    assert min(sums) > 2.0**55
    assert any(later < earlier for earlier, later in pairwise(sums))
    assert math.isclose(before.sum(), 1.0, rel_tol=1e-12)
