"""Scores of a search: what choosing by scores promises, and what it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy.stats import rankdata
from sklearn.utils import indexable

from ensembles._fold_scores import check_scores, score_folds
from ensembles._routing import route_folds
from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray, Table
from ensembles._validation import require
from ensembles.model_selection._search._best import scores_of
from ensembles.model_selection._search._edges import SearchEdge, search_edges

__all__ = ["NestedScores", "nested_cross_validate"]

_ME = "nested_cross_validate"


@final
@dataclass(frozen=True, eq=False)
class NestedScores:
    """What a search chose in each outer fold, and how that did on rows it never saw.

    Attributes
    ----------
    test_scores : ndarray of shape (n_folds,)
        Score of the chosen candidate on the outer test rows.
    inner_scores : ndarray of shape (n_folds,)
        The score that it was chosen by, the mean over the inner folds.
    best_params : tuple of dict
        What was chosen.
    searches : tuple of estimator
        The fitted searches.
    folds : tuple of tuple of ndarray
        Outer training and test rows.
    n_fits : int
        How many fits that took.
    are_comparable : bool
        Whether inner and outer scores are of the same kind.

    See Also
    --------
    nested_cross_validate : Makes them.

    References
    ----------
    .. [1] G. C. Cawley, N. L. C. Talbot, "On over-fitting in model selection and
       subsequent selection bias in performance evaluation", Journal of Machine Learning
       Research 11, 2079-2107, 2010.
    .. [2] M. G. Kendall, B. Babington Smith, "The problem of m rankings", Annals of
       Mathematical Statistics 10(3), 275-287, 1939.

    Examples
    --------
    The best of twenty subsets of noise promises skill, which the outer folds deny:

    >>> import numpy as np
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> from sklearn.pipeline import Pipeline
    >>> from ensembles.model_selection import nested_cross_validate
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 20)), rng.normal(size=60)
    >>> chosen = [make_column_transformer(("passthrough", [i])) for i in range(20)]
    >>> pipe = Pipeline([("column", chosen[0]), ("line", LinearRegression())])
    >>> search = GridSearchCV(pipe, {"column": chosen}, cv=KFold(5))
    >>> scores = nested_cross_validate(search, X, y, cv=KFold(5))
    >>> print(f"promised {scores.inner_scores.mean():.2f}, kept {scores.mean:.2f}")
    promised 0.03, kept -0.19
    """

    test_scores: FloatArray
    inner_scores: FloatArray
    best_params: tuple[dict[str, Any], ...]
    searches: tuple[Estimator, ...]
    folds: tuple[tuple[IntArray, IntArray], ...]
    n_fits: int
    are_comparable: bool

    @property
    def mean(self) -> float:
        """Mean of the outer scores."""
        return float(self.test_scores.mean())

    @property
    def optimism(self) -> float:
        """By how much the scores that candidates were chosen by exceed the outer ones.

        Inner models are trained on fewer rows, which works the other way. NaN where the
        scores are not of the same kind.
        """
        if not self.are_comparable:
            return float("nan")
        return float((self.inner_scores - self.test_scores).mean())

    @property
    def stability(self) -> dict[str, float]:
        """Share of the outer folds that chose the most frequent value, by parameter.

        A parameter that a fold did not choose counts as a value of its own.
        """
        names = sorted({name for one in self.best_params for name in one})
        return {name: self._agreeing(name) for name in names}

    def _agreeing(self, name: str) -> float:
        """Share of folds with the most frequent value."""
        chosen = [_token(search, name, search.best_params_) for search in self.searches]
        return max(chosen.count(value) for value in chosen) / len(chosen)

    @property
    def concordance(self) -> float:
        """Kendall's W of how the outer folds rank the candidates.

        1 where all rank alike, and near 1 / n_folds where ranks are chance: then what
        was chosen means little, however often it was. NaN where folds did not try the
        same candidates.
        """
        tried = [_tokens(search) for search in self.searches]
        if any(one != tried[0] for one in tried) or len(tried[0]) < 2:
            return float("nan")
        scores = [
            scores_of(search.cv_results_, search.refit) for search in self.searches
        ]
        return _kendalls_w(np.nan_to_num(np.array(scores), nan=-np.inf))

    @property
    def edges(self) -> tuple[tuple[SearchEdge, ...], ...]:
        """Best values on the edge of those tried, by outer fold."""
        return tuple(search_edges(search) for search in self.searches)

    def to_frame(self) -> Any:
        """Return what was chosen in each outer fold as a table.

        Returns
        -------
        pandas.DataFrame
            A row a fold: ``test_score``, ``inner_score``, ``n_train``, ``n_test``, and
            ``param_<name>`` for each parameter.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", "dataframe", "to_frame()")
        table = pandas.DataFrame(
            {
                "test_score": self.test_scores,
                "inner_score": self.inner_scores,
                "n_train": [len(train) for train, _ in self.folds],
                "n_test": [len(test) for _, test in self.folds],
            }
        ).rename_axis("fold")
        for name in self.stability:
            chosen = [one.get(name) for one in self.best_params]
            table[f"param_{name}"] = pandas.Series(chosen, table.index, dtype=object)
        return table.infer_objects()

    def __str__(self) -> str:
        """Say it in a few lines."""
        lines = [
            f"{self.mean:.4g} over {len(self.test_scores)} outer folds "
            f"(std {self.test_scores.std():.2g}); "
            f"{'promised' if self.are_comparable else 'chosen'} by the inner ones "
            f"{self.inner_scores.mean():.4g}"
        ]
        n_folds = len(self.test_scores)
        for name, share in self.stability.items():
            chosen = ", ".join(_distinct(self.best_params, name))
            lines.append(
                f"{name}: {chosen}; {round(share * n_folds)} of {n_folds} agree"
            )
        return "\n".join(lines)


def _token(search: Estimator, name: str, params: Mapping[str, Any]) -> Any:
    """What stands for a value, alike in copies of a search that other processes made.

    Numbers and strings stand for themselves; any other object for its place among the
    candidates.
    """
    if name not in params:
        return "not chosen"
    value = params[name]
    if value is None or isinstance(value, int | float | str | np.number | np.bool_):
        return repr(value)
    places = enumerate(search.cv_results_["params"])
    same = (place for place, one in places if one.get(name) is value)
    return next(same, repr(value))


def _tokens(search: Estimator) -> list[list[tuple[str, Any]]]:
    """All candidates, as far as they can be compared."""
    return [
        [(name, _token(search, name, one)) for name in sorted(one)]
        for one in search.cv_results_["params"]
    ]


def _distinct(chosen: tuple[dict[str, Any], ...], name: str) -> list[str]:
    """Values of a parameter that were chosen, in order of first choice."""
    return list(dict.fromkeys(str(one.get(name)) for one in chosen))


def _kendalls_w(scores: FloatArray) -> float:
    """Concordance of the rows' rankings, corrected for ties."""
    n_raters, n_things = scores.shape
    ranks = rankdata(scores, axis=1)
    spread = ((ranks.sum(axis=0) - n_raters * (n_things + 1) / 2) ** 2).sum()
    ties = 0.0
    for row in scores:
        counts = np.unique(row, return_counts=True)[1]
        ties += float((counts**3 - counts).sum())
    most = n_raters**2 * (n_things**3 - n_things) - n_raters * ties
    return float(12 * spread / most) if most > 0 else float("nan")


def nested_cross_validate(
    search: Estimator,
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
) -> NestedScores:
    """Search within the training rows of each fold, and score on its test rows.

    Use it for the score that may be reported of a model whose parameters are chosen:
    the best score of a search is the largest of many, and so is too good. It costs a
    search in each outer fold. Times and ends of labels reach the splitters of both
    levels, with metadata routing on or off.

    Parameters
    ----------
    search : estimator
        A search: ``GridSearchCV``, ``ZoomSearchCV``, any with ``best_params_``. It is
        cloned.
    X : array-like of shape (n_samples, ...)
        The rows.
    y : array-like of shape (n_samples, ...) or None, default=None
        Target.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups of the rows, for the splitters that take them.
    scoring : str, callable or None, default=None
        Outer score. None is the search's own.
    cv : int, splitter, iterable or None, default=None
        Outer folds. None is 5-fold.
    n_jobs : int or None, default=None
        Outer folds worked on at once.
    verbose : int, default=0
        joblib's progress messages.
    params : dict or None, default=None
        Other parameters of ``fit``.
    error_score : "raise" or float, default=nan
        Outer score of a search that fails.
    times : array-like of shape (n_samples,) or None, default=None
        When each row was known, for the splitters of both levels.
    label_end : array-like of shape (n_samples,) or None, default=None
        When the label of each row was known, for the same.

    Returns
    -------
    NestedScores
        Outer and inner scores, choices, and how stable they are.

    Raises
    ------
    ValueError
        If `search` is none or does not refit, every fold failed, or times and other
        parameters come together with routing off.
    InvalidParameterError
        If a parameter has a value that is not allowed.

    Warns
    -----
    FitFailedWarning
        If the search failed in some outer folds, which are left out.

    See Also
    --------
    compare_models : Whether two searches differ.
    probability_of_overfitting : Whether the best of many is any good.

    References
    ----------
    .. [1] M. Stone, "Cross-validatory choice and assessment of statistical
       predictions", Journal of the Royal Statistical Society B 36(2), 111-147, 1974.
    .. [2] S. Varma, R. Simon, "Bias in error estimation when using cross-validation for
       model selection", BMC Bioinformatics 7, 91, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> from ensembles.model_selection import (
    ...     PurgedKFold,
    ...     RollingOrigin,
    ...     nested_cross_validate,
    ... )
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 20))
    >>> y = X[:, 0] + rng.normal(scale=2, size=300)
    >>> days = np.arange(300)
    >>> search = GridSearchCV(
    ...     Ridge(), {"alpha": [1.0, 10.0, 100.0, 1000.0]}, cv=PurgedKFold(3)
    ... )
    >>> scores = nested_cross_validate(
    ...     search, X, y, cv=RollingOrigin(4), times=days, label_end=days + 5
    ... )
    >>> print(scores)
    0.1112 over 4 outer folds (std 0.05); promised by the inner ones 0.03451
    alpha: 100.0; 4 of 4 agree
    """
    check_scores(_ME, scoring, n_jobs, verbose)
    if not hasattr(search, "fit") or not hasattr(search, "cv"):
        raise ValueError(
            f"{_ME} needs a search, such as GridSearchCV, got {search!r}. For an "
            "estimator alone, sklearn.model_selection.cross_validate is enough."
        )
    if getattr(search, "refit", True) is False:
        raise ValueError(
            f"{type(search).__name__}(refit=False) leaves no model to score in the "
            "outer folds. Set refit=True, or the name of the score to choose by."
        )
    X, y, groups = indexable(X, y, groups)
    routing = route_folds(
        _ME,
        search,
        cv,
        y,
        params,
        scoring=scoring,
        groups=groups,
        times=times,
        label_end=label_end,
    )
    folds = routing.folds(X, y)
    scores = score_folds(
        _ME,
        search,
        X,
        y,
        folds,
        routing,
        scoring=scoring,
        n_jobs=n_jobs,
        verbose=int(verbose),
        error_score=error_score,
        return_estimator=True,
    )
    done = [
        fold
        for fold, one in enumerate(scores["estimator"])
        if hasattr(one, "best_params_") and hasattr(one, "cv_results_")
    ]
    if not done:
        raise ValueError(
            f"{type(search).__name__} has no best_params_ after its fit, so it is no "
            "search. For an estimator alone, cross_validate is enough."
        )
    searches = tuple(scores["estimator"][fold] for fold in done)
    return NestedScores(
        test_scores=np.asarray(scores["test_score"], dtype=float)[done],
        inner_scores=np.array([_inner_score(one) for one in searches]),
        best_params=tuple(one.best_params_ for one in searches),
        searches=searches,
        folds=tuple(folds[fold] for fold in done),
        n_fits=sum(_n_fits(one) for one in searches),
        are_comparable=scoring is None or _is_score_of(search, scoring),
    )


def _inner_score(search: Estimator) -> float:
    """Mean score of the chosen candidate over the inner folds."""
    return float(scores_of(search.cv_results_, search.refit)[search.best_index_])


def _is_score_of(search: Estimator, scoring: Any) -> bool:
    """Whether a search chooses by this score."""
    own, refit = getattr(search, "scoring", None), getattr(search, "refit", True)
    if isinstance(own, Mapping):
        return bool(own.get(refit) == scoring)
    if isinstance(own, list | tuple | set):
        return bool(refit == scoring)
    return bool(own == scoring)


def _n_fits(search: Estimator) -> int:
    """Fits of a search: one a candidate and inner fold, and the last."""
    n_candidates = len(search.cv_results_["params"])
    return n_candidates * int(search.n_splits_) + (search.refit is not False)
