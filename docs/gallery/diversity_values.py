"""A vote of regressors of five kinds: the mean is better than any pair's."""

from sklearn.datasets import make_friedman1
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from ensembles import VotingRegressor
from ensembles.inspection import DiversityDisplay

X, y = make_friedman1(600, noise=1.0, random_state=0)
kinds = [
    ("line", LinearRegression()),
    ("ridge", Ridge(10.0)),
    ("few", KNeighborsRegressor(3)),
    ("many", KNeighborsRegressor(20)),
    ("tree", DecisionTreeRegressor(max_depth=6, random_state=0)),
]
vote = VotingRegressor(kinds).fit(X[:300], y[:300])
DiversityDisplay.from_estimator(vote, X[300:], y[300:])
