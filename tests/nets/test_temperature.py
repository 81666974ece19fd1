"""Temperatures that are known, and rows to find them by."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GroupKFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensembles import BaggingClassifier, RollingOrigin
from ensembles.nets import (
    DeepEnsembleClassifier,
    TemperatureScaledClassifier,
)
from ensembles.resampling import Bootstrap

pytestmark = pytest.mark.nets

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(20_000, 3))
X, Y = make_classification(300, 6, n_informative=4, n_classes=3, random_state=0)


class Given(ClassifierMixin, BaseEstimator):
    """X are logits; they are multiplied by a factor."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return softmax(self.factor * np.asarray(X), axis=1)


def drawn(logits):
    """Labels of which these logits speak the truth."""
    shares = softmax(logits, axis=1).cumsum(axis=1)
    return (RNG.random((len(logits), 1)) > shares).sum(axis=1)


LABELS = drawn(LOGITS)


@parametrize_with_checks([TemperatureScaledClassifier(LogisticRegression(), cv=3)])
def test_sklearn_contract(estimator, check):
    check(estimator)


def test_calibrated_probabilities_are_left_as_they_are():
    """20,000 rows: the temperature is known within 0.012, four errors."""
    model = TemperatureScaledClassifier(Given().fit(LOGITS, LABELS), cv="prefit")
    assert model.fit(LOGITS, LABELS).temperature_ == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("factor", [0.1, 0.5, 3.0])
def test_a_factor_of_the_logits_is_recovered(factor):
    """To all digits, as a factor of the temperature without it."""
    plain, scaled = (
        TemperatureScaledClassifier(Given(by).fit(LOGITS, LABELS), cv="prefit").fit(
            LOGITS[:3000], LABELS[:3000]
        )
        for by in (1.0, factor)
    )
    assert scaled.temperature_ / plain.temperature_ == pytest.approx(factor, rel=1e-6)
    assert_allclose(
        scaled.predict_proba(LOGITS), plain.predict_proba(LOGITS), atol=1e-6
    )


def test_the_temperature_has_the_least_log_loss():
    model = TemperatureScaledClassifier(Given(4.0).fit(LOGITS, LABELS), cv="prefit")
    model.fit(LOGITS[:2000], LABELS[:2000])
    best = log_loss(LABELS[:2000], model.predict_proba(LOGITS[:2000]))
    assert model.scaled_log_loss_ == pytest.approx(best)
    plain = log_loss(LABELS[:2000], model.estimator_.predict_proba(LOGITS[:2000]))
    assert model.log_loss_ == pytest.approx(plain)
    found = model.temperature_
    for other in (0.98 * found, 1.02 * found):
        model.temperature_ = other
        assert log_loss(LABELS[:2000], model.predict_proba(LOGITS[:2000])) > best


@pytest.mark.parametrize(
    ("sign", "bound"), [(1, 1e-3), (-1, 1e3)], ids=["sure", "wrong"]
)
def test_rows_all_right_or_all_wrong_have_a_temperature_at_a_bound(sign, bound):
    labels = (sign * LOGITS[:50]).argmax(axis=1)
    model = TemperatureScaledClassifier(Given().fit(LOGITS, LABELS), cv="prefit")
    assert model.fit(LOGITS[:50], labels).temperature_ == bound
    assert np.isfinite(model.predict_proba(LOGITS)).all()


def test_probabilities_of_zero_have_a_temperature_too():
    rows = np.where(RNG.random((400, 3)) < 0.01, -np.inf, LOGITS[:400])
    rows[:, 0] = 0.0
    model = TemperatureScaledClassifier(Given().fit(LOGITS, LABELS), cv="prefit")
    model.fit(rows, LABELS[:400])
    assert 1 < model.temperature_ < 1e3
    assert np.isfinite(model.scaled_log_loss_)


def test_labels_and_accuracy_stay_what_they_are():
    labels = np.array(["a", "b", "c"])[Y]
    model = TemperatureScaledClassifier(LogisticRegression()).fit(X, labels)
    assert_array_equal(model.predict(X), model.estimator_.predict(X))
    assert model.classes_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    "cv",
    [None, 3, StratifiedKFold(4, shuffle=True, random_state=0)],
    ids=["five", "three", "splitter"],
)
def test_rows_are_judged_by_fits_that_have_not_seen_them(cv):
    learner = LogisticRegression(C=100.0)
    model = TemperatureScaledClassifier(learner, cv=cv, n_jobs=2).fit(X, Y)
    folds = StratifiedKFold(5) if cv is None else cv
    outside = cross_val_predict(learner, X, Y, cv=folds, method="predict_proba")
    prefit = TemperatureScaledClassifier(Given().fit(X, Y), cv="prefit")
    prefit.fit(np.log(outside), Y)
    assert model.temperature_ == pytest.approx(prefit.temperature_, rel=1e-6)
    everything = clone(learner).fit(X, Y)
    assert_array_equal(model.estimator_.coef_, everything.coef_)


def test_folds_of_times_and_groups():
    groups = np.arange(300) // 10
    model = TemperatureScaledClassifier(LogisticRegression(), cv=GroupKFold(3))
    assert model.fit(X, Y, groups=groups).temperature_ > 0
    by_time = TemperatureScaledClassifier(
        LogisticRegression(),
        cv=RollingOrigin(4, test_size=20),
    )
    assert by_time.fit(X, Y).temperature_ > 0


def test_a_class_that_a_fold_has_not_seen_gets_nothing_there():
    order = np.argsort(Y != 1, kind="stable")  # class 1 first
    rows, labels = X[order], Y[order]
    later = np.arange(300) >= (Y == 1).sum()
    folds = [(later, ~later), (np.arange(0, 300, 2), np.arange(1, 300, 2))]
    model = TemperatureScaledClassifier(LogisticRegression(), cv=folds).fit(
        rows, labels
    )
    first = (
        LogisticRegression().fit(rows[later], labels[later]).predict_proba(rows[~later])
    )
    second = LogisticRegression().fit(rows[::2], labels[::2]).predict_proba(rows[1::2])
    proba = np.vstack([np.insert(first, 1, 0.0, axis=1), second])
    codes = np.r_[labels[~later], labels[1::2]]
    by_hand = TemperatureScaledClassifier(Given().fit(rows, labels), cv="prefit")
    by_hand.fit(np.log(np.clip(proba, 1e-300, None)), codes)
    assert model.temperature_ == pytest.approx(by_hand.temperature_, rel=1e-6)


def test_labels_are_those_of_the_estimator_where_it_has_a_threshold():
    two = (Y > 0).astype(int)
    strict = FixedThresholdClassifier(LogisticRegression(), threshold=0.9)
    model = TemperatureScaledClassifier(strict).fit(X, two)
    assert_array_equal(model.predict(X), model.estimator_.predict(X))
    assert (model.predict(X) != model.predict_proba(X).argmax(axis=1)).any()


def test_predictions_out_of_bag_cost_no_other_fit():
    bag = BaggingClassifier(n_estimators=30, oob_score=True, random_state=0)
    model = TemperatureScaledClassifier(bag, cv="oob").fit(X, Y)
    outside = model.estimator_.oob_decision_function_
    by_hand = TemperatureScaledClassifier(Given().fit(X, Y), cv="prefit")
    by_hand.fit(np.log(np.clip(outside, 1e-300, None)), Y)
    assert model.temperature_ == pytest.approx(by_hand.temperature_, rel=1e-6)
    options = {"scheme": Bootstrap(), "oob_score": True, "max_epochs": 40}
    deep = DeepEnsembleClassifier(n_estimators=12, random_state=0, **options)
    scaled = TemperatureScaledClassifier(deep, cv="oob").fit(X[:150], Y[:150])
    assert scaled.scaled_log_loss_ <= scaled.log_loss_
    plain, better = (
        log_loss(Y[150:], one.predict_proba(X[150:]))
        for one in (scaled.estimator_, scaled)
    )
    assert better < plain + 0.02


def test_it_goes_with_pipelines_and_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    model = TemperatureScaledClassifier(pipe).fit(frame, pandas.Series(Y))
    assert model.feature_names_in_.tolist() == list("abcdef")
    assert model.estimator_.feature_names_in_.tolist() == list("abcdef")
    assert_allclose(model.predict_proba(frame).sum(axis=1), 1)


def test_what_cannot_be_scaled_is_refused():
    with pytest.raises(ValueError, match="a classifier with predict_proba"):
        TemperatureScaledClassifier(RidgeClassifier()).fit(X, Y)
    with pytest.raises(ValueError, match=r"'cv' parameter .* 'oob', 'prefit' or None"):
        TemperatureScaledClassifier(LogisticRegression(), cv="out").fit(X, Y)
    with pytest.raises(ValueError, match="Pass oob_score=True to it"):
        TemperatureScaledClassifier(LogisticRegression(), cv="oob").fit(X, Y)
    with pytest.raises(ValueError, match="makes no folds"):
        TemperatureScaledClassifier(LogisticRegression(), cv=[]).fit(X, Y)
    with pytest.raises(ValueError, match="'n_jobs' parameter"):
        TemperatureScaledClassifier(LogisticRegression(), n_jobs=0.5).fit(X, Y)
    with pytest.raises(NotFittedError):
        TemperatureScaledClassifier(LogisticRegression(), cv="prefit").fit(X, Y)
    known = LogisticRegression().fit(X[Y < 2], Y[Y < 2])
    with pytest.raises(ValueError, match=r"not fitted to: \[2\]"):
        TemperatureScaledClassifier(known, cv="prefit").fit(X, Y)
    wider = LogisticRegression().fit(X, Y)
    some = TemperatureScaledClassifier(wider, cv="prefit").fit(X[Y > 0], Y[Y > 0])
    assert some.classes_.tolist() == [0, 1, 2]
    assert some.predict_proba(X).shape == (300, 3)
