"""Functions that the user wrote, and what they may return."""

from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd
import pytest
from _twins import TABLE, N, X, Z
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score

from ensembles.inference._statistics._callables import (
    PlainFunction,
    WeightedFunction,
    component_names,
    has_parameter,
)


def weighted_mean(x, sample_weight=None):
    return np.average(x, weights=sample_weight)


class Callable:
    def __call__(self, x, *, sample_weight=None):
        return weighted_mean(x, sample_weight)


class Recorder:
    """Returns what it is told, one value a call."""

    def __init__(self, *values):
        self.values = list(values)

    def __call__(self, *arrays, sample_weight=None):
        return self.values.pop(0)


@pytest.mark.parametrize(
    "function",
    [
        weighted_mean,
        Callable(),
        partial(weighted_mean),
        r2_score,
        LinearRegression().fit(TABLE, X).score,
        lambda x, *, sample_weight: 1.0,
    ],
)
def test_functions_that_take_weights_are_known_by_the_name(function):
    assert has_parameter(function, "sample_weight")


@pytest.mark.parametrize(
    "function",
    [np.mean, np.average, np.linalg.norm, max],
)
def test_functions_without_the_name_take_no_weights(function):
    assert not has_parameter(function, "sample_weight")


def test_weights_that_the_user_gave_are_not_replaced():
    mine = partial(mean_squared_error, sample_weight=np.ones(N))
    assert not has_parameter(mine, "sample_weight")
    assert has_parameter(partial(mean_squared_error, X), "sample_weight")


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (2, ()),
        (2.5, ()),
        (True, ()),
        (np.float32(2), ()),
        (Fraction(1, 3), ()),
        (Decimal("0.25"), ()),
        ([1, 2], (2,)),
        ((1.0, 2.0, 3.0), (3,)),
        (np.ones((2, 3)), (2, 3)),
        (np.ones((2, 1, 2)), (2, 1, 2)),
        (pd.Series([1.0, 2.0]), (2,)),
        (pd.DataFrame(np.ones((2, 2))), (2, 2)),
        (np.ma.array([1.0, 2.0]), (2,)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("cls", [PlainFunction, WeightedFunction])
def test_numbers_and_arrays_of_them_are_values(value, shape, cls):
    bound = cls(lambda *arrays, sample_weight=None: value, (X,))
    assert bound.shape == shape
    assert len(bound.names) == np.size(value)
    expected = np.ravel(np.asarray(value, dtype=float))
    if cls is PlainFunction:
        assert_array_equal(bound(X), expected)
    else:
        assert_array_equal(bound.estimate(), expected)
        assert_array_equal(bound.weighted(np.ones((3, N))), [expected] * 3)


@pytest.mark.parametrize(
    "value",
    [
        "3",
        "three",
        b"3",
        None,
        [None],
        [],
        np.empty((0, 2)),
        1 + 2j,
        np.array([1j]),
        ["1", "2"],
        [[1], [1, 2]],
        {"mean": 1.0},
        np.datetime64("2020-01-01"),
        np.timedelta64(3, "D"),
        print,
    ],
    ids=repr,
)
@pytest.mark.parametrize("cls", [PlainFunction, WeightedFunction])
def test_what_is_no_number_is_an_error(value, cls):
    message = "must return a number or an array of numbers, .* returned"
    with pytest.raises(TypeError, match=message):
        cls(lambda *arrays, sample_weight=None: value, (X,))


def test_what_is_no_number_is_an_error_in_a_resample_too():
    message = r"must return a number .* returned 'none'"
    with pytest.raises(TypeError, match=message):
        PlainFunction(Recorder(1.0, "none"), (X,))(X)
    with pytest.raises(TypeError, match=message):
        WeightedFunction(Recorder(1.0, 2.0, "none"), (X,)).weighted(np.ones((2, N)))


@pytest.mark.parametrize("other", [np.ones(2), np.ones((1, 3)), 1.0])
def test_a_shape_that_changes_is_an_error(other):
    message = r"returned shape \(.*\) for a resample and \(3,\) for the data. It must"
    with pytest.raises(ValueError, match=message):
        PlainFunction(Recorder(np.ones(3), other), (X,))(X)
    weighted = WeightedFunction(Recorder(np.ones(3), np.ones(3), other), (X,))
    with pytest.raises(ValueError, match=message):
        weighted.weighted(np.ones((2, N)))


@pytest.mark.parametrize(
    ("shape", "names"),
    [((), ["0"]), ((2,), ["0", "1"]), ((2, 2), ["0,0", "0,1", "1,0", "1,1"])],
)
def test_components_are_named_by_their_indices(shape, names):
    assert component_names(shape) == names


@pytest.mark.parametrize("cls", [PlainFunction, WeightedFunction])
def test_components_of_a_series_are_named_by_its_labels(cls):
    frame = pd.DataFrame(TABLE, columns=["a", "b", 3])

    def means(table, sample_weight=None):
        return table.mean()

    assert cls(means, (frame,)).names == ["a", "b", "3"]


def test_weights_are_handed_on_a_row_at_a_time():
    weights = np.random.default_rng(0).random((4, N))
    bound = WeightedFunction(weighted_mean, (X,))
    expected = [[np.average(X, weights=row)] for row in weights]
    assert_allclose(bound.weighted(weights), expected, rtol=1e-15)
    assert_array_equal(bound.estimate(), [X.mean()])


def test_arrays_stay_what_they_are():
    seen = []

    def spy(frame, y, sample_weight=None):
        seen.append((type(frame), type(y)))
        return float(len(frame))

    bound = WeightedFunction(spy, (pd.DataFrame(TABLE), list(Z)))
    bound.weighted(np.ones((1, N)))
    taken = bound.take(np.array([3, 3, 1]))
    assert taken.estimate() == 3
    assert {frame for frame, _ in seen} == {pd.DataFrame}


def test_some_rows_taken_are_the_function_of_these_rows():
    rows = np.array([5, 5, 0, 23])
    taken = WeightedFunction(weighted_mean, (X,)).take(rows)
    assert_allclose(taken.estimate(), [X[rows].mean()])


def test_an_error_of_the_user_s_function_is_not_hidden():
    def fails(x):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        PlainFunction(fails, (X,))
