"""Folds of a comparison: their sizes, their order in time, and scores on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ensembles._compat import take_rows
from ensembles._parallel import map_members, preferred_workers
from ensembles._typing import Estimator, FloatArray, IntArray
from ensembles.inference._refits._refit import Sample, fit_on_rows, seed_of_fit

__all__ = ["Folds", "score_folds"]


@dataclass(frozen=True, slots=True)
class Folds:
    """Training and test rows, in the order of the splitter."""

    pairs: list[tuple[IntArray, IntArray]]

    @property
    def n_train(self) -> float:
        """Mean number of distinct training rows: a copy tells nothing new."""
        return float(np.mean([len(np.unique(train)) for train, _ in self.pairs]))

    @property
    def n_test(self) -> float:
        """Mean number of test rows."""
        return float(np.mean([len(test) for _, test in self.pairs]))

    @property
    def ascending(self) -> bool:
        """Whether each test set starts after the one before."""
        return bool((np.diff(self._test_starts()) > 0).all())

    @property
    def in_time(self) -> bool:
        """Whether every fold is trained on what came before it is tested."""
        trained_before = all(train.max() < test.min() for train, test in self.pairs)
        return trained_before and self.ascending

    @property
    def horizon(self) -> int:
        """Folds that a fold's last test row lies ahead, counted from its training rows.

        Errors of forecasts h folds ahead are related over h - 1 folds.
        """
        reach = max(int(test.max() - train.max()) for train, test in self.pairs)
        step = int(np.diff(self._test_starts()).min())
        return max(1, math.ceil(reach / step))

    def _test_starts(self) -> IntArray:
        return np.array([test.min() for _, test in self.pairs])


@dataclass(frozen=True, slots=True)
class _Job:
    """What all fits of a comparison share."""

    estimators: tuple[Estimator, Estimator]
    scorers: tuple[Any, Any]
    sample: Sample
    entropy: int


def score_folds(
    estimators: tuple[Estimator, Estimator],
    scorers: tuple[Any, Any],
    sample: Sample,
    folds: Folds,
    entropy: int,
    *,
    n_jobs: int | None,
    verbose: int,
) -> FloatArray:
    """Scores of both estimators on all folds.

    Parameters
    ----------
    estimators : tuple of two estimators
        Are cloned. Both get the same seed in a fold.
    scorers : tuple of two scorers
        One for each.
    sample : Sample
        The data.
    folds : Folds
        Rows to train and test on.
    entropy : int
        What the seeds derive from.
    n_jobs : int or None
        Workers.
    verbose : int
        joblib's messages.

    Returns
    -------
    ndarray of shape (2, n_folds)
        The scores.
    """
    job = _Job(estimators, scorers, sample, entropy)
    tasks = [
        (which, number, train, test)
        for which in (0, 1)
        for number, (train, test) in enumerate(folds.pairs)
    ]
    scores = map_members(
        partial(_score_fold, job),
        tasks,
        n_jobs=n_jobs,
        prefer=_common([preferred_workers(one) for one in estimators]),
        verbose=verbose,
    )
    return np.array(list(scores)).reshape(2, -1)


def _common(preferences: Sequence[Any]) -> Any:
    """What both prefer, or nothing."""
    return preferences[0] if preferences[0] == preferences[1] else None


def _score_fold(
    job: _Job, which: int, number: int, train: IntArray, test: IntArray
) -> float:
    """Score of one estimator on one fold."""
    estimator = job.estimators[which]
    try:
        fitted = fit_on_rows(
            estimator, job.sample, train, seed_of_fit(job.entropy, number)
        )
        weights = job.sample.weights
        given = {} if weights is None else {"sample_weight": weights[test]}
        score = job.scorers[which](
            fitted.estimator,
            fitted.table(job.sample.X, test),
            take_rows(job.sample.y, test),
            **given,
        )
        if not math.isfinite(score):
            raise ValueError(
                f"{job.scorers[which]!r} returned {score}: the score is not defined "
                "for these rows. Choose another scoring or larger folds."
            )
    except Exception as error:
        error.add_note(
            f"Fold {number}, trained on {len(train)} and tested on {len(test)} rows: "
            f"{estimator!r} failed."
        )
        raise
    return float(score)
