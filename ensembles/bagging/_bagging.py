"""The two bagging estimators: members of any kind."""

from __future__ import annotations

from typing import Any, Literal, Self, final

import numpy as np
from sklearn.base import is_classifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles._combine import CombineRule
from ensembles._compat import n_samples_of
from ensembles._ensemble._targets import ClassTarget
from ensembles._typing import Estimator, RandomState, Table
from ensembles._validation import (
    n_rows_of,
)
from ensembles.bagging._adopted import adopt, params_of
from ensembles.bagging._any_member import BaseBagging
from ensembles.bagging._classes import BaseBagClassifier, routes_of_classifier
from ensembles.bagging._until_settled import UntilSettled
from ensembles.bagging._values import BaseBagRegressor
from ensembles.resampling._base import BaseScheme

__all__ = ["BaggingClassifier", "BaggingRegressor"]


class _Bagging(BaseBagging):
    """What the two have in common: parameters, and taking over fitted members."""

    def __init__(
        self,
        estimator: Estimator | None = None,
        n_estimators: int | str | UntilSettled = 10,
        *,
        max_samples: float | None = None,
        max_features: float = 1.0,
        bootstrap: bool = True,
        bootstrap_features: bool = False,
        oob_score: Any = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        scheme: BaseScheme | None = None,
        combine: CombineRule = "auto",
        resample: Literal["auto", "weights", "unique", "index"] = "auto",
        memory: Any = None,
        error_score: str | float = "raise",
        engine: Literal["exact", "hist"] = "exact",
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.bootstrap_features = bootstrap_features
        self.oob_score = oob_score
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.scheme = scheme
        self.combine = combine
        self.resample = resample
        self.memory = memory
        self.error_score = error_score
        self.engine = engine

    @classmethod
    def from_sklearn(cls, fitted: Any, X: Table | None = None, y: Any = None) -> Self:
        """Take over the members of a fitted forest or bag of scikit-learn's.

        Nothing is fitted again, and predictions are the same. With the training data
        the rows that members left out are known too, and with them intervals, sets of
        labels and scores. The members are not copied.

        Parameters
        ----------
        fitted : estimator
            ``RandomForest*``, ``ExtraTrees*`` or ``Bagging*``, for classes or for
            values as this class is.
        X : array-like of shape (n_samples, n_features) or None, default=None
            The rows that it was fitted on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs) or None, \
default=None
            Their targets.

        Returns
        -------
        Self
            A fitted bag. Fitted again, it draws rows of its own.

        Raises
        ------
        TypeError
            If `fitted` is something else.
        NotFittedError
            If it is not fitted.
        ValueError
            If X and y are not what it was fitted on, by their number and classes.
        """
        bag = cls(**params_of(fitted))
        if is_classifier(bag) != is_classifier(fitted):
            raise TypeError(
                f"{cls.__name__}.from_sklearn got a {type(fitted).__name__}; take the "
                "class for the other kind of target."
            )
        bag._adopt_target(fitted)
        n_samples = n_samples_of(fitted)
        if n_samples is None:
            drawn = max(int(np.max(rows)) + 1 for rows in fitted.estimators_samples_)
            n_samples = max(drawn, 0 if X is None else n_rows_of(X))
        adopt(bag, fitted, n_samples)
        return bag if X is None else bag.compute_oob(X, y)

    def _adopt_target(self, fitted: Any) -> None:
        """Take over what the target is."""


@final
class BaggingClassifier(_Bagging, BaseBagClassifier):
    """Classifiers fitted on random draws of the data, combined by mean or vote.

    Use it to take the variance out of a learner that overfits: deep trees, nearest
    neighbours, small nets. A stable learner (a linear model on many rows) gains
    nothing. With a `scheme` the draws respect groups, classes or time, and so do the
    out-of-bag scores; without one this is scikit-learn's class of the same name, member
    for member.

    Parameters
    ----------
    estimator : estimator or None, default=None
        The member. None means a :class:`~sklearn.tree.DecisionTreeClassifier`.
    n_estimators : int, "auto" or UntilSettled, default=10
        Number of members; or by which rule it is found as they are fitted, and scored
        out-of-bag: "auto" is an :class:`UntilSettled` with its defaults.
    max_samples : int, float or None, default=None
        Rows drawn for each member: a number, a share of the rows (of the sum of the
        weights where there are any), or as many as there are.
    max_features : int or float, default=1.0
        Columns drawn for each member: a number or a share, at least one.
    bootstrap : bool, default=True
        Whether rows are drawn with replacement.
    bootstrap_features : bool, default=False
        Whether columns are drawn with replacement.
    oob_score : bool, str or callable, default=False
        Whether to score the ensemble on out-of-bag rows. True means accuracy (of whole
        rows for labels that are present or not, of entries for several outputs with
        classes); a string names a scorer; a callable is a metric if its first
        parameter begins with y, ``(y_true, y_pred)``, else a scorer
        ``(estimator, X, y)``.
    warm_start : bool, default=False
        Keep the members of the last fit and add what is missing. The same members
        come out as from one fit.
    n_jobs : int or None, default=None
        Workers of fit and predict. None means 1 unless in a
        :func:`joblib.parallel_config` context; -1 means all processors.
    random_state : int, RandomState instance or None, default=None
        Of draws and members. An int gives the same members for every `n_jobs`.
    verbose : int, default=0
        Progress messages of joblib.
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that draws the rows, in place of
        `max_samples` and `bootstrap`. Its own ``n_resamples`` and ``random_state``
        are not used.
    combine : str or callable, default="auto"
        How the members' probabilities, shape (m, n, k), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth, at
        least one each from three members on;
        "vote"; "log_pool", the normalised geometric mean; "rank", the mean of ranks
        among the rows given, for ranking metrics; or a callable. May be changed after
        fit.
    resample : {"auto", "weights", "unique", "index"}, default="auto"
        The form in which drawn rows reach a member: all rows with counts as
        ``sample_weight``; the distinct rows with counts; or the rows themselves.
        "auto" takes weights where members take them, but unique rows where members
        hold some out for early stopping or learn from a precomputed kernel, and rows
        otherwise.
    memory : str, joblib.Memory or None, default=None
        Where finished members are kept, so that a fit that was killed goes on where
        it stood.
    error_score : "raise" or numpy.nan, default="raise"
        What to do where a member fails: raise its error, which then names the member,
        or go on without it and warn.
    engine : {"exact", "hist"}, default="exact"
        "hist" grows scikit-learn's trees as binned ones of the same parameters, which
        is many times faster on many rows: all members share one pass over the values.
        Members that are binned trees share it either way.

    Attributes
    ----------
    estimator_ : estimator
        An unfitted copy of the member.
    estimators_ : list of n_estimators estimators
        The fitted members. They learned codes: positions in ``classes_``.
    estimators_features_ : list of n_estimators ndarrays
        Columns that each member sees.
    estimators_samples_ : list of n_estimators ndarrays
        Rows that each member was fitted on, drawn again at each call.
    inbag_counts_ : ndarray of shape (n_estimators, n_samples)
        How often each member saw each row.
    classes_ : ndarray of shape (n_classes,) or list of ndarrays
        Labels, of each output where there are several.
    n_classes_ : int or list of int
        Number of labels, of each output where there are several.
    n_features_in_ : int
        Number of columns in fit. Only where X is a table.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns in fit. Only where all are strings.
    oob_score_ : float
        Score of the rows that are out-of-bag for some member.
    oob_curve_ : NamedTuple of ndarrays of shape (n_stages,)
        ``n_estimators`` and ``score``: out-of-bag scores of the first members, NaN
        where too few rows are left out for one; ``mc_error`` and ``sampling_error``:
        their standard errors over random numbers and over rows, where a rule asked.
    oob_decision_function_ : ndarray of shape (n_samples, n_classes) or list
        Out-of-bag probabilities; NaN for a row that every member saw, or that has the
        weight zero.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if a parameter is not allowed or does
        not fit the data.
    InvalidParameterError
        The same, which is a `TypeError` too, for a parameter of a wrong kind.

    See Also
    --------
    BaggingRegressor : For values.
    ensembles.combining.VotingClassifier : Combines different learners.

    References
    ----------
    .. [1] L. Breiman, "Bagging predictors", Machine Learning 24(2), 123-140, 1996.
    .. [2] T. K. Ho, "The random subspace method for constructing decision forests",
       IEEE Transactions on Pattern Analysis and Machine Intelligence 20(8), 832-844,
       1998.

    Examples
    --------
    Rows come from 40 subjects, whom a column all but identifies. Out-of-bag rows of
    known subjects flatter; out-of-bag subjects tell what to expect of new ones:

    >>> import numpy as np
    >>> from ensembles.bagging import BaggingClassifier
    >>> from ensembles.resampling import GroupBootstrap
    >>> rng = np.random.default_rng(0)
    >>> subject = np.repeat(np.arange(40), 10)
    >>> y = rng.integers(2, size=40)[subject]
    >>> X = rng.normal(size=40)[subject, None] + 0.01 * rng.normal(size=(400, 1))
    >>> bag = BaggingClassifier(n_estimators=50, oob_score=True, random_state=0)
    >>> print(f"{bag.fit(X, y).oob_score_:.2f}")
    0.93
    >>> bag.set_params(scheme=GroupBootstrap())
    BaggingClassifier(n_estimators=50, oob_score=True, random_state=0,
                      scheme=GroupBootstrap())
    >>> print(f"{bag.fit(X, y, groups=subject).oob_score_:.2f}")
    0.51
    """

    def _default_estimator(self) -> Estimator:
        return DecisionTreeClassifier()

    def _adopt_target(self, fitted: Any) -> None:
        single = not isinstance(fitted.classes_, list)
        labels = [fitted.classes_] if single else fitted.classes_
        self._target = ClassTarget(tuple(np.asarray(one) for one in labels), single)
        self.classes_ = self._target.classes
        n_classes = self._target.n_classes
        self.n_classes_ = n_classes[0] if single else list(n_classes)

    def _routes(self, member: Estimator) -> list[tuple[str, str]]:
        return routes_of_classifier(member)


@final
class BaggingRegressor(_Bagging, BaseBagRegressor):
    """Regressors fitted on random draws of the data, combined by mean or median.

    Use it to take the variance out of a learner that overfits: deep trees, nearest
    neighbours, small nets. A stable learner gains nothing, and no bag extrapolates
    beyond what its members do. With a `scheme` the draws respect groups or time, and
    so do the out-of-bag scores; without one this is scikit-learn's class of the same
    name, member for member.

    Parameters
    ----------
    estimator : estimator or None, default=None
        The member. None means a :class:`~sklearn.tree.DecisionTreeRegressor`.
    n_estimators : int, "auto" or UntilSettled, default=10
        Number of members; or by which rule it is found as they are fitted, and scored
        out-of-bag: "auto" is an :class:`UntilSettled` with its defaults.
    max_samples : int, float or None, default=None
        Rows drawn for each member: a number, a share of the rows (of the sum of the
        weights where there are any), or as many as there are.
    max_features : int or float, default=1.0
        Columns drawn for each member: a number or a share, at least one.
    bootstrap : bool, default=True
        Whether rows are drawn with replacement.
    bootstrap_features : bool, default=False
        Whether columns are drawn with replacement.
    oob_score : bool, str or callable, default=False
        Whether to score the ensemble on out-of-bag rows. True means R²; a string names
        a scorer; a callable is a metric if its first parameter begins with y,
        ``(y_true, y_pred)``, else a scorer ``(estimator, X, y)``.
    warm_start : bool, default=False
        Keep the members of the last fit and add what is missing. The same members
        come out as from one fit.
    n_jobs : int or None, default=None
        Workers of fit and predict. None means 1 unless in a
        :func:`joblib.parallel_config` context; -1 means all processors.
    random_state : int, RandomState instance or None, default=None
        Of draws and members. An int gives the same members for every `n_jobs`.
    verbose : int, default=0
        Progress messages of joblib.
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that draws the rows, in place of
        `max_samples` and `bootstrap`. Its own ``n_resamples`` and ``random_state``
        are not used.
    combine : str or callable, default="auto"
        How the members' values, shape (m, n) or (m, n, q), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth, at
        least one each from three members on; or
        a callable. May be changed after fit.
    resample : {"auto", "weights", "unique", "index"}, default="auto"
        The form in which drawn rows reach a member: all rows with counts as
        ``sample_weight``; the distinct rows with counts; or the rows themselves.
        "auto" takes weights where members take them, but unique rows where members
        hold some out for early stopping or learn from a precomputed kernel, and rows
        otherwise.
    memory : str, joblib.Memory or None, default=None
        Where finished members are kept, so that a fit that was killed goes on where
        it stood.
    error_score : "raise" or numpy.nan, default="raise"
        What to do where a member fails: raise its error, which then names the member,
        or go on without it and warn.
    engine : {"exact", "hist"}, default="exact"
        "hist" grows scikit-learn's trees as binned ones of the same parameters, which
        is many times faster on many rows: all members share one pass over the values.
        Members that are binned trees share it either way.

    Attributes
    ----------
    estimator_ : estimator
        An unfitted copy of the member.
    estimators_ : list of n_estimators estimators
        The fitted members.
    estimators_features_ : list of n_estimators ndarrays
        Columns that each member sees.
    estimators_samples_ : list of n_estimators ndarrays
        Rows that each member was fitted on, drawn again at each call.
    inbag_counts_ : ndarray of shape (n_estimators, n_samples)
        How often each member saw each row.
    n_features_in_ : int
        Number of columns in fit. Only where X is a table.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns in fit. Only where all are strings.
    oob_score_ : float
        Score of the rows that are out-of-bag for some member.
    oob_curve_ : NamedTuple of ndarrays of shape (n_stages,)
        ``n_estimators`` and ``score``: out-of-bag scores of the first members, NaN
        where too few rows are left out for one; ``mc_error`` and ``sampling_error``:
        their standard errors over random numbers and over rows, where a rule asked.
    oob_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Out-of-bag values; NaN for a row that every member saw.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if a parameter is not allowed or does
        not fit the data.
    InvalidParameterError
        The same, which is a `TypeError` too, for a parameter of a wrong kind.

    See Also
    --------
    BaggingClassifier : For classes.
    ensembles.combining.VotingRegressor : Combines different learners.

    References
    ----------
    .. [1] L. Breiman, "Bagging predictors", Machine Learning 24(2), 123-140, 1996.

    Examples
    --------
    A random walk whose next value is to be found from the time alone cannot be
    forecast, yet rows next to known ones look easy. Blocks with a gap tell the truth:

    >>> import numpy as np
    >>> from ensembles.bagging import BaggingRegressor
    >>> from ensembles.resampling import StationaryBootstrap
    >>> time = np.arange(600.0)[:, None]
    >>> walk = np.random.default_rng(0).normal(size=600).cumsum()
    >>> bag = BaggingRegressor(n_estimators=100, oob_score=True, random_state=0)
    >>> print(f"{bag.fit(time, walk).oob_score_:.2f}")
    0.99
    >>> bag.scheme = StationaryBootstrap(block_length=100, gap=50)
    >>> print(f"{bag.fit(time, walk).oob_score_:.2f}")
    0.62
    """

    def _default_estimator(self) -> Estimator:
        return DecisionTreeRegressor()

    def _routes(self, member: Estimator) -> list[tuple[str, str]]:
        return [("predict", "predict")]
