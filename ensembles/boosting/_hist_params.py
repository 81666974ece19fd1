"""Parameters of histogram boosters, checked and resolved against the data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ensembles._typing import IntArray
from ensembles._validation import (
    check_bool,
    check_choice,
    check_count,
    check_n_jobs,
    check_verbose,
    invalid_parameter,
    is_count,
    is_fraction,
    is_positive,
    is_real,
)
from ensembles.boosting._newton._grower import Limits
from ensembles.boosting._stopping import is_splitter
from ensembles.losses import Loss
from ensembles.trees._layout import MAX_BINS
from ensembles.trees._params import groups_of

__all__ = ["check_loss", "check_params", "limits_of"]

_SUMS = ("auto", "packed", "exact")


def check_loss(booster: Any, losses: tuple[str, ...]) -> None:
    """Raise unless `loss` is one of these names or an object.

    Raises
    ------
    InvalidParameterError
        For any other value.
    """
    if not isinstance(booster.loss, Loss):
        check_choice(booster, "loss", booster.loss, losses, "Or pass a Loss object.")


def check_params(booster: Any) -> None:
    """Raise for any parameter that is wrong whatever the data are.

    Raises
    ------
    InvalidParameterError
        For a value or type that is not allowed.
    """
    _check_range(booster, "learning_rate", "(0.0, inf)", is_positive)
    check_count(booster, "max_iter", booster.max_iter)
    check_count(booster, "max_leaf_nodes", booster.max_leaf_nodes, low=2, none=True)
    check_count(booster, "max_depth", booster.max_depth, none=True)
    check_count(booster, "min_samples_leaf", booster.min_samples_leaf)
    _check_range(booster, "l2_regularization", "[0.0, inf)", _is_not_negative)
    _check_range(booster, "categorical_smoothing", "[0.0, inf)", _is_not_negative)
    _check_share(booster, "max_features")
    check_count(booster, "max_bins", booster.max_bins, low=2)
    if booster.max_bins > MAX_BINS:
        allowed = f"an int in the range [2, {MAX_BINS}]"
        raise invalid_parameter(booster, "max_bins", booster.max_bins, allowed)
    check_bool(booster, "warm_start", booster.warm_start)
    _check_stopping(booster)
    check_verbose(booster, booster.verbose)
    _check_sampling(booster)
    check_choice(booster, "sums", booster.sums, _SUMS)
    check_n_jobs(booster, booster.n_jobs)


def _is_not_negative(value: Any) -> bool:
    return is_real(value) and 0.0 <= float(value) < math.inf


def _check_range(booster: Any, name: str, range_: str, is_fine: Any) -> None:
    """Raise unless a parameter is a number in a range."""
    value = getattr(booster, name)
    if not is_fine(value):
        allowed = f"a float in the range {range_}"
        raise invalid_parameter(booster, name, value, allowed)


def _check_share(booster: Any, name: str) -> None:
    """Raise unless a parameter is a share, one too."""
    _check_range(booster, name, "(0.0, 1.0]", is_fraction)


def _check_stopping(booster: Any) -> None:
    """Check what says when to stop."""
    early = booster.early_stopping
    is_known = isinstance(early, bool | np.bool_) or is_splitter(early)
    if not (is_known or (isinstance(early, str) and early == "auto")):
        allowed = "'auto', a bool, or a splitter whose last split is taken"
        raise invalid_parameter(booster, "early_stopping", early, allowed)
    scoring = booster.scoring
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        allowed = "a str, a callable or None"
        raise invalid_parameter(booster, "scoring", scoring, allowed)
    share = booster.validation_fraction
    is_share = is_fraction(share) and share < 1.0
    if not (share is None or is_share or (is_count(share) and share >= 1)):
        allowed = (
            "a float in the range (0.0, 1.0), an int in the range [1, inf) or None"
        )
        raise invalid_parameter(booster, "validation_fraction", share, allowed)
    check_count(booster, "n_iter_no_change", booster.n_iter_no_change)
    _check_range(booster, "tol", "[0.0, inf)", _is_not_negative)


def _check_sampling(booster: Any) -> None:
    """Check which rows rounds are to see."""
    if booster.subsample != 1:
        _check_share(booster, "subsample")
    shares = booster.one_side_sampling
    if shares is None:
        return
    is_pair = isinstance(shares, tuple | list) and len(shares) == 2
    if not (is_pair and all(map(is_fraction, shares)) and sum(shares) <= 1.0):
        allowed = (
            "None, or two floats above 0 that add up to at most 1: the share of rows "
            "with the largest gradients, and that of rows drawn from the others"
        )
        raise invalid_parameter(booster, "one_side_sampling", shares, allowed)
    if booster.subsample < 1.0:
        raise invalid_parameter(
            booster,
            "subsample",
            booster.subsample,
            "1.0 where there is one_side_sampling",
            "Both draw rows: leave one of them at its default.",
        )


def _trends_of(booster: Any, n_features: int, names: Any) -> IntArray | None:
    """1, -1 or 0 for each feature; None where all are free."""
    wanted = booster.monotonic_cst
    if wanted is None:
        return None
    if isinstance(wanted, dict):
        wanted = _trends_by_name(booster, wanted, names)
    listed = np.asarray(wanted)
    unknown = np.setdiff1d(listed, [-1, 0, 1])
    if len(unknown):
        raise ValueError(
            "monotonic_cst must be an array-like of -1, 0 or 1. Observed values: "
            f"{unknown.tolist()}."
        )
    if listed.shape != (n_features,):
        raise ValueError(
            f"monotonic_cst has shape {listed.shape} but the input data X has "
            f"{n_features} features."
        )
    return listed.astype(np.int8) if listed.any() else None


def _trends_by_name(booster: Any, wanted: dict[str, Any], names: Any) -> list[int]:
    """The trend of each feature, where some are named."""
    if names is None:
        raise ValueError(
            f"{type(booster).__name__} was not fitted on data with feature names. Pass "
            "monotonic_cst as an integer array instead."
        )
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        listed = unknown[:5] + ["..."] * (len(unknown) > 5)
        raise ValueError(
            f"monotonic_cst contains {len(unknown)} unexpected feature names: {listed}."
        )
    for name, trend in wanted.items():
        if trend not in (-1, 0, 1):
            raise ValueError(
                f"monotonic_cst['{name}'] must be either -1, 0 or 1. Got {trend!r}."
            )
    return [int(wanted.get(name, 0)) for name in names]


def limits_of(booster: Any, is_categorical: Any, names: Any) -> Limits:
    """Parameters of trees as limits.

    Parameters
    ----------
    booster : booster
        Whose parameters have been checked.
    is_categorical : ndarray of shape (n_features,)
        Which features are categories.
    names : ndarray or None
        Names of the features.

    Returns
    -------
    Limits
        What trees are grown by.

    Raises
    ------
    ValueError
        If constraints do not fit the features or the target.
    """
    n_features = len(is_categorical)
    trends = _trends_of(booster, n_features, names)
    if booster.monotonic_cst is not None and not booster._takes_trends:
        raise ValueError(
            "monotonic constraints are not supported for multiclass classification "
            "or for several targets."
        )
    if trends is not None and (is_categorical & (trends != 0)).any():
        raise ValueError("Categorical features cannot have monotonic constraints.")
    return Limits(
        max_leaves=booster.max_leaf_nodes,
        max_depth=booster.max_depth,
        min_rows_leaf=int(booster.min_samples_leaf),
        l2=float(booster.l2_regularization),
        category_rows=float(booster.categorical_smoothing),
        max_features=float(booster.max_features),
        in_mean_rows=booster._has_units,
        trends=trends,
        groups=groups_of(booster, n_features, names),
    )
