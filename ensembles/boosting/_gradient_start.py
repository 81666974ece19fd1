"""Where gradient boosting of learners of any kind starts: a constant, or a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor

from ensembles._typing import FloatArray, Table
from ensembles._validation import n_rows_of
from ensembles.boosting._handing import name_of_weights
from ensembles.boosting._samples import Sample
from ensembles.losses import Loss

__all__ = ["Start", "fit_start"]


@final
@dataclass(frozen=True)
class Start:
    """Raw predictions before the first round."""

    model: Any
    """A fitted estimator, or "zero"."""
    constant: FloatArray | None
    """Best for a loss of the user's own, which the model cannot know; or None."""
    loss: Loss

    def raw(self, X: Table) -> FloatArray:
        """Raw predictions of rows, (n_rows, n_raw).

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows.
        """
        n_rows, loss = n_rows_of(X), self.loss
        if isinstance(self.model, str):
            return np.zeros((n_rows, loss.n_raw))
        if self.constant is not None:
            return np.tile(self.constant, (n_rows, 1))
        if is_classifier(self.model):
            shares = np.asarray(self.model.predict_proba(X), dtype=np.float64)
            raw = loss.link(shares if loss.n_raw > 1 else shares[:, -1])
        else:
            raw = loss.link(np.asarray(self.model.predict(X), dtype=np.float64))
        return np.asarray(raw).reshape(n_rows, loss.n_raw)


def fit_start(
    init: Any, sample: Sample, target: Any, loss: Loss, kind: str, *, is_own: bool
) -> Start:
    """Fit what boosting starts from.

    Parameters
    ----------
    init : estimator, "zero" or None
        As the user gave it.
    sample : Sample
        Rows to learn from.
    target : ndarray of shape (n_rows,)
        Labels or values of the rows, as `init` takes them.
    loss : Loss
        Of the booster.
    kind : {"classifier", "regressor"}
        Of the booster.
    is_own : bool
        Whether the loss is the user's own.

    Returns
    -------
    Start
        Fitted.

    Raises
    ------
    ValueError
        If rows have weights, and it takes none.
    """
    if isinstance(init, str):
        return Start(init, None, loss)
    if init is None:
        model: Any = _constant_model(loss, kind)
        name: str | None = "sample_weight"
        best = loss.initial_value(sample.y, sample.weights) if is_own else None
        constant = None if best is None else np.atleast_1d(best)
    else:
        model, name, constant = clone(init), name_of_weights(init), None
    if sample.weights is None:
        return Start(model.fit(sample.X, target), constant, loss)
    if name is None:
        raise ValueError(
            f"The initial estimator {type(model).__name__} does not support sample "
            "weights."
        )
    model.fit(sample.X, target, **{name: sample.weights})
    return Start(model, constant, loss)


def _constant_model(loss: Loss, kind: str) -> Any:
    """What stands for a constant among fitted attributes, as scikit-learn has it."""
    if kind == "classifier":
        return DummyClassifier(strategy="prior")
    if not loss.renews_leaves:
        return DummyRegressor(strategy="mean")
    quantile = getattr(loss, "quantile", 0.5)
    return DummyRegressor(strategy="quantile", quantile=quantile)
