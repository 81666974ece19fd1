"""Combining different learners."""

from ensembles.combining._voting import VotingClassifier, VotingRegressor

__all__ = ["VotingClassifier", "VotingRegressor"]
