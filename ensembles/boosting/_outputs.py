"""One loss for several targets, and raw predictions the way round it takes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ensembles._typing import FloatArray
from ensembles.losses import Loss

__all__ = ["PerOutput", "as_loss_takes"]


def as_loss_takes(of_outputs: FloatArray) -> FloatArray:
    """What is kept as (n_raw, n_rows) the way round that losses take it."""
    return of_outputs[0] if len(of_outputs) == 1 else of_outputs.T


@final
@dataclass(frozen=True)
class PerOutput(Loss):
    """The mean of one loss over several targets, each with a raw prediction."""

    losses: tuple[Loss, ...]
    """One for each target."""

    @property
    def n_raw(self) -> int:  # type: ignore[override]
        """Number of targets."""
        return len(self.losses)

    @property
    def has_constant_hessian(self) -> bool:  # type: ignore[override]
        """Whether the hessian of the loss is one."""
        return self.losses[0].has_constant_hessian

    @property
    def renews_leaves(self) -> bool:  # type: ignore[override]
        """Whether leaves predict what the loss says."""
        return self.losses[0].renews_leaves

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        """Mean loss of each row over its targets."""
        values = [loss.value(y[:, k], raw[:, k]) for k, loss in enumerate(self.losses)]
        return np.asarray(np.mean(values, axis=0))

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        """Write the derivatives of each target's loss."""
        for k, loss in enumerate(self.losses):
            loss.gradient_hessian(y[:, k], raw[:, k], gradient[:, k], hessian[:, k])

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> Any:
        """Best raw prediction for all rows, of each target."""
        return np.array(
            [
                loss.initial_value(y[:, k], sample_weight)
                for k, loss in enumerate(self.losses)
            ]
        )

    def prediction(self, raw: FloatArray) -> FloatArray:
        """Values of all targets."""
        return self.losses[0].prediction(raw)

    def check_range(self, y: FloatArray) -> None:
        """Raise where the loss is not defined for a value of some target."""
        for k, loss in enumerate(self.losses):
            loss.check_range(y[:, k])

    def check_target(self, y: FloatArray) -> None:
        """Raise where some target cannot be learned from."""
        for k, loss in enumerate(self.losses):
            loss.check_target(y[:, k])

    def adapted(
        self, y: FloatArray, raw: FloatArray, sample_weight: FloatArray | None
    ) -> Loss:
        """The loss of each target for one round."""
        losses = tuple(
            loss.adapted(y[:, k], raw[:, k], sample_weight)
            for k, loss in enumerate(self.losses)
        )
        return replace(self, losses=losses)
