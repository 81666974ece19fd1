"""Residuals drawn by a row scheme and laid on rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare, norm

from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    StationaryBootstrap,
)
from ensembles.resampling._base import BoundScheme
from ensembles.resampling._noise import _other_stream, bind_noise

N = 24
RNG = np.random.default_rng(0)
STRATA = np.array(["b", "a", "c"] * 8)
CODES = RNG.permutation(np.repeat(np.arange(4), 6))
# Means that differ by stratum and along the series, and no two residuals alike.
RESIDUALS = np.linspace(2, 5, N) + 4 * (STRATA == "c") + RNG.normal(size=N)
Z = norm.isf(0.5e-4)

# Each with the groups that it is given.
SCHEMES = {
    "rows": (Bootstrap(), None),
    "strata": (Bootstrap(stratify=STRATA), None),
    "balanced": (Bootstrap(balanced=True), None),
    "balanced strata": (Bootstrap(stratify=STRATA, balanced=True), None),
    "permuted": (Bootstrap(replace=False), None),
    "weighted": (BayesianBootstrap(), None),
    "groups": (GroupBootstrap(), CODES),
    "moving": (MovingBlockBootstrap(block_length=5), None),
    "moving, length left open": (MovingBlockBootstrap(), None),
    "circular": (CircularBlockBootstrap(block_length=5), None),
    "stationary": (StationaryBootstrap(block_length=5), None),
}
every_scheme = pytest.mark.parametrize(
    ("scheme", "codes"), SCHEMES.values(), ids=SCHEMES
)


def noise_of(scheme, codes=None, n=50, residuals=RESIDUALS):
    """Noise of n replicates, shape (n, N)."""
    bound = bind_noise(scheme, [], np.zeros_like(residuals), residuals, codes)
    return np.stack([bound.sample(seed)[0] for seed in bound.seeds(7, 0, n)])


def positions_of(noise, values):
    """Which of the values stands in each place, within rounding."""
    gaps = np.abs(noise[..., np.newaxis] - values)
    assert gaps.min(axis=-1).max() < 1e-9
    return gaps.argmin(axis=-1)


@pytest.fixture(scope="module", params=SCHEMES)
def much_noise(request):
    scheme, codes = SCHEMES[request.param]
    return scheme, codes, noise_of(scheme, codes, n=4000)


def test_noise_has_mean_zero_in_every_row(much_noise):
    """z-tests of 24 rows each, 4,000 replicates: 24 in 10,000 for each scheme."""
    *_, drawn = much_noise
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert abs(RESIDUALS.mean()) > 10 * error.max()
    assert (np.abs(drawn.mean(axis=0)) < Z * error).all()


def test_noise_has_one_variance_in_rows_that_are_alike(much_noise):
    """Each row's variance is that of what can be laid on it; 24 in 10,000 each."""
    scheme, codes, drawn = much_noise
    if isinstance(scheme, BayesianBootstrap | MovingBlockBootstrap):
        return
    reach = [np.arange(N)] * N
    if getattr(scheme, "stratify", None) is not None:
        reach = [np.flatnonzero(stratum == STRATA) for stratum in STRATA]
    elif codes is not None:
        order = np.argsort(codes, kind="stable").reshape(4, 6)
        reach = [order[:, np.flatnonzero(order == i)[0] % 6] for i in range(N)]
    expected = np.array([RESIDUALS[rows].var() for rows in reach])
    squared = drawn**2
    error = squared.std(axis=0) / np.sqrt(4000)
    assert (np.abs(squared.mean(axis=0) - expected) < Z * error).all()


@pytest.mark.parametrize("name", ["rows", "balanced", "permuted", "weighted"])
def test_residuals_land_as_often_as_the_scheme_draws_them(name):
    scheme, _ = SCHEMES[name]
    bound = bind_noise(scheme, [], np.zeros(N), RESIDUALS, None)
    centred = RESIDUALS - RESIDUALS.mean()
    for seed in bound.seeds(3, 0, 5):
        landed = positions_of(bound.sample(seed)[0], centred)
        assert_array_equal(np.sort(landed), np.sort(scheme.bind(N).rows(seed)))


@pytest.mark.parametrize(
    "scheme",
    [CircularBlockBootstrap(block_length=5), StationaryBootstrap(block_length=5)],
    ids=repr,
)
def test_blocks_land_in_the_order_drawn(scheme):
    bound = bind_noise(scheme, [], np.zeros(N), RESIDUALS, None)
    for seed in bound.seeds(3, 0, 5):
        rows = scheme.bind(N).rows(seed)
        expected = RESIDUALS[rows] - RESIDUALS.mean()
        assert_allclose(bound.sample(seed)[0], expected, atol=1e-12)


class Ascending(BoundScheme):
    """Draws of another scheme, sorted."""

    def __init__(self, bound):
        super().__init__(bound.n_samples)
        self.bound = bound

    def rows(self, seed):
        return np.sort(self.bound.rows(seed))


class AscendingBootstrap(Bootstrap):
    def _bind(self, n_samples, y, groups):
        return Ascending(super()._bind(n_samples, y, groups))


class AscendingGroups(GroupBootstrap):
    def _bind(self, n_samples, y, groups):
        return Ascending(super()._bind(n_samples, y, groups))


@pytest.mark.parametrize("cls", [Bootstrap, AscendingBootstrap])
def test_a_residual_lands_anywhere_however_the_scheme_orders_its_draws(cls):
    """Chi-squares of 4,000 replicates, 23 df: fail 3 seeds in 10,000 each."""
    landed = positions_of(noise_of(cls(), n=4000), RESIDUALS - RESIDUALS.mean())
    for place in (0, 11, 23):
        assert chisquare(np.bincount(landed[:, place], minlength=N)).pvalue > 1e-4


@pytest.mark.parametrize("cls", [Bootstrap, AscendingBootstrap])
def test_residuals_of_two_rows_are_independent(cls):
    """Chi-square of pairs of 6 residuals, 35 df: fails 3 seeds in 10,000 each."""
    residuals = RESIDUALS[:6]
    drawn = noise_of(cls(), n=8000, residuals=residuals)
    landed = positions_of(drawn, residuals - residuals.mean())
    for i, j in [(0, 1), (0, 5), (2, 4)]:
        pairs = np.bincount(6 * landed[:, i] + landed[:, j], minlength=36)
        assert chisquare(pairs).pvalue > 1e-4


@pytest.mark.parametrize("cls", [GroupBootstrap, AscendingGroups])
def test_a_group_lands_on_any_other_however_the_scheme_orders_them(cls):
    """Chi-square of the 16 pairs of the first and last group: 1 seed in 10,000."""
    order = np.argsort(CODES, kind="stable").reshape(4, 6)
    centred = RESIDUALS[order] - RESIDUALS[order].mean(axis=0)
    drawn = noise_of(cls(), CODES, n=4000)
    first = positions_of(drawn[:, order[0, 0]], centred[:, 0])
    last = positions_of(drawn[:, order[3, 0]], centred[:, 0])
    assert chisquare(np.bincount(4 * first + last, minlength=16)).pvalue > 1e-4


def test_shuffling_is_independent_of_what_was_drawn():
    """How often residual 0 is drawn says nothing of where; 1 seed in 10,000."""
    landed = positions_of(noise_of(Bootstrap(), n=8000), RESIDUALS - RESIDUALS.mean())
    times = (landed == 0).sum(axis=1)
    once = landed[times == 1]
    places = (once == 0).argmax(axis=1)
    assert chisquare(np.bincount(places, minlength=N)).pvalue > 1e-4


def test_shuffling_has_random_numbers_of_its_own():
    for seed in (3, np.uint64(3), np.random.SeedSequence(3)):
        first, again = _other_stream(seed).random(9), _other_stream(seed).random(9)
        assert_array_equal(first, again)
        assert not np.isin(first, np.random.default_rng(seed).random(99)).any()


def test_residuals_stay_within_their_stratum():
    drawn = noise_of(Bootstrap(stratify=STRATA))
    for stratum in "abc":
        own = RESIDUALS[stratum == STRATA]
        landed = positions_of(drawn[:, stratum == STRATA], own - own.mean())
        assert len(np.unique(landed)) == 8


def test_groups_of_one_size_are_laid_on_one_another_whole():
    order = np.argsort(CODES, kind="stable").reshape(4, 6)
    centred = RESIDUALS[order] - RESIDUALS[order].mean(axis=0)
    drawn = noise_of(GroupBootstrap(), CODES)[:, order]
    gaps = np.abs(drawn[:, :, np.newaxis] - centred).max(axis=-1)
    assert gaps.min(axis=-1).max() < 1e-9
    assert len(np.unique(gaps.argmin(axis=-1), axis=0)) > 20


@pytest.mark.parametrize("length", [None, 1, 5, 24])
def test_moving_blocks_are_centred_at_what_each_place_in_a_block_can_reach(length):
    """The mean over all starts is zero in each place, exactly."""
    scheme = MovingBlockBootstrap(block_length=length)
    bound = bind_noise(scheme, [], np.zeros(N), RESIDUALS, None)
    length = length or 3
    for row in range(N):
        starts = np.arange(N - length + 1)
        reached = RESIDUALS[starts + row % length]
        assert_allclose(bound.expected[row], reached.mean())


@pytest.mark.parametrize(
    ("scheme", "codes"),
    [
        (GroupBootstrap(), np.arange(N)),
        (MovingBlockBootstrap(block_length=1), None),
        (Bootstrap(stratify=np.zeros(N)), None),
    ],
    ids=["groups", "blocks", "strata"],
)
def test_units_of_one_row_are_rows(scheme, codes):
    """Chi-square of what lands on row 3, 23 df: fails 1 seed in 10,000 each."""
    drawn = noise_of(scheme, codes, n=4000)
    landed = positions_of(drawn, RESIDUALS - RESIDUALS.mean())
    assert chisquare(np.bincount(landed[:, 3], minlength=N)).pvalue > 1e-4


@every_scheme
def test_columns_of_residuals_keep_their_rows_together(scheme, codes):
    several = np.column_stack([RESIDUALS, RESIDUALS[::-1] ** 2])
    both = noise_of(scheme, codes, n=3, residuals=several)
    for j in range(2):
        one = noise_of(scheme, codes, n=3, residuals=several[:, j])
        assert_allclose(both[:, :, j], one, atol=1e-12)


@every_scheme
def test_residuals_are_left_as_they_are(scheme, codes):
    residuals = RESIDUALS.copy()
    noise_of(scheme, codes, n=2, residuals=residuals)
    assert_array_equal(residuals, RESIDUALS)


def test_what_comes_before_stays_and_noise_is_added_to_the_fit():
    X, fitted = np.arange(N), np.linspace(0, 9, N)
    bound = bind_noise(Bootstrap(), [X], fitted, RESIDUALS, None)
    plain = bind_noise(Bootstrap(), [], np.zeros(N), RESIDUALS, None)
    for seed in bound.seeds(0, 0, 3):
        kept, y = bound.sample(seed)
        assert kept is X
        assert_allclose(y, fitted + plain.sample(seed)[0])
