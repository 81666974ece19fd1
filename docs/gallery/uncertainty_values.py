"""Noise that grows: variances that members tell see it, their disagreement does not."""

import numpy as np

from ensembles.inspection import UncertaintyDisplay

rng = np.random.default_rng(0)
x = rng.uniform(0, 1, 1000)
members = 2 * x + 0.1 * rng.normal(size=(20, 1000))
y = 2 * x + x * rng.normal(size=1000)
parts = {"aleatoric": x**2, "epistemic": members.var(axis=0)}
UncertaintyDisplay.from_predictions(y, members.mean(axis=0), parts)
