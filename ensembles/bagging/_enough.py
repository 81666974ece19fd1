"""Whether a bag that grows has members enough, or time is up."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ensembles._stages import next_stage
from ensembles._validation import warn_user
from ensembles.bagging._grow import Grown
from ensembles.bagging._oob_curve import OutOfBag
from ensembles.bagging._until_settled import FEWEST, UntilSettled

__all__ = ["Enough"]


class Enough:
    """Judges a bag that grows.

    Parameters
    ----------
    rule : UntilSettled
        What is enough.
    left_out : OutOfBag
        Scores of rows that members did not see.
    started : float
        When the fit began, by `perf_counter`.
    """

    def __init__(self, rule: UntilSettled, left_out: OutOfBag, started: float) -> None:
        self._rule = rule
        self._left_out = left_out
        self._started = started

    def n_missing(self, grown: Grown) -> int:
        """How many members to add before it is asked again; 0 for enough."""
        n_members = len(grown.estimators)
        if n_members >= FEWEST and (self._has_settled(grown) or self.is_late()):
            return 0
        return max(next_stage(n_members), FEWEST) - n_members

    def is_late(self) -> bool:
        """Whether time is up."""
        limit = self._rule.max_seconds
        return limit is not None and perf_counter() - self._started > limit

    def conclude(self, grown: Grown) -> None:
        """Warn if there may be no more members and the score has not settled."""
        if self.is_late() or self._has_settled(grown) or self._rule.tol == 0:
            return
        mc_error, sampling_error = self._left_out.errors()
        if np.isnan([mc_error, sampling_error]).any():
            why = (
                "halves of them leave out too few rows for a score. Take smaller draws "
                "or more rows, or give a number of members."
            )
        else:
            why = (
                f"its Monte-Carlo error is {mc_error:.2g}, more than "
                f"tol={self._rule.tol} times its sampling error, {sampling_error:.2g}. "
                "Raise at_most or tol, or take a smoother score, such as "
                "oob_score='roc_auc' in place of accuracy."
            )
        warn_user(
            f"The out-of-bag score has not settled with {len(grown.estimators)} "
            f"members: {why}",
            ConvergenceWarning,
        )

    def _has_settled(self, grown: Grown) -> bool:
        """Whether luck matters little beside the rows that there are."""
        self._left_out.take(grown)
        mc_error, sampling_error = self._left_out.errors()
        return self._rule.tol > 0 and mc_error <= self._rule.tol * sampling_error
