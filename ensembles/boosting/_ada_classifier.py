"""AdaBoost for classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self, final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._class_losses import class_codes
from ensembles._ensemble._data import (
    check_table,
    check_table_and_target,
    state_kept_on_failure,
    with_inputs_of,
)
from ensembles._ensemble._targets import check_labels
from ensembles._random import random_generator
from ensembles._typing import ArrayLike, Estimator, FloatArray, RandomState, Table
from ensembles._validation import (
    check_choice,
    check_n_jobs,
    check_sample_weight,
    invalid_parameter,
    is_count,
    n_rows_of,
)
from ensembles.boosting._ada_aside import check_groups, padded, rows_aside
from ensembles.boosting._ada_params import check_common_params
from ensembles.boosting._ada_setup import (
    ALGORITHMS,
    ClassSample,
    boosted,
)
from ensembles.boosting._fitted import FittedLearners
from ensembles.boosting._staged import check_n_rounds
from ensembles.boosting._stopping import is_pair
from ensembles.trees import BinnedMatrix, HistTreeClassifier, HistTreeRegressor
from ensembles.trees._layout import MAX_BINS

__all__ = ["AdaBoostClassifier"]


@final
class AdaBoostClassifier(ClassifierMixin, BaseEnsemble):
    """AdaBoost, discrete or real-valued: members fitted to what those before got wrong.

    Use it where a strong classifier is to be made of weak ones, such as stumps, or of a
    learner of your own: it has little to tune, and its stumps add up to one step
    function of each feature. ``algorithm="logit"`` or ``"gentle"`` is the better choice
    nearly always; the default is the one that scikit-learn has. Where labels may be
    wrong, take :class:`HistBoostingClassifier`: this makes such rows ever heavier. It
    takes the place of :class:`sklearn.ensemble.AdaBoostClassifier`; stumps and shallow
    trees are grown by compiled code some hundred times as fast.

    Parameters
    ----------
    estimator : estimator or None, default=None
        What is fitted in each round. For "samme" a classifier, for "real" one that
        gives probabilities, for "logit" a regressor, for "gentle" one of both. None is
        a stump, a tree of depth one of ours, which takes missing values and categories.
        A tree of up to depth eight that is else as by default, scikit-learn's or ours,
        is grown by the compiled code; see the notes.
    n_estimators : int, default=50
        Largest number of rounds. There are fewer if nothing is left to learn, or a
        round is no better than chance.
    learning_rate : float, default=1.0
        What the weight of each round is multiplied by. Smaller values need more rounds.
    random_state : int, RandomState instance or None, default=None
        Of rows that are drawn, and of members that have a ``random_state``. Stumps and
        shallow trees depend on it in the rows alone that bins are found on, with more
        than 50,000.
    algorithm : {"samme", "real", "gentle", "logit"}, default="samme"
        What members add to the sums that decide. "samme" [2]_, for two classes the
        AdaBoost of [1]_: votes, the heavier the fewer errors they made. "real" [3]_:
        half the log-odds of their probabilities. "gentle" [3]_: probabilities, less
        those of the other classes, which one leaf cannot make large. "logit" [3]_:
        values that are fitted to log loss. For more than two classes all but "samme"
        fit one member for each class in a round.
    split : {"gini", "error"}, default="gini"
        What splits of compiled trees are judged by: Gini impurity, as scikit-learn
        does, or, for "samme" alone, the weight of rows that leaves get wrong, which is
        what the bound on the training error is about.
    max_bins : int or None, default=255
        Bins of a feature, 2 to 255, for stumps by default and for trees of
        scikit-learn's; a tree of ours has its own. None leaves scikit-learn's trees to
        scikit-learn, with all cuts there are, and so does it for the stumps.
    resample : bool or scheme, default=False
        How weights of rows reach members: as ``sample_weight``, or, if true, by drawing
        as many rows as there are with these as probabilities, which members need that
        take no weights, such as nets and nearest neighbours. A scheme of
        :mod:`ensembles.resampling` says which rows a round may see, such as whole
        groups or blocks; of them members get weights if they take them, or draws.
    on_worse_than_chance : {"stop", "skip", "raise"}, default="stop"
        What happens where a member is no better than chance on the weighted rows, or
        leads sums the wrong way: fitting stops, the round is left out and the next one
        tried with other random numbers, or an error says which round it was.
    n_jobs : int or None, default=None
        Workers that share the members of a round, of which there are several for more
        than two classes unless ``algorithm="samme"``. No number depends on it.
    early_stopping : float, int, tuple, splitter or None, default=None
        Which rows tell when to stop: a share of the rows, a number of them, a pair
        ``(X_val, y_val)``, or the last split of a splitter, for rows in time the
        latest. The rounds up to the best for them predict. None fits all rounds.
    scoring : str, callable or None, default="loss"
        What those rows are scored by: log loss, a scorer's name or a scorer, which may
        ask of these rows alone, or, for None, accuracy. Log loss is best sooner: labels
        go on getting better while probabilities get too sure of themselves.
    n_iter_no_change : int, default=50
        Rounds without a better score after which to stop. Single rounds of AdaBoost say
        little: ten without a better score are no rare thing where hundreds help.
    tol : float, default=1e-07
        What a score must rise by to be better.

    Attributes
    ----------
    estimator_ : estimator
        The member that is not fitted.
    estimators_ : list of estimators, or of lists of estimators
        The fitted members of each round: one, or for more than two classes, unless
        ``algorithm="samme"``, a list of one for each class. Compiled trees are
        :class:`~ensembles.trees.HistTreeClassifier` or, where they predict what is
        added, :class:`~ensembles.trees.HistTreeRegressor`.
    estimator_weights_ : ndarray of shape (n_estimators,)
        Weight of each round; zero for rounds that were not needed.
    estimator_errors_ : ndarray of shape (n_estimators,)
        Share of the weight of rows that each round got wrong, with weights as they were
        then; one for rounds that were not needed.
    n_estimators_ : int
        Number of rounds that predict.
    validation_score_ : ndarray of shape (n_rounds,)
        Score of the rows set aside after each round, of those, too, that came after the
        best. Empty where there are none.
    feature_importances_ : ndarray of shape (n_features,)
        Mean of the members' importances, by the weights of their votes.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_classes_ : int
        Number of labels.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if data and parameters contradict one another, or the first round is
        no better than chance.

    See Also
    --------
    AdaBoostRegressor : The same for values.
    HistBoostingClassifier : Gradient boosting.
    ensembles.bagging.BaggingClassifier : Members that know nothing of each other.

    Notes
    -----
    Where columns have no more distinct values than bins, and no two splits are equally
    good, compiled trees of "samme" part the rows of the fit as scikit-learn's do, and
    weights and errors are the same, as long as no member errs on less than 1e-9 of the
    weight. Else cuts lie between bins. Weights of rows are whole numbers where they are
    added up, so that trees do not depend on the order of rows, to the bit. Trees of
    other parameters than `max_depth`, those of "samme" with categories, or whose
    histograms of all rows would take more than 256 MiB, are fitted as any other member
    is.

    `predict_proba` follows from the sums as theory has it. Votes for a class are the
    logarithm of its probability, up to a constant [2]_. What "real" and "gentle" add up
    is half the log-odds, and "logit" adds up log-odds; for more than two classes these
    are of one class against the others, made to add up to one, or, for "logit",
    logarithms of probabilities. scikit-learn divides votes by their weight first, which
    draws probabilities of two classes together to between 0.12 and 0.88, whatever the
    data are. `decision_function` is as there for "samme", between -2 and 2 for two
    classes. For the others it is log-odds, or for "logit" and more than two classes
    logarithms of probabilities, less their mean.

    What "real", "gentle" and "logit" add must lower their loss, which is exponential,
    or log loss: a step that goes too far is halved until it does. Probabilities beyond
    0.001 and 0.999 are not believed in by "real". Working responses of "logit" stay
    within -4 and 4, as in [3]_; rows that would exceed that weigh more in exchange.

    References
    ----------
    .. [1] Y. Freund & R. Schapire, "A decision-theoretic generalization of on-line
       learning and an application to boosting", Journal of Computer and System Sciences
       55(1), 119-139, 1997, figure 2.
    .. [2] J. Zhu, H. Zou, S. Rosset & T. Hastie, "Multi-class AdaBoost", Statistics and
       Its Interface 2, 349-360, 2009, algorithm 2 and equation 7.
    .. [3] J. Friedman, T. Hastie & R. Tibshirani, "Additive logistic regression: a
       statistical view of boosting", Annals of Statistics 28(2), 337-407, 2000,
       section 2.

    Examples
    --------
    One stump is hardly better than chance, a hundred are, the more so if they say how
    sure they are. Probabilities may be trusted more than those of scikit-learn's class,
    which has the same votes:

    >>> import sklearn.ensemble
    >>> from sklearn.datasets import make_hastie_10_2
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.boosting import AdaBoostClassifier
    >>> X, y = make_hastie_10_2(4000, random_state=0)
    >>> def show(booster):
    ...     booster.fit(X[:2000], y[:2000])
    ...     accuracy = booster.score(X[2000:], y[2000:])
    ...     loss = log_loss(y[2000:], booster.predict_proba(X[2000:]))
    ...     print(f"{accuracy:.2f} {loss:.2f}")
    >>> show(sklearn.ensemble.AdaBoostClassifier(n_estimators=100))
    0.80 0.65
    >>> show(AdaBoostClassifier(n_estimators=100))
    0.80 0.48
    >>> show(AdaBoostClassifier(n_estimators=100, algorithm="logit"))
    0.91 0.22

    A learner that takes no weights gets rows drawn by them:

    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> neighbours = KNeighborsClassifier(30)
    >>> show(neighbours)
    0.53 0.66
    >>> show(AdaBoostClassifier(neighbours, resample=True, random_state=0))
    0.81 0.45
    """

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_estimators: int = 50,
        learning_rate: float = 1.0,
        random_state: RandomState = None,
        algorithm: str = "samme",
        split: str = "gini",
        max_bins: int | None = MAX_BINS,
        resample: Any = False,
        on_worse_than_chance: str = "stop",
        n_jobs: int | None = None,
        early_stopping: Any = None,
        scoring: Any = "loss",
        n_iter_no_change: int = 50,
        tol: float = 1e-7,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.algorithm = algorithm
        self.split = split
        self.max_bins = max_bins
        self.resample = resample
        self.on_worse_than_chance = on_worse_than_chance
        self.n_jobs = n_jobs
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learners")

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
        """Fit members in turn, each on rows weighed by how hard they are.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to learn from, as members take them. A
            :class:`~ensembles.trees.BinnedMatrix` saves trees of ours the time to bin.
        y : array-like of shape (n_samples,)
            Labels.
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
            or if the first member is no better than chance.
        """
        self._check_params()
        with state_kept_on_failure(self):
            self._fit(X, y, sample_weight, groups)
        return self

    def _fit(self, X: Table, y: Any, sample_weight: Any, groups: Any) -> None:
        """Fit members; parameters have been checked."""
        estimator = self._member()
        X, y = check_table_and_target(self, X, check_labels(self, y))
        weights = check_sample_weight(sample_weight, n_rows_of(X))
        if isinstance(X, BinnedMatrix) and hasattr(X.binner, "feature_names_in_"):
            self.feature_names_in_ = X.binner.feature_names_in_
        classes, codes = np.unique(y, return_inverse=True)
        rng = random_generator(self.random_state)
        sample = ClassSample(X, classes, codes, weights, groups)
        train, aside = self._parts(sample, rng)
        train = train._replace(groups=check_groups(self, train.groups))
        self._whole = boosted(self, estimator, train, aside, rng)
        self.estimator_, self.classes_ = estimator, classes
        self.n_classes_ = len(classes)
        self.validation_score_ = np.array(self._whole.scores)
        self._n_wanted = self.n_estimators
        self._take(self._whole.n_best)

    def _parts(
        self, sample: ClassSample, rng: np.random.RandomState
    ) -> tuple[ClassSample, ClassSample | None]:
        """Rows to learn from and, if there are any, rows that tell when to stop."""
        if is_pair(self.early_stopping):
            X, y = self.early_stopping
            X = X if isinstance(X, BinnedMatrix) else check_table(self, X)
            _, encoded = class_codes(check_labels(self, y), None, sample.classes)
            check_consistent_length(X, encoded)
            codes = encoded.astype(np.intp)
            return sample, ClassSample(X, sample.classes, codes, None, None)
        weights = sample.weights
        if weights is not None and self.early_stopping is not None:
            sample = sample.rows(np.flatnonzero(weights))
        rows = rows_aside(self, sample.coded, sample.codes, sample.groups, rng)
        if rows is None:
            return sample, None
        train, aside = rows
        return sample.rows(train), sample.rows(aside)

    def _take(self, n_rounds: int) -> None:
        """Let so many rounds predict."""
        whole = self._whole
        self._learners: FittedLearners = whole.learners
        if n_rounds < len(whole.errors):
            self._learners = whole.learners.first(n_rounds)
        arrays = padded(whole.weights, whole.errors, n_rounds, self._n_wanted)
        self.estimator_weights_, self.estimator_errors_ = arrays

    def set_n_rounds(self, n_rounds: int) -> Self:
        """Move to fewer rounds, or back to more.

        Parameters
        ----------
        n_rounds : int
            How many rounds predict from now on; the others are kept.

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
        check_n_rounds(self, n_rounds, len(self._whole.errors), "n_estimators")
        self._take(n_rounds)
        return self

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        check_common_params(self)
        check_choice(self, "algorithm", self.algorithm, ALGORITHMS)
        check_choice(self, "split", self.split, ("gini", "error"))
        bins = self.max_bins
        if bins is not None and not (is_count(bins) and 2 <= bins <= MAX_BINS):
            allowed = f"an int in the range [2, {MAX_BINS}] or None"
            raise invalid_parameter(self, "max_bins", bins, allowed)
        check_n_jobs(self, self.n_jobs)

    def _member(self) -> Estimator:
        """The member, not fitted."""
        if self.estimator is not None:
            return self.estimator
        takes_values = self.algorithm == "logit"
        if self.max_bins is None:
            own = DecisionTreeRegressor if takes_values else DecisionTreeClassifier
            return own(max_depth=1)
        kind = HistTreeRegressor if takes_values else HistTreeClassifier
        return kind(max_depth=1, max_bins=self.max_bins)

    @property
    def estimators_(self) -> list[Estimator]:  # type: ignore[override]
        """The fitted members."""
        check_is_fitted(self)
        return self._learners.members

    @property
    def n_estimators_(self) -> int:
        """Number of rounds that predict."""
        check_is_fitted(self)
        return len(self._learners.weights)

    @property
    def feature_importances_(self) -> FloatArray:
        """Mean of the members' importances, by the weights of their votes.

        Features with many values have more chances to bring some: where that matters,
        use :func:`sklearn.inspection.permutation_importance`.

        Raises
        ------
        AttributeError
            If members have no importances.
        """
        check_is_fitted(self)
        try:
            shares = self._learners.importances()
        except AttributeError as error:
            raise AttributeError(
                "Unable to compute feature importances since estimator does not have a "
                "feature_importances_ attribute"
            ) from error
        return np.average(shares, axis=0, weights=self._learners.weights)

    def predict(self, X: Table) -> Any:
        """Predict the class that members say most for.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels; of equal ones, the first.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        sums = self._count(X)
        return self.classes_[self._learners.reading.codes(sums)]

    def predict_proba(self, X: Table) -> FloatArray:
        """Predict probabilities of classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
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
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Table) -> FloatArray:
        """Predict logarithms of probabilities of classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
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
        sums = self._count(X)
        return self._learners.reading.log_shares(sums)

    def decision_function(self, X: Table) -> FloatArray:
        """What members say for each class, less what they say for others.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For "samme", of two classes twice the share of votes for the second less
            that for the first; of more, for each class its share less the mean of the
            others'. Else log-odds of the second class, or of each; for "logit" and more
            than two classes logarithms of probabilities, less their mean.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        sums, learners = self._count(X), self._learners
        return learners.reading.decision(sums, learners.weights.sum())

    def predict_members(self, X: Table) -> Any:
        """Predict by each member alone.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_members, n_samples)
            Labels.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        check_is_fitted(self)
        return self.classes_[self._learners.said(self._checked_rows(X))]

    def staged_predict(self, X: Table) -> Iterator[Any]:
        """Predict classes by the first member, the first two, and so on.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
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
        for sums, _ in self._staged(X):
            yield self.classes_[self._learners.reading.codes(sums)]

    def staged_predict_proba(self, X: Table) -> Iterator[FloatArray]:
        """Predict probabilities by the first member, the first two, and so on.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
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
        for sums, _ in self._staged(X):
            yield np.exp(self._learners.reading.log_shares(sums))

    def staged_decision_function(self, X: Table) -> Iterator[FloatArray]:
        """What the first member says, the first two, and so on.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            As of `decision_function`, which the last are.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for sums, total in self._staged(X):
            yield self._learners.reading.decision(sums, total)

    def staged_score(
        self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Iterator[float]:
        """Accuracy of the first member, the first two, and so on.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts.

        Yields
        ------
        float
            Share of the rows whose class is predicted.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for predicted in self.staged_predict(X):
            yield accuracy_score(y, predicted, sample_weight=sample_weight)

    def staged_loss(
        self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Iterator[float]:
        """Log loss of the first member, the first two, and so on.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts.

        Yields
        ------
        float
            Mean of minus the logarithm of the probability of the row's class.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If a label is not known, or there are not as many as rows.
        """
        check_is_fitted(self)
        _, encoded = class_codes(check_labels(self, y), None, self.classes_)
        codes = encoded.astype(np.intp)
        weights = check_sample_weight(sample_weight, len(codes))
        for sums, _ in self._staged(X):
            check_consistent_length(sums, codes)
            yield self._learners.reading.log_loss(sums, codes, weights)

    def _count(self, X: Table) -> FloatArray:
        check_is_fitted(self)
        return self._learners.count(self._checked_rows(X))

    def _checked_rows(self, X: Table) -> Table:
        """Rows to predict; codes are known by their binner, and have no names."""
        return X if isinstance(X, BinnedMatrix) else check_table(self, X)

    def _staged(self, X: Table) -> Iterator[tuple[FloatArray, float]]:
        """Sums after each round, and how much all of its members weigh."""
        check_is_fitted(self)
        totals = np.cumsum(self._learners.weights)
        staged = self._learners.staged(self._checked_rows(X))
        return zip(staged, totals, strict=True)
