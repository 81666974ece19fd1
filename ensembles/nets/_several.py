"""Ensembles of several members, whose predictions become one by a rule."""

from __future__ import annotations

from typing import Any

from ensembles._combine import CombineRule, Rule, combine, resolve_rule
from ensembles._typing import FloatArray, Table
from ensembles.nets._base import BaseNetEnsemble

__all__ = ["BaseSeveral"]


class BaseSeveral(BaseNetEnsemble):
    """Combines what members predict."""

    def __init__(
        self, estimator: Any, *, combine: CombineRule, **parameters: Any
    ) -> None:
        super().__init__(estimator, **parameters)
        self.combine = combine

    def _check_params(self) -> None:
        super()._check_params()
        self._rule()

    def _rule(self) -> Rule:
        """How members' predictions become one."""
        return resolve_rule(self, self.combine, probabilities=self._probabilities)

    def _combined(self, X: Table) -> FloatArray:
        return combine(self._rule(), self._outputs(X))
