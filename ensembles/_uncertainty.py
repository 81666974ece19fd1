"""How sure an ensemble is, in two parts: what is in the data, and what is not learned.

Of members m with probabilities p_m, in natural units of entropy H (Depeweg et al.,
"Decomposition of uncertainty in Bayesian deep learning", ICML, 2018, section 3),

    total = H(mean p_m),   aleatoric = mean H(p_m),   epistemic = total - aleatoric,

and of members with means and variances, by the law of total variance,

    aleatoric = mean var_m,   epistemic = Var(mean_m),   total = their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, final

import numpy as np
from scipy.special import entr

from ensembles._typing import FloatArray

__all__ = ["Uncertainty", "of_moments", "of_probabilities", "of_spread"]


@final
class Uncertainty(NamedTuple):
    """Three arrays of one shape, each row's total and the two parts of it."""

    total: FloatArray
    """Of the ensemble's prediction."""
    aleatoric: FloatArray
    """What members find uncertain themselves: more data would not help."""
    epistemic: FloatArray
    """What they disagree about: more data would. Zero for a single member."""


def of_probabilities(
    outputs: Iterable[FloatArray], weights: FloatArray | None = None
) -> Uncertainty:
    """Entropies, in nats.

    Parameters
    ----------
    outputs : iterable of ndarray of shape (n_samples, n_classes)
        Each member's probabilities.
    weights : ndarray of shape (n_members,) or None, default=None
        Weights of members.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles._uncertainty import of_probabilities
    >>> parts = of_probabilities([np.array([[0.9, 0.1]]), np.array([[0.1, 0.9]])])
    >>> [round(float(part[0]), 6) for part in parts]
    [0.693147, 0.325083, 0.368064]
    """
    return _of_concave(entr, outputs, weights)


def of_spread(
    outputs: Iterable[FloatArray], weights: FloatArray | None = None
) -> Uncertainty:
    """Variances of the indicators of classes, added up over classes.

    total = sum p (1 - p) of the mean p, aleatoric = mean of the same of members,
    epistemic = sum Var(p_m), their difference by the law of total variance.

    Parameters
    ----------
    outputs : iterable of ndarray of shape (n_samples, n_classes)
        Each member's probabilities.
    weights : ndarray of shape (n_members,) or None, default=None
        Weights of members.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles._uncertainty import of_spread
    >>> parts = of_spread([np.array([[0.9, 0.1]]), np.array([[0.1, 0.9]])])
    >>> [round(float(part[0]), 6) for part in parts]
    [0.5, 0.18, 0.32]
    """
    return _of_concave(_variance, outputs, weights)


def _variance(probabilities: FloatArray) -> FloatArray:
    """Variances of the indicators of classes."""
    return probabilities * (1.0 - probabilities)


def _of_concave(
    measure: Callable[[FloatArray], FloatArray],
    outputs: Iterable[FloatArray],
    weights: FloatArray | None,
) -> Uncertainty:
    """A measure of probabilities, over all classes: of their mean, and its mean."""
    weight, summed, measured = 0.0, np.zeros(()), np.zeros(())
    for number, probabilities in enumerate(outputs):
        own = 1.0 if weights is None else float(weights[number])
        weight += own
        summed = summed + own * probabilities
        measured = measured + own * measure(probabilities).sum(axis=1)
    total = measure(summed / weight).sum(axis=1)
    aleatoric = measured / weight
    # By Jensen's inequality never below zero, but for rounding.
    return Uncertainty(total, aleatoric, np.maximum(total - aleatoric, 0.0))


def of_moments(moments: Iterable[tuple[FloatArray, FloatArray]]) -> Uncertainty:
    """Variances.

    Parameters
    ----------
    moments : iterable of pairs of ndarrays of shape (n_samples, ...)
        Each member's means and variances.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles._uncertainty import of_moments
    >>> one, other = (
    ...     (np.array([0.0]), np.array([1.0])),
    ...     (np.array([2.0]), np.array([3.0])),
    ... )
    >>> of_moments([one, other])
    Uncertainty(total=array([3.]), aleatoric=array([2.]), epistemic=array([1.]))
    """
    means, variances = map(np.stack, zip(*moments, strict=True))
    aleatoric, epistemic = variances.mean(axis=0), means.var(axis=0)
    return Uncertainty(aleatoric + epistemic, aleatoric, epistemic)
