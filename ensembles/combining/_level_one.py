"""What members say of rows that they did not learn from: level-one data.

All fits, of every member to every fold and to all rows, are one list of tasks, so that
no worker waits for the slowest member.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from joblib import hash as joblib_hash
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import check_cv
from sklearn.utils.validation import check_is_fitted, check_memory

from ensembles._ensemble._targets import ClassTarget, is_frozen
from ensembles._parallel import Workers, map_members, preferred_workers
from ensembles._routing import FoldRouting
from ensembles._typing import Estimator, IntArray, Table
from ensembles._validation import n_rows_of
from ensembles.combining._answers import answers_of, rows_of
from ensembles.combining._fold_models import FoldModels
from ensembles.model_selection import OutOfFold
from ensembles.model_selection._evaluation._chains import (
    Answer,
    Call,
    FoldTask,
    Job,
    chains_of,
    run_chain,
)
from ensembles.model_selection._evaluation._out_of_fold import gathered
from ensembles.model_selection._splitters._base import axis_of_folds

__all__ = [
    "Candidate",
    "Data",
    "LevelOne",
    "Models",
    "Work",
    "cross_fit",
    "fit_to_all_rows",
    "from_fitted",
    "from_out_of_bag",
    "own_splitter",
]

Models: TypeAlias = Literal["of all rows", "of folds", "none"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member, what its fit is told, and by which method it answers."""

    name: str
    estimator: Estimator
    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Data:
    """What is learned from; `target` is None for values."""

    X: Table
    y: Any
    target: ClassTarget | None


@dataclass(frozen=True, slots=True)
class Work:
    """How fits are run."""

    n_jobs: int | None
    verbose: int
    memory: Any


class LevelOne(NamedTuple):
    """What candidates say, in their order."""

    estimators: list[Estimator]
    """Fitted, of every candidate or of none."""
    answers: list[Any]
    """For the rows below: an array, or a list with one for each output."""
    rows: IntArray
    """Rows that every candidate answered for without having learned from them."""
    out_of_fold: dict[str, OutOfFold]
    """By name, of candidates that were fitted to folds."""


class _Task(NamedTuple):
    """One fit: of a candidate to a fold, or to all rows where that is None."""

    candidate: Candidate
    fold: FoldTask | None
    keeps_model: bool


class _Fit(NamedTuple):
    """What comes of it."""

    model: Estimator | None
    answer: Answer | None


def own_splitter(cv: Any, y: Any, *, classifier: bool) -> Any:
    """Return the splitter that `cv` means; the user's own is left as it is."""
    own = deepcopy(cv) if hasattr(cv, "split") else cv
    # Without a seed it would draw from the generator of the whole process.
    if getattr(own, "random_state", 0) is None:
        own.random_state = np.random.RandomState()
    return check_cv(own, y, classifier=classifier)


def from_fitted(candidates: Sequence[Candidate], data: Data) -> LevelOne:
    """Ask members that were fitted elsewhere about all rows.

    Raises
    ------
    NotFittedError
        If one of them was not.
    """
    for one in candidates:
        check_is_fitted(one.estimator)
    answers = [
        answers_of(FrozenEstimator(one.estimator), data.X, one.method, data.target)
        for one in candidates
    ]
    fitted = [one.estimator for one in candidates]
    return LevelOne(fitted, answers, np.arange(n_rows_of(data.X)), {})


def from_out_of_bag(
    candidates: Sequence[Candidate], data: Data, work: Work
) -> LevelOne:
    """Fit members to all rows, and take what they say of rows out of their bags.

    Raises
    ------
    ValueError
        If a member has no such predictions.
    """
    fitted = fit_to_all_rows(candidates, data, work)
    pairs = zip(candidates, fitted, strict=True)
    said = [_out_of_bag(one, model) for one, model in pairs]
    known = np.all([_are_known(*pair) for pair in zip(said, fitted, strict=True)], 0)
    rows = np.flatnonzero(known)
    return LevelOne(fitted, [rows_of(one, rows) for one in said], rows, {})


def _out_of_bag(candidate: Candidate, fitted: Estimator) -> Any:
    """What a fitted bag says of the rows that its members did not see."""
    of_classes = candidate.method == "predict_proba"
    name = "oob_decision_function_" if of_classes else "oob_prediction_"
    said = getattr(fitted, name, None)
    if said is None:
        raise ValueError(
            f"cv='oob' takes predictions that members make out of bag, and "
            f"{candidate.name}, {candidate.estimator!r}, has no {name}. Pass "
            "oob_score=True to it, or take cv=5."
        )
    if of_classes and np.ndim(said) == 3:  # classes before outputs
        return [said[:, :, j] for j in range(said.shape[2])]
    return said


def _are_known(answers: Any, fitted: Estimator) -> Any:
    """Which rows have an answer.

    Of rows that all members saw, scikit-learn's forests and bags say zero, or nothing.
    """
    parts = answers if isinstance(answers, list) else [answers]
    missing = [np.isnan(part).reshape(len(part), -1).any(axis=1) for part in parts]
    known = ~np.any(missing, axis=0)
    samples = getattr(fitted, "estimators_samples_", None)
    if samples is None:
        return known
    n_rows = len(known)
    seen = sum(np.bincount(np.unique(rows), minlength=n_rows) for rows in samples)
    return known & (seen < len(samples))


def fit_to_all_rows(
    candidates: Sequence[Candidate], data: Data, work: Work
) -> list[Estimator]:
    """Fit candidates to all rows, in their order; one fitted before is taken."""
    done = _run([_Task(one, None, True) for one in candidates], data, work)
    return [fit.model for fit in done]


def cross_fit(
    candidates: Sequence[Candidate],
    data: Data,
    folds: FoldRouting,
    models: Models,
    work: Work,
) -> LevelOne:
    """Fit candidates to all folds and, where asked for, to all rows.

    Parameters
    ----------
    candidates : sequence of Candidate
        Those that were fitted before are asked about all rows, and not fitted.
    data : Data
        All rows.
    folds : FoldRouting
        Makes the folds.
    models : {"of all rows", "of folds", "none"}
        Which are kept.
    work : Work
        How fits are run.

    Returns
    -------
    LevelOne
        What they say.

    Raises
    ------
    Exception
        Whatever a member raised, with a note that names it and the fold.
    LeakageError
        If a fold tests rows that it trains on.
    """
    pairs = folds.folds(data.X, data.y)
    axis = axis_of_folds(folds.cv, data.X, folds.split.get("times"))
    numbers = axis.numbers_by_row()
    calls = [(Call(test),) for _, test in pairs]
    chains = chains_of(pairs, calls, 1, updates=False, numbers=numbers)
    fresh = [one for one in candidates if not is_frozen(one.estimator)]
    wants_whole = models == "of all rows"
    whole = [_Task(one, None, True) for one in candidates if wants_whole]
    by_fold = [
        _Task(one, fold, models == "of folds")
        for one, (fold,) in product(fresh, chains)
    ]
    done = _run([*whole, *by_fold], data, work)  # the longest first
    estimators = [fit.model for fit in done[: len(whole)]]
    fits = iter(done[len(whole) :])
    rows = np.unique(np.concatenate([test for _, test in pairs]))
    answers, out_of_fold = [], {}
    for one in candidates:
        if is_frozen(one.estimator):
            fitted = clone(one.estimator).fit(data.X, data.y, **one.params)
            said = answers_of(fitted, data.X, one.method, data.target)
        else:
            of_folds = [next(fits) for _ in chains]
            target = data.target if is_classifier(one.estimator) else None
            fitted = FoldModels([fit.model for fit in of_folds], target)
            out_of_fold[one.name] = gathered(
                one.estimator,
                one.method,
                pairs,
                calls,
                [fit.answer for fit in of_folds if fit.answer is not None],
                data.y,
                numbers,
            )
            said = _without_floor(out_of_fold[one.name].values, one.method)
        answers.append(rows_of(said, rows))
        if models == "of folds":
            estimators.append(fitted)
    return LevelOne(estimators, answers, rows, out_of_fold)


def _without_floor(answers: Any, method: str) -> Any:
    """Decisions in which a class that a fold did not see has the row's lowest value.

    As those of a fitted member have it; the floor of `joined` is for sums.
    """
    if method != "decision_function" or np.ndim(answers) != 2:
        return answers
    is_floor = answers < np.finfo(np.float64).min / 1e9
    if not is_floor.any():
        return answers
    lowest = np.where(is_floor, np.inf, answers).min(axis=1, keepdims=True)
    return np.where(is_floor, lowest, answers)


def _run(tasks: Sequence[_Task], data: Data, work: Work) -> list[_Fit]:
    """Do all tasks, side by side, those done before looked up."""
    fit = partial(_fit_one, data)
    memory = check_memory(work.memory)
    if memory.location is not None:
        # The data are hashed once, not for each task.
        key = joblib_hash((data.X, data.y))
        fit = partial(memory.cache(_fit_by_key, ignore=["data"]), key, data)
    kinds = {preferred_workers(task.candidate.estimator) for task in tasks}
    prefer: Workers | None = kinds.pop() if len(kinds) == 1 else None
    return list(
        map_members(fit, tasks, n_jobs=work.n_jobs, prefer=prefer, verbose=work.verbose)
    )


def _fit_by_key(
    key: str, data: Data, candidate: Candidate, fold: FoldTask | None, keeps_model: bool
) -> _Fit:
    """`_fit_one` with the data's hash in their place as the cache's key."""
    return _fit_one(data, candidate, fold, keeps_model)


def _fit_one(
    data: Data, candidate: Candidate, fold: FoldTask | None, keeps_model: bool
) -> _Fit:
    """Fit a candidate to a fold and ask it about the test rows, or fit it to all rows.

    Raises
    ------
    Exception
        Whatever it raised, with a note that names it.
    """
    estimator, params = candidate.estimator, candidate.params
    try:
        if fold is None:
            whole = clone(estimator)
            whole.fit(data.X, data.y, **params)
            return _Fit(whole, None)
        job = Job(estimator, data.X, data.y, params, {}, candidate.method, False)
        model, (answer,) = run_chain(job, fold)
    except Exception as error:
        error.add_note(f"This is the member {candidate.name!r}.")
        raise
    return _Fit(model if keeps_model else None, answer)
