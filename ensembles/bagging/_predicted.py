"""Rows predicted by the members that did not see them, as members come."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from ensembles._combine import CoveredCombiner
from ensembles._compat import take_rows
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._predict import Output
from ensembles._parallel import map_members
from ensembles._stages import next_stage
from ensembles._typing import BoolArray, FloatArray, IntArray, Table
from ensembles._validation import n_rows_of, warn_user
from ensembles.bagging._grow import Grown
from ensembles.bagging._sampling import MemberPlan, Resample, Sampler

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

__all__ = ["OobCurve", "Predicted"]

_GROUPS = 16
# Fifteen orthogonal halves of the groups.
_HALVES = hadamard(_GROUPS)[1:] > 0


class OobCurve(NamedTuple):
    """Out-of-bag scores of the first members, by their number."""

    n_estimators: IntArray
    """Numbers of members, shape (n_stages,)."""
    score: FloatArray
    """Score of these members; NaN where too few rows are left out for one."""
    mc_error: FloatArray
    """Its standard error over other random numbers; NaN where it was not asked for."""
    sampling_error: FloatArray
    """Its standard error over other rows; NaN where it was not asked for."""


class Predicted:
    """What members say of rows that they did not see, combined as members come.

    Parameters
    ----------
    bag : bagging estimator
        That knows its classes and rule; its members may not be there yet.
    X : table
        The training data, for scorers.
    seen : table
        The same as members see them.
    y : array
        What members learn.
    in_groups : bool, default=False
        Whether halves of members are to be told apart, for Monte-Carlo errors.
    """

    def __init__(
        self, bag: BaseBag, X: Table, seen: Table, y: Any, *, in_groups: bool = False
    ) -> None:
        self._bag = bag
        self._data = X, seen, y
        self._rule = bag._rule()
        self._output: Output = bag._main_output({})
        self._n_groups = _GROUPS if in_groups else 0
        self._all: list[CoveredCombiner] = []
        self._groups: list[list[CoveredCombiner]] = []
        self._row_groups = _dealt(np.asarray(y))
        self._kept: BoolArray | None = None
        self._n_members = 0
        self._stages: list[tuple[int, float]] = []
        self._errors: list[tuple[float, float]] = []

    def take(self, grown: Grown) -> None:
        """Take the members that have come since the last call, and score stages."""
        new = slice(self._n_members, None)
        columns = zip(grown.estimators[new], grown.columns[new], strict=True)
        members = [FittedMember(*both) for both in columns]
        if not members:
            return
        if not self._all:
            self._begin(members[0])
        self._kept = grown.draws[-1][0].kept
        tasks = list(zip(members, grown.draws[new], strict=True))
        outside = partial(_outside, self._data[1], self._output)
        predicted = map_members(
            outside, tasks, n_jobs=self._bag.n_jobs, prefer="threads"
        )
        stage = self._n_members and next_stage(self._n_members)
        for rows, arrays in predicted:
            self._add(rows, arrays)
            if self._n_members >= stage:
                self._score_stage()
                stage = next_stage(self._n_members)

    def errors(self) -> tuple[float, float]:
        """Monte-Carlo and sampling error of the score of the members so far."""
        self._score_stage()
        if len(self._errors) < len(self._stages):
            missing = len(self._stages) - len(self._errors) - 1
            self._errors += [(np.nan, np.nan)] * missing
            self._errors.append(self._errors_now())
        return self._errors[-1]

    def curve(self, grown: Grown) -> OobCurve:
        """Scores by the number of members, of all stages up to the last member."""
        self.take(grown)
        combined = [combiner.result() for combiner in self._all]
        last = self._score(combined, _covered(combined))
        before = [stage for stage in self._stages if stage[0] < self._n_members]
        n_members, scores = zip(*before, (self._n_members, last), strict=True)
        errors = np.full((len(scores), 2), np.nan)
        errors[: len(self._errors)] = np.reshape(self._errors, (-1, 2))
        return OobCurve(np.array(n_members), np.array(scores), *errors.T)

    def combined(self) -> list[FloatArray]:
        """Predictions of rows left out, an array for each output of the target.

        NaN where every member saw the row, which is warned of, and where the user gave
        the row no weight.
        """
        combined = [combiner.result() for combiner in self._all]
        missing = ~_covered(combined)
        if (missing if self._kept is None else missing[self._kept]).any():
            warn_user(
                "Some inputs do not have OOB scores. This probably means too few "
                "estimators were used to compute any reliable oob estimates."
            )
        return combined

    def _begin(self, member: FittedMember) -> None:
        """Make room for outputs of the shape that a member's has."""
        seen = self._data[1]
        shapes = [
            (n_rows_of(seen), *array.shape[1:])
            for array in self._output(member, take_rows(seen, np.arange(1)))
        ]
        self._all, *self._groups = (
            [CoveredCombiner(self._rule, shape) for shape in shapes]
            for _ in range(1 + self._n_groups)
        )

    def _add(self, rows: IntArray, arrays: list[FloatArray]) -> None:
        """Take the output of the next member."""
        takers = [self._all]
        if self._groups:
            takers.append(self._groups[self._n_members % _GROUPS])
        for combiners in takers:
            for combiner, array in zip(combiners, arrays, strict=False):
                combiner.add(rows, array)
        self._n_members += 1

    def _score_stage(self) -> None:
        """Score the members so far, unless that is done."""
        if not self._stages or self._stages[-1][0] < self._n_members:
            combined = [combiner.result() for combiner in self._all]
            score = self._score_or_nan(combined, _covered(combined))
            self._stages.append((self._n_members, score))

    def _errors_now(self) -> tuple[float, float]:
        """Monte-Carlo and sampling error, both on rows that all halves predict."""
        groups = np.array(self._groups, dtype=object).T
        halves = [
            [CoveredCombiner.of_all(of_output[half]).result() for of_output in groups]
            for half in _HALVES
        ]
        rows = np.logical_and.reduce([_covered(combined) for combined in halves])
        everything = [combiner.result() for combiner in self._all]
        in_halves = [rows & half[self._row_groups] for half in _HALVES]
        return (
            _spread([self._score_or_nan(combined, rows) for combined in halves]),
            _spread([self._score_or_nan(everything, half) for half in in_halves]),
        )

    def _score(self, combined: list[FloatArray], rows: BoolArray) -> float:
        """Score of predictions of some rows."""
        X, _, y = self._data
        return self._bag._score_left_out(X, y, combined, rows)

    def _score_or_nan(self, combined: list[FloatArray], rows: BoolArray) -> float:
        """Score of a part of members or rows, which may be too few for a metric."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return self._score(combined, rows)
            except ValueError:
                return np.nan


def _outside(
    X: Table,
    output: Output,
    member: FittedMember,
    draw: tuple[Sampler, Resample, MemberPlan],
) -> tuple[IntArray, list[FloatArray]]:
    """Rows that one member did not see and its output there."""
    sampler, resample, plan = draw
    in_bag = sampler.in_bag(plan, resample) > 0
    rows = np.flatnonzero(sampler.out_of_bag(in_bag))
    return rows, output(member, take_rows(X, rows)) if len(rows) else []


def _covered(combined: list[FloatArray]) -> BoolArray:
    """Rows that some member predicts."""
    first = combined[0]
    return np.asarray(~np.isnan(first.reshape(len(first), -1)).any(axis=1))


def _spread(scores: list[float]) -> float:
    """Standard error of the whole from the scores of its halves.

    NaN where less than half of them are scores.
    """
    found = np.asarray(scores)[np.isfinite(scores)]
    return float(found.std(ddof=1)) if 2 * len(found) > len(scores) else np.nan


def _dealt(y: NDArray[Any]) -> IntArray:
    """Groups that rows are dealt to, at random; codes of classes one after another."""
    order = np.random.default_rng(0).permutation(len(y))
    if y.ndim == 1 and y.dtype.kind in "iu":
        order = order[np.argsort(y[order], kind="stable")]
    groups = np.empty(len(y), dtype=np.intp)
    groups[order] = np.arange(len(y)) % _GROUPS
    return groups
