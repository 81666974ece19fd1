"""Random subsets of rows: disjoint, and as random as they should be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import chi2, chisquare

from ensembles._random import keys_for
from ensembles.inference._large._subsets import LittleDraws, _shuffled, subset_rows

by_property = settings(max_examples=60, deadline=None, derandomize=True)


@by_property
@given(st.integers(1, 700), st.integers(1, 50), st.integers(0, 2**64))
def test_subsets_part_the_rows(n_rows, size, entropy):
    size = min(size, n_rows)
    (key,) = keys_for(entropy, 0, 1)
    subsets = [subset_rows(key, j, size, n_rows) for j in range(n_rows // size)]
    for rows in subsets:
        assert (np.diff(rows) > 0).all()
    together = np.concatenate(subsets)
    assert len(set(together)) == len(together)
    assert together.min() >= 0
    assert together.max() < n_rows


def first_pairs(keys, n_rows):
    """What subset_rows gives for each key, all keys in one walk."""
    at = np.tile(np.arange(2, dtype=np.uint64), (len(keys), 1))
    of_key = np.repeat(keys[:, None], 2, axis=1)
    outside = np.ones(at.shape, bool)
    while outside.any():
        at[outside] = _shuffled(of_key[outside], at[outside], n_rows).ravel()
        outside = at >= n_rows
    return np.sort(at.astype(np.intp))


@pytest.mark.parametrize("n_rows", [6, 9, 10, 50])
def test_every_pair_of_rows_is_as_likely_to_be_a_subset(n_rows):
    """Chi-square of the first pair under 20,000 keys: fails 4 in 10,000 for all."""
    keys = keys_for(0, 0, 20_000)
    pairs = first_pairs(keys, n_rows)
    for key, pair in zip(keys[:500], pairs, strict=False):
        assert_array_equal(subset_rows(key, 0, 2, n_rows), pair)
    codes = pairs[:, 0] * n_rows + pairs[:, 1]
    _, seen = np.unique(codes, return_counts=True)
    assert len(seen) == n_rows * (n_rows - 1) // 2
    assert chisquare(seen).pvalue > 1e-4


def test_subsets_lie_evenly_over_many_rows():
    """Rows of a subset in 50 bins under 40 keys; sums of chi-squares: 1 in 10,000."""
    n_rows, size, statistic = 10**6, 4000, 0.0
    for key in keys_for(1, 0, 40):
        rows = subset_rows(key, 3, size, n_rows)
        seen = np.bincount(rows * 50 // n_rows, minlength=50)
        statistic += ((seen - size / 50) ** 2).sum() / (size / 50)
    # Rows without replacement vary less, by a share that is the subset's of all rows.
    assert statistic < chi2(40 * 49).isf(1e-4)
    assert statistic > chi2(40 * 49).ppf(1e-4) * (1 - size / n_rows)


def test_few_rows_of_many_need_no_list_of_all():
    (key,) = keys_for(0, 0, 1)
    rows = subset_rows(key, 10**6, 5, 10**15)
    assert len(rows) == 5
    assert rows.max() < 10**15


def test_rows_of_a_draw_are_its_weights():
    draws, (key,) = LittleDraws(5, 40), keys_for(0, 0, 1)
    rows = draws.rows(key)
    assert len(rows) == 40 == draws.total
    assert_array_equal(np.bincount(rows, minlength=5), draws.weights(key))
