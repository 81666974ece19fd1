"""How far an endpoint would move with other replicates of the same data.

The endpoint is computed again from each of 31 halves of the replicates. The halves are
balanced: any two share a quarter of the replicates, so that their endpoints vary as 31
independent ones would, each by as much as the endpoint of all replicates varies about
the truth. The error of everything that a method takes from replicates is in it, the
median bias of BCa too, which the error of a plain quantile, sqrt(p (1 - p) / R) /
density, leaves out. To leave out one small group in turn instead, the usual jackknife,
is noisier by half for quantiles: few order statistics lie between such endpoints.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import hadamard

from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._methods import open_levels, resolved_endpoints

__all__ = ["monte_carlo_error"]

# Halves are made of groups of replicates; there is one half fewer than groups.
_N_GROUPS = 32


def monte_carlo_error(
    evidence: Evidence,
    method: str = "bca",
    confidence_level: float = 0.95,
    alternative: str = "two-sided",
) -> tuple[float, float]:
    """Return the standard error of each end of an interval from one run to another.

    It falls with the square root of the number of replicates: take more of them until
    it is small against the width of the interval. It says nothing of the data's error.

    Parameters
    ----------
    evidence : Evidence
        Estimate and replicates. The replicates must be independent draws.
    method : str, default="bca"
        One of `METHODS`.
    confidence_level : float, default=0.95
        Wanted coverage, in (0, 1).
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        Which ends the interval has.

    Returns
    -------
    low, high : float
        Standard error of each end, itself known to about a fifth; 0 for an open end.

    Raises
    ------
    ValueError
        As `interval` does, and if there are fewer than eight replicates.

    References
    ----------
    .. [1] B. Efron, B. Narasimhan, "The automatic construction of bootstrap confidence
       intervals", Journal of Computational and Graphical Statistics 29(3), 608-619,
       2020.
    .. [2] P. J. McCarthy, "Pseudo-replication: half samples", Review of the
       International Statistical Institute 37(3), 239-264, 1969.
    .. [3] J. Shao, C. F. J. Wu, "A general theory for jackknife variance estimation",
       The Annals of Statistics 17(3), 1176-1197, 1989 (quantiles want many left out).

    Examples
    --------
    >>> import numpy as np
    >>> replicates = np.random.default_rng(0).normal(size=9999)
    >>> evidence = Evidence(0.0, replicates, n_units=100)
    >>> low, high = monte_carlo_error(evidence, "percentile")
    >>> bool(0.02 < low < 0.04)  # the error of a normal quantile is 0.027
    True
    """
    levels = open_levels(evidence, method, confidence_level, alternative)
    n = evidence.n_resamples
    if n < 8:
        raise ValueError(
            f"n_resamples={n} is too few to tell how far endpoints would move; take "
            "at least 8, better hundreds."
        )
    n_groups = min(_N_GROUPS, 2 ** (n.bit_length() - 2))
    group = np.arange(n) * n_groups // n
    # Rows of a Hadamard matrix but the first are +1 for one half of the groups.
    halves = (hadamard(n_groups)[1:] > 0)[:, group]
    of_halves = [
        resolved_endpoints(evidence.only(half), method, levels)[1] for half in halves
    ]
    errors = np.std(of_halves, axis=0, ddof=1)
    low = 0.0 if alternative == "less" else errors[0]
    high = 0.0 if alternative == "greater" else errors[-1]
    return float(low), float(high)
