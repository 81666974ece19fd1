"""Folds that a search draws once, for candidates that come in several rounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

from ensembles._typing import IntArray, Table

__all__ = ["SameFolds"]


@final
class SameFolds:
    """Folds of a splitter, drawn at the first call and the same ever after.

    A splitter that shuffles draws other folds each time it is asked, on which scores of
    different rounds would not compare.
    """

    def __init__(self, cv: Any) -> None:
        self._cv = cv
        self._folds: list[tuple[IntArray, IntArray]] | None = None

    def split(
        self, X: Table, y: Any = None, **told: Any
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold."""
        if self._folds is None:
            self._folds = list(self._cv.split(X, y, **told))
        yield from self._folds
