"""A picture of pairs of members: how alike they are, and how good."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np

from ensembles._typing import ArrayLike, Table
from ensembles._validation import require
from ensembles.inspection._diversity import (
    LabelDiversity,
    ValueDiversity,
    diversity,
)

__all__ = ["DiversityDisplay"]


@final
class DiversityDisplay:
    """Picture of pairs of members: a point a pair, by likeness and mean error.

    Use it to see what an ensemble is made of: points at the lower left are pairs that
    are good and differ, which a vote or mean gains from; a cloud at the right is of
    members that say the same. Of labels the likeness is kappa [1]_, of values the
    correlation of errors. A line marks the error of the ensemble. Make it by
    `from_estimator` or `from_predictions`.

    Parameters
    ----------
    diversity : LabelDiversity or ValueDiversity
        What is drawn.

    Attributes
    ----------
    points_ : PathCollection
        Pairs, as drawn last.
    line_ : Line2D
        The error of the ensemble.
    ax_ : matplotlib Axes
        Where.
    figure_ : matplotlib Figure
        In which figure.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    ensembles.inspection.diversity : Measures without a picture.

    References
    ----------
    .. [1] D. D. Margineantu, T. G. Dietterich, "Pruning adaptive boosting", Proceedings
       of the 14th International Conference on Machine Learning, 211-218, 1997.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from ensembles import BaggingClassifier
    >>> from ensembles.inspection import DiversityDisplay
    >>> X, y = make_classification(400, random_state=0)
    >>> bag = BaggingClassifier(n_estimators=10, random_state=0).fit(X[:200], y[:200])
    >>> display = DiversityDisplay.from_estimator(bag, X[200:], y[200:])
    >>> len(display.points_.get_offsets())
    45
    """

    def __init__(self, diversity: LabelDiversity | ValueDiversity) -> None:
        self.diversity = diversity

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Table,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the members of a fitted ensemble.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_members``.
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows that members have not learned from.
        y : array-like of shape (n_samples,)
            Labels or values.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of rows.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.scatter``.

        Returns
        -------
        Self
            What was drawn.
        """
        found = diversity(estimator, X, y, sample_weight=sample_weight)
        return cls(found).plot(ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y: ArrayLike,
        predictions: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw members by what they predict.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels, or values, which are floats.
        predictions : array-like of shape (n_members, n_samples)
            What each member says.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of rows.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.scatter``.

        Returns
        -------
        Self
            What was drawn.
        """
        are_values = np.asarray(predictions).dtype.kind == "f"
        kind = ValueDiversity if are_values else LabelDiversity
        found = kind.from_predictions(y, predictions, sample_weight=sample_weight)
        return cls(found).plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw pairs of members.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.scatter``.

        Returns
        -------
        Self
            Itself.
        """
        pyplot = require("matplotlib.pyplot", "plot", "DiversityDisplay")
        if ax is None:
            _, ax = pyplot.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        found = self.diversity
        if isinstance(found, LabelDiversity):
            likeness, error, together = found.kappa, found.vote_error, "vote"
            names = "Kappa: agreement beyond chance", "Mean share of errors of the pair"
        else:
            likeness, error, together = found.correlation, found.ensemble_error, "mean"
            names = "Correlation of errors", "Mean squared error of the pair"
        first, second = np.triu_indices(len(found.errors), 1)
        of_pairs = (found.errors[first] + found.errors[second]) / 2
        style = {"s": 18, "alpha": 0.7, "linewidths": 0, "label": "Pairs of members"}
        self.points_ = ax.scatter(
            likeness[first, second], of_pairs, **{**style, **kwargs}
        )
        self.line_ = ax.axhline(
            error, color="C1", linestyle="--", label=f"The {together} of all"
        )
        ax.set(xlabel=names[0], ylabel=names[1])
        ax.set_ylim(bottom=0)
        ax.legend()
        return self
