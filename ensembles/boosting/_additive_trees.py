"""Real-valued boosting of shallow trees, by compiled code on codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, final

import numpy as np

from ensembles._random import MAX_SEED
from ensembles._typing import FloatArray, IntArray, Table
from ensembles.boosting._additive import AdditiveLearner
from ensembles.boosting._crew import Crew
from ensembles.boosting._fitted import FittedLearners
from ensembles.boosting._newton._grower import Limits
from ensembles.boosting._newton._tree import NewtonTree, packed
from ensembles.boosting._readings import Reading
from ensembles.boosting._repeated import times_of
from ensembles.boosting._rounds import Rounds, key_of
from ensembles.boosting._samples import Sample
from ensembles.boosting._sampling import AllRows
from ensembles.losses import Loss
from ensembles.trees import BinnedMatrix, HistTreeRegressor
from ensembles.trees._binned import binned_by
from ensembles.trees._layout import SQUARE
from ensembles.trees._packed import PackedTrees, bin_to_send
from ensembles.trees._tree import Tree

__all__ = ["FittedTreeSum", "TreeSum"]


@final
class TreeSum(AdditiveLearner):
    """Grows a tree for each raw prediction in a round.

    Parameters
    ----------
    loss : Loss
        What is to fall.
    reading : Reading
        What sums of steps say of classes.
    sample : Sample
        Rows to learn from, whose X is a BinnedMatrix.
    max_depth : int
        Length of the longest path of a tree.
    learning_rate : float
        What leaves are multiplied by.
    rng : RandomState
        Gives each member its own random state.
    crew : Crew
        Threads that share the trees of a round.
    bend : callable or None
        What becomes of the Newton steps of leaves.
    """

    is_fixed = True

    def __init__(
        self,
        loss: Loss,
        reading: Reading,
        sample: Sample,
        max_depth: int,
        learning_rate: float,
        rng: np.random.RandomState,
        crew: Crew,
        bend: Callable[[int, FloatArray], FloatArray] | None,
    ) -> None:
        self.loss, self._reading, self.sample = loss, reading, sample
        self._depth, self._learning_rate, self._rng = max_depth, learning_rate, rng
        limits = Limits(
            max_leaves=None,
            max_depth=max_depth,
            min_rows_leaf=1,
            min_hessian=np.finfo(np.float64).tiny,
            starts_best=False,
        )
        self._rounds = Rounds(
            loss,
            sample.X,
            sample.y,
            _of_one_on_average(sample.weights),
            limits,
            AllRows(),
            learning_rate,
            "auto",
            crew,
            bend,
        )
        self.raw = self._rounds.raw
        self._trees: list[list[NewtonTree]] = []
        self._rates: list[FloatArray] = []

    def fit_next(self, number: int, gradient: FloatArray, hessian: FloatArray) -> None:
        self._trees.append(self._rounds.boost(key_of(0, number)))
        self._rates.append(np.full(len(self.raw), self._learning_rate))

    def scale_last(self, factors: FloatArray) -> None:
        if (factors == 1.0).all():
            return
        self._rates[-1] = self._rates[-1] * factors
        own = np.broadcast_to(factors, len(self.raw))
        self._trees[-1] = [
            replace(tree, values=tree.values * factor)
            for tree, factor in zip(self._trees[-1], own, strict=True)
        ]

    def drop_last(self) -> None:
        self._trees.pop()
        self._rates.pop()

    def ask_last(self, X: BinnedMatrix) -> FloatArray:
        trees = self._trees[-1]
        steps = np.zeros((len(X), len(trees)))
        packed(trees, range(len(trees))).add_to(steps, X)
        return steps

    def fitted(self) -> FittedLearners:
        return FittedTreeSum(
            self._trees,
            np.array(self._rates),
            self._reading,
            self.sample.X.binner,
            self._depth,
            self._rng.randint(MAX_SEED, size=len(self._trees)).tolist(),
        )


def _of_one_on_average(weights: FloatArray | None) -> FloatArray | None:
    """Weights in a unit of their own; numbers of repeated rows stay what they are."""
    if weights is None or times_of(weights) is not None:
        return weights
    return np.asarray(weights / weights.mean())


@final
class FittedTreeSum(FittedLearners):
    """Grown trees, which become estimators where they are asked for.

    Parameters
    ----------
    trees : list of list of NewtonTree
        Of each round, one for each raw prediction.
    rates : ndarray of shape (n_rounds, n_raw)
        What their steps have been multiplied by.
    reading : Reading
        What sums say.
    binner : Binner
        What the codes stand for.
    max_depth : int
        Of the trees, at most.
    seeds : list of int
        Random state of each round's.
    """

    def __init__(
        self,
        trees: list[list[NewtonTree]],
        rates: FloatArray,
        reading: Reading,
        binner: Any,
        max_depth: int,
        seeds: list[int],
    ) -> None:
        self._trees, self._rates, self.reading = trees, rates, reading
        self.binner, self._depth, self._seeds = binner, max_depth, seeds
        self._n_raw = len(trees[0])
        self._packed: PackedTrees | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Trees alone: what was made of them is made again."""
        return {**self.__dict__, "_packed": None}

    @property
    def weights(self) -> FloatArray:
        return np.asarray(self._rates.mean(axis=1))

    @property
    def members(self) -> list[Any]:
        rounds = []
        parts = zip(self._trees, self._rates, self._seeds, strict=True)
        for trees, rates, seed in parts:
            pairs = zip(trees, rates.tolist(), strict=True)
            own = [self._member(tree, rate, seed) for tree, rate in pairs]
            rounds.append(own[0] if len(own) == 1 else own)
        return rounds

    def _member(self, tree: NewtonTree, rate: float, seed: int) -> HistTreeRegressor:
        """A tree as an estimator, which predicts steps; zero if it does not count."""
        binner = self.binner
        member = HistTreeRegressor(
            max_depth=self._depth, random_state=seed, max_bins=binner.max_bins
        )
        values = tree.values / rate if rate else tree.values
        member.tree_ = Tree(
            tree.words,
            tree.n_node_samples,
            np.where(tree.is_leaf, tree.hessians, 0.0),
            values[:, None],
            tree.steps[:, None],
            None,
            tree.subset_rows,
            tree.subsets,
            binner,
            (),
            1,
            SQUARE,
        )
        member.binner_, member.n_outputs_ = binner, 1
        member.n_features_in_ = member.max_features_ = binner.n_features_in_
        if hasattr(binner, "feature_names_in_"):
            member.feature_names_in_ = binner.feature_names_in_
        return member

    def first(self, n_rounds: int) -> FittedLearners:
        return FittedTreeSum(
            self._trees[:n_rounds],
            self._rates[:n_rounds],
            self.reading,
            self.binner,
            self._depth,
            self._seeds[:n_rounds],
        )

    def count(self, X: Table) -> FloatArray:
        binned = self._binned(X)
        sums = np.zeros((len(binned), self._n_raw))
        self._all_trees().add_to(sums, binned)
        return sums

    def staged(self, X: Table) -> Iterator[FloatArray]:
        binned, trees, n_raw = self._binned(X), self._all_trees(), self._n_raw
        sums = np.zeros((len(binned), n_raw))
        for first in range(0, len(trees), n_raw):
            trees.add_to(sums, binned, first, first + n_raw)
            yield sums.copy()

    def said(self, X: Table) -> IntArray:
        binned, trees, n_raw = self._binned(X), self._all_trees(), self._n_raw
        said = []
        for first in range(0, len(trees), n_raw):
            steps = np.zeros((len(binned), n_raw))
            trees.add_to(steps, binned, first, first + n_raw)
            said.append(self.reading.codes(steps))
        return np.array(said)

    def importances(self) -> FloatArray:
        pairs = zip(self._trees, self._rates, strict=True)
        return np.array([self._importances(trees, rates) for trees, rates in pairs])

    def _importances(self, trees: list[NewtonTree], rates: FloatArray) -> FloatArray:
        """Mean importances in the trees of a round that count."""
        shares = np.zeros((len(trees), self.binner.n_features_in_))
        for own, tree in zip(shares, trees, strict=True):
            inner = ~tree.is_leaf
            np.add.at(own, tree.feature[inner], tree.gains[inner])
        totals = shares.sum(axis=1, keepdims=True)
        shares /= np.where(totals > 0.0, totals, 1.0)
        return np.asarray(np.average(shares, axis=0, weights=rates))

    def _all_trees(self) -> PackedTrees:
        """All trees in one piece, made when first needed."""
        if self._packed is None:
            trees = [tree for own in self._trees for tree in own]
            outputs = [k for own in self._trees for k in range(len(own))]
            self._packed = packed(trees, outputs)
        return self._packed

    def _binned(self, X: Table) -> BinnedMatrix:
        if isinstance(X, BinnedMatrix):
            return binned_by(self.binner, X)
        return bin_to_send(self.binner, X)
