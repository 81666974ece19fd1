"""Gradient boosting of the distribution of a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, final

import numpy as np
from scipy import optimize
from sklearn.base import RegressorMixin
from sklearn.utils import check_consistent_length

from ensembles._ensemble._targets import check_one_target
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import (
    check_choice,
    check_confidence_level,
    check_quantiles,
    check_sample_weight,
)
from ensembles.boosting._held_out import BaseHeldOutBooster, effective_rows
from ensembles.boosting._outputs import as_loss_takes
from ensembles.boosting._samples import Sample
from ensembles.losses import DistributionLoss
from ensembles.losses._named import DISTRIBUTIONS

__all__ = ["DistributionBoostingRegressor"]

# The correction of a spread is within a factor of 1.4 two times in three, before any
# row has been seen: a few rows set aside move it by little.
_PRIOR_PRECISION = 8.0
_LARGEST_CORRECTION = 3.0


@final
class DistributionBoostingRegressor(RegressorMixin, BaseHeldOutBooster):
    """Gradient boosting of trees for all parameters of a distribution.

    Predicts how far targets spread, and not only where they lie: intervals, quantiles,
    the chance of more than some amount. Each round grows a tree for each parameter, by
    natural gradients, on the engine of
    :class:`~ensembles.boosting.HistBoostingRegressor`; missing values, categories and
    any scale are taken as they are. Take it where the form of the distribution is
    known, or nearly; where it is not,
    :class:`~ensembles.boosting.QuantileBoostingRegressor` asks for none, and needs more
    rows. Where only means matter, `HistBoostingRegressor` is faster.

    Parameters
    ----------
    distribution : str or DistributionLoss, default="normal"
        "normal", "lognormal", "laplace", "student", "poisson", "negative_binomial", or
        a :class:`~ensembles.losses.DistributionLoss`. "lognormal" takes y > 0,
        "poisson" y >= 0 and "negative_binomial" whole numbers y >= 0.
    learning_rate : float, default=0.1
        What each tree is multiplied by. Smaller values need more rounds and often
        predict better.
    max_iter : int, default=500
        Number of rounds, at most.
    max_leaf_nodes : int or None, default=8
        Most leaves of a tree; the split that gains most comes next. None for any
        number. Spreads are learned from few rows more easily than they should be, and
        need small trees.
    max_depth : int or None, default=None
        Longest path from the root to a leaf. None for any.
    min_samples_leaf : int, default=20
        Least number of rows in a leaf.
    l2_regularization : float, default=0.0
        So many rows without any need to change are added to each leaf: draws leaves of
        few rows to zero.
    max_features : float, default=1.0
        Share of the features that are drawn anew for each node.
    max_bins : int, default=255
        Bins of a feature without the one for missing values, 2 to 255.
    categorical_features : None, "from_dtype", or array-like, default="from_dtype"
        Which features are categories: none; those columns of a data frame that are
        categories or strings; a mask, positions, or names. Each can have `max_bins`.
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
        What is to get better: the log-likelihood, a scorer by name or as a function of
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
        Share of the rows that are drawn, without replacement, for each round. A half
        often predicts better.
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
        Whether spreads are multiplied by the factor that is best for the rows set
        aside, where there are any. Those of training rows are too small. Of counts,
        dispersions are, and "poisson" has none.
    n_jobs : int or None, default=None
        Threads of `fit`, that share the trees of a round. None means 1 unless in a
        :func:`joblib.parallel_config` context; -1 means all processors. The bits are
        the same for any number.

    Attributes
    ----------
    trees_ : list of lists
        Trees of each round, one for each parameter.
    initial_value_ : ndarray of shape (n_parameters,)
        Raw predictions before the first round.
    calibration_ : ndarray of shape (n_parameters,)
        What is added to raw predictions for the sake of the rows set aside.
    n_iter_ : int
        Number of rounds that were kept.
    n_trees_per_iteration_ : int
        Number of parameters.
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
    parameter_importances_ : ndarray of shape (n_parameters, n_features)
        The same of the trees of each parameter.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if targets are outside the range of the distribution, constraints do
        not fit the features, or no row is left on a side of a split into training and
        validation.

    See Also
    --------
    QuantileBoostingRegressor : Quantiles without a distribution.
    HistForestRegressor : Quantiles of the training rows that share leaves.

    Notes
    -----
    NGBoost [1]_ fits trees to natural gradients by least squares, each row alike. Here
    a row counts by its Fisher information, so that a leaf takes the natural gradient of
    all its rows together: a row that is known to be noisy then says little about the
    mean. In leaves, logarithms of scales move by the logarithm of what a step would be,
    which keeps them finite without a search along the line. NGBoost's search of one
    factor for all leaves is not needed.

    References
    ----------
    .. [1] T. Duan et al., "NGBoost: natural gradient boosting for probabilistic
       prediction", International Conference on Machine Learning, 2020, algorithm 1.
    .. [2] A. Mayr et al., "Generalized additive models for location, scale and shape
       for high dimensional data", Journal of the Royal Statistical Society C 61(3),
       2012, section 3.

    Examples
    --------
    Noise grows with the first feature. Intervals know, and cover nine of ten targets
    where it is large and where it is small:

    >>> import numpy as np
    >>> from ensembles import DistributionBoostingRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(8000, 3))
    >>> y = 3.0 * X[:, 1] + (0.2 + 2.0 * X[:, 0]) * rng.normal(size=8000)
    >>> booster = DistributionBoostingRegressor(random_state=0).fit(X[:5000], y[:5000])
    >>> X, y = X[5000:], y[5000:]
    >>> low, high = booster.predict_interval(X, confidence_level=0.9).T
    >>> inside, is_noisy = (low <= y) & (y <= high), X[:, 0] > 0.5
    >>> [round(float(inside[rows].mean()), 2) for rows in (is_noisy, ~is_noisy)]
    [0.88, 0.91]

    The chance of a target below zero, of three rows:

    >>> booster.predict_dist(X[:3]).cdf(0.0).round(2)
    array([0.11, 0.33, 0.21])
    """

    _loss: DistributionLoss

    def __init__(
        self,
        distribution: str | DistributionLoss = "normal",
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
        self.distribution = distribution

    @property
    def parameter_importances_(self) -> FloatArray:
        """How much the loss fell by splits of each feature, for each parameter."""
        trees = zip(*self.trees_, strict=True)
        return np.array([self._importances(of_one) for of_one in trees])

    def predict(self, X: Table) -> FloatArray:
        """Predict means.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Means of the distributions; of "student", locations.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._mean(self._raw_predict(X))

    def predict_dist(self, X: Table) -> Any:
        """Predict distributions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        rv_frozen
            One of :mod:`scipy.stats` for all rows at once: its `cdf`, `ppf`, `std`,
            `rvs` and so on have n_samples entries.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._dist(self._raw_predict(X))

    def predict_quantiles(
        self, X: Table, quantiles: ArrayLike = (0.05, 0.5, 0.95)
    ) -> FloatArray:
        """Predict quantiles of the distributions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        quantiles : float or array-like of shape (n_quantiles,), default=(0.05, 0.5, \
0.95)
            Levels between 0 and 1, whose quantiles are the ends of distributions.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles)
            Quantiles; for a single level without the last axis.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If a level is none.
        """
        levels = check_quantiles(quantiles)
        dist = self.predict_dist(X)
        # Of counts, the quantile of zero is below all counts.
        found = np.asarray(np.maximum(dist.ppf(levels[:, None]), dist.support()[0])).T
        return found[:, 0] if np.ndim(quantiles) == 0 else found

    def predict_interval(self, X: Table, confidence_level: float = 0.9) -> FloatArray:
        """Predict intervals that targets lie in.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        confidence_level : float, default=0.9
            Share of targets that are to lie inside, as many above as below the others.
            Of counts, at least that share.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Lower and upper ends, which belong to the interval.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If the level is not between 0 and 1.
        """
        outside = 1.0 - check_confidence_level(confidence_level)
        return self.predict_quantiles(X, (0.5 * outside, 1.0 - 0.5 * outside))

    def staged_predict(self, X: Table) -> Iterator[FloatArray]:
        """Predict means after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,)
            Means; the last are those of `predict`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield self._mean(raw)

    def staged_predict_dist(self, X: Table) -> Iterator[Any]:
        """Predict distributions after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        rv_frozen
            Distributions of all rows; the last are those of `predict_dist`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield self._dist(raw)

    def log_likelihood(
        self, X: Table, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        """Mean log-likelihood of targets: how good the distributions are.

        It is what intervals and spreads should be chosen by, as a scorer:
        ``GridSearchCV(booster, grid, scoring=lambda b, X, y: b.log_likelihood(X, y))``.

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
            Greater is better.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If a target is outside the range of the distribution.
        """
        raw = as_loss_takes(self._raw_predict(X).T)
        y = check_one_target(self, y)
        check_consistent_length(raw, y)
        weights = check_sample_weight(sample_weight, len(y))
        self._loss.check_range(y)
        return float(np.average(self._loss.log_likelihood(y, raw), weights=weights))

    def _mean(self, raw: FloatArray) -> FloatArray:
        """Means, of raw predictions."""
        return np.asarray(self._loss.prediction(as_loss_takes(raw.T)))

    def _dist(self, raw: FloatArray) -> Any:
        """Distributions, of raw predictions."""
        return self._loss.distribution(as_loss_takes(raw.T))

    @property
    def _bend(self) -> Callable[[int, FloatArray], FloatArray]:  # type: ignore[override]
        """What parameters move by in leaves."""
        return self._loss.step

    def _encode(self, y: Any, like: str | None) -> FloatArray:
        return check_one_target(self, y)

    def _loss_of(self) -> DistributionLoss:
        loss = self.distribution
        if not isinstance(loss, DistributionLoss):
            known, hint = DISTRIBUTIONS, "Or pass a DistributionLoss object."
            check_choice(self, "distribution", loss, known, hint)
            loss = known[loss]()
        n_raw = loss.n_raw
        if n_raw == 0 or not (loss.spread is None or 0 <= loss.spread < n_raw):
            raise ValueError(
                f"distribution={loss!r} has the parameters {loss.parameters} and the "
                f"spread {loss.spread}. It needs one parameter or more, and a spread "
                "that is the position of one of them, or None."
            )
        if self.warm_start and hasattr(self, "_predictors"):
            self._check_same(loss)
        self.n_trees_per_iteration_ = loss.n_raw
        return loss

    def _check_same(self, loss: DistributionLoss) -> None:
        """Raise unless trees so far have been grown for this distribution."""
        known = self._loss
        is_same = type(loss) is type(known) and loss.n_raw == known.n_raw
        if hasattr(loss, "__dataclass_fields__"):
            is_same = loss == known
        if not is_same:
            raise ValueError(
                f"distribution={self.distribution!r} is not what the booster was "
                f"fitted to, {known!r}. Fit anew with warm_start=False."
            )

    def _correction(self, sample: Sample, raw: FloatArray) -> FloatArray:
        correction = np.zeros(raw.shape[1])
        spread = self._loss.spread
        if spread is None:
            return correction
        moved = raw.copy(order="F")
        n_rows = effective_rows(sample.weights, len(raw))

        def cost(by: float) -> float:
            moved[:, spread] = raw[:, spread] + by
            mean = self._loss.mean(sample.y, as_loss_takes(moved.T), sample.weights)
            return n_rows * mean + 0.5 * _PRIOR_PRECISION * by**2

        bounds = (-_LARGEST_CORRECTION, _LARGEST_CORRECTION)
        best = optimize.minimize_scalar(cost, bounds=bounds, method="bounded")
        correction[spread] = best.x
        return correction
