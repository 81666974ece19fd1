"""The interval of any metric of given predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from sklearn.utils import check_consistent_length

from ensembles._typing import ArrayLike, Estimator, FloatArray, RandomState, Table
from ensembles._validation import check_sample_weight, n_rows_of
from ensembles.inference._metrics._measures import (
    Measure,
    measures_of,
    statistic_of,
)
from ensembles.inference._result import BootstrapResult
from ensembles.inference._settings import Settings
from ensembles.inference._statistics._callables import PlainFunction
from ensembles.inference._statistics._evaluation import (
    Evaluation,
    FunctionOfSamples,
    StatisticOfWeights,
)
from ensembles.inference._statistics._sources import AlignedRows, source_of
from ensembles.resampling import Bootstrap, GroupBootstrap
from ensembles.resampling._base import BaseScheme
from ensembles.resampling._generators import BaseGenerator

__all__ = ["evaluation_of_measures", "metric_interval", "scheme_for"]

# A resample lacks a class of ten rows once in 22,000 times.
_RARE = 10


def metric_interval(
    y_true: Table,
    y_pred: Table | Estimator,
    metric: Any,
    *,
    X: Table | None = None,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    stratify: Literal["auto"] | ArrayLike | None = "auto",
    scheme: BaseScheme | None = None,
    n_resamples: int | Literal["auto"] = 9999,
    confidence_level: float = 0.95,
    method: str | None = None,
    alternative: str = "two-sided",
    tol: float = 0.01,
    n_inner: int = 200,
    n_jobs: int | None = None,
    rng: RandomState = None,
    verbose: int = 0,
) -> BootstrapResult:
    """Return the error bars of any metric of a model's predictions on test data.

    Use it on every score that is reported: predictions are resampled, nothing is
    refitted, so it costs milliseconds. The interval says how far the score strays with
    the test rows; how far it strays with the training rows, `bootstrap_score` says.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Target of the test rows.
    y_pred : array-like of shape (n_samples, ...) or fitted estimator
        Predictions, of the kind that the metric compares with the target: labels,
        scores, probabilities, values. A fitted estimator predicts them from `X`.
    metric : str, callable, list or dict
        A scoring name of scikit-learn's ("roc_auc", "f1", "neg_mean_squared_error"), a
        metric function, a ``functools.partial`` of one or a scorer around one. A list,
        or a dict by name, gives intervals of all from the same resamples. As scorers
        do, names give errors and losses a negative sign; functions give them as they
        are.
    X : array-like of shape (n_samples, ...) or None, default=None
        Test rows, for an estimator to predict.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of the rows in the metric.
    groups : array-like of shape (n_samples,) or None, default=None
        Group of each row: patients, users, sessions. Whole groups are drawn.
    stratify : "auto" or array-like of shape (n_samples,) or None, default="auto"
        Draw within each value of the array. "auto" stratifies by class where a class
        has fewer than ten rows, so that no resample lacks it. It takes whole numbers
        for classes unless the metric is one of regression, or `y_pred` has fractions
        for more than two of them.
    scheme : scheme or None, default=None
        Which rows, how often; None draws rows, or groups where there are some. Not
        to be given together with `stratify`.
    n_resamples : int or "auto", default=9999
        Number of resamples; "auto" as in `bootstrap`.
    confidence_level : float, default=0.95
        Wanted coverage of the interval, in (0, 1).
    method : str or None, default=None
        Method of the interval, see `bootstrap`; None is "bca".
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        "less" gives an interval with an upper end only, "greater" one with a lower.
    tol : float, default=0.01
        Largest Monte-Carlo error of an end, as a share of the interval's length;
        for ``n_resamples="auto"``.
    n_inner : int, default=200
        Resamples of each resample, for "calibrated" and "studentized".
    n_jobs : int or None, default=None
        Number of workers. The numbers do not depend on it.
    rng : int, RandomState, Generator or None, default=None
        An int gives the same result in every call.
    verbose : int, default=0
        joblib's progress messages.

    Returns
    -------
    BootstrapResult
        Of one number for one metric, of shape (n_metrics,) for several.

    Raises
    ------
    ValueError
        If rows do not fit together, the metric cannot be computed, or a parameter is
        outside what is allowed.

    Warns
    -----
    UserWarning
        If the metric has no value in some of the resamples, for lack of a class.

    See Also
    --------
    compare_scores : Differences between models.
    bootstrap : Any other statistic.

    Notes
    -----
    Metrics of labels cost hardly more for a million rows than for a thousand: resamples
    of the confusion matrix are drawn instead of rows. The area under the ROC curve and
    average precision are computed from rows sorted once, means of losses from sums.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman &
       Hall, 1993.

    Examples
    --------
    Two scores of one classifier on 171 test rows:

    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import train_test_split
    >>> from ensembles.inference import metric_interval
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> result = metric_interval(y_test, forest, ["f1", "roc_auc"], X=X_test, rng=0)
    >>> print(result.to_frame()[["estimate", "low", "high"]].round(2))
             estimate   low  high
    f1           0.97  0.94  0.99
    roc_auc      1.00  0.99  1.00
    """
    settings = Settings(
        "metric_interval",
        n_resamples,
        confidence_level,
        method,
        alternative,
        tol,
        n_inner,
        n_jobs,
        rng,
        verbose,
    )
    measures = measures_of(metric)
    predictions = [measure.response_of(y_pred, X) for measure in measures]
    check_consistent_length(y_true, *predictions)
    scheme = scheme_for(measures, y_true, predictions, stratify, scheme, groups)
    names = [measure.name for measure in measures]
    evaluation = evaluation_of_measures(
        measures, y_true, predictions, names, scheme, groups, sample_weight
    )
    return settings.run(evaluation)


def scheme_for(
    measures: Sequence[Measure],
    y_true: Table,
    predictions: Sequence[Table],
    stratify: Any,
    scheme: BaseScheme | None,
    groups: ArrayLike | None,
) -> BaseScheme | None:
    """The scheme given, or one that keeps rare classes; None for the usual one."""
    automatic = isinstance(stratify, str) and stratify == "auto"
    if scheme is not None:
        if not (automatic or stratify is None):
            raise ValueError(
                "Give either scheme or stratify: a scheme has its own, as "
                "Bootstrap(stratify=...)."
            )
        return scheme
    drawing = Bootstrap if groups is None else GroupBootstrap
    if stratify is None:
        return None
    if not automatic:
        return drawing(stratify=stratify)
    pairs = zip(measures, predictions, strict=True)
    if groups is not None or not any(one.is_of_classes(y_true, p) for one, p in pairs):
        return None
    labels, counts = np.unique(np.asarray(y_true), return_counts=True)
    if len(labels) < 2 or counts.min() >= _RARE:
        return None
    return Bootstrap(stratify=np.asarray(y_true))


def evaluation_of_measures(
    measures: Sequence[Measure],
    y_true: Table,
    predictions: Sequence[Table],
    names: Sequence[str],
    scheme: BaseScheme | None,
    groups: ArrayLike | None,
    sample_weight: ArrayLike | None,
) -> Evaluation:
    """Measures of predictions of the same rows, each of its own one."""
    weights = check_sample_weight(sample_weight, n_rows_of(y_true))
    arrays = (y_true, *predictions)
    if isinstance(scheme, BaseGenerator):
        raise ValueError(
            f"{type(scheme).__name__} generates data, and predictions are not to be "
            "generated. Take a scheme that draws rows."
        )
    source = source_of(arrays, scheme, True, groups, y_true)
    assert isinstance(source, AlignedRows)
    statistic = statistic_of(measures, y_true, predictions, weights, names)
    if statistic is not None:
        _check_classes(measures, y_true, predictions, statistic.estimate())
        return StatisticOfWeights(statistic, source)
    unweighted = [one.name for one in measures if not one.takes_weights]
    if weights is not None:
        raise ValueError(
            f"The metric {unweighted[0]!r} takes no sample_weight. Leave the weights "
            "out, or give a metric that does."
        )
    for measure, y_pred in zip(measures, predictions, strict=True):
        measure.check_is_number(measure(y_true, y_pred))
    function = PlainFunction(_Values(measures), arrays)
    function.names = list(names)
    return FunctionOfSamples(function, source)


def _check_classes(
    measures: Sequence[Measure],
    y_true: Table,
    predictions: Sequence[Table],
    values: FloatArray,
) -> None:
    """Raise where metrics have no value because there is one class only."""
    classes = np.unique(np.asarray(y_true))
    for measure, y_pred, value in zip(measures, predictions, values, strict=True):
        is_alone = len(classes) < 2 and not np.isfinite(value)
        if is_alone and measure.is_of_classes(y_true, y_pred):
            raise ValueError(
                f"The metric {measure.name!r} compares two classes, and y_true holds "
                f"one only, {classes[0]}. Give test rows of both."
            )


@final
@dataclass(frozen=True)
class _Values:
    """Values of several measures, each of its own prediction."""

    measures: Sequence[Measure]

    def __call__(self, y_true: Table, *predictions: Table) -> FloatArray:
        """One number for one measure, an array for several; nan for none.

        All have values for the data, so one that raises for a resample lacks a class.
        """
        values = []
        for measure, y_pred in zip(self.measures, predictions, strict=True):
            try:
                values.append(measure(y_true, y_pred))
            except ValueError:
                values.append(np.nan)
        return np.asarray(values if len(values) > 1 else values[0], dtype=np.float64)
