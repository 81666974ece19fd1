"""Splitters that respect time."""

from ensembles.model_selection._rolling_origin import RollingOrigin

__all__ = ["RollingOrigin"]
