"""Replicates of arrays, and replicates of replicates."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _twins import GROUPS, LABELS, ROW_SCHEMES, SCHEMES, TABLE, N, X, Z
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import norm

from ensembles.exceptions import InvalidParameterError
from ensembles.inference._intervals import jackknife_acceleration
from ensembles.inference._statistics._sources import source_of
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

every_row_scheme = pytest.mark.parametrize(
    ("scheme", "groups"), ROW_SCHEMES.values(), ids=ROW_SCHEMES
)


def aligned(*arrays, scheme=None, groups=None):
    return source_of(arrays, scheme, True, groups)


def separate(*arrays, scheme=None):
    return source_of(arrays, scheme, False, None)


@every_row_scheme
def test_a_sample_is_the_rows_drawn_of_every_array(scheme, groups):
    source = aligned(X, TABLE, scheme=scheme, groups=groups)
    for seed in source.seeds(5, 0, 6):
        rows = source.bound.rows(seed)
        x, table = source.sample(seed)
        assert_array_equal(x, X[rows])
        assert_array_equal(table, TABLE[rows])


def test_a_sample_keeps_the_container():
    frame, polars = pd.DataFrame(TABLE), pl.DataFrame({"u": X})
    sparse, series = csr_array(TABLE), pl.Series(X)
    source = aligned(frame, polars, sparse, frame[0], series, list(X))
    drawn = source.sample(source.seeds(0, 0, 1)[0])
    kinds = [pd.DataFrame, pl.DataFrame, csr_array, pd.Series, pl.Series, np.ndarray]
    assert [type(one) for one in drawn] == kinds
    for one in (drawn[0][0], drawn[1]["u"], drawn[3], drawn[4]):
        assert_array_equal(one, drawn[5])


def test_the_scheme_left_open_draws_rows_or_whole_groups():
    assert isinstance(aligned(X).scheme, Bootstrap)
    assert isinstance(aligned(X, groups=GROUPS).scheme, GroupBootstrap)


def test_a_scheme_that_stratifies_by_y_takes_the_last_array():
    source = aligned(X, LABELS, scheme=Bootstrap(stratify="y"))
    for seed in source.seeds(0, 0, 5):
        _, y = source.sample(seed)
        assert_array_equal(np.bincount(y), np.bincount(LABELS))


def test_samples_apart_are_drawn_independently():
    """z-test of the product of two means, 4,000 replicates: 1 seed in 10,000."""
    source = separate(X, X)
    pairs = [source.sample(seed) for seed in source.seeds(0, 0, 4000)]
    first, second = (np.array([p[j].mean() for p in pairs]) for j in (0, 1))
    products = (first - X.mean()) * (second - X.mean())
    assert abs(products.mean()) < norm.isf(0.5e-4) * products.std() / np.sqrt(4000)


def test_samples_apart_may_differ_in_length():
    source = separate(X, Z[:7], scheme=StationaryBootstrap())
    x, z = source.sample(source.seeds(0, 0, 1)[0])
    assert (len(x), len(z)) == (N, 7)
    assert set(z) <= set(Z[:7])
    assert source.n_units == 4  # blocks of two rows
    assert source.sizes_are_fixed
    assert not separate(X, Z, scheme=PoissonBootstrap()).sizes_are_fixed


def test_stacked_samples_are_the_samples():
    for source in (aligned(X, Z), separate(X, Z[:9])):
        seeds = source.seeds(3, 0, 4)
        for j, stacked in enumerate(source.stacked(seeds)):
            expected = [source.sample(seed)[j] for seed in seeds]
            assert_array_equal(stacked, expected)


def test_one_array_has_no_other_to_be_apart_from():
    of_one = separate(X)
    together = aligned(X)
    for seed in together.seeds(0, 0, 3):
        assert_array_equal(of_one.sample(seed)[0], together.sample(seed)[0])
    assert source_of((X,), None, False, GROUPS).n_units == len(set(GROUPS))


@pytest.mark.parametrize("paired", [True, False])
def test_balanced_draws_cannot_go_on(paired):
    source = source_of((X, Z), Bootstrap(balanced=True), paired, None)
    assert not source.can_go_on
    assert source_of((X, Z), None, paired, None).can_go_on


# Replicates of replicates.


def inner_rows(source, n_replicates=40):
    """Rows of the data that second-level replicates hold, for each first-level one."""
    for seed in source.seeds(5, 0, n_replicates):
        first = source.sample(seed)[0]
        inner = source.resampled(seed)
        assert_array_equal(inner.arrays[0], first)
        yield first, [inner.sample(one)[0] for one in inner.seeds(7, 0, 3)]


@every_row_scheme
def test_a_replicate_is_drawn_from_as_the_data_were(scheme, groups):
    numbers = np.arange(N)
    source = aligned(numbers, scheme=scheme, groups=groups)
    for first, inner in inner_rows(source):
        for rows in inner:
            assert set(rows) <= set(first)


LAYOUTS = {
    "side by side": np.repeat([0, 1, 2], 8),
    "in turn": np.arange(N) % 3,
    "shuffled": np.random.default_rng(2).permutation(np.repeat([0, 1, 2], [2, 7, 15])),
}


@pytest.mark.parametrize("labels", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize(
    "params", [{}, {"balanced": True}, {"max_samples": 12}], ids=str
)
@pytest.mark.parametrize("by_y", [True, False])
def test_strata_keep_their_sizes_at_the_second_level(labels, params, by_y):
    if by_y:
        source = aligned(labels, scheme=Bootstrap(stratify="y", **params))
    else:
        source = aligned(labels, scheme=Bootstrap(stratify=labels, **params))
    for first, inner in inner_rows(source):
        share = np.bincount(first, minlength=3) * len(inner[0]) / len(first)
        for rows in inner:
            assert np.abs(np.bincount(rows, minlength=3) - share).max() < 1


def test_the_user_s_scheme_is_left_as_it_is():
    scheme = Bootstrap(stratify=LABELS, max_samples=12)
    source = aligned(X, scheme=scheme)
    source.resampled(source.seeds(0, 0, 1)[0])
    assert scheme.stratify is LABELS
    assert scheme.max_samples == 12


@pytest.mark.parametrize("share", [12, 0.5])
@pytest.mark.parametrize(
    "scheme",
    [Bootstrap(), Bootstrap(replace=False), CircularBlockBootstrap(block_length=3)],
    ids=repr,
)
def test_a_number_of_rows_and_a_share_of_them_say_the_same(scheme, share):
    """12 of 24 rows, then 6 of these 12."""
    scheme = scheme.__class__(**{**scheme.get_params(), "max_samples": share})
    for first, inner in inner_rows(aligned(np.arange(N), scheme=scheme)):
        assert len(first) == 12
        assert {len(rows) for rows in inner} == {6}


@pytest.mark.parametrize("labels", [GROUPS, [f"{g}" for g in GROUPS], "mixed"])
def test_copies_of_a_group_are_groups_of_their_own(labels):
    if isinstance(labels, str):
        labels = np.array([g if g % 2 else f"{g}" for g in GROUPS], dtype=object)
    source = aligned(GROUPS, scheme=GroupBootstrap(), groups=labels)
    sizes = {label: (label == GROUPS).sum() for label in set(GROUPS)}
    for seed in source.seeds(0, 0, 20):
        inner = source.resampled(seed)
        counts = np.bincount(inner.groups)[1:]
        assert len(counts) == len(sizes)
        for number, count in enumerate(counts, start=1):
            (label,) = set(inner.arrays[0][inner.groups == number])
            assert count == sizes[label]


def test_weights_are_drawn_around_weights():
    """Mean and variance of second-level Dirichlet weights, given the first.

    z-tests, 24 rows: bound at 1e-7 each, so 5 seeds in 1,000,000.
    """
    source = aligned(X, scheme=BayesianBootstrap(alpha=2.0))
    seed = source.seeds(5, 0, 1)[0]
    first = source.bound.weights(seed)
    inner = source.resampled(seed)
    assert_array_equal(inner.arrays[0], X)
    second = inner.bound.weight_rows(inner.seeds(7, 0, 6000))
    assert_allclose(second.sum(axis=1), N)
    assert_allclose(inner.bound.expected_weights, first)
    z = norm.isf(0.5e-7)
    error = second.std(axis=0) / np.sqrt(6000)
    assert (np.abs(second.mean(axis=0) - first) < z * error).all()
    squares = (second - first) ** 2
    variance = first * (N - first) / (2.0 * N + 1)
    error = squares.std(axis=0) / np.sqrt(6000)
    assert (np.abs(squares.mean(axis=0) - variance) < z * error).all()


# Jackknife.


@pytest.mark.parametrize("name", ["rows", "strata", "groups", "moving", "stationary"])
def test_a_jackknife_leaves_out_the_scheme_s_units(name):
    scheme, groups = ROW_SCHEMES[name]
    source = aligned(X, Z, scheme=scheme, groups=groups)
    values, overlap = source.jackknife(
        lambda x, z: np.array([x.mean() / z.mean()]), 200
    )
    deletions = source.bound.deletions()
    expected = [
        X[kept].mean() / Z[kept].mean()
        for kept in map(deletions.keeps, range(deletions.n_units))
    ]
    expected = deletions.by_stratum(np.array(expected)[:, None])
    assert overlap == deletions.overlap
    for ours, theirs in zip(values, expected, strict=True):
        assert_allclose(ours, theirs, rtol=1e-14)


def test_a_jackknife_of_samples_apart_leaves_out_of_one_at_a_time():
    source = separate(X, Z[:7])
    values, overlap = source.jackknife(
        lambda x, z: np.array([x.mean() - z.mean()]), 200
    )
    first = [np.delete(X, i).mean() - Z[:7].mean() for i in range(N)]
    second = [X.mean() - np.delete(Z[:7], i).mean() for i in range(7)]
    assert overlap == 1
    assert_allclose(values[0][:, 0], first)
    assert_allclose(values[1][:, 0], second)


def test_the_acceleration_of_two_samples_is_the_published_one():
    """scipy's test of a two-sample mean difference: 0.011008228344026734."""
    y = np.array([10, 27, 31, 40, 46, 50, 52, 104, 146.0])
    z = np.array([16, 23, 38, 94, 99, 141, 197.0])
    source = separate(z, y)
    values, _ = source.jackknife(lambda a, b: np.array([a.mean() - b.mean()]), 200)
    assert_allclose(jackknife_acceleration(values), 0.011008228344026734, rtol=1e-12)


def test_of_many_units_sets_are_left_out():
    source = aligned(np.arange(1000.0))
    values, _ = source.jackknife(lambda x: np.array([float(len(x))]), 200)
    assert_array_equal(values[0], np.full((200, 1), 995.0))


# What is an error.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ((), "bootstrap needs at least one array of data, got none"),
        (([],), "needs at least two rows, got 0"),
        (([3.0],), "needs at least two rows, got 1"),
        ((X, [3.0]), "needs at least two rows, got 1"),
        ((X, Z[:9]), r"same number of rows, got \[24, 9\]. .* set paired=False"),
        (([[1.0, 2.0], [3.0]],), "must have entries of one length"),
    ],
)
def test_data_that_cannot_be_resampled_are_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        aligned(*call)


@pytest.mark.parametrize("value", [3.0, None])
def test_data_that_have_no_rows_are_an_error(value):
    with pytest.raises(TypeError, match="Expected sequence or array-like"):
        aligned(value)


@pytest.mark.parametrize("scheme", ["rows", Bootstrap, 5])
def test_a_scheme_that_is_none_is_an_error(scheme):
    message = "'scheme' parameter of bootstrap must be a scheme of ensembles.resampling"
    with pytest.raises(InvalidParameterError, match=message):
        aligned(X, scheme=scheme)


@pytest.mark.parametrize(
    "scheme", [Bootstrap(), StationaryBootstrap(), PoissonBootstrap()], ids=repr
)
def test_groups_that_a_scheme_would_tear_apart_are_an_error(scheme):
    message = (
        f"{type(scheme).__name__} does not keep groups whole, so .* GroupBootstrap"
    )
    with pytest.raises(ValueError, match=message):
        aligned(X, scheme=scheme, groups=GROUPS)


def test_groups_of_samples_apart_are_an_error():
    message = "does not keep groups whole with paired=False"
    with pytest.raises(ValueError, match=message):
        source_of((X, Z), None, False, GROUPS)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (None, "'groups' parameter should not be None"),
        (np.zeros(N), "needs at least two groups, got one"),
        (GROUPS[:9], "groups must have one entry for each of 24 rows, got 9"),
    ],
)
def test_groups_that_do_not_fit_are_an_error(groups, message):
    with pytest.raises(ValueError, match=message):
        aligned(X, scheme=GroupBootstrap(), groups=groups)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(
    "scheme",
    [
        Bootstrap(replace=False),
        Bootstrap(max_samples=24, replace=False),
        Bootstrap(stratify=np.arange(N)),
        CircularBlockBootstrap(block_length=N),
        MovingBlockBootstrap(block_length=N),
    ],
    ids=["whole", "24 of 24", "strata of one", "circular", "moving"],
)
def test_schemes_that_leave_no_row_out_tell_no_error(scheme, paired):
    message = r"holds each of the 24 rows, so|do not\. Take a bootstrap"
    with pytest.raises(ValueError, match=message):
        source_of((X, Z), scheme, paired, None)


@pytest.mark.parametrize(("scheme", "groups"), SCHEMES.values(), ids=SCHEMES)
def test_whether_replicates_can_be_had_as_arrays(scheme, groups):
    source = aligned(X, scheme=scheme, groups=groups)
    assert source.draws_rows is not isinstance(scheme, BayesianBootstrap)
