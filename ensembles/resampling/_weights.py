"""Random weights on all rows instead of a draw of some."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from scipy.special import pdtr

from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState
from ensembles._validation import invalid_parameter, is_positive
from ensembles.resampling._base import (
    BaseScheme,
    BoundScheme,
    Seeds,
    compiled,
    rows_by_weights,
)

__all__ = ["BayesianBootstrap", "PoissonBootstrap"]

# Distribution function of Poisson(1); above 19 it is 1 to the last bit.
POISSON_1 = pdtr(np.arange(20), 1.0)
POISSON_1[-1] = 1.0
# Weights of a smaller concentration underflow to zero, which promises none.
_LEAST_ALPHA = 0.1


@final
class BayesianBootstrap(BaseScheme):
    """Weight all rows by a Dirichlet draw (the Bayesian bootstrap).

    Use it for a posterior of a statistic under no model of the data, and for members
    that should see every row: no class, level or extreme row is ever missing. With
    weights no row is out-of-bag; where rows are asked for (as a splitter, or for
    members without ``sample_weight``), n rows are drawn with the weights as
    probabilities, and about half of them stay out-of-bag.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    alpha : float, default=1.0
        Concentration of the Dirichlet, the same for all rows, at least 0.1. 1 is
        Rubin's; larger numbers bring the weights closer to equal.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `alpha` is not a number of at least 0.1.

    See Also
    --------
    Bootstrap : Draws rows.
    PoissonBootstrap : Independent integer weights.

    References
    ----------
    .. [1] D. B. Rubin, "The Bayesian bootstrap", The Annals of Statistics 9(1),
       130-134, 1981.

    Examples
    --------
    The posterior standard deviation of a mean; theory says 36.18:

    >>> import numpy as np
    >>> from ensembles.resampling import BayesianBootstrap
    >>> hours = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
    >>> scheme = BayesianBootstrap(5000, random_state=0)
    >>> means = [W @ hours / W.sum(axis=1) for W in scheme.iter_weights(hours)]
    >>> print(f"{np.concatenate(means).std():.1f}")
    36.2
    """

    def __init__(
        self,
        n_resamples: int = 100,
        *,
        alpha: float = 1.0,
        random_state: RandomState = None,
    ) -> None:
        self.n_resamples = n_resamples
        self.alpha = alpha
        self.random_state = random_state

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        if not is_positive(self.alpha) or self.alpha < _LEAST_ALPHA:
            raise invalid_parameter(
                self,
                "alpha",
                self.alpha,
                f"a float in the range [{_LEAST_ALPHA}, inf)",
                "Below it nearly all weight falls on a few rows.",
            )
        return _BoundDirichlet(n_samples, float(self.alpha))


@final
class _BoundDirichlet(BoundScheme):
    """Dirichlet weights scaled to sum to the number of rows."""

    draws_rows = False

    def __init__(self, n_samples: int, alpha: float | FloatArray) -> None:
        super().__init__(n_samples)
        self.alpha = alpha

    def around(self, seed: Any) -> _BoundDirichlet:
        """Weights that scatter around those of a replicate as they do around 1."""
        return _BoundDirichlet(self.n_samples, self.alpha * self.weights(seed))

    @property
    def expected_weights(self) -> FloatArray | None:
        """In proportion to the concentrations."""
        alpha = np.asarray(self.alpha)
        return alpha / alpha.mean() if alpha.ndim else None

    @property
    def spread(self) -> float:
        """Rubin's own, of alpha 1, strays as the mean does."""
        return float(np.mean(self.alpha) ** -0.5)

    @property
    def total(self) -> float:
        """Weights are scaled to the number of rows."""
        return float(self.n_samples)

    def _draw(self, rng: np.random.Generator) -> FloatArray:
        """Weights that sum to the number of rows, shape (n_samples,)."""
        gammas = rng.standard_gamma(self.alpha, self.n_samples)
        return np.asarray(gammas * (self.n_samples / gammas.sum()))

    def leaves_rows_out(self, *, as_weights: bool) -> bool:
        """Not as weights: all are positive."""
        return not as_weights

    def weights(self, seed: Any) -> FloatArray:
        """Weights of one replicate."""
        return self._draw(np.random.default_rng(seed))

    def rows(self, seed: Any) -> IntArray:
        """Rows drawn with the weights of the same replicate as probabilities."""
        rng = np.random.default_rng(seed)
        return rows_by_weights(self._draw(rng), rng)


@final
class PoissonBootstrap(BaseScheme):
    """Weight rows by independent Poisson(1) counts.

    Use it where rows come as a stream or stand on several machines: the count of a
    row needs no knowledge of n [1]_. For n of a few hundred and more it is as good as
    `Bootstrap`; below, the varying size of the replicates adds error to statistics
    that depend on n, and with a handful of rows a replicate may be empty.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `n_resamples` is not a positive int.

    See Also
    --------
    Bootstrap : Draws rows; replicates all have the same size.
    BayesianBootstrap : Continuous weights, none zero.

    References
    ----------
    .. [1] N. Chamandy, O. Muralidharan, A. Najmi, S. Naidu, "Estimating uncertainty
       for massive data streams", Google, 2012.

    Examples
    --------
    >>> from ensembles.resampling import PoissonBootstrap
    >>> scheme = PoissonBootstrap(2, random_state=0)
    >>> for train, test in scheme.split(range(8)):
    ...     print(train, test)
    [3 3 4 5 6 7] [0 1 2]
    [0 1 1 1 1 2 2 4 5 5 5 5 6 6 7 7] [3]
    """

    def __init__(
        self, n_resamples: int = 100, *, random_state: RandomState = None
    ) -> None:
        self.n_resamples = n_resamples
        self.random_state = random_state

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        return _BoundPoisson(n_samples)


@final
class _BoundPoisson(BoundScheme):
    """Independent Poisson(1) counts."""

    def rows(self, seed: Any) -> IntArray:
        """Each row as often as its count says, ascending."""
        counts = self.weights(seed).astype(np.intp)
        return np.repeat(np.arange(self.n_samples), counts)

    def weights(self, seed: Any) -> FloatArray:
        """Counts of one replicate."""
        return np.asarray(self.weight_rows([seed])[0])

    def weight_rows(self, seeds: Seeds) -> FloatArray:
        """Counts of several replicates."""
        counts = np.empty((len(seeds), self.n_samples))
        compiled().count_poisson(np.asarray(seeds), 0, POISSON_1, counts)
        return counts
