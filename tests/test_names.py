"""Names of features, of estimators that bin their rows."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.tree import DecisionTreeClassifier

from ensembles import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistBoostingClassifier,
    HistForestClassifier,
    HistTreeClassifier,
)


@pytest.mark.parametrize("n_rows", [20, 400])
@pytest.mark.parametrize(
    "model",
    [
        HistTreeClassifier(max_depth=2),
        HistForestClassifier(3),
        HistBoostingClassifier(max_iter=3),
        AdaBoostClassifier(n_estimators=3),
        AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=3),
        AdaBoostClassifier(HistTreeClassifier(max_depth=9), n_estimators=3),
        BaggingClassifier(HistTreeClassifier(max_depth=2), n_estimators=3),
    ],
    ids=lambda model: repr(model)[:40],
)
def test_names_that_are_missing_are_warned_of_once(model, n_rows):
    X = np.random.default_rng(0).normal(size=(n_rows, 3))
    frame, y = pd.DataFrame(X, columns=list("abc")), X[:, 0] > 0.0
    model = clone(model).fit(frame, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.predict(X)
    assert [str(one.message) for one in caught] == [
        "X does not have valid feature names, but "
        f"{type(model).__name__} was fitted with feature names"
    ]
    model.predict(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["b", "a", "c"]])
