"""Statistics of models: how well one does on new data, and which of two does better."""

from ensembles.inference._compare_models import compare_models
from ensembles.inference._paired_tests import ModelComparison
from ensembles.inference._score import BootstrapScore, bootstrap_score

__all__ = ["BootstrapScore", "ModelComparison", "bootstrap_score", "compare_models"]
