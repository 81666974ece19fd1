"""A picture of scores by the number of members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self, final

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score, check_scoring, r2_score

from ensembles._stages import stages_up_to
from ensembles._stand_in import is_metric, resolve_metric
from ensembles._typing import ArrayLike, FloatArray, IntArray, Table
from ensembles._validation import require
from ensembles.inspection._inside import inside

__all__ = ["StagedScoreDisplay"]

# Curves of boosting have hundreds of rounds; no eye tells more points apart.
_MOST_STAGES = 200
_OOB = "Out-of-bag"


class StagedScores(NamedTuple):
    """Scores of the first members of an ensemble."""

    n_members: IntArray
    """Numbers of members, shape (n_stages,)."""
    score: FloatArray
    """Their scores, shape (n_stages,)."""
    error: FloatArray | None = None
    """Standard errors of these, shape (n_stages,); None where they are not known."""


@final
class StagedScoreDisplay:
    """Picture of scores by the number of members or rounds.

    Use it to see how many are enough: of a bag the curve levels off, and more members
    cost time alone; of boosting it may turn down, and early stopping or fewer rounds
    are better. The curve out-of-bag comes with the fit of a bag, and needs no data.
    Make it by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    curves : dict of tuples of arrays of shape (n_stages,)
        Names of curves, and of each the numbers of members, the scores and, where these
        are known, their standard errors.
    score_name : str, default="Score"
        What the axis of scores is called.

    Attributes
    ----------
    lines_ : dict of Line2D
        Curves by their names, as drawn last.
    bands_ : dict of PolyCollection
        Two standard errors around curves, where these are known.
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
    ensembles.bagging.UntilSettled : Finds the number of members in the fit.

    References
    ----------
    .. [1] L. Breiman, "Out-of-bag estimation", technical report, University of
       California, Berkeley, 1996.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from ensembles import BaggingRegressor
    >>> from ensembles.inspection import StagedScoreDisplay
    >>> X, y = make_friedman1(400, noise=1.0, random_state=0)
    >>> bag = BaggingRegressor(n_estimators=50, oob_score=True, random_state=0)
    >>> display = StagedScoreDisplay.from_estimator(
    ...     bag.fit(X[:200], y[:200]), X[200:], y[200:]
    ... )
    >>> for name, curve in display.curves.items():
    ...     print(f"{name}: {curve.score[0]:.2f} to {curve.score[-1]:.2f}")
    Out-of-bag: 0.42 to 0.72
    Test: 0.42 to 0.77
    """

    def __init__(
        self, curves: Mapping[str, tuple[Any, ...]], *, score_name: str = "Score"
    ) -> None:
        self.curves = curves
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Table | None = None,
        y: ArrayLike | None = None,
        *,
        scoring: Any = None,
        name: str = "Test",
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the scores of the first members of a fitted ensemble.

        Parameters
        ----------
        estimator : estimator
            Fitted: a bag or forest, or one with ``staged_predict``, scikit-learn's too;
            a pipeline or search around it.
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...) or None, \
default=None
            Rows that it has not learned from. None draws the curve out-of-bag alone.
        y : array-like of shape (n_samples,) or None, default=None
            Labels or values.
        scoring : str, callable or None, default=None
            Score; None is that of the curve out-of-bag, if there is one, else accuracy
            or R². The curve is left out where it has another score.
        name : str, default="Test"
            What the curve of X and y is called.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the curves.

        Returns
        -------
        Self
            What was drawn.

        Raises
        ------
        TypeError
            If the estimator has no stages.
        ValueError
            If there is nothing to draw, or two curves have one name.
        """
        require("matplotlib", "plot", "StagedScoreDisplay")
        if (X is None) != (y is None):
            raise ValueError("X and y go together: pass both, or neither of them.")
        estimator, X = inside(estimator, X)
        curves: dict[str, StagedScores] = {}
        default = "accuracy" if is_classifier(estimator) else "r2"
        known = getattr(estimator, "oob_curve_", None)
        of_fit = getattr(estimator, "oob_score", None)
        if known is None or isinstance(of_fit, bool | np.bool_):
            of_fit = default
        scoring = of_fit if scoring is None else scoring
        if known is not None and scoring == of_fit:
            curves[_OOB] = StagedScores(known.n_estimators, known.score, known.mc_error)
        if name in curves:
            raise ValueError(f"{name!r} is the curve of the fit. Choose another name.")
        if X is not None:
            curves[name] = _scores(estimator, X, y, scoring)
        if not curves:
            raise ValueError(
                f"There are no out-of-bag scores of {scoring!r}, so rows are needed. "
                "Pass X and y, or fit a bag with oob_score=True."
            )
        return cls(curves, score_name=_name(scoring)).plot(ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y: ArrayLike,
        staged: Iterable[ArrayLike],
        *,
        metric: Any = None,
        name: str = "Test",
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw scores of predictions after each round.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels, or values, which are floats.
        staged : iterable of array-like of shape (n_samples,)
            What is predicted after each round.
        metric : callable or None, default=None
            A function of y and what was predicted. None is accuracy of labels, R² of
            values.
        name : str, default="Test"
            What the curve is called.
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the curves.

        Returns
        -------
        Self
            What was drawn.

        Raises
        ------
        ValueError
            If there are no rounds.
        """
        predicted = [np.asarray(one) for one in staged]
        if not predicted:
            raise ValueError("There are no predictions to score.")
        if metric is None:
            metric = r2_score if predicted[0].dtype.kind == "f" else accuracy_score
        at = _stages(len(predicted))
        scores = np.array([metric(y, predicted[n - 1]) for n in at])
        curves = {name: StagedScores(at, scores)}
        title = getattr(metric, "__name__", "score").replace("_", " ").capitalize()
        return cls(curves, score_name=title).plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            For ``Axes.plot``, of the curves.

        Returns
        -------
        Self
            Itself.

        Raises
        ------
        ValueError
            If one label is given for several curves.
        """
        pyplot = require("matplotlib.pyplot", "plot", "StagedScoreDisplay")
        if ax is None:
            _, ax = pyplot.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_, self.bands_ = {}, {}
        if "label" in kwargs and len(self.curves) > 1:
            raise ValueError(
                "Curves are labelled by their names: pass name, not label."
            )
        for name, curve in self.curves.items():
            n_members, score, error = StagedScores(*map(_as_array, curve))
            style = {"label": name, **kwargs}
            (self.lines_[name],) = ax.plot(n_members, score, **style)
            if error is not None and np.isfinite(error).any():
                self.bands_[name] = ax.fill_between(
                    n_members,
                    score - 2 * error,
                    score + 2 * error,
                    color=self.lines_[name].get_color(),
                    alpha=0.2,
                    linewidth=0,
                    label="± 2 Monte-Carlo errors",
                )
        ax.set(xlabel="Members", ylabel=self.score_name)
        ax.set_xlim(left=0)
        ax.legend()
        return self


def _as_array(values: ArrayLike | None) -> Any:
    """Numbers as an array, and None as it is."""
    return None if values is None else np.asarray(values)


def _scores(estimator: Any, X: Table, y: Any, scoring: Any) -> StagedScores:
    """Scores of the stages of an ensemble.

    Raises
    ------
    TypeError
        If it has none.
    """
    if hasattr(estimator, "staged_predict"):
        return _of_rounds(estimator, X, y, scoring)
    try:
        first = estimator[:1]
    except (TypeError, AttributeError, KeyError):
        first = None
    if not hasattr(first, "predict"):
        raise TypeError(
            f"{type(estimator).__name__} has no staged_predict and is no bag of this "
            "library. BaggingClassifier.from_sklearn takes over scikit-learn's; of "
            "others pass predictions to from_predictions."
        )
    at = list(stages_up_to(len(estimator)))
    if callable(scoring) and is_metric(scoring):
        scores = [scoring(y, estimator[:n_members].predict(X)) for n_members in at]
    else:
        scorer = check_scoring(estimator, scoring)
        scores = [scorer(estimator[:n_members], X, y) for n_members in at]
    return StagedScores(np.array(at), np.array(scores))


def _of_rounds(estimator: Any, X: Table, y: Any, scoring: Any) -> StagedScores:
    """Scores after rounds of boosting, cycles of a net and the like."""
    classes = estimator.classes_ if is_classifier(estimator) else None
    method, staged = "predict", estimator.staged_predict
    of_labels = callable(scoring) and is_metric(scoring)
    gives_probabilities = hasattr(estimator, "staged_predict_proba")
    if classes is not None and gives_probabilities and not of_labels:
        method, staged = "predict_proba", estimator.staged_predict_proba
    metric = resolve_metric("StagedScoreDisplay", scoring, method, classes)
    n_rounds = sum(1 for _ in estimator.staged_predict(X[:1]))
    at = _stages(n_rounds)
    wanted = set(at.tolist())
    scores = [
        metric(y, said) for n, said in enumerate(staged(X), start=1) if n in wanted
    ]
    return StagedScores(at, np.array(scores))


def _stages(n_rounds: int) -> IntArray:
    """Rounds to score: all, or as many as an eye can tell apart."""
    at = np.linspace(1, n_rounds, min(n_rounds, _MOST_STAGES))
    return np.unique(np.rint(at).astype(np.intp))


def _name(scoring: Any) -> str:
    """What the axis of scores is called."""
    if scoring == "r2":
        return "R²"
    name = (
        scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    )
    return name.replace("_", " ").capitalize()
