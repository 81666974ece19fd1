"""What a booster of whole distributions asks of a loss."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from ensembles._typing import FloatArray
from ensembles.losses._base import Loss

__all__ = ["DistributionLoss", "exp_of", "log_step"]

# exp of it and its square are finite, and so are those of minus it.
_LARGEST = 300.0


class DistributionLoss(Loss):
    """Negative log-likelihood of a distribution, whose parameters are predicted.

    Take one of :mod:`ensembles.losses`, or derive your own: besides `value`,
    `gradient_hessian` and `initial_value` it needs `parameters` and `distribution`.
    Raw predictions are the parameters, on scales without bounds: logarithms of those
    that must be positive.

    In place of the second derivative, `gradient_hessian` writes the Fisher information:
    the mean of the second derivative, and of the square of the first, over targets
    drawn from the distribution. It is never negative, and makes each Newton step a
    natural gradient, which does not depend on the units of parameters. That it is taken
    to be diagonal costs nothing but speed where it is not.

    Attributes
    ----------
    parameters : tuple of str
        What the raw predictions stand for.
    spread : int or None
        Which of them says how far targets spread, so that rows that were set aside can
        correct it. None where none does.
    n_raw : int
        Number of parameters.
    has_constant_hessian : bool
        False.
    renews_leaves : bool
        False.

    Raises
    ------
    NotImplementedError
        From `leaf_value`: leaves take steps.

    See Also
    --------
    DistributionBoostingRegressor : Boosts trees for all parameters.

    References
    ----------
    .. [1] S. Amari, "Natural gradient works efficiently in learning", Neural
       Computation 10(2), 1998, pp. 251-276.
    .. [2] T. Duan et al., "NGBoost: natural gradient boosting for probabilistic
       prediction", International Conference on Machine Learning, 2020, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import stats
    >>> from ensembles.losses import DistributionLoss
    >>> class Exponential(DistributionLoss):
    ...     parameters = ("log scale",)
    ...
    ...     def value(self, y, raw):
    ...         return raw + y * np.exp(-raw)
    ...
    ...     def gradient_hessian(self, y, raw, gradient, hessian):
    ...         gradient[:], hessian[:] = 1.0 - y * np.exp(-raw), 1.0
    ...
    ...     def initial_value(self, y, sample_weight):
    ...         return np.log(np.average(y, weights=sample_weight))
    ...
    ...     def distribution(self, raw):
    ...         return stats.expon(scale=np.exp(raw))
    >>> loss, y = Exponential(), np.array([1.0, 2.0, 6.0])
    >>> round(float(loss.distribution(loss.initial_value(y, None)).mean()), 6)
    3.0
    """

    parameters: tuple[str, ...] = ()
    spread: int | None = None

    @property
    def n_raw(self) -> int:  # type: ignore[override]
        """Number of parameters."""
        return len(self.parameters)

    @abstractmethod
    def distribution(self, raw: FloatArray) -> Any:
        """Distributions of the targets of rows.

        Parameters
        ----------
        raw : ndarray of shape (n_samples,) or (n_samples, n_raw)
            Raw predictions.

        Returns
        -------
        rv_frozen
            One of :mod:`scipy.stats`, for n_samples rows at once.
        """

    def prediction(self, raw: FloatArray) -> FloatArray:
        """Means of the distributions.

        Parameters
        ----------
        raw : ndarray of shape (n_samples,) or (n_samples, n_raw)
            Raw predictions.

        Returns
        -------
        ndarray of shape (n_samples,)
            What `predict` returns.
        """
        return np.asarray(self.distribution(raw).mean())

    def log_likelihood(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        """Log-likelihood of each row; here, minus `value`.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Targets.
        raw : ndarray of shape (n_samples,) or (n_samples, n_raw)
            Raw predictions.

        Returns
        -------
        ndarray of shape (n_samples,)
            With what a `value` leaves out.
        """
        return -self.value(y, raw)

    def step(self, parameter: int, steps: FloatArray) -> FloatArray:
        """What is best added to a parameter in leaves, of their Newton steps.

        Here, the steps. A step of a logarithm is often far too long where it is long at
        all, and known to be: of a scale, it grows as the square of residuals, where
        what is best grows as their logarithm.

        Parameters
        ----------
        parameter : int
            Which raw prediction.
        steps : ndarray of shape (n_leaves,)
            Newton steps.

        Returns
        -------
        ndarray of shape (n_leaves,)
            Zero where the steps are.
        """
        del parameter
        return steps


def exp_of(raw: FloatArray) -> FloatArray:
    """Exponential whose square is a positive finite number, too.

    Parameters
    ----------
    raw : ndarray
        Logarithms.

    Returns
    -------
    ndarray of the shape of `raw`
        Their exponentials.
    """
    return np.asarray(np.exp(np.clip(raw, -_LARGEST, _LARGEST)))


def log_step(steps: FloatArray, power: float) -> FloatArray:
    """Steps of a logarithm that are no longer than the logarithm of what they claim.

    Where a sum of logs and of ratios to this power is to be least, a mean ratio of
    ``1 + power * step`` makes the Newton step, and its logarithm is the best step. It
    is taken for steps up; steps down are their mirror image, shorter than the best
    ones, which have no bound.

    Parameters
    ----------
    steps : ndarray of shape (n_leaves,)
        Newton steps.
    power : float
        Of the ratios: two for a scale that residuals are squared over.

    Returns
    -------
    ndarray of shape (n_leaves,)
        Steps of the same signs, no longer.
    """
    return np.asarray(np.copysign(np.log1p(power * np.abs(steps)) / power, steps))
