"""Blocks of neighbouring rows."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import chisquare, geom, norm

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import (
    CircularBlockBootstrap,
    MovingBlockBootstrap,
    StationaryBootstrap,
)

ALL = [MovingBlockBootstrap, CircularBlockBootstrap, StationaryBootstrap]
every_class = pytest.mark.parametrize("cls", ALL)
by_property = settings(max_examples=150, deadline=None, derandomize=True)
sizes = st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(1, 130))


def draws(scheme, n):
    return np.stack(list(scheme.iter_indices(range(n))))


def blocks(rows, length):
    return [rows[at : at + length] for at in range(0, len(rows), length)]


def runs(rows, n):
    """Lengths of the stretches in which each row follows the one before, modulo n."""
    breaks = np.flatnonzero((rows[1:] - rows[:-1]) % n != 1) + 1
    return np.diff(np.concatenate([[0], breaks, [len(rows)]]))


@by_property
@given(sizes, st.integers(0, 2**63))
def test_moving_blocks_are_contiguous_and_lie_within_the_series(size, seed):
    n, length, m = size
    assume(length <= n)
    scheme = MovingBlockBootstrap(
        2, block_length=length, max_samples=m, random_state=seed
    )
    for rows in draws(scheme, n):
        assert len(rows) == m
        for block in blocks(rows, length):
            assert_array_equal(block, block[0] + np.arange(len(block)))
            assert 0 <= block[0] <= n - length


@by_property
@given(sizes, st.integers(0, 2**63))
def test_circular_blocks_are_contiguous_modulo_n(size, seed):
    n, length, m = size
    assume(length <= n)
    scheme = CircularBlockBootstrap(
        2, block_length=length, max_samples=m, random_state=seed
    )
    for rows in draws(scheme, n):
        assert len(rows) == m
        for block in blocks(rows, length):
            assert_array_equal(block, (block[0] + np.arange(len(block))) % n)


@pytest.mark.parametrize("m", [1, 11, 12, 13, 400])
@every_class
def test_the_last_block_is_cut_so_that_the_size_is_kept(cls, m):
    drawn = draws(cls(3, block_length=4, max_samples=m, random_state=0), 12)
    assert drawn.shape == (3, m)


@pytest.mark.parametrize(
    ("cls", "n_starts"), [(MovingBlockBootstrap, 9), (CircularBlockBootstrap, 12)]
)
def test_blocks_start_anywhere_with_equal_probability(cls, n_starts):
    """Chi-square of 9,000 starts each: fails 2 seeds in 10,000."""
    drawn = draws(cls(3000, block_length=4, random_state=0), 12)
    counts = np.bincount(drawn[:, ::4].ravel())
    assert len(counts) == n_starts
    assert chisquare(counts).pvalue > 1e-4


def test_stationary_blocks_start_anywhere_with_equal_probability():
    """Chi-square of first, middle and last rows, 11 df each: fails 3 in 10,000."""
    drawn = draws(StationaryBootstrap(4000, block_length=4, random_state=0), 12)
    for column in (0, 6, 11):
        assert chisquare(np.bincount(drawn[:, column], minlength=12)).pvalue > 1e-4


def test_blocks_of_a_replicate_are_independent():
    """Chi-square of pairs of starts, 80 and 143 df: fails 2 seeds in 10,000."""
    for cls, k in [(MovingBlockBootstrap, 9), (CircularBlockBootstrap, 12)]:
        drawn = draws(cls(6000, block_length=4, random_state=0), 12)
        pairs = np.bincount(drawn[:, 0] * k + drawn[:, 4], minlength=k * k)
        assert chisquare(pairs).pvalue > 1e-4


def test_a_series_that_moving_blocks_seldom_reach_the_ends_of():
    """A row is drawn as often as starts cover it; z-tests, 12 rows: 12 in 10,000."""
    drawn = draws(MovingBlockBootstrap(4000, block_length=4, random_state=0), 12)
    counts = np.stack([np.bincount(rows, minlength=12) for rows in drawn])
    covering = np.array([1, 2, 3, 4, 4, 4, 4, 4, 4, 3, 2, 1])
    z = (counts.mean(axis=0) - 3 * covering / 9) / (counts.std(axis=0) / 4000**0.5)
    assert np.abs(z).max() < norm.isf(0.5e-4)


@pytest.mark.parametrize("length", [1, 2, 7, 30])
def test_stationary_blocks_have_geometric_lengths(length):
    """Next row follows with probability 1 - p + p / n; z-tests: fails 4 in 10,000."""
    n = 50
    drawn = draws(StationaryBootstrap(200, block_length=length, random_state=0), n)
    follows = (drawn[:, 1:] - drawn[:, :-1]) % n == 1
    expected = 1 - (1 - 1 / n) / length
    spread = np.sqrt(expected * (1 - expected) / follows.size)
    assert abs(follows.mean() - expected) / spread < norm.isf(0.5e-4)


def test_lengths_of_stationary_blocks_have_their_law():
    """Chi-square of lengths 1 to 12 and more, 12 df: fails 1 seed in 10,000."""
    n = 20000
    seen = runs(draws(StationaryBootstrap(1, block_length=4, random_state=0), n)[0], n)
    counts = np.bincount(np.minimum(seen[:-1], 13))[1:]
    law = geom((1 - 1 / n) / 4)
    expected = np.array([*law.pmf(range(1, 13)), law.sf(12)]) * (len(seen) - 1)
    assert chisquare(counts, expected).pvalue > 1e-4


@every_class
def test_blocks_of_one_row_are_the_bootstrap_of_rows_in_law(cls):
    """Chi-square of pairs of neighbours, 35 df, three: fails 3 seeds in 10,000."""
    drawn = draws(cls(6000, block_length=1, random_state=0), 6)
    pairs = np.bincount(drawn[:, 2] * 6 + drawn[:, 3], minlength=36)
    assert chisquare(pairs).pvalue > 1e-4


def test_a_circular_block_of_all_rows_is_a_turn_of_the_series():
    for rows in draws(CircularBlockBootstrap(9, block_length=7, random_state=0), 7):
        assert_array_equal(rows, np.roll(np.arange(7), -rows[0]))


@pytest.mark.parametrize(
    ("n", "length"), [(1, 1), (2, 1), (8, 2), (27, 3), (100, 5), (1000, 10)]
)
def test_the_block_length_left_open_is_the_cube_root_of_n(n, length):
    for cls in ALL:
        left_open = draws(cls(3, random_state=0), n)
        given_length = draws(cls(3, block_length=length, random_state=0), n)
        assert_array_equal(left_open, given_length)


@every_class
@pytest.mark.parametrize("gap", [0, 1, 2, 5])
def test_gap_takes_rows_near_the_blocks_out_of_the_test_set_only(cls, gap):
    plain = cls(20, block_length=3, max_samples=9, random_state=0)
    gapped = cls(20, block_length=3, max_samples=9, gap=gap, random_state=0)
    pairs = zip(plain.split(range(60)), gapped.split(range(60)), strict=True)
    for (train, test), (train_of_gapped, test_of_gapped) in pairs:
        assert_array_equal(train, train_of_gapped)
        apart = [i for i in test if np.abs(train - i).min() > gap]
        assert_array_equal(test_of_gapped, apart)


def test_gap_does_not_reach_around_the_end():
    scheme = CircularBlockBootstrap(
        50, block_length=3, max_samples=3, gap=2, random_state=0
    )
    at_the_start = [test for train, test in scheme.split(range(9)) if train[0] == 0]
    assert at_the_start
    for test in at_the_start:
        assert_array_equal(test, [5, 6, 7, 8])


def test_gap_does_not_change_what_a_statistic_sees():
    plain = StationaryBootstrap(5, random_state=0)
    gapped = StationaryBootstrap(5, gap=9, random_state=0)
    assert_array_equal(draws(plain, 40), draws(gapped, 40))


@every_class
def test_a_share_as_max_samples(cls):
    scheme = cls(2, block_length=4, max_samples=0.25, random_state=0)
    assert draws(scheme, 200).shape == (2, 50)
    with pytest.warns(UserWarning, match=r"results in a low number \(3\) of bootstrap"):
        assert draws(scheme, 12).shape == (2, 3)


@every_class
@pytest.mark.parametrize(
    ("params", "allowed"),
    [
        ({"gap": -1}, "an int in the range [0, inf). Got -1"),
        ({"gap": None}, "an int in the range [0, inf). Got None"),
        ({"max_samples": 0}, "None, an int in the range [1, inf) or a float in the ra"),
    ],
    ids=str,
)
def test_parameters_outside_their_ranges_are_an_error(cls, params, allowed):
    (name,) = params
    message = f"The '{name}' parameter of {cls.__name__} must be {allowed}"
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        next(cls(**params).iter_indices(range(12)))


@every_class
@pytest.mark.parametrize("length", [0, 0.5, -3, True, "automatic"])
def test_block_lengths_outside_their_range_are_an_error(cls, length):
    kind = "a number" if cls is StationaryBootstrap else "an int"
    message = f"'block_length' parameter of {cls.__name__} must be {kind} in the range"
    with pytest.raises(InvalidParameterError, match=message):
        next(cls(block_length=length).iter_indices(range(12)))


@pytest.mark.parametrize(
    "series",
    [
        np.array(["a", "b"] * 20),
        pd.DataFrame({"x": np.arange(40.0), "kind": ["a", "b"] * 20}),
        pd.Series(["a", "b"] * 20),
    ],
    ids=["array", "frame", "series"],
)
def test_an_automatic_length_wants_numbers(series):
    with pytest.raises(ValueError, match="got a series of text or objects"):
        next(StationaryBootstrap(2, block_length="auto").split(series))


def test_a_mean_block_length_need_not_be_whole():
    """Geometric lengths of mean 2.5; the mean of 4000 is within 4 standard errors."""
    n = 10_000
    (rows,) = StationaryBootstrap(1, block_length=2.5, random_state=0).iter_indices(
        range(n)
    )
    lengths = runs(rows, n)[:-1]
    assert abs(lengths.mean() - 2.5) < 4 * np.sqrt(2.5 * 1.5 / len(lengths))
    with pytest.raises(InvalidParameterError, match="must be an int in the range"):
        next(CircularBlockBootstrap(block_length=2.5).iter_indices(range(12)))


@every_class
def test_a_block_longer_than_the_series_is_an_error(cls):
    message = r"block_length must be <= n_samples=12, got 13. n \*\* \(1/3\) is a usual"
    with pytest.raises(ValueError, match=message):
        next(cls(block_length=13).iter_indices(range(12)))


@every_class
def test_a_gap_that_leaves_no_row_to_test_on_is_an_error(cls):
    message = f"(?s){cls.__name__}.*leaves no row out-of-bag of 12 rows.*Shorten block"
    with pytest.raises(ValueError, match=message):
        next(cls(block_length=3, gap=12).split(range(12)))
