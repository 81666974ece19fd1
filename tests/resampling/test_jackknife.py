"""Units deleted one after another."""

import pickle
import re
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneGroupOut,
    LeaveOneOut,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)

from ensembles import BaggingRegressor
from ensembles.exceptions import InvalidParameterError
from ensembles.resampling._jackknife import (
    BaseJackknife,
    BlockJackknife,
    GroupJackknife,
    Jackknife,
)

N = 17
X = np.random.default_rng(0).normal(size=(N, 2))
Y = X[:, 0] + 0.1 * np.random.default_rng(1).normal(size=N)
GROUPS = np.array(list("badacabdcaacadada"))

# With the rows that each deletes, in order; those of random groups depend on the seed.
DELETED = {
    Jackknife(): [[i] for i in range(N)],
    GroupJackknife(): [np.flatnonzero(g == GROUPS).tolist() for g in "abcd"],
    BlockJackknife(5): [list(range(i, i + 5)) for i in range(13)],
    BlockJackknife(): [list(range(i, i + 3)) for i in range(15)],
    BlockJackknife(5, overlapping=False): [
        list(range(a, b)) for a, b in [(0, 5), (5, 10), (10, 15), (15, 17)]
    ],
    BlockJackknife(1, overlapping=False): [[i] for i in range(N)],
}
NAMED = [
    pytest.param(scheme, units, id=repr(scheme)) for scheme, units in DELETED.items()
]
SCHEMES = [*DELETED, Jackknife(4, random_state=0), BlockJackknife(7, gap=2)]
every_named = pytest.mark.parametrize(("scheme", "deleted"), NAMED)
every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
by_property = settings(max_examples=100, deadline=None, derandomize=True)
pytestmark = pytest.mark.filterwarnings("ignore:The groups parameter is ignored")


def kept(scheme, n=N, groups=GROUPS):
    return list(scheme.iter_indices(range(n), groups=groups))


def means(scheme, x, groups=None):
    return [x[rows].mean(axis=0) for rows in scheme.iter_indices(x, groups=groups)]


def same(first, second):
    return len(first) == len(second) and all(map(np.array_equal, first, second))


@every_named
def test_each_replicate_lacks_one_unit(scheme, deleted):
    complement = [np.setdiff1d(np.arange(N), unit) for unit in deleted]
    assert same(kept(scheme), complement)


@every_named
def test_split_tests_on_the_unit_that_is_deleted(scheme, deleted):
    folds = list(scheme.split(X, Y, GROUPS))
    assert same([train for train, _ in folds], kept(scheme))
    assert same([test for _, test in folds], deleted)


@every_scheme
def test_weights_are_one_for_rows_that_are_kept(scheme):
    weights = np.concatenate(list(scheme.iter_weights(X, groups=GROUPS, batch_size=2)))
    assert weights.dtype == np.float64
    assert_array_equal(
        weights, [np.bincount(rows, minlength=N) for rows in kept(scheme)]
    )


@every_scheme
def test_get_n_splits_counts_what_split_yields(scheme):
    n_splits = scheme.get_n_splits(X, Y, GROUPS)
    assert type(n_splits) is int
    assert n_splits == len(list(scheme.split(X, Y, GROUPS))) == len(kept(scheme))


@by_property
@given(st.integers(2, 60), st.integers(1, 59))
def test_the_number_of_blocks(n, length):
    if length < n:
        assert BlockJackknife(length).get_n_splits(range(n)) == n - length + 1
        side_by_side = BlockJackknife(length, overlapping=False)
        assert side_by_side.get_n_splits(range(n)) == -(-n // length)


def test_get_n_splits_needs_what_the_units_are_made_of():
    for scheme in (Jackknife(), Jackknife(3), BlockJackknife(2)):
        with pytest.raises(ValueError, match="The 'X' parameter should not be None"):
            scheme.get_n_splits()
    for arguments in ({}, {"X": X}):
        with pytest.raises(ValueError, match="The 'groups' parameter should not be No"):
            GroupJackknife().get_n_splits(**arguments)
    assert GroupJackknife().get_n_splits(groups=GROUPS) == 4


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Jackknife(), LeaveOneOut()), (GroupJackknife(), LeaveOneGroupOut())],
    ids=["rows", "groups"],
)
def test_folds_are_those_of_scikit_learn(ours, theirs):
    pairs = zip(ours.split(X, Y, GROUPS), theirs.split(X, Y, GROUPS), strict=True)
    for fold, fold_of_theirs in pairs:
        assert same(fold, fold_of_theirs)


@by_property
@given(st.integers(2, 80), st.data())
def test_random_groups_share_out_the_rows_in_nearly_equal_numbers(n, data):
    m = data.draw(st.integers(2, n))
    seed = data.draw(st.integers(0, 2**63))
    folds = list(Jackknife(m, random_state=seed).split(range(n)))
    assert len(folds) == m
    assert_array_equal(np.sort(np.concatenate([t for _, t in folds])), np.arange(n))
    assert {len(test) for _, test in folds} <= {n // m, -(-n // m)}
    for train, test in folds:
        assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(n))


def test_random_groups_follow_from_random_state():
    assert same(kept(Jackknife(4, random_state=3)), kept(Jackknife(4, random_state=3)))
    for other in (4, None):
        with_other = kept(Jackknife(4, random_state=other))
        assert not same(kept(Jackknife(4, random_state=3)), with_other)


def test_rows_come_into_one_random_group_by_chance():
    """Row 0 with each of 29 others, of which 9: 3,000 seeds, fails 1 in 10,000."""
    together = np.zeros(30)
    for seed in range(3000):
        _, test = next(
            fold
            for fold in Jackknife(3, random_state=seed).split(range(30))
            if 0 in fold[1]
        )
        together[test] += 1
    z = (together[1:] - 3000 * 9 / 29) / np.sqrt(3000 * 9 / 29 * 20 / 29)
    assert np.abs(z).max() < 4.65  # 29 tests


def test_single_rows_and_blocks_are_not_random():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for scheme in DELETED:
        assert same(kept(scheme), kept(scheme))
        bound = scheme.bind(N, groups=GROUPS)
        assert str(bound.seeds(1, 0, 4)) == str(bound.seeds(2, 0, 4))
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@every_scheme
def test_a_bound_jackknife_deletes_purely_from_any_range_of_seeds(scheme):
    bound = scheme.bind(N, groups=GROUPS)
    seeds = bound.seeds(7, 0, 4)
    first = [bound.rows(seed) for seed in seeds]
    assert same(first, [bound.rows(seed) for seed in seeds])
    assert same(first[1:3], [bound.rows(seed) for seed in bound.seeds(7, 1, 3)])
    there, seeds_there = pickle.loads(pickle.dumps((bound, seeds)))
    assert same(first, [there.rows(seed) for seed in seeds_there])
    assert same(
        [bound.weights(seed) for seed in seeds],
        [there.weights(seed) for seed in seeds_there],
    )


@every_scheme
def test_clone_repr_pickle_and_params(scheme):
    for copy in (
        clone(scheme),
        pickle.loads(pickle.dumps(scheme)),
        eval(repr(scheme), {type(scheme).__name__: type(scheme)}),
    ):
        assert copy is not scheme
        assert copy.get_params() == scheme.get_params()
        assert same(kept(copy), kept(scheme))
    assert "n_resamples" not in scheme.get_params()


@every_scheme
@pytest.mark.parametrize(
    "container",
    [list, pd.DataFrame, pl.DataFrame, csr_array],
    ids=["list", "pandas", "polars", "sparse"],
)
def test_containers_do_not_matter(scheme, container):
    rows = scheme.iter_indices(container(X), groups=list(GROUPS))
    assert same(list(rows), kept(scheme))


@pytest.mark.parametrize(
    "container",
    [list, pd.Series, pl.Series, pd.Categorical],
    ids=["list", "pandas", "polars", "categorical"],
)
def test_groups_come_in_any_container(container):
    rows = GroupJackknife().iter_indices(X, groups=container(GROUPS))
    assert same(list(rows), kept(GroupJackknife()))


@every_scheme
def test_scikit_learn_takes_a_jackknife_as_cv(scheme):
    scores = cross_val_score(
        Ridge(), X, Y, cv=scheme, groups=GROUPS, scoring="neg_mean_squared_error"
    )
    assert len(scores) == scheme.get_n_splits(X, Y, GROUPS)
    search = GridSearchCV(
        Ridge(), {"alpha": [0.1, 1e3]}, cv=scheme, scoring="neg_mean_squared_error"
    )
    assert search.fit(X, Y, groups=GROUPS).best_params_ == {"alpha": 0.1}
    assert search.n_splits_ == len(scores)


def test_metadata_routing_passes_groups_to_the_jackknife_of_groups():
    with config_context(enable_metadata_routing=True):
        result = cross_validate(
            Ridge(),
            X,
            Y,
            cv=GroupJackknife(),
            params={"groups": GROUPS},
            scoring="neg_mean_squared_error",
        )
    assert len(result["test_score"]) == 4


def test_members_of_a_bag_lack_one_unit_each():
    bag = BaggingRegressor(Ridge(), N, scheme=Jackknife(), oob_score=True).fit(X, Y)
    predicted = cross_val_predict(Ridge(), X, Y, cv=LeaveOneOut())
    assert_allclose(bag.oob_prediction_, predicted)


def test_more_members_than_units_are_an_error():
    bag = BaggingRegressor(n_estimators=N + 1, scheme=Jackknife())
    message = (
        f"has {N} replicates of these {N} rows, and {N + 1} are asked for. Lower n_est"
    )
    with pytest.raises(ValueError, match=message):
        bag.fit(X, Y)


@pytest.mark.parametrize("overlapping", [True, False])
@pytest.mark.parametrize("gap", [1, 2])
def test_gap_takes_rows_at_the_joints_out_of_the_test_set_only(gap, overlapping):
    plain = BlockJackknife(7, overlapping=overlapping)
    gapped = clone(plain).set_params(gap=gap)
    pairs = zip(plain.split(X), gapped.split(X), strict=True)
    for (train, test), (train_of_gapped, test_of_gapped) in pairs:
        assert_array_equal(train, train_of_gapped)
        apart = [i for i in test if np.abs(train - i).min() > gap]
        assert_array_equal(test_of_gapped, apart)


@pytest.mark.parametrize(
    ("scheme", "shortest"),
    [
        (BlockJackknife(4, gap=2), 4),
        (BlockJackknife(16, gap=16), 16),
        (BlockJackknife(5, overlapping=False, gap=2), 2),
        (BlockJackknife(1, gap=1), 1),
    ],
    ids=repr,
)
def test_a_gap_that_leaves_no_row_to_test_on_is_an_error(scheme, shortest):
    message = (
        f"gap={scheme.gap} leaves no row to test on of a block of {shortest} rows. "
        "Lengthen block_length, shorten gap"
    )
    with pytest.raises(ValueError, match=message):
        next(scheme.split(X))


@pytest.mark.parametrize(
    "scheme",
    [BlockJackknife(5, gap=2), BlockJackknife(16, gap=15)],
    ids=repr,
)
def test_the_largest_gap_leaves_one_row_to_test_on(scheme):
    assert min(len(test) for _, test in scheme.split(X)) == 1


def exact(x):
    return np.array([Fraction(int(value)) for value in x])


def plain_pseudo_values(x, statistic, units):
    """Busing, Meijer & van der Leeden (1999), unit by unit, in fractions."""
    n, g = len(x), len(units)
    whole = statistic(x)
    without = [statistic(np.delete(x, unit)) for unit in units]
    h = [Fraction(n, len(unit)) for unit in units]
    estimate = g * whole - sum(
        (1 - 1 / h_j) * t_j for h_j, t_j in zip(h, without, strict=True)
    )
    pseudo = [
        h_j * whole - (h_j - 1) * t_j for h_j, t_j in zip(h, without, strict=True)
    ]
    variance = sum(
        (p - estimate) ** 2 / (h_j - 1) for p, h_j in zip(pseudo, h, strict=True)
    )
    return float(whole - estimate), float(variance / g) ** 0.5


def mean_square(x):
    return sum(x) / len(x) * (sum(x) / len(x)) + sum(x * x) / len(x)


@by_property
@given(
    st.lists(st.integers(-99, 99), min_size=3, max_size=25),
    st.lists(st.integers(0, 5), min_size=25, max_size=25),
)
def test_groups_of_any_sizes_give_the_weighted_pseudo_values(values, labels):
    groups = np.array(labels[: len(values)])
    groups[:2] = [0, 1]
    x = exact(values)
    units = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    bias, error = plain_pseudo_values(x, mean_square, units)
    scheme = GroupJackknife()
    replicates = [
        float(mean_square(x[rows])) for rows in scheme.iter_indices(x, groups=groups)
    ]
    given = {"estimate": float(mean_square(x)), "groups": groups}
    assert scheme.bias(replicates, x, **given) == pytest.approx(bias, abs=1e-7)
    assert scheme.standard_error(replicates, x, **given) == pytest.approx(
        error, abs=1e-7
    )


@by_property
@given(st.integers(2, 40), st.integers(0, 2**32))
def test_the_error_of_a_mean_is_that_of_textbooks(n, seed):
    x = np.random.default_rng(seed).normal(size=n)
    error = Jackknife().standard_error(means(Jackknife(), x), x)
    assert error == pytest.approx(x.std(ddof=1) / np.sqrt(n))


@by_property
@given(st.integers(2, 40), st.integers(0, 2**32))
def test_less_its_bias_the_plug_in_variance_is_the_unbiased_one(n, seed):
    x = np.random.default_rng(seed).normal(size=n)
    replicates = [x[rows].var() for rows in Jackknife().iter_indices(x)]
    bias = Jackknife().bias(replicates, x, estimate=x.var())
    assert x.var() - bias == pytest.approx(x.var(ddof=1))


PARTITIONS = [
    Jackknife(),
    Jackknife(4, random_state=0),
    GroupJackknife(),
    BlockJackknife(5, overlapping=False),
]


@pytest.mark.parametrize("scheme", PARTITIONS, ids=repr)
def test_a_mean_has_no_bias_whatever_the_sizes(scheme):
    bias = scheme.bias(means(scheme, Y, GROUPS), X, estimate=Y.mean(), groups=GROUPS)
    assert bias == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("scheme", "x"),
    [
        (Jackknife(), Y),
        (Jackknife(4, random_state=0), Y[:16]),
        (BlockJackknife(4, overlapping=False), Y[:16]),
    ],
    ids=repr,
)
def test_equal_units_need_no_estimate(scheme, x):
    replicates = means(scheme, x)
    g = len(replicates)
    tukey = np.sqrt((g - 1) / g * ((replicates - np.mean(replicates)) ** 2).sum())
    assert scheme.standard_error(replicates, x) == pytest.approx(tukey)
    for estimate in (x.mean(), 1e3):
        error = scheme.standard_error(replicates, x, estimate=estimate)
        assert error == pytest.approx(tukey, rel=1e-9)


@pytest.mark.parametrize("scheme", PARTITIONS[1:], ids=repr)
def test_unequal_units_need_the_estimate(scheme):
    with pytest.raises(ValueError, match=r"of all rows\. Give it as estimate"):
        scheme.standard_error(means(scheme, Y, GROUPS), X, groups=GROUPS)


def test_blocks_of_one_row_are_rows():
    replicates = means(Jackknife(), Y)
    error = Jackknife().standard_error(replicates, Y)
    for overlapping in (True, False):
        scheme = BlockJackknife(1, overlapping=overlapping)
        assert same(kept(scheme), kept(Jackknife()))
        assert scheme.standard_error(replicates, Y) == pytest.approx(error)


def test_groups_of_one_row_are_rows():
    replicates = means(Jackknife(), Y)
    groups = np.arange(N)
    for method in ("standard_error", "bias"):
        of_groups, of_rows = (
            getattr(scheme, method)(replicates, Y, estimate=0.3, groups=groups)
            for scheme in (GroupJackknife(), Jackknife())
        )
        assert of_groups == pytest.approx(of_rows)


@by_property
@given(st.integers(2, 60), st.integers(1, 59), st.integers(0, 2**32))
def test_overlapping_blocks_tell_the_spread_of_block_means(n, length, seed):
    """Künsch (1989): l / n times the variance of all block means, less the mean's."""
    if length >= n:
        return
    x = np.random.default_rng(seed).normal(size=n)
    blocks = np.lib.stride_tricks.sliding_window_view(x, length).mean(axis=1)
    expected = np.sqrt(length / (n - length) * blocks.var())
    scheme = BlockJackknife(length)
    assert scheme.standard_error(means(scheme, x), x) == pytest.approx(expected)


def test_overlapping_blocks_tell_no_bias():
    scheme = BlockJackknife(5)
    message = "Blocks that overlap tell no bias.*Take BlockJackknife.overlapping=False"
    with pytest.raises(ValueError, match=message):
        scheme.bias(means(scheme, Y), Y, estimate=Y.mean())


@every_scheme
def test_statistics_that_are_arrays_keep_their_shape(scheme):
    table = np.column_stack([Y, X])
    replicates = np.stack(means(scheme, table, GROUPS))
    estimate = table.mean(axis=0)
    given = {"estimate": estimate, "groups": GROUPS}
    errors = scheme.standard_error(replicates.tolist(), X, **given)
    assert errors.shape == (3,)
    for j in range(3):
        error = scheme.standard_error(
            replicates[:, j], X, estimate=estimate[j], groups=GROUPS
        )
        assert type(error) is float
        assert error == pytest.approx(errors[j])
    cube = replicates[:, :, None] * [1, 2]
    cubes = scheme.standard_error(
        cube, X, estimate=estimate[:, None] * [1, 2], groups=GROUPS
    )
    assert_allclose(cubes, errors[:, None] * [1, 2])


def test_groups_alone_are_data_enough_for_the_error_of_groups():
    replicates = means(GroupJackknife(), Y, GROUPS)
    for method in ("standard_error", "bias"):
        function = getattr(GroupJackknife(), method)
        alone = function(replicates, estimate=Y.mean(), groups=GROUPS)
        assert alone == function(replicates, X, estimate=Y.mean(), groups=GROUPS)
    with pytest.raises(ValueError, match="The 'X' parameter should not be None"):
        Jackknife().standard_error(means(Jackknife(), Y), groups=GROUPS)


@pytest.mark.parametrize(
    ("replicates", "shape"), [(np.zeros(N - 1), r"\(16,\)"), (0.3, r"\(\)")]
)
def test_replicates_that_are_missing_are_an_error(replicates, shape):
    message = f"statistic of each of {N} replicates is needed, got shape {shape}"
    for method in ("standard_error", "bias"):
        with pytest.raises(ValueError, match=message):
            getattr(Jackknife(), method)(replicates, X, estimate=0.0)


@pytest.mark.parametrize("missing", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(N,), (N, 2)])
def test_replicates_that_are_not_finite_are_an_error(missing, shape):
    replicates = np.zeros(shape)
    replicates[5] = missing
    with pytest.raises(ValueError, match="NaN or infinite in replicate 5, so it has"):
        Jackknife().standard_error(replicates, X)


@pytest.mark.parametrize("estimate", [np.nan, [1.0, 2.0]])
def test_an_estimate_that_does_not_fit_is_an_error(estimate):
    message = r"estimate must be finite and of shape \(\), as the replicates are, got"
    for method in ("standard_error", "bias"):
        with pytest.raises(ValueError, match=message):
            getattr(Jackknife(), method)(np.zeros(N), X, estimate=estimate)


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("scheme", [Jackknife(), BlockJackknife()], ids=repr)
def test_fewer_than_two_rows_are_an_error(scheme, n):
    message = "needs at least (two rows, so that one is kept|one row to draw from)"
    with pytest.raises(ValueError, match=message):
        next(scheme.split(range(n)))


def test_two_rows_are_enough():
    for scheme in (Jackknife(), Jackknife(2), BlockJackknife()):
        tests = [test.tolist() for _, test in scheme.split(range(2))]
        assert sorted(tests) == [[0], [1]]


def test_more_groups_than_rows_are_an_error():
    with pytest.raises(ValueError, match="n_groups must be <= n_samples=17, got 18"):
        next(Jackknife(18).split(X))


@pytest.mark.parametrize(
    ("cls", "params", "allowed"),
    [
        (Jackknife, {"n_groups": 1}, "an int in the range [2, inf) or None. Got 1"),
        (Jackknife, {"n_groups": 2.0}, "an int in the range [2, inf) or None. Got 2.0"),
        (BlockJackknife, {"block_length": 0}, "an int in the range [1, inf) or None."),
        (BlockJackknife, {"block_length": 2.5}, "an int in the range [1, inf) or None"),
        (BlockJackknife, {"gap": -1}, "an int in the range [0, inf). Got -1"),
        (BlockJackknife, {"overlapping": 1}, "an instance of 'bool' or an instance of"),
    ],
    ids=str,
)
def test_parameters_outside_their_ranges_are_an_error(cls, params, allowed):
    scheme, (name,) = cls(**params), params
    message = re.escape(f"The '{name}' parameter of {cls.__name__} must be {allowed}")
    for draw in (scheme.split, scheme.iter_indices, scheme.iter_weights):
        with pytest.raises(InvalidParameterError, match=message):
            next(draw(X))
    with pytest.raises(InvalidParameterError, match=message):
        scheme.get_n_splits(X)


def test_random_state_is_what_numpy_can_seed_from():
    with pytest.raises(InvalidParameterError, match="'random_state' parameter must be"):
        next(Jackknife(3, random_state=-1).split(X))


@pytest.mark.parametrize("overlapping", [True, False])
@pytest.mark.parametrize("length", [17, 18])
def test_a_block_of_all_rows_is_an_error(length, overlapping):
    message = (
        f"block_length must be < n_samples=17, so that a row is kept, got {length}"
    )
    with pytest.raises(ValueError, match=message):
        next(BlockJackknife(length, overlapping=overlapping).split(X))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (None, "The 'groups' parameter should not be None"),
        (GROUPS[:-1], "groups must have one entry for each of 17 rows, got 16"),
        (X[None], "groups must have one entry for each of 17 rows, got 1"),
        ([1] * N, "GroupJackknife needs at least two groups, got one. Use Jackknife"),
    ],
    ids=["none", "short", "2-D", "one group"],
)
def test_groups_that_do_not_fit_are_an_error(groups, message):
    with pytest.raises(ValueError, match=message):
        next(GroupJackknife().split(X, groups=groups))


@pytest.mark.filterwarnings("default:The groups parameter is ignored")
@pytest.mark.parametrize("scheme", [Jackknife(), BlockJackknife()], ids=repr)
def test_groups_that_are_not_kept_whole_are_warned_of(scheme):
    with pytest.warns(UserWarning, match="The groups parameter is ignored by"):
        next(scheme.split(X, groups=GROUPS))


def test_the_base_cannot_be_built():
    with pytest.raises(TypeError, match="abstract"):
        BaseJackknife()
