"""Prediction intervals of bags, one function for each method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from ensembles._ensemble._conformal import (
    finished,
    jackknife_plus,
    shortest_range,
    upper_score,
)
from ensembles._ensemble._predict import stacked
from ensembles._typing import BoolArray, FloatArray, Table
from ensembles.bagging._left_out import (
    known_left_out,
    left_out_matrix,
    sampling_variance,
)

if TYPE_CHECKING:
    from ensembles.bagging._values import BaseBagRegressor

__all__ = ["METHODS", "interval_by", "moved_on"]


def _residuals(bag: BaseBagRegressor, purpose: str) -> FloatArray:
    """Of rows left out, shape (n_rows, n_outputs)."""
    known = known_left_out(bag, purpose)
    errors = known.target - bag.oob_prediction_[known.rows]
    return np.asarray(errors.reshape(len(known.rows), -1))


def _outputs(bag: BaseBagRegressor, X: Table) -> FloatArray:
    """Members' values, shape (n_members, n_samples, n_outputs)."""
    seen = bag._rows_to_predict(X)
    values = stacked(bag._members, seen, bag._main_output({}), bag.n_jobs)[0]
    return values.reshape(*values.shape[:2], -1)


def _centre(bag: BaseBagRegressor, X: Table) -> FloatArray:
    """Predictions, shape (n_samples, n_outputs)."""
    predicted = bag.predict(X)
    return predicted.reshape(len(predicted), -1)


def _out_of_bag(bag: BaseBagRegressor, X: Table, level: float) -> FloatArray:
    """As far around the prediction as residuals out of bag reach."""
    residuals = _residuals(bag, "method='oob'")
    widths = np.array([upper_score(np.abs(one), level) for one in residuals.T])
    centre = _centre(bag, X)
    return np.stack([centre - widths, centre + widths], axis=-1)


def _jackknife_plus(bag: BaseBagRegressor, X: Table, level: float) -> FloatArray:
    """The jackknife+ after the bootstrap."""
    residuals = _residuals(bag, "method='jackknife+ab'")
    left_out = left_out_matrix(bag, known_left_out(bag, "").rows)
    return _plus(bag, X, level, residuals, left_out)


def _cv_plus(bag: BaseBagRegressor, X: Table, level: float) -> FloatArray:
    """CV+: the same where each row was left out by one member alone."""
    residuals = _residuals(bag, "method='cv+'")
    left_out = left_out_matrix(bag, known_left_out(bag, "").rows)
    if (left_out.sum(axis=1) != 1).any():
        raise ValueError(
            "method='cv+' needs members that share out the rows, each leaving out its "
            "own. Use scheme=Jackknife(n_groups=10) with n_estimators=10, or "
            "method='jackknife+ab'."
        )
    return _plus(bag, X, level, residuals, left_out)


def _plus(
    bag: BaseBagRegressor,
    X: Table,
    level: float,
    residuals: FloatArray,
    left_out: BoolArray,
) -> FloatArray:
    outputs, rule = _outputs(bag, X), bag._rule()
    ends = [
        jackknife_plus(outputs[:, :, j], left_out, one, level, rule, bag.n_jobs)
        for j, one in enumerate(residuals.T)
    ]
    return np.stack(ends, axis=1)


def _normal(bag: BaseBagRegressor, X: Table, level: float) -> FloatArray:
    """A normal law of the noise and of what other data would have given."""
    noise = np.mean(_residuals(bag, "method='ij'") ** 2, axis=0)
    outputs = _outputs(bag, X)
    variance = sampling_variance(bag, outputs).variance
    widths = ndtri((1 + level) / 2) * np.sqrt(variance + noise)
    centre = _centre(bag, X)
    return np.stack([centre - widths, centre + widths], axis=-1)


def _quantile(bag: BaseBagRegressor, X: Table, level: float) -> FloatArray:
    """Quantiles of the training targets that share leaves."""
    if not hasattr(bag, "predict_quantiles"):
        raise ValueError(
            "method='quantile' is for forests that have predict_quantiles, such as "
            f"HistForestRegressor, and {type(bag).__name__} does not. Use "
            "method='jackknife+ab'."
        )
    ends = bag.predict_quantiles(X, [(1 - level) / 2, (1 + level) / 2])
    return np.asarray(ends).reshape(len(ends), -1, 2)


def _of_series(bag: BaseBagRegressor, X: Table, level: float) -> FloatArray:
    """EnbPI: the shortest range of the latest residuals."""
    if not hasattr(bag, "_latest"):
        bag._latest = _residuals(bag, "method='enbpi'")
    ranges = np.array([shortest_range(one, level) for one in bag._latest.T])
    return np.asarray(_centre(bag, X)[:, :, None] + ranges)


METHODS: dict[str, Callable[[Any, Table, float], FloatArray]] = {
    "jackknife+ab": _jackknife_plus,
    "cv+": _cv_plus,
    "oob": _out_of_bag,
    "enbpi": _of_series,
    "ij": _normal,
    "quantile": _quantile,
}


def interval_by(
    method: str, bag: BaseBagRegressor, X: Table, level: float
) -> FloatArray:
    """Ends of intervals, shape (n_samples, 2) or (n_samples, n_outputs, 2)."""
    return finished(METHODS[method](bag, X, level), level)


def moved_on(bag: BaseBagRegressor, X: Table, y: FloatArray) -> FloatArray:
    """The latest residuals, once those of new rows are in and as many old ones out."""
    known = getattr(bag, "_latest", None)
    if known is None:
        known = _residuals(bag, "update")
    new = y.reshape(len(y), -1) - _centre(bag, X)
    return np.concatenate([known, new])[-len(known) :]
