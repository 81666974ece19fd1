"""What a fit leaves over, and how much too small that is.

Residuals e = (I - H) y of least squares vary less than the errors, the more so the
higher the leverage h of their row: var(e) = (1 - h) var(error). Four adjustments undo
that, known from heteroskedasticity-consistent covariances (MacKinnon & White 1985),
with the block H_gg of a group in place of h where rows come in groups (Bell &
McCaffrey 2002):

    raw        e                        HC0, CR0
    scaled     e sqrt(n / (n - p))      HC1, CR1
    modified   (I - H_gg)^(-1/2) e_g    HC2, CR2
    deleted    (I - H_gg)^(-1) e_g      HC3, CR3: the error of the fit without g
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone, is_regressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

from ensembles._compat import take_rows
from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray, Table
from ensembles._validation import invalid_parameter
from ensembles.resampling._columns import seeded_clone

__all__ = [
    "ADJUSTMENTS",
    "Fit",
    "check_regressor",
    "fit_regression",
    "out_of_fold_residuals",
]

# A group with less than this left of a direction fits it exactly.
_NOTHING_LEFT = 1e-10


@dataclass(frozen=True)
class Fit:
    """Fitted values, and what is needed to judge the residuals."""

    values: FloatArray
    """Of the shape of y."""
    residuals: FloatArray
    """Of the shape of y."""
    basis: FloatArray | None
    """Orthonormal columns that span the design, H = U U'; None unless least squares."""


def check_regressor(owner: object, estimator: Estimator) -> None:
    """Raise unless the estimator is a regressor, built and not a class."""
    try:
        fits = not isinstance(estimator, type) and is_regressor(estimator)
    except AttributeError:  # what is no estimator has no tags
        fits = False
    if not fits:
        raise invalid_parameter(
            owner,
            "estimator",
            estimator,
            "a regressor or None",
            "Residuals are differences of numbers.",
        )


def fit_regression(estimator: Estimator, X: Table, y: FloatArray) -> Fit:
    """Fit a copy of the estimator and look at what it leaves over."""
    model = seeded_clone(estimator).fit(X, y)
    fitted = _prediction(model, X, y)
    return Fit(fitted, y - fitted, _basis(model, X))


def out_of_fold_residuals(
    estimator: Estimator,
    X: Table,
    y: FloatArray,
    *,
    cv: Any,
    groups: ArrayLike | None,
) -> FloatArray:
    """Residuals of rows from fits that have not seen them, of the shape of y."""
    residuals = np.zeros_like(y)
    times_tested = np.zeros(len(y), dtype=np.intp)
    for train, test in cv.split(X, y, groups):
        model = seeded_clone(estimator).fit(take_rows(X, train), y[train])
        actual = y[test]
        residuals[test] = actual - _prediction(model, take_rows(X, test), actual)
        times_tested[test] += 1
    if (times_tested != 1).any():
        raise ValueError(
            f"residuals={cv} must test each row once, as KFold does; it tests rows "
            f"{times_tested.min()} to {times_tested.max()} times."
        )
    return residuals


def _prediction(model: Estimator, X: Table, y: FloatArray) -> FloatArray:
    """Finite predictions of the shape of y."""
    predicted = np.asarray(model.predict(X), dtype=np.float64)
    if predicted.size != y.size or not np.isfinite(predicted).all():
        raise ValueError(
            f"{model} must predict finite numbers of shape {y.shape}, got shape "
            f"{predicted.shape}."
        )
    return predicted.reshape(y.shape)


def _basis(model: Estimator, X: Table) -> FloatArray | None:
    """Orthonormal basis of the columns that least squares used; None for other fits.

    Transformers before it are part of the design unless they look at y.
    """
    before, last = [], model
    if isinstance(model, Pipeline):
        *steps, last = [step for _, step in model.steps]
        before = [step for step in steps if step is not None and step != "passthrough"]
    if not isinstance(last, LinearRegression) or last.positive:
        return None
    for step in before:
        columns = step.transform(X)
        if _looks_at_y(step, X, columns):
            return None
        X = columns
    design = _dense(X)
    mean = []
    if last.fit_intercept:
        mean = [np.full((len(design), 1), len(design) ** -0.5)]
        design = design - design.mean(axis=0)
    U, s, _ = np.linalg.svd(design, full_matrices=False)
    # Least squares drops directions that are small next to the first, and says how
    # many it kept; for sparse X it drops none.
    tolerance = max(design.shape) * np.finfo(np.float64).eps
    rank = getattr(last, "rank_", np.count_nonzero(s > tolerance * s[0]))
    return np.column_stack([*mean, U[:, :rank]])


def _dense(X: Table) -> FloatArray:
    """Columns as an array of floats."""
    return np.asarray(X.toarray() if sparse.issparse(X) else X, dtype=np.float64)


def _looks_at_y(step: Estimator, X: Table, columns: Table) -> bool:
    """Whether a fit without y gives other columns than these, or none."""
    try:
        alone = _dense(clone(step).fit(X).transform(X))
    except (AttributeError, TypeError, ValueError):  # it asks for y
        return True
    return alone.shape != columns.shape or not np.allclose(alone, _dense(columns))


def _raw(residuals: FloatArray, basis: FloatArray, codes: IntArray | None) -> Any:
    """Residuals as they are."""
    return residuals


def _scaled(residuals: FloatArray, basis: FloatArray, codes: IntArray | None) -> Any:
    """Residuals times one number for the degrees of freedom that the fit took."""
    n_samples, rank = basis.shape
    factor = n_samples / (n_samples - rank)
    if codes is not None:
        n_groups = int(codes.max()) + 1
        factor = (n_samples - 1) / (n_samples - rank) * n_groups / (n_groups - 1)
    return residuals * factor**0.5


def _modified(residuals: FloatArray, basis: FloatArray, codes: IntArray | None) -> Any:
    """Residuals of equal variance where the errors are of equal variance."""
    return _leverage_power(residuals, basis, codes, -0.5)


def _deleted(residuals: FloatArray, basis: FloatArray, codes: IntArray | None) -> Any:
    """Errors of the fits without the row, or without its group."""
    return _leverage_power(residuals, basis, codes, -1)


ADJUSTMENTS = {
    "raw": _raw,
    "scaled": _scaled,
    "modified": _modified,
    "deleted": _deleted,
}


def _leverage_power(
    residuals: FloatArray, basis: FloatArray, codes: IntArray | None, power: float
) -> FloatArray:
    """(I - H_gg)^power e_g for each group g, or for each row.

    Along a direction that a group fits exactly its residuals are zero whatever the
    errors were; they stay so (the generalised inverse).
    """
    if codes is None:
        left = 1 - (basis**2).sum(axis=1)
        factor = np.where(left > _NOTHING_LEFT, left, 1) ** power
        return np.asarray((factor * residuals.T).T)
    adjusted = residuals.copy()
    by_group = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes)))
    for rows in by_group[:-1]:
        P, s, _ = np.linalg.svd(basis[rows], full_matrices=False)
        left = 1 - s**2
        factor = np.where(left > _NOTHING_LEFT, left, 1) ** power
        along = P.T @ residuals[rows]
        adjusted[rows] += P @ ((factor - 1) * along.T).T
    return adjusted
