"""Which of two models is better: both on the same folds, then the test that suits them.

Folds that are tested on rows after those they are trained on are forecasts; block
schemes leave a loss of each row in order of time; all else are draws of exchangeable
rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import check_cv

from ensembles._random import entropy_from
from ensembles._typing import ArrayLike, Estimator, FloatArray, RandomState, Table
from ensembles._validation import (
    check_choice,
    check_count,
    check_n_jobs,
    check_verbose,
    invalid_parameter,
    warn_user,
)
from ensembles.inference._refits._draws import Demands, Draws, draw, resolve_scheme
from ensembles.inference._refits._folds import Folds, score_folds
from ensembles.inference._refits._measures import LossMeasure
from ensembles.inference._refits._paired_tests import (
    ModelComparison,
    diebold_mariano,
    nadeau_bengio,
)
from ensembles.inference._refits._refit import Sample, make_sample
from ensembles.inference._refits._replicates import run_replicates
from ensembles.inference._refits._scoring import (
    check_scorer,
    classes_of,
    resolve_measure,
)
from ensembles.resampling._blocks import BaseBlockBootstrap

__all__ = ["compare_models"]

_ME = "compare_models"
_ALTERNATIVES = ("two-sided", "less", "greater")


def compare_models(
    a: Estimator | Mapping[str, Any] | ArrayLike,
    b: Estimator | Mapping[str, Any] | ArrayLike,
    X: Table | None = None,
    y: ArrayLike | None = None,
    *,
    cv: Any = None,
    scoring: Any = None,
    groups: ArrayLike | None = None,
    method: str = "auto",
    horizon: int | None = None,
    alternative: str = "two-sided",
    sample_weight: ArrayLike | None = None,
    params: dict[str, Any] | None = None,
    n_jobs: int | None = None,
    rng: RandomState = None,
    verbose: int = 0,
) -> ModelComparison:
    """Test whether one of two models has the better score on new data.

    Give two estimators and data, and both are fitted and scored on the same folds; or
    give what ``cross_validate`` returned for each. Use it in place of a t-test on the
    scores of folds, which takes related scores for independent ones and finds
    differences that are not there. Not for choosing among many models.

    Parameters
    ----------
    a, b : estimator, dict or array-like of shape (n_folds,)
        Two estimators, which are cloned; or two results of ``cross_validate`` with
        ``return_indices=True``; or the scores themselves, with `cv` and `X` to tell
        what the folds are.
    X : array-like, sparse matrix, DataFrame or None, default=None
        Data of shape (n_samples, n_features). Needed but for results with indices.
    y : array-like of shape (n_samples,) or None, default=None
        Targets.
    cv : int, splitter, scheme, iterable or None, default=None
        As in ``cross_validate``; None is five folds. Few folds make a weak test:
        ``RepeatedStratifiedKFold(n_splits=10, n_repeats=10)`` is usual [2]_.
    scoring : str, callable or None, default=None
        Name of a scorer, or a scorer; None takes the estimators' ``score``, which must
        be of one kind. With results of several scores, the name of one.
    groups : array-like of shape (n_samples,) or None, default=None
        For splitters that keep groups whole.
    method : {"auto", "nadeau_bengio", "diebold_mariano"}, default="auto"
        The test. "auto" takes Diebold and Mariano's where all folds are tested on
        rows after those they are trained on, in order (``TimeSeriesSplit``,
        ``RollingOrigin``), and with block schemes; Nadeau and Bengio's elsewhere.
    horizon : int or None, default=None
        Folds that a forecast reaches ahead: differences are related over
        ``horizon - 1`` folds. None counts from the end of training to the last row
        tested, in steps from fold to fold. With a block scheme, in rows; None is
        the block length.
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        "greater" tests whether `a` has the greater score.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of the rows, in the fits and in the scores.
    params : dict or None, default=None
        Other parameters of both estimators' ``fit``; those with one entry a row follow
        the rows.
    n_jobs : int or None, default=None
        Workers. The numbers do not depend on it.
    rng : int, RandomState, Generator or None, default=None
        Sets each ``random_state`` of the estimators that is None, and a block scheme's.
    verbose : int, default=0
        joblib's progress messages.

    Returns
    -------
    ModelComparison
        Difference, p-value, interval.

    Raises
    ------
    ValueError
        If there are fewer than two folds, results are of different folds, a classifier
        is compared with a regressor and `scoring` is None, folds have no order in time
        for Diebold and Mariano's test, or a score is not finite.
    InvalidParameterError
        If a parameter has a value that is not allowed.

    Warns
    -----
    UserWarning
        If all differences are equal, or the variance of forecasts several folds ahead
        is estimated with Bartlett's weights.

    See Also
    --------
    bootstrap_score : The score of one estimator.
    sklearn.model_selection.cross_validate : Scores by fold.

    Notes
    -----
    The unit of Diebold and Mariano's test is the fold, one origin of forecasts: with a
    test set of one row it is the test of the textbook, with longer ones the series is
    that of the folds' mean losses. It wants many origins:
    ``RollingOrigin(n_splits=None, train_size=..., test_size=...)``. With a block scheme
    the unit is the row, its loss the mean over the models that were trained without
    it; the score must be a mean over rows there.

    With a bootstrap scheme, n_train of Nadeau and Bengio's factor counts distinct rows.

    Autocovariances cut off at the horizon can add up to a variance below zero. Then
    they are weighted as Bartlett does, 1 - k / h at lag k, which cannot. Differences
    that are all the same have no variance: the statistic is zero if they are zero, and
    infinite otherwise, with a warning.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine
       Learning 52(3), 239-281, 2003.
    .. [2] R. R. Bouckaert, E. Frank, "Evaluating the replicability of significance
       tests for comparing learning algorithms", PAKDD, Springer, 3-12, 2004.
    .. [3] F. X. Diebold, R. S. Mariano, "Comparing predictive accuracy", Journal of
       Business & Economic Statistics 13(3), 253-263, 1995.
    .. [4] D. Harvey, S. Leybourne, P. Newbold, "Testing the equality of prediction mean
       squared errors", International Journal of Forecasting 13(2), 281-291, 1997.

    Examples
    --------
    Two support vector machines on a hundred folds. A t-test would say that they differ
    (p = 0.01), since the folds share nine tenths of their rows:

    >>> from sklearn.datasets import make_moons
    >>> from sklearn.model_selection import RepeatedStratifiedKFold
    >>> from sklearn.svm import SVC
    >>> from ensembles.inference import compare_models
    >>> X, y = make_moons(100, noise=0.352, random_state=1)
    >>> cv = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    >>> result = compare_models(
    ...     SVC(), SVC(kernel="linear"), X, y, cv=cv, scoring="roc_auc"
    ... )
    >>> print(f"{result.difference:.3f}, p = {result.pvalue:.2f}")
    0.010, p = 0.45
    """
    check_choice(_ME, "method", method, {"auto", "nadeau_bengio", "diebold_mariano"})
    check_choice(_ME, "alternative", alternative, _ALTERNATIVES)
    check_count(_ME, "horizon", horizon, none=True)
    check_n_jobs(_ME, n_jobs)
    check_verbose(_ME, verbose)
    given = [hasattr(one, "fit") for one in (a, b)]
    if given[0] != given[1]:
        raise ValueError(
            "a and b must both be estimators or both be results, got "
            f"{type(a).__name__} and {type(b).__name__}."
        )
    if not given[0]:
        folds = _folds_of_results(a, b, X, y, cv, groups)
        scores = np.stack([_scores_of_result(one, scoring, folds) for one in (a, b)])
        return _test_folds(scores[0] - scores[1], folds, method, horizon, alternative)
    if X is None:
        raise ValueError("compare_models needs X and y to fit two estimators.")
    sample = make_sample(_ME, (a, b), X, y, sample_weight, params)
    if scoring is None:
        _check_kinds(a, b)
    runs: dict[str, Any] = {"n_jobs": n_jobs, "verbose": int(verbose)}
    if isinstance(cv, BaseBlockBootstrap) and method != "nadeau_bengio":
        draws = draw(
            *resolve_scheme(_ME, cv, None, groups, rng),
            sample,
            groups,
            Demands(classes_of(sample.y) if is_classifier(a) else None),
        )
        differences, length = _differences_of_rows((a, b), sample, draws, scoring, runs)
        return diebold_mariano(
            differences, horizon=horizon or length, alternative=alternative
        )
    scorers = (check_scorer(_ME, a, scoring), check_scorer(_ME, b, scoring))
    folds = _split(cv, sample.X, sample.y, groups, is_classifier(a))
    scores = score_folds((a, b), scorers, sample, folds, entropy_from(rng), **runs)
    return _test_folds(scores[0] - scores[1], folds, method, horizon, alternative)


def _check_kinds(a: Estimator, b: Estimator) -> None:
    """Raise if one is a classifier and one a regressor: their scores do not compare."""
    for one, other in ((a, b), (b, a)):
        if is_classifier(one) and is_regressor(other):
            raise ValueError(
                "scoring=None takes each estimator's own score, of a classifier "
                f"({type(one).__name__}) the accuracy and of a regressor "
                f"({type(other).__name__}) R², which do not compare. Name one score "
                "for both, such as scoring='neg_mean_squared_error'."
            )


def _test_folds(
    differences: FloatArray,
    folds: Folds,
    method: str,
    horizon: int | None,
    alternative: str,
) -> ModelComparison:
    """The test that suits the folds, or the one asked for."""
    if method == "auto":
        method = "diebold_mariano" if folds.in_time else "nadeau_bengio"
    if method == "nadeau_bengio":
        if horizon is not None:
            raise ValueError(
                f"horizon={horizon} is of Diebold and Mariano's test, and these folds "
                "have no order in time. Leave it out, or give folds that are tested "
                "after they are trained on."
            )
        return nadeau_bengio(
            differences,
            test_to_train=folds.n_test / folds.n_train,
            alternative=alternative,
        )
    if not folds.ascending:
        raise ValueError(
            "Diebold and Mariano's test needs folds in order of time, and these are "
            "not: the test sets do not follow one another. Take TimeSeriesSplit or "
            "RollingOrigin, or method='nadeau_bengio'."
        )
    return diebold_mariano(
        differences, horizon=horizon or folds.horizon, alternative=alternative
    )


def _folds_of_results(
    a: Any, b: Any, X: Table | None, y: Any, cv: Any, groups: ArrayLike | None
) -> Folds:
    """Folds that two results tell of, or else the splitter.

    Raises
    ------
    ValueError
        If the results are of different folds, or nobody tells what they are.
    """
    kept = [
        one["indices"]
        for one in (a, b)
        if isinstance(one, Mapping) and "indices" in one
    ]
    if len(kept) == 2 and not _same_folds(*kept):
        raise ValueError(
            "a and b were scored on different folds, so their scores do not pair. Give "
            "cross_validate the same cv, with an int as random_state."
        )
    if kept:
        return _checked(list(zip(kept[0]["train"], kept[0]["test"], strict=True)))
    if cv is None or X is None:
        raise ValueError(
            "Scores alone do not tell what the folds are. Give cross_validate "
            "return_indices=True, or compare_models cv and X."
        )
    if isinstance(cv, BaseBlockBootstrap):
        raise ValueError(
            f"With {type(cv).__name__} the losses of rows are tested, which scores of "
            "folds do not hold. Give the estimators, with X and y."
        )
    return _split(cv, X, y, groups, classifier=y is not None)


def _same_folds(one: Any, other: Any) -> bool:
    """Whether two results have the same rows in the same folds."""
    return all(
        len(one[part]) == len(other[part])
        and all(map(np.array_equal, one[part], other[part]))
        for part in ("train", "test")
    )


def _split(
    cv: Any, X: Table, y: Any, groups: ArrayLike | None, classifier: bool
) -> Folds:
    """Folds of a splitter, drawn once for both models."""
    splitter = check_cv(cv, y, classifier=classifier)
    pairs = splitter.split(X, y, groups)
    return _checked([(np.asarray(train), np.asarray(test)) for train, test in pairs])


def _checked(pairs: list[Any]) -> Folds:
    """Two folds at least, as row numbers."""
    if len(pairs) < 2:
        raise ValueError(
            f"A test needs differences of two folds at least, got {len(pairs)}. Give "
            "a splitter with more, such as RepeatedKFold."
        )
    return Folds(pairs)


def _scores_of_result(result: Any, scoring: Any, folds: Folds) -> FloatArray:
    """Scores of the folds, shape (n_folds,)."""
    scores = result
    if isinstance(result, Mapping):
        names = [f"test_{scoring}", "test_score"]
        key = next((name for name in names if name in result), None)
        if key is None:
            known = sorted(name for name in result if name.startswith("test_"))
            raise invalid_parameter(
                _ME, "scoring", scoring, f"the name of a score among {known}"
            )
        scores = result[key]
    array = np.asarray(scores, dtype=np.float64)
    if array.shape != (len(folds.pairs),) or not np.isfinite(array).all():
        raise ValueError(
            f"Scores must be {len(folds.pairs)} finite numbers, one for each fold, got "
            f"{scores!r}."
        )
    return array


def _differences_of_rows(
    estimators: tuple[Estimator, Estimator],
    sample: Sample,
    draws: Draws,
    scoring: Any,
    runs: dict[str, Any],
) -> tuple[FloatArray, int]:
    """Differences of the rows' mean scores out-of-bag, and the length of a block."""
    rows = []
    for estimator in estimators:
        check_scorer(_ME, estimator, scoring)
        measure = resolve_measure(_ME, estimator, scoring, sample)
        if not isinstance(measure, LossMeasure):
            raise ValueError(
                f"With a block scheme the losses of rows are tested, and {scoring=} is "
                "no mean over rows. Choose one that is, such as 'accuracy' or "
                "'neg_mean_squared_error', or folds in order of time."
            )
        done = run_replicates(estimator, sample, measure, draws, **runs)
        outside = measure.summary(done.draws, done.results)
        rows.append(measure.score(outside.per_row))
    differences = rows[0] - rows[1]
    if sample.weights is not None:
        differences = differences * sample.weights / sample.weights.mean()
    never = np.isnan(differences)
    if never.any():
        warn_user(
            f"{np.count_nonzero(never)} of {len(never)} rows are in-bag in every "
            "replicate, or within the gap, and are left out. Raise n_resamples."
        )
    length: float = draws.bound.plan.length  # type: ignore[attr-defined]
    return differences[~never], math.ceil(length)
