"""Metrics of the order of scores."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import average_precision_score, roc_auc_score

from ensembles.inference._metrics._ranking import AveragePrecision, RocArea, placements
from ensembles.resampling import BayesianBootstrap, Bootstrap, GroupBootstrap

n = 300
rng = np.random.default_rng(0)
positive = rng.random(n) < 0.3
scores = np.round(positive + rng.normal(size=n), 1)
weight = rng.uniform(0.1, 3, size=n)
METRICS = {RocArea: roc_auc_score, AveragePrecision: average_precision_score}
every_metric = pytest.mark.parametrize("cls", METRICS)
SCHEMES = {
    "rows": (Bootstrap(), {}),
    "strata": (Bootstrap(stratify="y"), {"y": positive}),
    "three strata": (Bootstrap(stratify=np.arange(n) % 3), {}),
    "fewer": (Bootstrap(max_samples=50), {}),
    "balanced": (Bootstrap(20, balanced=True), {}),
    "weights": (BayesianBootstrap(), {}),
    "groups": (GroupBootstrap(), {"groups": np.arange(n) // 7}),
}


@every_metric
@pytest.mark.parametrize("case", SCHEMES)
def test_replicates_are_the_metric_of_the_rows_drawn(cls, case):
    scheme, given = SCHEMES[case]
    bound = scheme.bind(n, given.get("y"), given.get("groups"))
    seeds = bound.seeds(1, 0, 20)
    ours = cls(positive, scores, None, "metric").replicates(bound, seeds)
    expected = [
        METRICS[cls](positive, scores, sample_weight=w)
        for w in bound.weight_rows(seeds)
    ]
    assert_allclose(ours[:, 0], expected, rtol=1e-12)


@every_metric
def test_rows_have_weights_of_their_own_besides(cls):
    bound = Bootstrap().bind(n, None, None)
    seeds = bound.seeds(1, 0, 20)
    ours = cls(positive, scores, weight, "metric").replicates(bound, seeds)
    expected = [
        METRICS[cls](positive, scores, sample_weight=w * weight)
        for w in bound.weight_rows(seeds)
    ]
    assert_allclose(ours[:, 0], expected, rtol=1e-12)


@every_metric
@pytest.mark.parametrize("own", [None, weight])
def test_some_rows_keep_their_scores_classes_and_weights(cls, own):
    rows = np.array([*range(0, n, 3), 0, 0, 3])
    taken = cls(positive, scores, own, "metric").take(rows)
    weights = None if own is None else own[rows]
    expected = METRICS[cls](positive[rows], scores[rows], sample_weight=weights)
    assert_allclose(taken.estimate(), expected, rtol=1e-12)


@every_metric
def test_scores_are_sorted_once(cls):
    metric = cls(positive, scores, None, "metric")
    assert metric.runs is metric.runs


def test_without_whole_groups_rows_are_left_out_together():
    deletions = GroupBootstrap().bind(n, None, np.arange(n) // 7).deletions()
    metric = RocArea(positive, scores, None, "area")
    assert not metric.leaves_out_at_once(deletions)
    kept = deletions.keeps(2)
    expected = roc_auc_score(positive[kept], scores[kept])
    assert_allclose(metric.without(deletions)[2], expected, rtol=1e-12)


def test_the_only_row_of_a_class_leaves_no_area_behind():
    is_positive = np.array([True, False, False])
    metric = RocArea(is_positive, np.array([2.0, 1.0, 3.0]), None, "area")
    without = metric.without(Bootstrap().bind(3, None, None).deletions())[:, 0]
    assert_array_equal(without, [np.nan, 0.0, 1.0])


def test_placements_are_wins_over_the_other_class():
    is_positive = np.array([True, False, True, False])
    values = placements(is_positive, np.array([2.0, 2.0, 3.0, 1.0]), np.ones(4))
    assert_array_equal(values, [1.5, 1.5, 2.0, 2.0])
