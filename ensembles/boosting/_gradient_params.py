"""Parameters of gradient boosting of learners of any kind, checked and resolved."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.tree import DecisionTreeRegressor

from ensembles._typing import Estimator
from ensembles._validation import (
    check_bool,
    check_choice,
    check_count,
    check_n_jobs,
    check_verbose,
    invalid_parameter,
    is_count,
    is_fraction,
    is_real,
    warn_user,
)
from ensembles.boosting._handing import (
    Handing,
    Unweighed,
    check_resample,
    handing_for,
)
from ensembles.boosting._leaf_values import has_leaves
from ensembles.boosting._line_search import (
    HalvedLength,
    LeafSearch,
    LineSearch,
    LossSearch,
    NewtonLength,
    NoSearch,
)
from ensembles.boosting._steps import GradientStep, NewtonStep, Step
from ensembles.boosting._stopping import WAYS, is_way
from ensembles.losses import Loss, SquaredError

__all__ = [
    "check_params",
    "features_tried",
    "handing_of",
    "learner_of",
    "search_of",
    "step_of",
]

_OF_TREES = (
    "min_samples_split",
    "min_samples_leaf",
    "min_weight_fraction_leaf",
    "max_depth",
    "min_impurity_decrease",
    "max_features",
    "max_leaf_nodes",
    "ccp_alpha",
)
_CRITERIA = ("deprecated", "friedman_mse", "squared_error")
UPDATES = ("gradient", "newton", "hybrid")
SEARCHES = ("auto", "leaf", "global")


def check_params(booster: Any, losses: tuple[str, ...]) -> None:
    """Raise for any parameter that is wrong whatever the data are.

    Raises
    ------
    InvalidParameterError
        For a value or type that is not allowed.
    """
    if not isinstance(booster.loss, Loss):
        check_choice(booster, "loss", booster.loss, losses, "Or pass a Loss object.")
    _check_range(booster, "learning_rate", "[0.0, inf)", _is_not_negative)
    check_count(booster, "n_estimators", booster.n_estimators)
    if booster.subsample != 1:
        _check_range(booster, "subsample", "(0.0, 1.0]", is_fraction)
    _check_range(booster, "dropout", "[0.0, 1.0)", _is_probability)
    check_bool(booster, "warm_start", booster.warm_start)
    check_verbose(booster, booster.verbose)
    check_choice(booster, "update", booster.update, UPDATES)
    if booster.line_search is not None:
        check_choice(booster, "line_search", booster.line_search, SEARCHES)
    check_choice(booster, "criterion", booster.criterion, _CRITERIA)
    if booster.criterion != "deprecated":
        warn_user(
            "The parameter `criterion` is deprecated and will be removed, as in "
            "scikit-learn. It has no effect. Leave it to its default value to avoid "
            "this warning.",
            FutureWarning,
        )
    check_resample(booster)
    if booster.subsample < 1.0 and not isinstance(booster.resample, bool | np.bool_):
        raise invalid_parameter(
            booster,
            "subsample",
            booster.subsample,
            "1.0 where resample is a scheme",
            "Both draw rows: leave one of them at its default.",
        )
    check_n_jobs(booster, booster.n_jobs)
    _check_stopping(booster)
    _check_learners(booster)


def _is_not_negative(value: Any) -> bool:
    return is_real(value) and 0.0 <= float(value) < math.inf


def _is_probability(value: Any) -> bool:
    return is_real(value) and 0.0 <= float(value) < 1.0


def _check_range(booster: Any, name: str, range_: str, is_fine: Any) -> None:
    """Raise unless a parameter is a number in a range."""
    value = getattr(booster, name)
    if not is_fine(value):
        allowed = f"a float in the range {range_}"
        raise invalid_parameter(booster, name, value, allowed)


def _check_stopping(booster: Any) -> None:
    """Check what says when to stop."""
    share = booster.validation_fraction
    if not (is_fraction(share) and share < 1.0):
        allowed = "a float in the range (0.0, 1.0)"
        raise invalid_parameter(booster, "validation_fraction", share, allowed)
    check_count(booster, "n_iter_no_change", booster.n_iter_no_change, none=True)
    _check_range(booster, "tol", "[0.0, inf)", _is_not_negative)
    early = booster.early_stopping
    if isinstance(early, str) and early == "oob":
        if booster.subsample == 1:
            allowed = "less than 1.0 where early_stopping='oob'"
            hint = "Rounds that learn from all rows leave none out."
            raise invalid_parameter(
                booster, "subsample", booster.subsample, allowed, hint
            )
        return
    if not (early is None or is_way(early)):
        allowed = f"None, 'oob', {WAYS}"
        raise invalid_parameter(booster, "early_stopping", early, allowed)


def _check_learners(booster: Any) -> None:
    """Check what is fitted, at first and in rounds."""
    own, init = booster.estimator, booster.init
    needed = ("fit", "predict")
    if own is not None and not all(hasattr(own, name) for name in needed):
        allowed = "an object implementing 'fit' and 'predict' or None"
        raise invalid_parameter(booster, "estimator", own, allowed)
    is_zero = isinstance(init, str) and init == "zero"
    needed = ("fit", booster._init_method)
    if not (init is None or is_zero or all(hasattr(init, name) for name in needed)):
        allowed = (
            f"a str among {{'zero'}}, None or an object implementing 'fit' and "
            f"'{booster._init_method}'"
        )
        raise invalid_parameter(booster, "init", init, allowed)
    tree = DecisionTreeRegressor(random_state=0)
    names = _OF_TREES if own is None else ("max_features",)
    tree.set_params(**{name: getattr(booster, name) for name in names})
    tree.fit([[0.0], [1.0]], [0.0, 1.0])  # which looks at parameters
    if own is None:
        return
    if is_classifier(own):
        raise invalid_parameter(
            booster, "estimator", own, "a regressor", "Gradients are values."
        )
    for name in _OF_TREES:
        default = _DEFAULTS.get(name, getattr(tree, name))
        value = getattr(booster, name)
        if name != "max_features" and not _is_same(value, default):
            raise invalid_parameter(
                booster,
                name,
                value,
                f"{default!r} where there is an estimator",
                "It is of the trees that are fitted without one: set it in the "
                "estimator.",
            )


_DEFAULTS = {"max_depth": 3}


def _is_same(value: Any, default: Any) -> bool:
    return value is default or (not isinstance(value, bool) and value == default)


def learner_of(booster: Any) -> Estimator:
    """What is fitted in each round."""
    if booster.estimator is not None:
        return booster.estimator
    own = {name: getattr(booster, name) for name in _OF_TREES}
    return DecisionTreeRegressor(**own)


def features_tried(booster: Any, n_features: int) -> int:
    """Number of features that `max_features` stands for."""
    wanted = booster.max_features
    if wanted is None:
        return n_features
    if isinstance(wanted, str):
        root = np.sqrt if wanted == "sqrt" else np.log2
        return max(1, int(root(n_features)))
    if is_count(wanted):
        return min(int(wanted), n_features)
    return max(1, int(wanted * n_features))


def step_of(booster: Any) -> Step:
    """What learners are fitted to."""
    return NewtonStep() if booster.update == "newton" else GradientStep()


def search_of(booster: Any, loss: Loss, estimator: Estimator) -> LineSearch:
    """How far to go along what a learner answers.

    Raises
    ------
    ValueError
        If leaves are to be searched, and the learner has none.
    """
    wanted, is_tree = booster.line_search, has_leaves(estimator)
    if wanted == "leaf" and not is_tree:
        raise ValueError(
            f"line_search='leaf' is of trees, and {estimator!r} is none whose leaves "
            "can be set. Pass line_search='global' or None."
        )
    if wanted is None:
        return NoSearch()
    if booster.update == "hybrid":
        return NewtonLength() if not is_tree or wanted == "global" else LeafSearch()
    if wanted == "auto":
        # A fit to squared errors has the best length itself, as far as it can.
        if booster.update == "newton":
            return HalvedLength()
        if isinstance(loss, SquaredError):
            return NoSearch()
        wanted = "leaf" if is_tree else "global"
    return LeafSearch() if wanted == "leaf" else LossSearch()


def handing_of(
    booster: Any, estimator: Estimator, n_rows: int, y: Any, weights: Any
) -> Handing:
    """How rows reach learners."""
    resample = booster.resample
    is_plain = isinstance(resample, bool | np.bool_) and not resample
    if is_plain and weights is None and not step_of(booster).weighs_rows:
        return Unweighed()
    return handing_for(booster, estimator, n_rows, y, are_labels=False)
