"""One fit on chosen rows: a pure function of the data, the rows and a seed.

Estimators are cloned. As in scikit-learn's cross-validation, a ``random_state`` that
the user has set stays as it is in every fit; one that is None is set from the seed, so
that a call repeats to the bit.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from ensembles._compat import take_rows
from ensembles._random import MAX_SEED
from ensembles._rows import params_of_rows, table_of_rows
from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray, Table
from ensembles._validation import check_sample_weight, invalid_parameter, n_rows_of

__all__ = ["Fitted", "Sample", "fit_on_rows", "make_sample", "seed_of_fit"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The data of one call."""

    X: Table
    y: Any
    weights: FloatArray | None = None
    """Weights of the rows in fits and scores; None means ones."""
    params: dict[str, Any] = field(default_factory=dict)
    """Other parameters of fit."""

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return n_rows_of(self.X)


def make_sample(
    owner: str,
    estimators: tuple[Estimator, ...],
    X: Table,
    y: Any,
    sample_weight: ArrayLike | None,
    params: dict[str, Any] | None,
) -> Sample:
    """Check the data of one call.

    Raises
    ------
    ValueError
        If X and y differ in length, or the weights or parameters do not fit.
    """
    n_samples = n_rows_of(X)
    if y is None or n_rows_of(y) != n_samples:
        got = "None" if y is None else f"{n_rows_of(y)}"
        raise ValueError(
            f"{owner} needs y with one entry for each of {n_samples} rows of X, got "
            f"{got}."
        )
    if params is not None and not isinstance(params, dict):
        raise invalid_parameter(owner, "params", params, "a dict or None")
    params = dict(params or {})
    if "sample_weight" in params:
        raise ValueError(
            "params holds 'sample_weight'. Give it as sample_weight=..., which weights "
            "the score as well."
        )
    weights = check_sample_weight(sample_weight, n_samples)
    if weights is not None:
        for estimator in estimators:
            _check_takes_weights(owner, estimator)
    return Sample(X, y, weights, params)


def _check_takes_weights(owner: str, estimator: Estimator) -> None:
    """Raise for an estimator whose fit has no way to take weights."""
    if not hasattr(estimator, "fit"):
        return  # no estimator, which scikit-learn says where it looks for a scorer
    signature = inspect.signature(estimator.fit)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return  # it passes them on, or says itself that it cannot
    if not has_fit_parameter(estimator, "sample_weight"):
        raise ValueError(
            f"sample_weight was given to {owner}, and {type(estimator).__name__}.fit "
            "takes none. Leave it out, or take an estimator that does."
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted estimator and the rows it was fitted on; None means all."""

    estimator: Estimator
    rows: IntArray | None = None

    def table(self, X: Table, rows: IntArray | None) -> Table:
        """What the estimator is to predict from: these rows of X, or all."""
        return table_of_rows(self.estimator, X, rows, self.rows)


def seed_of_fit(entropy: int, number: int | None) -> np.random.SeedSequence:
    """Seed of the fit in a numbered replicate or fold; None is the fit on all rows.

    The seeds of draws have keys of one number or of two of which the last is positive.
    """
    key = () if number is None else (number, 0)
    return np.random.SeedSequence(entropy, spawn_key=key)


def fit_on_rows(
    estimator: Estimator,
    sample: Sample,
    rows: IntArray | None,
    seed: np.random.SeedSequence,
) -> Fitted:
    """Fit a clone of the estimator.

    Parameters
    ----------
    estimator : estimator
        Is cloned.
    sample : Sample
        The data.
    rows : ndarray of shape (n_drawn,) or None
        Rows to fit on, with their repetitions; None means all, as they are.
    seed : SeedSequence
        Sets each ``random_state`` that is None.

    Returns
    -------
    Fitted
        The clone, fitted.
    """
    fitted = Fitted(clone(estimator), rows)
    _settle_random_states(fitted.estimator, seed)
    params = dict(sample.params)
    if sample.weights is not None:
        params["sample_weight"] = sample.weights
    y = sample.y
    if rows is not None:
        y = take_rows(y, rows)
        params = params_of_rows(params, rows, sample.n_samples)
    fitted.estimator.fit(fitted.table(sample.X, rows), y, **params)
    return fitted


def _settle_random_states(estimator: Estimator, seed: np.random.SeedSequence) -> None:
    """Set every ``random_state`` parameter that is None, nested ones too."""
    left_open = sorted(
        key
        for key, value in estimator.get_params(deep=True).items()
        if value is None and key.rpartition("__")[2] == "random_state"
    )
    numbers = seed.generate_state(max(1, len(left_open))) % MAX_SEED
    if left_open:
        estimator.set_params(**dict(zip(left_open, numbers.tolist(), strict=False)))
