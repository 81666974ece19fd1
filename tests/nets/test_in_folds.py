"""Nets in splitters, evaluations and searches that respect time."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_array_equal  # noqa: E402
from sklearn.datasets import make_classification, make_regression  # noqa: E402
from sklearn.model_selection import (  # noqa: E402
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
)

from ensembles import (  # noqa: E402
    CombinatorialPurgedKFold,
    HVBlock,
    PurgedKFold,
    RandomOrigin,
    RollingOrigin,
    TimeHalvingSearchCV,
    ZoomSearchCV,
    nested_cross_validate,
    out_of_fold_predict,
)
from ensembles.exceptions import SearchEdgeWarning  # noqa: E402
from ensembles.nets import (  # noqa: E402
    SnapshotEnsembleClassifier,
    SnapshotEnsembleRegressor,
)

pytestmark = [
    pytest.mark.nets,
    pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning"),
]

X, y = make_regression(120, 4, random_state=0)
TIMES = np.arange(120)


def net(**settings):
    settings = {"n_snapshots": 2, "max_epochs": 4, "random_state": 0, **settings}
    return SnapshotEnsembleRegressor(**settings)


@pytest.mark.parametrize(
    "cv",
    [
        RollingOrigin(2),
        PurgedKFold(2, purge=3),
        CombinatorialPurgedKFold(3, 2),
        HVBlock(20, 3),
        RandomOrigin(2, random_state=0),
    ],
    ids=repr,
)
def test_every_splitter(cv):
    scores = cross_val_score(net(), X, y, cv=cv)
    assert len(scores) == cv.get_n_splits(X)
    assert (scores > 0.4).all()


def test_predictions_out_of_fold():
    done = out_of_fold_predict(net(), X, y, cv=PurgedKFold(2), n_jobs=2)
    expected = cross_val_predict(net(), X, y, cv=PurgedKFold(2))
    assert_array_equal(done.values, expected)
    X_c, y_c = make_classification(90, 5, n_informative=3, n_classes=3, random_state=0)
    said = out_of_fold_predict(
        SnapshotEnsembleClassifier(n_snapshots=2, max_epochs=4, random_state=0),
        X_c,
        np.array(["ash", "beech", "cedar"])[y_c],
        cv=RollingOrigin(2),
        method="predict_proba",
    )
    assert said.score() > 0.4
    assert said.score("neg_log_loss") > -2


def test_searches_few_epochs_first():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SearchEdgeWarning)
        zoomed = ZoomSearchCV(
            net(),
            {"n_snapshots": [1, 2, 3]},
            n_rounds=2,
            cv=RollingOrigin(2),
            schedule={"max_epochs": [4, 8]},
        ).fit(X, y)
        halved = TimeHalvingSearchCV(net(), {"n_snapshots": [1, 2, 3]}, cv=2).fit(X, y)
    assert zoomed.best_estimator_.get_params()["max_epochs"] == 8
    assert halved.score(X, y) > 0.5


def test_nested():
    search = GridSearchCV(net(), {"n_snapshots": [1, 2]}, cv=PurgedKFold(2))
    scores = nested_cross_validate(
        search, X, y, cv=RollingOrigin(2), times=TIMES, label_end=TIMES + 3
    )
    assert (scores.test_scores > 0.4).all()
