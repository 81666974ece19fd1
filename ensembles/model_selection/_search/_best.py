"""The best of some of a search's candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ensembles._typing import IntArray

__all__ = ["best_among", "score_name"]


def score_name(refit: Any) -> str:
    """Which mean in ``cv_results_`` a search goes by."""
    return f"mean_test_{refit if isinstance(refit, str) else 'score'}"


def best_among(results: Mapping[str, Any], candidates: IntArray, refit: Any) -> int:
    """Index of the best of the candidates at these positions.

    Candidates without a score come last, and the first of several that are as good is
    chosen, as scikit-learn does. A callable `refit` sees these candidates alone.
    """
    if not callable(refit):
        scores = np.asarray(results[score_name(refit)])[candidates]
        known = np.where(np.isnan(scores), -np.inf, scores)
        return int(candidates[known.argmax()])
    some = {
        name: [column[i] for i in candidates]
        if name == "params"
        else column[candidates]
        for name, column in results.items()
    }
    chosen = refit(some)
    if not isinstance(chosen, int | np.integer):
        raise TypeError("best_index_ returned is not an integer")
    if not 0 <= chosen < len(candidates):
        raise IndexError("best_index_ index out of range")
    return int(candidates[chosen])
