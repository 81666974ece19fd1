"""Trees grown on gradients and hessians, one after the other on the same codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._crew import Crew
from ensembles.boosting._newton._layout import (
    BLOCK,
    HESSIAN_BITS,
    NODE,
    ROOM,
    SPLIT,
    WIDE,
)
from ensembles.boosting._newton._problem import Features, Problem, Rows, Space
from ensembles.boosting._newton._tree import NewtonTree
from ensembles.trees import BinnedMatrix
from ensembles.trees._layout import MISSING, STRIDE
from ensembles.trees._problem import as_writable

__all__ = ["Growth", "Limits", "NewtonGrower"]

# What numpy takes for a split of one feature, and for a row.
_SECONDS_PER_SPLIT, _SECONDS_PER_ROW = 4e-5, 5e-8
_NO_DEPTH = np.iinfo(np.int64).max
# Rows times features of a node from which on threads share the work: a millisecond's.
_WORTH_THREADS = 2**20
_WORTH_SHARING_ROWS = 2**16  # to be added up by leaves
# Least sum of hessians on a side of a split, as scikit-learn has it.
_MIN_HESSIAN = 1e-3
_NO_SIDE = 2.0**62  # more than any side has
_LARGEST = 1e150  # squares of larger gradients are infinite
# Packed sums are taken where the mean gradient and the mean hessian of a row are worth
# so many steps: rounding then adds less than 1e-4 to the variance of gradients.
_STEPS_OF_A_MEAN = 32
# Bits of whole numbers that sums of wide words and of leaves stay below.
_WIDE_BITS = 61


@dataclass(frozen=True, slots=True)
class Limits:
    """Where trees stop and how they search."""

    max_leaves: int | None = 31
    max_depth: int | None = None
    min_rows_leaf: int = 20
    min_hessian: float = _MIN_HESSIAN
    """Least sum of hessians on a side of a split."""
    starts_best: bool = True
    """Whether boosting starts at the constant that is best for all rows together, so
    that a tree without splits has nothing to add, and a root nothing to gain alone."""
    in_mean_rows: bool = False
    """Whether limits on hessians count rows of the mean hessian: raw predictions can
    then have any unit."""
    l2: float = 0.0
    category_rows: float = 0.0
    """How many rows' hessian sets of categories are drawn down by."""
    max_features: float = 1.0
    """Share of the features that are tried in each node."""
    trends: Any = None
    """1, -1 or 0 for each feature; None where all are free."""
    groups: Any = None
    """(n_groups, n_features), which features may meet on a path; None for all."""

    def within(self, n_rows: int) -> Limits:
        """The same limits in numbers that kernels can hold."""
        leaves, depth = self.max_leaves, self.max_depth
        return replace(
            self,
            max_leaves=None if leaves is None else max(2, min(leaves, n_rows)),
            max_depth=None if depth is None else min(depth, n_rows),
            min_rows_leaf=min(self.min_rows_leaf, n_rows + 1),
        )


@final
@dataclass(frozen=True, slots=True)
class Growth:
    """A tree as it came out of the kernel, with its rows leaf by leaf.

    The grower that made it reuses the memory for the next one.
    """

    nodes: Any
    order: Any
    sums: FloatArray
    """Gradients and hessians of the rows of leaves, (n_nodes, 2)."""
    limits: Limits

    @property
    def leaves(self) -> IntArray:
        """Which nodes are leaves."""
        return np.flatnonzero(self.nodes["feature"] < 0)

    def bounds_of(self, nodes: IntArray) -> IntArray:
        """Where the rows of nodes begin in `order`, and where they end, (n_nodes, 2).

        These are in ascending order.
        """
        own = self.nodes[nodes]
        return np.column_stack([own["start"], own["end"]])

    def kept_monotone(self, values: FloatArray, trends: IntArray) -> FloatArray:
        """Values of leaves, from those of all nodes, that no trend forbids.

        Two children of a node with a trend keep to their sides of the middle between
        their values, and so does all below them: as in the search for splits, by
        values that a loss has given.
        """
        n, values = len(values), values.copy()
        lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
        for parent in np.flatnonzero(self.nodes["feature"] >= 0):
            left = self.nodes["left"][parent]
            children = [left, left + 1]
            lower[children], upper[children] = lower[parent], upper[parent]
            values[children] = values[children].clip(lower[parent], upper[parent])
            trend = trends[self.nodes["feature"][parent]]
            if trend:
                low, high = children[::trend]
                upper[low] = lower[high] = values[children].mean()
        values[self.nodes["feature"] >= 0] = 0.0
        return values.clip(lower, upper)

    def newton_values(self) -> FloatArray:
        """Newton steps of leaves, zero for other nodes.

        Zero for a tree without splits, too, where boosting starts at what is best.
        """
        values = np.zeros(len(self.nodes))
        if len(self.nodes) > 1 or not self.limits.starts_best:
            leaves, limits = self.leaves, self.limits
            gradient, hessian = self.sums[leaves].T
            weight = np.maximum(hessian, limits.min_hessian) + limits.l2
            values[leaves] = -gradient / weight
            lower, upper = self.nodes["lower"][leaves], self.nodes["upper"][leaves]
            values[leaves] = values[leaves].clip(lower, upper)
        return values

    def add_values(self, values: FloatArray, raw: FloatArray) -> None:
        """Add the values of leaves to the raw predictions of their rows."""
        kernels = kernels_for("boosting._newton", "rows", 0.0)
        kernels.add_values(self.nodes, self.order, values[:, None], raw)

    def tree(self, values: FloatArray) -> NewtonTree:
        """The tree, with these values in its leaves."""
        nodes, words = self.nodes, np.empty(len(self.nodes), np.uint64)
        kernels_for("boosting._newton", "rows", 0.0).pack_tree(nodes, words)
        is_inner = nodes["feature"] >= 0
        is_category = is_inner & nodes["is_category"]
        subset_rows = subsets = None
        if is_category.any():
            subset_rows = np.cumsum(is_category, dtype=np.int32) - np.int32(1)
            subsets = nodes["subset"][is_category]
        gains = np.where(is_inner, nodes["gain"], 0.0)
        if not self.limits.starts_best:
            gradient, hessian = self.sums.sum(axis=0)
            if is_inner[0]:  # it was compared with no step at all
                gains[0] -= gradient**2 / (hessian + self.limits.l2)
        n_rows = nodes["end"] - nodes["start"]
        return NewtonTree(words, values, gains, n_rows, subset_rows, subsets)


@final
class NewtonGrower:
    """Grows trees on the same codes, in memory that is made once.

    One thread at a time may use it.

    Parameters
    ----------
    binned : BinnedMatrix
        Rows to learn from.
    limits : Limits
        Where to stop and how to search.
    times : ndarray of shape (n_rows,), dtype int32, or None
        How often each row counts; gradients and hessians are those of one. None means
        once.
    sums : {"auto", "packed", "exact"}
        How histograms are kept.
    counts_rows : bool
        Whether all hessians are one.
    crew : Crew or None, default=None
        Threads that share the work of large nodes.
    """

    def __init__(
        self,
        binned: BinnedMatrix,
        limits: Limits,
        times: Any,
        sums: str,
        *,
        counts_rows: bool,
        crew: Crew | None = None,
    ) -> None:
        self._crew = Crew(1) if crew is None else crew
        self._blocks = [np.zeros(BLOCK, np.int64) for _ in range(self._crew.n_threads)]
        self._columns = as_writable(np.ascontiguousarray(binned.columns))
        limits = limits.within(len(binned))
        self._limits, self._sums_kind = limits, sums
        self._times = np.zeros(0, np.int32) if times is None else times
        n_rows = len(binned)
        n_leaves = self._n_leaves(n_rows)
        # Without a limit the smaller child goes first, so that few nodes wait.
        waiting = n_leaves if limits.max_leaves else n_rows.bit_length()
        self._n_slots = waiting + 2
        self._features = self._features_of(binned, 2 * n_leaves - 1)
        self._nodes = np.zeros(2 * n_leaves - 1, NODE)
        self._rooms = self._room(counts_rows)
        self._all_rows: Any = np.arange(n_rows, dtype=np.int32)
        self._order: Any = np.empty(n_rows, np.int32)
        self._spaces: dict[int, tuple[Any, Space]] = {}

    def _n_leaves(self, n_rows: int) -> int:
        """Most leaves that a tree can have."""
        limits = self._limits
        n_leaves = max(1, n_rows // limits.min_rows_leaf)
        if limits.max_leaves is not None:
            n_leaves = min(n_leaves, limits.max_leaves)
        if limits.max_depth is not None and limits.max_depth < 31:
            n_leaves = min(n_leaves, 2**limits.max_depth)
        return n_leaves

    def _features_of(self, binned: BinnedMatrix, n_nodes: int) -> Features:
        binner, limits = binned.binner, self._limits
        n_features = binned.shape[1]
        trends, groups = limits.trends, limits.groups
        if trends is None:
            trends = np.zeros(n_features, np.int8)
        if groups is None:
            groups = np.zeros((0, n_features), bool)
        return Features(
            np.asarray(binner.n_bins_, dtype=np.int64),
            as_writable(binner.is_categorical_),
            np.array([(codes == MISSING).any() for codes in self._columns]),
            as_writable(trends),
            as_writable(groups),
            np.ones((n_nodes, len(groups)), bool),
        )

    def _room(self, counts_rows: bool) -> Any:
        """Limits as kernels read them, and room to work in."""
        limits, room = self._limits, np.zeros(1, ROOM)
        depth = limits.max_depth
        fields = {
            "max_leaves": limits.max_leaves or 0,
            "max_depth": _NO_DEPTH if depth is None else depth,
            "max_features": limits.max_features,
            "min_rows_leaf": limits.min_rows_leaf,
            "counts_rows": counts_rows and not len(self._times),
            "is_bounded": limits.trends is not None,
            "most_sums": _WORTH_THREADS if self._crew.n_threads > 1 else _NO_DEPTH,
            "l2": limits.l2,
            "category_rows": limits.category_rows,
        }
        for name, value in fields.items():
            room[name] = value
        return room

    def _space(self, width: int) -> tuple[Any, Space]:
        """Words of rows and room for packed or wide sums, made when first needed."""
        if width not in self._spaces:
            n_features, n_rows = self._columns.shape
            space = Space(
                np.zeros((self._n_slots, n_features, STRIDE * width), np.int64),
                np.zeros(self._n_slots, np.int64),
                np.zeros(self._n_slots, np.int64),
                np.zeros(n_rows + 1, np.int32),
                np.zeros(BLOCK, np.int64),
                np.zeros(n_features, np.int64),
                np.zeros(n_features, SPLIT),
            )
            self._spaces[width] = np.zeros((n_rows, width), np.int64), space
        return self._spaces[width]

    def grow(
        self,
        gradient: FloatArray,
        hessian: FloatArray,
        key: int,
        rows: IntArray | None = None,
    ) -> Growth:
        """Grow a tree.

        Parameters
        ----------
        gradient, hessian : ndarray of shape (n_rows,)
            Of the loss by the raw prediction.
        key : int
            All that is random follows from these 64 bits.
        rows : ndarray of shape (n_used,) or None, default=None
            Rows of the tree, in ascending order; None for all.

        Returns
        -------
        Growth
            Its nodes and rows.

        Raises
        ------
        FloatingPointError
            If a gradient or a hessian is not finite.
        """
        order = self._order[: None if rows is None else len(rows)]
        order[:] = self._all_rows if rows is None else rows
        kernels = kernels_for("boosting._newton", "rows", _SECONDS_PER_ROW * len(order))
        largest = kernels.largest(gradient, hessian, order)
        if max(largest) > _LARGEST:
            raise FloatingPointError("Gradients or hessians are not finite")
        fine = self._scales(_WIDE_BITS, largest, order)
        nodes = self._nodes
        if min(largest) > 0.0:
            packed = self._pack(kernels, gradient, hessian, order, largest)
            nodes = nodes[: self._grow(packed, order, key)]
        else:  # there is nothing to gain
            self._set_root(len(order), key)
            nodes = nodes[:1]
        sums = self._leaf_sums(kernels, nodes, order, gradient, hessian, fine)
        return Growth(nodes, order, sums / fine, self._limits)

    def _leaf_sums(
        self,
        kernels: Any,
        nodes: Any,
        order: IntArray,
        gradient: FloatArray,
        hessian: FloatArray,
        scales: tuple[float, float],
    ) -> Any:
        """What the rows of leaves add up to, in steps."""
        shares = [(0, len(order))]
        if len(order) > _WORTH_SHARING_ROWS:
            shares = self._crew.shares(len(order))
        sums = np.zeros((len(shares), len(nodes), 2), np.int64)
        whole = nodes, order, gradient, hessian, self._times, *scales
        parts = zip(shares, sums, strict=True)
        tasks = [(*whole, *share, own) for share, own in parts]
        self._crew.run(kernels.add_up_leaves, tasks)
        return sums.sum(axis=0)

    def _total(self, order: IntArray) -> int:
        """How many rows the rows count as."""
        return int(self._times[order].sum()) if len(self._times) else len(order)

    def _scales(
        self, bits: int, largest: tuple[float, float], order: IntArray
    ) -> tuple[float, float]:
        """Steps in one of gradients and of hessians, so that sums have so many bits.

        Powers of two: gradients of few digits are then whole numbers of steps.
        """
        free = bits - self._total(order).bit_length()
        return tuple(  # type: ignore[return-value]
            2.0 ** min(free - int(np.ceil(np.log2(one))), 1000) if one > 0.0 else 1.0
            for one in largest
        )

    def _pack(
        self,
        kernels: Any,
        gradient: FloatArray,
        hessian: FloatArray,
        order: IntArray,
        largest: tuple[float, float],
    ) -> int:
        """Write the words of rows, packed where that is fine enough; their width."""
        room = self._rooms[0]
        rest = gradient, hessian, self._times, order
        bits = HESSIAN_BITS - self._total(order).bit_length()
        if self._sums_kind != "exact" and bits > 1:
            g_scale, _ = self._scales(HESSIAN_BITS - 1, largest, order)
            _, h_scale = self._scales(HESSIAN_BITS, largest, order)
            if room["counts_rows"]:
                h_scale = 1.0
            self._set_steps(g_scale, h_scale, largest, order)
            words, _ = self._space(1)
            sums = kernels.pack(*rest, g_scale, h_scale, words, self._rooms)
            least = _STEPS_OF_A_MEAN * self._total(order)
            is_fine = sums[0] >= least and (sums[1] >= least or room["counts_rows"])
            if is_fine or self._sums_kind == "packed":
                return 1
        g_scale, h_scale = self._scales(_WIDE_BITS, largest, order)
        self._set_steps(g_scale, h_scale, largest, order)
        words, _ = self._space(WIDE)
        kernels.pack_wide(*rest, g_scale, h_scale, words, self._rooms)
        return WIDE

    def _set_steps(
        self,
        g_scale: float,
        h_scale: float,
        largest: tuple[float, float],
        order: IntArray,
    ) -> None:
        """Note what a step is worth, and limits in steps."""
        most_times = int(self._times[order].max()) if len(self._times) else 1
        room = self._rooms[0]
        room["gradient_step"], room["hessian_step"] = 1.0 / g_scale, 1.0 / h_scale
        least = self._limits.min_hessian * h_scale
        least = max(1, int(np.ceil(min(least, _NO_SIDE))))
        if room["counts_rows"]:
            least = max(least, self._limits.min_rows_leaf)
        room["min_hessian"] = least
        heaviest = max(1, int(np.rint(largest[1] * h_scale)))
        room["heaviest"] = heaviest * most_times

    def _set_root(self, n_rows: int, key: int) -> None:
        root = np.zeros((), NODE)
        root["feature"], root["end"], root["key"] = -1, n_rows, key
        root["lower"], root["upper"] = -np.inf, np.inf
        self._nodes[0] = root

    def _grow(self, width: int, order: IntArray, key: int) -> int:
        """Grow all nodes; how many there are."""
        words, space = self._space(width)
        self._set_root(len(order), key)
        self._rooms["n_rows"] = self._total(order)
        space.free[:] = np.arange(self._n_slots)
        self._rooms["n_free"], self._rooms["n_frontier"] = self._n_slots, 0
        problem = Problem(
            Rows(self._columns, words),
            self._features,
            space,
            order,
            self._nodes,
            self._rooms,
        )
        n_splits = len(self._nodes) // 2 * len(self._columns)
        n_sums = len(order) * len(self._columns)
        seconds = _SECONDS_PER_SPLIT * n_splits + _SECONDS_PER_ROW * n_sums
        kernels = kernels_for("boosting._newton", "grow", seconds)
        n_nodes = int(kernels.grow(problem))
        while n_nodes < 0:
            shares = self._crew.shares(len(self._columns))
            parts = zip(shares, self._blocks, strict=False)
            tasks = [(problem, *share, block) for share, block in parts]
            self._crew.run(kernels.fill_part, tasks)
            n_nodes = int(kernels.grow(problem))
        return n_nodes
