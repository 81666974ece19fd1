"""From replicates to intervals, without drawing: every method is a confidence law.

`_evidence` holds the replicates of one number, `_methods` the formulas of the methods;
`_abc` needs no replicates.
"""

from ensembles.inference._intervals._abc import AbcDistribution, abc_distributions
from ensembles.inference._intervals._acceleration import jackknife_acceleration
from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._methods import (
    METHODS,
    beyond_replicates,
    interval,
    pvalue,
    resolve_method,
)
from ensembles.inference._intervals._monte_carlo import monte_carlo_error
from ensembles.inference._intervals._simultaneous import simultaneous_level

__all__ = [
    "METHODS",
    "AbcDistribution",
    "Evidence",
    "abc_distributions",
    "beyond_replicates",
    "interval",
    "jackknife_acceleration",
    "monte_carlo_error",
    "pvalue",
    "resolve_method",
    "simultaneous_level",
]
