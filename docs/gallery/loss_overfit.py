"""What it looks like when a net learns rows by heart after the eighth epoch."""

import numpy as np

from ensembles.nets import LossCurveDisplay

epochs = np.arange(1, 31)
train = 0.05 + 0.65 * np.exp(-epochs / 6)
valid = 0.25 + 0.45 * np.exp(-epochs / 4) + 0.012 * np.maximum(epochs - 8, 0)
LossCurveDisplay(train, valid, np.log(2)).plot()
