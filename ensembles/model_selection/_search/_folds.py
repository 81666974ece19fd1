"""Folds that a search draws once and uses in all rounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import get_routing_for_object

from ensembles._routing import FoldRouting, taken_by_split, warn_of_unheard
from ensembles._times import find_times, source_of
from ensembles._typing import BoolArray, IntArray, Table

__all__ = ["DrawnFolds", "draw_folds"]

Pairs = list[tuple[IntArray, IntArray]]


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
        Training and test rows, by their numbers in X.
    known : ndarray of shape (n_known,) or None
        The rows that are searched on, by whose places `split` tells the folds: those
        whose label has an end. None means all.
    """

    cv: Any
    pairs: Pairs
    known: IntArray | None = None

    def __reduce__(self) -> Any:
        return _splitter_alone, (self.cv,)

    def get_metadata_routing(self) -> Any:
        """What the splitter asks for."""
        return get_routing_for_object(self.cv)

    def get_n_splits(self, *data: Any, **told: Any) -> int:
        """Return the number of folds."""
        return len(self.pairs)

    def split(self, *data: Any, **told: Any) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold, by their places among those searched on."""
        if self.known is None:
            yield from self.pairs
            return
        place = np.full(int(self.known.max()) + 1, -1)
        place[self.known] = np.arange(len(self.known))
        for train, test in self.pairs:
            yield place[train], place[test]

    def without(self, unknown: BoolArray) -> DrawnFolds:
        """The folds without these rows."""
        pairs = [
            (train[~unknown[train]], test[~unknown[test]]) for train, test in self.pairs
        ]
        for number, pair in enumerate(pairs):
            if not all(map(len, pair)):
                raise ValueError(
                    f"Fold {number} of {self.cv!r} has no rows left whose label has an "
                    f"end: {int(unknown.sum())} of {len(unknown)} have none."
                )
        return replace(self, pairs=pairs, known=np.flatnonzero(~unknown))


def _splitter_alone(cv: Any) -> Any:
    """What stands for folds in another process."""
    return cv


def draw_folds(
    cv: Any, X: Table, y: Any, given: dict[str, Any], *, classifier: bool
) -> DrawnFolds:
    """Draw the folds of a splitter, of rows whose label has an end.

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
    folds = DrawnFolds(cv, FoldRouting(splitter, taken, {}, is_on=False).folds(X, y))
    ends = find_times(
        X, source_of(splitter, "label_end"), given.get("label_end"), "label_end"
    )
    if ends is None or ends.missing is None:
        return folds
    return folds.without(ends.missing)
