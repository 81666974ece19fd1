"""Intervals of a bag at ten levels: they hold a little more than they promise."""

from sklearn.datasets import make_friedman1

from ensembles import BaggingRegressor
from ensembles.inspection import ReliabilityDisplay

X, y = make_friedman1(1200, noise=1.0, random_state=0)
bag = BaggingRegressor(n_estimators=40, oob_score=True, random_state=0)
ReliabilityDisplay.from_estimator(bag.fit(X[:400], y[:400]), X[400:], y[400:])
