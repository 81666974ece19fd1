"""The tree that predicts values."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ensembles._typing import FloatArray, RandomState, Table
from ensembles.trees._base import BaseHistTree
from ensembles.trees._layout import MAX_BINS, POISSON, SQUARE
from ensembles.trees._targets import Target

__all__ = ["HistTreeRegressor"]


@final
class HistTreeRegressor(RegressorMixin, BaseHistTree):
    """A decision tree on binned data, for values.

    Use it as scikit-learn's tree of the same parameters where rows are many: it is
    grown by compiled code on codes of one byte, and takes missing values, categories,
    monotone features and limits on interactions. A single tree varies much with the
    data; ensembles of it predict better. Where exact cuts within finely measured
    columns matter, use :class:`~sklearn.tree.DecisionTreeRegressor`.

    Parameters
    ----------
    criterion : {"squared_error", "poisson"}, default="squared_error"
        Impurity: variance, or half the mean Poisson deviance, for counts and rates.
    splitter : {"best", "random"}, default="best"
        Whether all cuts of a feature are tried, or one drawn between its least and
        largest value in the node.
    max_depth : int or None, default=None
        Length of the longest path; None for no limit.
    min_samples_split : int or float, default=2
        Rows that a node needs to be split: a number or a share.
    min_samples_leaf : int or float, default=1
        Rows that a leaf needs: a number or a share.
    min_weight_fraction_leaf : float, default=0.0
        Share of the weight that a leaf needs.
    max_features : int, float, {"sqrt", "log2"} or None, default=None
        Features drawn for each node: a number, a share, that function of their number,
        or all of them. The search goes on until it has found one that varies.
    random_state : int, RandomState instance or None, default=None
        Of features and cuts drawn, and of which of equally good splits is taken. Where
        no more than that is left to chance, None takes the same ones each time.
    max_leaf_nodes : int or None, default=None
        Number of leaves, grown where impurity decreases most; None for no limit.
    min_impurity_decrease : float, default=0.0
        Decrease of impurity, times the share of the weight, that a split must bring.
    ccp_alpha : float, default=0.0
        Complexity parameter of minimal cost-complexity pruning.
    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 for features with which predictions may only rise, -1 where they may only
        fall, 0 for others; or these by name.
    interaction_cst : str, sequence of lists or None, default=None
        Groups of features, by position or name, that may meet on a path; features in
        no group make one of their own. "pairwise" is all pairs, "no_interactions" each
        feature by itself.
    categorical_features : None, "from_dtype", or array-like, default="from_dtype"
        Which features are categories, as in :class:`Binner`. A node orders them by
        their means, drawn to those over the tree by 30 rows [3]_, and sends the first
        of them to the left; with ``splitter="random"`` any set that is drawn.
    max_bins : int, default=255
        Bins of a feature, 2 to 255.

    Attributes
    ----------
    n_outputs_ : int
        Number of outputs.
    max_features_ : int
        Number of features drawn for each node.
    tree_ : Tree
        The nodes, in arrays that are named as those of scikit-learn's trees.
    binner_ : Binner
        What the codes stand for.
    feature_importances_ : ndarray of shape (n_features,)
        Decrease of impurity that each feature brought, as a share of the sum.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if the data or parameters contradict one another, such as infinite
        values, more categories than bins, or trends of what has no order.

    See Also
    --------
    HistTreeClassifier : For classes.
    Binner : Bins once for many trees.

    Notes
    -----
    Splits are judged by sums of whole numbers: the same rows give the same tree in any
    order, to the bit. Cuts lie between bins. Where columns have no more distinct values
    than bins this is the tree of all cuts; of equal splits it takes that of the first
    feature, where scikit-learn takes one at random.

    Where a node had no missing value, missing values go with most of its rows.

    References
    ----------
    .. [1] L. Breiman, J. Friedman, R. Olshen & C. Stone, "Classification and regression
       trees", Wadsworth, 1984.
    .. [2] G. Ke et al., "LightGBM: a highly efficient gradient boosting decision
       tree", Advances in Neural Information Processing Systems 30, 2017, section 2.
    .. [3] D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical
       attributes in classification and prediction problems", SIGKDD Explorations 3(1),
       27-32, 2001, section 4.

    Examples
    --------
    What is known to rise is not left to noise:

    >>> import numpy as np
    >>> from ensembles.trees import HistTreeRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(2000, 1))
    >>> y = X[:, 0] + rng.normal(size=2000)
    >>> grid = np.linspace(0, 1, 101)[:, None]
    >>> for trend in 0, 1:
    ...     tree = HistTreeRegressor(min_samples_leaf=50, monotonic_cst=[trend])
    ...     off = tree.fit(X, y).predict(grid) - grid[:, 0]
    ...     print(f"{np.sqrt((off**2).mean()):.2f}")
    0.15
    0.06
    """

    _criteria = ("squared_error", "poisson")

    def __init__(
        self,
        *,
        criterion: str = "squared_error",
        splitter: str = "best",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: float | str | None = None,
        random_state: RandomState = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        ccp_alpha: float = 0.0,
        monotonic_cst: Any = None,
        interaction_cst: Any = None,
        categorical_features: Any = "from_dtype",
        max_bins: int = MAX_BINS,
    ) -> None:
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.categorical_features = categorical_features
        self.max_bins = max_bins

    def _target(self, y: Any) -> tuple[Target, FloatArray | None]:
        # A copy: kernels would be compiled once more for an array that is read-only.
        values = np.array(y.reshape(len(y), -1), dtype=np.float64, order="C")
        values += 0.0  # of zeros with both signs, the first would decide that of a leaf
        self.n_outputs_ = values.shape[1]
        if self.criterion == "squared_error":
            return Target(values, (), SQUARE), None
        if (values < 0.0).any():
            raise ValueError(
                "Some value(s) of y are negative which is not allowed for Poisson "
                "regression."
            )
        if values.sum() <= 0.0:
            raise ValueError(
                "Sum of y is not positive which is necessary for Poisson regression."
            )
        return Target(values, (), POISSON), None

    def _check_can_be_monotone(self, target: Target) -> None:
        if target.n_outputs > 1:
            raise ValueError(
                "Monotonicity constraints are not supported with multiple outputs."
            )

    def predict(self, X: Table) -> Any:
        """Predict the mean of a row's leaf.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Values.

        Raises
        ------
        NotFittedError
            If the tree is not fitted.
        """
        check_is_fitted(self)
        codes = self._codes(X)
        means = self.tree_.values_of(codes)
        return means[:, 0] if self.n_outputs_ == 1 else means
