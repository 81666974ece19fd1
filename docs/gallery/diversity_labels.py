"""A bag of classifiers: pairs agree little, and the vote is better than any."""

from sklearn.datasets import make_classification

from ensembles import BaggingClassifier
from ensembles.inspection import DiversityDisplay

X, y = make_classification(1000, n_informative=6, flip_y=0.1, random_state=0)
bag = BaggingClassifier(n_estimators=25, random_state=0).fit(X[:500], y[:500])
DiversityDisplay.from_estimator(bag, X[500:], y[500:])
