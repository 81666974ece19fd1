"""A grown tree of gradients, and the sum of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.trees._layout import LEAF_PLACE, LEFT_PLACE, MASKS
from ensembles.trees._tree import unpack_splits

__all__ = ["NewtonTree", "TreeSum"]

_SECONDS_PER_ROW = 2e-6  # of the twin that sends rows down a tree


@final
@dataclass(frozen=True, slots=True, eq=False)
class NewtonTree:
    """Nodes of a tree, as arrays with one entry a node.

    Children of a node stand side by side and after it.
    """

    words: Any
    """Children, feature and cut of each node, packed."""
    values: FloatArray
    """What leaves add to raw predictions; zero for other nodes."""
    gains: FloatArray
    """How much the loss falls by each split; zero for leaves."""
    n_node_samples: IntArray
    """Number of rows."""
    subset_rows: Any
    """Which row of `subsets` a node has; None where no categories are split."""
    subsets: Any
    """Bits of the categories that go left."""

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.words)

    @property
    def is_leaf(self) -> BoolArray:
        """Whether each node is a leaf."""
        return np.asarray(self.words >> np.uint64(LEAF_PLACE) & np.uint64(1) == 1)

    @property
    def feature(self) -> IntArray:
        """Feature that each node is split by, -1 for leaves."""
        feature, _ = unpack_splits(self.words)
        return feature

    def get_n_leaf_nodes(self) -> int:
        """Number of leaves."""
        return int(self.is_leaf.sum())

    def get_max_depth(self) -> int:
        """Length of the longest path from the root to a leaf."""
        depth, level, is_leaf = 0, np.zeros(1, np.intp), self.is_leaf
        while True:
            inner = level[~is_leaf[level]]
            if not len(inner):
                return depth
            left = (self.words[inner] >> np.uint64(LEFT_PLACE)).astype(np.intp)
            level, depth = np.concatenate([left, left + 1]), depth + 1


@final
class TreeSum:
    """The nodes of many trees in a row, so that rows go down all in one call.

    Parameters
    ----------
    trees : sequence of NewtonTree
        Trees.
    outputs : sequence of int
        Which raw prediction each adds to.
    """

    def __init__(self, trees: Sequence[NewtonTree], outputs: Sequence[int]) -> None:
        sizes = [tree.node_count for tree in trees]
        self._roots = np.cumsum([0, *sizes])  # the last is the end
        self._outputs = np.asarray(outputs, dtype=np.int64)
        moved = [
            tree.words + (np.uint64(root) << np.uint64(LEFT_PLACE))
            for tree, root in zip(trees, self._roots[:-1], strict=True)
        ]
        self._words = np.concatenate(moved) if trees else np.zeros(0, np.uint64)
        self._values = np.zeros((len(self._words), 1))
        self._subset_rows: Any = None
        self._subsets: Any = None
        if trees:
            self._values[:, 0] = np.concatenate([tree.values for tree in trees])
        if any(tree.subsets is not None for tree in trees):
            self._join_subsets(trees)

    def _join_subsets(self, trees: Sequence[NewtonTree]) -> None:
        """Number the subsets of all trees through."""
        rows: list[Any] = []
        subsets: list[Any] = []
        n = 0
        for tree in trees:
            if tree.subsets is None:
                rows.append(np.zeros(tree.node_count, np.int32))
                continue
            rows.append(tree.subset_rows + np.int32(n))
            subsets.append(tree.subsets)
            n += len(tree.subsets)
        self._subset_rows, self._subsets = np.concatenate(rows), np.concatenate(subsets)

    def __len__(self) -> int:
        """Number of trees."""
        return len(self._outputs)

    def add_to(
        self, raw: FloatArray, codes: Any, first: int = 0, last: int | None = None
    ) -> None:
        """Add what trees `first` to `last` predict for codes, to (n_rows, n_raw)."""
        outputs = self._outputs[first:last]
        if not len(outputs):
            return
        seconds = _SECONDS_PER_ROW * len(codes) * len(outputs)
        kernels_for("trees", "apply", seconds).send_down_many(
            codes,
            self._words,
            self._roots[first : first + len(outputs) + 1],
            outputs,
            self._subset_rows,
            self._subsets,
            self._values,
            raw,
            np.zeros(1, MASKS),
        )
