"""A grown tree: its nodes in a few bytes each, and all that is read off them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import sparse

from ensembles._engine import kernels_for
from ensembles._typing import BoolArray, FloatArray, IntArray, Table
from ensembles.trees._layout import (
    CATEGORY_PLACE,
    ENTROPY,
    FEATURE_PLACE,
    LEAF_PLACE,
    LEFT_PLACE,
    MISSING,
    POISSON,
    SIDE_PLACE,
    STAMPED,
)

if TYPE_CHECKING:
    from ensembles.trees._binner import Binner

__all__ = ["Tree", "pack_nodes", "unpack_splits"]

_NO_FEATURE = -2  # what scikit-learn writes for leaves
_SECONDS_PER_ROW = 2e-6  # of the twin that sends rows down a tree


def pack_nodes(
    left: IntArray,
    feature: IntArray,
    cut: IntArray,
    missing_left: BoolArray,
    is_category: BoolArray,
) -> Any:
    """One word a node, as `_kernels_apply` reads it; a leaf has the feature -1."""
    left = left.astype(np.int64)
    is_leaf, own = feature < 0, np.arange(len(left))
    by_value = ~is_leaf & ~is_category
    side = missing_left & by_value
    words = np.where(is_leaf, own, left) << LEFT_PLACE
    words |= is_leaf.astype(np.int64) << LEAF_PLACE
    words |= np.where(is_leaf, 0, feature).astype(np.int64) << FEATURE_PLACE
    words |= (is_category & ~is_leaf).astype(np.int64) << CATEGORY_PLACE
    words |= side.astype(np.int64) << SIDE_PLACE
    cut = np.where(by_value, cut, np.where(is_leaf, MISSING, 0))
    return (words | cut).astype(np.uint64)


def unpack_splits(words: Any) -> tuple[IntArray, IntArray]:
    """Feature of each node, -1 for leaves, and its left child, from packed words."""
    is_leaf = words >> np.uint64(LEAF_PLACE) & np.uint64(1) == 1
    wide = np.uint64((1 << (LEFT_PLACE - FEATURE_PLACE)) - 1)
    feature = (words >> np.uint64(FEATURE_PLACE) & wide).astype(np.intp)
    left = (words >> np.uint64(LEFT_PLACE)).astype(np.intp)
    return np.where(is_leaf, -1, feature), left


@final
@dataclass(frozen=True, eq=False)
class Tree:
    """Nodes of a tree, as arrays with one entry a node, named as scikit-learn's are.

    Children of a node stand side by side and after it.

    Attributes
    ----------
    words : ndarray of shape (node_count,), dtype uint64
        Children, feature and cut of each node, packed.
    n_node_samples : ndarray of shape (node_count,)
        Number of rows.
    leaf_weights : ndarray of shape (node_count,)
        Weight of the rows of leaves; zero for other nodes.
    leaf_values : ndarray of shape (node_count, width)
        What leaves predict: shares of classes, of two classes that of the second, or
        means.
    leaf_means : ndarray of shape (node_count, width)
        The same of the rows, which bounds may keep predictions from.
    leaf_impurity : ndarray of shape (node_count,) or None
        Impurity of values in leaves; None for classes, or zero in all.
    subset_rows, subsets : ndarray or None
        Bits of the categories that go left, and which row of them a node has.
    binner : Binner
        What the codes stand for.
    classes_by_output : tuple of int
        Number of classes of each output; empty for values.
    n_outputs : int
        Number of outputs.
    criterion : int
        How impurity is measured.
    """

    words: Any
    n_node_samples: IntArray
    leaf_weights: FloatArray
    leaf_values: FloatArray
    leaf_means: FloatArray
    leaf_impurity: Any
    subset_rows: Any
    subsets: Any
    binner: Binner
    classes_by_output: tuple[int, ...]
    n_outputs: int
    criterion: int

    def __getstate__(self) -> dict[str, Any]:
        """Fields alone: what was computed from them is computed again."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.words)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.binner.n_features_in_)

    @property
    def n_classes(self) -> IntArray:
        """Number of classes of each output, 1 for values."""
        return np.array(self.classes_by_output or [1] * self.n_outputs)

    @property
    def max_n_classes(self) -> int:
        """Largest number of classes of an output; 1 for values."""
        return int(self.n_classes.max())

    @cached_property
    def is_leaf(self) -> BoolArray:
        """Whether each node is a leaf."""
        return self._field(LEAF_PLACE, 1).astype(bool)

    @property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return int(self.is_leaf.sum())

    @property
    def max_depth(self) -> int:
        """Length of the longest path from the root to a leaf."""
        return len(self._levels) - 1

    @property
    def children_left(self) -> IntArray:
        """Number of the left child of each node, -1 for leaves."""
        return np.where(self.is_leaf, -1, self._left)

    @property
    def children_right(self) -> IntArray:
        """Number of the right child of each node, -1 for leaves."""
        return np.where(self.is_leaf, -1, self._left + 1)

    @property
    def feature(self) -> IntArray:
        """Feature that each node splits by, -2 for leaves."""
        return np.where(
            self.is_leaf,
            _NO_FEATURE,
            self._field(FEATURE_PLACE, LEFT_PLACE - FEATURE_PLACE),
        )

    @property
    def is_category(self) -> BoolArray:
        """Whether each node splits categories."""
        return self._field(CATEGORY_PLACE, 1).astype(bool)

    @property
    def missing_go_to_left(self) -> BoolArray:
        """Whether missing values go left, in each node."""
        goes = self._field(SIDE_PLACE, 1).astype(bool)
        if self.subsets is not None:
            by_category = self.is_category
            last = self.subsets[self.subset_rows[by_category], 3] >> np.uint64(63)
            goes[by_category] = last.astype(bool)
        return goes

    @property
    def bin_threshold(self) -> IntArray:
        """Last code that goes left in each node, -2 for leaves, -1 for categories."""
        cut = self._field(0, 8)
        return np.where(self.is_leaf, -2, np.where(self.is_category, -1, cut))

    @cached_property
    def threshold(self) -> FloatArray:
        """Largest value that goes left, -2.0 for leaves.

        Infinite where missing values alone go right, NaN where categories are split.
        """
        threshold = np.full(self.node_count, float(_NO_FEATURE))
        feature, cut = self.feature, self.bin_threshold
        for node in np.flatnonzero(~self.is_leaf):
            cuts = self.binner.bin_thresholds_[feature[node]]
            inside = 0 <= cut[node] < len(cuts)
            threshold[node] = cuts[cut[node]] if inside else np.inf
        threshold[self.is_category] = np.nan
        return threshold

    @property
    def weighted_n_node_samples(self) -> FloatArray:
        """Weight of the rows of each node."""
        return self._of_all_nodes[0]

    @property
    def value(self) -> FloatArray:
        """Shares of classes, or means; (node_count, n_outputs, max_n_classes)."""
        means = self._of_all_nodes[1]
        flat = np.where(self.is_leaf[:, None], self.leaf_values, means)
        flat = self.full(flat)
        if not self.classes_by_output:
            return flat[:, :, None]
        value = np.zeros((self.node_count, self.n_outputs, self.max_n_classes))
        for output, shares in enumerate(self.by_output(flat)):
            value[:, output, : shares.shape[1]] = shares
        return value

    @property
    def impurity(self) -> FloatArray:
        """Impurity of each node, by the criterion that the tree was grown with."""
        return self._of_all_nodes[2]

    def full(self, values: FloatArray) -> FloatArray:
        """Shares of both classes, of those of the second; other values as they are."""
        if self.classes_by_output != (2,):
            return values
        return np.hstack([1.0 - values, values])

    def by_output(self, values: FloatArray) -> list[FloatArray]:
        """Shares of the classes of each output, of the shares of all."""
        return np.split(values, np.cumsum(self.classes_by_output)[:-1], axis=1)

    def apply(self, X: Table) -> IntArray:
        """Number of the leaf that each row falls into."""
        return self.leaves_of(self.binner.transform(X))

    def predict(self, X: Table) -> FloatArray:
        """Shares of classes, or means; (n_rows, n_outputs, max_n_classes)."""
        return self.value[self.apply(X)]

    def leaves_of(self, codes: Any) -> IntArray:
        """Number of the leaf that each row falls into, by its codes."""
        leaves = np.zeros((len(codes), 1), np.int64)
        self._send_down(codes, None, leaves, may_be_missing=True)
        return leaves[:, 0]

    def add_values_to(
        self, totals: FloatArray, codes: Any, *, may_be_missing: bool
    ) -> None:
        """Add what the leaf of each row predicts, as `leaf_values` keep it."""
        self._send_down(codes, self.leaf_values, totals, may_be_missing=may_be_missing)

    def _send_down(
        self, codes: Any, values: Any, results: Any, *, may_be_missing: bool
    ) -> None:
        kernels = kernels_for("trees", "apply", _SECONDS_PER_ROW * len(codes))
        sided = True if may_be_missing else None
        kernels.send_down(
            codes,
            self.words,
            sided,
            self.subset_rows,
            self.subsets,
            values,
            results,
            STAMPED,
        )

    def values_of(self, codes: Any) -> FloatArray:
        """Shares of classes of all outputs, or means; (n_rows, n_values)."""
        return self.full(self.leaf_values[self.leaves_of(codes)])

    def decision_path(self, X: Table) -> sparse.csr_matrix:
        """Which nodes each row passes, (n_rows, node_count)."""
        return self.paths_to(self.apply(X))

    def paths_to(self, leaves: IntArray) -> sparse.csr_matrix:
        """Which nodes are on the path to each of these leaves."""
        lengths = self._depth[leaves] + 1
        ends = np.cumsum(lengths)
        nodes = np.empty(ends[-1] if len(ends) else 0, np.intp)
        node, at = leaves, ends - 1
        while len(at):
            nodes[at] = node
            node, at = self._parent[node], at - 1
            goes_on = node >= 0
            node, at = node[goes_on], at[goes_on]
        shape = (len(leaves), self.node_count)
        ones, starts = np.ones(len(nodes), np.int64), np.r_[0, ends]
        return sparse.csr_matrix((ones, nodes, starts), shape=shape)

    def compute_feature_importances(self, normalize: bool = True) -> FloatArray:
        """Decrease of impurity that each feature brought, as a share of the sum."""
        weight, _, impurity = self._of_all_nodes
        inner = np.flatnonzero(~self.is_leaf)
        heavy, left = weight * impurity, self._left[inner]
        decrease = heavy[inner] - heavy[left] - heavy[left + 1]
        brought = np.bincount(self.feature[inner], decrease, self.n_features)
        importances = np.asarray(brought, dtype=np.float64) / weight[0]
        total = importances.sum()
        scale = total if normalize and total > 0.0 else 1.0
        return np.asarray(importances / scale)

    def keep(self, ends: BoolArray) -> Tree:
        """The tree without what comes after the nodes where it `ends`."""
        kept, left = np.zeros(self.node_count, bool), self._left
        kept[0] = True
        becomes_leaf = self.is_leaf | ends
        for level in self._levels:
            inner = level[kept[level] & ~becomes_leaf[level]]
            kept[left[inner]] = kept[left[inner] + 1] = True
        number = np.cumsum(kept) - 1
        is_category = self.is_category[kept] & ~becomes_leaf[kept]
        feature = np.where(becomes_leaf, -1, self.feature)[kept]
        cut = np.where(self.is_leaf, 0, self.bin_threshold)[kept]
        side = self._field(SIDE_PLACE, 1).astype(bool)[kept]
        words = pack_nodes(number[left[kept]], feature, cut, side, is_category)
        weights, values, impurity = self._of_all_nodes
        return replace(
            self,
            words=words,
            n_node_samples=self.n_node_samples[kept],
            leaf_weights=weights[kept],
            leaf_values=np.where(self.is_leaf[:, None], self.leaf_values, values)[kept],
            leaf_means=values[kept],
            leaf_impurity=None if self.classes_by_output else impurity[kept],
            subset_rows=None if self.subsets is None else self.subset_rows[kept],
        )

    def _field(self, place: int, width: int) -> IntArray:
        """Bits of each word, as a number."""
        bits = self.words >> np.uint64(place) & np.uint64((1 << width) - 1)
        return np.asarray(bits, dtype=np.intp)

    @cached_property
    def _left(self) -> IntArray:
        return self._field(LEFT_PLACE, 32)

    @cached_property
    def _parent(self) -> IntArray:
        """Parent of each node, -1 for the root."""
        parent, inner = np.full(self.node_count, -1), np.flatnonzero(~self.is_leaf)
        parent[self._left[inner]] = parent[self._left[inner] + 1] = inner
        return parent

    @cached_property
    def _levels(self) -> list[IntArray]:
        """Nodes of each depth."""
        levels = [np.zeros(1, np.intp)]
        while True:
            left = self._left[levels[-1][~self.is_leaf[levels[-1]]]]
            if not len(left):
                return levels
            levels.append(np.concatenate([left, left + 1]))

    @cached_property
    def _depth(self) -> IntArray:
        depth = np.zeros(self.node_count, np.intp)
        for d, level in enumerate(self._levels):
            depth[level] = d
        return depth

    @cached_property
    def _of_all_nodes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Weight, values and impurity of each node, from the leaves up."""
        weight = np.array(self.leaf_weights, dtype=np.float64)
        values, impurity = self.leaf_means.copy(), np.zeros(self.node_count)
        if self.leaf_impurity is not None:
            impurity += self.leaf_impurity
        for level in self._levels[-2::-1]:
            inner = level[~self.is_leaf[level]]
            children = np.stack([self._left[inner], self._left[inner] + 1])
            weight[inner] = weight[children].sum(axis=0)
            share = weight[children] / weight[inner]
            mean = (share[..., None] * values[children]).sum(axis=0)
            if not self.classes_by_output:
                within = impurity[children] + self._off(values[children], mean)
                impurity[inner] = (share * within).sum(axis=0)
            values[inner] = mean
        if self.classes_by_output:
            return weight, values, self._impurity_of_shares(values)
        return weight, values, impurity

    def _off(self, means: FloatArray, mean: FloatArray) -> FloatArray:
        """What children's distance from the parent's mean adds to their impurity."""
        if self.criterion == POISSON:
            with np.errstate(divide="ignore", invalid="ignore"):
                off = np.where(means > 0.0, means * np.log(means / mean), 0.0)
        else:
            off = (means - mean) ** 2
        return np.asarray(off.mean(axis=-1))

    def _impurity_of_shares(self, values: FloatArray) -> FloatArray:
        """Gini impurity or entropy in bits, the mean of outputs."""
        impurities = []
        for shares in self.by_output(self.full(values)):
            if self.criterion == ENTROPY:
                logs = np.log2(shares, where=shares > 0.0, out=np.zeros_like(shares))
                impurities.append(-(shares * logs).sum(axis=1))
            else:
                impurities.append(1.0 - (shares * shares).sum(axis=1))
        return np.asarray(np.mean(impurities, axis=0))
