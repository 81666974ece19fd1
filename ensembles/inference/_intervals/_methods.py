"""From replicates to intervals and p-values.

Every method is a confidence distribution, made of two formulas: which level of a law
stands for the confidence p, and the quantiles of that law:

    endpoint(p) = quantile(level(p))

The percentile method, for one, is level p of the replicates themselves. What follows
from endpoints, intervals, one-sided bounds and p-values, is written once for all.
Formulas are those of Efron & Tibshirani (1993), chapters 12-14, and Davison & Hinkley
(1997), chapter 5; others are named where they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from ensembles._typing import BoolArray, FloatArray
from ensembles._validation import check_choice
from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._levels import (
    ALTERNATIVES,
    check_level,
    check_n_resamples,
    check_value,
    pvalue_of,
    tail_levels,
    tails_at,
)

__all__ = [
    "METHODS",
    "Method",
    "beyond_replicates",
    "interval",
    "open_levels",
    "pvalue",
    "resolve_method",
    "resolved_endpoints",
    "tail_probability",
]

Formula = Callable[[Evidence, FloatArray], FloatArray]

_MEDIAN = np.array([0.5])
# Of (R + 1) p, as in the quantiles.
_ROUNDING = 1e-8


# Levels: the share of a law that stands for confidence p. Shapes are those of p.


def _nominal(evidence: Evidence, p: FloatArray) -> FloatArray:
    """The confidence itself."""
    return p


def _widened(evidence: Evidence, p: FloatArray) -> FloatArray:
    """Student's quantiles, and a variance over n - 1, not n: Hesterberg (2015)."""
    n = evidence.n_units
    if n < 2:
        return np.full_like(p, np.nan)
    return np.asarray(ndtr(np.sqrt(n / (n - 1)) * stdtrit(n - 1, p)))


def _moved(p: FloatArray, z0: float, a: float) -> FloatArray:
    """Level corrected for median bias z0 and acceleration a: Efron (1987).

    Past its pole the formula turns around; the level has reached 0 or 1 there.
    """
    distance = z0 + ndtri(p)
    left = 1 - a * distance
    with np.errstate(divide="ignore", invalid="ignore"):
        z = z0 + distance / left
    return np.asarray(ndtr(np.where(left <= 0, np.copysign(np.inf, distance), z)))


def _bias_corrected(evidence: Evidence, p: FloatArray) -> FloatArray:
    """Moved by the median bias alone."""
    return _moved(p, evidence.median_bias, 0.0)


def _accelerated(evidence: Evidence, p: FloatArray) -> FloatArray:
    """Moved by median bias and acceleration: Efron & Tibshirani (1993), eq. 14.10."""
    return _moved(p, evidence.median_bias, evidence.acceleration)


def _widened_accelerated(evidence: Evidence, p: FloatArray) -> FloatArray:
    """Widened before it is moved."""
    return _accelerated(evidence, _widened(evidence, p))


def _calibrated(evidence: Evidence, p: FloatArray) -> FloatArray:
    """The level at which resamples of resamples cover the estimate in a share p.

    Of one endpoint at a time: Beran (1987); Efron & Tibshirani (1993), algorithm 18.1.
    """
    return np.clip(evidence.rank_quantile(p), 0, 1)


# Laws: their quantiles. Shapes are those of p.


def _of_replicates(evidence: Evidence, p: FloatArray) -> FloatArray:
    """Values of the replicates."""
    return evidence.replicate_quantile(p)


def _reflected(evidence: Evidence, p: FloatArray) -> FloatArray:
    """Values as far on the other side of the estimate."""
    return 2 * evidence.estimate - evidence.replicate_quantile(1 - p)


def _studentized(evidence: Evidence, p: FloatArray) -> FloatArray:
    """Reflected distances, each in its own standard error."""
    error = evidence.estimate_error if evidence.estimate_error > 0 else np.nan
    return np.asarray(evidence.estimate - error * evidence.pivot_quantile(1 - p))


def _normal(evidence: Evidence, p: FloatArray) -> FloatArray:
    """The normal law with the bias taken out."""
    z = ndtri(p)
    unbiased = evidence.estimate - evidence.bias
    return np.asarray(unbiased + evidence.standard_error * z)


def _normal_inverse(evidence: Evidence, value: float) -> float:
    """Standard errors from the unbiased estimate to the value; nan where they are 0."""
    error = evidence.standard_error
    if error <= evidence.rounding:
        return float("nan")
    return (value - evidence.estimate + evidence.bias) / error


def _smoothed(evidence: Evidence, p: FloatArray) -> FloatArray:
    """Values of the replicates under a kernel."""
    return evidence.smoothed_quantile(p)


@final
@dataclass(frozen=True, slots=True)
class Method:
    """A confidence distribution: ``endpoint(p) = quantile(level(p))``.

    Attributes
    ----------
    level : callable
        Maps an evidence and an array of confidences to the levels that stand for them.
    quantile : callable
        Maps an evidence and an array of levels to values, ascending.
    fallback : str or None
        The method that takes over where this one has no finite endpoint. None where
        it always has one.
    inverse : callable or None
        Maps an evidence and a value to the normal quantile of the confidence that the
        parameter lies below it, by a closed form. None where levels are those of
        replicates, and so none lies beyond the outermost one.
    """

    level: Formula
    quantile: Formula
    fallback: str | None = None
    inverse: Callable[[Evidence, float], float] | None = None

    def __call__(self, evidence: Evidence, p: FloatArray) -> FloatArray:
        """Values that the parameter lies below with confidence p, shape of p."""
        return self.quantile(evidence, self.level(evidence, p))

    def is_beyond(self, evidence: Evidence, p: FloatArray) -> BoolArray:
        """Whether the level at p lies beyond the outermost replicate, shape of p."""
        if self.inverse is not None:
            return np.zeros(p.shape, dtype=np.bool_)
        level = self.level(evidence, p)
        nearer_end = (evidence.n_resamples + 1) * np.minimum(level, 1 - level)
        return np.asarray(nearer_end < 1 - _ROUNDING)


METHODS: Mapping[str, Method] = {
    "percentile": Method(_nominal, _of_replicates),
    "basic": Method(_nominal, _reflected),
    "normal": Method(_nominal, _normal, inverse=_normal_inverse),
    "bc": Method(_bias_corrected, _of_replicates, fallback="percentile"),
    "bca": Method(_accelerated, _of_replicates, fallback="bc"),
    "studentized": Method(_nominal, _studentized, fallback="bca"),
    "expanded": Method(_widened, _of_replicates, fallback="percentile"),
    "expanded_bca": Method(_widened_accelerated, _of_replicates, fallback="expanded"),
    "calibrated": Method(_calibrated, _of_replicates),
    "smoothed": Method(_nominal, _smoothed, fallback="percentile"),
}


def interval(
    evidence: Evidence,
    method: str = "bca",
    confidence_level: float = 0.95,
    alternative: str = "two-sided",
) -> tuple[float, float]:
    """Return the confidence interval of one number.

    Where the method has no finite endpoint, as BCa where all replicates lie on one
    side of the estimate, its fallback takes over; `resolve_method` names it.

    Parameters
    ----------
    evidence : Evidence
        Estimate and replicates.
    method : str, default="bca"
        One of `METHODS`: "percentile", "basic", "normal", "bc", "bca", "studentized",
        "expanded", "expanded_bca", "calibrated" or "smoothed".
    confidence_level : float, default=0.95
        Wanted coverage, in (0, 1).
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        "two-sided" leaves the same confidence out at both ends, "less" has an upper
        end only and "greater" a lower one.

    Returns
    -------
    low, high : float
        An open end is infinite.

    Raises
    ------
    ValueError
        If a parameter is outside what is allowed, there are too few replicates for the
        confidence level, or the method wants what the evidence has not.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman &
       Hall, 1993, chapters 12-14 and 18.
    .. [2] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997, chapter 5.
    .. [3] B. Efron, "Better bootstrap confidence intervals", Journal of the American
       Statistical Association 82(397), 171-185, 1987.
    .. [4] R. Beran, "Prepivoting to reduce level error of confidence sets",
       Biometrika 74(3), 457-468, 1987.
    .. [5] T. C. Hesterberg, "What teachers should know about the bootstrap", The
       American Statistician 69(4), 371-386, 2015.

    Examples
    --------
    Replicates of a skewed statistic. The basic interval turns the skewness over:

    >>> import numpy as np
    >>> levels = np.arange(1, 1000) / 1000
    >>> evidence = Evidence(0.69, -np.log(1 - levels), n_units=50)
    >>> for method in ("percentile", "basic"):
    ...     low, high = interval(evidence, method, confidence_level=0.9)
    ...     print(f"{method:10} {low:5.2f} {high:5.2f}")
    percentile  0.05  3.00
    basic      -1.62  1.33
    """
    levels = open_levels(evidence, method, confidence_level, alternative)
    _, endpoints = resolved_endpoints(evidence, method, levels)
    low = -np.inf if alternative == "less" else endpoints[0]
    high = np.inf if alternative == "greater" else endpoints[-1]
    return float(low), float(high)


def resolve_method(
    evidence: Evidence,
    method: str,
    confidence_level: float | None = None,
    alternative: str = "two-sided",
) -> str:
    """Return the method that `interval` or `pvalue` uses where `method` is asked for.

    It is another one where the evidence gives the method no finite endpoint: "bca"
    becomes "bc" where the acceleration is not known and "percentile" where all
    replicates lie on one side of the estimate.

    Parameters
    ----------
    evidence : Evidence
        Estimate and replicates.
    method : str
        One of `METHODS`.
    confidence_level : float or None, default=None
        Level of the interval. None is for a p-value.
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        Which ends the interval has.

    Returns
    -------
    str
        One of `METHODS`.

    Raises
    ------
    ValueError
        As `interval` does.

    Examples
    --------
    >>> import numpy as np
    >>> evidence = Evidence(9.0, np.arange(999) / 999, n_units=50)
    >>> resolve_method(evidence, "bca")
    'percentile'
    """
    if confidence_level is None:
        return resolved_endpoints(evidence, method, _MEDIAN)[0]
    levels = open_levels(evidence, method, confidence_level, alternative)
    return resolved_endpoints(evidence, method, levels)[0]


def beyond_replicates(
    evidence: Evidence,
    method: str = "bca",
    confidence_level: float = 0.95,
    alternative: str = "two-sided",
) -> bool:
    """Whether an end of the `interval` lies beyond the outermost replicate.

    The outermost replicate then stands for it, and the interval is too short there.
    BCa, expanded and calibrated intervals move levels outwards and so may ask for more
    replicates than the confidence level alone.

    Parameters
    ----------
    evidence : Evidence
        Estimate and replicates.
    method : str, default="bca"
        One of `METHODS`.
    confidence_level : float, default=0.95
        Wanted coverage, in (0, 1).
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        Which ends the interval has.

    Returns
    -------
    bool
        True means: take more replicates.

    Raises
    ------
    ValueError
        As `interval` does.

    Examples
    --------
    For five units the expanded interval wants the 0.00095-quantile:

    >>> import numpy as np
    >>> evidence = Evidence(0.5, np.arange(999) / 998, n_units=5)
    >>> beyond_replicates(evidence, "expanded")
    True
    """
    levels = open_levels(evidence, method, confidence_level, alternative)
    used, _ = resolved_endpoints(evidence, method, levels)
    return bool(METHODS[used].is_beyond(evidence, levels).any())


def tail_probability(evidence: Evidence, method: str, value: float) -> float:
    """Return the confidence that the parameter lies below a value.

    The inverse of the endpoints: an interval whose upper end is `value` has this level.

    Parameters
    ----------
    evidence : Evidence
        Estimate and replicates.
    method : str
        One of `METHODS`.
    value : float
        Any finite number.

    Returns
    -------
    float
        In (0, 1); right to 1 / (n_resamples + 1), and in the middle of the levels that
        have `value` as their endpoint.

    Raises
    ------
    ValueError
        If the value is not finite or the method wants what the evidence has not.

    Examples
    --------
    >>> import numpy as np
    >>> evidence = Evidence(5.0, np.arange(1.0, 10.0), n_units=20)
    >>> tail_probability(evidence, "percentile", 5.0)
    0.5
    """
    check_value("tail_probability", "value", value)
    below, above = _tails(evidence, method, value)
    return (below + 1 - above) / 2


def pvalue(
    evidence: Evidence,
    method: str = "bca",
    null: float = 0.0,
    alternative: str = "two-sided",
) -> float:
    """Return the p-value of the hypothesis that the parameter is `null`.

    It is at most ``1 - confidence_level`` where `null` lies outside the interval of
    that level, the ends of the interval being levels of replicates.

    Parameters
    ----------
    evidence : Evidence
        Estimate and replicates.
    method : str, default="bca"
        One of `METHODS`.
    null : float, default=0.0
        Value of the parameter under the hypothesis.
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        What the parameter is otherwise: another value, a lesser or a greater one.

    Returns
    -------
    float
        In (0, 1]. Of R replicates it is no less than 1 / (R + 1), as the estimate
        itself is counted among them, but for "normal", which does not count.

    Raises
    ------
    ValueError
        If a parameter is outside what is allowed, or the method wants what the
        evidence has not.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997, equation 4.11 and section 5.3.

    Examples
    --------
    >>> import numpy as np
    >>> evidence = Evidence(5.0, np.arange(1.0, 100.0) / 10, n_units=20)
    >>> pvalue(evidence, "percentile", null=0.25)
    0.06
    """
    check_value("pvalue", "null", null)
    check_choice("pvalue", "alternative", alternative, ALTERNATIVES)
    return pvalue_of(*_tails(evidence, method, null), alternative)


def resolved_endpoints(
    evidence: Evidence, method: str, p: FloatArray
) -> tuple[str, FloatArray]:
    """Name and endpoints of the first method down the fallbacks that has some."""
    check_choice("interval", "method", method, METHODS)
    name: str | None = method
    while name is not None:
        used, endpoints = name, METHODS[name](evidence, p)
        name = None if np.isfinite(endpoints).all() else METHODS[name].fallback
    return used, endpoints


def open_levels(
    evidence: Evidence, method: str, confidence_level: float, alternative: str
) -> FloatArray:
    """Levels of the ends that are not open, shape (1,) or (2,), after all checks."""
    check_level("interval", confidence_level, alternative)
    check_choice("interval", "method", method, METHODS)
    if METHODS[method].inverse is None:
        check_n_resamples(evidence.n_resamples, confidence_level, alternative)
    levels = np.array(tail_levels(confidence_level, alternative))
    return levels[(levels > 0) & (levels < 1)]


def _tails(evidence: Evidence, method: str, value: float) -> tuple[float, float]:
    """Confidence at or below the value and at or above it."""
    used, _ = resolved_endpoints(evidence, method, _MEDIAN)
    formula = METHODS[used]
    z = np.nan if formula.inverse is None else formula.inverse(evidence, value)
    if np.isfinite(z):
        tails = np.maximum(ndtr([z, -z]), np.finfo(np.float64).tiny)
        return float(tails[0]), float(tails[1])

    def endpoint(p: FloatArray) -> FloatArray:
        """Endpoints, infinite where no replicate says how far out they are."""
        outwards = np.where(p < 0.5, -np.inf, np.inf)
        beyond = formula.is_beyond(evidence, p)
        return np.where(beyond, outwards, formula(evidence, p))

    n_levels = evidence.n_resamples + 1
    return tails_at(endpoint, float(value), n_levels, evidence.rounding)
