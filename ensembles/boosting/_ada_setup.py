"""What AdaBoost for classes fits in each round, by its parameters and the data."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_regressor

from ensembles._compat import take_rows
from ensembles._ensemble._data import n_columns_of
from ensembles._parallel import threads_for
from ensembles._random import MAX_SEED
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles.boosting._ada_losses import EvenLoss, LogitLoss, half_log_odds
from ensembles.boosting._ada_stages import ClassStage
from ensembles.boosting._additive import AdditiveLearner, boost_additive
from ensembles.boosting._additive_members import LearnerSum, SumPlan
from ensembles.boosting._additive_trees import TreeSum
from ensembles.boosting._any_learner import AnyLearner
from ensembles.boosting._crew import Crew
from ensembles.boosting._fitted import FittedLearners
from ensembles.boosting._handing import handing_for
from ensembles.boosting._no_help import NoHelp
from ensembles.boosting._outputs import PerOutput
from ensembles.boosting._readings import (
    AgainstRest,
    OneClass,
    Reading,
    Softmax,
    TwoClasses,
    Votes,
)
from ensembles.boosting._samme import WeakLearner, boost
from ensembles.boosting._samples import Sample, used_rows
from ensembles.boosting._stage_judge import StageJudge
from ensembles.boosting._steps import HalfLogOddsStep, NewtonStep, ShareStep, Step
from ensembles.boosting._tree_learner import TreeLearner, depth_of_plain_tree
from ensembles.boosting._weighted._grower import bytes_of_histograms
from ensembles.losses import Loss
from ensembles.trees import (
    BinnedMatrix,
    Binner,
    HistTreeClassifier,
    HistTreeRegressor,
)
from ensembles.trees._binned import binned_by

__all__ = ["ALGORITHMS", "Boosted", "ClassSample", "boosted"]

ALGORITHMS = ("samme", "real", "gentle", "logit")
# With larger histograms of all rows trees are grown one by one.
_MOST_BYTES = 2**28


class ClassSample(NamedTuple):
    """Rows to learn from, and their classes."""

    X: Any
    classes: Any
    """Labels, in order."""
    codes: IntArray
    """Number of each row's class."""
    weights: FloatArray | None
    groups: Any
    """Group of each row, for schemes that keep groups whole, or None."""

    @property
    def counts(self) -> FloatArray:
        """How much each row counts."""
        return np.ones(len(self.codes)) if self.weights is None else self.weights

    @property
    def coded(self) -> Sample:
        """Rows with the numbers of their classes."""
        return Sample(self.X, self.codes, self.weights)

    def rows(self, rows: IntArray) -> ClassSample:
        """Some of the rows."""
        groups = None if self.groups is None else take_rows(self.groups, rows)
        X, codes, weights = self.coded.rows(rows)
        return ClassSample(X, self.classes, codes, weights, groups)


class Boosted(NamedTuple):
    """What came of boosting, round by round."""

    learners: FittedLearners
    weights: list[float]
    errors: list[float]
    scores: list[float]
    """Of rows set aside."""
    n_best: int
    """After how many rounds these are best; all rounds, where there are no such rows.
    """


def _check_learner(booster: Any, estimator: Estimator, *, is_compiled: bool) -> None:
    """Raise for a learner that the algorithm has no use for.

    Leaves of compiled trees say all that may be needed.

    Raises
    ------
    ValueError
        If it answers with values where classes are needed, or the other way round.
    """
    name, algorithm = type(estimator).__name__, booster.algorithm
    if algorithm == "samme":
        if is_regressor(estimator):
            raise ValueError(
                f"{name} is a regressor, and votes are for classes. Pass a classifier, "
                "or algorithm='gentle' or 'logit', whose members are regressors."
            )
        return
    if is_compiled:
        return
    if algorithm == "real" and not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"algorithm='real' asks members for probabilities, and {name} has no "
            "predict_proba. Pass a classifier that has, such as "
            f"CalibratedClassifierCV({name}()), or algorithm='samme'."
        )
    if algorithm == "logit" and not is_regressor(estimator):
        raise ValueError(
            f"algorithm='logit' fits members to values, and {name} is no regressor. "
            "Pass one, such as DecisionTreeRegressor(max_depth=1)."
        )
    if algorithm == "gentle" and not (
        is_regressor(estimator) or hasattr(estimator, "predict_proba")
    ):
        raise ValueError(
            f"algorithm='gentle' needs members that predict values or probabilities, "
            f"and {name} does neither. Pass a regressor, or algorithm='samme'."
        )


def boosted(
    booster: Any,
    estimator: Estimator,
    sample: ClassSample,
    aside: ClassSample | None,
    rng: np.random.RandomState,
) -> Boosted:
    """Fit members in turn.

    Parameters
    ----------
    booster : AdaBoostClassifier
        Whose parameters have been checked.
    estimator : estimator
        The member, not fitted.
    sample : ClassSample
        What it is fitted to.
    aside : ClassSample or None
        Rows that tell when to stop.
    rng : RandomState
        All that is random follows from it.

    Returns
    -------
    Boosted
        Members, and what their sums say.

    Raises
    ------
    ValueError
        If data and parameters contradict one another, or a round is no better than
        chance where that is an error.
    """
    depth = _compiled_depth(booster, estimator, sample)
    _check_learner(booster, estimator, is_compiled=depth is not None)
    is_ours = type(estimator) in (HistTreeClassifier, HistTreeRegressor)
    if is_ours or depth is not None:
        sample = sample._replace(X=_binned(booster, estimator, sample, rng))
    elif isinstance(sample.X, BinnedMatrix):
        raise ValueError(
            f"{estimator!r} takes no codes, and X is a BinnedMatrix. Pass the table "
            "that it was made of, or a HistTreeClassifier as estimator."
        )
    choice, owner = booster.on_worse_than_chance, type(booster).__name__
    no_help = NoHelp(choice, booster.n_estimators, owner)
    judge = None if aside is None else _judge(booster, sample, aside)
    if booster.algorithm == "samme":
        learner = _discrete(booster, estimator, sample, depth, rng)
        rate = float(booster.learning_rate)
        weights, errors = boost(learner, booster.n_estimators, rate, no_help, judge)
        learners = learner.fitted(weights)
    else:
        with Crew(threads_for(booster.n_jobs)) as crew:
            additive = _additive(booster, estimator, sample, depth, rng, crew)
            errors = boost_additive(additive, booster.n_estimators, no_help, judge)
        learners = additive.fitted()
        weights = learners.weights.tolist()
    if judge is None:
        return Boosted(learners, weights, errors, [], len(errors))
    return Boosted(learners, weights, errors, judge.scores, judge.n_best)


def _judge(booster: Any, sample: ClassSample, aside: ClassSample) -> StageJudge:
    """What scores rows set aside, with codes for these where members take codes."""
    X, classes = sample.X, sample.classes
    reading = _reading_of(booster.algorithm, len(classes))
    stage = ClassStage(booster, aside.X, classes, reading)
    told = Sample(aside.X, classes[aside.codes], aside.weights)
    return StageJudge(booster, stage, _as_seen(X, aside.X), told, aside.codes)


def _as_seen(X: Any, aside: Any) -> Any:
    """Rows set aside, as members take them that learn from X."""
    if isinstance(X, BinnedMatrix):
        is_coded = isinstance(aside, BinnedMatrix)
        return binned_by(X.binner, aside) if is_coded else X.binner.bin(aside)
    if isinstance(aside, BinnedMatrix):
        raise ValueError(
            "X_val of early_stopping is a BinnedMatrix, and members learn from a "
            "table. Pass the table that it was made of."
        )
    return aside


def _compiled_depth(
    booster: Any, estimator: Estimator, sample: ClassSample
) -> int | None:
    """How deep compiled trees are to be grown; None for other members."""
    depth, n_classes = depth_of_plain_tree(estimator), len(sample.classes)
    is_ours = type(estimator) in (HistTreeClassifier, HistTreeRegressor)
    if depth is None or n_classes < 2 or not (is_ours or booster.max_bins):
        return None
    if not (isinstance(booster.resample, bool | np.bool_) and not booster.resample):
        return None
    if booster.algorithm != "samme":
        return depth
    n_features = n_columns_of(sample.X) or 1  # no table is refused with reason
    size = bytes_of_histograms(n_features, n_classes, depth)
    return depth if size <= _MOST_BYTES else None


def _binned(
    booster: Any,
    estimator: Estimator,
    sample: ClassSample,
    rng: np.random.RandomState,
) -> BinnedMatrix:
    """Codes of rows to learn from."""
    X: Table = sample.X
    seed = int(rng.randint(MAX_SEED))  # members get the same seeds for codes
    if isinstance(X, BinnedMatrix):
        return X
    options: dict[str, Any] = {"max_bins": booster.max_bins}
    if type(estimator) in (HistTreeClassifier, HistTreeRegressor):
        options["max_bins"] = estimator.max_bins
        options["categorical_features"] = estimator.categorical_features
    else:
        options["categorical_features"] = None
    binner = Binner(random_state=seed, **options)
    return binner.fit(X, sample_weight=sample.weights).bin(X)


def _discrete(
    booster: Any,
    estimator: Estimator,
    sample: ClassSample,
    depth: int | None,
    rng: np.random.RandomState,
) -> WeakLearner:
    """What votes in each round."""
    X, classes, codes = sample.X, sample.classes, sample.codes
    if depth is not None and not X.binner.is_categorical_.any():
        split = booster.split
        return TreeLearner(X, codes, classes, sample.counts, depth, split, rng)
    if booster.split != "gini" and len(classes) > 1:
        raise ValueError(
            f"split={booster.split!r} is of stumps and shallow trees, which are grown "
            f"by compiled code. {estimator!r} on these data is not: pass split='gini', "
            "or a tree with no other parameter than max_depth, and no categories."
        )
    used, groups = used_rows(Sample(X, codes, sample.weights), sample.groups)
    about = estimator, len(used.y), used.y, groups
    handing = handing_for(booster, *about, are_labels=True)
    counts = np.ones(len(used.y)) if used.weights is None else used.weights
    rest = classes, counts, handing, booster.n_estimators, rng
    return AnyLearner(estimator, used.X, classes[used.y], *rest)


def _additive(
    booster: Any,
    estimator: Estimator,
    sample: ClassSample,
    depth: int | None,
    rng: np.random.RandomState,
    crew: Crew,
) -> AdditiveLearner:
    """What takes a step in each round."""
    if booster.split != "gini":
        raise ValueError(
            f"split={booster.split!r} is of algorithm='samme', and algorithm is "
            f"{booster.algorithm!r}: pass split='gini'."
        )
    loss, target = _problem_of(booster.algorithm, sample)
    reading = _reading_of(booster.algorithm, len(sample.classes))
    rate = float(booster.learning_rate)
    if booster.algorithm == "logit" and loss.n_raw > 1:
        rate *= (loss.n_raw - 1) / loss.n_raw  # algorithm 6, step 2(a)iii
    rows, groups = used_rows(Sample(sample.X, target, sample.weights), sample.groups)
    if depth is not None:
        bend = _real_step if booster.algorithm == "real" else None
        return TreeSum(loss, reading, rows, depth, rate, rng, crew, bend)
    step = _step_of(booster.algorithm, estimator)
    about = estimator, len(rows.y), sample.codes[sample.counts > 0.0], groups
    handing = handing_for(booster, *about, are_labels=not isinstance(step, NewtonStep))
    plan = SumPlan(
        estimator,
        step,
        loss,
        handing,
        reading,
        rate,
        booster.n_estimators,
        booster.n_jobs,
    )
    return LearnerSum(plan, rows, rng)


def _problem_of(algorithm: str, sample: ClassSample) -> tuple[Loss, Any]:
    """What is to fall, and its target."""
    n_classes = len(sample.classes)
    codes = sample.codes.astype(np.float64)
    if n_classes == 1:
        loss = LogitLoss(2) if algorithm == "logit" else EvenLoss()
        return loss, np.ones(len(codes))
    if algorithm == "logit":
        return LogitLoss(n_classes), codes
    if n_classes == 2:
        return EvenLoss(), codes
    is_own = np.asfortranarray(codes[:, None] == np.arange(n_classes), dtype=np.float64)
    return PerOutput((EvenLoss(),) * n_classes), is_own


def _reading_of(algorithm: str, n_classes: int) -> Reading:
    """What sums over members say of classes."""
    if n_classes == 1:
        return OneClass()
    if algorithm == "samme":
        return Votes()
    if algorithm == "logit":
        return TwoClasses(1.0) if n_classes == 2 else Softmax()
    return TwoClasses(2.0) if n_classes == 2 else AgainstRest(2.0)


def _step_of(algorithm: str, estimator: Estimator) -> Step:
    """What learners of any kind are fitted to."""
    if algorithm == "logit":
        return NewtonStep()
    if algorithm == "real":
        return HalfLogOddsStep()
    return NewtonStep() if is_regressor(estimator) else ShareStep()


def _real_step(_: int, steps: FloatArray) -> FloatArray:
    """Steps of real AdaBoost, of those of gentle AdaBoost."""
    return half_log_odds(steps)
