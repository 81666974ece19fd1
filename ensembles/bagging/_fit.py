"""Fitting one member: a pure function of its plan and the job all members share.

Rows reach a member in one of three forms. *weights*: all rows, the counts as
``sample_weight``. *unique*: the drawn rows once each, their counts as
``sample_weight``. *index*: the drawn rows with their repetitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from joblib import Memory
from joblib import hash as joblib_hash
from sklearn.base import clone
from sklearn.utils import get_tags

from ensembles._compat import take_columns, take_rows
from ensembles._ensemble._outputs import FittedMember
from ensembles._random import first_seed, set_random_states
from ensembles._rows import params_of_rows
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles.bagging._sampling import MemberPlan, Resample, Sampler
from ensembles.trees._grower import TreeGrower

__all__ = [
    "FitJob",
    "MemberFailure",
    "balanced_weights",
    "fit_member",
    "fitting_function",
]


@dataclass(frozen=True, slots=True)
class FitJob:
    """What all members of one fit share."""

    estimator: Estimator
    X: Table
    y: Any
    sampler: Sampler
    resample: Resample
    n_members: int
    error_score: str | float = "raise"
    params: dict[str, Any] = field(default_factory=dict)
    row_weights: FloatArray | None = None
    """Weights of the user's that multiply those of the draw; None means ones."""
    balance: IntArray | None = None
    """Codes of classes, each of which is to have the same weight in a member's draw."""
    grower: TreeGrower | None = None
    """What grows members that are binned trees; None where they are fitted."""
    state_of: Callable[[int], int] = first_seed
    """What `random_state` a tree that is grown has, by the seed of its plan."""


@dataclass(frozen=True, slots=True)
class MemberFailure:
    """A member that could not be fitted, and why."""

    index: int
    reason: str


def fitting_function(
    job: FitJob, memory: Memory
) -> Callable[[MemberPlan], FittedMember | MemberFailure]:
    """`fit_member` for this job, looked up in `memory` first.

    The data are hashed once for all members, not once for each.
    """
    fit: Callable[[MemberPlan], FittedMember] = partial(fit_member, job)
    if memory.location is not None:
        # Neither of the two changes a member: a longer fit takes up a shorter one's.
        key = joblib_hash(replace(job, n_members=0, error_score="raise"))
        fit = partial(memory.cache(_fit_by_key, ignore=["job"]), key, job)
    return fit if job.error_score == "raise" else partial(_fit_or_fail, fit)


def _fit_by_key(key: str, job: FitJob, plan: MemberPlan) -> FittedMember:
    """`fit_member` with the job's hash in the job's place as the cache's key."""
    return fit_member(job, plan)


def _fit_or_fail(
    fit: Callable[[MemberPlan], FittedMember], plan: MemberPlan
) -> FittedMember | MemberFailure:
    """The member, or why there is none; outside the cache, so it is tried again."""
    try:
        return fit(plan)
    except Exception as error:
        notes = " ".join(getattr(error, "__notes__", []))
        return MemberFailure(plan.index, f"{notes} {type(error).__name__}: {error}")


def fit_member(job: FitJob, plan: MemberPlan) -> FittedMember:
    """Fit the member of a plan.

    Parameters
    ----------
    job : FitJob
        Estimator, data, sampler.
    plan : MemberPlan
        What is random about this member.

    Returns
    -------
    FittedMember
        The estimator and the columns it saw.

    Raises
    ------
    Exception
        Whatever the member raised, with a note that names it.
    """
    rows, weights = _draw(job, plan)
    if job.grower is not None:
        with _naming(job, plan, job.estimator, rows, weights):
            return FittedMember(job.grower.grow(weights, job.state_of(plan.seed)))
    member = clone(job.estimator)
    set_random_states(member, plan.seed)
    columns = job.sampler.columns(plan)
    X, y, params = _see(job, rows)
    if get_tags(member).input_tags.pairwise and rows is not None:
        columns = rows  # a kernel has a column for each training row
    if columns is not None:
        X = take_columns(X, columns)
    if weights is not None:
        params["sample_weight"] = weights
    with _naming(job, plan, member, rows, weights):
        member.fit(X, y, **params)
    return FittedMember(member, columns)


def _draw(
    job: FitJob, plan: MemberPlan
) -> tuple[IntArray | None, FloatArray | IntArray | None]:
    """Rows to take (None: all) and weights to pass (None: none)."""
    own = job.row_weights
    if job.resample == "index":
        rows = job.sampler.rows(plan)
        return rows, None if own is None else own[rows]
    weights = job.sampler.weights(plan)
    if own is not None:
        weights = weights * own
    if job.balance is not None:
        weights = weights * balanced_weights(job.balance, weights)
    if job.resample == "weights":
        return None, weights
    rows = np.flatnonzero(weights)
    return rows, weights[rows]


def _see(job: FitJob, rows: IntArray | None) -> tuple[Table, Any, dict[str, Any]]:
    """The rows that a member sees of X, y and of parameters with one entry a row."""
    if rows is None:
        return job.X, job.y, dict(job.params)
    params = params_of_rows(job.params, rows, job.sampler.n_samples)
    return take_rows(job.X, rows), take_rows(job.y, rows), params


def balanced_weights(codes: IntArray, weights: FloatArray | IntArray) -> FloatArray:
    """What the weight of each row is multiplied by, for classes to weigh the same.

    Of several outputs, the product; as scikit-learn's "balanced_subsample" has it.
    """
    factors = np.ones(len(codes))
    for column in codes.reshape(len(codes), -1).T:
        by_class = np.bincount(column, weights)
        drawn = by_class > 0
        share = np.where(drawn, by_class, 1.0) * drawn.sum() / by_class.sum()
        factors *= (drawn / share)[column]
    return factors


@contextmanager
def _naming(
    job: FitJob,
    plan: MemberPlan,
    member: Estimator,
    rows: IntArray | None,
    weights: FloatArray | IntArray | None,
) -> Iterator[None]:
    """Add to an error one sentence that names the member, its parameters and rows."""
    try:
        yield
    except Exception as error:
        error.add_note(_describe(job, plan, member, rows, weights))
        raise


def _describe(
    job: FitJob,
    plan: MemberPlan,
    member: Estimator,
    rows: IntArray | None,
    weights: FloatArray | IntArray | None,
) -> str:
    """One sentence that names the member, its parameters and its rows."""
    drawn = np.unique(rows) if rows is not None else np.flatnonzero(weights)  # type: ignore[arg-type]
    first = ", ".join(map(str, drawn[:5].tolist()))
    return (
        f"Member {plan.index} of {job.n_members} failed: {member!r} on "
        f"{len(drawn)} distinct rows ({first}, ...), resample={job.resample!r}. "
        "error_score=numpy.nan leaves failing members out."
    )
