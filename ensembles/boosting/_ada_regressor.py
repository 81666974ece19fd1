"""AdaBoost for values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self, final

import numpy as np
from sklearn.base import RegressorMixin, is_classifier
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from ensembles._compat import take_rows
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
    check_positive,
    check_sample_weight,
    n_rows_of,
)
from ensembles.boosting._ada_aside import check_groups, padded, rows_aside
from ensembles.boosting._ada_params import check_common_params
from ensembles.boosting._ada_rules import ErrorRule, RelativeErrors, ScaledErrors
from ensembles.boosting._ada_stages import MeanStage, MedianStage
from ensembles.boosting._ada_values import ValuePlan, boost_values
from ensembles.boosting._handing import handing_for
from ensembles.boosting._medians import staged_medians, weighted_median
from ensembles.boosting._no_help import NoHelp
from ensembles.boosting._samples import Sample, used_rows
from ensembles.boosting._stage_judge import StageJudge
from ensembles.boosting._staged import check_n_rounds
from ensembles.boosting._stopping import is_pair

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
    early_stopping : float, int, tuple, splitter or None, default=None
        Which rows tell when to stop: a share of the rows, a number of them, a pair
        ``(X_val, y_val)``, or the last split of a splitter, for rows in time the
        latest. The rounds up to the best for them predict. None fits all rounds.
    scoring : str, callable or None, default="loss"
        What those rows are scored by: absolute errors of medians and squared ones of
        means, a scorer's name or a scorer, which may ask of these rows alone, or, for
        None, the share of variance.
    n_iter_no_change : int, default=50
        Rounds without a better score after which to stop. Single rounds of AdaBoost say
        little: ten without a better score are no rare thing where hundreds help.
    tol : float, default=1e-07
        What a score must rise by to be better.

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
    n_estimators_ : int
        Number of members that predict.
    validation_score_ : ndarray of shape (n_rounds,)
        Score of the rows set aside after each round, of those, too, that came after the
        best. Empty where there are none.
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
        early_stopping: Any = None,
        scoring: Any = "loss",
        n_iter_no_change: int = 50,
        tol: float = 1e-7,
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
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol

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
            out, before a splitter sees any.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, where `resample` is a scheme that keeps groups whole, or
            `early_stopping` a splitter that does.

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
        rng = random_generator(self.random_state)
        sample, groups = used_rows(Sample(X, y, weights), groups)
        sample, groups, aside = self._parts(sample, groups, rng)
        about = estimator, len(sample.y), sample.y, groups
        handing = handing_for(self, *about, are_labels=False)
        rate, number = float(self.learning_rate), self.n_estimators
        plan = ValuePlan(estimator, handing, self._rule(sample.y), rate, number)
        no_help = NoHelp(self.on_worse_than_chance, number, type(self).__name__)
        judge = None
        if aside is not None:
            kind = MedianStage if self._takes_medians else MeanStage
            stage = kind(self, aside.X)
            judge = StageJudge(self, stage, aside.X, aside, aside.y)
        self._whole = boost_values(plan, sample, no_help, rng, judge)
        self.estimator_, self._n_wanted = estimator, number
        self.validation_score_ = np.array([] if judge is None else judge.scores)
        self._take(len(self._whole.members) if judge is None else judge.n_best)

    def _parts(
        self, sample: Sample, groups: Any, rng: np.random.RandomState
    ) -> tuple[Sample, Any, Sample | None]:
        """Rows to learn from, their groups, and rows that tell when to stop or None."""
        if is_pair(self.early_stopping):
            X, y = self.early_stopping
            X, y = check_table(self, X), check_one_target(self, y)
            check_consistent_length(X, y)
            return sample, check_groups(self, groups), Sample(X, y, None)
        rows = rows_aside(self, sample, None, groups, rng)
        groups = check_groups(self, groups)
        if rows is None:
            return sample, groups, None
        train, aside = rows
        groups = None if groups is None else take_rows(groups, train)
        return sample.rows(train), groups, sample.rows(aside)

    def _take(self, n_rounds: int) -> None:
        """Let so many members predict."""
        whole = self._whole
        self.estimators_ = whole.members[:n_rounds]
        arrays = padded(whole.weights, whole.errors, n_rounds, self._n_wanted)
        self.estimator_weights_, self.estimator_errors_ = arrays

    def set_n_rounds(self, n_rounds: int) -> Self:
        """Move to fewer members, or back to more.

        Parameters
        ----------
        n_rounds : int
            How many members predict from now on; the others are kept.

        Returns
        -------
        Self
            The booster itself.

        Raises
        ------
        InvalidParameterError
            If it is not a whole number, one or more.
        NotFittedError
            If the booster is not fitted.
        ValueError
            If there are more than have been fitted.
        """
        check_is_fitted(self)
        check_n_rounds(self, n_rounds, len(self._whole.members), "n_estimators")
        self._take(n_rounds)
        return self

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        check_common_params(self)
        check_choice(self, "loss", self.loss, ("linear", "square", "exponential"))
        check_choice(self, "algorithm", self.algorithm, ("r2", "rt"))
        check_positive(self, "threshold", self.threshold)
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
    def n_estimators_(self) -> int:
        """Number of members that predict."""
        check_is_fitted(self)
        return len(self.estimators_)

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

    def staged_loss(
        self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Iterator[float]:
        """Mean error of the first member, the first two, and so on.

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
            Absolute error where medians predict, squared error where means do: what
            these make least.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If there are not as many targets as rows.
        """
        check_is_fitted(self)
        target = check_one_target(self, y)
        weights = check_sample_weight(sample_weight, len(target))
        error = mean_absolute_error if self._takes_medians else mean_squared_error
        for predicted in self.staged_predict(X):
            yield float(error(target, predicted, sample_weight=weights))

    def _predictions(self, X: Table) -> Iterator[FloatArray]:
        """What each member predicts."""
        check_is_fitted(self)
        X = check_table(self, X)
        for member in self.estimators_:
            yield np.asarray(member.predict(X), dtype=np.float64).ravel()
