"""The transformer from values to codes of bins."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any, final

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from ensembles._engine import kernels_for
from ensembles._random import random_generator
from ensembles._typing import (
    ArrayLike,
    BoolArray,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import check_count, check_sample_weight, invalid_parameter
from ensembles.trees._binned import BinnedMatrix
from ensembles.trees._bins import (
    bins_of_categories,
    bins_of_values,
    edges_of,
    tables_of,
)
from ensembles.trees._categories import (
    Categories,
    WordColumn,
    find_categorical,
    is_frame,
    name_of_column,
    values_of_column,
)
from ensembles.trees._layout import MAX_BINS

__all__ = ["Binner", "bin_once"]

# What numpy takes for one value: to find bins of it, and to look one up.
_SECONDS_TO_FIND, _SECONDS_TO_BIN = 3e-7, 1e-7
# Columns of a sparse matrix that are made dense together.
_DENSE_COLUMNS = 32


@final
class Binner(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Numbers of bins in place of values, at most 255 for each feature.

    The compiled trees learn from these codes of one byte. They bin for themselves; use
    a `Binner` of your own to do it once for many trees, folds or ensembles, or to see
    where cuts can be. Bins are finer in the tails of a column, where those of equal
    weight would lump together the values that differ most. A column of no more distinct
    values than bins keeps all of them, and trees on its codes are the trees on its
    values. For bins as features of linear models take scikit-learn's
    :class:`~sklearn.preprocessing.KBinsDiscretizer`.

    Parameters
    ----------
    max_bins : int, default=255
        Bins of a feature without the one for missing values, 2 to 255.
    categorical_features : None, "from_dtype", or array-like, default="from_dtype"
        Which features are categories: none; those columns of a data frame that are
        categories or strings; a mask, positions, or names. A feature can have 255.
        Categories that `fit` did not see count as missing.
    subsample : int or None, default=50000
        Rows that bins are found on, drawn without replacement; None means all.
    random_state : int, RandomState instance or None, default=None
        Of the rows drawn, where there are more than `subsample`.

    Attributes
    ----------
    bin_thresholds_ : list of n_features ndarrays
        Cuts between bins. A value has the code of the number of cuts below it, so that
        ``x <= bin_thresholds_[j][c]`` where the code is at most c. For categories, cuts
        between their positions in `categories_`.
    n_bins_ : ndarray of shape (n_features,)
        Bins of each feature without the one for missing values.
    is_categorical_ : ndarray of shape (n_features,)
        Which features are categories.
    categories_ : list of n_features ndarrays or None
        Categories in the order of their codes; None for other features.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, for infinite values, more categories than bins, or features that
        are not there.

    See Also
    --------
    HistTreeClassifier : Grows trees on codes.

    Notes
    -----
    Missing values have the code 255. Values are compared as 64-bit floats, whatever
    they come as. Bins are of equal length on a scale of which four fifths are the angle
    ``arcsin(sqrt(p))`` of the share p of the weight below, Chebyshev's points, and one
    fifth is its log-odds. So no increasing function of a column changes the codes of
    the rows that bins were found on. `max_bins` is a bound: a few may stay unused.

    References
    ----------
    .. [1] G. Ke et al., "LightGBM: a highly efficient gradient boosting decision
       tree", Advances in Neural Information Processing Systems 30, 2017, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.trees import Binner
    >>> X = np.array([[1.0, 5.0], [2.0, np.nan], [2.0, 7.0], [40.0, 5.0]])
    >>> binner = Binner().fit(X)
    >>> binner.bin_thresholds_[0]
    array([ 1.5, 21. ])
    >>> binner.transform(X)
    array([[  0,   0],
           [  1, 255],
           [  1,   1],
           [  2,   0]], dtype=uint8)
    """

    # Boosters set it to False: infinities have bins as any other values.
    _ensure_all_finite: Any = "allow-nan"

    def __init__(
        self,
        max_bins: int = MAX_BINS,
        *,
        categorical_features: Any = "from_dtype",
        subsample: int | None = 50_000,
        random_state: RandomState = None,
    ) -> None:
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.subsample = subsample
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(
        self, X: Table, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Binner:
        """Find the bins of each feature.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Values; NaN, None and NA are missing.
        y : object, default=None
            Not used; there for pipelines.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts. Zero leaves it out, two is a row twice.

        Returns
        -------
        Binner
            Itself.
        """
        self._check_params()
        mask = find_categorical(self, X, self.categorical_features)
        X = self._checked(X, mask, reset=True)
        if not mask.any():
            mask = np.zeros(X.shape[1], dtype=bool)
        weights = check_sample_weight(sample_weight, X.shape[0])
        seen = self._rows_to_see(X.shape[0], weights)
        if weights is not None:
            weights = weights if seen is None else weights[seen]
            weights = None if (weights == weights[0]).all() else weights
        self.is_categorical_ = mask
        self.categories_ = [
            _categories(X, j, seen) if is_category else None
            for j, is_category in enumerate(mask)
        ]
        self._set_bins(self._numbers(X), seen, weights)
        return self

    def transform(self, X: Table) -> Any:
        """Codes of values.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Values.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype uint8
            Codes; 255 for missing values and categories never seen.

        Raises
        ------
        NotFittedError
            If the binner is not fitted.
        """
        return self._codes(self._checked_again(X), by_rows=True, by_columns=False)[0]

    def bin(self, X: Table) -> BinnedMatrix:
        """Codes of values as trees take them in place of a table.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Values.

        Returns
        -------
        BinnedMatrix
            Codes by rows and by columns.

        Raises
        ------
        NotFittedError
            If the binner is not fitted.
        """
        X = self._checked_again(X)
        return BinnedMatrix(*self._codes(X, by_rows=True, by_columns=True), self)

    # The next two are for estimators that have checked the names of features: users
    # would be warned twice.

    def _bin_columns(self, X: Table) -> BinnedMatrix:
        """Codes by columns alone, as boosters read many rows."""
        X = self._checked_numbers(X, self.is_categorical_)
        _, columns = self._codes(X, by_rows=False, by_columns=True)
        return BinnedMatrix(None, columns, self)

    def _bin_rows(self, X: Table) -> BinnedMatrix:
        """Codes by rows alone, as rows go down large trees, and few rows any tree."""
        X = self._checked_numbers(X, self.is_categorical_)
        rows, _ = self._codes(X, by_rows=True, by_columns=False)
        return BinnedMatrix(rows, None, self)

    def _of_columns(self, features: Any) -> Binner:
        """A binner of some of the columns, by positions or a mask."""
        at = np.arange(self.n_features_in_)[features]
        binner = copy(self)
        for name in ("bin_thresholds_", "categories_"):
            setattr(binner, name, [getattr(self, name)[j] for j in at])
        for name in ("n_bins_", "is_categorical_", "_edges", "feature_names_in_"):
            if hasattr(self, name):
                setattr(binner, name, getattr(self, name)[at])
        binner.n_features_in_ = len(at)
        return binner

    def _check_params(self) -> None:
        allowed = f"an int in the range [2, {MAX_BINS}]"
        check_count(self, "max_bins", self.max_bins, low=2)
        if self.max_bins > MAX_BINS:
            raise invalid_parameter(self, "max_bins", self.max_bins, allowed)
        check_count(self, "subsample", self.subsample, none=True)

    def _checked(self, X: Table, mask: BoolArray, *, reset: bool) -> Table:
        """X with names and numbers checked."""
        table = self._checked_numbers(X, mask)
        named = X if is_frame(X) else table
        validate_data(self, named, reset=reset, skip_check_array=True)
        return table

    def _checked_again(self, X: Table) -> Table:
        """The same after the fit."""
        check_is_fitted(self)
        return self._checked(X, self.is_categorical_, reset=False)

    def _checked_numbers(self, X: Table, mask: BoolArray) -> Table:
        """X with numbers checked; as it came where some columns are categories."""
        if not mask.any():
            return check_array(
                X,
                dtype=[np.float64, np.float32],
                accept_sparse="csc",
                ensure_all_finite=self._ensure_all_finite,
                estimator=self,
                input_name="X",
            )
        if is_frame(X):
            if X.shape[0] == 0:
                raise ValueError(
                    f"Found array with 0 sample(s) (shape={X.shape}) while a minimum "
                    "of 1 is required."
                )
            return X
        return check_array(X, dtype=None, ensure_all_finite=False, input_name="X")

    def _rows_to_see(self, n_rows: int, weights: FloatArray | None) -> IntArray | None:
        """Rows that bins are found on; None for all."""
        rows = None
        if weights is not None and not weights.all():
            rows = np.flatnonzero(weights)
        n_left, wanted = n_rows if rows is None else len(rows), self.subsample
        if wanted is not None and wanted < n_left:
            rng = random_generator(self.random_state)
            drawn = np.sort(rng.choice(n_left, wanted, replace=False))
            rows = drawn if rows is None else rows[drawn]
        return rows

    def _numbers(self, X: Table) -> Any:
        """Values as floats, categories as their numbers."""
        if not self.is_categorical_.any():
            return X
        numbers = np.empty(X.shape, order="F")
        for j, categories in enumerate(self.categories_):
            column = values_of_column(X, j)
            if categories is not None:
                column = Categories(categories).numbers(column)
            elif isinstance(column, WordColumn):
                column = column.floats
            numbers[:, j] = column
        check = self._ensure_all_finite
        return check_array(numbers, ensure_all_finite=check, input_name="X")

    def _set_bins(
        self, X: Any, seen: IntArray | None, weights: FloatArray | None
    ) -> None:
        """Find the bins of all columns on the rows to see."""
        n_features = X.shape[1]
        n_seen = X.shape[0] if seen is None else len(seen)
        kernels = kernels_for("trees", "bins", _SECONDS_TO_FIND * n_seen * n_features)
        columns = []
        for first, block in _dense_blocks(X if seen is None else X[seen]):
            for j, values in enumerate(np.ascontiguousarray(block.T), first):
                categories = self.categories_[j]
                columns.append(
                    bins_of_values(values, weights, self.max_bins, kernels.assign_bins)
                    if categories is None
                    else bins_of_categories(len(categories))
                )
        self.bin_thresholds_ = [bins.cuts for bins in columns]
        self.n_bins_ = np.array([len(bins.lowest) for bins in columns])
        self._edges = edges_of(columns)

    def _codes(self, X: Table, *, by_rows: bool, by_columns: bool) -> tuple[Any, Any]:
        """Codes of checked rows, by rows and by columns; none that are not wanted."""
        X = self._numbers(X)
        n_rows, n_features = X.shape
        kernels = kernels_for("trees", "bins", _SECONDS_TO_BIN * n_rows * n_features)
        rows = np.empty((n_rows, n_features) if by_rows else (0, 0), np.uint8)
        columns = np.empty((n_features, n_rows) if by_columns else (0, 0), np.uint8)
        tables = tables_of(self.bin_thresholds_)
        for first, block in _dense_blocks(X):
            last = first + block.shape[1]
            own = [one[first:last] for one in tables]
            if last - first == n_features:
                kernels.bin_values(block, *own, rows, columns)
                continue
            part = np.empty(block.shape[::-1], np.uint8)
            kernels.bin_values(block, *own, rows[:0], part)
            if by_rows:
                rows[:, first:last] = part.T
            if by_columns:
                columns[first:last] = part
        return rows, columns


def bin_once(
    tree: Any,
    X: Table,
    sample_weight: ArrayLike | None,
    seed: int,
    binner: Binner | None = None,
) -> BinnedMatrix:
    """Codes of rows that trees are to learn from.

    Parameters
    ----------
    tree : tree
        Whose parameters say how to bin.
    X : table of shape (n_samples, n_features), or BinnedMatrix
        Rows.
    sample_weight : array-like of shape (n_samples,) or None
        How much each counts for the bins.
    seed : int
        Of the rows that bins are found on.
    binner : Binner or None, default=None
        Of trees that are there already; then nothing is found.

    Returns
    -------
    BinnedMatrix
        X itself where it is one.
    """
    if isinstance(X, BinnedMatrix):
        return X
    if binner is None:
        binner = Binner(
            tree.max_bins,
            categorical_features=tree.categorical_features,
            random_state=seed,
        ).fit(X, sample_weight=sample_weight)
    return binner.bin(X)


def _dense_blocks(X: Any) -> Iterator[tuple[int, Any]]:
    """All of a dense X, or some columns of a sparse one after the other."""
    if not sparse.issparse(X):
        is_contiguous = X.flags.c_contiguous or X.flags.f_contiguous
        yield 0, X if is_contiguous else np.ascontiguousarray(X)
        return
    for first in range(0, X.shape[1], _DENSE_COLUMNS):
        yield first, X[:, first : first + _DENSE_COLUMNS].toarray()


def _categories(X: Table, j: int, seen: IntArray | None) -> Any:
    """Categories of one column among the rows to see."""
    column = values_of_column(X, j)
    known = column if seen is None else column[seen]
    return Categories.of(known, name_of_column(X, j)).values
