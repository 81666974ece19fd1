"""The mean of few skewed values: the interval leans to the long side."""

from ensembles.inference import bootstrap
from ensembles.inspection import BootstrapDisplay

hours = [3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487]
result = bootstrap("mean", hours, method="bca", n_resamples=4999, rng=0)
BootstrapDisplay.from_result(result)
