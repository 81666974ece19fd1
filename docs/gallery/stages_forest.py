"""A bag that finds its number of members: the band is what luck can do."""

from sklearn.datasets import make_friedman1

from ensembles import BaggingRegressor, UntilSettled
from ensembles.inspection import StagedScoreDisplay

X, y = make_friedman1(400, noise=1.0, random_state=0)
bag = BaggingRegressor(n_estimators=UntilSettled(tol=0.3), random_state=0)
StagedScoreDisplay.from_estimator(bag.fit(X[:200], y[:200]), X[200:], y[200:])
