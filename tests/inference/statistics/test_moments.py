"""Functions of means: equal to numpy's on the same rows, however they are computed."""

from fractions import Fraction

import numpy as np
import pytest
from _twins import CASE_IDS, CASES, GROUPS, LABELS, SCHEMES, TABLE, N, X, Z, corr, ols
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from ensembles.inference._statistics import _moments
from ensembles.inference._statistics._moments import (
    Correlation,
    LeastSquares,
    Mean,
    Ratio,
    StandardDeviation,
    Variance,
)
from ensembles.inference._statistics._named import _parsed
from ensembles.resampling import (
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)
from ensembles.resampling._deletions import EachUnit

MOMENTS = [
    pytest.param(*case, id=name)
    for case, name in zip(CASES, CASE_IDS, strict=True)
    if case[0] not in ("gini", "median", ("quantile", 0.8))
]
every_statistic = pytest.mark.parametrize(("name", "data", "function"), MOMENTS)
every_scheme = pytest.mark.parametrize(
    ("scheme", "groups"), SCHEMES.values(), ids=SCHEMES
)
by_property = settings(max_examples=100, deadline=None, derandomize=True)
numbers = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


def bound_to(name, data):
    return _parsed(name)(*data)


@every_statistic
@pytest.mark.parametrize("of_groups", [False, True])
@pytest.mark.parametrize("strata", [None, np.arange(N) % 3])
def test_weight_moved_to_each_unit_is_that_of_rows(
    name, data, function, of_groups, strata, monkeypatch
):
    statistic, codes = bound_to(name, data), np.arange(N)
    if of_groups:
        codes = np.unique(GROUPS, return_inverse=True)[1]
    labels = None if strata is None else strata[: codes.max() + 1]
    deletions = EachUnit(codes, labels)
    n_units = deletions.n_units
    shares = np.linspace(-0.02, 0.03, n_units)
    same = np.ones((n_units, n_units)) if labels is None else labels[:, None] == labels
    weights = 1 - np.where(same, shares[:, None], 0.0)
    weights += np.diag(shares * same.sum(axis=1))
    expected = statistic.weighted(weights[:, codes])
    assert_allclose(statistic.towards(deletions, shares), expected, atol=1e-10)
    monkeypatch.setattr(_moments, "_BATCH_BYTES", 8 * 70)
    assert_allclose(statistic.towards(deletions, shares), expected, atol=1e-10)


def weighted_moments(t, w):
    """Mean and covariance of columns under weights, by their definitions."""
    share = w / w.sum()
    mean = share @ t
    deviations = t - mean
    return mean, (deviations * share[:, None]).T @ deviations


@every_statistic
def test_the_estimate_is_that_of_the_plain_function(name, data, function):
    statistic = bound_to(name, data)
    expected = function(*data)
    assert statistic.shape == np.shape(expected)
    assert len(statistic.names) == np.size(expected)
    assert_allclose(statistic.estimate(), np.ravel(expected), rtol=1e-13, atol=1e-13)


@every_statistic
@by_property
@given(counts=arrays(np.int64, N, elements=st.integers(0, 4)))
def test_counts_as_weights_are_rows_repeated(name, data, function, counts):
    assume(np.count_nonzero(counts) > 6)
    drawn = [np.repeat(array, counts, axis=0) for array in data]
    value = bound_to(name, data).weighted(counts[None].astype(float))
    assert_allclose(value[0], np.ravel(function(*drawn)), rtol=1e-10, atol=1e-10)


@by_property
@given(arrays(np.float64, N, elements=st.floats(1e-3, 9)))
def test_any_weights_enter_by_their_shares(weights):
    """Of the total n, as Dirichlet weights have; another total changes ddof alone."""
    mean, covariance = weighted_moments(TABLE, weights)
    spread = np.sqrt(np.diag(covariance))
    r = (covariance / np.outer(spread, spread))[np.triu_indices(3, 1)]
    root = np.sqrt(weights)
    design = np.column_stack([np.ones(N), TABLE[:, 1:]])
    line = np.linalg.lstsq(design * root[:, None], X * root, rcond=None)[0]
    total = weights.sum()
    expected = {
        Mean(TABLE): mean,
        Variance(TABLE, 0): spread**2,
        Variance(TABLE, 1): spread**2 * total / (total - 1) if total > 1 else np.nan,
        StandardDeviation(TABLE, 0): spread,
        Ratio(X, Z): mean[0] / mean[1],
        Correlation(TABLE): r,
        LeastSquares(TABLE[:, 1:], X): line,
    }
    for statistic, value in expected.items():
        (ours,) = statistic.weighted(weights[None])
        assert_allclose(ours, np.broadcast_to(value, ours.shape), rtol=1e-7, atol=1e-9)


@every_statistic
@every_scheme
def test_sums_over_draws_give_what_weights_give(name, data, function, scheme, groups):
    bound = scheme.bind(N, None, groups)
    seeds = bound.seeds(3, 0, 50)
    statistic = bound_to(name, data)
    expected = statistic.weighted(bound.weight_rows(seeds))
    assert_allclose(
        statistic.replicates(bound, seeds), expected, rtol=1e-10, atol=1e-10
    )


@every_statistic
def test_some_rows_taken_are_the_statistic_of_these_rows(name, data, function):
    rows = np.array([1, 1, 2, 3, 5, 8, 8, 8, 13, 21, 0, 23])
    taken = bound_to(name, data).take(rows)
    expected = np.ravel(function(*[array[rows] for array in data]))
    assert_allclose(taken.estimate(), expected, rtol=1e-12, atol=1e-12)
    assert_allclose(taken.take(np.arange(12)).estimate(), expected, atol=1e-12)


UNITS = {
    "rows": (Bootstrap(), None),
    "strata": (Bootstrap(stratify=LABELS), None),
    "groups": (GroupBootstrap(), GROUPS),
    "blocks": (MovingBlockBootstrap(block_length=5), None),
    "mean blocks": (StationaryBootstrap(block_length=3.5), None),
}


@every_statistic
@pytest.mark.parametrize(("scheme", "groups"), UNITS.values(), ids=UNITS)
def test_leaving_out_at_once_is_leaving_out_in_turn(
    name, data, function, scheme, groups
):
    deletions = scheme.bind(N, None, groups).deletions()
    statistic = bound_to(name, data)
    assert statistic.leaves_out_at_once(deletions)
    in_turn = [
        np.ravel(function(*[array[deletions.keeps(unit)] for array in data]))
        for unit in range(deletions.n_units)
    ]
    at_once = statistic.without(deletions)
    assert at_once.shape == (deletions.n_units, len(statistic.names))
    assert_allclose(at_once, in_turn, rtol=1e-11, atol=1e-12)


def exact_variance(values, ddof):
    """In fractions, so without any rounding."""
    exact = [Fraction(float(value)) for value in values]
    mean = sum(exact) / len(exact)
    return float(sum((v - mean) ** 2 for v in exact) / (len(exact) - ddof))


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e12])
def test_a_large_mean_costs_no_digits(offset):
    """Variances of resamples to 1e-9 where the mean is 1e12 times the spread."""
    x = np.random.default_rng(1).normal(size=40) + offset
    bound = Bootstrap().bind(40)
    seeds = bound.seeds(0, 0, 20)
    variances = Variance(x, 1).replicates(bound, seeds)[:, 0]
    exact = [exact_variance(x[bound.rows(seed)], 1) for seed in seeds]
    assert_allclose(variances, exact, rtol=1e-9)
    correlations = Correlation(x, 3 * x).replicates(bound, seeds)
    assert_allclose(correlations, 1, atol=1e-3 if offset else 1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_neither_tiny_nor_huge_units_matter(scale):
    bound = Bootstrap().bind(N)
    seeds = bound.seeds(0, 0, 20)
    pairs = [
        (Mean(X * scale), Mean(X), scale),
        (StandardDeviation(X * scale, 0), StandardDeviation(X, 0), scale),
        (Correlation(X * scale, Z), Correlation(X, Z), 1),
        (Ratio(X * scale, Z * scale), Ratio(X, Z), 1),
    ]
    for scaled, plain, factor in pairs:
        expected = plain.replicates(bound, seeds) * factor
        assert_allclose(scaled.replicates(bound, seeds), expected, rtol=1e-9)


def test_columns_of_a_regression_may_have_very_different_units():
    units = np.array([1e-8, 1e9])
    bound = Bootstrap().bind(N)
    seeds = bound.seeds(0, 0, 20)
    plain = LeastSquares(TABLE[:, 1:], X).replicates(bound, seeds)
    scaled = LeastSquares(TABLE[:, 1:] * units, X).replicates(bound, seeds)
    assert_allclose(scaled[:, 1:] * units, plain[:, 1:], rtol=1e-9)
    assert_allclose(scaled[:, 0], plain[:, 0], rtol=1e-9, atol=1e-12)


def test_a_regression_far_from_the_origin_keeps_its_slope():
    t = np.arange(40.0)
    y = 2 * t + 7 * t % 5  # whole numbers, which no shift rounds
    bound = Bootstrap().bind(40)
    seeds = bound.seeds(0, 0, 20)
    near = LeastSquares(t, y).replicates(bound, seeds)
    far = LeastSquares(t + 2.0**30, y + 2.0**40).replicates(bound, seeds)
    assert_allclose(far[:, 1], near[:, 1], rtol=1e-12)


DEGENERATE = [
    Bootstrap(),
    Bootstrap(max_samples=0.5, replace=False),
    PoissonBootstrap(),
    CircularBlockBootstrap(block_length=4),
    MovingBlockBootstrap(block_length=3),
]


@pytest.mark.parametrize("scheme", DEGENERATE, ids=repr)
@pytest.mark.parametrize("n", [20, 50, 200, 1000])
def test_a_column_that_is_constant_in_a_resample_has_no_correlation(scheme, n):
    """Not a tiny one, made of rounding errors; nor a slope."""
    rare = np.zeros(n)
    rare[3] = 1.0
    y = np.random.default_rng(0).normal(size=n)
    bound = scheme.bind(n)
    seeds = bound.seeds(0, 0, 200)
    weights = bound.weight_rows(seeds)
    constant = np.array([len(set(rare[w > 0])) < 2 for w in weights])
    assert constant.any()
    assert not constant.all()
    for statistic in (Correlation(rare, y), LeastSquares(rare, y)):
        for values in (
            statistic.replicates(bound, seeds),
            statistic.weighted(weights),
        ):
            assert_array_equal(np.isnan(values).any(axis=1), constant)


def test_a_resample_of_one_row_has_no_variance_with_a_ddof():
    weights = np.eye(N)[:2]
    assert_array_equal(Variance(X, 0).weighted(weights), [[0.0], [0.0]])
    assert np.isnan(Variance(X, 1).weighted(weights)).all()
    assert np.isnan(StandardDeviation(X, 3).weighted(3 * weights)).all()


@pytest.mark.parametrize("statistic", [Mean(X), Variance(X, 0), Ratio(X, Z)])
def test_a_resample_without_rows_has_no_value(statistic):
    assert np.isnan(statistic.weighted(np.zeros((2, N)))).all()


def test_a_resample_whose_denominator_is_zero_has_no_ratio():
    ratio = Ratio(np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 1.0]))
    assert np.isnan(ratio.weighted(np.array([[1.0, 1.0, 0.0]]))).all()


def test_too_few_distinct_rows_fix_no_slopes():
    weights = np.zeros((1, N))
    weights[0, :2] = N / 2
    assert np.isnan(LeastSquares(TABLE[:, 1:], X).weighted(weights)).all()
    assert np.isfinite(LeastSquares(TABLE[:, 1], X).weighted(weights)).all()


def test_a_correlation_never_leaves_its_range():
    """Of two rows it is 1 or -1 exactly, which rounding would pass."""
    weights = np.array([np.bincount([i, j], minlength=N) for i, j in PAIRS]) * 1.0
    values = Correlation(X, Z).weighted(weights)
    assert_allclose(np.abs(values), 1, atol=1e-9)
    assert np.abs(values).max() <= 1


PAIRS = [(i, j) for i in range(N) for j in range(i)]


@by_property
@given(
    arrays(np.float64, (12, 2), elements=numbers),
    st.floats(0.1, 100),
    st.floats(-1e3, 1e3),
)
def test_a_correlation_knows_no_units(table, scale, shift):
    assume((table.std(axis=0) > 1e-2).all())
    u, v = table.T
    (r,) = Correlation(u, v).estimate()
    (moved,) = Correlation(u * scale + shift, -v).estimate()
    assert_allclose(moved, -r, atol=1e-7)
    assert_allclose(r, corr(u, v), atol=1e-10)


def test_pairs_of_columns_come_in_the_order_of_their_names():
    statistic = Correlation(TABLE)
    assert list(statistic.names) == ["0,1", "0,2", "1,2"]
    for name, r in zip(statistic.names, statistic.estimate(), strict=True):
        i, j = map(int, name.split(","))
        assert_allclose(r, corr(TABLE[:, i], TABLE[:, j]))


def test_a_regression_on_one_column_is_a_line():
    ours = LeastSquares(Z, X).estimate()
    assert_allclose(ours, ols(Z[:, None], X), rtol=1e-12)
    slope = np.cov(Z, X)[0, 1] / Z.var(ddof=1)
    assert_allclose(ours, [X.mean() - slope * Z.mean(), slope], rtol=1e-12)


CONSTANT = {"zero": 0.0, "a tenth": 0.1, "a third": 1 / 3, "large": 1e9 + 0.1}


@pytest.mark.parametrize("value", CONSTANT.values(), ids=CONSTANT)
@pytest.mark.parametrize("n", [10, 1001, 30_000])
def test_constant_columns_are_an_error_whatever_rounding_makes_of_them(value, n):
    constant, y = np.full(n, value), np.random.default_rng(0).normal(size=n)
    with pytest.raises(ValueError, match="Column 1 is constant, so its correlation"):
        Correlation(y, constant)
    with pytest.raises(ValueError, match="Column 1 of X is constant or a combination"):
        LeastSquares(np.column_stack([y, constant]), y)
    with pytest.raises(ValueError, match="Column 0 of X is constant or a combination"):
        LeastSquares(constant, y)


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_columns_that_follow_from_others_are_an_error(shift):
    X3 = np.column_stack([TABLE, TABLE @ [1.0, -2.0, 0.5] + shift])
    message = "Column 3 of X is constant or a combination of the others.*Leave it out"
    with pytest.raises(ValueError, match=message):
        LeastSquares(X3, X)


def test_impossible_data_are_an_error():
    with pytest.raises(ValueError, match="mean of the denominator is 0"):
        Ratio(X[:2], np.array([-1.0, 1.0]))
    with pytest.raises(ValueError, match="needs two columns or more, got one"):
        Correlation(X)
    with pytest.raises(ValueError, match="on 3 columns needs more than 4 rows, got 4"):
        LeastSquares(TABLE[:4], X[:4])
