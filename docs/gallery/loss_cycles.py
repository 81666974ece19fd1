"""What cycles of a learning rate look like: a rise at each restart, then lower."""

import numpy as np

from ensembles.nets import LossCurveDisplay

epochs = np.arange(40)
phase = epochs % 10 / 10
rate = 0.5 * (1 + np.cos(np.pi * phase))
train = 0.12 + 0.5 * np.exp(-epochs / 12) + 0.15 * rate
LossCurveDisplay(train, train + 0.04 + 0.001 * epochs).plot()
