"""Where gradient boosting of learners of any kind starts: a constant, or a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor

from ensembles._ensemble._nets import is_net, seeded, target_for
from ensembles._random import MAX_SEED, set_random_states
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
    classes: Any
    """Labels that the loss has raw predictions for; None for values."""

    def raw(self, X: Table) -> FloatArray:
        """Raw predictions of rows, (n_rows, n_raw).

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows.

        Raises
        ------
        ValueError
            If the model predicts something else than one number a row.
        """
        n_rows, loss = n_rows_of(X), self.loss
        if isinstance(self.model, str):
            return np.zeros((n_rows, loss.n_raw))
        if self.constant is not None:
            return np.tile(self.constant, (n_rows, 1))
        if self.classes is None:
            predicted: Any = np.asarray(self.model.predict(X), dtype=np.float64)
        else:
            predicted = self._shares(X)
        if predicted.size != n_rows * loss.n_raw or not np.isfinite(predicted).all():
            raise ValueError(
                f"init={self.model!r} predicts an array of shape {predicted.shape} for "
                f"{n_rows} rows, or values that are not finite. It has to predict one "
                "finite number a row."
            )
        raw = loss.link(predicted.reshape(n_rows, -1) if loss.n_raw > 1 else predicted)
        return np.asarray(raw).reshape(n_rows, loss.n_raw)

    def _shares(self, X: Table) -> FloatArray:
        """Probabilities of all classes, of two those of the second.

        The model has seen no class whose rows have no weight.
        """
        labels = getattr(self.model, "classes_", self.classes)
        known = np.searchsorted(self.classes, labels)
        shares = np.zeros((n_rows_of(X), len(self.classes)))
        shares[:, known] = self.model.predict_proba(X)
        return shares if self.loss.n_raw > 1 else shares[:, -1]


def fit_start(
    init: Any, sample: Sample, loss: Loss, classes: Any, rng: Any, *, is_own: bool
) -> Start:
    """Fit what boosting starts from.

    Parameters
    ----------
    init : estimator, "zero" or None
        As the user gave it.
    sample : Sample
        Rows to learn from.
    loss : Loss
        Of the booster.
    classes : ndarray of shape (n_classes,) or None
        Labels of targets, which are their numbers; None for values.
    rng : RandomState
        Gives a seed to a model that has none.
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
    target = sample.y if classes is None else classes[sample.y.astype(np.intp)]
    if isinstance(init, str):
        return Start(init, None, loss, classes)
    constant, seed = None, 0
    if init is None:
        model: Any = _constant_model(loss, is_classifier=classes is not None)
        name: str | None = "sample_weight"
        best = loss.initial_value(sample.y, sample.weights) if is_own else None
        constant = None if best is None else np.atleast_1d(best)
    else:
        model, name = clone(init), name_of_weights(init)
        if _lacks_seed(model):
            seed = int(rng.randint(MAX_SEED))
            set_random_states(model, seed)
    weights = {}
    if sample.weights is not None:
        if name is None:
            raise ValueError(
                f"The initial estimator {type(model).__name__} does not support sample "
                "weights."
            )
        weights[name] = sample.weights
    with seeded(model, seed):
        model.fit(sample.X, target_for(model, sample.X, target), **weights)
    return Start(model, constant, loss, classes)


def _lacks_seed(model: Any) -> bool:
    """Whether a model would draw from the global generator."""
    given = model.get_params(deep=True).items()
    return is_net(model) or any(
        value is None and name.rpartition("__")[2] == "random_state"
        for name, value in given
    )


def _constant_model(loss: Loss, *, is_classifier: bool) -> Any:
    """What stands for a constant among fitted attributes, as scikit-learn has it."""
    if is_classifier:
        return DummyClassifier(strategy="prior")
    if not loss.renews_leaves:
        return DummyRegressor(strategy="mean")
    quantile = getattr(loss, "quantile", 0.5)
    return DummyRegressor(strategy="quantile", quantile=quantile)
