"""Expected error taken apart: what is wrong on average, and what changes with data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, indexable

from ensembles._compat import take_rows
from ensembles._parallel import map_members, preferred_workers
from ensembles._routing import route_folds
from ensembles._rows import params_of_rows, table_of_rows
from ensembles._typing import (
    ArrayLike,
    BoolArray,
    Estimator,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import (
    check_choice,
    check_n_jobs,
    check_positive,
    check_verbose,
    n_rows_of,
    warn_user,
)
from ensembles.resampling import Bootstrap

__all__ = ["BiasVariance", "bias_variance"]

_ME = "bias_variance"


@final
@dataclass(frozen=True, eq=False)
class BiasVariance:
    """Mean loss of rows left out, and its parts.

    Attributes
    ----------
    loss : float
        Mean loss of models on rows that they had not learned from: ``bias +
        variance``.
    bias : float
        Of squared errors, the squared distance of the mean prediction from the target,
        which holds the noise of the target too; of labels, the share of rows whose most
        frequent prediction is wrong.
    variance : float
        What the loss changes by because models differ. Of labels it is less than
        nothing where models that differ from a wrong prediction are right.
    noise : float
        Part of the bias that no model could avoid, as given or estimated; NaN where it
        is not known.
    spread : float
        Of squared errors the variance; of labels the share of predictions that are not
        the most frequent one of their row.
    main_predictions : ndarray of shape (n_samples,)
        Mean or most frequent prediction of each row.
    losses, biases, variances : ndarray of shape (n_samples,)
        The three by row.
    n_predictions : ndarray of shape (n_samples,)
        How many models were asked about each row; rows asked of fewer than two do not
        count, and are NaN.

    See Also
    --------
    bias_variance : Makes it.

    References
    ----------
    .. [1] P. Domingos, "A unified bias-variance decomposition and its applications",
       Proceedings of the 17th International Conference on Machine Learning, 231-238,
       2000.

    Examples
    --------
    What a bag of trees is for: it takes the variance, and leaves the bias.

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from ensembles import BaggingRegressor, bias_variance
    >>> X, y = load_diabetes(return_X_y=True)
    >>> tree = DecisionTreeRegressor(min_samples_leaf=5, random_state=0)
    >>> for model in tree, BaggingRegressor(tree, 10, random_state=0):
    ...     parts = bias_variance(model, X, y, random_state=0)
    ...     print(f"{parts.bias:.0f} {parts.variance:.0f}")
    3323 2107
    3170 419
    """

    loss: float
    bias: float
    variance: float
    noise: float
    spread: float
    main_predictions: NDArray[Any]
    losses: FloatArray
    biases: FloatArray
    variances: FloatArray
    n_predictions: IntArray


def bias_variance(
    estimator: Estimator,
    X: Table,
    y: ArrayLike,
    *,
    scheme: Any = None,
    loss: str | None = None,
    noise: float | str | None = None,
    groups: ArrayLike | None = None,
    params: dict[str, Any] | None = None,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: int = 0,
) -> BiasVariance:
    """Take the expected error of an estimator apart into bias and variance.

    Use it to know what would help: variance goes with bags, more rows and stronger
    regularisation, bias with richer models, boosting and better features. Models are
    fitted to draws of the data, and each row is predicted by those that had not learned
    from it, so that no test set is needed. They learn from fewer distinct rows than
    there are, and their variance is that of draws, which is not quite that of new data.

    Parameters
    ----------
    estimator : estimator
        Is cloned for each fit. With a ``random_state`` of None, its own chance is part
        of the variance.
    X : array-like of shape (n_samples, ...)
        Rows, of any kind that scikit-learn can index.
    y : array-like of shape (n_samples,)
        Labels or values.
    scheme : scheme, splitter or None, default=None
        What draws, and how often. None means a hundred draws of
        :class:`~ensembles.resampling.Bootstrap`.
    loss : {"squared_error", "zero_one"} or None, default=None
        None takes that of the estimator's kind.
    noise : float, "neighbours" or None, default=None
        Noise of the target, where it is known. "neighbours" estimates it: of values,
        half the mean squared difference from the nearest row [2]_; of labels, the least
        error that goes with that of the nearest row [3]_. Columns must be numbers then,
        and where they are many, neighbours are far, and the estimate is too large.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups of the rows, for the scheme.
    params : dict or None, default=None
        Other parameters of ``fit``; those with one entry a row follow the rows.
    n_jobs : int or None, default=None
        Workers.
    random_state : int, RandomState instance or None, default=None
        Of the draws where `scheme` is None.
    verbose : int, default=0
        joblib's progress messages.

    Returns
    -------
    BiasVariance
        The parts, and those of each row.

    Raises
    ------
    ValueError
        If no row is left out twice.
    InvalidParameterError
        If a parameter has a value that is not allowed.

    References
    ----------
    .. [1] P. Domingos, "A unified bias-variance decomposition and its applications",
       Proceedings of the 17th International Conference on Machine Learning, 231-238,
       2000.
    .. [2] L. Devroye, L. Gyorfi, G. Lugosi, H. Walk, "A nearest neighbor estimate of
       the residual variance", Electronic Journal of Statistics 12, 1752-1778, 2018.
    .. [3] T. Cover, P. Hart, "Nearest neighbor pattern classification", IEEE
       Transactions on Information Theory 13(1), 21-27, 1967.

    Examples
    --------
    Trees of a noisy sine. A stump has bias, a tree that is grown to the end has
    variance, and one in between has little of either:

    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from ensembles.inspection import bias_variance
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(0, 6, size=(300, 1))
    >>> y = np.sin(X[:, 0]) + 0.3 * rng.normal(size=300)
    >>> for depth in 1, 3, None:
    ...     tree = DecisionTreeRegressor(max_depth=depth)
    ...     parts = bias_variance(tree, X, y, noise=0.09, random_state=0)
    ...     print(f"{parts.bias - parts.noise:.2f} {parts.variance:.2f}")
    0.07 0.02
    0.01 0.01
    0.03 0.04
    """
    check_n_jobs(_ME, n_jobs)
    check_verbose(_ME, verbose)
    kind = "zero_one" if is_classifier(estimator) else "squared_error"
    check_choice(_ME, "loss", loss, {"squared_error", "zero_one", None})
    if isinstance(noise, str):
        check_choice(_ME, "noise", noise, {"neighbours"})
    else:
        check_positive(_ME, "noise", noise, zero=True, none=True)
    X, y, groups = indexable(X, y, groups)
    target = np.asarray(y)
    if target.ndim != 1:
        raise ValueError(
            f"{_ME} is for a target of one output, got y of shape {target.shape}. "
            "Take its columns in turn."
        )
    cv = Bootstrap(100, random_state=random_state) if scheme is None else scheme
    routing = route_folds(_ME, estimator, cv, y, params, groups=groups)
    folds = routing.folds(X, y)
    job = partial(
        _predict_left_out, estimator, X, y, routing.fit_params(_ME, estimator)
    )
    with routing.active():
        said = list(
            map_members(
                job,
                folds,
                n_jobs=n_jobs,
                prefer=preferred_workers(estimator),
                verbose=int(verbose),
            )
        )
    rows = np.concatenate([test for _, test in folds])
    taken_apart = {"squared_error": _squared, "zero_one": _zero_one}[loss or kind]
    estimate: float = np.nan if noise is None or isinstance(noise, str) else noise
    if isinstance(noise, str):
        estimate = _noise_of_neighbours(X, target, loss or kind)
    return _put_together(taken_apart, target, rows, np.concatenate(said), estimate)


def _predict_left_out(
    estimator: Estimator,
    X: Table,
    y: Any,
    params: dict[str, Any],
    train: IntArray,
    test: IntArray,
) -> NDArray[Any]:
    """Predictions of the rows that a draw left out, by a model of the others."""
    model = clone(estimator)
    told = params_of_rows(params, train, n_rows_of(X))
    model.fit(table_of_rows(model, X, train, train), take_rows(y, train), **told)
    return np.asarray(model.predict(table_of_rows(model, X, test, train)))


def _put_together(
    taken_apart: Callable[..., tuple[Any, ...]],
    y: NDArray[Any],
    rows: IntArray,
    predictions: NDArray[Any],
    noise: float,
) -> BiasVariance:
    """Parts of each row that was left out twice at least, and their means."""
    counts = np.bincount(rows, minlength=len(y))
    known = counts > 1
    if not known.any():
        raise ValueError(
            f"{_ME} compares models on rows that they had not learned from, and none "
            "is left out twice. Take more draws."
        )
    if not known.all():
        warn_user(
            f"{np.count_nonzero(~known)} of {len(y)} rows were left out less than "
            "twice, and do not count. Take more draws."
        )
    main, losses, biases, spreads, variances = taken_apart(
        y, rows, predictions.reshape(len(rows)), counts, known
    )
    for part in (losses, biases, spreads, variances):
        part[~known] = np.nan
    return BiasVariance(
        loss=float(np.nanmean(losses)),
        bias=float(np.nanmean(biases)),
        variance=float(np.nanmean(variances)),
        noise=noise,
        spread=float(np.nanmean(spreads)),
        main_predictions=main,
        losses=losses,
        biases=biases,
        variances=variances,
        n_predictions=counts,
    )


def _squared(
    y: FloatArray,
    rows: IntArray,
    predictions: FloatArray,
    counts: IntArray,
    known: BoolArray,
) -> tuple[FloatArray, ...]:
    """Mean prediction and the parts of squared errors.

    The variance v of b predictions is unbiased, and the squared distance of their mean
    from the target is too large by v / b: less that, the two add up to the mean loss.
    """
    n = len(y)
    b = np.maximum(counts, 1)
    main = np.bincount(rows, predictions, n) / b
    squares = np.bincount(rows, (predictions - main[rows]) ** 2, n)
    variance = squares / np.maximum(counts - 1, 1)
    loss = np.bincount(rows, (predictions - y[rows]) ** 2, n) / b
    main[counts == 0] = np.nan
    return main, loss, (main - y) ** 2 - variance / b, variance, variance.copy()


def _zero_one(
    y: NDArray[Any],
    rows: IntArray,
    predictions: NDArray[Any],
    counts: IntArray,
    known: BoolArray,
) -> tuple[Any, ...]:
    """Most frequent prediction and the parts of the share of errors.

    On a row whose most frequent prediction is right, others cost as often as they come;
    where it is wrong, they gain as often as they are right.
    """
    n, b = len(y), np.maximum(counts, 1)
    labels, codes = np.unique(predictions, return_inverse=True)
    votes = np.zeros((n, len(labels)))
    np.add.at(votes, (rows, codes), 1)
    shares = votes / b[:, None]
    best = shares.argmax(axis=1)
    main = labels[best]
    loss = np.bincount(rows, predictions != y[rows], n) / b
    bias = np.where(main != y, 1.0, 0.0)
    spread = 1 - shares[np.arange(n), best]
    return main, loss, bias, spread, loss - bias


def _noise_of_neighbours(X: Table, y: NDArray[Any], loss: str) -> float:
    """Noise of the target, from rows and their nearest neighbours."""
    table = StandardScaler().fit_transform(check_array(X, input_name="X"))
    nearest = NearestNeighbors(n_neighbors=1).fit(table).kneighbors()[1][:, 0]
    if loss == "squared_error":
        return float(np.mean((y - y[nearest]) ** 2) / 2)
    # The error of one neighbour is at most e (2 - e k / (k - 1)) of the least error e.
    k = len(np.unique(y))
    room = (k - 1) / k
    error = min(float(np.mean(y != y[nearest])), room)
    return float(room * (1 - np.sqrt(1 - error / room)))
