"""Deviations multiplied by random signs or weights."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare, kstest

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import WildBootstrap
from ensembles.resampling._wild import _LAWS

X = np.array([3.0, 5, 7, 18, 43, 85, 91, 98, 100, 130])
ON_POINTS = ["rademacher", "mammen", "webb"]
by_property = settings(max_examples=100, deadline=None, derandomize=True)


def samples(scheme, *arrays, groups=None):
    return list(scheme.iter_samples(*arrays, groups=groups))


def multipliers(scheme, n, groups=None):
    """Multipliers of each replicate: what the mean of 0 and deviations of 1 become."""
    x = np.tile([-1.0, 1.0], n // 2)
    return np.stack([y * x for (y,) in samples(scheme, x, groups=groups)])


class Enumerated:
    """All sign vectors, one a call, whatever the generator says."""

    def __init__(self, n):
        self.vectors = itertools.product([-1.0, 1.0], repeat=n)

    def __call__(self, rng, size):
        return np.array(next(self.vectors))


@pytest.mark.parametrize("law", ON_POINTS)
def test_each_law_has_mean_zero_and_variance_one(law):
    points, probabilities = map(np.array, vars(_LAWS[law]).values())
    assert_allclose(probabilities.sum(), 1)
    assert_allclose(probabilities @ points, 0, atol=1e-15)
    assert_allclose(probabilities @ points**2, 1)


@pytest.mark.parametrize("law", ON_POINTS)
def test_points_are_drawn_with_their_probabilities(law):
    """Chi-square of 20,000 multipliers: fails 1 seed in 10,000 each."""
    drawn = multipliers(WildBootstrap(200, multiplier=law, random_state=0), 100)
    points, probabilities = map(np.array, vars(_LAWS[law]).values())
    nearest = np.abs(drawn.ravel()[:, np.newaxis] - points).argmin(axis=1)
    assert_allclose(points[nearest], drawn.ravel())
    counts = np.bincount(nearest, minlength=len(points))
    assert chisquare(counts, probabilities * drawn.size).pvalue > 1e-4


def test_normal_multipliers_are_standard_normal():
    """Kolmogorov-Smirnov of 20,000 multipliers: fails 1 seed in 10,000."""
    drawn = multipliers(WildBootstrap(200, multiplier="normal", random_state=0), 100)
    assert kstest(drawn.ravel(), "norm").pvalue > 1e-4


def test_multipliers_of_rows_are_independent():
    """Chi-square of pairs of signs, 3 df, rows near and far: 3 seeds in 10,000."""
    drawn = multipliers(WildBootstrap(8000, random_state=0), 10) > 0
    for i, j in [(0, 1), (0, 9), (4, 5)]:
        pairs = np.bincount(2 * drawn[:, i] + drawn[:, j], minlength=4)
        assert chisquare(pairs).pvalue > 1e-4


def test_the_law_may_be_the_user_s_own():
    def shifted_exponential(rng, size):
        return rng.exponential(size=size) - 1

    scheme = WildBootstrap(200, multiplier=shifted_exponential, random_state=0)
    drawn = multipliers(scheme, 100).ravel()
    assert kstest(drawn + 1, "expon").pvalue > 1e-4  # fails 1 seed in 10,000
    (first,) = scheme.bind(X).sample(scheme.bind(X).seeds(0, 0, 1)[0])
    rng = np.random.default_rng(scheme.bind(X).seeds(0, 0, 1)[0])
    assert_array_equal(first, X.mean() + shifted_exponential(rng, 10) * (X - X.mean()))


@by_property
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.integers(0, 2**63))
def test_signs_keep_the_size_of_each_deviation(values, seed):
    x = np.array([*values, max(values) + 1])
    (replicate,) = next(WildBootstrap(1, random_state=seed).iter_samples(x))
    assert_allclose(np.abs(replicate - x.mean()), np.abs(x - x.mean()), atol=1e-9)


@by_property
@given(st.lists(st.integers(0, 5), min_size=2, max_size=30), st.integers(0, 2**63))
def test_rows_of_a_group_share_their_multiplier(labels, seed):
    labels = [*labels, 0, 6]
    x = np.arange(len(labels)) ** 2.0
    scheme = WildBootstrap(1, multiplier="normal", random_state=seed)
    (replicate,) = next(scheme.iter_samples(x, groups=labels))
    ratio = (replicate - x.mean()) / (x - x.mean())
    for label in set(labels):
        of_group = ratio[np.array(labels) == label]
        assert_allclose(of_group, of_group[0])
    of_groups = [ratio[labels.index(label)] for label in set(labels)]
    assert len(set(np.round(of_groups, 9))) == len(set(labels))


@pytest.mark.parametrize(
    "labels",
    [
        list("babacacbab"),
        np.array([1, 0] * 5),
        [("a" if i < 3 else 7) for i in range(10)],
    ],
    ids=["text", "numbers", "mixed"],
)
def test_groups_may_carry_any_labels(labels):
    scheme = WildBootstrap(3, random_state=0)
    for (replicate,) in samples(scheme, X, groups=labels):
        signs = np.sign((replicate - X.mean()) / (X - X.mean()))
        for label in set(labels):
            members = [i for i, other in enumerate(labels) if other == label]
            assert len(set(signs[members])) == 1


def test_groups_of_one_row_are_rows():
    scheme = WildBootstrap(5, random_state=0)
    plain, grouped = samples(scheme, X), samples(scheme, X, groups=np.arange(10))
    assert_array_equal(plain, grouped)


def test_the_variance_of_the_mean_is_that_of_all_sign_vectors():
    """sum (x - mean)^2 / n^2, exactly, over the 1,024 of them."""
    scheme = WildBootstrap(2**10, multiplier=Enumerated(10))
    means = np.array([replicate.mean() for (replicate,) in samples(scheme, X)])
    assert_allclose(means.mean(), X.mean())
    assert_allclose(means.var(), ((X - X.mean()) ** 2).sum() / 100)


def test_the_variance_of_the_mean_by_groups_is_that_of_their_sums():
    """Sum over groups of squared sums / n^2, exactly, over 2^4 sign vectors."""
    groups = np.array([0, 1, 2, 3, 3, 2, 1, 0, 0, 3])
    scheme = WildBootstrap(2**4, multiplier=Enumerated(4))
    drawn = samples(scheme, X, groups=groups)
    means = np.array([replicate.mean() for (replicate,) in drawn])
    sums = np.bincount(groups, X - X.mean())
    assert_allclose(means.mean(), X.mean())
    assert_allclose(means.var(), (sums**2).sum() / 100)


def test_the_last_array_is_perturbed_and_the_others_stay():
    before = np.arange(10)
    scheme = WildBootstrap(4, random_state=0)
    alone = samples(scheme, X)
    for (kept, replicate), (expected,) in zip(
        samples(scheme, before, X), alone, strict=True
    ):
        assert kept is before
        assert_array_equal(replicate, expected)


def test_columns_of_a_table_share_the_multiplier_of_their_row():
    table = np.column_stack([X, X[::-1] ** 2])
    (replicate,) = next(WildBootstrap(1, random_state=0).iter_samples(table))
    ratio = (replicate - table.mean(axis=0)) / (table - table.mean(axis=0))
    assert_allclose(ratio[:, 0], ratio[:, 1])


@pytest.mark.parametrize("multiplier", ["gauss", None, 1, ["webb"]])
def test_a_law_that_is_not_known_is_an_error(multiplier):
    message = re.escape(
        "The 'multiplier' parameter of WildBootstrap must be one of {'mammen', "
        f"'normal', 'rademacher', 'webb'}} or a callable. Got {multiplier!r} instead."
    )
    with pytest.raises(InvalidParameterError, match=message):
        samples(WildBootstrap(multiplier=multiplier), X)


@pytest.mark.parametrize(
    "law",
    [
        lambda rng, size: rng.normal(),
        lambda rng, size: rng.normal(size=(size, 1)),
        lambda rng, size: np.full(size, np.nan),
    ],
    ids=["one", "column", "nan"],
)
def test_a_law_that_returns_something_else_is_an_error(law):
    message = r"multiplier must return 10 finite numbers when called with \(rng, 10\)"
    with pytest.raises(ValueError, match=message):
        samples(WildBootstrap(multiplier=law), X)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e12 / 3, -7])
def test_a_constant_is_an_error(value):
    with pytest.raises(ValueError, match="there are none: the last array is constant"):
        samples(WildBootstrap(), np.full(10, value))


def test_one_group_is_an_error():
    with pytest.raises(ValueError, match="WildBootstrap needs at least two groups"):
        samples(WildBootstrap(), X, groups=["a"] * 10)


def test_groups_are_one_label_for_each_row():
    with pytest.raises(ValueError, match=r"groups must have one label .* \(10, 1\)"):
        samples(WildBootstrap(), X, groups=np.zeros((10, 1)))
