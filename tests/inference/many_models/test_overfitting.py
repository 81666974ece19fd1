"""How often the winner of one half of the rows disappoints in the other half."""

import dataclasses
import re
from itertools import combinations
from math import comb

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import linregress, rankdata

from ensembles.exceptions import InvalidParameterError
from ensembles.inference import probability_of_overfitting
from ensembles.inference._many_models import _overfitting


def mean(rows):
    return rows.mean(axis=0)


def sharpe(rows):
    return rows.mean(axis=0) / rows.std(axis=0, ddof=1)


METRICS = {"mean": mean, "sharpe": sharpe}
every_metric = pytest.mark.parametrize("metric", METRICS)
FIELDS = ["logits", "in_sample", "out_of_sample", "selected"]


def by_the_book(performance, n_blocks, metric):
    """Bailey et al. (2017), one choice of half of the blocks after another."""
    blocks = np.array_split(performance, n_blocks)
    n_strategies = performance.shape[1]
    rows = []
    for chosen in combinations(range(n_blocks), n_blocks // 2):
        others = [b for b in range(n_blocks) if b not in chosen]
        inside = metric(np.concatenate([blocks[b] for b in chosen]))
        outside = metric(np.concatenate([blocks[b] for b in others]))
        best = inside.argmax()
        relative = rankdata(outside)[best] / (n_strategies + 1)
        logit = np.log(relative / (1 - relative))
        rows.append((logit, inside[best], outside[best], best))
    return np.array(rows).T


@every_metric
@pytest.mark.parametrize(
    ("n_rows", "n_blocks"), [(40, 4), (43, 4), (24, 6), (10, 4), (11, 2), (35, 8)]
)
def test_every_choice_is_that_of_the_paper(metric, n_rows, n_blocks, rng):
    performance = rng.normal(0.05, 1, size=(n_rows, 5))
    found = probability_of_overfitting(performance, n_blocks, metric=metric)
    expected = by_the_book(performance, n_blocks, METRICS[metric])
    assert len(found.logits) == comb(n_blocks, n_blocks // 2)
    for name, values in zip(FIELDS, expected, strict=True):
        assert_allclose(getattr(found, name), values, rtol=1e-9, atol=1e-12)
    logits, inside, outside, _ = expected
    assert found.pbo == np.mean(logits <= 1e-12)
    assert found.probability_of_loss == np.mean(outside < 0)
    line = linregress(inside, outside)
    assert_allclose(found.degradation_slope, line.slope)
    assert_allclose(found.degradation_intercept, line.intercept)


@every_metric
def test_a_callable_gives_what_the_built_in_metric_gives(metric, rng):
    performance = rng.normal(size=(50, 6))
    built_in = probability_of_overfitting(performance, 6, metric=metric)
    given = probability_of_overfitting(performance, 6, metric=METRICS[metric])
    for name in FIELDS:
        assert_allclose(getattr(given, name), getattr(built_in, name), rtol=1e-9)


def test_a_callable_sees_each_half_once_and_its_rows_in_order():
    performance = np.column_stack([np.arange(17.0), -np.arange(17.0)])
    seen = []

    def metric(rows):
        seen.append(tuple(rows[:, 0].astype(int)))
        return rows.sum(axis=0)

    probability_of_overfitting(performance, 4, metric=metric)
    blocks = np.array_split(range(17), 4)
    halves = [(*blocks[a], *blocks[b]) for a, b in combinations(range(4), 2)]
    assert sorted(seen) == sorted(halves)


@every_metric
def test_the_numbers_do_not_depend_on_the_batches(metric, rng, monkeypatch):
    performance = rng.normal(size=(64, 7))
    expected = probability_of_overfitting(performance, 10, metric=metric)
    for size in (1, 1000, 2**30):
        monkeypatch.setattr(_overfitting, "_BATCH_BYTES", size)
        found = probability_of_overfitting(performance, 10, metric=metric)
        for name in FIELDS:
            assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9)


@pytest.mark.parametrize("n_strategies", [2, 3, 10])
@every_metric
def test_strategies_without_merit_win_by_chance(metric, n_strategies):
    """400 data sets; z-test of their mean, its error from themselves: 1 in 10,000.

    The winner of one half has any rank in the other with the same probability, and
    the median of an odd number counts: (N + 1) / 2N, or 1/2 where N is even.
    """
    rng = np.random.default_rng(0)
    found = np.array(
        [
            probability_of_overfitting(data, 6, metric=metric).pbo
            for data in rng.normal(size=(400, 60, n_strategies))
        ]
    )
    expected = (n_strategies // 2 + n_strategies % 2) / n_strategies
    assert abs(found.mean() - expected) < 3.9 * found.std() / np.sqrt(400)


@every_metric
def test_a_strategy_that_dominates_wins_everywhere(metric, rng):
    performance = rng.normal(size=(400, 20))
    performance[:, 11] += 2
    found = probability_of_overfitting(performance, metric=metric)
    assert found.pbo == 0
    assert found.probability_of_loss == 0
    assert len(found.logits) == 12870
    assert_array_equal(found.selected, np.full(12870, 11))
    assert_allclose(found.logits, np.full(12870, np.log(20)))


def test_a_strategy_that_shines_in_one_half_only_is_overfitted():
    """Each strategy is good in one block, and pays for it in all the others."""
    performance = np.repeat(4 * np.eye(4) - 2, 5, axis=0)
    performance += np.random.default_rng(0).normal(scale=0.01, size=(20, 4))
    found = probability_of_overfitting(performance, 4)
    assert found.pbo == 1
    assert found.probability_of_loss == 1


def test_the_mean_of_one_half_tells_that_of_the_other_by_their_sum(rng):
    """Equal halves of one strategy that always wins: the slope is exactly -1."""
    performance = rng.normal(size=(80, 3))
    performance[:, 0] += 50
    found = probability_of_overfitting(performance, 8)
    assert_allclose(found.degradation_slope, -1)
    assert_allclose(found.degradation_intercept, 2 * performance[:, 0].mean())


def test_ties_share_their_rank(rng):
    """Four of a kind: every winner is the median, which counts as overfitted."""
    performance = np.repeat(rng.integers(9, size=(24, 1)), 4, axis=1)
    found = probability_of_overfitting(performance, 4)
    assert_array_equal(found.logits, np.zeros(6))
    assert found.pbo == 1


def test_the_level_and_unit_of_the_mean_do_not_matter(rng):
    performance = rng.normal(size=(48, 6))
    expected = probability_of_overfitting(performance, 6)
    found = probability_of_overfitting(performance * 4 + 1e6, 6)
    assert_allclose(found.logits, expected.logits)
    assert_allclose(found.out_of_sample, expected.out_of_sample * 4 + 1e6)


def test_the_sharpe_ratio_keeps_its_digits_far_from_zero(rng):
    performance = rng.normal(size=(48, 4)) + 1e6
    found = probability_of_overfitting(performance, 4, metric="sharpe")
    expected = by_the_book(performance, 4, sharpe)
    assert_allclose(found.in_sample, expected[1], rtol=1e-7)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_columns_are_kept(library, rng):
    frames = pytest.importorskip(library)
    performance = rng.normal(size=(40, 3))
    performance[:, 1] += 3
    table = frames.DataFrame({name: performance[:, j] for j, name in enumerate("abc")})
    found = probability_of_overfitting(table, 4)
    assert_array_equal(found.selected, np.full(6, "b", dtype=object))
    plain = probability_of_overfitting(performance.tolist(), 4)
    assert_array_equal(found.logits, plain.logits)


def test_the_result_is_frozen_and_prints_its_numbers_only(rng):
    found = probability_of_overfitting(rng.normal(size=(40, 3)), 4)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign"):
        found.pbo = 0.0
    assert re.fullmatch(
        r"OverfittingResult\(pbo=\S+, probability_of_loss=\S+, "
        r"degradation_slope=\S+, degradation_intercept=\S+\)",
        repr(found),
    )


def test_the_performance_is_left_alone(rng):
    performance = rng.normal(size=(40, 3))
    before = performance.copy()
    probability_of_overfitting(performance, 4, metric="sharpe")
    assert_array_equal(performance, before)


@pytest.mark.parametrize("n_blocks", [0, 3, 26, -2, 4.0, True, "16"])
def test_blocks_outside_their_range_are_an_error(n_blocks, rng):
    message = "must be an even int in the range [2, 24]. Got " + repr(n_blocks)
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        probability_of_overfitting(rng.normal(size=(100, 3)), n_blocks)


@pytest.mark.parametrize("metric", ["Sharpe", None, 3])
def test_metrics_that_are_none_are_an_error(metric, rng):
    with pytest.raises(InvalidParameterError, match="'mean', 'sharpe' or a callable"):
        probability_of_overfitting(rng.normal(size=(100, 3)), metric=metric)


@pytest.mark.parametrize("answer", [1.0, [1, 2], [1, 2, np.nan], [[1, 2, 3]]], ids=str)
def test_a_callable_that_returns_something_else_is_an_error(answer, rng):
    with pytest.raises(ValueError, match="metric must return 3 finite numbers, one a"):
        probability_of_overfitting(
            rng.normal(size=(40, 3)), 4, metric=lambda rows: answer
        )


def test_too_few_rows_or_strategies_are_an_error(rng):
    message = "n_blocks=16 needs at least two rows a block, got 31 rows. Use at most 14"
    with pytest.raises(ValueError, match=message):
        probability_of_overfitting(rng.normal(size=(31, 3)))
    with pytest.raises(ValueError, match=r"at least 2 models.*of shape \(40, 1\)"):
        probability_of_overfitting(rng.normal(size=(40, 1)))


def test_values_that_are_not_finite_are_an_error_that_names_the_column(rng):
    performance = rng.normal(size=(40, 3))
    performance[4, 2] = np.nan
    with pytest.raises(ValueError, match="Column 2 of performance is nan in row 4"):
        probability_of_overfitting(performance)


def test_a_sharpe_ratio_of_rows_that_do_not_vary(rng):
    """Zero where the strategy stands still, an error where it cannot be computed."""
    performance = rng.normal(size=(40, 3))
    performance[:20, 1] = 0
    found = probability_of_overfitting(performance, 4, metric="sharpe")
    assert np.isfinite(found.logits).all()
    performance[:20, 1] = 0.1
    with pytest.raises(ValueError, match="Strategy 1 performs the same in every row"):
        probability_of_overfitting(performance, 4, metric="sharpe")


def test_performance_that_never_changes_has_no_line_of_degradation():
    with pytest.raises(ValueError, match="performs the same in every half"):
        probability_of_overfitting(np.ones((40, 3)), 4)
