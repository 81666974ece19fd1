"""Means and variances, of members that tell both."""

from __future__ import annotations

from inspect import signature

from ensembles._ensemble._outputs import FittedMember, as_values
from ensembles._routing import routing_enabled
from ensembles._typing import Estimator, FloatArray, Table

__all__ = ["moments_of", "tells_std"]


def tells_std(estimator: Estimator) -> bool:
    """Whether it predicts a standard deviation where it is asked for one."""
    while hasattr(estimator, "steps") and not routing_enabled():
        estimator = estimator.steps[-1][1]
    return "return_std" in signature(estimator.predict).parameters


def moments_of(member: FittedMember, X: Table) -> tuple[FloatArray, FloatArray]:
    """Predicted means and variances, each of shape (n_samples, ...)."""
    moments = member.estimator.predict(member.sees(X), return_std=True)
    mean, std = map(as_values, moments)
    return mean, std**2
