"""Callbacks that skorch lacks: rates in cycles, noise, mixed rows, and two monitors.

They go into the ``callbacks`` of any skorch net, within an ensemble or alone, and draw
from torch's generator of the CPU, which ensembles seed.
"""

from ensembles._validation import require

require("torch", "nets", "ensembles.nets.callbacks")
require("skorch", "nets", "ensembles.nets.callbacks")

from ensembles.nets.callbacks._adversarial import (  # noqa: E402 - after that check
    AdversarialRows,
)
from ensembles.nets.callbacks._cycles import CyclicCosine, TriangleCycle  # noqa: E402
from ensembles.nets.callbacks._finder import LRFinder  # noqa: E402
from ensembles.nets.callbacks._mixing import CutMix, Mixup  # noqa: E402
from ensembles.nets.callbacks._noise import (  # noqa: E402
    Cutout,
    InputNoise,
    WeightNoise,
)
from ensembles.nets.callbacks._update_ratio import UpdateRatioMonitor  # noqa: E402

__all__ = [
    "AdversarialRows",
    "CutMix",
    "Cutout",
    "CyclicCosine",
    "InputNoise",
    "LRFinder",
    "Mixup",
    "TriangleCycle",
    "UpdateRatioMonitor",
    "WeightNoise",
]
