"""Parameters of componentwise boosters, checked and resolved against the data."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ensembles._typing import IntArray
from ensembles._validation import (
    check_bool,
    check_count,
    check_positive,
    check_verbose,
    invalid_parameter,
    is_count,
    is_fraction,
    is_positive,
)
from ensembles.boosting._componentwise._learners import Learners
from ensembles.boosting._componentwise._lines import Lines
from ensembles.boosting._componentwise._pool import Pool
from ensembles.boosting._componentwise._splines import DEGREE, Splines
from ensembles.boosting._componentwise._stumps import Stumps
from ensembles.boosting._hist_params import check_loss
from ensembles.boosting._samples import Sample
from ensembles.boosting._stopping import WAYS, is_way
from ensembles.trees._layout import MAX_BINS

__all__ = ["check_params", "kinds_of_features", "pool_of"]

KINDS = ("linear", "spline", "stump")


def check_params(booster: Any, losses: tuple[str, ...]) -> None:
    """Raise for any parameter that is wrong whatever the data are.

    Raises
    ------
    InvalidParameterError
        For a value or type that is not allowed.
    """
    wanted = booster.base_learners
    each = list(wanted.values()) if isinstance(wanted, dict) else [wanted]
    if not (each and all(map(_kinds, each))):
        raise _wrong_learners(booster)
    check_loss(booster, losses)
    rate = booster.learning_rate
    if not (is_positive(rate) and float(rate) <= 1.0):
        allowed = "a float in the range (0.0, 1.0]"
        raise invalid_parameter(booster, "learning_rate", rate, allowed)
    check_count(booster, "n_estimators", booster.n_estimators)
    if not (is_positive(booster.df) and float(booster.df) > 2.0):
        allowed = "a float in the range (2.0, inf)"
        hint = "Two are a line: pass 'linear' for that."
        raise invalid_parameter(booster, "df", booster.df, allowed, hint)
    check_count(booster, "n_knots", booster.n_knots)
    most = booster.n_knots + DEGREE + 1
    if float(booster.df) >= most:
        allowed = f"a float below n_knots + {DEGREE + 1} = {most}"
        hint = "More degrees of freedom need more knots."
        raise invalid_parameter(booster, "df", booster.df, allowed, hint)
    check_count(booster, "max_bins", booster.max_bins, low=2)
    if booster.max_bins > MAX_BINS:
        allowed = f"an int in the range [2, {MAX_BINS}]"
        raise invalid_parameter(booster, "max_bins", booster.max_bins, allowed)
    _check_stopping(booster)
    check_bool(booster, "warm_start", booster.warm_start)
    check_verbose(booster, booster.verbose)


def _check_stopping(booster: Any) -> None:
    """Check what says when to stop."""
    early, share = booster.early_stopping, booster.validation_fraction
    if not (isinstance(early, bool | np.bool_) or is_way(early)):
        allowed = f"a bool, {WAYS}"
        raise invalid_parameter(booster, "early_stopping", early, allowed)
    is_share = is_fraction(share) and share < 1.0
    if not (is_share or (is_count(share) and share >= 1)):
        allowed = "a float in the range (0.0, 1.0) or an int in the range [1, inf)"
        raise invalid_parameter(booster, "validation_fraction", share, allowed)
    check_count(booster, "n_iter_no_change", booster.n_iter_no_change)
    check_positive(booster, "tol", booster.tol, zero=True)


def _kinds(wanted: Any) -> tuple[str, ...]:
    """One kind or several, as a tuple; empty if they are none."""
    if isinstance(wanted, str):
        wanted = (wanted,)
    if not isinstance(wanted, Collection) or isinstance(wanted, dict):
        return ()
    kinds = tuple(wanted)
    is_fine = all(isinstance(kind, str) and kind in KINDS for kind in kinds)
    return kinds if is_fine and len(set(kinds)) == len(kinds) else ()


def _wrong_learners(booster: Any) -> Exception:
    allowed = (
        f"one of {set(KINDS)}, several of them, or a dict of these by the position or "
        "name of a feature"
    )
    return invalid_parameter(booster, "base_learners", booster.base_learners, allowed)


def kinds_of_features(booster: Any, names: Any) -> dict[str, IntArray]:
    """Features that have a learner of each kind.

    Parameters
    ----------
    booster : booster
        Whose parameters have been checked.
    names : ndarray of shape (n_features,) or None
        Names of features.

    Returns
    -------
    dict of str to ndarray
        In ascending order; without kinds that no feature has.

    Raises
    ------
    ValueError
        If a feature is not known.
    """
    wanted, n_features = booster.base_learners, booster.n_features_in_
    if not isinstance(wanted, dict):
        return {kind: np.arange(n_features) for kind in _kinds(wanted)}
    found: dict[str, list[int]] = {}
    for feature, kinds in wanted.items():
        position = _position(feature, names, n_features)
        for kind in _kinds(kinds):
            found.setdefault(kind, []).append(position)
    for kind, features in found.items():
        if len(set(features)) < len(features):
            raise ValueError(f"base_learners has a {kind!r} of one feature twice.")
    return {kind: np.sort(found[kind]) for kind in KINDS if kind in found}


def _position(feature: Any, names: Any, n_features: int) -> int:
    """Position of a feature by its position or name."""
    if isinstance(feature, str):
        known = [] if names is None else list(names)
        if feature in known:
            return known.index(feature)
        raise ValueError(
            f"base_learners has a feature {feature!r}, and X has "
            + (f"{known}." if known else "no names of features. Pass positions.")
        )
    if is_count(feature) and -n_features <= feature < n_features:
        return int(feature) % n_features
    raise ValueError(
        f"base_learners has a feature {feature!r}, and X has {n_features} features."
    )


def pool_of(booster: Any, kinds: dict[str, IntArray], train: Sample) -> Pool:
    """Learners of these kinds, made for training rows.

    Parameters
    ----------
    booster : booster
        Whose parameters have been checked.
    kinds : dict of str to ndarray
        Features of each kind.
    train : Sample
        Rows.

    Returns
    -------
    Pool
        Lines first, then splines, then stumps: of equal ones the simplest is taken.
    """
    X, weights = train.X, train.weights
    groups: list[Learners] = []
    lines = kinds.get("linear", np.zeros(0, np.intp))
    if len(lines):
        groups.append(Lines.fitted_to(X, weights, lines))
    if "spline" in kinds:
        own = kinds["spline"]
        about = own, np.isin(own, lines), float(booster.df), booster.n_knots
        groups.append(Splines.fitted_to(X, weights, *about))
    if "stump" in kinds:
        groups.append(Stumps.fitted_to(X, weights, kinds["stump"], booster.max_bins))
    return Pool(groups)
