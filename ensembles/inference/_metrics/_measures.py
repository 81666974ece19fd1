"""From what users call a metric to a statistic of weighted rows.

A metric of scikit-learn's, or a scorer around one, becomes a statistic that needs no
call of it; that it gives the metric's own value for the data is checked each time.
Another metric is called with weights, or with resampled rows if it takes none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, final

import numpy as np
from sklearn import metrics
from sklearn.metrics import get_scorer
from sklearn.utils.multiclass import type_of_target

from ensembles._compat import parts_of_scorer
from ensembles._typing import Estimator, FloatArray, Table
from ensembles._validation import invalid_parameter
from ensembles.inference._metrics._confusion import (
    FORMULAS,
    ConfusionMetric,
    ConfusionOfDistinctRows,
)
from ensembles.inference._metrics._labels import distinct_columns, numbered
from ensembles.inference._metrics._ranking import AveragePrecision, RocArea
from ensembles.inference._metrics._row_means import (
    LOSSES,
    OF_NUMBERS,
    SHARES,
    MeanLoss,
    ShareOfVariance,
)
from ensembles.inference._probabilities import brier_table, log_table
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.inference._statistics._callables import WeightedFunction, has_parameter
from ensembles.inference._statistics._combined import OfDistinctRows, joined, linear

__all__ = ["Measure", "Metric", "known_metric", "measures_of", "statistic_of"]

Metric: TypeAlias = str | Callable[..., float]

_RANKINGS = {
    metrics.roc_auc_score: RocArea,
    metrics.average_precision_score: AveragePrecision,
}
# By metric of probabilities: the loss of each prediction if its row were of each class.
_TABLES = {
    metrics.brier_score_loss: brier_table,
    metrics.log_loss: log_table,
}
_OF_TABLES = {"labels", "pos_label"}
_AVERAGES = ("", "binary", "micro", "macro", "weighted")
# Parameters that the formulas of confusion matrices know.
_OF_FORMULAS = {"adjusted", "average", "beta", "pos_label", "weights", "zero_division"}
# Of a table of classes by classes for each row.
_MOST_BYTES = 2**25
# Of a single one.
_MATRIX_BYTES = 2**21
# Classes whose table has hardly more columns than other statistics have.
_FEW_CLASSES = 3


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
        """Whether rows may have weights; areas of class against class take none."""
        if self.params.get("multi_class") == "ovo":
            return False
        return has_parameter(self.function, "sample_weight")

    def is_of_classes(self, y_true: Table, y_pred: Table) -> bool:
        """Whether the target's values are classes rather than whole numbers."""
        kind = type_of_target(y_true)
        if isinstance(self.function, Hashable) and self.function in OF_NUMBERS:
            return False
        if kind == "multiclass":
            return str(type_of_target(y_pred)) != "continuous"
        return bool(kind == "binary")

    def check_is_number(self, value: Any) -> None:
        """Raise where the metric gives one value for each class or output."""
        if np.ndim(value):
            raise ValueError(
                f"The metric {self.name!r} must return a number, got shape "
                f"{np.shape(value)}. Average over classes or outputs."
            )

    def response_of(self, estimator: Estimator, X: Table | None) -> Any:
        """What the fitted estimator predicts for the metric; predictions themselves."""
        if X is None:
            if any(hasattr(estimator, name) for name in ("predict", *self.responses)):
                raise ValueError(
                    f"{type(estimator).__name__} predicts from rows, and there are "
                    "none. Give X, or predictions in place of the estimator."
                )
            return estimator
        for name in self.responses:
            if hasattr(estimator, name):
                response = getattr(estimator, name)(X)
                return self._of_positive(response, name, estimator)
        raise ValueError(
            f"The metric {self.name!r} needs an estimator with "
            f"{' or '.join(self.responses)}, {type(estimator).__name__} has none."
        )

    def _of_positive(self, response: Any, name: str, estimator: Any) -> Any:
        """The column or the sign of the class that the metric takes for positive."""
        if isinstance(response, list):  # probabilities of several targets
            return np.stack([one[:, -1] for one in response], axis=1)
        if name == "predict" or np.shape(response)[1:] not in ((), (2,)):
            return response
        first = self._first_is_positive(getattr(estimator, "classes_", ()))
        if name == "predict_proba":
            return response[:, 0 if first else 1]
        return -response if first else response

    def _first_is_positive(self, classes: Any) -> bool:
        """Whether `pos_label` is the first of two classes; scores are of the second."""
        label = self.params.get("pos_label")
        if label is None and has_parameter(self.function, "pos_label"):
            label = inspect.signature(self.function).parameters["pos_label"].default
        if label is None or len(classes) != 2:
            return False
        if label not in classes:
            raise ValueError(
                f"pos_label={label!r} is not a valid label. It should be one of "
                f"{list(classes)}."
            )
        return bool(classes[0] == label)


def measures_of(metric: Any) -> list[Measure]:
    """One measure for each metric named, given, or in a list or dict of them."""
    several = isinstance(metric, Mapping | Sequence) and not isinstance(metric, str)
    if several and not metric:
        raise invalid_parameter(
            "metric_interval", "metric", metric, "a metric or a list of some"
        )
    if isinstance(metric, Mapping):
        return [_measure(one, str(name)) for name, one in metric.items()]
    if several:
        return [_measure(one) for one in metric]
    return [_measure(metric)]


def _measure(metric: Any, name: str | None = None) -> Measure:
    """The measure that a name, a scorer or a function stands for, checked."""
    measure = _parsed(metric, name)
    if "sample_weight" in measure.params:
        raise ValueError(
            f"The metric {measure.name!r} holds a sample_weight, which would not "
            "follow its rows into resamples. Give sample_weight beside the metric."
        )
    return measure


def _parsed(metric: Any, name: str | None) -> Measure:
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
    if all(_is_of_labels(one) for one in measures):
        distinct = _of_distinct_rows(pairs, y_true, sample_weight)
        if distinct is not None:
            return distinct
    parts: list[BoundStatistic] = []
    for measure, y_pred, name in pairs:
        if sample_weight is not None and not measure.takes_weights:
            return None
        part = _fast(measure, y_true, y_pred, sample_weight, name)
        if part is None:
            if not measure.takes_weights:
                return None
            part = _called(measure, y_true, y_pred, sample_weight, name)
        parts.append(part)
    return joined(parts)


def known_metric(metric: Any, arrays: Sequence[Table]) -> BoundStatistic | None:
    """A metric function of two arrays as a statistic without calls, if it is known."""
    function = metric.func if isinstance(metric, partial) else metric
    tables = (FORMULAS, LOSSES, SHARES, _RANKINGS, _TABLES)
    is_known = isinstance(function, Hashable) and any(function in t for t in tables)
    if len(arrays) != 2 or not is_known:
        return None
    y_true, y_pred = arrays
    statistic = statistic_of([_measure(metric)], y_true, [y_pred], None, ["0"])
    return None if isinstance(statistic, WeightedFunction) else statistic


def _is_of_labels(measure: Measure) -> bool:
    return _formula_of(measure, FORMULAS) is not None


def _formula_of(measure: Measure, table: Mapping[Any, Any]) -> Any:
    """What a table holds for the function of a measure; None where it has none."""
    function = measure.function
    return table.get(function) if isinstance(function, Hashable) else None


def _called(
    measure: Measure,
    y_true: Table,
    y_pred: Table,
    sample_weight: FloatArray | None,
    name: str,
) -> BoundStatistic:
    """The measure called with weights."""
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    measure.check_is_number(measure(y_true, y_pred, **weights))
    if sample_weight is None:
        part = WeightedFunction(measure, (y_true, y_pred))
    else:
        arrays = (y_true, y_pred, sample_weight)
        part = WeightedFunction(_WeightedMetric(measure), arrays)
    part.names = [name]
    return part


def _of_distinct_rows(
    pairs: Sequence[tuple[Measure, Table, str]],
    y_true: Table,
    sample_weight: FloatArray | None,
) -> BoundStatistic | None:
    """Metrics of labels, computed from how often each set of labels stands."""
    labels = [np.asarray(y_true), *(np.asarray(y_pred) for _, y_pred, _ in pairs)]
    if any(column.ndim != 1 for column in labels):
        return None
    classes, table = numbered(labels)
    if sample_weight is not None and len(classes) <= _FEW_CLASSES:
        return None  # columns of a table are sums, whose errors have a formula
    rows, code_of_row = distinct_columns(table, len(classes))
    n, k = table.shape[1], len(classes)
    is_short = 2 * rows.shape[1] > n and 8 * k**2 * n <= _MOST_BYTES
    if is_short or 8 * k**2 > _MATRIX_BYTES:
        return None
    parts: list[BoundStatistic] = []
    for (measure, _, name), predicted in zip(pairs, rows[1:], strict=True):
        formula = _bound_formula(measure, classes)
        if formula is None:
            return None
        parts.append(ConfusionOfDistinctRows(rows[0], predicted, k, formula, name))
    statistic = OfDistinctRows(joined(parts), code_of_row, sample_weight, k**2)
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    values = [measure(y_true, y_pred, **weights) for measure, y_pred, _ in pairs]
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
    if np.ndim(value):
        return None
    statistic = _without_calls(measure, y, p, sample_weight, name)
    if statistic is not None and measure.sign < 0:
        statistic = linear(statistic, np.array([[-1.0]]), [name])
    known = statistic is not None and _agrees(statistic, [value], y, p)
    return statistic if known else None


def _without_calls(
    measure: Measure,
    y: Any,
    p: Any,
    sample_weight: FloatArray | None,
    name: str,
) -> BoundStatistic | None:
    """The statistic of the measure's formula, signs aside; None for no formula."""
    params = measure.params
    table_of = _formula_of(measure, _TABLES)
    if table_of is not None and y.ndim == 1:
        losses = _losses_of_classes(table_of, y, p, params)
        return None if losses is None else MeanLoss(losses, 1.0, sample_weight, name)
    if measure.function is metrics.roc_auc_score and p.ndim == 2:
        return _mean_of_areas(measure, y, p, sample_weight, name)
    if y.ndim == 2:
        losses = _losses_of_outputs(measure, y, p)
        return None if losses is None else MeanLoss(losses, 1.0, sample_weight, name)
    if p.ndim != 1:
        return None
    if _is_of_labels(measure):
        classes, (true, predicted) = numbered([y, p])
        return _confusion(measure, classes, true, predicted, sample_weight, name)
    ranking = _formula_of(measure, _RANKINGS)
    if ranking is not None:
        classes = np.unique(y)
        if len(classes) != 2 or params.keys() - {"average"}:
            return None
        scores = p.astype(np.float64)
        return ranking(y == classes[1], scores, sample_weight, name)  # type: ignore[no-any-return]
    return _of_numbers(measure, y, p, sample_weight, name)


def _of_numbers(
    measure: Measure, y: Any, p: Any, sample_weight: FloatArray | None, name: str
) -> BoundStatistic | None:
    """The statistic of a metric of numbers; None for no formula."""
    params = measure.params
    if not (np.issubdtype(y.dtype, np.number) and np.issubdtype(p.dtype, np.number)):
        return None
    target, predicted = y.astype(np.float64), p.astype(np.float64)
    of_loss = _formula_of(measure, LOSSES)
    if of_loss is not None and not params.keys() - {"alpha"}:
        loss, power = of_loss
        return MeanLoss(loss(target, predicted, **params), power, sample_weight, name)
    centred = _formula_of(measure, SHARES)
    if centred is not None and not params:
        return ShareOfVariance(target, predicted, centred, sample_weight, name)
    return None


def _mean_of_areas(
    measure: Measure, y: Any, p: Any, sample_weight: FloatArray | None, name: str
) -> BoundStatistic | None:
    """Mean area of each class against the rest; None where the metric is another."""
    is_mean = measure.params.get("average", "macro") == "macro"
    is_mean &= measure.params.get("multi_class") == "ovr"
    classes = np.unique(y)
    if not is_mean or measure.params.keys() - {"average", "multi_class"} or y.ndim != 1:
        return None
    scores = p.astype(np.float64).T
    areas = [
        RocArea(y == label, own, sample_weight, name)
        for label, own in zip(classes, scores, strict=True)
    ]
    return linear(joined(areas), np.full((1, len(areas)), 1 / len(areas)), [name])


def _losses_of_outputs(measure: Measure, y: Any, p: Any) -> FloatArray | None:
    """Mean loss of each row over outputs; None where the metric is no mean of these."""
    of_loss = _formula_of(measure, LOSSES)
    if of_loss is None or of_loss[1] != 1 or measure.params:
        return None
    are_numbers = y.dtype.kind in "biuf" and p.dtype.kind in "biuf"
    if not (are_numbers and y.shape == p.shape):
        return None
    of_outputs = of_loss[0](y.astype(np.float64), p.astype(np.float64))
    return np.asarray(of_outputs.mean(axis=1))


def _losses_of_classes(
    table_of: Callable[[Any], FloatArray], y: Any, p: Any, params: Mapping[str, Any]
) -> FloatArray | None:
    """Loss of each row's probabilities; None where they are not those of its classes.

    Of two classes the probability of one is enough: of the second, but for `pos_label`.
    """
    classes, codes = np.unique(y, return_inverse=True)
    label, labels = params.get("pos_label"), params.get("labels")
    knows_others = any(params[name] is not None for name in params.keys() - _OF_TABLES)
    sees_all = labels is None or np.array_equal(np.unique(labels), classes)
    if knows_others or not sees_all or p.dtype.kind not in "biuf":
        return None
    p = p if np.issubdtype(p.dtype, np.floating) else p.astype(np.float64)
    if p.ndim == 1 and len(classes) == 2:
        is_first = label is not None and classes[0] == label
        p = np.column_stack([p, 1 - p] if is_first else [1 - p, p])
    if p.shape != (len(y), len(classes)):
        return None
    return table_of(p)[np.arange(len(y)), codes]


def _confusion(
    measure: Measure,
    classes: Any,
    true: Any,
    predicted: Any,
    sample_weight: FloatArray | None,
    name: str,
) -> ConfusionMetric | None:
    """The measure's formula of a confusion matrix; None for parameters it has not."""
    formula = _bound_formula(measure, classes)
    if formula is None or 8 * len(classes) ** 2 * len(true) > _MOST_BYTES:
        return None
    return ConfusionMetric(true, predicted, len(classes), formula, sample_weight, name)


def _bound_formula(
    measure: Measure, classes: Any
) -> Callable[[FloatArray], FloatArray] | None:
    """The measure's formula for these classes; None for parameters it has not."""
    params = dict(measure.params)
    if params.get("labels", 0) is None:
        del params["labels"]
    if params.keys() - _OF_FORMULAS or params.get("average", "") not in _AVERAGES:
        return None
    # Averages leave such classes out, in each resample others.
    if params.get("zero_division", "warn") not in ("warn", 0, 1):
        return None
    label = params.pop("pos_label", 1)
    if has_parameter(measure.function, "average"):
        at = np.flatnonzero(classes == label)
        if params.get("average", "binary") == "binary" and len(at) != 1:
            return None
        params["positive"] = int(at[0]) if len(at) else 0
    return partial(FORMULAS[measure.function], **params)


def _agrees(statistic: BoundStatistic, values: Sequence[float], *data: Any) -> bool:
    """Whether a statistic gives the metric's own values, as far as floats tell."""
    is_narrow = any(one.dtype.kind == "f" and one.itemsize < 8 for one in data)
    rtol, atol = (1e-5, 1e-6) if is_narrow else (1e-9, 1e-12)
    return bool(np.allclose(statistic.estimate(), values, rtol=rtol, atol=atol))
