"""Which columns matter: scores of rows left out, with a column's values mixed up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import Bunch, check_consistent_length

from ensembles._compat import parts_of_scorer, take_columns, take_rows
from ensembles._parallel import map_members
from ensembles._random import MAX_SEED, legacy_generator, random_generator
from ensembles._stand_in import Metric, resolve_metric
from ensembles._typing import (
    ArrayLike,
    Estimator,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import check_count, check_sample_weight, n_rows_of

__all__ = ["oob_permutation_importance"]

_NAME = "oob_permutation_importance"


def oob_permutation_importance(
    estimator: Estimator,
    X: Table,
    y: ArrayLike,
    *,
    scoring: Any = None,
    n_repeats: int = 5,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    sample_weight: ArrayLike | None = None,
    features: Sequence[Any] | None = None,
) -> Bunch:
    """Measure what the out-of-bag score loses when a column's values are mixed up.

    Use it in place of ``feature_importances_``, which favour columns of many values and
    tell what members have learned by heart [2]_, and in place of scikit-learn's
    ``permutation_importance`` where no rows can be spared for it: each row is predicted
    by members that did not see it. Columns that say the same share an importance and
    may seem to have none: mix them up together, by `features`. It tells what the
    ensemble makes use of, not what would be lost without the column, which a fit
    without it tells.

    Parameters
    ----------
    estimator : estimator
        A fitted bag or forest, or another with ``predict_oob``.
    X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        The rows that it was fitted on, in the same order.
    y : array-like of shape (n_samples,)
        Their targets.
    scoring : str, callable or None, default=None
        A score or a metric ``(y_true, y_pred)``, of which greater is better. None is
        the estimator's `oob_score` if that names one, else accuracy or R².
    n_repeats : int, default=5
        How often each column is mixed up.
    n_jobs : int or None, default=None
        Workers, over columns and repeats.
    random_state : int, RandomState instance or None, default=None
        Of the orders. An int gives the same for any `n_jobs`.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of rows in the score.
    features : sequence or None, default=None
        Columns to mix up, by name or position; a list of several in its place mixes
        these up together. None is each column by itself.

    Returns
    -------
    Bunch
        As of :func:`sklearn.inspection.permutation_importance`: ``importances_mean``
        and ``importances_std`` of shape (n_features,), ``importances`` of shape
        (n_features, n_repeats); and ``baseline_score``, that of the columns as they
        are, and ``features``, what was mixed up.

    Raises
    ------
    TypeError
        If the estimator has no ``predict_oob``.
    ValueError
        If it was not fitted on as many rows, has several outputs, or a column is not
        known.

    See Also
    --------
    sklearn.inspection.permutation_importance : On rows set aside, for any estimator.

    References
    ----------
    .. [1] L. Breiman, "Random forests", Machine Learning 45(1), 5-32, 2001, section 10.
    .. [2] C. Strobl, A.-L. Boulesteix, A. Zeileis, T. Hothorn, "Bias in random forest
       variable importance measures", BMC Bioinformatics 8, 25, 2007.

    Examples
    --------
    The first column tells the class; the second is its number of row, which deep trees
    learn by heart:

    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from ensembles import BaggingClassifier, oob_permutation_importance
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.integers(2, size=300), np.arange(300)])
    >>> y = np.where(rng.uniform(size=300) < 0.25, 1 - X[:, 0], X[:, 0])
    >>> forest = RandomForestClassifier(50, random_state=0).fit(X, y)
    >>> print(forest.feature_importances_.round(2))
    [0.28 0.72]
    >>> bag = BaggingClassifier.from_sklearn(forest, X, y)
    >>> found = oob_permutation_importance(bag, X, y, random_state=0)
    >>> print(found.importances_mean.round(2))
    [ 0.11 -0.01]
    """
    if not hasattr(estimator, "predict_oob"):
        raise TypeError(
            f"{type(estimator).__name__} has no predict_oob. Bags and forests have it; "
            "from_sklearn of BaggingClassifier and BaggingRegressor takes over "
            "scikit-learn's."
        )
    check_count(_NAME, "n_repeats", n_repeats)
    target = np.asarray(y)
    if target.ndim != 1:
        raise ValueError(f"{_NAME} is of one output, got y of shape {target.shape}.")
    check_consistent_length(X, target)
    weights = check_sample_weight(sample_weight, n_rows_of(X))
    score = partial(_score, estimator, X, target, _metric(estimator, scoring), weights)
    names, columns = _columns_of(X, features)
    rng = random_generator(random_state)
    seeds = rng.randint(MAX_SEED, size=(len(columns), n_repeats))
    tasks = [
        (places, int(seed))
        for places, row in zip(columns, seeds, strict=True)
        for seed in row
    ]
    baseline = score(np.empty(0, dtype=np.intp), 0)
    scores = map_members(score, tasks, n_jobs=n_jobs, prefer="threads")
    lost = baseline - np.reshape(list(scores), (len(columns), n_repeats))
    return Bunch(
        importances_mean=lost.mean(axis=1),
        importances_std=lost.std(axis=1),
        importances=lost,
        baseline_score=baseline,
        features=names,
    )


def _metric(estimator: Any, scoring: Any) -> Metric:
    """A function of target, predictions and weights."""
    if scoring is None:
        of_fit = getattr(estimator, "oob_score", None)
        scoring = None if isinstance(of_fit, bool | np.bool_) else of_fit
    if is_classifier(estimator):
        classes = estimator.classes_
        if callable(scoring) and parts_of_scorer(scoring) is None:
            return partial(_of_labels, scoring, classes)
        return resolve_metric(_NAME, scoring, "predict_proba", classes)
    return resolve_metric(_NAME, scoring, "predict", None)


def _of_labels(
    metric: Metric, classes: Any, y: Any, said: FloatArray, **weights: Any
) -> float:
    """A metric of labels, by probabilities."""
    return float(metric(y, classes[said.argmax(axis=1)], **weights))


def _score(
    estimator: Any,
    X: Table,
    y: Any,
    metric: Metric,
    weights: FloatArray | None,
    columns: IntArray,
    seed: int,
) -> float:
    """Out-of-bag score with the values of some columns in another order of rows."""
    if len(columns):
        order = legacy_generator(seed).permutation(n_rows_of(X))
        X = _mixed_up(X, columns, order)
    said = estimator.predict_oob(X)
    if isinstance(said, list) or (said.ndim > 1 and not is_classifier(estimator)):
        raise ValueError(f"{_NAME} is of one output, and the estimator has several.")
    seen = np.flatnonzero(~np.isnan(said.reshape(len(said), -1)).any(axis=1))
    of_rows = {} if weights is None else {"sample_weight": weights[seen]}
    return metric(y[seen], said[seen], **of_rows)


def _columns_of(
    X: Table, features: Sequence[Any] | None
) -> tuple[list[Any], list[IntArray]]:
    """What is to be mixed up, as the user names it and by position.

    Raises
    ------
    ValueError
        If a column is not known, or X has no columns.
    """
    if len(getattr(X, "shape", np.shape(X))) != 2:
        raise ValueError(f"{_NAME} mixes up columns, and X has none.")
    n_columns = (X if hasattr(X, "shape") else np.asarray(X)).shape[1]
    known = list(getattr(X, "columns", range(n_columns)))
    if features is None:
        return known, [np.array([j]) for j in range(n_columns)]
    if isinstance(features, str):
        raise ValueError(f"features is a list of columns, got {features!r}.")
    places = []
    for one in features:
        is_name = isinstance(one, tuple) and one in known
        several = not is_name and not isinstance(one, str) and np.ndim(one) == 1
        together = list(one) if several else [one]
        if not together:
            raise ValueError("features has a list without columns.")
        places.append(np.array([_place(name, known) for name in together]))
    return list(features), places


def _place(name: Any, known: list[Any]) -> int:
    """Position of a column that is named, or else given by its position."""
    is_name = not isinstance(name, bool | np.bool_)  # which equal 0 and 1
    if is_name and name in known:
        return known.index(name)
    if (
        is_name
        and isinstance(name, int | np.integer)
        and -len(known) <= name < len(known)
    ):
        return int(name) % len(known)
    raise ValueError(
        f"features has {name!r}, which is no column of X. It has {len(known)}: "
        f"{', '.join(map(str, known[:10]))}{', ...' if len(known) > 10 else ''}."
    )


def _mixed_up(X: Table, columns: IntArray, order: IntArray) -> Table:
    """X with some columns in another order of rows, the same for all of them."""
    if sparse.issparse(X):
        by_columns = X.tocsc()
        moved = by_columns[order][:, columns]
        kept = [by_columns[:, [j]] for j in range(X.shape[1])]
        for place, j in enumerate(columns):
            kept[j] = moved[:, [place]]
        return sparse.hstack(kept, format=X.format)
    if hasattr(X, "iloc"):
        changed = X.copy()
        for j in columns:
            changed.isetitem(j, X.iloc[order, j].array)
        return changed
    if hasattr(X, "with_columns"):
        return X.with_columns(take_rows(take_columns(X, columns), order))
    changed = np.array(X)
    changed[:, columns] = changed[order][:, columns]
    return changed
