"""From an evaluation to a result: what all bootstraps of this package do alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, final

import numpy as np

from ensembles._random import entropy_from
from ensembles._typing import FloatArray, RandomState
from ensembles._validation import (
    check_choice,
    check_count,
    check_n_jobs,
    check_verbose,
    invalid_parameter,
    is_count,
    is_positive,
    warn_user,
)
from ensembles.inference._intervals._levels import check_level, tail_levels
from ensembles.inference._replicates import Replicates
from ensembles.inference._result import ALL_METHODS, BootstrapResult
from ensembles.inference._run import Run
from ensembles.inference._statistics._evaluation import Evaluation
from ensembles.inference._statistics._sources import ModelSource

__all__ = ["Settings"]

# Of "auto": the first batch, and where it gives up.
_FIRST_RESAMPLES = 999
_MOST_RESAMPLES = 10**6 - 1


@final
@dataclass(frozen=True)
class Settings:
    """Parameters that have the same meaning in every bootstrap; checks them."""

    owner: str
    n_resamples: int | Literal["auto"]
    confidence_level: float
    method: str | None
    alternative: str
    tol: float
    n_inner: int
    n_jobs: int | None
    rng: RandomState
    verbose: int

    def __post_init__(self) -> None:
        owner, n_resamples = self.owner, self.n_resamples
        if self.method is not None:
            check_choice(owner, "method", self.method, ALL_METHODS)
        check_level(owner, self.confidence_level, self.alternative)
        check_count(owner, "n_inner", self.n_inner, low=2)
        check_n_jobs(owner, self.n_jobs)
        check_verbose(owner, self.verbose)
        if n_resamples != "auto" and not (is_count(n_resamples) and n_resamples >= 2):
            allowed = "an int in the range [2, inf) or 'auto'"
            raise invalid_parameter(owner, "n_resamples", n_resamples, allowed)
        if not is_positive(self.tol):
            allowed = "a float in the range (0, inf)"
            raise invalid_parameter(owner, "tol", self.tol, allowed)

    def run(self, evaluation: Evaluation) -> BootstrapResult:
        """Draw and return the result."""
        if not np.isfinite(evaluation.estimate).all():
            raise ValueError(
                f"The statistic of the data is {evaluation.estimate}, so there is "
                "nothing to put an error bar on. Look for missing values, constant "
                "columns or too few rows."
            )
        source, method = evaluation.source, self.method
        if method is None:
            method = "bc" if isinstance(source, ModelSource) else "bca"
        if self.rng is None:
            entropy = entropy_from(source.random_state)
        else:
            entropy = entropy_from(self.rng, "rng")
        run = Run(evaluation, entropy, self.n_inner, self.n_jobs, self.verbose)
        automatic = isinstance(self.n_resamples, str)
        if automatic:
            run.check_can_go_on()
            n_first = _first_resamples(self.confidence_level, self.alternative)
        else:
            n_first = int(self.n_resamples)
        result = BootstrapResult(
            _as_the_user_has_it(evaluation.estimate, evaluation.shape),
            float(self.confidence_level),
            method,
            self.alternative,
            Replicates(run, n_first),
        )
        if method == "abc":  # draws nothing, so it fails here or not at all
            result.interval()
            return result
        _check_values(result)
        while automatic and not _is_settled(result, self.tol):
            result = result.extend(result.n_resamples + 1)
        return result


def _as_the_user_has_it(values: FloatArray, shape: tuple[int, ...]) -> Any:
    """A number where the statistic is one, an array of its shape otherwise."""
    return values.reshape(shape) if shape else float(values[0])


def _check_values(result: BootstrapResult) -> None:
    """Draw, and say if the statistic has no value in some of the resamples."""
    n_failed = result.n_failed
    if result.n_resamples - n_failed < 2:
        raise ValueError(
            f"The statistic has no value in {n_failed} of {result.n_resamples} "
            "resamples. Does it need more distinct rows, or every class? Stratify, or "
            "take BayesianBootstrap, which leaves no row out."
        )
    if n_failed:
        warn_user(
            f"The statistic has no value in {n_failed} of {result.n_resamples} "
            "resamples; intervals are those of the others. Stratifying, or "
            "BayesianBootstrap, which leaves no row out, may avoid it."
        )


def _first_resamples(confidence_level: float, alternative: str) -> int:
    """The first batch of "auto": enough to have replicates beyond each end."""
    low, high = tail_levels(confidence_level, alternative)
    n_first = _FIRST_RESAMPLES
    while n_first * (low or 1 - high) < 4:
        n_first = 2 * n_first + 1
    return n_first


def _is_settled(result: BootstrapResult, tol: float) -> bool:
    """Whether every end is known to a share `tol` of its interval's length."""
    if result.n_resamples >= _MOST_RESAMPLES:
        warn_user(
            f"n_resamples='auto' stopped at {result.n_resamples} resamples before the "
            f"Monte-Carlo error fell below tol={tol}."
        )
        return True
    low, high = replace(result, alternative="two-sided")._interval()
    length = np.subtract(high, low)
    return bool((np.maximum(*result.mc_error) <= tol * length).all())
