"""Boosters of distributions, corrected by rows that they have not learned from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ensembles._typing import ArrayLike, FloatArray, IntArray, Table
from ensembles._validation import check_bool
from ensembles.boosting._crew import Crew
from ensembles.boosting._hist_base import BaseHistBooster
from ensembles.boosting._judge import Judge
from ensembles.boosting._newton._tree import packed
from ensembles.boosting._rounds import Rounds
from ensembles.boosting._samples import Sample

__all__ = ["BaseHeldOutBooster", "effective_rows"]


class BaseHeldOutBooster(BaseHistBooster):
    """Boosts what training rows make look better than it is.

    Residuals of rows that trees were fitted to are too small, and so are the spreads
    that are learned from them, the more so the more rounds there are. Rows set aside
    show both: the round after which to stop is the best for them, and then constants
    are added to raw predictions that make these right for them.
    """

    _has_units = True
    calibration_: FloatArray

    def __init__(self, *, calibrate: bool, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.calibrate = calibrate

    def fit(
        self,
        X: Table,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Table | None = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Boost trees.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to learn from. NaN, None and NA are missing. A :class:`BinnedMatrix`
            saves the time to bin; `max_bins` and `categorical_features` are then those
            of its binner.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts. Zero leaves a row out; whole numbers count as
            repeated rows, but for limits on numbers of rows; of others only their
            ratios matter.
        X_val : table of shape (n_val, n_features) or None, default=None
            Rows to tell by when to stop and to correct by, in place of some of X.
        y_val : array-like of shape (n_val,), default=None
            Their target.
        sample_weight_val : array-like of shape (n_val,) or None, default=None
            How much each of them counts.

        Returns
        -------
        Self
            The booster itself.
        """
        return super().fit(
            X,
            y,
            sample_weight,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
        )

    @property
    def _takes_trends(self) -> bool:
        return True

    def _check_params(self) -> None:
        check_bool(self, "calibrate", self.calibrate)
        super()._check_params()

    def _prepare(self, train: Sample, goes_on: bool, crew: Crew) -> Rounds:
        rounds = super()._prepare(train, goes_on, crew)
        self.calibration_ = np.zeros(self.n_trees_per_iteration_)
        return rounds

    def _run(self, rounds: Rounds, judge: Judge | None, goes_on: bool) -> None:
        if goes_on:
            self._train_scores, self._scores = [], []
            if judge is not None:
                self._score_again(rounds, judge)
        super()._run(rounds, judge, goes_on)

    def _score_again(self, rounds: Rounds, judge: Judge) -> None:
        """Score the rounds of fits before: by these rows, and as it is wanted now."""
        known, self._predictors = self._predictors, []
        self._packed = None
        rounds.start(self._first_raw(rounds.binned).T)
        judge.start(self)
        judge.note(self, self._train_scores, self._scores)
        for trees in known:
            self._predictors.append(trees)
            self._packed = None
            for k, tree in enumerate(trees):
                packed([tree], [0]).add_to(rounds.raw[k][:, None], rounds.binned)
            judge.add(trees)
            judge.note(self, self._train_scores, self._scores)

    def _settle(self, judge: Judge | None) -> None:
        """Drop the rounds after the best, and correct what the others say."""
        if judge is None or judge.validation is None:
            return
        if np.isnan(self._scores).any():
            raise ValueError(
                f"scoring={self.scoring!r} is NaN after {np.argmax(self._scores)} "
                "rounds for the rows set aside. Pass a scorer that is a number for "
                "these, or other rows."
            )
        best = max(1, int(np.argmax(self._scores)))
        self._predictors, self._packed = self._whole[:best], None
        if self.calibrate:
            raw = self._raw_of_binned(judge.binned)
            self.calibration_ = self._correction(judge.validation, raw)

    def _raw_predict(self, X: Table) -> FloatArray:
        # While scores are taken, corrections are zero.
        return self._corrected(super()._raw_predict(X))

    def _staged_raw_predict(self, X: Table) -> Iterator[FloatArray]:
        check_is_fitted(self)
        for raw in super()._staged_raw_predict(X):
            yield self._corrected(raw)

    def _corrected(self, raw: FloatArray) -> FloatArray:
        """Raw predictions, with what the rows set aside say."""
        return raw + self.calibration_

    def _correct_by_folds(
        self, boosters: Sequence[Any], sample: Sample, rows: Sequence[IntArray], n: int
    ) -> None:
        """Correct what is predicted by rows that boosters of folds did not learn from.

        Each of `boosters` predicts its own of the `rows` of the sample, whose targets
        are as the user gave them, after n rounds.
        """
        if not self.calibrate:
            return
        told = [sample.rows(own) for own in rows]
        parts = [
            one.set_n_rounds(min(n, one.n_iter_))._raw_predict(own.X)
            for one, own in zip(boosters, told, strict=True)
        ]
        y = np.concatenate([self._encode(own.y, "") for own in told])
        raw, weights = np.concatenate(parts), None
        if sample.weights is not None:
            weights = sample.weights[np.concatenate(rows)]
            used = weights > 0.0
            y, raw, weights = y[used], raw[used], weights[used]
            weights = None if (weights == 1.0).all() else weights
        self.calibration_ = self._correction(Sample(None, y, weights), raw)

    @abstractmethod
    def _correction(self, sample: Sample, raw: FloatArray) -> FloatArray:
        """What is to be added to all raw predictions, (n_raw,).

        `raw`, (n_rows, n_raw), are those of the sample, which was set aside.
        """


def effective_rows(weights: FloatArray | None, n_rows: int) -> float:
    """How many rows without weights say as much about a mean.

    L. Kish, "Survey Sampling", Wiley, 1965, section 8.2.
    """
    if weights is None:
        return float(n_rows)
    shares = weights / weights.max()
    return float(shares.sum() ** 2 / (shares**2).sum())
