"""Replicates of the means of a loss matrix."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

from ensembles.inference._many_models._losses import (
    inverse_errors,
    replicate_means,
    studentize,
)
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

SCHEMES = [
    Bootstrap(),
    Bootstrap(balanced=True),
    Bootstrap(stratify=np.arange(60) % 3),
    GroupBootstrap(),
    BayesianBootstrap(),
    PoissonBootstrap(),
    CircularBlockBootstrap(block_length=7),
    MovingBlockBootstrap(block_length=7),
    MovingBlockBootstrap(block_length=60),
    StationaryBootstrap(),
]
SHORT = {"ids": lambda scheme: repr(scheme)[:40]}
every_scheme = pytest.mark.parametrize("scheme", SCHEMES, **SHORT)
# Balanced replicates are so among themselves: each depends on how many there are.
NOT_BALANCED = [one for one in SCHEMES if not getattr(one, "balanced", False)]
GROUPS = np.arange(60) // 4


@pytest.fixture
def losses(rng):
    return rng.normal(5, 1, size=(60, 4)) + np.linspace(0, 3, 60)[:, np.newaxis]


@pytest.mark.parametrize("scheme", SCHEMES[:3] + SCHEMES[6:], **SHORT)
def test_deviations_are_means_of_the_rows_that_the_scheme_draws(scheme, losses):
    found = replicate_means(scheme, losses, 30, random_state=3)
    drawn = scheme.set_params(n_resamples=30, random_state=3).iter_indices(losses)
    means = np.stack([losses[rows].mean(axis=0) for rows in drawn])
    shifts = means - found
    assert_allclose(shifts, np.tile(shifts[0], (30, 1)), rtol=1e-12)
    if not isinstance(scheme, MovingBlockBootstrap):
        assert_allclose(shifts[0], losses.mean(axis=0))


@every_scheme
def test_deviations_are_zero_in_expectation(scheme, losses):
    """z-tests of 4 columns by 4,000 replicates: fails 4 seeds in 10,000."""
    found = replicate_means(scheme, losses, 4000, 0, GROUPS)
    errors = found.std(axis=0) / np.sqrt(4000)
    assert (np.abs(found.mean(axis=0)) <= norm.isf(0.5e-4) * errors + 1e-12).all()


@pytest.mark.parametrize(("n", "length"), [(12, 5), (10, 5), (11, 11), (30, 1)])
def test_moving_blocks_are_centred_at_the_mean_over_all_their_starts(n, length, rng):
    """Every block equally likely, the last one cut so that n rows are drawn."""
    losses = rng.normal(size=(n, 2))
    starts = range(n - length + 1)
    whole, rest = divmod(n, length)
    blocks = np.mean([losses[s : s + length].sum(axis=0) for s in starts], axis=0)
    cut = np.mean([losses[s : s + rest].sum(axis=0) for s in starts], axis=0)
    expected = MovingBlockBootstrap(block_length=length).bind(n).expected_weights
    assert_allclose(expected @ losses, whole * blocks + cut)


@pytest.mark.parametrize("scheme", NOT_BALANCED, **SHORT)
@pytest.mark.parametrize("n_resamples", [1, 65, 71])
def test_the_bits_do_not_depend_on_how_many_replicates_follow(
    scheme, n_resamples, losses
):
    many = replicate_means(scheme, losses, 150, 5, GROUPS)
    few = replicate_means(scheme, losses, n_resamples, 5, GROUPS)
    assert_array_equal(few, many[:n_resamples])


def test_a_large_common_level_costs_no_digits(losses):
    plain = replicate_means(Bootstrap(), losses, 50, 0)
    lifted = replicate_means(Bootstrap(), losses + 2.0**20, 50, 0)
    assert_allclose(lifted, plain, rtol=0, atol=1e-9)


def test_statistics_without_error_are_zero_or_infinite():
    differences = np.array([0.0, 1e-17, 3.0, -3.0, 1.0])
    errors = np.array([0.0, 1e-17, 1e-17, 0.0, 0.5])
    rounding = np.full(5, 1e-15)
    found = studentize(differences, errors, rounding)
    assert_array_equal(found, [0, 0, np.inf, -np.inf, 2])
    assert_array_equal(inverse_errors(errors, rounding), [0, 0, 0, 0, 2])
