"""Statistics of statistics: side by side, in linear combination, of distinct rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare, multinomial, norm

from ensembles.inference._metrics._ranking import RocArea
from ensembles.inference._statistics import _combined
from ensembles.inference._statistics._combined import OfDistinctRows, joined, linear
from ensembles.inference._statistics._moments import Mean, Moments, Variance
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
)

by_property = settings(max_examples=60, deadline=None, derandomize=True)
exactly = {"rtol": 1e-12, "atol": 1e-12}
n = 40
rng = np.random.default_rng(0)
x = rng.normal(size=n)
positive, scores = rng.random(n) < 0.4, rng.integers(9, size=n) / 2
PARTS = {
    "moments": lambda: [Mean(x), Variance(x, 1), Mean(np.stack([x, x**2], axis=1))],
    "mixed": lambda: [Mean(x), RocArea(positive, scores, None, "area")],
}
every_kind = pytest.mark.parametrize("kind", PARTS)


def bound_to(scheme, y=None, groups=None, n_samples=n):
    return scheme.bind(n_samples, y, groups)


def counts_of(codes):
    """How often each distinct row stands, as a statistic of distinct rows."""
    return OfDistinctRows(Mean(np.eye(int(codes.max()) + 1)), codes)


@every_kind
def test_joined_statistics_are_the_parts_side_by_side(kind):
    parts = PARTS[kind]()
    together, bound = joined(parts), bound_to(Bootstrap())
    seeds, deletions = bound.seeds(1, 0, 30), bound.deletions()
    weights = bound.weight_rows(seeds)
    side_by_side = np.concatenate([one.weighted(weights) for one in parts], axis=1)
    assert_allclose(together.weighted(weights), side_by_side, **exactly)
    assert_allclose(together.replicates(bound, seeds), side_by_side, **exactly)
    assert_allclose(
        together.estimate(), np.concatenate([p.estimate() for p in parts]), **exactly
    )
    without = np.concatenate([one.without(deletions) for one in parts], axis=1)
    assert_allclose(together.without(deletions), without, **exactly)
    assert together.leaves_out_at_once(deletions)
    assert list(together.names) == [name for one in parts for name in one.names]
    assert together.shape == (len(together.names),)


@every_kind
def test_joined_statistics_of_some_rows_are_the_parts_of_these(kind):
    rows = np.array([0, 0, 3, 5, 7, 7, 7, 30, *range(10, 20)])
    taken = joined(PARTS[kind]()).take(rows)
    expected = np.concatenate([one.take(rows).estimate() for one in PARTS[kind]()])
    assert_allclose(taken.estimate(), expected, **exactly)


@every_kind
def test_linear_combinations_combine_values(kind):
    parts = PARTS[kind]()
    together, bound = joined(parts), bound_to(Bootstrap())
    matrix = np.random.default_rng(2).normal(size=(2, len(together.names)))
    combined = linear(joined(parts), matrix, ["a", "b"])
    seeds, deletions = bound.seeds(1, 0, 30), bound.deletions()
    weights, rows = bound.weight_rows(seeds), bound.rows(seeds[0])
    for ours, values in (
        (combined.weighted(weights), together.weighted(weights)),
        (combined.replicates(bound, seeds), together.replicates(bound, seeds)),
        (combined.without(deletions), together.without(deletions)),
        (combined.estimate(), together.estimate()),
        (combined.take(rows).estimate(), together.take(rows).estimate()),
    ):
        assert_allclose(ours, values @ matrix.T, **exactly)
    assert combined.shape == (2,)
    assert isinstance(combined, Moments) == (kind == "moments")


def test_one_statistic_joined_is_itself_and_one_combination_is_a_number():
    mean = Mean(x)
    assert joined([mean]) is mean
    assert linear(mean, np.array([[-1.0]]), ["minus"]).shape == ()


@by_property
@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.integers(0, 2**63))
def test_cells_drawn_fill_each_stratum(codes, entropy):
    codes = np.unique(codes, return_inverse=True)[1]
    y = np.arange(len(codes)) % 2
    bound = bound_to(Bootstrap(stratify="y"), y=y, n_samples=len(codes))
    # The stratum is part of the code, so its draws can be counted.
    distinct = np.unique(codes * 2 + y, return_inverse=True)
    statistic = counts_of(distinct[1])
    shares = statistic.replicates(bound, bound.seeds(entropy, 0, 8))
    counts = np.rint(shares * len(codes))
    assert_allclose(shares * len(codes), counts, atol=1e-9)
    assert_array_equal(counts[:, distinct[0] % 2 == 1].sum(axis=1), np.full(8, y.sum()))


def test_cells_drawn_have_the_law_of_a_multinomial():
    """All outcomes of 5 draws among cells of 4, 2 and 1 rows: chi-square."""
    codes = np.array([0, 1, 0, 2, 0, 1, 0])
    bound = Bootstrap(max_samples=5).bind(7, None, None)
    counts = np.rint(5 * counts_of(codes).replicates(bound, bound.seeds(11, 0, 40000)))
    outcomes, observed = np.unique(counts, axis=0, return_counts=True)
    expected = 40000 * multinomial(5, [4 / 7, 2 / 7, 1 / 7]).pmf(outcomes)
    assert expected.sum() == pytest.approx(40000)  # all of them were drawn
    assert chisquare(observed, expected).pvalue > 1e-4  # alarms falsely 1 time in 1e4


@pytest.mark.parametrize("stratified", [False, True])
def test_cells_drawn_stray_as_rows_drawn_do(stratified):
    """Means and covariances of counts: 14 z tests, false alarms 14 * 3e-6 < 1e-4."""
    rng = np.random.default_rng(3)
    codes, y = rng.integers(4, size=900), rng.random(900) < 0.3
    scheme = Bootstrap(stratify="y") if stratified else Bootstrap()
    bound = bound_to(scheme, y=y if stratified else None, n_samples=900)
    R = 20000
    cells = 900 * counts_of(codes).replicates(bound, bound.seeds(4, 0, R))
    strata = [y, ~y] if stratified else [np.ones(900, dtype=bool)]
    mean, covariance = np.zeros(4), np.zeros((4, 4))
    for stratum in strata:
        share = np.bincount(codes[stratum], minlength=4) / stratum.sum()
        mean += stratum.sum() * share
        covariance += stratum.sum() * (np.diag(share) - np.outer(share, share))
    most = norm.isf(1.5e-6)
    z = (cells.mean(axis=0) - mean) / np.sqrt(np.diag(covariance) / R)
    assert np.abs(z).max() < most
    deviations = cells - mean
    products = np.einsum("ij,ik->ijk", deviations, deviations)
    z = (products.mean(axis=0) - covariance) / (products.std(axis=0) / np.sqrt(R))
    assert np.abs(z).max() < most


BY_ROWS = {
    "weights": (BayesianBootstrap(), {}),
    "poisson": (PoissonBootstrap(), {}),
    "blocks": (MovingBlockBootstrap(block_length=5), {}),
    "groups": (GroupBootstrap(), {"groups": np.arange(n) // 3}),
    "subsample": (Bootstrap(max_samples=20, replace=False), {}),
}


@pytest.mark.parametrize("case", BY_ROWS)
def test_other_schemes_draw_rows_and_count_them(case):
    scheme, given = BY_ROWS[case]
    bound = bound_to(scheme, **given)
    codes = np.arange(n) % 3
    seeds = bound.seeds(1, 0, 25)
    ours = counts_of(codes).replicates(bound, seeds)
    weights = bound.weight_rows(seeds)
    expected = weights @ np.eye(3)[codes] / weights.sum(axis=1, keepdims=True)
    assert_allclose(ours, expected, **exactly)


@pytest.mark.parametrize("groups", [None, np.arange(n) // 3])
def test_numbers_of_distinct_rows_without_each_unit_equal_brute_force(groups):
    scheme = Bootstrap() if groups is None else GroupBootstrap()
    deletions = bound_to(scheme, groups=groups).deletions()
    codes = np.arange(n) ** 2 % 7
    codes = np.unique(codes, return_inverse=True)[1]
    statistic = counts_of(codes)
    without = statistic.without(deletions)
    assert statistic.leaves_out_at_once(deletions)
    for unit, values in enumerate(without):
        kept = codes[deletions.keeps(unit)]
        assert_allclose(values, np.bincount(kept, minlength=4) / len(kept), **exactly)


OWN = np.random.default_rng(8).uniform(0.1, 3.0, size=n)


def weighted_counts(codes):
    """Sums of the rows' own weights by distinct row, as shares."""
    return OfDistinctRows(Mean(np.eye(int(codes.max()) + 1)), codes, OWN)


@pytest.mark.parametrize("case", ["rows", *BY_ROWS])
def test_rows_of_weights_of_their_own_count_by_weight(case):
    scheme, given = BY_ROWS.get(case, (Bootstrap(stratify=np.arange(n) % 2), {}))
    bound, codes = bound_to(scheme, **given), np.arange(n) % 3
    seeds = bound.seeds(1, 0, 25)
    statistic = weighted_counts(codes)
    weights = bound.weight_rows(seeds) * OWN
    expected = weights @ np.eye(3)[codes] / weights.sum(axis=1, keepdims=True)
    assert_allclose(statistic.replicates(bound, seeds), expected, **exactly)
    assert_allclose(statistic.of_rows_drawn(bound, seeds), expected, **exactly)
    of_data = np.bincount(codes, OWN) / OWN.sum()
    assert_allclose(statistic.estimate(), of_data, **exactly)
    taken = statistic.take(np.array([4, 4, 0]))
    shares = taken.estimate()[:2] * (2 * OWN[4] + OWN[0])
    assert_allclose(shares, [OWN[0], 2 * OWN[4]])


@pytest.mark.parametrize("scheme", [Bootstrap(), MovingBlockBootstrap(block_length=5)])
@pytest.mark.parametrize("own", [False, True])
def test_units_are_left_out_a_few_codes_at_a_time(monkeypatch, scheme, own):
    codes = np.unique(np.arange(n) ** 2 % 7, return_inverse=True)[1]
    statistic = weighted_counts(codes) if own else counts_of(codes)
    deletions = bound_to(scheme).deletions()
    weight = OWN if own else np.ones(n)
    expected = []
    for unit in range(deletions.n_units):
        kept = deletions.keeps(unit)
        sums = np.bincount(codes[kept], weight[kept], minlength=4)
        expected.append(sums / sums.sum())
    assert_allclose(statistic.without(deletions), expected, **exactly)
    monkeypatch.setattr(_combined, "_COLUMN_BYTES", 1)
    assert_allclose(statistic.without(deletions), expected, **exactly)
    weights = np.random.default_rng(0).random((3, n))
    by_code = (weights * weight) @ np.eye(4)[codes]
    by_code /= by_code.sum(axis=1, keepdims=True)
    assert_allclose(statistic.weighted(weights), by_code, **exactly)


def test_distinct_rows_of_some_rows_are_those_that_are_left():
    codes = np.array([0, 1, 2, 1, 0, 2])
    statistic = OfDistinctRows(Mean(np.array([10.0, 20.0, 40.0])), codes)
    rows = np.array([0, 2, 2, 4])
    assert statistic.take(rows).estimate() == pytest.approx([25.0])
    assert statistic.take(rows).n_distinct == 2


def test_cells_are_made_anew_for_other_draws():
    codes = np.arange(n) % 3
    statistic = counts_of(codes)
    many, few = bound_to(Bootstrap()), bound_to(Bootstrap(max_samples=6))
    seeds = many.seeds(1, 0, 4)
    first = statistic.replicates(many, seeds)
    drawn = 6 * statistic.replicates(few, seeds)
    assert_allclose(drawn, np.rint(drawn), atol=1e-9)
    assert_array_equal(statistic.replicates(many, seeds), first)
