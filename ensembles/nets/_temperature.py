"""Probabilities made as sure as they are right, by one number.

With probabilities p of an ensemble and z = log p, the scaled ones are softmax(z / T).
By b = 1 / T the mean log loss of held-out rows has the derivative

    mean over rows of sum_k q_k(b) z_k - z_y,      q(b) = softmax(b z),

which rises with b: the loss is convex, and its least value where that is zero.
"""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import check_cv
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ensembles._compat import take_rows
from ensembles._ensemble._data import (
    check_table,
    check_table_and_target,
    state_kept_on_failure,
    with_inputs_of,
)
from ensembles._parallel import map_members
from ensembles._rows import row_numbers
from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray, Table
from ensembles._validation import check_n_jobs, invalid_parameter
from ensembles.nets._deep_classifier import DeepEnsembleClassifier

__all__ = ["TemperatureScaledClassifier"]

# Where no class is ever given a probability of zero, or of one, these are far away.
_COLDEST, _HOTTEST = 1e-3, 1e3
# A probability of zero has no logarithm.
_LEAST = np.finfo(np.float64).eps


@final
class TemperatureScaledClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    r"""Classifier whose probabilities are as sure as they are right.

    Nets that have learned their rows by heart are too sure of themselves, and means of
    many nets may be not sure enough. One number, the temperature, mends both on rows
    that were not learned from: probabilities get a power :math:`1 / T`. Labels stay
    what they are. Take it for any classifier with probabilities, on top of a whole
    ensemble rather than of each member. Where probabilities are wrong in more ways than
    by being too sure, scikit-learn's ``CalibratedClassifierCV`` with
    ``method="isotonic"`` mends more, given thousands of rows.

    Parameters
    ----------
    estimator : classifier or None, default=None
        With ``predict_proba``. None is ``DeepEnsembleClassifier()``.
    cv : int, splitter, iterable, "oob", "prefit" or None, default=None
        Rows to find the temperature by. A number of folds, a splitter or folds: the
        estimator is fitted once for each, and then on all rows; None is five folds.
        "oob" fits it once and takes its ``oob_decision_function_``, which costs
        nothing: pass ``oob_score=True`` to it. "prefit" takes an estimator that is
        fitted, and finds the temperature by the rows of `fit`, which should be others
        than it has learned from.
    n_jobs : int or None, default=None
        Workers that fit on folds.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator; the given one for "prefit".
    temperature_ : float
        Above 1 where the estimator is too sure, below where it is not sure enough.
    log_loss_ : float
        Of the held-out rows, before scaling.
    scaled_log_loss_ : float
        Of the same rows, by this temperature.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, or the estimator has no predictions
        out of bag, or other classes.

    See Also
    --------
    DeepEnsembleClassifier : Whose mean is less sure than its members.
    sklearn.calibration.CalibratedClassifierCV : Other ways.

    Notes
    -----
    The power is one of the mean of the members: of members that are each well
    calibrated the mean is not sure enough, so that scaling comes last. By folds the
    estimator is fitted on more rows in the end than those it was scaled by; out of bag
    a row is predicted by some of the members (a third of them with a bootstrap), which
    are a little surer than all. Probabilities below 2e-16 count as that.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural
       networks", ICML, 2017, section 4.2.

    Examples
    --------
    A net that knows its rows by heart:

    >>> from sklearn.datasets import make_moons
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.nets import SnapshotEnsembleClassifier
    >>> from ensembles.nets import TemperatureScaledClassifier
    >>> X, y = make_moons(700, noise=0.4, random_state=0)
    >>> net = SnapshotEnsembleClassifier(n_snapshots=1, max_epochs=150, random_state=0)
    >>> scaled = TemperatureScaledClassifier(net).fit(X[:200], y[:200])
    >>> for model in scaled.estimator_, scaled:
    ...     print(round(log_loss(y[200:], model.predict_proba(X[200:])), 2))
    0.43
    0.37
    >>> scaled.temperature_ > 1
    True
    """

    def __init__(
        self, estimator: Any = None, *, cv: Any = None, n_jobs: int | None = None
    ) -> None:
        self.estimator = estimator
        self.cv = cv
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        return with_inputs_of(self._given(), super().__sklearn_tags__())

    def fit(self, X: Table, y: ArrayLike, *, groups: ArrayLike | None = None) -> Self:
        """Fit the estimator, and find the temperature.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, in any form that the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for splitters that keep groups whole.

        Returns
        -------
        Self
            The fitted classifier.

        Raises
        ------
        InvalidParameterError
            If a parameter is not allowed.
        ValueError
            If there are no predictions of rows that were not learned from.
        """
        check_n_jobs(self, self.n_jobs)
        if not hasattr(self._given(), "predict_proba"):
            allowed = "a classifier with predict_proba or None"
            raise invalid_parameter(self, "estimator", self.estimator, allowed)
        if isinstance(self.cv, str) and self.cv not in ("oob", "prefit"):
            allowed = "an int, a splitter, an iterable, 'oob', 'prefit' or None"
            raise invalid_parameter(self, "cv", self.cv, allowed)
        with state_kept_on_failure(self):
            X, y = check_table_and_target(self, X, y)
            target: Any = column_or_1d(y, warn=True)
            assert_all_finite(target, input_name="y")
            check_classification_targets(target)
            self.classes_ = np.unique(target)
            held_out, at = self._held_out(X, target, groups)
            logs = np.log(np.clip(held_out, _LEAST, None))
            codes = np.searchsorted(self.classes_, target[at])
            self.temperature_ = _temperature_of(logs, codes)
            self.log_loss_ = _log_loss(logs, codes)
            self.scaled_log_loss_ = _log_loss(logs / self.temperature_, codes)
        return self

    def predict_proba(self, X: Table) -> FloatArray:
        """Return scaled probabilities.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        given = self._given_proba(X)
        logs = np.log(np.clip(given, _LEAST, None))
        return np.asarray(softmax(logs / self.temperature_, axis=1))

    def predict(self, X: Table) -> Any:
        """Return the labels that the estimator predicts.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, the same as without scaling.
        """
        check_is_fitted(self)
        return self.estimator_.predict(check_table(self, X))

    def _given(self) -> Any:
        return DeepEnsembleClassifier() if self.estimator is None else self.estimator

    def _given_proba(self, X: Table) -> FloatArray:
        """Probabilities of the estimator."""
        check_is_fitted(self)
        proba = self.estimator_.predict_proba(check_table(self, X))
        return np.asarray(proba, dtype=np.float64)

    def _held_out(self, X: Table, y: Any, groups: Any) -> tuple[FloatArray, IntArray]:
        """Probabilities of rows that were not learned from, and their numbers."""
        if isinstance(self.cv, str) and self.cv == "prefit":
            self.estimator_ = self._given()
            check_is_fitted(self.estimator_)
            proba = self.estimator_.predict_proba(X)
            self._take_classes(y)
            return np.asarray(proba, dtype=np.float64), np.arange(len(y))
        if isinstance(self.cv, str):
            self.estimator_ = clone(self._given()).fit(X, y)
            return self._out_of_bag()
        splitter = check_cv(5 if self.cv is None else self.cv, y, classifier=True)
        folds = [
            (row_numbers(train, len(y)), row_numbers(test, len(y)))
            for train, test in splitter.split(X, y, groups)
        ]
        if not folds:
            raise ValueError(f"cv={self.cv!r} makes no folds.")
        tasks = [(self._given(), X, y, self.classes_, *fold) for fold in folds]
        found = list(map_members(_fold_proba, tasks, n_jobs=self.n_jobs))
        self.estimator_ = clone(self._given()).fit(X, y)
        return np.concatenate(found), np.concatenate([test for _, test in folds])

    def _take_classes(self, y: Any) -> None:
        """Speak of the classes of an estimator that was fitted elsewhere."""
        known = self.estimator_.classes_
        strange = np.setdiff1d(self.classes_, known)
        if len(strange):
            raise ValueError(
                f"y has classes that the estimator was not fitted to: "
                f"{strange.tolist()}. Leave these rows out."
            )
        self.classes_ = np.asarray(known)

    def _out_of_bag(self) -> tuple[FloatArray, IntArray]:
        found = getattr(self.estimator_, "oob_decision_function_", None)
        if found is None:
            raise ValueError(
                f"cv='oob' needs the predictions of {type(self.estimator_).__name__} "
                "out of bag, and it has none. Pass oob_score=True to it, or "
                "cv=5 here."
            )
        proba = np.asarray(found, dtype=np.float64)
        known = np.flatnonzero(np.isfinite(proba).all(axis=1))
        return proba[known], known


def _fold_proba(
    estimator: Estimator, X: Table, y: Any, classes: Any, train: Any, test: Any
) -> FloatArray:
    """Probabilities of the rows of a fold, columns in the order of all classes."""
    fitted = clone(estimator).fit(take_rows(X, train), y[train])
    proba = np.zeros((len(test), len(classes)))
    columns = np.searchsorted(classes, fitted.classes_)
    proba[:, columns] = fitted.predict_proba(take_rows(X, test))
    return proba


def _temperature_of(logs: FloatArray, codes: IntArray) -> float:
    """Where the mean log loss of rows is least."""
    right = logs[np.arange(len(logs)), codes]

    def slope(power: float) -> float:
        shares = softmax(power * logs, axis=1)
        return float(((shares * logs).sum(axis=1) - right).mean())

    lowest, highest = 1.0 / _HOTTEST, 1.0 / _COLDEST
    if slope(lowest) >= 0.0:
        return _HOTTEST
    if slope(highest) <= 0.0:
        return _COLDEST
    return float(1.0 / brentq(slope, lowest, highest, xtol=1e-12, rtol=1e-12))


def _log_loss(logs: FloatArray, codes: IntArray) -> float:
    """Mean log loss of what logits say."""
    return float(-log_softmax(logs, axis=1)[np.arange(len(logs)), codes].mean())
