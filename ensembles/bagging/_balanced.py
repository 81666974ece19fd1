"""Bags whose members see as many rows of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from ensembles._combine import CombineRule
from ensembles._random import legacy_generator
from ensembles._typing import (
    BoolArray,
    Estimator,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import invalid_parameter, is_count, is_fraction, n_rows_of
from ensembles.bagging._any_member import BaseBagging
from ensembles.bagging._classes import BaseBagClassifier, routes_of_classifier
from ensembles.bagging._sampling import ColumnLaw, MemberPlan, Sampler
from ensembles.bagging._setup import rows_kept
from ensembles.bagging._until_settled import UntilSettled

__all__ = ["BalancedBaggingClassifier"]

_STRATEGIES = ("auto", "majority", "not minority", "all")


@final
@dataclass(frozen=True, slots=True)
class _ClassSampler(Sampler):
    """Draws so many rows of each class."""

    n_samples: int
    column_law: ColumnLaw
    kept: BoolArray | None
    rows_of_classes: tuple[IntArray, ...]
    sizes: tuple[int, ...]
    replace: bool
    chances: tuple[FloatArray, ...] | None = None
    """Of the rows of each class; None means that all are the same."""
    weights_multiply: ClassVar[bool] = False

    def row_seeds(self, seeds: IntArray, start: int) -> list[Any]:
        """The member's own seed."""
        return list(seeds.tolist())

    def rows(self, plan: MemberPlan) -> IntArray:
        """Rows of one member, class after class, once its columns are drawn."""
        rng = legacy_generator(plan.rows_seed)
        self.column_law.draw(rng)
        chances = self.chances or [None] * len(self.sizes)
        classes = zip(self.rows_of_classes, self.sizes, chances, strict=True)
        drawn = [
            rng.choice(rows, size, replace=self.replace, p=chance)
            for rows, size, chance in classes
            if size
        ]
        return np.concatenate(drawn)

    def weights(self, plan: MemberPlan) -> IntArray:
        """Counts of the rows drawn."""
        return np.bincount(self.rows(plan), minlength=self.n_samples)


@final
class BalancedBaggingClassifier(BaseBagging, BaseBagClassifier):
    """Classifiers fitted on draws that hold as many rows of each class.

    Use it where one class is rare and must not be missed: each member sees as many rows
    of the rare class as of the others, and all members together see most rows of those
    [1]_. Its probabilities are those of a balanced world: where they are to be
    believed, take `ensembles.bagging.BaggingClassifier` and move the threshold.

    Unlike imbalanced-learn's class of this name it draws once, from each class by
    itself, so that ``inbag_counts_`` and out-of-bag scores are of the rows that members
    did see.

    Parameters
    ----------
    estimator : estimator or None, default=None
        The member. None means a :class:`~sklearn.tree.DecisionTreeClassifier`.
    n_estimators : int, "auto" or UntilSettled, default=10
        Number of members; or by which rule it is found as they are fitted, and scored
        out-of-bag: "auto" is an :class:`UntilSettled` with its defaults.
    sampling_strategy : {"auto", "majority", "not minority", "all"}, float or dict, \
default="auto"
        Rows of each class that a member sees. "auto", "not minority" and "all": as many
        as the rarest class has. "majority": of the most frequent class as many as the
        rarest has, of others all. A float, for two classes: the number of the rare one
        over that of the other. A dict of labels to numbers; of labels that are not
        named all.
    max_features : int or float, default=1.0
        Columns drawn for each member: a number or a share, at least one.
    bootstrap : bool, default=True
        Whether rows are drawn with replacement. Without it rows of the rarest class are
        in every draw, and never out-of-bag.
    bootstrap_features : bool, default=False
        Whether columns are drawn with replacement.
    oob_score : bool, str or callable, default=False
        Whether to score the ensemble on out-of-bag rows, as in
        `ensembles.bagging.BaggingClassifier`. True means accuracy, which says little
        of a rare class: "balanced_accuracy" or "average_precision" say more.
    warm_start : bool, default=False
        Keep the members of the last fit and add what is missing.
    n_jobs : int or None, default=None
        Workers of fit and predict.
    random_state : int, RandomState instance or None, default=None
        Of draws and members.
    verbose : int, default=0
        Progress messages of joblib.
    combine : str or callable, default="auto"
        How the members' probabilities become one, as in
        `ensembles.bagging.BaggingClassifier`.
    resample : {"auto", "weights", "unique", "index"}, default="auto"
        The form in which drawn rows reach a member.
    memory : str, joblib.Memory or None, default=None
        Where finished members are kept.
    error_score : "raise" or numpy.nan, default="raise"
        What to do where a member fails.
    engine : {"exact", "hist"}, default="exact"
        "hist" grows scikit-learn's trees as binned ones.

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
    sampling_strategy_ : dict
        Rows that members see of each label.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_classes_ : int
        Number of labels.
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
    oob_decision_function_ : ndarray of shape (n_samples, n_classes)
        Out-of-bag probabilities; NaN for a row that every member saw.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if a parameter is not allowed or does
        not fit the data, or y has several outputs.

    See Also
    --------
    BaggingClassifier : Draws rows whatever their class.

    References
    ----------
    .. [1] C. Chen, A. Liaw, L. Breiman, "Using random forest to learn imbalanced data",
       Technical Report 666, Department of Statistics, University of California,
       Berkeley, 2004.

    Examples
    --------
    One row in twenty is of the rare class. A bag misses most of them, and a balanced
    one finds them, for some false alarms:

    >>> from sklearn.datasets import make_classification
    >>> from sklearn.metrics import confusion_matrix
    >>> from ensembles.bagging import BaggingClassifier, BalancedBaggingClassifier
    >>> X, y = make_classification(
    ...     2000, weights=[0.95], class_sep=0.5, random_state=0
    ... )
    >>> for kind in BaggingClassifier, BalancedBaggingClassifier:
    ...     bag = kind(n_estimators=30, random_state=0).fit(X[:1000], y[:1000])
    ...     print(confusion_matrix(y[1000:], bag.predict(X[1000:])).tolist())
    [[945, 4], [17, 34]]
    [[921, 28], [9, 42]]
    """

    scheme = None
    max_samples = None

    def __init__(
        self,
        estimator: Estimator | None = None,
        n_estimators: int | str | UntilSettled = 10,
        *,
        sampling_strategy: Any = "auto",
        max_features: float = 1.0,
        bootstrap: bool = True,
        bootstrap_features: bool = False,
        oob_score: Any = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        combine: CombineRule = "auto",
        resample: Literal["auto", "weights", "unique", "index"] = "auto",
        memory: Any = None,
        error_score: str | float = "raise",
        engine: Literal["exact", "hist"] = "exact",
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.sampling_strategy = sampling_strategy
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.bootstrap_features = bootstrap_features
        self.oob_score = oob_score
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.combine = combine
        self.resample = resample
        self.memory = memory
        self.error_score = error_score
        self.engine = engine

    def _default_estimator(self) -> Estimator:
        return DecisionTreeClassifier()

    def _routes(self, member: Estimator) -> list[tuple[str, str]]:
        return routes_of_classifier(member)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        tags.classifier_tags.multi_label = False
        return tags

    def _check_own_params(self) -> None:
        super()._check_own_params()
        wanted = self.sampling_strategy
        is_known = isinstance(wanted, dict) or is_fraction(wanted)
        if not (is_known or (isinstance(wanted, str) and wanted in _STRATEGIES)):
            listed = ", ".join(map(repr, _STRATEGIES))
            raise invalid_parameter(
                self,
                "sampling_strategy",
                wanted,
                f"one of {listed}, a float in the range (0.0, 1.0] or a dict of labels "
                "to numbers of rows",
            )

    def _make_sampler(
        self,
        X: Table,
        y: Any,
        weights: FloatArray | None,
        groups: Any,
        rng: np.random.RandomState,
    ) -> Sampler:
        if np.ndim(y) != 1:
            raise ValueError(
                f"{type(self).__name__} balances the classes of one output, got y of "
                f"shape {np.shape(y)}. Fit one for each, or take BaggingClassifier."
            )
        kept = rows_kept(weights)
        rows = [np.flatnonzero(y == code) for code in range(*self._target.n_classes)]
        if kept is not None:
            rows = [one[kept[one]] for one in rows]
        counts = np.array([len(one) for one in rows])
        sizes = self._sizes(counts, self._target.labels[0])
        labels = self._target.labels[0].tolist()
        self.sampling_strategy_ = dict(zip(labels, sizes.tolist(), strict=True))
        if not self.bootstrap and (sizes > counts).any():
            raise ValueError(
                f"sampling_strategy asks for {self.sampling_strategy_} rows, and there "
                f"are {dict(zip(labels, counts.tolist(), strict=True))}. Use "
                "bootstrap=True, or ask for fewer."
            )
        chances = None
        if weights is not None:
            of_classes = [weights[one] for one in rows]
            chances = tuple(one / one.sum() if len(one) else one for one in of_classes)
        return _ClassSampler(
            n_rows_of(X),
            self._column_law(X),
            kept,
            tuple(rows),
            tuple(sizes.tolist()),
            self.bootstrap,
            chances,
        )

    def _sizes(self, counts: IntArray, labels: NDArray[Any]) -> IntArray:
        """Rows to draw of each class; none of one that has none with a weight.

        Raises
        ------
        ValueError
            If the strategy does not fit the classes.
        """
        wanted = self.sampling_strategy
        if isinstance(wanted, dict):
            return _of_dict(wanted, counts, labels)
        if not isinstance(wanted, str):
            if len(counts) != 2:
                raise ValueError(
                    "A float as sampling_strategy is for two classes, and y has "
                    f"{len(counts)}. Give a dict of labels to numbers of rows."
                )
            other = min(int(counts.min() / wanted), int(counts.max()))
            is_rare = np.arange(2) == counts.argmin()
            return np.where(is_rare, counts.min(), other)
        fewest = counts[counts > 0].min()
        if wanted == "majority":
            is_most = np.arange(len(counts)) == counts.argmax()
            return np.where(is_most, fewest, counts)
        return np.where(counts > 0, fewest, 0)


def _of_dict(wanted: dict[Any, Any], counts: IntArray, labels: Any) -> IntArray:
    """Rows to draw of each class, by label.

    Raises
    ------
    ValueError
        If a label is unknown or a number is none.
    """
    unknown = sorted(map(str, set(wanted) - set(labels.tolist())))
    if unknown or not all(is_count(size) and size > 0 for size in wanted.values()):
        raise ValueError(
            f"sampling_strategy={wanted!r} must give numbers of rows, at least one, to "
            f"labels of y, which are {labels.tolist()}."
        )
    pairs = zip(labels.tolist(), counts.tolist(), strict=True)
    return np.array([wanted.get(label, count) for label, count in pairs])
