"""Out-of-bag predictions: each row predicted by the members that did not see it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, get_scorer, r2_score
from sklearn.utils.multiclass import type_of_target

from ensembles._combine import CoveredCombiner, Rule
from ensembles._compat import take_rows
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._predict import Output
from ensembles._parallel import map_members
from ensembles._typing import BoolArray, FloatArray, IntArray, Table
from ensembles._validation import invalid_parameter, n_rows_of, warn_user
from ensembles.bagging._sampling import MemberPlan, Resample, Sampler

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

# Second parameters of metrics that want more than predictions.
_NOT_LABELS = ("y_proba", "y_prob", "y_score", "probas_pred")

__all__ = ["check_oob_score", "out_of_bag_outputs", "score_classes", "score_values"]


def out_of_bag_outputs(
    bag: BaseBag, X: Table, output: Output, rule: Rule
) -> list[FloatArray]:
    """Combine, for each row, the outputs of the members that did not see it.

    Parameters
    ----------
    bag : bagging estimator
        Fitted, with the draws of its members.
    X : table
        The training data.
    output : callable
        What is combined.
    rule : Rule
        How.

    Returns
    -------
    list of ndarray of shape (n_samples,) or (n_samples, k)
        One for each output of the target. NaN where every member saw the row, which
        is warned of, and where the user gave the row no weight.
    """
    n_samples = n_rows_of(X)
    one_row = output(bag._members[0], take_rows(X, np.arange(1)))
    combiners = [
        CoveredCombiner(rule, (n_samples, *array.shape[1:])) for array in one_row
    ]
    tasks = list(zip(bag._members, bag._draws, strict=True))
    outside = partial(_outside, X, output)
    for rows, arrays in map_members(
        outside, tasks, n_jobs=bag.n_jobs, prefer="threads"
    ):
        for combiner, array in zip(combiners, arrays, strict=False):
            combiner.add(rows, array)
    combined = [combiner.result() for combiner in combiners]
    missing = np.asarray(np.isnan(combined[0]).reshape(n_samples, -1).any(axis=1))
    kept = bag._draws[-1][0].kept
    if missing.any() if kept is None else missing[kept].any():
        warn_user(
            "Some inputs do not have OOB scores. This probably means too few "
            "estimators were used to compute any reliable oob estimates."
        )
    return combined


def _outside(
    X: Table,
    output: Output,
    member: FittedMember,
    draw: tuple[Sampler, Resample, MemberPlan],
) -> tuple[IntArray, list[FloatArray]]:
    """Rows that one member did not see and its output there."""
    sampler, resample, plan = draw
    in_bag = sampler.in_bag(plan, resample) > 0
    rows = np.flatnonzero(sampler.out_of_bag(in_bag))
    return rows, output(member, take_rows(X, rows)) if len(rows) else []


def check_oob_score(bag: BaseBag, oob_score: Any) -> Callable[..., float] | None:
    """Return the scorer or metric that `oob_score` asks for; None for the default.

    Raises
    ------
    ValueError
        If it is a string that scikit-learn does not know as a scorer, or a metric of
        probabilities, which only a scorer can pass on.
    InvalidParameterError
        If it is neither boolean, string nor callable.
    """
    if isinstance(oob_score, bool | np.bool_):
        return None
    if isinstance(oob_score, str):
        return get_scorer(oob_score)  # type: ignore[no-any-return]
    if not callable(oob_score):
        raise invalid_parameter(
            bag,
            "oob_score",
            oob_score,
            "a bool, the name of a scorer, a scorer or a metric(y_true, y_pred)",
        )
    names = list(inspect.signature(oob_score).parameters)
    if _is_metric(oob_score) and len(names) > 1 and names[1] in _NOT_LABELS:
        raise ValueError(
            f"oob_score={oob_score!r} is a metric of {names[1]}, and metrics get the "
            "predictions. Give the name of a scorer, such as 'neg_log_loss' or "
            "'roc_auc', or sklearn.metrics.make_scorer(...)."
        )
    return oob_score  # type: ignore[no-any-return]


def score_classes(
    scoring: Callable[..., float] | None,
    X: Table,
    y: NDArray[Any],
    labels: NDArray[Any],
    probabilities: NDArray[Any] | list[FloatArray],
    classes: NDArray[Any] | list[NDArray[Any]],
    seen: BoolArray,
) -> float:
    """Score of the covered rows; accuracy where no scorer is given."""
    if not seen.any():
        return np.nan
    if scoring is None:
        return _accuracy(y[seen], labels[seen])
    if _is_metric(scoring):
        return float(scoring(y[seen], labels[seen]))
    if isinstance(probabilities, list):
        kept: Any = [p[seen] for p in probabilities]
    else:
        kept = probabilities[seen]
    stand_in = _OutOfBagClassifier(labels[seen], kept, classes)
    return float(scoring(stand_in, take_rows(X, np.flatnonzero(seen)), y[seen]))


def _accuracy(y: NDArray[Any], labels: NDArray[Any]) -> float:
    """Share of rows that are right; of entries where several outputs have classes."""
    if type_of_target(y) == "multiclass-multioutput":
        return float(np.mean(y == labels))
    return float(accuracy_score(y, labels))


def score_values(
    scoring: Callable[..., float] | None,
    X: Table,
    y: FloatArray,
    predicted: FloatArray,
    seen: BoolArray,
) -> float:
    """Score of the covered rows; R² where no scorer is given."""
    if not seen.any():
        return np.nan
    if scoring is None:
        return float(r2_score(y[seen], predicted[seen]))
    if _is_metric(scoring):
        return float(scoring(y[seen], predicted[seen]))
    stand_in = _OutOfBagRegressor(predicted[seen])
    return float(scoring(stand_in, take_rows(X, np.flatnonzero(seen)), y[seen]))


def _is_metric(scoring: Callable[..., float]) -> bool:
    """Whether it is a metric (y_true, y_pred) and no scorer (estimator, X, y)."""
    names = list(inspect.signature(scoring).parameters)
    return bool(names) and names[0].startswith("y")


class _OutOfBagClassifier(ClassifierMixin, BaseEstimator):
    """Gives a scorer the out-of-bag predictions whatever X it passes."""

    def __init__(self, labels: Any, probabilities: Any, classes: Any) -> None:
        self.labels = labels
        self.probabilities = probabilities
        self.classes_ = classes

    def fit(self, X: Table, y: Any) -> _OutOfBagClassifier:
        """Do nothing; scorers want to see the method."""
        return self

    def predict(self, X: Table) -> Any:
        """Out-of-bag labels."""
        return self.labels

    def predict_proba(self, X: Table) -> Any:
        """Out-of-bag probabilities."""
        return self.probabilities


class _OutOfBagRegressor(RegressorMixin, BaseEstimator):
    """Gives a scorer the out-of-bag predictions whatever X it passes."""

    def __init__(self, predicted: Any) -> None:
        self.predicted = predicted

    def fit(self, X: Table, y: Any) -> _OutOfBagRegressor:
        """Do nothing; scorers want to see the method."""
        return self

    def predict(self, X: Table) -> Any:
        """Out-of-bag values."""
        return self.predicted
