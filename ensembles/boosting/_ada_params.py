"""Parameters that AdaBoost for classes and for values have in common."""

from __future__ import annotations

from typing import Any

from sklearn.metrics import get_scorer_names

from ensembles._validation import (
    check_choice,
    check_count,
    check_positive,
    invalid_parameter,
)
from ensembles.boosting._handing import check_resample
from ensembles.boosting._no_help import CHOICES
from ensembles.boosting._stopping import WAYS, is_way

__all__ = ["check_common_params"]


def check_common_params(booster: Any) -> None:
    """Raise for any of them that is wrong whatever the data are.

    Raises
    ------
    InvalidParameterError
        For a value or type that is not allowed.
    """
    value, needed = booster.estimator, ("fit", "predict")
    if value is not None and not all(hasattr(value, name) for name in needed):
        allowed = "an object implementing 'fit' and 'predict' or None"
        raise invalid_parameter(booster, "estimator", value, allowed)
    check_count(booster, "n_estimators", booster.n_estimators)
    check_positive(booster, "learning_rate", booster.learning_rate)
    check_choice(booster, "on_worse_than_chance", booster.on_worse_than_chance, CHOICES)
    check_resample(booster)
    _check_stopping(booster)


def _check_stopping(booster: Any) -> None:
    """Check what says when to stop."""
    early = booster.early_stopping
    if not (early is None or is_way(early)):
        raise invalid_parameter(booster, "early_stopping", early, f"None, {WAYS}")
    scoring = booster.scoring
    is_name = isinstance(scoring, str) and scoring in ("loss", *get_scorer_names())
    if not (scoring is None or is_name or callable(scoring)):
        allowed = "'loss', a scorer's name, a callable or None"
        raise invalid_parameter(booster, "scoring", scoring, allowed)
    check_count(booster, "n_iter_no_change", booster.n_iter_no_change)
    check_positive(booster, "tol", booster.tol, zero=True)
