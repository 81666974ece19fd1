"""Members added one by one, with scikit-learn's callbacks listening."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_memory

from ensembles._compat import callback_context
from ensembles._ensemble._outputs import FittedMember
from ensembles._parallel import map_members, preferred_workers
from ensembles._typing import Estimator, IntArray, Table
from ensembles._validation import warn_user
from ensembles.bagging._fit import FitJob, MemberFailure, fitting_function
from ensembles.bagging._sampling import MemberPlan, Resample, Sampler
from ensembles.exceptions import MemberFailedWarning

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

__all__ = ["Grown", "grow", "plan_members"]


@dataclass(slots=True)
class Grown:
    """Members so far, in step with their columns and what drew them."""

    estimators: list[Estimator] = field(default_factory=list)
    columns: list[IntArray | None] = field(default_factory=list)
    draws: list[tuple[Sampler, Resample, MemberPlan]] = field(default_factory=list)
    n_planned: int = 0
    """Members tried; some may have failed and been left out."""

    @classmethod
    def of(cls, bag: BaseBag) -> Grown:
        """The members that a bag has, in lists of their own."""
        if not hasattr(bag, "estimators_"):
            return cls()
        return cls(
            list(bag.estimators_), list(bag._columns), list(bag._draws), bag._n_planned
        )

    def add(self, member: FittedMember, job: FitJob, plan: MemberPlan) -> None:
        """Take one more."""
        if job.grower is not None:
            job.grower.adopt(member.estimator)
        self.estimators.append(member.estimator)
        self.columns.append(member.columns)
        self.draws.append((job.sampler, job.resample, plan))

    def attributes(self) -> dict[str, Any]:
        """What makes a bag of these members."""
        return {
            "estimators_": self.estimators,
            "_columns": self.columns,
            "_draws": self.draws,
            "_n_planned": self.n_planned,
        }


def plan_members(sampler: Sampler, seeds: IntArray, start: int) -> list[MemberPlan]:
    """Plans of the members from number `start` on."""
    rows_seeds = sampler.row_seeds(seeds, start)
    numbered = zip(seeds.tolist(), rows_seeds, strict=True)
    return [
        MemberPlan(i, seed, rows_seed)
        for i, (seed, rows_seed) in enumerate(numbered, start)
    ]


def grow(
    bag: BaseBag,
    job: FitJob,
    plans: list[MemberPlan],
    grown: Grown,
    X: Table,
    y: Any,
) -> None:
    """Fit the members of the plans and add them to `grown`, in order.

    Parameters
    ----------
    bag : bagging estimator
        Whose callbacks, workers and memory are used.
    job : FitJob
        What all members share.
    plans : list of MemberPlan
        What is random about each.
    grown : Grown
        Members so far.
    X, y : table, array-like
        The data as the user gave them, for callbacks.

    Raises
    ------
    ValueError
        If all members fail.
    """
    context = callback_context(bag, len(plans))
    if context is not None:
        context.call_on_fit_task_begin(estimator=bag, X=X, y=y)
    members = map_members(
        fitting_function(job, check_memory(bag.memory)),
        [(plan,) for plan in plans],
        n_jobs=bag.n_jobs,
        prefer=preferred_workers(job.estimator),
        verbose=int(bag.verbose),
    )
    failures = []
    for plan in plans:
        task = None
        if context is not None:
            task = context.subcontext(task_name="member")
            task.call_on_fit_task_begin(estimator=bag, X=X, y=y)
        member = next(members)
        grown.n_planned += 1
        if isinstance(member, MemberFailure):
            failures.append(member)
        else:
            grown.add(member, job, plan)
        if task is not None and task.call_on_fit_task_end(
            estimator=bag, X=X, y=y, reconstruction_attributes=grown.attributes
        ):
            _abandon(members)
            break
    if context is not None:
        context.call_on_fit_task_end(
            estimator=bag, X=X, y=y, reconstruction_attributes=grown.attributes
        )
    _warn_of_failures(failures, grown)


def _abandon(members: Iterator[Any]) -> None:
    """End the workers; members that they have finished meanwhile are not wanted."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*not used", category=UserWarning)
        members.close()  # type: ignore[attr-defined]


def _warn_of_failures(failures: list[MemberFailure], grown: Grown) -> None:
    """Warn of members left out; raise where none is left."""
    if not failures:
        return
    reasons = "\n".join(failure.reason for failure in failures)
    if not grown.estimators:
        raise ValueError(f"All {len(failures)} members failed to fit:\n{reasons}")
    warn_user(
        f"{len(failures)} members failed to fit and were left out; "
        f"{len(grown.estimators)} are there:\n{reasons}",
        MemberFailedWarning,
    )
