"""The block length that suits a series, from its autocovariances.

Blocks of l rows estimate the variance of a mean with a bias of B / l**q and a variance
of D l / n, for a constant B, D and order q of the scheme. Their mean squared error is
least at

    l = (2 q B**2 n / D) ** (1 / (2 q + 1))

B and D are sums of autocovariances R(k) under a flat-top window that reaches twice as
far as the correlation does: Politis & White (2004), corrected by Patton, Politis &
White (2009). For tapered blocks: Paparoditis & Politis (2002).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log10, sqrt
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from sklearn.utils import check_array

from ensembles._typing import FloatArray, Table
from ensembles._validation import (
    check_choice,
    invalid_parameter,
    is_positive,
    require,
)

__all__ = ["optimal_block_length"]

Aggregate: TypeAlias = Literal["max", "mean"] | Callable[[FloatArray], float]


@dataclass(frozen=True, slots=True)
class _Risk:
    """Bias ``bias * sum(|k|**order R(k))`` and variance ``variance * sum(R(k))**2``."""

    order: int
    bias: float
    variance: float


_KINDS = {
    "stationary": _Risk(order=1, bias=1, variance=2),
    "circular": _Risk(order=1, bias=1, variance=4 / 3),
    # With v = w * w for the trapezoid w of rise c = 0.43: -v''(0) / (2 v(0)), which is
    # 1 / (c (1 - 4 c / 3)), and twice the integral of v**2 / v(0)**2 over (-1, 1).
    "tapered": _Risk(order=2, bias=5.4505813953, variance=1.0992891278),
}

# The least n whose lags all have a pair of rows, and for "patton" at least three.
_LEAST_ROWS = {"np": 9, "patton": 12}
_NORMAL_975 = 1.959963984540054


def optimal_block_length(
    x: Table,
    kind: Literal["stationary", "circular", "tapered"] = "stationary",
    *,
    variant: Literal["np", "patton"] = "np",
    aggregate: Aggregate | None = None,
) -> float | FloatArray | Any:
    """Estimate the block length that is best for the variance of a mean.

    Use it for the `block_length` of a block scheme, where rows are in order of time,
    equally spaced and stationary. Not for a series with a trend or a season, which
    looks like dependence without end: remove them first. The length minimises the mean
    squared error of a variance; for intervals the best one is of lower order in n.

    Parameters
    ----------
    x : array-like of shape (n_samples,) or (n_samples, n_columns)
        A series, or one in each column. Finite numbers, none of the columns constant.
        At least 9 rows, and 12 for ``variant="patton"``.
    kind : {"stationary", "circular", "tapered"}, default="stationary"
        The scheme that the length is for: `StationaryBootstrap`, of whose random
        lengths it is the mean; `CircularBlockBootstrap` and `MovingBlockBootstrap`,
        which take an int, so round up; or `TaperedBlockBootstrap` with its
        trapezoid, which takes an int too.
    variant : {"np", "patton"}, default="np"
        How the autocovariances are taken: "np" from all rows, as the function b.star
        of the R package np does; "patton" from rows that have all lags, as in the
        code by the author of the correction. They agree for long series, and may
        differ by a factor of two for a hundred rows; "np" uses more of the data.
    aggregate : {"max", "mean"} or callable or None, default=None
        How the lengths of several columns become one, as rows are drawn for all
        columns together. "max" keeps the dependence of every column. A callable takes
        the lengths as an array of shape (n_columns,) and returns a number.

    Returns
    -------
    length : float, ndarray of shape (n_columns,) or Series
        In rows, at least 1 and at most ``ceil(min(3 * sqrt(n), n / 3))``. A float for
        one-dimensional `x` and where there is an `aggregate`; otherwise one for each
        column, for a pandas DataFrame as a Series indexed by its columns.

    Raises
    ------
    ValueError
        If `x` is not numeric, not finite, too short or constant in a column, or
        `kind`, `variant` or `aggregate` is none of those allowed.

    Notes
    -----
    The R function returns lengths below 1 as they are; a block has at least one row.
    The Python package arch counts a lag as small below 2 where R has 1.96, norms
    correlations otherwise, and takes all lags where R takes twice the last that is
    not small: of a short series with strong dependence it gives other lengths.

    References
    ----------
    .. [1] D. N. Politis, H. White, "Automatic block-length selection for the dependent
       bootstrap", Econometric Reviews 23(1), 53-70, 2004, equations 9 and 14.
    .. [2] A. Patton, D. N. Politis, H. White, "Correction to 'Automatic block-length
       selection for the dependent bootstrap'", Econometric Reviews 28(4), 372-375,
       2009.
    .. [3] E. Paparoditis, D. N. Politis, "The tapered block bootstrap for general
       statistics from stationary sequences", The Econometrics Journal 5(1), 131-148,
       2002, equation 20.

    Examples
    --------
    The rule of thumb, the cube root of n, knows nothing of the series. For 2,000 rows
    it says 13, whether neighbours are alike or not:

    >>> import numpy as np
    >>> from scipy.signal import lfilter
    >>> from ensembles.resampling import optimal_block_length
    >>> noise = np.random.default_rng(0).normal(size=2000)
    >>> alike = lfilter([1], [1, -0.8], noise)
    >>> print(f"{optimal_block_length(noise):.0f}, {optimal_block_length(alike):.0f}")
    1, 34

    One length for all columns of a table, whole for circular blocks:

    >>> table = np.column_stack([noise, alike])
    >>> print(np.ceil(optimal_block_length(table, "circular", aggregate="max")))
    39.0
    """
    owner = "optimal_block_length"
    check_choice(owner, "kind", kind, _KINDS)
    check_choice(owner, "variant", variant, _VARIANTS)
    if not callable(aggregate):
        check_choice(owner, "aggregate", aggregate, {"max", "mean", None})
    values = check_array(
        x, ensure_2d=False, dtype="numeric", ensure_all_finite=False, input_name="x"
    )
    _check_series(x, values, variant)
    risk = _KINDS[kind]
    columns = np.asarray(values.reshape(len(values), -1), dtype=np.float64)
    lengths = np.array(
        [_best(_VARIANTS[variant](_scaled(c)), len(c), risk) for c in columns.T]
    )
    if aggregate is not None:
        return _one(lengths, aggregate)
    return float(lengths[0]) if values.ndim == 1 else _named(lengths, x)


def _best(autocovariances: FloatArray, n_samples: int, risk: _Risk) -> float:
    """Length of least mean squared error, within what a block can be."""
    longest = ceil(min(3 * sqrt(n_samples), n_samples / 3))
    lags = np.arange(1, len(autocovariances))
    flat_top = np.clip(2 * (1 - lags / lags[-1]), 0, 1)
    windowed = 2 * flat_top * autocovariances[1:]
    level = autocovariances[0] + windowed.sum()
    if level == 0:
        return float(longest)
    q = risk.order
    ratio = risk.bias * (windowed @ lags.astype(float) ** q) / level
    length = (2 * q * ratio**2 * n_samples / risk.variance) ** (1 / (2 * q + 1))
    return float(min(max(length, 1.0), longest))


def _of_all_rows(x: FloatArray) -> FloatArray:
    """R(0) to R(M) of a whole series of mean zero, as np's b.star takes them."""
    n_small = max(5, ceil(log10(len(x))))
    reach = ceil(sqrt(len(x))) + n_small
    R = _lagged_products(x, x, reach) / len(x)
    last = _last_lag(R[1:] / R[0], _NORMAL_975, n_small, len(x))
    return R[: 2 * last + 1]


def _of_rows_with_all_lags(x: FloatArray) -> FloatArray:
    """R(0) to R(M) of the rows that have M rows before them, as in Patton's code."""
    n_small = 5
    reach = ceil(sqrt(len(x))) + n_small
    variances = _variances_of_lagged(x, reach)
    R = _autocovariances_after(x, reach)
    correlations = R[1:] / np.sqrt(variances[0] * variances[1:])
    last = _last_lag(correlations, 2.0, n_small, len(x))
    return _autocovariances_after(x, min(2 * last, reach))


_VARIANTS = {"np": _of_all_rows, "patton": _of_rows_with_all_lags}


def _last_lag(
    correlations: FloatArray, quantile: float, n_small: int, n_samples: int
) -> int:
    """First of `n_small` lags in a row that are small, or else the last that is not."""
    bound = quantile * sqrt(log10(n_samples) / n_samples)
    small = np.abs(correlations) < bound
    runs = np.lib.stride_tricks.sliding_window_view(small, n_small).all(axis=1)
    return int(runs.argmax() if runs.any() else np.flatnonzero(~small)[-1]) + 1


def _autocovariances_after(x: FloatArray, n_lags: int) -> FloatArray:
    """Covariances of the rows from `n_lags` on with those 0 to `n_lags` before."""
    present = np.zeros_like(x)
    present[n_lags:] = x[n_lags:] - x[n_lags:].mean()
    return _lagged_products(present, x, n_lags) / (len(x) - n_lags - 1)


def _variances_of_lagged(x: FloatArray, n_lags: int) -> FloatArray:
    """Variances of the stretches of rows that end 0 to `n_lags` before the last."""
    n_rows = len(x) - n_lags
    first = n_lags - np.arange(n_lags + 1)
    sums, squares = (np.concatenate([[0], np.cumsum(x**p)]) for p in (1, 2))
    mean = (sums[first + n_rows] - sums[first]) / n_rows
    mean_square = (squares[first + n_rows] - squares[first]) / n_rows
    variances = (mean_square - mean**2) * (n_rows / (n_rows - 1))
    if (variances <= 1e-12 * x.var()).any():
        raise ValueError(
            f"variant='patton' compares stretches of {n_rows} rows, and one of them is "
            "constant. Use variant='np', or give a longer series."
        )
    return np.asarray(variances)


def _lagged_products(x: FloatArray, y: FloatArray, n_lags: int) -> FloatArray:
    """Sums of ``x[t] * y[t - k]`` over t for lags k from 0 to `n_lags`."""
    size = next_fast_len(len(x) + n_lags, real=True)
    products = irfft(rfft(x, size) * np.conj(rfft(y, size)), size)
    return np.asarray(products[: n_lags + 1])


def _scaled(x: FloatArray) -> FloatArray:
    """The series about its mean, in a unit whose squares are numbers."""
    scaled = x / np.abs(x).max()
    return np.asarray(scaled - scaled.mean())


def _check_series(x: Table, values: Any, variant: str) -> None:
    """Raise for what has no autocorrelations, and say which column."""
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"x must hold numbers, got dtype {values.dtype}. Give the series without "
            "its dates or labels."
        )
    if len(values) < _LEAST_ROWS[variant]:
        raise ValueError(
            f"A block length needs at least {_LEAST_ROWS[variant]} rows with "
            f"variant={variant!r}, got {len(values)}. The cube root of n is a usual "
            "first choice for less."
        )
    columns = values.reshape(len(values), -1)
    unusable = np.flatnonzero(~np.isfinite(columns).all(axis=0)).tolist()
    if unusable:
        raise ValueError(
            f"{_name_of(x, unusable[0])} contains NaN or infinity, so lags cannot be "
            "counted. Fill or cut out what is missing."
        )
    constant = np.flatnonzero((columns == columns[0]).all(axis=0)).tolist()
    if constant:
        raise ValueError(
            f"{_name_of(x, constant[0])} is constant: it has no dependence to keep, "
            "and any block length will do. Leave it out, or use block_length=1."
        )


def _name_of(x: Table, column: int) -> str:
    """How errors speak of a column."""
    if np.ndim(x) == 1:
        return "x"
    names = getattr(x, "columns", None)
    return f"Column {column if names is None else names[column]!r} of x"


def _one(lengths: FloatArray, aggregate: Aggregate) -> float:
    """The length for all columns together."""
    if callable(aggregate):
        length = aggregate(lengths)
        if not is_positive(length):
            raise invalid_parameter(
                "optimal_block_length",
                "aggregate",
                aggregate,
                "a callable that returns a positive number",
                f"It returned {length!r}.",
            )
        return float(length)
    return float(lengths.max() if aggregate == "max" else lengths.mean())


def _named(lengths: FloatArray, x: Table) -> Any:
    """Lengths by column: a Series where `x` is a pandas DataFrame."""
    if not (hasattr(x, "iloc") and hasattr(x, "columns")):
        return lengths
    pandas = require("pandas", "dataframe", "A Series of block lengths")
    return pandas.Series(lengths, index=x.columns, name="block_length")
