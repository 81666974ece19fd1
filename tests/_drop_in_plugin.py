"""Puts our classes in the place of scikit-learn's before its tests are collected."""

import sklearn.ensemble

import ensembles

REPLACED = (
    "BaggingClassifier",
    "BaggingRegressor",
    "VotingClassifier",
    "VotingRegressor",
)

for name in REPLACED:
    setattr(sklearn.ensemble, name, getattr(ensembles, name))
