"""A picture of whether probabilities and intervals mean what they say."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.base import is_classifier
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import unique_labels

from ensembles._typing import ArrayLike, BoolArray, FloatArray, IntArray, Table
from ensembles._validation import (
    check_choice,
    check_count,
    check_known_labels,
    require,
)
from ensembles.inspection._inside import inside

__all__ = ["ReliabilityDisplay"]

_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# Where observed shares are expected in this many of 100 pictures of a true forecast.
_BAND = 0.95


@final
class ReliabilityDisplay:
    """Picture of how often what is forecast comes true.

    Use it on rows that nothing was fitted on: points on the diagonal are forecasts that
    mean what they say; below it they say too much. Bars show where observed shares are
    expected if they do [1]_, one bar at a time, so that one of twenty points may lie
    outside. Of classifiers forecasts are probabilities: of the second of two classes,
    or else that the likeliest class is right. Of regressors they are levels of
    prediction intervals. Make it by `from_estimator`, `from_predictions` or
    `from_intervals`.

    Parameters
    ----------
    forecast : array-like of shape (n_points,)
        Mean probabilities, or levels.
    observed : array-like of shape (n_points,)
        Shares of rows in which it came true.
    n_rows : array-like of shape (n_points,)
        Numbers of rows of each point.
    labels : tuple of two str, default=("Forecast", "Observed share")
        What the axes are called.

    Attributes
    ----------
    error_ : float
        Mean distance of points from the diagonal, weighted by their rows: of
        probabilities the expected calibration error [2]_.
    points_ : Line2D
        Forecasts and shares, as drawn last.
    bars_ : LineCollection
        Where shares are expected.
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
    sklearn.calibration.CalibrationDisplay : Of two classes, without bars.
    UncertaintyDisplay : Whether errors are where a model is unsure.

    References
    ----------
    .. [1] J. Broecker, L. A. Smith, "Increasing the reliability of reliability
       diagrams", Weather and Forecasting 22(3), 651-661, 2007.
    .. [2] M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining well calibrated
       probabilities using Bayesian binning", AAAI Conference on Artificial
       Intelligence 29, 2015.

    Examples
    --------
    Naive Bayes takes features that say the same for as many witnesses:

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensembles.inspection import ReliabilityDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(2000, 2))
    >>> y = rng.uniform(size=2000) < 1 / (1 + np.exp(-X.sum(axis=1)))
    >>> X = np.hstack([X, X, X])
    >>> for model in (LogisticRegression(), GaussianNB()):
    ...     model = model.fit(X[:1000], y[:1000])
    ...     display = ReliabilityDisplay.from_estimator(model, X[1000:], y[1000:])
    ...     print(f"{display.error_:.2f}")
    0.05
    0.14
    """

    def __init__(
        self,
        forecast: ArrayLike,
        observed: ArrayLike,
        n_rows: ArrayLike,
        *,
        labels: tuple[str, str] = ("Forecast", "Observed share"),
    ) -> None:
        self.forecast = forecast
        self.observed = observed
        self.n_rows = n_rows
        self.labels = labels

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Table,
        y: ArrayLike,
        *,
        n_bins: int = 10,
        strategy: str = "quantile",
        method: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw probabilities of a classifier, or intervals of a regressor.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_proba`` or ``predict_interval``; a pipeline or search
            around it, too.
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows that it has not learned from.
        y : array-like of shape (n_samples,)
            Labels or values.
        n_bins : int, default=10
            Points of a classifier at most.
        strategy : {"quantile", "uniform"}, default="quantile"
            Bins of as many rows, or of the same width.
        method : str or None, default=None
            Method of intervals. None is the default of ``predict_interval``.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the points.

        Returns
        -------
        Self
            What was drawn.

        Raises
        ------
        TypeError
            If the estimator tells neither.
        ValueError
            If y has several outputs, or labels that the estimator does not know.
        """
        require("matplotlib", "plot", "ReliabilityDisplay")
        estimator, X = inside(estimator, X)
        wanted = "predict_proba" if is_classifier(estimator) else "predict_interval"
        if not hasattr(estimator, wanted):
            raise TypeError(
                f"{type(estimator).__name__} has no {wanted}. Pass what it says to "
                "from_predictions or from_intervals."
            )
        if np.ndim(y) != 1:
            raise ValueError(
                f"The picture is of one output, got y of shape {np.shape(y)}. Pass "
                "what is said of each output to from_predictions or from_intervals."
            )
        if is_classifier(estimator):
            return cls.from_predictions(
                y,
                estimator.predict_proba(X),
                classes=estimator.classes_,
                n_bins=n_bins,
                strategy=strategy,
                ax=ax,
                **kwargs,
            )
        how = {} if method is None else {"method": method}
        ends = [estimator.predict_interval(X, level, **how) for level in _LEVELS]
        return cls.from_intervals(y, ends, _LEVELS, ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y: ArrayLike,
        probabilities: ArrayLike,
        *,
        classes: ArrayLike | None = None,
        n_bins: int = 10,
        strategy: str = "quantile",
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw probabilities.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels.
        probabilities : array-like of shape (n_samples,) or (n_samples, n_classes)
            Of the second class, or of each class.
        classes : array-like of shape (n_classes,) or None, default=None
            Labels in the order of the columns. None takes those of y, sorted.
        n_bins : int, default=10
            Points at most.
        strategy : {"quantile", "uniform"}, default="quantile"
            Bins of as many rows, or of the same width.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the points.

        Returns
        -------
        Self
            What was drawn.

        Raises
        ------
        ValueError
            If there is not a column for each class, a label is none of them, or values
            are no probabilities.
        """
        check_count(cls.__name__, "n_bins", n_bins)
        check_choice(cls.__name__, "strategy", strategy, {"quantile", "uniform"})
        forecast, came_true, names = _events(y, probabilities, classes)
        bins = _bins(forecast, n_bins, strategy)
        n_rows = np.bincount(bins)
        display = cls(
            np.bincount(bins, forecast) / n_rows,
            np.bincount(bins, came_true) / n_rows,
            n_rows,
            labels=names,
        )
        return display.plot(ax=ax, **kwargs)

    @classmethod
    def from_intervals(
        cls,
        y: ArrayLike,
        intervals: ArrayLike,
        levels: ArrayLike,
        *,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw how often intervals hold the target.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Values.
        intervals : array-like of shape (n_levels, n_samples, 2)
            Lower and upper ends. An interval whose lower end is the larger, as those of
            the jackknife+ can be at low levels, holds nothing.
        levels : array-like of shape (n_levels,)
            Levels of the intervals.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the points.

        Returns
        -------
        Self
            What was drawn.

        Raises
        ------
        ValueError
            If there are not two ends for each level and row, an end or a target is NaN,
            or a level is none.
        """
        require("matplotlib", "plot", "ReliabilityDisplay")
        values, ends = column_or_1d(y), np.asarray(intervals)
        nominal: NDArray[Any] = column_or_1d(levels)
        wanted = (len(nominal), len(values), 2)
        if ends.shape != wanted:
            raise ValueError(
                f"Intervals of {len(nominal)} levels and {len(values)} rows have the "
                f"shape {wanted}, got {ends.shape}."
            )
        check_array(values[:, None], input_name="y")
        if not ((nominal > 0) & (nominal < 1)).all():
            raise ValueError(f"Levels lie between 0 and 1, got {nominal.tolist()}.")
        if np.isnan(ends).any():
            raise ValueError("Ends of intervals must not be NaN.")
        holds = (ends[..., 0] <= values) & (values <= ends[..., 1])
        display = cls(
            nominal,
            holds.mean(axis=1),
            np.full(len(nominal), len(values)),
            labels=("Level of the intervals", "Share of targets inside"),
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw forecasts and what came true.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the points.

        Returns
        -------
        Self
            Itself.
        """
        pyplot, lines, cbook = (
            require(f"matplotlib.{module}", "plot", "ReliabilityDisplay")
            for module in ("pyplot", "lines", "cbook")
        )
        if ax is None:
            _, ax = pyplot.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        forecast, observed = (np.asarray(one) for one in (self.forecast, self.observed))
        n_rows = np.asarray(self.n_rows)
        self.error_ = float(np.average(np.abs(forecast - observed), weights=n_rows))
        low, high = _expected(forecast, n_rows)
        ax.plot([0, 1], [0, 1], color="0.5", linestyle="--", label="As forecast")
        percent = f"{100 * _BAND:.0f} %"
        self.bars_ = ax.vlines(
            forecast,
            low,
            high,
            color="0.8",
            linewidth=6,
            label=f"Expected in {percent}",
        )
        label = f"Observed (mean distance {self.error_:.3f})"
        style = {"marker": "o", "markersize": 5, "label": label, "zorder": 3}
        style |= cbook.normalize_kwargs(kwargs, lines.Line2D)
        (self.points_,) = ax.plot(forecast, observed, **style)
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1], aspect="equal")
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        ax.legend(loc="upper left")
        return self


def _events(
    y: ArrayLike, probabilities: ArrayLike, classes: ArrayLike | None
) -> tuple[FloatArray, BoolArray, tuple[str, str]]:
    """What was forecast, whether it came true, and what the two are called.

    Raises
    ------
    ValueError
        If there is not a column for each class, or values are no probabilities.
    """
    labels = column_or_1d(y)
    said = np.asarray(probabilities, dtype=np.float64)
    check_consistent_length(labels, said)
    if not len(labels):
        raise ValueError("There are no rows to draw.")
    if not ((said >= 0) & (said <= 1)).all():
        raise ValueError("Probabilities must be numbers from 0 to 1, and not NaN.")
    known: NDArray[Any] = (
        unique_labels(labels) if classes is None else column_or_1d(classes)
    )
    check_known_labels(labels, known)
    if said.ndim == 1:
        said = np.column_stack([1 - said, said])
    if said.shape[1:] != known.shape:
        raise ValueError(
            f"There are {said.shape[1:]} columns of probabilities and the classes "
            f"{known.tolist()}. Give the labels of the columns as classes."
        )
    if len(known) == 2:
        names = (f"Probability of {known[1]}", f"Share of {known[1]}")
        return said[:, 1], labels == known[1], names
    names = ("Probability of the likeliest class", "Share of rows where it is right")
    return said.max(axis=1), labels == known[said.argmax(axis=1)], names


def _bins(forecast: FloatArray, n_bins: int, strategy: str) -> IntArray:
    """Number of the bin of each row, without empty ones."""
    levels = np.linspace(0, 1, n_bins + 1)[1:-1]
    edges = levels if strategy == "uniform" else np.quantile(forecast, levels)
    found = np.searchsorted(edges, forecast)
    return np.asarray(np.unique(found, return_inverse=True)[1])


def _expected(forecast: FloatArray, n_rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Where shares are expected if forecasts are true.

    Of events with probabilities that differ within a bin the variance is less than that
    of the binomial with their mean, so that the bars are rather too long.
    """
    tail = (1 - _BAND) / 2
    low, high = (binom.ppf(q, n_rows, forecast) / n_rows for q in (tail, 1 - tail))
    return low, high
