"""One run of replicates, which can be continued: what a result asks for more of.

Everything random follows from one entropy and the number of a replicate. So a run that
is continued is the long run, and standard errors or second-level replicates asked for
later are those of the very replicates that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from joblib import effective_n_jobs

from ensembles._parallel import map_members
from ensembles._random import entropy_of
from ensembles._typing import FloatArray
from ensembles.inference._intervals._acceleration import jackknife_acceleration
from ensembles.inference._statistics._evaluation import Evaluation
from ensembles.resampling._base import Seeds

__all__ = ["Run"]

# Enough tasks that workers finish together, few enough to cost nothing.
_TASKS_A_WORKER = 8

Part: TypeAlias = Callable[["Run", Seeds, int], FloatArray]


@final
@dataclass(frozen=True)
class Run:
    """A statistic, its source, and the entropy of the replicates."""

    evaluation: Evaluation
    entropy: int
    n_inner: int
    n_jobs: int | None
    verbose: int

    def check_can_go_on(self) -> None:
        """Raise where replicates are a design of one run."""
        if not self.evaluation.source.can_go_on:
            raise ValueError(
                "Draws that are balanced over one run cannot be continued. Take all "
                "resamples at once, or balanced=False."
            )

    def replicates(self, start: int, stop: int) -> FloatArray:
        """Replicates `start` to `stop`, shape (n_replicates, n_components)."""
        return self._in_parts(_replicates, start, stop)

    def errors(self, n: int) -> FloatArray:
        """Standard errors of the first `n` replicates, of the shape of these."""
        by_formula = self.evaluation.error() is not None
        return self._in_parts(_errors if by_formula else _inner_errors, 0, n)

    def inner_ranks(self, n: int) -> FloatArray:
        """Share of each replicate's own replicates that lie below the estimate."""
        return self._in_parts(_inner_ranks, 0, n)

    def accelerations(self) -> FloatArray:
        """Acceleration of each component by the jackknife of the scheme's units."""
        values, overlap = self.evaluation.jackknife()
        return np.asarray(jackknife_acceleration(values) * np.sqrt(overlap))

    def inner_replicates(self, seed: Any, number: int) -> FloatArray:
        """Replicates of one replicate."""
        inner = self.evaluation.resampled(seed)
        entropy = entropy_of(self.entropy, number)
        return inner.replicates(inner.source.seeds(entropy, 0, self.n_inner))

    def _in_parts(self, part: Part, start: int, stop: int) -> FloatArray:
        """Results of a function of replicates, computed by all workers."""
        seeds = self.evaluation.source.seeds(self.entropy, start, stop)
        n_parts = _TASKS_A_WORKER * effective_n_jobs(self.n_jobs)
        size = max(1, -(-len(seeds) // n_parts))
        tasks = [
            (self, seeds[first : first + size], start + first)
            for first in range(0, len(seeds), size)
        ]
        results = map_members(
            part,
            tasks,
            n_jobs=self.n_jobs,
            prefer=self.evaluation.workers,
            verbose=self.verbose,
        )
        return np.concatenate(list(results))


def _replicates(run: Run, seeds: Seeds, start: int) -> FloatArray:
    return run.evaluation.replicates(seeds)


def _errors(run: Run, seeds: Seeds, start: int) -> FloatArray:
    return run.evaluation.errors(seeds)


def _inner_errors(run: Run, seeds: Seeds, start: int) -> FloatArray:
    spreads = [
        np.nanstd(run.inner_replicates(seed, start + i), axis=0, ddof=1)
        for i, seed in enumerate(seeds)
    ]
    return np.stack(spreads)


def _inner_ranks(run: Run, seeds: Seeds, start: int) -> FloatArray:
    estimate = run.evaluation.estimate
    ranks = []
    for i, seed in enumerate(seeds):
        inner = run.inner_replicates(seed, start + i)
        below, ties = (inner < estimate).sum(axis=0), (inner == estimate).sum(axis=0)
        # Never 0 or 1, which so few inner replicates cannot tell from 1 / n_inner.
        ranks.append((below + (ties + 1) / 2) / (len(inner) + 1))
    return np.stack(ranks)
