"""The covariance of areas, against a loop over all pairs of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from ensembles.inference._metrics._delong import delong, normal_ends, normal_pvalues

by_property = settings(max_examples=60, deadline=None, derandomize=True)


def over_all_pairs(positive, scores):
    """Areas and covariance from the matrix of wins, half a win for a tie."""
    of_positives, of_negatives = [], []
    for one in scores:
        high, low = one[positive][:, None], one[~positive][None]
        wins = (high > low) + (high == low) / 2
        of_positives.append(wins.mean(axis=1))
        of_negatives.append(wins.mean(axis=0))
    covariance = sum(
        np.atleast_2d(np.cov(v)) / len(v[0]) for v in (of_positives, of_negatives)
    )
    return np.mean(of_positives, axis=1), covariance


@by_property
@given(st.integers(2, 15), st.integers(2, 15), st.integers(1, 4), st.integers(0, 2**32))
def test_areas_and_covariance_equal_those_over_all_pairs(n_high, n_low, k, seed):
    rng = np.random.default_rng(seed)
    positive = rng.permutation(np.arange(n_high + n_low) < n_high)
    scores = [rng.integers(6, size=len(positive)) + positive * 1.0 for _ in range(k)]
    areas, covariance = delong(positive, scores)
    expected = over_all_pairs(positive, scores)
    assert_allclose(areas, expected[0], rtol=1e-12)
    assert_allclose(covariance, expected[1], rtol=1e-10, atol=1e-15)
    assert_allclose(areas, [roc_auc_score(positive, one) for one in scores])


@pytest.mark.parametrize("n_high", [0, 1, 19, 20])
def test_a_class_of_fewer_than_two_rows_is_an_error(n_high):
    positive = np.arange(20) < n_high
    with pytest.raises(ValueError, match="at least two rows of each class"):
        delong(positive, [np.arange(20.0)])


def test_ends_are_those_of_the_normal_law():
    differences, errors = np.array([0.1, -0.2]), np.array([0.05, 0.1])
    low, high = normal_ends(differences, errors, 0.9, "two-sided")
    assert_allclose(
        np.stack([low, high]), norm(differences, errors).ppf([[0.05], [0.95]])
    )
    low, high = normal_ends(differences, errors, 0.9, "greater")
    assert_allclose(low, norm(differences, errors).ppf(0.1))
    assert np.isposinf(high).all()
    low, high = normal_ends(differences, errors, 0.9, "less")
    assert_allclose(high, norm(differences, errors).ppf(0.9))
    assert np.isneginf(low).all()


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_pvalues_belong_to_the_ends(alternative):
    differences, errors = np.array([0.1, -0.2, 0.03]), np.array([0.05, 0.1, 0.2])
    pvalues = normal_pvalues(differences, errors, alternative)
    for i, pvalue in enumerate(pvalues):
        low, high = normal_ends(differences[[i]], errors[[i]], 1 - pvalue, alternative)
        assert min(abs(low[0]), abs(high[0])) == pytest.approx(0, abs=1e-12)


def test_no_difference_without_error_has_pvalue_one_and_any_other_has_zero():
    differences, errors = np.array([0.0, 0.1]), np.zeros(2)
    assert_allclose(normal_pvalues(differences, errors, "two-sided"), [1, 0])
