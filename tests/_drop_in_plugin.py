"""Puts our classes in the place of scikit-learn's before its tests are collected."""

import sklearn.ensemble
import sklearn.tree

import ensembles
from ensembles.trees import _engine

# By numpy: the first test would else wait for a compiler.
_engine._SECONDS_TO_LOAD = float("inf")

REPLACED = (
    "BaggingClassifier",
    "BaggingRegressor",
    "VotingClassifier",
    "VotingRegressor",
)

for name in REPLACED:
    setattr(sklearn.ensemble, name, getattr(ensembles, name))


def pytest_collectstart(collector):
    """Trees only where they are tested: other tests compare with exact cuts."""
    if "test_tree" in str(getattr(collector, "path", "")):
        sklearn.tree.DecisionTreeClassifier = ensembles.HistTreeClassifier
        sklearn.tree.DecisionTreeRegressor = ensembles.HistTreeRegressor
