"""Seeds."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier
from sklearn.ensemble._base import _set_random_states
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from ensembles._random import (
    GOLDEN,
    MAX_SEED,
    entropy_from,
    keys_for,
    legacy_generator,
    set_random_states,
    words_of,
)
from ensembles.exceptions import InvalidParameterError


@pytest.mark.parametrize("value", [0, 7, 2**100, np.int64(7), np.uint8(3)])
def test_an_int_is_its_own_entropy(value):
    assert entropy_from(value) == int(value)
    assert type(entropy_from(value)) is int


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_an_instance_is_advanced_and_reproducible(make):
    instance = make(0)
    first, second = entropy_from(instance), entropy_from(instance)
    assert first != second
    again = make(0)
    assert [entropy_from(again), entropy_from(again)] == [first, second]
    assert type(first) is int
    assert 0 <= first < 2**63


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_the_entropy_of_an_instance_uses_62_bits(make):
    """A given bit is the same in all of 200 draws for 1 seed in 10^58."""
    instance = make(0)
    draws = [entropy_from(instance) for _ in range(200)]
    assert len(set(draws)) == 200
    for bit in range(62):
        assert len({draw >> bit & 1 for draw in draws}) == 2


def test_none_asks_the_operating_system():
    assert len({entropy_from(None) for _ in range(5)}) == 5


@pytest.mark.parametrize(
    "value", [-1, 1.0, "7", [7], np.random, np.array([1])], ids=str
)
def test_anything_else_is_an_error(value):
    message = "'random_state' parameter must be a non-negative int, a numpy RandomState"
    with pytest.raises(InvalidParameterError, match=message):
        entropy_from(value)


def test_a_key_is_a_function_of_its_number_alone():
    whole = keys_for(7, 0, 20)
    assert whole.dtype == np.uint64
    assert list(keys_for(7, 5, 9)) == list(whole[5:9])
    assert [*keys_for(7, 0, 3), *keys_for(7, 3, 20)] == list(whole)
    assert len(set(whole)) == 20


def test_keys_of_other_entropy_are_other_keys():
    assert not set(keys_for(7, 0, 20)) & set(keys_for(8, 0, 20))
    assert len(keys_for(7, 4, 4)) == 0
    assert keys_for(2**200, 0, 1) != keys_for(2**200 + 1, 0, 1)


def test_words_are_those_of_splitmix64():
    """First words from seed 1234567 of S. Vigna's splitmix64.c (2015)."""
    states = np.uint64(1234567) + np.arange(1, 6, dtype=np.uint64) * GOLDEN
    assert list(words_of(states)) == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(),
        BaggingClassifier(DecisionTreeClassifier()),
        make_pipeline(StandardScaler(), LinearSVC()),
        make_pipeline(StandardScaler(), BaggingClassifier(LinearSVC())),
        Ridge(random_state=5),
    ],
    ids=repr,
)
@pytest.mark.parametrize("seed", [0, 12345, MAX_SEED])
def test_members_get_the_numbers_that_scikit_learn_gives_them(estimator, seed):
    ours, theirs = clone(estimator), clone(estimator)
    set_random_states(ours, seed)
    _set_random_states(theirs, seed)
    states = {
        key: value
        for key, value in ours.get_params().items()
        if key.endswith("random_state")
    }
    assert states
    assert states == {key: theirs.get_params()[key] for key in states}
    assert None not in states.values()


def test_an_estimator_without_random_state_is_left_as_it_is():
    scaler = StandardScaler()
    before = scaler.get_params()
    set_random_states(scaler, 0)
    assert scaler.get_params() == before


def test_numbers_go_to_the_parameters_of_that_very_name_in_sorted_order():
    class Odd:
        def __init__(self):
            names = ["z__random_state", "random_state", "my_random_state", "a__x"]
            self.params = dict.fromkeys([*names, "a__random_state"])

        def get_params(self, deep):
            assert deep
            return self.params

        def set_params(self, **params):
            self.params |= params

    odd = Odd()
    set_random_states(odd, 0)
    first, second, third = np.random.RandomState(0).randint(MAX_SEED, size=3)
    assert odd.params == {
        "a__random_state": first,
        "random_state": second,
        "z__random_state": third,
        "my_random_state": None,
        "a__x": None,
    }


def test_the_global_random_state_is_not_moved():
    np.random.seed(3)  # noqa: NPY002, TID251 - the global state is what is watched
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    entropy_from(None), entropy_from(5), keys_for(0, 0, 3)
    set_random_states(DecisionTreeClassifier(), 0)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_generator_seeded_again_is_a_new_one():
    for seed in (0, 7, 2**31 - 1):
        again, new = legacy_generator(seed), np.random.RandomState(seed)
        assert_array_equal(again.randint(0, 1000, 50), new.randint(0, 1000, 50))
        assert again.normal() == new.normal()
    again.normal()  # leaves one of a pair behind, which the next must not see
    assert legacy_generator(3).normal() == np.random.RandomState(3).normal()


def test_threads_have_generators_of_their_own():
    with ThreadPoolExecutor(2) as pool:
        others = {id(pool.submit(legacy_generator, 0).result()) for _ in range(4)}
    assert id(legacy_generator(0)) not in others
