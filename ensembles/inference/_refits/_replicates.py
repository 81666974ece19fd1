"""All replicates fitted and measured on the rows that they left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ensembles._parallel import map_members, preferred_workers
from ensembles._typing import Estimator, FloatArray
from ensembles._validation import warn_user
from ensembles.exceptions import MemberFailedWarning
from ensembles.inference._refits._draws import Draws, split_rows
from ensembles.inference._refits._measures import Measure
from ensembles.inference._refits._refit import Sample, fit_on_rows, seed_of_fit
from ensembles.resampling._base import BoundScheme

__all__ = ["Replicates", "run_replicates"]


@dataclass(frozen=True, slots=True)
class _Job:
    """What all replicates of a call share."""

    estimator: Estimator
    sample: Sample
    measure: Measure
    bound: BoundScheme
    entropy: int
    n_resamples: int
    keeps: bool
    """Whether the fitted estimators come back."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a replicate has no result."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replicates:
    """What the replicates that did not fail left behind, in their order."""

    draws: Draws
    results: list[FloatArray]
    estimators: list[Estimator] | None
    n_failed: int


def run_replicates(
    estimator: Estimator,
    sample: Sample,
    measure: Measure,
    draws: Draws,
    *,
    keeps: bool = False,
    raises: bool = True,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Replicates:
    """Fit a clone to each replicate and measure it out-of-bag.

    Parameters
    ----------
    estimator : estimator
        Is cloned.
    sample : Sample
        The data.
    measure : Measure
        What is measured.
    draws : Draws
        The replicates.
    keeps : bool, default=False
        Whether to return the fitted estimators.
    raises : bool, default=True
        Whether a replicate that fails is an error. Otherwise it is left out.
    n_jobs : int or None, default=None
        Workers.
    verbose : int, default=0
        joblib's messages.

    Returns
    -------
    Replicates
        Those that did not fail.

    Raises
    ------
    ValueError
        If all fail.

    Warns
    -----
    MemberFailedWarning
        If some fail and are left out.
    """
    n_resamples = len(draws.seeds)
    job = _Job(
        estimator, sample, measure, draws.bound, draws.entropy, n_resamples, keeps
    )
    run: Callable[..., Any] = partial(_measure_outside, job)
    outcomes = list(
        map_members(
            run if raises else partial(_or_failure, run),
            list(enumerate(draws.seeds)),
            n_jobs=n_jobs,
            prefer=preferred_workers(estimator),
            verbose=int(verbose),
        )
    )
    failed = [one.reason for one in outcomes if isinstance(one, _Failure)]
    _warn_of_failures(failed, n_resamples)
    done = [i for i, one in enumerate(outcomes) if not isinstance(one, _Failure)]
    return Replicates(
        draws.only(done) if failed else draws,
        [outcomes[i][0] for i in done],
        [outcomes[i][1] for i in done] if keeps else None,
        len(failed),
    )


def _measure_outside(
    job: _Job, number: int, seed: Any
) -> tuple[FloatArray, Estimator | None]:
    """One replicate: what it is remembered by, and the estimator where it is kept."""
    rows, outside = split_rows(job.bound, seed)
    try:
        fitted = fit_on_rows(
            job.estimator, job.sample, rows, seed_of_fit(job.entropy, number)
        )
        result = job.measure.outside(fitted, job.sample, outside, number)
    except Exception as error:
        drawn = np.unique(rows)
        first = ", ".join(map(str, drawn[:5].tolist()))
        error.add_note(
            f"Replicate {number} of {job.n_resamples} failed: {job.estimator!r} on "
            f"{len(drawn)} distinct rows ({first}, ...). error_score=numpy.nan leaves "
            "failing replicates out."
        )
        raise
    return result, fitted.estimator if job.keeps else None


def _or_failure(run: Callable[..., Any], number: int, seed: Any) -> Any:
    """What the replicate leaves behind, or why there is nothing."""
    try:
        return run(number, seed)
    except Exception as error:
        notes = " ".join(getattr(error, "__notes__", []))
        return _Failure(f"{notes} {type(error).__name__}: {error}")


def _warn_of_failures(failed: list[str], n_resamples: int) -> None:
    """Warn of replicates left out; raise where none is left."""
    if not failed:
        return
    reasons = "\n".join(failed)
    if len(failed) == n_resamples:
        raise ValueError(f"All {n_resamples} replicates failed:\n{reasons}")
    warn_user(
        f"{len(failed)} replicates failed and were left out; "
        f"{n_resamples - len(failed)} are there:\n{reasons}",
        MemberFailedWarning,
    )
