"""Random weights on all rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import beta, chisquare, kstest, norm, poisson

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import BayesianBootstrap, PoissonBootstrap

# Two-sided, a right scheme exceeds it for 1 seed in 10,000.
Z = norm.isf(0.5e-4)


def weights(scheme, n):
    return np.concatenate(list(scheme.iter_weights(range(n))))


def z_score(sample, expected):
    return (np.mean(sample) - expected) / (np.std(sample) / np.sqrt(len(sample)))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(1, 60), st.floats(0.2, 100), st.integers(0, 2**63))
def test_bayesian_weights_are_positive_and_sum_to_n(n, alpha, seed):
    drawn = weights(BayesianBootstrap(3, alpha=alpha, random_state=seed), n)
    assert drawn.shape == (3, n)
    assert (drawn > 0).all()
    assert_allclose(drawn.sum(axis=1), n)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 4.0])
def test_bayesian_weights_have_the_moments_of_a_dirichlet(alpha):
    """Of n times a Dirichlet; three z-tests, three alphas: fails 9 in 10,000 seeds."""
    n = 8
    drawn = weights(BayesianBootstrap(5000, alpha=alpha, random_state=1), n)
    variance = (n - 1) / (n * alpha + 1)
    assert abs(z_score(drawn[:, 0], 1)) < Z
    assert abs(z_score((drawn[:, 3] - 1) ** 2, variance)) < Z
    products = (drawn[:, 2] - 1) * (drawn[:, 7] - 1)
    assert abs(z_score(products, -variance / (n - 1))) < Z


@pytest.mark.parametrize("alpha", [1.0, 3.0])
@pytest.mark.parametrize("row", [0, 7])
def test_a_bayesian_weight_has_a_beta_law(alpha, row):
    """Kolmogorov-Smirnov, four tests: fails 4 seeds in 10,000."""
    n = 8
    drawn = weights(BayesianBootstrap(2000, alpha=alpha, random_state=0), n)
    law = beta(alpha, alpha * (n - 1)).cdf
    assert kstest(drawn[:, row] / n, law).pvalue > 1e-4


def test_bayesian_rows_are_drawn_with_the_weights_of_the_same_replicate():
    """z-test given the weights: sum((count - weight) * weight) has mean zero.

    Fails 1 seed in 10,000. Counts that knew nothing of the weights would give -9.
    """
    n = 12
    scheme = BayesianBootstrap(2000, random_state=0)
    drawn = weights(scheme, n)
    rows = scheme.iter_indices(range(n))
    counts = np.stack([np.bincount(one, minlength=n) for one in rows])
    assert_array_equal(counts.sum(axis=1), np.full(2000, n))
    assert abs(z_score(((counts - drawn) * drawn).sum(axis=1), 0)) < Z


def test_bayesian_rows_come_in_random_order():
    """Chi-square of the first row drawn, 11 df: fails 1 seed in 10,000."""
    scheme = BayesianBootstrap(3000, random_state=0)
    first = [rows[0] for rows in scheme.iter_indices(range(12))]
    assert chisquare(np.bincount(first, minlength=12)).pvalue > 1e-4


@pytest.mark.parametrize("n", [2, 12, 100])
def test_the_share_of_rows_left_out_of_bayesian_draws(n):
    """E(1 - p)^n for p ~ Beta(1, n - 1) is (n - 1) / (2 n - 1).

    Three z-tests: fails 3 seeds in 10,000.
    """
    drawn = BayesianBootstrap(2000, random_state=0).iter_indices(range(n))
    out = [1 - len(set(rows)) / n for rows in drawn]
    assert abs(z_score(out, (n - 1) / (2 * n - 1))) < Z


def test_large_alpha_makes_weights_equal():
    assert_allclose(
        weights(BayesianBootstrap(3, alpha=1e12, random_state=0), 9), 1, atol=1e-4
    )


@pytest.mark.parametrize("alpha", [0, 0.09, -1.0, np.nan, np.inf, "1", None, True])
def test_alpha_is_a_number_that_leaves_no_weight_at_zero(alpha):
    message = (
        r"'alpha' parameter of BayesianBootstrap must be a float in the range \[0.1"
    )
    with pytest.raises(InvalidParameterError, match=message):
        next(BayesianBootstrap(alpha=alpha).iter_weights(range(9)))


def test_bayesian_weights_leave_no_row_out_but_bayesian_rows_do():
    bound = BayesianBootstrap().bind(9)
    assert not bound.leaves_rows_out(as_weights=True)
    assert bound.leaves_rows_out(as_weights=False)


def test_poisson_counts_have_their_law():
    """Chi-square of counts 0 to 4 and more, 5 df: fails 1 seed in 10,000."""
    drawn = weights(PoissonBootstrap(500, random_state=0), 40)
    seen = np.bincount(np.minimum(drawn, 5).astype(int).ravel(), minlength=6)
    expected = [*poisson(1).pmf(range(5)), poisson(1).sf(4)]
    assert chisquare(seen, 500 * 40 * np.array(expected)).pvalue > 1e-4


def test_poisson_counts_of_rows_are_independent():
    """z-tests of the covariance, and of the variance n of the size: 2 in 10,000."""
    drawn = weights(PoissonBootstrap(4000, random_state=0), 10)
    assert abs(z_score((drawn[:, 0] - 1) * (drawn[:, 1] - 1), 0)) < Z
    assert abs(z_score((drawn.sum(axis=1) - 10) ** 2, 10)) < Z


def test_poisson_rows_stand_as_often_as_they_count_in_ascending_order():
    scheme = PoissonBootstrap(20, random_state=0)
    for rows, counts in zip(
        scheme.iter_indices(range(9)), weights(scheme, 9), strict=True
    ):
        assert list(rows) == [i for i in range(9) for _ in range(int(counts[i]))]


def test_the_poisson_count_of_a_row_needs_no_knowledge_of_n():
    few, many = PoissonBootstrap(5, random_state=0), PoissonBootstrap(5, random_state=0)
    assert_array_equal(weights(few, 30), weights(many, 60)[:, :30])
