"""Compiled passes over sorted scores: equal to their plain twins and scikit-learn's."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import average_precision_score, roc_auc_score

from ensembles._random import keys_for
from ensembles.inference._metrics import _kernels, _kernels_plain
from ensembles.inference._metrics._ranks import ascending_runs, descending_runs
from ensembles.resampling import _kernels_plain as plain_draws
from ensembles.resampling._plan import CodePlan, code_plan, draw_plan

by_property = settings(max_examples=100, deadline=None, derandomize=True)
exactly = {"rtol": 1e-12, "atol": 1e-14}
# Few values, so that many scores are tied.
rows = st.lists(
    st.tuples(st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 0.5, 1.0, 7.0])),
    min_size=1,
    max_size=40,
)
METRICS = [
    ("weighted_auc", "draw_auc", ascending_runs, roc_auc_score),
    ("weighted_precision", "draw_precision", descending_runs, average_precision_score),
]
every_metric = pytest.mark.parametrize(
    ("weighted", "draw", "runs_of", "metric"), METRICS
)


def columns(rows):
    positive, scores, weights = map(np.array, zip(*rows, strict=True))
    return positive.astype(bool), scores.astype(float), weights.astype(float)


def run(module, kernel, *arguments, n):
    values = np.full(n, -1.0)
    getattr(module, kernel)(*arguments, values)
    return values


@every_metric
@by_property
@given(rows)
def test_weighted_passes_equal_the_twin(weighted, draw, runs_of, metric, rows):
    positive, scores, weights = columns(rows)
    both = np.stack([weights, np.ones(len(rows)), np.zeros(len(rows))])
    runs = runs_of(positive, scores)
    ours, plain = (
        run(m, weighted, both, runs, n=3) for m in (_kernels, _kernels_plain)
    )
    assert_allclose(ours, plain, **exactly)
    assert np.isnan(ours[2])


@every_metric
@by_property
@given(rows)
def test_weighted_passes_equal_scikit_learn(weighted, draw, runs_of, metric, rows):
    positive, scores, weights = columns(rows)
    ours = run(_kernels, weighted, weights[None], runs_of(positive, scores), n=1)[0]
    no_positive = not weights[positive].any()
    no_negative = metric is roc_auc_score and not weights[~positive].any()
    if no_positive or no_negative:
        assert np.isnan(ours)
        return
    drawn = weights > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = metric(positive[drawn], scores[drawn], sample_weight=weights[drawn])
    assert_allclose(ours, value, rtol=1e-12)


@every_metric
@by_property
@given(rows, st.integers(0, 2**63), st.integers(1, 80))
def test_draws_are_weighted_passes_over_the_same_draws(
    weighted, draw, runs_of, metric, rows, entropy, n_draws
):
    positive, scores, _ = columns(rows)
    plan, keys = draw_plan([len(rows)], [n_draws]), keys_for(entropy, 0, 5)
    counts = np.empty((5, len(rows)), dtype=np.int64)
    plain_draws.count_rows(plan, keys, counts)
    runs = runs_of(positive, scores)
    coded = CodePlan(plan, runs.codes, False)
    ours = run(_kernels, draw, coded, keys, runs, n=5)
    plain = run(_kernels_plain, draw, coded, keys, runs, n=5)
    assert_allclose(ours, plain, **exactly)
    from_counts = run(_kernels, weighted, counts.astype(float), runs, n=5)
    assert_allclose(ours, from_counts, **exactly)


@every_metric
@pytest.mark.parametrize("n_scores", [7, 1500])
def test_draws_of_many_blocks_and_strata_equal_the_twin(
    weighted, draw, runs_of, metric, n_scores
):
    rng = np.random.default_rng(0)
    positive = rng.random(1500) < 0.3
    scores = rng.integers(n_scores, size=1500).astype(float)
    plan, keys = draw_plan([700, 800], [650, 900]), keys_for(3, 0, 20)
    runs = runs_of(positive, scores)
    coded = code_plan(plan, runs.codes)
    assert coded.has_cells == (n_scores == 7)
    ours, plain = (
        run(m, draw, coded, keys, runs, n=20) for m in (_kernels, _kernels_plain)
    )
    assert_allclose(ours, plain, **exactly)
    assert len(np.unique(ours)) == 20


def test_ascending_runs_keep_ties_and_part_a_positive_from_the_negatives_below():
    positive = np.array([0, 0, 1, 1, 0, 1, 1, 0, 0, 1], dtype=bool)
    scores = np.array([1.0, 2, 3, 4, 4, 5, 6, 7, 8, 9])
    runs = ascending_runs(positive, scores)
    assert_array_equal(runs.codes, [1, 1, 2, 4, 5, 6, 6, 7, 7, 8])
    assert_array_equal(runs.tied, [0, 0, 1, 0, 0])


def test_descending_runs_end_at_each_score_of_a_positive():
    positive = np.array([1, 0, 1, 0, 0, 1, 0], dtype=bool)
    scores = np.array([5.0, 5, 5, 4, 3, 2, 1])
    runs = descending_runs(positive, scores)
    assert_array_equal(runs.codes, [0, 1, 0, 3, 3, 2, 5])
