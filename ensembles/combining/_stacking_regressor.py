"""Stacking for values."""

from __future__ import annotations

from typing import Any, final

from sklearn.base import RegressorMixin, is_regressor
from sklearn.linear_model import RidgeCV
from sklearn.utils.metaestimators import available_if

from ensembles._ensemble._targets import ClassTarget, check_values
from ensembles._typing import Estimator, FloatArray, Table
from ensembles.combining._stacking_base import BaseStacking, final_has

__all__ = ["StackingRegressor"]


@final
class StackingRegressor(RegressorMixin, BaseStacking):
    """Regressors whose values another regressor learns from.

    Use it where good learners of different kinds err in different places, and there are
    rows enough to learn where [1]_. With few rows take
    `ensembles.combining.BlendRegressor`, which learns one weight a member [2]_.

    The final estimator learns from values for rows that members had not learned from:
    of folds of any kind, also such that move forward in time or test a row several
    times. Rows without one are left out. It is scikit-learn's class of the same name,
    and adds targets of several outputs, `refit`, `keep_out_of_fold`, `memory` and
    ``cv="oob"``. A final estimator may itself be a stack, which makes a further layer.

    Parameters
    ----------
    estimators : list of (str, estimator)
        Members by name; ``"drop"`` in place of one leaves it out. A member in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it was fitted before.
    final_estimator : estimator or None, default=None
        A regressor. None means :class:`~sklearn.linear_model.RidgeCV`.
    cv : int, splitter, iterable, "prefit", "oob" or None, default=None
        What leaves rows out: folds as scikit-learn takes them, None being five, or any
        splitter or scheme of this library. "prefit" takes fitted members as they are
        and asks them about all rows, which should be others than they learned from.
        "oob" fits members once and takes what they say of rows out of their bags, for
        bags and forests with ``oob_score=True``.
    n_jobs : int or None, default=None
        Workers. All fits, to folds and to all rows, are one list of tasks.
    passthrough : bool, default=False
        Whether the final estimator sees the columns of X too.
    verbose : int, default=0
        Progress messages of joblib.
    refit : bool, default=True
        Whether members are fitted to all rows for predictions. False keeps those that
        were fitted to folds, and averages them: a fit less for each member, and the
        final estimator sees answers of the kind that it learned from.
    keep_out_of_fold : bool, default=True
        Whether ``out_of_fold_`` is kept.
    memory : str, joblib.Memory or None, default=None
        Where finished fits are kept, so that a fit that was killed goes on where it
        stood.

    Attributes
    ----------
    estimators_ : list of estimators
        Fitted members that are not dropped.
    named_estimators_ : Bunch
        Fitted members by name.
    final_estimator_ : estimator
        The fitted regressor that combines.
    stack_method_ : list of str
        What each member is asked: "predict".
    out_of_fold_ : dict of str to OutOfFold
        What each member said of rows that it had not learned from. Empty unless `cv`
        makes folds.
    n_features_in_ : int
        Number of columns that the first member saw.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, where a member kept them.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if names or members are not as
        described.
    LeakageError
        From `fit`, if a fold tests rows that it trains on.

    See Also
    --------
    StackingClassifier : For classes.
    VotingRegressor : Combines by a rule that is not learned.

    References
    ----------
    .. [1] D. H. Wolpert, "Stacked generalization", Neural Networks 5(2), 241-259, 1992.
    .. [2] L. Breiman, "Stacked regressions", Machine Learning 24(1), 49-64, 1996.

    Examples
    --------
    A series with a trend and a season. Folds move forward in time, which scikit-learn's
    class refuses; the first rows are never predicted and are left out:

    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from ensembles.combining import StackingRegressor
    >>> from ensembles.model_selection import RollingOrigin
    >>> rng = np.random.default_rng(0)
    >>> X = np.arange(200.0)[:, None]
    >>> y = 0.05 * X[:, 0] + np.sin(X[:, 0] / 8) + rng.normal(scale=0.3, size=200)
    >>> members = [("line", LinearRegression()), ("near", KNeighborsRegressor(4))]
    >>> cv = RollingOrigin(None, train_size=40, test_size=5)
    >>> stack = StackingRegressor(members, cv=cv).fit(X, y)
    >>> for name, said in stack.out_of_fold_.items():
    ...     print(name, f"{said.score('neg_mean_absolute_error'):.2f}")
    line -0.76
    near -0.47
    >>> stack.final_estimator_.coef_.round(1)
    array([0. , 0.9])
    """

    _kind = "regressor"

    def __init__(
        self,
        estimators: Any,
        final_estimator: Any = None,
        *,
        cv: Any = None,
        n_jobs: int | None = None,
        passthrough: bool = False,
        verbose: int = 0,
        refit: bool = True,
        keep_out_of_fold: bool = True,
        memory: Any = None,
    ) -> None:
        self.estimators = estimators
        self.final_estimator = final_estimator
        self.cv = cv
        self.n_jobs = n_jobs
        self.passthrough = passthrough
        self.verbose = verbose
        self.refit = refit
        self.keep_out_of_fold = keep_out_of_fold
        self.memory = memory

    def _default_final(self) -> Estimator:
        return RidgeCV()

    def _is_of_kind(self, estimator: Any) -> bool:
        return bool(is_regressor(estimator))

    def _wanted_method(self) -> str:
        return "predict"

    def _encode_target(self, y: Any) -> tuple[ClassTarget | None, Any]:
        return None, check_values(self, y)

    @available_if(final_has("predict"))
    def predict(self, X: Table, **predict_params: Any) -> FloatArray:
        """Predict values.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.
        **predict_params : dict
            Parameters of the final estimator's ``predict``, such as ``return_std``;
            with metadata routing on, those that it requests.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Values, or what else the final estimator was asked for.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        predicted: FloatArray = self._answer("predict", X, predict_params)
        return predicted
