"""Compiled draws of streams and subsets: equal to their twins, and to `resampling`."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import binom, chisquare

from ensembles._random import keys_for
from ensembles.inference._large import _kernels, _kernels_plain
from ensembles.inference._large._subsets import LittleDraws
from ensembles.inference._large._sums import _THRESHOLDS
from ensembles.resampling import PoissonBootstrap
from ensembles.resampling._kernels import count_poisson
from ensembles.resampling._weights import POISSON_1

by_property = settings(max_examples=60, deadline=None, derandomize=True)
entropies = st.integers(0, 2**64)


def added(module, keys, first_row, columns, sums):
    sums = sums.copy()
    module.add_poisson(keys, np.uint64(first_row), _THRESHOLDS, columns, sums)
    return sums


@by_property
@given(
    st.integers(0, 9),
    st.integers(0, 2**62),
    st.integers(1, 600),
    st.integers(1, 4),
    entropies,
)
def test_sums_have_the_bits_of_the_twin(
    n_replicates, first, n_rows, n_columns, entropy
):
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(n_columns, n_rows))
    sums = rng.normal(size=(n_replicates, n_columns))
    keys = keys_for(entropy, 0, n_replicates)
    ours = added(_kernels, keys, first, columns, sums)
    assert_array_equal(ours, added(_kernels_plain, keys, first, columns, sums))


def test_rows_have_the_counts_that_the_scheme_gives_them():
    """2 million counts, so that some are above what comparisons settle at once."""
    keys = keys_for(0, 0, 100)
    counts = np.empty((100, 20_000))
    count_poisson(keys, 0, POISSON_1, counts)
    assert counts.max() >= 8
    columns = np.random.default_rng(0).normal(size=(1, 20_000))
    in_order = np.add.accumulate(counts * columns, axis=1)[:, -1:]
    ours = added(_kernels, keys, 0, columns, np.zeros((100, 1)))
    assert_array_equal(ours, in_order)
    (weights,) = PoissonBootstrap(100, random_state=0).iter_weights(columns[0])
    assert_array_equal(weights, counts)


def test_every_count_up_to_the_largest_is_told_apart():
    """A stream in which the word of each row is known: thresholds one by one."""
    for count in range(len(_THRESHOLDS) - 1):
        low, high = _THRESHOLDS[count : count + 2]
        words = np.array([low, high - 1])
        if low < high:
            here = np.searchsorted(_THRESHOLDS, words, side="right")
            u = words * 2.0**-53
            assert_array_equal(here, np.searchsorted(POISSON_1, u, side="right"))


@pytest.mark.parametrize("cuts", [[1], [255, 256, 257], range(1, 600)])
def test_bits_of_sums_do_not_depend_on_the_cut(cuts):
    columns = np.random.default_rng(0).normal(size=(3, 600))
    keys = keys_for(1, 0, 6)
    whole = added(_kernels, keys, 7, columns, np.zeros((6, 3)))
    sums, edges = np.zeros((6, 3)), [0, *cuts, 600]
    for start, stop in itertools.pairwise(edges):
        part = np.ascontiguousarray(columns[:, start:stop])
        sums = added(_kernels, keys, 7 + start, part, sums)
    assert_array_equal(sums, whole)


def test_bits_of_a_replicate_do_not_depend_on_the_others():
    columns = np.random.default_rng(0).normal(size=(3, 600))
    keys = keys_for(1, 0, 7)
    whole = added(_kernels, keys, 0, columns, np.zeros((7, 3)))
    for start, stop in [(0, 1), (1, 6), (5, 7)]:
        part = added(
            _kernels, keys[start:stop], 0, columns, np.zeros((stop - start, 3))
        )
        assert_array_equal(part, whole[start:stop])


def test_rows_of_a_subset_are_drawn_as_often_as_by_a_multinomial():
    """Chi-square of the count of two rows, 20 of 300 draws: fails 2 in 10,000."""
    weights = LittleDraws(15, 300).weight_rows(keys_for(0, 0, 20_000))
    law = binom(300, 1 / 15)
    inner = np.arange(12, 30)
    expected = np.array([law.cdf(11), *law.pmf(inner), law.sf(29)]) * 20_000
    for row in (0, 14):
        counts = weights[:, row].clip(11, 30).astype(int) - 11
        seen = np.bincount(counts, minlength=20)
        assert chisquare(seen, expected).pvalue > 1e-4


def test_counts_of_two_rows_of_a_subset_have_the_covariance_of_a_multinomial():
    """A z-test of all pairs: fails 1 seed in 10,000."""
    n_rows, n_draws, n_replicates = 15, 300, 20_000
    weights = LittleDraws(n_rows, n_draws).weight_rows(keys_for(1, 0, n_replicates))
    pairs = weights[:, 0] * weights[:, 1]
    z = (pairs.mean() - n_draws * (n_draws - 1) / n_rows**2) / pairs.std()
    assert abs(z) * n_replicates**0.5 < 3.89
