"""Many trees in one piece, that rows go down in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray, IntArray
from ensembles.trees._layout import MOST_LEAVES, PLANES, STAMPED, WORTH_PLANES
from ensembles.trees._problem import as_writable

if TYPE_CHECKING:
    from ensembles.trees._binned import BinnedMatrix
    from ensembles.trees._binner import Binner

__all__ = ["PackedTrees", "bin_to_send"]

_SECONDS_PER_ROW = 2e-6  # of the twin that sends rows down a tree


@final
@dataclass(frozen=True, slots=True, eq=False)
class PackedTrees:
    """Nodes of trees in a row, numbered through."""

    words: Any
    """Children, feature and cut of each node."""
    roots: IntArray
    """First node of each tree, and the end of the last."""
    outputs: IntArray
    """The column of results that each adds to."""
    values: FloatArray
    """What nodes add from that column on, (n_nodes, width)."""
    subset_rows: Any = None
    """Which row of `subsets` a node has; None where no categories are split."""
    subsets: Any = None
    """Bits of the categories that go left."""

    def __len__(self) -> int:
        """Number of trees."""
        return len(self.outputs)

    def add_to(
        self,
        results: FloatArray,
        binned: BinnedMatrix,
        first: int = 0,
        last: int | None = None,
    ) -> None:
        """Add what trees from `first` to `last` predict for rows."""
        outputs = self.outputs[first:last]
        if not len(outputs):
            return
        roots = self.roots[first : first + len(outputs) + 1]
        subset_rows, subsets, values = self.subset_rows, self.subsets, self.values
        parts = self.words, roots, outputs, subset_rows, subsets, values
        trees = [as_writable(part) for part in parts]
        seconds = _SECONDS_PER_ROW * len(binned) * len(outputs)
        most_nodes = np.diff(roots).max()  # one less than twice the leaves
        if len(binned) >= WORTH_PLANES and most_nodes < 2 * MOST_LEAVES:
            kernels, room = kernels_for("trees", "planes", seconds), np.zeros(1, PLANES)
            columns = as_writable(np.ascontiguousarray(binned.columns))
            kernels.send_columns_down(columns, *trees, results, room)
        else:
            kernels = kernels_for("trees", "apply", seconds)
            rows = as_writable(np.ascontiguousarray(binned.rows))
            kernels.send_down_many(rows, *trees, results, STAMPED)


def bin_to_send(binner: Binner, X: Any) -> BinnedMatrix:
    """Codes of rows to predict, the way round that trees of few leaves read so many."""
    shape: tuple[int, ...] = getattr(X, "shape", ())
    if len(shape) > 0 and shape[0] >= WORTH_PLANES:
        return binner._bin_columns(X)
    return binner._bin_rows(X)
