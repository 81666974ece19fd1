"""Ends of the intervals of several numbers, where rows are gone or were few at a time.

What a method wants besides replicates must then be computed along with them, so it has
to be asked for beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ensembles._typing import FloatArray
from ensembles._validation import check_choice, warn_user
from ensembles.inference._intervals import (
    Evidence,
    beyond_replicates,
    interval,
    resolve_method,
)

__all__ = ["check_method", "check_prepared", "ends_of"]

# Methods by what they want besides replicates: nothing, accelerations, errors.
_ALWAYS = ("percentile", "basic", "normal", "bc", "expanded", "smoothed")
_PREPARED = (("bca", "expanded_bca"), ("studentized",))
_METHODS = (*_ALWAYS, *_PREPARED[0], *_PREPARED[1])
_NO_OTHERS = "'abc' and 'calibrated' would need all rows again; bootstrap has them."


def check_method(owner: object, method: Any) -> None:
    """Raise unless `method` is the name of one that there is here."""
    check_choice(owner, "method", method, _METHODS, _NO_OTHERS)


def check_prepared(owner: str, method: str, prepared_for: str) -> None:
    """Raise unless what `method` wants is there, after preparing for another one."""
    check_method("interval", method)
    for together in _PREPARED:
        if method in together and prepared_for not in together:
            raise ValueError(
                f"method={method!r} wants more than replicates, which is computed only "
                f"where the constructor asks for it: {owner}(method={method!r})."
            )


def ends_of(
    evidence: Sequence[Evidence], method: str, confidence_level: float, alternative: str
) -> FloatArray:
    """Low and high ends, shape (n_numbers, 2); an open end is infinite.

    Warns
    -----
    UserWarning
        Once, if another method takes over where this one has no finite ends, or an end
        lies beyond the outermost replicate.
    """
    how = method, confidence_level, alternative
    ends = np.array([interval(one, *how) for one in evidence])
    used = {resolve_method(one, *how) for one in evidence} - {method}
    if used:
        warn_user(
            f"method={method!r} has no finite ends here, so "
            f"{' and '.join(map(repr, sorted(used)))} took over."
        )
    if any(beyond_replicates(one, *how) for one in evidence):
        fewest = min(one.n_resamples for one in evidence)
        warn_user(
            f"An end of the {method!r} interval lies beyond the outermost of {fewest} "
            "replicates, so it is too short there. Take more resamples or a lower "
            "confidence_level."
        )
    return ends
