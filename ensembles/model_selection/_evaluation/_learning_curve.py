"""How much history helps: scores by the length of training sets, newest rows first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from sklearn.utils import indexable

from ensembles._fold_scores import check_scores, score_folds
from ensembles._routing import route_folds
from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray, Table
from ensembles._validation import invalid_parameter, require
from ensembles.model_selection._splitters._base import axis_of_folds
from ensembles.model_selection._splitters._history import History
from ensembles.model_selection._splitters._sizes import Size, size_of

__all__ = ["TimeLearningCurve", "time_learning_curve"]

_ME = "time_learning_curve"


@final
@dataclass(frozen=True, eq=False)
class TimeLearningCurve:
    """Scores by the length of history that was trained on.

    Attributes
    ----------
    sizes : tuple
        Lengths as asked for.
    n_train : ndarray of shape (n_sizes, n_folds)
        Training rows that makes in each fold.
    train_scores, test_scores : ndarray of shape (n_sizes, n_folds)
        Scores on the rows trained on, and on the test rows of the fold, which are the
        same for all sizes.

    See Also
    --------
    time_learning_curve : Makes it.
    sklearn.model_selection.LearningCurveDisplay : Draws it, given the mean of `n_train`
        over the folds and both scores.

    References
    ----------
    .. [1] M. H. Pesaran, A. Timmermann, "Selection of estimation window in the presence
       of breaks", Journal of Econometrics 137(1), 134-161, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from ensembles.model_selection import RollingOrigin, time_learning_curve
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> y = X.sum(axis=1) + rng.normal(size=200)
    >>> curve = time_learning_curve(
    ...     LinearRegression(), X, y, cv=RollingOrigin(3), train_sizes=[10, 20, 50]
    ... )
    >>> print(curve.to_frame().round(2))
        n_train  train_score  test_score  test_std
    10     10.0         0.85        0.65      0.09
    20     20.0         0.88        0.77      0.05
    50     50.0         0.84        0.79      0.08
    """

    sizes: tuple[Any, ...]
    n_train: IntArray
    train_scores: FloatArray
    test_scores: FloatArray

    def to_frame(self) -> Any:
        """Return means over the folds as a table.

        Returns
        -------
        pandas.DataFrame
            A row a size: ``n_train``, ``train_score``, ``test_score`` and ``test_std``,
            the standard deviation over the folds.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", "dataframe", "to_frame()")
        return pandas.DataFrame(
            {
                "n_train": self.n_train.mean(axis=1),
                "train_score": self.train_scores.mean(axis=1),
                "test_score": self.test_scores.mean(axis=1),
                "test_std": self.test_scores.std(axis=1),
            },
            index=[str(size) for size in self.sizes],
        )


def time_learning_curve(
    estimator: Estimator,
    X: Table,
    y: Any = None,
    *,
    groups: ArrayLike | None = None,
    train_sizes: Any = (0.1, 0.33, 0.55, 0.78, 1.0),
    cv: Any = None,
    scoring: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    error_score: Any = np.nan,
    params: dict[str, Any] | None = None,
    times: ArrayLike | None = None,
    label_end: ArrayLike | None = None,
) -> TimeLearningCurve:
    """Score an estimator trained on ever longer stretches of the latest history.

    Use it to see whether old rows help or mislead, and how many of the newest are
    enough. scikit-learn's ``learning_curve`` takes the first rows of each training set,
    on a series those furthest from the test, and so mixes how much with how old. For
    rows in no order it is the one to take.

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
    train_sizes : sequence, default=(0.1, 0.33, 0.55, 0.78, 1.0)
        Lengths of history: ints count distinct times, floats are shares of those of
        each training set, and timedeltas, strings such as "90D" or "2YS" and pandas
        offsets are spans up to where the training set ends.
    cv : int, splitter, iterable or None, default=None
        Folds; those of ``RollingOrigin`` train on the past alone. None is 5-fold.
    scoring : str, callable or None, default=None
        Score. None is the estimator's own.
    n_jobs : int or None, default=None
        Workers.
    verbose : int, default=0
        joblib's progress messages.
    error_score : "raise" or float, default=nan
        Score of a fit that fails.
    params : dict or None, default=None
        Other parameters of ``fit``.
    times : array-like of shape (n_samples,) or None, default=None
        When each row was known. None takes what `cv` points at, else an index of dates,
        else the order of rows.
    label_end : array-like of shape (n_samples,) or None, default=None
        When the label of each row was known, for the splitter.

    Returns
    -------
    TimeLearningCurve
        Scores by size and fold.

    Raises
    ------
    ValueError
        If a size is longer than a training set, or a span and rows have no dates.
    InvalidParameterError
        If a parameter has a value that is not allowed.

    See Also
    --------
    sklearn.model_selection.learning_curve : For rows in no order.

    References
    ----------
    .. [1] M. H. Pesaran, A. Timmermann, "Selection of estimation window in the presence
       of breaks", Journal of Econometrics 137(1), 134-161, 2007.

    Examples
    --------
    A slope that turned round three quarters of the way. Fifty rows are better than all:

    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from ensembles.model_selection import RollingOrigin, time_learning_curve
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=400)
    >>> y = np.where(np.arange(400) < 300, -x, x) + rng.normal(scale=0.5, size=400)
    >>> curve = time_learning_curve(
    ...     LinearRegression(),
    ...     x[:, None],
    ...     y,
    ...     cv=RollingOrigin(3, test_size=10),
    ...     train_sizes=[50, 200, 1.0],
    ... )
    >>> curve.test_scores.mean(axis=1).round(2)
    array([ 0.76, -1.07, -1.85])
    """
    check_scores(_ME, scoring, n_jobs, verbose)
    sizes = _sizes(train_sizes)
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
    told = routing.split.get("times") if times is None else times
    axis = axis_of_folds(routing.cv, X, told)
    history = History(axis)
    for asked, size in sizes:
        axis.check_span(f"{_ME}(train_sizes=[{asked!r}])", size)
        for number, (train, _) in enumerate(folds):
            if not history.covers(train, size):
                raise ValueError(
                    f"train_sizes holds {asked!r}, and the training set of fold "
                    f"{number} has {history.length(train)} distinct times and is "
                    "shorter. Ask for less, or make longer ones, for example by "
                    "RollingOrigin(None, train_size=...)."
                )
    cut = [
        (history.recent(train, size), test)
        for _, size in sizes
        for train, test in folds
    ]
    n_train = np.array([len(train) for train, _ in cut]).reshape(len(sizes), -1)
    if not n_train.all():
        asked, _ = sizes[int(np.argmin(n_train.min(axis=1)))]
        raise ValueError(
            f"train_sizes holds {asked!r}, which is shorter than the time between "
            "rows: none is left to train on."
        )
    scores = score_folds(
        _ME,
        estimator,
        X,
        y,
        cut,
        routing,
        scoring=scoring,
        n_jobs=n_jobs,
        verbose=int(verbose),
        return_train_score=True,
        error_score=error_score,
    )
    return TimeLearningCurve(
        sizes=tuple(asked for asked, _ in sizes),
        n_train=n_train,
        train_scores=np.reshape(scores["train_score"], n_train.shape),
        test_scores=np.reshape(scores["test_score"], n_train.shape),
    )


def _sizes(train_sizes: Any) -> list[tuple[Any, Size]]:
    """What was asked for, and the size that stands for."""
    listed = [] if isinstance(train_sizes, str) else list(np.ravel(train_sizes))
    if isinstance(train_sizes, list | tuple):
        listed = list(train_sizes)
    if not listed:
        allowed = "a sequence of ints, floats and spans of time"
        raise invalid_parameter(_ME, "train_sizes", train_sizes, allowed)
    return [(size, _size(size)) for size in listed]


def _size(asked: Any) -> Size:
    """A size; all of a training set, which no window of a splitter can be, too."""
    is_all = isinstance(asked, float | np.floating) and asked == 1.0
    return 1.0 if is_all else size_of(_ME, "train_sizes", asked)
