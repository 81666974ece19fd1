"""Naive Bayes takes features that say the same for as many witnesses."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from ensembles.inspection import ReliabilityDisplay

rng = np.random.default_rng(0)
X = rng.normal(size=(4000, 2))
y = rng.uniform(size=4000) < 1 / (1 + np.exp(-X.sum(axis=1)))
X = np.hstack([X, X, X])
_, axes = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained")
for ax, model in zip(axes, (LogisticRegression(), GaussianNB()), strict=True):
    model.fit(X[:1000], y[:1000])
    ReliabilityDisplay.from_estimator(model, X[1000:], y[1000:], ax=ax)
    ax.set_title(type(model).__name__)
