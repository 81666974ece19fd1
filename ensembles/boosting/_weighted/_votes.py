"""What many trees of weights say together: each votes for a class with its weight.

Weights of votes are made whole numbers of a power of two, as many as floats can add up
without rounding. So sums do not depend on their order: trees added up one by one, and
tables in which all stumps of a feature are added up already, give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._weighted._grower import WeightedTree
from ensembles.boosting._weighted._tables import StumpTables
from ensembles.trees import BinnedMatrix, Binner
from ensembles.trees._layout import (
    LEAF_PLACE,
    LEFT_PLACE,
    SIDE_PLACE,
    SQUARE,
    STAMPED,
)
from ensembles.trees._packed import PackedTrees
from ensembles.trees._problem import as_writable
from ensembles.trees._tree import Tree, unpack_splits

__all__ = ["NodesOfTrees", "TreeVotes"]

_SECONDS_PER_ROW = 2e-6  # of the twin that sends rows down a tree
_BITS = 52  # of whole numbers whose sums floats hold


class NodesOfTrees(NamedTuple):
    """Nodes of trees in a row."""

    roots: IntArray
    """Place of the first node of each, and of one more."""
    words: Any
    """Children, feature and cut, packed; places within a tree."""
    n_rows: IntArray
    best_class: IntArray
    shares: FloatArray
    """Weight of each class, of that of all rows; (n_nodes, n_classes)."""

    @classmethod
    def of(cls, trees: Sequence[WeightedTree]) -> NodesOfTrees:
        """Nodes of at least one tree."""
        sizes = [len(tree.words) for tree in trees]
        sums = np.repeat([float(tree.total) for tree in trees], sizes)
        totals = np.concatenate([tree.totals for tree in trees])
        return cls(
            np.cumsum([0, *sizes]),
            np.concatenate([tree.words for tree in trees]),
            np.concatenate([tree.n_rows for tree in trees]),
            np.concatenate([tree.best_class for tree in trees]),
            totals / sums[:, None],
        )

    def first(self, n_trees: int) -> NodesOfTrees:
        """Those of the first trees alone."""
        roots, *of_nodes = self
        own = roots[: n_trees + 1]
        return NodesOfTrees(own, *(array[: own[-1]] for array in of_nodes))


@final
class TreeVotes:
    """Trees and how much the vote of each weighs.

    Votes for the second of two classes are counted as positive, those for the first as
    negative, in one column; of more classes each has its own.

    Parameters
    ----------
    nodes : NodesOfTrees
        Of at least one tree.
    weights : ndarray of shape (n_trees,)
        Of votes.
    binner : Binner
        What the codes stand for.
    """

    def __init__(
        self, nodes: NodesOfTrees, weights: FloatArray, binner: Binner
    ) -> None:
        self._nodes, self._weights, self.binner = nodes, weights, binner
        self._roots, self._words, self._n_rows, self._best_class, self._shares = nodes
        self._unit = math.ldexp(1.0, math.frexp(math.fsum(weights))[1] - _BITS)
        self._steps = np.rint(weights / self._unit)

    def __len__(self) -> int:
        """Number of trees."""
        return len(self._steps)

    def __getstate__(self) -> dict[str, Any]:
        """Trees and weights alone: what was made of them is made again."""
        made = {"_packed", "_moved", "_ballots", "_tables"}
        return {name: one for name, one in self.__dict__.items() if name not in made}

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self._shares.shape[1])

    @property
    def weights(self) -> FloatArray:
        """Weights of votes, as they are counted."""
        return np.asarray(self._steps * self._unit)

    def first(self, n_trees: int) -> TreeVotes:
        """The first trees alone, with the weights that were given."""
        weights = self._weights[:n_trees]
        return TreeVotes(self._nodes.first(n_trees), weights, self.binner)

    def _nodes_of(self, number: int) -> slice:
        """Places of the nodes of a tree."""
        return slice(self._roots[number], self._roots[number + 1])

    def tree(self, number: int) -> Tree:
        """One of the trees, as estimators keep it."""
        own = self._nodes_of(number)
        words, shares = self._words[own], self._shares[own]
        is_leaf = words >> np.uint64(LEAF_PLACE) & np.uint64(1) == 1
        weights = np.where(is_leaf, shares.sum(axis=1), 0.0)
        values = np.where(is_leaf[:, None], shares, 0.0)
        values[is_leaf] /= weights[is_leaf, None]
        if self.n_classes == 2:
            values = values[:, 1:]
        return Tree(
            words,
            self._n_rows[own],
            weights,
            values,
            values,
            None,
            None,
            None,
            self.binner,
            (self.n_classes,),
            1,
            SQUARE,
        )

    def importances(self) -> FloatArray:
        """Decrease of impurity by feature, as a share in each tree; (n_trees, ...)."""
        weight = self._shares.sum(axis=1)
        impurity = weight - (self._shares**2).sum(axis=1) / weight
        features, left = unpack_splits(self._moved)
        inner = np.flatnonzero(features >= 0)
        below = impurity[left[inner]] + impurity[left[inner] + 1]
        tree = np.repeat(np.arange(len(self)), np.diff(self._roots))[inner]
        shares = np.zeros((len(self), self.binner.n_features_in_))
        np.add.at(shares, (tree, features[inner]), impurity[inner] - below)
        totals = shares.sum(axis=1, keepdims=True)
        return shares / np.where(totals > 0.0, totals, 1.0)

    def count(self, binned: BinnedMatrix) -> FloatArray:
        """Votes of all trees for rows, by their codes; (n_rows, n_columns)."""
        votes = self._no_votes(len(binned))
        self._packed.add_to(votes, binned)
        return votes * self._unit

    def count_values(self, X: Any) -> FloatArray:
        """The same of stumps, by the values of rows."""
        votes = self._no_votes(len(X))
        self._tables.add_to(votes, X)
        return votes * self._unit

    def staged(self, binned: BinnedMatrix) -> Iterator[FloatArray]:
        """Votes after each tree."""
        votes = self._no_votes(len(binned))
        for number in range(len(self)):
            self._packed.add_to(votes, binned, number, number + 1)
            yield votes * self._unit

    def said_by(self, number: int, binned: BinnedMatrix) -> IntArray:
        """Number of the class that a tree votes for, row by row."""
        own, leaves = self._nodes_of(number), np.zeros((len(binned), 1), np.int64)
        kernels = kernels_for("trees", "apply", _SECONDS_PER_ROW * len(binned))
        words, none = as_writable(self._words[own]), (None, None, None)
        kernels.send_down(binned.rows, words, True, *none, leaves, STAMPED)
        return np.asarray(self._best_class[own][leaves[:, 0]])

    def _no_votes(self, n_rows: int) -> FloatArray:
        return np.zeros((n_rows, self.n_classes if self.n_classes > 2 else 1))

    @cached_property
    def _packed(self) -> PackedTrees:
        """Trees with their votes, in one piece."""
        outputs = np.zeros(len(self), np.int64)
        return PackedTrees(self._moved, self._roots, outputs, self._ballots)

    @cached_property
    def _moved(self) -> Any:
        """Words of nodes, numbered through."""
        sizes = np.diff(self._roots)
        roots = np.repeat(self._roots[:-1], sizes).astype(np.uint64)
        return self._words + (roots << np.uint64(LEFT_PLACE))

    @cached_property
    def _ballots(self) -> FloatArray:
        """What nodes add to the columns of votes."""
        steps = np.repeat(self._steps, np.diff(self._roots))
        if self.n_classes == 2:
            return np.where(self._best_class == 1, steps, -steps)[:, None]
        return np.asarray(np.eye(self.n_classes)[self._best_class] * steps[:, None])

    @property
    def are_stumps(self) -> bool:
        """Whether no tree has more than one split."""
        return bool(np.diff(self._roots).max() <= 3)

    @cached_property
    def _tables(self) -> StumpTables:
        """Stumps of each feature added up."""
        words, ballots, roots = self._moved, self._ballots, self._roots[:-1]
        features, left = unpack_splits(words)
        is_stump = features[roots] >= 0
        tops = roots[is_stump]
        codes = (words[tops] & np.uint64(255)).astype(np.intp)
        cuts = [self._cut(*split) for split in zip(features[tops], codes, strict=True)]
        return StumpTables.of(
            features[tops],
            np.array(cuts),
            ballots[left[tops]],
            ballots[left[tops] + 1],
            (words[tops] >> np.uint64(SIDE_PLACE) & np.uint64(1)).astype(bool),
            ballots[roots[~is_stump]].sum(axis=0),
        )

    def _cut(self, feature: int, code: int) -> float:
        """The largest value that goes left."""
        cuts = self.binner.bin_thresholds_[feature]
        return float(cuts[code]) if code < len(cuts) else math.inf
