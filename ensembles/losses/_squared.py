"""Squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from ensembles._typing import FloatArray
from ensembles.losses._base import Loss
from ensembles.losses._means import exact_mean

__all__ = ["SquaredError"]


@final
@dataclass(frozen=True)
class SquaredError(Loss):
    """Half the squared error, whose best prediction is the mean.

    The one to start with, and the fastest, since its hessian is one everywhere. A few
    values far off pull it away: take `HuberLoss` or `AbsoluteError` against them. For
    counts and positive amounts `PoissonLoss` and `GammaLoss` fit means that stay
    positive.

    Attributes
    ----------
    n_raw : int
        One raw prediction a row: the mean.
    has_constant_hessian : bool
        True.
    renews_leaves : bool
        False.

    See Also
    --------
    HuberLoss : Squared only up to some distance.

    References
    ----------
    .. [1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine",
       Annals of Statistics 29(5), 2001, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import SquaredError
    >>> y = np.array([1.0, 2.0, 6.0])
    >>> loss = SquaredError()
    >>> loss.initial_value(y, None)
    3.0
    >>> loss.value(y, np.full(3, 3.0))
    array([2. , 0.5, 4.5])
    """

    has_constant_hessian = True

    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        return np.asarray(0.5 * (raw - y) ** 2)

    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        np.subtract(raw, y, out=gradient)

    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> float:
        return exact_mean(y, sample_weight)
