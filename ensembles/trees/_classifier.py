"""The tree that predicts classes."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ensembles._typing import FloatArray, RandomState, Table
from ensembles.trees._base import BaseHistTree
from ensembles.trees._layout import ENTROPY, MAX_BINS, SQUARE
from ensembles.trees._targets import Target

__all__ = ["HistTreeClassifier"]


@final
class HistTreeClassifier(ClassifierMixin, BaseHistTree):
    """A decision tree on binned data, for classes.

    Use it as scikit-learn's tree of the same parameters where rows are many: it is
    grown by compiled code on codes of one byte, and takes missing values, categories,
    monotone features and limits on interactions. A single tree varies much with the
    data; ensembles of it predict better. Where exact cuts within finely measured
    columns matter, use :class:`~sklearn.tree.DecisionTreeClassifier`.

    Parameters
    ----------
    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        Impurity: Gini's, or entropy in bits, which has two names.
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
    class_weight : dict, list of dicts, "balanced" or None, default=None
        Weights of classes; "balanced" gives all the same sum of weights.
    ccp_alpha : float, default=0.0
        Complexity parameter of minimal cost-complexity pruning.
    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 for features with which the probability of the second of two classes may only
        rise, -1 where it may only fall, 0 for others; or these by name.
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
    classes_ : ndarray of shape (n_classes,) or list of ndarrays
        Labels, of each output where there are several.
    n_classes_ : int or ndarray of shape (n_outputs,)
        Number of labels, of each output where there are several.
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
    HistTreeRegressor : For values.
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
    A tenth of the sizes are missing, and one column holds words:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from ensembles.trees import HistTreeClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(
    ...     {
    ...         "size": rng.normal(size=2000),
    ...         "kind": rng.choice(["ash", "birch", "cedar", "oak"], size=2000),
    ...     }
    ... )
    >>> y = np.where(X["kind"].isin(["ash", "oak"]), X["size"] > 0.5, X["size"] < -1)
    >>> X.loc[rng.random(2000) < 0.1, "size"] = np.nan
    >>> tree = HistTreeClassifier(max_depth=3).fit(X[:1000], y[:1000])
    >>> print(f"{tree.score(X[1000:], y[1000:]):.3f}")
    0.968
    """

    _criteria = ("gini", "entropy", "log_loss")

    def __init__(
        self,
        *,
        criterion: str = "gini",
        splitter: str = "best",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: float | str | None = None,
        random_state: RandomState = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        class_weight: Any = None,
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
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.categorical_features = categorical_features
        self.max_bins = max_bins

    def _target(self, y: Any) -> tuple[Target, FloatArray | None]:
        check_classification_targets(y)
        weights = None
        if self.class_weight is not None:
            weights = compute_sample_weight(self.class_weight, y)
        columns = y.reshape(len(y), -1).T
        encoded = [np.unique(column, return_inverse=True) for column in columns]
        classes = [one for one, _ in encoded]
        counts = [len(one) for one in classes]
        self.n_outputs_ = len(classes)
        single = self.n_outputs_ == 1
        self.classes_: Any = classes[0] if single else classes
        self.n_classes_ = counts[0] if single else np.array(counts)
        values = np.column_stack([codes for _, codes in encoded]).astype(np.float64)
        criterion = SQUARE if self.criterion == "gini" else ENTROPY
        return Target(values, tuple(counts), criterion), weights

    def _check_can_be_monotone(self, target: Target) -> None:
        if target.n_outputs > 1:
            raise ValueError(
                "Monotonicity constraints are not supported with multiple outputs."
            )
        if target.n_classes[0] > 2:
            raise ValueError(
                "Monotonicity constraints are not supported with multiclass "
                "classification"
            )

    def predict(self, X: Table) -> Any:
        """Predict the class with the largest share of a row's leaf.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels.

        Raises
        ------
        NotFittedError
            If the tree is not fitted.
        """
        shares = self._shares(X)
        if self.n_outputs_ == 1:
            return self.classes_.take(shares[0].argmax(axis=1))
        columns = [
            classes.take(share.argmax(axis=1))
            for classes, share in zip(self.classes_, shares, strict=True)
        ]
        return np.column_stack(columns)

    def predict_proba(self, X: Table) -> Any:
        """Share of each class in a row's leaf.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of ndarrays
            Probabilities in the order of ``classes_``; a list for several outputs.

        Raises
        ------
        NotFittedError
            If the tree is not fitted.
        """
        shares = self._shares(X)
        return shares[0] if self.n_outputs_ == 1 else shares

    def predict_log_proba(self, X: Table) -> Any:
        """Logarithm of the share of each class in a row's leaf.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of ndarrays
            Log-probabilities; minus infinity for classes that a leaf does not have.

        Raises
        ------
        NotFittedError
            If the tree is not fitted.
        """
        with np.errstate(divide="ignore"):  # the logarithm of zero is meant
            logs = [np.log(share) for share in self._shares(X)]
        return logs[0] if self.n_outputs_ == 1 else logs

    def _shares(self, X: Table) -> list[FloatArray]:
        """Shares of the classes of each output."""
        check_is_fitted(self)
        codes = self._codes(X)
        return self.tree_.by_output(self.tree_.values_of(codes))
