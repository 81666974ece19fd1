"""Checks of contracts, for splitters and estimators of others too."""

from ensembles.testing._splitters import check_splitter

__all__ = ["check_splitter"]
