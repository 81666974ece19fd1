"""A scheme as a splitter: blocks drawn for training, what is left for the test."""

import numpy as np

from ensembles import CircularBlockBootstrap
from ensembles.inspection import CVSplitDisplay

scheme = CircularBlockBootstrap(8, block_length=20, random_state=0)
CVSplitDisplay.from_cv(scheme, np.empty((200, 1)))
