"""Scores of a booster after each round, for the test rows of a fold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from typing import Any, NamedTuple, final

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring

from ensembles._typing import Estimator, FloatArray, IntArray
from ensembles._validation import warn_user
from ensembles.boosting._samples import Sample
from ensembles.boosting._stopping import weights_for

__all__ = ["FoldJob", "FoldPath", "fold_path", "name_of_rounds", "without_stopping"]


def name_of_rounds(booster: Estimator) -> str | None:
    """Name of the parameter that says how many rounds there are; None if there is none.

    Parameters
    ----------
    booster : estimator
        Any that boosts.

    Returns
    -------
    str or None
        As in scikit-learn, where there are two.
    """
    known = booster.get_params(deep=False)
    return next((name for name in ("max_iter", "n_estimators") if name in known), None)


def without_stopping(booster: Estimator) -> Estimator:
    """A booster like this one, which neither stops by itself nor goes on.

    Parameters
    ----------
    booster : estimator
        Not changed.

    Returns
    -------
    estimator
        Not fitted.
    """
    known, own = signature(type(booster)).parameters, clone(booster)
    off: dict[str, Any] = {"warm_start": False, "early_stopping": False}
    off = {name: value for name, value in off.items() if name in known}
    for name in "early_stopping", "n_iter_no_change":
        if name in known and known[name].default is None:
            off[name] = None
    return own.set_params(**off)


class FoldPath(NamedTuple):
    """What a fold says."""

    scores: FloatArray
    """After each round."""
    booster: Estimator
    """Fitted to the training rows."""


@final
@dataclass(frozen=True)
class FoldJob:
    """What all folds have in common."""

    booster: Estimator
    """Not fitted."""
    sample: Sample
    """All rows; targets as the user gave them."""
    scoring: Any
    """"loss", a scorer's name, or a scorer."""


def fold_path(job: FoldJob, train: IntArray, test: IntArray) -> FoldPath:
    """Fit a booster to the training rows of a fold and score its stages.

    Parameters
    ----------
    job : FoldJob
        What to fit and how to score.
    train, test : ndarray
        Numbers of rows.

    Returns
    -------
    FoldPath
        Scores of the test rows, and the booster.
    """
    learned, told = job.sample.rows(train), job.sample.rows(test)
    if is_classifier(job.booster):
        told = _of_known_classes(told, learned.y)
    for part, purpose in (learned, "learn from"), (told, "test"):
        if part.weights is not None and not part.weights.any():
            raise ValueError(
                f"A fold has no row to {purpose} with a weight above zero. Pass "
                "another splitter, or weights that are not zero."
            )
    booster: Any = clone(job.booster)
    if learned.weights is None:
        booster.fit(learned.X, learned.y)
    else:
        booster.fit(learned.X, learned.y, sample_weight=learned.weights)
    if job.scoring == "loss":
        losses = booster.staged_loss(*told)
        return FoldPath(-np.fromiter(losses, np.float64), booster)
    scorer = check_scoring(booster, job.scoring)
    options = weights_for(scorer, told.weights)
    stages = stages_of(booster, told.X)
    try:
        found = [scorer(stage, told.X, told.y, **options) for stage in stages]
    except AttributeError as error:
        raise ValueError(
            f"scoring={job.scoring!r} asks for what {type(booster).__name__} has no "
            f"stages of: {error}"
        ) from error
    if not found:  # there was nothing to learn
        found = [scorer(booster, told.X, told.y, **options)]
    return FoldPath(np.array(found, dtype=np.float64), booster)


def _of_known_classes(told: Sample, y: Any) -> Sample:
    """Rows of the classes that there are to learn from: others have no score."""
    is_known = np.isin(told.y, np.unique(y))
    if is_known.all():
        return told
    if not is_known.any():
        raise ValueError(
            "No test row of a fold has a class that its training rows have. Pass a "
            "splitter that keeps classes in proportion."
        )
    warn_user(
        f"{np.sum(~is_known)} test rows of a fold have classes that its training rows "
        "lack, and are left out of its score. Pass a splitter that keeps classes in "
        "proportion, or more rows of each."
    )
    return told.rows(np.flatnonzero(is_known))


class _Stage:
    """A booster as it was after some rounds, for the rows that it is scored by.

    A scorer asks it as it would ask the booster. What has been asked for once is
    answered for all stages in turn, so that no round is predicted twice.
    """

    def __init__(self, booster: Any, X: Any) -> None:
        self._booster, self._X = booster, X
        self._answers: dict[str, tuple[Iterator[Any], Any]] = {}
        self._number = 0
        if is_classifier(booster):
            self.classes_ = booster.classes_

    def __sklearn_tags__(self) -> Any:
        return self._booster.__sklearn_tags__()

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        staged = getattr(self.__dict__["_booster"], f"staged_{name}", None)
        if staged is None:
            raise AttributeError(name)

        def answer(X: Any) -> Any:
            if X is not self._X:
                raise ValueError("A scorer of stages may ask of the test rows alone.")
            if name not in self._answers:
                stages = staged(X)
                for _ in range(self._number):
                    next(stages)
                self._answers[name] = stages, next(stages)
            return self._answers[name][1]

        answer.__name__ = name  # scorers ask by it
        return answer

    def move(self) -> None:
        """Go on to the next round."""
        self._number += 1
        for name, (stages, _) in self._answers.items():
            self._answers[name] = stages, next(stages)


def stages_of(booster: Any, X: Any) -> Iterator[_Stage]:
    """A booster after each of its rounds, as a scorer asks it.

    Parameters
    ----------
    booster : estimator
        Fitted.
    X : table of shape (n_samples, n_features)
        Rows that it will be asked of.

    Yields
    ------
    estimator
        The same one each time, a round further.
    """
    stage = _Stage(booster, X)
    for number in range(_n_rounds_of(booster)):
        if number:
            stage.move()
        yield stage


def _n_rounds_of(booster: Any) -> int:
    """How many rounds a booster has been fitted for."""
    for name in "n_iter_", "n_estimators_":
        if hasattr(booster, name):
            return int(getattr(booster, name))
    return len(booster.estimators_)
