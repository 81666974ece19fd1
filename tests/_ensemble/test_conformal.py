"""Ranks, ranges, sets and the jackknife+ against loops."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ensembles._combine import resolve_rule
from ensembles._ensemble import _conformal
from ensembles._ensemble._conformal import (
    jackknife_plus,
    shortest_range,
    upper_score,
)
from ensembles._ensemble._label_sets import label_sets, score_named
from ensembles._ensemble._sampling_variance import infinitesimal_jackknife
from ensembles._uncertainty import of_probabilities, of_spread

RULES = {
    name: resolve_rule(None, name, probabilities=False)
    for name in ("mean", "median", "trimmed")
}


def test_the_rank_of_a_score_leaves_room_for_the_new_one():
    scores = np.random.default_rng(0).permutation(9) + 1.0
    assert upper_score(scores, 0.9) == 9  # the ninth of ten
    assert upper_score(scores, 0.7) == 7
    assert upper_score(scores, 0.71) == 8
    assert upper_score(scores, 0.91) == np.inf
    assert upper_score(scores[:8], 0.9) == np.inf


def test_levels_are_decimal_numbers():
    for n in range(9, 2000, 10):
        assert upper_score(np.arange(1.0, n + 1), 0.9) == (n + 1) * 9 // 10
    assert upper_score(np.arange(1.0, 100), 0.55) == 55  # 0.55 * 100 is a digit more


def test_the_shortest_range_is_that_of_all_pairs():
    residuals = np.random.default_rng(0).exponential(size=60)
    low, high = shortest_range(residuals, 0.8)
    assert np.count_nonzero((residuals >= low) & (residuals <= high)) == 49
    widths = [
        b - a
        for a in residuals
        for b in residuals
        if np.count_nonzero((residuals >= a) & (residuals <= b)) >= 49
    ]
    assert high - low == min(widths)
    assert shortest_range(residuals, 0.999) == (-np.inf, np.inf)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("block", [10, 2**20], ids=["one row at a time", "at once"])
def test_the_jackknife_plus_is_that_of_a_loop(rule, block, monkeypatch):
    monkeypatch.setattr(_conformal, "_BLOCK_VALUES", block)
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(7, 5))
    left_out = rng.uniform(size=(30, 7)) < 0.4
    left_out[np.arange(30), rng.integers(7, size=30)] = True
    residuals = rng.normal(size=30)
    ends = jackknife_plus(outputs, left_out, residuals, 0.8, RULES[rule])
    for column, (low, high) in zip(outputs.T, ends, strict=True):
        centres = np.array(
            [RULES[rule].reduce(column[lacking], None) for lacking in left_out]
        )
        assert low == pytest.approx(np.sort(centres - np.abs(residuals))[6 - 1])
        assert high == pytest.approx(np.sort(centres + np.abs(residuals))[25 - 1])


@pytest.mark.parametrize("level", [0.02, 0.5, 0.9, 0.995])
@pytest.mark.parametrize("law", ["normal", "cauchy", "equal", "zero"])
@pytest.mark.parametrize("m", [4, 12, 60], ids=lambda m: f"{m} members")
def test_rows_that_cannot_matter_do_not(m, law, level):
    """Of many rows, some of which few members lack."""
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(m, 30)) * rng.exponential(size=30)
    left_out = rng.uniform(size=(3000, m)) < 0.37
    left_out[np.arange(3000), rng.integers(m, size=3000)] = True
    residuals = {
        "normal": rng.normal(size=3000),
        "cauchy": rng.standard_cauchy(size=3000),
        "equal": np.full(3000, 0.7),
        "zero": np.zeros(3000),
    }[law]
    ends = jackknife_plus(outputs, left_out, residuals, level, RULES["mean"])
    centres = outputs.T @ (left_out.T / left_out.sum(axis=1))
    rank = int(np.ceil(level * 3001 - 1e-9))
    low = np.sort(centres - np.abs(residuals), axis=1)[:, 3000 - rank]
    high = np.sort(centres + np.abs(residuals), axis=1)[:, rank - 1]
    scale = max(np.ptp(outputs), np.abs(residuals).max())
    assert_allclose(ends, np.column_stack([low, high]), atol=1e-6 * scale)


def test_digits_do_not_go_where_values_are_far_from_zero():
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(7, 5))
    left_out = np.tile(np.eye(7, dtype=bool), (6, 1))
    residuals = rng.normal(size=42)
    near = jackknife_plus(outputs, left_out, residuals, 0.8, RULES["mean"])
    far = jackknife_plus(outputs + 1e9, left_out, residuals, 0.8, RULES["mean"])
    assert_allclose(far - 1e9, near, atol=1e-6)


def test_too_few_rows_for_a_jackknife_plus():
    ends = jackknife_plus(
        np.zeros((3, 2)), np.ones((5, 3), bool), np.ones(5), 0.9, RULES["mean"]
    )
    assert_array_equal(ends, [[-np.inf, np.inf]] * 2)


PROBABILITIES = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.4, 0.4, 0.2]])


def test_scores_of_labels_by_hand():
    assert_allclose(score_named("lac", 0, 0)(PROBABILITIES), 1 - PROBABILITIES)
    expected = [[0.5, 0.8, 1.0], [0.9, 1.0, 0.8], [0.4, 0.8, 1.0]]
    assert_allclose(score_named("aps", 9.0, 0)(PROBABILITIES), expected)
    expected = [[0.5, 0.9, 1.2], [1.0, 1.2, 0.8], [0.4, 0.9, 1.2]]
    assert_allclose(score_named("raps", 0.1, 1)(PROBABILITIES), expected)
    expected = [[0.5, 0.8, 1.1], [0.9, 1.1, 0.8], [0.4, 0.8, 1.1]]
    assert_allclose(score_named("raps", 0.1, 2)(PROBABILITIES), expected)


def test_sets_hold_what_is_no_stranger_and_always_the_likeliest():
    known, codes = PROBABILITIES, np.array([0, 2, 1])  # scores 0.5, 0.2, 0.6
    score = score_named("lac", 0, 0)
    sets = label_sets(PROBABILITIES, known, codes, score, np.max)
    assert_array_equal(sets, [[1, 0, 0], [0, 0, 1], [1, 1, 0]])
    sets = label_sets(PROBABILITIES, known, codes, score, np.min)
    assert_array_equal(sets, [[1, 0, 0], [0, 0, 1], [1, 0, 0]])
    everything = label_sets(PROBABILITIES, known, codes, score, lambda scores: np.inf)
    assert everything.all()


def test_entropy_and_variance_are_sums_of_their_parts():
    outputs = np.random.default_rng(0).dirichlet(np.ones(4), size=(6, 50))
    for measure in of_probabilities, of_spread:
        total, aleatoric, epistemic = measure(outputs)
        assert_allclose(total, aleatoric + epistemic)
        assert (epistemic > 0).all()
    spread = of_spread(outputs)
    assert_allclose(spread.epistemic, outputs.var(axis=0).sum(axis=1))
    assert_allclose(of_spread(outputs[:1]).epistemic, 0, atol=1e-15)


def every_resample(n):
    """All n^n resamples, as counts: the bag without Monte-Carlo error."""
    draws = np.stack(np.meshgrid(*[np.arange(n)] * n), -1).reshape(-1, n)
    return np.stack([(draws == i).sum(axis=1) for i in range(n)], axis=1)


def test_the_infinitesimal_jackknife_of_all_resamples_is_exact():
    """Of a mean: the variance of the values over n, the jackknife's (n - 1) / n."""
    values = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0])
    counts = every_resample(6)
    found = infinitesimal_jackknife(counts, (counts @ values / 6)[:, None])
    noise = counts.var(axis=0).sum() * np.var(counts @ values / 6) / len(counts)
    expected = values.var() / 6
    assert found.variance[0] == pytest.approx(expected - noise, rel=1e-9)
    left = (values.sum() - values) / 5
    jackknife = 5 / 6 * np.sum((left - left.mean()) ** 2)
    assert found.variance[0] + noise == pytest.approx(jackknife * 5 / 6, rel=1e-9)


@pytest.mark.parametrize("size", [10, 25, 40])
def test_draws_without_replacement_have_the_variance_of_all_rows(size):
    """Mean over 60 bags within four standard errors: false alarm 1 in 10,000."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=50)
    found, told = [], []
    for _ in range(60):
        order = rng.permuted(np.tile(np.arange(50), (400, 1)), axis=1)[:, :size]
        counts = np.zeros((400, 50))
        np.put_along_axis(counts, order, 1, axis=1)
        one = infinitesimal_jackknife(counts, (counts @ values / size)[:, None])
        found.append(one.variance[0])
        told.append(one.mc_error[0])
    expected = values.var(ddof=1) / 50
    error = np.std(found) / np.sqrt(60)
    assert abs(np.mean(found) - expected * 49 / 50) < 4 * error + 0.02 * expected
    assert np.mean(told) == pytest.approx(np.std(found), rel=0.25)
