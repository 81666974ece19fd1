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

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray

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
    weights: FloatArray | IntArray,
    outputs: FloatArray,
    fits: IntArray | None = None,
) -> SamplingVariance:
    """Estimate the variance of a mean of members over samples of their rows.

    Parameters
    ----------
    weights : ndarray of shape (n_members, n_training_rows)
        How often each member saw each row; rows are drawn alike.
    outputs : ndarray of shape (n_members, ...)
        What members say.
    fits : ndarray of shape (n_members,) or None, default=None
        Number of the fit of each member; those of one fit were drawn by one law.

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
    fits = np.zeros(n_members, dtype=np.intp) if fits is None else fits
    flat = outputs.reshape(n_members, -1)
    laws = [_Law.of(weights[fits == one], fits == one) for one in np.unique(fits)]
    raw = np.empty(flat.shape[1])
    noise = np.zeros((len(raw), 3))  # sum, mean and sum of squares over rows
    size = max(1, _BLOCK_VALUES // n_rows)
    for first in range(0, len(raw), size):
        block = slice(first, first + size)
        influence = np.zeros((len(raw[block]), n_rows))
        of_rows = np.zeros_like(influence)
        for law in laws:
            part = flat[law.members, block]
            share = len(part) / n_members / law.scale
            centred = part - part.mean(axis=0)
            influence += share * (centred.T @ law.centred) / len(part)
            spread = share**2 * part.var(axis=0) / len(part)
            of_rows += spread[:, None] * law.noise
        raw[block] = np.einsum("ij,ij->i", influence, influence)
        sums = of_rows.sum(axis=1)
        squares = np.einsum("ij,ij->i", of_rows, of_rows)
        noise[block] = np.column_stack([sums, sums / n_rows, squares])
    # Of B normal pairs with covariances s of weights, v of outputs and C between them,
    # sample covariances C_i and C_j have the covariance (s_ij v + C_i C_j) / B.
    variance = np.maximum(raw - noise[:, 0], 0.0)
    of_squares = 4 * variance * (noise[:, 1] + variance / n_members) + 2 * noise[:, 2]
    shape = outputs.shape[1:]
    return SamplingVariance(variance.reshape(shape), np.sqrt(of_squares).reshape(shape))


@dataclass(frozen=True, slots=True)
class _Law:
    """How the members of one fit were given weights."""

    members: BoolArray
    centred: FloatArray
    """Weights of rows, less their means."""
    noise: FloatArray
    """Variances of the weights of each row."""
    scale: float
    """Of covariances of weights and outputs, for influences to be 1 / n of these.

    Weights that sum to m, with shares p and covariances c m (diag(p) - p p'), have
    covariances of c times the influences of rows: c is one with replacement.
    """

    @classmethod
    def of(cls, weights: FloatArray | IntArray, members: BoolArray) -> _Law:
        """The law of some weights, shape (n_members_of_the_fit, n_rows)."""
        mean = weights.mean(axis=0)
        centred = weights - mean
        noise = centred.var(axis=0)
        shares = mean / mean.sum()
        room = mean.sum() * (1 - (shares**2).sum())
        # Of a single member, or one that saw the same as all others, nothing is known.
        scale = noise.sum() / room if noise.any() and room > 0 else 1.0
        return cls(members, centred, noise, float(scale))
