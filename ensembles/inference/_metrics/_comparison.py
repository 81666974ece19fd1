"""Differences between the scores of several models on the same test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal, final

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.utils import check_consistent_length

from ensembles._compat import parts_of_scorer
from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState, Table
from ensembles._validation import check_choice, require
from ensembles.inference._metrics._correction import holm, rank_ends, step_down
from ensembles.inference._metrics._delong import (
    delong,
    normal_ends,
    normal_pvalues,
)
from ensembles.inference._metrics._interval import evaluation_of_measures, scheme_for
from ensembles.inference._metrics._measures import Measure, measures_of
from ensembles.inference._result import BootstrapResult
from ensembles.inference._settings import Settings
from ensembles.resampling._base import BaseScheme

__all__ = ["ScoreComparison", "compare_scores"]

_CORRECTIONS = ("holm", "step-down", "none")
# scikit-learn's convention for functions of which less is better.
_NAMES_OF_LOSSES = ("_error", "_loss", "_deviance")


@final
@dataclass(frozen=True, eq=False)
class ScoreComparison:
    """Differences between the scores of models, with intervals and p-values.

    `compare_scores` returns it. Differences are those of the first model of a pair
    less the second.

    Attributes
    ----------
    models : list of str
        Names of the k models.
    scores : ndarray of shape (k,)
        Score of each model, with the sign that makes more of it better.
    pairs : list of tuple of str
        The models of each comparison.
    differences : ndarray of shape (n_pairs,)
        Difference of the scores of each pair.
    low, high : ndarray of shape (n_pairs,)
        Ends of the intervals of the differences, each for itself.
    pvalues : ndarray of shape (n_pairs,)
        P-value of no difference, each for itself.
    adjusted_pvalues : ndarray of shape (n_pairs,)
        P-values that hold for all comparisons together.
    best_rank, worst_rank : ndarray of shape (k,)
        Ranks that each model may have, 1 the best, at the confidence level for all
        models together. Of the comparisons made: all pairs, unless with a reference.
    result : BootstrapResult or None
        The bootstrap of the differences; None for DeLong's test.

    See Also
    --------
    compare_scores : Makes it.

    References
    ----------
    .. [1] M. Mogstad, J. P. Romano, A. M. Shaikh, D. Wilhelm, "Inference for ranks with
       applications to mobility across neighbourhoods and academic achievement across
       countries", The Review of Economic Studies 91(1), 476-518, 2024: ranks.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.inference import compare_scores
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(2, size=200)
    >>> models = {"good": y + rng.normal(size=200), "bad": rng.normal(size=200)}
    >>> result = compare_scores(y, models, "roc_auc", rng=0)
    >>> result.best_rank, result.worst_rank
    (array([1, 2]), array([1, 2]))
    """

    models: list[str]
    scores: FloatArray
    pairs: list[tuple[str, str]]
    differences: FloatArray
    low: FloatArray
    high: FloatArray
    pvalues: FloatArray
    adjusted_pvalues: FloatArray
    best_rank: IntArray
    worst_rank: IntArray
    result: BootstrapResult | None

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair of models.

        Returns
        -------
        DataFrame
            Columns ``difference``, ``low``, ``high``, ``pvalue`` and
            ``adjusted_pvalue``, indexed by the models of the pair.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pd = require("pandas", "dataframe", "to_frame")
        columns = {
            "difference": self.differences,
            "low": self.low,
            "high": self.high,
            "pvalue": self.pvalues,
            "adjusted_pvalue": self.adjusted_pvalues,
        }
        index = pd.MultiIndex.from_tuples(self.pairs, names=["model", "other"])
        return pd.DataFrame(columns, index=index)


def compare_scores(
    y_true: Table,
    predictions: Mapping[str, Any] | Sequence[Any],
    metric: Any,
    *,
    X: Table | None = None,
    reference: str | int | None = None,
    test: Literal["bootstrap", "delong"] = "bootstrap",
    correction: Literal["holm", "step-down", "none"] = "holm",
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    stratify: Literal["auto"] | ArrayLike | None = "auto",
    scheme: BaseScheme | None = None,
    n_resamples: int = 9999,
    confidence_level: float = 0.95,
    method: str | None = None,
    alternative: str = "two-sided",
    n_inner: int = 200,
    n_jobs: int | None = None,
    rng: RandomState = None,
    verbose: int = 0,
) -> ScoreComparison:
    """Compare the scores of models on the same test rows, pair by pair.

    Use it before one model is called better than another: scores on the same rows
    stray together, so a difference is known far better than two intervals that overlap
    suggest. It compares these fitted models; whether one learning algorithm beats
    another, `compare_models` says.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Target of the test rows.
    predictions : dict or list
        Predictions of each model, by name or numbered from 0; or fitted estimators,
        which predict from `X`.
    metric : str or callable
        As in `metric_interval`, a single one. Of a function named ``*_error``,
        ``*_loss`` or ``*_deviance`` less is better, so it gets a negative sign; wrap
        any other such function by ``make_scorer(..., greater_is_better=False)``.
    X : array-like of shape (n_samples, ...) or None, default=None
        Test rows, for estimators to predict.
    reference : str, int or None, default=None
        Name or number of the model that all others are compared with; None compares
        all pairs.
    test : {"bootstrap", "delong"}, default="bootstrap"
        "delong" is DeLong's test of areas under ROC curves, which draws nothing.
    correction : {"holm", "step-down", "none"}, default="holm"
        How p-values are adjusted to the number of comparisons. "step-down" uses the
        dependence between them, and so finds more; it needs the bootstrap.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of the rows in the metric.
    groups : array-like of shape (n_samples,) or None, default=None
        Group of each row. Whole groups are drawn.
    stratify : "auto" or array-like of shape (n_samples,) or None, default="auto"
        As in `metric_interval`.
    scheme : scheme or None, default=None
        Which rows, how often; None draws rows, or groups where there are some.
    n_resamples : int, default=9999
        Number of resamples, the same for all models.
    confidence_level : float, default=0.95
        Wanted coverage of each interval, and level of the ranks together.
    method : str or None, default=None
        Method of the intervals and p-values, see `bootstrap`; None is "bca".
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        What is claimed of the first model of a pair: another, a lower or a higher
        score.
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
    ScoreComparison
        Scores, differences, intervals, p-values and ranks.

    Raises
    ------
    ValueError
        If there are fewer than two models, rows do not fit together, or a parameter
        does not apply to the metric or the test.

    See Also
    --------
    metric_interval : The interval of one model's score.
    ModelConfidenceSet : The models that may be the best, from losses.

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under
       two or more correlated receiver operating characteristic curves", Biometrics
       44(3), 837-845, 1988.
    .. [2] S. Holm, "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6(2), 65-70, 1979.
    .. [3] J. P. Romano, M. Wolf, "Exact and approximate stepdown methods for multiple
       hypothesis testing", Journal of the American Statistical Association 100(469),
       94-108, 2005.

    Examples
    --------
    Two models that err on the same rows. Their own intervals overlap, and yet one is
    better:

    >>> import numpy as np
    >>> from ensembles.inference import compare_scores, metric_interval
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(2, size=300)
    >>> score = y + rng.normal(size=300)
    >>> models = {"new": score, "old": score + rng.normal(size=300)}
    >>> for name, prediction in models.items():
    ...     low, high = metric_interval(y, prediction, "roc_auc", rng=0).interval()
    ...     print(f"{name} [{low:.2f}, {high:.2f}]")
    new [0.76, 0.86]
    old [0.71, 0.82]
    >>> result = compare_scores(y, models, "roc_auc", rng=0)
    >>> print(f"[{result.low[0]:.2f}, {result.high[0]:.2f}]")
    [0.01, 0.09]
    """
    check_choice("compare_scores", "test", test, ("bootstrap", "delong"))
    check_choice("compare_scores", "correction", correction, _CORRECTIONS)
    settings = Settings(
        "compare_scores",
        n_resamples,
        confidence_level,
        method,
        alternative,
        0.01,
        n_inner,
        n_jobs,
        rng,
        verbose,
    )
    measure, named = _single(metric), _named(predictions)
    values = [measure.response_of(one, X) for one in named.values()]
    check_consistent_length(y_true, *values)
    models = list(named)
    matrix = _pairs(models, None if reference is None else str(reference))
    pairs = [_models_of(row, models) for row in matrix]
    if test == "delong":
        if not (sample_weight is None and groups is None and scheme is None):
            raise ValueError(
                "DeLong's test knows neither sample_weight nor groups nor a scheme. "
                "Leave them out, or set test='bootstrap'."
            )
        scores, found = _by_delong(y_true, values, measure, matrix, settings)
        result = None
    else:
        measures = [measure] * len(models)
        drawing = scheme_for(measures, y_true, values, stratify, scheme, groups)
        evaluation = evaluation_of_measures(
            measures, y_true, values, models, drawing, groups, sample_weight
        )
        scores = evaluation.estimate
        names = [" - ".join(pair) for pair in pairs]
        result = settings.run(evaluation.combined(matrix, names))
        found = (*result.interval(), result.pvalue(0.0))
    low, high, pvalues = map(np.atleast_1d, found)
    differences = matrix @ scores
    adjusted = _adjusted(correction, differences, pvalues, result, alternative)
    significant = adjusted <= 1 - confidence_level
    return ScoreComparison(
        models,
        scores,
        pairs,
        differences,
        low,
        high,
        pvalues,
        adjusted,
        *rank_ends(*_better_and_worse(matrix, differences, significant)),
        result,
    )


def _single(metric: Any) -> Measure:
    """The one measure that models are compared by."""
    measures = measures_of(metric)
    if len(measures) > 1:
        raise ValueError(
            f"compare_scores compares by one metric, got {len(measures)}. Call it once "
            "for each."
        )
    measure = measures[0]
    if isinstance(metric, str) or parts_of_scorer(metric) is not None:
        return measure
    is_loss = getattr(measure.function, "__name__", "").endswith(_NAMES_OF_LOSSES)
    return replace(measure, sign=-1) if is_loss else measure


def _named(predictions: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    """Predictions by the names of their models."""
    if hasattr(predictions, "shape"):
        raise TypeError(
            "predictions must be a dict or a list with those of each model, got "
            f"{type(predictions).__name__}. Take dict(frame), or list(array.T)."
        )
    if isinstance(predictions, Mapping):
        named = {str(name): values for name, values in predictions.items()}
    else:
        named = {str(number): values for number, values in enumerate(predictions)}
    if len(named) < len(predictions):
        raise ValueError(f"Names of models must differ as text, got {[*predictions]}.")
    if len(named) < 2:
        raise ValueError(
            "compare_scores needs predictions of at least two models, got "
            f"{len(named)}."
        )
    return named


def _pairs(models: Sequence[str], reference: str | None) -> FloatArray:
    """Rows of plus and minus one, a row for each comparison."""
    k = len(models)
    if reference is not None and reference not in models:
        raise ValueError(
            f"reference must be one of the models {', '.join(models)}, got "
            f"{reference!r}."
        )
    numbers = [
        (i, j)
        for i, j in combinations(range(k), 2)
        if reference is None or reference in (models[i], models[j])
    ]
    matrix = np.zeros((len(numbers), k))
    for row, (i, j) in zip(matrix, numbers, strict=True):
        first, second = (j, i) if models[i] == reference else (i, j)
        row[first], row[second] = 1.0, -1.0
    return matrix


def _models_of(row: FloatArray, models: Sequence[str]) -> tuple[str, str]:
    return models[int(np.argmax(row))], models[int(np.argmin(row))]


def _by_delong(
    y_true: Table,
    scores: Sequence[Any],
    measure: Measure,
    matrix: FloatArray,
    settings: Settings,
) -> tuple[FloatArray, tuple[FloatArray, FloatArray, FloatArray]]:
    """Areas, and ends and p-values of their differences."""
    y = np.asarray(y_true)
    classes = np.unique(y)
    is_area = measure.function is roc_auc_score and measure.sign == 1
    if not is_area or measure.params.keys() - {"average"} or len(classes) != 2:
        raise ValueError(
            "test='delong' is for metric='roc_auc', whole areas and two classes, got "
            f"{measure.name!r} with {dict(measure.params)} and {len(classes)}. Set "
            "test='bootstrap'."
        )
    for one in scores:  # raises the metric's own errors
        measure(y, one)
    areas, covariance = delong(
        y == classes[1], [np.asarray(one, dtype=np.float64) for one in scores]
    )
    differences = matrix @ areas
    variances = np.einsum("ij,jk,ik->i", matrix, covariance, matrix)
    errors = np.sqrt(np.maximum(variances, 0.0))
    alternative = settings.alternative
    ends = normal_ends(differences, errors, settings.confidence_level, alternative)
    return areas, (*ends, normal_pvalues(differences, errors, alternative))


def _adjusted(
    correction: str,
    differences: FloatArray,
    pvalues: FloatArray,
    result: BootstrapResult | None,
    alternative: str,
) -> FloatArray:
    """P-values for all comparisons together."""
    if correction == "none":
        return pvalues
    if correction == "holm":
        return holm(pvalues)
    if result is None:
        raise ValueError(
            "correction='step-down' takes the dependence between comparisons from "
            "replicates. Set test='bootstrap' or correction='holm'."
        )
    deviations = [
        one.replicates - (one.estimate if one.centre is None else one.centre)
        for one in result._replicates.plain
    ]
    return step_down(differences, np.stack(deviations, axis=1), alternative)


def _better_and_worse(
    matrix: FloatArray, differences: FloatArray, significant: Any
) -> tuple[IntArray, IntArray]:
    """Number of models found better, and worse, than each."""
    towards = matrix * (np.sign(differences) * significant)[:, None]
    return (towards < 0).sum(axis=0), (towards > 0).sum(axis=0)
