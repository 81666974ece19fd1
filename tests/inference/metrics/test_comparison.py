"""Differences between the scores of models on the same rows."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer

from ensembles.exceptions import InvalidParameterError
from ensembles.inference import compare_scores
from ensembles.inference._metrics._correction import holm
from ensembles.resampling import BayesianBootstrap, Bootstrap, GroupBootstrap

n = 150
rng = np.random.default_rng(0)
y = rng.integers(2, size=n)
SCORES = {
    "good": y + rng.normal(size=n),
    "fair": y / 2 + rng.normal(size=n),
    "bad": rng.normal(size=n),
}
LABELS = {name: (values > 0.4) * 1 for name, values in SCORES.items()}
few = {"n_resamples": 199, "rng": 0}
exactly = {"rtol": 1e-12, "atol": 1e-12}
tied = pytest.mark.filterwarnings("ignore:method='bca' has no finite ends")


@pytest.mark.parametrize(
    ("models", "metric"),
    [
        (SCORES, metrics.roc_auc_score),
        (SCORES, metrics.mean_squared_error),
        (LABELS, metrics.f1_score),
        (SCORES, partial(metrics.roc_auc_score, max_fpr=0.4)),
    ],
)
@pytest.mark.parametrize("by", ["weights", "groups"])
def test_replicates_are_differences_of_scores_on_the_same_rows(models, metric, by):
    groups = np.arange(n) // 5 if by == "groups" else None
    scheme = GroupBootstrap() if by == "groups" else BayesianBootstrap()
    result = compare_scores(
        y,
        models,
        metric,
        scheme=scheme,
        groups=groups,
        n_resamples=40,
        rng=0,
        method="percentile",
    )
    bound = scheme.bind(n, None, groups)
    run = result.result._replicates.run
    seeds = run.evaluation.source.seeds(run.entropy, 0, 40)
    scores = np.array(
        [
            [metric(y, p, sample_weight=w) for p in models.values()]
            for w in bound.weight_rows(seeds)
        ]
    )
    sign = -1 if metric is metrics.mean_squared_error else 1
    first, second = np.array([[0, 0, 1], [1, 2, 2]])
    expected = sign * (scores[:, first] - scores[:, second])
    assert_allclose(result.result.distribution, expected, **exactly)
    of_data = [sign * metric(y, p) for p in models.values()]
    assert_allclose(result.scores, of_data, **exactly)
    assert result.pairs == [("good", "fair"), ("good", "bad"), ("fair", "bad")]


@pytest.mark.parametrize(
    "metric", [metrics.mean_absolute_error, partial(metrics.mean_pinball_loss)]
)
def test_less_is_better_of_functions_named_losses(metric):
    """A scorer says itself what is better."""
    models = {"near": y + 0.1 * SCORES["bad"], "far": y + SCORES["bad"]}
    result = compare_scores(y, models, metric, **few)
    assert_array_equal(result.best_rank, [1, 2])
    assert (result.scores < 0).all()
    as_given = compare_scores(y, models, metrics.make_scorer(metric), **few)
    assert_allclose(as_given.scores, -result.scores)


def test_a_model_of_a_list_is_named_by_its_number():
    by_number = compare_scores(y, list(SCORES.values()), "roc_auc", reference=1, **few)
    assert by_number.pairs == [("0", "1"), ("2", "1")]


def test_differences_from_cells_stray_as_those_from_rows_do():
    """Standard deviations of 4000 replicates: 3 z tests, false alarms 3 * 1e-5."""
    R, bound = 4000, Bootstrap().bind(n, None, None)
    result = compare_scores(y, LABELS, "accuracy", n_resamples=R, rng=0)
    hits = np.stack([y == p for p in LABELS.values()]) * 1.0
    shares = bound.weight_rows(bound.seeds(5, 0, R)) @ hits.T / n
    by_rows = shares[:, [0, 0, 1]] - shares[:, [1, 2, 2]]
    ratio = result.result.distribution.std(axis=0) / by_rows.std(axis=0)
    assert np.abs(np.log(ratio) * np.sqrt(R)).max() < 4.4


@tied
@pytest.mark.parametrize(
    ("models", "metric"),
    [
        (SCORES, "roc_auc"),
        (SCORES, "average_precision"),
        (LABELS, "f1"),
        (SCORES, "neg_mean_squared_error"),
        (SCORES, partial(metrics.roc_auc_score, max_fpr=0.4)),
        (LABELS, lambda a, b: np.mean(a == b)),
    ],
)
def test_the_same_predictions_differ_by_exactly_nothing(models, metric):
    twins = {"one": models["good"], "other": models["good"].copy()}
    result = compare_scores(y, twins, metric, n_resamples=50, rng=0)
    assert not result.result.distribution.any()
    found = (result.differences, result.low, result.high, result.pvalues)
    assert_array_equal(np.ravel(found), [0, 0, 0, 1])
    assert_array_equal(result.adjusted_pvalues, [1])


@pytest.mark.parametrize("models", [SCORES, LABELS])
def test_workers_change_no_bit(models):
    metric = "roc_auc"
    one = compare_scores(y, models, metric, **few)
    two = compare_scores(y, models, metric, n_jobs=2, **few)
    assert_array_equal(one.result.distribution, two.result.distribution)


def test_a_reference_comes_second_in_every_pair():
    result = compare_scores(y, SCORES, "roc_auc", reference="fair", **few)
    assert result.pairs == [("good", "fair"), ("bad", "fair")]
    areas = [metrics.roc_auc_score(y, p) for p in SCORES.values()]
    assert_allclose(result.differences, np.array(areas)[[0, 2]] - areas[1], **exactly)


def test_corrections_adjust_the_same_pvalues():
    by = {
        how: compare_scores(y, SCORES, "roc_auc", correction=how, **few)
        for how in ("holm", "step-down", "none")
    }
    raw = by["none"].pvalues
    assert_array_equal(by["none"].adjusted_pvalues, raw)
    assert_array_equal(by["holm"].adjusted_pvalues, holm(raw))
    assert (by["step-down"].adjusted_pvalues <= 0.3).any()
    for result in by.values():
        assert_array_equal(result.pvalues, raw)


def test_stepping_down_takes_the_spread_of_smaller_draws_into_account():
    """A quarter of the rows strays twice as far; the p-value must not notice.

    Both p-values are near .01, with Monte-Carlo errors of about .001.
    """
    p = [
        compare_scores(
            y,
            SCORES,
            "neg_mean_squared_error",
            correction="step-down",
            scheme=scheme,
            reference="good",
            method="percentile",
            rng=0,
        ).adjusted_pvalues[0]
        for scheme in (Bootstrap(), Bootstrap(max_samples=n // 4))
    ]
    assert p[1] == pytest.approx(p[0], abs=0.02)


def test_a_clear_order_of_models_is_found_in_their_ranks():
    size = 2000
    rng = np.random.default_rng(3)
    target = rng.integers(2, size=size)
    models = [target * shift + rng.normal(size=size) for shift in (0.0, 2.0, 1.0, 1.0)]
    models[3] = models[2] + 1e-3 * rng.normal(size=size)
    result = compare_scores(target, models, "roc_auc", n_resamples=999, rng=0)
    assert result.models == ["0", "1", "2", "3"]
    assert_array_equal(result.best_rank, [4, 1, 2, 2])
    assert_array_equal(result.worst_rank, [4, 1, 3, 3])


def test_losses_are_better_where_they_are_lower():
    """Functions give losses as they are; the higher one then has the first rank."""
    target = np.random.default_rng(0).normal(size=300)
    models = {"near": target + 0.1, "far": target + 3.0}
    noise = np.random.default_rng(1).normal(size=(2, 300))
    models = {k: v + e for (k, v), e in zip(models.items(), noise, strict=True)}
    result = compare_scores(target, models, "neg_mean_squared_error", **few)
    assert_array_equal(result.best_rank, [1, 2])
    assert (result.scores < 0).all()


@pytest.mark.parametrize("alternative", ["less", "greater"])
@pytest.mark.parametrize("test", ["bootstrap", "delong"])
def test_one_sided_claims_have_one_end(test, alternative):
    result = compare_scores(
        y, SCORES, "roc_auc", test=test, alternative=alternative, **few
    )
    other = result.low if alternative == "less" else result.high
    assert np.isinf(other).all()
    is_claimed = result.differences[1] < 0 if alternative == "less" else True
    assert (result.pvalues[1] < 0.05) == is_claimed


def test_delong_and_the_bootstrap_agree():
    delong = compare_scores(y, SCORES, "roc_auc", test="delong")
    resampled = compare_scores(y, SCORES, "roc_auc", n_resamples=4999, rng=0)
    half = (delong.high - delong.low) / 2
    assert_allclose(resampled.result.standard_error, half / norm.isf(0.025), rtol=0.1)
    assert_allclose(resampled.scores, delong.scores, **exactly)
    assert delong.result is None


def test_estimators_predict_from_rows():
    X = np.column_stack([SCORES["good"], SCORES["bad"]])
    models = {
        "both": LogisticRegression().fit(X, y),
        "weak": LogisticRegression(C=1e-4).fit(X[:, ::-1], y),
    }
    result = compare_scores(y, models, "roc_auc", X=X, **few)
    expected = [metrics.get_scorer("roc_auc")(m, X, y) for m in models.values()]
    assert_allclose(result.scores, expected, **exactly)


def test_the_frame_has_a_row_for_each_pair():
    result = compare_scores(y, SCORES, "roc_auc", **few)
    frame = result.to_frame()
    assert list(frame.index) == result.pairs
    assert frame.index.names == ["model", "other"]
    assert_array_equal(frame["difference"], result.differences)
    assert_array_equal(frame["adjusted_pvalue"], result.adjusted_pvalues)


REFUSED = [
    (partial(metrics.roc_auc_score, max_fpr=0.2), "whole areas"),
    (make_scorer(metrics.roc_auc_score, greater_is_better=False), "whole areas"),
    ("average_precision", "for metric='roc_auc'"),
]


@pytest.mark.parametrize(("metric", "message"), REFUSED)
def test_delong_is_for_whole_areas(metric, message):
    with pytest.raises(ValueError, match=message):
        compare_scores(y, SCORES, metric, test="delong")


@pytest.mark.parametrize(
    "given",
    [{"sample_weight": y + 1.0}, {"groups": y}, {"scheme": Bootstrap()}],
)
def test_delong_takes_rows_as_they_are(given):
    with pytest.raises(ValueError, match="knows neither sample_weight nor groups"):
        compare_scores(y, SCORES, "roc_auc", test="delong", **given)


def test_delong_has_no_replicates_to_step_down_with():
    with pytest.raises(ValueError, match="'step-down' takes the dependence"):
        compare_scores(y, SCORES, "roc_auc", test="delong", correction="step-down")


def test_delong_refuses_missing_scores():
    models = {**SCORES, "bad": np.where(np.arange(n) == 3, np.nan, SCORES["bad"])}
    with pytest.raises(ValueError, match="contains NaN"):
        compare_scores(y, models, "roc_auc", test="delong")


@pytest.mark.parametrize("models", [{}, {"one": SCORES["good"]}, [SCORES["good"]]])
def test_one_model_is_an_error(models):
    with pytest.raises(ValueError, match="at least two models"):
        compare_scores(y, models, "roc_auc")


def test_names_that_are_the_same_as_text_are_an_error():
    models = {1: SCORES["good"], "1": SCORES["bad"], "two": SCORES["fair"]}
    with pytest.raises(ValueError, match="Names of models must differ"):
        compare_scores(y, models, "roc_auc")


@pytest.mark.parametrize("kind", [np.column_stack, lambda v: pd.DataFrame(SCORES)])
def test_a_table_of_predictions_is_an_error(kind):
    with pytest.raises(TypeError, match="must be a dict or a list"):
        compare_scores(y, kind([*SCORES.values()]), "roc_auc")


def test_more_than_one_metric_is_an_error():
    with pytest.raises(ValueError, match="compares by one metric, got 2"):
        compare_scores(y, LABELS, ["f1", "accuracy"])


def test_an_unknown_reference_is_an_error():
    with pytest.raises(ValueError, match="one of the models good, fair, bad"):
        compare_scores(y, SCORES, "roc_auc", reference="best")


@pytest.mark.parametrize("name", ["test", "correction", "alternative", "method"])
def test_unknown_choices_are_errors(name):
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter"):
        compare_scores(y, SCORES, "roc_auc", **{name: "other"})
