"""How rows with weights reach a weak learner: with their weights, or drawn by them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from ensembles._ensemble._nets import target_for
from ensembles._ensemble._routing import consumes_sample_weight
from ensembles._random import entropy_from
from ensembles._routing import routing_enabled
from ensembles._typing import Estimator, FloatArray, Table
from ensembles._validation import invalid_parameter
from ensembles.boosting._samples import rows_of
from ensembles.resampling._base import BaseScheme, BoundScheme, rows_by_weights

__all__ = [
    "Drawn",
    "Handing",
    "OfScheme",
    "RowRandom",
    "Unweighed",
    "Weighed",
    "check_resample",
    "groups_without_scheme",
    "handing_for",
    "name_of_weights",
]

RowRandom: TypeAlias = np.random.Generator | np.random.RandomState
# A draw without a row of some class is no use to a classifier.
_MAX_REDRAWS = 100


class Handing(ABC):
    """A way to let a learner see rows that count differently."""

    is_random: bool
    """Whether rows are drawn."""

    @abstractmethod
    def fit(
        self, learner: Estimator, X: Table, y: Any, weights: FloatArray, rng: RowRandom
    ) -> None:
        """Fit a learner.

        Parameters
        ----------
        learner : estimator
            Not fitted.
        X : table of shape (n_samples, n_features)
            Rows.
        y : ndarray of shape (n_samples,)
            Labels or values.
        weights : ndarray of shape (n_samples,)
            How much each row counts.
        rng : Generator or RandomState
            Gives the rows that are drawn.
        """


@final
@dataclass(frozen=True)
class Unweighed(Handing):
    """All rows, which count the same."""

    is_random = False

    def fit(
        self, learner: Estimator, X: Table, y: Any, weights: FloatArray, rng: RowRandom
    ) -> None:
        """Fit to them."""
        learner.fit(X, target_for(learner, X, y))


@final
@dataclass(frozen=True)
class Weighed(Handing):
    """All rows with their weights."""

    name: str
    """What the learner's fit calls them."""

    is_random = False

    def fit(
        self, learner: Estimator, X: Table, y: Any, weights: FloatArray, rng: RowRandom
    ) -> None:
        """Pass the weights on."""
        learner.fit(X, target_for(learner, X, y), **{self.name: weights})


@final
@dataclass(frozen=True)
class Drawn(Handing):
    """As many rows as there are, drawn with their weights as probabilities."""

    are_labels: bool
    """Whether targets are labels, of which each is to be there."""

    is_random = True

    def fit(
        self, learner: Estimator, X: Table, y: Any, weights: FloatArray, rng: RowRandom
    ) -> None:
        """Draw rows; where there are labels, until there is one of each."""
        rows = rows_by_weights(weights, rng)
        if self.are_labels:
            n_labels = len(np.unique(y[weights > 0.0]))
            for _ in range(_MAX_REDRAWS):
                if len(np.unique(y[rows])) == n_labels:
                    break
                rows = rows_by_weights(weights, rng)
        X = rows_of(X, rows)
        learner.fit(X, target_for(learner, X, y[rows]))


@final
@dataclass(frozen=True)
class OfScheme(Handing):
    """The rows of a draw of a scheme, whose counts multiply the weights."""

    bound: BoundScheme
    inner: Handing
    """How those rows reach the learner."""

    are_labels: bool
    """Whether targets are labels, of which each is to be there."""

    is_random = True

    def fit(
        self, learner: Estimator, X: Table, y: Any, weights: FloatArray, rng: RowRandom
    ) -> None:
        """Fit to the rows that the scheme draws; with labels, until each is there."""
        entropy, rows = entropy_from(rng), np.empty(0, np.intp)
        n_labels = len(np.unique(y[weights > 0.0])) if self.are_labels else 1
        for seed in self.bound.seeds(entropy, 0, _MAX_REDRAWS):
            counts = weights * self.bound.weights(seed)
            rows = np.flatnonzero(counts)
            labels = y[rows] if self.are_labels else rows[:1]
            if len(np.unique(labels)) >= n_labels:
                break
        if not len(rows):
            raise ValueError(
                f"No row with a weight was in {_MAX_REDRAWS} draws of the scheme. Pass "
                "a scheme that draws more rows."
            )
        self.inner.fit(learner, rows_of(X, rows), y[rows], counts[rows], rng)


def name_of_weights(estimator: Estimator) -> str | None:
    """What the estimator's fit calls weights of rows; None where it takes none.

    A pipeline takes those of its last step.
    """
    if routing_enabled():
        return "sample_weight" if consumes_sample_weight(estimator) else None
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    steps = getattr(estimator, "steps", None)
    if not steps or not hasattr(steps[-1][1], "fit"):
        return None
    own = name_of_weights(steps[-1][1])
    return None if own is None else f"{steps[-1][0]}__{own}"


def check_resample(owner: Any) -> None:
    """Raise unless the `resample` parameter of a booster is a bool or a scheme.

    Raises
    ------
    InvalidParameterError
        If it is something else.
    """
    wanted = owner.resample
    if not isinstance(wanted, bool | np.bool_ | BaseScheme):
        allowed = "a bool or a scheme of ensembles.resampling"
        raise invalid_parameter(owner, "resample", wanted, allowed)


def groups_without_scheme(owner: Any) -> ValueError:
    """The error for groups that nobody would look at."""
    return ValueError(
        f"groups are passed, and resample={owner.resample!r} keeps none whole. Pass a "
        "scheme that does, such as resample=GroupBootstrap()."
    )


def handing_for(
    owner: Any,
    estimator: Estimator,
    n_samples: int,
    y: Any,
    groups: Any = None,
    *,
    are_labels: bool,
) -> Handing:
    """The way that the `resample` parameter of a booster asks for.

    Parameters
    ----------
    owner : booster
        Whose `resample` has been checked.
    estimator : estimator
        The learner.
    n_samples : int
        Number of rows.
    y : ndarray of shape (n_samples,)
        For schemes that look at it.
    groups : array-like of shape (n_samples,) or None, default=None
        Group of each row, for schemes that keep groups whole.
    are_labels : bool
        Whether learners are fitted to labels, of which draws are to have each.

    Returns
    -------
    Handing
        How rows reach learners.

    Raises
    ------
    ValueError
        If the learner takes no weights and rows are not to be drawn, or a scheme does
        not fit the data.
    """
    wanted, name = owner.resample, name_of_weights(estimator)
    if isinstance(wanted, bool | np.bool_):
        if wanted:
            return Drawn(are_labels)
        if name is None:
            raise ValueError(
                f"{type(estimator).__name__} doesn't support sample_weight. Pass "
                "resample=True to draw rows by their weights in its place."
            )
        return Weighed(name)
    bound = wanted.bind(n_samples, y, groups)
    inner = Drawn(are_labels) if name is None else Weighed(name)
    return OfScheme(bound, inner, are_labels)
