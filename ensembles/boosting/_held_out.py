"""Boosters of distributions, corrected by rows that they have not learned from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ensembles._typing import FloatArray, Table
from ensembles._validation import check_bool
from ensembles.boosting._crew import Crew
from ensembles.boosting._hist_base import BaseHistBooster
from ensembles.boosting._judge import Judge, KnownRaw
from ensembles.boosting._rounds import Rounds
from ensembles.boosting._samples import Sample

__all__ = ["BaseHeldOutBooster"]


class BaseHeldOutBooster(BaseHistBooster):
    """Boosts what training rows make look better than it is.

    Residuals of rows that trees were fitted to are too small, and so are the spreads
    that are learned from them, the more so the more rounds there are. Rows set aside
    show both: the round after which to stop is the best for them, and then constants
    are added to raw predictions that make these right for them.
    """

    calibration_: FloatArray

    def __init__(self, *, calibrate: bool, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.calibrate = calibrate

    @property
    def _takes_trends(self) -> bool:
        return True

    def _check_params(self) -> None:
        check_bool(self, "calibrate", self.calibrate)
        super()._check_params()

    def _prepare(self, train: Sample, goes_on: bool, crew: Crew) -> Rounds:
        if goes_on:  # what came after the best round has been dropped
            for scores in self._train_scores, self._scores:
                del scores[self.n_iter_ + 1 :]
        rounds = super()._prepare(train, goes_on, crew)
        self.calibration_ = np.zeros(self.n_trees_per_iteration_)
        return rounds

    def _settle(self, judge: Judge | None) -> None:
        """Drop the rounds after the best, and correct what the others say."""
        if judge is None or judge.validation is None:
            return
        best = max(1, int(np.argmax(self._scores)))
        del self._predictors[best:]
        self._packed = None
        if self.calibrate:
            raw = self._raw_of_binned(judge.binned)
            self.calibration_ = self._correction(judge.validation, raw)

    def _raw_predict(self, X: Table) -> FloatArray:
        raw = super()._raw_predict(X)
        return raw if isinstance(X, KnownRaw) else raw + self.calibration_

    def _staged_raw_predict(self, X: Table) -> Iterator[FloatArray]:
        check_is_fitted(self)
        for raw in super()._staged_raw_predict(X):
            yield raw + self.calibration_

    @abstractmethod
    def _correction(self, sample: Sample, raw: FloatArray) -> FloatArray:
        """What is to be added to all raw predictions, (n_raw,).

        `raw`, (n_rows, n_raw), are those of the sample, which was set aside.
        """
