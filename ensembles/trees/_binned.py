"""A table as codes, once for all trees that are grown on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

if TYPE_CHECKING:
    from ensembles.trees._binner import Binner

__all__ = ["BinnedMatrix"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class BinnedMatrix:
    """Rows as codes of bins, ready to grow trees on.

    Trees take it in place of a table, so that folds, members, classes and parameters
    share one pass over the values. Rows of it are taken by ``binned[rows]``.

    Attributes
    ----------
    rows : ndarray of shape (n_samples, n_features), dtype uint8
        Code of each value; 255 where it is missing.
    columns : ndarray of shape (n_features, n_samples), dtype uint8
        The same, transposed.
    binner : Binner
        What the codes stand for.

    See Also
    --------
    Binner : Makes it, by `Binner.bin`.

    References
    ----------
    .. [1] G. Ke et al., "LightGBM: a highly efficient gradient boosting decision
       tree", Advances in Neural Information Processing Systems 30, 2017, section 2.

    Examples
    --------
    Five depths cost one pass over the values:

    >>> from sklearn.datasets import make_friedman1
    >>> from ensembles.trees import Binner, HistTreeRegressor
    >>> X, y = make_friedman1(1000, random_state=0)
    >>> binned = Binner().fit(X).bin(X)
    >>> binned.shape
    (1000, 10)
    >>> train, test = binned[:500], binned[500:]
    >>> for depth in 1, 2, 3, 4, 5:
    ...     tree = HistTreeRegressor(max_depth=depth).fit(train, y[:500])
    ...     print(f"{tree.score(test, y[500:]):.2f}", end=" ")
    0.33 0.46 0.61 0.65 0.69
    """

    rows: Any
    columns: Any
    binner: Binner

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and features."""
        n_rows, n_features = self.rows.shape
        return int(n_rows), int(n_features)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def __getitem__(self, rows: Any) -> BinnedMatrix:
        """Some of the rows, by a slice, a mask or positions."""
        return BinnedMatrix(
            np.ascontiguousarray(self.rows[rows]),
            np.ascontiguousarray(self.columns[:, rows]),
            self.binner,
        )
