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
# What numpy takes for a node and feature, and for a row and feature.
_SECONDS_PER_SPLIT, _SECONDS_PER_ROW = 4e-5, 5e-8


def bytes_of_histograms(n_features: int, n_classes: int, max_depth: int) -> int:
    """Memory that a `WeightedGrower` keeps beside the codes of rows."""
    return _n_slots(max_depth) * n_features * n_classes * STRIDE * 8


def _n_slots(max_depth: int) -> int:
    """Histograms that are kept at a time: of all rows, and of two nodes a level."""
    return max_depth + 2


@final
@dataclass(frozen=True, slots=True)
class WeightedTree:
    """A tree as it came out of a round, with one entry a node."""

    words: Any
    """Children, feature and cut, packed."""
    n_rows: IntArray
    best_class: IntArray
    shares: FloatArray
    """Weight of each class as a share of that of all rows, (n_nodes, n_classes)."""
    error: float
    """Weight of the rows that it gets wrong, as a share of that of all."""


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
        root = problem.nodes[0]
        root["start"], root["end"] = 0, len(problem.rows.used)
        root["slot"] = root["depth"] = 0
        problem.rooms["n_free"] = len(problem.space.free)
        problem.space.free[:] = np.arange(1, len(problem.space.hists))
        kernels = kernels_for("boosting._weighted", "grow", self._seconds)
        n_nodes = kernels.grow(problem, *self._factors(log_factor))
        nodes, room = problem.nodes[:n_nodes], problem.rooms[0]
        total = int(room["total"])
        return WeightedTree(
            problem.words[:n_nodes].copy(),
            nodes["end"] - nodes["start"],
            nodes["best_class"].copy(),
            problem.totals[:n_nodes] / total,
            int(room["wrong"]) / total,
        )

    def _factors(self, log_factor: float | None) -> tuple[float, float, float]:
        """Factors of rows that are right and wrong, and the weight of all after that.

        Nothing is divided but by a power of two, where weights would grow too large.
        """
        if log_factor is None:
            return FIRST_SUM, 1.0, FIRST_SUM
        room = self._problem.rooms[0]
        total, error = float(room["total"]), float(room["wrong"] / room["total"])
        log_growth = np.logaddexp(math.log1p(-error), math.log(error) + log_factor)
        log_sum = math.log(total) + log_growth
        right = 1.0
        if log_sum > math.log(LARGEST_SUM):
            halvings = math.ceil((log_sum - math.log(FIRST_SUM)) / math.log(2.0))
            right = math.ldexp(1.0, -halvings)
            log_sum -= halvings * math.log(2.0)
        return right, math.exp(log_factor) * right, math.exp(log_sum)

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
