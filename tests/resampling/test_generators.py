"""What holds for every scheme that generates data, whatever its model."""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, check_cv, cross_val_score
from sklearn.neighbors import KernelDensity

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import (
    Bootstrap,
    ParametricBootstrap,
    ResidualBootstrap,
    SieveBootstrap,
    StationaryBootstrap,
    WildBootstrap,
)
from ensembles.resampling._generators import BaseGenerator, BoundGenerator

GENERATORS = [
    ResidualBootstrap(n_resamples=5),
    ResidualBootstrap(Ridge(), 5, scheme=StationaryBootstrap(block_length=3)),
    ResidualBootstrap(RandomForestRegressor(n_estimators=3), 5),
    ResidualBootstrap(n_resamples=5, scheme=Bootstrap(balanced=True)),
    ResidualBootstrap(n_resamples=5, scheme=WildBootstrap(multiplier="webb")),
    WildBootstrap(5, multiplier="mammen"),
    SieveBootstrap(5),
    ParametricBootstrap(multivariate_normal, 5),
    ParametricBootstrap(GaussianMixture(2), 5),
    ParametricBootstrap(KernelDensity(), 5),
]


def without_address(value):
    """A name that is the same in every process."""
    return re.sub(r" at 0x\w+", "", repr(value))


every_generator = pytest.mark.parametrize("scheme", GENERATORS, ids=without_address)

N = 40
X = np.random.default_rng(0).normal(size=(N, 2))
Y = X @ [1, 2] + np.random.default_rng(1).normal(size=N)


def seeded(scheme, random_state=7, **params):
    return clone(scheme).set_params(random_state=random_state, **params)


def is_balanced(scheme):
    return getattr(getattr(scheme, "scheme", None), "balanced", False)


def samples(scheme, *arrays):
    return list(scheme.iter_samples(*(arrays or (X, Y))))


def same(first, second):
    return len(first) == len(second) and all(
        all(map(np.array_equal, one, other))
        for one, other in zip(first, second, strict=True)
    )


@every_generator
def test_a_call_yields_n_resamples_replicates_of_the_shapes_of_the_data(scheme):
    drawn = samples(seeded(scheme))
    assert len(drawn) == 5
    for replicate in drawn:
        assert isinstance(replicate, tuple)
        assert [array.shape for array in replicate] == [(N, 2), (N,)]
        assert np.isfinite(replicate[-1]).all()
    assert not same(drawn[:1], drawn[1:2])
    assert not same(drawn[:1], [(X, Y)])


@every_generator
def test_the_same_int_gives_the_same_bits_and_another_int_others(scheme):
    first = samples(seeded(scheme, 7))
    assert same(first, samples(seeded(scheme, 7)))
    assert same(first, samples(seeded(scheme, np.int64(7))))
    assert not same(first, samples(seeded(scheme, 8)))


@every_generator
@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_an_instance_as_random_state_is_advanced(scheme, make):
    scheme = seeded(scheme, make(3))
    first, second = samples(scheme), samples(scheme)
    assert not same(first, second)
    again = clone(scheme).set_params(random_state=make(3))
    assert same(first, samples(again))
    assert same(second, samples(again))


@every_generator
def test_without_random_state_calls_differ(scheme):
    scheme = seeded(scheme, None)
    assert not same(samples(scheme), samples(scheme))


@every_generator
def test_replicate_i_depends_on_i_alone(scheme):
    if is_balanced(scheme):
        return
    ten = samples(seeded(scheme, n_resamples=10))
    assert same(samples(seeded(scheme)), ten[:5])


@every_generator
def test_a_bound_generator_samples_purely_from_any_range_of_seeds(scheme):
    bound = scheme.bind(X, Y)
    seeds = bound.seeds(7, 0, 6)
    first = [bound.sample(seed) for seed in seeds]
    assert same(first, [bound.sample(seed) for seed in reversed(seeds)][::-1])
    if not is_balanced(scheme):
        assert same(first[2:5], [bound.sample(seed) for seed in bound.seeds(7, 2, 5)])


@every_generator
def test_iter_samples_is_what_bind_and_seeds_say(scheme):
    bound = scheme.bind(X, Y)
    expected = [bound.sample(seed) for seed in bound.seeds(7, 0, 5)]
    assert same(samples(seeded(scheme)), expected)


@every_generator
def test_a_bound_generator_travels_to_workers(scheme):
    bound = scheme.bind(X, Y)
    seeds = bound.seeds(7, 0, 3)
    there, seeds_there = pickle.loads(pickle.dumps((bound, seeds)))
    here = [bound.sample(seed) for seed in seeds]
    assert same(here, [there.sample(seed) for seed in seeds_there])


@every_generator
def test_pickle_and_clone_keep_the_replicates(scheme):
    scheme = seeded(scheme)
    assert same(samples(pickle.loads(pickle.dumps(scheme))), samples(scheme))
    assert same(samples(clone(scheme)), samples(scheme))


@every_generator
def test_parameters_can_be_read_and_set(scheme):
    copy = clone(scheme)
    assert copy is not scheme
    assert set(copy.get_params(deep=False)) == set(scheme.get_params(deep=False))
    assert copy.set_params(n_resamples=9) is copy
    assert (copy.n_resamples, scheme.n_resamples) == (9, 5)
    assert type(scheme).__name__ in repr(scheme)
    with pytest.raises(ValueError, match="Invalid parameter 'no_such'"):
        copy.set_params(no_such=1)


@every_generator
def test_sampling_changes_neither_the_scheme_nor_the_data(scheme):
    scheme = seeded(scheme)
    before, nested = dict(vars(scheme)), repr(scheme)
    Z, y = X.copy(), Y.copy()
    samples(scheme, Z, y)
    assert vars(scheme) == before
    assert repr(scheme) == nested
    assert_array_equal(Z, X)
    assert_array_equal(y, Y)


@every_generator
def test_replicates_share_no_memory(scheme):
    first, second = samples(seeded(scheme))[:2]
    assert not np.shares_memory(first[-1], second[-1])
    assert not np.shares_memory(first[-1], Y)


@every_generator
@pytest.mark.parametrize("random_state", [7, None])
def test_the_global_random_state_is_neither_read_nor_moved(scheme, random_state):
    np.random.seed(3)  # noqa: NPY002, TID251 - the global state is what is watched
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = samples(seeded(scheme, random_state))
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002, TID251
    if random_state is not None:
        assert same(first, samples(seeded(scheme, random_state)))


@every_generator
@pytest.mark.parametrize(
    ("table", "column"),
    [
        (np.ndarray.tolist, np.ndarray.tolist),
        (lambda a: tuple(map(tuple, a)), tuple),
        (pd.DataFrame, lambda y: pd.Series(y, index=range(100, 100 + N))),
        (pl.DataFrame, pl.Series),
    ],
    ids=["list", "tuple", "pandas", "polars"],
)
@pytest.mark.filterwarnings("ignore:X has no valid feature names")
def test_containers_give_the_same_replicates(scheme, table, column):
    scheme = seeded(scheme)
    drawn = samples(scheme, table(X), column(Y))
    assert all(isinstance(replicate[-1], np.ndarray) for replicate in drawn)
    for (table, y), (Z, wanted) in zip(drawn, samples(scheme), strict=True):
        assert_allclose(np.asarray(table), Z, rtol=1e-9)
        assert_allclose(y, wanted, rtol=1e-9, atol=1e-12)


@every_generator
def test_integers_and_float32_are_taken_as_numbers(scheme):
    Z, y = np.round(9 * X), np.round(9 * Y)
    expected = samples(seeded(scheme), Z, y)
    for kind in (np.int64, np.float32):
        drawn = samples(seeded(scheme), Z.astype(kind), y.astype(kind))
        for (_, actual), (_, wanted) in zip(drawn, expected, strict=True):
            assert actual.dtype == np.float64
            assert_allclose(actual, wanted, rtol=1e-3, atol=1e-3)


@every_generator
@pytest.mark.parametrize("n_resamples", [0, -1, 2.0, "5", True, None])
def test_n_resamples_is_a_positive_int(scheme, n_resamples):
    message = re.escape(
        f"The 'n_resamples' parameter of {type(scheme).__name__} must be an int in the "
        f"range [1, inf). Got {n_resamples!r} instead."
    )
    with pytest.raises(InvalidParameterError, match=message):
        samples(seeded(scheme, n_resamples=n_resamples))


@every_generator
@pytest.mark.parametrize("random_state", [-1, 1.5, "0"])
def test_random_state_is_what_numpy_can_seed_from(scheme, random_state):
    with pytest.raises(InvalidParameterError, match="'random_state' parameter must be"):
        samples(seeded(scheme, random_state))


@every_generator
def test_no_array_is_an_error(scheme):
    message = f"{type(scheme).__name__} needs data to fit its model to, got no array"
    with pytest.raises(ValueError, match=message):
        list(scheme.iter_samples())


@every_generator
@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_rows_are_an_error(scheme, n):
    message = f"{type(scheme).__name__} needs at least two rows, got {n}"
    with pytest.raises(ValueError, match=message):
        samples(scheme, X[:n], Y[:n])


@every_generator
def test_arrays_of_different_lengths_are_an_error(scheme):
    message = r"All arrays must have the same number of rows, got \[40, 39\]"
    with pytest.raises(ValueError, match=message):
        samples(scheme, X, Y[1:])


@every_generator
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_an_error(scheme, value):
    y = Y.copy()
    y[3] = value
    with pytest.raises(
        ValueError, match=r"Input (y|array 2 of 2) contains (NaN|infin)"
    ):
        samples(scheme, X, y)


@every_generator
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", "b"] * 20, "could not convert string to float"),
        (Y * 1j, "Complex data not supported"),
        (np.zeros((N, 2, 2)), "Found array with dim 3"),
        (csr_array(Y[:, np.newaxis]), "Sparse data was passed"),
    ],
    ids=["text", "complex", "cube", "sparse"],
)
def test_what_is_no_table_of_numbers_is_an_error(scheme, y, message):
    with pytest.raises((ValueError, TypeError), match=message):
        samples(scheme, X, y)


@every_generator
def test_groups_of_another_length_are_an_error(scheme):
    with pytest.raises(ValueError, match="groups must have one entry for each of 40"):
        next(scheme.iter_samples(X, Y, groups=range(39)))


@pytest.mark.parametrize(
    "scheme", [SieveBootstrap(), GENERATORS[7]], ids=without_address
)
def test_groups_that_would_be_torn_apart_are_an_error(scheme):
    message = f"{type(scheme).__name__} generates rows without regard to groups"
    with pytest.raises(ValueError, match=message):
        next(scheme.iter_samples(X, Y, groups=np.arange(N) // 4))


@every_generator
def test_scikit_learn_refuses_it_as_a_splitter_before_it_fits_anything(scheme):
    assert not hasattr(scheme, "split")
    message = rf"(?s)'?cv'?.* (integer|int) .* Got {type(scheme).__name__}"
    with pytest.raises(ValueError, match=message):
        cross_val_score(Ridge(), X, Y, cv=scheme)
    with pytest.raises(ValueError, match=message):
        GridSearchCV(Ridge(), {"alpha": [1]}, cv=scheme).fit(X, Y)
    with pytest.raises(ValueError, match=r"(?s)Expected `?cv`? as an integer"):
        check_cv(scheme)


class Shift(BaseGenerator):
    """A generator of a third party: one method each."""

    def __init__(self, n_resamples=2, random_state=None):
        self.n_resamples = n_resamples
        self.random_state = random_state

    def _bind(self, arrays, groups):
        return BoundShift(arrays)


class BoundShift(BoundGenerator):
    def __init__(self, arrays):
        self.arrays = arrays

    def sample(self, seed):
        shift = np.random.default_rng(seed).normal()
        return tuple(np.asarray(array) + shift for array in self.arrays)


def test_a_new_generator_needs_its_model_only():
    drawn = samples(Shift(3, random_state=0), X, Y)
    assert len(drawn) == 3
    for Z, y in drawn:
        assert_allclose(np.ptp(np.column_stack([Z - X, y - Y])), 0, atol=1e-9)


def test_the_bases_cannot_be_built():
    with pytest.raises(TypeError, match=r"abstract method '?_bind"):
        BaseGenerator()
    with pytest.raises(TypeError, match=r"abstract method '?sample"):
        BoundGenerator()
