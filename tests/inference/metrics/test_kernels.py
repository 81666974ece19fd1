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
from ensembles.inference._metrics._ranks import class_ranks, thresholds
from ensembles.resampling import _kernels_plain as plain_draws
from ensembles.resampling._plan import draw_plan

by_property = settings(max_examples=100, deadline=None, derandomize=True)
exactly = {"rtol": 1e-12, "atol": 1e-14}
# Few values, so that many scores are tied.
rows = st.lists(
    st.tuples(st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 0.5, 1.0, 7.0])),
    min_size=1,
    max_size=40,
)
METRICS = [
    ("weighted_auc", "draw_auc", class_ranks, roc_auc_score),
    ("weighted_precision", "draw_precision", thresholds, average_precision_score),
]
every_metric = pytest.mark.parametrize(("weighted", "draw", "sort", "metric"), METRICS)


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
def test_weighted_passes_equal_the_twin(weighted, draw, sort, metric, rows):
    positive, scores, weights = columns(rows)
    both = np.stack([weights, np.ones(len(rows)), np.zeros(len(rows))])
    order = sort(positive, scores)
    ours, plain = (
        run(m, weighted, both, order, n=3) for m in (_kernels, _kernels_plain)
    )
    assert_allclose(ours, plain, **exactly)
    assert np.isnan(ours[2])


@every_metric
@by_property
@given(rows)
def test_weighted_passes_equal_scikit_learn(weighted, draw, sort, metric, rows):
    positive, scores, weights = columns(rows)
    ours = run(_kernels, weighted, weights[None], sort(positive, scores), n=1)[0]
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
    weighted, draw, sort, metric, rows, entropy, n_draws
):
    positive, scores, _ = columns(rows)
    plan, keys = draw_plan([len(rows)], [n_draws]), keys_for(entropy, 0, 5)
    counts = np.empty((5, len(rows)), dtype=np.int64)
    plain_draws.count_rows(plan, keys, counts)
    order = sort(positive, scores)
    ours = run(_kernels, draw, plan, keys, order, n=5)
    plain = run(_kernels_plain, draw, plan, keys, order, n=5)
    assert_allclose(ours, plain, **exactly)
    from_counts = run(_kernels, weighted, counts.astype(float), order, n=5)
    assert_allclose(ours, from_counts, **exactly)


@every_metric
def test_draws_of_many_blocks_and_strata_equal_the_twin(weighted, draw, sort, metric):
    rng = np.random.default_rng(0)
    positive, scores = rng.random(1500) < 0.3, rng.integers(50, size=1500).astype(float)
    plan, keys = draw_plan([700, 800], [650, 900]), keys_for(3, 0, 20)
    arguments = (plan, keys, sort(positive, scores))
    ours, plain = (run(m, draw, *arguments, n=20) for m in (_kernels, _kernels_plain))
    assert_allclose(ours, plain, **exactly)
    assert len(np.unique(ours)) == 20


def test_positions_of_the_negatives_are_counted_with_their_ties():
    positive = np.array([True, False, True, False, False])
    ranks = class_ranks(positive, np.array([2.0, 1.0, 5.0, 2.0, 2.0]))
    assert_array_equal(ranks.negatives, [1, 3, 4])
    assert_array_equal(ranks.positives, [0, 2])
    assert_array_equal(ranks.below, [1, 3])
    assert_array_equal(ranks.up_to, [3, 3])


def test_thresholds_end_at_the_last_row_of_each_score():
    positive = np.array([True, False, True, False])
    order = thresholds(positive, np.array([1.0, 3.0, 3.0, 2.0]))
    assert_array_equal(order.rows, [1, 2, 3, 0])
    assert_array_equal(order.is_positive, [False, True, False, True])
    assert_array_equal(order.is_last, [False, True, True, True])
