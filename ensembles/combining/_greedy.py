"""Growing an ensemble member by member, each time by the one that helps most.

R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from libraries
of models", Proceedings of the 21st International Conference on Machine Learning, 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.combining._objectives import Objective

__all__ = ["Growth", "Plan", "grow"]

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Plan:
    """How an ensemble grows."""

    n_rounds: int
    """Members taken, repetitions counted."""
    n_start: int
    """Members taken at first, the best ones by themselves."""
    replacement: bool
    """Whether a member may be taken again."""
    costs: FloatArray | None = None
    """Of members, once they are taken; None where no budget is set."""
    budget: float = np.inf


class Growth(NamedTuple):
    """Members in the order in which they were taken, and scores on the way."""

    members: IntArray
    scores: FloatArray
    """Of the ensemble with each of them and all before."""
    size: int
    """How many of them make the best ensemble."""


def grow(objective: Objective, plan: Plan, allowed: IntArray) -> Growth:
    """Take the member with which the ensemble is best, again and again.

    Of members that do as well, the first is taken; of ensembles, the smallest.

    Parameters
    ----------
    objective : Objective
        Says how good the ensemble would be.
    plan : Plan
        How it grows.
    allowed : ndarray of shape (c,)
        Members that may be taken.

    Returns
    -------
    Growth
        What was taken.
    """
    state = objective.start()
    starters = _starters(plan, allowed, state.with_each(allowed))
    taken: list[int] = []
    scores: list[float] = []
    for place in range(plan.n_rounds):
        first = starters[place : place + 1]
        able = first if len(first) else allowed[_are_open(plan, taken, allowed)]
        if not len(able):
            break
        reached = np.nan_to_num(state.with_each(able), nan=-np.inf)
        best = int(np.argmax(reached))
        taken.append(int(able[best]))
        scores.append(float(reached[best]))
        state.add(taken[-1])
    return Growth(np.array(taken), np.array(scores), _best_size(scores, len(starters)))


def _best_size(scores: list[float], n_starters: int) -> int:
    """The fewest members of the ensembles that are best but for rounding.

    A mixture comes again when all its members have been taken as often again.
    """
    least = max(n_starters, 1)
    reached = np.array(scores[least - 1 :])
    top = reached.max()
    return least + int(np.argmax(reached >= top - _ROUNDING * abs(top)))


def _starters(plan: Plan, allowed: IntArray, alone: FloatArray) -> IntArray:
    """Members to begin with, the best by themselves, as far as the budget goes."""
    allowed, alone = allowed[np.isfinite(alone)], alone[np.isfinite(alone)]
    ranked = allowed[np.argsort(-alone, kind="stable")]
    first: list[int] = []
    for member in ranked:
        if len(first) < plan.n_start and _are_open(plan, first, np.array([member]))[0]:
            first.append(int(member))
    return np.array(first, dtype=np.intp)


def _are_open(plan: Plan, taken: list[int], allowed: IntArray) -> BoolArray:
    """Which members may be taken next."""
    known = np.isin(allowed, taken)
    may = known if plan.replacement else np.zeros(len(allowed), dtype=bool)
    if plan.costs is None:
        return np.asarray(may | ~known)
    left = plan.budget - plan.costs[np.unique(taken).astype(np.intp)].sum()
    is_paid = plan.costs[allowed] <= left * (1 + 1e-12)
    return np.asarray(may | (~known & is_paid))
