"""Replicates of a statistic, and the evidence on each component that they give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from ensembles._typing import BoolArray, FloatArray
from ensembles.inference._abc_of_scheme import abc_of
from ensembles.inference._intervals import AbcDistribution, Evidence
from ensembles.inference._run import Run

__all__ = ["Replicates"]

_WANT_ACCELERATION = frozenset({"bca", "expanded_bca", "studentized"})


@final
@dataclass(frozen=True, eq=False)
class Replicates:
    """Values of all resamples of a run.

    Drawn when they are first asked for, as is all that some methods want besides.
    """

    run: Run
    n_resamples: int
    beginning: FloatArray | None = None
    """Values of the first resamples, where they are there already."""

    @cached_property
    def values(self) -> FloatArray:
        """The statistic of each resample, shape (n_resamples, n_components)."""
        if self.beginning is None:
            values = self.run.replicates(0, self.n_resamples)
        else:
            more = self.run.replicates(len(self.beginning), self.n_resamples)
            values = np.concatenate([self.beginning, more])
        # Users see them, and all intervals follow from them.
        values.setflags(write=False)
        return values

    @cached_property
    def has_value(self) -> BoolArray:
        """Resamples in which every component has a value, shape (n_resamples,)."""
        return np.asarray(np.isfinite(self.values).all(axis=1))

    def evidence(self, method: str) -> list[Evidence]:
        """Evidence on each component, with all that the method wants."""
        if method == "studentized":
            return self._with_errors
        if method == "calibrated":
            return self._with_ranks
        return self._with_accelerations if method in _WANT_ACCELERATION else self.plain

    @cached_property
    def abc(self) -> list[AbcDistribution]:
        """The confidence distribution by ABC of each component, which draws nothing."""
        return abc_of(self.run.evaluation)

    @cached_property
    def plain(self) -> list[Evidence]:
        """Evidence of estimates and replicates alone."""
        evaluation = self.run.evaluation
        centre = evaluation.centre()
        valued = self.values[self.has_value]
        spread = evaluation.source.spread
        if spread != 1:
            around = evaluation.estimate if centre is None else centre
            valued = around + (valued - around) / spread
        return [
            Evidence(
                float(evaluation.estimate[j]),
                replicates,
                n_units=evaluation.source.n_units,
                centre=None if centre is None else float(centre[j]),
            )
            for j, replicates in enumerate(np.ascontiguousarray(valued.T))
        ]

    @cached_property
    def _with_accelerations(self) -> list[Evidence]:
        accelerations = self.run.accelerations()
        return [
            replace(evidence, acceleration=float(acceleration))
            for evidence, acceleration in zip(self.plain, accelerations, strict=True)
        ]

    @cached_property
    def _with_errors(self) -> list[Evidence]:
        n, numbers = len(self.values), np.flatnonzero(self.has_value)
        of_estimate = self.run.evaluation.error()
        if of_estimate is None:
            values, errors = self.run.inner_errors(n, numbers)
            of_estimate = values.std(axis=0, ddof=1)
        else:
            values, errors = self.values[numbers], self.run.errors(n, numbers)
        return [
            replace(
                evidence,
                replicates=np.ascontiguousarray(values[:, j]),
                estimate_error=float(of_estimate[j]),
                replicate_errors=np.ascontiguousarray(errors[:, j]),
            )
            for j, evidence in enumerate(self._with_accelerations)
        ]

    @cached_property
    def _with_ranks(self) -> list[Evidence]:
        ranks = self.run.inner_ranks(len(self.values), np.flatnonzero(self.has_value))
        return [
            replace(evidence, inner_ranks=np.ascontiguousarray(ranks[:, j]))
            for j, evidence in enumerate(self.plain)
        ]
