"""What the two trees share: fitting, leaves, paths, importances, pruning."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, final

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Bunch, check_array, check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from ensembles._random import entropy_from
from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState, Table
from ensembles._validation import check_bool, check_count, check_sample_weight
from ensembles.trees._binned import BinnedMatrix, binned_by
from ensembles.trees._binner import Binner, bin_once
from ensembles.trees._growth import Limits, grow_tree
from ensembles.trees._params import (
    check_params,
    limits_of,
    resolve_max_features,
    trends_of,
)
from ensembles.trees._picture import Look, draw
from ensembles.trees._plain_random import STEP, word_of
from ensembles.trees._pruning import prune, pruning_path
from ensembles.trees._targets import Target
from ensembles.trees._text import text_of
from ensembles.trees._tree import Tree
from ensembles.trees._wording import (
    Wording,
    class_names_of,
    feature_names_of,
    fixed,
    trimmed,
)

__all__ = ["BaseHistTree", "Task", "checked_target", "keys_of"]


class BaseHistTree(BaseEstimator, ABC):
    """Fits a tree on codes; a subclass says what its target and predictions are."""

    tree_: Tree
    binner_: Binner
    _criteria: tuple[str, ...]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Table, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Grow the tree.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to learn from. NaN, None and NA are missing. A
            :class:`BinnedMatrix` saves the time to bin; `max_bins` and
            `categorical_features` are then those of its binner.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts. Zero leaves a row out; whole numbers count as
            repeated rows, but for limits on numbers of rows. What is stated in rows
            counts others as one on average.

        Returns
        -------
        Self
            The tree itself.
        """
        self.tree_ = prune(self._grown(X, y, sample_weight), float(self.ccp_alpha))
        return self

    def _grown(self, X: Table, y: Any, sample_weight: ArrayLike | None) -> Tree:
        """The tree, not pruned."""
        check_params(self, self._criteria)
        if y is None:
            raise ValueError(
                f"requires y to be passed, but the target y is None: {type(self)}."
            )
        y = checked_target(y)
        key, key_of_bins = keys_of(self.random_state)
        binned = bin_once(self, X, sample_weight, key_of_bins % 2**32)
        task = self._task(binned, y)
        weights = check_sample_weight(sample_weight, len(binned))
        all_tried = self.max_features_ >= binned.shape[1] and self.splitter == "best"
        if self.random_state is None and all_tried:
            key = 0  # only which of equal splits is taken is random: always the same
        return task.grow(weights, key)

    def _task(self, binned: BinnedMatrix, y: Any) -> Task:
        """What is to be learned from codes, but for weights and what is random."""
        target, class_weights = self._target(y)
        check_consistent_length(binned.rows, y)
        self.binner_ = binned.binner
        self.n_features_in_ = self.binner_.n_features_in_
        self.__dict__.pop("feature_names_in_", None)
        if hasattr(self.binner_, "feature_names_in_"):
            self.feature_names_in_ = self.binner_.feature_names_in_
        n_rows, n_features = binned.shape
        self.max_features_ = resolve_max_features(self.max_features, n_features)
        names = getattr(self, "feature_names_in_", None)
        trends = trends_of(self, n_features, names)
        if trends is not None:
            self._check_can_be_monotone(target)
        limits = limits_of(self, n_rows, n_features, trends, names)
        return Task(binned, target, class_weights, limits)

    def _codes(self, X: Table) -> Any:
        """Codes of rows to predict."""
        check_is_fitted(self)
        if isinstance(X, BinnedMatrix):
            return binned_by(self.binner_, X).rows
        if not hasattr(X, "shape"):
            X = np.asarray(X)
        if len(X.shape) == 2:  # of others the binner says what is wrong
            validate_data(self, X, reset=False, skip_check_array=True)
        return self.binner_._bin_rows(X).rows

    @property
    def feature_importances_(self) -> FloatArray:
        """Decrease of impurity that each feature brought, as a share of the sum.

        Features with many values have more chances to bring some: where that matters,
        use :func:`sklearn.inspection.permutation_importance`.
        """
        check_is_fitted(self)
        return self.tree_.compute_feature_importances()

    def apply(self, X: Table) -> IntArray:
        """Number of the leaf that each row falls into.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Positions in the arrays of `tree_`.

        Raises
        ------
        NotFittedError
            If the tree is not fitted.
        """
        codes = self._codes(X)
        return self.tree_.leaves_of(codes)

    def decision_path(self, X: Table) -> Any:
        """Which nodes each row passes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows.

        Returns
        -------
        csr_matrix of shape (n_samples, n_nodes)
            One where a row passes a node.

        Raises
        ------
        NotFittedError
            If the tree is not fitted.
        """
        codes = self._codes(X)
        return self.tree_.paths_to(self.tree_.leaves_of(codes))

    def get_depth(self) -> int:
        """Length of the longest path from the root to a leaf.

        Returns
        -------
        int
            Zero for a tree that is one leaf.
        """
        check_is_fitted(self)
        return self.tree_.max_depth

    def get_n_leaves(self) -> int:
        """Number of leaves.

        Returns
        -------
        int
            At least one.
        """
        check_is_fitted(self)
        return self.tree_.n_leaves

    def cost_complexity_pruning_path(
        self, X: Table, y: Any, sample_weight: ArrayLike | None = None
    ) -> Bunch:
        """Complexity parameters at which pruning takes a step, from a tree grown whole.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts.

        Returns
        -------
        Bunch
            ``ccp_alphas`` and ``impurities``, the sum of the leaves' impurities after
            each step, ndarrays of shape (n_steps,).
        """
        whole = clone(self)._grown(X, y, sample_weight)
        alphas, impurities, _ = pruning_path(whole)
        return Bunch(ccp_alphas=alphas, impurities=impurities)

    def export_text(
        self,
        *,
        feature_names: ArrayLike | None = None,
        class_names: Any = None,
        max_depth: int | None = 10,
        spacing: int = 3,
        decimals: int = 2,
        show_weights: bool = False,
        show_missing: bool = False,
    ) -> str:
        """Write the rules of the tree as text.

        As :func:`sklearn.tree.export_text` does, which takes no other trees than
        scikit-learn's; sets of categories and sides of missing values are written too.

        Parameters
        ----------
        feature_names : array-like of str of shape (n_features,) or None, default=None
            Names of features; None takes those seen in `fit`, if there were any.
        class_names : array-like of str of shape (n_classes,) or None, default=None
            Names of classes in the order of ``classes_``, in a list for each output
            where there are several; None takes the classes themselves.
        max_depth : int or None, default=10
            Depth below which branches are left out; None for no limit.
        spacing : int, default=3
            Dashes before a node.
        decimals : int, default=2
            Digits after the point.
        show_weights : bool, default=False
            Whether leaves show the weight of each class.
        show_missing : bool, default=False
            Whether to say which side missing values go to.

        Returns
        -------
        str
            A line for each side of a split, and for each leaf.

        Raises
        ------
        NotFittedError
            If the tree is not fitted.
        """
        check_is_fitted(self)
        owner = "export_text"
        check_count(owner, "max_depth", max_depth, low=0, none=True)
        check_count(owner, "spacing", spacing)
        check_count(owner, "decimals", decimals, low=0)
        check_bool(owner, "show_weights", show_weights)
        check_bool(owner, "show_missing", show_missing)
        wording = Wording(
            self.tree_,
            feature_names_of(self, feature_names),
            class_names_of(self, class_names),
            partial(fixed, decimals),
            show_missing,
        )
        return text_of(wording, max_depth, int(spacing), show_weights=show_weights)

    def plot(
        self,
        ax: Any = None,
        *,
        max_depth: int | None = None,
        feature_names: ArrayLike | None = None,
        class_names: Any = None,
        filled: bool = True,
        impurity: bool = True,
        node_ids: bool = False,
        proportion: bool = False,
        precision: int = 3,
        fontsize: float | None = None,
        show_missing: bool = False,
    ) -> Any:
        """Draw the tree.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        max_depth : int or None, default=None
            Depth below which branches are left out; None for no limit.
        feature_names : array-like of str of shape (n_features,) or None, default=None
            Names of features; None takes those seen in `fit`, if there were any.
        class_names : list of str, list of lists, bool or None, default=None
            Names of classes in the order of ``classes_``, in a list for each output
            where there are several. True takes the classes themselves, None and False
            write none.
        filled : bool, default=True
            Whether the colour of a box is that of its largest class, paler for less
            pure nodes, or of its mean.
        impurity : bool, default=True
            Whether to write the impurity.
        node_ids : bool, default=False
            Whether to write the number of the node.
        proportion : bool, default=False
            Whether to write shares of rows and of classes in the place of weights.
        precision : int, default=3
            Digits after the point.
        fontsize : float or None, default=None
            Of the text; None fits it into the boxes.
        show_missing : bool, default=False
            Whether to say which side missing values go to.

        Returns
        -------
        matplotlib Axes
            With an annotation for each node.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        NotFittedError
            If the tree is not fitted.
        """
        check_is_fitted(self)
        owner = "plot"
        check_count(owner, "max_depth", max_depth, low=0, none=True)
        check_count(owner, "precision", precision, low=0)
        flags = {"filled": filled, "impurity": impurity, "node_ids": node_ids}
        flags |= {"proportion": proportion, "show_missing": show_missing}
        for name, flag in flags.items():
            check_bool(owner, name, flag)
        wording = Wording(
            self.tree_,
            feature_names_of(self, feature_names),
            class_names_of(self, class_names),
            partial(trimmed, precision),
            show_missing,
        )
        look = Look(
            self.criterion if impurity else None,
            shows_classes=class_names is not None and class_names is not False,
            shows_numbers=node_ids,
            shows_shares=proportion,
            is_filled=filled,
            fontsize=fontsize,
        )
        return draw(wording, look, max_depth, ax)

    @abstractmethod
    def _target(self, y: Any) -> tuple[Target, FloatArray | None]:
        """The target as trees learn it, and the weights of rows' classes."""

    @abstractmethod
    def _check_can_be_monotone(self, target: Target) -> None:
        """Raise where predictions of this target have no order."""


@final
@dataclass(frozen=True, slots=True)
class Task:
    """What a tree learns, but for the weights of rows and what is random."""

    binned: BinnedMatrix
    target: Target
    class_weights: FloatArray | None
    limits: Limits

    def grow(self, weights: FloatArray | IntArray | None, key: int) -> Tree:
        """Grow a tree on rows of these weights; None means one each.

        Raises
        ------
        ValueError
            If no row is left.
        """
        own = self.class_weights
        if own is not None:
            weights = own if weights is None else weights * own
            if not weights.any():
                raise ValueError(
                    "class_weight and sample_weight are zero for every row: no row is "
                    "left to fit."
                )
        if weights is not None:
            weights = np.asarray(weights, dtype=np.float64)
        return grow_tree(self.binned, self.target, weights, self.limits, key)


def keys_of(random_state: RandomState) -> tuple[int, int]:
    """Keys of what is random about a tree, and about its bins."""
    entropy = np.random.SeedSequence(entropy_from(random_state))
    origin = int(entropy.generate_state(1, np.uint64)[0])
    # Those of `keys_for`, by whole numbers: arrays of two take longer.
    return word_of(origin + STEP), word_of(origin + 2 * STEP)


def checked_target(y: Any) -> Any:
    """Targets as an array of one row a sample."""
    y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    if y.ndim > 2:
        raise ValueError(
            f"y must have one or two dimensions, got an array of shape {y.shape}."
        )
    return y
