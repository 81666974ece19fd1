"""Student's t distributions, whose location, scale and tails are predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import optimize, stats
from scipy.special import betaln, digamma, polygamma

from ensembles._typing import FloatArray
from ensembles._validation import invalid_parameter, is_positive
from ensembles.losses._distribution import DistributionLoss, exp_of, log_step
from ensembles.losses._means import exact_mean
from ensembles.losses._normal import log_of_scale
from ensembles.losses._quantiles import median

__all__ = ["StudentLoss"]

# Degrees of freedom beyond which tails are normal, and below which nothing is finite.
_LOG_DF = (-2.0, 7.0)


@final
@dataclass(frozen=True)
class StudentLoss(DistributionLoss):
    """Negative log-likelihood of Student's t distributions, for heavy tails.

    Rows far off count less the further they are, for the location and for the scale: a
    few gross errors do no harm. How heavy the tails are is learned too, unless it is
    given; a few hundred rows tell little about it. Where tails are normal, `NormalLoss`
    is faster and as good. Where most targets are one value, as zero, no scale is the
    best: this is for targets that vary.

    Parameters
    ----------
    df : float or None, default=None
        Degrees of freedom, above 0, of all rows. None for a parameter of its own that
        depends on the features.

    Attributes
    ----------
    df : float or None
        As given.
    parameters : tuple of str
        Location, logarithm of the scale and, unless they are given, logarithm of the
        degrees of freedom.
    spread : int
        1, the second.
    n_raw : int
        Two or three raw predictions a row.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    InvalidParameterError
        If `df` is not a positive number.

    See Also
    --------
    LaplaceLoss : Tails between normal ones and these.

    Notes
    -----
    Predictions are locations. These are means where there are any: with one degree of
    freedom or less there is none.

    References
    ----------
    .. [1] K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust statistical modeling
       using the t distribution", Journal of the American Statistical Association
       84(408), 1989, pp. 881-896; the information is in appendix B.

    Examples
    --------
    A gross error pulls at the location less than a small one does:

    >>> import numpy as np
    >>> from ensembles.losses import StudentLoss
    >>> loss, y = StudentLoss(df=3.0), np.array([1.0, 1000.0])
    >>> gradient, hessian = np.empty((2, 2)), np.empty((2, 2))
    >>> loss.gradient_hessian(y, np.zeros((2, 2)), gradient, hessian)
    >>> gradient[:, 0].round(3)
    array([-1.   , -0.004])
    """

    df: float | None = None

    spread = 1

    def __post_init__(self) -> None:
        if not (self.df is None or is_positive(self.df)):
            allowed = "None or a float in the range (0.0, inf)"
            raise invalid_parameter(self, "df", self.df, allowed)

    @property
    def parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the raw predictions stand for."""
        own = ("loc", "log scale", "log df")
        return own if self.df is None else own[:2]

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        df, far = self._df(raw), (y - raw[:, 0]) / exp_of(raw[:, 1])
        half = 0.5 * (df + 1.0)
        constant = betaln(0.5, 0.5 * df) + 0.5 * np.log(df)
        return np.asarray(constant + raw[:, 1] + half * np.log1p(far**2 / df))

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        df, one_over = self._df(raw), exp_of(-raw[:, 1])
        far = (y - raw[:, 0]) * one_over
        weight = (df + 1.0) / (df + far**2)
        gradient[:, 0] = -weight * far * one_over
        hessian[:, 0] = (df + 1.0) / (df + 3.0) * one_over**2
        gradient[:, 1] = 1.0 - weight * far**2
        hessian[:, 1] = 2.0 * df / (df + 3.0)
        if self.df is None:
            slope = digamma(0.5 * df) - digamma(0.5 * (df + 1.0)) + 1.0 / df
            slope += np.log1p(far**2 / df) - weight * far**2 / df
            gradient[:, 2], hessian[:, 2] = 0.5 * df * slope, _information_of_log(df)

    def initial_value(
        self, y: FloatArray, sample_weight: FloatArray | None
    ) -> FloatArray:
        middle = median(y, sample_weight)
        far = np.abs(y - middle)
        unit = median(far, sample_weight) or exact_mean(far, sample_weight)
        start = np.array([0.0, 0.0, np.log(4.0)])[: self.n_raw]
        log_unit = log_of_scale(unit, middle)
        if unit == 0.0:
            start[:2] = middle, log_unit
            return start
        unit = float(np.exp(log_unit))
        bounds = [(None, None), (-20.0, 20.0), _LOG_DF][: self.n_raw]
        best = optimize.minimize(
            self._mean_and_slope,
            start,
            ((y - middle) / unit, sample_weight),
            jac=True,
            bounds=bounds,
        ).x
        best[:2] = middle + unit * best[0], np.log(unit) + best[1]
        return np.asarray(best)

    def distribution(self, raw: FloatArray) -> Any:
        return stats.t(self._df(raw), raw[..., 0], exp_of(raw[..., 1]))

    def prediction(self, raw: FloatArray) -> FloatArray:
        return np.asarray(raw[..., 0])

    def step(self, parameter: int, steps: FloatArray) -> FloatArray:
        return steps if parameter == 0 else log_step(steps, 2.0)

    def _df(self, raw: FloatArray) -> Any:
        """Degrees of freedom of rows."""
        if self.df is not None:
            return float(self.df)
        return np.exp(np.clip(raw[..., 2], *_LOG_DF))

    def _mean_and_slope(
        self, raw: FloatArray, y: FloatArray, sample_weight: FloatArray | None
    ) -> tuple[float, FloatArray]:
        """Mean loss of rows that have these parameters in common, and its gradient."""
        rows = np.broadcast_to(raw, (len(y), self.n_raw))
        gradient, hessian = np.empty(rows.shape), np.empty(rows.shape)
        self.gradient_hessian(y, rows, gradient, hessian)
        slope = np.average(gradient, axis=0, weights=sample_weight)
        return self.mean(y, rows, sample_weight), np.asarray(slope)


def _information_of_log(df: FloatArray) -> FloatArray:
    """Fisher information of the logarithm of degrees of freedom."""
    bends = polygamma(1, 0.5 * df) - polygamma(1, 0.5 * (df + 1.0))
    rest = 2.0 * (df + 5.0) / (df * (df + 1.0) * (df + 3.0))
    return np.asarray(0.25 * df**2 * np.maximum(bends - rest, 0.0))
