"""Rounds of boosting: rows that the last tree gets wrong weigh more for the next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._repeated import times_of
from ensembles.boosting._weighted._layout import (
    BLOCK,
    ERROR,
    FIRST_SUM,
    GINI,
    LARGEST_SUM,
    LEAST_SHARE,
    NODE,
    ROOM,
    STRIDE,
)
from ensembles.boosting._weighted._problem import Problem, Rows, Space
from ensembles.trees import BinnedMatrix
from ensembles.trees._problem import as_writable

__all__ = ["WeightedGrower", "WeightedTree", "bytes_of_histograms"]

_CRITERIA = {"gini": GINI, "error": ERROR}
_LARGE_LOG = 600.0  # of a factor
# What numpy takes for a node and feature, and for a row and feature.
_SECONDS_PER_SPLIT, _SECONDS_PER_ROW = 4e-5, 5e-8


def bytes_of_histograms(n_features: int, n_classes: int, max_depth: int) -> int:
    """Memory that a `WeightedGrower` keeps beside the codes of rows."""
    return _n_slots(max_depth) * n_features * n_classes * STRIDE * 8


def _n_slots(max_depth: int) -> int:
    """Histograms that are kept at a time: of all rows, two nodes, and one a level."""
    return max_depth + 2


@final
@dataclass(frozen=True, slots=True)
class WeightedTree:
    """A tree as it came out of a round, with one entry a node."""

    words: Any
    """Children, feature and cut, packed."""
    nodes: Any
    """Records of `NODE`."""
    totals: Any
    """Weight of each class in steps, (n_nodes, n_classes)."""
    wrong: int
    """Weight of the rows that it gets wrong, in steps."""
    total: int
    """Weight of all rows, in steps."""

    @property
    def error(self) -> float:
        """Weight of the rows that it gets wrong, as a share of that of all."""
        return self.wrong / self.total

    @property
    def n_rows(self) -> IntArray:
        """Number of rows with a weight."""
        return np.asarray(self.nodes["end"] - self.nodes["start"])

    @property
    def best_class(self) -> IntArray:
        """Number of the heaviest class."""
        return np.asarray(self.nodes["best_class"])

    @property
    def shares(self) -> FloatArray:
        """Weight of each class as a share of that of all rows, (n_nodes, n_classes)."""
        return np.asarray(self.totals / self.total)


@final
class WeightedGrower:
    """Grows a tree, makes the rows that it gets wrong heavier, grows the next.

    Histograms are brought from one round to the next by what those rows have gained.
    One thread at a time may use it.

    Parameters
    ----------
    binned : BinnedMatrix
        Rows to learn from, whose features are all in order.
    classes : ndarray of shape (n_rows,)
        Number of each row's class.
    n_classes : int
        Number of classes, at least two.
    weights : ndarray of shape (n_rows,)
        How much each row counts in the first round. Zero leaves a row out.
    max_depth : int
        Length of the longest path of a tree.
    criterion : {"gini", "error"}
        What splits are judged by: Gini impurity, or the weight that leaves get wrong.
    """

    def __init__(
        self,
        binned: BinnedMatrix,
        classes: IntArray,
        n_classes: int,
        weights: FloatArray,
        max_depth: int,
        criterion: str,
    ) -> None:
        n_rows, n_features = binned.shape
        used: Any = np.flatnonzero(weights).astype(np.int32)
        n_nodes = 2 * min(len(used), 2**max_depth) - 1
        room = np.zeros(1, ROOM)
        room["max_depth"], room["criterion"] = max_depth, _CRITERIA[criterion]
        self._problem = Problem(
            _rows_of(binned, classes, weights, used),
            np.asarray(binned.binner.n_bins_, dtype=np.int64),
            as_writable(binned.binner._edges),
            _space_of(n_rows, n_features, n_classes, n_nodes, used, max_depth),
            np.zeros(n_nodes, NODE),
            np.zeros((n_nodes, n_classes), np.int64),
            np.zeros(n_nodes, np.uint64),
            room,
        )
        self._wrong = self._total = 0
        self._seconds = _SECONDS_PER_SPLIT * (n_nodes // 2) * n_features
        self._seconds += _SECONDS_PER_ROW * n_rows * n_features * max_depth

    def grow(self, log_factor: float | None) -> WeightedTree:
        """Multiply the weights of rows that the last tree gets wrong, and grow one.

        Parameters
        ----------
        log_factor : float or None
            Logarithm of what they are multiplied by; None for the first tree.

        Returns
        -------
        WeightedTree
            The next tree.
        """
        problem = self._problem
        kernels = kernels_for("boosting._weighted", "grow", self._seconds)
        n_nodes = kernels.grow(problem, *self._factors(log_factor))
        room = problem.rooms[0]
        self._wrong, self._total = int(room["wrong"]), int(room["total"])
        return WeightedTree(
            problem.words[:n_nodes].copy(),
            problem.nodes[:n_nodes].copy(),
            problem.totals[:n_nodes].copy(),
            self._wrong,
            self._total,
        )

    def _factors(self, log_factor: float | None) -> tuple[float, float, float]:
        """Factors of rows that are right and wrong, and the weight of all after that.

        Nothing is divided but by a power of two, where weights would grow too large.
        """
        if log_factor is None:
            return FIRST_SUM, 1.0, FIRST_SUM
        error, right = self._wrong / self._total, 1.0
        if log_factor > _LARGE_LOG:  # the factor itself may be infinite
            growth = (math.log(error) + log_factor) / math.log(2.0)
        else:
            growth = math.log2(1.0 - error + error * math.exp(log_factor))
        doublings = math.log2(self._total) + growth
        if doublings > math.log2(LARGEST_SUM):
            right = math.ldexp(1.0, -math.ceil(doublings - math.log2(FIRST_SUM)))
        if log_factor > _LARGE_LOG:
            wrong = math.exp(log_factor + math.log(right))
        else:
            wrong = math.exp(log_factor) * right
        return right, wrong, self._total * ((1.0 - error) * right + error * wrong)

    @property
    def weights(self) -> FloatArray:
        """Weights of rows that the last tree was grown on; they add up to one."""
        rows = self._problem.rows
        weights = rows.weights * (rows.times if len(rows.times) else 1.0)
        return np.asarray(weights / weights.sum())


def _rows_of(
    binned: BinnedMatrix, classes: IntArray, weights: FloatArray, used: IntArray
) -> Rows:
    n_rows, n_features = binned.shape
    codes = np.zeros((n_rows, -(-n_features // 8) * 8), np.uint8)
    codes[:, :n_features] = binned.rows
    times = times_of(weights)
    units = weights if times is None else np.ones(n_rows)
    # Exact, so that it does not depend on the order of rows.
    total = weights.sum() if times is not None else math.fsum(weights)
    shares = np.zeros(n_rows)
    shares[used] = np.maximum(units[used] / total, LEAST_SHARE)
    if times is None or (times == 1).all():
        times = np.zeros(0, np.int32)
    return Rows(
        codes,
        as_writable(np.ascontiguousarray(binned.columns)),
        np.asarray(classes, dtype=np.int32),
        shares,
        times,
        used,
        np.zeros(n_rows, np.uint8),
    )


def _space_of(
    n_rows: int,
    n_features: int,
    n_classes: int,
    n_nodes: int,
    used: IntArray,
    max_depth: int,
) -> Space:
    n_slots = _n_slots(max_depth)
    return Space(
        np.zeros((n_slots, n_features, n_classes * STRIDE), np.int64),
        np.zeros(n_slots - 1, np.int64),
        np.zeros(n_nodes + 1, np.int64),
        used.copy(),
        np.zeros(n_rows + 1, np.int32),
        np.zeros((3, BLOCK), np.int64),
    )
