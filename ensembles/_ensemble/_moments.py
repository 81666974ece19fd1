"""Means and variances, of members that tell both."""

from __future__ import annotations

from inspect import signature

import numpy as np

from ensembles._ensemble._outputs import FittedMember
from ensembles._typing import Estimator, FloatArray, Table

__all__ = ["moments_of", "tells_std"]


def tells_std(estimator: Estimator) -> bool:
    """Whether it predicts a standard deviation where it is asked for one."""
    return "return_std" in signature(estimator.predict).parameters


def moments_of(member: FittedMember, X: Table) -> tuple[FloatArray, FloatArray]:
    """Predicted means and variances, each of shape (n_samples, ...)."""
    mean, std = member.estimator.predict(member.sees(X), return_std=True)
    return np.asarray(mean, dtype=np.float64), np.square(std, dtype=np.float64)
