"""Folds that a search draws once, for candidates that come in several rounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import get_routing_for_object

from ensembles._routing import FoldRouting, taken_by_split, warn_of_unheard
from ensembles._times import find_times
from ensembles._typing import IntArray, Table
from ensembles._validation import n_rows_of
from ensembles.model_selection._splitters._base import axis_of_folds
from ensembles.model_selection._splitters._history import History
from ensembles.model_selection._splitters._sizes import Size

__all__ = ["DrawnFolds", "draw_folds"]


@final
@dataclass(frozen=True, eq=False)
class DrawnFolds:
    """Folds drawn before a search begins, in the place of its splitter.

    A splitter that shuffles draws other folds each time it is asked, on which scores of
    different rounds would not compare. Copies in other processes hold no folds, which
    are of no use there.

    Attributes
    ----------
    cv : int, splitter or iterable
        What made them.
    pairs : list of tuple
        Training and test rows.
    history : History
        What of the training rows is recent.
    known : ndarray of shape (n_known,) or None
        The rows that are searched on: those whose label has an end. None means all.
    """

    cv: Any
    pairs: list[tuple[IntArray, IntArray]]
    history: History
    known: IntArray | None

    def __reduce__(self) -> Any:
        return _named, (self.cv,)

    def get_metadata_routing(self) -> Any:
        """What the splitter asks for."""
        return get_routing_for_object(self.cv)

    def get_n_splits(self, *data: Any, **told: Any) -> int:
        """Return the number of folds."""
        return len(self.pairs)

    def split(self, *data: Any, **told: Any) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold, by their place among those searched on."""
        if self.known is None:
            yield from self.pairs
            return
        place = np.full(int(self.known.max()) + 1, -1)
        place[self.known] = np.arange(len(self.known))
        for pair in self.pairs:
            train, test = (place[rows] for rows in pair)
            yield train, test

    def with_recent(self, size: Size) -> DrawnFolds:
        """The folds with the most recent history alone to train on."""
        pairs = [(self.history.recent(train, size), test) for train, test in self.pairs]
        return replace(self, pairs=pairs)


def _named(cv: Any) -> Any:
    """What stands for the folds in another process: what made them."""
    return cv


def draw_folds(
    cv: Any, X: Table, y: Any, given: dict[str, Any], *, classifier: bool
) -> DrawnFolds:
    """Draw the folds of a splitter.

    Parameters
    ----------
    cv : int, splitter or iterable
        What makes the folds.
    X, y : array-like of shape (n_samples, ...)
        The data.
    given : dict
        What is known of the rows: groups, times, label_end.
    classifier : bool
        Whether ints are stratified folds.
    """
    splitter = check_cv(cv, y, classifier=classifier)
    taken = taken_by_split(splitter, given)
    warn_of_unheard(splitter, "the search", given.keys() - taken.keys(), given)
    pairs = FoldRouting(splitter, taken, {}, is_on=False).folds(X, y)
    history = History(axis_of_folds(splitter, X, given.get("times")))
    ends = find_times(
        X, getattr(splitter, "label_end", None), given.get("label_end"), "label_end"
    )
    if ends is None or ends.missing is None:
        return DrawnFolds(cv, pairs, history, None)
    unknown = ends.missing
    pairs = [(train[~unknown[train]], test[~unknown[test]]) for train, test in pairs]
    for number, pair in enumerate(pairs):
        if not all(map(len, pair)):
            raise ValueError(
                f"Fold {number} of {cv!r} has no rows left whose label has an end: "
                f"{int(unknown.sum())} of {n_rows_of(X)} have none."
            )
    return DrawnFolds(cv, pairs, history, np.flatnonzero(~unknown))
