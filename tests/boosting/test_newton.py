"""Trees of gradients: kernels and twins alike, sums to the bit, limits kept."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ensembles import Binner
from ensembles.boosting._newton._grower import Limits, NewtonGrower
from ensembles.boosting._newton._tree import packed
from ensembles.trees import BinnedMatrix
from ensembles.trees._layout import MISSING

N_PROBLEMS = 120


@dataclass
class Problem:
    """A random problem with all that a tree can have."""

    X: Any
    gradient: Any
    hessian: Any
    limits: Limits
    times: Any
    rows: Any
    sums: str
    max_bins: int
    categorical: Any
    seed: int

    @classmethod
    def drawn(cls, seed):
        rng = np.random.default_rng(seed)
        n = int(rng.choice([5, 30, 100, 300, 1000]))
        d = int(rng.integers(1, 9))
        categorical = rng.random(d) < rng.choice([0, 0.4])
        X = table(rng, n, categorical)
        gradient, hessian = rng.normal(size=n) + np.nan_to_num(X[:, 0]), np.ones(n)
        if rng.random() < 0.6:
            hessian = np.exp(rng.normal(size=n) * rng.choice([0.3, 3]))
        if rng.random() < 0.1:
            gradient *= 1e6 * np.exp(5 * rng.normal(size=n))
        trends = rng.integers(-1, 2, d) * ~categorical if rng.random() < 0.3 else None
        groups = rng.random((3, d)) < 0.6 if rng.random() < 0.3 else None
        limits = Limits(
            max_leaves=rng.choice([None, 2, 7, 31]),
            max_depth=rng.choice([None, 1, 3]),
            min_rows_leaf=int(rng.choice([1, 5, 20])),
            l2=float(rng.choice([0.0, 1.0, 10.0])),
            category_rows=float(rng.choice([0.0, 50.0])),
            max_features=float(rng.choice([1.0, 0.5])),
            trends=None if trends is None else trends.astype(np.int8),
            groups=groups,
        )
        times = rng.integers(1, 4, n).astype(np.int32) if rng.random() < 0.3 else None
        rows = np.flatnonzero(rng.random(n) < 0.6) if rng.random() < 0.3 else None
        sums = str(rng.choice(["auto", "packed", "exact"]))
        max_bins = int(rng.integers(2, 256))
        return cls(
            X, gradient, hessian, limits, times, rows, sums, max_bins, categorical, seed
        )

    @property
    def binned(self):
        mask = self.categorical if self.categorical.any() else None
        return Binner(self.max_bins, categorical_features=mask).fit(self.X).bin(self.X)

    def grown(self):
        counts_rows = bool((self.hessian == 1.0).all())
        grower = NewtonGrower(
            self.binned, self.limits, self.times, self.sums, counts_rows=counts_rows
        )
        for _ in range(2):  # room that was used before
            growth = grower.grow(self.gradient, self.hessian, self.seed, self.rows)
        values, raw = growth.newton_values(), np.zeros(len(self.X))
        growth.add_values(values, raw)
        return growth, growth.tree(values), raw


def rows_of(growth, leaf):
    start, end = growth.bounds_of(np.array([leaf]))[0]
    return growth.order[start:end]


def table(rng, n, categorical):
    """Values, counts and categories, some of them missing."""
    X = rng.normal(size=(n, len(categorical)))
    for j, is_category in enumerate(categorical):
        if is_category:
            X[:, j] = rng.integers(0, rng.integers(1, 60), n)
        elif rng.random() < 0.3:
            X[:, j] = rng.integers(0, rng.integers(1, 12), n)
        if rng.random() < 0.3:
            X[rng.random(n) < rng.random(), j] = np.nan
    return X


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, 20))
def test_kernels_and_twins_grow_the_same_trees(first, by_numpy):
    for seed in range(first, first + 20):
        problem = Problem.drawn(seed)
        growth, tree, raw = problem.grown()
        order = growth.order.copy()
        plain_growth, plain_tree, plain_raw = by_numpy(problem.grown)
        assert_array_equal(tree.words, plain_tree.words)
        assert_array_equal(tree.values, plain_tree.values)
        assert_array_equal(tree.gains, plain_tree.gains)
        assert_array_equal(order, plain_growth.order)
        assert_array_equal(raw, plain_raw)
        if tree.subsets is not None:
            assert_array_equal(tree.subsets, plain_tree.subsets)


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, 40))
def test_trees_keep_their_limits_and_have_each_row_in_one_leaf(first):
    for seed in range(first, first + 40):
        problem = Problem.drawn(seed)
        growth, tree, _ = problem.grown()
        limits, leaves = problem.limits, growth.leaves
        used = np.arange(len(problem.X)) if problem.rows is None else problem.rows
        rows = [rows_of(growth, leaf) for leaf in leaves]
        assert_array_equal(np.sort(np.concatenate(rows)), used)
        assert tree.get_n_leaf_nodes() <= (limits.max_leaves or np.inf)
        assert tree.get_max_depth() <= (limits.max_depth or np.inf)
        if len(leaves) > 1:
            assert min(map(len, rows)) >= limits.min_rows_leaf


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, 40))
def test_codes_lead_rows_to_the_leaves_that_they_were_parted_into(first):
    for seed in range(first, first + 40):
        problem = Problem.drawn(seed)
        _, tree, raw = problem.grown()
        used = slice(None) if problem.rows is None else problem.rows
        sent = np.zeros((len(problem.X), 1))
        packed([tree], [0]).add_to(sent, problem.binned)
        assert_array_equal(sent[used, 0], raw[used])


@pytest.mark.parametrize("sums", ["packed", "exact"])
@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_rows_changes_no_bit(seed, sums):
    problem = Problem.drawn(1000 + seed)
    problem.sums, problem.rows = sums, None
    _, tree, raw = problem.grown()
    order = np.random.default_rng(seed).permutation(len(raw))
    for name in "X", "gradient", "hessian":
        setattr(problem, name, getattr(problem, name)[order])
    problem.times = None if problem.times is None else problem.times[order]
    _, same, same_raw = problem.grown()
    assert_array_equal(same.words, tree.words)
    assert_array_equal(same.values, tree.values)
    assert_array_equal(same_raw, raw[order])


def brute_force_gain(codes, gradient, hessian, l2):
    """Largest gain of a cut against predicting zero, and its code."""
    best, best_cut = 0.0, -1
    for cut in range(255):
        left = codes <= cut
        if not 0 < left.sum() < len(codes):
            continue
        gain = 0.0
        for side in left, ~left:
            gain += gradient[side].sum() ** 2 / (hessian[side].sum() + l2)
        if gain > best * (1.0 + 1e-9):
            best, best_cut = gain, cut
    return best, best_cut


@pytest.mark.parametrize("sums", ["packed", "exact"])
@pytest.mark.parametrize("l2", [0.0, 3.0])
def test_a_stump_has_the_cut_of_largest_gain(l2, sums):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 1))
    gradient, hessian = X[:, 0] ** 3 + rng.normal(size=500), rng.random(500) + 0.1
    binned = Binner(50).fit(X).bin(X)
    limits = Limits(max_leaves=2, min_rows_leaf=1, l2=l2)
    grower = NewtonGrower(binned, limits, None, sums, counts_rows=False)
    growth = grower.grow(gradient, hessian, 0)
    codes = binned.rows[:, 0]
    gain, cut = brute_force_gain(codes, gradient, hessian, l2)
    assert growth.nodes["cut"][0] == cut
    assert_allclose(growth.nodes["gain"][0], gain, rtol=1e-4)
    left = codes <= cut
    expected = [
        -gradient[side].sum() / (hessian[side].sum() + l2) for side in (left, ~left)
    ]
    assert_allclose(growth.newton_values()[1:], expected, rtol=1e-12)


def missing_row(binned):
    """A row without its one value."""
    return BinnedMatrix(np.array([[MISSING]], np.uint8), None, binned.binner)


def test_missing_values_go_to_the_side_that_gains_more():
    X = np.r_[np.zeros(50), np.ones(50), np.full(50, np.nan)][:, None]
    binned = Binner().fit(X).bin(X)
    for side, gradient_of_missing in enumerate((-1.0, 1.0)):
        gradient = np.r_[-np.ones(50), np.ones(50), np.full(50, gradient_of_missing)]
        grower = NewtonGrower(binned, Limits(2), None, "auto", counts_rows=True)
        growth = grower.grow(gradient, np.ones(150), 0)
        tree = growth.tree(growth.newton_values())
        raw = np.zeros((1, 1))
        packed([tree], [0]).add_to(raw, missing_row(binned))
        assert raw[0, 0] == [1.0, -1.0][side]


def test_a_cut_that_is_too_small_on_one_side_may_do_with_missing_values():
    """19 rows are too few on the left, and 44 with the missing ones are enough."""
    X = np.r_[np.zeros(19), np.ones(100), np.full(25, np.nan)][:, None]
    gradient = np.r_[np.full(19, -1.0), np.full(100, 0.3), np.full(25, -0.05)]
    hessian = np.r_[np.full(19, 1.05), np.ones(100), np.full(25, 0.2)]
    binned = Binner().fit(X).bin(X)
    for sums in "packed", "exact":
        grower = NewtonGrower(binned, Limits(2), None, sums, counts_rows=False)
        growth = grower.grow(gradient, hessian, 0)
        assert [len(rows_of(growth, leaf)) for leaf in growth.leaves] == [44, 100]


@pytest.mark.parametrize("seed", range(20))
def test_a_stump_has_the_best_of_the_cuts_with_enough_rows_on_both_sides(seed):
    """Of heavy rows and light ones, hessians do not tell how many there are."""
    rng = np.random.default_rng(seed)
    n, least = 300, 20
    X = rng.normal(size=(n, 3))
    gradient, hessian = X.sum(axis=1), np.exp(3.0 * rng.normal(size=n))
    X[rng.random((n, 3)) < 0.1] = np.nan
    binned = Binner(60).fit(X).bin(X)
    limits = Limits(max_leaves=2, min_rows_leaf=least)
    grower = NewtonGrower(binned, limits, None, "packed", counts_rows=False)
    root = grower.grow(gradient, hessian, 0).nodes[0]
    share = hessian.mean() * (least - 1)
    best = 0.0
    for codes in binned.rows.T:
        for cut in range(60):
            for aside in codes == MISSING, codes < 0:
                left = (codes <= cut) | aside
                hessians = hessian[left].sum(), hessian[~left].sum()
                if min(left.sum(), (~left).sum()) < least or min(hessians) < share:
                    continue
                sums = gradient[left].sum(), gradient[~left].sum()
                gains = (g**2 / h for g, h in zip(sums, hessians, strict=True))
                best = max(best, sum(gains))
    assert_allclose(root["gain"], best, rtol=1e-4)


def test_where_a_set_of_categories_has_too_few_rows_another_one_is_found():
    X = np.repeat([0.0, 1.0, 2.0], [5, 100, 100])[:, None]
    gradient = np.repeat([-200.0, -1.0, 1.0], [5, 100, 100])
    hessian = np.repeat([20.0, 1.0, 1.0], [5, 100, 100])
    binned = Binner(categorical_features=[0]).fit(X).bin(X)
    for sums in "packed", "exact":
        grower = NewtonGrower(binned, Limits(2), None, sums, counts_rows=False)
        growth = grower.grow(gradient, hessian, 0)
        assert [len(rows_of(growth, leaf)) for leaf in growth.leaves] == [105, 100]


@pytest.mark.parametrize("categories", [False, True])
def test_where_a_split_has_too_few_rows_another_may_have_just_enough(categories):
    """The five heaviest rows are too few on the right, with 15 more they are not."""
    X = np.repeat([0.0, 1.0, 2.0], [100, 15, 5])[:, None]
    gradient = np.repeat([-1.0, 1.0, 200.0], [100, 15, 5])
    hessian = np.repeat([1.0, 2.0, 20.0], [100, 15, 5])
    named = [0] if categories else None
    binned = Binner(categorical_features=named).fit(X).bin(X)
    for sums in "packed", "exact":
        grower = NewtonGrower(binned, Limits(2), None, sums, counts_rows=False)
        growth = grower.grow(gradient, hessian, 0)
        assert [len(rows_of(growth, leaf)) for leaf in growth.leaves] == [100, 20]


@pytest.mark.parametrize("sums", ["packed", "exact"])
def test_rows_that_add_nothing_are_predicted_as_they_were_parted(sums, by_numpy):
    """Steps of the missing one are zero in packed sums."""
    X = np.r_[np.zeros(90), np.ones(30), np.nan][:, None]
    gradient = np.r_[-np.ones(90), np.ones(30), 1e-14]
    hessian = np.r_[np.ones(120), 1e-14]
    binned = Binner().fit(X).bin(X)

    def differences():
        grower = NewtonGrower(binned, Limits(2), None, sums, counts_rows=False)
        growth = grower.grow(gradient, hessian, 0)
        values, raw, sent = growth.newton_values(), np.zeros(121), np.zeros((121, 1))
        growth.add_values(values, raw)
        packed([growth.tree(values)], [0]).add_to(sent, binned)
        assert len(values) == 3
        return raw - sent[:, 0]

    assert not differences().any()
    assert not by_numpy(differences).any()


def test_a_node_without_any_feature_to_draw_is_a_leaf(by_numpy):
    X = np.arange(100.0)[:, None]
    binned, limits = (
        Binner().fit(X).bin(X),
        Limits(max_features=0.5, groups=np.zeros((1, 1), bool)),
    )
    grower = NewtonGrower(binned, limits, None, "packed", counts_rows=True)
    gradient, hessian = X[:, 0] - 50.0, np.ones(100)
    assert len(grower.grow(gradient, hessian, 0).nodes) == 1
    assert len(by_numpy(lambda: grower.grow(gradient, hessian, 0)).nodes) == 1


def test_limits_beyond_all_rows_end_in_a_leaf():
    X = np.arange(50.0)[:, None]
    binned = Binner().fit(X).bin(X)
    limits = Limits(10**30, 10**30, min_rows_leaf=5 * 10**18)
    grower = NewtonGrower(binned, limits, None, "packed", counts_rows=True)
    assert len(grower.grow(X[:, 0], np.ones(50), 0).nodes) == 1


def test_values_that_are_missing_only_later_go_with_most_rows():
    X = np.r_[np.zeros(30), np.ones(90)][:, None]
    gradient = np.r_[-np.ones(30), np.ones(90)]
    binned = Binner().fit(X).bin(X)
    grower = NewtonGrower(binned, Limits(2), None, "auto", counts_rows=True)
    growth = grower.grow(gradient, np.ones(120), 0)
    raw = np.zeros((1, 1))
    tree = growth.tree(growth.newton_values())
    packed([tree], [0]).add_to(raw, missing_row(binned))
    assert raw[0, 0] == -1.0


def test_coarse_sums_are_kept_apart_where_that_is_left_open():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 2))
    signal = np.where(X[:, 1] > 0.3, 1.0, -1.0)
    gradient = signal + rng.normal(size=20_000)
    gradient[0] = 1e9  # a step of packed sums is then worth more than all others
    binned, limits = Binner().fit(X).bin(X), Limits(max_leaves=8)

    def correlation(sums):
        grower = NewtonGrower(binned, limits, None, sums, counts_rows=True)
        growth, raw = grower.grow(gradient, np.ones(20_000), 0), np.zeros(20_000)
        growth.add_values(growth.newton_values(), raw)
        usual = np.abs(raw) < 10.0
        return np.corrcoef(-raw[usual], signal[usual])[0, 1]

    assert correlation("auto") == correlation("exact") > 0.95
    assert correlation("packed") < 0.9


def test_many_leaves_need_few_histograms():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 3))
    limits = Limits(max_leaves=None, min_rows_leaf=1)
    binned = Binner().fit(X).bin(X)
    grower = NewtonGrower(binned, limits, None, "auto", counts_rows=True)
    growth = grower.grow(rng.normal(size=5000), np.ones(5000), 0)
    assert len(growth.leaves) > 4000
    assert len(grower._spaces[1][1].hists) <= 15
