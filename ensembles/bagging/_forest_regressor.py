"""The forest for values, and its quantiles."""

from __future__ import annotations

from functools import partial
from typing import Any, final

import numpy as np
from joblib import hash as joblib_hash
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import CombineRule
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import check_quantiles
from ensembles.bagging._fit import FitJob
from ensembles.bagging._forest import BaseForest
from ensembles.bagging._quantiles import LeafRows, TrainingRows
from ensembles.bagging._sampling import MemberPlan, Sampler
from ensembles.bagging._until_settled import UntilSettled
from ensembles.bagging._values import BaseBagRegressor
from ensembles.resampling._base import BaseScheme
from ensembles.trees import BinnedMatrix, HistTreeRegressor
from ensembles.trees._base import BaseHistTree
from ensembles.trees._layout import MAX_BINS

__all__ = ["HistForestRegressor"]


@final
class HistForestRegressor(BaseForest, BaseBagRegressor):
    """A random forest of binned trees, for values.

    Use it as scikit-learn's forest of the same parameters, from a few thousand rows on:
    values are binned once for all trees, compiled code grows them, and missing values,
    categories and strings need no preparation. Its leaves know more than their mean:
    `predict_quantiles` tells how far targets spread. ``splitter="random"`` with
    ``bootstrap=False`` makes it extremely randomised trees. With a `scheme` the draws
    respect groups or time, and so do the out-of-bag scores. No forest extrapolates:
    take the trend out of a series first. A smooth function of few features is better
    served by a spline or a net.

    Parameters
    ----------
    n_estimators : int, "auto" or UntilSettled, default=100
        Number of trees; or by which rule it is found as they are fitted, and scored
        out-of-bag: "auto" is an :class:`UntilSettled` with its defaults.
    criterion : {"squared_error", "poisson"}, default="squared_error"
        Impurity: variance, or half the mean Poisson deviance, for counts and rates.
    max_depth : int or None, default=None
        Length of the longest path of a tree; None for no limit.
    min_samples_split : int or float, default=2
        Rows that a node needs to be split: a number or a share.
    min_samples_leaf : int or float, default=1
        Rows that a leaf needs: a number or a share.
    min_weight_fraction_leaf : float, default=0.0
        Share of the weight that a leaf needs.
    max_features : int, float, {"sqrt", "log2"} or None, default=1.0
        Features drawn for each node: a number, a share, that function of their number,
        or all of them. The search goes on until it has found one that varies.
    max_leaf_nodes : int or None, default=None
        Number of leaves of a tree, grown where impurity decreases most; None for no
        limit.
    min_impurity_decrease : float, default=0.0
        Decrease of impurity, times the share of the weight, that a split must bring.
    bootstrap : bool, default=True
        Whether each tree gets rows drawn with replacement, or all rows.
    oob_score : bool, str or callable, default=False
        Whether to score the forest on out-of-bag rows. True means R²; a string names a
        scorer; a callable is a metric if its first parameter begins with y,
        ``(y_true, y_pred)``, else a scorer ``(estimator, X, y)``.
    n_jobs : int or None, default=None
        Threads of fit and predict. None means 1 unless in a
        :func:`joblib.parallel_config` context; -1 means all processors.
    random_state : int, RandomState instance or None, default=None
        Of rows, features and cuts drawn. An int gives the same trees for every
        `n_jobs`, on the draws of rows that scikit-learn's forest makes with it.
    verbose : int, default=0
        Progress messages of joblib.
    warm_start : bool, default=False
        Keep the trees of the last fit and add what is missing. The same trees come out
        as from one fit.
    ccp_alpha : float, default=0.0
        Complexity parameter of minimal cost-complexity pruning.
    max_samples : int, float or None, default=None
        Rows drawn for each tree: a number, a share of the rows (of the sum of the
        weights where there are any), or as many as there are.
    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 for features with which predictions may only rise, -1 where they may only
        fall, 0 for others; or these by name.
    splitter : {"best", "random"}, default="best"
        Whether all cuts of a feature are tried, or one drawn between its least and
        largest value in the node.
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that draws the rows, in place of
        `max_samples` and `bootstrap`. Its own ``n_resamples`` and ``random_state``
        are not used.
    combine : str or callable, default="auto"
        How the trees' values, shape (m, n) or (m, n, q), become one, as in
        :class:`BaggingRegressor`; "auto" is the mean. May be changed after fit.
    interaction_cst : str, sequence of lists or None, default=None
        Groups of features, by position or name, that may meet on a path; features in
        no group make one of their own. "pairwise" is all pairs, "no_interactions" each
        feature by itself.
    categorical_features : None, "from_dtype", or array-like, default="from_dtype"
        Which features are categories, as in :class:`~ensembles.trees.Binner`.
    max_bins : int, default=255
        Bins of a feature, 2 to 255.
    memory : str, joblib.Memory or None, default=None
        Where finished trees are kept, so that a fit that was killed goes on where it
        stood.

    Attributes
    ----------
    estimator_ : HistTreeRegressor
        A tree that is not fitted.
    estimators_ : list of n_estimators HistTreeRegressor
        The fitted trees.
    estimators_samples_ : list of n_estimators ndarrays
        Rows that each tree was grown on, drawn again at each call.
    inbag_counts_ : ndarray of shape (n_estimators, n_samples)
        How often each tree saw each row.
    n_outputs_ : int
        Number of outputs.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.
    feature_importances_ : ndarray of shape (n_features,)
        Decrease of impurity that each feature brought, as a share of the sum.
    oob_score_ : float
        Score of the rows that are out-of-bag for some tree.
    oob_curve_ : NamedTuple of ndarrays of shape (n_stages,)
        ``n_estimators`` and ``score``: out-of-bag scores of the first trees, NaN
        where too few rows are left out for one; ``mc_error`` and ``sampling_error``:
        their standard errors over random numbers and over rows, where a rule asked.
    oob_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Out-of-bag values; NaN for a row that every tree saw, or that has the weight
        zero.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, before any tree is grown, if the data or parameters contradict one
        another, such as infinite values, or more categories than bins.

    See Also
    --------
    HistForestClassifier : For classes.
    BaggingRegressor : Members of any kind.

    Notes
    -----
    The same `random_state` gives the same trees, to the bit, for any number of threads
    and any backend of joblib.

    For quantiles a fitted forest keeps the codes of its training rows, one byte a
    value, and their targets. They go with it where it is pickled.

    References
    ----------
    .. [1] L. Breiman, "Random forests", Machine Learning 45(1), 5-32, 2001.
    .. [2] P. Geurts, D. Ernst & L. Wehenkel, "Extremely randomized trees", Machine
       Learning 63(1), 3-42, 2006.
    .. [3] N. Meinshausen, "Quantile regression forests", Journal of Machine Learning
       Research 7, 983-999, 2006, of `predict_quantiles`.

    Examples
    --------
    The noise grows with the feature, and so does the distance of the quantiles. Nearly
    nine in ten new targets lie between them, with little noise and with much:

    >>> import numpy as np
    >>> from ensembles.bagging import HistForestRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(1, 5, size=(3000, 1))
    >>> y = X[:, 0] + 0.3 * X[:, 0] * rng.normal(size=3000)
    >>> forest = HistForestRegressor(min_samples_leaf=20, random_state=0)
    >>> forest.fit(X[:1500], y[:1500])
    HistForestRegressor(min_samples_leaf=20, random_state=0)
    >>> low, high = forest.predict_quantiles(X[1500:], (0.05, 0.95)).T
    >>> for part in X[1500:, 0] < 3, X[1500:, 0] >= 3:
    ...     covered = (low <= y[1500:]) & (y[1500:] <= high)
    ...     print(f"{covered[part].mean():.2f}", f"{(high - low)[part].mean():.1f}")
    0.90 1.9
    0.88 3.9
    """

    def __init__(
        self,
        n_estimators: int | str | UntilSettled = 100,
        *,
        criterion: str = "squared_error",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: float | str | None = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        warm_start: bool = False,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: Any = None,
        splitter: str = "best",
        scheme: BaseScheme | None = None,
        combine: CombineRule = "auto",
        interaction_cst: Any = None,
        categorical_features: Any = "from_dtype",
        max_bins: int = MAX_BINS,
        memory: Any = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.splitter = splitter
        self.scheme = scheme
        self.combine = combine
        self.interaction_cst = interaction_cst
        self.categorical_features = categorical_features
        self.max_bins = max_bins
        self.memory = memory

    def _tree(self) -> type[BaseHistTree]:
        return HistTreeRegressor

    _training: TrainingRows | None
    _training_key: str
    _leaf_rows: LeafRows

    def __getstate__(self) -> Any:
        """All but what quantiles computed from the rest."""
        state = dict(super().__getstate__())
        state.pop("_leaf_rows", None)
        return state

    def _encode_target(self, y: Any) -> Any:
        values = super()._encode_target(y)
        if self.criterion == "poisson" and (values >= 0).all() and values.sum() <= 0:
            raise ValueError(
                "Sum of y is not strictly positive which is necessary for Poisson "
                "regression."
            )
        return values

    def _remember(self, job: FitJob) -> None:
        """Keep what quantiles need; nothing where trees saw different data."""
        codes = job.X.rows
        key = ""
        if self.warm_start:
            key = joblib_hash((codes, job.y, job.row_weights))
        is_mixed = len({sampler.n_samples for sampler, _, _ in self._draws}) > 1
        grew_before = any(sampler is not job.sampler for sampler, _, _ in self._draws)
        if grew_before and key != self._training_key:
            is_mixed = True
        self._training_key = key
        self._training = None
        self.__dict__.pop("_leaf_rows", None)
        if not is_mixed:
            rows = BinnedMatrix(codes, None, job.X.binner)
            y = np.asarray(job.y, dtype=np.float64).reshape(len(job.y), -1)
            self._training = TrainingRows(rows, y, job.row_weights)

    def predict_quantiles(
        self, X: Table, quantiles: ArrayLike = (0.05, 0.5, 0.95)
    ) -> FloatArray:
        """Quantiles of the training targets that share leaves with a row.

        A training row counts in each tree as its share of the weight of the leaf, so
        the mean of that distribution is what `predict` returns. Fully grown trees have
        a row in a leaf, and their quantiles are rough: ask for more rows by
        `min_samples_leaf`, or for more trees.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        quantiles : float or array-like of shape (n_quantiles,), default=(0.05, 0.5, \
0.95)
            Levels between 0 and 1.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles)
            The least target that is reached by the level's share of the weight. For a
            single level without the last axis.

        Raises
        ------
        NotFittedError
            If the forest is not fitted.
        ValueError
            If a level is none, or trees of a warm start saw other data than the last.
        """
        check_is_fitted(self, "estimators_")
        levels = check_quantiles(quantiles)
        training = self._training
        if training is None:
            raise ValueError(
                "The trees of the warm start saw other data than those of the last "
                "fit, whose rows alone are known. Fit once on all rows, with "
                "warm_start=False."
            )
        leaves = np.ascontiguousarray(self.apply(X))
        if not hasattr(self, "_leaf_rows"):
            weights = [
                partial(_weights_of, sampler, plan, training.row_weights)
                for sampler, _, plan in self._draws
            ]
            trees = [member.tree_ for member in self.estimators_]
            self._leaf_rows = LeafRows.of(training, trees, weights, self.n_jobs)
        columns = [
            self._leaf_rows.quantiles(y, leaves, levels, self.n_jobs)
            for y in training.y.T
        ]
        found = columns[0] if self.n_outputs_ == 1 else np.stack(columns, axis=1)
        return found[..., 0] if np.ndim(quantiles) == 0 else found


def _weights_of(
    sampler: Sampler, plan: MemberPlan, row_weights: FloatArray | None
) -> Any:
    """Weights of rows that a tree was grown with."""
    weights = sampler.weights(plan)
    return weights if row_weights is None else weights * row_weights
