"""The choice of the form in which rows reach a member."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sklearn.utils import get_tags

from ensembles._ensemble._routing import consumes_sample_weight
from ensembles._typing import Estimator, FloatArray
from ensembles._validation import check_choice, invalid_parameter
from ensembles.bagging._sampling import Resample, Sampler

__all__ = ["resolve_resample"]

# HistGradientBoosting's early_stopping="auto" holds rows out above this many.
_AUTO_STOPS_ABOVE = 10_000


def resolve_resample(
    owner: Any, estimator: Estimator, sampler: Sampler, weights: FloatArray | None
) -> Resample:
    """Say in which form rows reach the members.

    "auto" is scikit-learn's choice, weights for members that take them and rows for
    others, with two exceptions that get unique rows with weights. A member that holds
    rows out for early stopping would hold out rows of weight zero, which make its own
    score void. A support vector machine on a precomputed kernel drops rows of weight
    zero and then takes its support vectors for other rows.

    Parameters
    ----------
    owner : estimator
        The ensemble, whose `resample` is resolved.
    estimator : estimator
        A member.
    sampler : Sampler
        What draws.
    weights : ndarray of shape (n_samples,) or None
        The user's weights.

    Returns
    -------
    {"weights", "unique", "index"}
        The form.

    Raises
    ------
    InvalidParameterError
        If the form is unknown or needs weights that the member does not take.
    """
    choices = {"auto", "weights", "unique", "index"}
    check_choice(owner, "resample", owner.resample, choices)
    takes_weights = consumes_sample_weight(estimator)
    multiplies = weights is not None and sampler.weights_multiply
    if not takes_weights and (multiplies or owner.resample in {"weights", "unique"}):
        name = type(estimator).__name__
        if multiplies:
            raise ValueError(
                f"sample_weight with a scheme goes to the members, and {name} takes no "
                "sample_weight. Leave the weights out, or the scheme: without one they "
                "are draw probabilities."
            )
        raise invalid_parameter(
            owner,
            "resample",
            owner.resample,
            f"'index' or 'auto' for {name}, which takes no sample_weight",
        )
    if owner.resample != "auto":
        return owner.resample  # type: ignore[no-any-return]
    if not takes_weights:
        return "index"
    if _holds_rows_out(estimator, sampler.n_samples):
        return "unique"
    return "unique" if get_tags(estimator).input_tags.pairwise else "weights"


def _holds_rows_out(estimator: Estimator, n_samples: int) -> bool:
    """Whether the estimator or a part of it holds rows out for early stopping."""
    parts: dict[str, dict[str, Any]] = defaultdict(dict)
    for key, value in estimator.get_params(deep=True).items():
        part, _, name = key.rpartition("__")
        parts[part][name] = value
    return any(_stops_early(params, n_samples) for params in parts.values())


def _stops_early(params: dict[str, Any], n_samples: int) -> bool:
    """Whether these parameters of one estimator turn early stopping on."""
    if "early_stopping" in params:
        switch = params["early_stopping"]
        if isinstance(switch, str):
            return switch == "auto" and n_samples > _AUTO_STOPS_ABOVE
        return bool(switch)
    return "validation_fraction" in params and (
        params.get("n_iter_no_change") is not None
    )
