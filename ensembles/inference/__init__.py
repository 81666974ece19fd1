"""Error bars for statistics, scores and comparisons, over any scheme."""

from ensembles.inference._bootstrap import bootstrap
from ensembles.inference._result import BootstrapResult

__all__ = ["BootstrapResult", "bootstrap"]
