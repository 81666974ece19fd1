"""Folds that a search draws once, for candidates that come in several rounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import get_routing_for_object

from ensembles._routing import FoldRouting, taken_by_split, warn_of_unheard
from ensembles._typing import IntArray, Table
from ensembles.model_selection._splitters._base import axis_of_folds
from ensembles.model_selection._splitters._history import History

__all__ = ["SameFolds"]


@final
class SameFolds:
    """Folds of a splitter, drawn when they are first asked for and the same ever after.

    A splitter that shuffles draws other folds each time it is asked, on which scores of
    different rounds would not compare. Stands in for the splitter while a search is
    fitted; copies in other processes hold no folds, which are of no use there.

    Parameters
    ----------
    cv : int, splitter or iterable
        What makes the folds.
    told : dict
        What is known of the rows and is not routed: times, label_end.
    classifier : bool
        Whether ints are stratified folds.
    """

    def __init__(self, cv: Any, told: dict[str, Any], *, classifier: bool) -> None:
        self.cv = cv
        self.told = told
        self.classifier = classifier
        self.pairs: list[tuple[IntArray, IntArray]] = []
        self._history: History | None = None

    def __reduce__(self) -> Any:
        return _without_folds, (self.cv, self.classifier)

    def get_metadata_routing(self) -> Any:
        """What the splitter asks for."""
        return get_routing_for_object(self.cv)

    def get_n_splits(
        self, X: Table = None, y: Any = None, groups: Any = None, **told: Any
    ) -> int:
        """Return the number of folds."""
        self._draw(X, y, {"groups": groups, **told, **self.told})
        return len(self.pairs)

    def split(
        self, X: Table, y: Any = None, groups: Any = None, **told: Any
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold."""
        self._draw(X, y, {"groups": groups, **told, **self.told})
        yield from self.pairs

    @property
    def history(self) -> History:
        """What of the training rows is recent."""
        assert self._history is not None
        return self._history

    def _draw(self, X: Table, y: Any, given: dict[str, Any]) -> None:
        """Draw the folds, unless they have been drawn."""
        if self.pairs:
            return
        splitter = check_cv(self.cv, y, classifier=self.classifier)
        taken = taken_by_split(splitter, given)
        warn_of_unheard(splitter, "the search", given.keys() - taken.keys(), given)
        self.pairs = FoldRouting(splitter, taken, {}, is_on=False).folds(X, y)
        self._history = History(axis_of_folds(splitter, X, given.get("times")))


def _without_folds(cv: Any, classifier: bool) -> SameFolds:
    """Folds of a splitter, not drawn."""
    return SameFolds(cv, {}, classifier=classifier)
