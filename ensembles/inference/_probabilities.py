"""Losses of probabilities of K classes: a table of n predictions by K classes.

An entry is the loss of one prediction if its row were of that class. Definitions are
those of scikit-learn's functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import FloatArray

__all__ = ["brier_table", "log_table"]


def log_table(probabilities: NDArray[Any]) -> FloatArray:
    """Minus the log of each probability, kept from zero as in scikit-learn."""
    least = np.finfo(probabilities.dtype).eps
    kept = np.clip(probabilities, least, 1 - least)
    return np.asarray(-np.log(kept, dtype=np.float64))


def brier_table(probabilities: NDArray[Any]) -> FloatArray:
    """Sum over classes c of (p_c - [c is k])² for each class k.

    Half of it for two classes: the squared error of either probability.
    """
    p = probabilities.astype(np.float64)
    distance = (p**2).sum(axis=1, keepdims=True) - 2 * p + 1
    return np.asarray(distance / 2 if p.shape[1] == 2 else distance)
