"""From what users call a metric to a statistic of weighted rows.

A metric of scikit-learn's, or a scorer around one, becomes a statistic that needs no
call of it; that it gives the metric's own value for the data is checked each time.
Another metric is called with weights, or with resampled rows if it takes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, final

import numpy as np
from sklearn import metrics
from sklearn.metrics import get_scorer

from ensembles._compat import parts_of_scorer
from ensembles._typing import Estimator, FloatArray, Table
from ensembles._validation import invalid_parameter
from ensembles.inference._metrics._confusion import FORMULAS, ConfusionMetric
from ensembles.inference._metrics._ranking import AveragePrecision, RocArea
from ensembles.inference._metrics._row_means import (
    LOSSES,
    SHARES,
    MeanLoss,
    ShareOfVariance,
)
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.inference._statistics._callables import WeightedFunction, has_parameter
from ensembles.inference._statistics._combined import OfDistinctRows, joined, linear

__all__ = ["Measure", "Metric", "measures_of", "statistic_of"]

Metric: TypeAlias = str | Callable[..., float]

_RANKINGS = {
    metrics.roc_auc_score: RocArea,
    metrics.average_precision_score: AveragePrecision,
}


@final
@dataclass(frozen=True)
class Measure:
    """A metric, its parameters, and the sign that makes more of it better."""

    name: str
    function: Callable[..., Any]
    sign: int = 1
    params: Mapping[str, Any] = field(default_factory=dict)
    responses: tuple[str, ...] = ("predict",)
    """Methods of an estimator that give what the metric compares with the target."""

    def __call__(self, y_true: Table, y_pred: Table, **weights: Any) -> Any:
        """The value for these rows."""
        return self.sign * self.function(y_true, y_pred, **self.params, **weights)

    @property
    def takes_weights(self) -> bool:
        """Whether rows may have weights."""
        return has_parameter(self.function, "sample_weight")

    def response_of(self, estimator: Estimator, X: Table) -> Any:
        """What the fitted estimator predicts for the metric to judge."""
        for name in self.responses:
            if hasattr(estimator, name):
                response = getattr(estimator, name)(X)
                two_classes = name == "predict_proba" and response.shape[1] == 2
                return response[:, 1] if two_classes else response
        raise ValueError(
            f"The metric {self.name!r} needs an estimator with "
            f"{' or '.join(self.responses)}, {type(estimator).__name__} has none."
        )


def measures_of(metric: Any) -> list[Measure]:
    """One measure for each metric named, given, or in a list or dict of them."""
    if isinstance(metric, Mapping):
        return [_measure(one, str(name)) for name, one in metric.items()]
    if isinstance(metric, Sequence) and not isinstance(metric, str):
        if not metric:
            raise invalid_parameter(
                "metric_interval", "metric", metric, "a metric or a list of some"
            )
        return [_measure(one) for one in metric]
    return [_measure(metric)]


def _measure(metric: Any, name: str | None = None) -> Measure:
    """The measure that a name, a scorer or a function stands for."""
    if isinstance(metric, str):
        name, metric = name or metric, get_scorer(metric)
    if not callable(metric):
        allowed = (
            "a scoring name of scikit-learn's, a metric or scorer, or some of them"
        )
        raise invalid_parameter("metric_interval", "metric", metric, allowed)
    parts = parts_of_scorer(metric)
    if parts is not None:
        function, sign, params, response = parts
        responses = (response,) if isinstance(response, str) else tuple(response)
        return Measure(name or _name_of(function), function, sign, params, responses)
    if isinstance(metric, partial) and not metric.args:
        return Measure(
            name or _name_of(metric.func), metric.func, params=metric.keywords
        )
    return Measure(name or _name_of(metric), metric)


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


@final
@dataclass(frozen=True)
class _WeightedMetric:
    """A measure whose weights are multiplied by those of the rows themselves."""

    measure: Measure

    def __call__(
        self, y_true: Table, y_pred: Table, own: FloatArray, sample_weight: Any = 1.0
    ) -> Any:
        """The value for these rows."""
        return self.measure(y_true, y_pred, sample_weight=own * sample_weight)


def statistic_of(
    measures: Sequence[Measure],
    y_true: Table,
    predictions: Sequence[Table],
    sample_weight: FloatArray | None,
    names: Sequence[str],
) -> BoundStatistic | None:
    """All measures, each of its own prediction, as one statistic of weighted rows.

    None where one of them takes no weights.
    """
    pairs = list(zip(measures, predictions, names, strict=True))
    if sample_weight is None and all(_is_of_labels(one) for one in measures):
        distinct = _of_distinct_rows(pairs, y_true)
        if distinct is not None:
            return distinct
    parts = []
    for measure, y_pred, name in pairs:
        part = _fast(measure, y_true, y_pred, sample_weight, name)
        if part is None:
            if not measure.takes_weights:
                return None
            part = _called(measure, y_true, y_pred, sample_weight, name)
        parts.append(part)
    return joined(parts)


def _is_of_labels(measure: Measure) -> bool:
    return measure.function in FORMULAS


def _called(
    measure: Measure,
    y_true: Table,
    y_pred: Table,
    sample_weight: FloatArray | None,
    name: str,
) -> BoundStatistic:
    """The measure called with weights."""
    if sample_weight is None:
        part = WeightedFunction(measure, (y_true, y_pred))
    else:
        arrays = (y_true, y_pred, sample_weight)
        part = WeightedFunction(_WeightedMetric(measure), arrays)
    if part.shape:
        raise ValueError(
            f"The metric {measure.name!r} must return a number, got shape "
            f"{part.shape}. Average over classes or outputs."
        )
    part.names = [name]
    return part


def _of_distinct_rows(
    pairs: Sequence[tuple[Measure, Table, str]], y_true: Table
) -> BoundStatistic | None:
    """Metrics of labels, computed from how often each set of labels stands."""
    labels = [np.asarray(y_true), *(np.asarray(y_pred) for _, y_pred, _ in pairs)]
    if any(column.ndim != 1 for column in labels):
        return None
    classes, codes = np.unique(np.concatenate(labels), return_inverse=True)
    table = codes.reshape(len(labels), -1)
    rows, code_of_row = np.unique(table, axis=1, return_inverse=True)
    if 2 * rows.shape[1] > table.shape[1]:
        return None
    parts = [
        _confusion(measure, classes, rows[0], predicted, None, name)
        for (measure, _, name), predicted in zip(pairs, rows[1:], strict=True)
    ]
    known = [one for one in parts if one is not None]
    if len(known) < len(parts):
        return None
    statistic = OfDistinctRows(joined(known), code_of_row.ravel())
    values = [measure(y_true, y_pred) for measure, y_pred, _ in pairs]
    return statistic if _agrees(statistic, values) else None


def _fast(
    measure: Measure,
    y_true: Table,
    y_pred: Table,
    sample_weight: FloatArray | None,
    name: str,
) -> BoundStatistic | None:
    """A statistic without calls that gives the measure's own value, if there is one."""
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    value = measure(y_true, y_pred, **weights)  # raises the metric's own errors
    y, p = np.asarray(y_true), np.asarray(y_pred)
    if y.ndim != 1 or p.ndim != 1 or np.ndim(value):
        return None
    statistic = _without_calls(measure, y, p, sample_weight, name)
    if statistic is not None and measure.sign < 0:
        statistic = linear(statistic, np.array([[-1.0]]), [name])
    known = statistic is not None and _agrees(statistic, [value])
    return statistic if known else None


def _without_calls(
    measure: Measure,
    y: Any,
    p: Any,
    sample_weight: FloatArray | None,
    name: str,
) -> BoundStatistic | None:
    """The statistic of the measure's formula, signs aside; None for no formula."""
    function, params = measure.function, dict(measure.params)
    if function in FORMULAS:
        classes, codes = np.unique(np.concatenate([y, p]), return_inverse=True)
        true, predicted = codes.reshape(2, -1)
        return _confusion(measure, classes, true, predicted, sample_weight, name)
    if function in _RANKINGS:
        classes = np.unique(y)
        if len(classes) != 2 or params.keys() - {"average"}:
            return None
        scores = p.astype(np.float64)
        return _RANKINGS[function](y == classes[1], scores, sample_weight, name)
    if not (np.issubdtype(y.dtype, np.number) and np.issubdtype(p.dtype, np.number)):
        return None
    target, predicted = y.astype(np.float64), p.astype(np.float64)
    if function in LOSSES and not params.keys() - {"alpha"}:
        loss, power = LOSSES[function]
        return MeanLoss(loss(target, predicted, **params), power, sample_weight, name)
    if function in SHARES and not params:
        return ShareOfVariance(target, predicted, SHARES[function], sample_weight, name)
    return None


def _confusion(
    measure: Measure,
    classes: Any,
    true: Any,
    predicted: Any,
    sample_weight: FloatArray | None,
    name: str,
) -> ConfusionMetric | None:
    """The measure's formula of a confusion matrix; None for parameters it has not."""
    params = {key: value for key, value in measure.params.items() if value is not None}
    label = params.pop("pos_label", 1)
    if "labels" in params or (params.get("average", "") not in _AVERAGES):
        return None
    formula = FORMULAS[measure.function]
    if has_parameter(measure.function, "average"):
        at = np.flatnonzero(classes == label)
        if params.get("average", "binary") == "binary" and len(at) != 1:
            return None
        params["positive"] = int(at[0]) if len(at) else 0
    bound = partial(formula, **params)
    return ConfusionMetric(true, predicted, len(classes), bound, sample_weight, name)


_AVERAGES = ("", "binary", "micro", "macro", "weighted")


def _agrees(statistic: BoundStatistic, values: Sequence[float]) -> bool:
    """Whether a statistic gives the metric's own values for the data."""
    return bool(np.allclose(statistic.estimate(), values, rtol=1e-9, atol=1e-12))
