"""How much a bagged prediction would differ on other data of the same kind.

A bag is a smooth function of the weights of rows. Its derivatives are covariances of
weights and members' outputs: the infinitesimal jackknife.

- B. Efron, "Estimation and accuracy after model selection", Journal of the American
  Statistical Association 109(507), 991-1007, 2014, theorem 1;
- S. Wager, T. Hastie, B. Efron, "Confidence intervals for random forests: the jackknife
  and the infinitesimal jackknife", Journal of Machine Learning Research 15, 1625-1651,
  2014, equations 5 and 7.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from ensembles._typing import FloatArray, IntArray

__all__ = ["SamplingVariance", "infinitesimal_jackknife"]

_BLOCK_VALUES = 2**20


@final
class SamplingVariance(NamedTuple):
    """Two arrays of one shape."""

    variance: FloatArray
    """Of the ensemble's prediction over samples of the training data."""
    mc_error: FloatArray
    """Standard error of that, for there being so many members and no more."""


def infinitesimal_jackknife(
    weights: FloatArray | IntArray, outputs: FloatArray
) -> SamplingVariance:
    """Estimate the variance of a mean of members over samples of their rows.

    Parameters
    ----------
    weights : ndarray of shape (n_members, n_training_rows)
        How often each member saw each row; rows are drawn alike.
    outputs : ndarray of shape (n_members, ...)
        What members say.

    Returns
    -------
    SamplingVariance
        Corrected for the noise of few members, which may leave less than nothing, and
        is then zero.

    Examples
    --------
    Members that are means of their rows; of the mean of n values it is known:

    >>> import numpy as np
    >>> from ensembles._ensemble._sampling_variance import infinitesimal_jackknife
    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(size=50)
    >>> counts = rng.multinomial(50, np.full(50, 1 / 50), size=20_000)
    >>> means = counts @ values / 50
    >>> found = infinitesimal_jackknife(counts, means[:, None])
    >>> print(f"{found.variance[0]:.4f} +- {found.mc_error[0]:.4f}")
    0.0150 +- 0.0003
    >>> print(f"{values.var() / 50:.4f}")
    0.0155
    """
    n_members, n_rows = weights.shape
    centred = weights - weights.mean(axis=0)
    noise = centred.var(axis=0)  # of the weights of each row
    # Weights with mean m and covariance c m (I - 1/n) have covariances c u / n with an
    # output whose influences are u: c is one for draws with replacement.
    scale = noise.sum() / ((n_rows - 1) * weights.mean())
    flat = outputs.reshape(n_members, -1)
    of_members = flat.var(axis=0)
    raw = np.empty(flat.shape[1])
    size = max(1, _BLOCK_VALUES // n_rows)
    for first in range(0, len(raw), size):
        part = flat[:, first : first + size]
        covariances = (part - part.mean(axis=0)).T @ centred / n_members
        raw[first : first + size] = np.einsum("ij,ij->i", covariances, covariances)
    # Of B normal pairs with covariances s of weights, v of outputs and C between them,
    # sample covariances C_i and C_j have the covariance (s_ij v + C_i C_j) / B.
    variance = np.maximum(raw - noise.sum() * of_members / n_members, 0.0)
    of_squares = 4 * variance * (noise.mean() * of_members + variance) / n_members
    of_squares += 2 * (noise**2).sum() * (of_members / n_members) ** 2
    shape = outputs.shape[1:]
    return SamplingVariance(
        (variance / scale**2).reshape(shape),
        (np.sqrt(of_squares) / scale**2).reshape(shape),
    )
