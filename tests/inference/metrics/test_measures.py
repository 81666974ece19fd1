"""From what users call a metric to a statistic: fast ways and scikit-learn agree."""

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn import metrics
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import make_scorer

from ensembles.exceptions import InvalidParameterError
from ensembles.inference import metric_interval
from ensembles.inference._metrics import _measures
from ensembles.inference._metrics._confusion import ConfusionMetric
from ensembles.inference._metrics._interval import evaluation_of_measures
from ensembles.inference._metrics._measures import (
    measures_of,
    statistic_of,
)
from ensembles.inference._metrics._ranking import AveragePrecision, RocArea
from ensembles.inference._metrics._row_means import MeanLoss, ShareOfVariance
from ensembles.inference._statistics._callables import WeightedFunction
from ensembles.inference._statistics._combined import OfDistinctRows
from ensembles.resampling import Bootstrap

by_property = settings(max_examples=12, deadline=None, derandomize=True)
exactly = {"rtol": 1e-12, "atol": 1e-12}
AVERAGES = ("micro", "macro", "weighted")
OF_HITS = (
    metrics.f1_score,
    metrics.precision_score,
    metrics.recall_score,
    metrics.jaccard_score,
    partial(metrics.fbeta_score, beta=0.5),
)
OF_CLASSES = [
    metrics.accuracy_score,
    metrics.balanced_accuracy_score,
    partial(metrics.balanced_accuracy_score, adjusted=True),
    metrics.cohen_kappa_score,
    metrics.matthews_corrcoef,
    metrics.zero_one_loss,
    *[partial(one, average=how) for one in OF_HITS for how in AVERAGES],
    partial(metrics.f1_score, average="macro", zero_division=1),
    partial(metrics.precision_score, average="weighted", zero_division=1.0),
]
OF_TWO = [*OF_CLASSES, *OF_HITS, partial(metrics.recall_score, pos_label=0)]
OF_SCORES = [metrics.roc_auc_score, metrics.average_precision_score]
OF_NUMBERS = [
    metrics.explained_variance_score,
    metrics.mean_absolute_error,
    metrics.mean_absolute_percentage_error,
    metrics.mean_gamma_deviance,
    metrics.mean_pinball_loss,
    partial(metrics.mean_pinball_loss, alpha=0.1),
    metrics.mean_poisson_deviance,
    metrics.mean_squared_error,
    metrics.mean_squared_log_error,
    metrics.r2_score,
    metrics.root_mean_squared_error,
    metrics.root_mean_squared_log_error,
]


def name_of(metric):
    if isinstance(metric, partial):
        values = ",".join(map(str, metric.keywords.values()))
        return f"{metric.func.__name__}-{values}"
    return metric.__name__


def quietly(metric, *arrays, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric(*arrays, **how)


def statistic(metric, y, p, weights=None):
    measures = measures_of(metric)
    names = [one.name for one in measures]
    return quietly(statistic_of, measures, y, [p] * len(measures), weights, names)


def assert_equal_on_resampled_rows(
    metric, y, p, weights=None, n_replicates=20, within=exactly
):
    """Under the weights of each draw, the metric of the rows drawn."""
    found = statistic(metric, y, p, weights)
    y, p = np.asarray(y), np.asarray(p)
    bound = Bootstrap().bind(len(y), None, None)
    seeds = bound.seeds(len(y), 0, n_replicates)
    values = found.weighted(bound.weight_rows(seeds))[:, 0]
    for seed, value in zip(seeds, values, strict=True):
        rows = bound.rows(seed)
        own = {} if weights is None else {"sample_weight": weights[rows]}
        expected = quietly(metric, y[rows], p[rows], **own)
        if len(np.unique(y[rows])) < 2 and np.isnan(value):
            continue  # scikit-learn has conventions for one class, some of them 0
        assert_allclose(value, expected, **within)
    return found


def classes(n, k, seed, agree=0.6):
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    return y, np.where(rng.random(n) < agree, y, rng.integers(k, size=n))


@pytest.mark.parametrize("metric", OF_TWO, ids=name_of)
@by_property
@given(st.integers(6, 60), st.integers(0, 2**32))
def test_metrics_of_two_classes_equal_scikit_learn(metric, n, seed):
    y, p = classes(n, 2, seed)
    y[:2], p[:2] = [0, 1], [1, 0]
    assert_equal_on_resampled_rows(metric, y, p, n_replicates=3)


@pytest.mark.parametrize("metric", OF_CLASSES, ids=name_of)
@by_property
@given(st.integers(6, 40), st.integers(3, 5), st.integers(0, 2**32))
def test_metrics_of_classes_equal_scikit_learn_where_draws_lack_some(
    metric, n, k, seed
):
    y, p = classes(n, k, seed)
    y[:2] = [0, 1]
    names = np.array(["ash", "oak", "elm", "fir", "yew"])
    assert_equal_on_resampled_rows(metric, names[y], names[p], n_replicates=3)


@pytest.mark.parametrize("metric", OF_TWO, ids=name_of)
def test_metrics_of_classes_equal_scikit_learn_with_weights(metric):
    y, p = classes(60, 2, 0)
    weights = np.random.default_rng(1).uniform(0.1, 3, size=60)
    found = assert_equal_on_resampled_rows(metric, y, p, weights)
    assert isinstance(found, ConfusionMetric)


@pytest.mark.parametrize("metric", OF_CLASSES, ids=name_of)
def test_weighted_metrics_of_many_classes_are_read_from_distinct_rows(metric):
    y, p = classes(120, 4, 0)
    weights = np.random.default_rng(1).uniform(0.1, 3, size=120)
    found = assert_equal_on_resampled_rows(metric, y, p, weights)
    assert isinstance(found, OfDistinctRows)
    rows = np.array([*range(60), 0, 0])
    taken = found.take(rows).estimate()
    expected = quietly(metric, y[rows], p[rows], sample_weight=weights[rows])
    assert_allclose(taken, expected, **exactly)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "metric", [metrics.mean_squared_error, metrics.mean_absolute_error], ids=name_of
)
def test_losses_of_several_outputs_are_means_of_rows(metric, weighted):
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(2, 60, 3))
    weights = rng.uniform(0.1, 3, size=60) if weighted else None
    assert isinstance(assert_equal_on_resampled_rows(metric, y, p, weights), MeanLoss)


@pytest.mark.parametrize(
    "metric",
    [
        metrics.root_mean_squared_error,
        partial(metrics.mean_squared_error, multioutput=[1, 2, 3]),
    ],
    ids=["roots", "weighted outputs"],
)
def test_other_losses_of_several_outputs_are_called(metric):
    y, p = np.random.default_rng(0).normal(size=(2, 60, 3))
    assert isinstance(statistic(metric, y, p), WeightedFunction)


@pytest.mark.parametrize("weighted", [False, True])
def test_areas_of_each_class_against_the_rest_are_not_called(weighted):
    rng = np.random.default_rng(0)
    y, p = rng.integers(3, size=80), rng.dirichlet(np.ones(3), size=80).round(2)
    p[:, 2] = 1 - p[:, :2].sum(axis=1)
    weights = rng.uniform(0.1, 3, size=80) if weighted else None
    of_each = partial(metrics.roc_auc_score, multi_class="ovr")
    found = assert_equal_on_resampled_rows(of_each, y, p, weights)
    assert not isinstance(found, WeightedFunction)
    of_pairs = partial(metrics.roc_auc_score, multi_class="ovr", average="weighted")
    assert isinstance(statistic(of_pairs, y, p), WeightedFunction)


def test_many_classes_on_few_rows_take_no_table_of_classes_by_classes(monkeypatch):
    monkeypatch.setattr(_measures, "_MOST_BYTES", 1)
    y, p = classes(40, 30, 0)
    macro = partial(metrics.f1_score, average="macro")
    assert isinstance(assert_equal_on_resampled_rows(macro, y, p), OfDistinctRows)


@pytest.mark.parametrize("metric", OF_TWO, ids=name_of)
def test_metrics_of_classes_are_read_from_distinct_rows(metric):
    assert isinstance(statistic(metric, *classes(60, 2, 0)), OfDistinctRows)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("metric", [metrics.log_loss, metrics.brier_score_loss])
@pytest.mark.parametrize("k", [2, 3])
def test_losses_of_probabilities_equal_scikit_learn(metric, k, dtype, weighted):
    rng = np.random.default_rng(k)
    y, p = rng.integers(k, size=60), rng.dirichlet(np.ones(k), size=60).astype(dtype)
    p[5] = np.eye(k)[0]
    p[6] = np.eye(k)[1]
    weights = rng.uniform(0.1, 3, size=60) if weighted else None
    trees = np.array(["ash", "elm", "oak"])
    found = assert_equal_on_resampled_rows(
        partial(metric, labels=trees[:k]) if metric is metrics.log_loss else metric,
        trees[y],
        p,
        weights,
        within=exactly if dtype is np.float64 else {"rtol": 1e-5, "atol": 1e-6},
    )
    assert isinstance(found, MeanLoss)


@pytest.mark.parametrize("metric", OF_NUMBERS, ids=name_of)
def test_metrics_of_narrow_floats_are_not_called(metric):
    """What nets predict; scikit-learn then keeps fewer digits than is kept here."""
    rng = np.random.default_rng(0)
    y = rng.gamma(2.0, size=60).astype(np.float32)
    p = (y * rng.uniform(0.5, 2, size=60)).astype(np.float32)
    narrow = {"rtol": 1e-4, "atol": 1e-5}
    found = assert_equal_on_resampled_rows(metric, y, p, within=narrow)
    assert not isinstance(found, WeightedFunction)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (metrics.log_loss, "second"),
        (metrics.brier_score_loss, "second"),
        (partial(metrics.brier_score_loss, pos_label=1), "second"),
        (partial(metrics.brier_score_loss, pos_label=0), "first"),
    ],
    ids=["log", "brier", "brier of 1", "brier of 0"],
)
def test_one_probability_is_enough_for_two_classes(metric, said):
    rng = np.random.default_rng(0)
    y, p = rng.integers(2, size=60), rng.random(60)
    found = assert_equal_on_resampled_rows(metric, y, p if said == "second" else 1 - p)
    assert isinstance(found, MeanLoss)


@pytest.mark.parametrize(
    "metric",
    [
        partial(metrics.log_loss, normalize=False),
        partial(metrics.log_loss, labels=[0, 1, 2]),
        partial(metrics.brier_score_loss, scale_by_half=False),
    ],
    ids=["sum", "labels", "scale"],
)
def test_other_losses_of_probabilities_are_called(metric):
    y = np.arange(30) % 2
    p = np.random.default_rng(0).dirichlet(np.ones(2 + ("labels" in metric.keywords)))
    found = statistic(metric, y, np.tile(p, (30, 1)))
    assert isinstance(found, WeightedFunction)


@pytest.mark.parametrize("metric", OF_SCORES, ids=name_of)
@pytest.mark.parametrize("weighted", [False, True])
@by_property
@given(st.integers(5, 60), st.integers(0, 2**32))
def test_metrics_of_scores_equal_scikit_learn_with_ties(metric, weighted, n, seed):
    rng = np.random.default_rng(seed)
    y, scores = rng.integers(2, size=n), rng.integers(8, size=n) / 4
    y[:2] = [0, 1]
    weights = rng.uniform(0.1, 3, size=n) if weighted else None
    found = assert_equal_on_resampled_rows(metric, y, scores, weights, 5)
    assert isinstance(found, RocArea | AveragePrecision)


@pytest.mark.parametrize("metric", OF_NUMBERS, ids=name_of)
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_of_numbers_equal_scikit_learn(metric, weighted):
    rng = np.random.default_rng(0)
    y = rng.gamma(3, size=80) + 0.1
    p = y * rng.uniform(0.5, 1.5, size=80)
    weights = rng.uniform(0.1, 3, size=80) if weighted else None
    found = assert_equal_on_resampled_rows(metric, y, p, weights)
    assert isinstance(found, MeanLoss | ShareOfVariance)


BY_CALLS = [
    partial(metrics.f1_score, average="macro", labels=[0, 1]),
    partial(metrics.f1_score, average="macro", zero_division=np.nan),
    partial(metrics.cohen_kappa_score, labels=[0, 1, 2], weights="linear"),
    partial(metrics.accuracy_score, normalize=False),
    metrics.hamming_loss,
]


@pytest.mark.parametrize("metric", BY_CALLS, ids=name_of)
def test_parameters_that_no_formula_knows_are_left_to_the_metric(metric):
    y, p = classes(80, 3, 3)
    found = assert_equal_on_resampled_rows(metric, y, p)
    assert isinstance(found, WeightedFunction)


def test_a_partial_area_is_left_to_the_metric():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=80)
    metric = partial(metrics.roc_auc_score, max_fpr=0.3)
    found = assert_equal_on_resampled_rows(metric, y, y + rng.normal(size=80))
    assert isinstance(found, WeightedFunction)


def test_several_outputs_are_left_to_the_metric():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(50, 2))
    p = y + rng.normal(size=(50, 2))
    for metric in (
        metrics.r2_score,
        partial(metrics.mean_squared_error, multioutput=[0.3, 0.7]),
    ):
        found = assert_equal_on_resampled_rows(metric, y, p)
        assert isinstance(found, WeightedFunction)


@pytest.mark.parametrize("how", ["ovr", "ovo"])
def test_areas_of_many_classes_equal_scikit_learn(how):
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=90)
    p = rng.dirichlet(np.ones(3), size=90)
    metric = partial(metrics.roc_auc_score, multi_class=how)
    evaluation = evaluation_of_measures(
        measures_of(metric), y, [p], ["area"], None, None, None
    )
    bound = evaluation.source.bound
    seeds = bound.seeds(0, 0, 5)
    for seed, (value,) in zip(seeds, evaluation.replicates(seeds), strict=True):
        rows = bound.rows(seed)
        assert_allclose(value, metric(y[rows], p[rows]), **exactly)


@pytest.mark.parametrize("metric", [*OF_TWO, *OF_SCORES], ids=name_of)
@pytest.mark.parametrize("weighted", [False, True])
def test_values_without_each_row_equal_brute_force(metric, weighted):
    rng = np.random.default_rng(5)
    y, p = classes(20, 2, 5)
    if metric in OF_SCORES:
        p = rng.integers(8, size=20) / 4 + y
    weights = rng.uniform(0.1, 3, size=20) if weighted else None
    found = statistic(metric, y, p, weights)
    without = found.without(Bootstrap().bind(20, None, None).deletions())[:, 0]
    for i, value in enumerate(without):
        rows = np.delete(np.arange(20), i)
        own = {"sample_weight": weights[rows]} if weighted else {}
        assert_allclose(value, quietly(metric, y[rows], p[rows], **own), **exactly)


@pytest.mark.parametrize(
    ("name", "function", "sign"),
    [
        ("neg_mean_squared_error", metrics.mean_squared_error, -1),
        ("neg_root_mean_squared_error", metrics.root_mean_squared_error, -1),
        ("neg_median_absolute_error", metrics.median_absolute_error, -1),
        ("r2", metrics.r2_score, 1),
    ],
)
def test_names_have_the_sign_of_scorers_and_functions_their_own(name, function, sign):
    rng = np.random.default_rng(0)
    y = rng.normal(size=50)
    p = y + rng.normal(size=50)
    named = metric_interval(y, p, name, n_resamples=50, rng=0)
    given = metric_interval(y, p, function, n_resamples=50, rng=0)
    assert named.estimate == pytest.approx(sign * function(y, p), rel=1e-12)
    assert_allclose(named.distribution, sign * given.distribution, **exactly)


def test_a_dict_names_and_a_list_orders_metrics():
    y, p = classes(60, 2, 0)
    named = metric_interval(
        y, p, {"a": "f1", "b": metrics.zero_one_loss}, n_resamples=50, rng=0
    )
    listed = metric_interval(
        y, p, [metrics.f1_score, metrics.zero_one_loss], n_resamples=50, rng=0
    )
    assert list(named.to_frame("percentile").index) == ["a", "b"]
    assert list(listed.to_frame("percentile").index) == ["f1_score", "zero_one_loss"]
    assert_allclose(named.distribution, listed.distribution, **exactly)
    assert_allclose(
        named.estimate, [metrics.f1_score(y, p), metrics.zero_one_loss(y, p)], **exactly
    )


@dataclass
class Share:
    """A metric that cannot be hashed."""

    label: int

    def __call__(self, y_true, y_pred):
        return float(np.mean((y_true == self.label) & (y_pred == self.label)))


def test_any_callable_is_a_metric():
    y, p = classes(60, 2, 0)
    result = metric_interval(y, p, Share(1), n_resamples=20, rng=0)
    assert result.estimate == np.mean(y & p)


@pytest.fixture(scope="module")
def flowers():
    X, y = make_classification(200, random_state=0)
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]), y


@pytest.mark.parametrize(
    "name", ["roc_auc", "average_precision", "f1", "neg_brier_score", "neg_log_loss"]
)
def test_estimators_predict_what_the_metric_judges(flowers, name):
    X, y = flowers
    model = LogisticRegression().fit(X, y)
    result = metric_interval(y, model, name, X=X, n_resamples=20, rng=0)
    expected = metrics.get_scorer(name)(model, X, y)
    assert result.estimate == pytest.approx(expected, rel=1e-12)


def test_estimators_without_probabilities_give_decisions(flowers):
    X, y = flowers
    model = RidgeClassifier().fit(X, y)
    result = metric_interval(y, model, ["roc_auc", "f1"], X=X, n_resamples=20, rng=0)
    expected = [metrics.get_scorer(one)(model, X, y) for one in ("roc_auc", "f1")]
    assert_allclose(result.estimate, expected, **exactly)


@pytest.mark.parametrize("response", ["predict_proba", "decision_function"])
@pytest.mark.parametrize("label", ["ill", "well"])
def test_scorers_take_the_scores_of_their_positive_class(flowers, response, label):
    X, y = flowers
    y = np.where(y, "well", "ill")
    model = LogisticRegression(C=0.01).fit(X, y)
    scorer = make_scorer(
        metrics.average_precision_score, response_method=response, pos_label=label
    )
    result = metric_interval(y, model, scorer, X=X, n_resamples=20, rng=0)
    assert result.estimate == pytest.approx(scorer(model, X, y), rel=1e-12)


def test_scores_are_those_of_class_1_where_that_is_the_first(flowers):
    X, y = flowers
    model = LogisticRegression(C=0.01).fit(X, y + 1)
    result = metric_interval(
        y + 1, model, "average_precision", X=X, n_resamples=20, rng=0
    )
    scorer = metrics.get_scorer("average_precision")
    assert result.estimate == pytest.approx(scorer(model, X, y + 1), rel=1e-12)


def test_a_positive_class_that_is_none_of_the_estimators_is_an_error(flowers):
    X, y = flowers
    model = LogisticRegression().fit(X, y)
    scorer = make_scorer(
        metrics.average_precision_score, response_method="predict_proba", pos_label=7
    )
    with pytest.raises(ValueError, match="pos_label=7 is not a valid label"):
        metric_interval(y, model, scorer, X=X, n_resamples=20)


def test_an_estimator_that_cannot_predict_what_is_wanted_is_an_error(flowers):
    X, y = flowers
    with pytest.raises(ValueError, match="needs an estimator with predict_proba"):
        metric_interval(y, RidgeClassifier().fit(X, y), "neg_log_loss", X=X)


def test_an_estimator_without_rows_is_an_error(flowers):
    X, y = flowers
    with pytest.raises(ValueError, match=r"predicts from rows.* Give X"):
        metric_interval(y, RidgeClassifier().fit(X, y), "f1")


@pytest.mark.parametrize("metric", [[], {}, (), None, 3])
def test_no_metric_is_an_error(metric):
    with pytest.raises(InvalidParameterError, match="'metric' parameter"):
        metric_interval([0, 1, 1], [0, 1, 1], metric)


@pytest.mark.parametrize("symmetric", [True, False])
def test_one_value_for_each_class_is_an_error(symmetric):
    y = np.array([0, 0, 0, 1, 1, 1] * 10)
    p = np.array([0, 0, 1, 1, 1, 0 if symmetric else 1] * 10)
    metric = partial(metrics.f1_score, average=None)
    with pytest.raises(ValueError, match=r"must return a number, got shape \(2,\)"):
        metric_interval(y, p, metric)


def test_one_value_for_each_output_is_an_error_for_functions_without_weights():
    def both(y_true, y_pred):
        return np.array([np.mean(y_true), np.mean(y_pred)])

    with pytest.raises(ValueError, match=r"must return a number, got shape \(2,\)"):
        metric_interval([0.1, 1.0, 2.0], [0.0, 1.0, 2.0], both)


def test_weights_inside_a_metric_are_an_error():
    metric = partial(metrics.f1_score, sample_weight=[1, 2, 3])
    with pytest.raises(ValueError, match="holds a sample_weight"):
        metric_interval([0, 1, 1], [0, 1, 1], metric)


def test_weights_for_a_metric_that_takes_none_are_an_error():
    with pytest.raises(ValueError, match="'max_error' takes no sample_weight"):
        metric_interval(
            [0.5, 1, 2], [0, 1, 1], metrics.max_error, sample_weight=[1] * 3
        )


def test_confusion_matrices_too_large_for_memory_are_left_to_the_metric():
    rng = np.random.default_rng(0)
    y = rng.integers(3000, size=4000)
    found = statistic("accuracy", y, y)
    assert isinstance(found, WeightedFunction)
    assert found.estimate() == 1.0
