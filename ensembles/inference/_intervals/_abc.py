"""Approximate bootstrap confidence (ABC): BCa without resamples.

The statistic t(P) is a smooth function of the weights P of n rows, 1 / n each in the
data, P0. Its derivatives there say all that BCa asks of replicates:

    l_i = dt / dP towards row i            influence
    sigma = sqrt(sum l_i^2) / n            standard error
    a = sum l_i^3 / (6 n^3 sigma^3)        acceleration
    b = sum l'_i / (2 n^2)                 bias; l' is the second derivative
    c = t'' / (2 sigma)                    curvature along d = l / (n^2 sigma)
    z0 = Phi^-1(2 Phi(a) Phi(c - b / sigma))
    endpoint(p) = t(P0 + d w / (1 - a w)^2),  w = z0 + Phi^-1(p)

DiCiccio & Efron (1992); Efron & Tibshirani (1993), section 14.4 and chapter 22.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from scipy.special import ndtr, ndtri

from ensembles._typing import ArrayLike, FloatArray, IntArray
from ensembles._validation import (
    check_choice,
    check_count,
    invalid_parameter,
    is_positive,
    n_rows_of,
)
from ensembles.inference._intervals._levels import (
    ALTERNATIVES,
    check_level,
    check_value,
    pvalue_of,
    tail_levels,
    tails_at,
)

__all__ = [
    "AbcDistribution",
    "StatisticOfShares",
    "StatisticOfWeights",
    "abc_distributions",
]

StatisticOfWeights: TypeAlias = Callable[[FloatArray], FloatArray]
StatisticOfShares: TypeAlias = Callable[[FloatArray], FloatArray | None]

# What one call of the statistic is given at once.
_BATCH_BYTES = 16 * 2**20
# Steps of the derivatives: towards a row in shares of its weight, along d in standard
# errors. The papers take 0.001 / n for both, which along d is lost in rounding from
# some hundred rows on, and towards a row from some thousand on. Endpoints of published
# examples are the same to six digits.
_ROW_STEP = 0.01
_CURVATURE_STEP = 0.01
# P-values are sought in steps of one in so many.
_N_LEVELS = 10**6


@final
@dataclass(frozen=True, eq=False)
class AbcDistribution:
    """The confidence distribution of one number by ABC.

    Attributes
    ----------
    estimate : float
        The statistic of the data.
    standard_error : float
        That of the delta method, sigma.
    bias : float
        That of the delta method to second order, b.
    acceleration : float
        a, a sixth of the skewness of the influence over sqrt(n).
    curvature : float
        c, how far the statistic bends along its steepest direction.
    median_bias : float
        z0, on the normal scale.
    influence : ndarray of shape (n,)
        Empirical influence of each row.
    """

    estimate: float
    standard_error: float
    bias: float
    acceleration: float
    curvature: float
    median_bias: float
    influence: FloatArray
    _statistic: _Weighted
    _number: int

    def endpoint(self, p: FloatArray) -> FloatArray:
        """Values that the parameter lies below with confidence p, shape of p.

        Raises
        ------
        ValueError
            If the approximation does not reach that far.
        """
        p = np.asarray(p, dtype=np.float64)
        values = self._endpoint_or_infinity(p)
        if not np.isfinite(values).all():
            raise ValueError(
                f"ABC has no endpoint at one of the levels {p.tolist()}: so far from "
                "equal weights the statistic turns around or has no value (the "
                f"acceleration is {self.acceleration:.3g}). Take 'bca' or 'percentile'."
            )
        return values

    def interval(
        self, confidence_level: float = 0.95, alternative: str = "two-sided"
    ) -> tuple[float, float]:
        """Low and high end of the interval; an open end is infinite.

        Raises
        ------
        ValueError
            If a parameter is outside what is allowed, or the approximation does not
            reach that far.
        """
        check_level("interval", confidence_level, alternative)
        levels = np.array(tail_levels(confidence_level, alternative))
        is_open = (levels == 0) | (levels == 1)
        ends = np.where(levels < 0.5, -np.inf, np.inf)
        ends[~is_open] = self.endpoint(levels[~is_open])
        return float(ends[0]), float(ends[1])

    def tail_probability(self, value: float) -> float:
        """Confidence that the parameter lies below a value, right to a millionth.

        Raises
        ------
        ValueError
            If the value is not finite.
        """
        check_value("tail_probability", "value", value)
        below, above = self._tails(value)
        return (below + 1 - above) / 2

    def pvalue(self, null: float = 0.0, alternative: str = "two-sided") -> float:
        """P-value of the hypothesis that the parameter is `null`, at least 1e-6.

        Raises
        ------
        ValueError
            If a parameter is outside what is allowed.
        """
        check_value("pvalue", "null", null)
        check_choice("pvalue", "alternative", alternative, ALTERNATIVES)
        return pvalue_of(*self._tails(null), alternative)

    def _tails(self, value: float) -> tuple[float, float]:
        """Confidence at or below the value and at or above it."""
        return tails_at(self._endpoint_or_infinity, float(value), _N_LEVELS)

    def _endpoint_or_infinity(self, p: FloatArray) -> FloatArray:
        """Endpoints, infinite where the approximation does not reach; shape of p."""
        w = self.median_bias + ndtri(p)
        # Beyond |a w| = 1 the step turns around.
        reaches = np.abs(self.acceleration * w) < 1
        within = np.where(reaches, w, 0.0)
        steps = within / (1 - self.acceleration * within) ** 2
        here = self._after(steps)
        before = self._after(steps - np.copysign(_CURVATURE_STEP, steps))
        # Nor is an end where the statistic has turned around on its way.
        with np.errstate(invalid="ignore"):
            reaches &= np.isfinite(here) & ((here - before) * np.sign(steps) >= 0)
        return np.where(reaches, here, np.where(w < 0, -np.inf, np.inf))

    def _after(self, steps: FloatArray) -> FloatArray:
        """The statistic some standard errors along its steepest direction."""
        direction = _steepest(self.influence, self.standard_error)
        values = self._statistic.along(direction, np.ravel(steps))[:, self._number]
        return values.reshape(steps.shape)


def abc_distributions(
    statistic_of_weights: StatisticOfWeights,
    n: int,
    *,
    strata: ArrayLike | None = None,
    eps: float | None = None,
    towards: StatisticOfShares | None = None,
) -> list[AbcDistribution]:
    """Return the confidence distribution by ABC of each number of a statistic.

    Use it for statistics that are smooth in the weights of rows: sums, ratios,
    correlations, coefficients. It takes ``2 n + 1`` evaluations and six more for each
    number and interval, and no random numbers. It is not for medians and other
    statistics that jump, where the percentile method is. Each evaluation reads n
    weights, so many rows want `towards`.

    Parameters
    ----------
    statistic_of_weights : callable
        Maps weights of shape (m, n), whose rows sum to 1, to the statistic at each,
        of shape (m,), or (m, p) for p numbers. Called with as many rows as fit into
        16 MiB. A weight may be slightly negative.
    n : int
        Number of rows of the data, at least two.
    strata : array-like of shape (n,) or None, default=None
        Sample or stratum of each row. The weights of each sum to its share of rows.
    eps : float or None, default=None
        Step of the derivatives towards one row; None is ``0.01 / n``.
    towards : callable or None, default=None
        A way to the derivatives without weights: maps shares of shape (n,) to the
        statistic where each row in turn is given that share of the weight of its
        stratum, from all rows of the stratum alike; shape (n, p). Weights are taken
        where it is None or returns None.

    Returns
    -------
    list of AbcDistribution
        One for each number.

    Raises
    ------
    ValueError
        If a parameter is outside what is allowed, the statistic has no value at
        weights next to equal ones, or does not change with them.

    References
    ----------
    .. [1] T. DiCiccio, B. Efron, "More accurate confidence intervals in exponential
       families", Biometrika 79(2), 231-245, 1992.
    .. [2] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman &
       Hall, 1993, section 14.4 and chapter 22.

    Examples
    --------
    The variance of 26 values, 90 % (Efron & Tibshirani, table 14.2: 116.7, 260.9):

    >>> import numpy as np
    >>> x = np.array(
    ...     [
    ...         48,
    ...         36,
    ...         20,
    ...         29,
    ...         42,
    ...         42,
    ...         20,
    ...         42,
    ...         22,
    ...         41,
    ...         45,
    ...         14,
    ...         6,
    ...         0,
    ...         33,
    ...         28,
    ...         34,
    ...         4,
    ...         32,
    ...         24,
    ...         47,
    ...         41,
    ...         24,
    ...         26,
    ...         30,
    ...         41,
    ...     ]
    ... )
    >>> def variance(weights):
    ...     return weights @ x**2 - (weights @ x) ** 2
    >>> (distribution,) = abc_distributions(variance, n=26)
    >>> low, high = distribution.interval(confidence_level=0.9)
    >>> print(f"{low:.1f} {high:.1f}")
    116.7 260.9
    """
    owner = "abc_distributions"
    check_count(owner, "n", n, low=2)
    if not (eps is None or is_positive(eps)):
        raise invalid_parameter(owner, "eps", eps, "a positive real number or None")
    step = _ROW_STEP / n if eps is None else float(eps)
    statistic = _Weighted(statistic_of_weights, _codes(strata, n))
    estimate = statistic.towards(np.zeros(1, dtype=np.intp), 0.0)[0]
    if not np.isfinite(estimate).all():
        raise ValueError("The statistic has no finite value at equal weights.")
    slope, bend = _derivatives(statistic, towards, estimate, step)
    # Differences of equal values give no more than this by rounding alone.
    noise = 10 * np.finfo(np.float64).eps * np.abs(estimate) / (step * np.sqrt(n))
    flat = ~(np.sqrt((slope**2).sum(axis=0)) / n > noise)
    if flat.any():
        raise ValueError(
            "ABC takes derivatives, and the statistic does not change smoothly with "
            f"the weights (number {int(np.flatnonzero(flat)[0])}, counted from 0). "
            "Take 'percentile', or 'smoothed' where its values are few."
        )
    return [
        _distribution(statistic, number, float(estimate[number]), first, second)
        for number, (first, second) in enumerate(zip(slope.T, bend.T, strict=True))
    ]


def _derivatives(
    statistic: _Weighted,
    towards: StatisticOfShares | None,
    estimate: FloatArray,
    step: float,
) -> tuple[FloatArray, FloatArray]:
    """First and second derivatives towards each row, both of shape (n, p)."""
    n = len(statistic.codes)
    # At no share too, for what rounding makes of sums that are the same for all.
    here = None if towards is None else towards(np.zeros(n))
    if towards is not None and here is not None:
        ahead = np.asarray(towards(statistic.shares(step)))
        behind = np.asarray(towards(statistic.shares(-step)))
        return (ahead - behind) / (2 * step), (ahead - 2 * here + behind) / step**2
    slope, bend = np.zeros((2, n, len(estimate)))
    for rows in _batches(n, n):
        ahead, behind = (statistic.towards(rows, by) for by in (step, -step))
        slope[rows] = (ahead - behind) / (2 * step)
        bend[rows] = (ahead - 2 * estimate + behind) / step**2
    return slope, bend


def _distribution(
    statistic: _Weighted,
    number: int,
    estimate: float,
    influence: FloatArray,
    second: FloatArray,
) -> AbcDistribution:
    """The distribution of one number from its derivatives."""
    n = len(influence)
    sigma = float(np.sqrt((influence**2).sum())) / n
    a = float((influence**3).sum()) / (6 * (n * sigma) ** 3)
    b = float(second.sum()) / (2 * n**2)
    h = _CURVATURE_STEP
    ends = statistic.along(_steepest(influence, sigma), np.array([h, -h]))[:, number]
    c = float(ends.sum() - 2 * estimate) / (2 * sigma * h**2)
    share = 2 * ndtr(a) * ndtr(c - b / sigma)
    if not 0 < share < 1:
        raise ValueError(
            f"ABC has no median bias for number {number}, counted from 0: the bias is "
            f"{b:.3g} with a standard error of {sigma:.3g}. Take 'bca' or 'percentile'."
        )
    z0 = float(ndtri(share))
    return AbcDistribution(estimate, sigma, b, a, c, z0, influence, statistic, number)


@dataclass(frozen=True, slots=True)
class _Weighted:
    """A statistic of weights that sum, in each stratum, to its share of the rows."""

    statistic: StatisticOfWeights
    codes: IntArray

    def towards(self, rows: IntArray, step: float) -> FloatArray:
        """Values on the way from equal weights to one row each, (len(rows), p)."""
        n, codes = len(self.codes), self.codes
        shares = self.shares(step)[rows]
        weights = np.repeat((1 - shares)[:, None] / n, n, axis=1)
        if codes.any():
            weights[codes[rows, None] != codes] = 1 / n
        weights[np.arange(len(rows)), rows] += shares * self._of_stratum[codes[rows]]
        return self._at(weights)

    def shares(self, step: float) -> FloatArray:
        """Of the weight of its stratum, what such a step gives a row, shape (n,)."""
        return np.asarray((step / (self._of_stratum * (1 - step) + step))[self.codes])

    @property
    def _of_stratum(self) -> FloatArray:
        """Share of the rows that each stratum has."""
        return np.asarray(np.bincount(self.codes) / len(self.codes))

    def along(self, direction: FloatArray, steps: FloatArray) -> FloatArray:
        """Values some steps from equal weights along a direction, (len(steps), p)."""
        parts = []
        for batch in _batches(len(steps), len(self.codes)):
            weights = 1 / len(self.codes) + steps[batch, np.newaxis] * direction
            parts.append(self._at(self._scaled(weights)))
        return np.concatenate(parts)

    def _scaled(self, weights: FloatArray) -> FloatArray:
        """Weights that sum to what they should, shape (m, n)."""
        order = np.argsort(self.codes, kind="stable")
        counts = np.bincount(self.codes)
        firsts = np.cumsum(counts) - counts
        sums = np.add.reduceat(weights[:, order], firsts, axis=1)
        return np.asarray(weights * (self._of_stratum / sums)[:, self.codes])

    def _at(self, weights: FloatArray) -> FloatArray:
        """Values at the weights, shape (m, p)."""
        with np.errstate(all="ignore"):
            values = self.statistic(weights)
        values = np.asarray(values, dtype=np.float64)
        if values.ndim not in (1, 2) or len(values) != len(weights):
            raise ValueError(
                "statistic_of_weights must return one value, or one row of p values, "
                f"for each row of weights of shape {weights.shape}, got shape "
                f"{values.shape}."
            )
        return values.reshape(len(weights), -1)


def _steepest(influence: FloatArray, sigma: float) -> FloatArray:
    """Change of weights that moves the statistic by one standard error, shape (n,)."""
    return influence / (len(influence) ** 2 * sigma)


def _codes(strata: ArrayLike | None, n: int) -> IntArray:
    """Number of the stratum of each row, shape (n,)."""
    if strata is None:
        return np.zeros(n, dtype=np.intp)
    if n_rows_of(strata) != n:
        raise ValueError(
            f"strata must have one entry for each of {n} rows, got {n_rows_of(strata)}."
        )
    return np.unique(np.asarray(strata), return_inverse=True)[1].reshape(n)


def _batches(m: int, n: int) -> list[IntArray]:
    """Numbers 0 to m - 1 in batches whose weights for n rows fit into memory."""
    size = max(1, _BATCH_BYTES // (8 * n))
    return [np.arange(start, min(start + size, m)) for start in range(0, m, size)]
