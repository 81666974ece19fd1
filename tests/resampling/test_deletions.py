"""What bound schemes say of themselves: units to leave out, totals, mean weights."""

from itertools import product

import numpy as np
import pytest
from _twins import GROUPS, LABELS, ROW_SCHEMES, SCHEMES, N, X
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

from ensembles.inference._intervals import jackknife_acceleration
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)
from ensembles.resampling._deletions import EachBlock, EachUnit

by_property = settings(max_examples=100, deadline=None, derandomize=True)
every_scheme = pytest.mark.parametrize(
    ("scheme", "groups"), SCHEMES.values(), ids=SCHEMES
)
COLUMNS = np.stack([X, np.ones(N), np.arange(N)])
UNITS = {
    "rows": EachUnit(np.arange(N)),
    "strata": EachUnit(np.arange(N), LABELS),
    "groups": EachUnit(np.unique(GROUPS, return_inverse=True)[1]),
    "blocks": EachBlock(N, 5),
    "blocks in steps": EachBlock(N, 5, step=3),
    "one block short of all": EachBlock(N, N - 1),
    "blocks of one row": EachBlock(N, 1),
}
every_kind = pytest.mark.parametrize("deletions", UNITS.values(), ids=UNITS)


@every_kind
def test_a_unit_s_sums_are_over_the_rows_that_leaving_it_out_removes(deletions):
    sums = deletions.sums(COLUMNS)
    assert sums.shape == (deletions.n_units, len(COLUMNS))
    for unit in range(deletions.n_units):
        removed = ~deletions.keeps(unit)
        assert 0 < removed.sum() < N
        assert_allclose(sums[unit], COLUMNS[:, removed].sum(axis=1), atol=1e-12)


@every_kind
def test_values_go_to_their_strata(deletions):
    values = np.arange(deletions.n_units)
    parts = deletions.by_stratum(values)
    assert_array_equal(np.sort(np.concatenate(parts)), values)
    if deletions.strata is None:
        assert len(parts) == 1
    else:
        for label, part in enumerate(parts):
            assert_array_equal(deletions.strata[part], label)


@pytest.mark.parametrize("kind", ["rows", "strata", "groups"])
def test_units_that_part_the_rows_leave_each_row_out_once(kind):
    deletions = UNITS[kind]
    out = sum(~deletions.keeps(unit) for unit in range(deletions.n_units))
    assert_array_equal(out, np.ones(N))
    assert deletions.overlap == 1


@pytest.mark.parametrize(("n", "length"), [(24, 5), (24, 1), (24, 23), (100, 10)])
def test_blocks_overlap_as_often_as_a_row_in_the_middle_is_left_out(n, length):
    """n - l + 1 blocks of l rows, n / l of them side by side."""
    deletions = EachBlock(n, length)
    assert deletions.n_units == n - length + 1
    assert deletions.n_independent == n / length
    assert deletions.overlap == pytest.approx((n - length + 1) * length / n)


def rows_left_out(deletions):
    return [np.flatnonzero(~deletions.keeps(u)) for u in range(deletions.n_units)]


def test_blocks_are_all_the_neighbouring_rows():
    for start, rows in enumerate(rows_left_out(EachBlock(N, 5))):
        assert_array_equal(rows, np.arange(start, start + 5))


@by_property
@given(st.integers(2, 300), st.integers(1, 60), st.integers(1, 200))
def test_coarsened_blocks_are_the_same_blocks_at_larger_steps(n, length, most):
    assume(length < n)
    fine = EachBlock(n, length)
    coarse = fine.coarsened(most)
    assert coarse.n_units <= most
    assert_array_equal(coarse.sums(np.ones((1, n))), length)
    assert coarse.overlap == coarse.n_units / (n / length)
    starts = np.arange(n)
    firsts = [starts[rows[0]] for rows in rows_left_out(coarse)]
    assert_array_equal(firsts, np.arange(coarse.n_units) * coarse.step)


@by_property
@given(
    arrays(np.int64, st.integers(1, 90), elements=st.integers(0, 3)), st.integers(8, 60)
)
def test_coarsened_units_are_sets_of_one_stratum_and_nearly_one_size(strata, most):
    strata = np.unique(strata, return_inverse=True)[1]
    fine = EachUnit(np.arange(len(strata)), strata)
    coarse = fine.coarsened(most)
    if len(strata) <= most:
        assert coarse is fine
        return
    assert coarse.n_units <= most + 2 * len(set(strata))
    labels = coarse.strata if coarse.strata is not None else np.zeros(coarse.n_units)
    sizes = {}
    for label, rows in zip(labels, rows_left_out(coarse), strict=True):
        assert len(set(strata[rows])) == 1
        sizes.setdefault(label, []).append(len(rows))
    assert len(sizes) == len(set(strata))
    for of_stratum in sizes.values():
        assert max(of_stratum) - min(of_stratum) <= 1
        assert len(of_stratum) > 1 or sum(of_stratum) == 1
    assert_array_equal(sum(~coarse.keeps(u) for u in range(coarse.n_units)), 1)


def test_where_strata_are_many_sets_go_across_them():
    strata = np.repeat(np.arange(500), 2)
    coarse = EachUnit(np.arange(1000), strata).coarsened(200)
    assert coarse.n_units == 200
    assert coarse.strata is None
    assert {len(rows) for rows in rows_left_out(coarse)} == {5}


def test_groups_stay_whole_in_sets():
    codes = np.random.default_rng(0).integers(0, 40, size=900)
    coarse = EachUnit(codes).coarsened(7)
    assert coarse.n_units == 7
    for rows in rows_left_out(coarse):
        assert not set(codes[rows]) & set(np.delete(codes, rows))


def test_sets_are_drawn_alike_at_every_call():
    fine = EachUnit(np.arange(1000))
    first, again = fine.coarsened(200), fine.coarsened(200)
    assert_array_equal(first.codes, again.codes)
    assert not np.array_equal(np.sort(first.codes), first.codes)


def mean_without(x, deletions):
    kept = map(deletions.keeps, range(deletions.n_units))
    values = np.array([[x[rows].mean()] for rows in kept])
    return deletions.by_stratum(values)


@pytest.mark.parametrize("far_apart", [0.0, 1000.0])
def test_the_acceleration_of_sets_is_that_of_rows_within_strata(far_apart):
    """The distance between strata is no part of it.

    Sums of five exponential rows: a third moment over 200 sets has an error of a few
    hundredths of the skewness, so the bound is far beyond chance and fixed here.
    """
    strata = np.repeat([0, 1, 2], [500, 300, 200])
    x = np.random.default_rng(0).exponential(size=1000) + far_apart * strata
    fine = EachUnit(np.arange(1000), strata)
    of_rows = jackknife_acceleration(mean_without(x, fine))
    of_sets = jackknife_acceleration(mean_without(x, fine.coarsened(200)))
    assert of_rows > 0.005
    assert_allclose(of_sets, of_rows, rtol=0.25)


def test_the_acceleration_of_overlapping_blocks_is_that_of_blocks_side_by_side():
    """On average: both estimate one skewness, here from 3,000 rows, to a tenth."""
    x = np.random.default_rng(0).exponential(size=3000)
    apart, overlapping = EachBlock(3000, 3, step=3), EachBlock(3000, 3)
    a = [
        jackknife_acceleration(mean_without(x, d)) * np.sqrt(d.overlap)
        for d in (apart, overlapping)
    ]
    assert_allclose(a[0], a[1], rtol=0.1)
    assert_allclose(a[1], 2 / (6 * np.sqrt(3000)), rtol=0.25)


@every_scheme
def test_the_total_is_the_sum_of_every_replicate_s_weights(scheme, groups):
    bound = scheme.bind(N, None, groups)
    totals = bound.weight_rows(bound.seeds(0, 0, 30)).sum(axis=1)
    if bound.total is None:
        assert len(set(totals)) > 1
    else:
        assert_allclose(totals, bound.total)


@pytest.mark.parametrize(("scheme", "groups"), ROW_SCHEMES.values(), ids=ROW_SCHEMES)
def test_sums_are_those_of_the_rows_too(scheme, groups):
    """Of Dirichlet weights they are not: there rows are one draw more."""
    bound = scheme.bind(N, None, groups)
    seeds = bound.seeds(0, 0, 9)
    of_rows = [COLUMNS[:, bound.rows(seed)].sum(axis=1) for seed in seeds]
    assert_allclose(bound.sums(seeds, COLUMNS), of_rows, atol=1e-11)


@pytest.mark.parametrize(
    ("scheme", "groups", "n_units"),
    [
        (Bootstrap(), None, N),
        (Bootstrap(stratify=LABELS), None, N),
        (GroupBootstrap(), GROUPS, len(set(GROUPS))),
        (BayesianBootstrap(), None, N),
        (MovingBlockBootstrap(block_length=5), None, 5),
        (StationaryBootstrap(block_length=3.5), None, 6),
        (CircularBlockBootstrap(block_length=5, max_samples=10), None, 2),
        (CircularBlockBootstrap(block_length=N), None, 1),
    ],
)
def test_the_number_of_independent_units(scheme, groups, n_units):
    assert scheme.bind(N, None, groups).n_units == n_units


@pytest.mark.parametrize(
    ("scheme", "groups", "kind"),
    [
        (Bootstrap(), None, EachUnit),
        (Bootstrap(balanced=True), None, EachUnit),
        (Bootstrap(max_samples=9, replace=False), None, EachUnit),
        (GroupBootstrap(), GROUPS, EachUnit),
        (BayesianBootstrap(), None, EachUnit),
        (PoissonBootstrap(), None, EachUnit),
        (MovingBlockBootstrap(block_length=5), None, EachBlock),
        (CircularBlockBootstrap(block_length=5), None, EachBlock),
        (StationaryBootstrap(block_length=3.5), None, EachBlock),
    ],
)
def test_the_units_that_a_scheme_leaves_out(scheme, groups, kind):
    deletions = scheme.bind(N, None, groups).deletions()
    assert isinstance(deletions, kind)
    if kind is EachBlock:
        assert deletions.length == round(scheme.block_length)
    elif groups is None:
        assert [list(rows) for rows in rows_left_out(deletions)] == [
            [row] for row in range(N)
        ]
    else:
        labels = [set(groups[rows]) for rows in rows_left_out(deletions)]
        assert labels == [{label} for label in sorted(set(groups))]


@pytest.mark.parametrize("balanced", [False, True])
def test_rows_know_their_stratum(balanced):
    deletions = Bootstrap(stratify=LABELS, balanced=balanced).bind(N).deletions()
    assert_array_equal(deletions.strata, LABELS)
    one_stratum = Bootstrap(stratify=np.zeros(N), balanced=balanced).bind(N)
    assert one_stratum.deletions().strata is None


def test_a_block_of_all_rows_leaves_one_to_compute_from():
    deletions = CircularBlockBootstrap(block_length=N).bind(N).deletions()
    assert_array_equal([deletions.keeps(u).sum() for u in range(2)], [1, 1])


def mean_counts(replicates, n):
    return np.mean([np.bincount(rows, minlength=n) for rows in replicates], axis=0)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 6, 7, 8, 15])
@pytest.mark.parametrize("length", [1, 2, 3, 6, 7])
def test_mean_weights_of_moving_blocks_are_those_of_all_draws(length, m):
    """Every sequence of starts, each as likely as any other."""
    n = 7
    n_blocks = -(-m // length)
    starts = product(range(n - length + 1), repeat=n_blocks)
    if (n - length + 1) ** n_blocks > 20_000:  # blocks are drawn independently
        starts = [(s,) * n_blocks for s in range(n - length + 1)]
    draws = [
        (np.array(sequence)[:, None] + np.arange(length)).ravel()[:m]
        for sequence in starts
    ]
    bound = MovingBlockBootstrap(block_length=length, max_samples=m).bind(n)
    assert_allclose(bound.expected_weights, mean_counts(draws, n), atol=1e-12)


@pytest.mark.parametrize("replace", [True, False])
def test_mean_weights_of_strata_that_rounding_gave_more_or_less(replace):
    """Three of five rows from strata of 3 and 2: every draw of each, enumerated."""
    labels = np.array([0, 1, 0, 1, 0])
    bound = Bootstrap(stratify=labels, max_samples=3, replace=replace).bind(5)
    drawn = bound.rows(bound.seeds(0, 0, 1)[0])
    n_first = int((labels[drawn] == 0).sum())
    sequences = product([0, 2, 4], repeat=n_first), product([1, 3], repeat=3 - n_first)
    draws = [a + b for a, b in product(*sequences) if replace or len(set(a + b)) == 3]
    assert_allclose(bound.expected_weights, mean_counts(draws, 5))
    assert len(set(bound.expected_weights)) == 2


@pytest.mark.parametrize("replace", [True, False])
def test_strata_with_their_share_have_rows_that_weigh_alike(replace):
    bound = Bootstrap(stratify=LABELS, max_samples=12, replace=replace).bind(N)
    assert bound.expected_weights is None


MORE = {
    "unequal shares": (Bootstrap(stratify=GROUPS, max_samples=9), None),
    "unequal, whole": (
        Bootstrap(stratify=GROUPS, max_samples=9, replace=False),
        None,
    ),
    "short circular": (CircularBlockBootstrap(block_length=5, max_samples=7), None),
    "short moving": (MovingBlockBootstrap(block_length=5, max_samples=7), None),
}


@pytest.mark.parametrize(
    ("scheme", "groups"), [*SCHEMES.values(), *MORE.values()], ids=[*SCHEMES, *MORE]
)
def test_mean_weights_are_what_draws_have_on_average(scheme, groups):
    """z-tests of 24 rows, 17 schemes, 4,000 replicates: fails 4 seeds in 1,000,000.

    The bound is the normal quantile of 1e-8; balanced draws are right exactly.
    """
    bound = scheme.bind(N, None, groups)
    weights = bound.weight_rows(bound.seeds(0, 0, 4000))
    expected = bound.expected_weights
    if expected is None:
        expected = np.full(
            N, weights.mean() if bound.total is None else bound.total / N
        )
    error = weights.std(axis=0) / np.sqrt(4000)
    assert (
        np.abs(weights.mean(axis=0) - expected) <= norm.isf(0.5e-8) * error + 1e-12
    ).all()
