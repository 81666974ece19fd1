"""Compiled kernels: equal to their plain twins, and right as statistics."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import pdtr
from scipy.stats import binom, chisquare, norm

from ensembles._random import keys_for
from ensembles.resampling import (
    CircularBlockBootstrap,
    MovingBlockBootstrap,
    NonOverlappingBlockBootstrap,
    StationaryBootstrap,
    _blocks,
    _kernels,
    _kernels_blocks,
    _kernels_plain,
)
from ensembles.resampling._kernels_words import fill_fair, least_product
from ensembles.resampling._plan import (
    CHUNK,
    CodePlan,
    TreePlan,
    cell_plan,
    code_plan,
    draw_plan,
)

by_property = settings(max_examples=60, deadline=None, derandomize=True)
strata = st.lists(
    st.tuples(st.integers(1, 600), st.integers(1, 700)), min_size=1, max_size=4
)
entropies = st.integers(0, 2**64)


def run(module, kernel, *arguments, shape, dtype=np.float64):
    out = np.full(shape, -1, dtype=dtype)
    getattr(module, kernel)(*arguments, out)
    return out


def both(kernel, *arguments, **how):
    return [run(m, kernel, *arguments, **how) for m in (_kernels, _kernels_plain)]


def counts_of(sizes, draws, n_replicates, entropy=0):
    plan = draw_plan(sizes, draws)
    keys = keys_for(entropy, 0, n_replicates)
    shape = (n_replicates, sum(sizes))
    return run(_kernels, "count_rows", plan, keys, shape=shape, dtype=np.int64)


@by_property
@given(strata, entropies)
def test_counts_of_rows_equal_the_twin_and_fill_each_stratum(strata, entropy):
    sizes, draws = zip(*strata, strict=True)
    plan, keys = draw_plan(sizes, draws), keys_for(entropy, 0, 2)
    shape = (2, sum(sizes))
    ours, plain = both("count_rows", plan, keys, shape=shape, dtype=np.int64)
    assert_array_equal(ours, plain)
    starts = np.cumsum(sizes) - sizes
    assert_array_equal(np.add.reduceat(ours, starts, axis=1), [draws, draws])
    assert ours.min() >= 0


cells = st.lists(st.integers(1, 400), min_size=1, max_size=6)


@by_property
@given(
    st.lists(st.tuples(cells, st.integers(1, 900)), min_size=1, max_size=3), entropies
)
def test_counts_of_cells_equal_the_twin_and_fill_each_stratum(strata, entropy):
    sizes = [size for of_stratum, _ in strata for size in of_stratum]
    n_cells, draws = [len(c) for c, _ in strata], [m for _, m in strata]
    plan, keys = cell_plan(np.array(sizes), n_cells, draws), keys_for(entropy, 0, 2)
    shape = (2, len(sizes))
    ours, plain = both("count_cells", plan, keys, shape=shape, dtype=np.int64)
    assert_array_equal(ours, plain)
    starts = np.cumsum(n_cells) - n_cells
    assert_array_equal(np.add.reduceat(ours, starts, axis=1), [draws, draws])


@by_property
@given(strata, st.integers(1, 900), entropies)
def test_counts_of_codes_equal_the_twin_and_those_of_rows(strata, n_codes, entropy):
    sizes, draws = zip(*strata, strict=True)
    plan, keys = draw_plan(sizes, draws), keys_for(entropy, 0, 2)
    codes = np.random.default_rng(0).integers(n_codes, size=sum(sizes))
    codes[-1] = n_codes - 1
    rows = run(_kernels, "count_rows", plan, keys, shape=(2, len(codes)), dtype=int)
    expected = [np.bincount(codes, row, n_codes) for row in rows]
    of_rows = CodePlan(plan, codes, False)
    for coded in (of_rows, code_plan(plan, codes)):
        how = {"shape": (2, n_codes), "dtype": np.int64}
        ours, plain = both("count_codes", coded, keys, **how)
        assert_array_equal(ours, plain)
        assert_array_equal(ours.sum(axis=1), sum(draws))
        if not coded.has_cells:
            assert_array_equal(ours, expected)


@by_property
@given(strata, st.integers(1, 900), entropies)
def test_sums_by_code_equal_the_twin(strata, n_codes, entropy):
    sizes, draws = zip(*strata, strict=True)
    plan, keys = draw_plan(sizes, draws), keys_for(entropy, 0, 2)
    rng = np.random.default_rng(0)
    codes, values = rng.integers(n_codes, size=sum(sizes)), rng.normal(size=sum(sizes))
    coded = CodePlan(plan, codes, False)
    ours, plain = both("sum_codes", coded, keys, values, shape=(2, n_codes))
    assert_allclose(ours, plain, rtol=0, atol=1e-11)


def test_few_codes_are_drawn_whole_and_many_by_row():
    plan, codes = draw_plan([600, 200], [600, 200]), np.arange(800) % 4
    assert code_plan(plan, codes).has_cells
    assert_array_equal(code_plan(plan, codes).codes, [0, 1, 2, 3, 0, 1, 2, 3])
    assert not code_plan(plan, np.arange(800) // 2).has_cells


def test_the_count_of_a_code_is_binomial_in_its_stratum():
    """z-tests of mean and variance of two codes, drawn as cells: fails 4 in 10,000."""
    plan = draw_plan([300, 500], [300, 100])
    codes = (np.arange(800) >= 60) + 0
    coded, n_replicates = code_plan(plan, codes), 20_000
    assert coded.has_cells
    keys, shape = keys_for(5, 0, n_replicates), (n_replicates, 2)
    counts = run(_kernels, "count_codes", coded, keys, shape=shape, dtype=np.int64)
    law = binom(300, 60 / 300)
    for total, mean in ((counts[:, 0], law.mean()), (counts[:, 1], 400 - law.mean())):
        z = (total.mean() - mean) / law.std() * n_replicates**0.5
        assert abs(z) < norm.isf(0.5e-4)
        squares = (total - mean) ** 2
        z = (squares.mean() - law.var()) / squares.std() * n_replicates**0.5
        assert abs(z) < norm.isf(0.5e-4)


@by_property
@given(strata, st.integers(0, 18), st.integers(1, 6), entropies)
def test_sums_of_rows_equal_the_twin(strata, n_replicates, n_columns, entropy):
    sizes, draws = zip(*strata, strict=True)
    plan, keys = draw_plan(sizes, draws), keys_for(entropy, 0, n_replicates)
    columns = np.random.default_rng(0).normal(size=(n_columns, sum(sizes)))
    shape = (n_replicates, n_columns)
    ours, plain = both("sum_rows", plan, keys, columns, shape=shape)
    assert_allclose(ours, plain, rtol=0, atol=1e-10)


@by_property
@given(st.integers(1, 9), st.integers(1, 600), st.integers(1, 3))
def test_weighted_sums_equal_the_twin(n_replicates, n_rows, n_columns):
    rng = np.random.default_rng(0)
    weights = rng.random((n_replicates, n_rows))
    columns = rng.normal(size=(n_columns, n_rows))
    shape = (n_replicates, n_columns)
    ours, plain = both("sum_weighted", weights, columns, shape=shape)
    assert_allclose(ours, plain, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kernel", ["sum_rows", "sum_weighted"])
@pytest.mark.parametrize("n_columns", [1, 2, 5])
def test_the_bits_of_a_sum_do_not_depend_on_the_others(kernel, n_columns):
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(n_columns, 1000))
    first, keys = draw_plan([1000], [1000]), keys_for(3, 0, 35)
    if kernel == "sum_weighted":
        first, keys = None, rng.random((35, 1000))
    plan = () if first is None else (first,)
    whole = run(_kernels, kernel, *plan, keys, columns, shape=(35, n_columns))
    for start, stop in [(0, 1), (1, 4), (2, 13), (7, 35), (34, 35)]:
        shape = (stop - start, n_columns)
        part = run(_kernels, kernel, *plan, keys[start:stop], columns, shape=shape)
        assert_array_equal(part, whole[start:stop])


@by_property
@given(
    st.lists(
        st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=1, max_size=3
    ),
    entropies,
)
def test_counts_of_leaves_equal_the_twin(roots, entropy):
    """Trees of strata, groups and rows."""
    n_groups = [len(groups) for groups in roots]
    n_rows = [n for groups in roots for n in groups]
    before = len(roots)
    first_groups = before + np.cumsum([0, *n_groups[:-1]])
    first_rows = before + sum(n_groups) + np.cumsum([0, *n_rows[:-1]])
    n_nodes = before + sum(n_groups) + sum(n_rows)
    tree = TreePlan(before, np.array([*first_groups, *first_rows, n_nodes]))
    keys = keys_for(entropy, 0, 3)
    how = {"shape": (3, sum(n_rows)), "dtype": np.int64}
    ours, plain = both("count_leaves", tree, keys, **how)
    assert_array_equal(ours, plain)


@by_property
@given(st.integers(0, 40), st.integers(1, 60), entropies)
def test_poisson_counts_equal_the_twin(first_row, n_rows, entropy):
    cumulated = np.minimum(pdtr(np.arange(20), 1.0), 1.0)
    cumulated[-1] = 1.0
    arguments = keys_for(entropy, 0, 3), first_row, cumulated
    ours, plain = both("count_poisson", *arguments, shape=(3, n_rows))
    assert_array_equal(ours, plain)


block_schemes = st.builds(
    lambda cls, length, m: cls(block_length=length, max_samples=m),
    st.sampled_from(
        [
            MovingBlockBootstrap,
            CircularBlockBootstrap,
            NonOverlappingBlockBootstrap,
            StationaryBootstrap,
        ]
    ),
    st.integers(1, 40),
    st.integers(1, 130),
)


@by_property
@given(block_schemes, st.integers(40, 50), entropies)
def test_blocks_and_their_sums_equal_the_twin(scheme, n, entropy):
    bound = scheme.bind(n)
    keys = bound.seeds(entropy, 0, 3)
    plan = bound.plan
    laid = []
    for module in (_kernels_blocks, _kernels_plain):
        starts, lengths = np.zeros((2, plan.n_draws), dtype=np.int64)
        n_blocks = module.lay_blocks(plan, keys[0], starts, lengths)
        laid.append((n_blocks, *starts, *lengths))
    assert laid[0] == laid[1]
    values = np.random.default_rng(0).normal(size=(2, n))
    ours = bound.sums(keys, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_blocks, "_kernels", lambda: _kernels_plain)
        plain = bound.sums(keys, values)
    assert_allclose(ours, plain, rtol=0, atol=1e-11)
    drawn = [values[:, bound.rows(key)].sum(axis=1) for key in keys]
    assert_allclose(ours, drawn, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("n", "m"), [(100, 100), (256, 256), (1000, 1000), (700, 90)])
def test_the_count_of_a_row_is_binomial(n, m):
    """Chi-square of the first and last row's count, 4 tests: fails 8 in 10,000."""
    counts = counts_of([n], [m], 10_000)[:, [0, n - 1]].clip(max=4)
    law = binom(m, 1 / n)
    expected = np.array([*law.pmf(range(4)), law.sf(3)]) * 10_000
    for row in counts.T:
        seen = np.bincount(row, minlength=5)
        kept = expected > 5
        pooled = [np.append(x[kept], x[~kept].sum()) for x in (seen, expected)]
        pooled = [x if expected[~kept].sum() > 5 else x[:-1] for x in pooled]
        pooled[1] *= pooled[0].sum() / pooled[1].sum()
        assert chisquare(*pooled).pvalue > 1e-4


def test_the_total_of_a_block_is_binomial():
    """z-tests of mean and variance, each block of 256, 256, 88: fails 6 in 10,000."""
    n, n_replicates = 600, 20_000
    counts = counts_of([n], [n], n_replicates)
    totals = np.add.reduceat(counts, [0, 256, 512], axis=1)
    for total, size in zip(totals.T, [256, 256, 88], strict=True):
        law = binom(n, size / n)
        z = (total.mean() - law.mean()) / law.std() * n_replicates**0.5
        assert abs(z) < norm.isf(0.5e-4)
        squares = (total - law.mean()) ** 2
        z = (squares.mean() - law.var()) / squares.std() * n_replicates**0.5
        assert abs(z) < norm.isf(0.5e-4)


def test_counts_of_two_rows_have_the_covariance_of_a_multinomial():
    """Within a block and across; z-tests, fails 2 seeds in 10,000."""
    n, n_replicates = 600, 20_000
    counts = counts_of([n], [n], n_replicates, entropy=1)
    within = counts[:, :256].sum(axis=1)
    pairs_within = (within**2 - (counts[:, :256] ** 2).sum(axis=1)) / (256 * 255)
    pairs_across = within * counts[:, 256:512].sum(axis=1) / 256**2
    for pairs in (pairs_within, pairs_across):
        z = (pairs.mean() - (1 - 1 / n)) / pairs.std() * n_replicates**0.5
        assert abs(z) < norm.isf(0.5e-4)


def test_pairs_of_draws_within_a_small_block_are_independent():
    """Chi-square of the counts of 2 draws among 5 rows, 14 df: 1 seed in 10,000."""
    counts = counts_of([5], [2], 15_000)
    code = counts @ 3 ** np.arange(5)
    seen, expected = [], []
    for pair in product(range(5), repeat=2):
        if pair[0] <= pair[1]:
            seen.append((code == 3 ** pair[0] + 3 ** pair[1]).sum())
            expected.append(15_000 * (1 if pair[0] == pair[1] else 2) / 25)
    assert chisquare(seen, expected).pvalue > 1e-4


@pytest.mark.parametrize("size", [1, 3, 1000, 2**31 + 1, 2**32 - 5])
def test_a_chunk_of_fair_words_equals_the_twin(size):
    """Of the last but one size every other word is unfair and replaced."""
    stream, words = _kernels_plain.Stream(np.uint64(7)), np.empty(CHUNK, np.uint64)
    state = np.uint64(7)
    for _ in range(3):
        state = np.uint64(fill_of(state, size, words))
        assert words.tolist() == stream.chunk(size)
        assert all((int(word) >> 32) * size % 2**32 >= 2**32 % size for word in words)


@njit
def fill_of(state, size, words):
    """The function that kernels inline, on its own."""
    return fill_fair(state, size, least_product(size), words)
