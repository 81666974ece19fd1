"""Rows drawn independently, by stratum, balanced, in part, without replacement."""

import math
from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import binom, chisquare, multinomial, norm
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import Bootstrap
from ensembles.resampling._iid import _proportional

LABELS = np.array(["b", "a", "b", "c", "b", "a", "b", "c", "b", "b", "a", "b"])


def draws(scheme, n, y=None):
    return np.stack(list(scheme.iter_indices(range(n), y)))


def test_rows_are_drawn_with_equal_probability():
    """Chi-square, 60,000 draws, 11 df: a right scheme fails 1 seed in 10,000."""
    drawn = draws(Bootstrap(5000, random_state=0), 12)
    assert chisquare(np.bincount(drawn.ravel(), minlength=12)).pvalue > 1e-4


@pytest.mark.parametrize("n", [3, 4])
def test_counts_of_a_replicate_are_multinomial(n):
    """Chi-square of all vectors of counts, 9 and 34 df: fails 2 seeds in 10,000."""
    drawn = draws(Bootstrap(20_000, random_state=0), n)
    seen = Counter(tuple(np.bincount(rows, minlength=n)) for rows in drawn)
    vectors = [v for v in product(range(n + 1), repeat=n) if sum(v) == n]
    expected = multinomial(n, np.full(n, 1 / n)).pmf(vectors) * 20_000
    assert chisquare([seen[v] for v in vectors], expected).pvalue > 1e-4


def test_replicates_are_independent():
    """Chi-square of counts in neighbouring replicates, 8 df: fails 1 in 10,000."""
    counts = (draws(Bootstrap(12_000, random_state=0), 6) == 0).sum(axis=1).clip(max=2)
    law = binom(6, 1 / 6)
    shares = np.array([law.pmf(0), law.pmf(1), law.sf(1)])
    pairs = np.bincount(counts[::2] * 3 + counts[1::2], minlength=9)
    assert chisquare(pairs, np.outer(shares, shares).ravel() * 6000).pvalue > 1e-4


def test_rows_without_replacement_are_drawn_with_equal_probability():
    """Chi-square of all 20 triples of 6 rows, 19 df: fails 1 seed in 10,000."""
    scheme = Bootstrap(6000, max_samples=3, replace=False, random_state=0)
    triples = Counter(tuple(sorted(rows)) for rows in draws(scheme, 6))
    assert len(triples) == 20
    assert chisquare(list(triples.values())).pvalue > 1e-4


def test_rows_within_a_stratum_are_drawn_with_equal_probability():
    """Chi-square, three strata with 6, 2 and 1 df: fails 3 seeds in 10,000."""
    drawn = draws(Bootstrap(3000, stratify=LABELS, random_state=0), 12)
    counts = np.bincount(drawn.ravel(), minlength=12)
    for label in "abc":
        assert chisquare(counts[label == LABELS]).pvalue > 1e-4


@pytest.mark.parametrize("n", [2, 5, 12, 100])
def test_the_share_of_rows_left_out(n):
    """z-test of (1 - 1/n)^n, four of them: fails 4 seeds in 10,000."""
    drawn = Bootstrap(2000, random_state=n).iter_indices(range(n))
    out = np.array([1 - len(set(rows)) / n for rows in drawn])
    z = (out.mean() - (1 - 1 / n) ** n) / (out.std() / np.sqrt(2000))
    assert abs(z) < norm.isf(0.5e-4)


@pytest.mark.parametrize("as_array", [True, False], ids=["array", "y"])
@pytest.mark.parametrize(
    "options", [{}, {"balanced": True}, {"replace": False}], ids=str
)
def test_strata_keep_their_sizes(as_array, options):
    stratify = LABELS if as_array else "y"
    scheme = Bootstrap(20, stratify=stratify, random_state=0, **options)
    for rows in scheme.iter_indices(LABELS, None if as_array else LABELS):
        assert Counter(LABELS[rows]) == Counter(LABELS)


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize(
    ("m", "expected"), [(1, "b"), (2, "ab"), (3, "abb"), (6, "aabbbc"), (7, "aabbbbc")]
)
def test_fewer_rows_are_shared_out_by_largest_remainders(m, expected, replace):
    scheme = Bootstrap(20, stratify="y", max_samples=m, replace=replace, random_state=0)
    for rows in scheme.iter_indices(LABELS, LABELS):
        assert "".join(sorted(LABELS[rows])) == expected


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(1, 400))
def test_shares_are_proportional_up_to_rounding(sizes, total):
    shares = _proportional(sizes, total)
    exact = [Fraction(size * total, sum(sizes)) for size in sizes]
    assert sum(shares) == total
    assert all(
        math.floor(q) <= s <= math.ceil(q) for q, s in zip(exact, shares, strict=True)
    )
    rounded_up = [q % 1 for q, s in zip(exact, shares, strict=True) if s > q]
    rounded_down = [q % 1 for q, s in zip(exact, shares, strict=True) if s < q]
    assert max(rounded_down, default=0) <= min(rounded_up, default=1)
    if total <= sum(sizes):
        assert all(s <= size for s, size in zip(shares, sizes, strict=True))


def test_renaming_the_strata_in_order_changes_nothing():
    scheme = Bootstrap(5, stratify="y", random_state=0)
    renamed = np.searchsorted(["a", "b", "c"], LABELS) * 10
    assert_array_equal(draws(scheme, 12, LABELS), draws(scheme, 12, renamed))


def test_one_stratum_is_no_stratum():
    plain = draws(Bootstrap(5, random_state=0), 12)
    one = draws(Bootstrap(5, stratify=np.ones(12), random_state=0), 12)
    assert_array_equal(plain, one)


def test_strata_of_one_row_give_the_data_themselves():
    scheme = Bootstrap(5, stratify=np.arange(12), random_state=0)
    assert_array_equal(draws(scheme, 12), [np.arange(12)] * 5)


@pytest.mark.parametrize("n_resamples", [1, 2, 7, 50])
@pytest.mark.parametrize("stratify", [None, "y"])
def test_balanced_draws_each_row_n_resamples_times(n_resamples, stratify):
    scheme = Bootstrap(n_resamples, balanced=True, stratify=stratify, random_state=0)
    drawn = draws(scheme, 12, LABELS)
    assert drawn.shape == (n_resamples, 12)
    assert_array_equal(np.bincount(drawn.ravel()), np.full(12, n_resamples))
    weights = np.concatenate(list(scheme.iter_weights(range(12), LABELS)))
    assert_array_equal(weights.sum(axis=0), np.full(12, n_resamples))


def test_balanced_rows_stand_anywhere_with_equal_probability():
    """Chi-square of the first row drawn, 11 df: fails 1 seed in 10,000."""
    scheme = [Bootstrap(3, balanced=True, random_state=s) for s in range(2000)]
    first = [next(one.iter_indices(range(12)))[0] for one in scheme]
    assert chisquare(np.bincount(first, minlength=12)).pvalue > 1e-4


def test_without_replacement_rows_are_unique():
    drawn = draws(Bootstrap(50, max_samples=8, replace=False, random_state=0), 12)
    assert drawn.shape == (50, 8)
    assert all(len(set(rows)) == 8 for rows in drawn)


def test_all_rows_without_replacement_are_the_data():
    drawn = draws(Bootstrap(50, replace=False, random_state=0), 12)
    assert_array_equal(drawn, [np.arange(12)] * 50)


@pytest.mark.parametrize("options", [{}, {"max_samples": 9, "replace": False}], ids=str)
def test_rows_of_a_replicate_ascend(options):
    drawn = draws(Bootstrap(20, stratify=LABELS, random_state=0, **options), 12)
    assert_array_equal(drawn, np.sort(drawn))


@pytest.mark.parametrize(
    ("max_samples", "expected"),
    [
        (None, 200),
        (1, 1),
        (70, 70),
        (450, 450),
        (0.5, 100),
        (0.999, 199),
        (1.0, 200),
        (np.float32(0.25), 50),
        (np.int64(3), 3),
    ],
    ids=repr,
)
def test_max_samples_is_a_number_or_a_share_of_the_rows(max_samples, expected):
    scheme = Bootstrap(2, max_samples=max_samples, random_state=0)
    assert [len(rows) for rows in scheme.iter_indices(range(200))] == [expected] * 2
    assert next(scheme.iter_weights(range(200))).sum() == 2 * expected


def test_a_share_that_gives_few_rows_warns_as_in_scikit_learn():
    message = (
        "Using the fractional value max_samples=0.01 when the number of samples is 200 "
        r"results in a low number \(2\) of bootstrap samples\. We recommend passing "
        "`max_samples` as an integer instead"
    )
    with pytest.warns(UserWarning, match=message):
        rows = next(Bootstrap(max_samples=0.01).iter_indices(range(200)))
    assert len(rows) == 2


@pytest.mark.parametrize("max_samples", [0, -1, 0.0, 1.5, True, "all", np.nan])
def test_max_samples_outside_its_ranges_is_an_error(max_samples):
    message = (
        r"The 'max_samples' parameter of Bootstrap must be None, an int in the range "
        r"\[1, inf\) or a float in the range \(0.0, 1.0\]. Got "
    )
    with pytest.raises(InvalidParameterError, match=message):
        next(Bootstrap(max_samples=max_samples).iter_indices(range(20)))


def test_more_rows_than_there_are_need_replacement():
    message = (
        "Effective max_samples=13 must be <= n_samples=12 to be able to sample without "
        "replacement"
    )
    with pytest.raises(ValueError, match=message):
        next(Bootstrap(max_samples=13, replace=False).iter_indices(range(12)))


@pytest.mark.parametrize("options", [{"max_samples": 3}, {"replace": False}], ids=str)
def test_balanced_stands_alone(options):
    message = "balanced=True draws as many rows as there are, with replacement"
    with pytest.raises(ValueError, match=message):
        next(Bootstrap(balanced=True, **options).iter_indices(range(12)))


@pytest.mark.parametrize("name", ["balanced", "replace"])
@pytest.mark.parametrize("value", [1, "yes", None])
def test_switches_are_booleans(name, value):
    message = f"The '{name}' parameter of Bootstrap must be an instance of 'bool'"
    with pytest.raises(InvalidParameterError, match=message):
        next(Bootstrap(**{name: value}).iter_indices(range(12)))


@pytest.mark.parametrize(
    ("stratify", "y", "message"),
    [
        ("x", LABELS, "'stratify' parameter of Bootstrap must be 'y', an array-like"),
        ("y", None, r"Bootstrap\(stratify='y'\) needs y, got None"),
        ("y", np.linspace(0, 1, 12), "needs class labels, got a continuous target"),
        ("y", np.eye(12, dtype=int), "needs class labels, got a multilabel-indicator"),
        (LABELS[:5], None, r"one label for each of 12 rows, got shape \(5,\)"),
        (np.ones((12, 2)), None, r"one label for each of 12 rows, got shape \(12, 2\)"),
    ],
    ids=["name", "no y", "continuous", "multilabel", "length", "shape"],
)
def test_strata_that_do_not_fit_are_an_error(stratify, y, message):
    with pytest.raises(ValueError, match=message):
        next(Bootstrap(stratify=stratify).iter_indices(range(12), y))


def test_strata_by_y_follow_the_subsets_of_a_nested_cross_validation(rng):
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 3
    tree = DecisionTreeClassifier(random_state=0)
    for stratify in ("y", y):
        inner = Bootstrap(3, stratify=stratify, random_state=0)
        search = GridSearchCV(tree, {"max_depth": [1, 2]}, cv=inner)
        if isinstance(stratify, str):
            scores = cross_val_score(search, X, y, cv=3, error_score="raise")
            assert np.isfinite(scores).all()
        else:
            with pytest.raises(ValueError, match="cannot follow subsets of the data"):
                cross_val_score(search, X, y, cv=3, error_score="raise")


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (Bootstrap(), True),
        (Bootstrap(replace=False), False),
        (Bootstrap(replace=False, max_samples=11), True),
        (Bootstrap(balanced=True), True),
    ],
    ids=repr,
)
@pytest.mark.parametrize("as_weights", [True, False])
def test_whether_rows_can_be_left_out(scheme, expected, as_weights):
    assert scheme.bind(12).leaves_rows_out(as_weights=as_weights) is expected
