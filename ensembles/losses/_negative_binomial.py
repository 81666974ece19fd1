"""Negative binomial distributions, whose mean and dispersion are predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import optimize, stats
from scipy.special import digamma, gammaln

from ensembles._typing import FloatArray
from ensembles.losses._deviances import PoissonLoss
from ensembles.losses._distribution import DistributionLoss, exp_of, log_step

__all__ = ["NegativeBinomialLoss"]

# Logarithms of dispersions that differ from none, and that floats can tell apart.
_LOG_DISPERSION = (-12.0, 12.0)


@final
@dataclass(frozen=True)
class NegativeBinomialLoss(DistributionLoss):
    """Negative log-likelihood of negative binomial distributions, for counts.

    Counts vary more than a Poisson distribution allows wherever rows of the same
    features differ in something else: the variance is ``mean + dispersion * mean**2``.
    Intervals of `PoissonLoss` are then too narrow. Where counts vary less than that
    distribution says, dispersions go to zero, and `PoissonLoss` is faster and as good.

    Attributes
    ----------
    parameters : tuple of str
        Logarithms of the mean and of the dispersion.
    spread : int
        1, the second.
    n_raw : int
        Two raw predictions a row.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    ValueError
        From `check_target`, if a target is negative or not a whole number, or all are
        zero.

    See Also
    --------
    PoissonLoss : Without dispersion.

    Notes
    -----
    The information about the dispersion has no closed form. That of a normal
    distribution of the same mean and variance stands for it, which is within a factor
    of two of it unless most counts are zero, and then above it: steps are shorter.

    References
    ----------
    .. [1] J. F. Lawless, "Negative binomial and mixed Poisson regression", Canadian
       Journal of Statistics 15(3), 1987, pp. 209-225.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import NegativeBinomialLoss
    >>> raw = np.log([[10.0, 0.01], [10.0, 1.0]])
    >>> NegativeBinomialLoss().distribution(raw).var().round(3)
    array([ 11., 110.])
    """

    parameters = ("log mean", "log dispersion")
    spread = 1

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        mean, dispersion = exp_of(raw[:, 0]), _dispersion(raw)
        size, log_more = 1.0 / dispersion, np.log1p(dispersion * mean)
        log_odds = np.log(mean) + np.log(dispersion) - log_more
        ways = gammaln(y + size) - gammaln(size) - gammaln(y + 1.0)
        return np.asarray(size * log_more - y * log_odds - ways)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        mean, dispersion = exp_of(raw[:, 0]), _dispersion(raw)
        size, more = 1.0 / dispersion, 1.0 + dispersion * mean
        gradient[:, 0], hessian[:, 0] = (mean - y) / more, mean / more
        slope = digamma(y + size) - digamma(size) - np.log1p(dispersion * mean)
        gradient[:, 1] = size * slope + (mean - y) / more
        hessian[:, 1] = 0.5 * (dispersion * mean / more) ** 2

    def initial_value(
        self, y: FloatArray, sample_weight: FloatArray | None
    ) -> FloatArray:
        log_mean = PoissonLoss().initial_value(y, sample_weight)

        def mean_loss(log_dispersion: float) -> float:
            raw = np.broadcast_to([log_mean, log_dispersion], (len(y), 2))
            return self.mean(y, raw, sample_weight)

        best = optimize.minimize_scalar(
            mean_loss, bounds=_LOG_DISPERSION, method="bounded"
        )
        return np.array([log_mean, best.x])

    def check_target(self, y: FloatArray) -> None:
        self.check_range(y if np.sum(y) > 0 else np.full(1, np.nan))

    def check_range(self, y: FloatArray) -> None:
        if not (np.all(y >= 0) and np.all(y == np.rint(y))):
            raise ValueError(
                "distribution='negative_binomial' requires non-negative whole numbers "
                "y and sum(y) > 0."
            )

    def distribution(self, raw: FloatArray) -> Any:
        dispersion = _dispersion(raw)
        share = 1.0 / (1.0 + dispersion * exp_of(raw[..., 0]))
        return stats.nbinom(1.0 / dispersion, share)

    def prediction(self, raw: FloatArray) -> FloatArray:
        return exp_of(raw[..., 0])

    def step(self, parameter: int, steps: FloatArray) -> FloatArray:
        return log_step(steps, 1.0)


def _dispersion(raw: FloatArray) -> FloatArray:
    """Dispersions of rows."""
    return np.asarray(np.exp(np.clip(raw[..., 1], *_LOG_DISPERSION)))
