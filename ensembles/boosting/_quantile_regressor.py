"""Gradient boosting of several quantiles of a target that never cross."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, final

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_consistent_length

from ensembles._ensemble._targets import check_one_target
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import (
    check_confidence_level,
    check_quantiles,
    check_sample_weight,
    invalid_parameter,
    is_real,
)
from ensembles.boosting._held_out import BaseHeldOutBooster, effective_rows
from ensembles.boosting._outputs import PerOutput
from ensembles.boosting._samples import Sample
from ensembles.losses import Loss, PinballLoss
from ensembles.losses._quantiles import lower_quantile

__all__ = ["QuantileBoostingRegressor"]

# Variance of the share of targets below a quantile at the ends, before any row has been
# seen: five points either way. A few rows set aside move it by little.
_PRIOR_VARIANCE = 0.05**2
# Levels that rounding alone tells apart.
_SAME_LEVEL = 1e-9


@final
class QuantileBoostingRegressor(RegressorMixin, BaseHeldOutBooster):
    """Gradient boosting of trees for several quantiles at once, in order.

    For intervals where the form of the distribution is not known: each round grows a
    tree for each quantile, on the engine of
    :class:`~ensembles.boosting.HistBoostingRegressor`, whose fits of one quantile each
    may cross and cover too little. Quantiles in the tails need many rows; with some
    hundreds, :class:`~ensembles.boosting.DistributionBoostingRegressor` says more.
    :class:`~ensembles.bagging.HistForestRegressor` has quantiles with less to tune.

    Parameters
    ----------
    quantiles : array-like of shape (n_quantiles,), default=(0.05, 0.5, 0.95)
        Levels between 0 and 1 in ascending order.
    learning_rate : float, default=0.1
        What each tree is multiplied by. Smaller values need more rounds and often
        predict better.
    max_iter : int, default=500
        Number of rounds, at most.
    max_leaf_nodes : int or None, default=8
        Most leaves of a tree; the split that gains most comes next. None for any
        number.
    max_depth : int or None, default=None
        Longest path from the root to a leaf. None for any.
    min_samples_leaf : int, default=20
        Least number of rows in a leaf.
    l2_regularization : float, default=0.0
        Added to the number of rows on both sides when splits are judged.
    max_features : float, default=1.0
        Share of the features that are drawn anew for each node.
    max_bins : int, default=255
        Bins of a feature without the one for missing values, 2 to 255.
    categorical_features : None, "from_dtype", or array-like, default="from_dtype"
        Which features are categories: none; those columns of a data frame that are
        categories or strings; a mask, positions, or names. Each can have `max_bins`.
    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 where all quantiles may only rise with a feature, -1 where they may only fall,
        else 0; by position, or by name in a dict.
    interaction_cst : list of lists, str or None, default=None
        Groups of features, by position or name, that may meet on a path; features in
        none are one group more. "pairwise" and "no_interactions" name all pairs and
        all single features.
    warm_start : bool, default=False
        Whether another `fit` on the same rows adds rounds up to `max_iter`.
    early_stopping : "auto", bool or splitter, default=True
        Whether to set rows aside and keep the rounds up to the best for them. "auto"
        does for more than 10,000 rows, or where `fit` is given validation rows. Of a
        splitter the last split is taken: for rows in time, the latest.
    scoring : str, callable or None, default="loss"
        What is to get better: the pinball loss, a scorer by name or as a function of
        booster, X and y, or (None) the booster's `score`.
    validation_fraction : float, int or None, default=0.1
        Share or number of rows to set aside; None stops by the training rows.
    n_iter_no_change : int, default=10
        Rounds without a better score after which to stop.
    tol : float, default=1e-07
        What a score must rise by to be better; the loss, as a share of the first one.
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
        is judged.
    sums : str, default="auto"
        How histograms are kept: "packed", "exact" or "auto", as in
        `HistBoostingRegressor`.
    calibrate : bool, default=True
        Whether each quantile is moved by the constant that lets its share of the rows
        set aside lie below it, or, the fewer there are and the nearer it is to the
        median, by part of that. Without, too few targets lie between quantiles.
    n_jobs : int or None, default=None
        Threads of `fit`, that share the trees of a round. None means 1 unless in a
        :func:`joblib.parallel_config` context; -1 means all processors. The bits are
        the same for any number.

    Attributes
    ----------
    trees_ : list of lists
        Trees of each round, one for each quantile.
    initial_value_ : ndarray of shape (n_quantiles,)
        Raw predictions before the first round.
    calibration_ : ndarray of shape (n_quantiles,)
        What is added to quantiles for the sake of the rows set aside.
    n_iter_ : int
        Number of rounds that were kept.
    n_trees_per_iteration_ : int
        Number of quantiles.
    do_early_stopping_ : bool
        Whether scores were watched.
    train_score_ : ndarray of shape (n_rounds + 1,)
        Scores of training rows, before the first round and after each; those dropped
        too. Empty without early stopping.
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
        From `fit`, if constraints do not fit the features, or no row is left on a side
        of a split into training and validation.

    See Also
    --------
    DistributionBoostingRegressor : All quantiles of a distribution that is assumed.
    HistBoostingRegressor : ``loss="quantile"`` for one.

    Notes
    -----
    Where trees have led quantiles of a row across each other they are sorted. Sorted
    ones are never further from the true ones, whatever these are [2]_.

    Quantiles that lie between two levels are interpolated.

    References
    ----------
    .. [1] R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46(1), 1978,
       pp. 33-50.
    .. [2] V. Chernozhukov, I. Fernández-Val, A. Galichon, "Quantile and probability
       curves without crossing", Econometrica 78(3), 2010, proposition 4.
    .. [3] Y. Romano, E. Patterson, E. Candès, "Conformalized quantile regression",
       Advances in Neural Information Processing Systems 32, 2019, section 4, of
       `calibrate`.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles import QuantileBoostingRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(8000, 3))
    >>> y = 3.0 * X[:, 1] + (0.2 + 2.0 * X[:, 0]) * rng.exponential(size=8000)
    >>> booster = QuantileBoostingRegressor(random_state=0).fit(X[:5000], y[:5000])
    >>> found = booster.predict_quantiles(X[5000:])
    >>> (y[5000:, None] <= found).mean(axis=0).round(2)
    array([0.06, 0.49, 0.96])
    >>> bool((np.diff(found, axis=1) >= 0.0).all())
    True
    """

    def __init__(
        self,
        quantiles: ArrayLike = (0.05, 0.5, 0.95),
        *,
        learning_rate: float = 0.1,
        max_iter: int = 500,
        max_leaf_nodes: int | None = 8,
        max_depth: int | None = None,
        min_samples_leaf: int = 20,
        l2_regularization: float = 0.0,
        max_features: float = 1.0,
        max_bins: int = 255,
        categorical_features: Any = "from_dtype",
        monotonic_cst: Any = None,
        interaction_cst: Any = None,
        warm_start: bool = False,
        early_stopping: Any = True,
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
        calibrate: bool = True,
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
            calibrate=calibrate,
            n_jobs=n_jobs,
        )
        self.quantiles = quantiles
        self.monotonic_cst = monotonic_cst

    def predict(self, X: Table) -> FloatArray:
        """Predict medians.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Medians; the quantile next to these where all levels lie on one side.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._median(self.predict_quantiles(X))

    def staged_predict(self, X: Table) -> Iterator[FloatArray]:
        """Predict medians after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,)
            Medians; the last are those of `predict`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for found in self._staged_raw_predict(X):
            yield self._median(found)

    def predict_quantiles(
        self, X: Table, quantiles: ArrayLike | None = None
    ) -> FloatArray:
        """Predict quantiles.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        quantiles : float, array-like of shape (n_quantiles,) or None, default=None
            Levels within those fitted. None for these.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles)
            Quantiles, of which none is greater than one of a higher level; for a single
            level without the last axis.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If a level is none, or lies beyond those fitted.
        """
        found = self._raw_predict(X)
        if quantiles is None:
            return found
        levels = check_quantiles(quantiles)
        found = self._between(found, levels)
        return found[:, 0] if np.ndim(quantiles) == 0 else found

    def predict_interval(
        self, X: Table, confidence_level: float | None = None
    ) -> FloatArray:
        """Predict intervals that targets lie in.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        confidence_level : float or None, default=None
            Share of targets that are to lie inside, as many above as below the others.
            None for the interval from the lowest to the highest of the levels.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Lower and upper ends.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If the level is not between 0 and 1, or its ends lie beyond those fitted.
        """
        if confidence_level is None:
            return self.predict_quantiles(X)[:, [0, -1]]
        outside = 1.0 - check_confidence_level(confidence_level)
        return self.predict_quantiles(X, (0.5 * outside, 1.0 - 0.5 * outside))

    def staged_predict_quantiles(self, X: Table) -> Iterator[FloatArray]:
        """Predict quantiles after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples, n_quantiles)
            Quantiles; the last are those of `predict_quantiles`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        yield from self._staged_raw_predict(X)

    def pinball_loss(
        self, X: Table, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        """Mean pinball loss over rows and levels: how good the quantiles are.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        y : array-like of shape (n_samples,)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts.

        Returns
        -------
        float
            Less is better.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If there are not as many targets as rows.
        """
        found = self.predict_quantiles(X)
        targets = self._repeated(check_one_target(self, y))
        check_consistent_length(found, targets)
        weights = check_sample_weight(sample_weight, len(targets))
        found = found if targets.ndim == 2 else found[:, 0]
        return self._loss.mean(targets, found, weights)

    def _median(self, found: FloatArray) -> FloatArray:
        """Medians, of quantiles of the levels fitted."""
        middle = np.clip(0.5, self._levels[0], self._levels[-1])
        return self._between(found, np.array([middle]))[:, 0]

    def _between(self, found: FloatArray, levels: FloatArray) -> FloatArray:
        """Quantiles of other levels than those that were found."""
        known = self._levels
        inside = levels.clip(known[0], known[-1])
        if np.abs(levels - inside).max() > _SAME_LEVEL:
            raise ValueError(
                f"Quantiles of {levels.tolist()} lie beyond those that were fitted, "
                f"{known.tolist()}. Fit with these as `quantiles`."
            )
        if len(known) == 1:
            return np.repeat(found, len(levels), axis=1)
        above = np.searchsorted(known, inside).clip(1, len(known) - 1)
        share = (inside - known[above - 1]) / (known[above] - known[above - 1])
        low, high = found[:, above - 1], found[:, above]
        return np.asarray(low + share * (high - low))

    def _check_params(self) -> None:
        levels: Any = self.quantiles
        levels = list(levels) if np.iterable(levels) else []
        bounded = [0.0, *levels, 1.0]
        if not (levels and all(map(is_real, bounded)) and _ascends(bounded)):
            allowed = "levels in the range (0.0, 1.0), in ascending order"
            raise invalid_parameter(self, "quantiles", self.quantiles, allowed)
        super()._check_params()

    def _encode(self, y: Any, like: str | None) -> FloatArray:
        values = check_one_target(self, y)
        wanted = np.asarray(self.quantiles, dtype=np.float64)
        if like is None:
            self._levels, self.n_trees_per_iteration_ = wanted, len(wanted)
        elif not np.array_equal(self._levels, wanted):
            raise ValueError(
                f"quantiles={self.quantiles!r} are not those that the booster was "
                f"fitted to, {self._levels.tolist()}. Fit anew with warm_start=False."
            )
        return self._repeated(values)

    def _repeated(self, y: FloatArray) -> FloatArray:
        """Targets, once for each of several quantiles."""
        if len(self._levels) == 1:
            return y
        return np.repeat(y[:, None], len(self._levels), axis=1)

    def _decoded(self, y: FloatArray) -> FloatArray:
        return y if y.ndim == 1 else np.asarray(y[:, 0])

    def _loss_of(self) -> Loss:
        losses = tuple(PinballLoss(float(one)) for one in self._levels)
        return losses[0] if len(losses) == 1 else PerOutput(losses)

    def _should_stop(self, scores: Sequence[float]) -> bool:
        unit = abs(scores[0]) if self.scoring == "loss" else 1.0
        return super()._should_stop([score / (unit or 1.0) for score in scores])

    def _corrected(self, raw: FloatArray) -> FloatArray:
        return np.sort(super()._corrected(np.sort(raw, axis=1)), axis=1)

    def _correction(self, sample: Sample, raw: FloatArray) -> FloatArray:
        """Quantiles of what is left of the targets, as in equation 8 for each end."""
        levels, weights = self._levels, sample.weights
        y: FloatArray = sample.y.reshape(len(raw), -1)
        left = zip((y - np.sort(raw, axis=1)).T, levels, strict=True)
        n_rows = effective_rows(weights, len(raw))
        if weights is None:
            moves = [np.quantile(one, q, method="weibull") for one, q in left]
        else:
            moves = [lower_quantile(one, weights, q) for one, q in left]
        # What fits too closely draws quantiles together: to the median, which stays.
        prior = _PRIOR_VARIANCE * np.abs(1.0 - 2.0 * levels)
        trust = prior / (prior + levels * (1.0 - levels) / n_rows)
        return np.asarray(trust * moves)


def _ascends(levels: Sequence[Any]) -> bool:
    """Whether each number is greater than the one before."""
    return all(low < high for low, high in pairwise(levels))
