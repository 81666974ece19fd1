"""Metadata of a call: what is accepted, and which part of it goes to which member.

With scikit-learn's metadata routing on, every parameter goes where it was requested.
With routing off, only the parameters that a method names itself are accepted.
"""

from __future__ import annotations

from typing import Any

from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import get_routing_for_object, process_routing
from sklearn.utils.validation import has_fit_parameter

from ensembles._routing import routing_enabled
from ensembles._typing import Estimator

__all__ = ["consumes_sample_weight", "route"]


def route(
    owner: Estimator,
    method: str,
    params: dict[str, Any],
    *,
    allow: tuple[str, ...] = (),
) -> Bunch:
    """Route parameters, or reject them where routing is off.

    Parameters
    ----------
    owner : estimator
        The ensemble whose method was called.
    method : str
        Name of the method.
    params : dict
        What it was called with.
    allow : tuple of str, default=()
        Parameters that the method accepts with routing off.

    Returns
    -------
    Bunch
        ``routed.name.method`` are the parameters for a consumer; empty with routing
        off, where the caller passes on what it allowed.

    Raises
    ------
    ValueError
        With routing off, for a parameter that is not allowed.
    """
    if routing_enabled():
        return process_routing(owner, method, **params)
    if set(params) - set(allow):
        raise ValueError(
            f"Passing extra keyword arguments to {type(owner).__name__}.{method} is "
            "only supported if enable_metadata_routing=True, which you can set using "
            "`sklearn.set_config`. See scikit-learn's User Guide for more details. "
            f"Extra parameters passed are: {set(params) - set(allow)}"
        )
    return Bunch()


def consumes_sample_weight(estimator: Estimator) -> bool:
    """Whether the estimator's fit takes sample weights, requested where routed."""
    if routing_enabled():
        router = get_routing_for_object(estimator)
        return bool(router.consumes("fit", ("sample_weight",)))
    return bool(has_fit_parameter(estimator, "sample_weight"))
