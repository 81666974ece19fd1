"""What the interval of one number is made from: its estimate and its replicates.

A scheme may scatter its replicates around another value than the estimate, as moving
blocks do, which draw the ends of a series seldom. That bias is the scheme's and not the
statistic's, so replicates are moved by it once, here, and every method sees replicates
around the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np
from scipy.special import ndtri

from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles._validation import check_choice, check_count
from ensembles.inference._intervals._quantiles import (
    QUANTILE_METHODS,
    ascending,
    quantile,
    share_below,
)
from ensembles.inference._intervals._smoothing import SmoothedLaw, smoothed_law

__all__ = ["Evidence"]

_ROUNDING = 64 * float(np.finfo(np.float64).eps)
# Of the estimate's error: what is left of an error of zero where variances cancel and
# derivatives are differences, as those of a correlation of two distinct rows.
_NO_ERROR = 1e-3


@final
@dataclass(frozen=True, eq=False)
class Evidence:
    """Estimate and replicates of one number, with what some methods want besides.

    Parameters
    ----------
    estimate : float
        The statistic of the data.
    replicates : ndarray of shape (n_resamples,)
        The statistic of each resample, finite; at least two.
    n_units : int
        Number of independent units behind the estimate: rows, groups or blocks.
    centre : float or None, default=None
        What the replicates scatter around, where the scheme itself moves it away from
        the estimate. None is the estimate.
    acceleration : float, default=nan
        Skewness of the influence of the units, see `jackknife_acceleration`; nan where
        it is not known.
    estimate_error : float, default=nan
        Standard error of the estimate by the formula behind `replicate_errors`.
    replicate_errors : ndarray of shape (n_resamples,) or None, default=None
        Standard error of the statistic in each resample.
    inner_ranks : ndarray of shape (n_resamples,) or None, default=None
        For each resample, the share of its own resamples whose statistic is below the
        estimate, ties counted half.
    quantile_method : {"normal", "weibull", "linear"}, default="normal"
        How quantiles are read from replicates, see `quantile`.

    Raises
    ------
    ValueError
        If an array is not of shape (n_resamples,), a value is not finite, or there
        are fewer than two replicates.

    Examples
    --------
    >>> import numpy as np
    >>> evidence = Evidence(2.0, np.array([1.0, 2.0, 3.0, 4.0]), n_units=10)
    >>> evidence.bias
    0.5
    >>> evidence.share_below_estimate
    0.375
    """

    estimate: float
    replicates: FloatArray
    n_units: int
    centre: float | None = None
    acceleration: float = float("nan")
    estimate_error: float = float("nan")
    replicate_errors: FloatArray | None = None
    inner_ranks: FloatArray | None = None
    quantile_method: str = "normal"

    def __post_init__(self) -> None:
        check_count(self, "n_units", self.n_units)
        check_choice(self, "quantile_method", self.quantile_method, QUANTILE_METHODS)
        if self.replicates.ndim != 1 or len(self.replicates) < 2:
            raise ValueError(
                "replicates must be one-dimensional and at least two, got shape "
                f"{self.replicates.shape}."
            )
        finite: dict[str, Any] = {
            "estimate": self.estimate,
            "centre": self._around,
            "replicates": self.replicates,
            "inner_ranks": 0 if self.inner_ranks is None else self.inner_ranks,
        }
        for name, value in finite.items():
            if not np.all(np.isfinite(value)):
                raise ValueError(
                    f"{name} must be finite. Leave out the resamples in which the "
                    "statistic has no value, and say how many they were."
                )
        for name in ("replicate_errors", "inner_ranks"):
            values = getattr(self, name)
            if values is not None and values.shape != self.replicates.shape:
                raise ValueError(
                    f"{name} must have one entry for each of {self.n_resamples} "
                    f"replicates, got shape {values.shape}."
                )

    @property
    def n_resamples(self) -> int:
        """Number of replicates."""
        return len(self.replicates)

    @property
    def _around(self) -> float:
        """What the replicates scatter around."""
        return self.estimate if self.centre is None else self.centre

    @property
    def bias(self) -> float:
        """Mean of the replicates less what they scatter around."""
        return float(self.replicates.mean()) - self._around

    @property
    def standard_error(self) -> float:
        """Standard deviation of the replicates, of n_resamples - 1."""
        return float(self.replicates.std(ddof=1))

    @cached_property
    def _ascending(self) -> FloatArray:
        """Replicates around the estimate, shape (n_resamples,)."""
        in_order = ascending(self.replicates)
        shift = self.estimate - self._around
        return in_order + shift if shift else in_order

    @property
    def rounding(self) -> float:
        """What two computations of one replicate may differ by."""
        spread = float(self._ascending[-1] - self._ascending[0])
        return _ROUNDING * (abs(float(self.estimate)) + spread)

    @cached_property
    def _pivots(self) -> FloatArray:
        """Distances from the estimate in standard errors, ascending; nan if any is.

        A distance that has no error but that of rounding is infinite, so that ends are
        finite only where they lie further in. No distance with no error tells nothing.
        """
        if self.replicate_errors is None:
            raise ValueError(
                "method='studentized' needs the standard error of the statistic in "
                "each resample (replicate_errors)."
            )
        distances, errors = self.replicates - self._around, self.replicate_errors
        if not (errors >= 0).all():
            return np.full(2, np.nan)
        has_none = errors <= _NO_ERROR * np.nan_to_num(self.estimate_error)
        errors = np.where(has_none, 0.0, errors)
        told = ~(has_none & (np.abs(distances) <= self.rounding))
        with np.errstate(divide="ignore"):
            pivots = distances[told] / errors[told]
        return ascending(pivots) if len(pivots) > 1 else np.full(2, np.nan)

    @cached_property
    def _ranks(self) -> FloatArray:
        """Shares of inner replicates below the estimate, ascending."""
        if self.inner_ranks is None:
            raise ValueError(
                "method='calibrated' needs a second level of resamples (inner_ranks)."
            )
        return ascending(self.inner_ranks)

    @cached_property
    def _smoothed(self) -> SmoothedLaw:
        """Law of the replicates under a kernel."""
        return smoothed_law(self._ascending, self.n_units)

    @property
    def share_below_estimate(self) -> float:
        """Share of the replicates below the estimate, ties counted half."""
        return share_below(self._ascending, self.estimate, self.rounding)

    @property
    def median_bias(self) -> float:
        """Normal quantile of that share, z0; nan where all lie on one side."""
        share = self.share_below_estimate
        return float(ndtri(share)) if 0 < share < 1 else float("nan")

    def replicate_quantile(self, p: FloatArray) -> FloatArray:
        """Quantiles of the replicates around the estimate, shape of p."""
        return quantile(self._ascending, p, self.quantile_method)

    def pivot_quantile(self, p: FloatArray) -> FloatArray:
        """Quantiles of the studentized replicates, shape of p."""
        return quantile(self._pivots, p, self.quantile_method)

    def rank_quantile(self, p: FloatArray) -> FloatArray:
        """Quantiles of the inner ranks, uniform where no calibration is wanted."""
        return quantile(self._ranks, p, "weibull")

    def smoothed_quantile(self, p: FloatArray) -> FloatArray:
        """Quantiles of the smoothed replicates, shape of p; nan for a single unit."""
        if self.n_units < 2:
            return np.full_like(p, np.nan)
        if self._ascending[-1] - self._ascending[0] <= self.rounding:
            return self.replicate_quantile(p)
        return self._smoothed.quantile(p)

    def only(self, kept: BoolArray | IntArray) -> Evidence:
        """Evidence of some of the replicates, by a mask or by their numbers."""
        errors, ranks = self.replicate_errors, self.inner_ranks
        return replace(
            self,
            replicates=self.replicates[kept],
            replicate_errors=None if errors is None else errors[kept],
            inner_ranks=None if ranks is None else ranks[kept],
        )
