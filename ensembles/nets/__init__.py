"""Ensembles of neural networks: any skorch net or torch module as a member.

Needs the extra: ``pip install "ensembles[nets]"``.
"""

from ensembles._validation import require

require("torch", "nets", "ensembles.nets")
require("skorch", "nets", "ensembles.nets")

from ensembles.nets._boosting_classifier import (  # noqa: E402 - after that check
    NeuralBoostingClassifier,
)
from ensembles.nets._boosting_regressor import NeuralBoostingRegressor  # noqa: E402
from ensembles.nets._deep_classifier import DeepEnsembleClassifier  # noqa: E402
from ensembles.nets._deep_regressor import DeepEnsembleRegressor  # noqa: E402
from ensembles.nets._diagnosis import Diagnosis, diagnose  # noqa: E402
from ensembles.nets._geometric import (  # noqa: E402
    FastGeometricEnsembleClassifier,
    FastGeometricEnsembleRegressor,
)
from ensembles.nets._loss_curve_display import LossCurveDisplay  # noqa: E402
from ensembles.nets._mc_dropout import (  # noqa: E402
    MCDropoutClassifier,
    MCDropoutRegressor,
)
from ensembles.nets._snapshot import (  # noqa: E402
    SnapshotEnsembleClassifier,
    SnapshotEnsembleRegressor,
)
from ensembles.nets._swag import (  # noqa: E402
    SWAGClassifier,
    SWAGRegressor,
)
from ensembles.nets._temperature import TemperatureScaledClassifier  # noqa: E402
from ensembles.nets._test_time import (  # noqa: E402
    TestTimeAugmentationClassifier,
    TestTimeAugmentationRegressor,
)
from ensembles.nets._weight_averaging import (  # noqa: E402
    WeightAveragingClassifier,
    WeightAveragingRegressor,
)

__all__ = [
    "DeepEnsembleClassifier",
    "DeepEnsembleRegressor",
    "Diagnosis",
    "FastGeometricEnsembleClassifier",
    "FastGeometricEnsembleRegressor",
    "LossCurveDisplay",
    "MCDropoutClassifier",
    "MCDropoutRegressor",
    "NeuralBoostingClassifier",
    "NeuralBoostingRegressor",
    "SWAGClassifier",
    "SWAGRegressor",
    "SnapshotEnsembleClassifier",
    "SnapshotEnsembleRegressor",
    "TemperatureScaledClassifier",
    "TestTimeAugmentationClassifier",
    "TestTimeAugmentationRegressor",
    "WeightAveragingClassifier",
    "WeightAveragingRegressor",
    "diagnose",
]
