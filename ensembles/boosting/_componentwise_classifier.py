"""Componentwise boosting of classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

from sklearn.base import ClassifierMixin

from ensembles._ensemble._class_losses import (
    class_codes,
    class_loss_of,
    flat,
    likeliest,
    probabilities,
)
from ensembles._ensemble._targets import check_labels
from ensembles._typing import FloatArray, RandomState, Table
from ensembles.boosting._componentwise_base import BaseComponentwiseBooster
from ensembles.losses import Loss

__all__ = ["ComponentwiseBoostingClassifier"]


@final
class ComponentwiseBoostingClassifier(ClassifierMixin, BaseComponentwiseBooster):
    """Boosting of classes by learners of one feature each: an additive model.

    Each round fits a learner of each feature to what is left, and takes the one that
    fits best: features that help little are never taken. What comes out can be read, a
    slope or a curve of log odds for each feature, and it works with many more features
    than rows. It knows no interactions: where these matter, take
    :class:`~ensembles.boosting.HistBoostingClassifier`. R users know it as mboost.

    Parameters
    ----------
    base_learners : str, sequence of str or dict, default="linear"
        "linear", "spline" and "stump": the kinds of learners that each feature has. A
        dict has kinds for some features, by position or name. A spline beside a line of
        the same feature holds what the line does not, and has one degree of freedom, so
        that a feature bends only where that is worth it.
    loss : str or Loss, default="log_loss"
        "log_loss", "exponential" for two classes, or a :class:`~ensembles.losses.Loss`.
        Of several classes, each round takes a learner for each.
    learning_rate : float, default=0.1
        What each step is multiplied by, in (0, 1].
    n_estimators : int, default=100
        Number of rounds, at most: what matters most. Few rounds take few features and
        draw their effects to zero.
    df : float, default=4.0
        Degrees of freedom of a spline that has no line beside it, above 2, its constant
        included.
    n_knots : int, default=20
        Knots of splines between the least and the largest value.
    max_bins : int, default=255
        Bins of a feature that stumps look for a cut in, 2 to 255.
    early_stopping : bool, float, int, tuple or splitter, default=False
        Which rows tell when to stop: a share of the rows, a number of them, a pair
        ``(X_val, y_val)``, or the last split of a splitter, for rows in time the
        latest. True sets `validation_fraction` of them aside. Where there are some, the
        rounds up to the best for them predict.
    validation_fraction : float or int, default=0.1
        Share or number of rows that ``early_stopping=True`` sets aside.
    n_iter_no_change : int, default=10
        Rounds without a better score after which to stop.
    tol : float, default=1e-07
        What a score must rise by to be better.
    warm_start : bool, default=False
        Whether another `fit` on the same rows adds rounds up to `n_estimators`.
    verbose : int, default=0
        1 and more write a line for each round.
    random_state : int, RandomState instance or None, default=None
        Of rows set aside.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels of the classes.
    n_estimators_ : int
        Number of rounds that predict.
    base_learners_ : list of tuple
        Kind and feature of each learner.
    selected_ : ndarray of shape (n_rounds, n_raw)
        Number of the learner that each round took, -1 for none.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Slopes of lines; zero for features that none was taken of.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Raw predictions where all lines are at zero.
    coef_path_ : ndarray of shape (n_rounds + 1, 1, n_features) or (n_rounds + 1, \
n_classes, n_features)
        Slopes before the first round and after each.
    initial_value_ : ndarray of shape (n_raw,)
        Raw predictions before the first round.
    feature_importances_ : ndarray of shape (n_features,)
        What rounds took off the sum of squares of gradients by each feature, as a
        share.
    train_score_ : ndarray of shape (n_rounds + 1,)
        Minus the loss of training rows, before the first round and after each.
    validation_score_ : ndarray of shape (n_rounds + 1,)
        The same of rows set aside; empty where there are none.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if there is but one class, a feature of `base_learners` is not
        known, or no row is left on a side of a split.

    See Also
    --------
    ComponentwiseBoostingRegressor : The same for values.
    HistBoostingClassifier : Trees, that know interactions.

    Notes
    -----
    Gradients are divided by the mean hessian, and steps that would raise the loss are
    halved. Steps of two classes are those of log odds; mboost has half of these.

    References
    ----------
    .. [1] P. Bühlmann, T. Hothorn, "Boosting algorithms: regularization, prediction and
       model fitting", Statistical Science 22(4), 2007, sections 3 to 5.
    .. [2] T. Kneib, T. Hothorn, G. Tutz, "Variable selection and model choice in
       geoadditive regression models", Biometrics 65(2), 2009, section 3, of splines
       beside lines.

    Examples
    --------
    A hundred features and eighty rows; two features have an effect.

    >>> import numpy as np
    >>> from ensembles import ComponentwiseBoostingClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 100))
    >>> y = np.where(X[:, 3] - X[:, 7] + 0.3 * rng.normal(size=80) > 0.0, "yes", "no")
    >>> booster = ComponentwiseBoostingClassifier(n_estimators=15).fit(X, y)
    >>> np.flatnonzero(booster.coef_)
    array([3, 7])
    >>> booster.predict_proba(X[:2]).round(2)
    array([[0.62, 0.38],
           [0.81, 0.19]])
    """

    _losses = ("exponential", "log_loss")
    classes_: Any

    def __init__(
        self,
        base_learners: Any = "linear",
        *,
        loss: str | Loss = "log_loss",
        learning_rate: float = 0.1,
        n_estimators: int = 100,
        df: float = 4.0,
        n_knots: int = 20,
        max_bins: int = 255,
        early_stopping: Any = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-7,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: RandomState = None,
    ) -> None:
        super().__init__(
            base_learners,
            loss=loss,
            learning_rate=learning_rate,
            n_estimators=n_estimators,
            df=df,
            n_knots=n_knots,
            max_bins=max_bins,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            warm_start=warm_start,
            verbose=verbose,
            random_state=random_state,
        )

    @property
    def coef_(self) -> FloatArray:
        """Slopes of lines."""
        return self._last_slopes()

    @property
    def intercept_(self) -> FloatArray:
        """Raw predictions where all lines are at zero."""
        return self._constants()

    @property
    def coef_path_(self) -> FloatArray:
        """Slopes of lines before the first round and after each."""
        return self._slopes()

    def predict(self, X: Table) -> Any:
        """Predict classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._likeliest(self._raw_predict(X))

    def predict_proba(self, X: Table) -> FloatArray:
        """Predict probabilities of classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._probabilities(self._raw_predict(X))

    def decision_function(self, X: Table) -> FloatArray:
        """Raw predictions, the sums of steps.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Log odds of the second of two classes; of several, logs of probabilities up
            to a constant.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return flat(self._raw_predict(X))

    def staged_predict(self, X: Table) -> Iterator[Any]:
        """Predict classes after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,)
            Labels; the last are those of `predict`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield self._likeliest(raw)

    def staged_predict_proba(self, X: Table) -> Iterator[FloatArray]:
        """Predict probabilities of classes after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples, n_classes)
            Probabilities; the last are those of `predict_proba`, but for rounding.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield self._probabilities(raw)

    def predict_parts(self, X: Table) -> FloatArray:
        """What each feature adds to raw predictions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_features) or (n_samples, n_classes, n_features)
            Effects, whose means over training rows are zero: drawn over a feature, its
            column is the curve that the booster has found.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        parts = self._raw_parts(X)
        return parts[:, 0] if parts.shape[1] == 1 else parts

    def _likeliest(self, raw: FloatArray) -> Any:
        """Labels of the largest raw predictions."""
        return self.classes_[likeliest(self._loss, raw)]

    def _probabilities(self, raw: FloatArray) -> FloatArray:
        """Probabilities of all classes."""
        return probabilities(self._loss, raw)

    def _checked_target(self, y: Any) -> Any:
        return check_labels(self, y)

    def _known(self) -> Any:
        return self.classes_

    def _encode(self, y: Any, weights: Any, known: Any) -> tuple[Any, FloatArray]:
        return class_codes(y, weights, known)

    def _labels(self, y: FloatArray) -> FloatArray:
        return y

    def _keep(self, known: Any) -> None:
        self.classes_ = known

    def _loss_of(self, known: Any) -> Loss:
        return class_loss_of(self.loss, len(known))
