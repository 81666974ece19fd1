"""What holds for every scheme, whatever it draws."""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _instances import SCHEMES
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import binomtest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.tree import DecisionTreeClassifier

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
    TaperedBlockBootstrap,
)
from ensembles.resampling._base import BaseScheme, BoundScheme, ramps

# Groups are given to all schemes alike here; a test of its own asks for the warning.
pytestmark = pytest.mark.filterwarnings("ignore:The groups parameter is ignored")

N = 40
X = np.random.default_rng(0).normal(size=(N, 2))
Y = np.arange(N) % 3
GROUPS = np.random.default_rng(1).permutation(np.arange(N) // 4)

every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
by_property = settings(max_examples=150, deadline=None, derandomize=True)


def seeded(scheme, random_state=7, **params):
    return clone(scheme).set_params(random_state=random_state, **params)


def is_balanced(scheme):
    return getattr(scheme, "balanced", False)


def indices(scheme):
    return list(scheme.iter_indices(X, Y, GROUPS))


def weights(scheme, batch_size=None):
    batches = list(scheme.iter_weights(X, Y, GROUPS, batch_size=batch_size))
    return np.concatenate(batches)


def folds(scheme):
    return list(scheme.split(X, Y, GROUPS))


def same(first, second):
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def left_out(train, n, gap=0):
    """Rows further than `gap` from every training row, one by one."""
    return [i for i in range(n) if all(abs(i - j) > gap for j in train)]


@every_scheme
def test_a_call_yields_n_resamples_draws_of_rows_that_exist(scheme):
    drawn = indices(seeded(scheme))
    assert len(drawn) == 5
    for rows in drawn:
        assert rows.dtype == np.intp
        assert rows.ndim == 1
        assert set(rows) <= set(range(N))
    assert any(not np.array_equal(drawn[0], rows) for rows in drawn[1:])


@every_scheme
def test_weights_say_how_often_each_row_was_drawn(scheme):
    if isinstance(scheme, BayesianBootstrap | TaperedBlockBootstrap):
        return
    scheme = seeded(scheme)
    counted = [[list(rows).count(i) for i in range(N)] for rows in indices(scheme)]
    assert weights(scheme).dtype == np.float64
    assert_array_equal(weights(scheme), counted)


@every_scheme
@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 99])
def test_weights_do_not_depend_on_the_batch_size(scheme, batch_size):
    scheme = seeded(scheme)
    batches = list(scheme.iter_weights(X, Y, GROUPS, batch_size=batch_size))
    full, rest = divmod(5, batch_size)
    assert [len(batch) for batch in batches] == [batch_size] * full + [rest] * (
        rest > 0
    )
    assert_array_equal(np.concatenate(batches), weights(scheme))


def test_a_batch_left_to_the_scheme_stays_within_16_mib():
    batches = list(Bootstrap(5, random_state=0).iter_weights(np.empty(2**20)))
    assert [batch.shape for batch in batches] == [(2, 2**20)] * 2 + [(1, 2**20)]


@every_scheme
def test_split_trains_on_the_rows_that_iter_indices_draws(scheme):
    scheme = seeded(scheme)
    assert same([train for train, _ in folds(scheme)], indices(scheme))


@every_scheme
def test_split_tests_on_the_rows_left_out(scheme):
    for train, test in folds(seeded(scheme)):
        assert test.dtype == np.intp
        if getattr(scheme, "within", "whole") == "rows":
            continue  # rows of groups that were drawn are not left out
        assert_array_equal(test, left_out(train, N, getattr(scheme, "gap", 0)))


@every_scheme
@pytest.mark.parametrize("face", [indices, weights], ids=["indices", "weights"])
def test_the_same_int_gives_the_same_bits_and_another_int_others(scheme, face):
    first = face(seeded(scheme, 7))
    assert same(first, face(seeded(scheme, 7)))
    assert same(first, face(seeded(scheme, np.int64(7))))
    assert not same(first, face(seeded(scheme, 8)))


@every_scheme
def test_a_second_call_with_an_int_repeats_the_first(scheme):
    scheme = seeded(scheme)
    assert same(indices(scheme), indices(scheme))
    assert_array_equal(weights(scheme), weights(scheme))
    assert same([t for _, t in folds(scheme)], [t for _, t in folds(scheme)])


@every_scheme
@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_an_instance_as_random_state_is_advanced(scheme, make):
    scheme = seeded(scheme, make(3))
    first, second = indices(scheme), indices(scheme)
    assert not same(first, second)
    again = clone(scheme).set_params(random_state=make(3))
    assert same(first, indices(again))
    assert same(second, indices(again))


@every_scheme
def test_without_random_state_calls_differ(scheme):
    scheme = seeded(scheme, None)
    assert not same(indices(scheme), indices(scheme))


@every_scheme
@pytest.mark.parametrize("random_state", [7, None])
def test_the_global_random_state_is_not_moved(scheme, random_state):
    np.random.seed(3)  # noqa: NPY002, TID251 - the global state is what is watched
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    scheme = seeded(scheme, random_state)
    indices(scheme), weights(scheme), folds(scheme)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@every_scheme
def test_replicate_i_depends_on_i_alone(scheme):
    if is_balanced(scheme):
        return
    five, ten = seeded(scheme, n_resamples=5), seeded(scheme, n_resamples=10)
    assert same(indices(five), indices(ten)[:5])
    assert_array_equal(weights(five), weights(ten)[:5])
    for (train, test), (train_of_ten, test_of_ten) in zip(
        folds(five), folds(ten)[:5], strict=True
    ):
        assert_array_equal(train, train_of_ten)
        assert_array_equal(test, test_of_ten)


@every_scheme
def test_a_bound_scheme_draws_purely_from_any_range_of_seeds(scheme):
    bound = scheme.bind(N, Y, GROUPS)
    seeds = bound.seeds(7, 0, 6)
    first = [bound.rows(seed) for seed in seeds]
    assert same(first, [bound.rows(seed) for seed in seeds])
    assert same(
        [bound.weights(seed) for seed in seeds],
        [bound.weights(seed) for seed in reversed(seeds)][::-1],
    )
    if not is_balanced(scheme):
        assert same(first[2:5], [bound.rows(seed) for seed in bound.seeds(7, 2, 5)])


@every_scheme
def test_a_bound_scheme_travels_to_workers(scheme):
    bound = scheme.bind(N, Y, GROUPS)
    seeds = bound.seeds(7, 0, 3)
    there, seeds_there = pickle.loads(pickle.dumps((bound, seeds)))
    for seed, seed_there in zip(seeds, seeds_there, strict=True):
        assert_array_equal(bound.rows(seed), there.rows(seed_there))
        assert_array_equal(bound.weights(seed), there.weights(seed_there))


@every_scheme
def test_clone_get_params_and_set_params(scheme):
    copy = clone(scheme)
    assert copy is not scheme
    assert copy.get_params() == scheme.get_params()
    assert copy.set_params(n_resamples=9) is copy
    assert copy.n_resamples == copy.get_n_splits() == 9
    assert scheme.n_resamples == 5
    with pytest.raises(ValueError, match="Invalid parameter 'no_such'"):
        copy.set_params(no_such=1)


@every_scheme
def test_repr_is_the_call_that_makes_the_scheme(scheme):
    rebuilt = eval(repr(scheme), {type(scheme).__name__: type(scheme)})
    assert rebuilt.get_params() == scheme.get_params()


@every_scheme
def test_pickle_keeps_the_draws(scheme):
    scheme = seeded(scheme)
    assert same(indices(pickle.loads(pickle.dumps(scheme))), indices(scheme))


@every_scheme
def test_a_scheme_is_never_changed_by_drawing(scheme):
    scheme = seeded(scheme)
    before = dict(vars(scheme))
    indices(scheme), weights(scheme), folds(scheme)
    assert vars(scheme) == before


@every_scheme
@pytest.mark.parametrize(
    "container",
    [list, pd.DataFrame, pl.DataFrame, csr_array],
    ids=["list", "pandas", "polars", "sparse"],
)
def test_only_the_number_of_rows_matters(scheme, container):
    scheme = seeded(scheme)
    table = container(X)
    drawn = list(scheme.iter_indices(table, list(Y), list(GROUPS)))
    assert same(drawn, indices(scheme))
    series = [pd.Series(Y, index=range(100, 100 + N)), pl.Series(GROUPS)]
    assert same([a for a, _ in scheme.split(table, *series)], indices(scheme))


@every_scheme
def test_samples_are_the_rows_drawn_of_every_array_in_its_container(scheme):
    scheme = seeded(scheme)
    frame = pd.DataFrame(X, index=range(100, 100 + N))
    samples = scheme.iter_samples(frame, csr_array(X), Y, y=Y, groups=GROUPS)
    for rows, (table, sparse, labels) in zip(indices(scheme), samples, strict=True):
        pd.testing.assert_frame_equal(table, frame.iloc[rows])
        assert_array_equal(sparse.toarray(), X[rows])
        assert_array_equal(labels, Y[rows])


def test_samples_need_arrays_of_one_length():
    with pytest.raises(ValueError, match="needs at least one array, got none"):
        next(Bootstrap().iter_samples())
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        next(Bootstrap().iter_samples(X, Y[1:]))


@every_scheme
@pytest.mark.parametrize("n_replicates", [1, 4, 7])
def test_sums_are_those_of_the_weights(scheme, n_replicates):
    bound = scheme.bind(N, Y, GROUPS)
    seeds = bound.seeds(7, 0, n_replicates)
    expected = bound.weight_rows(seeds) @ X
    assert_allclose(bound.sums(seeds, X.T), expected, rtol=0, atol=1e-12)
    assert_array_equal(bound.weight_rows(seeds), [bound.weights(s) for s in seeds])


@every_scheme
def test_the_number_of_splits_needs_no_data(scheme):
    assert scheme.get_n_splits() == scheme.get_n_splits(X, Y, GROUPS) == 5
    assert len(folds(scheme)) == 5


@every_scheme
def test_it_is_a_splitter_for_cross_val_score(scheme):
    tree = DecisionTreeClassifier(random_state=0)
    scheme = seeded(scheme)
    scores = cross_val_score(tree, X, Y, groups=GROUPS, cv=scheme, error_score="raise")
    expected = [tree.fit(X[a], Y[a]).score(X[b], Y[b]) for a, b in folds(scheme)]
    assert_array_equal(scores, expected)


@every_scheme
def test_it_is_a_splitter_for_grid_search(scheme):
    tree = DecisionTreeClassifier(random_state=0)
    search = GridSearchCV(tree, {"max_depth": [1, 2]}, cv=seeded(scheme))
    search.fit(X, Y, groups=GROUPS)
    assert search.n_splits_ == 5
    expected = cross_val_score(
        tree.set_params(max_depth=2), X, Y, groups=GROUPS, cv=seeded(scheme)
    )
    assert search.cv_results_["mean_test_score"][1] == pytest.approx(expected.mean())


@every_scheme
def test_it_nests_under_metadata_routing(scheme):
    scheme = seeded(scheme)
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, cv=scheme
        )
        params = {"groups": GROUPS} if isinstance(scheme, GroupBootstrap) else None
        result = cross_validate(
            search, X, Y, cv=scheme, params=params, error_score="raise"
        )
    assert np.isfinite(result["test_score"]).all()


@every_scheme
def test_it_nests_without_metadata_routing(scheme):
    if isinstance(scheme, GroupBootstrap):
        return  # scikit-learn passes no groups on to the inner level
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, cv=scheme
    )
    scores = cross_val_score(search, X, Y, cv=seeded(scheme), error_score="raise")
    assert np.isfinite(scores).all()


def test_it_is_a_splitter_for_learning_curves():
    sizes, _, scores = learning_curve(
        DecisionTreeClassifier(random_state=0), X, Y, cv=Bootstrap(3, random_state=0)
    )
    assert len(sizes) == len(scores) == 5


@every_scheme
@pytest.mark.parametrize("n_resamples", [0, -1, 2.0, "5", True, None])
def test_n_resamples_is_a_positive_int(scheme, n_resamples):
    scheme = clone(scheme).set_params(n_resamples=n_resamples)
    message = re.escape(
        f"The 'n_resamples' parameter of {type(scheme).__name__} must be an int in the "
        f"range [1, inf). Got {n_resamples!r} instead."
    )
    for draw in (indices, weights, folds):
        with pytest.raises(InvalidParameterError, match=message):
            draw(scheme)


@every_scheme
def test_no_rows_are_an_error(scheme):
    with pytest.raises(ValueError, match="needs at least one row to draw from, got 0"):
        next(scheme.iter_indices([], [], []))


@every_scheme
@pytest.mark.parametrize("random_state", [-1, 1.5, "0", np.random])
def test_random_state_is_what_numpy_can_seed_from(scheme, random_state):
    with pytest.raises(
        InvalidParameterError, match="'random_state' parameter must be a non-neg"
    ):
        indices(clone(scheme).set_params(random_state=random_state))


@pytest.mark.parametrize("batch_size", [0, 1.0, True])
def test_batch_size_is_a_positive_int(batch_size):
    with pytest.raises(InvalidParameterError, match="'batch_size' parameter of Boots"):
        next(Bootstrap().iter_weights(X, batch_size=batch_size))


def test_a_collection_without_a_length_is_an_error():
    with pytest.raises(TypeError, match="Expected sequence or array-like"):
        next(Bootstrap().split(iter(range(5))))


def test_split_draws_again_where_no_row_is_left_out():
    scheme = Bootstrap(200, random_state=0)
    drawn = list(scheme.iter_indices(range(2)))
    tested = list(scheme.split(range(2)))
    assert sum(len(set(rows)) == 2 for rows in drawn) > 50
    assert all(len(test) == 1 for _, test in tested)
    for rows, (train, _) in zip(drawn, tested, strict=True):
        assert len(set(rows)) == 2 or np.array_equal(rows, train)


def test_redraws_of_replicates_are_independent():
    """Of two rows either is drawn twice; binomial test, fails 1 seed in 10,000."""
    scheme = Bootstrap(2000, random_state=0)
    pairs = zip(scheme.iter_indices(range(2)), scheme.split(range(2)), strict=True)
    redrawn = [train for rows, (train, _) in pairs if len(set(rows)) == 2]
    n_first = sum(train[0] == 0 for train in redrawn)
    assert binomtest(int(n_first), len(redrawn)).pvalue > 1e-4


def test_split_draws_again_where_no_row_is_drawn():
    scheme = PoissonBootstrap(100, random_state=0)
    assert min(map(len, scheme.iter_indices(range(2)))) == 0
    assert all(len(a) > 0 and len(b) > 0 for a, b in scheme.split(range(2)))


@pytest.mark.parametrize(
    ("scheme", "n"),
    [
        (Bootstrap(2, replace=False), 9),
        (Bootstrap(2), 1),
        (Bootstrap(2, stratify=np.arange(9)), 9),
        (PoissonBootstrap(2), 1),
        (MovingBlockBootstrap(2, block_length=9), 9),
        (CircularBlockBootstrap(2, block_length=9), 9),
        (StationaryBootstrap(2, block_length=2, gap=9), 9),
    ],
    ids=repr,
)
def test_split_says_when_no_draw_can_leave_a_row_out(scheme, n):
    message = f"{type(scheme).__name__}(.|\n)* leaves no row out-of-bag of {n} rows"
    with pytest.raises(ValueError, match=message):
        next(scheme.split(range(n)))


def test_the_bases_cannot_be_built():
    with pytest.raises(TypeError, match=r"abstract method '?_bind"):
        BaseScheme()
    with pytest.raises(TypeError, match=r"abstract method '?rows"):
        BoundScheme(3)


class EveryOther(BaseScheme):
    """A scheme of a third party: one method each."""

    def __init__(self, n_resamples=2, random_state=None):
        self.n_resamples = n_resamples
        self.random_state = random_state

    def _bind(self, n_samples, y, groups):
        return BoundEveryOther(n_samples)


class BoundEveryOther(BoundScheme):
    def rows(self, seed):
        start = np.random.default_rng(seed).integers(2)
        return np.arange(start, self.n_samples, 2)


def test_a_new_scheme_needs_its_draw_only():
    scheme = EveryOther(8, random_state=0)
    for rows, counts, (train, test) in zip(
        scheme.iter_indices(range(6)),
        np.concatenate(list(scheme.iter_weights(range(6)))),
        scheme.split(range(6)),
        strict=True,
    ):
        assert_array_equal(rows, train)
        assert_array_equal(np.flatnonzero(counts), train)
        assert_array_equal(test, np.setdiff1d(np.arange(6), rows))
    assert scheme.bind(6).leaves_rows_out(as_weights=True)


@by_property
@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 70))
def test_out_of_bag_rows_are_further_than_gap_from_every_row_in_bag(in_bag, gap):
    bound = BoundEveryOther(len(in_bag), gap)
    expected = left_out(np.flatnonzero(in_bag), len(in_bag), gap)
    assert_array_equal(np.flatnonzero(bound.out_of_bag(np.array(in_bag))), expected)


@by_property
@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(0, 9)), min_size=1, max_size=20
    )
)
def test_ramps_count_up_from_each_start(pairs):
    starts, lengths = np.array(pairs).T
    expected = [s + j for s, length in pairs for j in range(length)]
    assert_array_equal(ramps(starts, lengths), expected)


shares = st.one_of(st.none(), st.integers(1, 80))
schemes = st.one_of(
    st.builds(
        Bootstrap,
        stratify=st.sampled_from([None, "y"]),
        max_samples=shares,
        replace=st.booleans(),
    ),
    st.builds(Bootstrap, stratify=st.sampled_from([None, "y"]), balanced=st.just(True)),
    st.just(GroupBootstrap()),
    st.builds(BayesianBootstrap, alpha=st.floats(0.5, 20)),
    st.just(PoissonBootstrap()),
    *(
        st.builds(
            block_bootstrap,
            block_length=st.one_of(st.none(), st.integers(1, 60)),
            gap=st.integers(0, 5),
            max_samples=shares,
        )
        for block_bootstrap in (
            MovingBlockBootstrap,
            CircularBlockBootstrap,
            StationaryBootstrap,
        )
    ),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(schemes, st.integers(1, 60), st.integers(0, 2**63), st.integers(1, 4))
def test_draws_are_in_range_and_of_the_stated_size(scheme, n, seed, n_resamples):
    scheme.set_params(n_resamples=n_resamples, random_state=seed)
    params = scheme.get_params()
    m = params.get("max_samples") or n
    assume(params.get("replace", True) or m <= n)
    assume((params.get("block_length") or 1) <= n)
    assume(n > 1 or not isinstance(scheme, GroupBootstrap))
    y, groups = np.arange(n) % 3, np.arange(n) % max(2, n // 3)
    drawn = list(scheme.iter_indices(range(n), y, groups))
    batch = np.concatenate(list(scheme.iter_weights(range(n), y, groups)))
    assert batch.shape == (n_resamples, n)
    assert len(drawn) == n_resamples
    for rows, counts in zip(drawn, batch, strict=True):
        assert ((rows >= 0) & (rows < n)).all()
        assert (counts >= 0).all()
        if isinstance(scheme, GroupBootstrap):
            sizes = np.bincount(groups)
            assert (np.bincount(groups[rows], minlength=len(sizes)) % sizes == 0).all()
        elif isinstance(scheme, PoissonBootstrap):
            assert_array_equal(rows, np.sort(rows))
        else:
            assert len(rows) == m
            assert counts.sum() == pytest.approx(m)
        if not isinstance(scheme, BayesianBootstrap):
            assert_array_equal(counts, np.bincount(rows, minlength=n))


DOES_NOT_FIT = (
    "leaves no row out-of-bag|block_length must be <= n_samples|"
    "sample without replacement|at least two groups"
)


@by_property
@given(schemes, st.integers(2, 60), st.integers(0, 2**63))
def test_folds_are_the_draw_and_what_it_left_out(scheme, n, seed):
    scheme.set_params(n_resamples=2, random_state=seed)
    y, groups = np.arange(n) % 3, np.arange(n) // 2
    pairs, problem = [], None
    try:
        pairs = list(scheme.split(range(n), y, groups))
    except ValueError as error:
        problem = str(error)
    assert problem is None or re.search(DOES_NOT_FIT, problem)
    for train, test in pairs:
        assert len(train) > 0
        assert len(test) > 0
        assert_array_equal(test, left_out(train, n, scheme.get_params().get("gap", 0)))


def test_groups_that_a_scheme_does_not_keep_are_warned_of():
    with pytest.warns(UserWarning, match="GroupBootstrap keeps groups whole"):
        next(Bootstrap().split(range(9), groups=range(9)))


@pytest.mark.parametrize("face", ["split", "iter_indices", "iter_weights"])
@pytest.mark.parametrize("name", ["y", "groups"])
def test_labels_of_another_length_are_an_error(face, name):
    draws = getattr(Bootstrap(), face)(range(9), **{name: range(8)})
    with pytest.raises(ValueError, match=f"{name} must have one entry for each of 9"):
        next(draws)


@pytest.mark.parametrize(
    ("scheme", "n", "leaves"),
    [
        (Bootstrap(), 9, True),
        (Bootstrap(), 1, False),
        (Bootstrap(replace=False), 9, False),
        (Bootstrap(replace=False, max_samples=8), 9, True),
        (Bootstrap(stratify=range(9)), 9, False),
        (Bootstrap(stratify=range(9), balanced=True), 9, False),
        (MovingBlockBootstrap(block_length=9), 9, False),
        (CircularBlockBootstrap(block_length=9), 9, False),
        (CircularBlockBootstrap(block_length=9, max_samples=5), 9, True),
        (StationaryBootstrap(block_length=9), 9, True),
    ],
    ids=repr,
)
def test_it_is_known_whether_a_draw_can_leave_a_row_out(scheme, n, leaves):
    bound = scheme.bind(n)
    assert bound.leaves_rows_out(as_weights=True) is leaves
    drawn = [len(np.unique(bound.rows(seed))) for seed in bound.seeds(0, 0, 40)]
    assert (min(drawn) < n) is leaves
