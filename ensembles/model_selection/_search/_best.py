"""The best of some of a search's candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata

from ensembles._typing import FloatArray, IntArray

__all__ = ["best_among", "scores_of"]


def scores_of(results: Mapping[str, Any], refit: Any) -> FloatArray:
    """Mean scores that a search goes by: those that `refit` names, or the only ones.

    Raises
    ------
    ValueError
        If there are several, and `refit` names none.
    """
    for name in (refit, "score"):
        if isinstance(name, str) and f"mean_test_{name}" in results:
            return np.asarray(results[f"mean_test_{name}"], dtype=np.float64)
    known = sorted(
        name.removeprefix("mean_test_")
        for name in results
        if name.startswith("mean_test_")
    )
    raise ValueError(
        f"There are several scores, {', '.join(known)}, and refit={refit!r} does not "
        "name the one to go by."
    )


def best_among(results: Mapping[str, Any], candidates: IntArray, refit: Any) -> int:
    """Index of the best of the candidates at these positions.

    Candidates without a score come last, and the first of several that are as good is
    chosen, as scikit-learn does. A callable `refit` sees these candidates alone, ranked
    among themselves.
    """
    if not callable(refit):
        scores = scores_of(results, refit)[candidates]
        return int(candidates[np.where(np.isnan(scores), -np.inf, scores).argmax()])
    some = {
        name: column[candidates] for name, column in results.items() if name != "params"
    }
    some["params"] = [results["params"][i] for i in candidates]
    for name in [name for name in some if name.startswith("rank_test_")]:
        some[name] = _ranks(some[name.replace("rank_", "mean_", 1)])
    chosen: Any = refit(some)
    if not isinstance(chosen, int | np.integer):
        raise TypeError("best_index_ returned is not an integer")
    if not 0 <= chosen < len(candidates):
        raise IndexError("best_index_ index out of range")
    return int(candidates[chosen])


def _ranks(means: FloatArray) -> Any:
    """Rank of each mean, the largest first, those that are none last."""
    return rankdata(np.where(np.isnan(means), np.inf, -means), method="min").astype(
        np.int32
    )
