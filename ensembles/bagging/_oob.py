"""Out-of-bag predictions: each row predicted by the members that did not see it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, get_scorer, r2_score

from ensembles._combine import Rule, combine_covered
from ensembles._compat import take_rows
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._predict import Output
from ensembles._parallel import map_members
from ensembles._typing import BoolArray, FloatArray, IntArray, Table
from ensembles._validation import n_rows_of
from ensembles.bagging._sampling import MemberPlan, Resample, Sampler

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBagging

__all__ = ["check_oob_score", "out_of_bag_outputs", "score_classes", "score_values"]


def out_of_bag_outputs(
    bag: BaseBagging, X: Table, output: Output, rule: Rule
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
        is warned of.

    Raises
    ------
    ValueError
        If members of a warm start were fitted on another number of rows.
    """
    n_samples = n_rows_of(X)
    others = {sampler.n_samples for sampler, _, _ in bag._draws} - {n_samples}
    if others:
        raise ValueError(
            f"Out-of-bag rows are known only where all members saw the same data. Some "
            f"were fitted on {others.pop()} rows and some on {n_samples}. Use "
            "oob_score=False, or warm_start=False."
        )
    task = partial(_outside, X, output)
    tasks = zip(bag._members, bag._draws, strict=True)
    rows, outputs = zip(
        *map_members(task, tasks, n_jobs=bag.n_jobs, prefer="threads"), strict=True
    )
    combined = [
        combine_covered(rule, _of_output(rows, outputs, j), n_samples)
        for j in range(max(len(given) for given in outputs))
    ]
    if not combined:
        raise ValueError(
            "No row is out-of-bag for any member. Add members, draw fewer rows, or "
            "shorten the scheme's gap or block_length."
        )
    if np.isnan(combined[0]).any():
        warn(
            "Some inputs do not have OOB scores. This probably means too few "
            "estimators were used to compute any reliable oob estimates.",
            stacklevel=5,
        )
    return combined


def _of_output(
    rows: Sequence[IntArray], outputs: Sequence[list[FloatArray]], j: int
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Pairs of rows and the j-th output there, of members that cover any row."""
    for covered, given in zip(rows, outputs, strict=True):
        if len(covered):
            yield covered, given[j]


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


def check_oob_score(oob_score: Any) -> Callable[..., float] | None:
    """Return the scorer or metric that `oob_score` asks for; None for the default.

    Raises
    ------
    ValueError
        If it is a string that scikit-learn does not know as a scorer.
    TypeError
        If it is neither boolean, string nor callable.
    """
    if isinstance(oob_score, bool | np.bool_):
        return None
    if isinstance(oob_score, str):
        return get_scorer(oob_score)  # type: ignore[no-any-return]
    if callable(oob_score):
        return oob_score  # type: ignore[no-any-return]
    raise TypeError(
        "oob_score must be a bool, the name of a scorer, a scorer or a metric "
        f"metric(y_true, y_pred). Got {oob_score!r} instead."
    )


def score_classes(
    scoring: Callable[..., float] | None,
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
        if labels.ndim == 2:  # multi-output: the share of labels that are right
            return float(np.mean(y[seen] == labels[seen]))
        return float(accuracy_score(y[seen], labels[seen]))
    if _takes_predictions(scoring):
        return float(scoring(y[seen], labels[seen]))
    if isinstance(probabilities, list):
        kept: Any = [p[seen] for p in probabilities]
    else:
        kept = probabilities[seen]
    stand_in = _OutOfBagClassifier(labels[seen], kept, classes)
    return float(scoring(stand_in, labels[seen], y[seen]))


def score_values(
    scoring: Callable[..., float] | None,
    y: FloatArray,
    predicted: FloatArray,
    seen: BoolArray,
) -> float:
    """Score of the covered rows; R² where no scorer is given."""
    if not seen.any():
        return np.nan
    if scoring is None:
        return float(r2_score(y[seen], predicted[seen]))
    if _takes_predictions(scoring):
        return float(scoring(y[seen], predicted[seen]))
    stand_in = _OutOfBagRegressor(predicted[seen])
    return float(scoring(stand_in, predicted[seen], y[seen]))


def _takes_predictions(scoring: Callable[..., float]) -> bool:
    """Whether it is a metric (y_true, y_pred) and no scorer (estimator, X, y)."""
    needed = [
        parameter
        for parameter in inspect.signature(scoring).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind
        in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return len(needed) == 2


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
