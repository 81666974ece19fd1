"""The two selecting ensembles: what differs between classes and values."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from ensembles._typing import FloatArray
from ensembles.combining._objectives import Objective
from ensembles.combining._selection_base import BaseSelection
from ensembles.combining._selection_score import (
    objective_of_classes,
    objective_of_values,
)
from ensembles.combining._weighted import (
    BaseWeightedClassifier,
    BaseWeightedRegressor,
)

__all__ = ["SelectionClassifier", "SelectionRegressor"]


@final
class SelectionClassifier(BaseSelection, BaseWeightedClassifier):
    """Classifiers taken from a long list, one by one, as often as it helps.

    Use it for a library of models, such as all that a search has tried: an ensemble
    grows by the member with which its mean probabilities score best on rows that
    members had not learned from, and the best of the ensembles on the way is kept
    [1]_. A member that is taken again has more weight. Any score will do; the log loss
    and the Brier score cost hundreds of times less than others. With few rows to choose
    by, grow several ensembles from random shares of the members (`n_bags`).

    Parameters
    ----------
    estimators : list of (str, estimator)
        Members by name; ``"drop"`` in place of one leaves it out. One without
        probabilities gives one to the class that it predicts. A member in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it was fitted before.
    n_rounds : int, default=50
        Members taken, repetitions counted.
    scoring : str, callable or None, default=None
        Name of a score, a scorer of :func:`~sklearn.metrics.make_scorer`, or a
        ``metric(y_true, probabilities)``, of which more is better. None is the log
        loss, less than zero.
    replacement : bool, default=True
        Whether a member may be taken again.
    n_start : int, default=0
        Members to begin with: the best ones by themselves.
    n_bags : int, default=1
        Ensembles that are grown, each from a random share of the members, and averaged.
        One is grown from all members.
    bag_share : float, default=0.5
        Share of the members that each of several ensembles is grown from.
    costs : array-like of shape (n_estimators,) or None, default=None
        What each of `estimators` costs, such as its time to predict. It is paid once,
        however often the member is taken, by each ensemble.
    cost_budget : float or None, default=None
        What the members of an ensemble may cost in all.
    cv : int, splitter, iterable, "prefit", "oob" or None, default=None
        What leaves rows out: folds as scikit-learn takes them, None being five
        stratified ones, or any splitter or scheme of this library. "prefit" takes
        fitted members as they are and asks them about all rows, which should be others
        than they learned from. "oob" fits members once and takes what they say of rows
        out of their bags, for bags and forests with ``oob_score=True``.
    n_jobs : int or None, default=None
        Workers of fit and predict.
    random_state : int, RandomState instance or None, default=None
        Of the shares of several bags.
    verbose : int, default=0
        Progress messages of joblib.
    refit : bool, default=True
        Whether members that were taken are fitted to all rows for predictions. False
        keeps those that were fitted to folds, and averages them.
    keep_out_of_fold : bool, default=True
        Whether ``out_of_fold_`` is kept.
    memory : str, joblib.Memory or None, default=None
        Where finished fits are kept, so that a fit that was killed goes on where it
        stood.

    Attributes
    ----------
    weights_ : ndarray of shape (n_members,)
        Weight of each member that is not dropped, in the order of `estimators`; they
        sum to one.
    trajectory_ : SelectionTrajectory
        Members in the order in which they were taken, and scores on the way.
    member_scores_ : ndarray of shape (n_members,)
        Score of each member by itself.
    estimators_ : list of estimators
        Fitted members that have a weight. They learned codes: positions in
        ``classes_``.
    named_estimators_ : Bunch
        Fitted members by name; "drop" for those without a weight.
    out_of_fold_ : dict of str to OutOfFold
        What each member said of rows that it had not learned from, with labels in
        codes. Empty unless `cv` makes folds.
    classes_ : ndarray of shape (n_classes,) or list of ndarrays
        Labels, of each output where there are several.
    n_features_in_ : int
        Number of columns that the first fitted member saw.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, where a member kept them.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if names, members or costs are not as
        described.
    LeakageError
        From `fit`, if a fold tests rows that it trains on.

    See Also
    --------
    SelectionRegressor : For values.
    BlendClassifier : Weights of the least loss, for few members.

    References
    ----------
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from
       libraries of models", Proceedings of the 21st International Conference on Machine
       Learning, 2004.

    Examples
    --------
    Of trees of all depths and neighbours of all numbers, a few do, and are better
    than the best of them:

    >>> from sklearn.datasets import make_classification
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from ensembles.combining import SelectionClassifier
    >>> X, y = make_classification(500, n_informative=5, random_state=0)
    >>> library = [
    ...     (f"depth {d}", DecisionTreeClassifier(max_depth=d, random_state=0))
    ...     for d in range(1, 9)
    ... ] + [(f"near {k}", KNeighborsClassifier(k)) for k in range(5, 50, 5)]
    >>> chosen = SelectionClassifier(library).fit(X, y)
    >>> print(len(library), len(chosen))
    17 6
    >>> print(f"{chosen.member_scores_.max():.2f} {chosen.trajectory_.score.max():.2f}")
    -0.35 -0.31
    """

    def _default_classes(self) -> Any:
        return np.arange(2)

    def _objective(
        self, said: list[Any], y: Any, row_weights: FloatArray | None
    ) -> Objective:
        name = type(self).__name__
        return objective_of_classes(
            name, self.scoring, said, y, row_weights, self._classes
        )


@final
class SelectionRegressor(BaseSelection, BaseWeightedRegressor):
    """Regressors taken from a long list, one by one, as often as it helps.

    Use it for a library of models, such as all that a search has tried: an ensemble
    grows by the member with which its mean scores best on rows that members had not
    learned from, and the best of the ensembles on the way is kept [1]_. A member that
    is taken again has more weight. Any score will do; squared errors cost hundreds of
    times less than others. With few rows to choose by, grow several ensembles from
    random shares of the members (`n_bags`).

    Parameters
    ----------
    estimators : list of (str, estimator)
        Members by name; ``"drop"`` in place of one leaves it out. A member in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it was fitted before.
    n_rounds : int, default=50
        Members taken, repetitions counted.
    scoring : str, callable or None, default=None
        Name of a score, a scorer of :func:`~sklearn.metrics.make_scorer`, or a
        ``metric(y_true, y_pred)``, of which more is better. None is the mean squared
        error, less than zero.
    replacement : bool, default=True
        Whether a member may be taken again.
    n_start : int, default=0
        Members to begin with: the best ones by themselves.
    n_bags : int, default=1
        Ensembles that are grown, each from a random share of the members, and averaged.
        One is grown from all members.
    bag_share : float, default=0.5
        Share of the members that each of several ensembles is grown from.
    costs : array-like of shape (n_estimators,) or None, default=None
        What each of `estimators` costs, such as its time to predict. It is paid once,
        however often the member is taken, by each ensemble.
    cost_budget : float or None, default=None
        What the members of an ensemble may cost in all.
    cv : int, splitter, iterable, "prefit", "oob" or None, default=None
        What leaves rows out: folds as scikit-learn takes them, None being five, or any
        splitter or scheme of this library. "prefit" takes fitted members as they are
        and asks them about all rows, which should be others than they learned from.
        "oob" fits members once and takes what they say of rows out of their bags, for
        bags and forests with ``oob_score=True``.
    n_jobs : int or None, default=None
        Workers of fit and predict.
    random_state : int, RandomState instance or None, default=None
        Of the shares of several bags.
    verbose : int, default=0
        Progress messages of joblib.
    refit : bool, default=True
        Whether members that were taken are fitted to all rows for predictions. False
        keeps those that were fitted to folds, and averages them.
    keep_out_of_fold : bool, default=True
        Whether ``out_of_fold_`` is kept.
    memory : str, joblib.Memory or None, default=None
        Where finished fits are kept, so that a fit that was killed goes on where it
        stood.

    Attributes
    ----------
    weights_ : ndarray of shape (n_members,)
        Weight of each member that is not dropped, in the order of `estimators`; they
        sum to one.
    trajectory_ : SelectionTrajectory
        Members in the order in which they were taken, and scores on the way.
    member_scores_ : ndarray of shape (n_members,)
        Score of each member by itself.
    estimators_ : list of estimators
        Fitted members that have a weight.
    named_estimators_ : Bunch
        Fitted members by name; "drop" for those without a weight.
    out_of_fold_ : dict of str to OutOfFold
        What each member said of rows that it had not learned from. Empty unless `cv`
        makes folds.
    n_features_in_ : int
        Number of columns that the first fitted member saw.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, where a member kept them.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if names, members or costs are not as
        described.
    LeakageError
        From `fit`, if a fold tests rows that it trains on.

    See Also
    --------
    SelectionClassifier : For classes.
    BlendRegressor : Weights of the least loss, for few members.

    References
    ----------
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from
       libraries of models", Proceedings of the 21st International Conference on Machine
       Learning, 2004.

    Examples
    --------
    Ridges and trees of the diabetes data, where a tree costs as much as ten ridges,
    and the budget pays for one of them:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from ensembles.combining import SelectionRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> library = [(f"ridge {a}", Ridge(a)) for a in (0.01, 0.1, 1.0)] + [
    ...     (f"depth {d}", DecisionTreeRegressor(max_depth=d, random_state=0))
    ...     for d in (1, 2, 3, 4)
    ... ]
    >>> costs = [1, 1, 1, 10, 10, 10, 10]
    >>> chosen = SelectionRegressor(library, costs=costs, cost_budget=12).fit(X, y)
    >>> weights = zip(dict(library), chosen.weights_, strict=True)
    >>> print({name: round(float(weight), 2) for name, weight in weights if weight})
    {'ridge 0.01': 0.88, 'ridge 0.1': 0.04, 'depth 2': 0.08}
    """

    def _default_classes(self) -> Any:
        return None

    def _objective(
        self, said: list[Any], y: Any, row_weights: FloatArray | None
    ) -> Objective:
        return objective_of_values(
            type(self).__name__, self.scoring, said, y, row_weights
        )
