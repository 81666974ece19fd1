"""Compiled passes over replicates of many models equal their plain twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ensembles.inference._many_models import _kernels, _kernels_plain

sizes = st.integers(1, 70)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sizes, sizes)
def test_squares_and_largest_deviations_equal_the_twin(n_models, n_replicates):
    rng = np.random.default_rng(n_models + 100 * n_replicates)
    by_model = rng.normal(size=(n_models, n_replicates))
    centre, scales = by_model.mean(axis=0), rng.random(n_models) - 0.1
    squares = [np.full(n_models, -1.0) for _ in range(2)]
    largest = [np.full(n_replicates, np.inf) for _ in range(2)]
    for module, own_squares, own_largest in zip(
        (_kernels, _kernels_plain), squares, largest, strict=True
    ):
        module.sum_squares(by_model, centre, own_squares)
        module.find_largest(by_model, centre, scales, own_largest)
    assert_allclose(*squares, rtol=1e-12)
    assert_allclose(*largest, rtol=1e-12, atol=1e-15)


def test_the_first_models_of_a_larger_table_are_all_that_is_read():
    by_model = np.random.default_rng(0).normal(size=(5, 9))
    by_model[3:] = np.nan
    squares, largest = np.empty(3), np.empty(9)
    centre = by_model[:3].mean(axis=0)
    _kernels.sum_squares(by_model[:3], centre, squares)
    _kernels.find_largest(by_model[:3], centre, np.ones(3), largest)
    assert np.isfinite([*squares, *largest]).all()
    assert largest == pytest.approx((by_model[:3] - centre).max(axis=0))
