"""Scores of a booster while it is fitted, of its training and validation rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from sklearn.metrics import check_scoring

from ensembles._typing import FloatArray
from ensembles.boosting._newton._tree import NewtonTree, packed
from ensembles.boosting._rounds import Rounds
from ensembles.boosting._samples import Sample
from ensembles.boosting._stopping import rows_to_score, weights_for

__all__ = ["Judge", "KnownRaw"]


@final
@dataclass(frozen=True, slots=True)
class KnownRaw:
    """In place of a table: rows whose raw predictions are known, (n_rows, n_raw).

    A scorer predicts what it judges; so it need not add up all trees each round.
    """

    raw: FloatArray

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of rows and raw predictions."""
        return self.raw.shape

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.raw)


@final
class Judge:
    """Scores what rounds have come to: greater is better.

    Parameters
    ----------
    booster : booster
        Whose `scoring` is asked for.
    rounds : Rounds
        Of the training rows.
    train, validation : Sample
        What is scored; None where no rows are set aside.
    seed : int
        Of the training rows that a scorer judges.

    Attributes
    ----------
    validation : Sample or None
        As given.
    binned : BinnedMatrix
        Codes of the validation rows, where there are any.
    """

    def __init__(
        self,
        booster: Any,
        rounds: Rounds,
        train: Sample,
        validation: Sample | None,
        seed: int,
    ) -> None:
        self._rounds, self.validation = rounds, validation
        self._scorer = None
        if booster.scoring != "loss":
            self._scorer = check_scoring(booster, booster.scoring)
            labels = booster._labels(train.y)
            rows = rows_to_score(len(train.y), labels, seed)
            self._scored_rows = slice(None) if rows is None else rows
            self._scored = train if rows is None else train.rows(rows)
        # What scorers of the user's own look at is theirs to say.
        self._knows_raw = booster.scoring is None or isinstance(booster.scoring, str)
        if validation is not None:
            self.binned = booster._binned_to_send(validation.X)
            self.start(booster)

    def start(self, booster: Any) -> None:
        """Go on from what a booster says of the validation rows by now."""
        if self.validation is not None:
            self._raw = booster._raw_of_binned(self.binned)

    @property
    def has_validation(self) -> bool:
        """Whether rows were set aside."""
        return self.validation is not None

    def add(self, trees: list[NewtonTree]) -> None:
        """Add the trees of a round to what is known of the validation rows."""
        if self.validation is not None:
            packed(trees, range(len(trees))).add_to(self._raw, self.binned)

    def note(
        self, booster: Any, train_scores: list[float], scores: list[float]
    ) -> None:
        """Append the scores of a booster as it is now."""
        if self._scorer is None:
            train_scores.append(-self._rounds.mean_loss())
            if self.validation is not None:
                _, y, weights = self.validation
                raw = self._raw[:, 0] if self._raw.shape[1] == 1 else self._raw
                scores.append(-self._rounds.loss.mean(y, raw, weights))
            return
        raw = self._rounds.raw[:, self._scored_rows].T
        train_scores.append(self._score(booster, self._scored, raw))
        if self.validation is not None:
            scores.append(self._score(booster, self.validation, self._raw))

    def _score(self, booster: Any, sample: Sample, raw: FloatArray) -> float:
        """What the scorer says of rows."""
        X = KnownRaw(raw) if self._knows_raw else sample.X
        y = booster._decoded(sample.y)
        assert self._scorer is not None
        options = weights_for(self._scorer, sample.weights)
        return float(self._scorer(booster, X, y, **options))
