"""The forest for classes."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from sklearn.utils import compute_sample_weight

from ensembles._combine import CombineRule
from ensembles._typing import FloatArray, IntArray, RandomState
from ensembles._validation import warn_user
from ensembles.bagging._classes import BaseBagClassifier
from ensembles.bagging._fit import balanced_weights
from ensembles.bagging._forest import BaseForest
from ensembles.bagging._until_settled import UntilSettled
from ensembles.resampling._base import BaseScheme
from ensembles.trees import HistTreeClassifier
from ensembles.trees._base import BaseHistTree
from ensembles.trees._layout import MAX_BINS

__all__ = ["HistForestClassifier"]


@final
class HistForestClassifier(BaseForest, BaseBagClassifier):
    """A random forest of binned trees, for classes.

    Use it as scikit-learn's forest of the same parameters, from a few thousand rows on:
    values are binned once for all trees, compiled code grows them, and missing values,
    categories and strings need no preparation. ``splitter="random"`` with
    ``bootstrap=False`` makes it extremely randomised trees. With a `scheme` the draws
    respect groups, classes or time, and so do the out-of-bag scores. Where classes
    differ by a smooth function of few features a linear model or a net is smaller and
    better; boosting often is, where its parameters can be tuned.

    Parameters
    ----------
    n_estimators : int, "auto" or UntilSettled, default=100
        Number of trees; or by which rule it is found as they are fitted, and scored
        out-of-bag: "auto" is an :class:`UntilSettled` with its defaults.
    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        Impurity; the latter two are the same.
    max_depth : int or None, default=None
        Length of the longest path of a tree; None for no limit.
    min_samples_split : int or float, default=2
        Rows that a node needs to be split: a number or a share.
    min_samples_leaf : int or float, default=1
        Rows that a leaf needs: a number or a share.
    min_weight_fraction_leaf : float, default=0.0
        Share of the weight that a leaf needs.
    max_features : int, float, {"sqrt", "log2"} or None, default="sqrt"
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
        Whether to score the forest on out-of-bag rows. True means accuracy (of whole
        rows for labels that are present or not, of entries for several outputs with
        classes); a string names a scorer; a callable is a metric if its first parameter
        begins with y, ``(y_true, y_pred)``, else a scorer ``(estimator, X, y)``.
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
    class_weight : dict, list of dicts, "balanced", "balanced_subsample" or None, \
default=None
        Weights of classes, of each output where there are several. They multiply those
        of rows: probabilities of being drawn, or, where no rows are drawn or a scheme
        draws them, weights. "balanced" lets classes weigh the same in all rows,
        "balanced_subsample" in those of each tree.
    ccp_alpha : float, default=0.0
        Complexity parameter of minimal cost-complexity pruning.
    max_samples : int, float or None, default=None
        Rows drawn for each tree: a number, a share of the rows (of the sum of the
        weights where there are any), or as many as there are.
    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 for features with which the probability of the second class may only rise, -1
        where it may only fall, 0 for others; or these by name. Two classes only.
    splitter : {"best", "random"}, default="best"
        Whether all cuts of a feature are tried, or one drawn between its least and
        largest value in the node.
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that draws the rows, in place of
        `max_samples` and `bootstrap`. Its own ``n_resamples`` and ``random_state``
        are not used.
    combine : str or callable, default="auto"
        How the trees' probabilities, shape (m, n, k), become one, as in
        :class:`BaggingClassifier`; "auto" is the mean. May be changed after fit.
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
    estimator_ : HistTreeClassifier
        A tree that is not fitted.
    estimators_ : list of n_estimators HistTreeClassifier
        The fitted trees. They learned codes: positions in ``classes_``.
    estimators_samples_ : list of n_estimators ndarrays
        Rows that each tree was grown on, drawn again at each call.
    inbag_counts_ : ndarray of shape (n_estimators, n_samples)
        How often each tree saw each row.
    classes_ : ndarray of shape (n_classes,) or list of ndarrays
        Labels, of each output where there are several.
    n_classes_ : int or list of int
        Number of labels, of each output where there are several.
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
    oob_decision_function_ : ndarray of shape (n_samples, n_classes) or \
(n_samples, n_classes, n_outputs), or list
        Out-of-bag probabilities; NaN for a row that every tree saw, or that has the
        weight zero. A list for several outputs with different numbers of classes.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, before any tree is grown, if the data or parameters contradict one
        another, such as infinite values, or more categories than bins.

    See Also
    --------
    HistForestRegressor : For values.
    BaggingClassifier : Members of any kind.

    Notes
    -----
    The same `random_state` gives the same trees, to the bit, for any number of threads
    and any backend of joblib.

    References
    ----------
    .. [1] L. Breiman, "Random forests", Machine Learning 45(1), 5-32, 2001.
    .. [2] P. Geurts, D. Ernst & L. Wehenkel, "Extremely randomized trees", Machine
       Learning 63(1), 3-42, 2006.
    .. [3] C. Chen, A. Liaw & L. Breiman, "Using random forest to learn imbalanced
       data", technical report 666, University of California, Berkeley, 2004, of
       "balanced_subsample".

    Examples
    --------
    Flats are seen again and again. Out-of-bag rows of flats that are known flatter,
    out-of-bag flats tell what to expect of new ones:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from ensembles.bagging import HistForestClassifier
    >>> from ensembles.resampling import GroupBootstrap
    >>> rng = np.random.default_rng(0)
    >>> flat = np.repeat(np.arange(80), 5)
    >>> street = rng.choice(["Elm", "Oak", "Ash"], size=80)[flat]
    >>> X = pd.DataFrame(
    ...     {"street": street, "area": rng.uniform(20, 120, size=80)[flat].round(1)}
    ... )
    >>> noise = rng.normal(size=80)[flat]
    >>> y = np.where((street == "Oak") + noise > 0.5, "dear", "cheap")
    >>> X.loc[::7, "area"] = np.nan
    >>> forest = HistForestClassifier(oob_score=True, random_state=0).fit(X, y)
    >>> print(f"{forest.oob_score_:.2f}")
    0.95
    >>> forest.set_params(scheme=GroupBootstrap())
    HistForestClassifier(oob_score=True, random_state=0, scheme=GroupBootstrap())
    >>> print(f"{forest.fit(X, y, groups=flat).oob_score_:.2f}")
    0.59
    """

    def __init__(
        self,
        n_estimators: int | str | UntilSettled = 100,
        *,
        criterion: str = "gini",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: float | str | None = "sqrt",
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        warm_start: bool = False,
        class_weight: Any = None,
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
        self.class_weight = class_weight
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
        return HistTreeClassifier

    def _check_own_params(self) -> None:
        super()._check_own_params()
        wanted = self.class_weight
        if not isinstance(wanted, str):
            return
        if wanted not in ("balanced", "balanced_subsample"):
            raise ValueError(
                'Valid presets for class_weight include "balanced" and '
                f'"balanced_subsample". Given "{wanted}".'
            )
        if self.warm_start:
            warn_user(
                'class_weight presets "balanced" or "balanced_subsample" are not '
                "recommended for warm_start if the fitted data differs from the full "
                'dataset. In order to use "balanced" weights, use compute_class_weight '
                '("balanced", classes, y). In place of y you can use a large enough '
                "sample of the full training set target to properly estimate the class "
                "frequency distributions. Pass the resulting weights as the "
                "class_weight parameter."
            )

    def _balances_draws(self) -> bool:
        """Whether classes are to weigh the same in each draw."""
        draws = self.bootstrap or self.scheme is not None
        return draws and self.class_weight == "balanced_subsample"

    def _codes_to_balance(self, learned: Any) -> IntArray | None:
        return learned if self._balances_draws() else None

    def _resolve_weights(
        self, sample_weight: Any, y: Any, learned: Any
    ) -> FloatArray | None:
        weights = super()._resolve_weights(sample_weight, y, learned)
        if self.class_weight is None or self._balances_draws():
            return weights
        if isinstance(self.class_weight, str):
            ones = np.ones(len(learned)) if weights is None else weights
            own = balanced_weights(learned, ones)
        else:
            own = compute_sample_weight(self.class_weight, y)
        return own if weights is None else weights * own

    def _keep_left_out(self, combined: list[FloatArray], y: Any) -> None:
        super()._keep_left_out(combined, y)
        by_output = self.oob_decision_function_
        if isinstance(by_output, list) and len({p.shape for p in by_output}) == 1:
            self.oob_decision_function_ = np.stack(by_output, axis=-1)
