"""Checks for authors of ensembles, schemes and splitters."""

from ensembles.testing._ensembles import check_ensemble
from ensembles.testing._schemes import check_scheme
from ensembles.testing._splitters import check_splitter

__all__ = ["check_ensemble", "check_scheme", "check_splitter"]
