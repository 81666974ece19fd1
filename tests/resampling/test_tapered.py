"""Weights from blocks that are faded at their ends."""

import itertools
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare, norm
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score

from ensembles import BaggingRegressor
from ensembles.exceptions import InvalidParameterError
from ensembles.resampling._tapered import TaperedBlockBootstrap

# Two-sided, a right scheme exceeds it for 1 seed in 10,000.
Z = norm.isf(0.5e-4)
by_property = settings(max_examples=150, deadline=None, derandomize=True)


def hann(shares):
    return np.sin(np.pi * shares) ** 2


def ramp(shares):
    return 7 * shares


def spike(shares):
    return np.arange(len(shares)) == len(shares) // 2


def name(parameter):
    return getattr(parameter, "__name__", str(parameter))


TAPERS = ["trapezoid", np.ones_like, hann, ramp, spike]
every_taper = pytest.mark.parametrize("taper", TAPERS, ids=name)


def weights(scheme, n):
    return np.concatenate(list(scheme.iter_weights(range(n))))


def laid(bound, starts):
    """Weights of the replicate whose blocks start at these rows."""

    class Chosen:
        def integers(self, n, size):
            assert (n, size) == (bound.n_samples, len(starts))
            return np.array(starts)

    return bound._weights(bound._blocks(Chosen()))


def trapezoid(t):
    """Paparoditis & Politis (2001), with the rise of 0.43."""
    return t / 0.43 if t <= 0.43 else 1 if t <= 0.57 else (1 - t) / 0.43


def plain_weights(n, w, starts):
    """1 / n and the tapered, centred blocks, one row of one block at a time."""
    k = len(starts)
    norm1, norm2 = sum(w), sum(v * v for v in w) ** 0.5
    drawn = [1.0] * n
    for t in range(n):
        for s in starts:
            for j in range(len(w)):
                if (s + j) % n == t:
                    drawn[t] += (n / k) ** 0.5 * w[j] / norm2
            drawn[t] -= (n / k) ** 0.5 * norm1 / norm2 / n
    return drawn


@by_property
@given(st.integers(1, 30), st.data())
def test_weights_are_those_of_the_paper(n, data):
    length = data.draw(st.integers(1, n))
    bound = TaperedBlockBootstrap(block_length=length).bind(n)
    starts = data.draw(
        st.lists(st.integers(0, n - 1), min_size=n // length, max_size=n // length)
    )
    w = [trapezoid((j + 0.5) / length) for j in range(length)]
    assert_allclose(laid(bound, starts), plain_weights(n, w, starts), atol=1e-12)


@every_taper
@by_property
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**63))
def test_weights_are_not_negative_and_sum_to_n(taper, n, length, seed):
    if length > n:
        return
    scheme = TaperedBlockBootstrap(
        3, block_length=length, taper=taper, random_state=seed
    )
    drawn = weights(scheme, n)
    assert drawn.shape == (3, n)
    assert drawn.min() >= 0
    assert_allclose(drawn.sum(axis=1), n)
    leaves = scheme.bind(n).leaves_rows_out(as_weights=True)
    assert leaves == (drawn.min() == 0)


def blocks_by_hand(x, w):
    """Tapered sums of the centred series over all blocks of the circle."""
    centred = x - x.mean()
    return np.array([w @ np.roll(centred, -s)[: len(w)] for s in range(len(x))])


@every_taper
@pytest.mark.parametrize(("n", "length"), [(6, 3), (6, 2), (7, 3), (5, 2), (5, 4)])
def test_mean_and_variance_of_a_mean_over_all_replicates(taper, n, length):
    """Paparoditis & Politis (2001): blocks / |w|_2 squared, over n.

    Every block may start at every row, so all replicates are enumerated. Where blocks
    do not fill the series the variance is still that of a mean of n.
    """
    x = np.random.default_rng(0).normal(size=n)
    bound = TaperedBlockBootstrap(block_length=length, taper=taper).bind(n)
    replicates = [
        laid(bound, starts) @ x / n
        for starts in itertools.product(range(n), repeat=n // length)
    ]
    sums = blocks_by_hand(x, bound.taper)
    assert np.mean(replicates) == pytest.approx(x.mean())
    expected = (sums**2).mean() / (bound.taper @ bound.taper) / n
    if np.ptp(bound.taper) > 0:  # the centred sums of flat blocks have mean zero too
        assert np.mean(sums) == pytest.approx(0, abs=1e-12)
    assert np.var(replicates) == pytest.approx(expected)


@every_taper
def test_drawn_replicates_have_those_moments(taper):
    """z-tests of mean and variance, 8,000 replicates: 2 seeds in 10,000 each."""
    x = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
    scheme = TaperedBlockBootstrap(8000, block_length=5, taper=taper, random_state=0)
    means = weights(scheme, 12) @ x / 12
    bound = scheme.bind(12)
    variance = (blocks_by_hand(x, bound.taper) ** 2).mean() / (
        12 * bound.taper @ bound.taper
    )
    squares = (means - x.mean()) ** 2
    root = np.sqrt(len(means))
    assert abs(means.mean() - x.mean()) < Z * means.std() / root
    assert abs(squares.mean() - variance) < Z * squares.std() / root


def test_every_row_weighs_one_on_average_and_alike():
    """z-test of each of 12 rows: fails 12 seeds in 10,000."""
    drawn = weights(TaperedBlockBootstrap(4000, block_length=5, random_state=0), 12)
    z = (drawn.mean(axis=0) - 1) / (drawn.std(axis=0) / np.sqrt(4000))
    assert np.abs(z).max() < Z


@pytest.mark.parametrize(
    ("length", "taper"),
    [(1, "trapezoid"), (2, "trapezoid"), (4, np.ones_like)],
    ids=name,
)
def test_flat_blocks_that_fill_the_series_are_drawn_as_they_are(length, taper):
    flat = TaperedBlockBootstrap(20, block_length=length, taper=taper, random_state=0)
    assert flat.bind(12).leaves_rows_out(as_weights=True)
    for rows, drawn in zip(
        flat.iter_indices(range(12)), weights(flat, 12), strict=True
    ):
        for block in rows.reshape(-1, length):
            assert_array_equal(block, (block[0] + np.arange(length)) % 12)
        assert_array_equal(drawn, np.bincount(rows, minlength=12))


def test_a_flat_block_of_all_rows_weighs_them_equally():
    scheme = TaperedBlockBootstrap(3, block_length=9, taper=np.ones_like)
    assert_array_equal(weights(scheme, 9), np.ones((3, 9)))
    assert not scheme.bind(9).leaves_rows_out(as_weights=True)
    assert not scheme.bind(9).leaves_rows_out(as_weights=False)


def test_weights_leave_no_row_out_but_rows_do():
    for n, length in [(12, 4), (13, 4), (12, 12)]:
        bound = TaperedBlockBootstrap(block_length=length).bind(n)
        assert not bound.leaves_rows_out(as_weights=True)
        assert bound.leaves_rows_out(as_weights=False)


def test_the_unit_of_a_taper_does_not_matter():
    def tenfold(shares):
        return 1e200 * hann(shares)

    one, ten = (
        weights(TaperedBlockBootstrap(3, taper=taper, random_state=0), 30)
        for taper in (hann, tenfold)
    )
    assert_allclose(one, ten)


def error_ratio(n, length, phi, taper):
    """Expected variance of a mean over the true one, for an autoregression.

    Exact: the replicate's mean is the mean plus independent blocks, quadratic in x.
    """
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    covariance = phi**distance / (1 - phi**2)
    bound = TaperedBlockBootstrap(block_length=length, taper=taper).bind(n)
    w = bound.taper
    padded = np.concatenate([w - w.sum() / n, np.full(n - length, -w.sum() / n)])
    blocks = np.stack([np.roll(padded, s) for s in range(n)])
    drawn = np.einsum("si,ij,sj->s", blocks, covariance, blocks, optimize=True).mean()
    return drawn / (w @ w) / n / (covariance.sum() / n**2)


@pytest.mark.parametrize(
    ("phi", "length"), [(0.2, 10), (0.5, 20), (0.8, 60), (-0.5, 10), (-0.8, 20)]
)
def test_the_expected_variance_is_less_biased_than_that_of_circular_blocks(phi, length):
    n = 800
    tapered = error_ratio(n, length, phi, "trapezoid")
    circular = error_ratio(n, length, phi, np.ones_like)
    assert abs(tapered - 1) < 0.8 * abs(circular - 1)


def lag_window(length, taper):
    """How much an autocovariance counts in the expected variance, by its lag."""
    w = TaperedBlockBootstrap(block_length=length, taper=taper).bind(length).taper
    products = np.correlate(w, w, "full")[length - 1 :]
    return products / products[0]


@pytest.mark.parametrize(
    ("taper", "order"), [("trapezoid", 2), (np.ones_like, 1)], ids=name
)
def test_the_bias_falls_with_the_square_of_the_length(taper, order):
    """Of a long series, sum (1 - v(k)) R(k); for sharp blocks with the length."""
    R = 0.5 ** np.arange(1, 60)
    biases = [((1 - lag_window(n, taper)[1:60]) * R).sum() for n in (200, 400)]
    assert biases[0] / biases[1] == pytest.approx(2**order, rel=0.05)


def test_rows_are_drawn_with_the_weights_of_the_same_replicate():
    """z-test given the weights: sum((count - weight) * weight) has mean zero.

    Fails 1 seed in 10,000. Counts that knew nothing of the weights would be far off.
    """
    n = 12
    scheme = TaperedBlockBootstrap(2000, block_length=5, random_state=0)
    drawn = weights(scheme, n)
    counts = np.stack(
        [np.bincount(r, minlength=n) for r in scheme.iter_indices(range(n))]
    )
    assert_array_equal(counts.sum(axis=1), np.full(2000, n))
    products = ((counts - drawn) * drawn).sum(axis=1)
    assert abs(products.mean()) < Z * products.std() / np.sqrt(2000)
    unrelated = ((counts[::-1] - drawn) * drawn).sum(axis=1)
    assert abs(unrelated.mean()) > 5 * Z * unrelated.std() / np.sqrt(2000)


def test_rows_come_in_random_order():
    """Chi-square of the first row drawn, 11 df: fails 1 seed in 10,000."""
    scheme = TaperedBlockBootstrap(3000, block_length=5, random_state=0)
    first = [rows[0] for rows in scheme.iter_indices(range(12))]
    assert chisquare(np.bincount(first, minlength=12)).pvalue > 1e-4


@pytest.mark.parametrize(
    ("n", "length"), [(1, 1), (2, 2), (3, 3), (5, 4), (12, 5), (100, 8), (10_000, 20)]
)
def test_the_block_length_left_open_grows_with_the_fifth_root(n, length):
    left_open = TaperedBlockBootstrap(2, random_state=0)
    given = TaperedBlockBootstrap(2, block_length=length, random_state=0)
    assert_array_equal(weights(left_open, n), weights(given, n))


def test_the_length_left_open_assumes_what_that_of_circular_blocks_does():
    """An autoregression of 0.356, for which n^(1/3) is best; 1,000 rows."""
    phi, n = 0.35639, 1000
    assert (1.5 * (2 * phi / (1 - phi**2)) ** 2) ** (1 / 3) == pytest.approx(
        1, abs=1e-3
    )
    ratio = 5.4506 * 2 * phi / (1 - phi) ** 2
    assert (4 * ratio**2 / 1.09929) ** (1 / 5) == pytest.approx(3.2, abs=0.05)
    assert len(TaperedBlockBootstrap().bind(n).taper) == round(3.2 * n**0.2)


@pytest.mark.parametrize("taper", ["trapezoid", hann], ids=name)
def test_clone_pickle_and_seeds(taper):
    scheme = TaperedBlockBootstrap(3, block_length=4, taper=taper, random_state=7)
    for copy in (clone(scheme), pickle.loads(pickle.dumps(scheme))):
        assert copy.get_params() == scheme.get_params()
        assert_array_equal(weights(copy, 15), weights(scheme, 15))
    other = clone(scheme).set_params(random_state=8)
    assert not np.array_equal(weights(other, 15), weights(scheme, 15))
    more = clone(scheme).set_params(n_resamples=6)
    assert_array_equal(weights(more, 15)[:3], weights(scheme, 15))


@pytest.mark.parametrize("batch_size", [1, 2, 99])
def test_weights_do_not_depend_on_the_batch_size(batch_size):
    scheme = TaperedBlockBootstrap(5, random_state=0)
    batches = scheme.iter_weights(range(30), batch_size=batch_size)
    assert_array_equal(np.concatenate(list(batches)), weights(scheme, 30))


def test_gap_takes_rows_near_those_in_bag_out_of_the_test_set_only():
    plain = TaperedBlockBootstrap(10, block_length=20, random_state=0)
    gapped = clone(plain).set_params(gap=1)
    pairs = zip(plain.split(range(100)), gapped.split(range(100)), strict=True)
    for (train, test), (train_of_gapped, test_of_gapped) in pairs:
        assert_array_equal(train, train_of_gapped)
        apart = [i for i in test if np.abs(train - i).min() > 1]
        assert_array_equal(test_of_gapped, apart)


def test_scikit_learn_takes_it_as_cv_and_a_bag_as_scheme():
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = X[:, 0]
    scheme = TaperedBlockBootstrap(4, block_length=8, random_state=0)
    assert len(cross_val_score(Ridge(), X, y, cv=scheme)) == 4
    bag = BaggingRegressor(Ridge(), 3, scheme=scheme, random_state=0).fit(X, y)
    assert len(bag.estimators_) == 3
    assert all(len(rows) == 40 for rows in bag.estimators_samples_)


@pytest.mark.parametrize(
    ("params", "allowed"),
    [
        ({"block_length": 0}, "an int in the range [1, inf) or None. Got 0"),
        ({"block_length": 2.5}, "an int in the range [1, inf) or None. Got 2.5"),
        ({"gap": -1}, "an int in the range [0, inf). Got -1"),
        ({"taper": "hann"}, "'trapezoid' or a callable that takes an array of shape"),
        ({"taper": None}, "'trapezoid' or a callable that takes an array of shape"),
        ({"taper": np.ones(4)}, "'trapezoid' or a callable that takes an array of sh"),
        ({"n_resamples": 0}, "an int in the range [1, inf). Got 0"),
    ],
    ids=str,
)
def test_parameters_outside_their_ranges_are_an_error(params, allowed):
    (name,) = params
    message = f"The '{name}' parameter of TaperedBlockBootstrap must be {allowed}"
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        next(TaperedBlockBootstrap(**params).iter_weights(range(12)))


@pytest.mark.parametrize(
    "returned",
    [
        np.ones(3),
        np.ones((4, 1)),
        np.float64(1),
        np.zeros(4),
        np.array([1, -1e-9, 1, 1]),
        np.array([1, np.nan, 1, 1]),
        np.array([1, np.inf, 1, 1]),
    ],
    ids=str,
)
def test_a_taper_that_returns_no_weights_is_an_error(returned):
    scheme = TaperedBlockBootstrap(block_length=4, taper=lambda shares: returned)
    message = r"returns as many finite numbers >= 0, not all zero\. Got .*It returned"
    with pytest.raises(InvalidParameterError, match=message):
        next(scheme.iter_weights(range(12)))


def test_a_block_longer_than_the_series_is_an_error():
    message = "block_length must be <= n_samples=12, got 13. 5 is a usual first choice"
    with pytest.raises(ValueError, match=message):
        next(TaperedBlockBootstrap(block_length=13).iter_weights(range(12)))


@pytest.mark.parametrize("scheme", [TaperedBlockBootstrap(gap=12)], ids=repr)
def test_a_gap_that_leaves_no_row_to_test_on_is_an_error(scheme):
    message = "(?s)TaperedBlock.*leaves no row out-of-bag of 12 rows.*Shorten gap"
    with pytest.raises(ValueError, match=message):
        next(scheme.split(range(12)))
