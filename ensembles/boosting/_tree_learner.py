"""Stumps and shallow trees as weak learners, by compiled code on codes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, final

import numpy as np
from scipy import sparse
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles._random import MAX_SEED
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles._validation import is_count
from ensembles.boosting._fitted import FittedLearners
from ensembles.boosting._readings import Votes
from ensembles.boosting._samme import WeakLearner
from ensembles.boosting._weighted._grower import WeightedGrower, WeightedTree
from ensembles.boosting._weighted._votes import NodesOfTrees, TreeVotes
from ensembles.trees import BinnedMatrix, HistTreeClassifier, HistTreeRegressor
from ensembles.trees._binned import binned_by
from ensembles.trees._packed import bin_to_send

__all__ = ["FittedTrees", "TreeLearner", "depth_of_plain_tree"]

_MAX_DEPTH = 8
_MAX_LOG = math.log(np.finfo(np.float64).max)
_TREES = (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    HistTreeClassifier,
    HistTreeRegressor,
)
# What a plain tree may have else than by default; none of it changes how it grows.
_FREE = ("max_depth", "random_state", "max_bins", "categorical_features")


def depth_of_plain_tree(estimator: Estimator) -> int | None:
    """How deep trees are to be grown, if they are shallow and else as by default.

    Parameters
    ----------
    estimator : estimator
        Of any kind.

    Returns
    -------
    int or None
        None for all others: a subclass may look at X as it came.
    """
    if type(estimator) not in _TREES:
        return None
    given, usual = estimator.get_params(), type(estimator)().get_params()
    depth = given["max_depth"]
    if not is_count(depth) or depth > _MAX_DEPTH:
        return None
    is_plain = all(
        isinstance(given[name], type(default)) and given[name] == default
        for name, default in usual.items()
        if name not in _FREE
    )
    return int(depth) if is_plain else None


@final
class TreeLearner(WeakLearner):
    """Trees that are grown on the same codes.

    Parameters
    ----------
    binned : BinnedMatrix
        Rows to learn from, without categories.
    codes : ndarray of shape (n_samples,)
        Number of each row's class.
    classes : ndarray of shape (n_classes,)
        Labels, at least two.
    weights : ndarray of shape (n_samples,)
        How much each row counts at first.
    max_depth : int
        Length of the longest path of a tree.
    criterion : {"gini", "error"}
        What splits are judged by.
    rng : RandomState
        Gives each member its own random state.
    """

    def __init__(
        self,
        binned: BinnedMatrix,
        codes: IntArray,
        classes: Any,
        weights: FloatArray,
        max_depth: int,
        criterion: str,
        rng: np.random.RandomState,
    ) -> None:
        self._binner, self._classes, self._depth = binned.binner, classes, max_depth
        self.n_classes, self._rng = len(classes), rng
        self._grower = WeightedGrower(
            binned, codes, self.n_classes, weights, max_depth, criterion
        )
        self._log_factor: float | None = None
        self._trees: list[WeightedTree] = []

    is_fixed = True

    def fit_next(self, number: int) -> float:
        self._trees.append(self._grower.grow(self._log_factor))
        return self._trees[-1].error

    def drop_last(self) -> None:
        self._trees.pop()

    def raise_wrong(self, log_factor: float) -> bool:
        self._log_factor = log_factor
        return log_factor + math.log(self._trees[-1].error) < _MAX_LOG

    def ask_last(self, X: BinnedMatrix) -> FloatArray:
        last = NodesOfTrees.of(self._trees[-1:])
        return TreeVotes(last, np.ones(1), self._binner).count(X)

    def fitted(self, weights: list[float]) -> FittedLearners:
        nodes = NodesOfTrees.of(self._trees)
        votes = TreeVotes(nodes, np.array(weights), self._binner)
        seeds = self._rng.randint(MAX_SEED, size=len(votes)).tolist()
        return FittedTrees(votes, self._classes, self._depth, seeds)


@final
class FittedTrees(FittedLearners):
    """Grown trees, which become estimators where they are asked for.

    Parameters
    ----------
    votes : TreeVotes
        Trees and the weights of their votes.
    classes : ndarray of shape (n_classes,)
        Labels.
    max_depth : int
        Of the trees, at most.
    seeds : list of int
        Random state of each.
    """

    def __init__(
        self, votes: TreeVotes, classes: Any, max_depth: int, seeds: list[int]
    ) -> None:
        self._votes, self._classes = votes, classes
        self._depth, self._seeds = max_depth, seeds
        self._members: list[Estimator] | None = None
        self.reading = Votes()

    def __getstate__(self) -> dict[str, Any]:
        """What members are made of alone: they are made again."""
        return {**self.__dict__, "_members": None}

    @property
    def binner(self) -> Any:
        """What the codes stand for."""
        return self._votes.binner

    @property
    def weights(self) -> FloatArray:
        return self._votes.weights

    @property
    def members(self) -> list[Estimator]:
        if self._members is None:
            self._members = [self._member(i) for i in range(len(self._votes))]
        return self._members

    def _member(self, number: int) -> HistTreeClassifier:
        binner = self.binner
        member = HistTreeClassifier(
            max_depth=self._depth,
            random_state=self._seeds[number],
            max_bins=binner.max_bins,
        )
        member.tree_, member.binner_ = self._votes.tree(number), binner
        member.classes_, member.n_classes_ = self._classes, len(self._classes)
        member.n_outputs_ = 1
        member.n_features_in_ = member.max_features_ = binner.n_features_in_
        if hasattr(binner, "feature_names_in_"):
            member.feature_names_in_ = binner.feature_names_in_
        return member

    def first(self, n_rounds: int) -> FittedLearners:
        votes, seeds = self._votes.first(n_rounds), self._seeds[:n_rounds]
        return FittedTrees(votes, self._classes, self._depth, seeds)

    def count(self, X: Table) -> FloatArray:
        values = self._values(X) if self._votes.are_stumps else None
        if values is not None:
            return self._votes.count_values(values)
        return self._votes.count(self._binned(X))

    def staged(self, X: Table) -> Iterator[FloatArray]:
        return self._votes.staged(self._binned(X))

    def said(self, X: Table) -> IntArray:
        binned = self._binned(X)
        said = [self._votes.said_by(i, binned) for i in range(len(self._votes))]
        return np.array(said)

    def importances(self) -> FloatArray:
        return self._votes.importances()

    def _values(self, X: Table) -> Any:
        """Rows as floats side by side; None for those that are codes, or sparse."""
        if isinstance(X, BinnedMatrix):
            return None
        values = self.binner._checked_numbers(X, self.binner.is_categorical_)
        if sparse.issparse(values):  # a frame of sparse columns is, too
            return None
        flags = values.flags
        is_contiguous = flags.c_contiguous or flags.f_contiguous
        return values if is_contiguous else np.ascontiguousarray(values)

    def _binned(self, X: Table) -> BinnedMatrix:
        if isinstance(X, BinnedMatrix):
            return binned_by(self.binner, X)
        return bin_to_send(self.binner, X)
