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
from ensembles._typing import FloatArray, IntArray
from ensembles.inference._intervals._acceleration import jackknife_acceleration
from ensembles.inference._statistics._evaluation import Evaluation
from ensembles.resampling._base import Seeds

__all__ = ["Run"]

# Enough tasks that workers finish together, few enough to cost nothing.
_TASKS_A_WORKER = 8

Part: TypeAlias = Callable[["Run", Seeds, IntArray], FloatArray]


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
        numbers = np.arange(start, stop)
        seeds = self.evaluation.source.seeds(self.entropy, start, stop)
        return self._in_parts(_replicates, seeds, numbers)

    def errors(self, n: int, numbers: IntArray) -> FloatArray:
        """Standard errors by the formula of some of `n` replicates."""
        return self._of_some(_errors, n, numbers)

    def inner_errors(self, n: int, numbers: IntArray) -> tuple[FloatArray, FloatArray]:
        """Values of some of `n` replicates, and the spread of their own replicates.

        The values are those of the rows that are drawn from again. Where a statistic
        draws its replicates from their law, these are other ones.
        """
        values, spreads = self._of_some(_inner_errors, n, numbers).swapaxes(0, 1)
        return values, spreads

    def inner_ranks(self, n: int, numbers: IntArray) -> FloatArray:
        """Share of own replicates below the estimate, of some of `n` replicates."""
        return self._of_some(_inner_ranks, n, numbers)

    def accelerations(self) -> FloatArray:
        """Acceleration of each component by the jackknife of the scheme's units."""
        values, overlap = self.evaluation.jackknife()
        return np.asarray(jackknife_acceleration(values) * np.sqrt(overlap))

    def inner(self, seed: Any, number: int) -> tuple[Evaluation, FloatArray]:
        """The evaluation of one replicate, and its own replicates."""
        inner = self.evaluation.resampled(seed)
        entropy = entropy_of(self.entropy, number)
        return inner, inner.replicates(inner.source.seeds(entropy, 0, self.n_inner))

    def _of_some(self, part: Part, n: int, numbers: IntArray) -> FloatArray:
        """Results of a function of some of `n` replicates."""
        seeds = self.evaluation.source.seeds(self.entropy, 0, n)
        if isinstance(seeds, np.ndarray):
            return self._in_parts(part, seeds[numbers], numbers)
        return self._in_parts(part, [seeds[i] for i in numbers], numbers)

    def _in_parts(self, part: Part, seeds: Seeds, numbers: IntArray) -> FloatArray:
        """Results of a function of replicates, computed by all workers."""
        n_parts = _TASKS_A_WORKER * effective_n_jobs(self.n_jobs)
        size = max(1, -(-len(numbers) // n_parts))
        tasks = [
            (self, seeds[first : first + size], numbers[first : first + size])
            for first in range(0, len(numbers), size)
        ]
        results = map_members(
            part,
            tasks,
            n_jobs=self.n_jobs,
            prefer=self.evaluation.workers,
            verbose=self.verbose,
        )
        return np.concatenate(list(results))


def _replicates(run: Run, seeds: Seeds, numbers: IntArray) -> FloatArray:
    return run.evaluation.replicates(seeds)


def _errors(run: Run, seeds: Seeds, numbers: IntArray) -> FloatArray:
    return run.evaluation.errors(seeds)


def _inner_errors(run: Run, seeds: Seeds, numbers: IntArray) -> FloatArray:
    pairs = []
    for seed, number in zip(seeds, numbers, strict=True):
        inner, replicates = run.inner(seed, int(number))
        pairs.append([inner.estimate, _spread(replicates)])
    return np.array(pairs)


def _inner_ranks(run: Run, seeds: Seeds, numbers: IntArray) -> FloatArray:
    evaluation, ranks = run.evaluation, []
    target = evaluation.estimate + evaluation.offset
    for seed, number in zip(seeds, numbers, strict=True):
        inner, replicates = run.inner(seed, int(number))
        around = replicates - inner.offset
        below, ties = (around < target).sum(axis=0), (around == target).sum(axis=0)
        n_values = np.isfinite(replicates).sum(axis=0)
        # Never 0 or 1, which so few inner replicates cannot tell from 1 / n_inner.
        ranks.append((below + (ties + 1) / 2) / (n_values + 1))
    return np.stack(ranks)


def _spread(replicates: FloatArray) -> FloatArray:
    """Standard deviations of columns, without the replicates that have no value."""
    with_value = np.isfinite(replicates)
    n_values = with_value.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(with_value, replicates, 0.0).sum(axis=0) / n_values
        squares = np.where(with_value, (replicates - means) ** 2, 0.0).sum(axis=0)
        return np.where(n_values > 1, np.sqrt(squares / (n_values - 1)), np.nan)
