"""Checks at the door and the text of their errors."""

import re
import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix

from ensembles._validation import (
    check_bool,
    check_choice,
    check_count,
    check_count_or_fraction,
    check_labels,
    check_sample_weight,
    check_unmasked,
    invalid_parameter,
    is_count,
    is_fraction,
    is_positive,
    n_rows_of,
    resolve_n_draws,
)
from ensembles.exceptions import InvalidParameterError


class Owner:
    pass


def raises(text):
    return pytest.raises(InvalidParameterError, match=f"^{re.escape(text)}$")


@pytest.mark.parametrize("owner", [Owner(), "Owner"], ids=["object", "name"])
def test_an_error_names_the_parameter_what_is_allowed_and_what_came(owner):
    error = invalid_parameter(owner, "x", "abc", "a number", "Try 1.")
    assert isinstance(error, ValueError)
    assert isinstance(error, TypeError)
    expected = "The 'x' parameter of Owner must be a number. Got 'abc' instead. Try 1."
    assert str(error) == expected
    assert str(invalid_parameter(owner, "x", 1, "a str")).endswith("Got 1 instead.")


@pytest.mark.parametrize(
    ("value", "count", "fraction", "positive"),
    [
        (1, True, False, True),
        (0, True, False, False),
        (-3, True, False, False),
        (np.int8(5), True, False, True),
        (np.uint64(5), True, False, True),
        (0.5, False, True, True),
        (1.0, False, True, True),
        (np.float32(0.5), False, True, True),
        (Fraction(1, 2), False, True, True),
        (1.0001, False, False, True),
        (0.0, False, False, False),
        (-0.5, False, False, False),
        (np.nan, False, False, False),
        (np.inf, False, False, False),
        (True, False, False, False),
        (np.True_, False, False, False),
        ("1", False, False, False),
        (None, False, False, False),
        (1j, False, False, False),
        ([1], False, False, False),
        (np.array([1.0]), False, False, False),
    ],
    ids=repr,
)
def test_what_a_number_is(value, count, fraction, positive):
    assert is_count(value) == count
    assert is_fraction(value) == fraction
    assert is_positive(value) == positive


@pytest.mark.parametrize("value", [1, 7, np.int64(1)])
def test_a_count_in_range_passes(value):
    check_count(Owner(), "n", value)
    check_count(Owner(), "n", value, none=True)


def test_a_count_may_start_elsewhere_or_be_none():
    check_count(Owner(), "n", 0, low=0)
    check_count(Owner(), "n", None, none=True)
    with raises(
        "The 'n' parameter of Owner must be an int in the range [2, inf) or None. Got "
        "1 instead. Two make a pair."
    ):
        check_count(Owner(), "n", 1, low=2, none=True, hint="Two make a pair.")


@pytest.mark.parametrize("value", [0, -1, 1.0, True, None, "1", np.nan], ids=repr)
def test_what_is_no_count_is_an_error(value):
    with raises(
        "The 'n' parameter of Owner must be an int in the range [1, inf). Got "
        f"{value!r} instead."
    ):
        check_count(Owner(), "n", value)


@pytest.mark.parametrize("value", [1, 100, 1.0, 0.001, np.float32(0.5), np.int64(3)])
def test_a_count_or_fraction_in_range_passes(value):
    check_count_or_fraction(Owner(), "m", value)
    check_count_or_fraction(Owner(), "m", None, none=True)


@pytest.mark.parametrize("value", [0, 0.0, 1.5, -1, True, np.nan, "all"], ids=repr)
@pytest.mark.parametrize("none", [True, False])
def test_what_is_neither_is_an_error(value, none):
    allowed = "an int in the range [1, inf) or a float in the range (0.0, 1.0]"
    with raises(
        f"The 'm' parameter of Owner must be {'None, ' * none}{allowed}. Got {value!r} "
        "instead."
    ):
        check_count_or_fraction(Owner(), "m", value, none=none)


def test_none_is_no_count_or_fraction_unless_allowed():
    with pytest.raises(InvalidParameterError, match="Got None instead"):
        check_count_or_fraction(Owner(), "m", None)


@pytest.mark.parametrize("value", [True, False, np.True_, np.False_])
def test_a_boolean_passes(value):
    check_bool(Owner(), "b", value)


@pytest.mark.parametrize("value", [0, 1, None, "True", np.array([True])], ids=repr)
def test_what_is_no_boolean_is_an_error(value):
    with raises(
        "The 'b' parameter of Owner must be an instance of 'bool' or an "
        f"instance of 'numpy.bool'. Got {value!r} instead."
    ):
        check_bool(Owner(), "b", value)


@pytest.mark.parametrize("value", ["a", "b", None])
def test_a_choice_passes(value):
    check_choice(Owner(), "c", value, {"a", "b", None})


@pytest.mark.parametrize("value", ["z", 1, ["a"], np.array(["a"]), None], ids=repr)
def test_what_is_no_choice_is_an_error(value):
    with raises(
        f"The 'c' parameter of Owner must be one of {{'a', 'b'}}. Got {value!r} "
        "instead. Or leave it."
    ):
        check_choice(Owner(), "c", value, {"b", "a"}, "Or leave it.")


class OnlyAnArray:
    def __array__(self, dtype=None, copy=None):
        return np.zeros((4, 2))


@pytest.mark.parametrize(
    "table",
    [
        np.zeros((4, 2)),
        np.zeros(4),
        [1, 2, 3, 4],
        "abcd",
        range(4),
        pd.DataFrame({"x": [1, 2, 3, 4]}, index=[9, 8, 7, 6]),
        pd.Series([1, 2, 3, 4]),
        pl.DataFrame({"x": [1, 2, 3, 4]}),
        csr_matrix(np.zeros((4, 2))),
        csr_array(np.zeros((4, 2))),
        np.zeros((4, 2, 3)),
        OnlyAnArray(),
    ],
    ids=lambda table: type(table).__name__ + str(getattr(table, "ndim", "")),
)
def test_rows_of_any_container_are_counted(table):
    assert n_rows_of(table) == 4
    assert type(n_rows_of(table)) is int


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.array(3), r"Singleton array array\(3\) cannot be considered a valid"),
        (iter([1]), "Expected sequence or array-like, got <class 'list_iterator'>"),
        (3, "Expected sequence or array-like, got <class 'int'>"),
        (None, "Expected sequence or array-like, got <class 'NoneType'>"),
    ],
    ids=["scalar", "iterator", "int", "none"],
)
def test_what_has_no_rows_is_an_error(table, message):
    with pytest.raises(TypeError, match=message):
        n_rows_of(table)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 0, 2], [1, 0, 2]),
        (np.array([1, 0, 2], dtype=np.float32), [1, 0, 2]),
        (pd.Series([1, 0, 2], index=[5, 6, 7]), [1, 0, 2]),
        (2, [2, 2, 2]),
        (0.5, [0.5, 0.5, 0.5]),
    ],
    ids=["list", "float32", "series", "int", "float"],
)
def test_sample_weight_becomes_a_float_array(given, expected):
    weights = check_sample_weight(given, 3)
    assert weights.dtype == np.float64
    assert_array_equal(weights, expected)


def test_no_sample_weight_stays_none():
    assert check_sample_weight(None, 3) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 2], r"sample_weight.shape == \(2,\), expected \(3,\)!"),
        (np.ones((3, 1)), "Sample weights must be 1D array or scalar, got 2D array"),
        ([1, -1, 1], "Negative values in data passed to `sample_weight`. Weights are"),
        ([0, 0, 0], "sample_weight is zero everywhere: no row is left to fit"),
        ([1, np.nan, 1], "Input sample_weight contains NaN"),
        ([1, np.inf, 1], "Input sample_weight contains infinity"),
    ],
    ids=["length", "shape", "negative", "zero", "nan", "inf"],
)
def test_sample_weight_that_does_not_fit_is_an_error(given, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(given, 3)


def with_warnings(function, *args):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return function(*args), [(w.category, str(w.message)) for w in caught]


@pytest.mark.parametrize("n", [1, 9, 10, 40, 1000, 8000])
@pytest.mark.parametrize("max_samples", [None, 1, 13, 0.002, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("weighted", [True, False])
def test_draws_are_counted_and_warned_of_as_in_scikit_learn(n, max_samples, weighted):
    theirs = pytest.importorskip("sklearn.ensemble._bootstrap")
    weights = np.linspace(0, 3, n) + 0.1 if weighted else None
    ours = with_warnings(resolve_n_draws, n, max_samples, weights)
    assert ours == with_warnings(
        theirs._get_n_samples_bootstrap, n, max_samples, weights
    )
    assert type(ours[0]) is int


@pytest.mark.parametrize("weight", [-3, 0, np.nan, np.inf, -0.5])
def test_one_weight_for_all_rows_is_checked_like_many(weight):
    with pytest.raises(ValueError, match="sample_weight"):
        check_sample_weight(weight, 4)


def test_masked_values_are_an_error_and_a_mask_of_nothing_is_none():
    whole = np.ma.array([1.0, 2.0, 3.0])
    check_unmasked("The mean", whole, [1, 2])
    masked = np.ma.masked_greater(whole, 1.5)
    with pytest.raises(ValueError, match=r"The mean takes .* got 2 of them\. Leave"):
        check_unmasked("The mean", whole, masked)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([0.0, np.nan, 1.0]),
        np.array(["a", None, "b"], dtype=object),
        np.array(["a", np.nan, "b"], dtype=object),
        np.array(["2020", "NaT", "2021"], dtype="datetime64[D]"),
        pd.Series(["a", pd.NA, "b"], dtype="string"),
        pd.Series(["a", None, "b"], dtype="category"),
        np.array([[0.0, 1.0], [np.nan, 1.0], [0.0, 2.0]]),
    ],
    ids=["nan", "None", "object nan", "NaT", "NA", "category", "column"],
)
def test_a_missing_label_is_an_error_that_names_its_row(labels):
    with pytest.raises(ValueError, match=r"groups has no label .* in row 1\. Give"):
        check_labels("groups", labels)


@pytest.mark.parametrize(
    "labels", [[1, 2], ["a", "b"], [True, False], np.array([0.5, 1.0]), [1, "a"]]
)
def test_labels_of_any_kind_pass(labels):
    check_labels("groups", labels)
