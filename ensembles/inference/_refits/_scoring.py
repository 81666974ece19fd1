"""What a user's `scoring` measures: a loss of rows where it is known to be one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.base import ClassifierMixin, RegressorMixin, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import check_scoring, get_scorer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.multiclass import type_of_target

from ensembles._compat import parts_of_scorer
from ensembles._typing import Estimator, FloatArray
from ensembles._validation import invalid_parameter
from ensembles.inference._refits._class_losses import (
    BalancedLoss,
    BrierLoss,
    ClassLoss,
    LogLoss,
    ZeroOneLoss,
)
from ensembles.inference._refits._measures import LossMeasure, Measure, ScoreMeasure
from ensembles.inference._refits._refit import Sample
from ensembles.inference._refits._row_loss import FunctionLoss, RowLoss
from ensembles.inference._refits._value_losses import (
    AbsoluteError,
    Deviance,
    Formula,
    PercentageError,
    SquaredError,
    SquaredLogError,
    UnexplainedVariance,
    ValueLoss,
)
from ensembles.inference._refits._variation import (
    MAX_LABELS,
    FoldVariation,
    NoVariation,
    RowVariation,
    Variation,
    slopes_of_auc,
    slopes_of_cells,
)

__all__ = ["check_scorer", "classes_of", "resolve_measure"]


@dataclass(frozen=True, slots=True)
class _OfLabels:
    """A metric ``intercept + slope * mean loss`` of classes or their probabilities."""

    loss: type[ClassLoss]
    response: str = "predict"
    intercept: float = 0.0
    slope: float = 1.0


@dataclass(frozen=True, slots=True)
class _OfValues:
    """A metric ``intercept + slope * mean loss`` of values."""

    formula: Callable[..., Formula]
    arguments: tuple[str, ...] = ()
    """Arguments of the metric, which make the formula."""
    intercept: float = 0.0
    slope: float = 1.0

    response = "predict"


def _pinball(alpha: float = 0.5) -> Formula:
    """A prediction below the target costs alpha, one above it 1 - alpha."""
    return AbsoluteError(alpha, 1 - alpha)


def _tweedie(power: float = 0) -> Formula:
    """Deviance; that of power 0 is the squared error."""
    return SquaredError() if power == 0 else Deviance(power)


_R2 = _OfValues(UnexplainedVariance, intercept=1, slope=-1)
_KNOWN: dict[Callable[..., Any], _OfLabels | _OfValues] = {
    metrics.accuracy_score: _OfLabels(ZeroOneLoss, intercept=1, slope=-1),
    metrics.zero_one_loss: _OfLabels(ZeroOneLoss),
    metrics.balanced_accuracy_score: _OfLabels(BalancedLoss, intercept=1, slope=-1),
    metrics.log_loss: _OfLabels(LogLoss, "predict_proba"),
    metrics.brier_score_loss: _OfLabels(BrierLoss, "predict_proba"),
    metrics.mean_squared_error: _OfValues(SquaredError),
    metrics.mean_absolute_error: _OfValues(AbsoluteError),
    metrics.mean_squared_log_error: _OfValues(SquaredLogError),
    metrics.mean_absolute_percentage_error: _OfValues(PercentageError),
    metrics.mean_pinball_loss: _OfValues(_pinball, ("alpha",)),
    metrics.mean_poisson_deviance: _OfValues(partial(Deviance, 1)),
    metrics.mean_gamma_deviance: _OfValues(partial(Deviance, 2)),
    metrics.mean_tweedie_deviance: _OfValues(_tweedie, ("power",)),
    metrics.r2_score: _R2,
}


# What `score` is where a class has not its own idea of it.
_ACCURACIES = (ClassifierMixin.score, KNeighborsClassifier.score, DummyClassifier.score)
_R2S = (RegressorMixin.score, DummyRegressor.score)


def check_scorer(owner: str, estimator: Estimator, scoring: Any) -> Any:
    """Scorer of one score, as scikit-learn reads `scoring`.

    Raises
    ------
    InvalidParameterError
        If several scores are asked for.
    ValueError, TypeError
        scikit-learn's, for what is no scoring or no estimator.
    """
    if isinstance(scoring, list | tuple | set | dict):
        raise invalid_parameter(
            owner, "scoring", scoring, "one score: a name, a scorer or None"
        )
    if _is_loss(scoring):
        raise invalid_parameter(
            owner,
            "scoring",
            scoring,
            "a scorer, scorer(estimator, X, y), of which greater is better",
            "Wrap a loss: sklearn.metrics.make_scorer(loss, greater_is_better=False).",
        )
    return check_scoring(estimator, scoring=scoring)


def resolve_measure(
    owner: str, estimator: Estimator, scoring: Any, sample: Sample
) -> Measure:
    """Say how `scoring` is measured.

    Parameters
    ----------
    owner : str
        The function called.
    estimator : estimator
        What is scored.
    scoring : str, callable or None
        The user's.
    sample : Sample
        The data.

    Returns
    -------
    Measure
        A `LossMeasure` where the score is known to be a mean over rows.
    """
    if _is_loss(scoring):
        y = np.asarray(sample.y)
        return LossMeasure(FunctionLoss(_weights(sample), scoring, y), 0.0, 1.0)
    scorer = check_scorer(owner, estimator, scoring)
    if scoring is None:
        scorer = _inherited_scorer(estimator) or scorer
    parts = parts_of_scorer(scorer)
    if parts is not None:
        metric, sign, arguments, response = parts
        known = _KNOWN.get(metric)
        if known is not None and known.response == response:
            loss = _loss(known, arguments, sample)
            if loss is not None:
                return LossMeasure(loss, sign * known.intercept, sign * known.slope)
    function = scorer if parts is None else parts[0]
    if scoring is None and parts is None:
        function = estimator.score
    takes_weights = "sample_weight" in _parameters(function)
    if sample.weights is not None and not takes_weights:
        raise ValueError(
            f"sample_weight was given to {owner}, and {scorer!r} takes none. Leave it "
            "out, or choose another scoring."
        )
    y = np.asarray(sample.y)
    classes = classes_of(y) if is_classifier(estimator) else None
    return ScoreMeasure(
        scorer=scorer,
        y=y if classes is None else y.ravel(),
        classes=classes,
        weights=sample.weights,
        replays=parts is not None,
        takes_weights=takes_weights,
        response=None if parts is None else parts[3],
        variation=_variation(parts, takes_weights, classes, _weights(sample)),
    )


def _variation(
    parts: Any,
    takes_weights: bool,
    classes: NDArray[Any] | None,
    weights: FloatArray,
) -> Variation:
    """The finest way to move the weights of a scorer."""
    if parts is None or not takes_weights:
        return NoVariation()
    metric, _, arguments, response = parts
    if metric is metrics.median_absolute_error:
        # It leaps from row to row, and what few replicates leave of that would count
        # as variance: the error came out 1.6 times too large.
        return NoVariation()
    if classes is not None:
        if metric is metrics.roc_auc_score and len(classes) == 2 and not arguments:
            return RowVariation(slopes_of_auc, weights)
        if len(classes) <= (MAX_LABELS if response == "predict" else 2):
            return RowVariation(slopes_of_cells, weights)
    return FoldVariation()


def _is_loss(scoring: Any) -> bool:
    """Whether it takes targets first, where a scorer takes the estimator."""
    if not callable(scoring) or parts_of_scorer(scoring) is not None:
        return False
    names = _parameters(scoring)
    return bool(names) and names[0].startswith("y")


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Names of its parameters; none of a builtin that does not say."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _weights(sample: Sample) -> FloatArray:
    """Weights of the rows; ones where there are none."""
    return np.ones(sample.n_samples) if sample.weights is None else sample.weights


def _inherited_scorer(estimator: Estimator) -> Any | None:
    """Scorer that an estimator's own `score` amounts to; None where it has its own."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    method = getattr(type(estimator), "score", None)
    if method in _ACCURACIES:
        return get_scorer("accuracy")
    return get_scorer("r2") if method in _R2S else None


def _loss(
    known: _OfLabels | _OfValues, arguments: dict[str, Any], sample: Sample
) -> RowLoss | None:
    """The loss of rows; None where targets or arguments are not those it knows."""
    weights = _weights(sample)
    if isinstance(known, _OfLabels):
        classes = classes_of(sample.y)
        if arguments or classes is None:
            return None
        y = np.asarray(sample.y).ravel()
        return known.loss(weights, classes, np.searchsorted(classes, y))
    y = np.asarray(sample.y)
    if not set(arguments) <= set(known.arguments) or y.dtype.kind not in "biuf":
        return None
    values = y.reshape(len(y), -1).astype(np.float64)
    if known is not _R2:
        formula = known.formula(**arguments)
        return ValueLoss(weights, values, (formula,) * values.shape[1])
    variance = np.cov(values.T, ddof=0, aweights=weights)
    if variance.ndim > 0 or variance == 0:
        return None  # no loss of rows in several outputs, no score of a constant
    return ValueLoss(weights, values, (UnexplainedVariance(float(variance)),))


def classes_of(y: Any) -> NDArray[Any] | None:
    """Classes of a target of one column; None where it is no such target."""
    if type_of_target(y) not in {"binary", "multiclass"}:
        return None
    return np.unique(np.asarray(y).ravel())
