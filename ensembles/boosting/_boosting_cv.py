"""The number of rounds by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self, final

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ensembles._ensemble._data import state_kept_on_failure
from ensembles._ensemble._targets import check_labels
from ensembles._parallel import map_members, preferred_workers
from ensembles._routing import takes_groups
from ensembles._rows import row_numbers
from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray, Table
from ensembles._validation import (
    check_choice,
    check_n_jobs,
    check_sample_weight,
    check_verbose,
    invalid_parameter,
    is_count,
    n_rows_of,
)
from ensembles.boosting._fold_paths import (
    FoldJob,
    FoldPath,
    fold_path,
    name_of_rounds,
    without_stopping,
)
from ensembles.boosting._held_out import BaseHeldOutBooster
from ensembles.boosting._samples import Sample
from ensembles.model_selection import one_standard_error

__all__ = ["BoostingCV"]

_STAGED = ("staged_predict", "staged_loss")
_RULES = ("one_standard_error", "best")


def _has(name: str) -> Callable[[Any], bool]:
    """Whether the booster, fitted or not, has a method."""

    def check(search: Any) -> bool:
        getattr(getattr(search, "estimator_", search.estimator), name)
        return True

    return check


@final
class BoostingCV(MetaEstimatorMixin, BaseEstimator):
    """A booster with as many rounds as cross-validation says.

    One fit a fold tells of all numbers of rounds at once, where a grid search fits each
    anew; rows are split as the data demand, in time for instance, and then all of them
    are learned from, where early stopping leaves some out. For a first look at many
    rows, or where folds cost too much, early stopping by a part of the rows will do.

    Parameters
    ----------
    estimator : estimator
        A booster: one of these, of scikit-learn, or any other with `staged_predict` and
        its like. Its `max_iter` or `n_estimators` is the largest number of rounds that
        is tried. Early stopping of its own is turned off.
    cv : int, splitter, iterable or None, default=None
        How rows are split: in so many folds (five for None), by a splitter, or as an
        iterable of training and test rows says.
    scoring : str or callable, default="loss"
        What is to be large: minus the loss that the booster lowers, a scorer by its
        name, or as a function of booster, X and y.
    rule : {"best", "one_standard_error"} or callable, default="best"
        Which number of rounds is taken: that of the best mean score; the least that is
        within a standard error of it, of differences fold by fold, for boosters that
        are to be small or read; or what a function of a dict like ``cv_results_`` gives
        the index of, as :func:`~ensembles.model_selection.one_standard_error` makes
        them of ``{"n_rounds": "min"}``.
    n_jobs : int or None, default=None
        How many folds are fitted at the same time. None means 1 unless in a
        :func:`joblib.parallel_config` context; -1 means all processors.
    verbose : int, default=0
        joblib's progress messages.

    Attributes
    ----------
    estimator_ : estimator
        The booster, fitted to all rows.
    n_rounds_ : int
        Number of rounds that was taken.
    scores_ : ndarray of shape (n_folds, n_rounds)
        Scores of test rows after each round. Where a fold ended early its last score
        goes on. Rows of classes that its training rows lack are left out, with a
        warning.
    mean_scores_ : ndarray of shape (n_rounds,)
        Means over folds.
    standard_errors_ : ndarray of shape (n_rounds,)
        Of these means.
    classes_ : ndarray of shape (n_classes,)
        Labels of classes. Only of classifiers.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if there are no folds, or scores are no numbers.

    See Also
    --------
    sklearn.model_selection.GridSearchCV : For all other parameters; it takes this as
        its estimator.

    Notes
    -----
    `DistributionBoostingRegressor` and `QuantileBoostingRegressor` are corrected by the
    test rows of all folds: by all rows, none of which the booster that predicted it had
    learned from.

    Of the mean path the best round predicts best. On Friedman's first function with 400
    rows and noise of 3, the best of five folds had a share of variance of 0.633 with
    111 rounds, "one_standard_error" 0.628 with 81, and standard errors of scores in
    place of differences 0.600 with 47 (means over six draws).

    Folds share bins where X is a :class:`~ensembles.trees.BinnedMatrix`.

    References
    ----------
    .. [1] L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone, "Classification and
       Regression Trees", Wadsworth, 1984, section 3.4.3, of the rule.
    .. [2] B. Hofner, A. Mayr, N. Robinzonov, M. Schmid, "Model-based boosting in R",
       Computational Statistics 29, 2014, section 3.2, of paths over folds.

    Examples
    --------
    Rows in time: a rolling origin says how many rounds the next ones bear.

    >>> from sklearn.datasets import make_friedman1
    >>> from ensembles import BoostingCV, HistBoostingRegressor, RollingOrigin
    >>> X, y = make_friedman1(600, noise=3.0, random_state=0)
    >>> booster = HistBoostingRegressor(learning_rate=0.2, max_leaf_nodes=4)
    >>> search = BoostingCV(booster, cv=RollingOrigin(3)).fit(X[:400], y[:400])
    >>> search.n_rounds_
    30
    >>> more = booster.fit(X[:400], y[:400]).score(X[400:], y[400:])
    >>> bool(search.score(X[400:], y[400:]) > more)
    True
    """

    estimator_: Any
    n_rounds_: int
    scores_: FloatArray
    mean_scores_: FloatArray
    standard_errors_: FloatArray

    def __init__(
        self,
        estimator: Estimator,
        *,
        cv: Any = None,
        scoring: Any = "loss",
        rule: Any = "best",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        own = get_tags(self.estimator)
        tags.estimator_type = own.estimator_type
        tags.classifier_tags, tags.regressor_tags = (
            own.classifier_tags,
            own.regressor_tags,
        )
        tags.input_tags, tags.target_tags = own.input_tags, own.target_tags
        return tags

    def fit(
        self,
        X: Table,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        groups: Any = None,
    ) -> Self:
        """Choose a number of rounds, and fit the booster to all rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows, as the booster takes them.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts in fits and scores.
        groups : array-like of shape (n_samples,) or None, default=None
            Groups of rows, for splitters that keep these together.

        Returns
        -------
        Self
            The search itself.
        """
        self._check_params()
        with state_kept_on_failure(self):
            self._fit(X, y, sample_weight, groups)
        return self

    def _fit(self, X: Table, y: Any, sample_weight: Any, groups: Any) -> None:
        """Choose a number of rounds; parameters have been checked."""
        booster = without_stopping(self.estimator)
        if y is None:
            raise ValueError(
                "This BoostingCV estimator requires y to be passed, but the target y "
                "is None."
            )
        if sparse.issparse(X):
            X = X.tocsr()  # rows of other kinds cannot be taken
        X = X if hasattr(X, "shape") or isinstance(X, list) else np.asarray(X)
        check_consistent_length(X, y)
        weights = check_sample_weight(sample_weight, n_rows_of(X))
        y = np.asarray(y)  # rows of series are taken by their labels
        if is_classifier(self.estimator):
            y = check_labels(self, y)
        sample, folds = Sample(X, y, weights), self._folds(X, y, groups)
        tasks = [(FoldJob(booster, sample, self.scoring), *fold) for fold in folds]
        paths = list(
            map_members(
                fold_path,
                tasks,
                n_jobs=self.n_jobs,
                prefer=preferred_workers(booster),
                verbose=self.verbose,
            )
        )
        self._take(paths)
        name = name_of_rounds(booster)
        booster.set_params(**{str(name): self.n_rounds_})
        if weights is None:
            booster.fit(X, y)
        else:
            booster.fit(X, y, sample_weight=weights)
        if isinstance(booster, BaseHeldOutBooster):
            boosters = [path.booster for path in paths]
            rows = [test for _, test in folds]
            booster._correct_by_folds(boosters, sample, rows, self.n_rounds_)
        self.estimator_ = booster
        for name in "n_features_in_", "feature_names_in_", "classes_":
            self.__dict__.pop(name, None)
            if hasattr(booster, name):
                setattr(self, name, getattr(booster, name))

    def _folds(self, X: Table, y: Any, groups: Any) -> list[tuple[IntArray, IntArray]]:
        """Training and test rows of all folds."""
        splitter, n_rows = (
            check_cv(self.cv, y, classifier=is_classifier(self.estimator)),
            n_rows_of(X),
        )
        told = {"groups": groups} if takes_groups(splitter) else {}
        folds = [
            (row_numbers(train, n_rows), row_numbers(test, n_rows))
            for train, test in splitter.split(np.zeros((n_rows, 1)), y, **told)
        ]
        if not folds or not all(len(train) and len(test) for train, test in folds):
            sizes = [(len(train), len(test)) for train, test in folds]
            raise ValueError(
                f"cv makes {len(folds)} folds of {n_rows} rows, with {sizes} rows to "
                "learn from and to test. Pass a splitter that makes one fold at least, "
                "with rows on both sides."
            )
        return folds

    def _take(self, paths: list[FoldPath]) -> None:
        """Choose a number of rounds by the scores of folds."""
        n_rounds = max(len(path.scores) for path in paths)
        scores = np.array([_lengthened(path.scores, n_rounds) for path in paths])
        if np.isnan(scores).any():
            fold, number = np.argwhere(np.isnan(scores))[0]
            raise ValueError(
                f"The score of fold {fold} is NaN after {number + 1} rounds. Pass "
                "another `scoring`, or a splitter whose test rows have a score."
            )
        n_folds = len(paths)
        self.scores_, self.mean_scores_ = scores, scores.mean(axis=0)
        spread = scores.std(axis=0, ddof=1) if n_folds > 1 else np.zeros(n_rounds)
        self.standard_errors_ = spread / np.sqrt(n_folds)
        results = {
            "params": [{"n_rounds": number} for number in range(1, n_rounds + 1)],
            "mean_test_score": self.mean_scores_,
            "std_test_score": scores.std(axis=0),
            **{f"split{i}_test_score": path for i, path in enumerate(scores)},
        }
        rule = self.rule
        if rule == "best":
            index: Any = self.mean_scores_.argmax()
        elif rule == "one_standard_error":
            index = one_standard_error({"n_rounds": "min"}, paired=True)(results)
        else:
            index = rule(results)
        if not (is_count(index) and 0 <= index < n_rounds):
            raise ValueError(
                f"rule={rule!r} gave {index!r}. It has to give the index of one of "
                f"{n_rounds} numbers of rounds, an int from 0 to {n_rounds - 1}."
            )
        self.n_rounds_ = int(index) + 1

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        booster: Any = self.estimator
        is_one = hasattr(booster, "get_params") and not isinstance(booster, type)
        is_one = is_one and any(hasattr(booster, name) for name in _STAGED)
        if not is_one or name_of_rounds(booster) is None:
            allowed = (
                f"a booster with one of the methods {_STAGED} and a parameter "
                "max_iter or n_estimators"
            )
            raise invalid_parameter(self, "estimator", booster, allowed)
        if getattr(booster, "dropout", 0.0):
            allowed = "a booster without dropout"
            hint = "With dropout a fit does not tell of fits of fewer rounds."
            raise invalid_parameter(self, "estimator", booster, allowed, hint)
        if isinstance(self.scoring, str) and self.scoring == "loss":
            if not hasattr(booster, "staged_loss"):
                hint = f"{type(booster).__name__} has no staged_loss."
                allowed = "a scorer"
                raise invalid_parameter(self, "scoring", self.scoring, allowed, hint)
        elif not (isinstance(self.scoring, str) or callable(self.scoring)):
            allowed = "'loss', a str or a callable"
            raise invalid_parameter(self, "scoring", self.scoring, allowed)
        if not callable(self.rule):
            check_choice(self, "rule", self.rule, _RULES, "Or pass a function.")
        cv = self.cv
        if isinstance(cv, str) or not (
            cv is None or hasattr(cv, "split") or isinstance(cv, int | Iterable)
        ):
            allowed = "an int, a splitter, an iterable of splits or None"
            raise invalid_parameter(self, "cv", cv, allowed)
        check_n_jobs(self, self.n_jobs)
        check_verbose(self, self.verbose)

    def _ask(self, method: str, X: Table, *rest: Any) -> Any:
        """What the fitted booster says."""
        check_is_fitted(self, "estimator_")
        return getattr(self.estimator_, method)(X, *rest)

    @available_if(_has("predict"))
    def predict(self, X: Table) -> Any:
        """Predict classes or values.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What the booster predicts.

        Raises
        ------
        NotFittedError
            If there is no booster yet.
        """
        return self._ask("predict", X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Table) -> Any:
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
            If there is no booster yet.
        """
        return self._ask("predict_proba", X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Table) -> Any:
        """Raw predictions of the booster.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Sums of what rounds have added.

        Raises
        ------
        NotFittedError
            If there is no booster yet.
        """
        return self._ask("decision_function", X)

    @available_if(_has("predict_dist"))
    def predict_dist(self, X: Table) -> Any:
        """Predict distributions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        rv_frozen
            One of :mod:`scipy.stats` for all rows at once.

        Raises
        ------
        NotFittedError
            If there is no booster yet.
        """
        return self._ask("predict_dist", X)

    @available_if(_has("predict_quantiles"))
    def predict_quantiles(
        self, X: Table, quantiles: ArrayLike | None = None
    ) -> FloatArray:
        """Predict quantiles.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.
        quantiles : float, array-like of shape (n_quantiles,) or None, default=None
            Levels, as the booster takes them; None for its own.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles)
            Quantiles.

        Raises
        ------
        NotFittedError
            If there is no booster yet.
        """
        given = () if quantiles is None else (quantiles,)
        return np.asarray(self._ask("predict_quantiles", X, *given))

    @available_if(_has("predict_interval"))
    def predict_interval(
        self, X: Table, confidence_level: float | None = None
    ) -> FloatArray:
        """Predict intervals that targets lie in.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.
        confidence_level : float or None, default=None
            Share of targets that are to lie inside; None for the booster's own.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Lower and upper ends.

        Raises
        ------
        NotFittedError
            If there is no booster yet.
        """
        given = () if confidence_level is None else (confidence_level,)
        return np.asarray(self._ask("predict_interval", X, *given))

    def score(self, X: Table, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Score of the booster: accuracy of classes, share of variance of values.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts.

        Returns
        -------
        float
            Greater is better.

        Raises
        ------
        NotFittedError
            If there is no booster yet.
        """
        return float(self._ask("score", X, y, sample_weight))


def _lengthened(scores: FloatArray, n_rounds: int) -> FloatArray:
    """Scores, of which the last goes on up to a number of rounds."""
    return np.pad(scores, (0, n_rounds - len(scores)), "edge")
