"""Modules that torch lacks: a perceptron by names, noise, and a likelihood."""

from ensembles._validation import require

require("torch", "nets", "ensembles.nets.modules")

from ensembles.nets.modules._drop_connect import (  # noqa: E402 - after that check
    DropConnectLinear,
)
from ensembles.nets.modules._gaussian_nll import GaussianNLL  # noqa: E402
from ensembles.nets.modules._mlp import MLP  # noqa: E402
from ensembles.nets.modules._stochastic_depth import StochasticDepth  # noqa: E402

__all__ = [  # noqa: RUF022 - no name here is a constant's
    "DropConnectLinear",
    "GaussianNLL",
    "MLP",
    "StochasticDepth",
]
