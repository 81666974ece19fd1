"""Error bars for statistics, scores and comparisons, over any scheme."""

from ensembles.inference._bootstrap import bootstrap
from ensembles.inference._little import LittleBootstrap
from ensembles.inference._result import BootstrapResult
from ensembles.inference._streaming import StreamingBootstrap

__all__ = ["BootstrapResult", "LittleBootstrap", "StreamingBootstrap", "bootstrap"]
