"""Scores of rows that members did not see, by the number of members."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier

from ensembles._stages import next_stage
from ensembles._typing import BoolArray, FloatArray, IntArray, Table
from ensembles._validation import warn_user
from ensembles.bagging._grow import Grown
from ensembles.bagging._predicted import HALVES, N_GROUPS, Predicted, covered
from ensembles.bagging._sampling import Sampler

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

__all__ = ["OobCurve", "OutOfBag"]

# Share of rows that halves of the members must predict to stand for all.
_ENOUGH_ROWS = 0.9


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


class OutOfBag:
    """Predictions of rows that members did not see, and their scores, stage by stage.

    Parameters
    ----------
    bag : bagging estimator
        That knows its classes, rule and score; its members may not be there yet.
    X : table
        The training data, for scorers.
    seen : table
        The same as members see them.
    y : array
        What members learn.
    with_errors : bool, default=False
        Whether `errors` is going to be asked.
    """

    def __init__(
        self, bag: BaseBag, X: Table, seen: Table, y: Any, *, with_errors: bool = False
    ) -> None:
        self._bag = bag
        self._X, self._y = X, y
        self._predicted = Predicted(bag, seen, in_groups=with_errors)
        self._sampler: Sampler | None = None
        self._stages: list[tuple[int, float]] = []
        self._errors: list[tuple[float, float]] = []

    def take(self, grown: Grown) -> None:
        """Take the members that have come since the last call, and score stages."""
        stage = next_stage(self._predicted.n_members)
        for n_members in self._predicted.take(grown):
            if n_members >= stage:
                self._score_stage()
                stage = next_stage(n_members)
        self._sampler = grown.draws[-1][0]

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
        n_members = self._predicted.n_members
        combined = self._predicted.combined()
        last = self._score(combined, covered(combined))
        before = [stage for stage in self._stages if stage[0] < n_members]
        stages, scores = zip(*before, (n_members, last), strict=True)
        errors = np.full((len(scores), 2), np.nan)
        errors[: len(self._errors)] = np.reshape(self._errors, (-1, 2))
        return OobCurve(np.array(stages), np.array(scores), *errors.T)

    def combined(self) -> list[FloatArray]:
        """Predictions of rows left out, an array for each output of the target.

        NaN where every member saw the row, which is warned of, and where the user gave
        the row no weight.
        """
        combined = self._predicted.combined()
        if not covered(combined)[self._kept()].all():
            warn_user(
                "Some inputs do not have OOB scores. This probably means too few "
                "estimators were used to compute any reliable oob estimates."
            )
        return combined

    def _score_stage(self) -> None:
        """Score the members so far, unless that is done."""
        n_members = self._predicted.n_members
        if not self._stages or self._stages[-1][0] < n_members:
            combined = self._predicted.combined()
            score = self._score_or_nan(combined, covered(combined))
            self._stages.append((n_members, score))

    def _kept(self) -> BoolArray:
        """Rows to which the user gave a weight."""
        kept = None if self._sampler is None else self._sampler.kept
        return np.ones(len(self._y), dtype=np.bool_) if kept is None else kept

    def _errors_now(self) -> tuple[float, float]:
        """Monte-Carlo and sampling error, both on rows that all halves predict.

        NaN where these are so few that they tell little of the others.
        """
        halves = self._predicted.of_halves()
        rows = np.logical_and.reduce([covered(combined) for combined in halves])
        if np.mean(rows[self._kept()]) < _ENOUGH_ROWS:
            return np.nan, np.nan
        everything = self._predicted.combined()
        codes = self._y if is_classifier(self._bag) and np.ndim(self._y) == 1 else None
        units = None if self._sampler is None else self._sampler.units
        groups = _dealt(len(self._y), codes, units)
        in_halves = [rows & half[groups] for half in HALVES]
        return (
            _spread([self._score_or_nan(combined, rows) for combined in halves]),
            _spread([self._score_or_nan(everything, half) for half in in_halves]),
        )

    def _score(self, combined: list[FloatArray], rows: BoolArray) -> float:
        """Score of predictions of some rows."""
        return self._bag._score_left_out(self._X, self._y, combined, rows)

    def _score_or_nan(self, combined: list[FloatArray], rows: BoolArray) -> float:
        """Score of a part of members or rows, which may be too few for a metric."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return self._score(combined, rows)
            except Exception:  # of the user's score; that of all members is raised
                return np.nan


def _spread(scores: list[float]) -> float:
    """Standard error of the whole from the scores of its halves.

    NaN where less than half of them are scores.
    """
    found = np.asarray(scores)[np.isfinite(scores)]
    return float(found.std(ddof=1)) if 2 * len(found) > len(scores) else np.nan


def _dealt(n_samples: int, codes: IntArray | None, units: IntArray | None) -> IntArray:
    """Groups that rows are dealt to at random, classes one after another.

    Rows of a unit, which are not independent, go to one group.
    """
    n_dealt = n_samples if units is None else int(units.max()) + 1
    order = np.random.default_rng(0).permutation(n_dealt)
    if codes is not None and units is None:
        order = order[np.argsort(codes[order], kind="stable")]
    groups = np.empty(n_dealt, dtype=np.intp)
    groups[order] = np.arange(n_dealt) % N_GROUPS
    return groups if units is None else groups[units]
