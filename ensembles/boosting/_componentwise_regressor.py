"""Componentwise boosting of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from sklearn.base import RegressorMixin

from ensembles._ensemble._targets import check_one_target
from ensembles._typing import FloatArray, RandomState, Table
from ensembles.boosting._componentwise_base import BaseComponentwiseBooster
from ensembles.boosting._value_losses import VALUE_LOSSES, value_loss_of
from ensembles.losses import Loss

__all__ = ["ComponentwiseBoostingRegressor"]


@final
class ComponentwiseBoostingRegressor(RegressorMixin, BaseComponentwiseBooster):
    """Boosting of values by learners of one feature each: an additive model.

    Each round fits a learner of each feature to what is left, and takes the one that
    fits best: features that help little are never taken. What comes out can be read, a
    slope or a curve for each feature, and it works with many more features than rows.
    Lines are a lasso in all but name, with any loss; splines, and lines beside them,
    find out which effects bend. It knows no interactions: where these matter, take
    :class:`~ensembles.boosting.HistBoostingRegressor`. R users know it as mboost.

    Parameters
    ----------
    base_learners : str, sequence of str or dict, default="linear"
        "linear", "spline" and "stump": the kinds of learners that each feature has. A
        dict has kinds for some features, by position or name. A spline beside a line of
        the same feature holds what the line does not, and has one degree of freedom, so
        that a feature bends only where that is worth it.
    loss : str or Loss, default="squared_error"
        "squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma",
        "tweedie", or a :class:`~ensembles.losses.Loss`. "poisson", "gamma" and
        "tweedie" predict by the exponential, and take y >= 0, y > 0 and y >= 0.
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
    quantile : float or None, default=None
        Which quantile `loss="quantile"` predicts, between 0 and 1.
    alpha : float, default=0.9
        Quantile of the sizes of residuals beyond which `loss="huber"` is linear.
    power : float, default=1.5
        Power of the mean that the variance is proportional to for `loss="tweedie"`.
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
    n_estimators_ : int
        Number of rounds that predict.
    base_learners_ : list of tuple
        Kind and feature of each learner.
    selected_ : ndarray of shape (n_rounds, 1)
        Number of the learner that each round took, -1 for none.
    coef_ : ndarray of shape (n_features,)
        Slopes of lines; zero for features that none was taken of.
    intercept_ : float
        Raw prediction where all lines are at zero.
    coef_path_ : ndarray of shape (n_rounds + 1, n_features)
        Slopes before the first round and after each.
    initial_value_ : ndarray of shape (1,)
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
        From `fit`, if targets are outside the range of the loss, a feature of
        `base_learners` is not known, or no row is left on a side of a split.

    See Also
    --------
    ComponentwiseBoostingClassifier : The same for classes.
    HistBoostingRegressor : Trees, that know interactions.

    Notes
    -----
    Gradients are divided by the mean hessian, and steps that would raise the loss are
    halved, so that counts of any size can be boosted; where the loss has no bend, as
    absolute errors, a search along the step says how far to go.

    The penalty of a spline is on second differences of the coefficients of cubic
    B-splines with knots at equal distances; beyond the values learned from it goes on
    as a straight line.

    References
    ----------
    .. [1] P. Bühlmann, T. Hothorn, "Boosting algorithms: regularization, prediction and
       model fitting", Statistical Science 22(4), 2007, sections 3 to 5.
    .. [2] T. Kneib, T. Hothorn, G. Tutz, "Variable selection and model choice in
       geoadditive regression models", Biometrics 65(2), 2009, section 3, of splines
       beside lines.

    Examples
    --------
    Ten features, of which three have an effect, and one of these bends:

    >>> import numpy as np
    >>> from ensembles import ComponentwiseBoostingRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-2.0, 2.0, size=(400, 10))
    >>> y = X[:, 0] - 2.0 * X[:, 1] + np.sin(2.0 * X[:, 2]) + 0.5 * rng.normal(size=400)
    >>> booster = ComponentwiseBoostingRegressor(("linear", "spline")).fit(X, y)
    >>> booster.feature_importances_.round(2)
    array([0.18, 0.75, 0.07, 0.  , 0.  , 0.  , 0.  , 0.  , 0.  , 0.  ])
    >>> [booster.base_learners_[i] for i in np.unique(booster.selected_)]
    [('linear', 0), ('linear', 1), ('linear', 2), ('spline', 2)]

    Fewer rounds take fewer features, and there is a way back:

    >>> booster.set_n_rounds(5).coef_.round(2)[:4]
    array([ 0.  , -0.81,  0.  ,  0.  ])
    """

    _losses = VALUE_LOSSES

    def __init__(
        self,
        base_learners: Any = "linear",
        *,
        loss: str | Loss = "squared_error",
        learning_rate: float = 0.1,
        n_estimators: int = 100,
        df: float = 4.0,
        n_knots: int = 20,
        max_bins: int = 255,
        quantile: float | None = None,
        alpha: float = 0.9,
        power: float = 1.5,
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
        self.quantile = quantile
        self.alpha = alpha
        self.power = power

    @property
    def coef_(self) -> FloatArray:
        """Slopes of lines."""
        return np.asarray(self._last_slopes()[0])

    @property
    def intercept_(self) -> float:
        """Raw prediction where all lines are at zero."""
        return float(self._constants()[0])

    @property
    def coef_path_(self) -> FloatArray:
        """Slopes of lines before the first round and after each."""
        return self._slopes()[:, 0]

    def predict(self, X: Table) -> FloatArray:
        """Predict values.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Values.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        raw = self._raw_predict(X)[:, 0]
        return np.asarray(self._loss.prediction(raw))

    def staged_predict(self, X: Table) -> Iterator[FloatArray]:
        """Predict values after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,)
            Values; the last are those of `predict`, but for rounding.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield np.asarray(self._loss.prediction(raw[:, 0]))

    def predict_parts(self, X: Table) -> FloatArray:
        """What each feature adds to raw predictions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Effects, whose means over training rows are zero: drawn over a feature, its
            column is the curve that the booster has found.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._raw_parts(X)[:, 0]

    def _checked_target(self, y: Any) -> FloatArray:
        return check_one_target(self, y)

    def _known(self) -> None:
        return None

    def _encode(self, y: Any, weights: Any, known: Any) -> tuple[Any, FloatArray]:
        return None, y

    def _labels(self, y: FloatArray) -> None:
        return None

    def _keep(self, known: Any) -> None:
        """Nothing is known of values."""

    def _loss_of(self, known: Any) -> Loss:
        return value_loss_of(self)
