"""A picture of the replicates of a bootstrap."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np

from ensembles._typing import ArrayLike, FloatArray
from ensembles._validation import require

__all__ = ["BootstrapDisplay"]


@final
class BootstrapDisplay:
    """Picture of the replicates of a bootstrap, with the estimate and its interval.

    Use it before an interval is believed: a skewed heap asks for "bca" or
    "studentized", several heaps or a comb tell that the statistic depends on few rows,
    as medians and maxima do, and that more resamples will not help [1]_. Make it by
    `from_result`.

    Parameters
    ----------
    replicates : array-like of shape (n_resamples,)
        Values of the statistic; NaN for none.
    estimate : float
        Its value on the data.
    interval : tuple of two floats or None, default=None
        Lower and upper end, either of which may be infinite.
    interval_name : str or None, default=None
        What the interval is called in the legend.

    Attributes
    ----------
    bars_ : BarContainer
        Heights of replicates, as drawn last.
    line_ : Line2D
        The estimate.
    span_ : Polygon or None
        The interval; None where there is none.
    ax_ : matplotlib Axes
        Where.
    figure_ : matplotlib Figure
        In which figure.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    ValueError
        From `plot`, if no replicate has a value.

    See Also
    --------
    ensembles.inference.bootstrap : Makes replicates.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997, sections 2.3 and 3.9.

    Examples
    --------
    >>> from ensembles.inference import bootstrap
    >>> from ensembles.inspection import BootstrapDisplay
    >>> hours = [3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487]
    >>> result = bootstrap("mean", hours, method="bca", rng=0)
    >>> display = BootstrapDisplay.from_result(result)
    >>> display.interval_name, [round(float(end), 1) for end in display.interval]
    ('95 % interval, bca', [56.6, 231.5])
    """

    def __init__(
        self,
        replicates: ArrayLike,
        estimate: float,
        interval: tuple[float, float] | None = None,
        *,
        interval_name: str | None = None,
    ) -> None:
        self.replicates = replicates
        self.estimate = estimate
        self.interval = interval
        self.interval_name = interval_name

    @classmethod
    def from_result(
        cls,
        result: Any,
        *,
        component: int | tuple[int, ...] | None = None,
        method: str | None = None,
        confidence_level: float | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the result of a bootstrap.

        Parameters
        ----------
        result : BootstrapResult
            Of :func:`ensembles.inference.bootstrap` and the functions that return the
            like.
        component : int, tuple of int or None, default=None
            Which number of a statistic that has several. None is for those of one.
        method : str or None, default=None
            Method of the interval. None is that of the result.
        confidence_level : float or None, default=None
            Level of the interval. None is that of the result.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.hist``.

        Returns
        -------
        Self
            What was drawn.

        Raises
        ------
        ValueError
            If the statistic has several components and none is named, or has no such
            component.
        """
        require("matplotlib", "plot", "BootstrapDisplay")
        estimate = np.asarray(result.estimate, dtype=np.float64)
        at = _place(estimate.shape, component)
        ends = result.interval(method, confidence_level)
        asked = confidence_level
        level = float(result.confidence_level if asked is None else asked)
        display = cls(
            result.distribution[(slice(None), *at)],
            float(estimate[at]),
            (float(np.asarray(ends.low)[at]), float(np.asarray(ends.high)[at])),
            interval_name=f"{100 * level:.4g} % interval, {method or result.method}",
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the replicates.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.hist``.

        Returns
        -------
        Self
            Itself.
        """
        pyplot = require("matplotlib.pyplot", "plot", "BootstrapDisplay")
        if ax is None:
            _, ax = pyplot.subplots(layout="constrained")
        self.ax_, self.figure_, self.span_ = ax, ax.figure, None
        values = _finite(self.replicates)
        style = {"bins": "auto", "color": "0.75", "label": f"{len(values)} replicates"}
        _, _, self.bars_ = ax.hist(values, **{**style, **kwargs})
        if self.interval is not None:
            low, high = self.interval
            # An end that is open lies where replicates end.
            ends = (
                low if np.isfinite(low) else min(values.min(), high),
                high if np.isfinite(high) else max(values.max(), low),
            )
            self.span_ = ax.axvspan(
                *ends, color="C0", alpha=0.2, linewidth=0, label=self.interval_name
            )
        label = f"Estimate: {self.estimate:.4g}"
        self.line_ = ax.axvline(self.estimate, color="C0", label=label)
        heights = "Density" if kwargs.get("density") else "Replicates"
        ax.set(xlabel="Statistic", ylabel=heights)
        ax.legend()
        return self


def _finite(replicates: ArrayLike) -> FloatArray:
    """Replicates that have a value.

    Raises
    ------
    ValueError
        If there is none, or they are not of one number.
    """
    values = np.asarray(replicates, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).any():
        raise ValueError(
            "Replicates must be of one number, some of them finite, got shape "
            f"{values.shape} with {int(np.isfinite(values).sum())} finite values."
        )
    return values[np.isfinite(values)]


def _place(
    shape: tuple[int, ...], component: int | tuple[int, ...] | None
) -> tuple[int, ...]:
    """Where a component stands in a statistic of this shape.

    Raises
    ------
    ValueError
        If it is not said which of several, or there is no such one.
    """
    at = () if component is None else component
    at = at if isinstance(at, tuple) else (at,)
    inside = len(at) == len(shape) and all(
        isinstance(one, int | np.integer) and -size <= one < size
        for one, size in zip(at, shape, strict=True)
    )
    if component is None and int(np.prod(shape)) == 1:
        return (0,) * len(shape)
    if not inside:
        raise ValueError(
            f"The statistic has the shape {shape}, got component={component!r}. Give "
            "the position of the number to draw."
        )
    return at
