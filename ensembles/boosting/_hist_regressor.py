"""Gradient boosting of values on histograms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from sklearn.base import RegressorMixin

from ensembles._ensemble._targets import check_values
from ensembles._typing import FloatArray, RandomState, Table
from ensembles.boosting._hist_base import BaseHistBooster
from ensembles.boosting._hist_params import check_loss
from ensembles.boosting._outputs import PerOutput
from ensembles.boosting._value_losses import VALUE_LOSSES, value_loss_of
from ensembles.losses import Loss

__all__ = ["HistBoostingRegressor"]


@final
class HistBoostingRegressor(RegressorMixin, BaseHistBooster):
    """Gradient boosting of trees on histograms, for values.

    The first thing to try on a table of some hundred rows or more: it takes missing
    values, categories and any scale as they are, and is faster than LightGBM on one
    core. It cannot predict values beyond those that it has seen: where a trend goes on,
    take a linear model, or boost its residuals. A forest
    (:class:`~ensembles.bagging.HistForestRegressor`) has less to tune. It takes the
    place of :class:`sklearn.ensemble.HistGradientBoostingRegressor`.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        "squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma",
        "tweedie", or a :class:`~ensembles.losses.Loss`. "poisson", "gamma" and
        "tweedie" predict by the exponential, and take y >= 0, y > 0 and y >= 0.
    quantile : float or None, default=None
        Which quantile `loss="quantile"` predicts, between 0 and 1.
    learning_rate : float, default=0.1
        What each tree is multiplied by. Smaller values need more rounds and often
        predict better.
    max_iter : int, default=100
        Number of rounds, at most.
    max_leaf_nodes : int or None, default=31
        Most leaves of a tree; the split that gains most comes next. None for any
        number.
    max_depth : int or None, default=None
        Longest path from the root to a leaf. None for any.
    min_samples_leaf : int, default=20
        Least number of rows in a leaf. With a few hundred rows take fewer.
    l2_regularization : float, default=0.0
        Added to the hessian of each leaf: draws leaves of few rows to zero.
    max_features : float, default=1.0
        Share of the features that are drawn anew for each node.
    max_bins : int, default=255
        Bins of a feature without the one for missing values, 2 to 255.
    categorical_features : None, "from_dtype", or array-like, default="from_dtype"
        Which features are categories: none; those columns of a data frame that are
        categories or strings; a mask, positions, or names. Each can have `max_bins`.
    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 where predictions may only rise with a feature, -1 where they may only fall,
        else 0; by position, or by name in a dict. Only for one target.
    interaction_cst : list of lists, str or None, default=None
        Groups of features, by position or name, that may meet on a path; features in
        none are one group more. "pairwise" and "no_interactions" name all pairs and
        all single features.
    warm_start : bool, default=False
        Whether another `fit` on the same rows adds rounds up to `max_iter`.
    early_stopping : "auto", bool or splitter, default="auto"
        Whether to stop when the score of rows set aside gets no better. "auto" does
        for more than 10,000 rows, or where `fit` is given validation rows. Of a
        splitter the last split is taken: for rows in time, the latest.
    scoring : str, callable or None, default="loss"
        What is to get better: the loss, a scorer by name or as a function of
        booster, X and y, or (None) the booster's `score`.
    validation_fraction : float, int or None, default=0.1
        Share or number of rows to set aside; None stops by the training rows.
    n_iter_no_change : int, default=10
        Rounds without a better score after which to stop.
    tol : float, default=1e-07
        What a score must rise by to be better.
    verbose : int, default=0
        1 writes a line at the end, 2 one for each round.
    random_state : int, RandomState instance or None, default=None
        Of rows set aside, of rows and features drawn, and, above 50,000 rows, of
        those that bins are found on.
    subsample : float, default=1.0
        Share of the rows that are drawn, without replacement, for each round.
    one_side_sampling : tuple of two floats or None, default=None
        Learn each round from this share of the rows, those of the largest gradients,
        and from that share drawn from the others, which count for all of these.
    categorical_smoothing : float, default=100.0
        Rows whose hessian is added to both sides when the gain of a split by categories
        is judged. The best of many sets gains by chance: without, as in scikit-learn,
        columns of many categories are overrated.
    sums : str, default="auto"
        How histograms are kept: "packed", gradient and hessian of a row in one word of
        64 bits, or "exact", in one each, for twice the time. "auto" takes the second
        where the first would be too coarse: for some millions of rows, or where few
        gradients are hundreds of times as large as most.
    alpha : float, default=0.9
        Quantile of the sizes of residuals beyond which `loss="huber"` is linear.
    power : float, default=1.5
        Power of the mean that the variance is proportional to for `loss="tweedie"`:
        between 1 and 2 for amounts that are often zero.
    n_jobs : int or None, default=None
        Threads of `fit`: they share the trees of a round, where there are several, and
        else the large histograms of a tree, from 50,000 rows of twenty features on.
        None means 1 unless in a :func:`joblib.parallel_config` context; -1 means all
        processors. The bits are the same for any number.

    Attributes
    ----------
    trees_ : list of lists
        Trees of each round, one for each raw prediction.
    initial_value_ : ndarray of shape (n_raw,)
        Raw prediction before the first round.
    n_iter_ : int
        Number of rounds.
    n_trees_per_iteration_ : int
        Trees a round: one for each target.
    do_early_stopping_ : bool
        Whether scores were watched.
    train_score_ : ndarray of shape (n_rounds + 1,)
        Scores of training rows, before the first round and after each; empty without
        early stopping.
    validation_score_ : ndarray of shape (n_rounds + 1,)
        The same of rows set aside; empty where there are none.
    binner_ : Binner
        What codes stand for.
    is_categorical_ : ndarray of shape (n_features,) or None
        Which features are categories; None where none is.
    feature_importances_ : ndarray of shape (n_features,)
        How much the loss fell by splits of each feature, as a share of the sum.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if targets are outside the range of the loss, constraints do not fit
        the features, or no row is left on a side of a split into training and
        validation.

    See Also
    --------
    HistBoostingClassifier : The same for classes.

    Notes
    -----
    Several targets are predicted by trees of their own for each, on the same codes.

    Sums of gradients are whole numbers: trees do not depend on the order of rows, and
    the same seed gives the same bits. Where hessians differ, "packed" sums first judge
    a side of a split by its share of the hessian; those taken have `min_samples_leaf`
    rows.

    Where a node has no missing values of the feature that it is split by, those that
    come later go with most of its rows. A feature without any value is not used, and
    warned of.

    References
    ----------
    .. [1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine",
       Annals of Statistics 29(5), 2001.
    .. [2] G. Ke et al., "LightGBM: a highly efficient gradient boosting decision
       tree", Advances in Neural Information Processing Systems 30, 2017.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from ensembles import HistBoostingRegressor
    >>> X, y = make_friedman1(1500, noise=1.0, random_state=0)
    >>> X, X_test, y, y_test = X[:500], X[500:], y[:500], y[500:]
    >>> booster = HistBoostingRegressor(max_iter=50, max_leaf_nodes=8).fit(X, y)
    >>> round(booster.score(X_test, y_test), 2)
    0.88

    An interval, by a fit for each end:

    >>> low, high = (
    ...     HistBoostingRegressor("quantile", quantile=q, max_iter=50, max_leaf_nodes=4)
    ...     for q in (0.05, 0.95)
    ... )
    >>> low, high = low.fit(X, y).predict(X_test), high.fit(X, y).predict(X_test)
    >>> inside = (low <= y_test) & (y_test <= high)
    >>> round(float(inside.mean()), 2)
    0.85
    """

    _losses = VALUE_LOSSES

    def __init__(
        self,
        loss: str | Loss = "squared_error",
        *,
        quantile: float | None = None,
        learning_rate: float = 0.1,
        max_iter: int = 100,
        max_leaf_nodes: int | None = 31,
        max_depth: int | None = None,
        min_samples_leaf: int = 20,
        l2_regularization: float = 0.0,
        max_features: float = 1.0,
        max_bins: int = 255,
        categorical_features: Any = "from_dtype",
        monotonic_cst: Any = None,
        interaction_cst: Any = None,
        warm_start: bool = False,
        early_stopping: Any = "auto",
        scoring: Any = "loss",
        validation_fraction: float | None = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-7,
        verbose: int = 0,
        random_state: RandomState = None,
        subsample: float = 1.0,
        one_side_sampling: tuple[float, float] | None = None,
        categorical_smoothing: float = 100.0,
        sums: str = "auto",
        alpha: float = 0.9,
        power: float = 1.5,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            max_iter=max_iter,
            max_leaf_nodes=max_leaf_nodes,
            max_depth=max_depth,
            min_samples_leaf=min_samples_leaf,
            l2_regularization=l2_regularization,
            max_features=max_features,
            max_bins=max_bins,
            categorical_features=categorical_features,
            interaction_cst=interaction_cst,
            warm_start=warm_start,
            early_stopping=early_stopping,
            scoring=scoring,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            verbose=verbose,
            random_state=random_state,
            subsample=subsample,
            one_side_sampling=one_side_sampling,
            categorical_smoothing=categorical_smoothing,
            sums=sums,
            n_jobs=n_jobs,
        )
        self.loss = loss
        self.monotonic_cst = monotonic_cst
        self.quantile = quantile
        self.alpha = alpha
        self.power = power

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Table) -> FloatArray:
        """Predict values.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._predicted(self._raw_predict(X))

    def staged_predict(self, X: Table) -> Iterator[FloatArray]:
        """Predict values after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions; the last are those of `predict`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield self._predicted(raw)

    def _predicted(self, raw: FloatArray) -> FloatArray:
        """Predictions of raw ones."""
        raw = raw[:, 0] if self._is_single else raw
        return np.asarray(self._loss.prediction(raw))

    def _check_params(self) -> None:
        check_loss(self, self._losses)
        super()._check_params()

    def _encode(self, y: Any, like: str | None) -> FloatArray:
        values = np.asarray(check_values(self, y), dtype=np.float64)
        n_outputs = 1 if values.ndim == 1 else values.shape[1]
        if like is None:
            self._is_single = values.ndim == 1
            self.n_trees_per_iteration_ = n_outputs
        if n_outputs != self.n_trees_per_iteration_:
            raise ValueError(
                f"y{like} has {n_outputs} targets and the booster was fitted to "
                f"{self.n_trees_per_iteration_}. Pass as many."
            )
        return values

    def _loss_of(self) -> Loss:
        loss = value_loss_of(self)
        if self._is_single:
            return loss
        return PerOutput((loss,) * self.n_trees_per_iteration_)
