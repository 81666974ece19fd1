"""Quantiles of resampled rows: the law of order statistics is that of drawn rows."""

from itertools import product

import numpy as np
import pytest
from _twins import GROUPS, LABELS, ROW_SCHEMES, N, X
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import beta, binom, chisquare, norm

from ensembles._random import keys_for
from ensembles.inference._statistics import _kernels, _kernels_plain
from ensembles.inference._statistics._neighbours import neighbour_law
from ensembles.inference._statistics._order_statistics import Quantile
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
)

Z = norm.isf(0.5e-4)
by_property = settings(max_examples=150, deadline=None, derandomize=True)
levels = pytest.mark.parametrize("q", [0, 0.03, 0.25, 0.5, 0.8, 1 / 3, 0.99, 1])


def quantile(x, q=0.5):
    return Quantile(np.asarray(x, dtype=float), q, "quantile")


def replicates(x, q, scheme, n_replicates, entropy=0):
    bound = scheme.bind(len(x))
    keys = bound.seeds(entropy, 0, n_replicates)
    return quantile(x, q).replicates(bound, keys)[:, 0]


def assert_same_law(seen, values, probabilities, fewest=8):
    """Chi-square of values seen; a right law fails 1 seed in 10,000.

    Values that are expected fewer than `fewest` times are counted together.
    """
    at = np.searchsorted(values, seen)
    assert_allclose(values[at], seen, atol=1e-12)
    counts = np.bincount(at, minlength=len(values))
    expected = len(seen) * probabilities
    often = expected >= fewest
    counts = np.append(counts[often], counts[~often].sum())
    expected = np.append(expected[often], expected[~often].sum())
    if expected[-1] < fewest:
        counts, expected = (
            np.append(c[:-2], c[-2] + c[-1]) for c in (counts, expected)
        )
    assert chisquare(counts, expected).pvalue > 1e-4


@levels
@pytest.mark.parametrize("n", [1, 2, 5, 24])
def test_the_estimate_is_numpy_s(q, n):
    assert_array_equal(quantile(X[:n], q).estimate(), [np.quantile(X[:n], q)])


@levels
@by_property
@given(counts=arrays(np.int64, N, elements=st.integers(0, 4)))
def test_counts_as_weights_are_rows_repeated(q, counts):
    assume(counts.any())
    weights = counts[None].astype(float)
    expected = np.quantile(np.repeat(X, counts), q)
    assert_allclose(quantile(X, q).weighted(weights), [[expected]], rtol=1e-14)


@by_property
@given(
    arrays(np.float64, N, elements=st.floats(0.01, 9)),
    st.floats(0, 1),
    st.permutations(range(N)),
)
def test_quantiles_under_any_weights(weights, q, order):
    """Of the middle of a unit of weight: symmetric, and free of the order of rows."""
    weights *= N / weights.sum()
    (value,) = quantile(X, q).weighted(weights[None])
    (shuffled,) = quantile(X[order], q).weighted(weights[None, order])
    assert_allclose(shuffled, value, rtol=1e-9)
    assert X.min() <= value <= X.max()
    middle = (np.cumsum(weights[np.argsort(X)])[:-1] % 1 - 0.5) ** 2
    assume(middle.min() > 1e-12)  # else rounding decides between neighbours
    at_an_end = q * (N - 1) % 1
    assume(min(at_an_end, 1 - at_an_end) > 1e-9)
    (mirrored,) = quantile(-X, 1 - q).weighted(weights[None])
    assert_allclose(-mirrored, value, rtol=1e-9)


def test_the_bayesian_median_leans_to_no_side():
    """Of a symmetric sample it scatters around the middle.

    z-test of 20,000 replicates: fails 1 seed in 10,000. Counting from the edge of a
    unit instead of its middle would shift it to the left.
    """
    x = np.sort(np.concatenate([-X[:6], [0.0], X[:6]]))
    medians = replicates(x, 0.5, BayesianBootstrap(), 20_000)
    assert abs(medians.mean()) < Z * medians.std() / np.sqrt(20_000)


def test_the_bayesian_median_has_its_law():
    """P(median <= k-th) = P(Beta(k, n - k) >= 1/2): the weight of k of n rows.

    Chi-square of 8,000 replicates of n = 13: fails 1 seed in 10,000.
    """
    medians = replicates(np.arange(13.0), 0.5, BayesianBootstrap(), 8000).round(9)
    below = np.concatenate([beta(np.arange(1, 13), np.arange(12, 0, -1)).sf(0.5), [1]])
    assert_same_law(medians, np.arange(13.0), np.diff(below, prepend=0))


@pytest.mark.parametrize("q", [0, 0.1, 0.25, 0.5, 0.6, 0.75, 1])
def test_the_law_of_five_rows_is_that_of_all_3125_resamples(q):
    """Chi-square, 7 levels: fails 7 seeds in 10,000."""
    x = np.array([1.0, 2.5, 3.0, 7.0, 11.0])
    every = np.quantile(x[list(product(range(5), repeat=5))], q, axis=1)
    values, counts = np.unique(every.round(9), return_counts=True)
    seen = replicates(x, q, Bootstrap(), 20_000).round(9)
    assert_same_law(seen, values, counts / 5**5)


@pytest.mark.parametrize("m", [1, 2, 3, 7])
def test_fewer_or_more_rows_drawn_have_their_law_too(m):
    """All 4**m resamples; chi-square, 4 sizes: fails 4 seeds in 10,000."""
    x = np.array([1.0, 2.5, 3.0, 7.0])
    every = np.quantile(x[list(product(range(4), repeat=m))], 0.4, axis=1)
    values, counts = np.unique(every.round(9), return_counts=True)
    seen = replicates(x, 0.4, Bootstrap(max_samples=m), 20_000).round(9)
    assert_same_law(seen, values, counts / 4**m)


def test_ties_in_the_data_are_one_value():
    """All 256 resamples of 4 rows, two alike; chi-square: fails 1 seed in 10,000."""
    x = np.array([2.0, 1.0, 2.0, 5.0])
    every = np.median(x[list(product(range(4), repeat=4))], axis=1)
    values, counts = np.unique(every, return_counts=True)
    assert_same_law(replicates(x, 0.5, Bootstrap(), 20_000), values, counts / 256)


@pytest.mark.parametrize(("n", "k"), [(13, 7), (101, 51), (1001, 501), (10**6 + 1, 1)])
def test_the_tabled_law_is_the_binomial_tail(n, k):
    """Efron (1979): the k-th smallest is the j-th or less if k draws are."""
    law = neighbour_law(n, n, (k - 1) / (n - 1))
    assert law.fraction == 0
    exact = binom(n, law.ranks / n).sf(k - 1)
    assert_allclose(law.cumulated[0], exact, rtol=0, atol=1e-11)


@pytest.mark.parametrize("n_draws", [1, 20, 1000, 30_000])
@pytest.mark.parametrize("q", [0, 1e-4, 0.01, 0.5, 0.999, 1])
def test_the_table_leaves_out_less_than_a_float_can_tell(q, n_draws):
    n = 1000
    law = neighbour_law(n, n_draws, q)
    k = int(q * (n_draws - 1)) + 1
    before, behind = law.ranks[0] - 1, law.ranks[-1]
    left_out = binom(n_draws, before / n).sf(k - 1)
    left_out += binom(n_draws, behind / n).cdf(k - 1) if behind < n else 0
    assert left_out < 2.0**-53


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 2), (40, 40), (1000, 70), (9, 500)])
@pytest.mark.parametrize("q", [0, 0.1, 0.5, 0.77, 1])
def test_neighbours_drawn_equal_the_twin(q, n, m):
    law, keys = neighbour_law(n, m, q), keys_for(4, 0, 2000)
    ours, plain = np.full((2, 2, 2000), -1)
    _kernels.draw_neighbours(keys, law, ours)
    _kernels_plain.draw_neighbours(keys, law, plain)
    assert_array_equal(ours, plain)
    assert (ours[0] <= ours[1]).all()
    assert ours.min() >= 0
    assert ours.max() < n


@pytest.mark.parametrize("n", [1, 2])
def test_one_row_and_two_have_quantiles(n):
    x = np.array([3.0, 5.0])[:n]
    seen = replicates(x, 0.5, Bootstrap(), 500)
    assert set(seen) == {3.0, 4.0, 5.0} if n == 2 else {3.0}


def test_a_replicate_depends_on_its_key_alone():
    bound = Bootstrap().bind(N)
    keys = keys_for(9, 0, 300)
    whole = quantile(X, 0.3).replicates(bound, keys)
    parts = [
        quantile(X, 0.3).replicates(bound, keys[a : a + 70]) for a in range(0, 300, 70)
    ]
    assert_array_equal(np.concatenate(parts), whole)


@levels
@pytest.mark.parametrize(
    ("scheme", "groups"),
    [case for name, case in ROW_SCHEMES.items() if name not in ("rows", "15 of 24")],
    ids=[name for name in ROW_SCHEMES if name not in ("rows", "15 of 24")],
)
def test_schemes_that_do_not_draw_rows_alike_count_the_rows_drawn(q, scheme, groups):
    bound = scheme.bind(N, None, groups)
    seeds = bound.seeds(1, 0, 40)
    drawn = [np.quantile(X[bound.rows(seed)], q) for seed in seeds]
    assert_allclose(quantile(X, q).replicates(bound, seeds)[:, 0], drawn, rtol=1e-14)


def test_a_resample_without_rows_has_no_quantile():
    weights = np.zeros((2, N))
    weights[1, 3] = 1
    assert_array_equal(quantile(X).weighted(weights), [[np.nan], [X[3]]])


@levels
def test_some_rows_taken_are_the_quantile_of_these_rows(q):
    rows = np.array([5, 5, 0, 23, 7, 7, 7])
    taken = quantile(X, q).take(rows)
    assert_array_equal(taken.estimate(), [np.quantile(X[rows], q)])
    assert_array_equal(taken.take([6, 0]).estimate(), [np.quantile(X[[7, 5]], q)])


UNITS = {
    "rows": (Bootstrap(), None),
    "strata": (Bootstrap(stratify=LABELS), None),
    "groups": (GroupBootstrap(), GROUPS),
    "groups of one row": (GroupBootstrap(), np.random.default_rng(0).permutation(N)),
    "blocks": (CircularBlockBootstrap(block_length=5), None),
    "blocks of one row": (CircularBlockBootstrap(block_length=1), None),
}


@levels
@pytest.mark.parametrize(("scheme", "groups"), UNITS.values(), ids=UNITS)
def test_leaving_out_is_the_quantile_of_what_remains(q, scheme, groups):
    deletions = scheme.bind(N, None, groups).deletions()
    x = X.round(0)  # with ties
    kept = [deletions.keeps(unit) for unit in range(deletions.n_units)]
    expected = [np.quantile(x[rows], q) for rows in kept]
    values = quantile(x, q).without(deletions)
    assert values.shape == (deletions.n_units, 1)
    if groups is None:
        assert_allclose(values[:, 0], expected, rtol=1e-14)
    else:  # a jackknife asks for no order of units
        assert_allclose(np.sort(values[:, 0]), np.sort(expected), rtol=1e-14)


@levels
@pytest.mark.parametrize("n", [2, 3, 4])
def test_leaving_out_one_of_few_rows(q, n):
    deletions = Bootstrap().bind(n).deletions()
    expected = [[np.quantile(np.delete(X[:n], i), q)] for i in range(n)]
    assert_allclose(quantile(X[:n], q).without(deletions), expected, rtol=1e-14)
