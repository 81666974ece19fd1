"""An estimator that predicts once and answers by row number from then on.

Scorers ask an estimator for predictions; with this in its place a score of the same
rows with other weights costs the metric alone.
"""

from __future__ import annotations

from typing import Any, final

from ensembles._compat import take_rows
from ensembles._typing import Estimator, IntArray, Table

__all__ = ["Recorded"]


@final
class Recorded:
    """Answers by row number with what an estimator said once of a whole table."""

    _METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")

    def __init__(self, estimator: Estimator, X: Table) -> None:
        self._estimator = estimator
        self._X = X
        self._said: dict[str, Any] = {}

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._estimator)  # whom errors name

    def __sklearn_tags__(self) -> Any:
        return self._estimator.__sklearn_tags__()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._estimator, name)
        if name not in self._METHODS:
            return attribute

        def answer(positions: IntArray) -> Any:
            return self._answer(name, positions)

        answer.__name__ = name  # scorers go by it
        return answer

    def _answer(self, method: str, positions: IntArray) -> Any:
        """Rows of what `method` returned."""
        if method not in self._said:
            self._said[method] = getattr(self._estimator, method)(self._X)
        said = self._said[method]
        if isinstance(said, list):  # one table for each output
            return [table[positions] for table in said]
        return take_rows(said, positions)
