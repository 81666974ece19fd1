"""P-values of many comparisons, by hand and by a loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ensembles.inference._metrics._correction import holm, rank_ends, step_down

by_property = settings(max_examples=60, deadline=None, derandomize=True)
SIDES = {"two-sided": np.abs, "greater": np.array, "less": np.negative}


def test_holm_multiplies_by_the_number_that_is_left():
    pvalues = np.array([0.01, 0.04, 0.03, 0.005])
    assert_allclose(holm(pvalues), [0.03, 0.06, 0.06, 0.02], rtol=1e-14)


def test_holm_is_monotone_and_never_above_one():
    assert_allclose(holm(np.array([0.9, 0.2, 0.6])), [1.0, 0.6, 1.0], rtol=1e-14)
    assert_allclose(holm(np.array([0.02, 0.021, 0.021])), [0.06] * 3, rtol=1e-14)
    assert_allclose(holm(np.array([0.03])), [0.03])


@by_property
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_its_steps_reject(pvalues):
    pvalues = np.array(pvalues)
    adjusted, k = holm(pvalues), len(pvalues)
    for level in (0.01, 0.05, 0.3):
        rejected = np.zeros(k, dtype=bool)
        for step, i in enumerate(np.argsort(pvalues, kind="stable")):
            if pvalues[i] * (k - step) > level:
                break
            rejected[i] = True
        assert_array_equal(adjusted <= level, rejected)


def by_loop(differences, deviations, alternative):
    side = SIDES[alternative]
    errors = deviations.std(axis=0, ddof=1)
    observed, left = side(differences / errors), list(range(len(differences)))
    pvalues, before = np.empty(len(differences)), 0.0
    while left:
        first = max(left, key=lambda i: observed[i])
        n_as_large = sum(
            max(side(row[left] / errors[left])) >= observed[first] for row in deviations
        )
        before = max(before, (1 + n_as_large) / (1 + len(deviations)))
        pvalues[first] = before
        left.remove(first)
    return pvalues


@pytest.mark.parametrize("alternative", SIDES)
@by_property
@given(st.integers(1, 6), st.integers(0, 2**32))
def test_stepping_down_equals_a_loop(alternative, k, seed):
    rng = np.random.default_rng(seed)
    deviations = rng.normal(size=(59, k)) @ rng.normal(size=(k, k))
    differences = 2 * rng.normal(size=k) * deviations.std(axis=0)
    ours = step_down(differences, deviations, alternative)
    assert_allclose(ours, by_loop(differences, deviations, alternative), rtol=1e-14)


def test_stepping_down_is_sharper_than_holm_where_comparisons_go_together():
    noise = np.random.default_rng(0).normal(size=(999, 1))
    deviations = np.repeat(noise, 5, axis=1)
    differences = np.full(5, 2.2)
    single = (1 + (np.abs(noise) >= 2.2).sum()) / 1000
    together = step_down(differences, deviations, "two-sided")
    assert_allclose(together, single, rtol=0.2)
    assert (holm(np.full(5, single)) > 4 * single).all()


def test_a_difference_that_never_strays_is_none():
    rng = np.random.default_rng(0)
    deviations = np.column_stack([np.zeros(99), rng.normal(size=99)])
    corrected = step_down(np.array([0.0, 9.0]), deviations, "two-sided")
    assert_allclose(corrected, [1.0, 0.01])


def test_a_difference_without_error_is_certain_and_none_at_all_is_none():
    rng = np.random.default_rng(0)
    deviations = np.column_stack([np.zeros(99), np.zeros(99), rng.normal(size=99)])
    adjusted = step_down(np.array([-1.0, 0.0, 0.1]), deviations, "two-sided")
    assert_allclose(adjusted[:2], [0.01, 1.0])
    greater = step_down(np.array([-1.0, 0.0, 9.0]), deviations, "greater")
    assert greater[0] == 1
    assert_allclose(greater[2], 0.01)


def test_ranks_leave_room_for_models_that_are_not_told_apart():
    # The first beats both others, which are not told apart.
    best, worst = rank_ends(np.array([0, 1, 1]), np.array([2, 0, 0]))
    assert_array_equal(best, [1, 2, 2])
    assert_array_equal(worst, [1, 3, 3])
