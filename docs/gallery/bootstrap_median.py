"""The median of the same values has few values itself: no interval mends that."""

from ensembles.inference import bootstrap
from ensembles.inspection import BootstrapDisplay

hours = [3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487]
result = bootstrap("median", hours, method="percentile", n_resamples=4999, rng=0)
BootstrapDisplay.from_result(result, bins=60)
