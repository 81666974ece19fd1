"""Blocks of neighbouring rows drawn, so that dependence within a block survives.

A block scheme is its law of block starts and lengths; the rest is written once.
"""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module
from typing import Any, Literal, final

import numpy as np

from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState, Table
from ensembles._validation import (
    check_count,
    check_count_or_fraction,
    invalid_parameter,
    is_count,
    is_positive,
    resolve_n_draws,
)
from ensembles.resampling._base import BaseScheme, BoundScheme, Seeds, ramps
from ensembles.resampling._block_length import optimal_block_length
from ensembles.resampling._deletions import Deletions, EachBlock
from ensembles.resampling._plan import BlockPlan, equal_blocks, geometric_blocks

__all__ = [
    "BaseBlockBootstrap",
    "BoundBlocks",
    "CircularBlockBootstrap",
    "MovingBlockBootstrap",
    "NonOverlappingBlockBootstrap",
    "StationaryBootstrap",
]


@final
class BoundBlocks(BoundScheme):
    """Blocks laid end to end by a plan; past the end they wrap around."""

    def __init__(self, plan: BlockPlan, gap: int) -> None:
        super().__init__(plan.n_samples, gap)
        self.plan = plan

    def rows(self, seed: Any) -> IntArray:
        """Rows of one replicate, block after block."""
        starts = np.empty(self.plan.n_draws, dtype=np.int64)
        lengths = np.empty_like(starts)
        n_blocks = _kernels().lay_blocks(self.plan, seed, starts, lengths)
        return ramps(starts[:n_blocks], lengths[:n_blocks]) % self.n_samples

    def sums(self, seeds: Seeds, columns: FloatArray) -> FloatArray:
        """Weighted sums of columns, each block a difference of cumulated sums."""
        plan, keys = self.plan, np.asarray(seeds)
        # Past the end the series begins again, as far as a block may reach.
        n, n_rows = plan.n_samples, min(plan.end, plan.n_samples + plan.longest)
        cumulated = np.zeros((n_rows + 1, len(columns)))
        np.cumsum(columns.T, axis=0, out=cumulated[1 : n + 1])
        for start in range(n, n_rows, n):
            lap = cumulated[start + 1 : start + n + 1]
            np.add(cumulated[1 : len(lap) + 1], cumulated[start], out=lap)
        sums = np.empty((len(keys), len(columns)))
        starts = np.arange(plan.n_starts) * plan.step
        ends = starts + plan.longest
        if len(plan.thresholds):
            _kernels().sum_geometric_blocks(plan, keys, cumulated, sums)
        elif ends[-1] > plan.end:
            _kernels().sum_laid_blocks(plan, keys, cumulated, sums)
        else:
            of_blocks = cumulated[ends] - cumulated[starts]
            _kernels().sum_equal_blocks(plan, keys, cumulated, of_blocks, sums)
        return sums

    @property
    def spread(self) -> float:
        """Root of rows over draws."""
        return float(np.sqrt(self.n_samples / self.plan.n_draws))

    @property
    def total(self) -> float:
        """Rows a replicate."""
        return float(self.plan.n_draws)

    @property
    def expected_weights(self) -> FloatArray | None:
        """Rows near an end that no block may cross are drawn less often."""
        plan = self.plan
        if plan.end > plan.n_samples:
            return None
        starts = np.arange(plan.n_starts) * plan.step
        lengths = np.minimum(int(plan.length), plan.end - starts)
        n_whole, rest = divmod(plan.n_draws, int(plan.length))
        covered = n_whole * _covered(starts, lengths, self.n_samples)
        covered += _covered(starts, np.minimum(lengths, rest), self.n_samples)
        return np.asarray(covered / plan.n_starts)

    def deletions(self) -> Deletions:
        """Blocks of the scheme's own length."""
        return EachBlock(self.n_samples, min(self._length, self.n_samples - 1))

    @property
    def n_units(self) -> int:
        """Number of blocks a replicate."""
        return max(1, round(self.plan.n_draws / self._length))

    @property
    def _length(self) -> int:
        return max(1, round(self.plan.length))

    def leaves_rows_out(self, *, as_weights: bool) -> bool:
        """Whether not every draw is a rotation of the series."""
        plan = self.plan
        fixed = not len(plan.thresholds)
        return plan.n_draws < plan.n_samples or not (
            fixed and plan.length == plan.n_samples
        )


def _kernels() -> Any:
    """The compiled kernels, imported when they are first needed."""
    return import_module("ensembles.resampling._kernels_blocks")


def _is_numeric(series: ArrayLike) -> bool:
    """Whether all columns of a series are numbers."""
    dtypes = getattr(series, "dtypes", None)  # of a pandas object
    if dtypes is None or not np.iterable(dtypes):
        return np.asarray(series).dtype.kind in "biuf"
    return all(np.dtype(str(one)).kind in "biuf" for one in dtypes)


def _covered(starts: IntArray, lengths: IntArray, n_samples: int) -> FloatArray:
    """Number of blocks that hold each row."""
    edges = np.bincount(starts, minlength=n_samples + 1).astype(np.float64)
    edges -= np.bincount(starts + lengths, minlength=n_samples + 1)
    return np.cumsum(edges)[:-1]


class BaseBlockBootstrap(BaseScheme):
    """Base of the block schemes; a scheme adds the class that draws its blocks."""

    _kind: Literal["stationary", "circular"] = "circular"
    _for_more_out_of_bag = (
        "Shorten block_length or gap, draw fewer rows (max_samples), or give more rows."
    )

    def __init__(
        self,
        n_resamples: int = 100,
        *,
        block_length: float | Literal["auto"] | None = None,
        gap: int = 0,
        max_samples: float | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.n_resamples = n_resamples
        self.block_length = block_length
        self.gap = gap
        self.max_samples = max_samples
        self.random_state = random_state

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        self._check_block_length()
        check_count(self, "gap", self.gap, low=0)
        check_count_or_fraction(self, "max_samples", self.max_samples, none=True)
        length = self._length_for(n_samples, y)
        if length > n_samples:
            raise ValueError(
                f"block_length must be <= n_samples={n_samples}, got "
                f"{self.block_length}. n ** (1/3) is a usual first choice."
            )
        n_draws = resolve_n_draws(n_samples, self.max_samples)
        plan = self._plan(n_samples, n_draws, length)
        return BoundBlocks(plan, int(self.gap))

    @property
    def _uses_y(self) -> bool:
        return isinstance(self.block_length, str)

    def _target_of(self, X: Table, y: ArrayLike | None) -> ArrayLike | None:
        return X if y is None and self._uses_y else y

    def _length_for(self, n_samples: int, y: ArrayLike | None) -> float:
        """Block length given, usual, or estimated from the series y."""
        if self.block_length != "auto":
            return float(self.block_length or round(n_samples ** (1 / 3)))
        if y is None:
            raise ValueError(
                f"{type(self).__name__}(block_length='auto') estimates the length from "
                "the series, got none. Pass it as y, or a number of rows."
            )
        if not _is_numeric(y):
            raise ValueError(
                f"{type(self).__name__}(block_length='auto') estimates the length from "
                "numbers, got a series of text or objects. Give a number of rows as "
                "block_length; optimal_block_length() of a numeric series suggests one."
            )
        length = optimal_block_length(y, self._kind, aggregate="mean")
        return min(float(n_samples), self._rounded(float(length)))

    def _rounded(self, length: float) -> float:
        """The nearest length that blocks can have."""
        return float(max(1, round(length)))

    @abstractmethod
    def _plan(self, n_samples: int, n_draws: int, length: float) -> BlockPlan:
        """The law of the blocks."""

    def _check_block_length(self) -> None:
        """Raise unless the length is what the scheme's law takes."""
        length: Any = self.block_length
        if not (self._is_left_open() or (is_count(length) and length >= 1)):
            self._refuse_length("an int")

    def _is_left_open(self) -> bool:
        """Whether the scheme finds the length itself."""
        length = self.block_length
        return length is None or (isinstance(length, str) and length == "auto")

    def _refuse_length(self, kind: str) -> None:
        allowed = f"{kind} in the range [1, inf), 'auto' or None"
        raise invalid_parameter(self, "block_length", self.block_length, allowed)


@final
class MovingBlockBootstrap(BaseBlockBootstrap):
    """Draw blocks of fixed length that lie within the series.

    Use it for a stationary series whose two ends must not be joined. The first and
    last ``block_length - 1`` rows are drawn less often than the others, so the mean
    of the replicates differs from the mean of the series; `CircularBlockBootstrap`
    and `StationaryBootstrap` have no such bias.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    block_length : int, "auto" or None, default=None
        Rows a block. Long enough that rows a block apart are nearly independent. None
        takes ``n_samples ** (1 / 3)``, the rate that is best for a variance [2]_;
        "auto" estimates it from y, or from X where there is no y, by
        `optimal_block_length`.
    gap : int, default=0
        Rows left out of the test set on either side of each in-bag block, where rows
        that near to a training row would be as good as seen. It shrinks the
        out-of-bag rows only, and does not reach around the end of the series.
    max_samples : int, float or None, default=None
        Rows a replicate: a number, a share of the rows, or all.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `block_length` exceeds the number of rows,
        or `gap` leaves no row to test on.

    See Also
    --------
    CircularBlockBootstrap : Blocks wrap around the end.
    StationaryBootstrap : Blocks of random length.

    References
    ----------
    .. [1] H. R. Künsch, "The jackknife and the bootstrap for general stationary
       observations", The Annals of Statistics 17(3), 1217-1241, 1989.
    .. [2] P. Hall, J. L. Horowitz, B.-Y. Jing, "On blocking rules for the bootstrap
       with dependent data", Biometrika 82(3), 561-574, 1995.

    Examples
    --------
    >>> from ensembles.resampling import MovingBlockBootstrap
    >>> scheme = MovingBlockBootstrap(2, block_length=3, gap=1, random_state=0)
    >>> for train, test in scheme.split(range(12)):
    ...     print(train, test)
    [ 7  8  9  5  6  7  8  9 10  7  8  9] [0 1 2 3]
    [ 3  4  5  9 10 11  8  9 10  9 10 11] [0 1]
    """

    def _plan(self, n_samples: int, n_draws: int, length: float) -> BlockPlan:
        n_starts = n_samples - int(length) + 1
        return equal_blocks(n_samples, n_draws, n_starts, 1, n_samples, length)


@final
class NonOverlappingBlockBootstrap(BaseBlockBootstrap):
    """Draw blocks from the series cut into consecutive blocks.

    Use it where blocks are given by the data, days of hours or weeks of days, so that
    every block drawn starts where one starts. Elsewhere blocks that overlap, as those
    of `CircularBlockBootstrap`, have a third less variance [2]_.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    block_length : int, "auto" or None, default=None
        Rows a block; the last block is what remains. None takes
        ``n_samples ** (1 / 3)``, the rate that is best for a variance; "auto"
        estimates it from y, or from X where there is no y, by `optimal_block_length`.
    gap : int, default=0
        Rows left out of the test set on either side of each in-bag block, where rows
        that near to a training row would be as good as seen. It shrinks the
        out-of-bag rows only, and does not reach around the end of the series.
    max_samples : int, float or None, default=None
        Rows a replicate: a number, a share of the rows, or all.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `block_length` exceeds the number of rows,
        or `gap` leaves no row to test on.

    See Also
    --------
    CircularBlockBootstrap : Blocks may start anywhere.
    BlockJackknife : Deletes blocks instead.

    References
    ----------
    .. [1] E. Carlstein, "The use of subseries values for estimating the variance of a
       general statistic from a stationary sequence", The Annals of Statistics 14(3),
       1171-1179, 1986.
    .. [2] S. N. Lahiri, "Theoretical comparisons of block bootstrap methods", The
       Annals of Statistics 27(1), 386-404, 1999.

    Examples
    --------
    Days of six hours are drawn whole:

    >>> from ensembles.resampling import NonOverlappingBlockBootstrap
    >>> scheme = NonOverlappingBlockBootstrap(2, block_length=6, random_state=1)
    >>> for train, test in scheme.split(range(18)):
    ...     print(train, test)
    [12 13 14 15 16 17 12 13 14 15 16 17  0  1  2  3  4  5] [ 6  7  8  9 10 11]
    [ 0  1  2  3  4  5  0  1  2  3  4  5  6  7  8  9 10 11] [12 13 14 15 16 17]
    """

    def _plan(self, n_samples: int, n_draws: int, length: float) -> BlockPlan:
        step = int(length)
        n_starts = -(-n_samples // step)
        return equal_blocks(n_samples, n_draws, n_starts, step, n_samples, length)


@final
class CircularBlockBootstrap(BaseBlockBootstrap):
    """Draw blocks of fixed length from the series closed to a circle.

    Use it for a stationary series; every row is drawn equally often. Where the best
    block length is unknown, `StationaryBootstrap` is less sensitive to it; where it
    is known, this one has the smaller variance [2]_.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    block_length : int, "auto" or None, default=None
        Rows a block. Long enough that rows a block apart are nearly independent. None
        takes ``n_samples ** (1 / 3)``, the rate that is best for a variance; "auto"
        estimates it from y, or from X where there is no y, by `optimal_block_length`.
    gap : int, default=0
        Rows left out of the test set on either side of each in-bag block, where rows
        that near to a training row would be as good as seen. It shrinks the
        out-of-bag rows only, and does not reach around the end of the series.
    max_samples : int, float or None, default=None
        Rows a replicate: a number, a share of the rows, or all.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `block_length` exceeds the number of rows,
        or `gap` leaves no row to test on.

    See Also
    --------
    MovingBlockBootstrap : The ends are not joined.
    StationaryBootstrap : Blocks of random length.

    References
    ----------
    .. [1] D. N. Politis, J. P. Romano, "A circular block-resampling procedure for
       stationary data", in Exploring the Limits of Bootstrap, Wiley, 263-270, 1992.
    .. [2] S. N. Lahiri, "Theoretical comparisons of block bootstrap methods", The
       Annals of Statistics 27(1), 386-404, 1999.

    Examples
    --------
    >>> from ensembles.resampling import CircularBlockBootstrap
    >>> scheme = CircularBlockBootstrap(2, block_length=4, random_state=2)
    >>> for rows in scheme.iter_indices(range(12)):
    ...     print(rows)
    [2 3 4 5 4 5 6 7 5 6 7 8]
    [ 6  7  8  9 11  0  1  2  0  1  2  3]
    """

    def _plan(self, n_samples: int, n_draws: int, length: float) -> BlockPlan:
        return equal_blocks(n_samples, n_draws, n_samples, 1, 2 * n_samples, length)


@final
class StationaryBootstrap(BaseBlockBootstrap):
    """Draw blocks of geometric length from the series closed to a circle.

    The first choice for a stationary series: replicates are stationary themselves,
    and results depend less on the block length than with blocks of fixed length.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    block_length : int, float, "auto" or None, default=None
        Mean number of rows a block. 1 is the bootstrap of single rows. None takes
        ``n_samples ** (1 / 3)``, the rate that is best for a variance; "auto"
        estimates it from y, or from X where there is no y, by `optimal_block_length`.
    gap : int, default=0
        Rows left out of the test set on either side of each in-bag block, where rows
        that near to a training row would be as good as seen. It shrinks the
        out-of-bag rows only, and does not reach around the end of the series.
    max_samples : int, float or None, default=None
        Rows a replicate: a number, a share of the rows, or all.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `block_length` exceeds the number of rows,
        or `gap` leaves no row to test on.

    See Also
    --------
    CircularBlockBootstrap : Blocks of fixed length.
    Bootstrap : For rows without order.

    References
    ----------
    .. [1] D. N. Politis, J. P. Romano, "The stationary bootstrap", Journal of the
       American Statistical Association 89(428), 1303-1313, 1994.

    Examples
    --------
    The standard error of the mean of a series in which neighbours are alike. The
    bootstrap of rows misses most of it; the true value is 0.16:

    >>> import numpy as np
    >>> from scipy.signal import lfilter
    >>> from ensembles.resampling import Bootstrap, StationaryBootstrap
    >>> noise = np.random.default_rng(1).normal(size=1000)
    >>> x = lfilter([1], [1, -0.8], noise)
    >>> def error(scheme):
    ...     means = [W @ x / W.sum(axis=1) for W in scheme.iter_weights(x)]
    ...     return np.concatenate(means).std()
    >>> print(f"{error(Bootstrap(1000, random_state=0)):.2f}")
    0.05
    >>> scheme = StationaryBootstrap(1000, block_length=40, random_state=0)
    >>> print(f"{error(scheme):.2f}")
    0.16
    """

    _kind = "stationary"

    def _plan(self, n_samples: int, n_draws: int, length: float) -> BlockPlan:
        return geometric_blocks(n_samples, n_draws, length)

    def _check_block_length(self) -> None:
        length: Any = self.block_length
        if not (self._is_left_open() or (is_positive(length) and length >= 1)):
            self._refuse_length("a number")

    def _rounded(self, length: float) -> float:
        return length
