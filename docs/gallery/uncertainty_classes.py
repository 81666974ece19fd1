"""Classes that overlap: a bag knows which rows it is unsure of."""

from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from ensembles import BaggingClassifier
from ensembles.inspection import UncertaintyDisplay

X, y = make_classification(1500, class_sep=0.8, random_state=0)
tree = DecisionTreeClassifier(min_samples_leaf=15)
bag = BaggingClassifier(tree, 50, random_state=0).fit(X[:500], y[:500])
UncertaintyDisplay.from_estimator(bag, X[500:], y[500:])
