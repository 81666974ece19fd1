"""A picture of what uncertainty is worth: errors of the rows that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, final

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array, check_consistent_length

from ensembles._typing import ArrayLike, FloatArray, Table
from ensembles._uncertainty import Uncertainty
from ensembles._validation import check_known_labels, require
from ensembles.inspection._inside import inside

__all__ = ["UncertaintyDisplay"]

# Names of curves to compare with: rows refused by their losses, and by lot.
_COMPARED = ("lowest possible", "at random")


@final
class UncertaintyDisplay:
    """Picture of the error of the rows that are left when unsure ones are refused.

    Use it to see whether an ensemble knows what it does not know, and which part of
    its uncertainty does: a curve that falls to the left tells that errors are among the
    rows that it is unsure of; one as flat as that of rows refused at random tells
    nothing [1]_. The lowest that is possible refuses rows by their errors. Of labels
    the error is the share that is wrong, of values the mean square. Make it by
    `from_estimator` or `from_predictions`.

    Parameters
    ----------
    losses : array-like of shape (n_samples,)
        Loss of each row.
    uncertainty : dict of array-like of shape (n_samples,)
        Names of uncertainties and their values.
    loss_name : str, default="Mean loss"
        What the axis of errors is called.

    Attributes
    ----------
    areas_ : dict of float
        Mean over the shares kept of the error, by the name of the uncertainty: less is
        better. "lowest possible" and "at random" are there for comparison.
    lines_ : list of Line2D
        Curves of the uncertainties in their order, of the lowest that is possible, and
        of refusing at random, as drawn last.
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
    ReliabilityDisplay : Whether probabilities and intervals say what they mean.

    References
    ----------
    .. [1] R. El-Yaniv, Y. Wiener, "On the foundations of noise-free selective
       classification", Journal of Machine Learning Research 11, 1605-1641, 2010.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from ensembles import BaggingClassifier
    >>> from ensembles.inspection import UncertaintyDisplay
    >>> X, y = make_classification(600, flip_y=0.1, random_state=0)
    >>> bag = BaggingClassifier(n_estimators=30, random_state=0).fit(X[:300], y[:300])
    >>> display = UncertaintyDisplay.from_estimator(bag, X[300:], y[300:])
    >>> for name in ("total", "at random"):
    ...     print(f"{name}: {display.areas_[name]:.3f}")
    total: 0.089
    at random: 0.127
    """

    def __init__(
        self,
        losses: ArrayLike,
        uncertainty: Mapping[str, ArrayLike],
        *,
        loss_name: str = "Mean loss",
    ) -> None:
        self.losses = losses
        self.uncertainty = uncertainty
        self.loss_name = loss_name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Table, y: ArrayLike, *, ax: Any = None, **kwargs: Any
    ) -> Self:
        """Draw what the uncertainty of a fitted ensemble is worth.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_uncertainty``; a pipeline or search around it, too.
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows that members have not learned from.
        y : array-like of shape (n_samples,)
            Labels or values.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the curves of the uncertainties.

        Returns
        -------
        Self
            What was drawn.

        Raises
        ------
        TypeError
            If the estimator does not tell uncertainties.
        ValueError
            If y has labels that the estimator does not know.
        """
        require("matplotlib", "plot", "UncertaintyDisplay")
        estimator, X = inside(estimator, X)
        if not hasattr(estimator, "predict_uncertainty"):
            raise TypeError(
                f"{type(estimator).__name__} has no predict_uncertainty. Bags, forests "
                "and votes have one, and nets that tell probabilities or variances; of "
                "others pass what they say to from_predictions."
            )
        labels = is_classifier(estimator)
        if labels:
            check_known_labels(y, estimator.classes_)
        losses, name = _losses(y, estimator.predict(X), labels=labels)
        parts = estimator.predict_uncertainty(X)
        return cls(losses, parts._asdict(), loss_name=name).plot(ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y: ArrayLike,
        predicted: ArrayLike,
        uncertainty: Mapping[str, ArrayLike] | Uncertainty | ArrayLike,
        *,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw what uncertainties are worth by what was predicted.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels, or values, which are floats.
        predicted : array-like of shape (n_samples,)
            What was predicted.
        uncertainty : dict of array-like, tuple or array-like of shape (n_samples,)
            One uncertainty of each row, those of ``predict_uncertainty``, or several by
            their names.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the curves of the uncertainties.

        Returns
        -------
        Self
            What was drawn.

        Raises
        ------
        ValueError
            If these are not of as many rows.
        """
        are_values = "f" in (np.asarray(one).dtype.kind for one in (y, predicted))
        losses, name = _losses(y, predicted, labels=not are_values)
        if isinstance(uncertainty, Uncertainty):
            uncertainty = uncertainty._asdict()
        elif not isinstance(uncertainty, Mapping):
            uncertainty = {"uncertainty": uncertainty}
        return cls(losses, uncertainty, loss_name=name).plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw a curve for each uncertainty.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the curves of the uncertainties.

        Returns
        -------
        Self
            Itself.
        """
        pyplot, lines, cbook = (
            require(f"matplotlib.{module}", "plot", "UncertaintyDisplay")
            for module in ("pyplot", "lines", "cbook")
        )
        losses = np.asarray(self.losses, dtype=np.float64)
        curves = {
            name: _kept(losses, _of_rows(name, values, len(losses)))
            for name, values in self.uncertainty.items()
        }
        given = {"linewidth": 1.8, **cbook.normalize_kwargs(kwargs, lines.Line2D)}
        styles = [given] * len(curves)
        styles += [{"color": "0.5", "linestyle": style} for style in (":", "--")]
        for name, order in zip(_COMPARED, (losses, np.zeros(len(losses))), strict=True):
            curves[name] = _kept(losses, order)
        if ax is None:
            _, ax = pyplot.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.areas_ = {name: float(curve.mean()) for name, curve in curves.items()}
        shares = np.arange(1, len(losses) + 1) / len(losses)
        self.lines_ = []
        for (name, curve), style in zip(curves.items(), styles, strict=True):
            label = f"{name[:1].upper()}{name[1:]} (area {self.areas_[name]:.3g})"
            self.lines_ += ax.plot(shares, curve, **{"label": label, **style})
        ax.set(
            xlabel="Share of rows kept, surest first",
            ylabel=self.loss_name,
            xlim=(0, 1),
        )
        ax.set_ylim(bottom=0)
        ax.legend()
        return self


def _losses(y: Any, predicted: Any, *, labels: bool) -> tuple[FloatArray, str]:
    """Loss of each row, and what their mean is called.

    Raises
    ------
    ValueError
        If the target has several outputs, or a value is NaN or infinite.
    """
    y, predicted = np.asarray(y), np.asarray(predicted)
    check_consistent_length(y, predicted)
    if y.ndim != 1 or predicted.ndim != 1:
        raise ValueError(
            f"The picture is of one output, got y of shape {y.shape} and predictions "
            f"of shape {predicted.shape}. Draw each output by itself."
        )
    if not len(y):
        raise ValueError("There are no rows to draw.")
    if labels:
        return (y != predicted).astype(np.float64), "Share that is wrong of rows kept"
    check_array(np.column_stack([y, predicted]), input_name="y and predictions")
    return (y - predicted) ** 2, "Mean squared error of rows kept"


def _of_rows(name: str, values: ArrayLike, n_samples: int) -> FloatArray:
    """An uncertainty of each row, checked.

    Raises
    ------
    ValueError
        If it is not a number for each row, or its name is taken.
    """
    array = np.asarray(values, dtype=np.float64)
    if name in _COMPARED:
        raise ValueError(f"{name!r} is drawn for comparison. Choose another name.")
    if array.shape != (n_samples,) or np.isnan(array).any():
        raise ValueError(
            f"The uncertainty {name!r} must be a number for each of {n_samples} rows, "
            f"got shape {array.shape} with {int(np.isnan(array).sum())} NaN."
        )
    return array


def _kept(losses: FloatArray, uncertainty: FloatArray) -> FloatArray:
    """Mean loss of the k surest rows, k from 1 on.

    Rows that are as sure count by their mean, as if their order was drawn.
    """
    order = np.argsort(uncertainty, kind="stable")
    values, losses = uncertainty[order], losses[order]
    ties, sizes = np.unique(values, return_inverse=True, return_counts=True)[1:]
    of_ties = np.bincount(ties, losses) / sizes
    return np.cumsum(of_ties[ties]) / np.arange(1, len(losses) + 1)
