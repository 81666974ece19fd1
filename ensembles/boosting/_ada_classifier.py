"""AdaBoost for classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self, final

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin, is_regressor
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import assert_all_finite, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._data import (
    check_table,
    check_table_and_target,
    n_columns_of,
)
from ensembles._random import MAX_SEED, random_generator
from ensembles._typing import (
    ArrayLike,
    Estimator,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import (
    check_choice,
    check_count,
    check_sample_weight,
    invalid_parameter,
    is_count,
    is_positive,
    n_rows_of,
)
from ensembles.boosting._any_learner import AnyLearner
from ensembles.boosting._samme import FittedLearners, WeakLearner, boost
from ensembles.boosting._tree_learner import TreeLearner, depth_of_plain_tree
from ensembles.boosting._weighted._grower import bytes_of_histograms
from ensembles.trees import BinnedMatrix, Binner, HistTreeClassifier
from ensembles.trees._layout import MAX_BINS

__all__ = ["AdaBoostClassifier"]

# With larger histograms of all rows trees are grown one by one.
_MOST_BYTES = 2**28


@final
class AdaBoostClassifier(ClassifierMixin, BaseEnsemble):
    """Discrete AdaBoost: members that are fitted to what those before got wrong.

    Use it where a strong classifier is to be made of weak ones, such as stumps: it
    has little to tune, its stumps add up to one step function of each feature, and its
    predictions cost the same for ten stumps as for thousands. Gradient boosting
    (:class:`HistBoostingClassifier`) is usually more accurate, gives better
    probabilities, and stands wrong labels better, which this makes ever heavier. It
    takes the place of :class:`sklearn.ensemble.AdaBoostClassifier`; stumps and shallow
    trees are grown by compiled code some hundred times as fast.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Classifier whose `fit` takes ``sample_weight``. None is a stump, a
        :class:`~ensembles.trees.HistTreeClassifier` of depth one, which takes missing
        values and categories. A tree of up to depth eight that is else as by default,
        scikit-learn's or ours, is grown by the compiled code; see the notes.
    n_estimators : int, default=50
        Largest number of members. There are fewer if one makes no error, or is no
        better than chance.
    learning_rate : float, default=1.0
        What the weight of each member's vote is multiplied by. Smaller values need more
        members.
    random_state : int, RandomState instance or None, default=None
        Of members that have a ``random_state``. Stumps and shallow trees depend on it
        in the rows alone that bins are found on, with more than 50,000.
    algorithm : {"samme"}, default="samme"
        How members are weighed and combined: SAMME [2]_, which for two classes is the
        AdaBoost of [1]_.
    split : {"gini", "error"}, default="gini"
        What splits of compiled trees are judged by: Gini impurity, as scikit-learn
        does, or the weight of rows that leaves get wrong, which is what the bound on
        the training error is about.
    max_bins : int or None, default=255
        Bins of a feature, 2 to 255, for stumps by default and for trees of
        scikit-learn's; a tree of ours has its own. None leaves scikit-learn's trees to
        scikit-learn, with all cuts there are, and so does it for the stumps.

    Attributes
    ----------
    estimator_ : estimator
        The member that is not fitted.
    estimators_ : list of classifiers
        The fitted members; compiled trees are
        :class:`~ensembles.trees.HistTreeClassifier`.
    estimator_weights_ : ndarray of shape (n_estimators,)
        Weight of each member's vote; zero for members that were not needed.
    estimator_errors_ : ndarray of shape (n_estimators,)
        Share of the weight of rows that each member got wrong; one for members that
        were not needed.
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
        From `fit`, if data and parameters contradict one another, or the first member
        is no better than chance.

    See Also
    --------
    HistBoostingClassifier : Gradient boosting.
    ensembles.bagging.BaggingClassifier : Members that know nothing of each other.

    Notes
    -----
    Where columns have no more distinct values than bins, and no two splits are equally
    good, compiled trees part the rows of the fit as scikit-learn's do, and weights and
    errors are the same, as long as no member errs on less than 1e-9 of the weight. Else
    cuts lie between bins. Weights of rows are whole numbers where they are added up, so
    that trees do not depend on the order of rows, to the bit. Trees of other parameters
    than `max_depth`, with categories, or whose histograms of all rows would take more
    than 256 MiB, are fitted as any other member is.

    `predict_proba` follows from the votes as the theory of [2]_ and [3]_ has it: the
    weight of votes for a class is the logarithm of its probability, up to a constant.
    scikit-learn divides by the weight of all votes first, which draws probabilities of
    two classes together to between 0.12 and 0.88, whatever the data are.
    `decision_function` is as there, between -2 and 2 for two classes.

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
    One stump is hardly better than chance, a hundred are. Probabilities may be trusted
    more than those of scikit-learn's class, which has the same votes:

    >>> import sklearn.ensemble
    >>> from sklearn.datasets import make_hastie_10_2
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.boosting import AdaBoostClassifier
    >>> X, y = make_hastie_10_2(4000, random_state=0)
    >>> booster = AdaBoostClassifier(n_estimators=100).fit(X[:2000], y[:2000])
    >>> print(f"{booster[0].score(X[2000:], y[2000:]):.2f}")
    0.54
    >>> print(f"{booster.score(X[2000:], y[2000:]):.2f}")
    0.80
    >>> print(f"{log_loss(y[2000:], booster.predict_proba(X[2000:])):.2f}")
    0.48
    >>> theirs = sklearn.ensemble.AdaBoostClassifier(n_estimators=100)
    >>> shares = theirs.fit(X[:2000], y[:2000]).predict_proba(X[2000:])
    >>> print(f"{log_loss(y[2000:], shares):.2f}")
    0.65
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
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.algorithm = algorithm
        self.split = split
        self.max_bins = max_bins

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learners")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        own = get_tags(self._member()).input_tags
        for name in ("allow_nan", "sparse", "categorical", "string"):
            setattr(tags.input_tags, name, getattr(own, name))
        return tags

    def fit(self, X: Table, y: Any, sample_weight: ArrayLike | None = None) -> Self:
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
            out.

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
        estimator = self._member()
        if not has_fit_parameter(estimator, "sample_weight"):
            raise ValueError(
                f"{type(estimator).__name__} doesn't support sample_weight."
            )
        if is_regressor(estimator):
            raise ValueError(
                f"{type(estimator).__name__} is a regressor, and votes are for "
                "classes. Pass a classifier."
            )
        X, y = check_table_and_target(self, X, self._checked_labels(y))
        weights = check_sample_weight(sample_weight, n_rows_of(X))
        if isinstance(X, BinnedMatrix) and hasattr(X.binner, "feature_names_in_"):
            self.feature_names_in_ = X.binner.feature_names_in_
        classes, codes = np.unique(y, return_inverse=True)
        learner = self._learner(estimator, X, classes, codes, weights)
        votes, errors = boost(learner, self.n_estimators, float(self.learning_rate))
        self.estimator_, self.classes_ = estimator, classes
        self.n_classes_ = len(classes)
        self.estimator_weights_ = np.zeros(self.n_estimators)
        self.estimator_weights_[: len(votes)] = votes
        self.estimator_errors_ = np.ones(self.n_estimators)
        self.estimator_errors_[: len(errors)] = errors
        self._learners: FittedLearners = learner.fitted(votes)
        return self

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        value, needed = self.estimator, ("fit", "predict")
        if value is not None and not all(hasattr(value, name) for name in needed):
            allowed = "an object implementing 'fit' and 'predict' or None"
            raise invalid_parameter(self, "estimator", value, allowed)
        check_count(self, "n_estimators", self.n_estimators)
        if not is_positive(self.learning_rate):
            allowed = "a float in the range (0.0, inf)"
            raise invalid_parameter(self, "learning_rate", self.learning_rate, allowed)
        check_choice(self, "algorithm", self.algorithm, ("samme",))
        check_choice(self, "split", self.split, ("gini", "error"))
        bins = self.max_bins
        if bins is not None and not (is_count(bins) and 2 <= bins <= MAX_BINS):
            allowed = f"an int in the range [2, {MAX_BINS}] or None"
            raise invalid_parameter(self, "max_bins", bins, allowed)

    def _checked_labels(self, y: Any) -> Any:
        """Labels of rows."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        return y

    def _member(self) -> Estimator:
        """The member, not fitted."""
        if self.estimator is not None:
            return self.estimator
        if self.max_bins is None:
            return DecisionTreeClassifier(max_depth=1)
        return HistTreeClassifier(max_depth=1, max_bins=self.max_bins)

    def _learner(
        self,
        estimator: Estimator,
        X: Table,
        classes: Any,
        codes: IntArray,
        weights: FloatArray | None,
    ) -> WeakLearner:
        """What is fitted in each round."""
        rng = random_generator(self.random_state)
        is_ours = type(estimator) is HistTreeClassifier
        depth = self._compiled_depth(estimator, X, len(classes))
        given = np.ones(len(codes)) if weights is None else weights
        if is_ours or depth is not None:
            X = self._binned(estimator, X, weights, rng)
            if depth is not None and not X.binner.is_categorical_.any():
                return TreeLearner(X, codes, classes, given, depth, self.split, rng)
        if isinstance(X, BinnedMatrix) and not is_ours:
            raise ValueError(
                f"{estimator!r} takes no codes, and X is a BinnedMatrix. Pass the "
                "table that it was made of, or a HistTreeClassifier as estimator."
            )
        if self.split != "gini" and len(classes) > 1:
            raise ValueError(
                f"split={self.split!r} is of stumps and shallow trees, which are grown "
                f"by compiled code. {estimator!r} on these data is not: pass "
                "split='gini', or a tree with no other parameter than max_depth, and "
                "no categories."
            )
        return AnyLearner(estimator, X, classes[codes], classes, given, rng)

    def _compiled_depth(
        self, estimator: Estimator, X: Table, n_classes: int
    ) -> int | None:
        """How deep compiled trees are to be grown; None for other members."""
        is_ours = type(estimator) is HistTreeClassifier
        depth = depth_of_plain_tree(estimator)
        if depth is None or n_classes < 2 or not (is_ours or self.max_bins):
            return None
        n_features = n_columns_of(X) or 1  # what is no table is refused with reason
        size = bytes_of_histograms(n_features, n_classes, depth)
        return depth if size <= _MOST_BYTES else None

    def _binned(
        self,
        estimator: Estimator,
        X: Table,
        weights: FloatArray | None,
        rng: np.random.RandomState,
    ) -> BinnedMatrix:
        """Codes of rows to learn from."""
        if isinstance(X, BinnedMatrix):
            return X
        options: dict[str, Any] = {"max_bins": self.max_bins}
        if type(estimator) is HistTreeClassifier:
            options["max_bins"] = estimator.max_bins
            options["categorical_features"] = estimator.categorical_features
        else:
            options["categorical_features"] = None
        binner = Binner(random_state=int(rng.randint(MAX_SEED)), **options)
        return binner.fit(X, sample_weight=weights).bin(X)

    @property
    def estimators_(self) -> list[Estimator]:  # type: ignore[override]
        """The fitted members."""
        check_is_fitted(self)
        return self._learners.members

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
        """Predict the class with the heaviest votes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels; of equally heavy ones, the first.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._heaviest(self._count(X))

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
        return self._probabilities(self._count(X))

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
        return np.asarray(log_softmax(self._by_class(self._count(X)), axis=1))

    def decision_function(self, X: Table) -> FloatArray:
        """Votes for classes, less those for others, as a share of all.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes twice the share of votes for the second less that for the
            first. Of more, for each class its share less the mean of the others'.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        votes = self._count(X)
        return self._decision(votes, self._learners.weights.sum())

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
        return self.classes_[self._learners.said(check_table(self, X))]

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
        for votes, _ in self._staged(X):
            yield self._heaviest(votes)

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
        for votes, _ in self._staged(X):
            yield self._probabilities(votes)

    def staged_decision_function(self, X: Table) -> Iterator[FloatArray]:
        """Votes of the first member, the first two, and so on.

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
        for votes, total in self._staged(X):
            yield self._decision(votes, total)

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

    def _count(self, X: Table) -> FloatArray:
        check_is_fitted(self)
        return self._learners.count(check_table(self, X))

    def _staged(self, X: Table) -> Iterator[tuple[FloatArray, float]]:
        """Votes after each member, and how much all of them weigh."""
        check_is_fitted(self)
        totals = np.cumsum(self._learners.weights)
        staged = self._learners.staged(check_table(self, X))
        return zip(staged, totals, strict=True)

    def _by_class(self, votes: FloatArray) -> FloatArray:
        """Votes for each class, up to a constant."""
        if self.n_classes_ == 2:
            return np.hstack([-votes / 2.0, votes / 2.0])
        return votes

    def _heaviest(self, votes: FloatArray) -> Any:
        if self.n_classes_ == 2:
            return self.classes_[(votes[:, 0] > 0.0).astype(int)]
        return self.classes_[votes.argmax(axis=1)]

    def _probabilities(self, votes: FloatArray) -> FloatArray:
        return np.asarray(softmax(self._by_class(votes), axis=1))

    def _decision(self, votes: FloatArray, total: float) -> FloatArray:
        if self.n_classes_ == 1:
            return np.zeros_like(votes)
        if self.n_classes_ == 2:
            return votes[:, 0] / total * 2.0
        return (votes - (total - votes) / (self.n_classes_ - 1)) / total
