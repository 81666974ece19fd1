"""Blocks faded in and out, so that their ends weigh less than their middle.

A block bootstrap estimates the variance of a mean with a bias of order 1 / l, since no
block knows of the rows beyond its ends. A taper w that falls to zero at the ends makes
it 1 / l**2. For k blocks of l rows from random rows s of a circle, row t weighs

    W[t] = 1 + sqrt(n / k) / |w|_2 * sum(w[t - s] - |w|_1 / n over the k blocks)

so the weights sum to n, none is negative by Cauchy and Schwarz, and the variance of
``W @ x / n`` is that of Paparoditis & Politis (2001). Weighting rows rather than
rescaling values carries it over to other statistics, as in Shao (2010).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, final

import numpy as np

from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState
from ensembles._validation import check_count, invalid_parameter
from ensembles.resampling._base import (
    BaseScheme,
    BoundScheme,
    ramps,
    rows_by_weights,
)
from ensembles.resampling._deletions import Deletions, EachBlock

__all__ = ["TaperedBlockBootstrap"]

Taper: TypeAlias = Literal["trapezoid"] | Callable[[FloatArray], ArrayLike]

# Of all trapezoids that of least mean squared error, whatever the series.
_RISE = 0.43
# n ** (1 / 3) is the best length of circular blocks for an autoregression of
# coefficient 0.36; this times n ** (1 / 5) is that of tapered blocks for the same.
_LENGTH_FACTOR = 3.2


@final
class TaperedBlockBootstrap(BaseScheme):
    """Weight rows by blocks from the series closed to a circle, faded at their ends.

    Use it for the error of a mean, or of another smooth statistic that takes weights,
    of a stationary series. Of the block schemes it has the least bias wherever blocks
    reach beyond the dependence; with blocks that are too short it is no better than
    others. It is made for weights (`iter_weights`, members that take
    ``sample_weight``), of which none is zero. Where rows are asked for (as a splitter,
    or for other members), n rows are drawn with the weights as probabilities. Those
    keep no neighbours together: take `CircularBlockBootstrap` there.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    block_length : int or None, default=None
        Rows a block, those of small weight included, so take more than for other
        block schemes. None takes ``3.2 * n_samples ** (1 / 5)``, the rate that is
        best under a taper [2]_, and about the same assumption on the series that
        ``n_samples ** (1 / 3)`` makes elsewhere.
    taper : {"trapezoid"} or callable, default="trapezoid"
        Weight within a block. The trapezoid rises over 0.43 of the block and falls
        over as much, the best of its kind [1]_. A callable takes the middles of the
        rows as shares of the block, an array of shape (block_length,) with values in
        (0, 1), and returns as many numbers that are not negative, in any unit.
    gap : int, default=0
        Rows left out of the test set on either side of each in-bag row. It shrinks
        the out-of-bag rows only, and does not reach around the end of the series.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `block_length` exceeds the number of rows,
        `taper` does not return what it should, or `gap` leaves no row to test on.

    See Also
    --------
    optimal_block_length : Estimates the length from the series, ``kind="tapered"``.
    CircularBlockBootstrap : The same blocks with sharp ends, as rows.

    Notes
    -----
    The blocks of [1]_ lie within the series; on a circle every row is treated alike,
    and the mean over all replicates is the mean of the series. Where `block_length`
    does not divide the number of rows, the blocks that fit are weighed up to the
    variance of all rows.

    References
    ----------
    .. [1] E. Paparoditis, D. N. Politis, "Tapered block bootstrap", Biometrika 88(4),
       1105-1119, 2001.
    .. [2] E. Paparoditis, D. N. Politis, "The tapered block bootstrap for general
       statistics from stationary sequences", The Econometrics Journal 5(1), 131-148,
       2002.
    .. [3] X. Shao, "Extended tapered block bootstrap", Statistica Sinica 20(2),
       807-821, 2010.

    Examples
    --------
    The standard error of the mean of a series that swings back, as differences do, by
    blocks of one length. Sharp ends cut swings in half; the true value is 0.003:

    >>> import numpy as np
    >>> from ensembles.resampling import CircularBlockBootstrap, TaperedBlockBootstrap
    >>> noise = np.random.default_rng(2).normal(size=1001)
    >>> x = noise[1:] - 0.9 * noise[:-1]
    >>> def error(scheme):
    ...     means = [W @ x / W.sum(axis=1) for W in scheme.iter_weights(x)]
    ...     return np.concatenate(means).std()
    >>> scheme = CircularBlockBootstrap(5000, block_length=40, random_state=0)
    >>> print(f"{error(scheme):.3f}")
    0.007
    >>> scheme = TaperedBlockBootstrap(5000, block_length=40, random_state=0)
    >>> print(f"{error(scheme):.3f}")
    0.003
    """

    _for_more_out_of_bag = "Shorten gap, or give more rows."

    def __init__(
        self,
        n_resamples: int = 100,
        *,
        block_length: int | None = None,
        taper: Taper = "trapezoid",
        gap: int = 0,
        random_state: RandomState = None,
    ) -> None:
        self.n_resamples = n_resamples
        self.block_length = block_length
        self.taper = taper
        self.gap = gap
        self.random_state = random_state

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        check_count(self, "block_length", self.block_length, none=True)
        check_count(self, "gap", self.gap, low=0)
        usual = min(n_samples, round(_LENGTH_FACTOR * n_samples ** (1 / 5)))
        length = self.block_length or usual
        if length > n_samples:
            raise ValueError(
                f"block_length must be <= n_samples={n_samples}, got {length}. "
                f"{usual} is a usual first choice."
            )
        return _BoundTapered(n_samples, self._tapered(int(length)), int(self.gap))

    def _tapered(self, length: int) -> FloatArray:
        """Weights within a block, shape (length,)."""
        if isinstance(self.taper, str) and self.taper == "trapezoid":
            return _trapezoid(_middles(length))
        allowed = (
            "'trapezoid' or a callable that takes an array of shape (block_length,) "
            "and returns as many finite numbers >= 0, not all zero"
        )
        if not callable(self.taper):
            raise invalid_parameter(self, "taper", self.taper, allowed)
        taper = np.asarray(self.taper(_middles(length)), dtype=np.float64)
        finite = taper.shape == (length,) and np.isfinite(taper).all()
        if not (finite and (taper >= 0).all() and taper.any()):
            raise invalid_parameter(
                self, "taper", self.taper, allowed, f"It returned {taper!r}."
            )
        return np.asarray(taper / taper.max())


def _middles(length: int) -> FloatArray:
    """Middles of the rows of a block, as shares of it."""
    return (np.arange(length) + 0.5) / length


def _trapezoid(shares: FloatArray) -> FloatArray:
    """Rises from 0 to 1, is flat, and falls back to 0 at the end of the block."""
    return np.asarray(np.minimum(1, np.minimum(shares, 1 - shares) / _RISE))


class _BoundTapered(BoundScheme):
    """Blocks on a circle, as many as fit into the series."""

    def __init__(self, n_samples: int, taper: FloatArray, gap: int) -> None:
        super().__init__(n_samples, gap)
        self.n_blocks = n_samples // len(taper)
        norm = np.sqrt(taper @ taper)
        self.taper = np.sqrt(n_samples / self.n_blocks) / norm * taper
        self.floor = float(1 - self.n_blocks * self.taper.sum() / n_samples)
        # Flat blocks that fill the series leave nothing but rounding.
        self.is_flat = self.floor < 1e-9
        if self.is_flat:
            self.taper = np.ones(len(taper))
            self.floor = 0.0

    @property
    def total(self) -> float:
        """Weights sum to the number of rows."""
        return float(self.n_samples)

    def deletions(self) -> Deletions:
        """Blocks of the scheme's own length."""
        return EachBlock(self.n_samples, min(len(self.taper), self.n_samples - 1))

    @property
    def n_units(self) -> int:
        """Number of blocks a replicate."""
        return self.n_blocks

    def leaves_rows_out(self, *, as_weights: bool) -> bool:
        """As weights only where blocks are flat and fill the series."""
        return len(self.taper) < self.n_samples if self.is_flat else not as_weights

    def weights(self, seed: Any) -> FloatArray:
        """Weights of one replicate, which sum to the number of rows."""
        return self._weights(self._blocks(np.random.default_rng(seed)))

    def rows(self, seed: Any) -> IntArray:
        """Rows drawn with the weights of the same replicate as probabilities.

        Flat blocks are drawn as they are: their weights are counts.
        """
        rng = np.random.default_rng(seed)
        blocks = self._blocks(rng)
        if self.is_flat:
            return blocks
        return rows_by_weights(self._weights(blocks), rng)

    def _blocks(self, rng: np.random.Generator) -> IntArray:
        """Rows of the blocks, block after block."""
        starts = rng.integers(self.n_samples, size=self.n_blocks)
        lengths = np.full(self.n_blocks, len(self.taper))
        return ramps(starts, lengths) % self.n_samples

    def _weights(self, blocks: IntArray) -> FloatArray:
        """Weights of the replicate that is made of these blocks."""
        tapers = np.tile(self.taper, self.n_blocks)
        covered = np.bincount(blocks, weights=tapers, minlength=self.n_samples)
        return np.asarray(covered + self.floor)
