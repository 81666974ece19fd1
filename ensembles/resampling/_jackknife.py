"""Units deleted one after another: rows, groups of rows, or blocks of them.

For a unit j of n_j rows let h_j = n / n_j. With the statistic t of all rows and t_j of
all but unit j, the pseudo-values are p_j = t + d_j, and the jackknife estimates are

    d_j      = (h_j - 1) (t - t_j)
    bias     = -sum(d_j / h_j)
    variance = mean((d_j + bias)**2 / (h_j - 1))

after Busing, Meijer & van der Leeden (1999). Where units are of one size this is the
jackknife of Quenouille (1956) and Tukey (1958). Blocks that overlap are no partition of
the rows; they give a variance, that of Künsch (1989), and no bias.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise
from typing import Any, cast, final

import numpy as np

from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState, Table
from ensembles._validation import check_bool, check_count, n_rows_of
from ensembles.resampling._base import BaseScheme, BoundScheme
from ensembles.resampling._groups import nested_codes

__all__ = ["BlockJackknife", "GroupJackknife", "Jackknife"]


class _BoundJackknife(BoundScheme):
    """Replicates that each lack one unit; the seed of one is the rows it lacks."""

    n_replicates: int
    spread = None

    def seeds(self, entropy: int, start: int, stop: int) -> list[Any]:
        """Rows that replicates `start` to `stop` lack, as slices or arrays."""
        if stop > self.n_replicates:
            raise ValueError(
                f"The jackknife has {self.n_replicates} replicates of these "
                f"{self.n_samples} rows, and {stop} are asked for. Lower n_estimators, "
                "or take a bootstrap, which has any number."
            )
        return self._units(entropy, start, stop)

    @abstractmethod
    def _units(self, entropy: int, start: int, stop: int) -> list[Any]:
        """Rows of the units `start` to `stop`."""

    def rows(self, seed: Any) -> IntArray:
        """Rows that are kept, ascending."""
        return np.flatnonzero(self.weights(seed))

    def weights(self, seed: Any) -> FloatArray:
        """One for each row that is kept, zero for the others."""
        kept = np.ones(self.n_samples)
        kept[seed] = 0
        return kept

    @abstractmethod
    def standard_error(
        self, replicates: FloatArray, estimate: FloatArray | None
    ) -> FloatArray:
        """Standard error from replicates of shape (n_replicates, ...)."""

    @abstractmethod
    def bias(self, replicates: FloatArray, estimate: FloatArray) -> FloatArray:
        """Bias from replicates of shape (n_replicates, ...)."""


class _BoundPartition(_BoundJackknife):
    """Units that share out the rows: unit j is ``order[edges[j]:edges[j + 1]]``."""

    def __init__(self, edges: IntArray, gap: int = 0) -> None:
        super().__init__(int(edges[-1]), gap)
        self.edges = edges
        self.n_replicates = len(edges) - 1

    @abstractmethod
    def _order(self, entropy: int) -> IntArray | None:
        """All rows, unit after unit; None where that is the order they stand in."""

    def _units(self, entropy: int, start: int, stop: int) -> list[Any]:
        order = self._order(entropy)
        ends = self.edges[start : stop + 1].tolist()
        units = [slice(*pair) for pair in pairwise(ends)]
        return units if order is None else [order[unit] for unit in units]

    def standard_error(
        self, replicates: FloatArray, estimate: FloatArray | None
    ) -> FloatArray:
        """Root of the variance of the weighted pseudo-values."""
        if estimate is None:
            if np.ptp(np.diff(self.edges)) > 0:
                raise ValueError(
                    "Units of unequal size are compared with the statistic of all "
                    "rows. Give it as estimate."
                )
            estimate = replicates.mean(axis=0)  # any value cancels
        h = self._inverse_shares(replicates.ndim)
        d = (h - 1) * (estimate - replicates)
        squares = (d + self.bias(replicates, estimate)) ** 2 / (h - 1)
        return np.asarray(np.sqrt(squares.mean(axis=0)))

    def bias(self, replicates: FloatArray, estimate: FloatArray) -> FloatArray:
        """The statistic less the weighted mean of the pseudo-values."""
        h = self._inverse_shares(replicates.ndim)
        return np.asarray(((1 - 1 / h) * (replicates - estimate)).sum(axis=0))

    def _inverse_shares(self, ndim: int) -> FloatArray:
        """``n / n_j`` by unit, shape (n_replicates, 1, ...)."""
        h = self.n_samples / np.diff(self.edges)
        return np.asarray(h.reshape(-1, *[1] * (ndim - 1)))


@final
class _BoundFixed(_BoundPartition):
    """Units that the data name."""

    def __init__(
        self, edges: IntArray, order: IntArray | None = None, gap: int = 0
    ) -> None:
        super().__init__(edges, gap)
        self.order = order

    def _order(self, entropy: int) -> IntArray | None:
        return self.order


@final
class _BoundShuffled(_BoundPartition):
    """Units of rows thrown together at random."""

    def _order(self, entropy: int) -> IntArray | None:
        rng = np.random.default_rng(np.random.SeedSequence(entropy))
        return rng.permutation(self.n_samples)


@final
class _BoundMoving(_BoundJackknife):
    """Blocks of one length, one from every row at which it fits."""

    def __init__(self, n_samples: int, length: int, gap: int) -> None:
        super().__init__(n_samples, gap)
        self.length = length
        self.n_replicates = n_samples - length + 1

    def _units(self, entropy: int, start: int, stop: int) -> list[Any]:
        return [slice(at, at + self.length) for at in range(start, stop)]

    def standard_error(
        self, replicates: FloatArray, estimate: FloatArray | None
    ) -> FloatArray:
        """Spread of the replicates times root kept rows over deleted rows."""
        deleted = self.length / self.n_samples
        return np.asarray(replicates.std(axis=0) * np.sqrt((1 - deleted) / deleted))

    def bias(self, replicates: FloatArray, estimate: FloatArray) -> FloatArray:
        """Not to be had."""
        raise ValueError(
            "Blocks that overlap tell no bias: rows near the ends are deleted less "
            "often than others, which alone moves the mean of the replicates. Take "
            "BlockJackknife(overlapping=False)."
        )


class BaseJackknife(BaseScheme):
    """Base of the jackknives: as many replicates as the data have units."""

    random_state: RandomState = None

    _keeps_groups = "GroupJackknife"

    @abstractmethod
    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> _BoundJackknife:
        """Check the parameters against the data and return what deletes."""

    def get_n_splits(
        self,
        X: Table | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> int:
        """Count the units, of which each replicate lacks one.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...) or None, default=None
            Only its number of rows matters. Needed unless there are `groups` to
            delete.
        y : object, default=None
            Ignored; present for API consistency.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for the jackknife of groups.

        Returns
        -------
        int
            Number of splits.

        Raises
        ------
        ValueError
            If there are no data to count the units of, or a parameter does not fit.
        """
        return self._bound(X, groups).n_replicates

    def standard_error(
        self,
        replicates: ArrayLike,
        X: Table | None = None,
        *,
        estimate: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> float | FloatArray:
        """Estimate the standard error of a statistic from all its replicates.

        Parameters
        ----------
        replicates : array-like of shape (n_replicates, ...)
            The statistic of every replicate, in the order of `iter_indices`. Numbers,
            or arrays of one shape.
        X : array-like of shape (n_samples, ...) or None, default=None
            The data. Only its number of rows matters. Needed unless there are `groups`
            to delete.
        estimate : array-like of shape (...) or None, default=None
            The statistic of all rows. Needed only where units differ in size.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for the jackknife of groups.

        Returns
        -------
        float or ndarray of shape (...)
            The standard error, in the unit of the statistic.

        Raises
        ------
        ValueError
            If replicates are missing or not finite, or `estimate` is needed and
            missing.
        """
        bound = self._bound(X, groups)
        values = _checked_replicates(replicates, bound)
        whole = None if estimate is None else _checked_estimate(estimate, values)
        return _plain(bound.standard_error(values, whole))

    def bias(
        self,
        replicates: ArrayLike,
        X: Table | None = None,
        *,
        estimate: ArrayLike,
        groups: ArrayLike | None = None,
    ) -> float | FloatArray:
        """Estimate the bias of a statistic; less it, the statistic is corrected.

        Parameters
        ----------
        replicates : array-like of shape (n_replicates, ...)
            The statistic of every replicate, in the order of `iter_indices`. Numbers,
            or arrays of one shape.
        X : array-like of shape (n_samples, ...) or None, default=None
            The data. Only its number of rows matters. Needed unless there are `groups`
            to delete.
        estimate : array-like of shape (...)
            The statistic of all rows.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for the jackknife of groups.

        Returns
        -------
        float or ndarray of shape (...)
            The bias, in the unit of the statistic.

        Raises
        ------
        ValueError
            If replicates are missing or not finite, or blocks overlap.
        """
        bound = self._bound(X, groups)
        values = _checked_replicates(replicates, bound)
        return _plain(bound.bias(values, _checked_estimate(estimate, values)))

    def _check_n_resamples(self) -> None:
        """Nothing to check: it is no parameter."""

    def _n_replicates(self, bound: BoundScheme) -> int:
        return cast(_BoundJackknife, bound).n_replicates

    def _bound(self, X: Table | None, groups: ArrayLike | None) -> _BoundJackknife:
        """Bind to as many rows as the data have."""
        units = groups if self._uses_groups else None
        data = units if X is None else X
        if data is None:
            missing = "groups" if self._uses_groups else "X"
            raise ValueError(f"The {missing!r} parameter should not be None.")
        return cast(_BoundJackknife, self.bind(n_rows_of(data), groups=groups))


@final
class Jackknife(BaseJackknife):
    """Delete one row after another, or one of several random groups of rows.

    Use it for the standard error or bias of a smooth statistic of exchangeable rows,
    for the influence of single rows, and where a result must not hang on a seed. Not
    for a median or another statistic that jumps, of which the error comes out wrong
    however many rows there are [2]_, nor for time series (`BlockJackknife`) or
    repeated measurements of the same subject (`GroupJackknife`). As a splitter it is
    scikit-learn's ``LeaveOneOut``.

    Parameters
    ----------
    n_groups : int or None, default=None
        Delete one of this many groups at a time, rows assigned to them at random, in
        equal numbers or nearly so. For many rows, where one replicate a row is too
        many: the error of 200 groups is known to 5 percent. None deletes single rows.
    random_state : int, RandomState, Generator or None, default=None
        Which rows are in one group; without `n_groups` nothing is random. An int gives
        the same groups in every call and every face. An ensemble takes its own
        instead.

    Raises
    ------
    ValueError
        From every method that deletes: if there are fewer than two rows, or fewer
        than `n_groups`.

    See Also
    --------
    GroupJackknife : Deletes groups that the data name.
    BlockJackknife : Deletes blocks of neighbouring rows.
    Bootstrap : For statistics that are not smooth, and for intervals.

    References
    ----------
    .. [1] J. W. Tukey, "Bias and confidence in not-quite large samples (abstract)",
       The Annals of Mathematical Statistics 29(2), 614, 1958.
    .. [2] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman &
       Hall, chapter 11, 1993.
    .. [3] F. M. T. A. Busing, E. Meijer, R. van der Leeden, "Delete-m jackknife for
       unequal m", Statistics and Computing 9(1), 3-8, 1999.

    Examples
    --------
    The correlation of two test scores at fifteen law schools, its standard error and
    its bias:

    >>> import numpy as np
    >>> from ensembles.resampling import Jackknife
    >>> lsat = np.array(
    ...     [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594]
    ... )
    >>> gpa = np.array(
    ...     [3.39, 3.3, 2.81, 3.03, 3.44, 3.07, 3.0, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76]
    ...     + [2.88, 2.96]
    ... )
    >>> def correlation(rows):
    ...     return np.corrcoef(lsat[rows], gpa[rows])[0, 1]
    >>> scheme = Jackknife()
    >>> replicates = [correlation(rows) for rows in scheme.iter_indices(lsat)]
    >>> print(f"{scheme.standard_error(replicates, lsat):.4f}")
    0.1425
    >>> whole = correlation(slice(None))
    >>> print(f"{scheme.bias(replicates, lsat, estimate=whole):.4f}")
    -0.0065

    The mean of twenty thousand rows by 200 replicates; theory says 0.0071:

    >>> x = np.random.default_rng(0).normal(size=20_000)
    >>> scheme = Jackknife(n_groups=200, random_state=0)
    >>> replicates = [x[rows].mean() for rows in scheme.iter_indices(x)]
    >>> print(f"{scheme.standard_error(replicates, x):.4f}")
    0.0072
    """

    def __init__(
        self, n_groups: int | None = None, *, random_state: RandomState = None
    ) -> None:
        self.n_groups = n_groups
        self.random_state = random_state

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> _BoundJackknife:
        check_count(self, "n_groups", self.n_groups, low=2, none=True)
        _check_two_rows(self, n_samples)
        if self.n_groups is None:
            return _BoundFixed(np.arange(n_samples + 1))
        if self.n_groups > n_samples:
            raise ValueError(
                f"n_groups must be <= n_samples={n_samples}, got {self.n_groups}. "
                "None deletes single rows."
            )
        steps = np.arange(self.n_groups + 1)
        return _BoundShuffled(steps * n_samples // self.n_groups)


@final
class GroupJackknife(BaseJackknife):
    """Delete one group of rows after another.

    Use it for the standard error of a statistic where rows come in groups that share
    something: visits of a patient, pupils of a school. Groups may differ in size; the
    estimates weigh them. As a splitter it is scikit-learn's ``LeaveOneGroupOut``.

    Raises
    ------
    ValueError
        From every method that deletes: if `groups` is missing, of the wrong length,
        or names fewer than two groups.

    See Also
    --------
    Jackknife : Deletes rows, or random groups of them.
    GroupBootstrap : Draws groups with replacement.

    References
    ----------
    .. [1] F. M. T. A. Busing, E. Meijer, R. van der Leeden, "Delete-m jackknife for
       unequal m", Statistics and Computing 9(1), 3-8, 1999.

    Examples
    --------
    Forty subjects measured five or fifteen times each. The jackknife of rows states
    far too small an error of the mean; theory says 0.18:

    >>> import numpy as np
    >>> from ensembles.resampling import GroupJackknife, Jackknife
    >>> rng = np.random.default_rng(4)
    >>> subject = np.repeat(np.arange(40), [5, 15] * 20)
    >>> x = rng.normal(size=40)[subject] + 0.3 * rng.normal(size=400)
    >>> def error(scheme):
    ...     rows = scheme.iter_indices(x, groups=subject)
    ...     replicates = [x[kept].mean() for kept in rows]
    ...     return scheme.standard_error(
    ...         replicates, x, estimate=x.mean(), groups=subject
    ...     )
    >>> print(f"{error(Jackknife()):.2f}, {error(GroupJackknife()):.2f}")
    0.05, 0.17
    """

    # Metadata routing passes groups on unless the user asks it not to.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    _uses_groups = True

    # Written out, since signatures are read and that of object has any arguments.
    def __init__(self) -> None:
        super().__init__()

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> _BoundJackknife:
        codes = nested_codes(self, n_samples, groups)[0]
        edges = np.concatenate([[0], np.cumsum(np.bincount(codes))])
        return _BoundFixed(edges, np.argsort(codes, kind="stable"))


@final
class BlockJackknife(BaseJackknife):
    """Delete one block of neighbouring rows after another.

    Use it for the standard error of a statistic of a stationary series, where the
    jackknife of rows sees no dependence. It needs a statistic that is smooth and bears
    the joint between the rows before and behind the block.

    Parameters
    ----------
    block_length : int or None, default=None
        Rows a block. Long enough that rows a block apart are nearly independent. None
        takes ``n_samples ** (1 / 3)``, the rate that is best for a variance.
    overlapping : bool, default=True
        Delete a block from every row at which one fits, ``n - block_length + 1``
        replicates, or else ``ceil(n / block_length)`` blocks side by side. Those that
        overlap tell the error more precisely, and no bias.
    gap : int, default=0
        Rows left out of the test set at either end of the deleted block, where rows
        that near to a training row would be as good as seen. It does not change what
        a statistic sees.

    Raises
    ------
    ValueError
        From every method that deletes: if `block_length` is not below the number of
        rows, or `gap` leaves no row of a block to test on.

    See Also
    --------
    optimal_block_length : Estimates the length from the series, as for circular
        blocks.
    MovingBlockBootstrap : Draws the same blocks instead of deleting them.

    Notes
    -----
    The standard error of blocks that overlap is the root of ``(n - l) / l`` times the
    variance of the replicates about their mean, as in [3]_; with ``l = 1`` it is that
    of `Jackknife`. Künsch [1]_ has a further factor ``(n - l) / n``, which leaves out
    that the mean of the series is an estimate itself.

    References
    ----------
    .. [1] H. R. Künsch, "The jackknife and the bootstrap for general stationary
       observations", The Annals of Statistics 17(3), 1217-1241, 1989.
    .. [2] R. Y. Liu, K. Singh, "Moving blocks jackknife and bootstrap capture weak
       dependence", in Exploring the Limits of Bootstrap, Wiley, 225-248, 1992.
    .. [3] S. N. Lahiri, "On the jackknife-after-bootstrap method for dependent data and
       its consistency properties", Econometric Theory 18(1), 79-98, 2002.

    Examples
    --------
    The standard error of the mean of a series in which neighbours are alike. The
    jackknife of rows misses most of it; the true value is 0.16:

    >>> import numpy as np
    >>> from scipy.signal import lfilter
    >>> from ensembles.resampling import BlockJackknife, Jackknife
    >>> noise = np.random.default_rng(1).normal(size=1000)
    >>> x = lfilter([1], [1, -0.8], noise)
    >>> def error(scheme):
    ...     replicates = [x[kept].mean() for kept in scheme.iter_indices(x)]
    ...     return scheme.standard_error(replicates, x)
    >>> print(f"{error(Jackknife()):.2f}, {error(BlockJackknife(40)):.2f}")
    0.05, 0.16
    """

    _for_more_out_of_bag = "Lengthen block_length, shorten gap, or give more rows."

    def __init__(
        self,
        block_length: int | None = None,
        *,
        overlapping: bool = True,
        gap: int = 0,
    ) -> None:
        self.block_length = block_length
        self.overlapping = overlapping
        self.gap = gap

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> _BoundJackknife:
        check_count(self, "block_length", self.block_length, none=True)
        check_bool(self, "overlapping", self.overlapping)
        check_count(self, "gap", self.gap, low=0)
        _check_two_rows(self, n_samples)
        length = self.block_length or round(n_samples ** (1 / 3))
        if length >= n_samples:
            raise ValueError(
                f"block_length must be < n_samples={n_samples}, so that a row is kept, "
                f"got {length}. n ** (1 / 3) is a usual first choice."
            )
        starts = np.arange(0, n_samples, length)
        if self.overlapping:
            starts = np.arange(n_samples - length + 1)
        ends = np.minimum(starts + length, n_samples)
        n_neighbours = (starts > 0).astype(int) + (ends < n_samples)
        n_tested = ends - starts - self.gap * n_neighbours
        if n_tested.min() < 1:
            raise ValueError(
                f"gap={self.gap} leaves no row to test on of a block of "
                f"{(ends - starts)[n_tested.argmin()]} rows. "
                f"{self._for_more_out_of_bag}"
            )
        if self.overlapping:
            return _BoundMoving(n_samples, int(length), int(self.gap))
        return _BoundFixed(np.append(starts, n_samples), gap=int(self.gap))


def _check_two_rows(scheme: BaseJackknife, n_samples: int) -> None:
    """Raise where nothing would be left."""
    if n_samples < 2:
        raise ValueError(
            f"{type(scheme).__name__} needs at least two rows, so that one is kept "
            f"where one is deleted, got {n_samples}."
        )


def _checked_replicates(replicates: ArrayLike, bound: _BoundJackknife) -> FloatArray:
    """The statistic of every replicate, shape (n_replicates, ...)."""
    values = np.asarray(replicates, dtype=np.float64)
    if values.ndim == 0 or len(values) != bound.n_replicates:
        raise ValueError(
            f"The statistic of each of {bound.n_replicates} replicates is needed, got "
            f"shape {values.shape}. A jackknife is over all units."
        )
    bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    if len(bad):
        raise ValueError(
            f"The statistic is NaN or infinite in replicate {bad[0]}, so it has no "
            "jackknife. See which rows it cannot do without."
        )
    return values


def _checked_estimate(estimate: ArrayLike, replicates: FloatArray) -> FloatArray:
    """The statistic of all rows, shape (...)."""
    value = np.asarray(estimate, dtype=np.float64)
    if value.shape != replicates.shape[1:] or not np.isfinite(value).all():
        raise ValueError(
            f"estimate must be finite and of shape {replicates.shape[1:]}, as the "
            f"replicates are, got {estimate!r}."
        )
    return value


def _plain(value: FloatArray) -> float | FloatArray:
    """A float where the statistic is a number."""
    return float(value) if value.ndim == 0 else value
