"""Members added one by one, with scikit-learn's callbacks listening."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
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
    from ensembles.bagging._enough import Enough

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
    enough: Enough | None = None,
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
    enough : Enough or None, default=None
        What may end it before all plans are done.

    Raises
    ------
    ValueError
        If all members fail.
    """
    start = partial(
        map_members,
        fitting_function(job, check_memory(bag.memory)),
        n_jobs=bag.n_jobs,
        prefer=preferred_workers(job.estimator),
        verbose=int(bag.verbose),
    )
    listener = _Listener(bag, len(plans), X, y, grown)
    failures: list[MemberFailure] = []
    goes_on = True
    while plans and goes_on:
        size = len(plans) if enough is None else enough.n_missing(grown)
        wave, plans = plans[:size], plans[size:] if size else []
        goes_on = _grow_wave(start, job, wave, grown, failures, listener, enough)
    listener.end()
    if enough is not None and goes_on and grown.estimators:
        enough.conclude(grown)
    _warn_of_failures(failures, grown)


def _grow_wave(
    start: Callable[[list[tuple[MemberPlan]]], Iterator[Any]],
    job: FitJob,
    plans: list[MemberPlan],
    grown: Grown,
    failures: list[MemberFailure],
    listener: _Listener,
    enough: Enough | None,
) -> bool:
    """Fit some members side by side; False where there are to be no more."""
    members = start([(plan,) for plan in plans])
    for plan in plans:
        task = listener.begin_member()
        member = next(members)
        grown.n_planned += 1
        if isinstance(member, MemberFailure):
            failures.append(member)
        else:
            grown.add(member, job, plan)
        is_late = enough is not None and enough.is_late()
        if listener.end_member(task) or (is_late and grown.estimators):
            _abandon(members)
            return False
    next(members, None)  # let workers end
    return True


class _Listener:
    """Tells scikit-learn's callbacks, where a bag has any, how its fit goes."""

    def __init__(
        self, bag: BaseBag, n_members: int, X: Table, y: Any, grown: Grown
    ) -> None:
        self._about = {"estimator": bag, "X": X, "y": y}
        self._after = {"reconstruction_attributes": grown.attributes}
        self._context = callback_context(bag, n_members)
        if self._context is not None:
            self._context.call_on_fit_task_begin(**self._about)

    def end(self) -> None:
        """Say that the fit has ended."""
        if self._context is not None:
            self._context.call_on_fit_task_end(**self._about, **self._after)

    def begin_member(self) -> Any:
        """Say that a member is next, and return what is to be told when it is there."""
        if self._context is None:
            return None
        task = self._context.subcontext(task_name="member")
        task.call_on_fit_task_begin(**self._about)
        return task

    def end_member(self, task: Any) -> bool:
        """Say that a member is there; whether a callback wants no more."""
        if task is None:
            return False
        return bool(task.call_on_fit_task_end(**self._about, **self._after))


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
