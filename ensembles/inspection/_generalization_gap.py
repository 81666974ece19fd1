"""Training scores against test scores, and against knowing nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from sklearn.base import (
    ClassifierMixin,
    RegressorMixin,
    is_classifier,
    is_regressor,
)
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import get_scorer
from sklearn.utils import indexable

from ensembles._fold_scores import check_scores, score_folds
from ensembles._routing import FoldRouting, consumed, route_folds
from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray, Table
from ensembles._validation import require

__all__ = ["GeneralizationGap", "generalization_gap"]

_ME = "generalization_gap"


@final
@dataclass(frozen=True, eq=False)
class GeneralizationGap:
    """Scores on rows trained on and on rows that were not, by fold.

    Attributes
    ----------
    train_scores, test_scores : ndarray of shape (n_folds,)
        Scores of the estimator.
    constant_scores : ndarray of shape (n_folds,)
        Scores on the test rows of a model that predicts the training rows' mean, or
        their shares of classes, whatever the features; NaN where there is none, or the
        estimator has a score of its own that cannot be told.
    n_train, n_test : ndarray of shape (n_folds,)
        Rows.

    See Also
    --------
    generalization_gap : Makes it.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine
       Learning 52(3), 239-281, 2003.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from ensembles.inspection import generalization_gap
    >>> gap = generalization_gap(Ridge(10), *load_diabetes(return_X_y=True))
    >>> print(gap)
    train 0.1627, test 0.1384, a constant -0.02751: gap 0.0243 +- 0.031
    """

    train_scores: FloatArray
    test_scores: FloatArray
    constant_scores: FloatArray
    n_train: IntArray
    n_test: IntArray

    @property
    def gap(self) -> float:
        """Mean of training score less test score."""
        return float((self.train_scores - self.test_scores).mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the gap, corrected for training rows that folds share.

        NaN for one fold.
        """
        gaps = self.train_scores - self.test_scores
        if len(gaps) < 2:
            return float("nan")
        factor = 1 / len(gaps) + self.n_test.mean() / self.n_train.mean()
        return float(gaps.std(ddof=1) * np.sqrt(factor))

    @property
    def retained(self) -> float:
        """Share of what the estimator knows above a constant that holds on test rows.

        One where nothing is lost, zero where a constant does as well, below zero where
        it does better. NaN where the estimator is no better than it on training rows:
        a small gap is no merit there.
        """
        known = float((self.train_scores - self.constant_scores).mean())
        holds = float((self.test_scores - self.constant_scores).mean())
        return holds / known if known > 0 else float("nan")

    def to_frame(self) -> Any:
        """Return the scores as a table.

        Returns
        -------
        pandas.DataFrame
            A row a fold: ``train_score``, ``test_score``, ``constant_score``, ``gap``,
            ``n_train`` and ``n_test``.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", "dataframe", "to_frame()")
        return pandas.DataFrame(
            {
                "train_score": self.train_scores,
                "test_score": self.test_scores,
                "constant_score": self.constant_scores,
                "gap": self.train_scores - self.test_scores,
                "n_train": self.n_train,
                "n_test": self.n_test,
            }
        ).rename_axis("fold")

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"train {self.train_scores.mean():.4g}, test {self.test_scores.mean():.4g},"
            f" a constant {self.constant_scores.mean():.4g}: gap {self.gap:.4g} +- "
            f"{self.standard_error:.2g}"
        )


def generalization_gap(
    estimator: Estimator,
    X: Table,
    y: Any = None,
    *,
    groups: ArrayLike | None = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: dict[str, Any] | None = None,
    error_score: Any = np.nan,
    times: ArrayLike | None = None,
    label_end: ArrayLike | None = None,
) -> GeneralizationGap:
    """Measure by how much an estimator does better on what it was trained on.

    Use it to tell whether a model learns rows by heart, which more data or a simpler
    model mend, or learns too little, where the gap is small and both scores are poor.
    The gap is not itself a fault: forests and nearest neighbours have a wide one when
    they are at their best, so choose between models by the test score.

    Parameters
    ----------
    estimator : estimator
        Is cloned for each fit.
    X : array-like of shape (n_samples, ...)
        The rows.
    y : array-like of shape (n_samples, ...) or None, default=None
        Target.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups of the rows, for the splitter.
    scoring : str, callable or None, default=None
        One score, of which greater is better. None is the estimator's own.
    cv : int, splitter, iterable or None, default=None
        Folds, as scikit-learn takes them. None is 5-fold.
    n_jobs : int or None, default=None
        Workers.
    verbose : int, default=0
        joblib's progress messages.
    params : dict or None, default=None
        Other parameters of ``fit``.
    error_score : "raise" or float, default=nan
        Score of a fit that fails.
    times : array-like of shape (n_samples,) or None, default=None
        When each row was known, for the splitter.
    label_end : array-like of shape (n_samples,) or None, default=None
        When the label of each row was known, for the splitter.

    Returns
    -------
    GeneralizationGap
        Scores by fold, the gap, and what is retained.

    Raises
    ------
    InvalidParameterError
        If a parameter has a value that is not allowed.

    See Also
    --------
    ensembles.model_selection.time_learning_curve : Whether more history narrows it.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical
       Learning", 2nd edition, Springer, 2009, section 7.4.

    Examples
    --------
    A tree that knows every training row keeps little of it; a pruned one keeps more:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from ensembles.inspection import generalization_gap
    >>> X, y = load_diabetes(return_X_y=True)
    >>> for depth in (None, 3):
    ...     tree = DecisionTreeRegressor(max_depth=depth, random_state=0)
    ...     gap = generalization_gap(tree, X, y)
    ...     print(f"gap {gap.gap:.2f}, {gap.retained:.0%} retained")
    gap 1.10, -7% retained
    gap 0.21, 61% retained
    """
    check_scores(_ME, scoring, n_jobs, verbose)
    X, y, groups = indexable(X, y, groups)
    routing = route_folds(
        _ME,
        estimator,
        cv,
        y,
        params,
        scoring=scoring,
        groups=groups,
        times=times,
        label_end=label_end,
    )
    folds = routing.folds(X, y)
    settings: dict[str, Any] = {"n_jobs": n_jobs, "error_score": error_score}
    scores = score_folds(
        _ME,
        estimator,
        X,
        y,
        folds,
        routing,
        scoring=scoring,
        return_train_score=True,
        verbose=int(verbose),
        **settings,
    )
    constant = _constant_like(estimator, scoring)
    constant_scores = np.full(len(folds), np.nan)
    if constant is not None and y is not None:
        known, score = constant
        of_weights = _weights_alone(routing, known)
        if scoring is None and of_weights.params and routing.is_on:
            asks = bool(consumed(estimator, "score", of_weights.params))
            score = get_scorer(score) if isinstance(score, str) else score
            score.set_score_request(sample_weight=asks)
        constant_scores = score_folds(
            _ME, known, X, y, folds, of_weights, scoring=score, **settings
        )["test_score"]
    return GeneralizationGap(
        train_scores=np.asarray(scores["train_score"], dtype=float),
        test_scores=np.asarray(scores["test_score"], dtype=float),
        constant_scores=np.asarray(constant_scores, dtype=float),
        n_train=np.array([len(train) for train, _ in folds]),
        n_test=np.array([len(test) for _, test in folds]),
    )


def _constant_like(estimator: Estimator, scoring: Any) -> tuple[Estimator, Any] | None:
    """The model that predicts the same whatever it sees, and how it is scored.

    None where there is none, or an estimator has its own idea of a score.
    """
    if scoring is None:
        scoring = _own_scoring(estimator)
    if scoring is None:
        return None
    if is_classifier(estimator):
        return DummyClassifier(strategy="prior"), scoring
    return (DummyRegressor(), scoring) if is_regressor(estimator) else None


def _own_scoring(estimator: Estimator) -> Any:
    """What the score of an estimator is, if it can be told."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    named = getattr(estimator, "scoring", None)
    if isinstance(named, str) or callable(named):
        return named
    own = getattr(type(estimator), "score", None)
    if own is ClassifierMixin.score:
        return "accuracy"
    if own is RegressorMixin.score:
        return "r2"
    is_search = hasattr(estimator, "cv") and hasattr(estimator, "estimator")
    return _own_scoring(estimator.estimator) if is_search and named is None else None


def _weights_alone(routing: FoldRouting, constant: Estimator) -> FoldRouting:
    """Of what fits and scores are told, the weights of the rows."""
    weights = {
        name: value for name, value in routing.params.items() if name == "sample_weight"
    }
    if routing.is_on and weights:
        constant.set_fit_request(sample_weight=True)
    return replace(routing, params=weights)
