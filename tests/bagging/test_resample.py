import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from ensembles import BaggingClassifier
from ensembles.bagging._resample import resolve_resample
from ensembles.bagging._sampling import ClassicSampler, ColumnLaw


def sampler_of(n):
    return ClassicSampler(n, ColumnLaw(1, 1, False), None, n, True)


@pytest.mark.parametrize(
    ("member", "n", "form"),
    [
        (LogisticRegression(), 100, "weights"),
        (KNeighborsClassifier(), 100, "index"),
        (make_pipeline(LogisticRegression()), 100, "index"),
        (SGDClassifier(), 100, "weights"),
        (SGDClassifier(early_stopping=True), 100, "unique"),
        (HistGradientBoostingClassifier(), 10_000, "weights"),
        (HistGradientBoostingClassifier(), 10_001, "unique"),
        (HistGradientBoostingClassifier(early_stopping=False), 10_001, "weights"),
        (GradientBoostingClassifier(), 100, "weights"),
        (GradientBoostingClassifier(n_iter_no_change=3), 100, "unique"),
        (SVC(), 100, "weights"),
        (SVC(kernel="precomputed"), 100, "unique"),
    ],
    ids=repr,
)
def test_the_form_that_auto_takes(member, n, form):
    assert resolve_resample(BaggingClassifier(), member, sampler_of(n), None) == form


def test_a_form_that_is_asked_for_is_taken():
    for form in ("weights", "unique", "index"):
        bag = BaggingClassifier(resample=form)
        assert resolve_resample(bag, LogisticRegression(), sampler_of(9), None) == form


def test_weights_for_members_that_take_none_are_refused():
    bag = BaggingClassifier(resample="unique")
    with pytest.raises(ValueError, match="'index' or 'auto' for KNeighborsClassifier"):
        resolve_resample(bag, KNeighborsClassifier(), sampler_of(9), None)


def test_the_user_s_weights_are_probabilities_without_a_scheme():
    form = resolve_resample(
        BaggingClassifier(), KNeighborsClassifier(), sampler_of(9), np.ones(9)
    )
    assert form == "index"
