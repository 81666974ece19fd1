"""AdaBoost for values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self, final

import numpy as np
from sklearn.base import RegressorMixin, is_classifier
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted

from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._data import (
    check_table,
    check_table_and_target,
    state_kept_on_failure,
    with_inputs_of,
)
from ensembles._ensemble._targets import check_one_target
from ensembles._random import random_generator
from ensembles._typing import ArrayLike, Estimator, FloatArray, RandomState, Table
from ensembles._validation import (
    check_choice,
    check_count,
    check_sample_weight,
    invalid_parameter,
    is_positive,
    n_rows_of,
)
from ensembles.boosting._ada_params import check_common_params
from ensembles.boosting._ada_rules import ErrorRule, RelativeErrors, ScaledErrors
from ensembles.boosting._ada_values import ValuePlan, boost_values
from ensembles.boosting._handing import groups_without_scheme, handing_for
from ensembles.boosting._medians import staged_medians, weighted_median
from ensembles.boosting._no_help import NoHelp
from ensembles.boosting._samples import Sample, used_rows

__all__ = ["AdaBoostRegressor"]


@final
class AdaBoostRegressor(RegressorMixin, BaseEnsemble):
    """AdaBoost for values: members that are fitted to what those before missed most.

    Use it where a few trees shall do, or a learner of your own shall be made better and
    nothing be tuned. Rows that are far off get ever more weight, outliers among them:
    where there are some, take :class:`HistBoostingRegressor` with
    ``loss="absolute_error"`` or ``"huber"``, which is also the more accurate one as a
    rule. It takes the place of :class:`sklearn.ensemble.AdaBoostRegressor`.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Regressor. None is a :class:`~sklearn.tree.DecisionTreeRegressor` of depth
        three.
    n_estimators : int, default=50
        Largest number of members. There are fewer if one makes no error, or is no
        better than chance.
    learning_rate : float, default=1.0
        What the weight of each member is multiplied by. Smaller values need more
        members.
    loss : {"linear", "square", "exponential"}, default="linear"
        What errors count, as shares of the largest one. Of ``algorithm="r2"``.
    random_state : int, RandomState instance or None, default=None
        Of the rows that are drawn, and of members that have a ``random_state``.
    algorithm : {"r2", "rt"}, default="r2"
        How errors are judged. AdaBoost.R2 [1]_ measures them against the largest one,
        so that one row that is far off makes all others look alike. AdaBoost.RT [2]_
        asks whether they are larger than `threshold` times the target, and how much so
        is nothing to it.
    threshold : float, default=0.1
        Share of the target that an error may be. Of ``algorithm="rt"``, where it
        matters much: try some between 0.01 and 0.4.
    power : int, default=1
        What power of their error weights of rows follow. Of ``algorithm="rt"``: 1, 2
        and 3 are those of [2]_.
    aggregate : {"auto", "median", "mean"}, default="auto"
        How predictions of members are combined, by their weights. "auto" is what the
        papers have: the median for "r2", the mean for "rt".
    resample : bool or scheme, default=True
        How weights reach members: by drawing as many rows as there are with these as
        probabilities, or, if false, as ``sample_weight``. A scheme of
        :mod:`ensembles.resampling` says which rows a round may see, such as whole
        groups or blocks; of them members get weights if they take them, or draws.
    on_worse_than_chance : {"stop", "skip", "raise"}, default="stop"
        What happens where a member is no help, which for "r2" is a mean loss of half of
        the largest, for "rt" that all rows are wrong: fitting stops, and keeps the
        member if it is the first; the round is left out and the next one tried with
        other random numbers; or an error says which round it was.

    Attributes
    ----------
    estimator_ : estimator
        The member that is not fitted.
    estimators_ : list of regressors
        The fitted members.
    estimator_weights_ : ndarray of shape (n_estimators,)
        Weight of each member; zero for members that were not needed.
    estimator_errors_ : ndarray of shape (n_estimators,)
        Mean loss of each member on the weighted rows; one for members that were not
        needed.
    feature_importances_ : ndarray of shape (n_features,)
        Mean of the members' importances, by their weights.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if data and parameters contradict one another, or a member predicts
        what is no number.

    See Also
    --------
    AdaBoostClassifier : The same for classes.
    HistBoostingRegressor : Gradient boosting.

    Notes
    -----
    Rounds are those of scikit-learn's class, drawn rows included, for the same
    ``random_state``, but that rows of weight zero are left out here. There the median
    of each stage is found by predicting with all members and sorting once more; here
    stages cost as much as one prediction.

    References
    ----------
    .. [1] H. Drucker, "Improving regressors using boosting techniques", Proceedings of
       the 14th International Conference on Machine Learning, 107-115, 1997.
    .. [2] D. L. Shrestha & D. P. Solomatine, "Experiments with AdaBoost.RT, an improved
       boosting scheme for regression", Neural Computation 18(7), 1678-1710, 2006.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from ensembles.boosting import AdaBoostRegressor
    >>> X, y = make_friedman1(700, noise=1.0, random_state=0)
    >>> X, X_test, y, y_test = X[:200], X[200:], y[:200], y[200:]
    >>> tree = DecisionTreeRegressor(max_depth=4, random_state=0)
    >>> booster = AdaBoostRegressor(tree, n_estimators=100, random_state=0)
    >>> for model in tree, booster:
    ...     print(f"{((model.fit(X, y).predict(X_test) - y_test) ** 2).mean():.1f}")
    12.7
    5.8
    """

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_estimators: int = 50,
        learning_rate: float = 1.0,
        loss: str = "linear",
        random_state: RandomState = None,
        algorithm: str = "r2",
        threshold: float = 0.1,
        power: int = 1,
        aggregate: str = "auto",
        resample: Any = True,
        on_worse_than_chance: str = "stop",
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.loss = loss
        self.random_state = random_state
        self.algorithm = algorithm
        self.threshold = threshold
        self.power = power
        self.aggregate = aggregate
        self.resample = resample
        self.on_worse_than_chance = on_worse_than_chance

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimators_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        return with_inputs_of(self._member(), tags)

    def fit(
        self,
        X: Table,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit members in turn, each on rows weighed by how far off they are.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to learn from, as members take them.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts at first; None means one each. Zero leaves a row
            out.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, where `resample` is a scheme that keeps groups whole.

        Returns
        -------
        Self
            The booster itself.

        Raises
        ------
        InvalidParameterError
            If a parameter is not allowed.
        ValueError
            If data and parameters contradict one another, before any member is fitted;
            or if a member predicts what is no number.
        """
        self._check_params()
        with state_kept_on_failure(self):
            self._fit(X, y, sample_weight, groups)
        return self

    def _fit(self, X: Table, y: Any, sample_weight: Any, groups: Any) -> None:
        """Fit members; parameters have been checked."""
        estimator = self._member()
        if is_classifier(estimator):
            raise ValueError(
                f"{type(estimator).__name__} is a classifier, and targets are values. "
                "Pass a regressor."
            )
        X, y = check_table_and_target(self, X, check_one_target(self, y))
        weights = check_sample_weight(sample_weight, n_rows_of(X))
        sample, groups = used_rows(Sample(X, y, weights), groups)
        if groups is not None and isinstance(self.resample, bool | np.bool_):
            raise groups_without_scheme(self)
        about = estimator, len(sample.y), sample.y, groups
        handing = handing_for(self, *about, are_labels=False)
        rate, number = float(self.learning_rate), self.n_estimators
        plan = ValuePlan(estimator, handing, self._rule(sample.y), rate, number)
        no_help = NoHelp(self.on_worse_than_chance, number, type(self).__name__)
        rng = random_generator(self.random_state)
        result = boost_values(plan, sample, no_help, rng)
        self.estimator_, self.estimators_ = estimator, result.members
        self.estimator_weights_ = np.zeros(number)
        self.estimator_weights_[: len(result.weights)] = result.weights
        self.estimator_errors_ = np.ones(number)
        self.estimator_errors_[: len(result.errors)] = result.errors

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        check_common_params(self)
        check_choice(self, "loss", self.loss, ("linear", "square", "exponential"))
        check_choice(self, "algorithm", self.algorithm, ("r2", "rt"))
        if not is_positive(self.threshold):
            allowed = "a float in the range (0.0, inf)"
            raise invalid_parameter(self, "threshold", self.threshold, allowed)
        check_count(self, "power", self.power)
        check_choice(self, "aggregate", self.aggregate, ("auto", "median", "mean"))

    def _member(self) -> Estimator:
        """The member, not fitted."""
        if self.estimator is None:
            return DecisionTreeRegressor(max_depth=3)
        return self.estimator

    def _rule(self, y: FloatArray) -> ErrorRule:
        """How errors are judged."""
        if self.algorithm == "r2":
            return ScaledErrors(self.loss)
        if not y.all():
            raise ValueError(
                "algorithm='rt' measures errors against targets, and "
                f"{np.count_nonzero(y == 0)} of {len(y)} targets are zero. Pass "
                "algorithm='r2', or add a constant to the targets."
            )
        return RelativeErrors(float(self.threshold), int(self.power))

    @property
    def feature_importances_(self) -> FloatArray:
        """Mean of the members' importances, by their weights.

        Features with many values have more chances to bring some: where that matters,
        use :func:`sklearn.inspection.permutation_importance`.

        Raises
        ------
        AttributeError
            If members have no importances.
        """
        check_is_fitted(self)
        try:
            shares = [member.feature_importances_ for member in self.estimators_]
        except AttributeError as error:
            raise AttributeError(
                "Unable to compute feature importances since estimator does not have a "
                "feature_importances_ attribute"
            ) from error
        return np.average(shares, axis=0, weights=self._weights)

    @property
    def _weights(self) -> FloatArray:
        """Weights of the members there are; ones where a single one has none."""
        weights = self.estimator_weights_[: len(self.estimators_)]
        return weights if weights.any() else np.ones_like(weights)

    @property
    def _takes_medians(self) -> bool:
        """Whether predictions of members are combined by medians."""
        if self.aggregate == "auto":
            return self.algorithm == "r2"
        return self.aggregate == "median"

    def predict(self, X: Table) -> FloatArray:
        """Predict the weighted median or mean of what members predict.

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
        check_is_fitted(self)
        if self._takes_medians:
            return weighted_median(self.predict_members(X), self._weights)
        mean: FloatArray = np.zeros(0)
        for mean in self.staged_predict(X):  # noqa: B007 - the last is wanted
            pass
        return mean

    def predict_members(self, X: Table) -> FloatArray:
        """Predict by each member alone.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_members, n_samples)
            Values.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return np.array(list(self._predictions(X)))

    def staged_predict(self, X: Table) -> Iterator[FloatArray]:
        """Predict by the first member, the first two, and so on.

        Each member predicts once.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,)
            Values; the last are those of `predict`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        check_is_fitted(self)
        if self._takes_medians:
            yield from staged_medians(self.predict_members(X), self._weights)
            return
        sums: Any = 0.0
        totals = np.cumsum(self._weights)
        pairs = zip(self._predictions(X), self._weights, totals, strict=True)
        for predicted, weight, total in pairs:
            sums = sums + weight * predicted
            yield sums / total

    def staged_score(
        self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Iterator[float]:
        """Coefficient of determination of the first member, the first two, and so on.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.
        y : array-like of shape (n_samples,)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts.

        Yields
        ------
        float
            R squared.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for predicted in self.staged_predict(X):
            yield r2_score(y, predicted, sample_weight=sample_weight)

    def _predictions(self, X: Table) -> Iterator[FloatArray]:
        """What each member predicts."""
        check_is_fitted(self)
        X = check_table(self, X)
        for member in self.estimators_:
            yield np.asarray(member.predict(X), dtype=np.float64).ravel()
