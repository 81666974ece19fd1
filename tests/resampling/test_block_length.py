"""Block lengths estimated from a series."""

import math
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import lfilter
from scipy.sparse import csr_array

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import (
    CircularBlockBootstrap,
    MovingBlockBootstrap,
    StationaryBootstrap,
)
from ensembles.resampling._block_length import _KINDS, _best, optimal_block_length
from ensembles.resampling._tapered import TaperedBlockBootstrap, _middles, _trapezoid

KINDS = ["stationary", "circular", "tapered"]
VARIANTS = ["np", "patton"]
every_kind = pytest.mark.parametrize("kind", KINDS)
every_variant = pytest.mark.parametrize("variant", VARIANTS)
by_property = settings(max_examples=100, deadline=None, derandomize=True)


def series(n, phi=0.5, seed=0):
    """An autoregression; neighbours correlate with `phi`."""
    return lfilter([1], [1, -phi], np.random.default_rng(seed).normal(size=n))


def flat_top(s):
    return 1 if abs(s) < 0.5 else 2 * (1 - abs(s))


def lengths_from(R, n):
    """Of stationary and circular blocks; equations 9 and 14, one lag at a time."""
    M = len(R) - 1
    G = 2 * sum(flat_top(k / M) * k * R[k] for k in range(1, M + 1))
    level = R[0] + 2 * sum(flat_top(k / M) * R[k] for k in range(1, M + 1))
    cap = math.ceil(min(3 * math.sqrt(n), n / 3))
    free = [(2 * G**2 / (d * level**2) * n) ** (1 / 3) for d in (2, 4 / 3)]
    return [min(max(1, length), cap) for length in free]


def last_lag(rho, bound, K):
    """Footnote c of Politis & White: the lag after which K in a row are small."""
    for j in range(len(rho) - K + 1):
        if all(abs(r) < bound for r in rho[j : j + K]):
            return j + 1
    return max(k for k, r in enumerate(rho, 1) if abs(r) >= bound)


def plain_np(x):
    n = len(x)
    K = max(5, math.ceil(math.log10(n)))
    reach = math.ceil(math.sqrt(n)) + K
    e = x - x.mean()
    R = [sum(e[t] * e[t - k] for t in range(k, n)) / n for k in range(reach + 1)]
    bound = 1.959963984540054 * math.sqrt(math.log10(n) / n)
    m = last_lag([r / R[0] for r in R[1:]], bound, K)
    return lengths_from(R[: min(2 * m, reach) + 1], n)


def plain_patton(x):
    n = len(x)
    reach = math.ceil(math.sqrt(n)) + 5

    def lagged(M):
        return np.array([x[M - k : n - k] for k in range(M + 1)])

    bound = 2 * math.sqrt(math.log10(n) / n)
    m = last_lag(np.corrcoef(lagged(reach))[0, 1:], bound, 5)
    return lengths_from(np.cov(lagged(min(2 * m, reach)))[0], n)


PLAIN = {"np": plain_np, "patton": plain_patton}


@every_variant
@by_property
@given(st.integers(12, 200), st.floats(-0.95, 0.95), st.integers(0, 2**32))
def test_the_fast_lengths_equal_the_plain_ones(variant, n, phi, seed):
    x = series(n, phi, seed)
    fast = [optimal_block_length(x, kind, variant=variant) for kind in KINDS[:2]]
    assert_allclose(fast, PLAIN[variant](x), rtol=1e-8)


def test_beyond_a_hundred_thousand_rows_np_wants_six_small_lags_in_a_row():
    """Rows correlate with the sixth before them only; five lags see nothing of it."""
    noise = np.random.default_rng(0).normal(size=100_007)
    x = noise[6:] + 0.8 * noise[:-6]
    assert optimal_block_length(x[:100_000]) < 5
    assert optimal_block_length(x) > 50
    assert optimal_block_length(x, variant="patton") < 5


@every_variant
def test_a_long_series_equals_its_plain_twin(variant):
    x = series(3000, 0.8)
    fast = [optimal_block_length(x, kind, variant=variant) for kind in KINDS[:2]]
    assert_allclose(fast, PLAIN[variant](x), rtol=1e-9)


@every_kind
@every_variant
@by_property
@given(
    st.integers(12, 300),
    st.floats(-0.99, 0.99),
    st.floats(1e-3, 1e3),
    st.floats(-1e3, 1e3),
    st.integers(0, 2**32),
)
def test_lengths_know_no_unit_sign_or_level(kind, variant, n, phi, unit, level, seed):
    x = series(n, phi, seed)
    length = optimal_block_length(x, kind, variant=variant)
    for other in (level + unit * x, -x):
        again = optimal_block_length(other, kind, variant=variant)
        assert again == pytest.approx(length, rel=1e-6)


@every_kind
@every_variant
@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e160, 1e307])
def test_units_that_would_overflow_when_squared_do_not(kind, variant, unit):
    x = series(300)
    length = optimal_block_length(x, kind, variant=variant)
    again = optimal_block_length(unit * x, kind, variant=variant)
    assert again == pytest.approx(length)


@every_kind
def test_np_lengths_are_the_same_backwards(kind):
    x = series(400, 0.7)
    backwards = optimal_block_length(x[::-1], kind)
    assert backwards == pytest.approx(optimal_block_length(x, kind))


@every_kind
@every_variant
@by_property
@given(st.integers(12, 300), st.floats(-0.99, 0.99), st.integers(0, 2**32))
def test_lengths_are_those_of_a_block(kind, variant, n, phi, seed):
    length = optimal_block_length(series(n, phi, seed), kind, variant=variant)
    assert isinstance(length, float)
    assert 1 <= length <= math.ceil(min(3 * math.sqrt(n), n / 3))


@every_kind
@every_variant
def test_no_block_is_longer_than_three_roots_of_n(kind, variant):
    """A series that swings back at once: the variance of its mean is nearly zero."""
    x = (-1.0) ** np.arange(500) + 0.01 * series(500)
    assert optimal_block_length(x, kind, variant=variant) == 68


def test_noise_gets_short_blocks_and_dependence_long_ones():
    lengths = [optimal_block_length(series(5000, phi)) for phi in (0, 0.3, 0.6, 0.9)]
    assert lengths == sorted(lengths)
    assert lengths[0] < 4
    assert lengths[-1] > 50


@every_kind
def test_where_the_variance_of_the_mean_vanishes_the_longest_block_is_taken(kind):
    assert _best(np.array([1, -0.5, 0]), 100, _KINDS[kind]) == 30


def test_the_constants_of_tapered_blocks_are_those_of_the_trapezoid():
    """Paparoditis & Politis (2002): 5.45 = 10.9 / 2 and 1.099 = 2 x 0.5495."""
    n = 20_000
    w = _trapezoid(_middles(n))
    v = np.fft.irfft(np.abs(np.fft.rfft(w, 2 * n)) ** 2)
    v /= v[0]
    risk = _KINDS["tapered"]
    assert risk.bias == pytest.approx(1 / (0.43 * (1 - 4 * 0.43 / 3)), rel=1e-9)
    assert (1 - v[40]) / 0.002**2 == pytest.approx(risk.bias, rel=5e-3)
    assert 2 * (v**2).sum() / n == pytest.approx(risk.variance, rel=1e-6)
    assert risk.bias == pytest.approx(5.45, abs=5e-3)
    assert risk.variance == pytest.approx(1.099, abs=5e-4)


@pytest.mark.parametrize(
    "convert",
    [list, tuple, np.asarray, pd.Series, pl.Series, np.float32],
    ids=["list", "tuple", "array", "pandas", "polars", "float32"],
)
def test_one_series_gives_a_float(convert):
    x = series(200)
    length = optimal_block_length(convert(x))
    assert type(length) is float
    assert length == pytest.approx(optimal_block_length(x), rel=1e-5)


TABLE = np.column_stack([series(200, phi, seed) for seed, phi in enumerate((0, 0.9))])


@pytest.mark.parametrize(
    "convert", [np.asarray, np.asfortranarray, np.ndarray.tolist, pl.DataFrame]
)
def test_a_table_gives_an_array_of_lengths(convert):
    lengths = optimal_block_length(convert(TABLE))
    assert isinstance(lengths, np.ndarray)
    assert_array_equal(lengths, [optimal_block_length(x) for x in TABLE.T])


def test_a_pandas_frame_gives_a_series_of_lengths():
    lengths = optimal_block_length(pd.DataFrame(TABLE, columns=["a", "b"]))
    assert isinstance(lengths, pd.Series)
    assert lengths.to_dict() == {
        "a": optimal_block_length(TABLE[:, 0]),
        "b": optimal_block_length(TABLE[:, 1]),
    }


def test_a_table_of_one_column_is_a_table():
    assert optimal_block_length(TABLE[:, :1]).shape == (1,)


@pytest.mark.parametrize(
    ("aggregate", "reduce"),
    [("max", np.max), ("mean", np.mean), (np.median, np.median)],
    ids=["max", "mean", "callable"],
)
@pytest.mark.parametrize(
    "convert",
    [np.asarray, pd.DataFrame, pl.DataFrame],
    ids=["array", "pandas", "polars"],
)
def test_an_aggregate_makes_one_length_for_all_columns(aggregate, reduce, convert):
    length = optimal_block_length(convert(TABLE), aggregate=aggregate)
    assert type(length) is float
    assert length == reduce(optimal_block_length(TABLE))


@pytest.mark.parametrize("aggregate", ["max", "mean", np.median])
def test_the_aggregate_of_one_series_is_its_length(aggregate):
    x = TABLE[:, 1]
    assert optimal_block_length(x, aggregate=aggregate) == optimal_block_length(x)


def test_integers_and_booleans_are_numbers():
    x = series(200) > 0
    assert optimal_block_length(x) == optimal_block_length(x.astype(int))


@pytest.mark.parametrize(
    ("scheme", "kind", "whole"),
    [
        (StationaryBootstrap, "stationary", float),
        (CircularBlockBootstrap, "circular", math.ceil),
        (MovingBlockBootstrap, "circular", math.ceil),
        (TaperedBlockBootstrap, "tapered", math.ceil),
    ],
)
@pytest.mark.parametrize("phi", [0, 0.99])
def test_the_schemes_take_the_lengths(scheme, kind, whole, phi):
    x = series(30, phi)
    length = whole(optimal_block_length(x, kind))
    assert len(next(scheme(block_length=length).iter_indices(x))) == 30


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_missing_values_are_an_error_that_names_the_column(missing):
    x = series(50)
    x[7] = missing
    message = "x contains NaN or infinity, so lags cannot be counted. Fill"
    with pytest.raises(ValueError, match=message):
        optimal_block_length(x)
    table = np.column_stack([series(50), x])
    with pytest.raises(ValueError, match="Column 1 of x contains NaN"):
        optimal_block_length(table)
    with pytest.raises(ValueError, match="Column 'b' of x contains NaN"):
        optimal_block_length(pd.DataFrame(table, columns=["a", "b"]))
    with pytest.raises(ValueError, match="Column 'b' of x contains NaN"):
        optimal_block_length(pl.DataFrame(table, schema=["a", "b"]))


def test_missing_values_of_pandas_are_an_error():
    x = pd.array([1, None, *range(30)], dtype="Int64")
    with pytest.raises(ValueError, match="Column 'a' of x contains NaN"):
        optimal_block_length(pd.DataFrame({"a": x}))


@pytest.mark.parametrize("value", [0, 0.1, 1e300])
def test_constant_series_are_an_error_that_names_the_column(value):
    x = np.full(50, value)
    message = "x is constant: it has no dependence to keep, and any block length will"
    with pytest.raises(ValueError, match=message):
        optimal_block_length(x)
    frame = pd.DataFrame({"a": series(50), "b": x})
    with pytest.raises(ValueError, match="Column 'b' of x is constant"):
        optimal_block_length(frame, aggregate="max")


def test_a_constant_stretch_is_an_error_where_it_is_all_that_is_compared():
    x = np.concatenate([series(10), np.zeros(4)])
    assert optimal_block_length(x) >= 1
    message = "compares stretches of 5 rows, and one of them is constant. Use variant"
    with pytest.raises(ValueError, match=message):
        optimal_block_length(np.append(x, 0.0)[-14:], variant="patton")


@pytest.mark.parametrize(("variant", "least"), [("np", 9), ("patton", 12)])
def test_too_few_rows_are_an_error(variant, least):
    assert optimal_block_length(series(least), variant=variant) >= 1
    message = (
        f"needs at least {least} rows with variant='{variant}', got {least - 1}. The "
        "cube root"
    )
    with pytest.raises(ValueError, match=message):
        optimal_block_length(series(least - 1), variant=variant)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (["a", "b"] * 9, ValueError, "could not convert|not compatible with arrays"),
        (np.arange("2000", "2020", dtype="M8[Y]"), ValueError, "without its dates"),
        (1j * np.arange(20), ValueError, "Complex data not supported"),
        (np.zeros((3, 4, 5)), ValueError, "Found array with dim 3"),
        (csr_array(np.eye(20)), TypeError, "Sparse data was passed"),
        (3.0, (TypeError, ValueError), "got scalar"),
        (np.zeros((20, 0)), ValueError, r"Found array with 0 feature\(s\)"),
    ],
    ids=["strings", "dates", "complex", "3-D", "sparse", "scalar", "no columns"],
)
def test_what_is_no_series_of_numbers_is_an_error(x, error, message):
    with pytest.raises(error, match=message):
        optimal_block_length(x)


@pytest.mark.parametrize(
    ("params", "allowed"),
    [
        ({"kind": "moving"}, "one of {'circular', 'stationary', 'tapered'}. Got 'mov"),
        ({"variant": "arch"}, "one of {'np', 'patton'}. Got 'arch'"),
        ({"aggregate": "median"}, "one of {None, 'max', 'mean'}. Got 'median'"),
        ({"aggregate": 3}, "one of {None, 'max', 'mean'}. Got 3 instead"),
    ],
    ids=str,
)
def test_parameters_outside_their_choices_are_an_error(params, allowed):
    (name,) = params
    parameter = f"'{name}' parameter of optimal_block_length must be "
    message = parameter + re.escape(allowed)
    with pytest.raises(InvalidParameterError, match=message):
        optimal_block_length(series(50), **params)


@pytest.mark.parametrize("returned", [np.array([1.0, 2.0]), -1.0, np.nan, "3", None])
def test_an_aggregate_that_gives_no_length_is_an_error(returned):
    message = r"must be a callable that returns a positive number.*It returned"
    with pytest.raises(InvalidParameterError, match=message):
        optimal_block_length(TABLE, aggregate=lambda lengths: returned)
