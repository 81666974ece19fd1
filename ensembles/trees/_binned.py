"""A table as codes, once for all trees that are grown on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

if TYPE_CHECKING:
    from ensembles.trees._binner import Binner

__all__ = ["BinnedMatrix", "binned_by"]


@final
class BinnedMatrix:
    """Rows as codes of bins, ready to grow trees on.

    Trees take it in place of a table, so that folds, members, classes and parameters
    share one pass over the values. Rows of it are taken by ``binned[rows]``, columns by
    ``binned[:, columns]``; scikit-learn's searches and folds take rows so.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features), dtype uint8, or None
        Code of each value; 255 where it is missing. None makes them of the columns
        when they are asked for.
    columns : ndarray of shape (n_features, n_samples), dtype uint8, or None
        The same, transposed. None makes them of the rows.
    binner : Binner
        What the codes stand for.

    Attributes
    ----------
    rows : ndarray of shape (n_samples, n_features), dtype uint8
        Code of each value, row by row.
    columns : ndarray of shape (n_features, n_samples), dtype uint8
        Code of each value, column by column.
    binner : Binner
        What the codes stand for.

    Raises
    ------
    ValueError
        If there are neither rows nor columns.

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
    0.33 0.43 0.58 0.62 0.69
    """

    def __init__(self, rows: Any, columns: Any, binner: Binner) -> None:
        if rows is None and columns is None:
            raise ValueError(
                "A BinnedMatrix needs rows or columns, got neither. Make it by "
                "Binner.bin(X)."
            )
        self._rows, self._columns, self.binner = rows, columns, binner

    @property
    def rows(self) -> Any:
        """Code of each value, row by row."""
        if self._rows is None:
            self._rows = np.ascontiguousarray(self._columns.T)
        return self._rows

    @property
    def columns(self) -> Any:
        """Code of each value, column by column."""
        if self._columns is None:
            self._columns = np.ascontiguousarray(self._rows.T)
        return self._columns

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and features."""
        if self._rows is None:
            n_features, n_rows = self._columns.shape
        else:
            n_rows, n_features = self._rows.shape
        return int(n_rows), int(n_features)

    def __len__(self) -> int:
        """Number of rows."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> BinnedMatrix:
        """Some of the rows, by a slice, a mask or positions; or rows and columns."""
        rows, features = key if isinstance(key, tuple) else (key, ...)
        binner, codes, columns = self.binner, self._rows, self._columns
        if not (features is ... or _is_everything(features)):
            binner = binner._of_columns(features)
            codes = None if codes is None else codes[:, features]
            columns = None if columns is None else columns[features]
        if not (rows is ... or _is_everything(rows)):
            codes = None if codes is None else codes[rows]
            columns = None if columns is None else columns[:, rows]
        return BinnedMatrix(_side_by_side(codes), _side_by_side(columns), binner)


def _side_by_side(codes: Any) -> Any:
    """The codes in one piece, if there are any."""
    return None if codes is None else np.ascontiguousarray(codes)


def binned_by(binner: Binner, binned: BinnedMatrix) -> BinnedMatrix:
    """The matrix, if its codes are those of a binner.

    Raises
    ------
    ValueError
        If another binner with other bins has made them.
    """
    other = binned.binner
    if other is not binner:
        cuts, other_cuts = binner.bin_thresholds_, other.bin_thresholds_
        alike = len(cuts) == len(other_cuts) and all(
            np.array_equal(one, two) for one, two in zip(cuts, other_cuts, strict=True)
        )
        if not alike:
            raise ValueError(
                "The BinnedMatrix was made by another Binner than that of the fit, "
                "with other bins. Make it by binner_.bin(X)."
            )
    return binned


def _is_everything(key: Any) -> bool:
    return isinstance(key, slice) and key == slice(None)
