"""Fits and predictions of folds that follow one another with one model.

A *chain* is a run of folds that share a model: it is fitted on the first of them, and
may be updated on what later ones add. Chains know nothing of one another, so that they
can be worked off side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone, is_classifier

from ensembles._compat import take_rows
from ensembles._rows import params_of_rows, table_of_rows
from ensembles._typing import BoolArray, Estimator, IntArray, Table
from ensembles._validation import n_rows_of
from ensembles.exceptions import LeakageError

__all__ = [
    "Answer",
    "Call",
    "FoldTask",
    "Job",
    "answer_chain",
    "chains_of",
    "run_chain",
]


class Call(NamedTuple):
    """Rows that a model predicts together, and which of its answers count."""

    rows: IntArray
    kept: IntArray | slice = slice(None)

    @property
    def tested(self) -> IntArray:
        """Rows whose answers count."""
        return self.rows[self.kept]


@dataclass(frozen=True, slots=True)
class FoldTask:
    """What is to be done in one fold.

    Attributes
    ----------
    number : int
        Number of the fold.
    fit : ndarray of shape (n_rows,)
        Rows to fit on, or to update on where the fold is not the first of its chain.
    calls : tuple of Call
        Rows to predict.
    """

    number: int
    fit: IntArray
    calls: tuple[Call, ...]


class Answer(NamedTuple):
    """What a model said of the test rows of a fold, and the classes it knows."""

    output: Any
    classes: Any


@dataclass(frozen=True, slots=True)
class Job:
    """What all chains share."""

    estimator: Estimator
    X: Table
    y: Any
    params: dict[str, Any]
    """Of fit."""
    update_params: dict[str, Any]
    """Of partial_fit."""
    method: str
    updates: bool


def chains_of(
    folds: Sequence[tuple[IntArray, IntArray]],
    calls: Sequence[tuple[Call, ...]],
    refit_every: int | None,
    *,
    updates: bool,
    numbers: IntArray,
) -> list[tuple[FoldTask, ...]]:
    """Folds by the model that predicts them.

    `numbers` are those of the rows' distinct times.

    Raises
    ------
    LeakageError
        If a fold tests rows that it trains on, or would use a model that was trained on
        rows which the fold leaves out, and not because they are too old.
    """
    length = refit_every or len(folds)
    chains = []
    for start in range(0, len(folds), length):
        chain = []
        seen = np.zeros(len(numbers), dtype=bool)
        for number in range(start, min(start + length, len(folds))):
            train, test = folds[number]
            new = train
            if number > start:
                new = train[~seen[train]] if updates else train[:0]
            seen[new] = True
            n_left_out = _n_left_out(seen, train, test, numbers)
            if n_left_out and number == start:
                raise LeakageError(
                    f"Fold {number} tests {n_left_out} of the rows that it trains on."
                )
            if n_left_out:
                raise LeakageError(
                    f"Fold {number} tests or keeps away {n_left_out} rows that the "
                    f"model of fold {start} was trained on, so refit_every="
                    f"{refit_every} lets answers through. Take a splitter that moves "
                    "forward in time, such as RollingOrigin, or refit_every=1."
                )
            chain.append(FoldTask(number, new, calls[number]))
        chains.append(tuple(chain))
    return chains


def _n_left_out(
    seen: BoolArray, train: IntArray, test: IntArray, numbers: IntArray
) -> int:
    """Rows that a model has seen and a fold tests or guards its test rows from.

    What is older than the training set has merely left its window.
    """
    left_out = seen.copy()
    left_out[train] = False
    left_out[numbers < numbers[train].min()] = False
    left_out[test] = seen[test]
    return int(np.count_nonzero(left_out))


def answer_chain(job: Job, *chain: FoldTask) -> list[Answer]:
    """Answers of one model to the folds of a chain."""
    return run_chain(job, *chain)[1]


def run_chain(job: Job, *chain: FoldTask) -> tuple[Estimator, list[Answer]]:
    """One model, fitted to the folds of a chain, and its answers.

    Raises
    ------
    Exception
        Whatever the estimator raised, with a note that names the fold.
    """
    model = clone(job.estimator)
    answers = []
    fitted = chain[0].fit
    for position, fold in enumerate(chain):
        try:
            if position == 0:
                _teach(job, model.fit, fold.fit, job.params)
            elif job.updates and len(fold.fit):
                _check_classes(job, model, fold.fit)
                _teach(job, model.partial_fit, fold.fit, job.update_params)
            answers.append(_answer(job, model, fold.calls, fitted))
        except Exception as error:
            n_tested = sum(len(call.tested) for call in fold.calls)
            error.add_note(
                f"Fold {fold.number}, with {len(fold.fit)} rows to learn from and "
                f"{n_tested} to predict: {job.estimator!r} failed."
            )
            raise
    return model, answers


def _teach(job: Job, method: Any, rows: IntArray, told: dict[str, Any]) -> None:
    """Fit, or fit on, with these rows."""
    params = params_of_rows(told, rows, n_rows_of(job.X))
    X = table_of_rows(job.estimator, job.X, rows, rows)
    if job.y is None:
        method(X, **params)
    else:
        method(X, take_rows(job.y, rows), **params)


def _check_classes(job: Job, model: Estimator, rows: IntArray) -> None:
    """Raise where rows to update on are of classes that the model does not know."""
    known = getattr(model, "classes_", None)
    if not is_classifier(model) or not isinstance(known, np.ndarray):
        return
    new = np.setdiff1d(np.asarray(take_rows(job.y, rows)), known)
    if len(new):
        raise ValueError(
            f"Rows to update on are of classes {new.tolist()}, and the model was "
            f"fitted on {known.tolist()} alone, which partial_fit cannot add to. Let "
            "the first training set hold every class, or leave update=None."
        )


def _answer(
    job: Job, model: Estimator, calls: tuple[Call, ...], fitted: IntArray
) -> Answer:
    """Predictions of a fold."""
    said = []
    for call in calls:
        X = table_of_rows(job.estimator, job.X, call.rows, fitted)
        said.append(_kept(getattr(model, job.method)(X), call))
    output: Any = said[0]
    if len(said) > 1 and isinstance(output, list):
        output = [np.concatenate(parts) for parts in zip(*said, strict=True)]
    elif len(said) > 1:
        output = np.concatenate(said)
    return Answer(output, getattr(model, "classes_", None))


def _kept(output: Any, call: Call) -> Any:
    """Answers that count, as arrays."""
    if isinstance(output, list) and output and np.ndim(output[0]) == 2:
        return [np.asarray(one)[call.kept] for one in output]  # one of each output
    if hasattr(output, "toarray"):
        output = output.toarray()
    array = np.asarray(output)
    if array.ndim == 0 or len(array) != len(call.rows):
        shape = f"an array of shape {array.shape}" if array.ndim else f"{output!r}"
        raise ValueError(
            f"It returned {shape} for {len(call.rows)} rows. One answer for each row "
            "is needed; a step that drops rows cannot be predicted out of fold."
        )
    return array[call.kept]
