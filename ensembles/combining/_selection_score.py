"""The objective of a score: a fast one where the score allows it."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
from sklearn.metrics import (
    brier_score_loss,
    get_scorer,
    log_loss,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)

from ensembles._compat import parts_of_scorer
from ensembles._ensemble._targets import ClassTarget
from ensembles._stand_in import resolve_metric
from ensembles._typing import FloatArray
from ensembles.combining._errors import (
    error_products,
    one_hot,
    true_class_probabilities,
    unit_weights,
)
from ensembles.combining._objectives import (
    AnyScore,
    LogLoss,
    Objective,
    SquaredError,
)

__all__ = ["objective_of_classes", "objective_of_values", "takes_row_weights"]


def objective_of_classes(
    owner: str,
    scoring: Any,
    said: list[Any],
    codes: Any,
    row_weights: FloatArray | None,
    target: ClassTarget,
) -> Objective:
    """Objective of what members gave to classes; a list for each, by output."""
    metric = _plain_metric(scoring)
    if scoring is None or (metric is log_loss and target.single):
        given = true_class_probabilities(said, codes)
        weights = row_weights
        if weights is not None:
            n_outputs = len(target.n_classes)
            weights = np.tile(unit_weights(weights, len(codes)), n_outputs) / n_outputs
        return LogLoss(given, weights)
    if metric is brier_score_loss and target.single:
        (k,) = target.n_classes
        single = [p for (p,) in said]
        products = error_products(single, one_hot(codes, k), row_weights)
        return SquaredError(products / 2 if k == 2 else products, np.negative)
    score = resolve_metric(owner, scoring, "predict_proba", target.classes)
    weights_of = {} if row_weights is None else {"sample_weight": row_weights}
    labels = target.decode_codes(codes)
    answers = [one[0] if target.single else one for one in said]
    return AnyScore(answers, lambda mean: score(labels, mean, **weights_of))


def objective_of_values(
    owner: str, scoring: Any, said: list[Any], y: Any, row_weights: FloatArray | None
) -> Objective:
    """Objective of values that members predicted."""
    metric = mean_squared_error if scoring is None else _plain_metric(scoring)
    n_outputs = 1 if y.ndim == 1 else y.shape[1]
    of_errors = {
        mean_squared_error: lambda errors: -errors / n_outputs,
        root_mean_squared_error: lambda errors: -np.sqrt(np.maximum(errors, 0.0)),
        r2_score: lambda errors: 1 - errors / _variance(y, row_weights),
    }
    fast = metric in of_errors and (n_outputs == 1 or metric is mean_squared_error)
    if fast and not (metric is r2_score and _variance(y, row_weights) == 0.0):
        return SquaredError(error_products(said, y, row_weights), of_errors[metric])
    score = resolve_metric(owner, scoring, "predict", None)
    weights_of = {} if row_weights is None else {"sample_weight": row_weights}
    return AnyScore(said, lambda mean: score(y, mean, **weights_of))


def takes_row_weights(scoring: Any) -> bool:
    """Whether a score can count rows by their weights."""
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    parts = parts_of_scorer(scorer)
    metric = scorer if parts is None else parts[0]
    return any(
        one.name == "sample_weight" or one.kind is one.VAR_KEYWORD
        for one in signature(metric).parameters.values()
    )


def _plain_metric(scoring: Any) -> Any:
    """The metric of a scorer without parameters, of which less or more is better."""
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    parts = parts_of_scorer(scorer)
    if parts is None or parts[2]:
        return None
    metric, sign, _, _ = parts
    return metric if (sign > 0) == (metric is r2_score) else None


def _variance(y: FloatArray, row_weights: FloatArray | None) -> float:
    """Of the target, under weights of rows."""
    weights = unit_weights(row_weights, len(y))
    return float(weights @ (y - weights @ y) ** 2)
