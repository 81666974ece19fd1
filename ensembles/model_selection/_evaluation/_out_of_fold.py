"""Predictions of rows by models that were trained without them, on any folds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_clusterer, is_outlier_detector
from sklearn.utils import indexable

from ensembles._parallel import map_members, preferred_workers
from ensembles._routing import route_folds
from ensembles._typing import ArrayLike, Estimator, IntArray, Table
from ensembles._validation import (
    check_choice,
    check_count,
    check_n_jobs,
    check_verbose,
    invalid_parameter,
)
from ensembles.model_selection._evaluation._chains import (
    Answer,
    Call,
    Job,
    answer_chain,
    chains_of,
)
from ensembles.model_selection._evaluation._columns import classes_of, joined
from ensembles.model_selection._evaluation._context import calls_with_context
from ensembles.model_selection._evaluation._predictions import OutOfFold
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._base import axis_of_folds
from ensembles.model_selection._splitters._sizes import Size, size_of

__all__ = ["gathered", "out_of_fold_predict"]

_ME = "out_of_fold_predict"

# Names of methods begin with these that are not asked about rows.
_NO_ANSWERS = ("_", "fit", "get_", "partial_fit", "set_")


def out_of_fold_predict(
    estimator: Estimator,
    X: Table,
    y: Any = None,
    *,
    groups: ArrayLike | None = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: dict[str, Any] | None = None,
    method: str = "predict",
    times: ArrayLike | None = None,
    label_end: ArrayLike | None = None,
    refit_every: int | None = 1,
    update: str | None = None,
    context: Any = 0,
) -> OutOfFold:
    """Predict each test row by a model that was trained without it.

    Use it for what scikit-learn's ``cross_val_predict`` refuses: folds that test some
    rows several times or never, as all folds that move forward in time do. The
    predictions feed a second model, a picture, or scores by fold, path and horizon.
    Where folds are a partition, both return the same.

    Parameters
    ----------
    estimator : estimator
        Is cloned for each fit.
    X : array-like of shape (n_samples, ...)
        The rows, of any kind that scikit-learn can index.
    y : array-like of shape (n_samples, ...) or None, default=None
        Target.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups of the rows, for the splitter.
    cv : int, splitter, iterable or None, default=None
        What makes the folds, as scikit-learn takes it. None is 5-fold.
    n_jobs : int or None, default=None
        Workers. The numbers do not depend on it.
    verbose : int, default=0
        joblib's progress messages.
    params : dict or None, default=None
        Other parameters of ``fit``; those with one entry a row follow the rows. With
        metadata routing on, they go where they are requested.
    method : str, default="predict"
        What the estimator is asked: "predict", "predict_proba", "decision_function" or
        any other method of X. Probabilities get a column for each class of y.
    times : array-like of shape (n_samples,) or None, default=None
        When each row was known, for the splitter, and for searches within `estimator`
        that ask for it. None takes what `cv` points at, else an index of dates, else
        the order of rows.
    label_end : array-like of shape (n_samples,) or None, default=None
        When the label of each row was known, for the same.
    refit_every : int or None, default=1
        Fit in every so many folds, and let the folds between use the last model. None
        fits once.
    update : {"partial_fit"} or None, default=None
        What becomes of a model in the folds between. None leaves it as it is;
        "partial_fit" teaches it the training rows that have been added.
    context : int, str, timedelta or offset, default=0
        How far back estimators look from the rows they predict, in distinct times or as
        a span. The rows that precede each stretch of test rows, in order of time, are
        passed along and their predictions dropped, so that steps which take lags or
        rolling means of X find what they need.

    Returns
    -------
    OutOfFold
        The predictions, with the row, fold and horizon of each.

    Raises
    ------
    ValueError
        If X and y differ in length, there are no folds, or an answer is not one for
        each row.
    LeakageError
        If a fold tests rows that it trains on, or `refit_every` would use a model that
        was trained on rows which the fold keeps away from its test rows.
    InvalidParameterError
        If a parameter has a value that is not allowed.

    Warns
    -----
    RuntimeWarning
        If folds were not trained on all classes.
    UserWarning
        If nobody asks for `label_end`, or ``TimeSeriesSplit`` gets rows that are not in
        order of `times`.

    See Also
    --------
    sklearn.model_selection.cross_val_predict : For partitions.
    RollingOrigin : Folds that move forward in time.

    References
    ----------
    .. [1] L. J. Tashman, "Out-of-sample tests of forecasting accuracy: an analysis and
       review", International Journal of Forecasting 16(4), 437-450, 2000.
    .. [2] D. H. Wolpert, "Stacked generalization", Neural Networks 5(2), 241-259, 1992.

    Examples
    --------
    Two models of a series, and a third that weighs their forecasts. The first rows are
    never tested, so it learns from the covered ones:

    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from ensembles.model_selection import RollingOrigin, out_of_fold_predict
    >>> rng = np.random.default_rng(0)
    >>> X = np.arange(200.0)[:, None]
    >>> y = 0.05 * X[:, 0] + np.sin(X[:, 0] / 8) + rng.normal(scale=0.3, size=200)
    >>> cv = RollingOrigin(None, train_size=40, test_size=5)
    >>> models = LinearRegression(), KNeighborsRegressor(4)
    >>> done = [out_of_fold_predict(model, X, y, cv=cv) for model in models]
    >>> print(*(f"{one.score('neg_mean_absolute_error'):.2f}" for one in done))
    -0.76 -0.47
    >>> covered = done[0].covered
    >>> weights = LinearRegression().fit(
    ...     np.column_stack([one.values[covered] for one in done]), y[covered]
    ... )
    >>> weights.coef_.round(1)
    array([0. , 0.9])

    The error grows with the steps ahead:

    >>> print(done[1].scores_by("horizon", "neg_mean_absolute_error").scores.round(2))
    [-0.3  -0.43 -0.46 -0.53 -0.64]
    """
    size = _check_parameters(estimator, method, refit_every, update, context)
    check_n_jobs(_ME, n_jobs)
    check_verbose(_ME, verbose)
    X, y, groups = indexable(X, y, groups)
    routing = route_folds(
        _ME,
        estimator,
        cv,
        y,
        params,
        groups=groups,
        times=times,
        label_end=label_end,
    )
    folds = routing.folds(X, y)
    told = routing.split.get("times") if times is None else times
    axis = axis_of_folds(routing.cv, X, told)
    axis.check_span(f"{_ME}(context={context!r})", size)
    place = axis.by_row(np.arange(axis.n_samples))
    numbers = axis.numbers_by_row()
    calls = [_calls(axis, place, test, size) for _, test in folds]
    updates = update is not None
    chains = chains_of(folds, calls, refit_every, updates=updates, numbers=numbers)
    job = Job(
        estimator,
        X,
        y,
        routing.fit_params(_ME, estimator),
        routing.update_params(estimator) if updates else {},
        method,
        updates=updates,
    )
    with routing.active():
        answered = map_members(
            partial(answer_chain, job),
            chains,
            n_jobs=n_jobs,
            prefer=preferred_workers(estimator),
            verbose=int(verbose),
        )
        answers = [answer for chain in answered for answer in chain]
    return gathered(estimator, method, folds, calls, answers, y, numbers)


def gathered(
    estimator: Estimator,
    method: str,
    folds: Sequence[tuple[IntArray, IntArray]],
    calls: Sequence[tuple[Call, ...]],
    answers: Sequence[Answer],
    y: Any,
    numbers: IntArray,
) -> OutOfFold:
    """Answers of all folds, with the rows that they are of.

    Parameters
    ----------
    estimator : estimator
        What answered, not fitted.
    method : str
        What it was asked.
    folds : sequence of (ndarray, ndarray)
        Training and test rows.
    calls : sequence of tuple of Call
        What was to be predicted in each fold.
    answers : sequence of Answer
        Of each fold.
    y : array-like of shape (n_samples, ...) or None
        Target.
    numbers : ndarray of shape (n_samples,)
        Numbers of the rows' distinct times.

    Returns
    -------
    OutOfFold
        The predictions.
    """
    classes = classes_of(y) if is_classifier(estimator) and y is not None else None
    tested = [np.concatenate([call.tested for call in one]) for one in calls]
    return OutOfFold(
        rows=np.concatenate(tested),
        folds=np.repeat(np.arange(len(folds)), [len(rows) for rows in tested]),
        steps_ahead=np.concatenate(
            [
                _steps_ahead(numbers, train, rows)
                for (train, _), rows in zip(folds, tested, strict=True)
            ]
        ),
        predictions=joined(answers, method, classes),
        y=None if y is None else _dense(y),
        n_samples=len(numbers),
        method=method,
        classes=classes,
        are_labels=method == "predict" and _gives_labels(estimator, answers),
    )


def _check_parameters(
    estimator: Estimator,
    method: Any,
    refit_every: Any,
    update: Any,
    context: Any,
) -> Size:
    """Raise for what is wrong whatever the data are; return the context as a size."""
    known = isinstance(method, str) and (
        hasattr(estimator, method) or hasattr(type(estimator), method)
    )
    if not known or method == "score" or method.startswith(_NO_ANSWERS):
        what = f"a method of {type(estimator).__name__} that answers for each row of X"
        raise invalid_parameter(_ME, "method", method, what)
    check_count(_ME, "refit_every", refit_every, none=True)
    check_choice(_ME, "update", update, {"partial_fit", None})
    if update is not None and refit_every == 1:
        raise ValueError(
            "update='partial_fit' is for folds between two fits, and refit_every=1 "
            "leaves none. Fit less often, or once, by refit_every=None."
        )
    if update is not None and not hasattr(estimator, update):
        raise ValueError(
            f"{type(estimator).__name__} has no partial_fit. Leave update=None, or "
            "take an estimator that learns in steps, such as SGDRegressor."
        )
    size = size_of(_ME, "context", context, low=0)
    if isinstance(size, float):
        allowed = "an int >= 0 or a span of time"
        raise invalid_parameter(_ME, "context", context, allowed)
    return size


def _gives_labels(estimator: Estimator, answers: Sequence[Answer]) -> bool:
    """Whether predictions are labels, of which there is no mean."""
    kinds = is_classifier, is_clusterer, is_outlier_detector
    if any(is_kind(estimator) for is_kind in kinds):
        return True
    return np.asarray(answers[0].output).dtype.kind not in "biufc"


def _calls(
    axis: TimeAxis, place: IntArray, test: IntArray, context: Size
) -> tuple[Call, ...]:
    """What is to be predicted in a fold."""
    if context == 0:
        return (Call(test),)
    return calls_with_context(axis, place, test, context)


def _steps_ahead(numbers: IntArray, train: IntArray, test: IntArray) -> IntArray:
    """Distinct times from the last training row before each test row."""
    last = numbers[train].max()
    if last < numbers[test].min():
        return np.asarray(numbers[test] - last)
    latest = np.full(numbers.max() + 1, -1)
    latest[numbers[train]] = numbers[train]
    before = np.append(-1, np.maximum.accumulate(latest))[numbers[test]]
    return np.where(before < 0, 0, numbers[test] - before)


def _dense(y: Any) -> Any:
    """The target as an array of its own."""
    array = np.array(y.toarray() if hasattr(y, "toarray") else y)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
