"""Puts our classes in the place of scikit-learn's before its tests are collected."""

import inspect
import os

import sklearn.ensemble
import sklearn.tree

import ensembles
from ensembles import _engine

REPLACED = (
    "BaggingClassifier",
    "BaggingRegressor",
    "StackingClassifier",
    "StackingRegressor",
    "VotingClassifier",
    "VotingRegressor",
)


def pytest_configure(config):
    """Replace them where this is a plugin, and not where it is imported."""
    # By numpy: the first test would else wait for a compiler.
    if "ENSEMBLES_COMPILES" not in os.environ:
        _engine._SECONDS_TO_LOAD = float("inf")
    for name in REPLACED:
        setattr(sklearn.ensemble, name, getattr(ensembles, name))


def extra_trees(forest, name):
    """A class with scikit-learn's defaults for extremely randomised trees."""
    parameters = dict(forest.__init__.__kwdefaults__, bootstrap=False)
    parameters["splitter"] = "random"

    def initialize(self, n_estimators=100, **given):
        forest.__init__(self, n_estimators, **{**parameters, **given})

    signature = inspect.signature(forest.__init__)
    listed = [
        one.replace(default=parameters.get(one.name, one.default))
        for one in signature.parameters.values()
    ]
    initialize.__signature__ = signature.replace(parameters=listed)
    made = type(name, (forest,), {"__init__": initialize, "__module__": __name__})
    globals()[name] = made  # so that pickle finds it
    return made


def pytest_collectstart(collector):
    """Trees only where they are tested: other tests compare with exact cuts."""
    path = str(getattr(collector, "path", ""))
    if "test_tree" in path:
        sklearn.tree.DecisionTreeClassifier = ensembles.HistTreeClassifier
        sklearn.tree.DecisionTreeRegressor = ensembles.HistTreeRegressor
    if "_hist_gradient_boosting" in path:
        for kind in "Classifier", "Regressor":
            ours = getattr(ensembles, f"HistBoosting{kind}")
            setattr(sklearn.ensemble, f"HistGradientBoosting{kind}", ours)
    if "ensemble/tests/test_gradient_boosting" in path.replace(os.sep, "/"):
        for kind in "Classifier", "Regressor":
            ours = getattr(ensembles, f"GradientBoosting{kind}")
            setattr(sklearn.ensemble, f"GradientBoosting{kind}", ours)
    if "test_weight_boosting" in path:
        sklearn.ensemble.AdaBoostClassifier = ensembles.AdaBoostClassifier
        sklearn.ensemble.AdaBoostRegressor = ensembles.AdaBoostRegressor
    if "test_forest" in path:
        for kind in "Classifier", "Regressor":
            ours = getattr(ensembles, f"HistForest{kind}")
            setattr(sklearn.ensemble, f"RandomForest{kind}", ours)
            name = f"ExtraTrees{kind}"
            setattr(sklearn.ensemble, name, extra_trees(ours, name))
