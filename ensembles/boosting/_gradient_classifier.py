"""Gradient boosting of learners of any kind, for classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from sklearn.base import ClassifierMixin

from ensembles._ensemble._class_losses import (
    class_codes,
    class_loss_of,
    flat,
    probabilities,
)
from ensembles._ensemble._targets import check_labels
from ensembles._typing import FloatArray, RandomState, Table
from ensembles.boosting._gradient_base import BaseGradientBooster
from ensembles.losses import Loss

__all__ = ["GradientBoostingClassifier"]


@final
class GradientBoostingClassifier(ClassifierMixin, BaseGradientBooster):
    """Gradient boosting of any regressor, for classes.

    Use it where trees are not what fits the data: splines, kernels, nearest neighbours,
    nets, anything with `fit` and `predict` is boosted for log loss, and gives
    probabilities. For trees alone :class:`HistBoostingClassifier` is far faster and as
    accurate. It takes the place of
    :class:`sklearn.ensemble.GradientBoostingClassifier`.

    Parameters
    ----------
    loss : str or Loss, default="log_loss"
        What is to fall: "log_loss"; "exponential", for two classes, which AdaBoost
        makes small; or an object of :mod:`ensembles.losses`, yours included.
    learning_rate : float, default=0.1
        What steps are multiplied by. Smaller values need more rounds and are often more
        accurate.
    n_estimators : int, default=100
        Largest number of rounds.
    subsample : float, default=1.0
        Share of the rows that each round learns from, drawn without replacement. The
        others then tell how much each round has brought (``oob_improvement_``).
    min_samples_split : int or float, default=2
        As of :class:`~sklearn.tree.DecisionTreeRegressor`, which is fitted where
        `estimator` is None, as are the next four, `max_leaf_nodes` and `ccp_alpha`.
    min_samples_leaf : int or float, default=1
        Least rows of a leaf.
    min_weight_fraction_leaf : float, default=0.0
        Least share of the weight in a leaf.
    max_depth : int or None, default=3
        Length of the longest path of a tree.
    min_impurity_decrease : float, default=0.0
        What a split has to gain.
    init : estimator, "zero" or None, default=None
        What boosting starts from: a classifier, zero, or, with
        None, a constant: the share of each class, the mean, the median or the quantile,
        or the `initial_value` of a loss of your own.
    random_state : int, RandomState instance or None, default=None
        Of learners that have a ``random_state``, of rows and columns that are drawn, of
        rounds that are dropped, and of rows set aside.
    max_features : int, float, {"sqrt", "log2"} or None, default=None
        Features that trees try at each split; where there is an `estimator`, those that
        each learner sees, drawn anew for it.
    verbose : int, default=0
        Whether to write a line on some rounds (1) or on each (2).
    max_leaf_nodes : int or None, default=None
        Most leaves of a tree.
    warm_start : bool, default=False
        Whether another `fit` on the same rows adds rounds up to `n_estimators`.
    validation_fraction : float, default=0.1
        Share of the rows that is set aside, where `n_iter_no_change` is an int.
    n_iter_no_change : int or None, default=None
        Rounds without gain on rows set aside after which boosting stops. None stops
        nowhere, or after 10 where there is `early_stopping`.
    tol : float, default=0.0001
        What counts as gain.
    ccp_alpha : float, default=0.0
        What trees are pruned by.
    criterion : str, default="deprecated"
        Without effect, as in scikit-learn.
    estimator : estimator or None, default=None
        Regressor that is fitted in each round. None is scikit-learn's tree.
    update : {"gradient", "newton", "hybrid"}, default="gradient"
        What learners are fitted to: negative gradients; Newton steps, with hessians as
        weights of rows; or negative gradients, of which then one Newton step is taken,
        in each leaf or along all answers [2]_.
    line_search : {"auto", "leaf", "global"} or None, default="auto"
        How far to go along what a learner answers. "leaf" takes what is best in each
        leaf of a tree, "global" the length of which the loss is least, None the answer
        as it is. "auto" is "leaf" for trees and "global" for others; answers to squared
        errors and to Newton steps stay as they are.
    dropout : float, default=0.0
        Probability that a round before is left out while the next is fitted, one of
        them at least where it is not zero [3]_. So late rounds do not just mend a few
        rows. Training then keeps the answers of all rounds for all rows.
    resample : bool or scheme, default=False
        How weights of rows reach learners, where there are any, by ``sample_weight`` or
        ``update="newton"``: as such, or, if true, by drawing rows with these as
        probabilities, for learners that take no weights. A scheme of
        :mod:`ensembles.resampling` draws the rows of each learner.
    early_stopping : float, int, (X_val, y_val), splitter, "oob" or None, default=None
        Rows that tell when to stop: a share or a number of those in `fit`, rows of your
        own, or the test rows of the last split of a splitter, which for rows in time
        should be one that knows of time. "oob" takes those that `subsample` leaves out
        of each round, and costs no row. None is `validation_fraction` where
        `n_iter_no_change` is an int.
    n_jobs : int or None, default=None
        Workers that share the learners of a round, of which there is one for each class
        with more than two. No number depends on it.

    Attributes
    ----------
    estimators_ : ndarray of shape (n_rounds, n_learners)
        Fitted learners.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_classes_ : int
        Number of labels.
    init_ : estimator or "zero"
        What boosting started from.
    train_score_ : ndarray of shape (n_rounds,)
        Loss of the rows that each round learned from, after it; twice the loss where
        scikit-learn's is, of squared error and of two classes.
    oob_scores_ : ndarray of shape (n_rounds,)
        Loss of the rows that a round did not learn from. Only for ``subsample`` below
        one.
    oob_improvement_ : ndarray of shape (n_rounds,)
        How much lower that is than for the round before.
    oob_score_ : float
        The last of `oob_scores_`.
    feature_importances_ : ndarray of shape (n_features,)
        Mean of the learners' importances.
    n_estimators_ : int
        Number of rounds.
    n_trees_per_iteration_ : int
        Learners of a round.
    max_features_ : int
        What `max_features` stands for.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if data and parameters contradict one another, or a learner predicts
        what is no number.

    See Also
    --------
    GradientBoostingRegressor : The same for values.
    HistBoostingClassifier : Trees on values binned once.
    AdaBoostClassifier : Learners that are classifiers themselves.

    Notes
    -----
    With trees and the parameters of scikit-learn's class, rounds are those of that
    class, out-of-bag rows included; where several splits gain the same, trees may take
    another.

    Of other learners, answers to gradients are taken as they are for squared errors:
    one round with a learning rate of one is the learner itself, fitted to what the
    start leaves. Newton steps that would raise the loss are halved until they do not,
    but for those in leaves for the losses that scikit-learn has. With more than two
    classes, lengths are searched for each class as if the others stayed where they
    are. :class:`HistBoostingClassifier` is many times as fast for trees.

    References
    ----------
    .. [1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine",
       Annals of Statistics 29(5), 1189-1232, 2001, algorithms 1 to 6.
    .. [2] F. Sigrist, "Gradient and Newton boosting for classification and regression",
       Expert Systems with Applications 167, 114080, 2021, section 2.
    .. [3] K. V. Rashmi & R. Gilad-Bachrach, "DART: dropouts meet multiple additive
       regression trees", AISTATS 2015, algorithm 1.

    Examples
    --------
    Nearest neighbours tell a class by rows alike in all features; boosted, each of
    them sees three of ten:

    >>> from sklearn.datasets import make_hastie_10_2
    >>> from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    >>> from ensembles.boosting import GradientBoostingClassifier
    >>> X, y = make_hastie_10_2(3000, random_state=0)
    >>> X, X_test, y, y_test = X[:1000], X[1000:], y[:1000], y[1000:]
    >>> booster = GradientBoostingClassifier(
    ...     estimator=KNeighborsRegressor(30), max_features=3, random_state=0
    ... )
    >>> for model in KNeighborsClassifier(30), booster:
    ...     print(f"{model.fit(X, y).score(X_test, y_test):.2f}")
    0.53
    0.89
    """

    _losses = ("exponential", "log_loss")
    _init_method = "predict_proba"

    def __init__(
        self,
        *,
        loss: Any = "log_loss",
        learning_rate: float = 0.1,
        n_estimators: int = 100,
        subsample: float = 1.0,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_depth: int | None = 3,
        min_impurity_decrease: float = 0.0,
        init: Any = None,
        random_state: RandomState = None,
        max_features: Any = None,
        verbose: int = 0,
        max_leaf_nodes: int | None = None,
        warm_start: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | None = None,
        tol: float = 1e-4,
        ccp_alpha: float = 0.0,
        criterion: str = "deprecated",
        estimator: Any = None,
        update: str = "gradient",
        line_search: str | None = "auto",
        dropout: float = 0.0,
        resample: Any = False,
        early_stopping: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            loss=loss,
            learning_rate=learning_rate,
            n_estimators=n_estimators,
            subsample=subsample,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_depth=max_depth,
            min_impurity_decrease=min_impurity_decrease,
            init=init,
            random_state=random_state,
            max_features=max_features,
            verbose=verbose,
            max_leaf_nodes=max_leaf_nodes,
            warm_start=warm_start,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            ccp_alpha=ccp_alpha,
            criterion=criterion,
            estimator=estimator,
            update=update,
            line_search=line_search,
            dropout=dropout,
            resample=resample,
            early_stopping=early_stopping,
            n_jobs=n_jobs,
        )

    def predict(self, X: Table) -> Any:
        """Predict the likeliest class.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels; of equally likely ones, the first.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        raw = self._raw_predict(X)
        return self._likeliest(raw)

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
        raw = self._raw_predict(X)
        return self._probabilities(raw)

    def predict_log_proba(self, X: Table) -> FloatArray:
        """Predict logarithms of probabilities of classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Log-probabilities in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        shares = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(shares)

    def decision_function(self, X: Table) -> FloatArray:
        """Raw predictions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes the log-odds of the second, or half of them for
            ``loss="exponential"``; of more, logarithms of probabilities up to a
            constant.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        raw = self._raw_predict(X)
        return flat(raw)

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
            Probabilities; the last are those of `predict_proba`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield self._probabilities(raw)

    def staged_decision_function(self, X: Table) -> Iterator[FloatArray]:
        """Raw predictions after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples, 1) or (n_samples, n_classes)
            As `decision_function`, with an axis for outputs.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        yield from self._staged_raw_predict(X)

    def predict_members(self, X: Table) -> FloatArray:
        """What the learners of each round add to raw predictions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_classes)
            Steps. Raw predictions are their sum and what boosting started from.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        steps = self._steps(X)
        return steps[:, :, 0] if steps.shape[2] == 1 else steps

    def apply(self, X: Table) -> Any:
        """Number of the leaf that each row falls into, in each tree.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_rounds, n_learners)
            Numbers.

        Raises
        ------
        AttributeError
            If learners are no trees.
        """
        return self._leaves(X)

    def _likeliest(self, raw: FloatArray) -> Any:
        """Labels of the largest raw predictions."""
        if raw.shape[1] == 1:
            return self.classes_[(raw[:, 0] >= 0.0).astype(np.intp)]
        return self.classes_[raw.argmax(axis=1)]

    def _probabilities(self, raw: FloatArray) -> FloatArray:
        """Probabilities of all classes."""
        return probabilities(self._loss, raw)

    def _checked_target(self, y: Any) -> Any:
        return check_labels(self, y)

    def _encode(
        self, y: Any, weights: Any, *, goes_on: bool = False, known: Any = None
    ) -> tuple[Any, FloatArray]:
        return class_codes(y, weights, self.classes_ if goes_on else known)

    def _labels(self, y: FloatArray) -> FloatArray:
        return y

    def _keep(self, known: Any) -> None:
        self.classes_, self.n_classes_ = known, len(known)
        self.n_trees_per_iteration_ = 1 if len(known) == 2 else len(known)

    def _loss_of(self, known: Any) -> Loss:
        return class_loss_of(self.loss, len(known))
