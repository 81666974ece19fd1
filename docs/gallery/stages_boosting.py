"""Boosting that learns noise by heart: rounds help on what it has seen alone."""

from sklearn.datasets import make_classification

from ensembles import AdaBoostClassifier
from ensembles.inspection import StagedScoreDisplay

X, y = make_classification(600, flip_y=0.3, random_state=0)
model = AdaBoostClassifier(n_estimators=150, random_state=0).fit(X[:300], y[:300])
display = StagedScoreDisplay.from_estimator(model, X[:300], y[:300], name="Training")
StagedScoreDisplay.from_estimator(model, X[300:], y[300:], ax=display.ax_)
