"""A picture of the losses of a training run."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from ensembles._typing import ArrayLike
from ensembles._validation import require
from ensembles.nets._loss_curve import curve_of

__all__ = ["LossCurveDisplay"]


@final
class LossCurveDisplay:
    """Picture of the losses of a training run, epoch by epoch.

    The first thing to look at where training disappoints; :func:`diagnose` says in
    words what is seen in it. Where the loss is a cross entropy, a line shows that of a
    net that finds all classes equally probable. Make it by `from_estimator`.

    Parameters
    ----------
    train_loss : array-like of shape (n_epochs,)
        Losses on training rows, each a mean over an epoch in which the net changes.
    valid_loss : array-like of shape (n_epochs,) or None, default=None
        Losses of rows set aside, after each epoch.
    unknowing_loss : float or None, default=None
        Loss of a net that knows nothing.

    Attributes
    ----------
    lines_ : list of Line2D
        What was drawn last: training losses; losses of rows set aside and the point
        where these are lowest, where there are any; the loss of a net that knows
        nothing, where that is known.
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
    diagnose : Says what the curve shows.

    References
    ----------
    .. [1] A. Karpathy, "CS231n: Convolutional neural networks for visual recognition",
       Stanford University, 2016, notes on neural networks 3, "Loss function".

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from skorch.dataset import ValidSplit
    >>> from ensembles.nets import LossCurveDisplay, SnapshotEnsembleClassifier
    >>> X, y = make_moons(200, noise=0.3, random_state=0)
    >>> model = SnapshotEnsembleClassifier(
    ...     max_epochs=20, train_split=ValidSplit(4), random_state=0
    ... ).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> [line.get_label() for line in display.lines_]
    ['Training', 'Held out', 'Lowest: epoch 16', 'Knows nothing']
    """

    def __init__(
        self,
        train_loss: ArrayLike,
        valid_loss: ArrayLike | None = None,
        unknowing_loss: float | None = None,
    ) -> None:
        self.train_loss = train_loss
        self.valid_loss = valid_loss
        self.unknowing_loss = unknowing_loss

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, **line_kwargs: Any
    ) -> LossCurveDisplay:
        """Draw the losses of a fitted net or ensemble.

        Parameters
        ----------
        estimator : skorch net, History, ensemble of nets or Pipeline
            Fitted. Of an ensemble of several runs the means are drawn, up to the end
            of the shortest.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **line_kwargs : object
            For ``Axes.plot``, of the two curves.

        Returns
        -------
        LossCurveDisplay
            What was drawn.
        """
        curve = curve_of(estimator)
        display = cls(curve.train, curve.valid, curve.unknowing)
        return display.plot(ax=ax, **line_kwargs)

    def plot(self, ax: Any = None, **line_kwargs: Any) -> LossCurveDisplay:
        """Draw the losses.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **line_kwargs : object
            For ``Axes.plot``, of the two curves.

        Returns
        -------
        LossCurveDisplay
            Itself.
        """
        pyplot = require("matplotlib.pyplot", "plot", "LossCurveDisplay")
        if ax is None:
            _, ax = pyplot.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        epochs = np.arange(1, len(np.asarray(self.train_loss)) + 1)
        style = {"label": "Training", **line_kwargs}
        self.lines_ = ax.plot(epochs, self.train_loss, **style)
        if self.valid_loss is not None:
            losses = np.asarray(self.valid_loss)
            style = {"label": "Held out", **line_kwargs}
            self.lines_ += ax.plot(epochs, losses, **style)
            best = int(losses.argmin())
            self.lines_ += ax.plot(
                epochs[best],
                losses[best],
                "o",
                color=self.lines_[-1].get_color(),
                label=f"Lowest: epoch {epochs[best]}",
            )
        if self.unknowing_loss is not None:
            line = ax.axhline(
                self.unknowing_loss, color="0.5", linestyle=":", label="Knows nothing"
            )
            self.lines_.append(line)
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()
        return self
