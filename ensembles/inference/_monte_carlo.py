"""How far an endpoint would move with other replicates of the same data.

Replicates fall into groups, replicate i into group i modulo their number; the endpoint
is computed without each group in turn, and the jackknife of these values estimates its
variance. So the error of everything that the method takes from replicates is in it,
the median bias of BCa too, which the error of a plain quantile,
sqrt(p (1 - p) / R) / density, leaves out.
"""

from __future__ import annotations

import numpy as np

from ensembles.inference._evidence import Evidence
from ensembles.inference._intervals import open_levels, resolved_endpoints

__all__ = ["monte_carlo_error"]

# The error is itself known to one part in sqrt(2 (groups - 1)), 11 % here. Quantiles
# want groups of more than sqrt(R) replicates (Shao & Wu 1989).
_N_GROUPS = 40


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
        Standard error of each end, right to about a tenth; 0 for an open end.

    Raises
    ------
    ValueError
        As `interval` does, and if there are too few replicates to leave some out.

    References
    ----------
    .. [1] B. Efron, B. Narasimhan, "The automatic construction of bootstrap confidence
       intervals", Journal of Computational and Graphical Statistics 29(3), 608-619,
       2020, section 3.
    .. [2] J. Shao, C. F. J. Wu, "A general theory for jackknife variance estimation",
       The Annals of Statistics 17(3), 1176-1197, 1989.

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
    if n < 3:
        raise ValueError(
            f"n_resamples={n} is too few to tell how far endpoints would move; take "
            "at least 3, better hundreds."
        )
    n_groups = min(_N_GROUPS, n)
    order = np.argsort(evidence.replicates)  # sorts the subsets too
    in_order, group = evidence.only(order), order % n_groups
    left_out = [
        resolved_endpoints(in_order.only(group != one), method, levels)[1]
        for one in range(n_groups)
    ]
    errors = np.std(left_out, axis=0) * np.sqrt(n_groups - 1)
    low = 0.0 if alternative == "less" else errors[0]
    high = 0.0 if alternative == "greater" else errors[-1]
    return float(low), float(high)
