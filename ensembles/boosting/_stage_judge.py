"""Scores of AdaBoost round by round, by rows set aside."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from sklearn.metrics import check_scoring

from ensembles._typing import FloatArray
from ensembles.boosting._ada_stages import Stage
from ensembles.boosting._samples import Sample
from ensembles.boosting._stopping import have_stalled, weights_for

__all__ = ["StageJudge"]


@final
class StageJudge:
    """Scores what rounds have come to by rows set aside: greater is better.

    Parameters
    ----------
    booster : AdaBoostClassifier or AdaBoostRegressor
        Whose parameters say what a score is, and when there are rounds enough.
    stage : Stage
        What members say together.
    seen : table or BinnedMatrix
        The rows, as members take them.
    sample : Sample
        The rows as scorers take them.
    target : ndarray of shape (n_rows,)
        Their targets, as the loss takes them.

    Attributes
    ----------
    seen : table or BinnedMatrix
        As given.
    scores : list of float
        After each round.
    """

    def __init__(
        self, booster: Any, stage: Stage, seen: Any, sample: Sample, target: Any
    ) -> None:
        self.seen, self.scores = seen, list[float]()
        self._stage, self._sample, self._target = stage, sample, target
        self._patience, self._tol = booster.n_iter_no_change, float(booster.tol)
        self._scoring, self._scorer = booster.scoring, None
        if booster.scoring != "loss":
            self._scorer = check_scoring(booster, booster.scoring)

    @property
    def n_best(self) -> int:
        """After how many rounds the score was best."""
        return int(np.argmax(self.scores)) + 1

    def stops(self, answers: FloatArray, weight: float) -> bool:
        """Whether none of the last rounds has brought a gain, with one more.

        Parameters
        ----------
        answers : ndarray of shape (n_rows, n_columns) or (n_rows,)
            What its members say of the rows.
        weight : float
            How much that counts.
        """
        self._stage.add(answers, weight)
        score = self._score()
        if np.isnan(score):
            raise ValueError(
                f"The score of the rows set aside is NaN after {len(self.scores) + 1} "
                f"rounds, with scoring={self._scoring!r}. Pass another one, or more "
                "rows to set aside."
            )
        self.scores.append(score)
        return have_stalled(self.scores, self._patience, self._tol)

    def _score(self) -> float:
        X, y, weights = self._sample
        if self._scorer is None:
            return -self._stage.loss(self._target, weights)
        options = weights_for(self._scorer, weights)
        return float(self._scorer(self._stage, X, y, **options))
