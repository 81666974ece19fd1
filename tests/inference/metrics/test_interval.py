"""The interval of any metric of given predictions."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr, ndtri
from scipy.stats import norm
from sklearn import metrics
from sklearn.metrics import make_scorer

from ensembles.inference import bootstrap, metric_interval
from ensembles.inference._metrics._interval import scheme_for
from ensembles.inference._metrics._measures import measures_of
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    ParametricBootstrap,
    PoissonBootstrap,
)

n = 120
rng = np.random.default_rng(0)
y = rng.integers(2, size=n)
scores = y + rng.normal(size=n)
labels = (scores > 0.5).astype(int)
x = rng.normal(size=n)
guess = x + rng.normal(size=n)
rare = (np.arange(n) < 3).astype(int)
few = {"n_resamples": 99, "rng": 0}
exactly = {"rtol": 1e-12, "atol": 1e-12}
UNUSUAL = {
    "weights": (BayesianBootstrap(), None),
    "poisson": (PoissonBootstrap(), None),
    "blocks": (MovingBlockBootstrap(block_length=6), None),
    "groups": (GroupBootstrap(), np.arange(n) // 4),
    "strata": (Bootstrap(stratify=rare), None),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_every_scheme_gives_what_calls_with_its_weights_give(case):
    scheme, groups = UNUSUAL[case]
    wanted = [metrics.roc_auc_score, metrics.mean_squared_error]
    result = metric_interval(y, scores, wanted, scheme=scheme, groups=groups, **few)
    for metric, ours in zip(wanted, result.distribution.T, strict=True):
        called = bootstrap(metric, y, scores, scheme=scheme, groups=groups, **few)
        assert_allclose(ours, called.distribution, **exactly)


@pytest.mark.parametrize("case", ["weights", "poisson", "blocks", "groups"])
def test_metrics_of_labels_do_too_where_no_cells_are_drawn(case):
    scheme, groups = UNUSUAL[case]
    result = metric_interval(y, labels, "f1", scheme=scheme, groups=groups, **few)
    called = bootstrap(metrics.f1_score, y, labels, scheme=scheme, groups=groups, **few)
    assert_allclose(result.distribution, called.distribution, **exactly)


@pytest.mark.parametrize(
    ("prediction", "metric"),
    [
        (labels, "f1"),
        (scores, "roc_auc"),
        (scores, ["roc_auc", "average_precision", "r2"]),
        (labels, ["f1", "accuracy", "roc_auc"]),
        (scores, partial(metrics.roc_auc_score, max_fpr=0.5)),
        (labels, lambda a, b: np.mean(a == b)),
    ],
)
def test_workers_change_no_bit(prediction, metric):
    one = metric_interval(y, prediction, metric, n_resamples=60, rng=3)
    two = metric_interval(y, prediction, metric, n_resamples=60, rng=3, n_jobs=2)
    assert_array_equal(one.distribution, two.distribution)
    begun = metric_interval(y, prediction, metric, n_resamples=25, rng=3)
    assert_array_equal(begun.extend(35).distribution, one.distribution)


def test_metrics_of_a_list_share_their_resamples():
    """Of rows: the joint replicates are those of each metric alone, bit for bit."""
    wanted = ["roc_auc", "average_precision", "neg_mean_absolute_error"]
    together = metric_interval(y, scores, wanted, **few).distribution
    for name, ours in zip(wanted, together.T, strict=True):
        assert_allclose(ours, metric_interval(y, scores, name, **few).distribution)


def f1_recall_accuracy(y, said):
    """In far less time than scikit-learn takes for its checks."""
    hits = y @ said
    return 2 * hits / (y.sum() + said.sum()), hits / y.sum(), (y == said).mean()


def test_metrics_of_labels_correlate_from_cells_as_from_rows():
    """Fisher's z of 3 correlations of 1500 replicates each: false alarms 3 * 2e-5."""
    wanted = [metrics.f1_score, metrics.recall_score, metrics.accuracy_score]
    R = 1500
    cells = metric_interval(y, labels, wanted, n_resamples=R, rng=1).distribution
    bound = Bootstrap().bind(n, None, None)
    drawn = [bound.rows(seed) for seed in bound.seeds(2, 0, R)]
    called = np.array([f1_recall_accuracy(y[rows], labels[rows]) for rows in drawn])
    for rows, values in zip(drawn[:50], called, strict=False):
        slow = [metric(y[rows], labels[rows]) for metric in wanted]
        assert_allclose(values, slow, **exactly)
    upper = np.triu_indices(3, 1)
    by_cells, by_rows = (np.corrcoef(v.T)[upper] for v in (cells, called))
    z = (np.arctanh(by_cells) - np.arctanh(by_rows)) / np.sqrt(2 / (R - 3))
    assert np.abs(z).max() < 4.3
    spread = np.log(cells.std(axis=0) / called.std(axis=0)) * np.sqrt(R)
    assert np.abs(spread).max() < 4.5


def containers(values):
    return [list(values), pd.Series(values, index=values + 7), pl.Series(values)]


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("metric", ["f1", "roc_auc", metrics.hamming_loss])
def test_containers_of_any_kind_give_the_same(kind, metric):
    expected = metric_interval(y, labels, metric, **few).distribution
    given = containers(y)[kind], containers(labels)[kind]
    assert_allclose(metric_interval(*given, metric, **few).distribution, expected)


def test_names_of_classes_give_what_numbers_give():
    names = np.array(["no", "yes"])
    metric = partial(metrics.f1_score, pos_label="yes")
    result = metric_interval(names[y], names[labels], metric, **few)
    expected = metric_interval(y, labels, metrics.f1_score, **few)
    assert_allclose(result.distribution, expected.distribution, **exactly)
    result = metric_interval(names[y], scores, "roc_auc", **few)
    expected = metric_interval(y, scores, "roc_auc", **few)
    assert_allclose(result.distribution, expected.distribution, **exactly)


@pytest.mark.parametrize(
    ("prediction", "metric"),
    [(labels, "f1"), (scores, "roc_auc"), (scores, "neg_log_loss"), (scores, "r2")],
)
def test_whole_weights_give_the_estimate_of_rows_repeated(prediction, metric):
    if metric == "neg_log_loss":
        prediction = 1 / (1 + np.exp(-prediction))
    weights = np.random.default_rng(1).integers(1, 4, size=n)
    weighted = metric_interval(y, prediction, metric, sample_weight=weights, **few)
    repeated = metric_interval(
        np.repeat(y, weights), np.repeat(prediction, weights), metric, **few
    )
    assert weighted.estimate == pytest.approx(repeated.estimate, rel=1e-12)


def scheme_of(metric, target, prediction, stratify="auto", groups=None):
    measures = measures_of(metric)
    return scheme_for(measures, target, [prediction], stratify, None, groups)


def test_rare_classes_are_stratified_and_common_ones_are_not():
    found = scheme_of("roc_auc", rare, scores)
    assert_array_equal(found.stratify, rare)
    assert scheme_of("roc_auc", y, scores) is None
    assert scheme_of("roc_auc", (np.arange(n) < 10) * 1, scores) is None
    assert scheme_of("roc_auc", rare, scores, stratify=None) is None
    assert scheme_of("roc_auc", rare, scores, groups=rare) is None
    three = np.minimum(np.arange(n), 2)
    assert scheme_of("f1_macro", three, three) is not None
    assert scheme_of("roc_auc_ovr", three, np.eye(3)[three] / 2) is not None


@pytest.mark.parametrize(
    "metric",
    ["r2", "neg_mean_absolute_error", "neg_max_error", metrics.mean_tweedie_deviance],
)
def test_whole_numbers_of_a_regression_are_not_classes(metric):
    counts = np.random.default_rng(0).poisson(8, size=n)
    assert scheme_of(metric, counts, counts + 1) is None


def test_numbers_between_those_of_the_target_show_a_regression():
    counts = np.random.default_rng(0).poisson(8, size=n)
    assert scheme_of(lambda a, b: 0.0, counts, counts + 0.5) is None


def test_no_resample_lacks_a_rare_class():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = metric_interval(rare, scores, "roc_auc", n_resamples=500, rng=0)
    assert result.n_failed == 0
    recalls = metric_interval(rare, labels, "recall", n_resamples=500, rng=0)
    assert_allclose(recalls.distribution * 3, np.rint(recalls.distribution * 3))


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_resamples_without_a_class_are_counted_and_told_once(metric):
    with pytest.warns(UserWarning, match="no value in") as told:
        result = metric_interval(
            rare, scores, metric, stratify=None, n_resamples=999, rng=0
        )
    result.interval("percentile")
    assert len(told) == 1
    # Binomial(999, .0474): 20 and 80 are 4 standard deviations away.
    assert 20 < result.n_failed < 80
    assert result.n_failed == np.isnan(result.distribution).sum()


def test_resamples_without_a_class_are_counted_where_the_metric_raises():
    three = np.where(np.arange(n) < 2, 2, y)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), size=n)
    with pytest.warns(UserWarning, match="no value in"):
        result = metric_interval(
            three, probabilities, "roc_auc_ovo", stratify=None, **few
        )
    assert 0 < result.n_failed < 40


def test_weights_leave_no_class_out():
    result = metric_interval(rare, scores, "roc_auc", scheme=BayesianBootstrap(), **few)
    assert result.n_failed == 0


@pytest.mark.parametrize("metric", ["roc_auc", metrics.cohen_kappa_score])
def test_a_target_of_one_class_is_an_error_where_the_metric_has_no_value(metric):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="compares two classes, and y_true holds"):
            metric_interval(np.ones(n, dtype=int), np.ones(n, dtype=int), metric)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize(
    ("target", "prediction", "metric"),
    [(y, scores, "roc_auc"), (x, guess, "r2"), (y, labels * 1.0, "f1")],
)
def test_missing_predictions_are_an_error(target, prediction, metric):
    prediction = np.where(np.arange(n) == 3, np.nan, prediction)
    with pytest.raises(ValueError, match="contains NaN"):
        metric_interval(target, prediction, metric)


def test_rows_that_do_not_fit_together_are_an_error():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        metric_interval([0, 1, 1], [0, 1], "f1")
    with pytest.raises(ValueError, match=r"sample_weight\.shape"):
        metric_interval(y, labels, "f1", sample_weight=np.ones(3))


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_are_an_error(rows):
    with pytest.raises(ValueError, match="at least two rows"):
        metric_interval(y[:rows], labels[:rows], "accuracy")


def test_a_scheme_and_strata_together_are_an_error():
    with pytest.raises(ValueError, match="either scheme or stratify"):
        metric_interval(y, labels, "f1", scheme=Bootstrap(), stratify=y)


def test_schemes_that_generate_data_are_an_error():
    scheme = ParametricBootstrap(norm)
    with pytest.raises(ValueError, match="predictions are not to be generated"):
        metric_interval(x, guess, "r2", scheme=scheme)


def test_predictions_in_place_of_an_estimator_are_an_error():
    with pytest.raises(ValueError, match="needs an estimator with predict"):
        metric_interval(y, labels, "f1", X=scores[:, None])


def test_scorers_and_functions_may_stand_in_one_list():
    wanted = ["f1", metrics.accuracy_score, make_scorer(metrics.recall_score)]
    result = metric_interval(y, labels, wanted, **few)
    expected = [metrics.f1_score, metrics.accuracy_score, metrics.recall_score]
    assert_allclose(result.estimate, [metric(y, labels) for metric in expected])


def test_a_million_rows_need_no_rows_drawn():
    """Cells are counted once: a binomial share, its error known to a twentieth."""
    size = 10**6
    hits = np.arange(size) % 4 > 0
    result = metric_interval(
        np.ones(size, dtype=int), hits * 1, "accuracy", n_resamples=2000, rng=0
    )
    # Relative error of a standard deviation: 1 / sqrt(4000); .07 is 4.4 of them.
    assert result.standard_error == pytest.approx(np.sqrt(0.1875 / size), rel=0.07)


CUT = 0.75
HIT, FALSE = 0.4 * ndtr(1.5 - CUT), 0.6 * ndtr(-CUT)
TRUTHS = {
    "roc_auc": 0.76,
    "f1": 2 * HIT / (HIT + FALSE + 0.4),
    "r2": 0.5,
}


def drawn(metric, rng):
    """100 rows and predictions whose metric has the known value."""
    noise = rng.normal(size=100)
    if metric == "r2":
        p = rng.normal(size=100)
        return p + noise, p
    is_positive = rng.random(100) < (0.5 if metric == "roc_auc" else 0.4)
    if metric == "roc_auc":
        return is_positive * 1, is_positive * np.sqrt(2) * ndtri(0.76) + noise
    return is_positive * 1, (1.5 * is_positive + noise > CUT) * 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:An end of the")
@pytest.mark.parametrize("metric", TRUTHS)
def test_intervals_cover_the_truth(metric):
    """95 % nominal, 100 rows, 1000 data sets, the method by default.

    The band is 2 points and 3 Monte-Carlo errors of .7 points. An interval that covers
    95 % leaves it with probability 1e-8, one that covers 93 or 97 % once in 700 times.
    """
    rng, covered = np.random.default_rng(1), 0
    for i in range(1000):
        result = metric_interval(*drawn(metric, rng), metric, n_resamples=999, rng=i)
        low, high = result.confidence_interval
        covered += low <= TRUTHS[metric] <= high
    assert abs(covered / 1000 - 0.95) < 0.02 + 3 * np.sqrt(0.95 * 0.05 / 1000)
