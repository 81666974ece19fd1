import sys
from pathlib import Path

import numpy as np
import pytest

# Tests share one list of instances; importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def rng():
    return np.random.default_rng(0)
