"""A grown tree of gradients, and the sum of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.trees._layout import LEAF_PLACE, LEFT_PLACE
from ensembles.trees._packed import PackedTrees
from ensembles.trees._tree import unpack_splits

__all__ = ["NewtonTree", "packed"]


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
    steps: Any = None
    """Newton steps of leaves, whatever values have become of them; None if unknown."""
    hessians: Any = None
    """Sums of hessians in leaves; None if unknown."""

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


def packed(trees: Sequence[NewtonTree], outputs: Sequence[int]) -> PackedTrees:
    """Trees in one piece.

    Parameters
    ----------
    trees : sequence of NewtonTree
        Trees.
    outputs : sequence of int
        Which raw prediction each adds to.

    Returns
    -------
    PackedTrees
        Their nodes in a row.
    """
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])
    moved = [
        tree.words + (np.uint64(root) << np.uint64(LEFT_PLACE))
        for tree, root in zip(trees, roots[:-1], strict=True)
    ]
    return PackedTrees(
        np.concatenate([np.zeros(0, np.uint64), *moved]),
        roots,
        np.asarray(outputs, dtype=np.int64),
        np.concatenate([np.zeros(0), *(tree.values for tree in trees)])[:, None],
        *_joined_subsets(trees),
    )


def _joined_subsets(trees: Sequence[NewtonTree]) -> tuple[Any, Any]:
    """Subsets of all trees numbered through, and which of them each node has."""
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
    if not subsets:
        return None, None
    return np.concatenate(rows), np.concatenate(subsets)
