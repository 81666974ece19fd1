"""Blocks of neighbouring rows drawn, so that dependence within a block survives.

A block scheme is its law of block starts and lengths; the rest is written once.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import final

import numpy as np

from ensembles._typing import ArrayLike, IntArray, RandomState
from ensembles._validation import (
    check_count,
    check_count_or_fraction,
    invalid_parameter,
    is_positive,
    resolve_n_draws,
)
from ensembles.resampling._base import BaseScheme, BoundScheme, ramps

__all__ = ["CircularBlockBootstrap", "MovingBlockBootstrap", "StationaryBootstrap"]


class _BoundBlocks(BoundScheme):
    """Blocks laid end to end until `n_draws` rows are reached."""

    def __init__(
        self, n_samples: int, n_draws: int, block_length: float, gap: int
    ) -> None:
        super().__init__(n_samples, gap)
        self.n_draws = n_draws
        self.block_length = block_length

    @abstractmethod
    def _blocks(self, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
        """Starts and lengths of blocks whose lengths sum to at least `n_draws`."""

    def rows(self, seed: np.random.SeedSequence) -> IntArray:
        """Rows of one replicate, block after block; past the end they wrap around."""
        starts, lengths = self._blocks(np.random.default_rng(seed))
        return ramps(starts, lengths)[: self.n_draws] % self.n_samples


class _BoundEqualBlocks(_BoundBlocks):
    """Blocks that are all of one length and start at one of the first rows."""

    def _blocks(self, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
        length = int(self.block_length)
        n_blocks = -(-self.n_draws // length)
        starts = rng.integers(self._n_starts(), size=n_blocks)
        return starts, np.full(n_blocks, length)

    @abstractmethod
    def _n_starts(self) -> int:
        """Number of rows that a block may start at."""

    def leaves_rows_out(self, *, as_weights: bool) -> bool:
        """Whether a block is shorter than the series."""
        return self.block_length < self.n_samples or self.n_draws < self.n_samples


@final
class _BoundMoving(_BoundEqualBlocks):
    """Blocks that lie within the series."""

    def _n_starts(self) -> int:
        return self.n_samples - int(self.block_length) + 1


@final
class _BoundCircular(_BoundEqualBlocks):
    """Blocks that start anywhere; the series is a circle."""

    def _n_starts(self) -> int:
        return self.n_samples


@final
class _BoundStationary(_BoundBlocks):
    """Blocks of geometric length that start anywhere; the series is a circle."""

    def _blocks(self, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
        lengths = np.zeros(0, dtype=np.intp)
        # Enough blocks with high probability; more are drawn in the rare other case.
        expected = self.n_draws / self.block_length
        batch = int(expected + 4 * np.sqrt(expected) + 4)
        while lengths.sum() < self.n_draws:
            drawn = rng.geometric(1 / self.block_length, size=batch)
            lengths = np.concatenate([lengths, np.minimum(drawn, self.n_draws)])
        return rng.integers(self.n_samples, size=len(lengths)), lengths


class BaseBlockBootstrap(BaseScheme):
    """Base of the block schemes; a scheme adds the class that draws its blocks."""

    _bound: type[_BoundBlocks]
    _for_more_out_of_bag = (
        "Shorten block_length or gap, draw fewer rows (max_samples), or give more rows."
    )

    def __init__(
        self,
        n_resamples: int = 100,
        *,
        block_length: float | None = None,
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
        length = self.block_length or round(n_samples ** (1 / 3))
        if length > n_samples:
            raise ValueError(
                f"block_length must be <= n_samples={n_samples}, got {length}. "
                "n ** (1/3) is a usual first choice."
            )
        n_draws = resolve_n_draws(n_samples, self.max_samples)
        return self._bound(n_samples, n_draws, length, int(self.gap))

    def _check_block_length(self) -> None:
        """Raise unless the length is what the scheme's law takes."""
        check_count(self, "block_length", self.block_length, none=True)


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
    block_length : int or None, default=None
        Rows a block. Long enough that rows a block apart are nearly independent. None
        takes ``n_samples ** (1 / 3)``, the rate that is best for a variance [2]_.
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
    [ 5  6  7  3  4  5  3  4  5  9 10 11] [0 1]
    [6 7 8 6 7 8 3 4 5 2 3 4] [ 0 10 11]
    """

    _bound = _BoundMoving


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
    block_length : int or None, default=None
        Rows a block. Long enough that rows a block apart are nearly independent. None
        takes ``n_samples ** (1 / 3)``, the rate that is best for a variance.
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
    [ 2  3  4  5 11  0  1  2  5  6  7  8]
    [10 11  0  1 11  0  1  2 11  0  1  2]
    """

    _bound = _BoundCircular


@final
class StationaryBootstrap(BaseBlockBootstrap):
    """Draw blocks of geometric length from the series closed to a circle.

    The first choice for a stationary series: replicates are stationary themselves,
    and results depend less on the block length than with blocks of fixed length.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    block_length : int, float or None, default=None
        Mean number of rows a block. 1 is the bootstrap of single rows. None takes
        ``n_samples ** (1 / 3)``, the rate that is best for a variance.
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

    _bound = _BoundStationary

    def _check_block_length(self) -> None:
        length = self.block_length
        if length is not None and not (is_positive(length) and length >= 1):
            raise invalid_parameter(
                self, "block_length", length, "a number in the range [1, inf) or None"
            )
